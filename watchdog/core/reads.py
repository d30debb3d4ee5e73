"""Reads and what they change: when the next is due, what a snapshot makes of the account, how effects ended."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rpds import HashTrieMap

from watchdog.alerts import tiers, words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import close_subject, unseen_subject
from watchdog.alerts.view import position_subject
from watchdog.core.hands import shield_of
from watchdog.core.state import State, account_json, remember_all
from watchdog.domain.effects import Cancel, Level, LookUp, Place, Read, Save
from watchdog.domain.facts import Failed, Instant, Outcome, Saved, Snapshot
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.position import AccountRead, MarginMode, Position, PositionKey, PositionSide, Stop
from watchdog.protection.guard import Guard, guard_key, to_json
from watchdog.protection.outcome import Notice, after_cancel, after_look_up, after_place, after_snapshot
from watchdog.protection.say import tell
from watchdog.protection.shield import WARNINGS
from watchdog.risk import Book
from watchdog.rules.schema import Mode

SECOND_LOOK = 1.0
"""Seconds a second read must be later than the first to say that a vanished position is closed (law 2)."""

LEAST_GAP = 1.0
"""Seconds between the beginnings of two reads, however many frames ask."""

BARRED_GAP = 60.0
"""Seconds between two tries to use an account that is set up wrongly."""

BACK_OFF = (1.0, 2.0, 4.0, 8.0)


def want(state: State, why: str) -> State:
    """Ask for a read as soon as one may begin."""
    return replace(state, reads=replace(state.reads, owed=state.reads.owed or why))


def read_due(state: State) -> float | None:
    """The monotonic time of the next read; None while one is in flight."""
    reads = state.reads
    if reads.in_flight is not None:
        return None
    return min(reads.next_at, reads.last_began + LEAST_GAP) if reads.owed and not reads.failures else reads.next_at


def overdue(state: State, mono: float) -> float:
    """Seconds since the read in flight began, else since the next one was due; below 0 while it is not due yet."""
    due = read_due(state)
    since = state.reads.in_flight if due is None else due
    return 0.0 if since is None else mono - since


def next_read(state: State, out: Out, now: Instant) -> State:
    """Send a read when it is due."""
    due = read_due(state)
    if due is None or now.mono < due:
        return state
    out.do(Read(state.reads.owed or "poll"))
    return replace(state, reads=replace(state.reads, in_flight=now.mono, last_began=now.mono, owed=""))


def touched(book: Book, symbols: Iterable[str]) -> tuple[list[PositionKey], list[str]]:
    """The positions and pools whose figures marks of these symbols move."""
    named = (PositionKey(symbol, side) for symbol in symbols for side in PositionSide)
    keys = [key for key in named if key in book.positions]
    pools = dict.fromkeys(
        risk.position.margin_asset
        for key in keys
        if (risk := book.positions[key]).position.margin_mode is MarginMode.CROSS
    )
    others = [key for asset in pools for key in book.pools[asset].positions]
    return list(dict.fromkeys([*keys, *others])), list(pools)


def snapshot(state: State, fact: Snapshot, desk: Desk, out: Out, now: Instant) -> tuple[State, bool]:
    """A complete read. Discarded, and asked for anew, if an order of ours fell inside it."""
    reads = replace(state.reads, in_flight=None, failures=0, why_failed="", next_at=fact.began + state.who.poll)
    state = _usable_again(replace(state, reads=reads), desk)
    if reads.orders_open:  # its answer asks for the next read
        return state, False
    if reads.order_at >= fact.began:
        return want(state, "an order of ours fell inside the last read"), False
    read = fact.read
    overtaken = None if reads.frame_at < fact.began else reads.overtaken
    if overtaken is None and reads.frame_at >= fact.began:
        overtaken = fact.began
    tiers.look(state.markets, read, fact.began, state.who.venue, desk)
    state = replace(
        state,
        read=read,
        stops=_by_symbol(read.stops),
        read_wall=now.wall,
        reads=replace(reads, last_good=fact.began, ever=True, overtaken=overtaken),
        book=Book.of(read, fact.began, dict(state.marks.items())),
        markets={market.symbol: market for market in read.markets},
    )
    state = _holdings(state, fact, desk, out, now)
    _account_alerts(state, desk)
    state = replace(state, other_instance=_other_instance(state, desk))
    if state.store_failed:  # try whether it can be written again
        out.keep("account", "self", account_json(state))
    return _guards(state, fact.began, desk, out, now), True


def _by_symbol(stops: Iterable[Stop]) -> dict[str, tuple[Stop, ...]]:
    rest: defaultdict[str, list[Stop]] = defaultdict(list)
    for stop in stops:
        rest[stop.symbol].append(stop)
    return {symbol: tuple(some) for symbol, some in rest.items()}


def _usable_again(state: State, desk: Desk) -> State:
    """A whole read came: the account can be used, whatever was said of it before."""
    if not state.barred:
        return state
    desk.fall("barred", (f"OK · {state.who.account} is watched · {state.who.account}",))
    return replace(state, barred="")


def _holdings(state: State, fact: Snapshot, desk: Desk, out: Out, now: Instant) -> State:
    """What is held, what has vanished, and what is closed: missing from a second read at least a second later."""
    held: HashTrieMap[PositionKey, Position] = HashTrieMap({position.key: position for position in fact.read.positions})
    vanished: HashTrieMap[PositionKey, float] = HashTrieMap()
    for key in sorted({*state.held, *state.vanished, *_orphans(state, fact.read)}):
        if key in held:
            continue
        first = state.vanished.get(key, math.inf)
        if fact.began >= first + SECOND_LOOK:
            _closed(state, key, desk, out, now)
            continue
        if key in state.held:
            held = held.insert(key, state.held[key])
        vanished = vanished.insert(key, min(first, fact.ended))
        unseen_subject(desk, position_subject(key))
    state = replace(state, held=held, vanished=vanished)
    if vanished:
        soon = max(vanished.values()) + SECOND_LOOK
        state = replace(state, reads=replace(state.reads, next_at=min(state.reads.next_at, soon)))
    return state


def _orphans(state: State, read: AccountRead) -> Iterator[PositionKey]:
    """Positions known only by a stop of ours that rests: placed by an earlier process whose last words were lost."""
    for stop in read.stops:
        key, known = PositionKey(stop.symbol, stop.position_side), read_order_id(stop.client_id)
        if known is None or known.installation != state.who.installation or key in state.guards:
            continue
        if known.position == position_digits(state.who.account, key):
            yield key


def _closed(state: State, key: PositionKey, desk: Desk, out: Out, now: Instant) -> None:
    position, guard = state.held.get(key), state.guards.get(key)
    subject = position_subject(key)
    for kind in (*WARNINGS, "refused"):
        desk.drop(f"{kind}|{subject}")
    if position is not None:
        who = f"{words.name(position)} {words.size(position.size)}"
    else:  # before a restart
        side = "" if guard is None or guard.side is None else f" {guard.side}"
        who = f"{key.symbol.split('/', maxsplit=1)[0]}{side}"
    lines = [
        f"CLOSED · {who} · {state.who.account}",
        f"Missing from two reads, the second at {words.clock_time(now.wall, state.who.zone)}.",
    ]
    shield = shield_of(state, now)
    for stop in shield.ours(key)[:1]:
        where = words.price(stop.trigger_price, state.markets.get(key.symbol))
        stays = f"still rests, and I send nothing: {shield.leave.why_not}. Cancel it by hand."
        may = shield.leave.given or shield.leave.passing
        lines.append(f"My stop {where} {'goes with it.' if may else stays}")
    close_subject(desk, subject, tuple(lines), now)
    out.journal("closed", symbol=key.symbol, size=None if position is None else position.size)


def _account_alerts(state: State, desk: Desk) -> None:
    """What the account's own settings mean for us."""
    read = state.read
    if read is None:
        return
    account = state.who.account
    odd = "hedge mode" if read.modes.hedge else "multi-assets mode" if read.modes.multi_asset else ""
    if odd:
        lines = (
            f"CRITICAL · {account} is in {odd}: NO NUMBERS · {account}",
            f"I can't compute margin in {odd} yet. Positions are listed, nothing about them is judged safe.",
            "I send nothing on this account. You: switch it to one-way, single-asset mode, or watch it yourself.",
        )
        desk.stand("modes", Level.CRITICAL, lines)
    else:
        desk.fall("modes", (f"OK · {account} is in one-way, single-asset mode · {account}",))
    if not read.modes.can_trade and state.mode > Mode.WATCH:
        first = f"WARN · the key of {account} can't trade · {account}"
        desk.stand("trade", Level.WARN, (first, f"mode is {state.mode.name.lower()}, but no stop can be placed."))
    else:
        desk.fall("trade", (f"OK · the key of {account} can trade · {account}",))


