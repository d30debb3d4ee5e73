"""The tables, their version, and how an older file becomes one of this version."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Column, Connection, Float, Index, Integer, MetaData, Table, Text, insert, select, update

from watchdog.store.errors import BEGIN_ANEW, StoreError

VERSION = 1

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {}
"""By the version they start from: each makes a file of version n one of version n + 1."""

METADATA = MetaData()

META = Table(
    "meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

STATE = Table(
    "state",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("at", Float, nullable=False),  # wall seconds
    Column("body", Text, nullable=False),
    Column("done_at", Float),  # wall seconds; NULL until the channel has confirmed
    sqlite_with_rowid=False,
)
Index("outbox_owed", OUTBOX.c.level, OUTBOX.c.at, sqlite_where=OUTBOX.c.done_at.is_(None))

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),  # wall seconds
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,  # a pruned line's number is never given again
)
Index("journal_at", JOURNAL.c.at)


def version_of(raw: sqlite3.Connection, path: Path) -> int:
    """The schema version of an opened file; 0 for an empty one. Writes nothing.

    Raises StoreError for a file of another program, a damaged one, and one of a newer watchdog.
    """
    tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if not {table.name for table in (META, STATE, OUTBOX, JOURNAL)} <= tables:
        raise StoreError(path, "is a database of another program", "Name another file in [store] url")
    row = raw.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    if row is None or not str(row[0]).isdecimal() or int(row[0]) < 1:
        raise StoreError(path, "does not say which version of the watchdog wrote it", BEGIN_ANEW)
    version = int(row[0])
    if version > VERSION:
        raise StoreError(
            path,
            f"was written by a newer watchdog (schema {version}; this one knows {VERSION})",
            "Install that newer watchdog again, or name another file in [store] url",
        )
    return version


def prepare(connection: Connection, version: int) -> str:
    """Make the tables, or bring an older file up to date, in the caller's transaction. Returns the installation id."""
    if version == 0:
        METADATA.create_all(connection)
        connection.execute(insert(META).values(key="version", value=str(VERSION)))
        connection.execute(insert(META).values(key="installation", value=secrets.token_hex(4)))
    for older in range(max(version, 1), VERSION):
        MIGRATIONS[older](connection)
    connection.execute(update(META).where(META.c.key == "version").values(value=str(VERSION)))
    installation: str = connection.execute(select(META.c.value).where(META.c.key == "installation")).scalar_one()
    return installation
