"""What is done by the calendar, once a day each: the digest, a new look at tiers and ticks, forgetting what is old.

APScheduler runs it by the wall clock, in the zone of the digest. Nothing that watches or protects is timed here: polls,
holds and ages run on the loop's clock, which no correction of the wall clock touches.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any

from watchdog.clock import Clock

LOOK_EVERY = 60.0
"""Seconds (of the loop) between two looks at the wall clock: a timer set for the morning does not know that the clock
was put right, or that the machine slept."""

GRACE = 6 * 3600
"""Seconds by which a run may be late and is still made: a machine that slept says so in the morning."""

NEXT_WITHIN = timedelta(hours=25)
"""A daily run is never further away than this (25: the day summer time ends)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something done once a day."""

    name: str
    """In words: `the digest`."""
    at: time
    """Time of day, in the calendar's zone."""
    do: Callable[[], Awaitable[None]]


def last_due(at: time, zone: tzinfo, wall: float) -> datetime:
    """The latest moment, up to `wall` (seconds since the epoch), at which a clock in that zone showed this time.

    Where summer time leaves a time out, it is an hour later; where it shows one twice, it is the first.
    """
    now = datetime.fromtimestamp(wall, zone)
    today = datetime.combine(now.date(), at, zone)
    due = today if today.timestamp() <= wall else datetime.combine(now.date() - timedelta(days=1), at, zone)
    return due.astimezone(UTC).astimezone(zone)


def local_zone() -> tzinfo:
    """The machine's own; UTC where it does not say."""
    tzlocal = importlib.import_module("tzlocal")
    try:
        zone: tzinfo = tzlocal.get_localzone()
    except Exception:  # noqa: BLE001  (a machine set up in two ways at once; the digest then has UTC)
        _log.warning("this machine's time zone can't be read: the calendar runs in UTC")
        return UTC
    return zone


class Calendar:
    """Runs its jobs until cancelled. `fails` is told in words of a run that broke or was left out."""

    def __init__(
        self, jobs: Sequence[Job], zone: tzinfo, clock: Clock, fails: Callable[[str], Coroutine[Any, Any, None]]
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._zone = zone
        self._clock = clock
        self._fails = fails
        self._done: dict[str, datetime] = {}
        """When each job that has run was due."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._scheduler: Any = None  # APScheduler ships no types

    async def run(self) -> None:
        """Run what is due, when it is, until cancelled."""
        scheduler = self._scheduler = await asyncio.to_thread(self._make)
        scheduler.start()
        try:
            while True:
                await self._clock.sleep(LOOK_EVERY)
                self._look()
        finally:
            scheduler.shutdown(wait=False)  # takes hold in the loop's next turn, and cancels what runs
            await asyncio.sleep(0)
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _make(self) -> Any:
        """The scheduler with its jobs, not started. Imports take a moment, so this is for a thread."""
        events = importlib.import_module("apscheduler.events")
        schedulers = importlib.import_module("apscheduler.schedulers.asyncio")
        cron = importlib.import_module("apscheduler.triggers.cron")
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # each run is a line of ours, or of nobody
        scheduler = schedulers.AsyncIOScheduler(timezone=self._zone)
        heard = events.EVENT_JOB_ERROR | events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES
        scheduler.add_listener(partial(self._heard, events), heard)
        for job in self._jobs.values():
            scheduler.add_job(
                self._do,
                cron.CronTrigger(hour=job.at.hour, minute=job.at.minute, timezone=self._zone),
                args=(job,),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=GRACE,
            )
        return scheduler

    async def _do(self, job: Job) -> None:
        due = last_due(job.at, self._zone, datetime.now(UTC).timestamp())
        if self._done.get(job.name) == due:
            return  # the day summer time ends has some hours twice
        self._done[job.name] = due
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (this is a coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        _log.info("calendar: %s", job.name)
        await job.do()

    def _look(self) -> None:
        """See what is due by the wall clock as it is now, and forget plans made by a clock that was ahead."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > NEXT_WITHIN:
                job.reschedule(job.trigger)
        self._scheduler.wakeup()

    def _heard(self, events: Any, event: Any) -> None:
        """A run broke, came too late, or was left out because the one before it still ran."""
        if event.code == events.EVENT_JOB_ERROR:
            if isinstance(event.exception, asyncio.CancelledError):
                return  # we are stopping
            why = f"{type(event.exception).__name__}: {event.exception}"
        elif event.code == events.EVENT_JOB_MISSED:
            why = "its time was over when this machine came to it: it slept, or its clock jumped"
        else:
            why = "the last one still runs"
        _log.warning("calendar: %s was not done: %s", event.job_id, why)
        task = asyncio.get_running_loop().create_task(self._fails(f"{event.job_id} was not done: {why}"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
