"""The database as its one thread sees it: the file, the lock on it, one connection, one whole transaction a call."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from watchdog.store import schema
from watchdog.store.errors import StoreError, explain

BUSY_S = 1.0
"""How long a statement waits for another program's lock. Short: an alert waits as long."""
WAL_KEPT_BYTES = 4 * 1024 * 1024
"""The write-ahead log is cut back to this after a checkpoint."""

T = TypeVar("T")


def sqlite_path(url: str) -> Path:
    """The file a store's url names, links followed so that one file has one name.

    Raises StoreError for a url that is none, that names no file, or another kind of database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(url, "is no database url", 'Write [store] url = "sqlite:///watchdog.db"') from None
    if parsed.get_backend_name() != "sqlite":
        # hide the password a url of a database server may carry
        shown = parsed.render_as_string(hide_password=True)
        raise StoreError(shown, "is not supported yet", 'Only SQLite files are: "sqlite:///watchdog.db"')
    if parsed.database in {None, "", ":memory:"}:
        raise StoreError(url, "names no file", 'Write [store] url = "sqlite:///watchdog.db"')
    return Path(str(parsed.database)).resolve()


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection that begins no transaction by itself. `mode`: `rw` or `ro`."""
    # One thread uses it; but a store that was never closed is collected in whichever thread comes by.
    name = f"file:{quote(str(path))}?mode={mode}"
    raw = sqlite3.connect(name, uri=True, isolation_level=None, check_same_thread=False)
    raw.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
    raw.execute("PRAGMA foreign_keys = ON")
    return raw


class Session:
    """One open database. Every method runs in the store's one thread, and raises only StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.installation = ""
        self._lock = -1
        self._identity = (0, 0)
        self._raw: sqlite3.Connection | None = None
        self._connection: Connection | None = None

    def open(self) -> None:
        """Lock, open, check and bring up to date. A failure leaves nothing held."""
        try:
            self._open()
        except (SQLAlchemyError, sqlite3.Error, OSError, StoreError) as error:
            self.close()
            raise explain(self.path, error) from None

    def _open(self) -> None:
        if self.path.is_dir():
            raise StoreError(self.path, "is a directory", "Name a file in [store] url")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _take_lock(self.path)
        # Made here, never opened beside SQLite: closing a second handle of a file drops the locks SQLite has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._raw = raw = connect(self.path, "rw")
        version = schema.version_of(raw, self.path)
        if raw.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite_error("SQLITE_CORRUPT")
        if raw.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreError(self.path, "can't keep a write-ahead log", "Put it on a local disk, not a network share")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
        event.listen(engine, "begin", _begin)
        self._connection = engine.connect()
        with self._connection.begin():
            self.installation = schema.prepare(self._connection, version)
        at = self.path.stat()
        self._identity = (at.st_dev, at.st_ino)

    def transact(self, job: Callable[[Connection], T]) -> T:
        """Run one job as one whole transaction: all of it is on the disk, or nothing."""
        if self._connection is None:
            raise StoreError(self.path, "is closed")
        try:
            self._still_there()
            with self._connection.begin():
                return job(self._connection)
        except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError) as error:
            raise explain(self.path, error) from None

    def _still_there(self) -> None:
        """SQLite goes on writing into a deleted file without a word; what it took would be gone with the process."""
        try:
            at = self.path.stat()
        except FileNotFoundError:
            raise StoreError(self.path, "was moved or deleted while in use", "Restart the watchdog") from None
        if (at.st_dev, at.st_ino) != self._identity:
            raise StoreError(self.path, "was replaced while in use", "Restart the watchdog")

    def close(self) -> None:
        """Let go of the file, then of the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._raw is not None:
            with contextlib.suppress(sqlite3.Error):  # nothing is owed to the disk: each transaction was whole
                self._raw.close()
            self._raw = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sqlite_error(name: str) -> sqlite3.DatabaseError:
    """An error as SQLite itself would raise it."""
    error = sqlite3.DatabaseError(name)
    error.sqlite_errorname = name
    return error


def _begin(connection: Connection) -> None:
    # A deferred BEGIN could fail half-way through, when its first write asks for the lock.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _take_lock(path: Path) -> int:
    """Hold `<path>.lock` for as long as this process lives; the kernel lets it go when the process dies."""
    name = path.with_name(f"{path.name}.lock")
    handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        os.close(handle)
        who = f"another watchdog (process {owner})" if owner else "another watchdog"
        raise StoreError(path, f"is in use by {who}", "Stop that one, or give this one its own [store] url") from None
    os.truncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle
