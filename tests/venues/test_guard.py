"""The guard: of all requests that could be made, only reads and the few writes we mean leave."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.desk import Desk
from tests.venues.payloads import OUR_ID
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.venues.binanceusdm.asking import ASKS
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue
from watchdog.venues.binanceusdm.wire import WRITES, stop_params
from watchdog.venues.errors import GuardError
from watchdog.venues.guard import Guard, addresses, intending

ORIGIN = "https://fapi.binance.com"
ALGO = "/fapi/v1/algoOrder"
GUARD = Guard(ORIGIN, WRITES, addresses(ASKS, ORIGIN))
SIGNED = {"timestamp": "1760126400000", "recvWindow": "10000", "signature": "ab" * 32}
STOP = StopOrder("BTC/USDT:USDT", OrderSide.SELL, PositionSide.BOTH, Decimal("0.5"), Decimal("113600.0"), OUR_ID)
PARAMS = stop_params(STOP, "BTCUSDT")


def leaves(method: str, path: str, params: dict[str, Any], asked: dict[str, str], origin: str = ORIGIN) -> bool:
    """Whether a request leaves when `asked` was meant."""
    text = urlencode(params | SIGNED)
    in_body = method in {"POST", "PUT"}
    url = origin + path + ("" if in_body else f"?{text}")
    said = ""
    with intending(asked):
        try:
            GUARD.check(method, url, text if in_body else None)
        except GuardError as error:
            said = str(error)
    assert SIGNED["signature"] not in said
    assert "://" not in said
    return not said


def test_the_stop_that_was_asked_for_leaves() -> None:
    """In one-way mode reduce-only; in hedge mode by its leg."""
    assert leaves("POST", ALGO, PARAMS, PARAMS)
    leg = stop_params(
        StopOrder("BTC/USDT:USDT", OrderSide.BUY, PositionSide.SHORT, Decimal(1), Decimal(2), OUR_ID), "BTCUSDT"
    )
    assert "reduceOnly" not in leg
    assert leaves("POST", ALGO, leg, leg)


CHANGES: dict[str, Any] = {
    "type": ["MARKET", "STOP", "TAKE_PROFIT_MARKET", ""],
    "algoType": ["VP", ""],
    "workingType": ["CONTRACT_PRICE", ""],
    "reduceOnly": ["false", "True", "", None],
    "side": ["BUY", "sell", "", None],
    "positionSide": ["LONG", "SHORT", "", None],
    "quantity": ["0", "-0.5", "1e3", "5", "NaN", "", None],
    "triggerPrice": ["0", "113600.1", "", None],
    "symbol": ["ETHUSDT", "", None],
    "clientAlgoId": ["x-cvBPrNm9", "", OUR_ID[:-1] + "e", None],
    "closePosition": ["true", "false"],
    "price": ["113600"],
    "priceProtect": ["true"],
    "timeInForce": ["GTC"],
    "activatePrice": ["1"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in CHANGES.items() for value in values])
def test_an_order_changed_in_any_field_does_not_leave(field: str, value: str | None) -> None:
    """Whatever of ccxt's or ours changed it between the asking and the wire."""
    changed = {name: old for name, old in (PARAMS | {field: value}).items() if old is not None}
    assert not leaves("POST", ALGO, changed, PARAMS)


OTHER_STOPS = {
    ("side", "BUY"),
    ("quantity", "5"),
    ("triggerPrice", "113600.1"),
    ("symbol", "ETHUSDT"),
    ("symbol", ""),
    ("clientAlgoId", OUR_ID[:-1] + "e"),
}
"""Changes that make another reduce-only stop of it: shut out only because it is not the one asked for."""


@pytest.mark.parametrize(
    ("field", "value"),
    [(f, v) for f, values in CHANGES.items() for v in values if (f, v) not in OTHER_STOPS],
)
def test_an_order_that_is_no_protective_stop_does_not_leave_even_when_asked_for(field: str, value: str | None) -> None:
    """A mistake above the guard is stopped by the shape alone."""
    changed = {name: old for name, old in (PARAMS | {field: value}).items() if old is not None}
    assert not leaves("POST", ALGO, changed, changed)


@given(
    st.dictionaries(
        st.sampled_from([*PARAMS, "closePosition", "price", "orderId", "leverage", "amount"]),
        st.sampled_from([*PARAMS.values(), "true", "false", "0", "BUY", "LONG", "SHORT", "MARKET", "LIMIT", ""]),
        max_size=14,
    )
)
def test_nothing_but_the_asked_shape_leaves(changes: dict[str, str]) -> None:
    """Any mixture of fields and values: it leaves only if it is, word for word, what was asked."""
    changed = PARAMS | changes
    assert leaves("POST", ALGO, changed, PARAMS) is (changed == PARAMS)


