"""What happened in a seed, in order, and what broke."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

_MOST_SHOWN = 10
"""What broke first matters; the log has the rest."""


class Record:
    """Lines of the event log, with virtual seconds since the seed began, and the invariants that did not hold."""

    def __init__(self, clock: Callable[[], float], echo: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._echo = echo
        self._hidden: dict[str, str] = {}
        self._failed: set[str] = set()
        self.lines: list[str] = []
        self.broken: list[str] = []

    @property
    def now(self) -> float:
        """Virtual seconds since the seed began."""
        return self._clock()

    def hide(self, made: str, name: str) -> None:
        """From now on write `name` for a text that is made at random in each run."""
        self._hidden[made] = name

    def say(self, text: str) -> None:
        """Write a line."""
        for made, name in self._hidden.items():
            text = text.replace(made, name)
        line = f"{self._clock():10.3f}  {text}"
        self.lines.append(line)
        if self._echo is not None:
            self._echo(line)

    def fail(self, text: str) -> None:
        """An invariant did not hold."""
        self.say(f"BROKEN {text}")
        if text not in self._failed and len(self.broken) < _MOST_SHOWN:
            self.broken.append(self.lines[-1])
        self._failed.add(text)

    @property
    def digest(self) -> str:
        """Of all lines: the same for two runs in which the same happened at the same moments."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]
