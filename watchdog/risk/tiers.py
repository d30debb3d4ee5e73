"""Maintenance tiers: what a notional requires, and whether a table can be trusted.

A tier requires `notional · rate − cum`. Venues publish `cum` so that the requirement is continuous:
`cum_n = cum_{n−1} + floor_n · (rate_n − rate_{n−1})` (Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures
Contracts"; it holds for every tier Binance publishes).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from watchdog.domain.market import Tier
from watchdog.risk.exact import ONE, ZERO, exactly

_ROUNDING = Decimal("0.001")
"""Share of the requirement at an edge by which a venue's rounded `cum` may let it fall (they round to cents)."""
_SMALL_CUM = Decimal("0.01")
"""Share of what the first tier requires at its cap that the first tier's `cum` may be."""


def tier_at(tiers: Sequence[Tier], notional: Decimal) -> Tier:
    """The tier of a notional: the last whose floor is not above it, so at an edge the upper one.

    Beyond the last cap the last tier holds on: a venue forbids opening that much, it does not stop requiring margin.
    Raises ValueError for an empty table.
    """
    if not tiers:
        raise ValueError("there are no tiers")
    return tiers[max(0, bisect_right(tiers, notional, key=lambda tier: tier.floor) - 1)]


@exactly
def maintenance(tiers: Sequence[Tier], notional: Decimal) -> Decimal:
    """Maintenance margin of a notional, in its own money: `notional · rate − cum`, never below zero.

    Raises ValueError for an empty table.
    """
    tier = tier_at(tiers, notional)
    return max(ZERO, notional * tier.rate - tier.cum)


@exactly
def rebuild_cum(floors_and_rates: Iterable[tuple[Decimal, Decimal]]) -> tuple[Decimal, ...]:
    """The `cum` of each tier from floors and rates, in rising order, for a source that drops it. The first is 0."""
    cums: list[Decimal] = []
    last = ZERO
    for floor, rate in floors_and_rates:
        cums.append(cums[-1] + floor * (rate - last) if cums else ZERO)
        last = rate
    return tuple(cums)


@exactly
def why_unusable(tiers: Sequence[Tier]) -> str | None:
    """What is wrong with a table, in words; None when it can be used.

    Usable: from 0 up without a hole, rates above 0 and below 1 that never fall, a first `cum` of zero or next to it,
    and no edge at which a larger position would require less (rounding of a venue's `cum` aside). Rising by a jump at
    an edge is allowed: some venues publish no `cum`.
    """
    if not tiers:
        return "there are no tiers"
    for number, tier in enumerate(tiers, start=1):
        if problem := _problem_of(tier):
            return f"tier {number}: {problem}"
    first = tiers[0]
    if first.floor != 0:
        return f"tier 1 starts at {first.floor}, not at 0"
    most = ZERO if first.cap is None else first.cap * first.rate * _SMALL_CUM
    if not ZERO <= first.cum <= most:
        return f"tier 1 has cum {first.cum}, which should be 0"
    for number, (lower, upper) in enumerate(pairwise(tiers), start=2):
        if problem := _problem_between(lower, upper):
            return f"tier {number}: {problem}"
    return None


def _problem_of(tier: Tier) -> str | None:
    figures = (tier.floor, tier.rate, tier.cum, *(() if tier.cap is None else (tier.cap,)))
    if not all(figure.is_finite() for figure in figures):
        return "a figure is not a number"
    if not ZERO < tier.rate < ONE:
        return f"the rate {tier.rate} is not between 0 and 1"
    if tier.cap is not None and tier.cap <= tier.floor:
        return f"its cap {tier.cap} is not above its floor {tier.floor}"
    return None


def _problem_between(lower: Tier, upper: Tier) -> str | None:
    if upper.floor <= lower.floor:
        return f"its floor {upper.floor} is not above the one before, {lower.floor}"
    if lower.cap != upper.floor:
        return f"its floor {upper.floor} is not where the tier before ends, {lower.cap}"
    if upper.rate < lower.rate:
        return f"its rate {upper.rate} is below the one before, {lower.rate}"
    before, after = (upper.floor * tier.rate - tier.cum for tier in (lower, upper))
    if after < before * (ONE - _ROUNDING):
        return f"the requirement falls from {before} to {after} at its floor {upper.floor}"
    return None


class Line(NamedTuple):
    """From `floor` of notional up, `rate · notional + base` is required."""

    floor: Decimal
    rate: Decimal
    base: Decimal


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a tier table and a fee require, as straight lines over the notional: the form the solver walks.

    The same figure as `maintenance(tiers, notional) + fee · notional`, the floor at zero included.
    """

    lines: tuple[Line, ...]
    floors: tuple[Decimal, ...]
    """Where each line begins."""

    @staticmethod
    @exactly
    def of(tiers: Sequence[Tier], fee: Decimal = ZERO) -> Requirement:
        """From a table and the share of the notional the venue adds for closing (0 on Binance).

        Raises ValueError for an empty table.
        """
        if not tiers:
            raise ValueError("there are no tiers")
        lines: list[Line] = []
        for number, tier in enumerate(tiers):
            # The first line reaches down to nothing, the last up without end, wherever the table starts and ends.
            start = tier.floor if number else ZERO
            end = tiers[number + 1].floor if number + 1 < len(tiers) else None
            zero_until = tier.cum / tier.rate
            if zero_until > start:
                lines.append(Line(start, fee, ZERO))
            if zero_until <= start or end is None or zero_until < end:
                lines.append(Line(max(start, zero_until), tier.rate + fee, -tier.cum))
        return Requirement(tuple(lines), tuple(line.floor for line in lines))

    @staticmethod
    def fixed(amount: Decimal) -> Requirement:
        """What no price moves: the same amount of every notional."""
        return Requirement((Line(ZERO, ZERO, amount),), (ZERO,))

    @exactly
    def plus(self, amount: Decimal) -> Requirement:
        """The same and an amount on top, whatever the notional."""
        return Requirement(tuple(Line(line.floor, line.rate, line.base + amount) for line in self.lines), self.floors)

    @exactly
    def in_money(self, rate: Decimal) -> Requirement:
        """The same in other money, of which one unit of this is worth `rate`: of notionals in that money too."""
        lines = tuple(Line(line.floor * rate, line.rate, line.base * rate) for line in self.lines)
        return Requirement(lines, tuple(line.floor for line in lines))

    @exactly
    def of_coins(self, size: Decimal, mark: Decimal) -> Requirement:
        """What an inverse contract of this face value requires in quote, of `x` times its mark: its "notional" is `x`.

        At that price it is `size / (mark · x)` coins, each worth `mark · x`, so that a line `rate · coins + base` is
        worth `rate · size + base · mark · x`: straight again, and the tiers come in the other order.
        """
        edge = size / mark
        lines = []
        for number in range(len(self.lines) - 1, -1, -1):
            floor = ZERO if number + 1 == len(self.lines) else edge / self.lines[number + 1].floor
            lines.append(Line(floor, self.lines[number].base * mark, self.lines[number].rate * size))
        return Requirement(tuple(lines), tuple(line.floor for line in lines))

    def line_at(self, notional: Decimal) -> int:
        """The number of the line a notional lies on; at an edge the upper one."""
        return max(0, bisect_right(self.floors, notional) - 1)

    @exactly
    def at(self, notional: Decimal) -> Decimal:
        """Money required of a notional."""
        return self.plain_at(notional)

    def plain_at(self, notional: Decimal) -> Decimal:
        """The same, for callers that compute under CONTEXT already."""
        _, rate, base = self.lines[self.line_at(notional)]
        return rate * notional + base
