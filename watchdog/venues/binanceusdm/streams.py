"""Binance USD-M's two streams: mark prices of the watched symbols, and the account's own events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from watchdog.clock import Clock
from watchdog.domain.facts import Mark
from watchdog.venues.binanceusdm import wire
from watchdog.venues.binanceusdm.outcomes import LISTEN_KEY_GONE
from watchdog.venues.errors import AnswerError, LostError, NoAnswerError
from watchdog.venues.fields import PayloadError
from watchdog.venues.streams import SILENT_AFTER, Dial, Hear, Line, Stream

BATCH = 100
"""Streams named in one request."""
BETWEEN_REQUESTS = 0.25
"""Seconds; Binance takes ten messages a second on a connection."""
LONGEST_PATIENCE = 120.0
"""For a symbol that stays silent the stream is dialled ever more seldom, up to this many seconds: it may be delisted,
and the others' marks should not suffer for it."""
KEEP_ALIVE_EVERY = 20 * 60.0
"""Seconds; a listenKey dies after an hour."""
KEEP_ALIVE_RETRY = 60.0


class MarketStream(Stream):
    """Marks of the watched symbols. `ids` gives the venue's name of each of ccxt's symbols."""

    name = "market stream"

    def __init__(self, clock: Clock, dial: Dial, hear: Hear, url: str, ids: Callable[[str], str]) -> None:
        super().__init__(clock, dial, hear)
        self._url = url
        self._ids = ids
        self._wanted: dict[str, str] = {}
        self._subscribed: set[str] = set()
        self._heard_at: dict[str, float] = {}
        self._patience: dict[str, float] = {}
        self._blamed: str | None = None
        self._change = asyncio.Event()
        self._request = 0

    def watch(self, symbols: frozenset[str]) -> None:
        """Stream exactly these from now on."""
        wanted = {self._ids(symbol): symbol for symbol in symbols}
        now = self.clock.now().mono
        self._patience = {one: self._patience.get(one, SILENT_AFTER) for one in wanted}
        self._heard_at = {one: self._heard_at.get(one, now) for one in wanted}
        if wanted != self._wanted:
            self._wanted = wanted
            self._change.set()

    async def address(self) -> str:
        """The market address, once there is something to watch."""
        while not self._wanted:
            await self._change.wait()
            self._change.clear()
        self._subscribed = set()
        self._change.set()
        if self._blamed in self._patience:
            self._patience[self._blamed] = min(2 * self._patience[self._blamed], LONGEST_PATIENCE)
        self._blamed = None
        self._heard_at = dict.fromkeys(self._wanted, self.clock.now().mono)
        return self._url

    def frame(self, message: Any) -> None:
        """Hand on the mark of a watched symbol.

        A broken mark is as good as none: the others go on, and the age of this one's last good mark is noticed.
        """
        try:
            mark = wire.read_mark(message)
        except PayloadError:
            return
        symbol = self._wanted.get(mark.venue_id) if mark is not None else None
        if mark is None or symbol is None:
            return
        self._heard_at[mark.venue_id] = self.clock.now().mono
        self._patience[mark.venue_id] = SILENT_AFTER
        self.hear(Mark(symbol, mark.price, mark.time_ms))

    async def work(self, line: Line) -> None:
        """Bring the subscriptions to what is wanted, whenever that changes."""
        while True:
            await self._change.wait()
            self._change.clear()
            more, less = set(self._wanted) - self._subscribed, self._subscribed - set(self._wanted)
            now = self.clock.now().mono
            self._heard_at |= dict.fromkeys(more, now)
            for method, ids in (("SUBSCRIBE", sorted(more)), ("UNSUBSCRIBE", sorted(less))):
                for start in range(0, len(ids), BATCH):
                    self._request += 1
                    await line.say(wire.subscription(method, ids[start : start + BATCH], self._request))
                    await self.clock.sleep(BETWEEN_REQUESTS)
            self._subscribed = (self._subscribed | more) - less

    def stale(self, now: float) -> str | None:
        """A watched symbol whose marks stopped; each time in a row it is given twice as long."""
        self._blamed = next(
            (one for one in self._wanted if now - self._heard_at[one] >= self._patience[one]),
            None,
        )
        if self._blamed is None:
            return None
        return f"no mark of {self._wanted[self._blamed]} for {now - self._heard_at[self._blamed]:.0f} s"


class ListenKeys:
    """Makes and prolongs the account's listenKey. ccxt 4.5.90 prolongs one once and then never again."""

    def __init__(
        self, make: Callable[[], Awaitable[Any]], prolong: Callable[[Mapping[str, str]], Awaitable[Any]]
    ) -> None:
        self._make = make
        self._prolong = prolong
        self._key = ""

    async def new(self) -> str:
        """A key that is good now. Raises LostError."""
        try:
            answer = await self._make()
        except (AnswerError, NoAnswerError) as error:
            raise LostError(f"no listenKey: {error}", getattr(error, "retry_after", None)) from None
        key = answer.get("listenKey") if isinstance(answer, Mapping) else None
        if not isinstance(key, str) or not key.isalnum():
            raise LostError("no listenKey: the answer holds none")
        self._key = key
        return key

    async def prolong(self) -> bool:
        """Prolong the last one. False when that did not succeed; raises LostError when the key is gone."""
        try:
            await self._prolong({"listenKey": self._key})
        except AnswerError as error:
            if error.code == LISTEN_KEY_GONE:
                raise LostError("the listenKey is gone") from None
            return False
        except NoAnswerError:
            return False
        return True


class AccountStream(Stream):
    """The account's events. None of them says what is held: each asks for a read."""

    name = "account stream"

    def __init__(self, clock: Clock, dial: Dial, hear: Hear, url: Callable[[str], str], keys: ListenKeys) -> None:
        super().__init__(clock, dial, hear)
        self._url = url
        self._keys = keys

    async def address(self) -> str:
        """The private address with a key that is good now."""
        return self._url(await self._keys.new())

    def frame(self, message: Any) -> None:
        """Hand on an event."""
        event = wire.read_private(message)
        if isinstance(event, wire.ListenKeyExpired):
            raise LostError("the listenKey has expired")
        if event is not None:
            self.hear(event)

    async def work(self, line: Line) -> None:
        """Keep the listenKey alive."""
        del line
        wait = KEEP_ALIVE_EVERY
        while True:
            await self.clock.sleep(wait)
            wait = KEEP_ALIVE_EVERY if await self._keys.prolong() else KEEP_ALIVE_RETRY
