"""What people decide, and whether it leaves orders to be sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.core.bench import BTC, WALL, Bench, account, foreign, only, position, resting, shipped
from watchdog.core.hands import leave
from watchdog.core.step import RulesChanged
from watchdog.domain.facts import Finished
from watchdog.domain.ids import order_id
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Mode, Ruleset

HELD = position()
SOON = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""


def test_an_account_new_to_act_waits_and_says_until_when() -> None:
    """Ten minutes from its first moment in `act`, by itself, once."""
    bench = Bench.with_rules(only(SOON, 'mode = "act"'))
    for _ in range(59):
        bench.read(account(HELD))
        bench.after(10)
    assert bench.placed() == []
    assert bench.heads()[0] == "INFO · main may act from 20:59:00 UTC · main"
    assert "`watchdog arm`" in bench.messages()[0].lines[3]
    bench.after(10).read(account(HELD))
    assert len(bench.placed()) == 1


def test_the_wait_is_not_begun_anew_by_a_restart() -> None:
    """The time is kept."""
    bench = Bench.with_rules(only(SOON, 'mode = "act"'))
    bench.read(account(HELD))
    again = bench.after(300).restarted()
    assert again.state.act_from == WALL + 600
    assert again.messages() == []


def test_a_tap_ends_the_wait() -> None:
    """`watchdog arm`."""
    bench = Bench.with_rules(only(SOON, 'mode = "act"'))
    bench.read(account(HELD))
    reply = bench.after(5).command(Verb.ARM)
    assert (reply.ok, reply.text) == (True, "armed")
    bench.after(5).read(account(HELD))
    assert len(bench.placed()) == 1


def test_back_to_watch_and_to_act_waits_anew() -> None:
    """It is new to `act` again."""
    bench = Bench.with_rules(only(SOON, 'mode = "act"\nfirst_act_after = "1m"'))
    bench.read(account(HELD))
    bench.after(100).put(RulesChanged(only(SOON, 'mode = "watch"')))
    assert bench.state.act_from is None
    bench.after(1).put(RulesChanged(only(SOON, 'mode = "act"\nfirst_act_after = "1m"')))
    bench.after(1).read(account(HELD))
    assert bench.placed() == []


@pytest.mark.parametrize(
    ("rules", "cap"),
    [
        (only(SOON, 'mode = "watch"'), Mode.ACT),
        (only(SOON), Mode.WATCH),
        (only(SOON, 'mode = "act"\nfirst_act_after = "0s"\naccounts = { main = "watch" }'), Mode.ACT),
        (only(SOON + 'mode = "watch"\n'), Mode.ACT),
    ],
)
def test_the_most_cautious_mode_wins(rules: Ruleset, cap: Mode) -> None:
    """Global, the account's in either file, or the rule's: one `watch` and nothing is sent."""
    bench = Bench.with_rules(rules, cap=cap)
    for _ in range(10):
        bench.read(account(HELD))
        bench.after(10)
    assert bench.placed() == []
    assert [key for key in bench.firing() if "no stop" in key], "it says so all the same"


def test_disarmed_nothing_is_sent_until_the_time_is_over() -> None:
    """Then it is armed again by itself, and says so; what rests stays."""
    bench = Bench.with_rules(only(SOON))
    reply = bench.command(Verb.DISARM, seconds=60)
    assert reply.text == "disarmed until 20:50:00 UTC"
    for _ in range(6):
        bench.read(account(HELD))
        bench.after(10)
    assert bench.placed() == []
    bench.read(account(HELD))
    assert len(bench.placed()) == 1
    assert [head for head in bench.heads() if "armed" in head.lower()] == [
        "INFO · main is DISARMED until 20:50:00 UTC · main",
        "INFO · main is armed again · main",
    ]


def test_disarming_ends_by_itself_even_if_nothing_happens() -> None:
    """It asks to be woken then."""
    bench = Bench.with_rules(only(SOON))
    bench.command(Verb.DISARM, seconds=7)
    assert bench.wake == 7


def test_disarmed_also_means_no_cancel_and_no_second_sending() -> None:
    """A growing position keeps its old stop; a closed one keeps it too, and the message says so."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    bench.command(Verb.DISARM, seconds=600)
    orders = len(bench.placed())
    bench.after(10).read(account(replace(HELD, size=HELD.size * 2), stops=[stop]))
    bench.after(10).read(account(stops=[stop]))
    bench.after(10).read(account(stops=[stop]))
    assert len(bench.placed()) == orders
    assert bench.cancelled() == []
    closed = bench.messages()[-1]
    assert closed.lines[2].startswith("My stop 94,216.9 still rests, and I send nothing: disarmed until")


def test_a_disarming_outlives_a_restart() -> None:
    """With its end."""
    bench = Bench.with_rules(only(SOON))
    bench.command(Verb.DISARM, seconds=600)
    again = bench.restarted()
    again.read(account(HELD))
    assert again.placed() == []
    assert leave(again.state, again.now).why_not == "disarmed until 20:59:00 UTC"


@pytest.mark.parametrize("seconds", [0.0, -1.0, 7 * 86400 + 1, float("nan"), float("inf")])
def test_a_disarming_has_an_end(seconds: float) -> None:
    """Between a second and a week; anything else is refused and changes nothing."""
    bench = Bench.with_rules(only(SOON))
    assert not bench.command(Verb.DISARM, seconds=seconds).ok
    assert bench.state.disarmed_until is None


def test_arming_says_when_it_changes_nothing() -> None:
    """In `watch`."""
    bench = Bench.with_rules(shipped("watch"))
    assert bench.command(Verb.ARM).text == 'not disarmed; it sends nothing, since its mode is "watch"'


def test_arming_ends_hands_off_and_that_is_remembered() -> None:
    """Also by a process that starts right after."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    for _ in range(2):
        bench.after(10).read(account(HELD))
        bench.answer(bench.looked_up()[-1], Finished("CANCELED"))
        bench.after(2).read(account(HELD))
        if not bench.guard().hands_off:
            bench.answer(bench.placed()[-1])
            bench.after(2).read(account(HELD, stops=[resting(bench.placed()[-1].order)]))
    assert bench.guard().hands_off
    assert f"stop|{BTC}" in bench.firing()
    placed = len(bench.placed())
    bench.command(Verb.ARM)
    assert json.loads(bench.rows["guard"][f"{BTC}|both"])["removed"] == 0
    assert len(bench.placed()) == placed + 1
    assert f"stop|{BTC}" not in bench.firing()


def test_another_watchdogs_stop_turns_acting_off() -> None:
    """An emergency, until it is gone; a stop of no watchdog, or of ours, is none."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(stops=[foreign("95000")]))
    theirs = replace(foreign("95000", "0.1"), client_id=str(order_id("fedc9876", "main", HELD.key, 3)))
    bench.after(10).read(account(HELD, stops=[theirs]))
    assert bench.placed() == []
    assert "instance" in bench.firing()
    assert bench.heads()[0] == "EMERGENCY · ANOTHER WATCHDOG acts on main · main"
    bench.after(10).read(account(HELD))
    assert "instance" not in bench.firing()
    assert len(bench.placed()) == 1


def test_a_key_that_can_not_trade_is_told_in_act() -> None:
    """In `watch` it is as it should be."""
    for mode, fires in (("act", True), ("watch", False)):
        bench = Bench.with_rules(shipped(mode))
        read = account(HELD)
        bench.read(replace(read, modes=replace(read.modes, can_trade=False)))
        assert ("trade" in bench.firing()) is fires
