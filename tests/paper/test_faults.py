"""Faults on demand: each kind as a bare client meets it, and what the venue did meanwhile."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.paper.support import BTC, Raw, an_exchange, hold, raw_at, serving, until
from watchdog.paper.exchange import Exchange
from watchdog.paper.faults import Fault, FaultKind, Faults
from watchdog.paper.server import PaperServer
from watchdog.paper.values import MarginMode

STOP = {
    "symbol": BTC,
    "side": "SELL",
    "type": "STOP_MARKET",
    "algoType": "CONDITIONAL",
    "quantity": "0.1",
    "triggerPrice": "95000",
    "reduceOnly": "true",
}
PATH = "/fapi/v1/algoOrder"


def a_long() -> Exchange:
    """A tenth of a bitcoin long."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    return exchange


def resting(server: PaperServer) -> int:
    """How many stops rest."""
    return len(server.exchange.open_algos())


async def place(raw: Raw) -> tuple[int, str]:
    """Status and text of a stop sent."""
    answer = await raw.signed("POST", PATH, **STOP)
    return answer.status, answer.text


@pytest.mark.parametrize(
    ("kind", "status", "text", "accepted"),
    [
        (FaultKind.BEFORE, 503, "Service Unavailable", False),
        (FaultKind.AFTER, 503, '"code": -1000', True),
        (FaultKind.EMPTY, 200, "", False),
        (FaultKind.HTML, 200, "<html>", False),
        (FaultKind.TRUNCATED, 200, '{"algoId":', True),
        (FaultKind.RATE, 429, "-1003", False),
        (FaultKind.BAN, 418, "banned until", False),
        (FaultKind.LATE, 200, "algoStatus", True),
    ],
)
async def test_a_fault_strikes_once(kind: FaultKind, status: int, text: str, accepted: bool) -> None:
    """The answer is the fault's, the order stands or not as the kind says, and the next request fares well."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        server.faults.add(Fault(kind, "POST", PATH, seconds=0.01))
        assert (await raw.signed("GET", "/fapi/v3/account")).status == 200
        got = await place(raw)
        assert got[0] == status
        assert text in got[1]
        assert resting(server) == accepted
        assert (await place(raw))[0] == 200
        assert server.faults.taken == [("POST", PATH, kind)]


async def test_rate_and_ban_say_how_long() -> None:
    """429 and 418 carry Retry-After in whole seconds."""
    async with serving() as server, raw_at(server) as raw:
        for kind in (FaultKind.RATE, FaultKind.BAN):
            server.faults.add(Fault(kind, seconds=120))
            assert (await raw.send("GET", "/fapi/v1/ping")).headers["Retry-After"] == "120"


async def test_half_a_body() -> None:
    """A truncated answer is no JSON."""
    async with serving() as server, raw_at(server) as raw:
        whole = (await raw.send("GET", "/fapi/v1/exchangeInfo")).text
        server.faults.add(Fault(FaultKind.TRUNCATED))
        answer = await raw.send("GET", "/fapi/v1/exchangeInfo")
        assert len(answer.text) == len(whole) // 2
        assert answer.body is None


async def test_lost_is_accepted_and_never_answered() -> None:
    """The connection is dropped; the order rests."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        server.faults.add(Fault(FaultKind.LOST, path=PATH))
        with pytest.raises(aiohttp.ClientConnectionError):
            await place(raw)
        assert resting(server) == 1


async def test_hanging_until_released() -> None:
    """No answer comes until it is released; the order rests all the while."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        server.faults.add(Fault(FaultKind.HANG, path=PATH))
        waiting = asyncio.ensure_future(place(raw))
        await until(lambda: resting(server))
        assert (await raw.send("GET", "/fapi/v1/ping")).status == 200
        assert not waiting.done()
        server.face.release()
        assert (await waiting)[0] == 200


async def test_a_venue_that_stops_lets_go_of_what_hangs() -> None:
    """Stopping the server ends a request that hangs."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        server.faults.add(Fault(FaultKind.HANG, path=PATH))
        waiting = asyncio.ensure_future(place(raw))
        await until(lambda: resting(server))
        await server.stop()
        done, _ = await asyncio.wait([waiting], timeout=5)
        assert done
        waiting.exception()


async def test_a_socket_that_is_not_let_in() -> None:
    """A fault on a websocket path fails the handshake."""
    async with serving() as server, raw_at(server) as raw:
        server.faults.add(Fault(FaultKind.BEFORE, path="/market/ws/*"))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await raw.session.ws_connect(server.url + "/market/ws/0")
        socket = await raw.session.ws_connect(server.url + "/market/ws/0")
        await socket.close()


def test_matching_and_counting() -> None:
    """By method and path pattern, after `skip` good ones, `times` often, in the order added."""
    faults = Faults()
    faults.add(Fault(FaultKind.EMPTY, "GET", "/fapi/*", times=2, skip=1))
    faults.add(Fault(FaultKind.BEFORE, "POST"))
    asked = [
        ("GET", "/fapi/v3/account"),
        ("GET", "/sapi/v1/x"),
        ("GET", "/fapi/v1/a"),
        ("POST", "/fapi/v1/b"),
        ("GET", "/fapi/v1/c"),
        ("GET", "/fapi/v1/d"),
    ]
    taken = [fault.kind if (fault := faults.take(*request)) else None for request in asked]
    assert taken == [None, None, FaultKind.EMPTY, FaultKind.BEFORE, FaultKind.EMPTY, None]
