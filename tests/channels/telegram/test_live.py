"""One living message an alert: edited in place, seldom, after all that is owed, and never after its alert is over."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

from tests.botapi import Fault
from tests.channels.telegram.support import ACK, ANN, BEN, START, Home, alert_message, home, live, restarted, view
from tests.core.bench import Bench, account, position, shipped
from watchdog import report
from watchdog.channels.telegram.live import Board, Edit, read_memory
from watchdog.domain.effects import Level
from watchdog.domain.facts import Command
from watchdog.domain.verbs import Verb

HEAD = "CRITICAL · BTC long 1.3% from liq · NO STOP · main"


async def shown(house: Home, *lines: str, at: float = 1.0) -> None:
    """The account stands so; enough time passes for an edit."""
    house.channel.show(view(house.clock.now().wall + at, live(*lines)))
    await house.wait(16.0)


async def test_the_message_of_an_alert_follows_it_in_place(tmp_path: Path) -> None:
    """New figures replace the old ones in every chat: no new message, no sound; the time says when."""
    async with home(tmp_path, ANN, BEN) as house:
        await house.tell(alert_message("a"))
        await shown(house, HEAD, "Mark 112,500 · liq 111,441")
        for chat in (house.chat(ANN), house.chat(BEN)):
            (one,) = chat.seen
            assert one.lines[:2] == [HEAD, "Mark 112,500 · liq 111,441"]
            assert one.lines[2].startswith("20:50:")
            assert (one.bold, one.buttons, len(one.versions)) == (HEAD, [["Ack"]], 1)


async def test_a_chat_sees_an_edit_each_quarter_of_a_minute_at_most(tmp_path: Path) -> None:
    """Figures that change each second are conflated: of a minute's views four are shown, the latest last."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        for second in range(60):
            house.channel.show(view(house.clock.now().wall + 1, live(HEAD, f"Mark {second}")))
            await house.wait(1.0)
        await house.wait(15.0)
        (one,) = house.chat().seen
        assert one.lines[1] == "Mark 59"
        assert 4 <= len(one.versions) <= 5
        before = house.server.asked.count("editMessageText")
        await house.wait(120.0)
        assert house.server.asked.count("editMessageText") == before


async def test_the_newest_message_of_an_alert_is_the_living_one(tmp_path: Path) -> None:
    """Worse news is a message of its own, with its sound, and is the one that follows from then on."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        await house.wait(1.0)
        await house.tell(replace(alert_message("b", "worsened"), at=START + 1))
        await shown(house, HEAD, "Mark 1")
        first, second = house.chat().seen
        assert (len(first.versions), second.lines[1], len(house.chat().sounds)) == (0, "Mark 1", 2)


async def test_what_is_resolved_loses_its_buttons_and_says_when(tmp_path: Path) -> None:
    """A quiet new message; the living one ends with the time, and no view brings it back."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        await house.wait(1.0)
        await house.tell(alert_message("b", "resolved", "OK · BTC long 4.1% from liq · main", "Lasted 23 min"))
        await house.wait(4.0)
        first, second = house.chat().seen
        assert (first.lines[-1], first.buttons) == ("resolved 20:50 UTC", [])
        assert (second.lines[0], second.sound) == ("OK · BTC long 4.1% from liq · main", False)
        await shown(house, HEAD, "Mark 1")
        assert first.lines[-1] == "resolved 20:50 UTC"
        assert await house.store.load(":channel:phone") == {}


async def test_an_alert_that_is_gone_without_a_word_ends_too(tmp_path: Path) -> None:
    """A view without it takes the buttons off; one from before the message says nothing of it."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        house.channel.show(view(START - 1))
        await house.wait(20.0)
        (one,) = house.chat().seen
        assert one.versions == []
        house.channel.show(view(house.clock.now().wall, account="other"))
        house.channel.show(view(house.clock.now().wall))
        await house.wait(20.0)
        assert one.buttons == []
        assert one.lines[-1].startswith("ended ")


async def test_an_ack_is_shown_where_the_alert_is(tmp_path: Path) -> None:
    """Said once, beside the time, with the buttons that are left; where only the time changes nothing is edited."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        for second in range(40):
            time = f"20:50:{second:02} UTC · seen by Ann, by phone"
            seen = replace(live(HEAD, "Mark 1", time, acknowledged=True), buttons=(replace(ACK, label="Silence 1h"),))
            house.channel.show(view(START + 5 + second, seen))
            await house.wait(1.0)
        (one,) = house.chat().seen
        assert one.lines == [HEAD, "Mark 1", "20:50:00 UTC · seen by Ann, by phone"]
        assert (one.buttons, len(one.versions)) == ([["Silence 1h"]], 1)


