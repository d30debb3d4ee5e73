"""What the notifier promises: at least once, once when nothing dies, worst first, and no channel waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lines import House, Line
from tests.messages import message
from watchdog.channels.base import ChannelError
from watchdog.clock import SteppedClock
from watchdog.domain.effects import EVERYONE, Level, Message
from watchdog.notifier import Notifier
from watchdog.store import Store, StoreError


async def until(true: Callable[[], bool]) -> None:
    """Let the other tasks run until something holds."""
    while not true():  # noqa: ASYNC110  # there is no event in a channel for this
        await asyncio.sleep(0)


class PacedLine(Line):
    """A line that takes a message each three seconds."""

    clock: SteppedClock
    last = -3.0

    def ready_in(self, _: Level) -> float:
        """What is left of them."""
        return max(0.0, self.last + 3.0 - self.clock.now().mono)

    async def send(self, told: Message) -> None:
        """And count from now."""
        self.last = self.clock.now().mono
        await super().send(told)


class Several(NamedTuple):
    """A channel of several lines."""

    name: str
    outlets: tuple[Line, ...]


class NoOutbox:
    """An outbox that is never asked."""

    async def pending(self) -> list[tuple[Message, str]]:
        """Nothing is owed."""
        return []

    async def told_since(self, _: float) -> list[tuple[Message, str]]:
        """Nothing was told."""
        return []

    async def delivered(self, message_id: str, channel: str, wall: float) -> None:
        """Nothing is marked."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def running(store: Store, *lines: Line) -> AsyncIterator[House]:
    """A house whose notifier has started."""
    house = House(store, *lines)
    for line in lines:
        if isinstance(line, PacedLine):
            line.clock = house.clock
    await house.notifier.start()
    try:
        yield house
    finally:
        await house.notifier.stop(1.0)
        assert all(line.shut for line in lines)


async def test_each_channel_hears_from_its_own_level_up(store: Store) -> None:
    """A message goes to the channels whose minimum is not above its level, and each row is marked when confirmed."""
    phone, console = Line("phone", Level.CRITICAL), Line("console", Level.WARN)
    async with running(store, phone, console) as house:
        await house.tell(message("i", Level.INFO), message("w", Level.WARN), message("c", Level.CRITICAL))
        assert (phone.taken, sorted(console.taken)) == (["c"], ["c", "w"])
        assert await house.owed() == set()


async def test_a_dead_channel_delays_no_other(store: Store) -> None:
    """While one channel hangs and one refuses, the third hears everything at once."""
    hanging, refusing, well = Line("hanging"), Line("refusing"), Line("well")
    never = asyncio.Event()
    hanging.fate = lambda _: never
    refusing.fate = lambda _: ChannelError("down")
    async with running(store, hanging, refusing, well) as house:
        told = [message(str(number)) for number in range(5)]
        await house.save(*told)
        for one in told:
            house.notifier.hand_over(one)
        await until(lambda: len(well.taken) == 5)
        assert house.clock.now().mono == 0.0
        assert hanging.tries == ["0"]
        hanging.fate = lambda _: None
        never.set()
        await house.notifier.idle()


