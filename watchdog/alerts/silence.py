"""Silences: what is not said for a while. They hold back words only; nothing that acts ever looks at them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from watchdog.domain.effects import Level
from watchdog.domain.ids import handle

SHORTEST = 1.0
LONGEST = 7 * 86400.0
"""Seconds. A silence always has an end."""

BLIND = "blind"
"""The key of the alert of an account that can't be read."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. Times are wall seconds."""

    subject: str
    """The handle of an alert, a part of the keys of alerts, or empty: the whole account."""
    began: float
    until: float
    by: str = ""
    """Who asked for it, in words."""
    what: str = ""
    """What it is about, in words."""

    @property
    def key(self) -> str:
        """Its name in the store: a subject has one silence, the last one asked for."""
        return handle(self.subject.casefold())


def alert_handle(account: str, key: str) -> str:
    """How buttons and commands name an alert: two accounts can have alerts of the same key."""
    return handle(f"{account}|{key}")


def means(subject: str, account: str, key: str) -> bool:
    """Whether a person's subject speaks of an alert: all of them, its handle, or a part of its key."""
    if not subject:
        return True
    return subject in {alert_handle(account, key), handle(key)} or subject.casefold() in key.casefold()


def silent(silences: Iterable[Silence], account: str, key: str, wall: float) -> bool:
    """Whether an alert is under a silence at this time."""
    return any(one.until > wall and means(one.subject, account, key) for one in silences)


def always_said(key: str, level: Level) -> bool:
    """What no silence holds back: emergencies, and being blind for long."""
    return level >= Level.EMERGENCY or (key == BLIND and level >= Level.CRITICAL)


def to_json(silence: Silence) -> str:
    """As it is saved."""
    return json.dumps(asdict(silence), sort_keys=True)


def from_json(text: str) -> Silence:
    """As it was saved."""
    return Silence(**json.loads(text))
