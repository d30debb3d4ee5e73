"""What the daemon asks of a venue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from watchdog.domain.facts import Answer, Frame, Mark
from watchdog.domain.position import AccountRead, StopOrder


class ReadError(Exception):
    """A read that gave no complete account. Says why in words fit for a message: no secret, no URL.

    `retry_after`: the seconds the venue asked us to wait. `limited`: because we, or others at this address, asked too
    often; asking again before then makes it worse.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, limited: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.limited = limited


class VenueRefusedError(Exception):
    """We must not or cannot go on with this account as it is set up (a withdraw-capable key, a wrong key)."""


@dataclass(frozen=True, slots=True)
class KeyPower:
    """What the account's API key may do; None where the venue would not say."""

    withdraw: bool | None
    trade: bool | None
    note: str
    """What was found, or why it could not be, in words."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The raw answers of a read that could not be read."""

    why: str
    """Which field, and what is wrong with it."""
    payloads: Mapping[str, Any]
    wall: float
    """Wall time in seconds."""


@runtime_checkable
class KeepsUnread(Protocol):
    """A venue that keeps the raw answers that could not be read last."""

    @property
    def unread(self) -> Unread | None:
        """None before there were such, and once a later read was good."""
        ...


@runtime_checkable
class Keeps(Protocol):
    """A venue that keeps the raw answers behind its last good read, by name: what `snapshot` saves."""

    @property
    def payloads(self) -> Mapping[str, Any]:
        """Trimmed to what is held; empty before the first good read."""
        ...


@runtime_checkable
class Waits(Protocol):
    """A venue that says whether its read waits for its own budget."""

    @property
    def waiting(self) -> bool:
        """Whether a request of a read waits for room now."""
        ...


class Venue(Protocol):
    """One account on one venue."""

    async def open(self) -> KeyPower:
        """Load the markets and ask what the key may do.

        Raises VenueRefusedError for a key that is wrong or that can withdraw without leave; ReadError when the venue
        gives no answer (try again later).
        """
        ...

    async def read(self) -> AccountRead:
        """One complete read over REST. Raises ReadError; never returns a part."""
        ...

    async def place(self, order: StopOrder) -> Answer:
        """Send a stop: Confirmed, Rejected or Unresolved. Raises nothing of the venue's."""
        ...

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """Find one order by client id: Confirmed (it rests), Finished, NotFound, or Unresolved."""
        ...

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """Cancel one order by client id: Confirmed, NotFound, Rejected or Unresolved."""
        ...

    def list_anew(self) -> None:
        """With the next read ask again for what changes over the months: ticks, filters, maintenance tiers.

        What can't be had anew stays as it was, and is asked for again a minute later.
        """
        ...

    def watch(self, symbols: frozenset[str]) -> None:
        """Stream the marks of exactly these symbols from now on."""
        ...

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> None:
        """Run the streams until cancelled, reconnecting for ever; whatever arrives is handed to `hear`."""
        ...

    async def close(self) -> None:
        """Let go of every socket and task."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A venue that says what it lists."""

    def symbols(self) -> Collection[str]:
        """The unified symbols of all its markets of our kind; empty until they were read."""
        ...
