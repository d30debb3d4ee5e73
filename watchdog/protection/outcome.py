"""What an answer, or a snapshot, makes of the open step of a guard.

No answer is not a no (law 7): an unresolved order is looked up by its id until the venue says what became of it, and
is sent again only under that same id. Nothing counts until a read that began later shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from watchdog.domain.changed import replace
from watchdog.domain.effects import Effect, LookUp, Place
from watchdog.domain.facts import Answer, Confirmed, Finished, NotFound, Rejected, RejectKind
from watchdog.domain.ids import OrderId, read_order_id
from watchdog.domain.position import Stop, StopOrder
from watchdog.protection.guard import BLOCK, Cancelling, Doubt, Guard, Missing, ReadBack, Settling

MOST_RESENDS = 3
MOST_MISSES = 3
"""Reads after which an accepted stop that never showed up is looked up by id."""

LOOKS_AT_DUPLICATE = 3
"""Look-ups that must find nothing under an id the venue calls a duplicate, before the next id is taken."""

COOL_DOWN = 30.0
"""Seconds after a refused order before the next; doubled with each refusal in a row, up to ten minutes."""

LONGEST_COOL_DOWN = 600.0


@dataclass(frozen=True, slots=True)
class Rests:
    """A stop was read back: it counts from now on."""

    order: StopOrder


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue refused a stop, or made something else of it."""

    order: StopOrder
    code: str
    message: str
    would_trigger: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """Our stop no longer rests and we did not cancel it."""

    client_id: str
    status: str
    by_hand: bool
    order: StopOrder | None
    """As it was last read back; None when it never was."""

    @property
    def triggered(self) -> bool:
        """Whether it has done its work."""
        return self.status in _TRIGGERED


@dataclass(frozen=True, slots=True)
class Lost:
    """A stop left no trace at the venue, and is not sent again."""

    order: StopOrder
    why: str
    """Why not, as the end of a sentence."""


Notice: TypeAlias = Rests | Refused | Gone | Lost

_TRIGGERED = frozenset({"TRIGGERING", "TRIGGERED", "FINISHED"})
"""Statuses in which a stop has done its work."""

_BY_VENUE = frozenset({"EXPIRED", "REJECTED"})
"""Statuses in which the venue itself took a stop away."""


def _delay(tries: int) -> float:
    return float(min(8.0, 0.5 * 2.0 ** min(tries, 8)))


def _settle(guard: Guard, client_id: str) -> Guard:
    """Nothing is open any more for this id or any before it."""
    known = read_order_id(client_id)
    generation = guard.generation if known is None else known.generation + 1
    return replace(guard, settled=max(guard.settled, generation), step=None)


def after_place(guard: Guard, order: StopOrder, answer: Answer, mono: float) -> tuple[Guard, Notice | None]:
    """A Place ended."""
    guard = replace(guard, fresh_after=mono)
    doubt = guard.step if isinstance(guard.step, Doubt) else Doubt(order)
    match answer:
        case Confirmed():
            return replace(guard, step=ReadBack(order), refusals=0), None
        case Rejected(kind=RejectKind.DUPLICATE):
            # Sent twice, the first is the one it calls a duplicate; sent once, it may be an order of long ago.
            older = doubt.duplicate or doubt.resends == 0
            return replace(guard, step=replace(doubt, asked=False, absent=False, duplicate=older, next_at=mono)), None
        case Rejected(code=code, message=message, kind=kind):
            refused = Refused(order, code, message, kind is RejectKind.WOULD_TRIGGER)
            return _give_up(guard, order, mono), refused
        case _:
            return replace(guard, step=replace(doubt, asked=False, absent=False, next_at=mono)), None


def after_look_up(guard: Guard, client_id: str, answer: Answer, mono: float) -> tuple[Guard, Notice | None]:
    """A LookUp ended."""
    step = guard.step
    guard = replace(guard, fresh_after=mono)
    match step:
        case Doubt(order=order) if order.client_id == client_id:
            return _after_doubt(guard, step, answer, mono)
        case ReadBack(order=order) if order.client_id == client_id:
            if isinstance(answer, Finished | NotFound):
                return _finished(guard, order.client_id, answer)
            return replace(guard, step=replace(step, asked=False, misses=0)), None
        case Missing(client_id=missing) if missing == client_id:
            if isinstance(answer, Finished | NotFound):
                return _finished(guard, client_id, answer)
            if isinstance(answer, Confirmed):  # it rests after all: the list was late
                return replace(guard, step=None), None
            tries = step.tries + 1
            return replace(guard, step=replace(step, asked=False, tries=tries, next_at=mono + _delay(tries))), None
        case Settling():
            return _after_settling(guard, step, client_id, answer, mono), None
        case _:
            return guard, None


