"""What a message says: line 1 is all a lock screen shows; figures in the venue's precision; at most 8 lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal

from watchdog.domain.effects import Level
from watchdog.domain.market import Market
from watchdog.domain.position import MarginMode, Position, Stop, StopKind
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.schema import Metric

MOST_LINES = 8

LEVEL_NAMES = {Level.INFO: "INFO", Level.WARN: "WARN", Level.CRITICAL: "CRITICAL", Level.EMERGENCY: "EMERGENCY"}

VENUE_NAMES = {"binanceusdm": "Binance"}


def clock_time(wall: float, zone: tzinfo | None) -> str:
    """`03:12:04 CEST`: local time with its zone."""
    return datetime.fromtimestamp(wall, UTC).astimezone(zone).strftime("%H:%M:%S %Z")


def price(value: Decimal, market: Market | None) -> str:
    """In the venue's precision, thousands separated."""
    if market is None or value.is_infinite():
        return f"{value.normalize():,f}"
    exponent = market.tick.normalize().as_tuple().exponent
    places = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}"


def size(value: Decimal) -> str:
    """A size without trailing zeros."""
    return f"{value.normalize():,f}"


def money(value: Decimal, asset: str = "") -> str:
    """Rounded to whole units from 100 up, else to hundredths; a real minus sign."""
    places = Decimal(1) if abs(value) >= 100 else Decimal("0.01")  # noqa: PLR2004  (a matter of taste, not of sense)
    text = f"{abs(value).quantize(places, ROUND_HALF_EVEN):,f}"
    sign = "−" if value < 0 else ""
    return f"{sign}{text} {asset}".rstrip()


def percent(value: Decimal) -> str:
    """One decimal below 10 %, none above."""
    if value.is_infinite():
        return "∞"
    scaled = value * 100
    places = Decimal("0.1") if abs(scaled) < 10 else Decimal(1)  # noqa: PLR2004
    return f"{scaled.quantize(places, ROUND_HALF_EVEN):,f}%"


def name(position: Position) -> str:
    """`BTC long`."""
    return f"{position.symbol.split('/', maxsplit=1)[0]} {position.side}"


def venue_name(venue: str) -> str:
    """The venue as people call it."""
    return VENUE_NAMES.get(venue, venue)


def distance_words(reading: Reading, *, short: bool) -> str:
    """How far a position is from liquidation."""
    liquidation = "liq" if short else "liquidation"
    match reading:
        case Known(value=value):
            return f"{percent(value)} from {liquidation}"
        case Never():
            return "no price liquidates it"
        case _:
            return f"distance to {liquidation} UNKNOWN"


def metric_line(metric: Metric, reading: Reading) -> str:
    """The reading a rule looks at, as a sentence."""
    if isinstance(reading, Never):
        return "No price liquidates it"
    if not isinstance(reading, Known):
        return f"{metric} unknown: {reading.reason}"
    value = reading.value
    match metric:
        case Metric.ROOM_USED:
            return f"{percent(value)} of the room from entry is used"
        case Metric.MARGIN_RATIO:
            return f"Margin ratio {percent(value)}; 100% is liquidation"
        case Metric.SHOCK_DISTANCE:
            return f"All prices moving {percent(value)} against the pool together liquidate it"
        case Metric.LIQUIDATION_DISTANCE:
            return f"{percent(value)} from mark to liquidation"
        case Metric.EFFECTIVE_LEVERAGE:
            times = value.quantize(Decimal("0.1")) if value.is_finite() else "∞"
            return f"Effective leverage {times}×"
        case Metric.STOP_COVERAGE:
            return f"Stops close {percent(value)} of it before liquidation"
        case Metric.NOTIONAL:
            return f"Notional {money(value)}"


