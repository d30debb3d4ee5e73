"""How messages reach the channels: worst first, each channel at its own pace, nothing sooner than it asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.record import Record
from watchdog.domain.effects import Level, Message

_AT_ONCE_S = 10.0
"""A channel that is well hears a message within this, and a little more for each that waits."""
_EACH_S = 0.7
_LONGEST_PAUSE_S = 107.0
"""So long after a channel was out its last message may hang (45 s), and the pause after that last (60 s)."""
_JUST_NOW_S = 0.001


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

    def began(self) -> None:
        """The daemon starts: it knows what is on the disk."""
        self._began = self._now()
        for line in self._lines.values():
            line.waiting.clear()
            line.done.clear()
            line.declined.clear()
            line.failed, line.asked_until = "", 0.0

    def died(self) -> None:
        """What was not on the disk is lost with the process, and no more is asked."""
        self.handed_over.clear()
        for line in self._lines.values():
            line.waiting.clear()

    def hands_over(self, name: str, message: Message) -> None:
        """A message is now a channel's to deliver."""
        self.handed_over[message.id, name] = None
        line = self._lines[name]
        if message.id not in line.done:
            line.waiting.setdefault(message.id, (message, self._now()))

    def tries(self, name: str, message: Message | None) -> None:
        """The channel is asked to open (None), or to take a message."""
        line, now = self._lines[name], self._now()
        if now < line.asked_until - _JUST_NOW_S:
            self._record.fail(f"{name} is asked {line.asked_until - now:.1f} s before the time it named")
        if message is None:
            return
        for other, since in line.waiting.values():
            passed_over = other.level > message.level and since < now - _JUST_NOW_S
            if passed_over and other.id != line.failed and other.id not in line.declined:
                self._record.fail(f"{name} is sent {message.id} while {other.id}, which is worse, waits since {since}")

    def took(self, name: str, message: Message) -> None:
        """The channel has confirmed it."""
        line = self._lines[name]
        line.waiting.pop(message.id, None)
        line.done.add(message.id)
        line.failed = ""

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
