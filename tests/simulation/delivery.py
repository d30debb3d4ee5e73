"""How messages reach the channels: worst first, no alert's old words as new, nothing sooner than was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.simulation.record import Record
from watchdog.domain.effects import Level, Message

_AT_ONCE_S = 10.0
"""A channel that is well hears a message within this, and a little more for each that waits."""
_EACH_S = 0.7
_LONGEST_PAUSE_S = 107.0
"""So long after a channel was out its last message may hang (45 s), and the pause after that last (60 s)."""
_JUST_NOW_S = 0.001
_AHEAD = 3
"""So many older messages of an alert may go before something worse, in a queue that is never empty."""
_STANDING = frozenset({"fired", "worsened", "escalated", "repeated", "resolved"})
_EARLIER = "EARLIER · "


@dataclass(eq=False)
class _Line:
    """What is on its way to one channel."""

    waiting: dict[str, tuple[Message, float]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    """What it confirmed, in this life."""
    failed: str = ""
    """The message it failed on last: another one goes first."""
    declined: dict[str, Level] = field(default_factory=dict)
    """What it refused for good, in this life."""
    well_from: float = 0.0
    asked_until: float = 0.0
    came: dict[str, int] = field(default_factory=dict)
    """In which order messages were handed over, in this life."""
    last: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Per alert the newest word it confirmed, in this life: its place in that order, and its time."""
    told: dict[str, tuple[str, float]] = field(default_factory=dict)
    """What it confirmed, in any life: alert and time."""
    known: dict[str, float] = field(default_factory=dict)
    """Per alert the time of the newest word that an earlier life told, as the disk has it."""
    left: set[str] = field(default_factory=set)
    """What an earlier life left."""
    ahead: str = ""
    """What is being sent before something worse."""
    went_ahead: int = 0

    def before(self, one: Message, other: Message) -> bool:
        """Whether both say how the same alert stands, and `one` said it first."""
        if not one.alert or one.alert != other.alert or not {one.event, other.event} <= _STANDING:
            return False
        return self.came[one.id] < self.came[other.id] and one.at < other.at


class Delivery:
    """Follows every message of the life that runs."""

    def __init__(self, names: list[str], record: Record, now: Callable[[], float]) -> None:
        self._record = record
        self._now = now
        self._lines = {name: _Line() for name in names}
        self._began = 0.0
        self.handed_over: dict[tuple[str, str], None] = {}
        """Message ids and channels that the daemon has undertaken to deliver."""
        self.disk_well_from = 0.0
        self._lives = False

    def began(self) -> None:
        """The daemon starts: it knows what is on the disk."""
        self._began = self._now()
        self._lives = True
        for line in self._lines.values():
            line.waiting.clear()
            line.done.clear()
            line.declined.clear()
            line.came.clear()
            line.last.clear()
            line.left.clear()
            line.failed, line.asked_until, line.ahead, line.went_ahead = "", 0.0, "", 0

    def died(self, done: Mapping[tuple[str, str], bool]) -> None:
        """What was not on the disk is lost with the process. `done`: what was on it, by id and channel."""
        self._lives = False  # what the tasks of a killed process do while they are swept up says nothing
        self.handed_over.clear()
        for name, line in self._lines.items():
            line.waiting.clear()
            line.known.clear()
            for number, (alert, at) in line.told.items():
                if done.get((number, name)):
                    line.known[alert] = max(at, line.known.get(alert, at))

    def hands_over(self, name: str, message: Message, *, left: bool = False) -> None:
        """A message is now a channel's to deliver."""
        self.handed_over[message.id, name] = None
        line = self._lines[name]
        line.came.setdefault(message.id, len(line.came))
        if left:
            line.left.add(message.id)
        if message.id not in line.done:
            line.waiting.setdefault(message.id, (message, self._now()))

    def tries(self, name: str, message: Message | None) -> None:
        """The channel is asked to open (None), or to take a message."""
        line, now = self._lines[name], self._now()
        if not self._lives:
            return
        if now < line.asked_until - _JUST_NOW_S:
            self._record.fail(f"{name} is asked {line.asked_until - now:.1f} s before the time it named")
        if message is None:
            return
        self._ages(name, line, message)
        there = [one for one in line.waiting.values() if one[0].id not in line.declined]
        if len(there) <= 1:
            line.went_ahead = 0
        worse = [
            (other, since)
            for other, since in there
            if _urgency(other) > _urgency(message) and since < now - _JUST_NOW_S and other.id != line.failed
        ]
        line.ahead = message.id if worse else ""
        if worse and not (line.went_ahead < _AHEAD and any(line.before(message, one) for one, _ in there)):
            other, since = worse[0]
            self._record.fail(f"{name} is sent {message.id} while {other.id}, which is worse, waits since {since}")

    def _ages(self, name: str, line: _Line, message: Message) -> None:
        """What is sent after something newer of its alert says so, and is silent; nothing else says so."""
        came, at = line.last.get(message.alert, (-1, 0.0))
        old = message.event in _STANDING and (
            (line.came[message.id] < came and message.at < at)
            or (message.id in line.left and message.at < line.known.get(message.alert, message.at))
        )
        if message.alert and old != message.lines[0].startswith(_EARLIER):
            self._record.fail(f"{name} is sent {message.id} as {'new' if old else 'old'}, which it is not")
        if old and message.sound:
            self._record.fail(f"{name} is sent {message.id}, which is old, with a sound")

    def took(self, name: str, message: Message) -> None:
        """The channel has confirmed it."""
        line = self._lines[name]
        line.waiting.pop(message.id, None)
        line.done.add(message.id)
        line.failed = ""
        line.went_ahead += message.id == line.ahead
        if message.alert and message.event in _STANDING:
            line.told[message.id] = message.alert, message.at
            word = line.came[message.id], message.at
            last = line.last.get(message.alert, word)
            line.last[message.alert] = last if word[0] < last[0] and word[1] < last[1] else word

    def fails(self, name: str, message: Message | None, retry_after: float | None = None) -> None:
        """The channel could not be opened, or a message was not confirmed."""
        line = self._lines[name]
        line.failed = "" if message is None else message.id
        line.asked_until = 0.0 if retry_after is None else self._now() + retry_after

    def declines(self, name: str, message: Message) -> None:
        """The channel will never take it, as it says."""
        self._lines[name].declined[message.id] = message.level

    def changes(self, name: str, *, well: bool) -> None:
        """The far end begins, or ends, to be well."""
        self._lines[name].well_from = self._now() if well else float("inf")

    def excused(self, name: str, message_id: str) -> bool:
        """Whether it is no fault that a channel has not heard it: it refused, and it was nothing bad."""
        return self._lines[name].declined.get(message_id, Level.EMERGENCY) < Level.CRITICAL

    def second(self) -> None:
        """No channel that is well is kept waiting, whatever befell the others."""
        now = self._now()
        for name, line in self._lines.items():
            from_ = max(self._began, line.well_from + _LONGEST_PAUSE_S, self.disk_well_from)
            for message, since in [*line.waiting.values()]:
                late = now - max(since, from_)
                if message.id not in line.declined and late > _AT_ONCE_S + _EACH_S * len(line.waiting):
                    self._record.fail(f"{name} is well and waits {late:.0f} s for {message.id}")
                    del line.waiting[message.id]


def _urgency(message: Message) -> Level:
    """The end of an alert carries its level only to be heard where that was."""
    return Level.INFO if message.event == "resolved" else message.level
