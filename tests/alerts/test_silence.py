"""Silences: words held back for a while, never acts, never emergencies; and what is said when they end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, only, position, resting, shipped
from watchdog.alerts.silence import LONGEST, alert_handle, means
from watchdog.domain.effects import Entry, Level, Message, Save
from watchdog.domain.ids import handle
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Escalation

ROOM = """
[[rule]]
name = "room"
metric = "room_used"
warn = "20%"
critical = "40%"
emergency = "70%"
"""
KEY = f"rule:room|{BTC}"
WARN, CRITICAL, EMERGENCY, FINE = "97500", "95900", "92500", "99900"


def at(bench: Bench, mark: str, *, after: float = 10.0, times: int = 1) -> list[Message]:
    """Snapshots at one mark; what they told."""
    before = len(bench.messages())
    for _ in range(times):
        bench.after(after).read(account(position(mark=mark)))
    return bench.messages()[before:]


def events(messages: list[Message]) -> list[tuple[str, str]]:
    """Event and alert, of what is no silence."""
    return [(message.event, message.alert) for message in messages]


def quiet(bench: Bench, subject: str = "", seconds: float = 3600.0) -> str:
    """Ask for a silence, of an account that was read; the answer."""
    if bench.state.book is None:
        bench.read(account(position(mark=FINE)))
    reply = bench.command(Verb.SILENCE, subject, seconds)
    assert reply.ok, reply.text
    return reply.text


def test_a_silence_is_told_with_its_end_and_who_asked() -> None:
    """And what it does not hold back; with a button that ends it."""
    bench = Bench.with_rules(only(ROOM))
    assert quiet(bench, "room", 1800) == 'silenced until 21:19 UTC: rule "room"'
    (message,) = bench.messages()
    assert message.lines[:2] == (
        'INFO · SILENCED until 21:19 UTC: rule "room" · main',
        "Emergencies, being blind and what I do are said all the same. Stops are placed as before.",
    )
    assert (message.level, message.sound) == (Level.WARN, False)
    (end,) = message.buttons
    bench.command(end.verb, end.subject)
    assert len(bench.state.silences) == 0


def test_while_silenced_nothing_below_an_emergency_is_said() -> None:
    """Fired, worsened, repeated, escalated: its state goes on all the same."""
    rules = only(ROOM)
    steps = (Escalation(300.0, ("oncall",)),)
    bench = Bench.with_rules(replace(rules, rules=tuple(replace(rule, escalate=steps) for rule in rules.rules)))
    quiet(bench, "BTC", 7200)
    assert at(bench, WARN) == []
    assert at(bench, CRITICAL, times=400) == []
    alert = bench.state.alerts[KEY]
    assert (alert.level, alert.told, alert.repeats, alert.escalated) == (Level.CRITICAL, None, 2, 1)
    assert events(at(bench, EMERGENCY, times=2)) == [("worsened", KEY)]


def test_what_was_never_told_to_fire_is_not_told_to_be_over() -> None:
    """Nobody knows what it speaks of."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC")
    at(bench, CRITICAL)
    assert at(bench, FINE) == []
    assert bench.firing() == set()


def test_what_was_told_to_fire_is_told_to_be_over_silence_or_not() -> None:
    """Or it would burn for ever on somebody's phone (alertmanager #226). At the level that was told."""
    bench = Bench.with_rules(only(ROOM))
    at(bench, WARN)
    quiet(bench, "BTC")
    assert at(bench, CRITICAL) == []
    (over,) = at(bench, FINE)
    assert (over.event, over.level) == ("resolved", Level.WARN)


def test_when_it_ends_what_still_fires_is_said_once() -> None:
    """At its end, without a read; with fresh figures; then its reminders begin anew."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC", 7200)
    at(bench, CRITICAL, times=715)
    said = len(bench.messages())
    while bench.mono < 7200:
        bench.mono = bench.wake
        bench.due()
        bench.read(account(position(mark="95800")))
    (fired,) = bench.messages()[said:]
    assert (fired.event, fired.sound) == ("fired", True)
    assert "Mark 95,800.0" in fired.lines[1]
    assert events(at(bench, CRITICAL, times=179)) == []
    assert events(at(bench, CRITICAL, times=2)) == [("repeated", KEY)]


def test_what_got_worse_meanwhile_says_so() -> None:
    """It was told as a warning, it is critical now."""
    bench = Bench.with_rules(only(ROOM))
    at(bench, WARN)
    quiet(bench, "BTC", 60)
    assert at(bench, CRITICAL) == []
    assert events(at(bench, CRITICAL, times=6)) == [("worsened", KEY)]


def test_its_end_is_silent_when_nothing_fires_or_all_was_seen() -> None:
    """An ack outlives a silence."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC", 60)
    assert at(bench, FINE, times=8) == []
    at(bench, CRITICAL)
    quiet(bench, "BTC", 60)
    bench.command(Verb.ACK, "BTC")
    assert at(bench, CRITICAL, times=8) == []