def _after_doubt(guard: Guard, step: Doubt, answer: Answer, mono: float) -> tuple[Guard, Notice | None]:
    tries, absent = step.tries + 1, isinstance(answer, NotFound)
    match answer:
        case Confirmed(stop):
            if stop is None or step.order.matches(stop):
                return replace(guard, step=ReadBack(step.order), refusals=0), None
            return _settle(guard, step.order.client_id), None  # another order under this id: the next generation
        case Finished() if step.duplicate:
            return _past_used_ids(guard, step.order), None
        case NotFound() if step.duplicate and tries >= LOOKS_AT_DUPLICATE:
            return _past_used_ids(guard, step.order), None
        case Finished():
            return _finished(guard, step.order.client_id, answer)
        case NotFound() if step.resends >= MOST_RESENDS:
            return _give_up(guard, step.order, mono), Refused(
                step.order, "no answer", "the venue knows no such order after several sendings", would_trigger=False
            )
        case _:
            absent = absent and not step.duplicate
            doubt = replace(step, asked=False, absent=absent, tries=tries, next_at=mono + _delay(tries))
            return replace(guard, step=doubt), None


def _past_used_ids(guard: Guard, order: StopOrder) -> Guard:
    """The id belonged to an order that is long over (an old database was put back): go on well past it."""
    guard = _settle(guard, order.client_id)
    return replace(guard, generation=guard.generation + BLOCK, settled=guard.generation + BLOCK).reserve()


def _give_up(guard: Guard, order: StopOrder, mono: float) -> Guard:
    """No order came of it: the next one waits for a cool-down, longer with each failure in a row."""
    wait = min(COOL_DOWN * 2 ** min(guard.refusals, 8), LONGEST_COOL_DOWN)
    return replace(_settle(guard, order.client_id), refusals=guard.refusals + 1, next_try=mono + wait)


def _after_settling(guard: Guard, step: Settling, client_id: str, answer: Answer, mono: float) -> Guard:
    if not isinstance(answer, Confirmed | Finished | NotFound):
        tries = step.tries + 1
        return replace(guard, step=replace(step, asked=False, tries=tries, next_at=mono + _delay(tries)))
    known = read_order_id(client_id)
    left = tuple(generation for generation in step.generations if known is None or generation != known.generation)
    if left:
        return replace(guard, step=Settling(left))
    return replace(guard, step=None, settled=guard.generation).reserve()


def _finished(guard: Guard, client_id: str, answer: Answer) -> tuple[Guard, Notice]:
    """The stop is over: was it triggered, taken by the venue, or by hand (or we can't know)?"""
    status = answer.status if isinstance(answer, Finished) else "unknown to the venue"
    by_hand = status not in _TRIGGERED and status not in _BY_VENUE
    resting = guard.resting
    ended = resting is not None and resting.client_id == client_id
    guard = replace(
        _settle(guard, client_id),
        resting=None if ended else resting,
        removed=guard.removed + (1 if by_hand else 0),
    )
    return guard, Gone(client_id, status, by_hand, resting if ended else None)


def after_cancel(guard: Guard, client_id: str, answer: Answer, mono: float) -> Guard:
    """A Cancel ended. One that failed is not repeated by itself: whether it is still right is decided anew."""
    step = guard.step
    guard = replace(guard, fresh_after=mono)
    if not isinstance(step, Cancelling) or step.client_id != client_id:
        return guard
    if isinstance(answer, Confirmed | NotFound | Finished):
        resting = guard.resting
        if resting is not None and resting.client_id == client_id:
            guard = replace(guard, resting=None)
        return replace(guard, step=None, cancels_failed=0, next_cancel=0.0)
    failed = guard.cancels_failed + 1
    return replace(guard, step=None, cancels_failed=failed, next_cancel=mono + _delay(failed))


