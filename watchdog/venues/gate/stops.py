"""Gate futures, pure: a resting price order as what it can protect.

`trigger.rule` 1 sets it off at or above its price, 2 at or below; `price_type` 0 is last, 1 mark, 2 index;
`initial.size` 0 closes the whole position, a price of 0 is a market order (Gate APIv4, FuturesPriceTriggeredOrder).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from watchdog.domain.position import OrderSide, Position, PositionSide, Side, Stop, StopKind, TriggerKind
from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.gate.listing import Listed

_TRIGGERS = {0: TriggerKind.LAST, 1: TriggerKind.MARK, 2: TriggerKind.INDEX}
_RULES = {1: OrderSide.BUY, 2: OrderSide.SELL}
"""The side of a stop that a rule sets off: at or above its price a buy, at or below a sell."""
_CLOSES = {"close_long": Side.LONG, "close_short": Side.SHORT}


def read_stop(order: Row, listed: Listed, held: Sequence[Position], *, hedge: bool) -> Stop:
    """One open price order. `held`: the positions of its place; one of them tells which side a whole close is on."""
    initial = Row.of(order.raw.get("initial"), order.path("initial"))
    trigger = Row.of(order.raw.get("trigger"), order.path("trigger"))
    size = initial.number("amount" if initial.raw.get("amount") else "size")
    stop_side = _RULES.get(_whole(trigger, "rule"))
    if stop_side is None:
        raise PayloadError(trigger.path("rule"), "is none of 1, 2")
    side = _side(order, initial, size, listed, held)
    by_price = _whole(trigger, "strategy_type") == 0 if "strategy_type" in trigger.raw else True
    only_reduces = _reduces(initial) or size == 0
    return Stop(
        symbol=listed.market.symbol,
        order_side=side or stop_side,
        position_side=_leg(side or stop_side, only_reduces=only_reduces) if hedge else PositionSide.BOTH,
        kind=_kind(side, stop_side, market=initial.not_negative("price") == 0) if by_price else StopKind.UNKNOWN,
        trigger=_TRIGGERS.get(_whole(trigger, "price_type"), TriggerKind.UNKNOWN),
        trigger_price=trigger.positive("price"),
        size=abs(size) * listed.unit if size else None,
        close_position=size == 0,
        reduce_only=only_reduces,
        client_id=str(initial.raw.get("text") or ""),
        venue_id=str(_whole(order, "id")),
    )


def _whole(row: Row, field: str) -> int:
    number = row.not_negative(field)
    if number != number.to_integral_value():
        raise PayloadError(row.path(field), f"{number} is not whole")
    return int(number)


def _reduces(initial: Row) -> bool:
    """`is_reduce_only` and `is_close` are what Gate answers for `reduce_only` and `close` of a request."""
    return any(initial.flag(field) for field in ("is_reduce_only", "is_close") if field in initial.raw)


def _side(order: Row, initial: Row, size: Decimal, listed: Listed, held: Sequence[Position]) -> OrderSide | None:
    """Which side it is on; of a whole close, the one that closes what is held, None when that can't be told."""
    if size:
        return OrderSide.BUY if size > 0 else OrderSide.SELL
    if initial.raw.get("auto_size"):
        closing: Side = initial.choice("auto_size", _CLOSES)
        return closing.closing
    word = order.raw.get("order_type")
    if isinstance(word, str):
        for side in Side:
            if f"close-{side.value}-" in word:
                return side.closing
    sides = {position.side for position in held if position.symbol == listed.market.symbol}
    return sides.pop().closing if len(sides) == 1 else None


def _kind(side: OrderSide | None, stop_side: OrderSide, *, market: bool) -> StopKind:
    if side is None:
        return StopKind.UNKNOWN
    if side is not stop_side:
        return StopKind.TAKE_PROFIT
    return StopKind.STOP_MARKET if market else StopKind.STOP_LIMIT


def _leg(side: OrderSide, *, only_reduces: bool) -> PositionSide:
    """The leg in hedge mode: what reduces works on the other leg than what opens."""
    return PositionSide.LONG if (side is OrderSide.SELL) == only_reduces else PositionSide.SHORT
