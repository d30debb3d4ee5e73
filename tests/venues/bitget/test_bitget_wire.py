"""A Bitget account end to end over loopback: which paths unmodified ccxt asks, and what a fault comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.venues.bitget.build import PRODUCTS, envelope
from tests.venues.risk_only import body, load, says, standing
from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.bitget.kind import KIND

PAYLOADS = Path(__file__).parent / "payloads"
V2 = "/api/v2"
INFO = f"{V2}/spot/account/info"
POSITIONS = f"{V2}/mix/position/all-position"
PENDING = f"{V2}/mix/order/orders-plan-pending"
RIGHTS = envelope({"userId": "1", "ips": "127.0.0.1", "authorities": ["coor", "coow", "cpor", "stor"]})


def answers(name: str = "classic") -> dict[str, Any]:
    """Everything Bitget would say, by path; of product types by the query."""
    found = load(PAYLOADS / f"{name}.json")["payloads"]

    def by(endpoint: str, query: str = "productType") -> Any:
        return lambda request: says(found[endpoint][request.query[query]])

    served: dict[str, Any] = {
        INFO: RIGHTS,
        f"{V2}/mix/market/contracts": by("mix/market/contracts"),
        f"{V2}/mix/market/query-position-lever": lambda request: says(
            found["mix/market/query-position-lever"][f"{request.query['productType']} {request.query['symbol']}"]
        ),
    }
    if name == "unified":
        refused = lambda _: says({"code": "40085", "msg": "You are in Unified Account mode", "data": None}, 400)  # noqa: E731
        served |= dict.fromkeys((f"{V2}/mix/account/accounts", POSITIONS, PENDING), refused)
        served["/api/v3/account/assets"] = found["uta/account/assets"]
        served["/api/v3/position/current-position"] = by("uta/position/current-position", "category")
        served["/api/v3/trade/unfilled-strategy-orders"] = by("uta/trade/unfilled-strategy-orders", "category")
        return served

    def pending(request: web.Request) -> web.Response:
        pages = found["mix/order/orders-plan-pending"][request.query["productType"]]
        empty = envelope({"entrustedList": None, "endId": None})
        return says(pages[0] if request.query["planType"] == "profit_loss" else empty)

    return served | {
        f"{V2}/mix/account/accounts": by("mix/account/accounts"),
        POSITIONS: by("mix/position/all-position"),
        PENDING: pending,
    }


async def test_a_read_asks_every_product_type_and_writes_nothing() -> None:
    """Three product types, three kinds of plan orders, tiers of what is held; signed with the passphrase."""
    async with standing(KIND, answers()) as (venue, shelf):
        assert await venue.open() == KeyPower(
            withdraw=False, trade=True, note="the key trades futures, and is bound to addresses"
        )
        read = await venue.read()
        first = len(shelf.asked)
        await venue.read()
    assert {position.symbol for position in read.positions} == {"BTC/USDT:USDT", "ETH/USDC:USDC", "BTC/USD:BTC"}
    assert len(read.stops) == 6
    assert shelf.methods == {"GET"}
    asked = shelf.asked[:first]
    for path in (f"{V2}/mix/market/contracts", f"{V2}/mix/account/accounts", POSITIONS):
        assert sorted(query["productType"] for one, query in asked if one == path) == sorted(PRODUCTS)
    assert {(query["productType"], query["planType"]) for path, query in asked if path == PENDING} == {
        (product, plan) for product in PRODUCTS for plan in ("normal_plan", "profit_loss", "track_plan")
    }
    lever = f"{V2}/mix/market/query-position-lever"
    assert [query["symbol"] for path, query in shelf.asked if path == lever] == ["BTCUSDT", "ETHPERP"]
    assert shelf.headers[-1]["ACCESS-PASSPHRASE"] == "hush-passphrase"


async def test_a_unified_account_is_read_by_its_own_endpoints() -> None:
    """Bitget says so on the classic ones."""
    async with standing(KIND, answers("unified")) as (venue, shelf):
        read = await venue.read()
    assert read.modes.words == "unified"
    assert {query["category"] for path, query in shelf.asked if path == "/api/v3/position/current-position"} == {
        *PRODUCTS
    }


async def test_every_page_of_plan_orders_is_asked_for() -> None:
    """A hundred at a time, by the id of the last."""
    served = answers()
    row = load(PAYLOADS / "classic.json")["payloads"]["mix/order/orders-plan-pending"]["USDT-FUTURES"][0]["data"][
        "entrustedList"
    ][0]

    def pending(request: web.Request) -> web.Response:
        if (request.query["planType"], request.query["productType"]) != ("profit_loss", "USDT-FUTURES"):
            return says(envelope({"entrustedList": [], "endId": None}))
        after = request.query.get("idLessThan")
        count = 100 if after is None else 7
        return says(envelope({"entrustedList": [{**row, "orderId": str(one)} for one in range(count)], "endId": "99"}))

    async with standing(KIND, served | {PENDING: pending}) as (venue, _):
        read = await venue.read()
    assert len(read.stops) == 107


async def test_a_flat_account_is_flat() -> None:
    """Nothing is held, and no tiers are asked for."""
    nothing = dict.fromkeys((POSITIONS, f"{V2}/mix/account/accounts"), envelope([]))
    async with standing(KIND, answers() | nothing) as (venue, _):
        read = await venue.read()
    assert (read.positions, read.balances) == ((), ())


FAULTS = {
    "an error": (lambda _: says({"code": "40725", "msg": "service busy"}, 400), "HTTP 400, 40725: service busy"),
    "an error under 200": (lambda _: says({"code": "40725", "msg": "service busy"}), "HTTP 200, 40725: service busy"),
    "an empty body": (lambda _: body(""), "HTTP 200 with an empty body"),
    "HTML": (lambda _: body("<html>maintenance</html>"), "HTTP 200 with a body that is no JSON"),
    "null": (lambda _: body("null"), "HTTP 200 with a body that is no JSON"),
    "a list": (lambda _: says([]), "positions"),
    "no data": (lambda _: says({"code": "00000", "msg": "success", "data": None}), "all-position"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_no_flat_account(name: str) -> None:
    """The read fails, and names the endpoint."""
    answer, words = FAULTS[name]
    async with standing(KIND, answers() | {POSITIONS: answer}) as (venue, _):
        with pytest.raises(ReadError, match=f"Bitget.*{words}") as error:
            await venue.read()
    assert "hush" not in str(error.value)


async def test_a_refused_key_is_named() -> None:
    """In Bitget's own words."""
    refused = {INFO: lambda _: says({"code": "40012", "msg": "apikey/password is incorrect"}, 400)}
    async with standing(KIND, answers() | refused) as (venue, _):
        with pytest.raises(VenueRefusedError, match=r"Bitget refuses this API key .*40012"):
            await venue.open()


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (["coor", "cpor"], (False, False)),
        (["coow", "cpow", "stow"], (False, True)),
        (["coow", "wtow"], (None, True)),
        ([], (None, None)),
        (None, (None, None)),
    ],
)
async def test_what_the_key_may_do(rights: Any, expected: tuple[bool | None, bool | None]) -> None:
    """A right to write that is not known to be harmless may be the one that withdraws."""
    info = {INFO: envelope({"authorities": rights, "ips": ""})}
    async with standing(KIND, answers() | info) as (venue, _):
        power = await venue.open()
    assert (power.withdraw, power.trade) == expected


async def test_a_key_that_may_not_ask_is_of_unknown_power() -> None:
    """A key for futures alone can't ask the spot endpoint."""
    refused = {INFO: lambda _: says({"code": "40014", "msg": "Incorrect permissions"}, 400)}
    async with standing(KIND, answers() | refused) as (venue, _):
        power = await venue.open()
    assert (power.withdraw, power.trade) == (None, None)
