"""Keeps a stream up for ever: dials, watches the age of its frames on our clock, and dials again.

A dead connection looks like a quiet one, so quiet is tested: after 4 s without a sign of life a ping is sent, and a
stream silent for 13 s is closed and dialled anew. The watch is a step every 2 s of the clock and looks only after the
loop has handed over all that had arrived, so it holds on a real clock, on a scaled one, and on a loop whose time jumps.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from watchdog.clock import Clock
from watchdog.domain.facts import Frame, FrameKind, Mark
from watchdog.venues.errors import LostError

STEP = 2.0
PING_AFTER = 4.0
SILENT_AFTER = 13.0
"""With a step of 2 s, silence is noticed within 15 s."""
RECYCLE_AFTER = 6 * 3600.0
"""A stream is dialled anew now and then: Binance itself cuts at 24 h."""
BACK_OFF = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each further dial; the last one for ever."""
STEADY_AFTER = 30.0
"""A stream that lived so long starts its back-off from the beginning."""
_TURNS = 20
"""Turns of the loop that take a frame from the socket to `hear`, several times over."""


class Line(Protocol):
    """A connection."""

    async def ended(self) -> str:
        """Wait for its end; why."""
        ...

    async def say(self, message: dict[str, Any]) -> None:
        """Send."""
        ...

    async def ping(self) -> None:
        """Ask for a sign of life."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


Dial = Callable[[str, Callable[[Any], None], Callable[[], None]], Awaitable[Line]]
"""Opens a connection to an address; the two callables get each frame, and each sign of life. Raises LostError."""
Hear = Callable[[Mark | Frame], None]


class Stream(ABC):
    """One stream of a venue. A venue's own kinds say where it is, what a frame means and what is to be done on it."""

    name: str

    def __init__(self, clock: Clock, dial: Dial, hear: Hear) -> None:
        self.clock = clock
        self.hear = hear
        self._dial = dial
        self._alive_at = 0.0

    @abstractmethod
    async def address(self) -> str:
        """Where to dial. Raises LostError when that cannot be found out."""

    @abstractmethod
    def frame(self, message: Any) -> None:
        """Take a frame in. Whatever it raises ends the connection."""

    @abstractmethod
    async def work(self, line: Line) -> None:
        """What is to be done while connected, for ever. Raises LostError to have it dialled again."""

    def stale(self, now: float) -> str | None:
        """What of the stream's own is too old, though the connection lives; None for nothing."""
        del now
        return None

    async def run(self) -> None:
        """Keep the stream up until cancelled."""
        failures = 0
        while True:
            began = self.clock.now().mono
            try:
                await self._live()
                continue
            except LostError as error:
                lost = error
            except Exception as error:  # noqa: BLE001 - no fault of ours may end a stream either; its kind is told
                lost = LostError(f"failed ({type(error).__name__})")
            if self.clock.now().mono - began >= STEADY_AFTER:
                failures = 0
            wait = max(BACK_OFF[min(failures, len(BACK_OFF) - 1)], lost.retry_after or 0.0)
            failures += 1
            self.hear(Frame(FrameKind.LOST, f"{self.name}: {lost.reason}"))
            await self.clock.sleep(wait)

    async def _live(self) -> None:
        """One connection, from dial to end. Returns when it is to be dialled anew by plan; raises LostError else."""
        line = await self._dial(await self.address(), self.frame, self._alive)
        tasks: list[asyncio.Task[None]] = []
        try:
            self._alive()
            self.hear(Frame(FrameKind.RECONNECT, self.name))
            tasks = [
                asyncio.create_task(self.work(line)),
                asyncio.create_task(self._watch(line)),
                asyncio.create_task(_end_of(line)),
                asyncio.create_task(self.clock.sleep(RECYCLE_AFTER)),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await line.close()

    async def _watch(self, line: Line) -> None:
        """Raises LostError once the connection, or what should come over it, is silent."""
        while True:
            await self.clock.sleep(STEP)
            if self._silence() >= PING_AFTER:
                await line.ping()
            if self._too_old() is None:
                continue
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            reason = self._too_old()
            if reason is not None:
                raise LostError(reason)

    def _too_old(self) -> str | None:
        if self._silence() >= SILENT_AFTER:
            return f"no sign of life for {self._silence():.0f} s"
        return self.stale(self.clock.now().mono)

    def _silence(self) -> float:
        return self.clock.now().mono - self._alive_at

    def _alive(self) -> None:
        self._alive_at = self.clock.now().mono


async def _end_of(line: Line) -> None:
    raise LostError(await line.ended())
