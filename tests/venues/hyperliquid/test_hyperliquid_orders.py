"""Which of Hyperliquid's resting orders protect, and what each counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.venues.hyperliquid.build import ONE_STEP, Leg, order, payloads, state
from tests.venues.risk_only import AT, number
from watchdog.domain.position import OrderSide, PositionSide, Stop, StopKind, TriggerKind
from watchdog.risk import Book
from watchdog.venues.fields import PayloadError, UnlistedError
from watchdog.venues.hyperliquid.kind import KIND

D = Decimal
LONG = Leg("BTC", D(2), D(100), D(100), D(50))


def read(*orders: dict[str, Any], leg: Leg = LONG) -> tuple[tuple[Stop, ...], Decimal]:
    """The stops of an account with these orders, and the coverage of its one position."""
    found = KIND.read(payloads({"": state([leg])}, {"BTC": ONE_STEP}, orders={"": list(orders)}), AT)
    [risk] = Book.of(found, AT, {}).positions.values()
    return found.stops, number(risk.stop_coverage)


def test_a_stop_market_is_read_field_by_field() -> None:
    """All triggers are on mark; the client id comes without its 0x."""
    [stop], share = read(order("BTC", cloid="0x" + "AB" * 16))
    assert stop == Stop(
        symbol="BTC/USDC:USDC", order_side=OrderSide.SELL, position_side=PositionSide.BOTH, kind=StopKind.STOP_MARKET,
        trigger=TriggerKind.MARK, trigger_price=D("90.0"), size=D("1.0"), close_position=False, reduce_only=True,
        client_id="ab" * 16, venue_id="7",
    )  # fmt: skip
    assert share == D("0.5")


def test_a_stop_of_the_whole_position_has_no_size() -> None:
    """The venue keeps it at size 0."""
    [stop], share = read(order("BTC", sz="0.0", isPositionTpsl=True))
    assert (stop.size, stop.close_position, share) == (None, True, D(1))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"orderType": "Stop Limit"}, StopKind.STOP_LIMIT),
        ({"orderType": "Take Profit Market"}, StopKind.TAKE_PROFIT),
        ({"orderType": "Take Profit Limit"}, StopKind.TAKE_PROFIT),
        ({"orderType": "Something New"}, StopKind.UNKNOWN),
        ({"sz": "0.0"}, StopKind.UNKNOWN),
        ({"limitPx": "89.5"}, StopKind.STOP_LIMIT),
        ({"limitPx": "90.0"}, StopKind.STOP_LIMIT),
    ],
)
def test_what_does_not_surely_close_counts_for_nothing(changes: dict[str, Any], kind: StopKind) -> None:
    """Another kind, no size, or a market order whose worst price is next to its trigger."""
    [stop], share = read(order("BTC", **changes))
    assert (stop.kind, share) == (kind, D(0))


def test_the_room_behind_the_trigger_is_above_it_for_a_buy() -> None:
    """A buy's worst price lies above its trigger; one below it never fills."""
    short = Leg("BTC", D(-2), D(100), D(100), D(50))
    above, below = (order("BTC", side="B", triggerPx="110.0", limitPx=price, sz="2.0") for price in ("121.0", "99.0"))
    assert read(above, leg=short)[1] == 1
    assert read(below, leg=short)[1] == 0


@pytest.mark.parametrize("changes", [{"reduceOnly": False}, {"reduceOnly": None}, {"side": "B"}])
def test_an_order_that_could_do_other_than_reduce_counts_for_nothing(changes: dict[str, Any]) -> None:
    """The venue leaves the flag out where it is not set."""
    assert read(order("BTC", **changes))[1] == 0


def test_orders_that_wait_for_another_to_fill_protect_nothing_yet() -> None:
    """They are listed beside the order they hang on, and again within it."""
    child = order("BTC")
    parent = order(
        "BTC", oid=6, isTrigger=False, orderType="Limit", triggerPx="0.0", reduceOnly=False, children=[child]
    )
    [stop], share = read(child, parent)
    assert (stop.kind, share) == (StopKind.UNKNOWN, D(0))
    assert read(child)[1] == D("0.5")


@pytest.mark.parametrize("coin", ["@107", "PURR/USDC", "#14720", "+14720"])
def test_orders_of_spot_and_outcomes_are_passed_over(coin: str) -> None:
    """They come with those of the main dex."""
    assert read(order(coin)) == ((), D(0))


def test_an_order_in_an_unlisted_coin_asks_for_the_listing() -> None:
    """It is never left out."""
    with pytest.raises(UnlistedError, match="'NEW'"):
        read(order("NEW"))


@pytest.mark.parametrize("field", ["coin", "side", "sz", "oid", "isTrigger", "triggerPx", "limitPx", "orderType"])
@pytest.mark.parametrize("value", [None, "", [], {"a": 1}, "NaN", "-1"], ids=repr)
def test_a_broken_order_is_no_read_and_is_named(field: str, value: Any) -> None:
    """A stop is not made of half an order."""
    if field in {"orderType", "coin"} and value in ("NaN", "-1"):
        value = 7
    with pytest.raises(PayloadError, match=field):
        read(order("BTC", **{field: value}))
