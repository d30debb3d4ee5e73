"""Kraken Futures, pure: a row of `openorders` as what it can protect.

A stop without a limit price sends a market order (Kraken.Net issue 81 shows a raw one: `orderType` `stop`, no
`limitPrice`); `triggerSignal` is `mark`, `last` or `spot`, in older answers with `_price` behind it.
"""

from __future__ import annotations

from watchdog.domain.position import OrderSide, PositionSide, Stop, StopKind, TriggerKind
from watchdog.venues.fields import Row
from watchdog.venues.krakenfutures.listing import Listed

_PLAIN = frozenset({"lmt", "limit", "post", "ioc", "mkt", "market", "fok"})
"""Orders that rest in the book or are gone at once: no trigger."""
_KINDS = {
    "stop": StopKind.STOP_MARKET,
    "stp": StopKind.STOP_MARKET,
    "take_profit": StopKind.TAKE_PROFIT,
    "trailing_stop": StopKind.TRAILING,
}
_TRIGGERS = {
    "mark": TriggerKind.MARK,
    "last": TriggerKind.LAST,
    "spot": TriggerKind.INDEX,
    "index": TriggerKind.INDEX,
}
_RESTS = frozenset({"untouched", "partiallyfilled"})
_SIDES = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}


def read_stop(row: Row, listed: Listed) -> Stop | None:
    """The order if it is conditional and rests; every field of such a one must be there."""
    word = row.text("orderType").lower()
    if word in _PLAIN:
        return None
    kind = _KINDS.get(word, StopKind.UNKNOWN)
    if kind is StopKind.STOP_MARKET and _has_limit(row):
        kind = StopKind.STOP_LIMIT
    given = kind in {StopKind.STOP_MARKET, StopKind.STOP_LIMIT} or "stopPrice" in row.raw
    stop = Stop(
        symbol=listed.market.symbol,
        order_side=row.choice("side", _SIDES),
        position_side=PositionSide.BOTH,
        kind=kind,
        trigger=_trigger(row),
        trigger_price=row.positive("stopPrice") if given else row.positive("limitPrice"),
        size=row.positive("unfilledSize") * listed.unit,
        close_position=False,
        reduce_only=row.flag("reduceOnly"),
        client_id=row.text("cliOrdId") if row.raw.get("cliOrdId") else "",
        venue_id=row.text("order_id"),
    )
    return stop if row.text("status").lower() in _RESTS else None


def _has_limit(row: Row) -> bool:
    return row.raw.get("limitPrice") is not None and row.not_negative("limitPrice") > 0


def _trigger(row: Row) -> TriggerKind:
    if row.raw.get("triggerSignal") is None:
        return TriggerKind.UNKNOWN
    return _TRIGGERS.get(row.text("triggerSignal").lower().removesuffix("_price"), TriggerKind.UNKNOWN)