@given(
    method=st.sampled_from(["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "post", "Delete"]),
    path=st.one_of(
        st.sampled_from(
            [
                "/fapi/v1/order",
                "/fapi/v1/batchOrders",
                "/fapi/v1/allOpenOrders",
                "/fapi/v1/algoOpenOrders",
                "/fapi/v1/countdownCancelAll",
                "/fapi/v1/leverage",
                "/fapi/v1/marginType",
                "/fapi/v1/positionMargin",
                "/fapi/v1/positionSide/dual",
                "/fapi/v1/multiAssetsMargin",
                "/sapi/v1/capital/withdraw/apply",
                "/sapi/v1/asset/transfer",
                "/papi/v1/um/algo/order",
                "/fapi/v1/algoOrder/",
                "/fapi/v1/algoorder",
                "/fapi/v1/listenKey",
                ALGO,
            ]
        ),
        st.text(max_size=20).map(lambda text: "/" + urlencode({"p": text})),
    ),
)
def test_no_other_write_leaves(method: str, path: str) -> None:
    """Neither another endpoint nor another method, and no listenKey is ever deleted."""
    allowed = {("POST", ALGO)}
    assert leaves(method, path, PARAMS, PARAMS) is ((method, path) in allowed)


def test_the_listen_key_is_made_and_prolonged_but_never_deleted() -> None:
    """It is one per account: deleting it would deafen the owner's other programs."""
    for method in ("POST", "PUT"):
        GUARD.check(method, f"{ORIGIN}/fapi/v1/listenKey", "")
        GUARD.check(method, f"{ORIGIN}/fapi/v1/listenKey", "listenKey=abc")
    with pytest.raises(GuardError):
        GUARD.check("DELETE", f"{ORIGIN}/fapi/v1/listenKey", "")
    with pytest.raises(GuardError):
        GUARD.check("POST", f"{ORIGIN}/fapi/v1/listenKey", "symbol=BTCUSDT")


def test_only_an_order_of_ours_is_cancelled() -> None:
    """By our id, one at a time, and the one that was asked for."""
    mine = {"clientAlgoId": OUR_ID}
    assert leaves("DELETE", ALGO, mine, mine)
    for params in (
        {},
        {"algoId": "77"},
        {"clientAlgoId": "web_1"},
        mine | {"symbol": "BTCUSDT"},
        mine | {"algoId": "7"},
    ):
        assert not leaves("DELETE", ALGO, params, params)
    assert not leaves("DELETE", ALGO, mine, {"clientAlgoId": OUR_ID[:-1] + "e"})


def test_no_write_goes_to_another_address() -> None:
    """Not to another host, port or scheme."""
    for origin in ("https://fapi.binance.com.evil.example", "http://fapi.binance.com", "https://fapi.binance.com:444"):
        assert not leaves("POST", ALGO, PARAMS, PARAMS, origin)


def test_doubled_or_split_parameters_do_not_leave() -> None:
    """What is checked must be what the venue reads."""
    text = urlencode(PARAMS | SIGNED)
    for url, body in (
        (ORIGIN + ALGO, f"{text}&side=BUY"),
        (f"{ORIGIN}{ALGO}?side=BUY", text),
        (f"{ORIGIN}{ALGO}?{text}", None),
        (ORIGIN + ALGO, "%"),
    ):
        with pytest.raises(GuardError), intending(PARAMS):
            GUARD.check("POST", url, body)


def test_reads_leave_and_carry_no_body() -> None:
    """A read is a GET without a body."""
    GUARD.check("GET", f"{ORIGIN}/fapi/v3/account?signature=x", None)
    with pytest.raises(GuardError):
        GUARD.check("GET", f"{ORIGIN}/fapi/v3/account", "a=b")


@pytest.mark.parametrize(
    "url",
    [
        f"{ORIGIN}/fapi/v1/order",
        f"{ORIGIN}/fapi/v3/account/",
        f"{ORIGIN}/fapi/v3/account/../order",
        "https://fapi.binance.com.evil.example/fapi/v3/account",
        "http://fapi.binance.com/fapi/v3/account",
        "https://api.binance.com/fapi/v3/account",
    ],
)
def test_no_other_read_leaves(url: str) -> None:
    """Neither another endpoint nor another address: the key goes with it, and on some venues GET sells."""
    with pytest.raises(GuardError, match="not among the reads"):
        GUARD.check("GET", url, None)


def test_a_base_url_takes_every_host_s_place() -> None:
    """What stands elsewhere at the venue stands at that address too; the venue itself is then a foreign one."""
    moved = Guard("http://127.0.0.1:1", (), addresses(ASKS, ORIGIN, "http://127.0.0.1:1"))
    for path in ("/fapi/v3/account", "/sapi/v1/account/apiRestrictions"):
        moved.check("GET", f"http://127.0.0.1:1{path}", None)
    for url in (f"{ORIGIN}/fapi/v3/account", "https://api.binance.com/sapi/v1/account/apiRestrictions"):
        with pytest.raises(GuardError):
            moved.check("GET", url, None)


async def test_ccxt_s_own_ways_to_trade_are_shut(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Whatever ccxt method is called on our clients, no order, cancel or setting reaches the venue."""
    await venue.open()
    desk.asked.clear()
    client: Any = venue._orders
    symbol = "BTC/USDT:USDT"
    calls: list[Callable[[], Any]] = [
        lambda: client.create_order(symbol, "market", "sell", 0.5),
        lambda: client.create_order(symbol, "market", "sell", 0.5, None, {"stopLossPrice": 113600, "reduceOnly": True}),
        lambda: client.cancel_all_orders(symbol),
        lambda: client.cancel_order("1", symbol),
        lambda: client.set_leverage(5, symbol),
        lambda: client.set_margin_mode("isolated", symbol),
        lambda: client.fapiPrivatePostAlgoOrder(PARAMS),
        lambda: client.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 1}),
        lambda: client.sapiPostCapitalWithdrawApply({"coin": "USDT", "amount": "1", "address": "x"}),
        lambda: client.fapiPrivateDeleteListenKey({}),
    ]
    for call in calls:
        with pytest.raises(GuardError):
            await call()
    assert [asked for asked in desk.asked if asked[0] != "GET"] == []
