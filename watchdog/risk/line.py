"""Along which line a position's own price is walked, and what stands behind it there.

All that moves with that price moves together: every leg of its symbol in the pool, and coins of its base that stand
behind it. Three kinds of line make the money straight: the price itself for a linear contract; one over the price for
an inverse one whose pool is in the coin; the same, with all money turned into coins at that price, for an inverse one
whose pool is reckoned in quote. Callers run these under `exact.CONTEXT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from watchdog.domain.position import Position, Side
from watchdog.risk.exact import ONE, ZERO
from watchdog.risk.solver import DOWN, UP, Equity, Load, Way, crossing
from watchdog.risk.tiers import Requirement


class Leg(NamedTuple):
    """A position whose requirement is known."""

    position: Position
    requirement: Requirement
    quoted: bool
    """Whether it is an inverse contract whose pool is reckoned in quote."""


def price_where(
    legs: Sequence[Leg], side: Side, mark: Decimal, behind: Decimal, coins: Decimal = ZERO, rate: Decimal = ONE
) -> Decimal | None:
    """The first price from mark, in the direction that hurts `side`, at which the legs are liquidated; None: no price.

    `behind`: money of the pool that stands behind the legs at mark, their profit included. `coins`: how many of their
    base are in it. `rate`: money of the pool for one of the margin asset; no inverse contract needs it.
    """
    first, down = legs[0], side is Side.LONG
    loads = [Load(leg.position.size, leg.requirement) for leg in legs]
    if not first.position.inverse:
        slope = sum((leg.position.side.sign * leg.position.size for leg in legs), ZERO) + coins / rate
        return crossing(loads, Equity(behind / rate, slope), mark, DOWN if down else UP)
    toward: Way = UP if down else DOWN
    if first.quoted:
        held = coins + sum((leg.position.side.sign * leg.position.size / leg.position.entry for leg in legs), ZERO)
        equity = Equity(behind / mark, behind - held * mark)
    else:
        equity = Equity(behind, -sum((leg.position.side.sign * leg.position.size for leg in legs), ZERO))
    found = crossing(loads, equity, ONE / mark, toward)
    return None if found is None else ONE / found
