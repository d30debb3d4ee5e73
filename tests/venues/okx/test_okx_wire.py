"""OKX end to end: unmodified ccxt signs and asks, a desk on loopback answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from tests.risk.build import known
from tests.venues.okx.build import algo, answers, config, instrument, position, said
from tests.venues.okx.desk import KEY, PHRASE, SECRET, Desk
from watchdog.clock import LoopClock
from watchdog.domain.facts import NotFound, Rejected
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.risk import Book
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.kind import Credentials
from watchdog.venues.okx import wire
from watchdog.venues.okx.kind import KIND
from watchdog.venues.polled import PolledVenue

D = Decimal


def refuses(status: int, code: str, message: str) -> Callable[[], web.Response]:
    """An error in OKX's words."""
    return lambda: web.json_response({"code": code, "data": [], "msg": message}, status=status)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk that answers well until told otherwise."""
    desk = Desk()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", desk.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield desk
    await runner.cleanup()


@pytest.fixture
async def venue(desk: Desk) -> AsyncIterator[PolledVenue]:
    """An account there."""
    credentials = Credentials(KEY, SECRET, PHRASE)
    venue = PolledVenue(KIND, "main", credentials, base_url=desk.url, clock=LoopClock(), timeout=5)
    yield venue
    await venue.close()


async def test_an_account_is_read_whole(desk: Desk, venue: PolledVenue) -> None:
    """Every path once, tiers of what is held, and the readings of the recorded figures."""
    power = await venue.open()
    assert (power.trade, power.withdraw) == (False, False)
    assert power.note == "the key only reads, and is bound to addresses"
    assert desk.paths() == ["account/config", *["account/trade-fee"] * 2, *["public/instruments"] * 2]
    desk.asked.clear()
    read = await venue.read()
    assert desk.paths() == [
        "account/balance",
        "account/config",
        "account/positions",
        "public/position-tiers",
        "public/position-tiers",
        *["trade/orders-algo-pending"] * 3,
    ]
    asked = [query["ordType"] for path, query in desk.asked if path == "trade/orders-algo-pending"]
    assert sorted(asked) == ["conditional,oco", "move_order_stop", "trigger"]
    prices = sorted(known(risk.liquidation_ours) for risk in Book.of(read, 0.0, {}).positions.values())
    assert [round(price, 4) for price in prices] == [D("11198.2238"), D("12608.9591")]
    assert len(read.stops) == 3
    assert KIND.read(venue.payloads, 0.0) == KIND.read({**desk.answers}, 0.0)


async def test_tiers_are_asked_for_once(desk: Desk, venue: PolledVenue) -> None:
    """And again with the listing, or for a family that is new."""
    await venue.read()
    await venue.read()
    assert desk.paths().count("public/position-tiers") == 2
    venue.list_anew()
    await venue.read()
    assert desk.paths().count("public/position-tiers") == 4


async def test_all_pages_of_orders(desk: Desk, venue: PolledVenue) -> None:
    """250 of one kind are three requests."""
    one = algo(posSide="long")
    desk.answers["orders-algo-pending"] = [said(*({**one, "algoId": str(1000 - number)} for number in range(250)))]
    read = await venue.read()
    assert len({stop.venue_id for stop in read.stops}) == 250
    pages = [query for path, query in desk.asked if path == "trade/orders-algo-pending" and "con" in query["ordType"]]
    assert [query.get("after") for query in pages] == [None, "901", "801"]


async def test_orders_without_end_are_no_answer(
    desk: Desk, venue: PolledVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that starts anew for ever ends in an error."""
    full = said(*({**algo(posSide="long"), "algoId": str(number)} for number in range(100)))
    desk.other["trade/orders-algo-pending"] = lambda: web.json_response(full)
    monkeypatch.setattr(wire, "PAGES", 3)  # fifty would take long
    with pytest.raises(ReadError, match="more than 300"):
        await venue.read()


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("account/positions", refuses(200, "50001", "Service temporarily unavailable"), "OKX, positions: .*50001"),
        ("account/balance", lambda: web.Response(text="", content_type="application/json"), "an empty body"),
        ("account/positions", lambda: web.Response(text="<html>", content_type="text/html"), "no JSON"),
        ("account/positions", lambda: web.json_response({}), "positions.*an empty object came"),
        ("account/positions", lambda: web.json_response({"code": "0"}), "positions.data"),
        ("account/balance", lambda: web.json_response({"code": "0", "data": []}), "balance.data: one row was due"),
        ("public/position-tiers", lambda: web.json_response([]), "position-tiers"),
        ("trade/orders-algo-pending", lambda: web.json_response({"code": "0"}), "orders-algo-pending"),
        ("account/config", refuses(429, "50011", "Too Many Requests"), "limits this address|50011"),
    ],
)
async def test_what_is_no_answer_is_no_read(
    desk: Desk, venue: PolledVenue, path: str, answer: Callable[[], web.Response], words: str
) -> None:
    """It says what is missing, and holds no secret."""
    desk.other[path] = answer
    with pytest.raises(ReadError, match=words) as caught:
        await venue.read()
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PHRASE, "OK-ACCESS"))


