"""What is done once a day: at its time, once, through jumps of the wall clock, and told when it was not done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import apscheduler.executors.base
import apscheduler.schedulers.base
import pytest

from tests.core.bench import Bench, position, shipped
from watchdog import calendar_jobs
from watchdog.calendar_jobs import GRACE, Calendar, Job, last_due
from watchdog.clock import SteppedClock
from watchdog.core.state import State
from watchdog.daily import Daily, tally_of
from watchdog.domain.effects import Entry, Level, Message, Save
from watchdog.domain.facts import Instant
from watchdog.notifier import Notifier
from watchdog.settings import ConsoleSettings, DigestSettings, Settings, StoreSettings
from watchdog.store import Store
from watchdog.store.journal import JournalLine

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600.0
EIGHT = time(8)


class Clock(SteppedClock):
    """A clock whose wall time can be put right, or stands still while the machine sleeps."""

    def __init__(self, at: str, zone: tzinfo = BERLIN) -> None:
        self.zone = zone
        self.ahead = 0.0
        super().__init__(datetime.fromisoformat(at).replace(tzinfo=zone).timestamp())

    def now(self) -> Instant:
        """The present."""
        mono, wall = super().now()
        return Instant(mono, wall + self.ahead)

    @property
    def shows(self) -> str:
        """The wall clock."""
        return datetime.fromtimestamp(self.now().wall, self.zone).strftime("%d %H:%M")


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Clock], None]:
    """Let APScheduler and the calendar look at this clock."""

    def put(clock: Clock) -> None:
        class Wall(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(clock.now().wall, tz)

        for module in (apscheduler.schedulers.base, apscheduler.executors.base, calendar_jobs):
            monkeypatch.setattr(module, "datetime", Wall)

    return put


class Diary:
    """One daily job: when it ran, what was told, and whether it works."""

    def __init__(self, clock: Clock, at: time = EIGHT) -> None:
        self.clock = clock
        self.ran: list[str] = []
        self.told: list[str] = []
        self.works: Callable[[], Awaitable[None]] | None = None
        self.calendar = Calendar([Job("the digest", at, self._do)], clock.zone, clock, self._tell)

    async def _do(self) -> None:
        self.ran.append(self.clock.shows)
        if self.works is not None:
            await self.works()

    async def _tell(self, words: str) -> None:
        self.told.append(words)

    async def hours(self, count: float) -> None:
        """Let so many hours pass, ten minutes at a time."""
        for _ in range(round(count * 6)):
            self.clock.advance(self.clock.now().mono + 600)
            await turn()

    async def jump(self, hours: float) -> None:
        """Put the wall clock right; a minute later it is looked at."""
        self.clock.ahead += hours * HOUR
        self.clock.advance(self.clock.now().mono + 60)
        await turn()


async def turn() -> None:
    """Let the loop do what is due."""
    for _ in range(12):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(diary: Diary) -> AsyncIterator[None]:
    """The calendar at work."""
    task = asyncio.create_task(diary.calendar.run())
    async with asyncio.timeout(10):
        while diary.clock.next_timer() is None:  # noqa: ASYNC110  (its imports are made in a thread)
            await asyncio.sleep(0.001)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_is_done_once_a_day_at_its_time(on: Callable[[Clock], None]) -> None:
    """Not at the start, then each day, in the zone of its owner."""
    on(clock := Clock("2026-11-20 09:00"))
    async with running(diary := Diary(clock)):
        await diary.hours(72)
    assert diary.ran == ["21 08:00", "22 08:00", "23 08:00"]
    assert diary.told == []


async def test_a_machine_that_slept_does_it_when_it_wakes(on: Callable[[Clock], None]) -> None:
    """Late, and once however many were due."""
    on(clock := Clock("2026-11-20 22:00"))
    async with running(diary := Diary(clock)):
        await diary.jump(12)
        assert diary.ran == ["21 10:01"]
        await diary.hours(24)
        await diary.jump(49)
    assert diary.ran == ["21 10:01", "22 08:01", "24 11:02"]
    assert diary.told == []


async def test_what_comes_far_too_late_is_told_and_the_next_is_done(on: Callable[[Clock], None]) -> None:
    """Past its grace it is left out, in words."""
    on(clock := Clock("2026-11-20 22:00"))
    async with running(diary := Diary(clock)):
        await diary.jump(10 + GRACE / HOUR + 1)
        assert diary.ran == []
        assert diary.told == [
            "the digest was not done: its time was over when this machine came to it: it slept, or its clock jumped"
        ]
        await diary.hours(24)
    assert diary.ran == ["22 08:01"]


async def test_a_clock_that_was_years_ahead_does_not_put_it_off_for_years(on: Callable[[Clock], None]) -> None:
    """A machine without a battery starts in another year until its time is set: the plans are made anew."""
    on(clock := Clock("2031-01-01 12:00"))
    async with running(diary := Diary(clock)):
        await diary.hours(1)
        back = datetime(2026, 11, 20, 13, tzinfo=BERLIN).timestamp() - clock.now().wall
        await diary.jump(back / HOUR)
        await diary.hours(24)
    assert diary.ran == ["21 08:01"]


async def test_an_hour_back_does_not_do_it_twice(on: Callable[[Clock], None]) -> None:
    """The clock is put back over the moment it was done at."""
    on(clock := Clock("2026-11-20 07:00"))
    async with running(diary := Diary(clock)):
        await diary.hours(1.5)
        await diary.jump(-1)
        await diary.hours(23)
    assert diary.ran == ["20 08:00"]


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
async def test_days_of_23_and_25_hours_have_one_each(on: Callable[[Clock], None], day: str) -> None:
    """Also at half past two, which one of them leaves out and the other has twice."""
    on(clock := Clock(f"{day} 12:00"))
    async with running(diary := Diary(clock, time(2, 30))):
        await diary.hours(48)
    assert len(diary.ran) == 2
    assert len({ran.split()[0] for ran in diary.ran}) == 2


async def test_one_that_breaks_is_told_and_done_again_the_next_day(on: Callable[[Clock], None]) -> None:
    """With the reason in words."""

    async def breaks() -> None:
        raise ValueError("no such figure")

    on(clock := Clock("2026-11-20 07:00"))
    async with running(diary := Diary(clock)):
        diary.works = breaks
        await diary.hours(2)
        assert diary.told == ["the digest was not done: ValueError: no such figure"]
        diary.works = None
        await diary.hours(24)
    assert diary.ran == ["20 08:00", "21 08:00"]
    assert len(diary.told) == 1


async def test_one_that_never_ends_holds_up_only_itself(on: Callable[[Clock], None]) -> None:
    """The next is left out and told; stopping takes it along."""

    async def hangs() -> None:
        await asyncio.Event().wait()

    on(clock := Clock("2026-11-20 07:00"))
    async with running(diary := Diary(clock)):
        diary.works = hangs
        await diary.hours(26)
        assert diary.told == ["the digest was not done: the last one still runs"]
    assert diary.ran == ["20 08:00"]
    assert len(diary.told) == 1, "stopping is no mistake"


@pytest.mark.parametrize(
    ("at", "zone", "now", "due"),
    [
        (EIGHT, BERLIN, "2026-11-20T08:00:00+01:00", "2026-11-20T08:00:00+01:00"),
        (EIGHT, BERLIN, "2026-11-20T07:59:59+01:00", "2026-11-19T08:00:00+01:00"),
        (EIGHT, BERLIN, "2026-11-20T23:30:00+00:00", "2026-11-20T08:00:00+01:00"),
        (EIGHT, ZoneInfo("America/New_York"), "2026-11-20T12:00:00+00:00", "2026-11-19T08:00:00-05:00"),
        (time(2, 30), BERLIN, "2026-03-29T04:00:00+02:00", "2026-03-29T03:30:00+02:00"),
        (time(2, 30), BERLIN, "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+02:00"),
        (time(2, 30), BERLIN, "2026-10-25T02:45:00+01:00", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_when_it_was_last_due(at: time, zone: tzinfo, now: str, due: str) -> None:
    """In its own zone, over midnight and through both ends of summer time."""
    found = last_due(at, zone, datetime.fromisoformat(now).timestamp())
    assert found.isoformat() == due


# ── the digest, and what is forgotten ─────────────────────────────────────────────────────────────────────────────────


class Ear:
    """A channel that confirms everything."""

    name = "ear"
    min_level = Level.INFO

    def __init__(self) -> None:
        self.heard: list[Message] = []

    async def open(self) -> None:
        """Ready."""

    async def send(self, message: Message) -> None:
        """Heard."""
        self.heard.append(message)

    async def close(self) -> None:
        """Nothing to let go of."""


class Account:
    """An account's runner."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.listed = 0

    def list_anew(self) -> None:
        """Asked for ticks and tiers."""
        self.listed += 1


