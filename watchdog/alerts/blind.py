"""BLIND: no good read of an account for too long. Unknown is not safe, it ages into this alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.silence import BLIND
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.rules.schema import Blind

KEY = BLIND


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of reading an account."""

    account: str
    venue: str
    last_good: float
    """Monotonic time at which the last complete read began, or the process, before there was one."""
    ever: bool
    """Whether there was one in this process: before it, nothing is seen again."""
    why: Callable[[], str]
    """Why nothing is read; asked for only when it is to be said."""
    last_words: Callable[[], tuple[str, ...]]
    """What was at risk when it was last seen; asked for only when it is to be said."""


def look(sight: Sight, blind: Blind, desk: Desk, now: Instant) -> None:
    """Fire, worsen or end the BLIND alert of an account by the age of its last good read."""
    age = now.mono - sight.last_good
    if age < blind.warn:
        if not sight.ever:
            return
        desk.fall(KEY, (f"OK · {words.venue_name(sight.venue)} {sight.account} · I see again",))
        return
    level = Level.CRITICAL if age >= blind.critical else Level.WARN
    lines = (
        f"BLIND · {words.venue_name(sight.venue)} {sight.account} · {age:.0f} s without a good read",
        f"Why: {sight.why()}",
        *(sight.last_words() or ("Nothing was read since I started.",)),
        "Resting stops work without me. I send nothing on old numbers.",
        f"You: open the {words.venue_name(sight.venue)} app.",
    )
    desk.stand(KEY, level, lines)
    desk.refresh(KEY, lines)


def next_due(sight: Sight, blind: Blind, level: Level | None) -> float | None:
    """When its next level is reached if no read succeeds."""
    if level is None:
        return sight.last_good + blind.warn
    if level < Level.CRITICAL:
        return sight.last_good + blind.critical
    return None
