"""What a message says: line 1 is all a lock screen shows; figures in the venue's precision; at most 8 lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from watchdog.domain.effects import Level
from watchdog.domain.market import Market
from watchdog.domain.position import AccountModes, MarginMode, Position, Stop, StopKind
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.schema import Metric
from watchdog.venues.known import VENUES

MOST_LINES = 8

AGAIN, NOBODY_SAW = " (again)", " (nobody has seen it)"
ADDED = (AGAIN, NOBODY_SAW, " · figures of ")
"""What is put after line 1 of a message that was worded before."""

OLD = 30.0
"""Seconds after which figures are said to be old; no snapshot counts as fresh for longer."""

LEVEL_NAMES = {Level.INFO: "INFO", Level.WARN: "WARN", Level.CRITICAL: "CRITICAL", Level.EMERGENCY: "EMERGENCY"}

LISTED = 3
"""How many of a kind are named in one line; the rest is counted."""


def clock_time(wall: float, zone: tzinfo | None) -> str:
    """`03:12:04 CEST`: local time with its zone."""
    return datetime.fromtimestamp(wall, UTC).astimezone(zone).strftime("%H:%M:%S %Z")


def old_words(lines: Sequence[str], added: str, worded: float | None, now: float, zone: tzinfo | None) -> list[str]:
    """What was worded at an earlier time, as it is said now: line 1 says how old its figures are, once they are old."""
    if not lines:
        return []
    first = lines[0]
    for mark in ADDED:
        first = first.split(mark, maxsplit=1)[0]
    if worded is not None and now - worded >= OLD:
        added += f" · figures of {clock_time(worded, zone).split()[0]}"
    return [first + added, *lines[1:]]


def until_words(wall: float, now: float, zone: tzinfo | None) -> str:
    """`04:12 CEST`, and the day before it when that is not today: `Tue 14 Oct 04:12 CEST`."""
    then, today = (datetime.fromtimestamp(one, UTC).astimezone(zone) for one in (wall, now))
    day = "" if then.date() == today.date() else "%a %d %b "
    return then.strftime(f"{day}%H:%M %Z")


def price(value: Decimal, market: Market | None) -> str:
    """In the venue's precision, thousands separated."""
    if market is None or value.is_infinite():
        return f"{value.normalize():,f}"
    return f"{value.quantize(Decimal(1).scaleb(-_places(market.tick)), ROUND_HALF_EVEN):,f}"


def size(value: Decimal, market: Market | None = None) -> str:
    """In the venue's precision, never rounded: `0.500` where the step is 0.001. Without a market: no trailing zeros."""
    places = _places(value) if market is None or not value.is_finite() else max(_places(value), _places(market.step))
    return f"{value.normalize():,.{places}f}"