class Home:
    """A store on disk, an account, and the daily jobs, over restarts."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        bench = Bench.with_rules(shipped())
        bench.covered(position())
        self.account = Account(bench.state)
        self.ear = Ear()
        self.at: time | None = EIGHT
        self.store: Store

    @asynccontextmanager
    async def lives(self) -> AsyncIterator[Daily]:
        """One life of the daemon."""
        url = f"sqlite:///{self.folder / 'watchdog.db'}"
        self.store = await Store.open(url)
        notifier = Notifier(self.store, [self.ear], self.clock)
        await notifier.start()
        settings = Settings(
            file=self.folder / "watchdog.toml",
            accounts={},
            channels={"ear": ConsoleSettings("ear", self.ear.min_level, "text")},
            store=StoreSettings(url, keep=30),
            rules=self.folder / "rules.toml",
            state_dir=self.folder,
            socket=self.folder / "socket",
            digest=DigestSettings(self.at, BERLIN),
        )
        yield Daily(settings, BERLIN, self.store, notifier, {"main": self.account}, self.clock)
        await notifier.idle()
        await notifier.stop(1.0)
        await self.store.close()

    def to(self, at: str) -> None:
        """On to a time of the wall clock."""
        wall = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()
        self.clock.advance(self.clock.now().mono + wall - self.clock.now().wall)


def days_of(messages: list[Message]) -> list[str]:
    """The days of digests."""
    return [one.id.split(":")[2] for one in messages]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An evening."""
    return Home(tmp_path, Clock("2026-11-20 20:00"))


