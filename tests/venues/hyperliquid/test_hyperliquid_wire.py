"""Hyperliquid end to end: unmodified ccxt asks a server on loopback, which answers with recorded and built answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from tests.venues.hyperliquid.build import ONE_STEP, Leg, payloads, state
from tests.venues.hyperliquid.shop import WALLET, Shop, answers
from watchdog.clock import Clock, LoopClock, SteppedClock
from watchdog.domain.position import StopKind
from watchdog.venues import polled
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.budget import Budget
from watchdog.venues.errors import GuardError
from watchdog.venues.guard import Guard
from watchdog.venues.hyperliquid.kind import KIND
from watchdog.venues.hyperliquid.wire import WRITES, weight
from watchdog.venues.kind import Credentials
from watchdog.venues.polled import PolledVenue

D = Decimal


@asynccontextmanager
async def at_shop(wallet: str = WALLET, clock: Clock | None = None) -> AsyncIterator[tuple[PolledVenue, Shop]]:
    """An account at a shop that answers well until told otherwise."""
    shop = Shop(answers())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", shop.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    shop.url = f"http://{host}:{port}"
    clock = clock or LoopClock()
    plenty = Budget(clock, 1_000_000)
    credentials = Credentials(wallet=wallet)
    venue = PolledVenue(KIND, "main", credentials, base_url=shop.url, clock=clock, budget=plenty, timeout=2.0)
    try:
        yield venue, shop
    finally:
        await venue.close()
        await runner.cleanup()


async def test_an_account_is_opened_and_read_by_its_address_alone() -> None:
    """Every dex is asked for its state, the main one and those that hold something for their orders; all by /info."""
    async with at_shop() as (venue, shop):
        power = await venue.open()
        assert (power.withdraw, power.trade) == (False, False)
        assert "an account of its own" in power.note
        assert shop.types() == [("allPerpMetas", ""), ("perpDexs", ""), ("spotMeta", ""), ("userRole", "")]
        shop.asked.clear()
        read = await venue.read()
        assert shop.types() == [
            ("clearinghouseState", ""), ("clearinghouseState", "km"), ("clearinghouseState", "xyz"),
            ("frontendOpenOrders", ""), ("frontendOpenOrders", "xyz"),
            ("spotClearinghouseState", ""), ("userAbstraction", ""),
        ]  # fmt: skip
        assert {(method, path) for method, path, _ in shop.asked} == {("POST", "/info")}
        assert {body["user"] for _, _, body in shop.asked} == {WALLET}
    assert sorted(position.symbol for position in read.positions) == ["BTC/USDC:USDC", "XYZ-TSLA/USDC:USDC"]
    assert [stop.kind for stop in read.stops] == [StopKind.STOP_MARKET] * 2
    assert len(KIND.read(venue.payloads, 0.0).positions) == 2


@pytest.mark.parametrize(
    ("mode", "words"),
    [("disabled", "standard"), ("default", "standard"), ("dexAbstraction", "DEX abstraction")],
)
async def test_the_mode_is_one_word_in_quotes(mode: str, words: str) -> None:
    """It is the only answer that is no object and no list; a change of it is seen within a minute."""
    clock = SteppedClock(1_760_000_000.0)
    async with at_shop(clock=clock) as (venue, shop):
        assert (await venue.read()).modes.words == "standard"
        shop.answers["userAbstraction"] = mode
        shop.asked.clear()
        clock.advance(59)
        await venue.read()
        assert ("userAbstraction", "") not in shop.types()  # it weighs as much as ten states
        clock.advance(60)
        assert (await venue.read()).modes.words == words


BROKEN = {
    "an empty body": (200, ""),
    "null": (200, "null"),
    "HTML": (200, "<html>busy</html>"),
    "a word": (200, '"busy"'),
    "an empty object": (200, "{}"),
    "its own error": (200, '{"status": "err", "response": "User does not exist."}'),
    "a refused body": (422, "Failed to deserialize the JSON body into the target type"),
    "a failure": (500, "null"),
}


@pytest.mark.parametrize(
    "name", ["userAbstraction", "spotClearinghouseState", "clearinghouseState", "frontendOpenOrders"]
)
@pytest.mark.parametrize("how", BROKEN)
async def test_an_answer_that_is_none_is_no_read(name: str, how: str) -> None:
    """Never an account that holds nothing; the error names the read and carries no address."""
    clock = SteppedClock(1_760_000_000.0)
    async with at_shop(clock=clock) as (venue, shop):
        await venue.read()
        shop.instead[name] = BROKEN[how]
        clock.advance(60)
        with pytest.raises(ReadError) as caught:
            await venue.read()
        assert name in str(caught.value)
        assert WALLET not in str(caught.value)


async def test_a_mode_that_could_not_be_read_is_asked_for_again_at_once() -> None:
    """One odd answer is not kept for a minute: that would be a minute of blindness."""
    async with at_shop() as (venue, shop):
        shop.instead["userAbstraction"] = BROKEN["a word"]
        with pytest.raises(ReadError):
            await venue.read()
        del shop.instead["userAbstraction"]
        assert (await venue.read()).modes.words == "standard"


async def test_an_answer_that_repeats_the_wallet_is_told_without_it() -> None:
    """In whatever spelling: who sees the message must not learn whose account it is."""
    async with at_shop() as (venue, shop):
        shop.instead["userRole"] = (422, f'{{"error": "Wallet {WALLET.upper()} and {WALLET} do not exist"}}')
        with pytest.raises(ReadError, match="do not exist") as caught:
            await venue.open()
        assert WALLET[2:].lower() not in str(caught.value).lower()


async def test_its_own_words_are_told() -> None:
    """The venue's status and message."""
    async with at_shop() as (venue, shop):
        await venue.read()
        shop.instead["spotClearinghouseState"] = (200, '{"status": "err", "response": "Too much of it"}')
        with pytest.raises(ReadError, match="err: Too much of it"):
            await venue.read()


