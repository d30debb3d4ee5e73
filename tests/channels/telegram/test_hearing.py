"""What people say through the bot: who may, what it does, and that an answer always comes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tests.botapi import Fault
from tests.channels.telegram.support import ANN, BEN, GROUP, Desk, Home, alert_message, home, restarted, until
from watchdog.channels.telegram import commands, hearing
from watchdog.domain.effects import Reply

STRANGER = 666


async def answered(house: Home, chat: int = ANN, count: int = 1) -> list[list[str]]:
    """The bot's messages in a chat once there are so many, line by line."""

    def arrived() -> bool:
        there = len(house.chat(chat).seen) >= count
        if not there and house.clock.next_timer() is not None:
            house.clock.advance(house.clock.now().mono + 0.1)  # its turn in the chat's pace
        return there

    await until(arrived, "an answer")
    return [one.lines for one in house.chat(chat).seen]


async def toasted(house: Home, tap: str) -> str:
    """What a tap was answered."""
    await until(lambda: tap in house.world.toasts, "a toast")
    return house.world.toasts[tap]


async def test_commands_are_answered_where_they_are_asked(tmp_path: Path) -> None:
    """With or without the bot's name; one for another bot is left alone."""
    async with home(tmp_path, ANN, BEN) as house:
        await house.listen()
        await house.server.write(ANN, "/status@Tests_Watchdog_Bot")
        assert (await answered(house))[0][0] == "ALL WELL · 1 account, no positions"
        await house.server.write(ANN, "/status@another_bot")
        await house.server.write(ANN, "/why BTC")
        assert (await answered(house, count=2))[1] == ["rule room on BTC", "reads 50%"]
        assert house.chat(BEN).seen == []
        assert not any(one.sound for one in house.chat().seen)


async def test_a_command_says_who_gave_it(tmp_path: Path) -> None:
    """The daemon is told the person's own name, made harmless, and the channel's."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.server.write(ANN, "/disarm 2h", name="Ann\n\u202eof <b>")
        await answered(house)
        assert house.desk.told == [("disarm", "", "", 7200.0, "Ann of <b>, by phone")]


async def test_a_button_does_what_it_says_and_is_answered_at_once(tmp_path: Path) -> None:
    """The daemon's own words come over the screen."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        tap = await house.server.press(ANN, "Ack")
        assert await toasted(house, tap) == "ack done"
        assert house.desk.told == [("ack", "main", "0123abcd", 0.0, "Ann, by phone")]
        assert len(house.chat().seen) == 1


async def test_a_button_from_before_a_restart_works(tmp_path: Path) -> None:
    """All it needs is in it."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        async with restarted(house) as again:
            await again.listen()
            tap = await house.server.press(ANN, "Ack")
            assert await toasted(again, tap) == "ack done"
            assert again.desk.told[0][:3] == ("ack", "main", "0123abcd")


async def test_a_refusal_and_a_long_answer_reach_the_person(tmp_path: Path) -> None:
    """What is not done says so; what does not fit over the screen comes as a message as well."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        house.desk.reply = Reply("", "the plan is older than a minute\nhere is the new one " + "x" * 300, ok=False)
        tap = await house.server.press(ANN, "Ack")
        toast = await toasted(house, tap)
        assert toast.startswith("NOT DONE: the plan is older")
        assert len(toast) <= 200
        said = await answered(house, count=2)
        assert said[1][0] == "NOT DONE: the plan is older than a minute"


async def test_an_answer_that_takes_long_is_announced_and_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tap is never left spinning; an account that never answers is said to be stuck."""
    monkeypatch.setattr(hearing, "TOAST_S", 0.05)
    monkeypatch.setattr(commands, "PATIENCE_S", 1.0)
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        house.desk.gate = asyncio.Event()
        tap = await house.server.press(ANN, "Ack")
        assert await toasted(house, tap) == "Working on it: the answer comes as a message"
        house.desk.gate.set()
        assert (await answered(house, count=2))[1] == ["ack done"]
        house.desk.gate = asyncio.Event()
        await house.server.write(ANN, "/arm")
        assert (await answered(house, count=3))[2][0].startswith("No answer within")


async def test_a_refusal_that_takes_long_says_that_nothing_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same words as one that comes at once."""
    monkeypatch.setattr(hearing, "TOAST_S", 0.05)
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        house.desk.gate, house.desk.reply = asyncio.Event(), Reply("", "the plan is older\nthan a minute", ok=False)
        tap = await house.server.press(ANN, "Ack")
        assert await toasted(house, tap) == "Working on it: the answer comes as a message"
        house.desk.gate.set()
        assert (await answered(house, count=2))[1] == ["NOT DONE: the plan is older", "than a minute"]


