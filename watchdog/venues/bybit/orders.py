"""Bybit, pure: the conditional orders that rest, from /v5/order/realtime.

A position's own stop loss, take profit and trailing stop are orders there too (`stopOrderType`); those that work on
the whole position (`tpslMode` Full) carry a size that follows it, and are read as closing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from watchdog.domain.position import OrderSide, Stop, StopKind, TriggerKind
from watchdog.venues.bybit.answers import given
from watchdog.venues.bybit.listing import Listing
from watchdog.venues.bybit.positions import leg_of
from watchdog.venues.fields import PayloadError, Row

_RESTING: Final = "Untriggered"
_STATUSES: Final = {
    _RESTING: True,
    **dict.fromkeys(
        (
            "New",
            "PartiallyFilled",
            "Triggered",
            "Rejected",
            "PartiallyFilledCanceled",
            "Filled",
            "Cancelled",
            "Deactivated",
        ),
        False,
    ),
}
_PLAIN: Final = frozenset({"", "UNKNOWN"})
"""The `stopOrderType` of an order that is not conditional."""
_SIDES: Final = {"Buy": OrderSide.BUY, "Sell": OrderSide.SELL}
_TRIGGERS: Final = {"MarkPrice": TriggerKind.MARK, "LastPrice": TriggerKind.LAST, "IndexPrice": TriggerKind.INDEX}
_TYPES: Final = {"Market": StopKind.STOP_MARKET, "Limit": StopKind.STOP_LIMIT}
_LOSSES: Final = frozenset({"StopLoss", "PartialStopLoss"})
_PROFITS: Final = frozenset({"TakeProfit", "PartialTakeProfit"})
_WHOLE: Final = frozenset({"StopLoss", "TakeProfit"})
_RISE, _FALL = 1, 2
_STOPPING: Final[Mapping[OrderSide, int]] = {OrderSide.BUY: _RISE, OrderSide.SELL: _FALL}
"""The `triggerDirection` that makes a conditional order a stop; the other way it takes profit."""


def read_stop(row: Row, listing: Listing, category: str) -> Stop | None:
    """The order, if it is conditional and rests."""
    resting = row.choice("orderStatus", _STATUSES)
    word = row.raw.get("stopOrderType")
    if not isinstance(word, str):
        raise PayloadError(row.path("stopOrderType"), "is missing")
    if word in _PLAIN or not resting:
        return None
    market = listing.find(row.text("symbol"), row.path("symbol"), category).market
    side: OrderSide = row.choice("side", _SIDES)
    kind = _kind(row, word, side)
    stops = kind in {StopKind.STOP_MARKET, StopKind.STOP_LIMIT}
    reduces, on_trigger = row.flag("reduceOnly"), row.flag("closeOnTrigger")
    size = row.not_negative("qty")
    # A size of 0 with both flags closes all there is (API page, Place Order).
    whole = (word in _WHOLE and row.raw.get("tpslMode") == "Full") or (size == 0 and reduces and on_trigger)
    return Stop(
        symbol=market.symbol,
        order_side=side,
        position_side=leg_of(row),
        kind=kind,
        trigger=_TRIGGERS.get(row.text("triggerBy"), TriggerKind.UNKNOWN),
        # A trailing stop that is not yet active may have no trigger price; a stop without one would be no stop.
        trigger_price=row.positive("triggerPrice") if stops else given(row, "triggerPrice"),
        size=None if whole else row.positive("qty"),
        close_position=whole,
        reduce_only=reduces or on_trigger,
        client_id=_text(row, "orderLinkId"),
        venue_id=row.text("orderId"),
    )


def _kind(row: Row, word: str, side: OrderSide) -> StopKind:
    as_type: StopKind = _TYPES.get(row.text("orderType"), StopKind.UNKNOWN)
    if word in _LOSSES:
        return as_type
    if word in _PROFITS:
        return StopKind.TAKE_PROFIT
    if word == "TrailingStop":
        return StopKind.TRAILING
    if word != "Stop":
        return StopKind.UNKNOWN
    direction = row.not_negative("triggerDirection")
    if direction not in {_RISE, _FALL}:
        return StopKind.UNKNOWN
    return as_type if direction == _STOPPING[side] else StopKind.TAKE_PROFIT


def _text(row: Row, field: str) -> str:
    """A string that may be empty."""
    value = row.raw.get(field)
    if not isinstance(value, str):
        raise PayloadError(row.path(field), "is missing")
    return value
