"""Deribit, pure: a row of `get_open_orders` as what it can protect.

A trigger order rests as `untriggered`. One that waits for another order to fill first (`is_secondary_oto`) does not
rest yet, whatever its state says.
"""

from __future__ import annotations

from decimal import Decimal

from watchdog.domain.position import OrderSide, PositionSide, Stop, StopKind, TriggerKind
from watchdog.venues.deribit.listing import Listed
from watchdog.venues.fields import PayloadError, Row

_PLAIN = frozenset({"limit", "market", "market_limit"})
_KINDS = {
    "stop_market": StopKind.STOP_MARKET,
    "stop_limit": StopKind.STOP_LIMIT,
    "take_market": StopKind.TAKE_PROFIT,
    "take_limit": StopKind.TAKE_PROFIT,
    "trailing_stop": StopKind.TRAILING,
}
_PRICED = frozenset({StopKind.STOP_MARKET, StopKind.STOP_LIMIT, StopKind.TAKE_PROFIT})
_TRIGGERS = {"mark_price": TriggerKind.MARK, "last_price": TriggerKind.LAST, "index_price": TriggerKind.INDEX}
_SIDES = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_RESTS = "untriggered"


def read_stop(row: Row, listed: Listed) -> Stop | None:
    """The order if it is conditional and rests; every field of such a one must be there."""
    word = row.text("order_type")
    if word in _PLAIN:
        return None
    kind = _KINDS.get(word, StopKind.UNKNOWN)
    stop = Stop(
        symbol=listed.market.symbol,
        order_side=row.choice("direction", _SIDES),
        position_side=PositionSide.BOTH,
        kind=kind,
        trigger=_TRIGGERS.get(row.text("trigger"), TriggerKind.UNKNOWN),
        trigger_price=row.positive("trigger_price") if kind in _PRICED else _price(row),
        size=_left(row),
        close_position=False,
        reduce_only=row.flag("reduce_only"),
        client_id=row.text("label") if row.raw.get("label") else "",
        venue_id=row.text("order_id"),
    )
    waits = row.raw.get("is_secondary_oto") is not None and row.flag("is_secondary_oto")
    return stop if row.text("order_state") == _RESTS and not waits else None


def _price(row: Row) -> Decimal:
    return row.not_negative("trigger_price") if row.raw.get("trigger_price") is not None else Decimal(0)


def _left(row: Row) -> Decimal:
    filled = row.not_negative("filled_amount") if row.raw.get("filled_amount") is not None else Decimal(0)
    amount = row.positive("amount")
    if filled >= amount:
        raise PayloadError(row.path("filled_amount"), f"{filled} of {amount} is filled, yet it is open")
    return amount - filled
