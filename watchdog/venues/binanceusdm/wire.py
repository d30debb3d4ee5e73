"""Binance USD-M, pure: what its wire looks like. Requests we make, their weights, the writes allowed, stream frames."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from watchdog.domain.facts import Frame, FrameKind
from watchdog.domain.ids import read_order_id
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.venues.errors import LostError
from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.guard import Write

ALGO_ORDER = "/fapi/v1/algoOrder"
LISTEN_KEY = "/fapi/v1/listenKey"

_WEIGHTS = {
    "exchangeInfo": 1,
    "time": 1,
    "leverageBracket": 1,
    "positionRisk": 5,
    "account": 5,
    "accountConfig": 5,
    "algoOrder": 1,
    "listenKey": 1,
    "assetIndex": 10,
    "balance": 20,
    "um/positionRisk": 5,
    "um/account": 5,
    "um/accountConfig": 5,
    "um/algo/openAlgoOrders": 40,
    "cm/positionRisk": 1,
}
"""Request weights of Binance's API pages; ccxt's own costs of the v3 endpoints are lower than the real ones."""
_ALL_ORDERS, _ONE_SYMBOL, _UNLISTED = 40, 1, 5


def weight(path: str, params: Mapping[str, Any]) -> int:
    """The request weight of a call."""
    if path == "openAlgoOrders":
        return _ONE_SYMBOL if params.get("symbol") else _ALL_ORDERS
    return _WEIGHTS.get(path, _UNLISTED)


def plain(number: Decimal) -> str:
    """A number as Binance takes it: no exponent, not rounded."""
    return format(number, "f")


_SIDES = {OrderSide.BUY: "BUY", OrderSide.SELL: "SELL"}
_LEGS = {PositionSide.BOTH: "BOTH", PositionSide.LONG: "LONG", PositionSide.SHORT: "SHORT"}
_CLOSING = {"LONG": "SELL", "SHORT": "BUY"}


def stop_params(order: StopOrder, venue_id: str) -> dict[str, str]:
    """The parameters of the algo order that is this stop.

    In hedge mode Binance takes no `reduceOnly` (-1106): there the leg and the side together can only reduce.
    """
    params = {
        "symbol": venue_id,
        "side": _SIDES[order.order_side],
        "positionSide": _LEGS[order.position_side],
        "type": "STOP_MARKET",
        "algoType": "CONDITIONAL",
        "quantity": plain(order.size),
        "triggerPrice": plain(order.trigger_price),
        "workingType": "MARK_PRICE",
        "clientAlgoId": order.client_id,
        "newOrderRespType": "RESULT",
    }
    if order.position_side is PositionSide.BOTH:
        params["reduceOnly"] = "true"
    return params


_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_FIXED = {
    "type": "STOP_MARKET",
    "algoType": "CONDITIONAL",
    "workingType": "MARK_PRICE",
    "newOrderRespType": "RESULT",
}
_STOP_FIELDS = frozenset({*_FIXED, "symbol", "side", "positionSide", "quantity", "triggerPrice", "clientAlgoId"})


def stop_flaw(params: Mapping[str, str]) -> str | None:
    """What keeps an algo order from being a stop that only reduces; None when nothing does."""
    leg = params.get("positionSide", "")
    odd = set(params) ^ (_STOP_FIELDS | {"reduceOnly"} if leg == "BOTH" else _STOP_FIELDS)
    if odd:
        return f"a stop carries other parameters ({', '.join(sorted(odd))})"
    for field, value in _FIXED.items():
        if params[field] != value:
            return f"{field} is not {value}"
    for field in ("quantity", "triggerPrice"):
        if not _NUMBER.fullmatch(params[field]) or Decimal(params[field]) <= 0:
            return f"{field} is not a number above zero"
    if read_order_id(params["clientAlgoId"]) is None:
        return "its id is not one of ours"
    return None if _only_reduces(leg, params) else "it could do other than reduce"


def _only_reduces(leg: str, params: Mapping[str, str]) -> bool:
    if leg == "BOTH":
        return params["reduceOnly"] == "true" and params["side"] in _SIDES.values()
    return _CLOSING.get(leg) == params["side"]


def cancel_flaw(params: Mapping[str, str]) -> str | None:
    """What is wrong with a cancel: it must name one order, by an id of ours."""
    if set(params) != {"clientAlgoId"} or read_order_id(params["clientAlgoId"]) is None:
        return "only an order with an id of ours is ever cancelled"
    return None


def listen_key_flaw(params: Mapping[str, str]) -> str | None:
    """What is wrong with a listenKey request: it carries nothing, or the key it keeps alive."""
    return None if set(params) <= {"listenKey"} else "a listenKey request carries nothing else"


WRITES = (
    Write("POST", ALGO_ORDER, in_body=True, flaw=stop_flaw),
    Write("DELETE", ALGO_ORDER, in_body=False, flaw=cancel_flaw),
    # No DELETE of a listenKey: it is one per account, and deleting it would deafen the owner's other programs.
    Write("POST", LISTEN_KEY, in_body=True, flaw=listen_key_flaw, exact=False),
    Write("PUT", LISTEN_KEY, in_body=True, flaw=listen_key_flaw, exact=False),
)
"""Every write this program makes on Binance USD-M."""


def mark_stream(venue_id: str) -> str:
    """The name of a symbol's mark price stream, one frame a second."""
    return f"{venue_id.lower()}@markPrice@1s"


