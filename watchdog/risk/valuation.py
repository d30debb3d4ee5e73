"""What a position is worth at a mark, and what stands behind an isolated one.

Callers run these under `exact.CONTEXT`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from watchdog.domain.position import Position, PositionKey, Stop
from watchdog.domain.reading import Known, Never, Reading, Unit, Unknown
from watchdog.risk.exact import INFINITE, ONE, ZERO
from watchdog.risk.tiers import Requirement
from watchdog.risk.values import PoolRisk, Worth

VENUE = "venue"
OURS = "ours"
OURS_WITH_GAP = "ours, with the venue's gap"
_ROUNDED: Final = Decimal("0.0001")
"""Share of a margin ratio by which a venue's may be above ours and still be the same: it rounds its money."""


class RatioGap(NamedTuple):
    """By how much the venue's margin ratio was above ours at the snapshot; 0 where it was not, or is not known."""

    ratio: Decimal = ZERO
    """Share, to add to ours; infinite where the venue saw no equity."""
    money: Decimal = ZERO
    """The same in money of the pool: by so much maintenance must be raised for ours to be the venue's. At most the
    whole equity, which is liquidation. It stays what it was at the snapshot while prices move."""


NO_GAP: Final = RatioGap()


@dataclass(frozen=True, slots=True)
class Holding:
    """A position with what stays the same until the next snapshot."""

    position: Position
    requirement: Requirement | Unknown
    flaw: Unknown | None
    """Why nothing can be said of it at all."""
    stops: tuple[Stop, ...]
    """The resting orders of its symbol."""
    venue: Reading
    """The venue's liquidation price, if it can be true."""
    gap: Reading
    """The venue's − ours at the snapshot."""
    quoted: bool = False
    """Whether it is an inverse contract whose pool is reckoned in quote, so that a coin is worth its mark there."""
    pair: tuple[PositionKey, ...] = ()
    """The other legs of its symbol in the same pool: their money moves with the same price."""
    base: str = ""
    """The coin its price is of."""
    ratio_gap: RatioGap = NO_GAP
    """Of an isolated position: by how much the venue's own margin ratio is above ours."""

    def rate(self, mark: Decimal) -> Decimal:
        """Money of the pool for one unit of its own."""
        return mark if self.quoted else self.position.terms.rate


def derive(unit: Unit, source: str, at: float, figure: Callable[..., Decimal], *inputs: Reading) -> Reading:
    """A figure of other readings: the first Unknown among them, else Never if one is, else Known."""
    values: list[Decimal] = []
    never: Never | None = None
    for reading in inputs:
        if isinstance(reading, Known):
            values.append(reading.value)
        elif isinstance(reading, Unknown):
            return reading
        else:
            never = reading
    return Never(never.source, at) if never else Known(figure(*values), unit, source, at)


def positive(symbol: str, field: str, value: Decimal) -> Unknown | None:
    """Unknown when a figure that must be a number above zero is none."""
    if value.is_finite() and value > 0:
        return None
    return Unknown(f"{symbol} {field}: {value} cannot be true")


def mark_reading(symbol: str, price: Decimal, source: str, at: float) -> Reading:
    """A mark price as a reading; 0 and less are Unknown."""
    return positive(symbol, "mark price", price) or Known(price, "price", source, at)


def worth_of(holding: Holding, mark: Reading) -> Worth:
    """What a position is worth by itself at a mark."""
    if holding.flaw:
        return Worth(holding.flaw, holding.flaw, holding.flaw, holding.flaw)
    if not isinstance(mark, Known):
        return Worth(mark, mark, mark, mark)
    position, at = holding.position, mark.at
    notional = position.notional(mark.value)
    unrealised = positive(position.symbol, "entry price", position.entry) or Known(
        position.profit(mark.value), "money", OURS, at
    )
    required: Reading
    if isinstance(holding.requirement, Unknown):
        required = holding.requirement
    else:
        required = Known(holding.requirement.plain_at(notional), "money", OURS, at)
    return Worth(mark, Known(notional, "money", OURS, at), unrealised, required)


def ratio(maintenance: Decimal, equity: Decimal) -> Decimal:
    """Margin ratio: 1 is liquidation; without equity it is infinite."""
    return maintenance / equity if equity > 0 else INFINITE


def leverage(notional: Decimal, equity: Decimal) -> Decimal:
    """Effective leverage; infinite without equity."""
    return notional / equity if equity > 0 else INFINITE


def room_used(loss: Decimal, room: Decimal) -> Decimal:
    """Share of the room for losses that is lost; `loss` is negative in profit, `room` is what could be lost from entry.

    Where there is no room (liquidation lies on the profit side of entry: only the profit keeps it alive) it is the
    share of the way from entry to here that would be too much to give back: 1 at liquidation as well, near 0 far off.
    """
    if room > 0:
        return loss / room
    return room / loss if loss < room else ONE


def margin_ratio(holding: Holding, worth: Worth, pool: PoolRisk | None) -> Reading:
    """Its own in isolated mode, the pool's in cross mode."""
    if pool is not None:
        return pool.margin_ratio
    return dangerous_ratio(holding.position.venue_ratio, own_ratio(holding, worth), holding.ratio_gap.ratio)


def own_ratio(holding: Holding, worth: Worth) -> Reading:
    """Our margin ratio of an isolated position."""
    return derive("share", OURS, oldest_mark(worth, None), ratio, worth.maintenance, isolated_equity(holding, worth))


def ratio_gap(venue: Reading, ours: Reading, equity: Reading) -> RatioGap:
    """By how much the venue's margin ratio is above ours at the same snapshot; `equity` is what ours is over."""
    match venue, ours, equity:
        case Known(value=theirs), Known(value=own), Known(value=behind) if own.is_finite():
            if theirs - own > own * _ROUNDED:
                return RatioGap(theirs - own, min(theirs - own, ONE) * behind)
        case _:
            pass
    return NO_GAP


def dangerous_ratio(venue: Reading, ours: Reading, gap: Decimal) -> Reading:
    """Ours at the newest marks, plus the venue's gap where that is toward danger; the venue's alone without ours."""
    match venue, ours:
        case Known(), Unknown(reason=reason):
            return Known(venue.value, venue.unit, f"{VENUE} alone; ours is unknown: {reason}", venue.at)
        case _, Known() if gap > 0:
            return Known(ours.value + gap, ours.unit, OURS_WITH_GAP, ours.at)
        case _:
            return ours


def isolated_equity(holding: Holding, worth: Worth) -> Reading:
    """Money behind an isolated position: its wallet and its unrealised profit."""
    position = holding.position
    wallet = position.isolated_wallet
    if wallet is None or not wallet.is_finite():
        return holding.flaw or Unknown(f"{position.symbol} isolated wallet: not given")
    return derive("money", OURS, oldest_mark(worth, None), lambda profit: wallet + profit, worth.unrealised)


def oldest_mark(worth: Worth, pool: PoolRisk | None) -> float:
    """When the oldest mark price of a position's readings was true."""
    if pool is not None:
        return pool.at
    return worth.mark.at if isinstance(worth.mark, Known) else 0.0
