"""Tells once of each symbol in the rules that no venue lists: after the venues were listed, and after each reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from watchdog.alerts.words import MOST_LINES, clock_time
from watchdog.clock import Clock
from watchdog.domain.effects import Level, Message
from watchdog.rules.listed import Listing, unlisted
from watchdog.rules.schema import Ruleset


class Unlisted:
    """Looks when the rules or the listings have changed. `listings`: what each account's venue lists, by account."""

    def __init__(self, listings: Callable[[], Mapping[str, Listing]], clock: Clock) -> None:
        self._listings = listings
        self._clock = clock
        self._looked: object = None
        self._told: frozenset[str] = frozenset()

    def look(self, rules: Ruleset) -> Message | None:
        """What is to be told now; None: nothing new. What is listed again is forgotten without a word."""
        listings = self._listings()
        looked = (rules.digest, tuple((name, len(one.symbols)) for name, one in listings.items()))
        if looked == self._looked:
            return None
        self._looked = looked
        found = unlisted(rules, listings)
        new = [str(one) for one in found if one.text not in self._told]
        self._told = frozenset(one.text for one in found)
        if not new:
            return None
        at = self._clock.now().wall
        most = MOST_LINES - 3
        more = (f"… and {len(new) - most + 1} more",) if len(new) > most else ()
        lines = (
            "WARN · the rules name what no venue lists",
            *new[: most - len(more)],
            *more,
            "Such a name matches no position: mend it, or wait until it is listed.",
            clock_time(at, None),
        )
        return Message(f":symbols:{at * 1000:.0f}", "", Level.WARN, "told", "", lines, sound=False, at=at)
