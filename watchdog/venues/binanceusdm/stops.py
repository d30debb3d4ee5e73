"""Lists the conditional orders of an account sparingly: of the symbols that matter often, of all now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from watchdog.venues.fields import rows

WHOLE_EVERY = 60.0
"""Seconds between two listings of the orders of all symbols; it weighs as much as forty of one symbol.

In between only the symbols are asked for that are held or were known to have orders: what appears meanwhile on
another symbol protects nothing that is held, so it can wait.
"""
MOST_APART = 20
"""Of more symbols than this the orders are listed in one request."""

NAME = "openAlgoOrders"


class StopList:
    """The listing of one account. `ask` sends `openAlgoOrders` with these parameters."""

    def __init__(self, ask: Callable[[dict[str, str]], Awaitable[Any]]) -> None:
        self._ask = ask
        self._known: frozenset[str] = frozenset()
        self._whole_at = -WHOLE_EVERY

    def wanted(self, watched: Iterable[str], mono: float) -> frozenset[str] | None:
        """The venue's names of the symbols to ask for now; None: all of the account."""
        concerned = self._known.union(watched)
        if mono - self._whole_at >= WHOLE_EVERY or len(concerned) > MOST_APART:
            return None
        return concerned

    async def read(self, wanted: frozenset[str] | None) -> list[Any]:
        """The raw orders. Raises PayloadError when an answer is no list of objects, and what `ask` raises."""
        asked = [{}] if wanted is None else [{"symbol": one} for one in sorted(wanted)]
        answers = await asyncio.gather(*(self._ask(parameters) for parameters in asked))
        for answer in answers:
            rows(answer, NAME)
        return [order for answer in answers for order in answer]

    def took(self, wanted: frozenset[str] | None, symbols: Iterable[str], mono: float) -> None:
        """A read is whole: it holds these symbols, or has orders on them."""
        self._known = frozenset(symbols)
        if wanted is None:
            self._whole_at = mono
