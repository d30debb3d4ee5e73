"""A KuCoin futures account end to end over loopback: which paths unmodified ccxt asks, and what a fault comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.venues.kucoinfutures.build import OVERVIEW, envelope
from tests.venues.risk_only import body, load, says, standing
from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.kucoinfutures.kind import KIND

PAYLOAD = Path(__file__).parent / "payloads" / "classic.json"
MODE = "/api/ua/v1/account/mode"
KEY = "/api/v1/user/api-key"
POSITIONS = "/api/v1/positions"
STOPS = "/api/v1/stopOrders"
OVERVIEWS = "/api/v1/account-overview"
RIGHTS = envelope({"permission": "General,Futures", "ipWhitelist": "127.0.0.1", "apiKey": "public-key"})


def answers() -> dict[str, Any]:
    """Everything KuCoin would say, by path; of overviews by currency."""
    found = load(PAYLOAD)["payloads"]
    return {
        MODE: found["account/mode"],
        KEY: RIGHTS,
        "/api/v1/contracts/active": found["contracts/active"],
        POSITIONS: found["positions"],
        STOPS: found["stopOrders"][0],
        OVERVIEWS: lambda request: says(found["account-overview"][request.query["currency"]]),
    }


async def test_a_read_asks_every_settle_currency_and_writes_nothing() -> None:
    """Mode, positions, stop orders, one overview for each; signed with the passphrase."""
    async with standing(KIND, answers()) as (venue, shelf):
        assert await venue.open() == KeyPower(
            withdraw=False, trade=True, note="the key trades futures, and is bound to addresses"
        )
        read = await venue.read()
    assert {one.symbol for one in read.positions} == {
        "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD:BTC", "XRP/USDT:USDT"
    }  # fmt: skip
    assert shelf.methods == {"GET"}
    assert shelf.paths() == {MODE, KEY, "/api/v1/contracts/active", POSITIONS, STOPS, OVERVIEWS}
    assert sorted(query["currency"] for path, query in shelf.asked if path == OVERVIEWS) == ["USDT", "XBT"]
    assert all("KC-API-PASSPHRASE" in headers for headers in shelf.headers[-3:])


async def test_every_page_of_stop_orders_is_asked_for() -> None:
    """A hundred at a time."""
    [row, *_] = load(PAYLOAD)["payloads"]["stopOrders"][0]["data"]["items"]

    def page(request: web.Request) -> web.Response:
        count = 100 if request.query["currentPage"] == "1" else 3
        return says(
            envelope({"items": [{**row, "id": f"{request.query['currentPage']}-{one}"} for one in range(count)]})
        )

    async with standing(KIND, answers() | {STOPS: page}) as (venue, _):
        read = await venue.read()
    assert len(read.stops) == 103


async def test_a_server_that_repeats_a_page_is_not_believed() -> None:
    """One that ignores the page would else be asked for ever."""
    [row, *_] = load(PAYLOAD)["payloads"]["stopOrders"][0]["data"]["items"]
    async with standing(KIND, answers() | {STOPS: envelope({"items": [row] * 100})}) as (venue, _):
        with pytest.raises(ReadError, match="a page came twice"):
            await venue.read()


async def test_a_flat_account_is_flat() -> None:
    """With its balances read."""
    nothing = {
        POSITIONS: envelope([]), STOPS: envelope({"items": []}),
        OVERVIEWS: lambda request: says(envelope(OVERVIEW | {"currency": request.query["currency"]})),
    }  # fmt: skip
    async with standing(KIND, answers() | nothing) as (venue, _):
        read = await venue.read()
    assert (read.positions, read.stops) == ((), ())


async def test_a_unified_account_is_refused_at_the_door_and_while_running() -> None:
    """By name; its classic answers would look like nothing held."""
    unified = {MODE: envelope({"selfAccountMode": "UNIFIED"})}
    async with standing(KIND, answers() | unified) as (venue, _):
        with pytest.raises(VenueRefusedError, match="unified account is not supported"):
            await venue.open()
        with pytest.raises(ReadError, match="unified account is not supported"):
            await venue.read()


FAULTS = {
    "an error": (lambda _: says({"code": "500000", "msg": "Internal error"}, 500), "HTTP 500, 500000: Internal error"),
    "an error under 200": (lambda _: says({"code": "200002", "msg": "too many"}), "HTTP 200, 200002: too many"),
    "an empty body": (lambda _: body(""), "HTTP 200 with an empty body"),
    "HTML": (lambda _: body("<html>maintenance</html>"), "HTTP 200 with a body that is no JSON"),
    "null": (lambda _: body("null"), "HTTP 200 with a body that is no JSON"),
    "no data": (lambda _: says({"code": "200000"}), "positions: a list was due"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("path", [POSITIONS])
async def test_a_fault_is_no_flat_account(name: str, path: str) -> None:
    """The read fails, and names the endpoint."""
    answer, said = FAULTS[name]
    async with standing(KIND, answers() | {path: answer}) as (venue, _):
        with pytest.raises(ReadError, match=f"KuCoin futures.*{said}") as error:
            await venue.read()
    assert "hush" not in str(error.value)


async def test_a_mode_that_cannot_be_read_is_no_classic_account() -> None:
    """Else a unified one could look flat."""
    refused = {MODE: lambda _: says({"code": "400007", "msg": "Access denied"}, 403)}
    async with standing(KIND, answers() | refused) as (venue, _):
        with pytest.raises(ReadError, match="account mode"):
            await venue.read()


async def test_a_refused_key_is_named() -> None:
    """In KuCoin's own words."""
    refused = {KEY: lambda _: says({"code": "400003", "msg": "KC-API-KEY not exists"}, 401)}
    async with standing(KIND, answers() | refused) as (venue, _):
        with pytest.raises(VenueRefusedError, match=r"KuCoin futures refuses this API key .*400003"):
            await venue.open()


@pytest.mark.parametrize(
    ("rights", "expected"),
    [("General", (False, False)), ("General, Futures", (False, True)), ("", (None, None)), (None, (None, None))],
)
async def test_what_the_key_may_do(rights: Any, expected: tuple[bool | None, bool | None]) -> None:
    """Where KuCoin does not say, nobody claims that the key is harmless."""
    async with standing(KIND, answers() | {KEY: envelope({"permission": rights, "ipWhitelist": ""})}) as (venue, _):
        power = await venue.open()
    assert (power.withdraw, power.trade) == expected


@pytest.mark.parametrize("right", ["Withdrawal", "Transfer"])
async def test_a_key_that_can_withdraw_is_refused(right: str) -> None:
    """By either of KuCoin's words."""
    async with standing(KIND, answers() | {KEY: envelope({"permission": f"General,{right}"})}) as (venue, _):
        with pytest.raises(VenueRefusedError, match="this API key can withdraw"):
            await venue.open()
