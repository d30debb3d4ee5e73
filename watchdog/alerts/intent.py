"""What will be done about a position, as a message says it."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.domain.effects import Button


@dataclass(frozen=True, slots=True)
class Intent:
    """The last lines of an alert about a position, and what can be tapped under it."""

    lines: tuple[str, ...]
    buttons: tuple[Button, ...] = ()
    proposes: bool = False
    """The lines propose a stop and say what is at stake with it: the alert's own line of that would be one too many."""
    despite_silence: bool = False
    """They ask something that goes without an answer: said, without a sound, even where a silence holds the alert."""
