"""All readings of one position. Callers run this under `exact.CONTEXT`."""

from __future__ import annotations

from decimal import Decimal

from watchdog.domain.position import Position
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk.coverage import judge_stops
from watchdog.risk.exact import ZERO
from watchdog.risk.liquidation import Coins, Pair, at_venue_ratio, liquidation_of, near_of, own_liquidation
from watchdog.risk.valuation import (
    OURS,
    VENUE,
    Holding,
    derive,
    isolated_equity,
    leverage,
    margin_ratio,
    oldest_mark,
    positive,
    room_used,
)
from watchdog.risk.values import PoolRisk, PositionRisk, Worth


def position_risk(
    holding: Holding, worth: Worth, pool: PoolRisk | None, pool_size: int, pair: Pair = (), coins: Coins = None
) -> PositionRisk:
    """A position's readings from its own worth and, in cross mode, its pool's."""
    position, at = holding.position, oldest_mark(worth, pool)
    side = position.side
    ours = own_liquidation(holding, worth, pool, pair, coins)
    liquidation = liquidation_of(side, holding.venue, ours, holding.gap)
    liquidation = at_venue_ratio(side, liquidation, holding, worth, pool, pair, coins)
    alone = pool_size == 1 and pool is not None and not pool.more
    pooled, near = near_of(side, worth, liquidation, pool, alone=alone)
    first = pooled if pool is not None and isinstance(pooled, Unknown) and not alone else None
    equity = isolated_equity(holding, worth) if pool is None else pool.equity
    coverage = judge_stops(position, worth.mark, near, holding.stops, first=first)
    entry = positive(position.symbol, "entry price", position.entry) or Known(position.entry, "price", VENUE, at)

    def room(entered: Decimal, mark: Decimal, price: Decimal) -> Decimal:
        return room_used((entered - mark) * side.sign, (entered - price) * side.sign)

    def distance(mark: Decimal, price: Decimal) -> Decimal:
        return max(ZERO, (mark - price) * side.sign / mark)

    def times(mark: Decimal, notional: Decimal, behind: Decimal) -> Decimal:
        return leverage(notional if pool is None else notional * holding.rate(mark), behind)

    return PositionRisk(
        position=position,
        pool=None if pool is None else pool.asset,
        mark=worth.mark,
        notional=_in_quote(position, worth.notional),
        unrealised=worth.unrealised,
        maintenance=worth.maintenance,
        equity=equity,
        margin_ratio=margin_ratio(holding, worth, pool),
        liquidation_venue=holding.venue,
        liquidation_ours=ours,
        gap=holding.gap,
        liquidation=liquidation,
        pool_liquidation=pooled,
        liquidation_near=near,
        liquidation_distance=derive("share", _source(near), at, distance, worth.mark, near),
        room_used=derive("share", _source(liquidation), at, room, entry, worth.mark, liquidation),
        effective_leverage=derive("times", OURS, at, times, worth.mark, worth.notional, equity),
        stop_coverage=coverage.share,
        stops=coverage.judgements,
        pool_first=first,
    )


def _source(reading: Reading) -> str:
    return "" if isinstance(reading, Unknown) else reading.source


def _in_quote(position: Position, notional: Reading) -> Reading:
    """What it is worth in quote: the face value of an inverse contract."""
    if position.inverse and isinstance(notional, Known):
        return Known(position.size, "money", OURS, notional.at)
    return notional