async def test_a_digest_is_told_once_a_day_however_often_it_is_asked_for(home: Home) -> None:
    """Also by a second life of the daemon: silent, for all, with the day in its id."""
    home.to("2026-11-21 08:00")
    for _ in range(2):
        async with home.lives() as daily:
            await daily.digest()
            await daily.digest()
            await daily.catch_up()
    (message,) = home.ear.heard
    assert (message.id, message.level, message.sound, message.event) == (
        ":digest:2026-11-21:0",
        Level.INFO,
        False,
        "told",
    )
    assert "08:00:00 CET" in message.lines[0] or "08:00" in message.lines[0]
    assert message.lines[-1] == "Next 08:00 tomorrow. If it doesn't come, I'm down."
    home.to("2026-11-22 08:00")
    async with home.lives() as daily:
        await daily.digest()
    assert days_of(home.ear.heard) == ["2026-11-21", "2026-11-22"]
    assert "+0.0% in 24 h" in "\n".join(home.ear.heard[-1].lines), "the last digest's equity is known"


async def test_every_channel_hears_the_digest(home: Home) -> None:
    """Also one that else hears of emergencies only: a digest that doesn't come says that the daemon is down."""
    home.ear.min_level = Level.EMERGENCY
    home.to("2026-11-21 08:00")
    async with home.lives() as daily:
        await daily.digest()
    assert len(home.ear.heard) == 1


async def test_a_clock_that_was_ahead_costs_no_digest(home: Home) -> None:
    """A month ahead for an hour: from then on each day has its own, also the day that was told too early."""
    days = ["2026-11-22", "2026-11-23", "2026-12-20", "2026-12-21", "2026-12-22"]
    home.to("2026-11-21 08:00")
    async with home.lives() as daily:
        await daily.digest()
        home.clock.ahead += 30 * 24 * HOUR
        await daily.digest()
        home.clock.ahead = 0.0
        for day in days:
            home.to(f"{day} 08:00")
            await daily.digest()
            await daily.catch_up()
    assert sorted(days_of(home.ear.heard)) == sorted(["2026-11-21", "2026-12-21", *days])


