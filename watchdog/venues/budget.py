"""How much we may ask of a venue: request weight over a rolling minute, on our clock.

Reads wait when the minute's share for reads is used: half of it where orders of ours leave, whose writes and
protective look-ups never wait, so a stop always has room; nearly all of it where none can. The venue's own count,
which also holds what the owner's other programs ask from this address, is heard from its answers: it slows our reads,
down to a trickle, never to silence while the venue still answers.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from watchdog.clock import Clock
from watchdog.venues.errors import ReadsStoppedError

MINUTE = 60.0
LEAST_WAIT = 0.01
"""No wait is shorter: one that a clock can't tell from none would be asked for again and again."""
BURST = 8
"""An eighth of the limit may be read at once; beyond it reads leave at a steady pace, never in bursts and silences."""


def pace_of_reads(limit: int, *, orders: bool) -> float:
    """The request weight a second at which reads leave in the long run, at a limit a minute. `orders`: see `Budget`."""
    share = limit // 2 if orders else limit * 9 // 10
    return (share - limit // BURST) / MINUTE


class Budget:
    """The request weight of one address at one venue; accounts that share an address share it.

    `limit` is the venue's weight a minute. Reads get half of it, or nine tenths without `orders`; a part of that at
    once and the rest spread over the minute, so that whatever asks for reads, none waits long. With others using the
    rest, reads still get `trickle` a minute of their own, until nine tenths of the limit are used by all together.
    `machine` tells the seconds by which the venue counts, which a scaled or stepped clock runs away from.
    """

    def __init__(
        self,
        clock: Clock,
        limit: int = 2400,
        trickle: int = 180,
        machine: Callable[[], float] = time.monotonic,
        *,
        orders: bool = True,
    ) -> None:
        self._clock = clock
        self._for_reads = limit // 2 if orders else limit * 9 // 10
        self._burst = float(limit // BURST)
        self._pace = pace_of_reads(limit, orders=orders)
        self._ready = self._burst
        self._ready_at = clock.now().mono
        self._nearly_all = limit * 9 // 10
        self._trickle = trickle
        self._spent = _Minute(lambda: clock.now().mono)
        self._spent_there = _Minute(machine)
        self._others = 0
        self._others_until = 0.0
        self._stopped_until = 0.0
        self._stopped_why = ""
        self._turn = asyncio.Lock()

    @property
    def own(self) -> int:
        """The weight we used in the last minute."""
        return self._spent.total()

    @property
    def others(self) -> int:
        """The weight others used from this address, by the venue's last word on it; 0 once that is a minute old."""
        return self._others if self._clock.now().mono < self._others_until else 0

    def spend(self, weight: int) -> None:
        """Count a request that leaves now."""
        self._spent.add(weight)
        self._spent_there.add(weight)

    def heard(self, used: int) -> None:
        """The venue said how much was used from this address in its present minute."""
        self._others = max(0, used - self._spent_there.total())
        self._others_until = self._clock.now().mono + MINUTE

    def stop_reads(self, seconds: float, why: str) -> None:
        """The venue asked us to wait: no read leaves for so long."""
        self._stopped_until = max(self._stopped_until, self._clock.now().mono + seconds)
        self._stopped_why = why

    def stopped_for(self) -> float:
        """Seconds until reads may leave again; 0 when they may."""
        return max(0.0, self._stopped_until - self._clock.now().mono)

    async def admit(self, weight: int) -> None:
        """Wait until a read of this weight may leave, and count it. Raises ReadsStoppedError while told to wait."""
        async with self._turn:
            while True:
                wait = self.stopped_for()
                if wait > 0:
                    raise ReadsStoppedError(f"{self._stopped_why}: no reads for another {wait:.0f} s", wait)
                late = self._too_soon(weight)
                if late <= 0 and self._has_room(weight):
                    break
                await self._clock.sleep(max(late, LEAST_WAIT) if late > 0 else self._next_change())
            self._ready -= weight
            self.spend(weight)

    def _too_soon(self, weight: int) -> float:
        """Seconds until the steady pace lets a read of this weight leave; one heavier than the burst needs it full."""
        now = self._clock.now().mono
        self._ready = min(self._burst, self._ready + (now - self._ready_at) * self._pace)
        self._ready_at = now
        return max(0.0, (min(weight, self._burst) - self._ready) / self._pace)

    def _has_room(self, weight: int) -> bool:
        own, used = self.own, self.own + self.others
        if used == 0:
            return True
        return used + weight <= self._for_reads or (own + weight <= self._trickle and used + weight <= self._nearly_all)

    def _next_change(self) -> float:
        """Seconds until our own oldest request leaves the minute, or the venue's last word is out of date."""
        now = self._clock.now().mono
        times = [at + MINUTE for at in (self._spent.oldest(),) if at is not None]
        if self._others_until > now:
            times.append(self._others_until)
        return max(LEAST_WAIT, min(times, default=now + 1) - now)


class _Minute:
    """What was spent in the last minute of a clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, weight: int) -> None:
        self._spent.append((self._now(), weight))
        self._total += weight
        self.total()

    def total(self) -> int:
        gone = self._now() - MINUTE
        while self._spent and self._spent[0][0] <= gone:
            self._total -= self._spent.popleft()[1]
        return self._total

    def oldest(self) -> float | None:
        return self._spent[0][0] if self._spent else None
