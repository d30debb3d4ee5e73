"""KuCoin futures, pure: raw answers in, an account out. No I/O, no clock, no ccxt.

Field meanings are those of KuCoin's API pages ("Get Position List", "Get Account - Futures"). Of an isolated position
`posMargin` is what was put to it, `posMaint` what is required of it at its entry value (rate, closing fee and funding
in it; no price moves it) and `maintMargin`, despite its name, its equity: real positions of ccxt's PRs 17908 and 19277
are met within a tick. A cross pool is one settle currency, and KuCoin tells its risk rate; by which rates is not told.
The unified account is refused: over REST it gives no liquidation price, and no figure is known that its risk
ratio could be held against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    NOT_GIVEN,
    AccountModes,
    AccountRead,
    Balance,
    Contract,
    MarginMode,
    OrderSide,
    Position,
    PositionSide,
    Side,
    Stop,
    StopKind,
    Terms,
    TriggerKind,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, rows
from watchdog.venues.kucoinfutures.listing import ZERO, Listed, Listing, coin, data

SOURCE = "kucoinfutures"
UNIFIED = "KuCoin's unified account is not supported: no numbers of it can be had here"
_CROSS = "by which rates KuCoin reckons a cross pool is not told: its own risk rate stands alone"
_LEGS = {"BOTH": PositionSide.BOTH, "LONG": PositionSide.LONG, "SHORT": PositionSide.SHORT}
_MODES = {"CROSS": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}
_SIDES = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_STOPS = {"up": OrderSide.BUY, "down": OrderSide.SELL}
"""The side of a stop that each direction sets off."""
_TRIGGERS = {"TP": TriggerKind.LAST, "MP": TriggerKind.MARK, "IP": TriggerKind.INDEX}


def read(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read. Raises PayloadError, MomentsDifferError, UnlistedError."""
    _classic(payloads)
    listing = Listing(payloads)
    held = [
        row
        for row in rows(data(payloads.get("positions"), "positions"), "positions")
        if row.flag("isOpen") or row.number("currentQty") != 0
    ]
    markets: dict[str, Market] = {}
    positions: list[Position] = []
    for row in held:
        listed = listing.get(row.text("symbol"), row.path("symbol"))
        markets[listed.market.symbol] = listed.market
        positions.append(_position(row, listed, at))
    for key, times in Counter(one.key for one in positions).items():
        if times > 1:
            raise PayloadError("positions", f"{key.symbol} {key.position_side} is listed {times} times")
    stops: list[Stop] = []
    for row in _orders(payloads):
        listed = listing.get(row.text("symbol"), row.path("symbol"))
        markets.setdefault(listed.market.symbol, listed.market)
        stops.append(_stop(row, listed, positions))
    overviews = Row.of(payloads.get("account-overview"), "account-overview")
    pools = {one.pool for one in positions if one.pool is not None}
    balances = [
        _balance(_overview(overviews, currency), positions, pools, at) for currency in sorted(overviews.raw, key=str)
    ]
    found = {balance.asset for balance in balances}
    for position in positions:
        if position.margin_asset not in found:
            raise PayloadError("account-overview", f"has no {position.margin_asset}, which {position.symbol} needs")
    return AccountRead(
        modes=AccountModes(
            hedge=any(one.position_side is not PositionSide.BOTH for one in positions),
            multi_asset=False,
            can_trade=True,
            words="classic",
            either_leg=True,
        ),
        positions=tuple(positions),
        balances=tuple(balances),
        stops=tuple(stops),
        markets=tuple(markets.values()),
        venue_time_ms=max((row.time_ms("currentTimestamp") for row in held), default=0),
    )


def _classic(payloads: Mapping[str, Any]) -> None:
    mode = Row.of(data(payloads.get("account/mode"), "account/mode"), "account/mode.data")
    if mode.choice("selfAccountMode", {"CLASSIC": False, "UNIFIED": True}):
        raise PayloadError(mode.path("selfAccountMode"), UNIFIED)


# -- positions --------------------------------------------------------------------------------------------------------


def _position(row: Row, listed: Listed, at: float) -> Position:
    amount = row.number("currentQty")
    if amount == 0:
        raise PayloadError(row.path("currentQty"), "0, and the position is open")
    side = Side.LONG if amount > 0 else Side.SHORT
    leg: PositionSide = row.choice("positionSide", _LEGS) if "positionSide" in row.raw else PositionSide.BOTH
    if leg.value not in {PositionSide.BOTH.value, side.value}:
        raise PayloadError(row.path("currentQty"), f"{amount} on the {leg.value} leg")
    if row.text("settleCurrency") != listed.settle:
        raise PayloadError(row.path("settleCurrency"), f"{row.text('settleCurrency')[:20]!r}, where {listed.settle} is")
    size, entry = abs(amount) * listed.unit, row.positive("avgEntryPrice")
    contract = Contract.INVERSE if listed.inverse else Contract.LINEAR
    isolated = _mode(row) is MarginMode.ISOLATED
    required: Reading = NOT_GIVEN
    terms = Terms(contract, unreckoned=_CROSS)
    if isolated:
        required, terms = _isolated(row, contract, size / entry if listed.inverse else size * entry, at)
    return Position(
        symbol=listed.market.symbol,
        side=side,
        position_side=leg,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin_asset=listed.market.margin_asset,
        size=size,
        entry=entry,
        mark=row.positive("markPrice"),
        isolated_wallet=row.number("posMargin") if isolated else None,
        venue_maintenance=required,
        venue_liquidation=_liquidation(row, at),
        terms=terms,
        venue_ratio=_ratio(row, required, at) if isolated else Unknown("it shares its pool's"),
    )


