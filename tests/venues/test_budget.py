"""The budget of requests, on a clock that is advanced by hand."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from watchdog.clock import SteppedClock
from watchdog.venues.budget import Budget
from watchdog.venues.errors import ReadsStoppedError


@pytest.fixture
def clock() -> SteppedClock:
    """A clock that stands still."""
    return SteppedClock(1_760_000_000.0)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def read_without_end(budget: Budget, clock: SteppedClock, weight: int, seconds: int) -> list[float]:
    """When reads of one weight leave if another always waits."""
    left: list[float] = []

    async def ask() -> None:
        while True:
            await budget.admit(weight)
            left.append(clock.now().mono)

    asking = asyncio.create_task(ask())
    while (due := clock.next_timer()) is None or due < seconds:
        if due is not None:
            clock.advance(due)
        await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return left


@pytest.mark.parametrize("weight", [5, 20, 55, 400])
async def test_reads_never_take_more_than_half_of_any_minute_nor_pause_long(clock: SteppedClock, weight: int) -> None:
    """However many are wanted they leave steadily: a burst is not paid for with a silence."""
    left = await read_without_end(Budget(clock), clock, weight, 300)
    for start in left:
        assert sum(weight for at in left if start <= at < start + 60) <= 1200
    assert max(later - earlier for earlier, later in itertools.pairwise(left)) <= weight / 15 + 0.1
    assert len(left) * weight >= 0.9 * 300 * 15


async def test_where_no_order_leaves_reads_have_nearly_all(clock: SteppedClock) -> None:
    """Two accounts on Hyperliquid, each with something held on two dexes, are read within fifteen seconds, always."""
    budget = Budget(clock, limit=1200, orders=False)
    done: list[list[float]] = [[], []]

    async def account(mine: list[float]) -> None:
        while True:
            began = clock.now().mono
            for weight in (2, 2, 20, *[2] * 8, 20, 20):
                await budget.admit(weight)
            mine.append(clock.now().mono)
            await clock.sleep(max(0.0, began + 10 - clock.now().mono))

    tasks = [asyncio.create_task(account(mine)) for mine in done]
    await settle()
    while (due := clock.next_timer()) is not None and due < 300:
        clock.advance(due)
        await settle()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert max(later - earlier for mine in done for earlier, later in itertools.pairwise(mine)) < 15
    assert all(len(mine) >= 25 for mine in done)


async def test_reads_that_wait_keep_their_order(clock: SteppedClock) -> None:
    """A small one does not slip past a large one for ever."""
    budget = Budget(clock, limit=200, trickle=0)
    await budget.admit(25)
    order: list[int] = []

    async def ask(weight: int) -> None:
        await budget.admit(weight)
        order.append(weight)

    tasks = [asyncio.create_task(ask(weight)) for weight in (50, 5)]
    await settle()
    assert order == []
    for moment in range(1, 120):
        clock.advance(moment)
        await settle()
    await asyncio.gather(*tasks)
    assert order == [50, 5]


async def test_writes_are_counted_and_never_wait(clock: SteppedClock) -> None:
    """However much is used already."""
    budget = Budget(clock, limit=100)
    for _ in range(50):
        budget.spend(10)
    assert budget.own == 500


async def test_what_others_use_slows_reads_to_a_trickle_not_to_silence(clock: SteppedClock) -> None:
    """The owner's other programs come first in the shared half; we keep a little, up to nine tenths of all."""
    budget = Budget(clock, limit=1000, trickle=100)
    budget.heard(700)
    await budget.admit(60)
    assert (budget.own, budget.others) == (60, 700)
    waiting = asyncio.create_task(budget.admit(60))
    await settle()
    assert not waiting.done()
    clock.advance(61)
    await settle()
    assert waiting.done()


async def test_nearly_all_used_by_others_makes_even_the_trickle_wait(clock: SteppedClock) -> None:
    """A request over the limit would ban the address, for the owner's other programs too."""
    budget = Budget(clock, limit=1000, trickle=100)
    budget.heard(890)
    waiting = asyncio.create_task(budget.admit(60))
    await settle()
    assert not waiting.done()
    clock.advance(61)
    await settle()
    assert waiting.done()


async def test_our_own_use_is_not_taken_for_others(clock: SteppedClock) -> None:
    """What the venue counts holds what we asked."""
    budget = Budget(clock)
    budget.spend(300)
    budget.heard(305)
    assert budget.others == 5


async def test_a_clock_faster_than_the_venue_s_does_not_make_others_of_us(clock: SteppedClock) -> None:
    """The demo's hour takes a minute of the venue's: all that the venue counts in it was ours."""
    machine = 0.0
    budget = Budget(clock, machine=lambda: machine)
    for minute in range(1, 61):
        await budget.admit(300)
        budget.heard(300 * minute)
        assert budget.others == 0
        machine += 0.9
        clock.advance(minute * 60.0)
    machine += 60
    budget.heard(40)
    assert budget.others == 40


async def test_told_to_wait_every_read_is_refused_until_then(clock: SteppedClock) -> None:
    """With the reason and the seconds left; also one that waited for room."""
    budget = Budget(clock, limit=100, trickle=0)
    await budget.admit(12)
    waiting = asyncio.create_task(budget.admit(10))
    await settle()
    budget.stop_reads(90, "Binance limits this address (HTTP 429)")
    clock.advance(61)
    with pytest.raises(ReadsStoppedError):
        await waiting
    clock.advance(70)
    with pytest.raises(ReadsStoppedError, match=r"HTTP 429.*another 20 s") as caught:
        await budget.admit(1)
    assert caught.value.retry_after == 20
    clock.advance(91)
    await budget.admit(1)
