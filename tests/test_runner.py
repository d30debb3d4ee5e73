"""The runner at its worst: a venue whose code breaks, hangs, or a step that does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.core.bench import WALL, account, only, position, resting, shipped
from watchdog import runner as runner_module
from watchdog.clock import SteppedClock
from watchdog.core.state import Identity, restore
from watchdog.core.step import begin
from watchdog.domain.effects import LookUp, Place, Read
from watchdog.domain.facts import (
    Answer,
    Confirmed,
    Due,
    Fact,
    Failed,
    Frame,
    Mark,
    Marks,
    NotFound,
    Outcome,
    Unresolved,
)
from watchdog.domain.position import AccountRead, StopOrder
from watchdog.domain.reading import Known
from watchdog.notifier import Notifier
from watchdog.runner import AccountRunner
from watchdog.store import Store
from watchdog.venues.base import KeyPower, ReadError


class Venue:
    """A venue that does what a test tells it to; a peer behind the interface."""

    def __init__(self) -> None:
        self.reads = 0
        self.on_read: Callable[[], Awaitable[AccountRead]] | None = None
        self.breaks = False
        self.waiting = False

    async def open(self) -> KeyPower:
        """A key that can't withdraw."""
        return KeyPower(withdraw=False, trade=True, note="trades, can't withdraw")

    async def read(self) -> AccountRead:
        """One position, unless told otherwise."""
        self.reads += 1
        return account(position()) if self.on_read is None else await self.on_read()

    async def place(self, order: StopOrder) -> Answer:
        """Nothing is placed here."""
        raise AssertionError(order)

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """Breaks, if told to."""
        if self.breaks:
            raise KeyError(symbol + client_id)
        return NotFound()

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """Nothing is cancelled here."""
        raise AssertionError(symbol + client_id)

    def list_anew(self) -> None:
        """Lists nothing."""

    def watch(self, symbols: frozenset[str]) -> None:
        """Streams nothing."""

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> None:
        """Hears nothing."""
        del hear
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to let go of."""


class Watched(AccountRunner):
    """A runner that remembers its facts."""

    facts: list[object]

    def put(self, fact: object) -> None:
        """Hand in a fact."""
        self.facts = [*getattr(self, "facts", []), fact]
        super().put(fact)  # type: ignore[arg-type]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[Watched, Venue, SteppedClock]]:
    """A runner that is running, on a clock that stands still."""
    store, clock, venue = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}"), SteppedClock(WALL), Venue()
    notifier = Notifier(store, [], clock)
    state = restore(Identity("main", "binanceusdm", store.installation), shipped(), {}, clock.now())
    runner = Watched(state, venue, store, notifier, clock)
    task = asyncio.create_task(runner.run())
    yield runner, venue, clock
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await notifier.stop(0)
    await store.close()


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what comes by itself."""
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110  (what is waited for has no event of its own)
            await asyncio.sleep(0.001)


async def test_a_look_up_that_breaks_is_unresolved(parts: tuple[Watched, Venue, SteppedClock]) -> None:
    """Whatever broke, the order may stand: its step must not stay open for ever."""
    runner, venue, _ = parts
    await until(lambda: venue.reads == 1 and not runner.busy())
    venue.breaks = True
    effect = LookUp("BTC/USDT:USDT", "0" * 32)
    runner._do(effect)
    await until(lambda: any(isinstance(fact, Outcome) and fact.effect == effect for fact in runner.facts))
    answers = [fact.answer for fact in runner.facts if isinstance(fact, Outcome) and fact.effect == effect]
    assert answers == [Unresolved("an error of mine (KeyError), see the log")]


async def test_a_read_that_waits_for_our_budget_is_told_to_the_core(parts: tuple[Watched, Venue, SteppedClock]) -> None:
    """Once it has taken a while; else BLIND would say that the venue does not answer."""
    runner, venue, clock = parts
    await until(lambda: venue.reads == 1 and not runner.busy())
    venue.waiting, leave = True, asyncio.Event()

    async def slow() -> AccountRead:
        await leave.wait()
        return account(position())

    venue.on_read = slow
    clock.advance(11)
    await until(lambda: venue.reads == 2)
    assert runner.state.reads.why_slow == ""
    clock.advance(16.5)
    await until(lambda: runner.state.reads.why_slow.startswith("reads wait for the request budget"))
    leave.set()
    await until(lambda: not runner.busy())