def test_an_acknowledged_alert_as_the_daemon_words_it_is_edited_once() -> None:
    """Its words, with who has seen it: as many lines as they are, and none anew before a figure changes."""
    bench = Bench.with_rules(shipped("watch"))
    held = account(position(mark="94000", venue_liquidation="90400"))
    for _ in range(8):
        bench.read(held)
        bench.after(10)
    board = Board()
    for number, told in enumerate(bench.messages()):
        board.sent(told, number)
    bench.put(Command(Verb.ACK, "me", by="Ann, by phone"))
    edits: list[Edit] = []
    for _ in range(3):
        bench.after(2)
        shown = report.view(bench.state, bench.now)
        board.show(shown)
        while len(edits) < 9 and (edit := board.next_edit()) is not None:
            edits.append(edit)
            board.done(edit, bench.mono)
            assert edit.lines in [alert.lines for alert in shown.alerts]
            assert edit.lines[-1].endswith(" UTC · seen by Ann, by phone")
    assert len({edit.key for edit in edits}) == len(edits) > 0


def test_the_end_keeps_who_has_seen_it() -> None:
    """In the line that says when it ended."""
    board = Board()
    board.sent(alert_message("a"), 1)
    for stamp in ("20:50:01 UTC", "20:50:01 UTC · seen"):
        board.show(view(START + 1, live(HEAD, "Mark 1", stamp)))
        edit = board.next_edit()
        assert edit is not None, "who has seen it is news by itself"
        board.done(edit, 1.0)
    board.sent(replace(alert_message("b", "resolved"), at=START + 2), 2)
    end = board.next_edit()
    assert end is not None
    assert end.lines == (HEAD, "Mark 1", "resolved 20:50 UTC · seen")


async def test_a_message_somebody_deleted_is_forgotten(tmp_path: Path) -> None:
    """It is asked for once; the alert's next message lives again."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        house.chat().messages.clear()
        await shown(house, HEAD, "Mark 1")
        await shown(house, HEAD, "Mark 2")
        assert house.server.asked.count("editMessageText") == 1
        await house.tell(replace(alert_message("b", "repeated"), at=house.clock.now().wall))
        await shown(house, HEAD, "Mark 3")
        assert house.chat().seen[0].lines[1] == "Mark 3"


async def test_what_already_shows_the_same_is_no_trouble(tmp_path: Path) -> None:
    """That a message is not modified ends the matter."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        says = "Bad Request: message is not modified: specified new message content is exactly the same"
        house.server.faults.add(Fault("refuse", "editMessageText", says=says))
        await shown(house, HEAD, "Mark 1")
        await house.wait(60.0)
        assert house.server.asked.count("editMessageText") == 1
        await shown(house, HEAD, "Mark 2")
        assert house.chat().seen[0].lines[1] == "Mark 2"


async def test_no_edit_goes_before_what_is_owed(tmp_path: Path) -> None:
    """While the chat waits out a 429, and while messages wait their turn, nothing is edited."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        house.server.faults.add(Fault("429", "sendMessage", seconds=40))
        await house.wait(1.0)
        await house.tell(*(alert_message(f"b{number}", alert=f"room|{number}") for number in range(3)))
        await shown(house, HEAD, "Mark 1")
        assert "editMessageText" not in house.server.asked
        await house.wait(45.0)
        assert house.server.asked.index("editMessageText") > house.server.asked.index("sendMessage", 5)
        assert len(house.chat().seen) == 4
        assert house.chat().seen[0].lines[1] == "Mark 1"


async def test_edits_that_fail_delay_no_message(tmp_path: Path) -> None:
    """A 429, a 500 or a lost connection of an edit is the edit's own matter."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
        for kind in ("429", "500", "drop", "markup"):
            house.server.faults.add(Fault(kind, "editMessageText", seconds=60))
            await shown(house, HEAD, f"Mark {kind}")
            told = alert_message(f"m{kind}", alert=f"other|{kind}")
            await house.tell(replace(told, at=house.clock.now().wall))
            assert house.notifier.status()[0].reason == ""
            assert await house.owed() == set()
        await house.wait(120.0)
        assert house.chat().seen[0].lines[1] == "Mark markup"


