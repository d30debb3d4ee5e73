"""Hyperliquid, pure: raw answers in, an account out. No I/O, no clock, no ccxt.

Field meanings are those of the docs (for developers, info endpoint, perpetuals and spot). One answer is one moment,
so what it says twice must agree: notionals with their sum, margins and account values with the raw USD behind them.
An answer that contradicts itself, or lacks what it must hold, raises PayloadError naming the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from watchdog.domain.market import Market
from watchdog.domain.position import AccountModes, AccountRead, MarginMode, Position, PositionSide, Side, Stop
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.hyperliquid import pools
from watchdog.venues.hyperliquid.listing import Dex, Listing
from watchdog.venues.hyperliquid.orders import NAME as ORDERS
from watchdog.venues.hyperliquid.orders import read_stops
from watchdog.venues.hyperliquid.pools import MODES, SOURCE, Mode, State

STATES = "clearinghouseState"
_MARGIN_MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_KINDS = {"oneWay": PositionSide.BOTH}
_CENT, _MILLIONTH = Decimal("0.01"), Decimal("0.000001")
_ENTRY_SLACK = Decimal("0.01")
"""Share of the cost by which unrealised profit may miss the one by `entryPx`: that price is rounded for people."""
_FINEST = 12
"""More places than a price has on either side of its point."""
_QUOTIENT = Context(prec=40, rounding=ROUND_HALF_EVEN)


def read_account(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read. `at` is the monotonic time its readings carry.

    Raises PayloadError naming the field, MomentsDifferError where two answers cannot be of one moment, UnlistedError
    for a coin that the listing does not hold.
    """
    listing = Listing(payloads)
    mode: Mode = Row("hyperliquid", payloads).choice("userAbstraction", MODES)
    spot = pools.read_spot(payloads.get(pools.SPOT))
    answers = Row.of(payloads.get(STATES), STATES)
    states = [_state(answers.raw.get(dex.name), dex, mode, at) for dex in listing]
    stops, ordered = _stops(payloads.get(ORDERS), states)
    balances = pools.balances(mode, states, spot, at)
    markets = {market.symbol: market for state in states for market in state.markets} | ordered
    return AccountRead(
        modes=AccountModes(hedge=False, multi_asset=mode is Mode.PORTFOLIO, can_trade=False, words=mode.value),
        positions=tuple(position for state in states for position in state.positions),
        balances=balances,
        stops=stops,
        markets=tuple(markets.values()),
        venue_time_ms=max(state.time_ms for state in states),
        unwatched=pools.unwatched(mode, spot, states),
        debts=spot.debts,
    )


def _stops(answers: Any, states: list[State]) -> tuple[tuple[Stop, ...], dict[str, Market]]:
    """The resting orders of every dex that was asked; it must have been where something is held."""
    by_dex = Row.of(answers, ORDERS).raw
    stops: list[Stop] = []
    markets: dict[str, Market] = {}
    for state in states:
        dex = state.dex
        if dex.name not in by_dex:
            if state.positions:
                raise PayloadError(f"{ORDERS}.{dex.name or 'main'}", "is missing, and positions are open there")
            continue
        found, coins = read_stops(by_dex[dex.name], dex)
        stops.extend(found)
        for coin in coins:
            market = dex.market(coin, ORDERS)
            markets[market.symbol] = market
    return tuple(stops), markets


def _state(answer: Any, dex: Dex, mode: Mode, at: float) -> State:
    """What one dex holds for the account."""
    row = Row.of(answer, f"{STATES}.{dex.name or 'main'}")
    held: list[_Held] = []
    for item in row.rows("assetPositions"):
        item.choice("type", _KINDS)
        one = _held(Row.of(item.get("position"), item.path("position")), dex, mode, at)
        if one is not None:
            held.append(one)
    if len({one.market.symbol for one in held}) != len(held):
        raise PayloadError(row.path("assetPositions"), "holds a coin twice")
    cross = [one for one in held if one.position.margin_mode is MarginMode.CROSS]
    isolated = [one for one in held if one.position.margin_mode is MarginMode.ISOLATED]
    total, shared = (Row.of(row.get(name), row.path(name)) for name in ("marginSummary", "crossMarginSummary"))
    account, slack = shared.number("accountValue"), _slack(sum((one.value for one in held), Decimal(0)))
    margins = sum((one.margin for one in isolated), Decimal(0))
    signed = sum((one.value * one.position.side.sign for one in cross), Decimal(0))
    _agree(total, "totalNtlPos", sum((one.value for one in held), Decimal(0)), slack)
    _agree(shared, "totalNtlPos", sum((one.value for one in cross), Decimal(0)), slack)
    _agree(shared, "accountValue", shared.number("totalRawUsd") + signed, slack)
    _agree(total, "accountValue", account + margins, slack)
    return State(
        dex=dex,
        positions=tuple(one.position for one in held),
        markets=tuple(one.market for one in held),
        cross_value=account,
        cross_unrealised=sum((one.unrealised for one in cross), Decimal(0)),
        isolated_margin=margins,
        maintenance=_maintenance(row, cross, slack),
        time_ms=row.time_ms("time"),
    )