def liquidation_line(risk: PositionRisk, market: Market | None, venue: str) -> str:
    """`Mark 114,031 · liq 111,441 (Binance and ours agree)`."""
    mark = price(risk.mark.value, market) if isinstance(risk.mark, Known) else "unknown"
    theirs, ours = risk.liquidation_venue, risk.liquidation_ours
    near = risk.liquidation_near
    if isinstance(near, Never):
        return f"Mark {mark} · no price liquidates it"
    if not isinstance(near, Known):
        return f"Mark {mark} · liquidation price unknown: {near.reason}"
    text = f"Mark {mark} · liq {price(near.value, market)}"
    who = venue_name(venue)
    pool = risk.pool_liquidation
    alone = risk.liquidation
    if (
        isinstance(pool, Known)
        and near.value == pool.value
        and not (isinstance(alone, Known) and alone.value == near.value)
    ):
        return f"{text} if all prices move together"
    if isinstance(theirs, Known) and isinstance(ours, Known):
        if abs(theirs.value - ours.value) <= abs(theirs.value) / 1000:
            return f"{text} ({who} and ours agree)"
        return f"{text} ({who} {price(theirs.value, market)}, ours {price(ours.value, market)})"
    return f"{text} ({who}'s)" if isinstance(theirs, Known) else f"{text} (ours; {who} says none)"


def stop_words(stop: Stop, market: Market | None, *, ours: bool) -> str:
    """One resting stop: whose, where, on which price, how much."""
    whose = "mine" if ours else "yours"
    much = "all of it" if stop.size is None else size(stop.size)
    kind = "" if stop.kind is StopKind.STOP_MARKET else f" {stop.kind}"
    return f"{whose}{kind} {price(stop.trigger_price, market)} on {stop.trigger}, {much}"


def stops_head(stops: Sequence[Stop], coverage: Reading) -> str:
    """Of line 1: whether a stop rests, and only that it does if it closes all of the position in time."""
    if not stops:
        return "NO STOP"
    match coverage:
        case Known(value=value) if value >= 1:
            return "STOP RESTS"
        case Known(value=value) if value > 0:
            return f"STOP COVERS {percent(value)}"
        case Known():
            return "STOP DOES NOT COVER"
        case Never():
            return "STOP RESTS"
        case _:
            return "STOP RESTS, COVER UNKNOWN"


def stops_line(
    stops: Sequence[Stop], ours: frozenset[str], coverage: Reading, market: Market | None, read_at: str
) -> str:
    """All resting stops of a position and how much of it they cover."""
    if not stops:
        return f"NO STOP, read {read_at}"
    first = "; ".join(stop_words(stop, market, ours=stop.client_id in ours) for stop in stops[:2])
    more = f" and {len(stops) - 2} more" if len(stops) > 2 else ""  # noqa: PLR2004
    match coverage:
        case Known(value=value):
            covers = f"covers {percent(value)}"
        case Never():
            covers = "none needed"
        case _:
            covers = "cover unknown"
    return f"Stop: {first}{more}; {covers}, read {read_at}"


def loss_at(position: Position, exit_price: Decimal, fee: Decimal) -> Decimal:
    """What closing the whole position at a price brings (below zero: a loss), taker fee of the exit included. Quote."""
    return (exit_price - position.entry) * position.size * position.side.sign - exit_price * position.size * fee


def stake_line(risk: PositionRisk, stop: Stop | None, market: Market | None) -> str | None:
    """`If it fills: −2,196 USDT. If liquidated: −2,921`."""
    position, near = risk.position, risk.liquidation
    fee = Decimal(0) if market is None else market.taker_fee
    parts = []
    if stop is not None:
        parts.append(f"If it fills: {money(loss_at(position, stop.trigger_price, fee), position.margin_asset)}.")
    if position.margin_mode is MarginMode.ISOLATED and position.isolated_wallet is not None:
        parts.append(f"If liquidated: {money(-position.isolated_wallet, position.margin_asset)}")
    elif isinstance(near, Known):
        loss = loss_at(position, near.value, Decimal(0))
        parts.append(f"If liquidated: about {money(loss, position.margin_asset)}, with the pool")
    return " ".join(parts) or None


def pool_line(pool: PoolRisk) -> str:
    """What stands behind a pool and what it must."""
    parts = []
    if isinstance(pool.equity, Known):
        parts.append(f"Equity {money(pool.equity.value, pool.asset)}")
    if isinstance(pool.maintenance, Known):
        parts.append(f"maintenance {money(pool.maintenance.value)}")
    if isinstance(pool.margin_ratio, Known):
        parts.append(f"ratio {percent(pool.margin_ratio.value)}")
    return ", ".join(parts) or "Equity unknown"