async def test_a_tap_whose_toast_comes_too_late_is_answered_by_a_message(tmp_path: Path) -> None:
    """Telegram takes a toast for a few seconds only."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        house.server.faults.add(Fault("refuse", "answerCallbackQuery", says="Bad Request: query is too old"))
        await house.server.press(ANN, "Ack")
        assert (await answered(house, count=2))[1] == ["ack done"]


async def test_strangers_get_no_answer_and_are_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither words nor taps of people, or from chats, that are not in the settings do anything."""
    async with home(tmp_path, ANN, GROUP, users=(ANN,)) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        await house.server.write(STRANGER, "/disarm 2h", name="Eve")
        await house.server.write(GROUP, "/disarm 2h", STRANGER, "Eve")
        await house.server.write(GROUP, "/status", STRANGER, "Eve")
        tap = await house.server.press(GROUP, "Ack", STRANGER, "Eve")
        await house.server.write(BEN, "/status", ANN)
        await house.server.write(GROUP, "/ack BTC", ANN)
        await answered(house, GROUP, 2)
        assert house.desk.told == [("ack", "", "BTC", 0.0, "Ann, by phone")]
        assert tap not in house.world.toasts
        assert STRANGER not in house.world.chats
        assert caplog.text.count(f"user {STRANGER} in chat") == 1


async def test_without_users_a_private_chat_speaks_and_a_group_does_not(tmp_path: Path) -> None:
    """In a group everybody hears; who may speak there is named, or nobody does."""
    async with home(tmp_path, ANN, GROUP) as house:
        await house.listen()
        await house.server.write(GROUP, "/status", ANN)
        await house.server.write(ANN, "/status")
        await answered(house)
        assert house.chat(GROUP).seen == []


async def test_where_users_are_named_only_they_speak(tmp_path: Path) -> None:
    """Also in private chats: a second chat may be there to hear only."""
    async with home(tmp_path, ANN, BEN, users=(ANN,)) as house:
        await house.listen()
        await house.server.write(BEN, "/status")
        await house.server.write(ANN, "/status")
        await answered(house)
        assert house.chat(BEN).seen == []


async def test_people_talk_in_groups_undisturbed(tmp_path: Path) -> None:
    """Plain words in a group are left alone; in a private chat they get a hint."""
    async with home(tmp_path, ANN, GROUP, users=(ANN,)) as house:
        await house.listen()
        await house.server.write(GROUP, "good morning", ANN)
        await house.server.write(ANN, "good morning")
        assert (await answered(house))[0] == ["I understand commands only", "/help lists them"]
        assert house.chat(GROUP).seen == []


async def test_what_was_said_while_nobody_listened_is_not_done(tmp_path: Path) -> None:
    """A command older than a minute and any tap are answered "say it again"; a fresh command is done."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        await house.server.write(ANN, "/disarm 2h", ago=90.0)
        tap = await house.server.press(ANN, "Ack")
        await house.server.write(ANN, "/arm", ago=5.0)
        await house.listen()
        assert "say it again" in await toasted(house, tap)
        said = await answered(house, count=3)
        assert [lines[0][:30] for lines in said[1:]] == ["That was said while I was not ", "arm done"]
        assert [told[0] for told in house.desk.told] == ["arm"]


async def test_what_was_said_while_the_machine_slept_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll that lasted longer than it can has been slept through."""
    slept = [0.0]
    real = hearing._uptime
    monkeypatch.setattr(hearing, "_uptime", lambda: real() + slept[0])
    async with home(tmp_path, ANN) as house:
        await house.listen()
        slept[0] = 3600.0
        await house.server.write(ANN, "/disarm 2h", ago=1800.0)
        assert (await answered(house))[0][0].startswith("That was said while I was not there")
        assert house.desk.told == []


async def test_a_restart_does_nothing_twice(tmp_path: Path) -> None:
    """What was taken is done with at once: the next run does not see it again."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.server.write(ANN, "/arm")
        await answered(house)
        await asyncio.wait_for(house.server.polling.wait(), 5.0)
        async with restarted(house) as again:
            await again.listen()
            assert again.desk.told == []


async def test_commands_of_one_chat_are_done_in_order(tmp_path: Path) -> None:
    """A disarm that takes long is not overtaken by the arm that followed."""
    async with home(tmp_path, ANN, BEN) as house:
        house.desk.gate = asyncio.Event()
        await house.listen()
        await house.server.write(ANN, "/disarm 1h")
        await house.server.write(ANN, "/arm")
        await house.server.write(BEN, "/ack BTC")
        await until(lambda: len(house.desk.told) == 2, "both chats' commands")
        assert sorted(told[0] for told in house.desk.told) == ["ack", "disarm"]
        house.desk.gate.set()
        await answered(house, count=2)
        assert [told[0] for told in house.desk.told if told[0] != "ack"] == ["disarm", "arm"]


async def test_one_mistake_ends_no_listening(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A command that breaks is logged by its kind; the next one is answered."""

    class Broken(Desk):
        async def why(self, subject: str) -> str:
            raise LookupError(f"secret {subject}")

    async with home(tmp_path, ANN) as house:
        house.desk = Broken()
        await house.listen()
        await house.server.write(ANN, "/why BTC")
        await house.server.write(ANN, "/arm")
        await answered(house)
        assert "LookupError" in caplog.text
        assert "secret" not in caplog.text


