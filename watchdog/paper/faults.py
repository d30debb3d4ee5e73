"""Faults on demand: what a venue or the network between does on a bad day. No I/O here; the face obeys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What happens to a request."""

    BEFORE = "before"
    """Refused before acceptance: a 5xx, nothing has happened."""
    AFTER = "after"
    """Accepted, then a 5xx: the caller can't tell."""
    LOST = "lost"
    """Accepted, then the connection is dropped without an answer."""
    LATE = "late"
    """Accepted at once, answered after `seconds`."""
    HANG = "hang"
    """Accepted, never answered until released."""
    EMPTY = "empty"
    """200 with no body; not accepted."""
    HTML = "html"
    """200 with a page of HTML; not accepted."""
    TRUNCATED = "truncated"
    """Accepted, but only half of the body comes."""
    RATE = "rate"
    """429 with Retry-After; not accepted."""
    BAN = "ban"
    """418 with Retry-After; not accepted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble for the next `times` requests that match, after the first `skip` of them."""

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    """A path, or a pattern of it: `/fapi/v1/algoOrder`, `/fapi/*`."""
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    """Of `late`; Retry-After of `rate` and `ban` (whole seconds)."""
    status: int = 503
    """Of `before` and `after`."""
    body: str | None = None
    """Instead of the kind's own body."""

    def matches(self, method: str, path: str) -> bool:
        """Whether it is meant for this request."""
        return self.method in {"*", method.upper()} and fnmatchcase(path, self.path)


@dataclass(slots=True)
class Faults:
    """The faults still to come, in the order they were added."""

    pending: list[Fault] = field(default_factory=list)
    taken: list[tuple[str, str, FaultKind]] = field(default_factory=list)
    """Method, path and kind of those that happened."""

    def add(self, fault: Fault) -> None:
        """Ask for one more."""
        self.pending.append(fault)

    def clear(self) -> None:
        """Forget those still to come."""
        self.pending.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted off; None for a good day."""
        for index, fault in enumerate(self.pending):
            if not fault.matches(method, path):
                continue
            if fault.skip:
                self.pending[index] = replace(fault, skip=fault.skip - 1)
                continue
            if fault.times <= 1:
                del self.pending[index]
            else:
                self.pending[index] = replace(fault, times=fault.times - 1)
            self.taken.append((method, path, fault.kind))
            return fault
        return None