async def test_a_read_that_hangs_is_given_up(
    parts: tuple[Watched, Venue, SteppedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another read begins after it."""
    monkeypatch.setattr(runner_module, "LONGEST_READ", 0.05)
    runner, venue, clock = parts
    await until(lambda: venue.reads == 1 and not runner.busy())

    async def hang() -> AccountRead:
        await asyncio.Event().wait()
        raise AssertionError

    venue.on_read = hang
    clock.advance(11)
    await until(lambda: venue.reads == 2 and not runner.busy())
    failed = [one.answer for one in runner.facts if isinstance(one, Outcome) and isinstance(one.effect, Read)]
    assert failed == [Failed("no whole read within 0 s")]
    venue.on_read = None
    clock.advance(20)
    await until(lambda: venue.reads == 3 and not runner.busy())


async def test_a_step_that_fails_on_a_timer_is_not_the_last(
    parts: tuple[Watched, Venue, SteppedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is looked at again, and its owner hears of the mistake once."""
    runner, venue, clock = parts
    await until(lambda: venue.reads == 1 and not runner.busy())
    right, broken = begin, 2

    def wrong(state: object, fact: Fact, now: object) -> object:
        nonlocal broken
        if isinstance(fact, Due) and broken:
            broken -= 1
            raise ZeroDivisionError
        return right(state, fact, now)  # type: ignore[arg-type]

    monkeypatch.setattr(runner_module, "begin", wrong)
    for second in (11, 17, 23, 40):
        clock.advance(second)
        await until(lambda: not runner.busy())
        await asyncio.sleep(0.01)
    assert broken == 0
    assert venue.reads > 1
    assert len(runner._mistakes) == 1


async def test_marks_that_wait_are_taken_by_the_pool(
    parts: tuple[Watched, Venue, SteppedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst values a pool once, whatever it holds; an isolated position's mark is a step of its own, as ever."""
    runner, venue, clock = parts
    names = [f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "XRP")]
    pool = [position(name, margin=None) for name in names[:3]]
    await until(lambda: venue.reads == 1 and not runner.busy())

    async def whole() -> AccountRead:
        return account(*pool, position(names[3]))

    venue.on_read = whole
    clock.advance(11)
    await until(lambda: venue.reads == 2 and not runner.busy())
    taken: list[object] = []

    def heard(state: object, fact: Fact, now: object) -> object:
        taken.append(fact)
        return begin(state, fact, now)  # type: ignore[arg-type]

    monkeypatch.setattr(runner_module, "begin", heard)
    marks = [Mark(name, Decimal(100_000 + number), number) for number, name in enumerate(names)]
    for mark in (marks[1], marks[3], marks[0], marks[2]):
        runner.put(mark)
    await until(lambda: not runner.busy())
    assert taken == [Marks((marks[1], marks[0], marks[2])), marks[3]]
    assert runner.marks_seen == {name: number for number, name in enumerate(names)}
    assert runner.state.book is not None
    assert {risk.position.symbol: risk.mark for risk in runner.state.book.positions.values()} == {
        mark.symbol: Known(mark.price, "price", "stream", clock.now().mono) for mark in marks
    }


class Placing(Venue):
    """A venue that takes stops, lists them, and finds them by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: dict[str, StopOrder] = {}
        self.asked: list[str] = []
        self.down = False

    async def read(self) -> AccountRead:
        """The position with what rests."""
        self.reads += 1
        if self.down:
            self.down = False
            raise ReadError("HTTP 503")
        return account(position(), stops=[resting(order) for order in self.rests.values()])

    async def place(self, order: StopOrder) -> Answer:
        """It rests."""
        self.asked.append("place")
        self.rests[order.client_id] = order
        return Confirmed()

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """Whether it rests."""
        del symbol
        self.asked.append("look up")
        return Confirmed() if client_id in self.rests else NotFound()


@pytest.mark.parametrize("kind", [Place, LookUp, Read])
async def test_an_effect_whose_end_could_not_be_taken_in_has_ended_all_the_same(
    kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer lost by a mistake of ours is no answer: looked up by its id, and the account is read on."""
    rules = only(
        '[[rule]]\nname = "no stop"\nmetric = "stop_coverage"\ncritical = "below 95%"\n'
        'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }'
    )
    right, broken = begin, 1

    def wrong(state: object, fact: Fact, now: object) -> object:
        nonlocal broken
        if isinstance(fact, Outcome) and isinstance(fact.effect, kind) and broken:
            broken -= 1
            raise ZeroDivisionError
        return right(state, fact, now)  # type: ignore[arg-type]

    monkeypatch.setattr(runner_module, "begin", wrong)
    store, clock, venue = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}"), SteppedClock(WALL), Placing()
    notifier = Notifier(store, [], clock)
    state = restore(Identity("main", "binanceusdm", store.installation), rules, {}, clock.now())
    runner = Watched(state, venue, store, notifier, clock)
    if kind is not Place:  # the first answer to the order is none
        good = venue.place

        async def unanswered(order: StopOrder) -> Answer:
            await good(order)
            return Unresolved("timed out")

        monkeypatch.setattr(venue, "place", unanswered)
    task = asyncio.create_task(runner.run())
    try:
        await until(lambda: bool(venue.rests) and not runner.busy())
        venue.down = kind is Read
        for second in range(1, 41):
            clock.advance(second)
            await until(lambda: not runner.busy())
            await asyncio.sleep(0.001)
        assert broken == 0
        assert runner.state.reads.orders_open == 0
        assert clock.now().mono - runner.state.reads.last_good <= 11
        (guard,) = runner.state.guards.values()
        assert guard.step is None
        assert guard.resting is not None
        assert venue.asked.count("place") == 1, "it is looked up, not sent anew"
        assert len(runner._mistakes) == 1
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await notifier.stop(0)
        await store.close()
