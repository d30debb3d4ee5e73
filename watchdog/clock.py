"""Clocks: real, scaled, stepped. Ages, holds and polls use `mono`; `wall` is only for words and the journal."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

from watchdog.domain.facts import Instant


class Clock(Protocol):
    """What the edges know of time."""

    def now(self) -> Instant:
        """The present."""
        ...

    def call_at(self, mono: float, callback: Callable[[], None]) -> Timer:
        """Call back at a monotonic time; at once (soon) if it has passed."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        ...


class Timer(Protocol):
    """A call still to come."""

    def cancel(self) -> None:
        """Let it not come."""
        ...


class LoopClock:
    """The running loop's time, `speed` times as fast (1: the real clock).

    `wall_start` is the wall time (seconds since the epoch) at which this clock begins; None: the machine's.
    """

    def __init__(self, speed: float = 1.0, wall_start: float | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._speed = speed
        self._began = self._loop.time()
        self._wall_start = wall_start

    def now(self) -> Instant:
        """The present."""
        mono = (self._loop.time() - self._began) * self._speed
        if self._wall_start is None:
            return Instant(mono, time.time())
        return Instant(mono, self._wall_start + mono)

    def call_at(self, mono: float, callback: Callable[[], None]) -> Timer:
        """Call back at a monotonic time."""
        return self._loop.call_at(self._began + mono / self._speed, callback)

    async def sleep(self, seconds: float) -> None:
        """Wait that long on this clock."""
        await asyncio.sleep(seconds / self._speed)


class SteppedClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, wall_start: float) -> None:
        self._mono = 0.0
        self._wall_start = wall_start
        self._order = itertools.count()
        self._timers: list[tuple[float, int, _SteppedTimer]] = []

    def now(self) -> Instant:
        """The present."""
        return Instant(self._mono, self._wall_start + self._mono)

    def call_at(self, mono: float, callback: Callable[[], None]) -> Timer:
        """Call back when the clock reaches a monotonic time."""
        timer = _SteppedTimer(callback)
        if mono <= self._mono:
            asyncio.get_running_loop().call_soon(timer.fire)
        else:
            heapq.heappush(self._timers, (mono, next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        done = asyncio.Event()
        timer = self.call_at(self._mono + seconds, done.set)
        try:
            await done.wait()
        finally:
            timer.cancel()

    def next_timer(self) -> float | None:
        """The monotonic time of the earliest call still to come."""
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def advance(self, mono: float) -> None:
        """Move to a later time; every call due by then is made, in order. Raises ValueError for an earlier one."""
        if mono < self._mono:
            raise ValueError(f"a clock does not go back: {mono} < {self._mono}")
        while self._timers and self._timers[0][0] <= mono:
            due, _, timer = heapq.heappop(self._timers)
            self._mono = max(self._mono, due)
            timer.fire()
        self._mono = mono


class _SteppedTimer:
    """A call of a stepped clock."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def fire(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self._callback()
