"""What is remembered of the stop of one position: generations, the open order step, what rests, what was refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.position import OrderSide, PositionKey, PositionSide, Side, StopOrder
from watchdog.protection.proposal import Ended, Proposal, Tap, from_raw, to_raw

BLOCK = 10
"""Generations reserved at a time: their ids are on the disk before any of them is used."""

MOST_ENDED = 8
"""Proposals that are over and can still be answered for: buttons of old messages."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A Place is on its way."""

    order: StopOrder


@dataclass(frozen=True, slots=True)
class Doubt:
    """A Place without a clear answer: looked up by id, sent again under the same id when the venue has none."""

    order: StopOrder
    tries: int = 0
    absent: bool = False
    """The venue has said, since the last sending, that it knows no such order."""
    resends: int = 0
    next_at: float = 0.0
    asked: bool = False
    """A look-up, or the second sending, is on its way."""
    duplicate: bool = False
    """The venue says the id was used before: what it finds under it may be an older order."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Accepted; counts only once a read that began later shows it."""

    order: StopOrder
    misses: int = 0
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Cancelling:
    """A Cancel of one of our own stops is on its way."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Our stop no longer rests and we did not cancel it: the venue is asked what became of it."""

    client_id: str
    asked: bool = False
    tries: int = 0
    next_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Settling:
    """After a restart: every id of the open block is looked up before any order."""

    generations: tuple[int, ...]
    asked: bool = False
    tries: int = 0
    next_at: float = 0.0


Step: TypeAlias = Sending | Doubt | ReadBack | Cancelling | Missing | Settling


@dataclass(frozen=True, slots=True)
class Guard:
    """The stop of one position, as far as we have to do with it."""

    key: PositionKey
    generation: int = 0
    """The next generation to use."""
    reserved: int = 0
    """Generations below this are in a block that is saved, or being saved."""
    settled: int = 0
    """Of generations below this nothing is open: after a restart only [settled, reserved) is looked up."""
    step: Step | None = None
    resting: StopOrder | None = None
    """Our stop as last read back."""
    wanted: bool = False
    """A rule asked for a stop once: it is kept up until the position is gone."""
    asked: tuple[str, ...] = ()
    """The rules that did, by name: only these keep it up. Empty for a stop found after a restart: any may."""
    side: Side | None = None
    """Of the position when it was last seen: on the other side it is another position, and nothing was asked for it."""
    removed: int = 0
    """How often our stop was taken away by hand, or for a reason unknown."""
    refusals: int = 0
    """In a row."""
    next_try: float = 0.0
    """Not before this monotonic time is another stop sent (a cool-down after a refusal)."""
    cancels_failed: int = 0
    """In a row."""
    next_cancel: float = 0.0
    """Not before this monotonic time is another cancel sent."""
    fresh_after: float = -1.0
    """Only a snapshot that began after this monotonic time may be acted on: later than our last order's answer."""
    why: str = ""
    """Why the last order was sent, in words."""
    moves: tuple[float, ...] = ()
    """When the stop was moved, for the hourly cap."""
    proposal: Proposal | None = None
    """The last one shown that was neither answered nor replaced; it may have expired."""
    earlier: tuple[Proposal, ...] = ()
    """Those of the last minute that it replaced: a yes to one of them counts as well, if it is still what was shown."""
    tap: Tap | None = None
    """A yes to it that waits for a fresh read."""
    ended: tuple[Ended, ...] = ()
    """The last proposals that are over."""
    offered: Decimal | None = None
    """The place last offered to loosen the stop to: each is offered once."""
    stands: str = ""
    """What stands in the way of a stop now, by the kind of its warning; empty: nothing. Not saved."""
    stands_since: float = 0.0
    """Monotonic."""
    worded: str = ""
    """What of that was said last. Not saved."""

    @property
    def hands_off(self) -> bool:
        """The owner took our stop away twice: from now on we only ask."""
        return self.removed > 1

    def end_proposal(self, words: str, *, sent: bool = False) -> Guard:
        """Its open question, if it has one, is over: `words` are said to a yes that comes later."""
        if self.proposal is None:
            return self
        over = (*self.earlier, self.proposal)
        ids = {one.id for one in over}
        kept = (one for one in self.ended if one.id not in ids)
        ended = (*kept, *(Ended(one.id, words, sent) for one in over))[-MOST_ENDED:]
        return replace(self, proposal=None, earlier=(), ended=ended)

    def shows(self, proposal: Proposal, words: str, now: Instant) -> Guard:
        """A newer plan was shown; `words` are said to a yes to the one before, once its own minute is over."""
        before = self.proposal
        if before is None or before.id == proposal.id:
            return replace(self, proposal=proposal)
        ended = (*self.ended, Ended(before.id, words))[-MOST_ENDED:]
        earlier = tuple(one for one in (*self.earlier, before) if not one.expired(now))[-MOST_ENDED:]
        return replace(self, proposal=proposal, earlier=earlier, ended=ended)

    def reworded(self, identity: str, words: str) -> Guard:
        """With other words for a yes to this plan, which counts no more."""
        kept = (one for one in self.ended if one.id != identity)
        earlier = tuple(one for one in self.earlier if one.id != identity)
        return replace(self, earlier=earlier, ended=(*kept, Ended(identity, words))[-MOST_ENDED:])

    def named(self, identity: str) -> Proposal | None:
        """The plan of this id that a yes may still be for."""
        plans = self.earlier if self.proposal is None else (self.proposal, *self.earlier)
        return next((one for one in plans if one.id == identity), None)

    def unhurried(self) -> Guard:
        """Its open question goes no more without an answer, until another time is given for it."""
        if self.proposal is None or self.proposal.sends_at is None:
            return self
        return replace(self, proposal=self.proposal.unhurried())

    def reserve(self) -> Guard:
        """With a block of generations ahead of the next one; not before the block of an earlier process is settled."""
        if self.reserved - self.generation > BLOCK // 3 or isinstance(self.step, Settling):
            return self
        return replace(self, reserved=self.generation + BLOCK)

    def forget(self) -> Guard:
        """As for a new position: nothing was asked for it, nothing taken away. What is open or rests stays known."""
        over = self.end_proposal("its position is closed")
        return replace(
            over,
            wanted=False,
            asked=(),
            side=None,
            removed=0,
            refusals=0,
            next_try=0.0,
            moves=(),
            why="",
            offered=None,
            stands="",
            worded="",
        )

    def at_rest(self) -> Guard:
        """The position is closed and no stop of ours rests: no id is open, so a restart has none to look up."""
        return replace(self.forget(), resting=None, reserved=self.generation, settled=self.generation)

    @property
    def expects(self) -> bool:
        """Whether it belongs to a position that was held when it was last saved."""
        return self.side is not None or self.wanted or self.resting is not None or self.reserved > self.settled


