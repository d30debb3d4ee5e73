"""The websockets: market streams, and the account's own stream behind a listen key."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from aiohttp import WSMsgType, web

from watchdog.paper.binanceusdm import frames
from watchdog.paper.binanceusdm.errors import ApiError
from watchdog.paper.timings import Timings
from watchdog.paper.values import Market, Price

LISTEN_KEY_SECONDS = 3_600.0
"""A listen key dies this long after it was made or last kept alive."""
_PING_SECONDS = 180.0
FLUSH_SECONDS = 1.0
"""A reader that takes longer than this is not waited for."""
_SLOW_MARK_MS = 3_000
_MARK = re.compile(r"([a-z0-9_]+)@markPrice(@1s)?")
_ALL_MARKS = re.compile(r"!markPrice@arr(@1s)?")
_BOOK = re.compile(r"([a-z0-9_]+)@bookTicker")


class Which(StrEnum):
    """Which sockets something is meant for."""

    ALL = "all"
    MARKET = "market"
    PRIVATE = "private"


class Socket:
    """One connection. Frames are queued, so a slow reader never holds up the market."""

    def __init__(
        self, response: web.WebSocketResponse, request: web.Request, listen_key: str | None, timings: Timings
    ) -> None:
        self.listen_key = listen_key
        self.topics: dict[str, None] = {}
        self._response = response
        self._request = request
        self._timings = timings
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._thawed = asyncio.Event()
        self._thawed.set()

    @property
    def which(self) -> Which:
        """Market or private."""
        return Which.MARKET if self.listen_key is None else Which.PRIVATE

    def send(self, payload: object) -> bool:
        """Queue a frame; False when the connection is frozen and the frame is lost."""
        return self.send_text(json.dumps(payload, separators=(",", ":")))

    def send_text(self, text: str) -> bool:
        """Queue raw text."""
        if not self._thawed.is_set() or self._response.closed:
            return False
        self._queue.put_nowait(text)
        return True

    async def flushed(self) -> None:
        """Wait until what is queued has been handed to the connection; not at all when it is frozen or closed."""
        if self._thawed.is_set() and not self._response.closed:
            await self._queue.join()

    def freeze(self) -> None:
        """From now on neither frames nor pongs; the connection stays."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Alive again; what was lost stays lost."""
        self._thawed.set()

    async def close(self) -> None:
        """Close with 1000, as a venue that shuts down politely."""
        self._thawed.set()
        await self._response.close(code=1000)

    def cut(self) -> None:
        """Drop the connection without a close frame."""
        self._thawed.set()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        writer = asyncio.create_task(self._write())
        try:
            while True:
                message = await self._response.receive()
                await self._thawed.wait()
                if message.type is WSMsgType.PING:
                    await self._response.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._hear(message.data)
                elif message.type is not WSMsgType.PONG:
                    return
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writer

    async def _write(self) -> None:
        while True:
            try:
                text = await asyncio.wait_for(self._queue.get(), _PING_SECONDS)
            except TimeoutError:
                await self._thawed.wait()
                await self._response.ping()
                continue
            await self._thawed.wait()
            self._timings.note("frame", self._request.host, text)
            try:
                await self._response.send_str(text)
            finally:
                self._queue.task_done()

    def _hear(self, text: str) -> None:
        """Answer SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        try:
            asked = json.loads(text)
            method, number = asked["method"], asked["id"]
            names = [str(name) for name in asked.get("params") or []]
        except (ValueError, KeyError, TypeError, AttributeError):
            self.send({"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}})
            return
        if method == "SUBSCRIBE":
            unknown = [name for name in names if not _known(name)]
            if unknown:
                self.send({"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": number})
                return
            self.topics |= dict.fromkeys(names)
        elif method == "UNSUBSCRIBE":
            for name in names:
                self.topics.pop(name, None)
        elif method == "LIST_SUBSCRIPTIONS":
            self.send({"result": list(self.topics), "id": number})
            return
        else:
            self.send({"error": {"code": 2, "msg": "Invalid request: unknown method"}, "id": number})
            return
        self.send({"result": None, "id": number})


class Hub:
    """All connections, and the listen key."""

    def __init__(self, listen_key_seconds: float = LISTEN_KEY_SECONDS) -> None:
        self.sockets: dict[Socket, None] = {}
        """In the order in which they came."""
        self.account_frames = 0
        """Private frames sent so far, each counted once for every connection it went to."""
        self.marks: dict[str, int] = {}
        """Event time of the last mark of each market that was sent to anybody."""
        self.timings = Timings()
        self._seconds = listen_key_seconds
        self._listen_key: str | None = None
        self._expiry: asyncio.TimerHandle | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Run one connection to its end. An unknown listen key is let in and never hears anything, as on the venue."""
        response = web.WebSocketResponse(autoping=False, compress=False)
        await response.prepare(request)
        private = request.path.startswith("/private")
        socket = Socket(response, request, request.query.get("listenKey", "") if private else None, self.timings)
        stream = request.match_info.get("stream", "")
        if _known(stream):
            socket.topics[stream] = None
        self.sockets[socket] = None
        try:
            with contextlib.suppress(ConnectionError):
                await socket.run()
        finally:
            self.sockets.pop(socket, None)
        return response

    # --- the listen key

    def open_key(self) -> str:
        """The account's listen key, made or kept alive."""
        if self._listen_key is None:
            self._listen_key = secrets.token_hex(32)
        return self._prolong(self._listen_key)

    def keep_key(self) -> str:
        """Keep it alive. Raises ApiError when there is none."""
        if self._listen_key is None:
            raise ApiError(-1125, "This listenKey does not exist.")
        return self._prolong(self._listen_key)

    def close_key(self) -> None:
        """Forget it."""
        self._listen_key = None
        if self._expiry is not None:
            self._expiry.cancel()

    def expire_key(self, time_ms: int) -> None:
        """Let it die and say so on its streams, which then stay silent."""
        key = self._listen_key
        if key is None:
            return
        self.publish_account([{"e": "listenKeyExpired", "E": time_ms, "listenKey": key}])
        self.close_key()

    def _prolong(self, key: str) -> str:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(self._seconds, self.expire_key, 0)
        return key

    # --- what is sent

    def publish_account(self, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Send user data frames to whoever holds the living listen key."""
        listeners = [s for s in self.sockets if s.listen_key is not None and s.listen_key == self._listen_key]
        for payload in payloads:
            self.account_frames += sum(socket.send(payload) for socket in listeners)

    def publish_prices(self, markets: Mapping[str, Market], prices: Mapping[str, Price], time_ms: int) -> None:
        """Send a tick's prices to whoever subscribed to them."""
        marks = {symbol: frames.mark_frame(markets[symbol], price, time_ms) for symbol, price in prices.items()}
        for socket in self.sockets:
            for topic in socket.topics:
                self._publish(socket, topic, marks, markets, prices, time_ms)

    def _publish(
        self,
        socket: Socket,
        topic: str,
        marks: Mapping[str, frames.Frame],
        markets: Mapping[str, Market],
        prices: Mapping[str, Price],
        time_ms: int,
    ) -> None:
        if found := _ALL_MARKS.fullmatch(topic):
            if (found[1] or time_ms % _SLOW_MARK_MS == 0) and socket.send(list(marks.values())):
                self.marks |= dict.fromkeys(marks, time_ms)
        elif found := _MARK.fullmatch(topic):
            symbol = found[1].upper()
            if symbol in marks and (found[2] or time_ms % _SLOW_MARK_MS == 0) and socket.send(marks[symbol]):
                self.marks[symbol] = time_ms
        elif (found := _BOOK.fullmatch(topic)) and found[1].upper() in prices:
            symbol = found[1].upper()
            socket.send(frames.book_frame(markets[symbol], prices[symbol], time_ms))

    async def flushed(self) -> None:
        """Wait until every living connection has been sent what is queued for it, a moment at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.gather(*(socket.flushed() for socket in tuple(self.sockets)))

    # --- trouble

    def chosen(self, which: Which) -> list[Socket]:
        """The connections that are meant."""
        return [socket for socket in self.sockets if which in {Which.ALL, socket.which}]

    async def close(self) -> None:
        """End every connection and the listen key's timer."""
        self.close_key()
        for socket in list(self.sockets):
            socket.cut()


def _known(topic: str) -> bool:
    return any(pattern.fullmatch(topic) for pattern in (_MARK, _ALL_MARKS, _BOOK))
