"""The database file under trouble: full, gone for a while, slow; and as it lies on the disk when a process dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.acts import Disk
from watchdog.store import Store

NAME = "watchdog.db"


class DiskTrouble:
    """What the disk does now. `saved` is called whenever a transaction has ended."""

    def __init__(self, folder: Path, random: Random, saved: Callable[[], None]) -> None:
        self._file = folder / NAME
        self._random = random
        self._saved = saved
        self.now: Disk | None = None

    def slowness(self) -> tuple[float, float]:
        """Virtual seconds until a transaction is made, and until its end is known."""
        self._saved()
        if self.now is Disk.SLOW:
            return self._random.uniform(0.0, 2.5), self._random.uniform(0.0, 2.5)
        if self.now is Disk.HUNG:
            return self._random.uniform(3.0, 20.0), 0.0
        return self._random.uniform(0.0, 0.02), self._random.uniform(0.0, 0.02)

    def begin(self, kind: Disk, store: Store | None) -> None:
        """Trouble begins."""
        self.now = kind
        if kind is Disk.GONE and self._file.exists():
            self._file.rename(self._away)
        if kind is Disk.FULL and store is not None:
            _limit_pages(store, full=True)

    def end(self, store: Store | None) -> None:
        """All is well again."""
        kind, self.now = self.now, None
        if kind is Disk.GONE and self._away.exists():
            self._away.rename(self._file)
        if kind is Disk.FULL and store is not None:
            _limit_pages(store, full=False)

    @property
    def _away(self) -> Path:
        return self._file.with_name("taken-away.db")


def _limit_pages(store: Store, *, full: bool) -> None:
    """Let SQLite itself say SQLITE_FULL: the file may not grow."""
    raw = store._session._raw
    if raw is None:
        return

    def limit() -> None:
        count = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count = {count if full else 1_073_741_823}")

    asyncio.get_running_loop().run_in_executor(store._thread, limit)


def lock_handles(folder: Path) -> list[int]:
    """The descriptors by which this process holds the lock beside the file."""
    lock = folder / f"{NAME}.lock"
    found = []
    for entry in sorted(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone by now
            if entry.readlink() == lock:
                found.append(int(entry.name))
    return found


def leave_as_after_death(folder: Path) -> None:
    """Put copies of the file and its log where they lay: the dead process's own handles are on the old ones."""
    for suffix in ("-shm", "-wal", ""):
        path = folder / f"{NAME}{suffix}"
        if not path.exists():
            continue
        content = path.read_bytes()
        path.unlink()
        if suffix != "-shm":
            path.touch(mode=0o600)
            path.write_bytes(content)


class OnDisk:
    """What a new process would find in the file: rows of the outbox, and alerts that fire."""

    def __init__(self, folder: Path) -> None:
        self.done: dict[tuple[str, str], bool] = {}
        """By message id and channel: whether the channel has confirmed."""
        self.told: set[str] = set()
        """Alerts of which a message is in the outbox."""
        self.firing: set[str] = set()
        """Alerts that fire and have been said."""
        self.disarmed_until = 0.0
        """Wall time."""
        path = folder / NAME
        if not path.exists():
            return
        copy = folder / "look.db"
        for suffix in ("", "-wal"):
            source = folder / f"{NAME}{suffix}"
            if source.exists():
                (folder / f"look.db{suffix}").write_bytes(source.read_bytes())
        with contextlib.closing(sqlite3.connect(copy)) as raw:
            self._read(raw)
        for suffix in ("", "-wal", "-shm"):
            (folder / f"look.db{suffix}").unlink(missing_ok=True)

    def _read(self, raw: sqlite3.Connection) -> None:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"outbox", "state"} <= tables:
            return
        for number, channel, body, done_at in raw.execute("SELECT id, channel, body, done_at FROM outbox"):
            self.done[number, channel] = done_at is not None
            alert: str = json.loads(body)["alert"]
            self.told.add(alert)
        for key, value in raw.execute("SELECT key, value FROM state WHERE kind = 'alert'"):
            kept: dict[str, Any] = json.loads(value)
            if kept["level"] is not None and kept["told"] is not None:  # else a silence holds it back
                self.firing.add(key)
        for (value,) in raw.execute("SELECT value FROM state WHERE kind = 'account'"):
            self.disarmed_until = max(self.disarmed_until, json.loads(value).get("disarmed_until") or 0.0)
