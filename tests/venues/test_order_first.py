"""An order's request leaves before the store's thread begins: with our real client, on a real socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import pytest

from tests.core.bench import WALL, shipped
from tests.venues.test_venue import ORDER
from watchdog.clock import SteppedClock
from watchdog.core.state import Identity, restore
from watchdog.domain.effects import Effect, Place, Save
from watchdog.runner import AccountRunner
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue


class Happened(list[str]):
    """What was done, in its order; also the face of a store and a notifier that have nothing to do."""

    async def write(self, *_: object) -> None:
        """A save begins."""
        self.append("save")

    def channels_for(self, *_: object) -> tuple[str, ...]:
        """Nobody is told."""
        return ()


def on_the_wire(happened: Happened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take down when the bytes of an order's request are handed to the system."""
    for name in ("send", "sendmsg"):
        right = getattr(socket.socket, name)

        def spied(sock: socket.socket, data: Any, *rest: Any, right: Any = right) -> Any:
            whole = bytes(data) if isinstance(data, bytes | bytearray | memoryview) else b"".join(map(bytes, data))
            if whole.startswith(b"POST /fapi/v1/algoOrder"):
                happened.append("request")
            return right(sock, data, *rest)

        monkeypatch.setattr(socket.socket, name, spied, raising=False)


async def run(venue: BinanceUsdmVenue, monkeypatch: pytest.MonkeyPatch, *effects: Effect) -> list[str]:
    """What these effects of one step do, on a connection that is open already."""
    await venue.open()
    await venue.look_up(ORDER.symbol, ORDER.client_id)
    happened, clock = Happened(), SteppedClock(WALL)
    on_the_wire(happened, monkeypatch)
    state = restore(Identity("main", "binanceusdm", "0123abcd"), shipped(), {}, clock.now())
    runner = AccountRunner(state, venue, cast("Any", happened), cast("Any", happened), clock)
    for effect in effects:
        runner._do(effect)
    async with asyncio.timeout(10):
        while runner._tasks:  # noqa: ASYNC110  (what is waited for has no event of its own)
            await asyncio.sleep(0.001)
    return list(happened)


async def test_a_save_begins_once_the_order_of_its_step_is_on_the_wire(
    venue: BinanceUsdmVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's thread would hold the interpreter just while the request is made: a stop waits for no disk."""
    assert await run(venue, monkeypatch, Place(ORDER, "a rule"), Save()) == ["request", "save"]


async def test_two_orders_of_one_step_leave_before_its_save(
    venue: BinanceUsdmVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two positions, one crash. One has the open connection and leaves first; the other's is still being dialled."""
    happened = await run(venue, monkeypatch, Place(ORDER, "a rule"), Place(ORDER, "a rule"), Save())
    assert happened.index("save") > happened.index("request")
    assert happened.count("request") == 2
