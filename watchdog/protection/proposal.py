"""A stop that waits for its owner's word: one plan, bound to what was true when it was shown, good for a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from watchdog.domain.ids import handle
from watchdog.domain.position import OrderSide, PositionKey

GOOD_FOR = 60.0
"""Seconds after it was shown in which a yes counts; later the plan is shown anew."""

STILL = Decimal("0.003")
"""A yes counts while mark and place have moved no more than this share since, and the loss has grown by no more."""

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


@dataclass(frozen=True, slots=True)
class Proposal:
    """One plan as it was shown. Times are wall seconds."""

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
    shown: float
    alert: str
    """The key of the alert whose message shows it; empty for one that stands alone."""
    sends_at: float | None = None
    """When it goes without an answer (`no_answer`); None: never."""

    @property
    def expires(self) -> float:
        """From when on a yes to it is a yes to what is no longer so."""
        return self.shown + GOOD_FOR

    def plan(self, key: PositionKey) -> str:
        """The digits of what would be sent: two proposals of the same digits are the same."""
        parts = (*key, self.kind, self.side, self.size.normalize(), self.trigger.normalize(), self.replaces)
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
    """As it is saved, fit for JSON."""
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
        "shown": proposal.shown,
        "alert": proposal.alert,
        "sends_at": proposal.sends_at,
    }


def from_raw(raw: Mapping[str, Any]) -> Proposal:
    """As it was saved. Raises LookupError, ValueError or ArithmeticError for what `to_raw` did not make."""
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
        shown=raw["shown"],
        alert=raw["alert"],
        sends_at=raw["sends_at"],
    )
