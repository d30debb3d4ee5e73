"""How many messages a chat takes in a time, and for whom the last of them are kept."""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from watchdog.clock import Clock

APART_S = 1.0
"""Between two messages to one chat. Telegram's own advice: Bots FAQ, "My bot is hitting limits"."""
WINDOW_S = 60.0
GROUP_MOST = 20
"""Messages to one group in a minute, from the same page."""


class Claim(IntEnum):
    """How much of a group's minute a kind of message may use up: the rest is kept for what matters more."""

    EDIT = 10
    MILD = 15
    GRAVE = 20


class Pace:
    """One chat's pace. All times are the clock's own."""

    def __init__(self, clock: Clock, *, group: bool) -> None:
        self._clock = clock
        self._group = group
        self._sent: deque[float] = deque(maxlen=GROUP_MOST)
        self._blocked_until = 0.0

    def ready_in(self, claim: Claim) -> float:
        """Seconds until a message with this claim may be sent; 0: now."""
        now = self._clock.now().mono
        ready = max(now, self._blocked_until)
        if self._sent:
            ready = max(ready, self._sent[-1] + APART_S)
        if self._group and len(self._sent) >= claim:
            ready = max(ready, self._sent[-claim] + WINDOW_S)
        return ready - now

    def take(self) -> None:
        """One is being sent."""
        self._sent.append(self._clock.now().mono)

    def block(self, seconds: float) -> None:
        """The other end wants to be left alone for so long."""
        self._blocked_until = max(self._blocked_until, self._clock.now().mono + seconds)

    async def turn(self, claim: Claim) -> None:
        """Wait for a turn, and take it."""
        while (wait := self.ready_in(claim)) > 0:
            await self._clock.sleep(wait)
        self.take()
