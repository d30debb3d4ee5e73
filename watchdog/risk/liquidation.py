"""The liquidation price of a position: the venue's judged, ours solved, the nearer of the two, and the pool's.

Callers run these under `exact.CONTEXT`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Context, Decimal
from functools import partial
from typing import TypeAlias

from watchdog.domain.position import Position, Side
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.risk.exact import ONE, ZERO
from watchdog.risk.line import Leg, price_where
from watchdog.risk.valuation import (
    OURS,
    OURS_WITH_GAP,
    VENUE,
    Holding,
    derive,
    isolated_equity,
    margin_ratio,
    oldest_mark,
    own_ratio,
    positive,
    ratio_gap,
)
from watchdog.risk.values import PoolRisk, Worth

Pair: TypeAlias = Sequence[tuple[Holding, Worth]]
Coins: TypeAlias = Mapping[str, Decimal] | None

AT_THE_VENUES_RATIO = "ours, at the venue's margin ratio"
POOL_FIRST = "the pool may go first"
MORE_IN_POOL = "there is more in this pool"
NO_PRICE = "ours: no price liquidates it"

_SAME = Context(prec=40)


def own_liquidation(
    holding: Holding,
    worth: Worth,
    pool: PoolRisk | None,
    pair: Pair = (),
    coins: Coins = None,
    raised: Decimal = ZERO,
) -> Reading:
    """Our liquidation price of one position, every other price standing still; Never when no price does it.

    `raised`: money by which what is required is raised (0: by our formula alone, as the venue's is compared with).
    `pair`: the other legs of its symbol in the pool, which the same price moves. `coins`: what the pool holds in coins,
    by coin, as money.
    """
    at = oldest_mark(worth, pool)
    requirement, position = holding.requirement, holding.position
    if isinstance(requirement, Unknown):
        return requirement
    legs = [Leg(position, requirement, holding.quoted)]
    required = [worth.maintenance]
    for other, its_worth in pair:
        if isinstance(other.requirement, Unknown):
            return other.requirement
        legs.append(Leg(other.position, other.requirement, other.quoted))
        required.append(its_worth.maintenance)
    match worth.mark:
        case Known(value=mark):
            pass
        case unknown:
            return unknown
    rate = holding.rate(mark)
    if pool is None:
        backing = isolated_equity(holding, worth)
        rate = ONE
    else:
        backing = derive("money", OURS, at, partial(_behind, rate), pool.equity, pool.maintenance, *required)
    if not isinstance(backing, Known):
        return backing
    held = (coins or {}).get(holding.base, ZERO) / mark
    price = price_where(legs, position.side, mark, backing.value - raised, held, rate)
    if price is None:
        return Never(NO_PRICE, at)
    source = AT_THE_VENUES_RATIO if raised else OURS
    return Known(price + position.side.sign * position.terms.toward_market, "price", source, at)


def _behind(rate: Decimal, equity: Decimal, all_required: Decimal, *own_required: Decimal) -> Decimal:
    """What of a pool's equity stands behind the legs of one symbol: all but what the others require."""
    return equity - (all_required - sum(own_required, ZERO) * rate)


def anchored(holding: Holding, worth: Worth, pool: PoolRisk | None, pair: Pair = (), coins: Coins = None) -> Holding:
    """The holding with the venue's figures judged, and compared with ours, at the snapshot's own marks."""
    if pool is None:
        equity = isolated_equity(holding, worth)
        gap_of_ratio = ratio_gap(holding.position.venue_ratio, own_ratio(holding, worth), equity)
        holding = replace(holding, ratio_gap=gap_of_ratio)
    venue = _believable(holding.position, worth.mark, margin_ratio(holding, worth, pool), paired=bool(pair))
    ours = own_liquidation(holding, worth, pool, pair, coins)
    gap: Reading
    match venue, ours:
        case Known(value=theirs, at=at), Known(value=own):
            gap = Known(theirs - own, "price", "venue − ours at the snapshot", at)
        case Unknown(), _:
            gap = venue
        case _, Unknown():
            gap = ours
        case _:
            gap = Unknown(f"{holding.position.symbol} gap: the venue gives a liquidation price, ours is never")
    return replace(holding, venue=venue, gap=gap)


def _believable(position: Position, mark: Reading, margin: Reading, *, paired: bool) -> Reading:
    """The venue's liquidation price; Unknown for one that cannot be true.

    On the wrong side of the mark of the same read it can only be true at a ratio of 1 and more. A mark that passes it
    later proves nothing against it; nor does a ratio that is not known.
    """
    venue = position.venue_liquidation
    if isinstance(venue, Never):
        return Unknown(f"{position.symbol} venue liquidation price: none given")
    if isinstance(venue, Unknown):
        return venue
    if problem := positive(position.symbol, "venue liquidation price", venue.value):
        return problem
    wrong_side = isinstance(mark, Known) and (mark.value - venue.value) * position.side.sign <= 0
    if wrong_side and paired:
        return Unknown(f"{position.symbol} venue liquidation price: {venue.value} is reached by the other leg's loss")
    if wrong_side and isinstance(margin, Known) and margin.value < 1:
        return Unknown(f"{position.symbol} venue liquidation price: {venue.value} is on the wrong side of mark")
    return replace(venue, source=VENUE)


def _nearer(side: Side, *prices: Known) -> Known:
    """The one a price going toward danger meets first; the earlier named when they are the same.

    The same up to 40 digits: whose number it is must not hang on the rounding of the last ones.
    """
    sign = side.sign
    return max(prices, key=lambda price: _SAME.plus(price.value) * sign)


def liquidation_of(side: Side, venue: Reading, ours: Reading, gap: Reading) -> Reading:
    """The nearer of the venue's price and ours, ours moved by the gap where the gap is toward danger."""
    match venue, ours:
        case Known(), Known():
            return _nearer(side, venue, _moved(side, ours, gap))
        case Known(), Never():
            return _said_by(venue, f"{VENUE} alone; {NO_PRICE}")
        case Known(), Unknown(reason=reason):
            return _said_by(venue, f"{VENUE} alone; ours is unknown: {reason}")
        case Unknown(reason=reason), Known():
            return _said_by(ours, f"{OURS} alone; the venue's is unknown: {reason}")
        case Unknown(reason=theirs), Unknown(reason=own) if theirs != own:
            return Unknown(f"{own}; {theirs}")
        case _:
            return ours


def at_venue_ratio(
    side: Side,
    price: Reading,
    holding: Holding,
    worth: Worth,
    pool: PoolRisk | None,
    pair: Pair = (),
    coins: Coins = None,
) -> Reading:
    """The nearer of a liquidation price and ours with what is required raised to the venue's margin ratio.

    The price itself where the venue's ratio was not above ours.
    """
    raised = holding.ratio_gap.money if pool is None else pool.raised
    if not raised:
        return price
    nearer = own_liquidation(holding, worth, pool, pair, coins, raised)
    if isinstance(price, Known) and isinstance(nearer, Known):
        return _nearer(side, price, nearer)
    return nearer if isinstance(nearer, Known) else price


def _moved(side: Side, ours: Known, gap: Reading) -> Known:
    if isinstance(gap, Known) and gap.value * side.sign > 0:
        return Known(ours.value + gap.value, ours.unit, OURS_WITH_GAP, ours.at)
    return ours


def _said_by(price: Known, source: str) -> Known:
    """The same figure under another source. Made plainly: this runs for every position of a pool on every tick."""
    return Known(price.value, price.unit, source, price.at)


def near_of(
    side: Side, worth: Worth, liquidation: Reading, pool: PoolRisk | None, *, alone: bool
) -> tuple[Reading, Reading]:
    """A position's price at its pool's liquidation, and the nearer of that and its own.

    A common move the other way (a rise, for a long) does not meet the stops of this position, so only the move toward
    its own danger counts. With the pool's price unknown liquidation is at its own or nearer: its source says so. Alone
    in its pool, its own price is the pool's; not where something shares the pool that is no position here.
    """
    if pool is None:
        return liquidation, liquidation
    move = pool.shock_down if side is Side.LONG else pool.shock_up
    pooled = derive(
        "price",
        "the pool's liquidation",
        pool.at,
        lambda mark, share: mark * (ONE - side.sign * share),
        worth.mark,
        move,
    )
    near: Reading
    match liquidation, pooled:
        case Known(), Known():
            near = _nearer(side, liquidation, pooled)
        case Known(), Unknown() if not alone:
            near = _said_by(liquidation, f"{_short(liquidation.source)}; {POOL_FIRST}")
        case _, Unknown():
            near = liquidation if alone else pooled
        case _, Known() if not isinstance(liquidation, Unknown):
            near = pooled
        case _:
            near = liquidation
    if pool.more and isinstance(near, Known):
        near = _said_by(near, f"{near.source}; {MORE_IN_POOL}")
    return pooled, near


def _short(source: str) -> str:
    """Who alone says it, without the other's reason: the pool's is the same, and is said of the pool."""
    return source.partition(";")[0]