@pytest.mark.parametrize("how", ["an empty body", "HTML", "an empty object", "a word"])
async def test_a_listing_that_is_none_never_replaces_a_good_one(how: str) -> None:
    """It is asked for again later."""
    async with at_shop() as (venue, shop):
        before = await venue.read()
        for name in ("perpDexs", "allPerpMetas", "spotMeta"):
            shop.instead[name] = BROKEN[how]
        venue.list_anew()
        assert len((await venue.read()).positions) == len(before.positions)


async def test_a_new_dex_is_seen_once_the_listing_is_read_anew() -> None:
    """With its positions."""
    async with at_shop() as (venue, shop):
        assert len((await venue.read()).positions) == 2
        more = answers()
        more["clearinghouseState"]["new"] = state([Leg("new:X", D(1), D(10), D(10), D(3))])
        more["frontendOpenOrders"]["new"] = []
        more["perpDexs"].append({"name": "new"})
        more["allPerpMetas"].append(
            {"universe": [{"name": "new:X", "szDecimals": 1, "maxLeverage": 10, "marginTableId": 10}],
             "marginTables": [], "collateralToken": 0}
        )  # fmt: skip
        shop.answers |= more
        venue.list_anew()
        assert len((await venue.read()).positions) == 3


@pytest.mark.parametrize(
    ("role", "word"),
    [("vault", "a vault"), ("subAccount", "a sub-account"), ("missing", "never seen"), ("new", "'new'")],
)
async def test_vaults_and_sub_accounts_are_read_like_any_address(role: str, word: str) -> None:
    """The role is told."""
    async with at_shop() as (venue, shop):
        shop.answers["userRole"] = {"role": role}
        assert word in (await venue.open()).note


async def test_an_api_wallet_is_refused() -> None:
    """It holds nothing: the account it trades for would go unwatched in silence."""
    async with at_shop() as (venue, shop):
        shop.answers["userRole"] = {"role": "agent", "data": {"user": WALLET}}
        with pytest.raises(VenueRefusedError, match="API wallet") as caught:
            await venue.open()
        assert WALLET not in str(caught.value)


