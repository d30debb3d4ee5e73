"""A Gate account end to end over loopback: which paths unmodified ccxt asks, and what a fault comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.venues.gate.build import CONTRACT, NONE, tier
from tests.venues.risk_only import body, load, says, standing
from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.gate.kind import KIND
from watchdog.venues.polled import PolledVenue

PAYLOADS = Path(__file__).parent / "payloads"
V4 = "/api/v4"
KEYS = {
    "state": 1, "mode": 1, "name": "test1", "user_id": 1, "key": "public-*****",
    "perms": [{"name": "futures", "read_only": False}, {"name": "unified", "read_only": True}],
    "ip_whitelist": ["127.0.0.1"], "currency_pairs": [],
}  # fmt: skip


def answers(name: str = "classic") -> dict[str, Any]:
    """Everything Gate would say, by path."""
    found: dict[str, Any] = {f"{V4}/account/main_keys": [{**KEYS, "key": "other*****"}, KEYS]}
    for endpoint, by_settle in load(PAYLOADS / f"{name}.json")["payloads"].items():
        product, _, what = endpoint.partition("/")
        if product in {"unified", "options"}:
            found[f"{V4}/{endpoint}"] = by_settle
            continue
        for settle, answer in by_settle.items():
            path = f"{V4}/{product}/{settle}/{what}"
            found[path] = refusal(answer) if answer == NONE else answer
    return found


def refusal(answer: Any, status: int = 400) -> Any:
    """An error in Gate's words."""
    return lambda _: says(answer, status)


async def test_a_read_asks_every_place_and_writes_nothing() -> None:
    """Both settle currencies, dated futures, positions, price orders; signed GETs only."""
    async with standing(KIND, answers()) as (venue, shelf):
        assert await venue.open() == KeyPower(
            withdraw=False, trade=True, note="the key trades futures, and is bound to addresses"
        )
        read = await venue.read()
    assert [position.symbol for position in read.positions] == ["BTC/USDT:USDT", "ADA/USDT:USDT", "BTC/USD:BTC"]
    assert shelf.methods == {"GET"}
    places = ("futures/usdt", "futures/btc")
    assert shelf.paths() == {
        f"{V4}/account/main_keys",
        *(f"{V4}/{place}/{what}" for place in (*places, "delivery/usdt") for what in ("contracts", "risk_limit_tiers")),
        *(f"{V4}/{place}/{what}" for place in places for what in ("accounts", "positions", "price_orders")),
        f"{V4}/delivery/usdt/accounts",
    }
    asked = dict(shelf.asked)
    assert asked[f"{V4}/futures/usdt/positions"] == {"holding": "true", "limit": "100", "offset": "0"}
    assert asked[f"{V4}/futures/usdt/price_orders"] == {"status": "open", "limit": "100", "offset": "0"}
    assert all("SIGN" in headers for headers in shelf.headers[-6:])
    assert venue.payloads["futures/positions"]["usdt"]


async def test_a_unified_account_is_asked_for_where_there_is_one() -> None:
    """Only then: the key of a classic account may not read it."""
    async with standing(KIND, answers("unified")) as (venue, shelf):
        read = await venue.read()
    assert f"{V4}/unified/accounts" in shelf.paths()
    assert str(read.debts["ETH"]) == "0.075393666654"


async def test_every_page_is_asked_for() -> None:
    """Positions a hundred at a time, tiers a hundred contracts at a time."""
    held = answers()
    positions = [held[f"{V4}/futures/usdt/positions"][1] | {"contract": f"C{number}_USDT"} for number in range(130)]
    held[f"{V4}/futures/usdt/contracts"] = [CONTRACT | {"name": one["contract"]} for one in positions]
    tiers = [row for one in positions for row in tier(one["contract"], ("50000", "0.025", "0"))]
    held[f"{V4}/futures/usdt/price_orders"] = []

    def page(rows: list[Any]) -> Any:
        def answer(request: web.Request) -> web.Response:
            start = int(request.query["offset"])
            return says(rows[start : start + int(request.query["limit"])])

        return answer

    held[f"{V4}/futures/usdt/positions"], held[f"{V4}/futures/usdt/risk_limit_tiers"] = page(positions), page(tiers)
    held[f"{V4}/futures/usdt/accounts"]["cross_maintenance_margin"] = "0"
    held[f"{V4}/futures/usdt/accounts"]["cross_unrealised_pnl"] = "0"
    async with standing(KIND, held) as (venue, _):
        read = await venue.read()
    assert len([one for one in read.positions if one.margin_asset == "USDT"]) == 130
    assert all(market.tiers for market in read.markets)