def after_snapshot(
    guard: Guard, ours: Iterable[Stop], began: float, mono: float, *, open_position: bool
) -> tuple[Guard, Notice | None]:
    """A read that began at `began` lists these stops of ours for the position."""
    if began <= guard.fresh_after:
        return guard, None
    resting = {stop.client_id: stop for stop in ours}
    step = guard.step
    match step:
        case ReadBack(order=order):
            return _read_back(guard, step, resting.get(order.client_id), mono)
        case Doubt(order=order, asked=False) if order.client_id in resting and order.matches(resting[order.client_id]):
            return _rests(guard, order)
        case None if guard.resting is not None:
            listed = resting.get(guard.resting.client_id)
            if listed is None:
                if open_position:
                    return replace(guard, step=Missing(guard.resting.client_id)), None
                return replace(guard, resting=None), None
            return guard, None
        case None if resting:
            return replace(guard, resting=_as_order(max(resting.values(), key=lambda stop: stop.client_id))), None
        case _:
            return guard, None


def _as_order(stop: Stop) -> StopOrder | None:
    """A stop of ours that was adopted after a restart."""
    if stop.size is None:
        return None
    return StopOrder(stop.symbol, stop.order_side, stop.position_side, stop.size, stop.trigger_price, stop.client_id)


def _read_back(guard: Guard, step: ReadBack, listed: Stop | None, mono: float) -> tuple[Guard, Notice | None]:
    if listed is None:
        return replace(guard, step=replace(step, misses=step.misses + 1)), None
    if step.order.matches(listed):
        return _rests(guard, step.order)
    # What does rest is judged by what it is; another is not sent at once: it might end the same way.
    what = f"what rests is not what I sent: {_difference(step.order, listed)}"
    return _give_up(guard, step.order, mono), Refused(step.order, "read back", what, would_trigger=False)


def _difference(order: StopOrder, listed: Stop) -> str:
    parts = [
        ("side", order.order_side, listed.order_side),
        ("size", order.size, listed.size),
        ("at", order.trigger_price, listed.trigger_price),
        ("kind", "stop market", listed.kind),
        ("trigger", "mark", listed.trigger),
        ("leg", order.position_side, listed.position_side),
        ("reduce-only", True, listed.reduce_only),
    ]
    return ", ".join(f"{name} {is_} for {was}" for name, was, is_ in parts if was != is_)


def _rests(guard: Guard, order: StopOrder) -> tuple[Guard, Notice]:
    return replace(_settle(guard, order.client_id), resting=order, refusals=0, next_try=0.0), Rests(order)


def next_effect(
    guard: Guard, position_id: tuple[str, str], may_resend: Callable[[StopOrder], bool | None], mono: float
) -> tuple[Guard, Effect | None]:
    """What the open step asks for now: a look-up, or a second sending under the same id.

    `position_id` is the installation and the 16 digits of the position, for the ids of an open block. `may_resend`
    says whether an order is still right for the position as last read, and may be sent at all; None: the next read
    will tell, and the step stays open until then.
    """
    step = guard.step
    symbol = guard.key.symbol
    match step:
        case Doubt(asked=False, next_at=due) if mono >= due:
            if step.absent:
                again = may_resend(step.order)
                if again is None:
                    return guard, None
                if not again:
                    return _settle(guard, step.order.client_id), None
                resent = replace(step, asked=True, resends=step.resends + 1)
                return replace(guard, step=resent), Place(step.order, "the first sending left no trace: the same again")
            return replace(guard, step=replace(step, asked=True)), LookUp(symbol, step.order.client_id)
        case ReadBack(asked=False, misses=misses) if misses >= MOST_MISSES:
            return replace(guard, step=replace(step, asked=True)), LookUp(symbol, step.order.client_id)
        case Missing(asked=False, next_at=due) if mono >= due:
            return replace(guard, step=replace(step, asked=True)), LookUp(symbol, step.client_id)
        case Settling(asked=False, next_at=due) if mono >= due:
            client_id = str(OrderId(*position_id, step.generations[0]))
            return replace(guard, step=replace(step, asked=True)), LookUp(symbol, client_id)
        case _:
            return guard, None


def next_due(guard: Guard) -> float | None:
    """The monotonic time at which the guard wants to be looked at, if nothing else happens; it may have passed."""
    match guard.step:
        case Doubt(asked=False, next_at=due) | Missing(asked=False, next_at=due) | Settling(asked=False, next_at=due):
            return due
        case None:
            waits = [at for at in (guard.next_try, guard.next_cancel) if at > 0]
            return max(waits, default=None)
        case _:
            return None