def _slack(notional: Decimal) -> Decimal:
    """By how much two figures of one answer may differ: it is printed from binary fractions, with six decimals."""
    return _CENT + notional * _MILLIONTH


def _agree(row: Row, field: str, expected: Decimal, slack: Decimal) -> None:
    said = row.number(field)
    if abs(said - expected) > slack:
        raise PayloadError(row.path(field), f"{said}, where the rest of the same answer makes {expected}")


def _maintenance(row: Row, cross: list[_Held], slack: Decimal) -> Decimal:
    """What the venue requires of the dex's cross positions. None listed and something required is bad data."""
    required = row.not_negative("crossMaintenanceMarginUsed")
    if not cross and required > slack:
        path = row.path("crossMaintenanceMarginUsed")
        raise PayloadError(path, f"no cross position is listed, yet maintenance of {required} is required")
    if cross and required == 0 and sum(one.value for one in cross) > _CENT:
        raise PayloadError(row.path("crossMaintenanceMarginUsed"), "is 0, and cross positions are open")
    return required


@dataclass(frozen=True, slots=True)
class _Held:
    """A position with what the venue says of it in money."""

    position: Position
    market: Market
    value: Decimal
    unrealised: Decimal
    margin: Decimal


def _held(row: Row, dex: Dex, mode: Mode, at: float) -> _Held | None:
    """One position; None for one that was closed and is still listed, with no size and no value."""
    market = dex.market(row.text("coin"), row.path("coin"))
    amount, value = row.number("szi"), row.not_negative("positionValue")
    if amount == 0 and value == 0:
        return None
    if amount == 0 or value == 0:
        raise PayloadError(row.path("szi"), f"{amount} is worth {value}")
    side, size = (Side.LONG if amount > 0 else Side.SHORT), abs(amount)
    mark, entry = mark_of(size, value), row.positive("entryPx")
    unrealised, margin = row.number("unrealizedPnl"), row.number("marginUsed")
    gained = side.sign * size * (mark - entry)
    if abs(unrealised - gained) > _CENT + size * entry * _ENTRY_SLACK:
        raise PayloadError(row.path("unrealizedPnl"), f"{unrealised}, where entryPx {entry} makes {gained}")
    leverage = Row.of(row.get("leverage"), row.path("leverage"))
    margin_mode: MarginMode = leverage.choice("type", _MARGIN_MODES)
    isolated = margin_mode is MarginMode.ISOLATED
    if isolated:
        _agree(row, "marginUsed", leverage.number("rawUsd") + side.sign * value, _slack(value))
    position = Position(
        symbol=market.symbol,
        side=side,
        position_side=PositionSide.BOTH,
        margin_mode=margin_mode,
        margin_asset=market.margin_asset,
        size=size,
        entry=entry,
        mark=mark,
        # `marginUsed` is the equity now, profit included. What makes it that at this mark and this, rounded, entry
        # is the wallet: so the equity, on which all depends, is the venue's own.
        isolated_wallet=margin - gained if isolated else None,
        venue_maintenance=Unknown("Hyperliquid gives none of a single position"),
        venue_liquidation=_liquidation(row, at),
        shared="" if isolated else pools.pool_of(mode, dex),
    )
    return _Held(position, market, value, unrealised, margin)


def _liquidation(row: Row, at: float) -> Reading:
    """The venue's price; it sends null where no price above zero liquidates, and where it gives none."""
    if "liquidationPx" not in row.raw:
        raise PayloadError(row.path("liquidationPx"), "is missing")
    if row.raw["liquidationPx"] is None:
        return Unknown("Hyperliquid gives none (liquidationPx is null)")
    price = row.not_negative("liquidationPx")
    if price == 0:
        return Unknown("Hyperliquid gives none (liquidationPx is 0)")
    return Known(price, "price", SOURCE, at)


def mark_of(size: Decimal, value: Decimal) -> Decimal:
    """The mark price of a position, from its value, which is printed with six decimals: the shortest that makes it."""
    exact = _QUOTIENT.divide(value, size)
    if exact.adjusted() > _FINEST:
        return exact
    for places in range(_FINEST):
        mark = exact.quantize(Decimal(1).scaleb(-places), context=_QUOTIENT)
        if mark > 0 and abs(mark * size - value) <= _MILLIONTH:
            return mark
    return exact
