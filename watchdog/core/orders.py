"""The orders of an account: what a read and an answer make of its guards, and how many are under way."""

from __future__ import annotations

from watchdog.alerts.desk import Desk
from watchdog.core.hands import shield_of
from watchdog.core.reads import want
from watchdog.core.state import State
from watchdog.domain.changed import replace
from watchdog.domain.effects import Cancel, LookUp, Place
from watchdog.domain.facts import Answer, Instant, Unresolved
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.position import PositionKey, PositionSide, Stop
from watchdog.protection.guard import Guard, guard_key, to_json
from watchdog.protection.outcome import Notice, after_cancel, after_look_up, after_place, after_snapshot
from watchdog.protection.say import tell


def heard(state: State, began: float, desk: Desk, out: Out, now: Instant) -> State:
    """Every guard hears what rests; a position seen for the first time gets one, with a block of ids saved ahead."""
    guards, shield = state.guards, shield_of(state, now)
    for key in sorted({*state.held, *state.vanished}):
        before, position = guards.get(key), state.held.get(key)
        guard = Guard(key) if before is None else before
        if position is not None and guard.side is not position.side:
            guard = replace(guard if guard.side is None else guard.forget(), side=position.side)
        guard = _beyond(guard, shield.ours(key)).reserve()
        if guard is not before:
            guards = guards.insert(key, guard)
            out.keep("guard", guard_key(key), to_json(guard))
    for key, guard in sorted(guards.items()):
        open_position = key in state.held or key in state.vanished
        looked, notice = after_snapshot(guard, shield.ours(key), began, now.mono, open_position=open_position)
        if looked is not guard:
            guards = guards.insert(key, looked)
            _note(replace(state, guards=guards), guard, looked, notice, desk, out, now)
    return replace(state, guards=guards)


def _beyond(guard: Guard, ours: tuple[Stop, ...]) -> Guard:
    """Past every generation that rests: an older database may not know of them."""
    seen = max((known.generation + 1 for stop in ours if (known := read_order_id(stop.client_id))), default=0)
    if seen <= guard.generation:
        return guard
    return replace(guard, generation=seen, settled=seen, reserved=max(guard.reserved, seen))


def _note(state: State, before: Guard, guard: Guard, notice: Notice | None, desk: Desk, out: Out, now: Instant) -> None:
    if to_json(guard) != to_json(before):
        out.keep("guard", guard_key(guard.key), to_json(guard))
    if notice is not None:
        risk = None if state.book is None else state.book.positions.get(guard.key)
        open_position = guard.key in state.held or guard.key in state.vanished
        tell(shield_of(state, now), guard, risk, notice, desk, out, now, open_position=open_position)


def answered(
    state: State, effect: Place | LookUp | Cancel, answer: Answer, desk: Desk, out: Out, now: Instant
) -> State:
    """An order, or a question about one, ended."""
    before, state, notice = _take(state, effect, answer, now)
    if before is None:
        return state
    if not isinstance(effect, LookUp):
        out.journal("answer", to=type(effect).__name__.lower(), client_id=_named(effect)[1], answer=answer)
    _note(state, before, state.guards[before.key], notice, desk, out, now)
    return state


def lost(state: State, effect: Place | LookUp | Cancel, now: Instant) -> State:
    """As if no answer had come: a mistake of ours stood in its way. Nothing is said, and it is looked up by its id."""
    return _take(state, effect, Unresolved("an error of mine, see the log"), now)[1]


def _take(
    state: State, effect: Place | LookUp | Cancel, answer: Answer, now: Instant
) -> tuple[Guard | None, State, Notice | None]:
    """The guard it is about as it was (None: there is none), the state after the answer, and what came of it."""
    guard = _guard(state, *_named(effect))
    if not isinstance(effect, LookUp):
        state = want(_order_ended(state, now), "read back")
    if guard is None:
        return None, state, None
    notice = None
    match effect:
        case Place(order=order):
            looked, notice = after_place(guard, order, answer, now.mono)
        case LookUp(client_id=client_id):
            looked, notice = after_look_up(guard, client_id, answer, now.mono)
        case Cancel(client_id=client_id):
            looked = after_cancel(guard, client_id, answer, now.mono)
    return guard, want(replace(state, guards=state.guards.insert(guard.key, looked)), "read back"), notice


def _named(effect: Place | LookUp | Cancel) -> tuple[str, str]:
    """Symbol and client id of the order it is about."""
    order = effect.order if isinstance(effect, Place) else effect
    return order.symbol, order.client_id


def _guard(state: State, symbol: str, client_id: str) -> Guard | None:
    known = read_order_id(client_id)
    keys = (PositionKey(symbol, side) for side in PositionSide)
    named = (key for key in keys if known is not None and known.position == position_digits(state.who.account, key))
    return next((guard for key in named if (guard := state.guards.get(key)) is not None), None)


def _order_ended(state: State, now: Instant) -> State:
    reads = state.reads
    return replace(state, reads=replace(reads, order_at=now.mono, orders_open=max(0, reads.orders_open - 1)))


def sent(state: State, out: Out, now: Instant) -> State:
    """Count the orders this step sends: a read that overlaps one is not taken."""
    many = out.count(Place, Cancel)
    if not many:
        return state
    reads = state.reads
    return replace(state, reads=replace(reads, order_at=now.mono, orders_open=reads.orders_open + many))