async def test_living_messages_outlive_a_restart(tmp_path: Path) -> None:
    """The next run edits the message of the run before, and ends it when its alert is over."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"), alert_message("b", alert="pool|main"))
        await house.wait(1.0)
        async with restarted(house) as again:
            at = again.clock.now().wall + 1
            again.channel.show(view(at, live(HEAD, "Mark 1")))
            await again.wait(40.0)
            first, second = house.chat().seen
            assert (first.lines[1], first.buttons) == ("Mark 1", [["Ack"]])
            assert (second.lines[-1][:6], second.buttons) == ("ended ", [])
            assert list((await house.store.load(":channel:phone"))["memory"]) == [f"live {ANN} main room|BTC"]


async def test_the_worst_and_the_longest_waiting_are_brought_up_to_date_first(tmp_path: Path) -> None:
    """With several alerts each gets its turn, whatever changes most."""
    async with home(tmp_path, ANN) as house:
        keys = ("a", "b", "c")
        await house.tell(*(alert_message(key, alert=key) for key in keys))
        await house.wait(5.0)
        levels = (Level.WARN, Level.EMERGENCY, Level.CRITICAL)
        for turn in range(6):
            at = house.clock.now().wall + 1
            house.channel.show(
                view(
                    at, *(live(f"{key} {turn}", key=key, level=level) for key, level in zip(keys, levels, strict=True))
                )
            )
            await house.wait(15.0)
        assert sorted(len(one.versions) for one in house.chat().seen) in ([2, 2, 2], [2, 2, 3])


def test_what_is_remembered_in_another_form_is_ignored() -> None:
    """A living message is a convenience: nothing in the store about it can break the start."""
    board = Board()
    for text in ("", "{}", "[]", '{"id": "x", "at": 1, "lines": []}', '{"id": 1, "at": 1, "lines": 3}', "null"):
        board.recall(("main", "room|BTC"), text)
    assert len(board) == 0
    remembered = {"live 7 main room|BTC x": "1", "live 8 main y": "2", "chat 7": "9", "live 7": "3", "heard": "4"}
    assert read_memory(remembered, 7) == [(("main", "room|BTC x"), "1")]


def test_an_edit_under_way_never_undoes_a_newer_message() -> None:
    """Whatever comes between an edit's leaving and its answer: the newest message stays the living one."""
    for between in itertools.product((True, False), repeat=2):
        board = Board()
        board.sent(alert_message("a"), 1)
        board.show(view(START + 1, live(HEAD, "Mark 1")))
        edit = board.next_edit()
        assert edit is not None
        newer, resolved = between
        if newer:
            board.sent(replace(alert_message("b", "worsened"), at=START + 2), 2)
        if resolved:
            board.sent(replace(alert_message("c", "resolved"), at=START + 3), 3)
        board.done(edit, 5.0)
        board.show(view(START + 9, live(HEAD, "Mark 2")))
        after = board.next_edit()
        assert after is not None
        assert (after.message_id, after.last) == (2 if newer else 1, resolved)


def test_an_older_message_of_an_alert_ends_and_replaces_nothing() -> None:
    """Whatever comes late, a critical that fires goes on living, with its buttons."""
    for late in ("resolved", "fired", "repeated"):
        board = Board()
        board.sent(replace(alert_message("c", "fired"), at=START + 600), 11)
        assert board.sent(replace(alert_message("late", late), at=START + 300), 12) is None
        board.show(view(START + 605, live(HEAD, "Mark 1")))
        edit = board.next_edit()
        assert edit is not None
        assert (edit.message_id, edit.last, edit.buttons) == (11, False, (ACK,))


def test_an_older_message_undoes_no_end() -> None:
    """Resolved is later than what comes late, before and after the living message was edited."""
    for edited in (True, False):
        board = Board()
        board.sent(alert_message("a"), 1)
        board.sent(replace(alert_message("r", "resolved"), at=START + 20), 2)
        end = board.next_edit()
        assert end is not None
        if edited:
            board.done(end, 1.0)
        assert board.sent(replace(alert_message("late", "worsened"), at=START + 10, earlier=edited), 3) is None
        assert board.next_edit() == (None if edited else end)


async def test_a_critical_that_fired_while_the_chat_waited_stays_alive(tmp_path: Path) -> None:
    """A warning resolved and a critical fired during a 429: told in that order; the last goes on living."""
    async with home(tmp_path, ANN) as house:
        await house.tell(replace(alert_message("w", "fired", "WARN"), level=Level.WARN, sound=False))
        await house.wait(2.0)
        house.server.faults.add(Fault("429", "sendMessage", seconds=30))
        await house.tell(replace(alert_message("other", alert="room|ETH"), level=Level.WARN, sound=False))
        for number, event, level, first in (
            ("r", "resolved", Level.WARN, "OK"),
            ("c", "fired", Level.CRITICAL, HEAD),
        ):
            await house.wait(5.0)
            told = replace(alert_message(number, event, first), level=level, at=house.clock.now().wall)
            await house.tell(told)
        await house.wait(60.0)
        await shown(house, HEAD, "Mark 1")
        seen = house.chat().seen
        assert [one.lines[0] for one in seen[:3]] == ["WARN", "OK", HEAD]
        assert [one.sound for one in seen[:3]] == [False, False, True]
        assert (seen[2].lines[1], seen[2].buttons) == ("Mark 1", [["Ack"]])


def test_a_proposal_is_not_written_over() -> None:
    """Only an alert's own messages live: a question with its button stays as it was asked."""
    board = Board()
    place = replace(ACK, label="Place stop", verb=Verb.CONFIRM)
    board.sent(replace(alert_message("a", "asked"), buttons=(place,)), 1)
    board.show(view(START + 1, live(HEAD)))
    assert board.next_edit() is None
