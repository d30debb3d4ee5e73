"""Effects: all the core ever asks of the edges. The edges run them and decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from watchdog.domain.position import StopOrder
from watchdog.domain.verbs import Verb


class Level(IntEnum):
    """How bad. A channel hears a message when its own minimum is not above the message's level."""

    INFO = 0
    WARN = 1
    CRITICAL = 2
    EMERGENCY = 3


@dataclass(frozen=True, slots=True)
class Read:
    """Read the whole account over REST, now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """Send a protective stop. `why` is in words, for the journal."""

    order: StopOrder
    why: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the venue for one of our orders by its client id."""

    symbol: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one of our own stops."""

    symbol: str
    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """One remembered value of the account's state; None forgets it. `value` is JSON text."""

    kind: str
    """What sort: `alert`, `block`, `account` …"""
    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `detail` is JSON text."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Button:
    """What a person can tap under a message: a command of theirs, ready to be sent.

    `subject` is short, at most 16 characters (`domain.ids.handle`), so that it fits every channel's button data.
    """

    label: str
    verb: Verb
    subject: str
    seconds: float = 0.0
    own_row: bool = False
    """On a line of its own: what sends an order never stands beside another."""


EVERYONE = "*"
"""Among the channels of a message: also all whose own minimum is not above its level. No channel has this name."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is told. `id` is unique for ever: a channel that has confirmed it never hears it again."""

    id: str
    account: str
    level: Level
    event: str
    """fired · worsened · repeated · escalated · resolved · acted · told · asked"""
    alert: str
    """The key of the alert it speaks of; empty for a message that stands alone."""
    lines: tuple[str, ...]
    """The first is all a lock screen shows."""
    sound: bool
    at: float
    """Wall seconds."""
    channels: tuple[str, ...] = ()
    """Who hears it, by name (`notify`); empty: every channel whose own minimum is not above its level."""
    buttons: tuple[Button, ...] = ()
    earlier: bool = False
    """Something newer of its alert was told before it: it says how the alert stood then. Set as it is sent."""

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Save:
    """One transaction: what to remember, what to tell (an outbox row per channel), what to journal.

    Messages go out once the transaction is on the disk, or at once if it can't be written: a store that fails
    stops neither talking nor acting.
    """

    keeps: tuple[Keep, ...] = ()
    messages: tuple[Message, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send `Due` at this monotonic time; replaces any earlier request."""

    mono: float


@dataclass(frozen=True, slots=True)
class Stream:
    """Stream the mark prices of exactly these symbols from now on."""

    symbols: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command."""

    to: str
    text: str
    ok: bool = True
    known: bool = True
    """Whether the account knows what the command's subject names: of several accounts, those that do answer."""


@dataclass(frozen=True, slots=True)
class Publish:
    """What is shown of this account has changed: channels that show it want it anew. Latest wins, none is owed."""


Effect: TypeAlias = Read | Place | LookUp | Cancel | Save | WakeAt | Stream | Reply | Publish
