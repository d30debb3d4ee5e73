"""The paper venue as a server on loopback: the face, the control paths, and market time."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from decimal import Decimal

from aiohttp import web

from watchdog.paper.binanceusdm.face import Face
from watchdog.paper.binanceusdm.signing import ApiKey
from watchdog.paper.binanceusdm.streams import LISTEN_KEY_SECONDS, Hub
from watchdog.paper.binanceusdm.weights import LIMIT, WeightCounter
from watchdog.paper.candles import TICK_MS
from watchdog.paper.control import Control
from watchdog.paper.exchange import Exchange
from watchdog.paper.faults import Faults
from watchdog.paper.hand import Hand
from watchdog.paper.simulate import Playback
from watchdog.paper.tape import Tape
from watchdog.paper.values import Price


def machine_ms() -> int:
    """The machine's clock: signatures and weights go by it."""
    return time.time_ns() // 1_000_000


def new_api_key() -> ApiKey:
    """A key and secret of the venue's shape: 64 letters and digits each."""
    return ApiKey(secrets.token_hex(32), secrets.token_hex(32))


class PaperServer:
    """A paper venue behind a port of this machine.

    `speed` is market seconds per real second; None (lockstep): the market moves only when `advance` is called. Market
    time begins at the exchange's own time. When the tape has ended, prices stand still; with a speed, time goes on.
    """

    def __init__(
        self,
        exchange: Exchange,
        tape: Tape | None = None,
        *,
        api_key: ApiKey | None = None,
        speed: float | None = None,
        now_ms: Callable[[], int] = machine_ms,
        listen_key_seconds: float = LISTEN_KEY_SECONDS,
        weight_limit: int | None = LIMIT,
    ) -> None:
        self.exchange = exchange
        self.api_key = api_key or new_api_key()
        self.speed = speed
        self.host = "127.0.0.1"
        self.port = 0
        self.hub = Hub(listen_key_seconds)
        # in lockstep a minute of the machine holds many of the market: weights go by the market's
        weights = WeightCounter(now_ms if speed is not None else lambda: exchange.time_ms)
        self.face = Face(exchange, self.api_key, now_ms, self.hub, weights, weight_limit=weight_limit)
        self.hand = Hand(exchange, self.face.flush)
        self._playback = Playback(exchange, tape or Tape(exchange.time_ms, (dict(exchange.account.prices),)))
        self._runner: web.AppRunner | None = None
        self._clock: asyncio.Task[None] | None = None

    @property
    def faults(self) -> Faults:
        """Trouble to come."""
        return self.face.faults

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def done(self) -> bool:
        """The tape has ended."""
        return self._playback.done

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        app = web.Application()
        app.add_routes([*Control(self).routes(), *self.face.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.host, self.port = self._runner.addresses[0][:2]
        if self.speed is not None:
            self._clock = asyncio.create_task(self._run(self.speed))
        return self.port

    async def stop(self) -> None:
        """Let go of every connection and of the port."""
        if self._clock is not None:
            self._clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clock
        self.face.release()
        await self.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def advance(self, seconds: int, *, hold: bool = False) -> None:
        """Move market time on, a second at a time, pushing every frame; stops where the tape ends.

        `hold` keeps the account's own frames back until the next call: a driver that wants the same run twice lets
        one socket speak after the other. Returns when every living connection has been sent what is due to it.
        """
        for _ in range(seconds):
            if not self._playback.step():
                break
            self._push(self.exchange.account.prices, hold=hold)
            await asyncio.sleep(0)
        if not hold:
            self.face.flush()
        await self.hub.flushed()

    async def move(self, prices: Mapping[str, Price | Decimal], *, alone: bool = False) -> None:
        """One second on with prices of one's own (a bare number is mark and last price), beside the tape.

        Frames go out of every market, as every second; `alone`: of those that moved only.
        """
        given = {s: p if isinstance(p, Price) else Price(p, p) for s, p in prices.items()}
        self.exchange.tick(self.exchange.time_ms + TICK_MS, {**self.exchange.account.prices, **given})
        prices = self.exchange.account.prices
        self._push({symbol: prices[symbol] for symbol in (given if alone else prices)})
        await asyncio.sleep(0)

    def _push(self, prices: Mapping[str, Price], *, hold: bool = False) -> None:
        if not hold:
            self.face.flush()
        self.hub.publish_prices(self.exchange.markets, prices, self.exchange.time_ms)

    async def _run(self, speed: float) -> None:
        """Let market time run by itself; late ticks are caught up with."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += 1 / speed
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self.done:
                await self.move({})
            else:
                await self.advance(1)
