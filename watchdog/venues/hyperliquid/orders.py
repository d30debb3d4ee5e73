"""Hyperliquid, pure: the conditional orders that rest, from `frontendOpenOrders`, which is asked for each dex.

All of them are triggered by the mark price (Hyperliquid docs, take profit and stop loss orders).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from watchdog.domain.position import OrderSide, PositionSide, Stop, StopKind, TriggerKind
from watchdog.venues.fields import PayloadError, Row, rows
from watchdog.venues.hyperliquid.listing import Dex

NAME = "frontendOpenOrders"
SIDES = {"B": OrderSide.BUY, "A": OrderSide.SELL}
_KINDS = {
    "Stop Market": StopKind.STOP_MARKET,
    "Stop Limit": StopKind.STOP_LIMIT,
    "Take Profit Market": StopKind.TAKE_PROFIT,
    "Take Profit Limit": StopKind.TAKE_PROFIT,
}
LEAST_SLIP = Decimal("0.01")
"""Share of the trigger price by which a market order's price must lie beyond it.

A triggered order is sent with `limitPx` as its worst price, market or not. The venue's page and ccxt leave 5 to 10 %;
one that leaves less than this can stay unfilled in a fast move, as a stop limit can.
"""
_CLIENT_ID = re.compile(r"0x([0-9a-f]{32})", re.IGNORECASE)


def read_stops(answer: Any, dex: Dex) -> tuple[tuple[Stop, ...], tuple[str, ...]]:
    """The conditional orders of a dex's own coins, and those coins.

    Raises PayloadError naming the field, UnlistedError for a coin the listing does not hold.
    """
    where = f"{NAME}.{dex.name or 'main'}"
    found = rows(answer, where)
    waiting = {_number(child) for row in found for child in _children(row)}
    stops, coins = [], []
    for row in found:
        coin = row.text("coin")
        if not row.flag("isTrigger") or _is_spot(coin):
            continue
        stops.append(_stop(row, dex, waits=_number(row) in waiting))
        coins.append(coin)
    return tuple(stops), tuple(coins)


def _is_spot(coin: str) -> bool:
    """Spot pairs (`@107`, `PURR/USDC`) and outcomes (`#14720`) come with the orders of the main dex."""
    return coin.startswith(("@", "#", "+")) or "/" in coin


def _children(row: Row) -> list[Row]:
    """Orders that wait for this one to fill; they are listed a second time beside it."""
    return row.rows("children") if row.raw.get("children") is not None else []


def _number(row: Row) -> str:
    number = row.positive("oid")
    if number != number.to_integral_value():
        raise PayloadError(row.path("oid"), f"{number} is not a whole number")
    return str(int(number))


def _stop(row: Row, dex: Dex, *, waits: bool) -> Stop:
    market = dex.market(row.text("coin"), row.path("coin"))
    side: OrderSide = row.choice("side", SIDES)
    trigger = row.positive("triggerPx")
    size = row.not_negative("sz")
    whole = size == 0 and _flag(row, "isPositionTpsl")
    kind = _KINDS.get(row.text("orderType"), StopKind.UNKNOWN)
    if kind is StopKind.STOP_MARKET and _slip(row, side, trigger) < LEAST_SLIP:
        kind = StopKind.STOP_LIMIT
    if waits or (size == 0 and not whole):
        kind = StopKind.UNKNOWN
    return Stop(
        symbol=market.symbol,
        order_side=side,
        position_side=PositionSide.BOTH,
        kind=kind,
        trigger=TriggerKind.MARK,
        trigger_price=trigger,
        # Of the whole position: the venue keeps such an order at size 0 and takes what is open when it triggers.
        size=None if size == 0 else size,
        close_position=whole,
        reduce_only=_flag(row, "reduceOnly"),
        client_id=_client_id(row),
        venue_id=_number(row),
    )


def _flag(row: Row, field: str) -> bool:
    """A flag the venue leaves out where it is not set."""
    return row.raw.get(field) is not None and row.flag(field)


def _slip(row: Row, side: OrderSide, trigger: Decimal) -> Decimal:
    """How far beyond its trigger the worst price of an order lies, as a share of the trigger."""
    worst = row.not_negative("limitPx")
    return (worst - trigger if side is OrderSide.BUY else trigger - worst) / trigger


def _client_id(row: Row) -> str:
    """The client id, without its 0x where it is 32 hex digits; empty for none."""
    if row.raw.get("cloid") is None:
        return ""
    text = row.text("cloid")
    ours = _CLIENT_ID.fullmatch(text)
    return ours[1].lower() if ours else text
