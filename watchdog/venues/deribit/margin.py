"""Deribit, pure: what it requires of a futures position, and the tiers that say the same.

Standard margin is a rate that rises with the size in coins: `size · (base + slope · size)`, at mark (Deribit, change
of 2022-01-11: BTC 1 % + 0.005 % a BTC, ETH 1 % + 0.0004 % an ETH; SOL 2 % + 0.0005 % a SOL is what ccxt PR 13374
shows of a real position). Of a linear contract the size in coins stands still, so its rate does too. Of an inverse
one the size is `USD / price`, and the requirement a parabola along that: it is walked as short straight pieces from
above, which ask up to 0.2 % more of the part that rises (5 % where the price has lost 97 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from watchdog.domain.market import Tier

_ZERO = Decimal(0)


class Rate(NamedTuple):
    """Of a size in coins this share: `base`, and `slope` more for every coin."""

    base: Decimal
    slope: Decimal


MAINTENANCE: Final[Mapping[str, Rate]] = {
    "BTC": Rate(Decimal("0.01"), Decimal("0.00005")),
    "ETH": Rate(Decimal("0.01"), Decimal("0.000004")),
    "SOL": Rate(Decimal("0.02"), Decimal("0.000005")),
}
"""Of inverse contracts, by coin. The venue sends none: one that does not give what Deribit requires is not used."""
SLACK = Decimal("0.01")
"""Share by which the venue's requirement may lie from ours: the two are of a position and a mark that it rounds."""
_FINE, _COARSE = Decimal(2) ** (Decimal(1) / 8), Decimal(2) ** (Decimal(1) / 2)
_BELOW, _ABOVE, _FAR = 32, 40, 40
"""Fine pieces from the size now down to a sixteenth of it and up to 32 times, then coarse ones: by then the price has
lost 97 %, and where they end, 99.999997 %."""


def required(size: Decimal, rate: Rate, price: Decimal = Decimal(1)) -> Decimal:
    """What a position of `size` coins requires: in the coin, or in quote at a price."""
    return abs(size) * price * (rate.base + rate.slope * abs(size))


def linear_tiers(maintenance: Decimal, notional: Decimal) -> tuple[Tier, ...]:
    """One tier: by the size, which no price changes, the venue requires this share of the notional."""
    return (Tier(_ZERO, None, maintenance / notional, _ZERO),)


def inverse_tiers(coins: Decimal, rate: Rate) -> tuple[Tier, ...]:
    """The parabola as tiers over the size in coins, around the size now, at which they are exact.

    They end where a coin more would ask for a whole one (BTC: at 9,900 of them): from there on the last one holds.
    """
    points = [_ZERO, *(coins * _FINE**power for power in range(-_BELOW, 0)), coins]
    points += [coins * _FINE**power for power in range(1, _ABOVE + 1)]
    points += [points[-1] * _COARSE**power for power in range(1, _FAR + 1)]
    tiers: list[Tier] = []
    for floor, upper in pairwise(points):
        share = rate.base + rate.slope * (floor + upper)
        if share >= 1:
            break
        before = tiers[-1] if tiers else None
        cum = before.cum + floor * (share - before.rate) if before else _ZERO
        tiers.append(Tier(floor, upper, share, cum))
    if tiers:
        last = tiers.pop()
        tiers.append(Tier(last.floor, None, last.rate, last.cum))
    return tuple(tiers)


def disagrees(theirs: Decimal, ours: Decimal) -> bool:
    """Whether the venue's requirement is not what the rule gives."""
    return abs(theirs - ours) > SLACK * ours
