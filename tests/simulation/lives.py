"""The daemon's lives: how each begins, is killed, or stops as systemd would have it, and what it leaves behind."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.simulation.acts import Act, Moment
from tests.simulation.disk import DiskTrouble, OnDisk, leave_as_after_death, lock_handles
from tests.simulation.loop import Life, VirtualLoop
from tests.simulation.record import Record
from watchdog.store import StoreError

_AGAIN_S = 5.0
"""Seconds after which systemd starts a daemon again that could not start."""
Serve = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Runs the daemon until the event is set."""


class Lives:
    """One daemon after the other. `mourn` is told of each death, with what lies on the disk then."""

    def __init__(
        self,
        folder: Path,
        loop: VirtualLoop,
        record: Record,
        disk: DiskTrouble,
        serve: Serve,
        mourn: Callable[[OnDisk], None],
    ) -> None:
        self._folder = folder
        self._loop = loop
        self._record = record
        self._disk = disk
        self._serve = serve
        self._mourn = mourn
        self._all: list[Life] = []
        self._daemon: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._armed: Act | None = None
        self.restart: Callable[[float], None] = lambda _: None
        """Called when a life was killed, with the seconds until the next begins."""

    @property
    def up(self) -> bool:
        """Whether a daemon runs."""
        return self._daemon is not None and not self._daemon.done() and not self.frozen

    @property
    def frozen(self) -> bool:
        """Whether the last life was killed."""
        return not self._all or self._all[-1].frozen

    @property
    def number(self) -> int:
        """Of the last life."""
        return len(self._all) - 1

    def start(self) -> None:
        """A daemon starts."""
        life = Life(len(self._all), self._died)
        self._all.append(life)
        self._stop = asyncio.Event()
        self._record.say(f"daemon starts, life {life.number}")
        self._daemon = self._loop.begin_life(life, self._serve(self._stop))
        self._daemon.add_done_callback(functools.partial(self._ended, life))

    def nudge(self) -> None:
        """SIGHUP."""
        if self.up:
            self._loop.signal(self._all[-1], signal.SIGHUP)

    def _ended(self, life: Life, daemon: asyncio.Task[None]) -> None:
        if life.frozen or daemon.cancelled():
            return
        error = daemon.exception()
        if isinstance(error, StoreError) and self._disk.now is not None:
            self._record.say(f"daemon can't start: {error}")
            self._exit(life)
            self.restart(_AGAIN_S)
        elif error is not None:
            self._record.fail(f"the daemon ended by itself: {error!r}")
        elif not self._stop.is_set():
            self._record.fail("the daemon ended by itself")

    async def stop_gracefully(self) -> None:
        """As systemd stops it."""
        self._record.say("daemon is stopped")
        self._stop.set()
        if self._daemon is not None:
            await asyncio.wait({self._daemon}, timeout=60.0)
            if not self._daemon.done():
                self._record.fail("the daemon does not stop")
        life = self._all[-1]
        left = [task for task in life.tasks if not task.done()]
        if left:
            self._record.fail(f"tasks are left running after a graceful stop: {left}")
        self._exit(life)

    def _exit(self, life: Life) -> None:
        """The process is over: the kernel closes its sockets and lets its lock go; the file is as it is."""
        self._loop.kill(life)
        self._disk.end(None)
        for handle in lock_handles(self._folder):
            self._loop.remove_descriptor(handle)
        leave_as_after_death(self._folder)
        self._mourn(OnDisk(self._folder))

    def _died(self) -> None:
        """The process is killed, between two steps."""
        life, act = self._all[-1], self._armed
        self._record.say(f"daemon dies after {life.steps} steps")
        self._exit(life)
        self._armed = None
        self.restart(10.0 if act is None else max(0.1, act.until - act.at))

    def arm(self, act: Act) -> None:
        """It will die a few steps after the moment the act names."""
        if not self.frozen:
            self._armed = act
            self.happened(Moment.NOW)

    def disarm(self) -> None:
        """It will not, should it still live."""
        self._armed = None

    def happened(self, moment: Moment) -> None:
        """A crash that waits for this moment comes a few steps later."""
        act, life = self._armed, self._all[-1] if self._all else None
        if act is not None and life is not None and act.name == moment and life.fuse is None:
            life.fuse = act.steps

    async def clear_away(self) -> None:
        """Let what is left of all lives run to its end."""
        for life in self._all:
            await self._loop.bury(life)
