"""Whatever the Bot API does: nothing is lost, the worst goes first, repeats only where an answer was lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from tests.botapi import Fault, World
from tests.botapi.faults import Kind
from tests.channels.telegram.support import ACK, ANN, BEN, GROUP, alert_message, home, restarted, until
from tests.messages import message
from watchdog.channels.telegram import api
from watchdog.domain.effects import Button, Level, Message
from watchdog.domain.verbs import Verb

START = 1_760_129_400.0


def told(number: str, level: Level = Level.CRITICAL, at: float = 0.0) -> Message:
    """A message of its own words, `at` seconds after the start."""
    return replace(
        message(number, level, START + at), lines=(f"{level.name} · {number}",), sound=level >= Level.CRITICAL
    )


async def test_a_message_arrives_as_it_is_meant(tmp_path: Path) -> None:
    """First line bold, the venue's words as they are, sound where it should, no link preview, buttons below."""
    async with home(tmp_path, ANN) as house:
        place = Button("Place stop 112,196", Verb.CONFIRM, "89abcdef", own_row=True)
        words = ("CRITICAL · <b>BTC</b> & co", "Mark 1 < 2 · liq 3")
        await house.tell(replace(alert_message("a", "fired", *words), buttons=(ACK, place)))
        (shown,) = house.chat().seen
        assert shown.lines == [*words, "20:50:00 UTC"]
        assert shown.bold == words[0]
        assert (shown.sound, shown.preview) == (True, False)
        assert shown.buttons == [["Place stop 112,196"], ["Ack"]]
        assert shown.data("Ack") == "ack main 0123abcd 0"
        assert await house.owed() == set()
        await house.wait(1.0)
        await house.tell(replace(told("quiet", Level.WARN), buttons=()))
        assert [one.sound for one in house.chat().seen] == [True, False]


async def test_a_chat_gets_one_message_a_second_and_the_worst_first(tmp_path: Path) -> None:
    """Six at once take five seconds; an emergency that comes in between goes before what waits."""
    async with home(tmp_path, ANN) as house:
        await house.tell(*(told(f"w{number}", Level.WARN, number) for number in range(4)), told("c"))
        assert house.chat().heads == ["CRITICAL · c"]
        await house.wait(1.0)
        await house.tell(told("e", Level.EMERGENCY, 9))
        await house.wait(5.0)
        assert house.chat().heads == [
            "CRITICAL · c", "WARN · w0", "EMERGENCY · e", "WARN · w1", "WARN · w2", "WARN · w3",
        ]  # fmt: skip
        assert await house.owed() == set()


async def test_a_group_gets_twenty_a_minute_and_the_last_of_them_are_for_danger(tmp_path: Path) -> None:
    """Mild words stop at fifteen in a minute; what is critical still goes out at once."""
    async with home(tmp_path, GROUP) as house:
        await house.tell(*(told(f"w{number:02}", Level.WARN, number) for number in range(18)))
        await house.wait(30.0)
        assert len(house.chat(GROUP).seen) == 15
        await house.tell(told("c"))
        assert house.chat(GROUP).heads[-1] == "CRITICAL · c"
        await house.wait(40.0)
        assert len(house.chat(GROUP).seen) == 19
        assert await house.owed() == set()


async def test_a_chat_that_is_told_to_wait_delays_no_other(tmp_path: Path) -> None:
    """429 for one chat: it waits as long as asked, worse news or not; the other hears everything meanwhile."""
    async with home(tmp_path, ANN, BEN) as house:
        house.server.faults.add(Fault("429", "sendMessage", ANN, seconds=30))
        await house.tell(told("w", Level.WARN), told("c", at=1.0))
        await house.wait(5.0)
        assert (house.chat(ANN).heads, house.chat(BEN).heads) == ([], ["CRITICAL · c", "WARN · w"])
        await house.tell(told("e", Level.EMERGENCY, 5))
        assert house.chat(ANN).heads == []
        assert house.notifier.status()[0].reason == "too many messages: Telegram asks to wait 30 s"
        await house.wait(40.0)
        assert house.chat(ANN).heads == ["EMERGENCY · e", "CRITICAL · c", "WARN · w"]
        assert len(house.chat(BEN).seen) == 3
        assert await house.owed() == set()


