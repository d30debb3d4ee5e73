"""What is seen of an account: for BLIND why nothing is read and what was at risk, for UNKNOWN since when."""

from __future__ import annotations

from functools import partial

from rpds import HashTrieMap

from watchdog.alerts import blind, unknown, words
from watchdog.alerts.desk import Desk
from watchdog.core.state import State, worst_first
from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.position import PositionKey
from watchdog.risk import PositionRisk

STREAM_SILENT = 15.0
"""Seconds without any streamed price after which the streams of an account count as silent."""

NAMED = 3
"""Positions that have a line of their own in BLIND."""


def of_account(state: State, now: Instant) -> blind.Sight:
    """How reading the account goes."""
    return blind.Sight(
        account=state.who.account,
        venue=state.who.venue,
        last_good=state.reads.last_good,
        ever=state.reads.ever,
        why=partial(_why_blind, state, now),
        last_words=partial(_last_words, state),
    )


def _why_blind(state: State, now: Instant) -> str:
    """Why reads fail, since when, and whether prices still come."""
    reads = state.reads
    slow = reads.why_slow if reads.in_flight is not None else ""
    why = state.barred or slow or reads.why_failed or "the answer to my last question has not come back yet"
    if reads.failures and reads.failing_since is not None:
        why += f" since {words.clock_time(reads.failing_since, state.who.zone).split()[0]}"
    if reads.limited:
        until = words.clock_time(now.wall + reads.next_at - now.mono, state.who.zone).split()[0]
        why += f", I may not ask before {until}"
    if not state.streamed:
        return why
    newest = max((mark.at for mark in state.marks.values()), default=None)
    silent = newest is None or now.mono - newest >= STREAM_SILENT
    return f"{why}, stream silent" if silent else f"{why}, prices still stream"


def _last_words(state: State) -> tuple[str, ...]:
    """What was at risk when the account was last seen, the worst first: what the last answer did not show."""
    if state.book is None:
        return ()
    at = f"Last good {words.clock_time(state.read_wall, state.who.zone)}"
    all_ = [vanished_words(state, key) for key in sorted(state.vanished)]
    all_ += [_held(state, risk) for risk in worst_first(state.book)]
    if not all_:
        return (f"{at}: no open position",)
    parts = all_[:NAMED]
    parts[0] = f"{at}: {parts[0]}"
    if len(all_) > NAMED:
        parts[-1] += f"; {len(all_) - NAMED} more"
    return tuple(parts)


def vanished_words(state: State, key: PositionKey) -> str:
    """A position the last answer did not show: what it was, and that it is not known to be closed."""
    return f"{vanished_name(state, key)} was not in the last answer, not known to be closed{_before(state, key)}"


def vanished_name(state: State, key: PositionKey) -> str:
    """`BTC long 0.500`, as far as it is known: a new process knows only what it did for it."""
    position, guard = state.held.get(key), state.guards.get(key)
    if position is not None:
        return f"{words.name(position)} {words.size(position.size, state.markets.get(key.symbol))}"
    side = "" if guard is None or guard.side is None else f" {guard.side}"
    return f"{key.symbol.split('/', maxsplit=1)[0]}{side}"


def _held(state: State, risk: PositionRisk) -> str:
    return f"{words.name(risk.position)} {_risk_words(state, risk)}"


def _before(state: State, key: PositionKey) -> str:
    risk = state.gone.get(key)
    return "" if risk is None else f"; before: {_risk_words(state, risk)}"


def _risk_words(state: State, risk: PositionRisk) -> str:
    how = words.distance_words(risk.liquidation_distance, short=True)
    return f"{how}, {words.rested_words(risk, state.markets.get(risk.position.symbol))}"


def unknowns(state: State, desk: Desk, now: Instant) -> State:
    """The state with since when readings are unknown, once that is looked at.

    While there is no fresh read, time goes on for what is unknown, and nothing ends.
    """
    book = state.book
    if book is None or not state.fresh(now.mono):
        return state
    since: HashTrieMap[PositionKey, float] = HashTrieMap(
        {key: state.unknown.get(key, now.mono) for key, risk in book.positions.items() if unknown.is_unknown(risk)}
    )
    for key, at in state.unknown.items():
        if key in state.vanished and key not in since:
            since = since.insert(key, at)
    state = replace(state, unknown=since)
    if state.barred or desk.get(blind.KEY).firing or desk.get("modes").firing:
        return state
    sight = unknown.Sight(
        account=state.who.account,
        venue=state.who.venue,
        zone=state.who.zone,
        book=book,
        markets=state.markets,
        since=since,
        unsure=bool(state.vanished),
    )
    unknown.look(sight, state.rules.blind, desk, now)
    return state