def subscription(method: str, venue_ids: list[str], request_id: int) -> dict[str, Any]:
    """A SUBSCRIBE or UNSUBSCRIBE of mark price streams."""
    return {"method": method, "params": [mark_stream(one) for one in venue_ids], "id": request_id}


@dataclass(frozen=True, slots=True)
class MarkFrame:
    """A mark price as it came."""

    venue_id: str
    price: Decimal
    time_ms: int


def read_mark(message: Any) -> MarkFrame | None:
    """A markPriceUpdate; None for any other frame.

    Raises PayloadError for a broken one, LostError for an answer that refuses a subscription: its marks will not come.
    """
    row = Row.of(message, "market frame")
    if row.raw.get("e") == "markPriceUpdate":
        return MarkFrame(row.text("s"), row.positive("p"), row.time_ms("E"))
    if row.raw.get("error") is not None or row.raw.get("code") is not None:
        raise LostError("Binance refuses the subscription")
    return None


class ListenKeyExpired:
    """The private stream's key is no longer good: a new one is needed."""


def read_private(message: Any) -> Frame | ListenKeyExpired | None:
    """What a frame of the private stream means; None for answers to our own requests. Raises PayloadError for junk.

    An event we do not know is taken for an account event: it costs one read, and none of Binance's is about nothing.
    """
    row = Row.of(message, "account frame")
    if row.raw.get("e") is None:
        if "result" in row.raw or "id" in row.raw:
            return None
        raise PayloadError("account frame.e", "is missing")
    event = row.text("e")
    if event == "listenKeyExpired":
        return ListenKeyExpired()
    kind = {"MARGIN_CALL": FrameKind.MARGIN_CALL, "ACCOUNT_CONFIG_UPDATE": FrameKind.CONFIG}.get(
        event, FrameKind.ACCOUNT
    )
    return Frame(kind, " ".join([event[:40], *_details(row)]))


def _details(row: Row) -> list[str]:
    """A few words of the event for the journal: the reason of an account update, the order's symbol and status."""
    inner = row.raw.get("a") if row.raw.get("e") == "ACCOUNT_UPDATE" else row.raw.get("o")
    if not isinstance(inner, Mapping):
        return []
    return [value[:40] for field in ("m", "s", "X") if isinstance(value := inner.get(field), str)]