async def test_an_outage_of_the_polls_is_outlived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Said once, tried again with growing pauses, and heard again when the server is back."""
    caplog.set_level(logging.WARNING)
    async with home(tmp_path, ANN) as house:
        await house.listen()
        house.server.faults.add(Fault("html", "getUpdates", times=3))
        await house.server.write(ANN, "/help")
        await answered(house)
        before = house.clock.now().mono
        for _ in range(200):
            await asyncio.sleep(0.005)
            if not house.server.faults._faults and house.server.polling.is_set():
                break
            if (due := house.clock.next_timer()) is not None:
                house.clock.advance(due)
        assert house.clock.now().mono - before >= 7.0
        await house.server.write(ANN, "/arm")
        await answered(house, count=2)
        assert caplog.text.count("hears nobody") == 1
        assert caplog.text.count("hears again") == 1


async def test_another_program_at_the_same_bot_is_said_once_and_sending_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the chat and in the log, when it lasts; alerts still come."""
    monkeypatch.setattr(hearing, "TAKEN_S", 0.02)
    async with home(tmp_path, ANN) as house:
        await house.listen()
        house.server.rival(there=True)
        for _ in range(60):
            await asyncio.sleep(0.005)
            if (due := house.clock.next_timer()) is not None:
                house.clock.advance(due)
        assert (await answered(house))[0][0] == "WARN · I can't hear you"
        await house.wait(2.0)
        await house.tell(alert_message("a"))
        assert len(house.chat().seen) == 2
        assert caplog.text.count("another program takes") == 1


async def test_test_asks_with_full_sound_and_believes_a_tap(tmp_path: Path) -> None:
    """The answer is written where the question was, and remembered."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.server.write(ANN, "/test")
        await answered(house)
        (asked,) = house.chat().seen
        assert (asked.sound, asked.lines[0], asked.buttons) == (True, "TEST · Did you HEAR it?", [["Yes, I heard it"]])
        tap = await house.server.press(ANN, "Yes, I heard it")
        assert await toasted(house, tap) == "Good: this phone wakes you"
        house.clock.advance(house.clock.now().mono + 2.0)
        await until(lambda: asked.versions, "the answer in place")
        assert (asked.lines, asked.buttons) == (["TEST · heard", "Ann, by phone heard it."], [])
        assert (await house.store.load(":channel:phone"))["memory"]["heard"].endswith(" 7 Ann, by phone")


async def test_a_test_nobody_hears_says_so(tmp_path: Path) -> None:
    """After two minutes, and a tap after that is told to ask anew."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.server.write(ANN, "/test")
        await answered(house)
        (asked,) = house.chat().seen
        await until(lambda: house.channel._hearing._tests, "the wait")
        house.clock.advance(house.clock.now().mono + 121.0)
        await until(lambda: asked.versions, "the words")
        assert asked.lines[0] == "TEST · NOT HEARD within 2 minutes"
        tap = house.world.tap(ANN, asked, "heard")
        await house.server._spread()
        assert await toasted(house, tap) == "That test is over: ask for another with /test"


async def test_a_group_that_moves_says_so_itself(tmp_path: Path) -> None:
    """Its own notice of the move is heeded, whoever made it."""
    new = -1009999
    async with home(tmp_path, GROUP, users=(ANN,)) as house:
        await house.listen()
        house.world.move(GROUP, new)
        moved = {"message_id": 9, "date": 1, "chat": {"id": GROUP, "type": "group", "title": "Home"}}
        house.world._hear({"message": {**moved, "migrate_to_chat_id": new}})
        await house.server._spread()
        await until(lambda: house.channel.outlets[0].chat == new, "the move")
        await house.server.write(new, "/status", ANN)
        assert (await answered(house, new))[0][0].startswith("ALL WELL")


async def test_a_strange_button_does_nothing(tmp_path: Path) -> None:
    """Data we never made is no command."""
    async with home(tmp_path, ANN) as house:
        await house.listen()
        await house.tell(alert_message("a"))
        for data in ("x", "rm -rf / 1", "ack main x", "ack main x never"):
            tap = house.world.tap(ANN, house.chat().seen[0], data)
            await house.server._spread()
            assert await toasted(house, tap) == "NOT DONE: This button is none of mine"
        assert house.desk.told == []


async def test_the_bots_menu_is_set(tmp_path: Path) -> None:
    """What one may say is offered by the phone itself."""
    async with home(tmp_path, ANN) as house:
        assert [one["command"] for one in house.world.commands] == [
            "status", "positions", "why", "ack", "silence", "unsilence", "disarm", "arm", "test", "help",
        ]  # fmt: skip
