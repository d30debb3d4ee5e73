"""When frames went out and requests came in, by one clock: what a benchmark on the venue's side measures with."""

from __future__ import annotations

import time
from collections import deque
from typing import Literal, NamedTuple, TypeAlias

_REMEMBERED = 4_096

Kind: TypeAlias = Literal["frame", "dial", "request"]


class Timing(NamedTuple):
    """One moment."""

    at_ns: int
    """`time.perf_counter_ns`: on Linux the monotonic clock, the same in every process of the machine."""
    kind: Kind
    """frame: a websocket frame is about to be sent · dial: a websocket was asked for · request: any other came in."""
    host: str
    """The address as the other side calls it (its Host header): tells clients apart that dial by different names."""
    what: str
    """A frame's text; a request's method and path."""


class Timings:
    """The last moments, in order."""

    def __init__(self) -> None:
        self._moments: deque[Timing] = deque(maxlen=_REMEMBERED)

    def note(self, kind: Kind, host: str, what: str) -> None:
        """It happens now."""
        self._moments.append(Timing(time.perf_counter_ns(), kind, host, what))

    def take(self) -> list[Timing]:
        """All of them, which are then forgotten."""
        moments = list(self._moments)
        self._moments.clear()
        return moments
