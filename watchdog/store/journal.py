"""Reading the journal, also from another process while the daemon writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from watchdog.store import schema
from watchdog.store.errors import StoreError, explain
from watchdog.store.session import connect, sqlite_path


class JournalLine(NamedTuple):
    """One line: its number, wall seconds, the account, what kind of thing happened, and its detail as JSON text."""

    id: int
    at: float
    account: str
    kind: str
    detail: str


class Journal:
    """The journal, opened read-only; a context manager. Changes nothing in the file, and needs no daemon."""

    def __init__(self, path: Path, raw: sqlite3.Connection) -> None:
        self._path = path
        self._raw = raw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def read(self, since: float = 0.0, account: str | None = None) -> Iterator[JournalLine]:
        """The lines from a wall time on, oldest first; of one account, or of all. Raises StoreError."""
        asked = "SELECT id, at, account, kind, detail FROM journal WHERE at >= ?"
        values: tuple[float | str, ...] = (since,)
        if account is not None:
            asked, values = f"{asked} AND account = ?", (since, account)
        try:
            yield from map(JournalLine._make, self._raw.execute(f"{asked} ORDER BY at, id", values))
        except sqlite3.Error as error:
            raise explain(self._path, error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()


def open_journal(url: str) -> Journal:
    """Open the journal of a store for reading only.

    Raises StoreError when there is no such file, or it is not a store this watchdog can read.
    """
    path = sqlite_path(url)
    if not path.exists():
        raise StoreError(path, "does not exist", "Has the watchdog run with this configuration yet?")
    try:
        raw = connect(path, "ro")
    except sqlite3.Error as error:
        raise explain(path, error) from None
    try:
        version = schema.version_of(raw, path)
    except (sqlite3.Error, StoreError) as error:
        raw.close()
        raise explain(path, error) from None
    if version == 0:
        raw.close()
        raise StoreError(path, "holds no journal yet", "Has the watchdog run with this configuration yet?")
    return Journal(path, raw)
