"""The messages that wait for one channel: which goes next, and which comes after something newer. Pure."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from watchdog.domain.effects import Level, Message

AHEAD: Final = 3
"""So many messages at most go ahead of worse ones because the same alert said them before: a few seconds' delay."""
EARLIER: Final = "EARLIER · "
"""Before the first line of a message that comes after a newer one of its alert."""
STANDING: Final = frozenset({"fired", "worsened", "escalated", "repeated", "resolved"})
"""The events that say how an alert stands: of those the newest should be the last that is heard."""
_ALERTS: Final = 4096
"""Of so many alerts the newest message that was told is remembered."""

_Key: TypeAlias = tuple[str, str]
"""Account and alert; an alert of no name: the newest of any alert of the account."""


class _Age(NamedTuple):
    """When a message came to be: by its order of coming (what an earlier run left is older), and by the wall clock."""

    of_this_run: bool
    number: int
    at: float


class Waiting:
    """One channel's queue: the worst first, then the oldest; of one alert in the order in which it was said.

    So a few older messages of an alert go ahead of its newest, whatever they are. Where they are many, or one of them
    failed, it is the newest that goes first; they follow and say that they are earlier: without a sound, for what they
    say is no longer so, and without buttons, for those are under the newer one.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, Message]] = []
        self._numbers = itertools.count()
        self._ages: dict[str, _Age] = {}  # of all that is not confirmed: waiting, being sent, or set aside
        self._told: dict[_Key, _Age] = {}  # per alert the newest that was confirmed
        self._gone_ahead = 0
        self._ahead: Message | None = None  # what was taken ahead of a worse one
        self._quiet = False  # the worse one makes the sound

    def __bool__(self) -> bool:
        return bool(self._heap)

    @property
    def worst(self) -> Level | None:
        """How urgent the most urgent one is; None: nothing waits."""
        return Level(-self._heap[0][0]) if self._heap else None

    def push(self, message: Message, *, left: bool = False) -> None:
        """Let a message wait, for the first time or again. `left`: by an earlier run."""
        number = next(self._numbers)
        self._ages.setdefault(message.id, _Age(not left, number, message.at))
        heapq.heappush(self._heap, (-urgency(message), message.at, number, message))

    def recall(self, message: Message) -> None:
        """An earlier run told this one."""
        self._ages[message.id] = _Age(of_this_run=False, number=next(self._numbers), at=message.at)
        self.confirmed(message)

    def take(self, failed: Message | None) -> Message:
        """The next one; after one that `failed` another first, so that one bad message holds up no other."""
        first = heapq.heappop(self._heap)
        if first[3] is failed and self._heap:
            first = heapq.heapreplace(self._heap, first)
        if not self._heap:
            self._gone_ahead = 0
        before = [one for one in self._heap if one[3] is not failed and self._older(one[3], first[3])]
        self._ahead = None
        if 0 < len(before) <= AHEAD - self._gone_ahead:
            heapq.heappush(self._heap, first)
            oldest = min(before, key=lambda one: self._ages[one[3].id])
            self._heap.remove(oldest)
            heapq.heapify(self._heap)
            self._ahead, self._quiet = oldest[3], first[3].sound
            return oldest[3]
        return first[3]

    def shown(self, message: Message) -> Message:
        """A message that was taken, as it is to be sent."""
        if self._is_past(message):
            lines = (f"{EARLIER}{message.lines[0]}", *message.lines[1:]) if message.lines else ()
            return replace(message, lines=lines, sound=False, buttons=(), earlier=True)
        if message is self._ahead and self._quiet:
            return replace(message, sound=False)
        return message

    def confirmed(self, message: Message) -> None:
        """It was told, and is forgotten but for its age."""
        age = self._ages.pop(message.id)
        if message is self._ahead:
            self._gone_ahead += 1
        if not message.alert or message.event not in STANDING:
            return
        for key in ((message.account, message.alert), (message.account, "")):
            told = self._told.pop(key, age)
            self._told[key] = told if _before(age, told) else age
        while len(self._told) > _ALERTS:
            del self._told[next(iter(self._told))]

    def forget(self, message: Message) -> None:
        """It will not come again in this run."""
        self._ages.pop(message.id, None)

    def _is_past(self, message: Message) -> bool:
        """Whether something newer was told: of its alert, or where it ends what has no name, of its account."""
        if message.event not in STANDING or not (message.alert or message.event == "resolved"):
            return False
        told = self._told.get((message.account, message.alert))
        return told is not None and _before(self._ages[message.id], told)

    def _older(self, one: Message, other: Message) -> bool:
        """Whether both say how the same alert stands, and `one` said it before."""
        same = one.alert and (one.account, one.alert) == (other.account, other.alert)
        if not same or one.event not in STANDING or other.event not in STANDING:
            return False
        return _before(self._ages[one.id], self._ages[other.id])


def urgency(message: Message) -> Level:
    """How bad it is to wait for it. The end of an alert carries its worst level only to be heard where that was."""
    return Level.INFO if message.event == "resolved" else message.level


def _before(one: _Age, other: _Age) -> bool:
    """By the order of coming and by the clock: a clock that is set back must make no new danger an old one."""
    return one < other and one.at < other.at