def test_two_silences_over_one_alert_both_have_to_end() -> None:
    """It is said once, after the second."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC", 30)
    quiet(bench, "room", 60)
    assert events(at(bench, CRITICAL, times=5)) == []
    assert events(at(bench, CRITICAL, times=2)) == [("fired", KEY)]
    assert events(at(bench, CRITICAL, times=5)) == []


def test_a_tick_after_the_end_speaks_at_once_and_the_timer_does_not_say_it_again() -> None:
    """The end of a silence is a time, not the step that notices it."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark=FINE)))
    quiet(bench, "BTC", 5)
    bench.after(5.1).mark(BTC, CRITICAL)
    assert bench.messages()[-1].event == "fired"
    said = len(bench.messages())
    bench.due()
    assert bench.messages()[said:] == []


def test_unsilence_ends_it_by_hand() -> None:
    """What still fires is said; without a subject all end; none there is no error."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC")
    quiet(bench, "room")
    at(bench, CRITICAL)
    said = len(bench.messages())
    assert bench.command(Verb.UNSILENCE, "btc").text == "no longer silenced: BTC"
    assert bench.messages()[said:] == []
    assert bench.command(Verb.UNSILENCE).text == 'no longer silenced: rule "room"'
    assert events(bench.messages()[said:]) == [("fired", KEY)]
    assert bench.command(Verb.UNSILENCE).ok


@pytest.mark.parametrize("seconds", [0.0, 0.5, -1.0, LONGEST + 1, float("nan"), float("inf")])
def test_a_silence_has_an_end(seconds: float) -> None:
    """Between a second and a week; anything else is refused in words and changes nothing."""
    bench = Bench.with_rules(only(ROOM))
    reply = bench.command(Verb.SILENCE, "BTC", seconds)
    assert (reply.ok, reply.text) == (False, "a silence ends by itself: between 1 second and 7 days")
    assert len(bench.state.silences) == 0


def test_what_nothing_is_called_is_refused() -> None:
    """A slip of the finger must not look like a silence. Of several accounts the one that knows the name answers."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position()))
    reply = bench.command(Verb.SILENCE, "BCT", 60)
    assert (reply.ok, reply.known, reply.text) == (False, False, "nothing on main is called BCT")
    assert bench.command(Verb.SILENCE, "btc", 60).known


@pytest.mark.parametrize("part", ["OP", "om", "BT", "USD", "rule", "no", "USDT:"])
def test_a_part_of_a_name_names_nothing(part: str) -> None:
    """A coin called OP is not the rule "no stop", nor OM the rule "room": not for a silence, an ack, nor their end."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(mark=CRITICAL)))
    for verb in (Verb.SILENCE, Verb.ACK):
        assert not bench.command(verb, part, 60).ok
    assert not any(alert.acknowledged for alert in bench.state.alerts.values())
    quiet(bench, "BTC")
    assert bench.command(Verb.UNSILENCE, part).text == "nothing is silenced there"
    assert len(bench.state.silences) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("btc", "BTC"),
        ("BTCUSDT", BTC),
        ("btc/usdt:usdt", BTC),
        ("BTC/USDT", BTC),
        ("No Stop", 'rule "no stop"'),
        ("no-stop", 'rule "no stop"'),
        ("MAIN", "all of main"),
        ("blind", "blind"),
    ],
)
def test_whole_names_are_understood_and_said_back(asked: str, told: str) -> None:
    """A coin, a symbol in either form, a rule, the account; and the same name ends the silence."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(mark=CRITICAL)))
    assert quiet(bench, asked) == f"silenced until 21:49 UTC: {told}"
    assert bench.command(Verb.UNSILENCE, asked).text == f"no longer silenced: {told}"


