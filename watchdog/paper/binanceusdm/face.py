"""The HTTP side: one handler that looks a request up, checks it, answers it, and lets faults happen to it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from watchdog.paper.binanceusdm import private, public, trading
from watchdog.paper.binanceusdm.endpoint import Endpoint, Endpoints, Room, Security
from watchdog.paper.binanceusdm.errors import NOT_FOUND, TEAPOT, TOO_MANY, ApiError
from watchdog.paper.binanceusdm.frames import account_frames
from watchdog.paper.binanceusdm.params import Params
from watchdog.paper.binanceusdm.signing import ApiKey, check_key, check_signature
from watchdog.paper.binanceusdm.streams import Hub
from watchdog.paper.binanceusdm.weights import LIMIT, WeightCounter, weight
from watchdog.paper.exchange import Exchange
from watchdog.paper.faults import Fault, FaultKind, Faults

_HTML = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
_UNKNOWN = {"code": -1000, "msg": "Unknown error, please check your request or try again later."}
_SOCKET_PATHS = ("/ws", "/ws/{stream}", "/market/ws", "/market/ws/{stream}", "/public/ws", "/public/ws/{stream}")
_PRIVATE_PATH = "/private/ws"
_REMEMBERED = 1_000


class Face:
    """Binance USD-M on the wire, in front of an exchange."""

    def __init__(
        self,
        exchange: Exchange,
        api_key: ApiKey,
        now_ms: Callable[[], int],
        hub: Hub,
        weights: WeightCounter,
        *,
        weight_limit: int | None = LIMIT,
    ) -> None:
        self.exchange = exchange
        self.api_key = api_key
        self.hub = hub
        self.faults = Faults()
        self.weight_limit = weight_limit
        """Per minute; None: weights are counted and never refused."""
        self.weights = weights
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        """Method and path of the last requests that reached the face, in order."""
        self.request_count = 0
        self._now_ms = now_ms
        self._released = asyncio.Event()
        room = Room(exchange, api_key, now_ms)
        self._endpoints = (
            public.endpoints(room) | private.endpoints(room) | trading.endpoints(room) | self._listen_key()
        )

    def routes(self) -> list[web.AbstractRouteDef]:
        """What the web application serves."""
        sockets = [web.get(path, self._socket) for path in (*_SOCKET_PATHS, _PRIVATE_PATH)]
        return [*sockets, web.route("*", "/{tail:.*}", self._handle)]

    def release(self) -> None:
        """Let requests that hang go on."""
        self._released.set()
        self._released = asyncio.Event()

    def flush(self) -> None:
        """Send the frames of what has happened on the account since the last time."""
        self.hub.publish_account(account_frames(self.exchange, self.exchange.drain()))

    def _listen_key(self) -> Endpoints:
        def close(_params: Params) -> dict[str, Any]:
            self.hub.close_key()
            return {}

        answers: dict[str, Callable[[Params], Any]] = {
            "POST": lambda _: {"listenKey": self.hub.open_key()},
            "PUT": lambda _: {"listenKey": self.hub.keep_key()},
            "DELETE": close,
        }
        return {(method, "/fapi/v1/listenKey"): Endpoint(Security.KEY, answer) for method, answer in answers.items()}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.hub.timings.note("dial", request.host, f"{request.method} {request.path}")
        fault = self.faults.take(request.method, request.path)
        if fault is not None:
            return self._broken(fault) or await self._drop(request)
        return await self.hub.serve(request)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.hub.timings.note("request", request.host, f"{request.method} {request.path}")
        self.requests.append((request.method, request.path))
        self.request_count += 1
        body = (await request.read()).decode("utf-8", "replace")
        fault = self.faults.take(request.method, request.path)
        if fault is not None and (broken := self._broken(fault)) is not None:
            return broken
        response = self._answer(request, body)
        if fault is None:
            return response
        return await self._spoil(request, fault, response)

    def _answer(self, request: web.Request, body: str) -> web.Response:
        """The honest answer."""
        _, _, query = request.raw_path.partition("?")
        sent = parse_qsl(body, keep_blank_values=True) + parse_qsl(query, keep_blank_values=True)
        params = Params(sent)
        used = self.weights.add(weight(request.method, request.path, symbol="symbol" in params))
        headers = {"X-MBX-USED-WEIGHT-1M": str(used)}
        try:
            self._check_weight(used, headers)
            endpoint = self._endpoint(request)
            self._check(endpoint, request, query, body, params)
            payload = endpoint.answer(params)
            self.flush()
            return _json(payload, headers=headers)
        except ApiError as error:
            return _json({"code": error.code, "msg": error.message}, error.status, headers)

    def _check_weight(self, used: int, headers: dict[str, str]) -> None:
        if self.weight_limit is not None and used > self.weight_limit:
            headers["Retry-After"] = str(self.weights.seconds_left())
            raise _too_many(self.weight_limit)

    def _endpoint(self, request: web.Request) -> Endpoint:
        endpoint = self._endpoints.get((request.method, request.path))
        if endpoint is None:
            raise ApiError(-5000, f"Path {request.path}, Method {request.method} is invalid", NOT_FOUND)
        return endpoint

    def _check(self, endpoint: Endpoint, request: web.Request, query: str, body: str, params: Params) -> None:
        if endpoint.security is Security.NONE:
            return
        check_key(self.api_key, request.headers.get("X-MBX-APIKEY"), trades=endpoint.security is Security.TRADE)
        if endpoint.security is not Security.KEY:
            check_signature(self.api_key, query, body, params, self._now_ms)

    def _broken(self, fault: Fault) -> web.Response | None:
        """The answer of a fault that strikes before acceptance; None for the other kinds."""
        seconds = str(max(1, int(fault.seconds)))
        if fault.kind is FaultKind.BEFORE:
            page = _HTML.format(title=f"{fault.status} Service Unavailable")
            return web.Response(status=fault.status, text=fault.body or page, content_type="text/html")
        if fault.kind is FaultKind.EMPTY:
            return web.Response(body=b"")
        if fault.kind is FaultKind.HTML:
            return web.Response(text=fault.body or _HTML.format(title="Just a moment..."), content_type="text/html")
        if fault.kind is FaultKind.RATE:
            error = _too_many(LIMIT)
            return _json({"code": error.code, "msg": error.message}, TOO_MANY, {"Retry-After": seconds})
        if fault.kind is FaultKind.BAN:
            until = self._now_ms() + int(seconds) * 1_000
            text = (
                f"Way too many requests; IP(127.0.0.1) banned until {until}. Please use the websocket for live updates."
            )
            return _json({"code": -1003, "msg": text}, TEAPOT, {"Retry-After": seconds})
        return None

    async def _spoil(self, request: web.Request, fault: Fault, response: web.Response) -> web.StreamResponse:
        """What becomes of an answer when a fault strikes after acceptance."""
        if fault.kind is FaultKind.AFTER:
            return web.Response(
                status=fault.status, text=fault.body or json.dumps(_UNKNOWN), content_type="application/json"
            )
        if fault.kind is FaultKind.TRUNCATED:
            text = response.text or ""
            return web.Response(status=response.status, text=text[: len(text) // 2], content_type="application/json")
        if fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.seconds)
            return response
        if fault.kind is FaultKind.HANG:
            await self._released.wait()
            return response
        return await self._drop(request)

    @staticmethod
    async def _drop(request: web.Request) -> web.StreamResponse:
        """Cut the connection; what is returned reaches nobody."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def _too_many(limit: int) -> ApiError:
    return ApiError(
        -1003,
        f"Too many requests; current limit of IP(127.0.0.1) is {limit} requests per minute. "
        "Please use the websocket for live updates to avoid polling the API.",
        TOO_MANY,
    )


def _json(payload: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps(payload, separators=(",", ":"), ensure_ascii=False),
        content_type="application/json",
        headers=headers,
    )
