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


def until_words(wall: float, now: float, zone: tzinfo | None) -> str:
    """`04:12 CEST`, and the day before it when that is not today: `Tue 14 Oct 04:12 CEST`."""
    then, today = (datetime.fromtimestamp(one, UTC).astimezone(zone) for one in (wall, now))
    day = "" if then.date() == today.date() else "%a %d %b "
    return then.strftime(f"{day}%H:%M %Z")


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


def level_words(metric: Metric, at: Decimal) -> str:
    """A level of a rule: `33%`, `5×`, `50,000`."""
    match metric.unit:
        case "share":
            return percent(at)
        case "times":
            return f"{size(at)}×"
        case "money":
            return money(at)


def by_the_pool(risk: PositionRisk) -> bool:
    """Whether the nearer liquidation is that of its pool when all prices move together."""
    near, pool, alone = risk.liquidation_near, risk.pool_liquidation, risk.liquidation
    if not isinstance(near, Known) or not isinstance(pool, Known) or near.value != pool.value:
        return False
    return not (isinstance(alone, Known) and alone.value == near.value)


def _liquidation(risk: PositionRisk, market: Market | None, venue: str, *, brief: bool = False) -> str:
    """`liq 111,441 (Binance and ours agree)`. `brief`: that they agree, or that only one is known, is not said."""
    near = risk.liquidation_near
    if isinstance(near, Never):
        return "no price liquidates it"
    if not isinstance(near, Known):
        return f"liquidation price unknown: {near.reason}"
    text = f"liq {price(near.value, market)}"
    if by_the_pool(risk):
        return f"{text} if all prices move together"
    theirs, ours, who = risk.liquidation_venue, risk.liquidation_ours, venue_name(venue)
    if isinstance(theirs, Known) and isinstance(ours, Known):
        if abs(theirs.value - ours.value) > abs(theirs.value) / 1000:
            return f"{text} ({who} {price(theirs.value, market)}, ours {price(ours.value, market)})"
        return text if brief else f"{text} ({who} and ours agree)"
    if brief:
        return text
    return f"{text} ({who}'s)" if isinstance(theirs, Known) else f"{text} (ours; {who} says none)"


def _mark(risk: PositionRisk, market: Market | None) -> str:
    return f"Mark {price(risk.mark.value, market) if isinstance(risk.mark, Known) else 'unknown'}"


def liquidation_line(risk: PositionRisk, market: Market | None, venue: str) -> str:
    """`Mark 114,031 · liq 111,441 (Binance and ours agree)`."""
    return f"{_mark(risk, market)} · {_liquidation(risk, market, venue)}"


def prices_line(risk: PositionRisk, stop: Stop, market: Market | None, venue: str) -> str:
    """`Mark 112,952 · stop 112,500 (0.4% away) · liq 111,441`."""
    away = ""
    if isinstance(risk.mark, Known) and risk.mark.value > 0:
        away = f" ({percent(abs(risk.mark.value - stop.trigger_price) / risk.mark.value)} away)"
    where = f"stop {price(stop.trigger_price, market)}{away}"
    return f"{_mark(risk, market)} · {where} · {_liquidation(risk, market, venue, brief=True)}"


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


def rested_words(stops: Sequence[Stop], risk: PositionRisk, market: Market | None) -> str:
    """Whether a stop protected a position when it was last seen: `stop 112,500 rested`."""
    head = stops_head(stops, risk.stop_coverage)
    if head != "STOP RESTS":
        return head
    nearest = max(stops, key=lambda stop: stop.trigger_price * risk.position.side.sign)
    return f"stop {price(nearest.trigger_price, market)} rested"


def stops_line(
    stops: Sequence[Stop], ours: frozenset[str], coverage: Reading, market: Market | None, read_at: str
) -> str:
    """All resting stops of a position and how much of it they cover: `Stop: yours 112,500 on mark, covers 100%, …`."""
    match stops:
        case []:
            return f"NO STOP, read {read_at}"
        case [stop]:
            kind = "" if stop.kind is StopKind.STOP_MARKET else f" {stop.kind}"
            whose = "mine" if stop.client_id in ours else "yours"
            first = f"{whose}{kind} {price(stop.trigger_price, market)} on {stop.trigger}, "
        case _:
            first = "; ".join(stop_words(stop, market, ours=stop.client_id in ours) for stop in stops[:2])
            first += f" and {len(stops) - 2} more; " if len(stops) > 2 else "; "  # noqa: PLR2004
    return f"Stop: {first}{_covers(coverage)}, read {read_at}"


def _covers(coverage: Reading) -> str:
    match coverage:
        case Known(value=value):
            return f"covers {percent(value)}"
        case Never():
            return "none needed"
        case _:
            return "cover unknown"


def stops_line_loud(
    stops: Sequence[Stop], ours: frozenset[str], risk: PositionRisk, market: Market | None, read_at: str
) -> str:
    """One stop without its price, which stands in the line of prices: `Stop: yours, mark, 0.5 of 0.5, read 03:18:21`.

    What does not close all of the position in time says why.
    """
    if len(stops) != 1:
        return stops_line(stops, ours, risk.stop_coverage, market, read_at)
    stop, whole = stops[0], size(risk.position.size)
    kind = "" if stop.kind is StopKind.STOP_MARKET else f" {stop.kind}"
    whose = "mine" if stop.client_id in ours else "yours"
    much = f"{whole if stop.size is None else size(stop.size)} of {whole}"
    judged = next((one.words for one in risk.stops if one.stop is stop), "")
    full = isinstance(risk.stop_coverage, Known) and risk.stop_coverage.value >= 1
    why = "" if full else f", {_covers(risk.stop_coverage)}" + (f" ({judged})" if judged else "")
    return f"Stop: {whose}{kind}, {stop.trigger}, {much}{why}, read {read_at}"


def loss_at(position: Position, exit_price: Decimal, fee: Decimal) -> Decimal:
    """What closing the whole position at a price brings (below zero: a loss), taker fee of the exit included. Quote."""
    return (exit_price - position.entry) * position.size * position.side.sign - exit_price * position.size * fee


def stake_line(
    risk: PositionRisk, stop: Stop | None, market: Market | None, *, loud: bool = False, owe: str = ""
) -> str | None:
    """`If it fills: −2,196 USDT. If liquidated: −2,921`; loud: `Fills: about −2,196 USDT. Liquidated: −2,921. …`."""
    position, near = risk.position, risk.liquidation
    fee = Decimal(0) if market is None else market.taker_fee
    parts, asset = [], position.margin_asset
    if stop is not None:
        loss = money(loss_at(position, stop.trigger_price, fee), asset)
        parts.append(f"Fills: about {loss}" if loud else f"If it fills: {loss}")
        asset = ""  # is said once
    liquidated = "Liquidated" if loud else "If liquidated"
    if position.margin_mode is MarginMode.ISOLATED and position.isolated_wallet is not None:
        parts.append(f"{liquidated}: {money(-position.isolated_wallet, asset)}")
    elif isinstance(near, Known):
        parts.append(f"{liquidated}: about {money(loss_at(position, near.value, Decimal(0)), asset)}, with the pool")
    if parts and owe:
        parts.append(owe)
    return ". ".join(parts) or None


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