def _mode(row: Row) -> MarginMode:
    """`marginMode`, and in older answers `crossMode`; the two may not disagree."""
    old = row.flag("crossMode") if "crossMode" in row.raw else None
    if "marginMode" not in row.raw:
        if old is None:
            raise PayloadError(row.path("marginMode"), "is missing, and so is crossMode")
        return MarginMode.CROSS if old else MarginMode.ISOLATED
    mode: MarginMode = row.choice("marginMode", _MODES)
    if old is not None and old != (mode is MarginMode.CROSS):
        raise PayloadError(row.path("crossMode"), f"{old} beside {row.text('marginMode')}")
    return mode


def _isolated(row: Row, contract: Contract, entered: Decimal, at: float) -> tuple[Reading, Terms]:
    """What an isolated position requires, and by which terms: one rate of its value at entry, which no price moves.

    The rate is `posMaint` over that value. Where `posMaint` is less than its own parts, the value's share
    `maintMarginReq` and the fee of closing at bankruptcy `posComm`, nothing is known of it.
    """
    required, least = row.positive("posMaint"), entered * row.positive("maintMarginReq")
    parts = least + row.not_negative("posComm")
    rate = required / entered
    if required < parts * (1 - Decimal("0.001")) or rate >= 1:
        why = f"{row.path('posMaint')} {required} is not what {parts:f} and funding make"
        return Unknown(why), Terms(contract, unreckoned=why)
    terms = Terms(contract, at_entry=True, tiers=(Tier(ZERO, None, rate, ZERO),))
    return Known(required, "money", SOURCE, at), terms


def _liquidation(row: Row, at: float) -> Reading:
    price = row.not_negative("liquidationPrice")
    return Known(price, "price", SOURCE, at) if price else Unknown("KuCoin publishes none")


def _ratio(row: Row, required: Reading, at: float) -> Reading:
    """`posMaint / maintMargin`: the requirement over the equity."""
    equity = row.number("maintMargin")
    if not isinstance(required, Known):
        return required
    return Known(required.value / equity if equity > 0 else Decimal("Infinity"), "share", SOURCE, at)


# -- what stands behind them ------------------------------------------------------------------------------------------


def _overview(overviews: Row, currency: str) -> Row:
    where = overviews.path(currency)
    row = Row.of(data(overviews.raw[currency], where), f"{where}.data")
    if row.text("currency") != currency:
        raise PayloadError(row.path("currency"), f"{row.text('currency')[:20]!r} came, {currency} was due")
    return row


def _balance(row: Row, positions: list[Position], pools: set[str], at: float) -> Balance:
    asset = coin(row.text("currency"))
    gained = row.number("unrealisedPNL")
    if all(one.margin_asset != asset for one in positions):
        for field, said in (("positionMargin", row.not_negative("positionMargin")), ("unrealisedPNL", gained)):
            if said != 0:
                raise MomentsDifferError(row.path(field), f"no position is listed, yet it is {said}")
    ratio: Reading = NOT_GIVEN
    if asset in pools:
        ratio = Unknown(f"{row.path('riskRatio')} is missing")
        if row.raw.get("riskRatio") is not None:
            value = row.not_negative("riskRatio")
            ratio = Known(value, "share", SOURCE, at) if value else Unknown(f"{row.path('riskRatio')} is 0")
    return Balance(asset, Unknown(_CROSS), ZERO, NOT_GIVEN, venue_ratio=ratio)


# -- orders -----------------------------------------------------------------------------------------------------------


def _orders(payloads: Mapping[str, Any]) -> list[Row]:
    pages = payloads.get("stopOrders")
    if not isinstance(pages, list):
        raise PayloadError("stopOrders", "a list was due")
    found: list[Row] = []
    for number, page in enumerate(pages):
        found += Row.of(data(page, f"stopOrders[{number}]"), f"stopOrders[{number}].data").rows("items")
    return found


def _stop(row: Row, listed: Listed, positions: list[Position]) -> Stop:
    """`down` is set off at or below its price, `up` at or above; `closeOrder` closes all of a position."""
    whole = row.flag("closeOrder")
    stops: OrderSide = row.choice("stop", _STOPS)
    side: OrderSide | None = None
    if row.raw.get("side"):
        side = row.choice("side", _SIDES)
    elif whole:
        held = [one for one in positions if one.symbol == listed.market.symbol]
        side = held[0].side.closing if len(held) == 1 else None
    else:
        raise PayloadError(row.path("side"), "is missing")
    only_reduces = whole or row.flag("reduceOnly")
    limited = row.choice("type", {"limit": True, "market": False})
    kind = StopKind.UNKNOWN
    if side is not None:
        kind = StopKind.STOP_LIMIT if limited else StopKind.STOP_MARKET
        kind = kind if side is stops else StopKind.TAKE_PROFIT
    return Stop(
        symbol=listed.market.symbol,
        order_side=side or stops,
        position_side=row.choice("positionSide", _LEGS) if row.raw.get("positionSide") else PositionSide.BOTH,
        kind=kind,
        trigger=_TRIGGERS.get(row.text("stopPriceType"), TriggerKind.UNKNOWN),
        trigger_price=row.positive("stopPrice"),
        size=None if whole else row.positive("size") * listed.unit,
        close_position=whole,
        reduce_only=only_reduces,
        client_id=str(row.raw.get("clientOid") or ""),
        venue_id=row.text("id"),
    )
