"""Bitget futures, pure: a resting plan order as what it can protect.

In hedge mode `side` names the leg (closing a long is `buy` with `tradeSide` `close`), in one-way mode the order.
`pos_loss` and `pos_profit` close the whole position, `loss_plan` and `profit_plan` a size of it, `normal_plan` is an
order set off by a price (Bitget API: "Get Pending Trigger Order", "Place Order").
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from watchdog.domain.position import OrderSide, Position, PositionSide, Side, Stop, StopKind, TriggerKind
from watchdog.venues.fields import PayloadError, Row

TRIGGERS = {"mark_price": TriggerKind.MARK, "fill_price": TriggerKind.LAST, "index_price": TriggerKind.INDEX}
_SIDES = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_LOSSES, _PROFITS = {"pos_loss", "loss_plan"}, {"pos_profit", "profit_plan"}
_WHOLE = {"pos_loss", "pos_profit"}
_TRAILING = {"moving_plan", "track_plan"}
_KNOWN = {name: name for name in (*_LOSSES, *_PROFITS, *_TRAILING, "normal_plan")}


def read_stop(row: Row, symbol: str, held: Sequence[Position]) -> Stop:
    """One pending plan order. `held`: the positions beside it, by whose mark a plain trigger order is told apart."""
    plan: str = row.choice("planType", _KNOWN)
    hedge = bool(row.choice("posMode", {"hedge_mode": True, "one_way_mode": False}))
    closes = plan in _LOSSES | _PROFITS | {"moving_plan"} or _closing(row)
    leg = PositionSide.BOTH
    if hedge:
        leg = row.choice("posSide", {"long": PositionSide.LONG, "short": PositionSide.SHORT})
        way = Side(leg.value).closing
        side = way if closes else _other(way)
    else:
        side = row.choice("side", _SIDES)
    whole = plan in _WHOLE or (closes and row.raw.get("size") == "")
    trailing = plan in _TRAILING
    price = row.not_negative("triggerPrice") if trailing and row.raw.get("triggerPrice") else None
    return Stop(
        symbol=symbol,
        order_side=side,
        position_side=leg,
        kind=StopKind.TRAILING if trailing else _kind(row, plan, symbol, side, held),
        trigger=TRIGGERS.get(row.text("triggerType"), TriggerKind.UNKNOWN),
        trigger_price=(price or Decimal(0)) if trailing else row.positive("triggerPrice"),
        size=None if whole else row.positive("size"),
        close_position=whole,
        reduce_only=closes,
        client_id=str(row.raw.get("clientOid") or ""),
        venue_id=row.text("orderId"),
    )


def _closing(row: Row) -> bool:
    word = row.raw.get("tradeSide")
    if isinstance(word, str) and word.lower().startswith(("close", "reduce")):
        return True
    return isinstance(row.raw.get("reduceOnly"), str) and row.raw["reduceOnly"].lower() == "yes"


def _other(side: OrderSide) -> OrderSide:
    return OrderSide.BUY if side is OrderSide.SELL else OrderSide.SELL


def _kind(row: Row, plan: str, symbol: str, side: OrderSide, held: Sequence[Position]) -> StopKind:
    if plan in _PROFITS:
        return StopKind.TAKE_PROFIT
    if plan not in _LOSSES:
        marks = [one.mark for one in held if one.symbol == symbol]
        if not marks:
            return StopKind.UNKNOWN
        trigger = row.positive("triggerPrice")
        if (trigger > marks[0]) != (side is OrderSide.BUY):
            return StopKind.TAKE_PROFIT
    return StopKind.STOP_LIMIT if _limited(row) else StopKind.STOP_MARKET


def _limited(row: Row) -> bool:
    """Whether a price is set for its execution. Raises PayloadError for an order type unknown."""
    if row.choice("orderType", {"limit": True, "market": False}):
        return True
    price = row.raw.get("executePrice")
    if price is None or price == "":
        return False
    if row.number("executePrice") < 0:
        raise PayloadError(row.path("executePrice"), "is negative")
    return row.number("executePrice") > 0
