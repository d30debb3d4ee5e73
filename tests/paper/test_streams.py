"""The websockets by a bare client: subscriptions, the listen key, frames, and every way they go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import aiohttp
import pytest

from tests.paper.support import AVAX, BTC, D, Raw, an_exchange, hold, raw_at, serving, until
from watchdog.paper.binanceusdm.streams import Which
from watchdog.paper.server import PaperServer
from watchdog.paper.values import MarginMode

Socket = aiohttp.ClientWebSocketResponse
NOTHING = 0.05
"""Seconds after which what has not come is taken not to come."""


async def market(raw: Raw, *topics: str, path: str = "/market/ws/0") -> Socket:
    """A market socket, subscribed."""
    socket = await raw.session.ws_connect(raw.server.url + path)
    await socket.send_json({"method": "SUBSCRIBE", "params": topics, "id": 1})
    assert await socket.receive_json() == {"result": None, "id": 1}
    return socket


async def private(raw: Raw) -> tuple[str, Socket]:
    """The listen key and a socket behind it."""
    key = (await raw.send("POST", "/fapi/v1/listenKey", raw.server.api_key.key)).body["listenKey"]
    before = len(raw.server.hub.sockets)
    socket = await raw.session.ws_connect(f"{raw.server.url}/private/ws?listenKey={key}")
    await until(lambda: len(raw.server.hub.sockets) > before)
    return key, socket


async def frames(socket: Socket, count: int) -> list[Any]:
    """The next frames."""
    return [json.loads((await socket.receive()).data) for _ in range(count)]


async def silent(socket: Socket) -> bool:
    """Nothing comes."""
    try:
        await asyncio.wait_for(socket.receive(), NOTHING)
    except TimeoutError:
        return True
    return False


def kinds(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Event types, with the status where there is one."""
    return [f"{row['e']} {row['o']['X']}" if "o" in row else row["e"] for row in rows]


async def test_marks_of_what_was_asked_for() -> None:
    """Every second or every third, per market or all at once, with Binance's fields."""
    async with serving() as server, raw_at(server) as raw:
        one = await market(raw, "btcusdt@markPrice@1s")
        everything = await market(raw, "!markPrice@arr@1s", path="/market/ws/1")
        slow = await market(raw, "avaxusdt@markPrice", path="/market/ws/2")
        for _ in range(3):
            await server.move({BTC: D("100000.1")})
        rows = await frames(one, 3)
        start = 1_760_129_340_000
        assert [row["E"] for row in rows] == [start + 1_000, start + 2_000, start + 3_000]
        assert rows[0].items() >= {"e": "markPriceUpdate", "s": BTC, "p": "100000.10000000"}.items()
        assert [len(row) for row in await frames(everything, 3)] == [3, 3, 3]
        assert [row["E"] for row in await frames(slow, 1)] == [start + 3_000]
        assert await silent(slow)


async def test_subscriptions_are_listed_and_ended() -> None:
    """LIST_SUBSCRIPTIONS, UNSUBSCRIBE, an unknown stream, nonsense."""
    async with serving() as server, raw_at(server) as raw:
        socket = await market(raw, "btcusdt@markPrice@1s", "avaxusdt@bookTicker")
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 2})
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@nothing"], "id": 4})
        await socket.send_str("{nonsense")
        rows = await frames(socket, 4)
        assert rows[:2] == [{"result": None, "id": 2}, {"result": ["avaxusdt@bookTicker"], "id": 3}]
        assert [row["error"]["code"] for row in rows[2:]] == [2, 3]
        await server.move({})
        assert [row["e"] for row in await frames(socket, 1)] == ["bookTicker"]


async def test_a_ping_is_answered() -> None:
    """A protocol ping gets its pong."""
    async with serving() as server, raw_at(server) as raw:
        socket = await raw.session.ws_connect(server.url + "/market/ws/0", autoping=False)
        await socket.ping(b"here")
        message = await socket.receive()
        assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PONG, b"here")


async def test_a_fired_stop_is_told_in_order() -> None:
    """Trigger, order, account, fill, finished: with Binance's fields, to the living listen key alone."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    async with serving(exchange) as server, raw_at(server) as raw:
        _, socket = await private(raw)
        stranger = await raw.session.ws_connect(f"{server.url}/private/ws?listenKey=unknown")
        stop = {"symbol": BTC, "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL"}
        rest = {"quantity": "0.1", "triggerPrice": "95000", "reduceOnly": "true", "clientAlgoId": "mine"}
        await raw.signed("POST", "/fapi/v1/algoOrder", **stop, **rest)
        await server.move({BTC: D(94_000)})
        rows = await frames(socket, 7)
        assert kinds(rows) == [
            "ALGO_UPDATE NEW",
            "ALGO_UPDATE TRIGGERING",
            "ORDER_TRADE_UPDATE NEW",
            "ALGO_UPDATE TRIGGERED",
            "ACCOUNT_UPDATE",
            "ORDER_TRADE_UPDATE FILLED",
            "ALGO_UPDATE FINISHED",
        ]
        algo, fill, account = rows[-1]["o"], rows[-2]["o"], rows[-3]["a"]
        assert (algo["caid"], algo["ai"], algo["ap"], algo["aq"]) == ("mine", str(fill["i"]), "94000.00", "0.100")
        assert (fill["c"], fill["x"], fill["rp"], fill["n"]) == ("mine", "TRADE", "-600", "4.7")
        assert account["m"] == "ORDER"
        assert account["B"][0] == {"a": "USDT", "wb": "49395.30000000", "cw": "49395.30000000", "bc": "0"}
        assert (account["P"][0]["s"], account["P"][0]["pa"], account["P"][0]["up"]) == (BTC, "0.000", "0")
        assert rows[-1]["T"] == server.exchange.time_ms
        assert server.hub.account_frames == 7
        assert await silent(stranger)


async def test_a_liquidation_is_told() -> None:
    """Margin call, then an order of the venue's own, and what the insurance fund took over."""
    exchange = an_exchange()
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    async with serving(exchange) as server, raw_at(server) as raw:
        _, socket = await private(raw)
        await server.move({AVAX: D("16.09")})
        await server.move({AVAX: D("16.00")})
        rows = await frames(socket, 5)
        assert kinds(rows) == [
            "MARGIN_CALL",
            "ORDER_TRADE_UPDATE NEW",
            "ACCOUNT_UPDATE",
            "ORDER_TRADE_UPDATE FILLED",
            "ACCOUNT_UPDATE",
        ]
        assert rows[0]["p"][0]["mm"] == "80.45000000"
        assert rows[3]["o"]["c"].startswith("autoclose-")
        assert rows[4]["a"]["m"] == "INSURANCE_CLEAR"


