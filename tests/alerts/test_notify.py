"""Who hears an alert: by its level, its rule, and by escalation when nobody acknowledges it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.core.bench import BTC, Bench, account, only, position
from watchdog.alerts.desk import SILENCE_FOR
from watchdog.alerts.lifecycle import from_json, to_json
from watchdog.alerts.silence import alert_handle
from watchdog.domain.effects import EVERYONE, Level, Message
from watchdog.domain.facts import Instant
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Escalation, Rule, Ruleset

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
STEPS = (Escalation(300.0, ("oncall",)), Escalation(900.0, ("boss", "siren")))


def rules(text: str = ROOM, **changes: object) -> Ruleset:
    """One rule, changed."""
    made = only(text)
    (rule,) = made.rules
    return replace(made, rules=(replace(rule, **changes),))  # type: ignore[arg-type]  # by name


def told(rule: Rule, level: Level, *names: str) -> dict[Level, object]:
    """The levels of a rule, one of which names its channels."""
    return {**rule.levels, level: replace(rule.levels[level], notify=names)}


def read(bench: Bench, mark: str, *, after: float = 10.0, times: int = 1) -> list[Message]:
    """Snapshots at one mark; what they told."""
    before = len(bench.messages())
    for _ in range(times):
        bench.after(after).read(account(position(mark=mark)))
    return bench.messages()[before:]


def said(messages: list[Message]) -> list[tuple[str, tuple[str, ...]]]:
    """Event and channels."""
    return [(message.event, message.channels) for message in messages]


def test_without_names_everyone_hears_by_their_own_minimum() -> None:
    """No channel is named."""
    bench = Bench.with_rules(rules())
    assert said(read(bench, CRITICAL)) == [("fired", ())]
    assert said(read(bench, FINE)) == [("resolved", ())]


def test_a_level_names_its_channels_else_the_rule_does() -> None:
    """And the end of it is heard by all that heard any of it."""
    (rule,) = only(ROOM).rules
    levels = told(rule, Level.CRITICAL, "siren")
    bench = Bench.with_rules(rules(notify=("phone",), levels=levels))
    assert said(read(bench, WARN)) == [("fired", ("phone",))]
    assert said(read(bench, CRITICAL)) == [("worsened", ("siren",))]
    assert said(read(bench, CRITICAL, after=100, times=18)) == [("repeated", ("siren",))]
    assert said(read(bench, FINE)) == [("resolved", ("phone", "siren"))]


def test_the_closing_of_a_position_is_heard_by_everyone_and_by_those_its_alerts_named() -> None:
    """A channel that a rule names may hear nothing else."""
    bench = Bench.with_rules(rules(notify=("siren",)))
    read(bench, CRITICAL)
    bench.after(10).read(account())
    bench.after(2).read(account())
    assert bench.messages()[-1].lines[0].startswith("CLOSED")
    assert bench.messages()[-1].channels == (EVERYONE, "siren")


def test_nobody_acknowledges_and_one_after_the_other_is_called() -> None:
    """Each step once, with sound, to its own channels; from then on they hear what the others hear, and the end."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL)
    assert read(bench, CRITICAL, times=29) == []
    (first,) = read(bench, CRITICAL)
    assert (first.event, first.channels, first.sound, first.level) == ("escalated", ("oncall",), True, Level.CRITICAL)
    assert first.lines[0] == "CRITICAL · BTC long 5.8% from liq · NO STOP · main (nobody has seen it)"
    assert said(read(bench, CRITICAL, times=59)) == []
    assert said(read(bench, CRITICAL)) == [("escalated", ("boss", "siren"))]
    assert said(read(bench, CRITICAL, times=90)) == [("repeated", (EVERYONE, "oncall", "boss", "siren"))]
    assert said(read(bench, FINE)) == [("resolved", (EVERYONE, "oncall", "boss", "siren"))]


def test_it_asks_to_be_woken_for_each_step() -> None:
    """No read or tick is needed: without any, the account is blind, and the alert is escalated all the same."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL)
    began = bench.mono
    times: list[float] = []
    while bench.mono < began + 1000:
        bench.mono = bench.wake
        bench.due()
        times += [(bench.mono - began) for message in bench.messages() if message.event == "escalated"][len(times) :]
    assert times == [300.0, 900.0]


def test_an_escalation_without_a_read_says_of_when_its_figures_are() -> None:
    """A new process that reads nothing still calls: with what was last said, under the time of that."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    (first,) = read(bench, CRITICAL)
    again = bench.after(298).restarted()
    again.after(10).due()
    (called,) = [message for message in again.messages() if message.event == "escalated"]
    assert called.lines[0] == f"{first.lines[0]} (nobody has seen it) · figures of 20:49:10"
    assert called.lines[1:] == first.lines[1:]


