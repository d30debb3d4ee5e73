"""The names of watchdog.toml that a rules file may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of watchdog.toml; None: not known, and then not checked."""

    accounts: frozenset[str] | None
    venues: tuple[str, ...] | None
    channels: frozenset[str] | None
