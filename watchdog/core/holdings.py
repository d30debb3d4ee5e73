"""What is held: what a whole read makes of an account, what has vanished from it, what is closed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

from rpds import HashTrieMap

from watchdog.alerts import tiers, words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import close_subject, unseen_subject
from watchdog.alerts.view import position_subject
from watchdog.core import account, notices, orders
from watchdog.core.hands import shield_of
from watchdog.core.reads import want
from watchdog.core.state import State, account_json
from watchdog.domain.changed import replace
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant, Snapshot
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.position import AccountRead, Position, PositionKey, PositionSide, Stop
from watchdog.protection.shield import OLD_WARNINGS, WARNING
from watchdog.risk import Book, PositionRisk

SECOND_LOOK = 1.0
"""Seconds a second read must be later than the first to say that a vanished position is closed (law 2)."""


def touched(book: Book, symbols: Iterable[str]) -> tuple[list[PositionKey], list[str]]:
    """The positions and pools whose figures marks of these symbols move."""
    named = (PositionKey(symbol, side) for symbol in symbols for side in PositionSide)
    keys = [key for key in named if key in book.positions]
    pools = dict.fromkeys(pool for key in keys if (pool := book.positions[key].position.pool) is not None)
    others = [key for asset in pools for key in book.pools[asset].positions]
    return list(dict.fromkeys([*keys, *others])), list(pools)


def snapshot(state: State, fact: Snapshot, desk: Desk, out: Out, now: Instant) -> tuple[State, bool]:
    """A complete read. Discarded, and asked for anew, if an order of ours fell inside it."""
    reads = replace(
        state.reads, in_flight=None, failures=0, limited=False, why_failed="", next_at=fact.began + state.who.poll
    )
    state = account.usable_again(replace(state, reads=reads), desk)
    if reads.orders_open:  # its answer asks for the next read
        return state, False
    if reads.order_at >= fact.began:
        return want(state, "an order of ours fell inside the last read"), False
    read = fact.read
    overtaken = None if reads.frame_at < fact.began else reads.overtaken
    if overtaken is None and reads.frame_at >= fact.began:
        overtaken = fact.began
    changing = tiers.look(state.read, state.changing, read, fact.began, state.who.venue, desk, now)
    before, last = state.book, state.read
    state = replace(
        state,
        read=read,
        stops=_by_symbol(read.stops),
        read_wall=now.wall,
        reads=replace(reads, last_good=fact.began, ever=True, overtaken=overtaken),
        book=Book.of(read, fact.began, dict(state.marks.items())),
        markets={market.symbol: market for market in read.markets},
        changing=changing,
    )
    state = notices.look(last, _holdings(state, before, fact, desk, out, now), desk, out, now)
    account.settings_alerts(state, desk)
    state = replace(state, other_instance=account.other_instance(state, desk))
    if state.store_failed:  # try whether it can be written again
        out.keep("account", "self", account_json(state))
    return orders.heard(state, fact.began, desk, out, now), True


def _by_symbol(stops: Iterable[Stop]) -> dict[str, tuple[Stop, ...]]:
    rest: defaultdict[str, list[Stop]] = defaultdict(list)
    for stop in stops:
        rest[stop.symbol].append(stop)
    return {symbol: tuple(some) for symbol, some in rest.items()}


def _holdings(state: State, before: Book | None, fact: Snapshot, desk: Desk, out: Out, now: Instant) -> State:
    """What is held, what has vanished, and what is closed: missing from a second read at least a second later.

    `before`: the book of the read before this one.
    """
    gone: HashTrieMap[PositionKey, PositionRisk] = HashTrieMap()
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
        last = state.gone.get(key) or (None if before is None else before.positions.get(key))
        if last is not None:
            gone = gone.insert(key, last)
        unseen_subject(desk, position_subject(key))
    state = replace(state, held=held, vanished=vanished, gone=gone)
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
    for kind in (WARNING, *OLD_WARNINGS, "refused"):
        desk.drop(f"{kind}|{subject}")
    if position is not None:
        who = f"{words.name(position)} {words.size(position.size, state.markets.get(key.symbol))}"
    else:  # before a restart
        side = "" if guard is None or guard.side is None else f" {guard.side}"
        who = f"{key.symbol.split('/', maxsplit=1)[0]}{side}"
    lines = [
        f"CLOSED · {who} · {state.who.account}",
        f"Missing from two reads, the second at {words.clock_time(now.wall, state.who.zone)}.",
    ]
    shield = shield_of(state, now)
    least = Level.INFO
    for stop in shield.ours(key)[:1]:
        where = words.price(stop.trigger_price, state.markets.get(key.symbol))
        if shield.leave.given or shield.leave.passing:
            lines.append(f"My stop {where} goes with it.")
        else:  # something is left to be done by hand
            least = Level.WARN
            lines[0] = f"CLOSED · {who} · MY STOP STAYS · {state.who.account}"
            lines.append(f"My stop {where} still rests, and I send nothing: {shield.leave.why_not}. Cancel it by hand.")
    close_subject(desk, subject, tuple(lines), now, least)
    out.journal("closed", symbol=key.symbol, size=None if position is None else position.size)
