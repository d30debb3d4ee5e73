"""A persistent map that is walked in the order in which it was filled.

The daemon's own (rpds) is walked in an order that is drawn anew for each map: nothing of what it does may hang on that
order, but which of two requests of the same moment goes first does, and a seed must replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SteadyMap(Mapping[K, V], Generic[K, V]):
    """What the daemon uses of `rpds.HashTrieMap`."""

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._items = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"SteadyMap({self._items})"

    def insert(self, key: K, value: V) -> SteadyMap[K, V]:
        """The map with a key set."""
        return SteadyMap({**self._items, key: value})

    def remove(self, key: K) -> SteadyMap[K, V]:
        """The map without a key. Raises KeyError."""
        rest = dict(self._items)
        del rest[key]
        return SteadyMap(rest)

    def discard(self, key: K) -> SteadyMap[K, V]:
        """The map without a key, whether it had it or not."""
        return self.remove(key) if key in self._items else self
