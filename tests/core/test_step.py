"""The step itself: when it wakes, what a tick costs, what it never does."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.bench import BTC, Bench, account, d, foreign, market, only, position, shipped
from watchdog.alerts import judge
from watchdog.core.step import begin, finish, step, unfinished
from watchdog.domain.effects import Effect, Place, Publish, Save, WakeAt
from watchdog.domain.facts import Command, Mark, Rejected
from watchdog.domain.verbs import Verb
from watchdog.protection import outcome, work

ROOT = Path(__file__).parents[2] / "watchdog"
HELD = position()


def test_it_always_asks_to_be_woken_and_never_in_the_past() -> None:
    """A read that never ends: it wakes for what is to be said of that, and for nothing else."""
    bench = Bench.with_rules(shipped())
    bench.due()
    woken = []
    while bench.wake > bench.mono:
        bench.mono = bench.wake
        woken.append(bench.mono)
        bench.due()
    assert woken == [15, 30, 45, 1845, 3645, 5445]
    assert [message.event for message in bench.messages() if message.alert == "blind"] == [
        "fired", "worsened", "repeated", "repeated", "repeated",
    ]  # fmt: skip


def test_reads_that_go_on_failing_do_not_make_it_spin() -> None:
    """Eight seconds between two tries."""
    bench = Bench.with_rules(shipped())
    bench.due()
    bench.fail()
    tries = 0
    while bench.mono < 3600:
        bench.mono = bench.wake
        before = len(bench.effects)
        bench.due()
        if any(type(effect).__name__ == "Read" for effect in bench.effects[before:]):
            bench.fail()
            tries += 1
    assert 400 <= tries <= 460


def test_ticks_after_a_cool_down_do_not_ask_to_be_woken_at_once() -> None:
    """A moment that has passed is no reason to wake: each tick would cost a look at the whole account."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, Rejected("-1111", "Precision"))
    bench.after(1).read(account(HELD, stops=[foreign("95000")]))
    bench.after(27).read(account(HELD, stops=[foreign("95000")]))
    bench.after(5).due()
    assert bench.guard().next_try < bench.mono
    for price in ("99990", "99980", "99970"):
        wakes = [effect.mono for effect in bench.after(0.1).mark(BTC, price) if isinstance(effect, WakeAt)]
        assert all(mono > bench.mono for mono in wakes)


def test_a_hold_ends_by_itself() -> None:
    """A minute after a tick began it, without another read, tick or frame."""
    bench = Bench.with_rules(
        only('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = { at = "40%", hold = "7s" }\n')
    )
    bench.read(account(HELD))
    bench.after(1).mark(BTC, "96000")
    assert bench.wake == 8.0
    bench.mono = 8.0
    bench.due()
    assert bench.firing() == {f"rule:room|{BTC}"}


