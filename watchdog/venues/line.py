"""One websocket connection: ccxt's own client of one, with the ends made ours.

Of ccxt's `Client` it keeps how frames are taken apart and decoded. Changed: an exception while a frame is handled ends
the connection instead of silently ending the reading of it; there is no ping loop that looks at the machine's clock,
the age of frames is watched by `streams`; and nothing it starts outlives `close`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from ccxt.async_support.base.ws.client import Client

from watchdog.venues.errors import LostError
from watchdog.venues.scrub import scrub

DIAL_SECONDS = 5
_FRAMES = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG})
_LONGEST_FRAME = 10 * 1024 * 1024


class Line(Client):  # type: ignore[misc]  # ccxt ships no types
    """A connection to one address. `hear` gets each decoded frame, `alive` is called for every sign of life.

    `hear` may raise: the connection is then over, with the error's words as the reason.
    """

    def __init__(self, url: str, hear: Callable[[Any], None], alive: Callable[[], None]) -> None:
        super().__init__(
            url,
            lambda _, message: hear(message),
            _ignore,
            _ignore,
            _ignore,
            {"asyncio_loop": asyncio.get_running_loop()},
        )
        self._alive = alive
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading: asyncio.Task[None] | None = None

    async def dial(self, session: aiohttp.ClientSession) -> None:
        """Connect. Raises LostError, with the seconds the venue asked us to wait where it did.

        Not by ccxt's `open`: its `wait_for` can lose a cancellation on Python 3.11, and a daemon told to stop goes on.
        """
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                self.connection = await self.create_connection(session)
        except TimeoutError:
            raise LostError(f"could not connect within {DIAL_SECONDS} s") from None
        except aiohttp.WSServerHandshakeError as error:
            raise LostError(f"could not connect: HTTP {error.status}", _wait(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LostError(f"could not connect: {scrub(str(error)) or type(error).__name__}") from None
        self._reading = asyncio.create_task(self._read())

    async def ended(self) -> str:
        """Wait until the connection is over; why, in words."""
        await asyncio.wait({self._over})
        return self._over.result()

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message. Raises LostError when the connection is over."""
        try:
            await self.send(message)
        except (OSError, aiohttp.ClientError) as error:
            raise LostError(f"could not send: {scrub(str(error))}") from None

    async def ping(self) -> None:
        """Send a ping; its pong is a sign of life. Raises LostError when the connection is over."""
        try:
            await self.connection.ping()
        except (OSError, aiohttp.ClientError) as error:
            raise LostError(f"could not send: {scrub(str(error))}") from None

    async def close(self, code: int = 1000) -> None:  # noqa: ARG002 - ccxt's signature
        """Let go of the socket and of the task that reads it."""
        self._end("closed by us")
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if self.connection is not None:
            await self.connection.close()

    def on_error(self, error: Exception) -> None:
        """End the connection: the socket broke."""
        self._end(scrub(str(error)) or type(error).__name__)

    def on_close(self, code: Any) -> None:
        """End the connection: the venue closed it."""
        self._end(f"closed by the venue ({code})")

    def create_connection(self, session: aiohttp.ClientSession) -> Any:
        """Dial as ccxt does, but give a dead peer half a second, not ten, to answer a close."""
        return session.ws_connect(
            self.url,
            autoping=False,
            autoclose=False,
            compress=15,
            max_msg_size=_LONGEST_FRAME,
            timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
        ).__aenter__()

    async def _read(self) -> None:
        try:
            while not self._over.done():
                message = await self.connection.receive()
                if message.type in _FRAMES:
                    self._alive()
                elif self.closed():
                    break
                if message.type is aiohttp.WSMsgType.PING:
                    await self.connection.pong(message.data)
                else:
                    self.handle_message(message)
        except Exception as error:  # noqa: BLE001 - whatever a frame did, the connection must end, and be dialled again
            self._end(f"a frame could not be read: {scrub(str(error)) or type(error).__name__}")
        self._end("the connection was cut")

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)


def _wait(error: aiohttp.WSServerHandshakeError) -> float | None:
    """The seconds of a Retry-After."""
    header = error.headers.get("Retry-After") if error.headers is not None else None
    return float(header) if header is not None and header.isdecimal() else None


def _ignore(*_: Any) -> None:
    """Stand in for the callbacks into a ccxt exchange, which has no part in a Line."""
