"""When does the requirement reach the equity? One walk answers it for a price and for a pool's common move.

Both are the same question. Along a line (the price of one position, or one factor on all prices of a pool) each
position requires a piecewise straight amount and the equity is straight. The walk goes from where we are toward danger,
edge by edge, and stops at the first point where the requirement is not below the equity: inside a piece by its
equation, or at an edge where a table without `cum` jumps. So the tier is always the one at the answer, not today's.

A contract that is straight in something else than price (an inverse one in 1/price) walks the same way along that.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from watchdog.domain.position import Side
from watchdog.risk.exact import ONE, ZERO, exactly
from watchdog.risk.tiers import Requirement

Way: TypeAlias = Literal[-1, 1]
"""−1: toward zero · +1: up, without end."""

DOWN: Way = -1
UP: Way = 1


class Load(NamedTuple):
    """One position on the line: at `x` its notional is `scale · x`, and `requirement` says what that requires."""

    scale: Decimal
    requirement: Requirement


class Equity(NamedTuple):
    """What stands behind the loads: `value` at the start of the walk, changing by `slope` a unit of `x`."""

    value: Decimal
    slope: Decimal


class Exposure(NamedTuple):
    """A position of a pool, in the pool's money: its side, its notional now, and what is required of a notional."""

    side: Side
    notional: Decimal
    requirement: Requirement
    gain: Decimal | None = None
    """What it gains when the price doubles, where that is not `side · notional`."""


@dataclass(frozen=True, slots=True)
class Shock:
    """How far all prices of a pool may move together before it is liquidated, as signed shares of the prices.

    `down` is in (−1, 0], `up` is 0 or more, None where no move that way does it: there is no bound on the way up, the
    last piece of every table is followed to its end.
    """

    down: Decimal | None
    up: Decimal | None

    @property
    def nearest(self) -> Decimal | None:
        """The smaller move of the two; down when they are as far."""
        moves = [move for move in (self.down, self.up) if move is not None]
        return min(moves, key=abs) if moves else None


@exactly
def liquidation_price(
    side: Side, size: Decimal, mark: Decimal, equity: Decimal, requirement: Requirement
) -> Decimal | None:
    """The first price from mark toward danger at which maintenance (and fee) reaches equity; None: no price does.

    Linear contracts. `equity` is what stands behind this position at `mark`, its own unrealised profit included, the
    other positions' maintenance taken off: `wallet + ΣuPnL − Σ other maintenance`. Already there: the mark itself. A
    long may have none above zero; a short always has one, as losses without end meet any equity.
    """
    toward = DOWN if side is Side.LONG else UP
    return crossing([Load(size, requirement)], Equity(equity, side.sign * size), mark, toward)


@exactly
def inverse_liquidation_price(
    side: Side, size: Decimal, mark: Decimal, equity: Decimal, requirement: Requirement
) -> Decimal | None:
    """The same for an inverse contract: `size` is its face value in quote, `equity` is in the coin.

    It is straight in one over the price: `size / price` is the notional, in the coin, and so are the tiers. A long
    always has a price; a short has none where it is covered by the coins behind it.
    """
    toward = UP if side is Side.LONG else DOWN
    found = crossing([Load(size, requirement)], Equity(equity, -side.sign * size), ONE / mark, toward)
    return None if found is None else ONE / found


@exactly
def shock(exposures: Sequence[Exposure], equity: Decimal, collateral: Decimal = ZERO) -> Shock:
    """The common moves of all prices that liquidate a pool with this equity, each position's tiers walked.

    `collateral` is what of the equity is held in coins that move along.
    """
    loads = [Load(exposure.notional, exposure.requirement) for exposure in exposures]
    slope = collateral + sum(
        (one.side.sign * one.notional if one.gain is None else one.gain for one in exposures), ZERO
    )
    down, up = (crossing(loads, Equity(equity, slope), ONE, way) for way in (DOWN, UP))
    return Shock(None if down is None else down - ONE, None if up is None else up - ONE)


