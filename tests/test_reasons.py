"""`why`: what every rule reads, how far its alert is, what is silenced and what is done."""

from __future__ import annotations

from dataclasses import replace

from tests.core.bench import AVAX, BTC, Bench, account, foreign, only, position, shipped
from watchdog.alerts.silence import alert_handle
from watchdog.domain.facts import Command
from watchdog.domain.verbs import Verb
from watchdog.reasons import why
from watchdog.rules.schema import Escalation

ROOM = '[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "20%"\ncritical = "40%"\n'


def test_every_rule_that_selects_a_position_is_told_with_its_levels() -> None:
    """Figures, stops and what they are worth, and what would be sent."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(mark="98000"), stops=[foreign("85000")]))
    bench.after(10).read(account(position(mark="98000"), stops=[foreign("85000")]))
    assert why(bench.state, "btc", bench.now).splitlines() == [
        "BTC long 0.500 · isolated · main",
        "Mark 98,000.0 · liq 90,361.4 (ours; Binance says none), read 20:49:10 UTC",
        "Stop: yours 85,000.0 on mark, 0.500: beyond liquidation: it comes too late",
        'Rule "room": 21% of the room from entry is used; warn at 50%, critical at 70%, emergency at 85%',
        (
            'Rule "no stop": Stops close 0.0% of it before liquidation; critical below 95%; '
            "critical holds for 10 s of 60 s"
        ),
        (
            "With every rule firing I would place sell stop-market 0.500 at 94,216.9 on mark, reduce-only "
            '(rule "no stop"). I send nothing: mode is "watch".'
        ),
    ]


def test_an_alert_tells_since_when_who_saw_it_who_is_called_and_that_it_is_silenced() -> None:
    """All that decides whether it is heard."""
    rules = only(ROOM)
    steps = (Escalation(300.0, ("oncall",)),)
    bench = Bench.with_rules(replace(rules, rules=tuple(replace(one, escalate=steps) for one in rules.rules)))
    bench.read(account(position(mark="95900")))
    (line,) = [one for one in why(bench.state, "", bench.now).splitlines() if one.startswith("Rule")]
    assert line.endswith("FIRES at critical since 20:49 UTC; not seen yet: oncall is called at 20:54:00")
    bench.put(Command(Verb.ACK, "1", "BTC", by="Ann"))
    bench.put(Command(Verb.SILENCE, "2", "BTC", 3600.0))
    (line,) = [one for one in why(bench.state, "", bench.now).splitlines() if one.startswith("Rule")]
    assert line.endswith("FIRES at critical since 20:49 UTC; seen by Ann; silenced until 21:49 UTC")


def test_a_condition_that_does_not_hold_is_told() -> None:
    """Why a rule that reads a dangerous figure does not fire."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(mark="100000", margin="40000")))
    lines = why(bench.state, "BTC", bench.now).splitlines()
    assert next(one for one in lines if one.startswith('Rule "no stop"')).endswith("its only_if does not hold")


def test_pools_and_handles_and_what_nothing_is_called() -> None:
    """A pool by its name, an alert's position by its handle; else nothing."""
    bench = Bench.with_rules(shipped("watch"))
    assert why(bench.state, "", bench.now) == "main: nothing was read yet"
    avax = position(AVAX, entry="30", mark="30", size="500", margin="3000")
    bench.read(account(position(margin=None, size="1"), avax))
    assert why(bench.state, "pool usdt", bench.now).splitlines()[0] == "USDT pool (BTC long) · cross · main"
    named = why(bench.state, alert_handle("main", f"rule:room|{AVAX}"), bench.now).splitlines()
    assert named[0] == "AVAX long 500.000 · isolated · main"
    assert why(bench.state, "DOGE", bench.now) == ""
    assert why(bench.state, BTC, bench.now).startswith("BTC long 1.000 · cross · main")


def test_old_figures_are_said_to_be_old() -> None:
    """Nothing is judged by them."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position()))
    assert "too old to judge by" in why(bench.after(31).state, "BTC", bench.now)
