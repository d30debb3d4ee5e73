"""What a channel remembers between runs, kept beside what the accounts remember."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.clock import Clock
from watchdog.domain.effects import Keep, Save
from watchdog.store.store import Store

_KIND = "memory"


class ChannelMemory:
    """Short texts by key. Every call raises StoreError when the store can't be read or written."""

    def __init__(self, store: Store, channel: str, clock: Clock) -> None:
        self._store = store
        self._of = f":channel:{channel}"  # no account's name has a colon
        self._clock = clock

    async def load(self) -> Mapping[str, str]:
        """All of it."""
        return (await self._store.load(self._of)).get(_KIND, {})

    async def keep(self, key: str, value: str | None) -> None:
        """Remember one; None forgets it."""
        save = Save(keeps=(Keep(_KIND, key, value),))
        await self._store.write(self._of, save, lambda _: (), self._clock.now())