@pytest.mark.parametrize("wallet", ["", "0x12", "5e" * 20, "0x" + "g" * 40])
async def test_what_is_no_address_is_refused_unasked(wallet: str) -> None:
    """Nothing leaves for it."""
    async with at_shop(wallet) as (venue, shop):
        with pytest.raises(VenueRefusedError, match="not an address"):
            await venue.open()
        assert shop.asked == []


GOOD = {"type": "clearinghouseState", "user": WALLET}


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "type": "order"}, {**GOOD, "nonce": 1}, {"user": WALLET}, [GOOD], {**GOOD, "dex": {"a": 1}},
        {**GOOD, "dex": True}, "x", None,
    ],
    ids=repr,
)  # fmt: skip
def test_nothing_else_leaves_by_post(body: Any) -> None:
    """Neither another read nor an odd one; and never to /exchange."""
    guard = Guard("https://api.hyperliquid.xyz", WRITES, ())
    guard.check("POST", "https://api.hyperliquid.xyz/info", json.dumps(GOOD))
    with pytest.raises(GuardError):
        guard.check("POST", "https://api.hyperliquid.xyz/info", json.dumps(body))
    for url in (
        "https://api.hyperliquid.xyz/exchange",
        "https://example.org/info",
        "https://api.hyperliquid.xyz/info?a=1",
    ):
        with pytest.raises(GuardError):
            guard.check("POST", url, json.dumps(GOOD))
    twice = json.dumps(GOOD)[:-1] + ', "type": "userRole"}'
    with pytest.raises(GuardError, match="given twice"):
        guard.check("POST", "https://api.hyperliquid.xyz/info", twice)
    with pytest.raises(GuardError, match="unreadable"):
        guard.check("POST", "https://api.hyperliquid.xyz/info", "{")


def test_the_weights_are_the_venues() -> None:
    """A read of the main dex, of twelve in all, weighs 66 of the 600 that reads may use a minute."""
    reads = ["userAbstraction", "spotClearinghouseState", "frontendOpenOrders", *["clearinghouseState"] * 12]
    assert sum(weight("info", {"type": name}) for name in reads) == 66
    assert weight("info", {"type": "userRole"}) == 60


async def test_a_dex_that_is_new_is_asked_for_within_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the next day: a position opened there would be looked at by nobody."""
    async with at_shop() as (venue, shop):
        await venue.read()
        old = dict(shop.answers)
        new = payloads(
            {**old["clearinghouseState"], "new": state([Leg("new:GOLD", D(1), D(4000), D(4000), D(900))])},
            {"BTC": ONE_STEP, "xyz:TSLA": ONE_STEP, "km:US500": ONE_STEP, "new:GOLD": ONE_STEP},
            tokens={"km": 360},
            orders=old["frontendOpenOrders"],
            spot={0: "9"},
        )
        shop.answers.update(new)
        shop.asked.clear()
        assert len((await venue.read()).positions) == 2
        assert ("perpDexs", "") not in shop.types()
        monkeypatch.setattr(polled, "GROWN_EVERY", 0.0)
        read = await venue.read()
        assert [one.symbol for one in read.positions][-1] == "NEW-GOLD/USDC:USDC"
        shop.asked.clear()
        await venue.read()
        assert shop.types().count(("perpDexs", "")) == 1
        assert ("allPerpMetas", "") not in shop.types()


@pytest.mark.parametrize("answer", [(500, "{}"), (200, "[]"), (200, '[{"name": "xyz"}]')])
async def test_a_list_of_dexes_that_cannot_be_had_blinds_nobody(
    answer: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is read on."""
    async with at_shop() as (venue, shop):
        await venue.read()
        monkeypatch.setattr(polled, "GROWN_EVERY", 0.0)
        shop.instead["perpDexs"] = answer
        assert len((await venue.read()).positions) == 2