def test_a_coin_ends_every_silence_that_is_only_about_it() -> None:
    """Of its symbol, of one alert on it; not of a rule that also watches others."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark=FINE), position(AVAX, entry="30", mark="29.9", size="500", margin="3000")))
    for subject in ("BTCUSDT", alert_handle("main", KEY), "room"):
        quiet(bench, subject)
    bench.command(Verb.UNSILENCE, "BTC")
    assert [one.what for one in bench.state.silences.values()] == ['rule "room"']


def test_one_alert_is_silenced_by_its_handle() -> None:
    """Also before it fires again; the others speak."""
    bench = Bench.with_rules(only(ROOM))
    both = account(position(mark=FINE), position(AVAX, entry="30", mark="29.9", size="500", margin="3000"))
    bench.read(both)
    said = quiet(bench, alert_handle("main", KEY))
    assert said == f'silenced until 21:49 UTC: rule "room" on {BTC}'
    before = len(bench.messages())
    avax = position(AVAX, entry="30", mark="26", size="500", margin="3000")
    bench.after(10).read(account(position(mark=CRITICAL), avax))
    assert events(bench.messages()[before:]) == [("fired", f"rule:room|{AVAX}")]


def test_a_handle_names_the_alert_of_one_account_only() -> None:
    """Two accounts can hold the same symbol under the same rule."""
    assert alert_handle("main", KEY) != alert_handle("alt", KEY)
    assert means(alert_handle("main", KEY), "main", KEY)
    assert not means(alert_handle("main", KEY), "alt", KEY)
    assert means(handle(KEY), "alt", KEY), "the handle of the key alone names it wherever it is"


def test_silence_of_everything_holds_back_no_emergency_and_no_blindness() -> None:
    """A warning of blindness, yes; 45 seconds without a read, no."""
    bench = Bench.with_rules(only(ROOM))
    at(bench, FINE)
    quiet(bench, "", 7200)
    said = len(bench.messages())
    bench.after(20).due()
    assert bench.messages()[said:] == []
    bench.after(30).due()
    assert [(one.alert, one.level) for one in bench.messages()[said:]] == [("blind", Level.CRITICAL)]


def test_what_was_done_is_always_said() -> None:
    """A stop placed under a silence of everything is placed, and told."""
    bench = Bench.with_rules(shipped())
    quiet(bench, "", 7200)
    held = position()
    place = bench.protect(account(held))
    said = len(bench.messages())
    bench.after(1).answer(place)
    bench.after(1).read(account(held, stops=[resting(place.order)]))
    assert bench.messages()[said].lines[0] == "DONE · BTC long · STOP 94,216.9 RESTS · main"


def test_a_silence_outlives_a_restart_with_what_it_owes() -> None:
    """One that ended while the daemon was down owes its word too: once there are figures."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "BTC", 100)
    at(bench, CRITICAL)
    again = bench.restarted()
    assert len(again.state.silences) == 1
    assert at(again, CRITICAL) == []
    again.after(200)
    third = again.restarted()
    assert [message for message in third.messages() if message.alert == KEY] == []
    assert third.state.alerts[KEY].owed
    fourth = third.restarted()
    assert events(at(fourth, CRITICAL)) == [("fired", KEY)]
    assert fourth.rows["silence"] == {}


def test_a_silence_that_could_not_be_saved_is_saved_when_the_disk_works_again() -> None:
    """And one that ended meanwhile is forgotten there too."""
    bench = Bench.with_rules(only(ROOM))
    quiet(bench, "room", 30)
    bench.disk_full = True
    quiet(bench, "BTC", 3600)
    bench.after(40).read(account(position(mark=FINE)))
    bench.disk_full = False
    bench.after(10).read(account(position(mark=FINE)))
    assert [json.loads(text)["subject"] for text in bench.rows["silence"].values()] == ["BTC"]


def test_every_command_is_in_the_journal_with_who_and_what_was_answered() -> None:
    """Refused ones too."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark=FINE)))
    bench.command(Verb.SILENCE, "BTC", 0.0)
    bench.command(Verb.ACK, "BTC")
    bench.command(Verb.DISARM, seconds=60)
    entries: list[Entry] = [entry for one in bench.effects if isinstance(one, Save) for entry in one.entries]
    commands = [json.loads(entry.detail) for entry in entries if entry.kind == "command"]
    assert [(one["verb"], one["subject"], one["ok"]) for one in commands] == [
        ("silence", "BTC", False),
        ("ack", "BTC", True),
        ("disarm", "", True),
    ]
    assert commands[1]["answer"] == "already resolved: nothing fires there"
