"""Channels whose other end does as a test says, and a house around the notifier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from watchdog.channels.base import ChannelError
from watchdog.clock import SteppedClock
from watchdog.domain.effects import Level, Message, Save
from watchdog.notifier import Notifier
from watchdog.store import Store


class Line:
    """A channel whose other end does as the test says: `fate` is called with each message before it is taken."""

    def __init__(self, name: str, min_level: Level = Level.INFO) -> None:
        self.name = name
        self.min_level = min_level
        self.fate: Callable[[Message], object] = lambda _: None
        self.taken: list[str] = []
        self.tries: list[str] = []
        self.shut = False
        self.lost_reply: set[str] = set()
        self.opens: list[Exception] = []

    async def open(self) -> None:
        """Fail as often as the test wants."""
        if self.opens:
            raise self.opens.pop(0)

    async def send(self, told: Message) -> None:
        """Do as the test says."""
        self.tries.append(told.id)
        outcome = self.fate(told)
        if isinstance(outcome, asyncio.Event):
            await outcome.wait()
        if isinstance(outcome, Exception):
            raise outcome
        self.taken.append(told.id)
        if told.id in self.lost_reply:
            self.lost_reply.remove(told.id)
            raise ChannelError("the reply was lost")

    async def close(self) -> None:
        """Remember it."""
        self.shut = True


class House:
    """A store, a stepped clock, channels and the notifier between them."""

    def __init__(self, store: Store, *lines: Line) -> None:
        self.store = store
        self.clock = SteppedClock(1_760_129_400.0)
        self.lines = lines
        self.notifier = Notifier(store, lines, self.clock)

    async def save(self, *told: Message) -> None:
        """What the service does with a Save."""
        await self.store.write("main", Save(messages=told), self.notifier.channels_for, self.clock.now())

    async def tell(self, *told: Message) -> None:
        """Save, hand over, and wait until all that can be sent is sent."""
        await self.save(*told)
        for one in told:
            self.notifier.hand_over(one)
        await self.notifier.idle()

    async def wait(self, seconds: float) -> None:
        """Let time pass, a timer at a time."""
        end = self.clock.now().mono + seconds
        while (due := self.clock.next_timer()) is not None and due <= end:
            self.clock.advance(due)
            await self.notifier.idle()
        self.clock.advance(end)

    async def owed(self) -> set[tuple[str, str]]:
        """The rows nobody has confirmed."""
        return {(told.id, channel) for told, channel in await self.store.pending()}
