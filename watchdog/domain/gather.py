"""What one step asks for, gathered."""

from __future__ import annotations

import json

from watchdog.domain.effects import Effect, Entry, Keep, Message, Place, Reply, Save
from watchdog.domain.facts import Instant


class Out:
    """What one step asks for, gathered: `Save` comes once, with all that is to be remembered and told."""

    def __init__(self, now: Instant) -> None:
        self.now = now
        self._effects: list[Effect] = []
        self._keeps: list[Keep] = []
        self._messages: list[Message] = []
        self._entries: list[Entry] = []

    def do(self, effect: Effect) -> None:
        """Ask for an effect."""
        self._effects.append(effect)

    def keep(self, kind: str, key: str, value: str | None) -> None:
        """Remember a value; None forgets it."""
        self._keeps.append(Keep(kind, key, value))

    def say(self, message: Message) -> None:
        """Tell."""
        self._messages.append(message)

    def journal(self, kind: str, **detail: object) -> None:
        """Write a line of the journal."""
        self._entries.append(Entry(kind, json.dumps(detail, default=str, sort_keys=True)))

    def reply(self) -> Reply | None:
        """The answer given in this step, if any was."""
        return next((effect for effect in reversed(self._effects) if isinstance(effect, Reply)), None)

    def orders(self) -> tuple[Effect, ...]:
        """The orders asked for so far, which are asked for no more: to be sent before the rest is worded."""
        orders = tuple(effect for effect in self._effects if isinstance(effect, Place))
        self._effects = [effect for effect in self._effects if not isinstance(effect, Place)]
        return orders

    def count(self, *kinds: type[Effect]) -> int:
        """How many effects of these kinds were asked for so far."""
        return sum(isinstance(effect, kinds) for effect in self._effects)

    def effects(self) -> tuple[Effect, ...]:
        """All of it, orders first: nothing waits for a disk."""
        if not (self._keeps or self._messages or self._entries):
            return tuple(self._effects)
        save = Save(tuple(self._keeps), tuple(self._messages), tuple(self._entries))
        return (*self._effects, save)
