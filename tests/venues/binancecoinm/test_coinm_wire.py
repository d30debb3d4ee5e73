"""A COIN-M account end to end over loopback: which paths unmodified ccxt asks, and what a fault comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.venues import payloads
from tests.venues.risk_only import body, load, says, standing
from watchdog.domain.facts import Rejected
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.binancecoinm.kind import KIND
from watchdog.venues.binancecoinm.wire import ACCOUNT, LISTING, weight

PAYLOADS = Path(__file__).parent / "payloads"
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
PATHS = {
    "exchangeInfo": "/dapi/v1/exchangeInfo",
    "leverageBracket": "/dapi/v2/leverageBracket",
    "positionRisk": "/dapi/v1/positionRisk",
    "account": "/dapi/v1/account",
    "positionSide": "/dapi/v1/positionSide/dual",
    "openAlgoOrders": "/dapi/v1/openAlgoOrders",
}
ORDER = StopOrder("BTC/USD:BTC", OrderSide.SELL, PositionSide.BOTH, 1, 1, "x")  # type: ignore[arg-type]


def answers(name: str = "isolated") -> dict[str, Any]:
    """Everything Binance would say, by path."""
    case = load(PAYLOADS / f"{name}.json")["payloads"]
    return {PATHS[part]: case[part] for part in PATHS} | {RESTRICTIONS: payloads.api_restrictions()}


def refusal(code: int, message: str, status: int = 400) -> Any:
    """An error in Binance's words."""
    return lambda _: says({"code": code, "msg": message}, status)


async def test_a_read_asks_every_place_and_writes_nothing() -> None:
    """Four signed questions a read; what they said can be read again."""
    async with standing(KIND, answers()) as (venue, shelf):
        assert await venue.open() == KeyPower(
            withdraw=False, trade=True, note="the key trades futures, and is bound to addresses"
        )
        shelf.asked.clear()
        read = await venue.read()
        assert sorted(path for path, _ in shelf.asked) == sorted(PATHS[name] for name in ACCOUNT)
        assert all("signature" in query for _, query in shelf.asked)
        assert shelf.methods == {"GET"}
        assert [one.symbol for one in read.positions] == ["BTC/USD:BTC"]
        assert KIND.read(venue.payloads, read.positions[0].venue_maintenance.at) == read  # type: ignore[union-attr]
        assert [row["symbol"] for row in venue.payloads["exchangeInfo"]["symbols"]] == ["BTCUSD_PERP"]


def test_what_a_read_weighs() -> None:
    """76 of 2,400 a minute: at one read every ten seconds under a fifth."""
    paths = ["positionRisk", "account", "positionSide/dual", "openAlgoOrders"]
    assert sum(weight(path, {}) for path in paths) == 76
    assert weight("openAlgoOrders", {"symbol": "BTCUSD_PERP"}) == 1
    assert len(paths) == len(ACCOUNT)


@pytest.mark.parametrize("name", [*LISTING, *ACCOUNT])
@pytest.mark.parametrize("fault", ["empty", "html", "object", "refused", "down"])
async def test_a_fault_of_any_answer_is_no_read(name: str, fault: str) -> None:
    """Never an account without positions, and never a traceback."""
    served = answers()
    faults: dict[str, Any] = {
        "empty": lambda _: body(""),
        "html": lambda _: body("<html>maintenance</html>"),
        "object": {},
        "refused": refusal(-1003, "Too many requests"),
        "down": lambda _: body("<html>", 503),
    }
    served[PATHS[name]] = faults[fault]
    async with standing(KIND, served) as (venue, _):
        with pytest.raises(ReadError, match="Binance COIN-M"):
            await venue.read()


async def test_a_refused_key_is_refused_with_what_to_do() -> None:
    """By Binance's own code."""
    served = answers() | {RESTRICTIONS: refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)}
    async with standing(KIND, served) as (venue, _):
        with pytest.raises(VenueRefusedError, match="account main: Binance COIN-M refuses this API key"):
            await venue.open()


async def test_a_key_that_can_withdraw_is_refused() -> None:
    """Nothing here needs it."""
    served = answers() | {RESTRICTIONS: payloads.api_restrictions(enableWithdrawals=True)}
    async with standing(KIND, served) as (venue, _):
        with pytest.raises(VenueRefusedError, match="can withdraw"):
            await venue.open()


async def test_where_binance_does_not_say_what_the_key_may_do_it_opens_all_the_same() -> None:
    """There is no such endpoint on its testnet."""
    served = answers()
    del served[RESTRICTIONS]
    async with standing(KIND, served) as (venue, _):
        power = await venue.open()
    assert (power.withdraw, power.trade) == (None, None)
    assert "does not say" in power.note


async def test_a_portfolio_margin_account_is_refused_by_name() -> None:
    """Its COIN-M contracts share one margin with all else; where to read it is said."""
    served = answers() | {
        RESTRICTIONS: payloads.api_restrictions(enablePortfolioMarginTrading=True),
        "/papi/v1/account": {"uniMMR": "5", "accountStatus": "NORMAL"},
    }
    async with standing(KIND, served) as (venue, _):
        with pytest.raises(VenueRefusedError, match='venue = "binanceusdm"'):
            await venue.open()
    served["/papi/v1/account"] = refusal(-21001, "request ID is not a Portfolio Margin Account")
    async with standing(KIND, served) as (venue, _):
        assert (await venue.open()).trade


async def test_no_order_is_sent() -> None:
    """Not yet."""
    async with standing(KIND, answers()) as (venue, shelf):
        assert isinstance(await venue.place(ORDER), Rejected)
        assert shelf.asked == []


async def test_positions_of_two_moments_are_read_again() -> None:
    """The account's answer lags once."""
    served = answers()
    whole, lagging = served[PATHS["account"]], [True]

    def account(_: Any) -> Any:
        late, lagging[:] = bool(lagging), []
        return says(whole | {"positions": []} if late else whole)

    served[PATHS["account"]] = account
    async with standing(KIND, served) as (venue, shelf):
        read = await venue.read()
    assert len(read.positions) == 1
    assert sum(path == PATHS["account"] for path, _ in shelf.asked) == 2