def _other_instance(state: State, desk: Desk) -> str:
    """The id of a stop that another installation's watchdog placed on this account's positions, empty when none."""
    read = state.read
    digits = {position_digits(state.who.account, key) for key in (*state.held, *state.guards)}
    for stop in () if read is None else read.stops:
        known = read_order_id(stop.client_id)
        if known is not None and known.installation != state.who.installation and known.position in digits:
            account = state.who.account
            lines = (
                f"EMERGENCY · ANOTHER WATCHDOG acts on {account} · {account}",
                f"Its stop {stop.client_id} rests on {stop.symbol}; this installation is {state.who.installation}.",
                "I send nothing until it is gone: two watchdogs fight over the same stop.",
                "You: stop one of them. If it was this one before a lost database, cancel that stop by hand.",
            )
            desk.stand("instance", Level.EMERGENCY, lines)
            return stop.client_id
    desk.fall("instance", (f"OK · no other watchdog's stop rests · {state.who.account}",))
    return ""


def _guards(state: State, began: float, desk: Desk, out: Out, now: Instant) -> State:
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
        heard, notice = after_snapshot(guard, shield.ours(key), began, now.mono, open_position=open_position)
        if heard is not guard:
            guards = guards.insert(key, heard)
            _note(replace(state, guards=guards), guard, heard, notice, desk, out, now)
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