def _places(value: Decimal) -> int:
    """How many decimals it is written with."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


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


def covered(value: Decimal) -> str:
    """A stop coverage in percent, rounded down: what is not all of it is never `100%`."""
    if value.is_infinite():
        return "∞"
    scaled = value * 100
    places = Decimal("0.1") if abs(scaled) < 10 else Decimal(1)  # noqa: PLR2004  (as in `percent`)
    return f"{scaled.quantize(places, ROUND_DOWN):,f}%"


def name(position: Position) -> str:
    """`BTC long`."""
    return f"{position.symbol.split('/', maxsplit=1)[0]} {position.side}"


def venue_name(venue: str) -> str:
    """The venue as people call it."""
    return VENUES[venue].name if venue in VENUES else venue


def owe(venue: str, modes: AccountModes | None) -> str:
    """`Owe: normally no`: whether a loss beyond the margin can become a debt on a venue, to an account set like this.

    Empty for a venue nothing is known of. No legal advice.
    """
    known = VENUES.get(venue)
    if known is None:
        return ""
    return f"Owe: {known.owe_shared if shares_all(modes) and known.owe_shared else known.owe}"


def shares_all(modes: AccountModes | None) -> bool:
    """Whether all that the account holds stands behind each of its positions."""
    return modes is not None and (modes.multi_asset or modes.words.startswith("portfolio margin"))


def listed(parts: Sequence[str], between: str = ", ") -> str:
    """`a, b, c, 2 more`."""
    more = [f"{len(parts) - LISTED} more"] if len(parts) > LISTED else []
    return between.join((*parts[:LISTED], *more))


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
            return f"Stops close {covered(value)} of it before liquidation"
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


def stops_of(risk: PositionRisk) -> list[Stop]:
    """What rests to close a position at a loss, whether or not in time."""
    position = risk.position
    return [
        one.stop
        for one in risk.stops
        if one.stop.order_side is position.side.closing
        and one.stop.position_side is position.position_side
        and one.stop.kind is not StopKind.TAKE_PROFIT
    ]


def stop_words(stop: Stop, market: Market | None, *, ours: bool) -> str:
    """One resting stop: whose, where, on which price, how much."""
    whose = "mine" if ours else "yours"
    much = "all of it" if stop.size is None else size(stop.size, market)
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
            return f"STOP COVERS {covered(value)}"
        case Known():
            return "STOP DOES NOT COVER"
        case Never():
            return "STOP RESTS"
        case _:
            return "STOP RESTS, COVER UNKNOWN"


def rested_words(risk: PositionRisk, market: Market | None) -> str:
    """Whether a stop protected a position when it was last seen: `stop 112,500 rested`."""
    stops = stops_of(risk)
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
            return f"covers {covered(value)}"
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
    stop, whole = stops[0], size(risk.position.size, market)
    kind = "" if stop.kind is StopKind.STOP_MARKET else f" {stop.kind}"
    whose = "mine" if stop.client_id in ours else "yours"
    much = f"{whole if stop.size is None else size(stop.size, market)} of {whole}"
    judged = next((one.words for one in risk.stops if one.stop is stop), "")
    full = isinstance(risk.stop_coverage, Known) and risk.stop_coverage.value >= 1
    why = "" if full else f", {_covers(risk.stop_coverage)}" + (f" ({judged})" if judged else "")
    return f"Stop: {whose}{kind}, {stop.trigger}, {much}{why}, read {read_at}"


def loss_at(position: Position, exit_price: Decimal, fee: Decimal) -> Decimal:
    """What closing the whole position at a price brings (below zero: a loss), taker fee of the exit included. Quote."""
    return (exit_price - position.entry) * position.size * position.side.sign - exit_price * position.size * fee


def fills(risk: PositionRisk, market: Market | None) -> tuple[Decimal, Decimal] | None:
    """What the stops that close it in time bring if all of them fill, fees included, and how much of it they close.

    The nearest fills first, and none closes more than is left. None: no stop closes any of it in time.
    """
    position = risk.position
    fee = Decimal(0) if market is None else market.taker_fee
    in_time = [one for one in risk.stops if one.share > 0]
    left, loss = position.size, Decimal(0)
    for one in sorted(in_time, key=lambda one: -one.stop.trigger_price * position.side.sign):
        whole = one.stop.size is None or one.stop.close_position
        closes = left if whole or one.stop.size is None else min(one.stop.size, left)
        loss += loss_at(replace(position, size=closes), one.stop.trigger_price, fee)
        left -= closes
    return (loss, position.size - left) if in_time else None


def stake_line(risk: PositionRisk, market: Market | None, *, loud: bool = False, owe: str = "") -> str | None:
    """`If it fills: −2,196 USDT. If liquidated: −2,921`; loud: `Fills: about −2,196 USDT. Liquidated: −2,921. …`.

    A stop that does not close all of it says for how much it fills, and that the rest is liquidated.
    """
    position, near = risk.position, risk.liquidation
    parts, asset, filled = [], position.margin_asset, fills(risk, market)
    if filled is not None:
        loss, closed = filled
        part = f"Fills: about {money(loss, asset)}" if loud else f"If it fills: {money(loss, asset)}"
        if closed < position.size:
            part += f" for {size(closed, market)}, the other {size(position.size - closed, market)} is liquidated"
        parts.append(part)
        asset = ""  # is said once
    liquidated = "Liquidated" if loud else "If liquidated"
    if position.margin_mode is MarginMode.ISOLATED and position.isolated_wallet is not None:
        parts.append(f"{liquidated}: {money(-position.isolated_wallet, asset)}")
    elif isinstance(near, Known):
        parts.append(f"{liquidated}: about {money(loss_at(position, near.value, Decimal(0)), asset)}, with the pool")
    if owe:
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
