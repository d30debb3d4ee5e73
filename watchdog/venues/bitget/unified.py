"""Bitget's unified account, pure: what can be read of it. Its risk can't: only Bitget's own prices are told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from watchdog.domain.market import Market
from watchdog.domain.position import (
    NOT_GIVEN,
    AccountModes,
    AccountRead,
    Balance,
    Contract,
    MarginMode,
    Position,
    PositionSide,
    Side,
    Stop,
    StopKind,
    Terms,
    TriggerKind,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.bitget.listing import COIN, PRODUCTS, ZERO, data, of
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, rows

if TYPE_CHECKING:
    from watchdog.venues.bitget.listing import Listing

POOL = "unified"
WHY = "Bitget's unified account publishes no margin ratio whose meaning is known: only its liquidation prices are told"
_SIDES = {"long": Side.LONG, "short": Side.SHORT}
_MARGIN_MODES = {"crossed": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_TRIGGERS = {"mark": TriggerKind.MARK, "market": TriggerKind.LAST}


def read(payloads: Mapping[str, Any], listing: Listing, at: float) -> AccountRead:
    """One whole read of a unified account."""
    positions: list[Position] = []
    markets: dict[str, Market] = {}
    stops: list[Stop] = []
    times = [0]
    for product in PRODUCTS:
        held = [row for row in _list(payloads, "uta/position/current-position", product) if row.positive("total")]
        for row in held:
            market = listing.market(product, row.text("symbol"), row.path("symbol"))
            markets[market.symbol] = market
            positions.append(_position(row, market, product, at))
            times.append(row.time_ms("updatedTime"))
        for row in _list(payloads, "uta/trade/unfilled-strategy-orders", product):
            market = listing.market(product, row.text("symbol"), row.path("symbol"))
            markets.setdefault(market.symbol, market)
            stops += _stops(row, market, positions)
    assets = Row.of(data(payloads["uta/account/assets"], "uta/account/assets"), "uta/account/assets.data")
    if not positions:
        for field in ("unrealisedPnl", "mmr"):
            if (said := assets.number(field)) != 0:
                raise MomentsDifferError(assets.path(field), f"no position is listed, yet it is {said}")
    return AccountRead(
        modes=AccountModes(
            hedge=any(one.position_side is not PositionSide.BOTH for one in positions),
            multi_asset=True,
            can_trade=True,
            words="unified",
            either_leg=True,
        ),
        positions=tuple(positions),
        balances=(Balance(POOL, Unknown(WHY), ZERO, NOT_GIVEN, money="USD", venue_ratio=Unknown(WHY)),),
        stops=tuple(stops),
        markets=tuple(markets.values()),
        venue_time_ms=max(times),
        debts=_debts(assets),
    )


def _list(payloads: Mapping[str, Any], name: str, product: str) -> list[Row]:
    where = f"{name}.{product}"
    inner = data(of(payloads, name, product), where)
    if isinstance(inner, Mapping):
        inner = inner.get("list")
        if inner is None:  # what it sends for nothing
            return []
    return rows(inner, f"{where}.list")


def _position(row: Row, market: Market, product: str, at: float) -> Position:
    side: Side = row.choice("posSide", _SIDES)
    mode: MarginMode = row.choice("marginMode", _MARGIN_MODES)
    hedge = row.choice("holdMode", {"hedge_mode": True, "one_way_mode": False})
    entry = row.positive("avgPrice")
    size = row.positive("total")
    price: Reading = Unknown("Bitget publishes none")
    if row.raw.get("liquidationPrice") and (said := row.number("liquidationPrice")) > 0:
        price = Known(said, "price", "bitget", at)
    return Position(
        symbol=market.symbol,
        side=side,
        position_side=PositionSide(side.value) if hedge else PositionSide.BOTH,
        margin_mode=mode,
        margin_asset=market.margin_asset,
        size=size * entry if product == COIN else size,
        entry=entry,
        mark=row.positive("markPrice"),
        isolated_wallet=None,
        venue_maintenance=NOT_GIVEN,
        venue_liquidation=price,
        terms=Terms(Contract.INVERSE if product == COIN else Contract.LINEAR, unreckoned=WHY),
        venue_ratio=Unknown(WHY),
        shared="" if mode is MarginMode.ISOLATED else POOL,
    )


def _stops(row: Row, market: Market, held: list[Position]) -> list[Stop]:
    """A strategy order holds a stop-loss, a take-profit or both."""
    side: Side = row.choice("posSide", _SIDES)
    one_way = any(one.symbol == market.symbol and one.position_side is PositionSide.BOTH for one in held)
    size = None if row.raw.get("qty") == "" else row.positive("qty")
    found = []
    for field, by, order, loss in (
        ("stopLoss", "slTriggerBy", "slOrderType", True),
        ("takeProfit", "tpTriggerBy", "tpOrderType", False),
    ):
        if row.raw.get(field) is None or row.raw[field] == "":
            continue
        kind = row.choice(order, {"market": StopKind.STOP_MARKET, "limit": StopKind.STOP_LIMIT})
        found.append(
            Stop(
                symbol=market.symbol,
                order_side=side.closing,
                position_side=PositionSide.BOTH if one_way else PositionSide(side.value),
                kind=kind if loss else StopKind.TAKE_PROFIT,
                trigger=_TRIGGERS.get(row.text(by), TriggerKind.UNKNOWN),
                trigger_price=row.positive(field),
                size=size,
                close_position=size is None,
                reduce_only=True,
                client_id=str(row.raw.get("clientOid") or ""),
                venue_id=row.text("orderId"),
            )
        )
    if not found:
        raise PayloadError(row.where, "a strategy order with neither stopLoss nor takeProfit")
    return found


def _debts(assets: Row) -> dict[str, Decimal]:
    owed = {row.text("coin"): row.not_negative("debt") for row in assets.rows("assets")}
    return {coin: amount for coin, amount in owed.items() if amount > 0}