async def test_the_traders_own_hand_is_told() -> None:
    """A trade on the website, a deposit, a new leverage."""
    async with serving() as server, raw_at(server) as raw:
        _, socket = await private(raw)
        server.hand.market(AVAX, D(100), leverage=5)
        server.hand.deposit("USDT", D(7))
        rows = await frames(socket, 5)
        assert kinds(rows) == [
            "ACCOUNT_CONFIG_UPDATE",
            "ORDER_TRADE_UPDATE NEW",
            "ACCOUNT_UPDATE",
            "ORDER_TRADE_UPDATE FILLED",
            "ACCOUNT_UPDATE",
        ]
        assert rows[0]["ac"] == {"s": AVAX, "l": 5}
        assert (rows[4]["a"]["m"], rows[4]["a"]["B"][0]["bc"], rows[4]["a"]["P"]) == ("DEPOSIT", "7", [])


async def test_the_listen_key_lives_as_binances_does() -> None:
    """The same key while it lives; kept alive by PUT; −1125 without one; only the key's header is asked for."""
    async with serving() as server, raw_at(server) as raw:
        path, key = "/fapi/v1/listenKey", server.api_key.key
        assert (await raw.send("PUT", path, key)).code == -1125
        first = (await raw.send("POST", path, key)).body
        assert (await raw.send("POST", path, key)).body == first == (await raw.send("PUT", path, key)).body
        assert (await raw.send("DELETE", path, key)).body == {}
        assert (await raw.send("PUT", path, key)).code == -1125
        assert (await raw.send("POST", path)).code == -2014


async def test_an_expired_listen_key_is_silent() -> None:
    """It says listenKeyExpired, then nothing more; the connection stays."""
    async with serving(listen_key_seconds=0.02) as server, raw_at(server) as raw:
        key, socket = await private(raw)
        row = (await frames(socket, 1))[0]
        assert (row["e"], row["listenKey"]) == ("listenKeyExpired", key)
        server.hand.deposit("USDT", D(1))
        assert await silent(socket)
        assert not socket.closed


async def test_kept_alive_it_does_not_expire() -> None:
    """Each PUT begins its hour anew."""
    async with serving() as server, raw_at(server) as raw:
        await private(raw)
        first = server.hub._expiry
        assert (await raw.send("PUT", "/fapi/v1/listenKey", server.api_key.key)).status == 200
        again = server.hub._expiry
        assert first is not None
        assert again is not None
        assert first.cancelled()
        assert first.when() < again.when()
        assert again.when() == pytest.approx(asyncio.get_running_loop().time() + 3_600, abs=60)


async def the_socket(server: PaperServer, raw: Raw) -> tuple[Any, Socket]:
    """Both ends of a market socket."""
    client = await market(raw, "btcusdt@markPrice@1s")
    return server.hub.chosen(Which.MARKET)[0], client


async def test_frozen_it_neither_sends_nor_pongs() -> None:
    """A half-open connection: no frame, no pong, not closed; thawed it lives again and what was lost is lost."""
    async with serving() as server, raw_at(server) as raw:
        ours, client = await the_socket(server, raw)
        ours.freeze()
        await server.move({})
        await client.ping(b"anybody")
        assert await silent(client)
        assert not client.closed
        ours.thaw()
        await server.move({})
        assert (await frames(client, 1))[0]["E"] == server.exchange.time_ms


async def test_closed_it_says_1000() -> None:
    """A polite close."""
    async with serving() as server, raw_at(server) as raw:
        ours, client = await the_socket(server, raw)
        closing = asyncio.ensure_future(ours.close())
        message = await client.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1000)
        await closing


async def test_cut_it_says_nothing() -> None:
    """Dropped without a close frame: 1006."""
    async with serving() as server, raw_at(server) as raw:
        ours, client = await the_socket(server, raw)
        ours.cut()
        await client.receive()
        assert client.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


async def test_bad_json_is_sent_as_it_is() -> None:
    """Raw text reaches the client untouched."""
    async with serving() as server, raw_at(server) as raw:
        ours, client = await the_socket(server, raw)
        ours.send_text('{"e": "oops')
        assert (await client.receive()).data == '{"e": "oops'


@pytest.mark.parametrize("which", list(Which))
async def test_which_sockets_are_meant(which: Which) -> None:
    """All, the market's, or the account's."""
    async with serving() as server, raw_at(server) as raw:
        held = await the_socket(server, raw), await private(raw)
        assert held
        assert len(server.hub.chosen(which)) == (2 if which is Which.ALL else 1)
