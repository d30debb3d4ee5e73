"""The desk every alert passes: what is told, remembered and forgotten in one step."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

from rpds import HashTrieMap

from watchdog.alerts.desk import Desk, reminder_due
from watchdog.alerts.lifecycle import Alert
from watchdog.domain.effects import Keep, Level, Message, Save
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out

WALL = 1_760_129_340.0


class Office:
    """A desk anew at each moment, as the core makes it."""

    def __init__(self) -> None:
        self.alerts: HashTrieMap[str, Alert] = HashTrieMap()
        self.told: list[Message] = []
        self.kept: list[Keep] = []

    def at(self, mono: float) -> Desk:
        """The desk of a step at this time; `close` takes in what it asked for."""
        self.out = Out(Instant(mono, WALL + mono))
        self.desk = Desk("main", UTC, self.alerts, self.out.now, self.out)
        return self.desk

    def close(self) -> list[Message]:
        """The step is over: what it told."""
        self.alerts = self.desk.alerts
        saves = [effect for effect in self.out.effects() if isinstance(effect, Save)]
        told = [message for save in saves for message in save.messages]
        self.kept = [keep for save in saves for keep in save.keeps]
        self.told += told
        return told


def test_a_standing_alert_is_said_once_and_again_only_when_worse() -> None:
    """With sound from critical up; the same again is nothing new."""
    office = Office()
    office.at(0).stand("modes", Level.WARN, ("first",))
    assert [(one.level, one.event, one.sound) for one in office.close()] == [(Level.WARN, "fired", False)]
    office.at(1).stand("modes", Level.WARN, ("again",))
    assert office.close() == []
    office.at(2).stand("modes", Level.CRITICAL, ("worse",))
    assert [(one.level, one.event, one.sound) for one in office.close()] == [(Level.CRITICAL, "worsened", True)]
    office.at(3).stand("modes", Level.WARN, ("milder",))
    assert office.close() == []


def test_its_end_is_said_once_quietly_at_the_level_it_had() -> None:
    """Whoever heard of it hears that it is over; and it is forgotten in the store."""
    office = Office()
    office.at(0).stand("modes", Level.EMERGENCY, ("bad",))
    office.close()
    office.at(1).fall("modes", ("good",))
    assert [(one.level, one.event, one.sound) for one in office.close()] == [(Level.EMERGENCY, "resolved", False)]
    assert office.kept == [Keep("alert", "modes", None)]
    office.at(2).fall("modes", ("good",))
    assert office.close() == []


def test_message_and_memory_are_in_one_save() -> None:
    """What is told is remembered in the same transaction."""
    office = Office()
    office.at(0).stand("modes", Level.CRITICAL, ("bad",))
    saves = [effect for effect in office.out.effects() if isinstance(effect, Save)]
    assert len(saves) == 1
    assert [keep.key for keep in saves[0].keeps] == [message.alert for message in saves[0].messages] == ["modes"]


def test_ids_are_unique_over_a_long_life() -> None:
    """Fired, worsened, repeated, ended, fired again: no two messages share an id."""
    office = Office()
    for begin in (0.0, 10_000.0):
        office.at(begin).stand("blind", Level.WARN, ("1",))
        office.close()
        office.at(begin + 1).stand("blind", Level.CRITICAL, ("2",))
        office.close()
        office.at(begin + 2000).remind("rule:", 1800)
        office.close()
        office.at(begin + 2001).fall("blind", ("3",))
        office.close()
    ids = [message.id for message in office.told]
    assert len(ids) == 8
    assert len(set(ids)) == 8


def test_reminders_come_three_times_and_not_after_an_ack() -> None:
    """Every half hour; a warning is never repeated."""
    office = Office()
    office.at(0).stand("loud", Level.CRITICAL, ("loud",))
    office.desk.stand("mild", Level.WARN, ("mild",))
    office.close()
    heard = []
    for minute in range(0, 200, 10):
        office.at(minute * 60).remind("rule:", 1800)
        heard += [(minute, message.lines[0].split(" · ")[0]) for message in office.close()]
    assert heard == [(30, "loud (again)"), (60, "loud (again)"), (90, "loud (again)")]
    office.at(20_000).stand("other", Level.CRITICAL, ("other",))
    office.close()
    office.at(20_001).acknowledge(office.desk.get("other"))
    office.close()
    office.at(30_000).remind("rule:", 1800)
    assert office.close() == []


def test_a_rules_alerts_are_not_reminded_of_here() -> None:
    """They have their own `repeat`."""
    office = Office()
    office.at(0).stand("rule:x|BTC", Level.CRITICAL, ("x",))
    office.close()
    office.at(4000).remind("rule:", 1800)
    assert office.close() == []


def test_getting_worse_begins_the_reminders_anew() -> None:
    """Three reminders of the milder level do not silence the worse one."""
    office = Office()
    office.at(0).stand("a", Level.CRITICAL, ("a",))
    office.close()
    for mono in (1800, 3600, 5400):
        office.at(mono).remind("rule:", 1800)
        office.close()
    office.at(6000).stand("a", Level.EMERGENCY, ("worse",))
    office.close()
    assert reminder_due(office.alerts["a"], 1800) == 7800


def test_what_was_refreshed_is_what_the_reminder_says() -> None:
    """A reminder after half an hour does not carry the figures of the beginning."""
    office = Office()
    office.at(0).stand("blind", Level.CRITICAL, ("45 s",))
    office.close()
    office.at(1790).refresh("blind", ("1790 s",))
    assert office.close() == []
    office.at(1800).remind("rule:", 1800)
    assert [message.lines[0] for message in office.close()] == ["1790 s (again)"]


def test_what_was_not_refreshed_is_said_again_under_its_own_time() -> None:
    """Old figures under a new time would be a lie; and no mark of a message before it stays."""
    office = Office()
    office.at(0).stand("refused|BTC", Level.CRITICAL, ("BTC long 0.6% from liq",))
    (first,) = office.close()
    for mono in (1800, 3600):
        office.at(mono).remind("rule:", 1800)
        (again,) = office.close()
        at = first.lines[-1].split()[0]
        assert again.lines == (f"BTC long 0.6% from liq (again) · figures of {at}", first.lines[-1])
        assert again.at > first.at


def test_what_has_no_figures_never_grows_old() -> None:
    """A full disk is as full an hour later."""
    office = Office()
    office.at(0).stand("store", Level.EMERGENCY, ("NOTHING CAN BE SAVED",))
    office.close()
    office.at(1800).remind("rule:", 1800)
    (again,) = office.close()
    assert again.lines[0] == "NOTHING CAN BE SAVED (again)"


def test_one_more_thing_it_speaks_of_is_worse_and_one_less_is_not() -> None:
    """Whoever acknowledged the first has not seen the second."""
    office = Office()
    office.at(0).stand("unknown|x", Level.WARN, ("BTC",), about=("BTC",))
    office.desk.acknowledge(office.desk.get("unknown|x"))
    office.close()
    office.at(10).stand("unknown|x", Level.WARN, ("BTC, ETH",), about=("BTC", "ETH"))
    assert [message.event for message in office.close()] == ["worsened"]
    office.at(20).stand("unknown|x", Level.WARN, ("BTC",), about=("BTC",))
    assert office.close() == []
    office.at(30).stand("unknown|x", Level.WARN, ("BTC, ETH",), about=("BTC", "ETH"))
    assert len(office.close()) == 1


def test_dropping_says_nothing_and_forgets() -> None:
    """For what another message said better."""
    office = Office()
    office.at(0).stand("past|BTC", Level.CRITICAL, ("past",))
    office.close()
    office.at(1).drop("past|BTC")
    assert office.close() == []
    assert office.kept == [Keep("alert", "past|BTC", None)]
    assert "past|BTC" not in office.alerts


def test_a_message_has_at_most_eight_lines_the_last_is_the_time() -> None:
    """In the owner's zone."""
    out = Out(Instant(0.0, WALL))
    desk = Desk("main", timezone(timedelta(hours=2), "CEST"), HashTrieMap(), out.now, out)
    desk.tell("long", Level.INFO, [str(number) for number in range(20)])
    (save,) = [effect for effect in out.effects() if isinstance(effect, Save)]
    assert save.messages[0].lines == ("0", "1", "2", "3", "4", "5", "6", "22:49:00 CEST")
