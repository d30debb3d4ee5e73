"""Market time that waits for the daemon: one second on, everything it causes done, then the next.

So the outcome is the same on each run, however fast the machine. The daemon's clock is stepped; the market moves only
when it is told to (`/paper/advance`).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp

from watchdog.clock import SteppedClock
from watchdog.service import Service

TICK = 1.0
"""Seconds of market time a step."""

PATIENCE = 30.0
"""Seconds of machine time after which a daemon that does not come to rest is a fault."""

FRAMES_PATIENCE = 2.0
"""Seconds of machine time to wait for a tick's frames: a stream that was just closed sends none."""

TURNS = 25
"""Turns of the loop in which whatever has arrived on a socket makes its way into an inbox."""


class LockstepError(Exception):
    """The daemon or the venue did not keep step."""


async def settle(service: Service) -> None:
    """Wait until the daemon has nothing under way."""
    began = time.monotonic()
    calm = 0
    while calm < TURNS:
        calm = 0 if service.busy() else calm + 1
        await asyncio.sleep(0 if calm else 0.0005)
        if time.monotonic() - began > PATIENCE:
            raise LockstepError(f"the daemon did not come to rest within {PATIENCE:.0f} s")


class Lockstep:
    """Drives a stepped clock and a paper venue together."""

    def __init__(self, service: Service, clock: SteppedClock, venue_url: str, speed: float) -> None:
        self._service = service
        self._clock = clock
        self._url = venue_url
        self._speed = speed

    async def run(self) -> None:
        """Until the tape of the scenario has ended. `speed` market seconds a second at most; 0: as fast as it goes."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(self._url, timeout=timeout) as http:
            await self._connected(http)
            began, start = time.monotonic(), self._clock.now().mono
            while True:
                answer = await self._tick(http)
                if answer["done"]:
                    await settle(self._service)
                    return
                if self._speed:
                    ahead = (self._clock.now().mono - start) / self._speed - (time.monotonic() - began)
                    await asyncio.sleep(max(0.0, ahead))

    async def _connected(self, http: aiohttp.ClientSession) -> None:
        """Before the first tick: the first read is in and both streams stand."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            await settle(self._service)
            async with http.get("/paper/state") as response:
                sockets = (await response.json())["sockets"]
            held = any(runner.state.streamed for runner in self._service.runners.values())
            if sockets["private"] and (sockets["market"] or not held) and self._read_once():
                return
            await asyncio.sleep(0.02)
        raise LockstepError("the daemon's streams did not connect to the paper venue")

    def _read_once(self) -> bool:
        return all(runner.state.reads.ever for runner in self._service.runners.values())

    async def _tick(self, http: aiohttp.ClientSession) -> dict[str, Any]:
        """Timers first, at their own times; then the market's second, and all that comes of it."""
        target = self._clock.now().mono + TICK
        while (due := self._clock.next_timer()) is not None and due < target:
            self._clock.advance(due)
            await settle(self._service)
        self._clock.advance(target)
        await settle(self._service)
        answer = await self._advance(http, seconds=1, hold=True)
        await self._frames(answer)
        await settle(self._service)
        await self._advance(http, seconds=0, hold=False)  # the account's own frames, once the marks are taken in
        await settle(self._service)
        return answer

    async def _advance(self, http: aiohttp.ClientSession, *, seconds: int, hold: bool) -> dict[str, Any]:
        async with http.post("/paper/advance", json={"seconds": seconds, "hold": hold}) as response:
            answer: dict[str, Any] = await response.json()
        return answer

    async def _frames(self, answer: dict[str, Any]) -> None:
        """Wait until this second's marks of everything that is streamed have been taken in."""
        now = answer["time_ms"]
        sent = {symbol for symbol, at in answer["marks"].items() if at == now}
        began = time.monotonic()
        while time.monotonic() - began < FRAMES_PATIENCE:
            missing = [
                symbol
                for runner in self._service.runners.values()
                for symbol in runner.state.streamed
                if runner.marks_seen.get(symbol, 0) < now and symbol.split(":")[0].replace("/", "") in sent
            ]
            if not missing:
                return
            await asyncio.sleep(0.0005)