def outcome(state: State, fact: Outcome, desk: Desk, out: Out, now: Instant) -> State:
    """An effect ended."""
    match fact.effect:
        case Read():
            return _read_failed(state, fact, now)
        case Save():
            return _saved(state, fact, desk, out)
        case Place(order=order):
            guard = _guard(state, order.symbol, order.client_id)
            state = want(_order_ended(state, now), "read back")
            if guard is None:
                return state
            heard, notice = after_place(guard, order, fact.answer, now.mono)
            out.journal("answer", to="place", client_id=order.client_id, answer=fact.answer)
        case LookUp(symbol=symbol, client_id=client_id):
            guard = _guard(state, symbol, client_id)
            if guard is None:
                return state
            heard, notice = after_look_up(guard, client_id, fact.answer, now.mono)
        case Cancel(symbol=symbol, client_id=client_id):
            guard = _guard(state, symbol, client_id)
            state = want(_order_ended(state, now), "read back")
            if guard is None:
                return state
            heard, notice = after_cancel(guard, client_id, fact.answer, now.mono), None
            out.journal("answer", to="cancel", client_id=client_id, answer=fact.answer)
    state = want(replace(state, guards=state.guards.insert(guard.key, heard)), "read back")
    _note(state, guard, heard, notice, desk, out, now)
    return state


def _guard(state: State, symbol: str, client_id: str) -> Guard | None:
    known = read_order_id(client_id)
    keys = (PositionKey(symbol, side) for side in PositionSide)
    named = (key for key in keys if known is not None and known.position == position_digits(state.who.account, key))
    return next((guard for key in named if (guard := state.guards.get(key)) is not None), None)


def _order_ended(state: State, now: Instant) -> State:
    reads = state.reads
    return replace(state, reads=replace(reads, order_at=now.mono, orders_open=max(0, reads.orders_open - 1)))


def orders_sent(state: State, out: Out, now: Instant) -> State:
    """Count the orders this step sends: a read that overlaps one is not taken."""
    sent = out.count(Place, Cancel)
    if not sent:
        return state
    reads = state.reads
    return replace(state, reads=replace(reads, order_at=now.mono, orders_open=reads.orders_open + sent))


