"""When an account is read: what asks for a read, when the next one is due, and how long one that failed waits."""

from __future__ import annotations

from watchdog.core.state import State
from watchdog.domain.changed import replace
from watchdog.domain.effects import Read
from watchdog.domain.facts import Failed, Instant, Outcome
from watchdog.domain.gather import Out

LEAST_GAP = 1.0
"""Seconds between the beginnings of two reads, however many frames ask."""

BACK_OFF = (1.0, 2.0, 4.0, 8.0)
"""Seconds from the end of a failed read to the next, by the failures before it."""

LONGEST_ASKED = 60.0
"""Seconds we wait at most because an answer asks for it (`Retry-After` of a server that is down, of a proxy): to be
blind is worse. Only an address that is told to ask less waits as long as it is told."""


def want(state: State, why: str, *, urgent: bool = False) -> State:
    """Ask for a read as soon as one may begin. `urgent`: somebody waits for it."""
    reads = state.reads
    return replace(state, reads=replace(reads, owed=reads.owed or why, urgent=reads.urgent or urgent))


def read_due(state: State) -> float | None:
    """The monotonic time of the next read; None while one is in flight."""
    reads = state.reads
    if reads.in_flight is not None:
        return None
    soon = bool(reads.owed) and (not reads.failures or (reads.urgent and not reads.limited))
    return min(reads.next_at, reads.last_began + LEAST_GAP) if soon else reads.next_at


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
    return replace(
        state, reads=replace(state.reads, in_flight=now.mono, last_began=now.mono, owed="", urgent=False, why_slow="")
    )


def failed(state: State, fact: Outcome, now: Instant) -> State:
    """A read gave no whole account."""
    reads = state.reads
    answer = fact.answer if isinstance(fact.answer, Failed) else Failed("no answer")
    reason, asked = answer.reason, answer.retry_after or 0.0
    delay = max(
        BACK_OFF[min(reads.failures, len(BACK_OFF) - 1)], asked if answer.limited else min(asked, LONGEST_ASKED)
    )
    failed = replace(
        reads,
        in_flight=None,
        failures=reads.failures + 1,
        limited=answer.limited,
        failing_since=reads.failing_since if reads.failures else now.wall,
        why_failed=reason,
        next_at=now.mono + delay,
    )
    return replace(state, reads=failed)
