"""How much we may ask of a venue: request weight over a rolling minute, on our clock.

Reads wait when the minute's share for reads is used; writes and protective look-ups never wait, so a stop always has
room. The venue's own count, which also holds what the owner's other programs ask from this address, is heard from
its answers: it slows our reads, down to a trickle, never to silence while the venue still answers.
"""

from __future__ import annotations

import asyncio
from collections import deque

from watchdog.clock import Clock
from watchdog.venues.errors import ReadsStoppedError

MINUTE = 60.0


class Budget:
    """The request weight of one address at one venue; accounts that share an address share it.

    `limit` is the venue's weight a minute. Reads wait at half of it. With others using the rest, reads still get
    `trickle` a minute of their own, until nine tenths of the limit are used by all together.
    """

    def __init__(self, clock: Clock, limit: int = 2400, trickle: int = 180) -> None:
        self._clock = clock
        self._for_reads = limit // 2
        self._nearly_all = limit * 9 // 10
        self._trickle = trickle
        self._spent: deque[tuple[float, int]] = deque()
        self._own = 0
        self._others = 0
        self._others_until = 0.0
        self._stopped_until = 0.0
        self._stopped_why = ""
        self._turn = asyncio.Lock()

    @property
    def own(self) -> int:
        """The weight we used in the last minute."""
        self._forget()
        return self._own

    @property
    def others(self) -> int:
        """The weight others used from this address, by the venue's last word on it; 0 once that is a minute old."""
        return self._others if self._clock.now().mono < self._others_until else 0

    def spend(self, weight: int) -> None:
        """Count a request that leaves now."""
        self._spent.append((self._clock.now().mono, weight))
        self._own += weight

    def heard(self, used: int) -> None:
        """The venue said how much was used from this address in its present minute."""
        self._others = max(0, used - self.own)
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
                if self._has_room(weight):
                    break
                await self._clock.sleep(self._next_change())
            self.spend(weight)

    def _has_room(self, weight: int) -> bool:
        own, used = self.own, self.own + self.others
        if own == 0 and self.others == 0:
            return True
        return used + weight <= self._for_reads or (own + weight <= self._trickle and used + weight <= self._nearly_all)

    def _next_change(self) -> float:
        """Seconds until our own oldest request leaves the minute, or the venue's last word is out of date."""
        now = self._clock.now().mono
        times = [at + MINUTE for at, _ in list(self._spent)[:1]]
        if self._others_until > now:
            times.append(self._others_until)
        return max(0.01, min(times, default=now + 1) - now)

    def _forget(self) -> None:
        gone = self._clock.now().mono - MINUTE
        while self._spent and self._spent[0][0] <= gone:
            self._own -= self._spent.popleft()[1]
