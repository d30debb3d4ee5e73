"""A Portfolio Margin account and multi-assets mode over loopback: what is asked, what is refused, what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.venues import payloads
from tests.venues.desk import KEY, SECRET, Desk, body, open_desk, refuses, says
from tests.venues.risk_only import AT, load, standing
from tests.venues.risk_only import says as tells
from watchdog.clock import LoopClock
from watchdog.domain.facts import Rejected
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.binanceusdm.kind import KIND
from watchdog.venues.binanceusdm.portfolio import NO_STOPS
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

PAYLOADS = Path(__file__).parent / "payloads"
PAPI = {
    "/papi/v1/account": "papiAccount",
    "/papi/v1/balance": "papiBalance",
    "/papi/v1/um/positionRisk": "papiUmPositionRisk",
    "/papi/v2/um/account": "papiUmAccount",
    "/papi/v1/um/accountConfig": "papiUmAccountConfig",
    "/papi/v1/um/algo/openAlgoOrders": "papiUmOpenAlgoOrders",
    "/papi/v1/cm/positionRisk": "papiCmPositionRisk",
}
FAPI = {
    "/fapi/v1/exchangeInfo": "exchangeInfo",
    "/fapi/v1/leverageBracket": "leverageBracket",
    "/fapi/v3/positionRisk": "positionRisk",
    "/fapi/v3/account": "account",
    "/fapi/v1/accountConfig": "accountConfig",
    "/fapi/v1/openAlgoOrders": "openAlgoOrders",
    "/fapi/v1/assetIndex": "assetIndex",
}
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
ORDER = StopOrder("BTC/USDT:USDT", OrderSide.SELL, PositionSide.LONG, 1, 1, "x")  # type: ignore[arg-type]


def saved(name: str) -> Any:
    """The answers of a payload file."""
    return load(PAYLOADS / f"{name}.json")["payloads"]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk of a Portfolio Margin account: its classic endpoints would refuse the key."""
    async with open_desk() as desk:
        answers = saved("portfolio")
        for path, name in PAPI.items():
            desk.answers["GET", path] = plain(answers[name])
        desk.answers["GET", "/papi/v1/um/leverageBracket"] = plain(answers["leverageBracket"])
        desk.answers["GET", "/fapi/v1/exchangeInfo"] = plain(answers["exchangeInfo"])
        desk.fail(RESTRICTIONS, says(payloads.api_restrictions(enablePortfolioMarginTrading=True)))
        for path in ("/fapi/v3/positionRisk", "/fapi/v3/account", "/fapi/v1/leverageBracket"):
            desk.fail(path, refuses(401, -2015, "Invalid API-key, IP, or permissions for action."))
        yield desk


def plain(value: Any) -> Any:
    """An answer with decimals as JSON numbers."""

    async def answer(_: Any) -> Any:
        return tells(value)

    return answer


@pytest.fixture
async def venue(desk: Desk) -> AsyncIterator[BinanceUsdmVenue]:
    """An account at that desk."""
    venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock(), timeout=1.0)
    yield venue
    await venue.close()


