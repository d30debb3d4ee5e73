"""A stop that waits for its owner's word: one plan, bound to what was true when it was shown, good for a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.ids import INSTALLATION_DIGITS, handle
from watchdog.domain.position import OrderSide, Position, PositionKey, StopOrder

GOOD_FOR = 60.0
"""Seconds after it was shown in which a yes counts; later the plan is shown anew."""

STILL = Decimal("0.003")
"""A yes counts while mark and place have moved no more than this share since, and the loss has grown by no more."""

ANOTHER = Decimal("0.05")
"""A position that has grown, or margin that was changed, by more than this share makes it another question."""

LATE = 60.0
"""A process that comes up so many seconds after a time without an answer gives another: nobody watched meanwhile."""

LONGEST_WAIT = 7.0
"""Seconds a yes waits for a fresh read. Shorter than those who wait for the answer do: the control socket, Telegram."""


class Kind(StrEnum):
    """Why a stop is asked about."""

    STOP = "stop"
    """Its rule's mode is `ask`, or it was taken away twice and a new one of it rests."""
    PAST = "past"
    """Its place is passed: this is halfway."""
    REMOVED = "removed"
    """It was taken away twice."""
    LOOSEN = "loosen"
    """Its place moved away from the mark."""


MAY_GO_UNANSWERED = frozenset({Kind.STOP, Kind.PAST})
"""What `no_answer` may send: never what the owner took away, never a stop further from the mark.

The two are one question: whether a place is passed changes with the mark, what the owner is asked does not.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What stays while plans come and go with the mark: whether this position may have the stop its rule wants.

    Its owner's time to answer is given once, when it is first asked.
    """

    need: Kind
    """PAST counts as STOP."""
    side: OrderSide
    size: Decimal
    """Of the stop when it was first asked."""
    replaces: str
    """The client id of the stop it takes over from, empty for the first."""
    entry: Decimal
    margin: Decimal | None
    """Isolated margin per unit of size; None in cross mode."""
    given: float | None = None
    """Seconds without an answer after which it goes (`no_answer`); None: never."""
    sends_at: Instant | None = None
    """When it goes without an answer; None: never, or that time was taken back and another is to be given."""

    @classmethod
    def about(cls, kind: Kind, position: Position, order: StopOrder, replaces: str) -> Question:
        """The question a plan for a position answers, no time given yet."""
        need = Kind.STOP if kind in MAY_GO_UNANSWERED else kind
        wallet = position.isolated_wallet
        margin = None if wallet is None or position.size <= 0 else wallet / position.size
        return cls(need, order.order_side, order.size, replaces, position.entry, margin)

    def other(self, now: Question) -> str:
        """Why what would be asked now is another question than this, in words; empty when it is the same."""
        if now.side is not self.side:
            return "the position was turned round"
        if (now.need, now.replaces) != (self.need, self.replaces):
            return "it is about another stop by now"
        if now.size > self.size * (1 + ANOTHER):
            return f"it would be {now.size.normalize():f}, not {self.size.normalize():f}"
        if abs(now.entry - self.entry) > STILL * self.entry:
            return "the position was entered elsewhere"
        if (now.margin is None) is not (self.margin is None):
            return "its margin mode was changed"
        if now.margin is not None and self.margin is not None and abs(now.margin - self.margin) > ANOTHER * self.margin:
            return "its margin was changed"
        return ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One plan as it was shown."""

    id: str
    kind: Kind
    rule: str
    """By name."""
    side: OrderSide
    size: Decimal
    trigger: Decimal
    replaces: str
    """The client id of the stop it takes over from, empty for the first."""
    mark: Decimal
    fill: Decimal
    """What it brings if it fills (below zero: a loss), taker fee included, in the margin asset."""
    shown: Instant
    alert: str
    """The key of the alert whose message shows it; empty for one that stands alone."""
    question: Question

    @property
    def sends_at(self) -> Instant | None:
        """When its question goes without an answer; None: never."""
        return self.question.sends_at

    @property
    def expires(self) -> float:
        """Wall time from which on a yes to it is a yes to what is no longer so: for words."""
        return self.shown.wall + GOOD_FOR

    def expired(self, now: Instant) -> bool:
        """Whether a yes comes too late; by either clock, a wall clock can be set back."""
        return max(now.mono - self.shown.mono, now.wall - self.shown.wall) >= GOOD_FOR

    def unhurried(self) -> Proposal:
        """It goes no more without an answer, until another time is given."""
        return replace(self, question=replace(self.question, sends_at=None))

    def plan(self, key: PositionKey) -> str:
        """The digits of what would be sent: two proposals of the same digits are the same."""
        old = self.replaces[INSTALLATION_DIGITS:]  # which installation's does not matter: there is one
        parts = (*key, self.kind, self.side, self.size.normalize(), self.trigger.normalize(), old)
        return handle("|".join(map(str, parts)))


@dataclass(frozen=True, slots=True)
class Tap:
    """A yes that waits for a read that began after it. Lost with the process: then nothing was sent."""

    proposal: str
    """By id."""
    at: float
    """Monotonic."""
    wall: float
    by: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A proposal that is over, and what is said to a yes that comes now."""

    id: str
    words: str
    sent: bool = False
    """Whether it was sent."""


