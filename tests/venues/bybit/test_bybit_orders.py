"""Conditional orders as stops: what each kind of Bybit's is, and what it protects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.venues.bybit.build import LISTING, order
from watchdog.domain.position import PositionSide, Stop, StopKind, TriggerKind
from watchdog.venues.bybit.listing import Listing
from watchdog.venues.bybit.orders import read_stop
from watchdog.venues.fields import PayloadError, Row, UnlistedError

BOOK = Listing(LISTING)


def read(**fields: Any) -> Stop | None:
    """One order."""
    return read_stop(Row.of(order(**fields), "order"), BOOK, "linear")


def stop(**fields: Any) -> Stop:
    """One that must be a stop."""
    found = read(**fields)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, StopKind.STOP_MARKET),
        ({"orderType": "Limit"}, StopKind.STOP_LIMIT),
        ({"triggerDirection": 1}, StopKind.TAKE_PROFIT),
        ({"side": "Buy", "triggerDirection": 1}, StopKind.STOP_MARKET),
        ({"side": "Buy", "triggerDirection": 2}, StopKind.TAKE_PROFIT),
        ({"triggerDirection": 0}, StopKind.UNKNOWN),
        ({"stopOrderType": "StopLoss", "triggerDirection": 0}, StopKind.STOP_MARKET),
        ({"stopOrderType": "PartialStopLoss", "orderType": "Limit"}, StopKind.STOP_LIMIT),
        ({"stopOrderType": "TakeProfit"}, StopKind.TAKE_PROFIT),
        ({"stopOrderType": "PartialTakeProfit"}, StopKind.TAKE_PROFIT),
        ({"stopOrderType": "TrailingStop", "triggerPrice": ""}, StopKind.TRAILING),
        ({"stopOrderType": "MmRateClose", "triggerPrice": ""}, StopKind.UNKNOWN),
        ({"stopOrderType": "SomethingNew"}, StopKind.UNKNOWN),
        ({"orderType": "SomethingNew"}, StopKind.UNKNOWN),
    ],
)
def test_the_kind(fields: dict[str, Any], kind: StopKind) -> None:
    """By stopOrderType, orderType and, for a plain conditional order, the way its trigger is crossed."""
    assert stop(**fields).kind is kind


def test_a_stop_in_every_field() -> None:
    """As it stands on the venue."""
    found = stop(orderLinkId="wd1", positionIdx=2, side="Buy", triggerDirection=1, triggerBy="LastPrice")
    assert found == Stop(
        symbol="ETH/USDT:USDT",
        order_side=found.order_side,
        position_side=PositionSide.SHORT,
        kind=StopKind.STOP_MARKET,
        trigger=TriggerKind.LAST,
        trigger_price=found.trigger_price,
        size=found.size,
        close_position=False,
        reduce_only=True,
        client_id="wd1",
        venue_id="f5f2d355-9a11-4af3-9b83-aa1d6ab6ddfe",
    )
    assert (str(found.order_side), str(found.trigger_price), str(found.size)) == ("buy", "2900", "0.1")


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ({"stopOrderType": "StopLoss", "tpslMode": "Full"}, True),
        ({"stopOrderType": "StopLoss", "tpslMode": "Partial"}, False),
        ({"stopOrderType": "PartialStopLoss", "tpslMode": "Full"}, False),
        ({"qty": "0", "closeOnTrigger": True}, True),
        ({"tpslMode": "Full"}, False),
    ],
)
def test_what_closes_the_whole_position(fields: dict[str, Any], whole: bool) -> None:
    """A position's own stop loss in full mode, and a size of 0 that only reduces."""
    found = stop(**fields)
    assert (found.close_position, found.size is None) == (whole, whole)


def test_close_on_trigger_only_reduces() -> None:
    """By its own meaning; without either flag it can open."""
    assert stop(reduceOnly=False, closeOnTrigger=True).reduce_only
    assert not stop(reduceOnly=False).reduce_only


@pytest.mark.parametrize("status", ["New", "PartiallyFilled", "Triggered", "Filled", "Cancelled", "Deactivated"])
def test_what_no_longer_waits_is_no_stop(status: str) -> None:
    """It was set off, or is over."""
    assert read(orderStatus=status) is None


def test_a_plain_order_is_no_stop() -> None:
    """Whatever else it carries."""
    assert read(stopOrderType="", orderStatus="New") is None
    assert read(stopOrderType="UNKNOWN", orderStatus="PartiallyFilled") is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"triggerPrice": "0"}, "triggerPrice"),
        ({"triggerPrice": ""}, "triggerPrice"),
        ({"orderStatus": "Resting"}, "orderStatus"),
        ({"stopOrderType": None}, "stopOrderType"),
        ({"side": "sell"}, "side"),
        ({"qty": "0"}, "qty"),
        ({"qty": "-1"}, "qty"),
        ({"positionIdx": 3}, "positionIdx"),
        ({"reduceOnly": "perhaps"}, "reduceOnly"),
        ({"orderId": ""}, "orderId"),
        ({"orderLinkId": None}, "orderLinkId"),
    ],
)
def test_a_broken_stop_is_no_read(fields: dict[str, Any], named: str) -> None:
    """The field is named."""
    with pytest.raises(PayloadError) as raised:
        read(**fields)
    assert raised.value.field == f"order.{named}"


def test_a_stop_on_an_unknown_symbol_asks_for_the_listing_anew() -> None:
    """Something was listed meanwhile."""
    with pytest.raises(UnlistedError):
        read(symbol="NEWUSDT")