async def test_a_portfolio_account_is_read_by_its_own_endpoints(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """And by nothing of the classic ones but the public listing; what it read can be read again."""
    power = await venue.open()
    assert NO_STOPS in power.note
    desk.asked.clear()
    read = await venue.read()
    assert {path for _, path, _ in desk.asked} == set(PAPI)
    assert all("signature" in params for _, _, params in desk.asked)
    assert read.modes.words == "portfolio margin"
    again = KIND.read(venue.payloads, AT)
    assert [one.symbol for one in again.positions] == [one.symbol for one in read.positions] == ["BTC/USDT:USDT"]
    assert again.debts == read.debts


async def test_no_order_is_sent_for_a_portfolio_account(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Whoever asks for one."""
    await venue.open()
    assert await venue.place(ORDER) == Rejected("portfolio margin", NO_STOPS)
    assert {method for method, _, _ in desk.asked} == {"GET"}


@pytest.mark.parametrize("code", [-9000, -21001])
async def test_a_key_for_portfolio_margin_of_a_classic_account_is_read_the_classic_way(code: int) -> None:
    """The right on the key says nothing of the account as it is today."""
    async with open_desk() as desk:
        desk.fail(RESTRICTIONS, says(payloads.api_restrictions(enablePortfolioMarginTrading=True)))
        desk.answers["GET", "/papi/v1/account"] = refuses(400, code, "not a Portfolio Margin account")
        venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock(), timeout=1.0)
        try:
            await venue.open()
            read = await venue.read()
        finally:
            await venue.close()
    assert (len(read.positions), read.modes.words) == (2, "")


@pytest.mark.parametrize("answer", [body("<html>"), body(""), refuses(500, -1000, "unknown")])
async def test_while_it_is_not_known_what_the_account_is_it_does_not_open(
    venue: BinanceUsdmVenue, desk: Desk, answer: Any
) -> None:
    """A classic read of a Portfolio Margin account would tell numbers that are not its own."""
    desk.fail("/papi/v1/account", answer)
    with pytest.raises(ReadError, match="papiAccount"):
        await venue.open()


async def test_a_portfolio_account_behind_a_key_without_the_right_is_refused_by_name(
    venue: BinanceUsdmVenue, desk: Desk
) -> None:
    """With what to tick."""
    desk.fail(RESTRICTIONS, says(payloads.api_restrictions(enablePortfolioMarginTrading=False)))
    with pytest.raises(VenueRefusedError, match="Enable Portfolio Margin Trading"):
        await venue.open()


async def test_multi_assets_mode_asks_for_the_rates_once_more_a_read() -> None:
    """Public, beside the four; by the second read at the same time as they."""
    answers = saved("multi_assets")
    async with open_desk() as desk:
        for path, name in FAPI.items():
            desk.answers["GET", path] = plain(answers[name])
        venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock(), timeout=1.0)
        try:
            await venue.open()
            for reads in (1, 2):
                read = await venue.read()
                assert desk.count("GET", "/fapi/v1/assetIndex") == reads
            assert [balance.asset for balance in read.balances] == ["account"]
            assert KIND.read(venue.payloads, read.positions[0].venue_maintenance.at) == read  # type: ignore[union-attr]
            desk.fail("/fapi/v1/assetIndex", says([]))
            with pytest.raises(ReadError, match="assetIndex"):
                await venue.read()
        finally:
            await venue.close()


@pytest.mark.parametrize("name", ["hedge", "multi_assets", "portfolio"])
async def test_the_kind_reads_what_the_venue_reads(name: str) -> None:
    """By the generic way, for `explain` and `snapshot`."""
    answers, case = saved(name), load(PAYLOADS / f"{name}.json")
    shared = name == "portfolio"
    served = {path: answers[part] for path, part in {**FAPI, **PAPI}.items() if part in answers}
    served[RESTRICTIONS] = payloads.api_restrictions(enablePortfolioMarginTrading=shared)
    served["/papi/v1/um/leverageBracket"] = answers["leverageBracket"]
    async with standing(KIND, served) as (venue, shelf):
        await venue.open()
        read = await venue.read()
        assert len(read.positions) == len(case["expected"]["positions"])
        assert KIND.read(venue.payloads, AT).positions == KIND.read(answers, AT).positions
        assert shelf.methods == {"GET"}
        assert ("/fapi/v3/positionRisk" in shelf.paths()) is not shared


async def test_a_refused_key_is_refused_by_the_kind_too() -> None:
    """In Binance's own words."""

    def refused(_: Any) -> Any:
        return tells({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401)

    async with standing(KIND, {RESTRICTIONS: refused}) as (venue, _):
        with pytest.raises(VenueRefusedError, match="-2015"):
            await venue.open()
