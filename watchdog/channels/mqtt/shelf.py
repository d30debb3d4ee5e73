"""What the broker should hold, what it does hold, and what is to be published next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchdog.channels.base import View
from watchdog.channels.mqtt import tree

REFRESH_S: Final = 30.0
"""A state that has not changed is published anew after this, so that its `at` shows that it still holds."""


class Shelf:
    """The retained states under one topic: the latest of each, whatever happened in between.

    What is on the broker and no longer true is removed: at once for a state this run has published; for one an earlier
    run left, once its account was read in this run. One of an account nobody has heard of goes once all others were.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._wanted: dict[str, tree.State] = {}
        self._by_account: dict[str, set[str]] = {}
        self._read: dict[str, bool] = {}  # the accounts that were shown; whether they were read in this run
        self._held: dict[str, float] = {}  # what this run has put on the broker, and when
        self._left: set[str] = set()  # what an earlier run has
        self._due: dict[str, None] = {}

    def show(self, view: View, now: float) -> None:
        """Take an account's view instead of its last one. Raises LookupError, TypeError … for one it can't read."""
        states = tree.states(self._topic, view)
        gone = self._by_account.get(view.account, set()) - states.keys()
        for name in gone:
            del self._wanted[name]
            self._due[name] = None
        for name, state in states.items():
            before = self._wanted.get(name)
            old = name not in self._held or now - self._held[name] >= REFRESH_S
            if before is None or old or _lasting(before) != _lasting(state):
                self._due[name] = None
            self._wanted[name] = state
        self._by_account[view.account] = set(states)
        self._read[view.account] = self._read.get(view.account, False) or view.status["age"] is not None
        self._clear()

    def found(self, name: str) -> None:
        """The broker holds this from before we connected."""
        if tree.account_of(self._topic, name) is not None and name not in self._wanted:
            self._left.add(name)
            self._clear()

    def anew(self) -> None:
        """The broker may hold nothing any more: all is due, and what was due still is."""
        self._due = dict.fromkeys([*self._wanted, *self._held, *self._due])

    def take(self, now: float) -> tuple[str, bytes] | None:
        """The next topic to publish and its payload, an empty one to remove it; None: all is as it should be."""
        if not self._due:
            return None
        name = next(iter(self._due))
        del self._due[name]
        state = self._wanted.get(name)
        if state is None:
            self._held.pop(name, None)
            return name, b""
        self._held[name] = now
        return name, tree.encode(state)

    def is_account(self, name: str) -> bool:
        """Whether this is the state of an account itself."""
        return name.count("/") == self._topic.count("/") + 2

    def _clear(self) -> None:
        """Remove what is left of an earlier run and known to be over."""
        all_read = bool(self._read) and all(self._read.values())
        for name in [one for one in self._left if self._read.get(tree.account_of(self._topic, one) or "", all_read)]:
            self._left.discard(name)
            if name not in self._wanted:
                self._due[name] = None


def _lasting(state: tree.State) -> Mapping[str, Any]:
    return {name: value for name, value in state.items() if name not in tree.MOMENTARY}