def _read_failed(state: State, fact: Outcome, now: Instant) -> State:
    reads = state.reads
    reason, wait = "no answer", None
    if isinstance(fact.answer, Failed):
        reason, wait = fact.answer.reason, fact.answer.retry_after
    delay = BACK_OFF[min(reads.failures, len(BACK_OFF) - 1)] if wait is None else wait
    failed = replace(
        reads,
        in_flight=None,
        failures=reads.failures + 1,
        failing_since=reads.failing_since if reads.failures else now.wall,
        why_failed=reason,
        next_at=now.mono + delay,
    )
    return replace(state, reads=failed)


def barred(state: State, reason: str, desk: Desk, now: Instant) -> State:
    """The account can't be used as it is set up: said at once, tried again slowly."""
    account = state.who.account
    first = f"EMERGENCY · {account} IS NOT WATCHED · {account}"
    desk.stand("barred", Level.EMERGENCY, (first, reason, "I try again every minute. All other accounts go on."))
    reads = state.reads
    waiting = replace(
        reads, in_flight=None, failures=reads.failures + 1, why_failed=reason, next_at=now.mono + BARRED_GAP
    )
    return replace(state, barred=reason, reads=waiting)


def opened(state: State, withdraw: bool | None, note: str, desk: Desk, now: Instant) -> State:
    """The venue was reached and told what the key may do."""
    account = state.who.account
    desk.fall("barred", (f"OK · {account} is watched · {account}", note))
    if withdraw is None:
        first = f"WARN · what the key of {account} may do is not known · {account}"
        desk.stand("key", Level.WARN, (first, note, "If it can withdraw, make one that can't."))
    else:
        desk.fall("key", (f"OK · {account} · the key was checked: {note}",))
    if state.barred and not state.reads.ever:  # from here on it is read; till now it was said not to be watched
        state = replace(state, reads=replace(state.reads, last_good=now.mono, why_failed=""))
    return replace(state, barred="")


def _saved(state: State, fact: Outcome, desk: Desk, out: Out) -> State:
    account = state.who.account
    if isinstance(fact.answer, Failed):
        lines = (
            f"EMERGENCY · NOTHING CAN BE SAVED · {account}",
            f"The store says: {fact.answer.reason}",
            "I go on watching and acting from memory. A restart now would forget what was told and sent.",
            "You: make room on the disk, or mend the database.",
        )
        desk.stand("store", Level.EMERGENCY, lines)
        lost = [] if not isinstance(fact.effect, Save) else [(keep.kind, keep.key) for keep in fact.effect.keeps]
        return replace(state, store_failed=True, unsaved=state.unsaved.union(lost))
    if isinstance(fact.answer, Saved) and (state.store_failed or "store" in desk.alerts):
        state = replace(state, store_failed=False, alerts=desk.alerts)
        remember_all(state, out)
        state = replace(state, unsaved=frozenset())
        desk.fall("store", (f"OK · the store can be written again · {account}",))
    return state


def account_clock(state: State, desk: Desk, out: Out, now: Instant) -> State:
    """What the account's mode and its end of disarming make of the time: `first_act_after` runs from here."""
    before = account_json(state)
    if state.disarmed_until is not None and now.wall >= state.disarmed_until:
        state = replace(state, disarmed_until=None)
        line = f"INFO · {state.who.account} is armed again · {state.who.account}"
        desk.tell("armed again", Level.WARN, (line, "The time of its disarming is over."))
    if state.mode is not Mode.ACT:
        state = replace(state, act_from=None)
    elif state.act_from is None:
        state = replace(state, act_from=now.wall + state.rules.first_act_after)
        if state.rules.first_act_after > 0:
            at = words.clock_time(now.wall + state.rules.first_act_after, state.who.zone)
            line = f"INFO · {state.who.account} may act from {at} · {state.who.account}"
            desk.tell(
                "act",
                Level.WARN,
                (line, "Until then `watchdog plan` shows what it would send.", "Sooner: `watchdog arm`."),
            )
    after = account_json(state)
    if after != before:
        out.keep("account", "self", after)
    return state
