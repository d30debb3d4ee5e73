"""Facts: all that ever reaches the core (with `core.RulesChanged`, which carries a parsed rules file)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from watchdog.domain.effects import Cancel, LookUp, Place, Read, Save
from watchdog.domain.position import AccountRead, Stop
from watchdog.domain.verbs import Verb


class Instant(NamedTuple):
    """The time of a step: monotonic seconds for ages and holds, wall seconds since the epoch for words."""

    mono: float
    wall: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A complete REST read, with the monotonic times at which its first request left and its last answer came."""

    read: AccountRead
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark price from a stream."""

    symbol: str
    price: Decimal
    venue_time_ms: int


@dataclass(frozen=True, slots=True)
class Marks:
    """Mark prices that waited together, of symbols that share a pool: the pool is valued and judged once for all."""

    marks: tuple[Mark, ...]
    """Of a symbol each."""


class FrameKind(StrEnum):
    """What a private or connection event was. None of them says what is held: each only asks for a read."""

    ACCOUNT = "account"
    CONFIG = "config"
    MARGIN_CALL = "margin call"
    RECONNECT = "reconnect"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Frame:
    """Something happened on the account's streams."""

    kind: FrameKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The venue answered yes. `stop` is the order as it now stands, where the answer shows one."""

    stop: Stop | None = None


class RejectKind(StrEnum):
    """What a refusal means, whatever the venue's code for it."""

    DUPLICATE = "duplicate id"
    """An order with this id was accepted once: look it up."""
    WOULD_TRIGGER = "would trigger at once"
    OTHER = "refused"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue answered no, with its raw code."""

    code: str
    message: str
    kind: RejectKind = RejectKind.OTHER


@dataclass(frozen=True, slots=True)
class Unresolved:
    """No answer, or one that does not say: the order may stand or not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The looked-up order exists and no longer rests: triggered, filled, cancelled, expired or rejected."""

    status: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The venue knows no such order."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A read or a save that did not succeed, in words fit for a message (no secrets, no URL)."""

    reason: str
    retry_after: float | None = None
    """Seconds the venue asked us to wait, where it did."""
    limited: bool = False
    """We asked too often: asking again before then makes it worse."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The transaction is on the disk."""


Answer: TypeAlias = Confirmed | Rejected | Unresolved | Finished | NotFound | Failed | Saved


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an effect ended."""

    effect: Read | Place | LookUp | Cancel | Save
    answer: Answer
    began: float
    """Monotonic time at which the effect was started."""


@dataclass(frozen=True, slots=True)
class Command:
    """A person's word. `reply_to` names the waiting connection; `seconds` is the length of a disarm or a silence."""

    verb: Verb
    reply_to: str
    subject: str = ""
    seconds: float = 0.0
    by: str = ""
    """Who said it, in words fit for a message: `Ann, by phone`; empty: at the daemon's own socket."""


@dataclass(frozen=True, slots=True)
class Due:
    """The time the core asked to be woken at has come."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The venue was reached and said what the account's key may do. `withdraw` None: it would not say."""

    withdraw: bool | None
    note: str


@dataclass(frozen=True, slots=True)
class Barred:
    """The account can't be used as it is set up (a wrong key, a key that can withdraw): it is not read again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Slow:
    """The read in flight is slow for a reason of our own, in words fit for a message."""

    reason: str


Fact: TypeAlias = Opened | Barred | Slow | Snapshot | Mark | Marks | Frame | Outcome | Command | Due
