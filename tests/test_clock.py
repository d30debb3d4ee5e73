"""The clocks: a stepped one stands still and fires in order; a scaled one runs faster than the machine's."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.clock import LoopClock, SteppedClock

WALL = 1_760_129_400.0


def test_a_stepped_clock_stands_still() -> None:
    """Time is only what it was advanced to, on both scales."""
    clock = SteppedClock(WALL)
    assert clock.now() == (0.0, WALL)
    clock.advance(90.5)
    assert clock.now() == (90.5, WALL + 90.5)


def test_a_stepped_clock_never_goes_back() -> None:
    """An earlier time is refused, the same time is not."""
    clock = SteppedClock(WALL)
    clock.advance(5.0)
    clock.advance(5.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(4.999)
    assert clock.now().mono == 5.0


@given(st.lists(st.floats(min_value=0.1, max_value=100.0), max_size=20))
def test_calls_are_made_in_order_at_their_time(times: list[float]) -> None:
    """Calls come by time, those of one time in the order they were asked for, each at its own time."""
    clock = SteppedClock(WALL)
    made: list[tuple[float, int]] = []
    for number, at in enumerate(times):

        def call(at: float = at, number: int = number) -> None:
            assert clock.now().mono == at
            made.append((at, number))

        clock.call_at(at, call)
    assert clock.next_timer() == min(times, default=None)
    clock.advance(100.0)
    assert made == sorted(zip(times, range(len(times)), strict=True))
    assert clock.next_timer() is None


def test_a_call_asked_for_by_a_call_comes_in_the_same_advance() -> None:
    """A chain of timers that falls due within one advance is run to its end."""
    clock = SteppedClock(WALL)
    made: list[float] = []

    def again() -> None:
        made.append(clock.now().mono)
        clock.call_at(clock.now().mono + 10.0, again)

    clock.call_at(10.0, again)
    clock.advance(35.0)
    assert made == [10.0, 20.0, 30.0]
    assert (clock.now().mono, clock.next_timer()) == (35.0, 40.0)


def test_a_cancelled_call_never_comes() -> None:
    """Also one cancelled by a call of the same moment; and it is not the next timer."""
    clock = SteppedClock(WALL)
    made: list[str] = []
    late = clock.call_at(1.0, lambda: made.append("late"))
    early = clock.call_at(0.5, late.cancel)
    clock.call_at(0.1, lambda: made.append("first")).cancel()
    assert clock.next_timer() == 0.5
    clock.advance(2.0)
    early.cancel()
    assert made == []


async def test_a_time_that_has_passed_is_called_soon() -> None:
    """A call for now or the past comes without the clock moving, but never within the asking."""
    clock = SteppedClock(WALL)
    clock.advance(5.0)
    made: list[str] = []
    clock.call_at(5.0, lambda: made.append("now"))
    clock.call_at(1.0, lambda: made.append("past"))
    clock.call_at(1.0, lambda: made.append("never")).cancel()
    assert made == []
    await asyncio.sleep(0)
    assert made == ["now", "past"]


async def test_a_sleeper_wakes_when_the_clock_gets_there() -> None:
    """Sleepers wake in the order of their time, and none early."""
    clock = SteppedClock(WALL)
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (30.0, 10.0, 20.0, 0.0):
            group.create_task(sleep(seconds))
        await asyncio.sleep(0)
        for until, expected in ((9.9, [0.0]), (10.0, [0.0, 10.0]), (60.0, [0.0, 10.0, 20.0, 30.0])):
            clock.advance(until)
            for _ in range(3):
                await asyncio.sleep(0)
            assert woken == expected


async def test_a_cancelled_sleep_leaves_no_timer() -> None:
    """A sleeper that was cancelled is nothing to wait for."""
    clock = SteppedClock(WALL)
    sleeper = asyncio.create_task(clock.sleep(10.0))
    await asyncio.sleep(0)
    assert clock.next_timer() == 10.0
    sleeper.cancel()
    await asyncio.wait({sleeper})
    assert clock.next_timer() is None


async def test_a_scaled_clock_runs_so_many_times_as_fast() -> None:
    """At a speed of 1000 an hour on the clock takes 3.6 s; wall and monotonic time run together from the start set."""
    clock = LoopClock(speed=1000.0, wall_start=WALL)
    loop = asyncio.get_running_loop()
    began, first = loop.time(), clock.now()
    await clock.sleep(20.0)
    passed, now = loop.time() - began, clock.now()
    assert passed >= 0.019
    assert now.mono - first.mono >= 20.0
    assert now.wall - now.mono == pytest.approx(WALL)
    assert loop.time() - began >= (now.mono - first.mono) / 1000.0 - 1e-6


async def test_a_scaled_clocks_calls_come_by_its_own_time() -> None:
    """A call is made once the scaled time is reached, in order; a cancelled one isn't."""
    clock = LoopClock(speed=1000.0, wall_start=WALL)
    made: list[tuple[str, float]] = []
    done = asyncio.Event()
    clock.call_at(20.0, lambda: made.append(("b", clock.now().mono)))
    clock.call_at(21.0, done.set)
    clock.call_at(10.0, lambda: made.append(("a", clock.now().mono)))
    clock.call_at(15.0, lambda: made.append(("never", 0.0))).cancel()
    await done.wait()
    assert [name for name, _ in made] == ["a", "b"]
    # the loop calls a timer up to its own resolution early
    assert made[0][1] >= 10.0 - 0.01
    assert made[1][1] >= 20.0 - 0.01


async def test_the_real_clock_says_the_machines_time() -> None:
    """Without a start of its own the wall time is the machine's."""
    clock = LoopClock()
    before = time.time()
    wall = clock.now().wall
    assert before <= wall <= time.time()