def guard_key(key: PositionKey) -> str:
    """How a position is named in the store."""
    return f"{key.symbol}|{key.position_side}"


def to_json(guard: Guard) -> str:
    """What outlives the process."""
    resting = guard.resting
    return json.dumps(
        {
            "symbol": guard.key.symbol,
            "position_side": guard.key.position_side,
            "reserved": guard.reserved,
            "settled": guard.settled,
            "wanted": guard.wanted,
            "asked": list(guard.asked),
            "side": guard.side,
            "removed": guard.removed,
            "proposal": None if guard.proposal is None else to_raw(guard.proposal),
            "earlier": [to_raw(one) for one in guard.earlier],
            "ended": [[one.id, one.words, one.sent] for one in guard.ended],
            "offered": None if guard.offered is None else str(guard.offered),
            "resting": None
            if resting is None
            else {
                "order_side": resting.order_side,
                "size": str(resting.size),
                "trigger_price": str(resting.trigger_price),
                "client_id": resting.client_id,
            },
        },
        sort_keys=True,
    )


def from_json(text: str, now: Instant) -> Guard:
    """A guard as it was saved; every id of its open block is still to be looked up. `now`: of the new process."""
    raw = json.loads(text)
    key = PositionKey(raw["symbol"], PositionSide(raw["position_side"]))
    resting = raw["resting"]
    open_block = tuple(range(raw["settled"], raw["reserved"]))
    proposal, offered = raw.get("proposal"), raw.get("offered")  # a guard of the first version has none of these
    return Guard(
        key=key,
        generation=raw["reserved"],
        reserved=raw["reserved"],
        settled=raw["settled"],
        wanted=raw["wanted"],
        asked=tuple(raw["asked"]),
        side=None if raw["side"] is None else Side(raw["side"]),
        removed=raw["removed"],
        proposal=None if proposal is None or "question" not in proposal else from_raw(proposal, now),
        earlier=tuple(from_raw(one, now) for one in raw.get("earlier", ())),
        ended=tuple(Ended(*one) for one in raw.get("ended", ())),
        offered=None if offered is None else Decimal(offered),
        step=Settling(open_block) if open_block else None,
        resting=None
        if resting is None
        else StopOrder(
            symbol=key.symbol,
            order_side=OrderSide(resting["order_side"]),
            position_side=key.position_side,
            size=Decimal(resting["size"]),
            trigger_price=Decimal(resting["trigger_price"]),
            client_id=resting["client_id"],
        ),
    )