@pytest.mark.parametrize("endpoint", ["positions", "risk_limit_tiers"])
async def test_a_server_that_repeats_a_page_is_not_believed(endpoint: str) -> None:
    """One that ignores the offset would else be asked for ever."""
    held = answers()
    row = {"contract": "BTC_USDT"}
    held[f"{V4}/futures/usdt/{endpoint}"] = [row | {"contract": f"C{number}_USDT"} for number in range(100)]
    async with standing(KIND, held) as (venue, _):
        with pytest.raises(ReadError, match="a page came twice"):
            await venue.read()


FAULTS = {
    "an error": (
        refusal({"label": "TOO_BUSY", "message": "System is busy"}, 500),
        "HTTP 500, TOO_BUSY: System is busy",
    ),
    "an error under 200": (refusal({"label": "INTERNAL", "message": "odd"}, 200), "INTERNAL: odd"),
    "an empty body": (lambda _: body(""), "HTTP 200 with an empty body"),
    "HTML": (lambda _: body("<html>maintenance</html>"), "HTTP 200 with a body that is no JSON"),
    "null": (lambda _: body("null"), "HTTP 200 with a body that is no JSON"),
    "an object": (lambda _: says({"rows": []}), "a list was due"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_no_flat_account(name: str) -> None:
    """The read fails, and names the endpoint."""
    answer, words = FAULTS[name]
    held = answers()
    held[f"{V4}/futures/usdt/positions"] = answer
    async with standing(KIND, held) as (venue, _):
        with pytest.raises(ReadError, match=f"Gate, futures/positions.*{words}") as error:
            await venue.read()
    assert "hush" not in str(error.value)


async def test_a_refused_key_is_named() -> None:
    """In Gate's own words."""
    held = answers()
    held[f"{V4}/account/main_keys"] = refusal({"label": "INVALID_KEY", "message": "Invalid key provided"}, 401)
    async with standing(KIND, held) as (venue, _):
        with pytest.raises(VenueRefusedError, match=r"Gate refuses this API key .*INVALID_KEY"):
            await venue.open()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (KEYS, (False, True)),
        ({**KEYS, "perms": [{"name": "futures", "read_only": True}]}, (False, False)),
        ([{**KEYS, "key": "other*****"}, {**KEYS, "key": "more*****"}], (None, None)),
        ({**KEYS, "perms": None}, (None, None)),
        (refusal({"label": "FORBIDDEN", "message": "no account permission"}, 403), (None, None)),
    ],
)  # fmt: skip
async def test_what_the_key_may_do(answer: Any, expected: tuple[bool | None, bool | None]) -> None:
    """Where Gate does not say, nobody claims that the key is harmless."""
    async with standing(KIND, answers() | {f"{V4}/account/main_keys": answer}) as (venue, _):
        power = await _opened(venue)
    assert (power.withdraw, power.trade) == expected


async def test_a_key_that_can_withdraw_is_refused() -> None:
    """`wallet` that is not read only."""
    keys = {**KEYS, "perms": [{"name": "wallet", "read_only": False}]}
    async with standing(KIND, answers() | {f"{V4}/account/main_keys": keys}) as (venue, _):
        with pytest.raises(VenueRefusedError, match="this API key can withdraw"):
            await venue.open()


async def _opened(venue: PolledVenue) -> KeyPower:
    return await venue.open()


@pytest.mark.parametrize("label", ["USER_NOT_FOUND", "FORBIDDEN"])
async def test_an_account_that_tells_no_options_is_read(label: str) -> None:
    """It has none, or the key may not see them: then they explain nothing that is required."""
    held = answers("unified")
    held[f"{V4}/options/positions"] = refusal({"label": label, "message": "no"}, 403)
    async with standing(KIND, held) as (venue, _):
        assert len((await venue.read()).positions) == 1
        held[f"{V4}/options/positions"] = refusal({"label": "TOO_BUSY", "message": "later"}, 503)
        with pytest.raises(ReadError, match="options/positions"):
            await venue.read()
