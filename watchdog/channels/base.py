"""What the notifier asks of a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from watchdog.domain.effects import Button, Level, Message, Reply
from watchdog.domain.verbs import Verb


class ChannelError(Exception):
    """A message that was not taken, or that nobody confirmed. Says why in words fit for a log: no secret, no URL.

    `retry_after`: seconds the other end asked us to wait. `permanent`: trying this message again will not help.
    `whole`: it is the channel that fails, so that no other message would have done better.
    """

    def __init__(
        self, reason: str, retry_after: float | None = None, *, permanent: bool = False, whole: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.permanent = permanent
        self.whole = whole


@dataclass(frozen=True, slots=True)
class LiveAlert:
    """A firing alert as it would be worded now."""

    key: str
    level: Level
    acknowledged: bool
    lines: tuple[str, ...]
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of one account."""

    account: str
    status: Mapping[str, Any]
    """As `watchdog status` has it (`report.status`): fit for JSON."""
    alerts: tuple[LiveAlert, ...]
    """The firing ones, worst first."""
    at: float
    """Wall seconds."""


class Memory(Protocol):
    """What a channel remembers between runs: a few short texts by key, in the daemon's store. Raises StoreError."""

    async def load(self) -> Mapping[str, str]:
        """All of it."""
        ...

    async def keep(self, key: str, value: str | None) -> None:
        """Remember one; None forgets it."""
        ...


class Daemon(Protocol):
    """What a person may ask of the daemon, or tell it, through a channel."""

    async def status(self) -> Mapping[str, Any]:
        """As `watchdog status` has it: `accounts`, `channels`."""
        ...

    async def plan(self) -> Mapping[str, Any]:
        """As `watchdog plan` has it: what would be sent now."""
        ...

    async def why(self, subject: str) -> str:
        """In words: for each position or pool whose name holds `subject`, what every rule reads, and what is done."""
        ...

    async def tell(self, verb: Verb, *, account: str = "", subject: str = "", seconds: float = 0.0, by: str) -> Reply:
        """Give a command; its answer.

        Where there are several accounts, one must be named; but an ack, a silence or a confirm with a subject goes to
        whichever account knows the subject.
        """
        ...


@runtime_checkable
class Hears(Protocol):
    """A channel through which people also speak."""

    async def listen(self, daemon: Daemon) -> None:
        """Take in what people say, for ever; started anew, with a pause, should it end or raise."""
        ...


@runtime_checkable
class Shows(Protocol):
    """A channel that also shows how things stand."""

    def show(self, view: View) -> None:
        """Show this instead of the account's last view, when there is time. Never blocks, never raises."""
        ...


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


@runtime_checkable
class Paced(Protocol):
    """A channel whose other end takes only so many messages in a time."""

    def ready_in(self, level: Level) -> float:
        """Seconds until a message of this level may be sent; 0: now. Asked right before each send."""
        ...


@runtime_checkable
class Outlets(Protocol):
    """A channel that reaches several addressees, each of which confirms for itself."""

    @property
    def name(self) -> str:
        """As in the settings: who names it (`notify`) means all its outlets."""
        ...

    @property
    def outlets(self) -> Sequence[Channel]:
        """One a person or group. Each has its own rows in the outbox and its own worker, so none delays another.

        Their names, too, must not change between runs.
        """
        ...


AnyChannel: TypeAlias = Channel | Outlets
"""What the settings make: a channel, or several under one name."""
