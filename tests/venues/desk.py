"""A venue's desk on loopback that answers as it is told: well by default, else with any fault."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.venues import payloads

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY, SECRET = "K" * 30 + "eyOfTheTest", "S" * 30 + "ecretOfTheTest"


def says(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON; a callable is asked for the value each time."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(value() if callable(value) else value, status=status, headers=headers)

    return answer


def body(text: str, status: int = 200, kind: str = "text/html", headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of any text."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, status=status, content_type=kind, headers=headers)

    return answer


def refuses(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error of the venue's own wording."""
    return says({"code": code, "msg": message}, status, headers)


CLOSING = web.AppKey("closing", asyncio.Event)


async def hangs(request: web.Request) -> web.Response:
    """No answer, for as long as anybody waits."""
    await request.app[CLOSING].wait()
    return web.Response()


async def cuts(request: web.Request) -> web.Response:
    """Take the request in, then cut the connection."""
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Half of an answer, of which more was announced."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'[{"symbol": "BTCUSDT", "positionAmt": "0.5')
    assert request.transport is not None
    request.transport.close()
    return response


class Desk:
    """What it was asked, what it answers, and who is listening."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.answers: dict[tuple[str, str], Answer] = {
            ("GET", "/fapi/v1/exchangeInfo"): says(payloads.exchange_info),
            ("GET", "/fapi/v1/time"): says({"serverTime": 1760126400000}),
            ("GET", "/fapi/v1/leverageBracket"): says(payloads.leverage_bracket),
            ("GET", "/fapi/v3/positionRisk"): says(payloads.position_risk),
            ("GET", "/fapi/v3/account"): says(payloads.account),
            ("GET", "/fapi/v1/accountConfig"): says(payloads.account_config),
            ("GET", "/fapi/v1/openAlgoOrders"): says(lambda: [payloads.algo_order()]),
            ("GET", "/fapi/v1/algoOrder"): says(payloads.algo_order),
            ("POST", "/fapi/v1/algoOrder"): says(payloads.algo_order),
            ("DELETE", "/fapi/v1/algoOrder"): says(payloads.algo_cancelled),
            ("GET", "/sapi/v1/account/apiRestrictions"): says(payloads.api_restrictions),
            ("PUT", "/fapi/v1/listenKey"): says({}),
        }
        self.keys = 0
        self.answers["POST", "/fapi/v1/listenKey"] = says(self._new_key)
        self.market: list[web.WebSocketResponse] = []
        self.private: list[web.WebSocketResponse] = []
        self.subscribed: list[dict[str, Any]] = []
        self.pongs: list[bytes] = []
        self.refuse_sockets = False
        self.mute = False
        """While set, a websocket never answers a ping."""
        self.url = ""

    def count(self, method: str, path: str) -> int:
        """How often it was asked this."""
        return sum(1 for asked in self.asked if asked[:2] == (method, path))

    def fail(self, path: str, answer: Answer, method: str = "GET") -> None:
        """Answer one path otherwise from now on."""
        assert (method, path) in self.answers
        self.answers[method, path] = answer

    def transport(self, socket: web.WebSocketResponse) -> asyncio.Transport:
        """What a websocket stands on."""
        request = socket._req
        assert request is not None
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    def _new_key(self) -> dict[str, str]:
        self.keys += 1
        return {"listenKey": f"listen{self.keys}"}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        if request.path.startswith(("/market/ws", "/private/ws")):
            return await self._listen(request)
        params = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        self.asked.append((request.method, request.path, params))
        answer = self.answers.get((request.method, request.path))
        if answer is None:
            return web.json_response({"code": -5000, "msg": "Path is invalid"}, status=404)
        return await answer(request)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=429, headers={"Retry-After": "7"})
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        (self.market if request.path.startswith("/market") else self.private).append(socket)
        async for message in socket:
            await self._hear(socket, message)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, message: WSMessage) -> None:
        if message.type is WSMsgType.PING and not self.mute:
            await socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            self.pongs.append(bytes(message.data))
        elif message.type is WSMsgType.TEXT:
            self.subscribed.append(message.json())
            await socket.send_json({"result": None, "id": message.json()["id"]})


@contextlib.asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """A desk on a free port of loopback."""
    desk = Desk()
    app = web.Application()
    app[CLOSING] = asyncio.Event()
    app.router.add_route("*", "/{path:.*}", desk.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield desk
    finally:
        app[CLOSING].set()
        for socket in (*desk.market, *desk.private):
            await socket.close()
        await runner.cleanup()
