"""The paper venue, watched from inside: who did what, and whether the daemon may have."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from random import Random

from aiohttp import web

from tests.simulation.record import Record
from watchdog.domain.ids import read_order_id
from watchdog.paper.binanceusdm.face import Face
from watchdog.paper.binanceusdm.weights import LIMIT, WeightCounter
from watchdog.paper.exchange import Exchange
from watchdog.paper.hand import Hand
from watchdog.paper.orders import Algo, AlgoStatus, AlgoType, NewAlgo, NewOrder, Order
from watchdog.paper.refusal import RefusedError
from watchdog.paper.server import PaperServer, machine_ms
from watchdog.paper.values import ZERO, Market, Price, Working

Happened = Callable[[str, Algo], None]
"""Called with `placed`, `cancelled` and so on for every change of a stop of ours."""


def is_ours(client_id: str) -> bool:
    """Whether a client id has the shape of the daemon's."""
    return read_order_id(client_id) is not None


class WatchedExchange(Exchange):
    """An exchange that knows whose act each act is, and says when the daemon did what it must never do."""

    def __init__(self, markets: Mapping[str, Market], time_ms: int, record: Record) -> None:
        super().__init__(markets, None, time_ms)
        self.record = record
        self._actor = "daemon"
        self.happened: Happened = lambda _what, _algo: None
        self.refusals: dict[str, float] = {}
        """Per symbol the time (ms) of the last stop of the daemon's that was refused."""
        self.flat_at: dict[str, int] = {}
        """Per symbol the last time (ms) at which nothing was held."""

    @contextlib.contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """Whose acts the calls inside are."""
        before, self._actor = self._actor, actor
        try:
            yield
        finally:
            self._actor = before

    def tick(self, time_ms: int, prices: Mapping[str, Price]) -> None:
        """Move on; what follows is the market's act."""
        with self.acting("market"):
            super().tick(time_ms, prices)
        for symbol in self.markets:
            self._look_flat(symbol)

    def ours(self, symbol: str) -> list[Algo]:
        """The daemon's stops that rest."""
        return [algo for algo in self.open_algos(symbol) if is_ours(algo.client_id)]

    def place(self, new: NewOrder) -> Order:
        """A plain order: never the daemon's."""
        if self._actor == "daemon":
            self.record.fail(f"a plain order came from the daemon: {new}")
        return super().place(new)

    def place_algo(self, new: NewAlgo) -> Algo:
        """A conditional order: the daemon's are stops that only reduce."""
        try:
            algo = super().place_algo(new)
        except RefusedError as error:
            self.record.say(f"{self._actor} order refused: {error} {new.client_id} {new.symbol}")
            if self._actor == "daemon":
                self.refusals[new.symbol] = self.time_ms
            raise
        if self._actor == "daemon":
            self._check_new(algo)
        return algo

    def cancel_algo(self, algo_id: int | None, client_id: str | None) -> Algo:
        """Cancel: the daemon only what is its own."""
        if self._actor == "daemon" and (client_id is None or not is_ours(client_id)):
            self.record.fail(f"the daemon cancels what is not its own: {algo_id} {client_id}")
        return super().cancel_algo(algo_id, client_id)

    def _check_new(self, algo: Algo) -> None:
        position = self.account.position(algo.symbol)
        reduces = algo.reduce_only and algo.side is position.closing and position.amount != ZERO
        if not reduces or algo.type is not AlgoType.STOP_MARKET or algo.working is not Working.MARK:
            self.record.fail(f"an order that could increase exposure was accepted: {algo}")
        if not is_ours(algo.client_id):
            self.record.fail(f"an order without an id of ours: {algo}")

    def _algo(self, algo: Algo) -> Algo:
        before = self.algos.get(algo.id)
        algo = super()._algo(algo)
        if before is None or before.status is not algo.status:
            words = f"{algo.symbol} {algo.side} {algo.quantity} at {algo.trigger_price} {algo.client_id}"
            self.record.say(f"{self._actor}: {algo.status} {words}")
            if is_ours(algo.client_id):
                self.happened("placed" if algo.status is AlgoStatus.NEW else str(algo.status), algo)
        return algo

    def _fill(self, order: Order, price: Decimal, *, maker: bool) -> None:
        before = self.account.position(order.symbol).amount
        super()._fill(order, price, maker=maker)
        after = self.account.position(order.symbol).amount
        self.record.say(f"{self._actor}: fill {order.symbol} {before} -> {after} at {price}")
        if is_ours(order.client_id) and (abs(after) > abs(before) or after * before < 0):
            self.record.fail(f"a stop of ours opened, grew or flipped {order.symbol}: {before} -> {after}")
        self._look_flat(order.symbol)

    def _look_flat(self, symbol: str) -> None:
        if not self.account.position(symbol).amount:
            self.flat_at[symbol] = self.time_ms


class _SlowFace(Face):
    """The face, a little way off."""

    random: Random
    record: Record
    latency = 0.0
    heaviest = 0

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if not self.latency:
            return await self._told(request)
        await asyncio.sleep(self.random.uniform(0.0, self.latency))
        try:
            response = await self._told(request)
        except ConnectionError:  # whoever asked died on the way
            return web.Response()
        await asyncio.sleep(self.random.uniform(0.0, self.latency))
        return response

    async def _told(self, request: web.Request) -> web.StreamResponse:
        taken = len(self.faults.taken)
        response = await super()._handle(request)
        fault = f" {self.faults.taken[-1][2]}" if len(self.faults.taken) > taken else ""
        self.record.say(f"asked {request.method} {request.path} {response.status}{fault}")
        if self.weights.used > max(LIMIT, self.heaviest):
            self.record.fail(f"more request weight than the venue allows: {self.weights.used} in a minute")
        self.heaviest = max(self.heaviest, self.weights.used)
        return response


class WatchedServer(PaperServer):
    """A paper server with a watched exchange behind a face that takes its time."""

    exchange: WatchedExchange
    face: _SlowFace

    def __init__(self, exchange: WatchedExchange, random: Random, record: Record, latency: float) -> None:
        super().__init__(exchange)
        weights = WeightCounter(lambda: exchange.time_ms)
        self.face = _SlowFace(exchange, self.api_key, machine_ms, self.hub, weights)
        self.face.random, self.face.record, self.face.latency = random, record, latency
        self.hand = Hand(exchange, self.face.flush)
