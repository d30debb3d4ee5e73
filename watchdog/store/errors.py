"""What can be wrong with the store, in words that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

BEGIN_ANEW = (
    "Move it aside (with its -wal and -shm files) and start again: alert states begin anew, and stops placed so far "
    "then count as somebody else's"
)

_SAID: dict[str, tuple[str, str]] = {
    "SQLITE_NOTADB": ("is not a SQLite database, or its beginning is damaged", BEGIN_ANEW),
    "SQLITE_CORRUPT": ("is damaged", BEGIN_ANEW),
    "SQLITE_FULL": ("can't grow: the disk is full", "Make room; it is used again as soon as there is some"),
    "SQLITE_IOERR": ("can't be read or written: the disk refused", "Look at the disk and its space"),
    "SQLITE_READONLY": (
        "can't be written: it is read-only",
        "Give the watchdog's user leave to write it and its directory",
    ),
    "SQLITE_CANTOPEN": ("can't be opened", "Give the watchdog's user leave to write it and its directory"),
    "SQLITE_PERM": ("can't be opened", "Give the watchdog's user leave to write it and its directory"),
    "SQLITE_BUSY": ("is locked by another program", "Close what else has it open (a database browser, a backup)"),
    "SQLITE_LOCKED": ("is locked by another program", "Close what else has it open (a database browser, a backup)"),
}


class StoreError(Exception):
    """The store could not be opened, read or written. Names the file, says why and what to do."""

    def __init__(self, path: Path | str, reason: str, advice: str = "") -> None:
        super().__init__(f"{path} {reason}. {advice}." if advice else f"{path} {reason}.")
        self.path = Path(path)
        self.reason = reason
        self.advice = advice


def explain(path: Path, error: Exception) -> StoreError:
    """The error of the database or the system, as one of ours."""
    if isinstance(error, StoreError):
        return error
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    name: str = getattr(cause, "sqlite_errorname", "")
    for code, (reason, advice) in _SAID.items():
        if name == code or name.startswith(f"{code}_"):
            return StoreError(path, reason, advice)
    if isinstance(cause, PermissionError):
        return StoreError(path, *_SAID["SQLITE_PERM"])
    if isinstance(cause, OSError):
        where = f"{cause.filename}: " if cause.filename else ""
        return StoreError(path, f"can't be used: {where}{cause.strerror or cause}")
    if isinstance(cause, sqlite3.Error):
        return StoreError(path, f"failed: {cause} ({name or type(cause).__name__})")
    return StoreError(path, f"failed: {type(error).__name__}")
