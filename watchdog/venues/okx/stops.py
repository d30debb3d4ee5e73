"""OKX, pure: resting algo orders as stops. Source: OKX API v5 docs, Algo order list.

`conditional` is a stop-loss or a take-profit, `oco` both, `trigger` any order set off by a price, `move_order_stop`
a trailing stop. An order price of −1 is a market order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from watchdog.domain.position import MarginMode, OrderSide, PositionSide, Stop, StopKind, TriggerKind
from watchdog.venues.fields import PayloadError, Row, rows
from watchdog.venues.okx.listing import INSTRUMENT_TYPES, UNWATCHED_TYPES, Instrument, Listing, data, given

LISTS: Final = ("conditional,oco", "trigger", "move_order_stop")
"""The lists that are asked for, by `ordType`: OKX gives one kind at a time, those two alone together."""
POSITION_SIDES: Final = {"net": PositionSide.BOTH, "long": PositionSide.LONG, "short": PositionSide.SHORT}
MARGIN_MODES: Final = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_SIDES: Final = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_KINDS: Final = {name: name for name in ("conditional", "oco", "trigger", "move_order_stop")}
_STATES: Final = {
    "live": True,
    "pause": False,
    "partially_effective": False,
    "effective": None,
    "canceled": None,
    "order_failed": None,
}
"""Whether an order rests whole; None: it does not rest any more."""
_TRIGGERS: Final = {"mark": TriggerKind.MARK, "last": TriggerKind.LAST, "index": TriggerKind.INDEX}
_MARKET: Final = Decimal(-1)


def order_rows(answers: Any) -> list[Row]:
    """The rows of contracts among all pages of `orders-algo-pending`. Raises PayloadError."""
    pages = rows(answers, "orders-algo-pending")
    if not pages:
        raise PayloadError("orders-algo-pending", "is an empty list; each kind of order has an answer")
    found = [row for page in pages for row in data(page.raw, page.where)]
    kinds = {name: name for name in (*INSTRUMENT_TYPES, *UNWATCHED_TYPES)}
    return [row for row in found if row.choice("instType", kinds) in INSTRUMENT_TYPES]


def read_stops(found: list[Row], listing: Listing) -> tuple[Stop, ...]:
    """The stops among algo orders; an `oco` is two. Raises PayloadError, UnlistedError."""
    return tuple(stop for row in found for stop in _stops(row, listing))


def _stops(row: Row, listing: Listing) -> Iterator[Stop]:
    instrument = listing.instrument(row.text("instId"), row.path("instId"))
    kind: str = row.choice("ordType", _KINDS)
    whole: bool | None = row.choice("state", _STATES)
    if kind == "trigger":
        legs = [_leg(row, instrument, _trigger_kind(row), "triggerPx", "ordPx", "triggerPxType")]
    elif kind == "move_order_stop":
        legs = [_trailing(row, instrument)]
    else:
        legs = []
        if given(row, "slTriggerPx"):
            legs.append(_leg(row, instrument, StopKind.STOP_MARKET, "slTriggerPx", "slOrdPx", "slTriggerPxType"))
        if given(row, "tpTriggerPx") or (given(row, "tpOrdPx") and row.number("tpOrdPx") > 0):
            price = "tpTriggerPx" if given(row, "tpTriggerPx") else "tpOrdPx"
            legs.append(_leg(row, instrument, StopKind.TAKE_PROFIT, price, "tpOrdPx", "tpTriggerPxType"))
        if not legs or (kind == "oco" and not given(row, "slTriggerPx")):
            raise PayloadError(row.path("slTriggerPx"), f"a {kind} order without its trigger price")
    for stop in legs if whole is not None else ():
        # Paused, or partly gone: what it still does is not said.
        yield stop if whole else replace(stop, kind=StopKind.UNKNOWN)


def _trigger_kind(row: Row) -> StopKind:
    """A trigger order has no word for its purpose: beyond the last price on the gaining side it takes profit."""
    if not given(row, "last"):
        return StopKind.STOP_MARKET
    away = row.positive("triggerPx") - row.positive("last")
    gains = away if row.choice("side", _SIDES) is OrderSide.SELL else -away
    return StopKind.TAKE_PROFIT if gains > 0 else StopKind.STOP_MARKET


def _leg(row: Row, instrument: Instrument, kind: StopKind, trigger: str, price: str, word: str) -> Stop:
    if kind is StopKind.STOP_MARKET and (not given(row, price) or row.number(price) != _MARKET):
        kind = StopKind.STOP_LIMIT if given(row, price) else StopKind.UNKNOWN
    of = _TRIGGERS.get(row.text(word), TriggerKind.UNKNOWN) if given(row, word) else TriggerKind.UNKNOWN
    return _stop(row, instrument, kind, of, row.positive(trigger))


def _trailing(row: Row, instrument: Instrument) -> Stop:
    """Where its trigger is now: from where it moves, else from where it starts, else not known (0)."""
    price = next((row.not_negative(name) for name in ("moveTriggerPx", "activePx") if given(row, name)), Decimal(0))
    return _stop(row, instrument, StopKind.TRAILING, TriggerKind.LAST, price)


def _stop(row: Row, instrument: Instrument, kind: StopKind, trigger: TriggerKind, price: Decimal) -> Stop:
    closes = given(row, "closeFraction") and row.positive("closeFraction") == 1
    return Stop(
        symbol=instrument.market.symbol,
        order_side=row.choice("side", _SIDES),
        position_side=row.choice("posSide", POSITION_SIDES),
        kind=kind,
        trigger=trigger,
        trigger_price=price,
        size=None if closes else row.positive("sz") * instrument.face,
        close_position=closes,
        reduce_only=given(row, "reduceOnly") and row.flag("reduceOnly"),
        client_id=next((row.text(name) for name in ("algoClOrdId", "clOrdId") if given(row, name)), ""),
        venue_id=row.text("algoId"),
        margin_mode=row.choice("tdMode", MARGIN_MODES),
    )