@pytest.mark.parametrize("dead", ["blocked", "gone", "hang", "500", "html"])
async def test_a_dead_chat_delays_no_other_and_hears_all_when_it_is_back(
    tmp_path: Path, dead: Literal["blocked", "gone", "hang", "500", "html"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocked, deleted, or only failing: the others hear once and at once; it gets everything later, worst first."""
    monkeypatch.setattr(api, "PATIENCE_S", 0.3)
    async with home(tmp_path, ANN, BEN) as house:
        world: World = house.world
        fault = None
        match dead:
            case "blocked":
                world.chats[ANN].blocked = True
            case "gone":
                world.chats[ANN].gone = True
            case "hang" | "500" | "html":
                fault = house.server.faults.add(Fault(dead, "sendMessage", ANN, times=None))
        await house.save(told("w", Level.WARN), told("c", at=1.0))
        for one in (told("w", Level.WARN), told("c", at=1.0)):
            house.notifier.hand_over(one)
        await until(lambda: house.chat(BEN).heads == ["CRITICAL · c"], "the other chat's message")
        await house.wait(65.0)
        assert house.chat(BEN).heads == ["CRITICAL · c", "WARN · w"]
        assert await house.owed() == {("w", f"phone/{ANN}"), ("c", f"phone/{ANN}")}
        world.chats[ANN].blocked = world.chats[ANN].gone = False
        if fault is not None:
            house.server.faults.clear()
        await house.wait(65.0)
        heads = [head.split("LATE · ")[-1] for head in house.chat(ANN).heads]
        # after a 500, which may be one message's own doing, another goes first
        assert (sorted(heads) if dead == "500" else heads) == ["CRITICAL · c", "WARN · w"]
        assert house.chat(BEN).heads == ["CRITICAL · c", "WARN · w"]
        assert await house.owed() == set()


@pytest.mark.parametrize("kind", ["500", "html", "drop", "429", "403", "401", "hang"])
async def test_one_fault_costs_no_message_and_no_repeat(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was not taken is sent again, and seen once."""
    monkeypatch.setattr(api, "PATIENCE_S", 0.3)
    async with home(tmp_path, ANN) as house:
        house.server.faults.add(Fault(kind, "sendMessage"))
        await house.tell(told("a"), told("b", Level.WARN, 1))
        await house.wait(20.0)
        assert sorted(house.chat().heads) == ["CRITICAL · a", "WARN · b"]
        assert await house.owed() == set()


async def test_a_lost_answer_repeats_that_message_once_and_no_other(tmp_path: Path) -> None:
    """What was taken without our knowing comes twice: at least once is the promise."""
    async with home(tmp_path, ANN, BEN) as house:
        house.server.faults.add(Fault("lose", "sendMessage", ANN))
        await house.tell(told("a"), told("b", at=1.0))
        await house.wait(20.0)
        assert sorted(house.chat(ANN).heads) == ["CRITICAL · a", "CRITICAL · a", "CRITICAL · b"]
        assert house.chat(BEN).heads == ["CRITICAL · a", "CRITICAL · b"]


async def test_an_outage_is_outlived_and_what_comes_late_says_so(tmp_path: Path) -> None:
    """Nobody answers for ten minutes: all of it comes after, worst first, with how late it is in the first line."""
    async with home(tmp_path, ANN) as house:
        await house.server.down()
        await house.tell(told("w", Level.WARN), told("c", at=1.0))
        await house.wait(600.0)
        assert "can't be reached" in house.notifier.status()[0].reason
        await house.server.up()
        await house.wait(70.0)
        assert [head.partition(" ")[2] for head in house.chat().heads] == [
            "min LATE · CRITICAL · c",
            "min LATE · WARN · w",
        ]
        assert int(house.chat().heads[0].split(" ")[0]) in range(10, 13)
        assert await house.owed() == set()


async def test_a_restart_repeats_nothing_any_chat_has_confirmed(tmp_path: Path) -> None:
    """One chat had confirmed, the other was blocked when the daemon ended: only the other hears it then."""
    async with home(tmp_path, ANN, BEN) as house:
        house.world.chats[BEN].blocked = True
        await house.tell(told("a"))
        house.world.chats[BEN].blocked = False
        async with restarted(house) as again:
            await again.wait(1.0)
            assert (house.chat(ANN).heads, house.chat(BEN).heads) == (["CRITICAL · a"], ["CRITICAL · a"])
            assert await again.owed() == set()


async def test_a_group_that_moved_is_followed_and_remembered(tmp_path: Path) -> None:
    """Its new number is used at once, and after a restart without asking at the old one."""
    new = -1009999
    async with home(tmp_path, GROUP) as house:
        house.world.move(GROUP, new)
        await house.tell(told("a"))
        assert house.chat(new).heads == ["CRITICAL · a"]
        async with restarted(house) as again:
            house.server.asked.clear()
            await again.tell(told("b"))
            assert house.chat(new).heads == ["CRITICAL · a", "CRITICAL · b"]
            assert house.server.asked.count("sendMessage") == 1
            assert again.notifier.status()[0].name == f"phone/{GROUP}"


async def test_refused_markup_is_sent_plain_and_a_refused_button_left_out(tmp_path: Path) -> None:
    """An alert is never lost to its own dress."""
    async with home(tmp_path, ANN) as house:
        house.server.faults.add(Fault("markup", "sendMessage"))
        await house.tell(alert_message("a"))
        (shown,) = house.chat().seen
        assert (shown.html, shown.buttons) == (False, [["Ack"]])
        await house.wait(1.0)
        house.server.faults.add(Fault("refuse", "sendMessage", times=2))
        await house.tell(alert_message("b"))
        assert (house.chat().seen[1].lines[0], house.chat().seen[1].buttons) == (shown.lines[0], [])


async def test_a_message_nobody_takes_holds_up_no_other(tmp_path: Path) -> None:
    """Refused in every form: set aside, told as the channel's trouble, and tried again for what is critical."""
    async with home(tmp_path, ANN) as house:
        fault = Fault("refuse", "sendMessage", times=None, says="Bad Request: strange", holding="odd")
        house.server.faults.add(fault)
        await house.tell(told("odd"), told("well", Level.WARN))
        await house.wait(2.0)
        assert house.chat().heads == ["WARN · well"]
        house.server.faults.clear()
        await house.wait(60.0)
        assert house.chat().heads == ["WARN · well", "CRITICAL · odd"]


async def test_a_long_message_is_split_and_its_rest_alone_is_repeated(tmp_path: Path) -> None:
    """At line ends, one sound, the buttons on the last; a part that arrived does not come again."""
    async with home(tmp_path, ANN) as house:
        lines = tuple(f"line {number:04} " + "x" * 90 for number in range(100))
        house.server.faults.add(Fault("500", "sendMessage", holding="line 0050"))
        long = replace(told("long"), lines=lines, buttons=(ACK,))
        await house.save(long)
        house.notifier.hand_over(long)
        for _ in range(6):
            await until(lambda: house.clock.next_timer() is not None or not house.notifier.busy(), "a pause")
            house.clock.advance(house.clock.now().mono + 1.0)
        await house.settle()
        seen = house.chat().seen
        assert [line for one in seen for line in one.lines] == list(lines)
        assert [one.sound for one in seen] == [True, False, False]
        assert [bool(one.buttons) for one in seen] == [False, False, True]
        assert await house.owed() == set()


async def test_a_wrong_token_is_said_and_ends_nothing(tmp_path: Path) -> None:
    """In clear words, again and again, without the token; a server that takes it later makes all well."""
    async with home(tmp_path, ANN, start=False) as house:
        house.server.token = "999:other"  # noqa: S105 - of no bot
        await house.start()
        await house.tell(told("a"))
        assert house.notifier.status()[0].reason == (
            "Telegram does not know this bot's token: put the right one into its token_file"
        )
        house.server.token = None
        await house.wait(60.0)
        assert house.chat().heads == ["CRITICAL · a"]


async def test_who_is_named_hears_in_all_its_chats(tmp_path: Path) -> None:
    """A message for channel `phone` has a row for each of its chats."""
    async with home(tmp_path, ANN, BEN) as house:
        only = replace(told("a", Level.INFO), channels=("phone",))
        assert house.notifier.channels_for(only) == (f"phone/{ANN}", f"phone/{BEN}")
        await house.tell(only)
        assert (house.chat(ANN).heads, house.chat(BEN).heads) == (["INFO · a"], ["INFO · a"])