@pytest.mark.parametrize(
    ("status", "code"), [(401, "50111"), (401, "50113"), (400, "50105"), (401, "50110"), (401, "50119")]
)
async def test_a_refused_key(desk: Desk, venue: PolledVenue, status: int, code: str) -> None:
    """Wrong key, secret, passphrase, address: it is not tried again."""
    desk.other["account/config"] = refuses(status, code, "Invalid something")
    with pytest.raises(VenueRefusedError, match=f"OKX refuses this API key .*{code}"):
        await venue.open()


async def test_a_wrong_clock_is_not_a_wrong_key(desk: Desk, venue: PolledVenue) -> None:
    """It can be put right while we run."""
    desk.other["account/config"] = refuses(401, "50102", "Timestamp request expired")
    with pytest.raises(ReadError, match="50102"):
        await venue.open()


async def test_a_key_that_can_withdraw_is_refused(desk: Desk, venue: PolledVenue) -> None:
    """Nothing here needs that."""
    desk.answers["config"] = said(config(perm="read_only,withdraw,trade", ip=""))
    with pytest.raises(VenueRefusedError, match="can withdraw"):
        await venue.open()


@pytest.mark.parametrize(
    ("settings", "withdraw", "words"),
    [
        (config(perm="read_only,trade"), False, "the key trades, and is bound to addresses"),
        (config(perm="read_only,trade", ip=""), False, "usable from any address, and OKX ends it after 14 days"),
        (config(perm="read_only,transfer"), None, "OKX also grants transfer, which is not known here"),
    ],
)
def test_what_a_key_may_do(settings: dict[str, Any], withdraw: bool | None, words: str) -> None:
    """A right that is not known may be any."""
    power = wire.read_power(said(settings))
    assert power.withdraw is withdraw
    assert words in power.note


async def test_a_contract_that_is_new_is_looked_up(desk: Desk, venue: PolledVenue) -> None:
    """Not in the listing: the listing is asked for anew, where it was not just read."""
    await venue.read()
    found = answers(position("SOL-USDT-SWAP"), listed=[instrument("SOL-USDT-SWAP")])
    desk.answers = {
        **found,
        "position-tiers": {"SWAP cross SOL-USDT": desk.answers["position-tiers"]["SWAP cross BTC-USDT"]},
    }
    with pytest.raises(ReadError, match="'SOL-USDT-SWAP' is not in the venue's listing"):
        await venue.read()
    venue.list_anew()
    assert [one.symbol for one in (await venue.read()).positions] == ["SOL/USDT:USDT"]


async def test_nothing_is_ever_sent(desk: Desk, venue: PolledVenue, caplog: pytest.LogCaptureFixture) -> None:
    """No order of ours, and no secret in any log."""
    caplog.set_level(logging.DEBUG)
    await venue.open()
    order = StopOrder("BTC/USDT:USDT", OrderSide.SELL, PositionSide.LONG, D(1), D(9), "0a")
    assert isinstance(await venue.place(order), Rejected)
    assert await venue.cancel("BTC/USDT:USDT", "0a") == NotFound()
    assert await venue.look_up("BTC/USDT:USDT", "0a") == NotFound()
    with pytest.raises(Exception, match="not among the writes"):
        await venue._ask.client.privatePostTradeOrderAlgo({"instId": "BTC-USDT-SWAP"})
    assert all(secret not in caplog.text for secret in (KEY, SECRET, PHRASE))
    assert all(path != "trade/order-algo" for path, _ in desk.asked)


def test_words_of_an_answer() -> None:
    """The row's own code where an order was refused; none where all is well, or where it is no answer."""
    refused = {"code": "1", "data": [{"sCode": "51119", "sMsg": "insufficient balance"}], "msg": ""}
    assert wire.words(refused) == ("51119", "insufficient balance")
    assert wire.words({"code": "50113", "msg": "Invalid Sign", "data": []}) == ("50113", "Invalid Sign")
    assert wire.words(said()) == wire.words([]) == wire.words(None) == (None, "")


def test_weights_are_within_okxs_limits() -> None:
    """A read's weight, of 600 a minute."""
    assert [wire.weight(path, {}) for path in ("account/config", "account/positions", "trade/orders-algo-pending")] == [
        4, 2, 1,
    ]  # fmt: skip
