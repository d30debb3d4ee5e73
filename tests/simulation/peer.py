"""The far end of a channel, which outlives the daemon, and the channel as each of its lives has it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.acts import Mood
from tests.simulation.delivery import Delivery
from tests.simulation.record import Record
from watchdog.channels.base import ChannelError, Daemon, View
from watchdog.domain.effects import Level, Message
from watchdog.domain.verbs import Verb

_WAY_S = 0.2
"""Seconds a message takes."""
_HANG_S = 45.0
_LOOK_S = 0.5
"""Seconds between two looks at what people said."""
_DOWN = frozenset({Mood.REFUSES, Mood.HANGS})
_DECLINED = 3
"""A choosy peer declines one message in so many."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word for the daemon: typed, or a button that was tapped."""

    verb: Verb
    subject: str = ""
    seconds: float = 0.0
    account: str = "main"


@dataclass(eq=False)
class Peer:
    """A phone, a house: remembers what reached it. `heard` is called for each message that did."""

    name: str
    min_level: Level
    record: Record
    delivery: Delivery
    heard: Callable[[Peer, Message], None]
    mood: Mood = Mood.WELL
    asks_s: float = 0.0
    """Of a peer that asks to be left alone: for how long."""
    over: bool = False
    received: dict[str, int] = field(default_factory=dict)
    """How often each message came."""
    excused: dict[str, int] = field(default_factory=dict)
    """How often a repetition of it is no fault: its confirmation was lost, on the way or with a life."""
    messages: list[Message] = field(default_factory=list)
    """The messages, each once."""
    declined: list[Message] = field(default_factory=list)
    """What it refused for good; a later life may still get it through."""
    view: View | None = None
    """What is shown of the account."""
    outgoing: list[Said] = field(default_factory=list)
    """What was said here and has not reached a daemon."""

    def turn(self, mood: Mood, asks_s: float = 0.0) -> None:
        """From now on it answers like this."""
        self.mood, self.asks_s = mood, asks_s
        self.delivery.changes(self.name, well=mood is Mood.WELL)

    def take(self, message: Message) -> None:
        """A message arrives; once all is over nobody is there any more."""
        if self.over:
            return
        if message.id not in self.received:
            self.messages.append(message)
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
        self._peer.delivery.tries(self.name, None)
        await asyncio.sleep(_WAY_S)
        if self._peer.mood in _DOWN:
            raise self._failed(None, "can't be reached")

    async def send(self, message: Message) -> None:
        """Hand a message over. Raises ChannelError when it is not confirmed, whether it arrived or not."""
        peer = self._peer
        peer.delivery.tries(self.name, message)
        await asyncio.sleep(_WAY_S)
        mood = peer.mood
        if mood is Mood.REFUSES:
            raise self._failed(message, "refused")
        if mood is Mood.HANGS:
            await asyncio.sleep(_HANG_S)
            raise self._failed(message, "no answer")
        if mood is Mood.LATER:
            raise self._failed(message, "too many messages", peer.asks_s)
        if mood is Mood.CHOOSY and zlib.crc32(message.lines[0].encode()) % _DECLINED == 0:
            peer.delivery.declines(self.name, message)
            peer.declined.append(message)
            peer.record.say(f"{self.name} declines {message.id}")
            raise ChannelError("not a message for me", permanent=True)
        peer.take(message)
        if mood is Mood.LOSES:
            peer.excuse(message.id)
            await asyncio.sleep(_WAY_S)
            raise self._failed(message, "the answer was lost")
        await asyncio.sleep(_WAY_S)
        peer.delivery.took(self.name, message)

    async def listen(self, daemon: Daemon) -> None:
        """Pass on what people say, one word after the other, while the peer can be reached."""
        peer = self._peer
        while True:
            await asyncio.sleep(_LOOK_S)
            while peer.outgoing and peer.mood not in _DOWN:
                said = peer.outgoing.pop(0)
                reply = await daemon.tell(
                    said.verb, account=said.account, subject=said.subject, seconds=said.seconds, by=f"Ann, {self.name}"
                )
                peer.record.say(f"{self.name} says {said.verb} {said.subject}: {reply.text}")

    def show(self, view: View) -> None:
        """What is shown of the account, while the peer can be reached."""
        if self._peer.mood not in _DOWN:
            self._peer.view = view

    async def close(self) -> None:
        """Nothing is held."""

    def _failed(self, message: Message | None, reason: str, retry_after: float | None = None) -> ChannelError:
        self._peer.delivery.fails(self.name, message, retry_after)
        return ChannelError(reason, retry_after)