async def test_the_pauses_double_up_to_a_minute_and_begin_anew(store: Store) -> None:
    """A dead channel is tried after 1, 2, 4 … 60 s for ever; once it worked, the next failure waits 1 s again."""
    phone = Line("phone")
    phone.fate = lambda _: ChannelError("down")
    async with running(store, phone) as house:
        await house.tell(message("a"))
        times = [0.0]
        while len(times) < 10:
            due = house.clock.next_timer()
            assert due is not None
            await house.wait(due - house.clock.now().mono)
            times.append(due)
        assert [b - a for a, b in itertools.pairwise(times)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert phone.tries == ["a"] * 10
        phone.fate = lambda _: None
        await house.wait(60.0)
        assert phone.taken == ["a"]
        phone.fate = lambda _: ChannelError("down")
        await house.tell(message("b"))
        due = house.clock.next_timer()
        assert due is not None
        assert due - house.clock.now().mono == 1.0


@pytest.mark.parametrize(("asked", "kept"), [(0.2, 1.0), (37.0, 37.0), (86_400.0, 3600.0), (float("nan"), 1.0)])
async def test_a_channel_that_asks_for_time_gets_it(store: Store, asked: float, kept: float) -> None:
    """`retry_after` is kept, within reason, and worse news doesn't break it."""
    phone = Line("phone")
    phone.fate = lambda _: ChannelError("too many requests", asked)
    async with running(store, phone) as house:
        await house.tell(message("a", Level.WARN))
        await house.tell(message("b", Level.EMERGENCY))
        assert phone.tries == ["a"]
        assert house.clock.next_timer() == kept


async def test_priority_goes_before_age(store: Store) -> None:
    """What waited is sent worst first, then oldest."""
    phone = Line("phone")
    phone.opens = [ChannelError("no network")]
    async with running(store, phone) as house:
        await house.notifier.idle()
        told = (
            message("warn 1", Level.WARN, at=1.0),
            message("critical 3", Level.CRITICAL, at=3.0),
            message("critical 2", Level.CRITICAL, at=2.0),
            message("info 0", Level.INFO, at=0.0),
        )
        phone.opens = [ChannelError("no network")] * 3
        await house.tell(*told)
        await house.wait(60.0)
        assert phone.taken == ["critical 2", "critical 3", "warn 1", "info 0"]


async def test_worse_news_does_not_wait_out_a_pause(store: Store) -> None:
    """A message worse than all that waits tries the channel at once; one that is no worse waits with the rest."""
    phone = Line("phone")
    phone.fate = lambda _: ChannelError("down")
    async with running(store, phone) as house:
        await house.tell(message("w", Level.WARN))
        await house.tell(message("w2", Level.WARN))
        assert phone.tries == ["w"]
        phone.fate = lambda _: None
        await house.tell(message("e", Level.EMERGENCY))
        assert house.clock.now().mono == 0.0
        assert phone.taken[0] == "e"
        assert await house.owed() == set()


async def test_one_bad_message_holds_up_no_other(store: Store) -> None:
    """A message the channel always fails on doesn't keep milder ones from being sent."""
    phone = Line("phone")
    phone.fate = lambda told: ChannelError("500") if told.id == "bad" else None
    async with running(store, phone) as house:
        await house.tell(message("bad", Level.EMERGENCY), message("w", Level.WARN), message("i", Level.INFO))
        await house.wait(10.0)
        assert sorted(phone.taken) == ["i", "w"]
        assert await house.owed() == {("bad", "phone")}


async def test_a_channel_that_fails_whole_still_takes_the_worst_first(store: Store) -> None:
    """Where no other message would have done better, none goes before the worst one that failed."""
    phone = Line("phone")
    phone.fate = lambda _: ChannelError("no network", whole=True)
    async with running(store, phone) as house:
        await house.tell(message("bad", Level.EMERGENCY), message("w", Level.WARN))
        phone.fate = lambda _: None
        await house.wait(1.0)
        assert phone.taken == ["bad", "w"]


async def test_a_channel_is_asked_when_it_takes_the_next(store: Store) -> None:
    """One that takes a message each three seconds fails at nothing, and worse news goes before what waits."""
    phone = PacedLine("phone")
    async with running(store, phone) as house:
        await house.tell(message("w1", Level.WARN), message("w2", Level.WARN, at=1.0))
        assert (phone.taken, house.notifier.status()[0].reason, house.notifier.busy()) == (["w1"], "", False)
        await house.wait(2.0)
        await house.tell(message("e", Level.EMERGENCY))
        assert phone.taken == ["w1"]
        await house.wait(1.0)
        assert phone.taken == ["w1", "e"]
        await house.wait(3.0)
        assert phone.taken == ["w1", "e", "w2"]
        assert await house.owed() == set()


async def test_a_channel_of_several_outlets_has_a_row_for_each(store: Store) -> None:
    """Each confirms for itself; who names the channel means all of them."""
    ann, ben, console = Line("phone/1"), Line("phone/2", Level.CRITICAL), Line("console")
    house = House(store, ann, ben, console)
    house.notifier = Notifier(store, [Several("phone", (ann, ben)), console], house.clock)
    assert house.notifier.channels_for(message("c")) == ("phone/1", "phone/2", "console")
    assert house.notifier.channels_for(message("w", Level.WARN)) == ("phone/1", "console")
    named = replace(message("n", Level.INFO), channels=("phone",))
    assert house.notifier.channels_for(named) == ("phone/1", "phone/2")
    besides = replace(message("b", Level.WARN), channels=(EVERYONE, "phone"))
    assert house.notifier.channels_for(besides) == ("phone/1", "phone/2", "console"), "and everyone by their minimum"
    ben.fate = lambda _: ChannelError("down")
    await house.notifier.start()
    await house.tell(message("c"))
    assert (ann.taken, ben.taken, console.taken) == (["c"], [], ["c"])
    assert await house.owed() == {("c", "phone/2")}
    await house.notifier.stop(1.0)


async def test_a_refused_message_is_set_aside(store: Store) -> None:
    """A permanent refusal holds up nothing: critical is tried each minute for ever, a warning with the next start."""
    phone = Line("phone")
    phone.fate = lambda told: ChannelError("400", permanent=True) if told.id in {"c", "w"} else None
    async with running(store, phone) as house:
        await house.tell(message("c"), message("w", Level.WARN), message("good", Level.INFO))
        assert phone.taken == ["good"]
        await house.wait(180.0)
        assert (phone.tries.count("c"), phone.tries.count("w")) == (4, 1)
        phone.fate = lambda _: None
        await house.wait(60.0)
        assert phone.taken == ["good", "c"]
        assert await house.owed() == {("w", "phone")}
    async with running(store, again := Line("phone")) as house:
        await house.notifier.idle()
        assert again.taken == ["w"]


async def test_a_channel_with_a_mistake_in_it_stays_alive(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Any exception of a channel is a failed try, its words, which may hold a secret, are not logged."""
    phone = Line("phone")
    phone.opens = [LookupError("https://api/botTOKEN")]
    phone.fate = lambda _: ValueError("https://api/botTOKEN")
    async with running(store, phone) as house:
        await house.tell(message("a"))
        await house.wait(1.0)
        assert phone.tries == ["a", "a"]
        assert house.notifier.status()[0].reason == "it broke with ValueError"
        phone.fate = lambda _: None
        await house.wait(2.0)
        assert phone.taken == ["a"]
        assert (house.notifier.status()[0].reason, house.notifier.status()[0].waiting) == ("", 0)
    assert "LookupError" in caplog.text
    assert "TOKEN" not in caplog.text


async def test_a_channel_that_never_answers_is_cut_off(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A send that doesn't end by itself counts as failed after a bound, and is tried again."""
    monkeypatch.setattr("watchdog.notifier.SEND_BOUND_S", 0.02)
    phone = Line("phone")
    never = asyncio.Event()
    phone.fate = lambda _: never
    async with running(store, phone) as house:
        await house.tell(message("a"))
        assert house.notifier.status()[0].reason == "no answer in time"
        phone.fate = lambda _: None
        await house.wait(1.0)
        assert phone.taken == ["a"]


async def test_a_confirmation_the_store_missed_is_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said twice in one run because the store was down, and the mark is made up for when it works again."""
    phone = Line("phone")

    async def refuse(*_: object) -> None:
        raise StoreError("watchdog.db", "can't grow: the disk is full")

    async with running(store, phone) as house:
        with monkeypatch.context() as patch:
            patch.setattr(store, "delivered", refuse)
            await house.tell(message("a"))
            house.notifier.hand_over(message("a"))
            await house.notifier.idle()
            assert phone.taken == ["a"]
        assert await house.owed() == {("a", "phone")}
        await house.tell(message("b"))
        assert phone.taken == ["a", "b"]
        assert await house.owed() == set()


async def test_what_the_store_could_not_take_is_said_once(store: Store) -> None:
    """`say_now` goes straight out; saved and handed over later, the message is marked and not said again."""
    phone = Line("phone")
    async with running(store, phone) as house:
        house.notifier.say_now(message("a"))
        await house.notifier.idle()
        assert phone.taken == ["a"]
        await house.tell(message("a"))
        await house.notifier.idle()
        assert await house.owed() == set()
        assert phone.taken == ["a"]


async def test_what_waits_is_not_queued_twice(store: Store) -> None:
    """A message handed over again while it waits is sent once, and its row is marked."""
    phone = Line("phone")
    phone.fate = lambda _: ChannelError("down")
    async with running(store, phone) as house:
        house.notifier.say_now(message("a"))
        await house.notifier.idle()
        await house.tell(message("a"))
        assert house.notifier.status()[0].waiting == 1
        phone.fate = lambda _: None
        await house.wait(60.0)
        assert phone.taken == ["a"]
        assert await house.owed() == set()


async def test_a_start_takes_up_what_was_left(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Undelivered rows go out with the next start; those for a channel that is gone are named and kept."""
    before = House(store, Line("phone"), Line("old"))
    await before.save(message("b", at=2.0), message("a", at=1.0))
    async with running(store, phone := Line("phone")) as house:
        await house.notifier.idle()
        assert phone.taken == ["a", "b"]
        assert await house.owed() == {("a", "old"), ("b", "old")}
    assert "2 undelivered messages are for channel old" in caplog.text


async def test_a_store_that_can_not_be_read_stops_no_talking(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start whose outbox can't be read raises, the channels work all the same, and a second start catches up."""
    before = House(store, Line("phone"))
    await before.save(message("old"))

    async def refuse() -> list[tuple[Message, str]]:
        raise StoreError("watchdog.db", "is locked by another program")

    house = House(store, phone := Line("phone"))
    with monkeypatch.context() as patch:
        patch.setattr(store, "pending", refuse)
        with pytest.raises(StoreError):
            await house.notifier.start()
        house.notifier.say_now(message("new"))
        await house.notifier.idle()
        assert phone.taken == ["new"]
    await house.notifier.start()
    await house.notifier.idle()
    assert phone.taken == ["new", "old"]
    await house.notifier.stop(1.0)


async def test_busy_means_something_would_be_sent_now(store: Store) -> None:
    """Queued or being sent is busy; waiting out a pause is not; a pause that ends makes it busy at once."""
    phone = Line("phone")
    gate = asyncio.Event()
    phone.fate = lambda _: gate
    async with running(store, phone) as house:
        assert not house.notifier.busy()
        await house.save(message("a"))
        house.notifier.hand_over(message("a"))
        assert house.notifier.busy()
        await asyncio.sleep(0)
        assert house.notifier.busy()
        phone.fate = lambda _: ChannelError("down")
        gate.set()
        await house.tell(message("b"))
        assert not house.notifier.busy()
        house.clock.advance(1.0)
        assert house.notifier.busy()
        await house.notifier.idle()


async def test_stopping_waits_for_what_can_be_sent_and_no_longer(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A stop lets quick channels finish, leaves a hanging one after the grace, and what is unsent is kept."""
    caplog.set_level(logging.WARNING)
    quick, hanging = Line("quick"), Line("hanging")
    never = asyncio.Event()
    hanging.fate = lambda _: never
    house = House(store, quick, hanging)
    await house.notifier.start()
    await house.save(message("a"))
    house.notifier.hand_over(message("a"))
    await house.notifier.stop(0.05)
    assert quick.taken == ["a"]
    assert await house.owed() == {("a", "hanging")}
    assert "hanging 1" in caplog.text
    assert hanging.shut


async def test_a_stop_before_the_start_is_no_error(store: Store) -> None:
    """A daemon that fails early can always stop."""
    await House(store, Line("phone")).notifier.stop(1.0)


def test_two_channels_of_one_name_are_refused() -> None:
    """Their outbox rows would be one."""
    with pytest.raises(ValueError, match="same name"):
        Notifier(NoOutbox(), [Line("a"), Line("a")], SteppedClock(0.0))
