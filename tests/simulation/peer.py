"""The far end of a channel, which outlives the daemon, and the channel as each of its lives has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.plan import Mood
from tests.simulation.record import Record
from watchdog.channels.base import ChannelError
from watchdog.domain.effects import Level, Message

_WAY_S = 0.2
"""Seconds a message takes."""
_HANG_S = 45.0


@dataclass(eq=False)
class Peer:
    """A phone, a house: remembers what reached it. `heard` is called for each message that did."""

    name: str
    min_level: Level
    record: Record
    heard: Callable[[Peer, Message], None]
    mood: Mood = Mood.WELL
    over: bool = False
    received: dict[str, int] = field(default_factory=dict)
    """How often each message came."""
    excused: dict[str, int] = field(default_factory=dict)
    """How often a repetition of it is no fault: its confirmation was lost, on the way or with a life."""

    def take(self, message: Message) -> None:
        """A message arrives; once all is over nobody is there any more."""
        if self.over:
            return
        self.received[message.id] = self.received.get(message.id, 0) + 1
        self.record.say(f"{self.name} hears {message.event} {message.id} | {message.lines[0]}")
        self.heard(self, message)

    def excuse(self, message_id: str) -> None:
        """Its next repetition is no fault."""
        self.excused[message_id] = self.excused.get(message_id, 0) + 1


class PeerChannel:
    """A channel to a peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    @property
    def name(self) -> str:
        """As in the settings."""
        return self._peer.name

    @property
    def min_level(self) -> Level:
        """The mildest message it hears."""
        return self._peer.min_level

    async def open(self) -> None:
        """Reach the peer. Raises ChannelError when it is down."""
        await asyncio.sleep(_WAY_S)
        if self._peer.mood in {Mood.REFUSES, Mood.HANGS}:
            raise ChannelError("can't be reached")

    async def send(self, message: Message) -> None:
        """Hand a message over. Raises ChannelError when it is not confirmed, whether it arrived or not."""
        peer = self._peer
        await asyncio.sleep(_WAY_S)
        mood = peer.mood
        if mood is Mood.REFUSES:
            raise ChannelError("refused")
        if mood is Mood.HANGS:
            await asyncio.sleep(_HANG_S)
            raise ChannelError("no answer")
        peer.take(message)
        if mood is Mood.LOSES:
            peer.excuse(message.id)
            await asyncio.sleep(_WAY_S)
            raise ChannelError("the answer was lost")
        await asyncio.sleep(_WAY_S)

    async def close(self) -> None:
        """Nothing is held."""