def test_a_snapshot_grows_old_by_itself() -> None:
    """It asks to be woken when its numbers turn unknown."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD))
    for _ in range(20):
        bench.mono = bench.wake
        bench.due()
        if bench.mono >= 30:
            break
    assert bench.mono == 30.0
    assert not bench.state.fresh(bench.mono)


def test_a_tick_looks_at_its_own_positions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred positions and as many stops: one is judged, one guard worked, and no list of all is walked."""
    symbols = [f"C{number}/USDT:USDT" for number in range(300)]
    held = tuple(position(symbol) for symbol in symbols)
    stops = tuple(replace(foreign("95000"), symbol=symbol, client_id=symbol) for symbol in symbols)
    read = replace(account(HELD), positions=held, stops=stops, markets=tuple(market(symbol) for symbol in symbols))
    bench = Bench.with_rules(shipped())
    bench.read(read)
    judged: list[str] = []
    worked: list[str] = []
    judge_one, work_one = judge._judge_position, outcome.next_effect

    def judging(view: Any, desk: Any, risk: Any, now: Any, **more: Any) -> None:
        judged.append(risk.position.symbol)
        judge_one(view, desk, risk, now, **more)

    def working(guard: Any, *rest: Any) -> Any:
        worked.append(guard.key.symbol)
        return work_one(guard, *rest)

    monkeypatch.setattr(judge, "_judge_position", judging)
    monkeypatch.setattr(work, "next_effect", working)
    calls = 0

    def count(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        bench.after(1).mark(symbols[7], "99900")
    finally:
        sys.setprofile(None)
    assert judged == worked == [symbols[7]]
    many = calls
    calls = 0
    small = Bench.with_rules(shipped())
    small.read(account(HELD, stops=[foreign("95000")]))
    sys.setprofile(count)
    try:
        small.after(1).mark(BTC, "99900")
    finally:
        sys.setprofile(None)
    assert many <= calls * 1.1, "a tick costs more in a larger account"


def crowd() -> Bench:
    """Ten positions in trouble, a reload, a restart, all of it closed: everything that walks over a map."""
    held = [
        position(f"C{number}/USDT:USDT", size="1", margin=str(8000 + 300 * number) if number % 3 else None)
        for number in range(10)
    ]
    read = replace(account(*held, wallet="30000"), markets=tuple(market(one.symbol) for one in held))
    bench = Bench.with_rules(shipped())
    for _ in range(8):
        bench.after(10).read(read)
    for place in bench.placed():
        bench.after(0.1).answer(place, Rejected("-1111", "Precision"))
    bench.after(1).frame()
    bench.command(Verb.ACK)
    again = bench.restarted()
    for _ in range(3):
        again.after(10).read(account())
    again.effects = [*bench.effects, *again.effects]
    return again


def test_the_same_facts_ask_for_the_same_effects_in_the_same_order() -> None:
    """The maps of the state have no order of their own: none of it may show."""
    assert crowd().effects == crowd().effects


def test_the_position_nearest_to_liquidation_is_served_first() -> None:
    """When many need a stop in one step."""
    orders = [place.order.symbol for place in crowd().placed()]
    isolated = [symbol for symbol in orders if int(symbol[1]) % 3]
    assert isolated == [f"C{number}/USDT:USDT" for number in (1, 2, 4, 5, 7, 8)]


def test_a_tick_of_what_is_not_held_changes_nothing() -> None:
    """No effects at all."""
    bench = Bench.with_rules(shipped())
    assert bench.mark("ETH/USDT:USDT", "4000") == []
    bench.read(account(HELD))
    assert bench.after(1).mark("ETH/USDT:USDT", "4000") == []


def test_quiet_reads_save_nothing() -> None:
    """A disk is not written because time passes."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD, stops=[foreign("95000")]))
    for _ in range(10):
        effects = bench.after(10).read(account(HELD, stops=[foreign("95000")]))
        assert not [effect for effect in effects if isinstance(effect, Save)]


def test_memory_does_not_grow_with_time() -> None:
    """A day of reads, ticks, and a position opened and closed again and again."""
    bench = Bench.with_rules(shipped("watch"))
    for turn in range(300):
        bench.read(account(*([HELD] if turn % 7 < 4 else [])))
        bench.after(5).mark(BTC, str(100000 - turn % 50))
        bench.after(5)
        bench.effects.clear()
    assert len(bench.state.guards) == 1
    assert len(bench.state.marks) == 1
    assert len(bench.state.alerts) <= 2
    assert len(bench.rows["guard"]) == 1
    assert len(bench.rows.get("alert", {})) <= 2


@pytest.mark.parametrize("room", ["core", "alerts", "protection", "domain", "report.py"])
def test_the_rooms_are_pure(room: str) -> None:
    """No event loop, venue library, database, network, disk or machine clock is imported there."""
    barred = {
        "asyncio",
        "ccxt",
        "sqlalchemy",
        "sqlite3",
        "aiohttp",
        "httpx",
        "time",
        "os",
        "random",
        "socket",
        "pathlib",
    }
    files = [ROOT / room] if room.endswith(".py") else sorted((ROOT / room).glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not barred & {name.partition(".")[0] for name in names}, f"{file.name}: {names}"
            assert not [
                name
                for name in names
                if name.startswith(("watchdog.venues", "watchdog.store", "watchdog.clock"))
                and name != "watchdog.venues.known"  # a plain table of the venues' names and words
            ]
            called = node.attr if isinstance(node, ast.Attribute) else ""
            assert called not in {"now", "utcnow", "today"} or "datetime" not in ast.dump(node), (
                f"{file.name} reads a clock"
            )


def test_what_is_shown_is_published_when_it_changes_and_not_by_every_tick() -> None:
    """After snapshots and commands, and when an alert speaks or ends; a tick that changes no alert shows nothing."""
    bench = Bench.with_rules(only('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "40%"\n'))

    def published(effects: list[Effect]) -> bool:
        return any(isinstance(effect, Publish) for effect in effects)

    assert published(bench.read(account(HELD)))
    assert not published(bench.after(1).mark(BTC, "99900"))
    assert published(bench.after(1).mark(BTC, "95000"))
    assert not published(bench.after(1).mark(BTC, "94990"))
    assert published(bench.after(1).mark(BTC, "99900"))
    assert not published(bench.frame())
    assert published(bench.put(Command(Verb.ACK, "me")))
    bench.after(20)
    assert published(bench.frame()), "it is blind"


RESTS_AT_NINETY = """
[[rule]]
name     = "room"
metric   = "room_used"
critical = "70%"
stop     = { when = "critical", place = { entry_to_liquidation = "90%" } }
"""


def test_a_tick_s_order_is_there_before_its_words() -> None:
    """The first half has the order alone; the second says the same as a step that is not halved, and no order more."""
    bench = Bench.with_rules(only(RESTS_AT_NINETY))
    bench.read(account(position()))
    tick, now = Mark(BTC, d("92500"), 0), bench.after(1).now
    state, first, rest = begin(bench.state, tick, now)
    assert [type(effect) for effect in first] == [Place]
    assert rest is not None
    after, second = finish(state, rest)
    whole, effects = step(bench.state, tick, now)
    assert (after, (*first, *second)) == (whole, effects)
    saves = [effect for effect in second if isinstance(effect, Save)]
    assert [message.lines[0] for save in saves for message in save.messages] == [
        "CRITICAL · BTC long 2.3% from liq · NO STOP · main"
    ]
    assert not any(isinstance(effect, Place) for effect in second)


def test_a_tick_that_sends_no_order_is_whole_at_once() -> None:
    """An alert without a stop, and a tick that changes nothing: there is no second half."""
    bench = Bench.with_rules(only('[[rule]]\nname = "room"\nmetric = "room_used"\ncritical = "70%"'))
    bench.read(account(position()))
    for price, says in (("99900", False), ("92500", True)):
        bench.state, effects, rest = begin(bench.state, Mark(BTC, d(price), 0), bench.after(1).now)
        assert rest is None
        assert any(isinstance(effect, Save) and effect.messages for effect in effects) is says


def test_words_that_fail_are_owed_again() -> None:
    """A mistake in the second half: the order stands, and the next tick raises the alert that was not said."""
    bench = Bench.with_rules(only(RESTS_AT_NINETY))
    bench.read(account(position()))
    state, first, rest = begin(bench.state, Mark(BTC, d("92500"), 0), bench.after(1).now)
    assert rest is not None
    bench.state = unfinished(state, rest)
    assert bench.firing() == set()
    assert bench.guard().step is not None
    bench.after(1).mark(BTC, "92490")
    assert bench.heads() == ["CRITICAL · BTC long 2.3% from liq · NO STOP · main"]
    assert bench.placed() == [], "one order is on its way"
    assert len(first) == 1