async def test_one_that_was_due_while_nothing_ran_is_made_up_for(home: Home) -> None:
    """Not on a first day, not after its grace; else at once when the daemon is back."""
    home.to("2026-11-21 08:30")
    async with home.lives() as daily:
        await daily.catch_up()
        assert home.ear.heard == []
        await daily.digest()
    for back, ids in (
        ("2026-11-22 09:00", ["2026-11-21", "2026-11-22"]),
        ("2026-11-23 15:00", ["2026-11-21", "2026-11-22"]),
    ):
        home.to(back)
        async with home.lives() as daily:
            await daily.catch_up()
        assert days_of(home.ear.heard) == ids


async def test_a_store_that_is_gone_does_not_keep_the_digest_back(home: Home) -> None:
    """Whether all is well is told straight out."""
    home.to("2026-11-21 08:00")
    async with home.lives() as daily:
        await home.store.close()
        await daily.digest()
    assert [one.id for one in home.ear.heard] == [":digest:2026-11-21:0"]


async def test_no_digest_where_it_is_off(home: Home) -> None:
    """The other jobs stay."""
    home.at = None
    home.to("2026-11-21 08:00")
    async with home.lives() as daily:
        await daily.digest()
        await daily.catch_up()
        assert [job.name for job in daily.jobs()] == [
            "the new look at ticks and tiers",
            "forgetting what is older than 30 days",
        ]
    assert home.ear.heard == []


async def test_what_is_older_than_is_kept_is_forgotten(home: Home) -> None:
    """The journal of the last thirty days stays, the rest goes."""
    async with home.lives() as daily:
        for days in (40, 31, 29, 0):
            then = Instant(0.0, home.clock.now().wall - timedelta(days=days).total_seconds())
            await home.store.write("main", Save(entries=(Entry("place", f"{days}"),)), lambda _: (), then)
        await daily.forget()
        assert [line.detail for line in await home.store.read_journal()] == ["29", "0"]


async def test_ticks_and_tiers_are_read_anew(home: Home) -> None:
    """Of every account."""
    async with home.lives() as daily:
        await daily.list_anew()
    assert home.account.listed == 1


def test_the_night_is_counted_from_what_was_told() -> None:
    """Alerts by level, stops that came to rest, seconds of blindness: overlapping accounts count once."""

    def told(at: float, alert: str, event: str, level: Level, account: str = "main") -> Message:
        return Message(f"{alert}{at}{account}", account, level, event, alert, ("",), sound=False, at=at)

    said = [
        told(10, "rule:room|BTC", "fired", Level.WARN),
        told(20, "rule:room|BTC", "worsened", Level.CRITICAL),
        told(25, "rule:room|BTC", "repeated", Level.CRITICAL),
        told(30, "rule:room|BTC", "resolved", Level.CRITICAL),
        told(40, "blind", "fired", Level.WARN),
        told(50, "blind", "fired", Level.WARN, "alt"),
        told(60, "blind", "resolved", Level.WARN),
        told(70, "blind", "resolved", Level.WARN, "alt"),
        told(90, "blind", "fired", Level.WARN),
        told(95, "", "told", Level.WARN),
    ]
    journal = [JournalLine(number, 0.0, "main", kind, "") for number, kind in enumerate(["place", "rests", "refused"])]
    tally = tally_of(0.0, said, journal, {}, 100.0)
    assert tally.fired == {Level.WARN: 4, Level.CRITICAL: 1}
    assert (tally.stops_placed, tally.stops_refused, tally.blind) == (1, 1, 40.0)


def test_the_zone_of_this_machine_is_a_zone() -> None:
    """Whatever the machine says, there is one."""
    assert datetime.now(UTC).astimezone(calendar_jobs.local_zone()).utcoffset() is not None