def test_the_message_says_who_is_called_and_when() -> None:
    """20:49:10 and five minutes."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    (fired,) = read(bench, CRITICAL)
    assert "Unless somebody acks it I call oncall at 20:54:10." in fired.lines


def test_an_ack_stops_it_and_getting_worse_starts_it_again() -> None:
    """From the first step, counted from the worsening."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL)
    read(bench, CRITICAL, times=10)
    bench.command(Verb.ACK)
    assert read(bench, CRITICAL, times=100) == []
    assert said(read(bench, EMERGENCY, times=2)) == [("repeated", ()), ("worsened", ())], "nearer, then worse"
    assert said(read(bench, EMERGENCY, times=28)) == [], "it counts from the first of the two"
    assert said(read(bench, EMERGENCY)) == [("escalated", ("oncall",))]


def test_getting_worse_without_an_ack_does_not_begin_it_anew() -> None:
    """Five minutes without anybody are five minutes, at whatever level; who was called hears of the worsening."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL)
    read(bench, EMERGENCY, times=20)
    assert said(read(bench, EMERGENCY, times=10)) == [("escalated", ("oncall",))]


def test_a_warning_does_not_escalate_where_the_rule_has_a_critical_level() -> None:
    """The five minutes count from critical."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, WARN, times=100)
    assert said(bench.messages()) == [("fired", ())]
    read(bench, CRITICAL)
    assert said(read(bench, CRITICAL, times=30)) == [("escalated", ("oncall",))]


def test_a_rule_of_warnings_escalates_from_its_highest_level() -> None:
    """Or what its owner wrote would do nothing."""
    bench = Bench.with_rules(rules('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "20%"\n', escalate=STEPS))
    read(bench, WARN)
    (called,) = read(bench, WARN, times=30)
    assert (called.event, called.level, called.sound) == ("escalated", Level.WARN, True)


def test_steps_that_came_due_while_the_daemon_was_down_are_taken_together_once() -> None:
    """With the words of before, since nothing was read yet; and no step twice."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL)
    bench.after(2000)
    again = bench.restarted()
    (called,) = [message for message in again.messages() if message.event == "escalated"]
    assert called.channels == ("oncall", "boss", "siren")
    assert called.lines[0].startswith("CRITICAL · BTC long 5.8% from liq")
    third = again.restarted()
    assert [message for message in third.messages() if message.event == "escalated"] == []


def test_what_escalated_how_far_is_saved() -> None:
    """And an alert of the first version loads: told to everyone, waiting since it began."""
    bench = Bench.with_rules(rules(escalate=STEPS))
    read(bench, CRITICAL, times=40)
    alert = bench.state.alerts[KEY]
    assert (alert.escalated, alert.reached, alert.heard) == (1, ("oncall",), (EVERYONE, "oncall"))
    now = Instant(5.0, bench.now.wall + 100)
    back = from_json(KEY, to_json(alert), now)
    assert (back.escalated, back.reached, back.heard, back.told) == (1, ("oncall",), (EVERYONE, "oncall"), alert.told)
    assert back.waits is not None
    assert alert.waits is not None
    assert now.mono - back.waits.mono == pytest.approx(now.wall - alert.waits.wall)
    raw = json.loads(to_json(alert))
    for name in ("told", "owed", "heard", "waits", "escalated", "reached", "seen_by", "worst_distance", "worst_at"):
        del raw[name]
    old = from_json(KEY, json.dumps(raw), now)
    assert (old.told, old.heard, old.escalated) == (Level.CRITICAL, (EVERYONE,), 0)
    assert old.waits == old.began


def test_what_fires_can_be_acknowledged_and_from_critical_up_silenced_for_an_hour() -> None:
    """Under every message of it, and under none that it is over."""
    bench = Bench.with_rules(rules())
    handle = alert_handle("main", KEY)
    (warned,) = read(bench, WARN)
    assert [(one.label, one.verb, one.subject) for one in warned.buttons] == [("Ack", Verb.ACK, handle)]
    (worse,) = read(bench, CRITICAL)
    assert [(one.verb, one.subject, one.seconds) for one in worse.buttons] == [
        (Verb.ACK, handle, 0.0),
        (Verb.SILENCE, handle, SILENCE_FOR),
    ]
    (over,) = read(bench, FINE)
    assert over.buttons == ()
    assert len(handle) <= 16


def test_being_blind_can_be_acknowledged_only() -> None:
    """It is said, silence or not."""
    bench = Bench.with_rules(rules())
    read(bench, FINE)
    bench.after(50).due()
    (blind,) = [message for message in bench.messages() if message.alert == "blind"]
    assert [one.verb for one in blind.buttons] == [Verb.ACK]
