"""What a tick costs that crosses no rule, by how much is watched: through `core.step`, which is pure, so by CPU time.

Isolated positions stand each for itself, one on each symbol; cross ones share one pool. The shipped rules judge them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from tests.bench.figures import median
from watchdog.core.state import Identity, State, restore
from watchdog.core.step import step
from watchdog.domain.facts import Due, Instant, Mark, Snapshot
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    MarginMode,
    Position,
    PositionSide,
    Side,
)
from watchdog.domain.reading import Unknown
from watchdog.rules.parse import parse_rules

WALL = 1_760_129_340.0
PRICE = Decimal(100)
NOT_GIVEN = Unknown("not given")
TIERS = (
    Tier(Decimal(0), Decimal(300_000), Decimal("0.004"), Decimal(0)),
    Tier(Decimal(300_000), Decimal(800_000), Decimal("0.005"), Decimal(300)),
    Tier(Decimal(800_000), None, Decimal("0.0065"), Decimal(1500)),
)
"""The first brackets of BTCUSDT (Binance)."""

Kind = Literal["isolated", "cross"]


def symbol(number: int) -> str:
    """The symbol of one of many."""
    return f"S{number}/USDT:USDT"


def account(kind: Kind, count: int) -> AccountRead:
    """So many longs with a third of their value behind them, each on a symbol of its own."""
    held = Position(
        symbol="",
        side=Side.LONG,
        position_side=PositionSide.BOTH,
        margin_mode=MarginMode.CROSS if kind == "cross" else MarginMode.ISOLATED,
        margin_asset="USDT",
        size=Decimal(100),
        entry=PRICE,
        mark=PRICE,
        isolated_wallet=None if kind == "cross" else Decimal(3_300),
        venue_maintenance=NOT_GIVEN,
        venue_liquidation=NOT_GIVEN,
    )
    market = Market(
        symbol="",
        venue_id="",
        base="",
        margin_asset="USDT",
        tick=Decimal("0.01"),
        step=Decimal("0.1"),
        min_size=Decimal("0.1"),
        max_size=None,
        min_notional=Decimal(5),
        taker_fee=Decimal("0.0005"),
        tiers=TIERS,
    )
    names = [symbol(number) for number in range(count)]
    return AccountRead(
        modes=AccountModes(hedge=False, multi_asset=False, can_trade=True),
        positions=tuple(replace(held, symbol=name) for name in names),
        balances=(Balance("USDT", Decimal(3_300 * count), Decimal(0), NOT_GIVEN),),
        stops=(),
        markets=tuple(replace(market, symbol=name, venue_id=name, base=name.split("/")[0]) for name in names),
        venue_time_ms=0,
    )


def watched(kind: Kind, count: int, rules: Path) -> State:
    """An account with so many positions, read and judged."""
    ruleset = parse_rules(rules.read_text(encoding="utf-8"), rules.name, frozenset({"main"}))
    who = Identity("main", "binanceusdm", "0123abcd", zone=UTC)
    state = restore(who, ruleset, {}, Instant(0.0, WALL))
    state, _ = step(state, Due(), Instant(0.0, WALL))
    state, _ = step(state, Snapshot(account(kind, count), 0.0, 0.1), Instant(0.1, WALL + 0.1))
    return state


def seconds_a_tick(state: State, count: int, ticks: int) -> list[float]:
    """CPU seconds of each of so many ticks, on one symbol after the other."""
    taken = []
    for number in range(ticks):
        mark = Mark(symbol(number * 7 % count), PRICE + Decimal(number % 9) / 100, 0)
        now = Instant(1.0 + number / 1000, WALL + 1.0 + number / 1000)
        began = time.process_time()
        state, effects = step(state, mark, now)
        taken.append(time.process_time() - began)
        if effects:
            raise RuntimeError(f"an idle tick asked for {effects}")
    return taken


def measure(rules: Path, isolated: Sequence[int], cross: Sequence[int], ticks: int) -> dict[str, Any]:
    """Median seconds of a tick by count; `ratio_…`: that of the most positions over that of 100."""
    costs: dict[str, dict[int, float]] = {"isolated": {}, "cross": {}}
    kinds: tuple[tuple[Kind, Sequence[int]], ...] = (("isolated", isolated), ("cross", cross))
    for kind, counts in kinds:
        for count in counts:
            state = watched(kind, count, rules)
            gc.collect()
            most = ticks if kind == "isolated" else max(10, ticks * 10 // count)
            costs[kind][count] = median(seconds_a_tick(state, count, most))
    return {
        **costs,
        "ratio_isolated": costs["isolated"][max(isolated)] / costs["isolated"][100],
        "ratio_cross": costs["cross"][max(cross)] / costs["cross"][100],
    }
