"""What the notifier asks of a channel."""

from __future__ import annotations

from typing import Protocol

from watchdog.domain.effects import Level, Message


class ChannelError(Exception):
    """A message that was not taken, or that nobody confirmed. Says why in words fit for a log: no secret, no URL.

    `retry_after`: seconds the other end asked us to wait. `permanent`: trying this message again will not help.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.permanent = permanent


class Channel(Protocol):
    """One way to reach a person. Each has its own worker, so none delays another."""

    @property
    def name(self) -> str:
        """As in the settings: `[channel.NAME]`. It names the outbox rows, so it must not change between runs."""
        ...

    @property
    def min_level(self) -> Level:
        """The mildest message this channel hears."""
        ...

    async def open(self) -> None:
        """Get ready to send. Called again, with a growing pause, until it succeeds. Raises ChannelError."""
        ...

    async def send(self, message: Message) -> None:
        """Hand a message over; returns only once the other end has confirmed it. Raises ChannelError.

        Must end by itself within a minute. Called with the same message again after an error.
        """
        ...

    async def close(self) -> None:
        """Let go of every socket and task; safe after a failed `open`."""
        ...
