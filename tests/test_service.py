"""What systemd's watchdog is fed by: accounts that go through their cycles, and nothing else."""

from __future__ import annotations

from tests.core.bench import Bench, account, position, shipped
from watchdog.core.account import BARRED_GAP
from watchdog.core.reads import overdue
from watchdog.core.state import State
from watchdog.domain.effects import Read
from watchdog.domain.facts import Barred, Due, Failed, Outcome
from watchdog.service import CYCLE_GRACE


def stuck(state: State, mono: float) -> bool:
    """As the service asks."""
    return overdue(state, mono) > CYCLE_GRACE


def test_an_account_that_is_read_is_not_stuck() -> None:
    """Between two reads it is not due, in one it has its time."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    assert overdue(bench.state, bench.mono) < 0
    bench.after(11).put(Due())
    assert bench.state.reads.in_flight is not None
    assert not stuck(bench.state, bench.mono + CYCLE_GRACE - 1)


def test_a_read_that_does_not_end_is_stuck() -> None:
    """Whatever it hangs on: the runner gives up a read long before this."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    bench.after(11).put(Due())
    began = bench.state.reads.in_flight
    assert began is not None
    assert stuck(bench.state, began + CYCLE_GRACE + 1)


def test_a_read_that_does_not_begin_is_stuck() -> None:
    """The account's task no longer takes anything in."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    assert not stuck(bench.state, bench.state.reads.next_at + CYCLE_GRACE - 1)
    assert stuck(bench.state, bench.state.reads.next_at + CYCLE_GRACE + 1)


def test_reads_that_fail_are_cycles() -> None:
    """A venue that is down for a day, or refuses us for half an hour: BLIND says so, a restart would not mend it."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    for wait in (None, 1800.0, None):
        bench.after(11).put(Due())
        bench.put(Outcome(Read("poll"), Failed("HTTP 418", wait, limited=wait is not None), bench.mono))
        assert bench.state.reads.in_flight is None
        due = bench.mono + (wait or 8.0)
        assert not stuck(bench.state, due)
        bench.mono = due


def test_an_account_that_is_barred_is_no_reason_to_start_anew() -> None:
    """A wrong key is asked about each minute: the other accounts must not be restarted over it."""
    bench = Bench.with_rules(shipped())
    bench.put(Due())
    bench.put(Barred("the key is refused"))
    assert not stuck(bench.state, bench.mono + BARRED_GAP)
    assert bench.state.barred
