"""The streams over real sockets of loopback: what breaks a connection is seen, and it is dialled again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.venues.desk import KEY, SECRET, Desk, body, open_desk, refuses
from tests.venues.jumping import JumpingLoop
from tests.venues.test_streams import mark
from watchdog.clock import LoopClock
from watchdog.domain.facts import Frame, FrameKind, Mark
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

BTC = "BTC/USDT:USDT"


@asynccontextmanager
async def streaming(venue: BinanceUsdmVenue, *symbols: str) -> AsyncIterator[list[Mark | Frame]]:
    """Open the account and run its streams; what they tell."""
    await venue.open()
    heard: list[Mark | Frame] = []
    venue.watch(frozenset(symbols))
    task = asyncio.create_task(venue.stream(heard.append))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(what: Callable[[], Any]) -> None:
    """Let the loop turn until something has happened; the test's own time limit is the end of patience."""
    while not what():  # noqa: ASYNC110 - what is waited for happens at the desk, which knows of no event
        await asyncio.sleep(0.001)


def told(heard: list[Mark | Frame], kind: FrameKind) -> list[str]:
    """The frames of a kind."""
    return [one.detail for one in heard if isinstance(one, Frame) and one.kind is kind]


async def test_marks_and_events_come_over_two_connections(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """With ccxt's addresses: marks under /market, the account under /private with its key."""
    async with streaming(venue, BTC) as heard:
        await until(lambda: desk.subscribed and desk.private)
        assert desk.subscribed[0]["params"] == ["btcusdt@markPrice@1s"]
        await desk.market[0].send_json(mark())
        await desk.private[0].send_json({"e": "ACCOUNT_UPDATE", "a": {"m": "ORDER"}})
        await until(lambda: len(heard) == 4)
    assert Mark(BTC, Decimal("115000.0"), 1760126400000) in heard
    assert told(heard, FrameKind.ACCOUNT) == ["ACCOUNT_UPDATE ORDER"]
    assert sorted(told(heard, FrameKind.RECONNECT)) == ["account stream", "market stream"]


@pytest.mark.parametrize("junk", ['{"e": "ACCOUNT_UPDATE"', "[1, ", '{"e": NaN}', "hello"])
async def test_a_frame_that_is_no_json_reconnects(venue: BinanceUsdmVenue, desk: Desk, junk: str) -> None:
    """In ccxt it would silently end the reading for good."""
    async with streaming(venue) as heard:
        await until(lambda: desk.private)
        await desk.private[0].send_str(junk)
        await until(lambda: len(desk.private) == 2)
        await desk.private[1].send_json({"e": "MARGIN_CALL"})
        await until(lambda: told(heard, FrameKind.MARGIN_CALL))
    assert told(heard, FrameKind.LOST)[0].startswith("account stream: a frame could not be read")


@pytest.mark.parametrize("code", [1000, 1006, 1011])
async def test_a_connection_the_venue_closes_is_dialled_again(venue: BinanceUsdmVenue, desk: Desk, code: int) -> None:
    """Politely or not."""
    async with streaming(venue) as heard:
        await until(lambda: desk.private)
        if code == 1006:
            desk.transport(desk.private[0]).abort()
        else:
            await desk.private[0].close(code=code)
        await until(lambda: len(desk.private) == 2)
    assert len(told(heard, FrameKind.LOST)) == 1


async def test_the_venue_s_ping_is_answered(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Binance cuts who does not answer its own."""
    async with streaming(venue):
        await until(lambda: desk.private)
        await desk.private[0].ping(b"are you there")
        await until(lambda: desk.pongs)
    assert desk.pongs == [b"are you there"]


async def test_a_listen_key_that_expires_is_replaced(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The next connection carries the new one."""
    async with streaming(venue):
        await until(lambda: desk.private)
        await desk.private[0].send_json({"e": "listenKeyExpired", "listenKey": "listen1"})
        await until(lambda: len(desk.private) == 2)
    assert [socket._req.query["listenKey"] for socket in desk.private if socket._req] == ["listen1", "listen2"]


@pytest.mark.parametrize(
    "answer", [body("", 200), body("<html>", 503), refuses(401, -2015, "Invalid API-key."), refuses(400, -1125, "gone")]
)
async def test_no_listen_key_is_told_and_tried_again(venue: BinanceUsdmVenue, desk: Desk, answer: Any) -> None:
    """The market stream goes on meanwhile."""
    desk.fail("/fapi/v1/listenKey", answer, "POST")
    async with streaming(venue, BTC) as heard:
        await until(lambda: desk.count("POST", "/fapi/v1/listenKey") >= 3 and desk.subscribed)
    assert all(one.startswith("account stream: no listenKey") for one in told(heard, FrameKind.LOST))


async def test_a_refused_handshake_tells_no_key(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The reason is the status; the address with its listenKey is not in it."""
    desk.refuse_sockets = True
    async with streaming(venue) as heard:
        await until(lambda: told(heard, FrameKind.LOST))
    reason = told(heard, FrameKind.LOST)[0]
    assert "429" in reason
    assert "listen1" not in reason
    assert "ws://" not in reason


def test_a_socket_that_never_pongs_is_noticed_within_15_s_on_a_jumping_loop() -> None:
    """Real sockets under virtual time, as the simulation runs the daemon: dead is noticed, and live is not cut."""

    async def scenario() -> None:
        async with open_desk() as desk:
            loop = asyncio.get_running_loop()
            venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock())
            async with streaming(venue) as heard:
                await until(lambda: desk.private)
                began = loop.time()
                await asyncio.sleep(3 * 3600)
                assert told(heard, FrameKind.LOST) == []
                assert len(desk.private) == 1
                assert desk.count("PUT", "/fapi/v1/listenKey") == 9
                desk.mute = True
                began = loop.time()
                await until(lambda: told(heard, FrameKind.LOST))
                assert loop.time() - began <= 15
            await venue.close()

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(scenario())


async def test_closing_lets_go_of_a_dead_socket_at_once(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """A peer that answers nothing does not hold up the end; the house's guard sees that no task stays."""
    desk.mute = True
    async with streaming(venue, BTC):
        await until(lambda: desk.private and desk.market)
        for socket in (*desk.private, *desk.market):
            desk.transport(socket).pause_reading()
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 2


def test_what_we_use_of_aiohttp_is_there() -> None:
    """The time a dead peer gets to answer a close is set by this name."""
    assert aiohttp.ClientWSTimeout(ws_close=0.5).ws_close == 0.5