def worse(proposal: Proposal, size: Decimal, fill: Decimal) -> str:
    """Why a plan is larger or riskier than the one that was shown, in words; empty when it is neither."""
    if size > proposal.size:
        return f"it would be {size.normalize():f}, not {proposal.size.normalize():f}"
    if fill < proposal.fill - STILL * abs(proposal.fill):
        return "it would lose more by now"
    return ""


def moved(proposal: Proposal, mark: Decimal) -> str:
    """Whether the mark has moved since it was shown by more than a yes holds for, in words; empty when not."""
    share = abs(mark - proposal.mark) / proposal.mark
    return f"the mark has moved {share * 100:.1f}% since" if share > STILL else ""


def to_raw(proposal: Proposal) -> dict[str, Any]:
    """As it is saved, fit for JSON. Of its times, those of the wall."""
    question, sends_at = proposal.question, proposal.sends_at
    return {
        "id": proposal.id,
        "kind": proposal.kind,
        "rule": proposal.rule,
        "side": proposal.side,
        "size": str(proposal.size),
        "trigger": str(proposal.trigger),
        "replaces": proposal.replaces,
        "mark": str(proposal.mark),
        "fill": str(proposal.fill),
        "shown": proposal.shown.wall,
        "alert": proposal.alert,
        "question": {
            "need": question.need,
            "side": question.side,
            "size": str(question.size),
            "replaces": question.replaces,
            "entry": str(question.entry),
            "margin": None if question.margin is None else str(question.margin),
            "given": question.given,
            "sends_at": None if sends_at is None else sends_at.wall,
        },
    }


def from_raw(raw: Mapping[str, Any], now: Instant) -> Proposal:
    """As it was saved, by the clocks of this process; what is doubtful by them has expired.

    Raises LookupError, ValueError or ArithmeticError for what `to_raw` did not make.
    """
    asked, age = raw["question"], now.wall - raw["shown"]
    back = age < 0  # the clock was set back: how old it is, is not known
    shown = Instant(now.mono - (GOOD_FOR if back else age), raw["shown"])
    sends_at: float | None = asked["sends_at"]
    if sends_at is not None and (back or now.wall > sends_at + LATE):
        sends_at = None
    return Proposal(
        id=raw["id"],
        kind=Kind(raw["kind"]),
        rule=raw["rule"],
        side=OrderSide(raw["side"]),
        size=Decimal(raw["size"]),
        trigger=Decimal(raw["trigger"]),
        replaces=raw["replaces"],
        mark=Decimal(raw["mark"]),
        fill=Decimal(raw["fill"]),
        shown=shown,
        alert=raw["alert"],
        question=Question(
            need=Kind(asked["need"]),
            side=OrderSide(asked["side"]),
            size=Decimal(asked["size"]),
            replaces=asked["replaces"],
            entry=Decimal(asked["entry"]),
            margin=None if asked["margin"] is None else Decimal(asked["margin"]),
            given=asked["given"],
            sends_at=None if sends_at is None else Instant(now.mono + sends_at - now.wall, sends_at),
        ),
    )