@exactly
def inverse_shock(exposures: Sequence[Exposure], equity: Decimal) -> Shock:
    """The same for a pool of inverse contracts of one coin, all in that coin."""
    loads = [Load(exposure.notional, exposure.requirement) for exposure in exposures]
    slope = sum((-exposure.side.sign * exposure.notional for exposure in exposures), ZERO)
    down, up = (crossing(loads, Equity(equity, slope), ONE, way) for way in (UP, DOWN))
    return Shock(None if down is None else ONE / down - ONE, None if up is None else ONE / up - ONE)


@exactly
def first_crossing(loads: Sequence[Load], equity: Equity, start: Decimal, toward: Way) -> Decimal | None:
    """The first `x > 0` from `start` at which what the loads require is not below the equity; None: there is none.

    Exact up to the rounding of 50 digits. Where the requirement jumps, the answer is the edge itself.
    """
    return crossing(loads, equity, start, toward)


def crossing(loads: Sequence[Load], equity: Equity, start: Decimal, toward: Way) -> Decimal | None:
    """`first_crossing` for callers that compute under CONTEXT already."""
    slope, base = -equity.slope, equity.slope * start - equity.value
    required = ZERO
    numbers: list[int] = []
    for scale, requirement in loads:
        notional = scale * start
        number = requirement.line_at(notional)
        numbers.append(number)
        _, rate, fixed = requirement.lines[number]
        required += rate * notional + fixed
        slope += rate * scale
        base += fixed
    if required >= equity.value:
        return start
    # Most answers lie on the line where the walk begins, before any edge: then there is nothing to walk along.
    if slope * toward > 0:
        straight = _root(slope, base, start, toward)
        if straight > 0 and not any(map(_bends_before, loads, numbers, repeat(straight), repeat(toward))):
            return straight
    edges = [
        _edges(load.scale, load.requirement, number, toward)
        for load, number in zip(loads, numbers, strict=True)
        if 0 <= number + toward < len(load.requirement.lines)
    ]
    ahead = edges[0] if len(edges) == 1 else heapq.merge(*edges, key=itemgetter(0)) if edges else iter(())
    return _walk(slope, base, start, toward, ahead)


def _bends_before(load: Load, number: int, x: Decimal, toward: Way) -> bool:
    """Whether the requirement of a load leaves its line before `x` is reached."""
    floors = load.requirement.floors
    if toward == UP:
        return number + 1 < len(floors) and floors[number + 1] < load.scale * x
    return number > 0 and floors[number] > load.scale * x


class _Edge(NamedTuple):
    """A bend of the requirement: `way` is its `x` times the direction (so that it rises along the walk)."""

    way: Decimal
    slope: Decimal
    base: Decimal


def _edges(scale: Decimal, requirement: Requirement, number: int, toward: Way) -> Iterator[_Edge]:
    """The bends of one load that lie ahead of line `number`, nearest first, each with the change it brings."""
    lines = requirement.lines
    while True:
        following = number + toward
        if not 0 <= following < len(lines):
            return
        here, there = lines[number], lines[following]
        edge = (there if toward == UP else here).floor / scale
        yield _Edge(edge * toward, (there.rate - here.rate) * scale, there.base - here.base)
        number = following


def _walk(slope: Decimal, base: Decimal, start: Decimal, toward: Way, edges: Iterable[_Edge]) -> Decimal | None:
    """The first point where `slope · x + base`, bent at the edges, is not below zero; it is below at `start`."""
    here = start
    for edge in edges:
        # An edge may round to the wrong side of where we are by the last digit.
        there = max(edge.way, here * toward) * toward
        if slope * there + base >= 0:
            return _root(slope, base, here, toward)
        slope += edge.slope
        base += edge.base
        here = there
        if slope * here + base >= 0:
            return here
    if slope * toward <= 0:
        return None
    found = _root(slope, base, here, toward)
    return found if found > 0 else None


def _root(slope: Decimal, base: Decimal, here: Decimal, toward: Way) -> Decimal:
    """Where the straight line through a point below zero reaches zero ahead of it."""
    # It rises and lies ahead by construction; by the last digit of a sum either may look otherwise.
    return max(-base / slope * toward, here * toward) * toward if slope * toward > 0 else here
