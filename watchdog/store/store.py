"""The store as the daemon sees it: asynchronous calls, each one whole transaction in the one writer thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Connection, Select, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from watchdog.domain.effects import Level, Message, Save
from watchdog.domain.facts import Instant
from watchdog.store.bodies import from_body, to_body
from watchdog.store.errors import StoreError
from watchdog.store.journal import JournalLine
from watchdog.store.schema import JOURNAL, OUTBOX, STATE
from watchdog.store.session import Session, sqlite_path

PATIENCE_S = 5.0
"""How long a caller waits for the disk. Machine time: a disk that hangs knows no other clock."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Pruned(NamedTuple):
    """How many rows went."""

    journal: int
    outbox: int


class Store:
    """Alert states, the outbox and the journal of one installation.

    Every call is one transaction: whole on the disk when it returns, and nothing of it when it raises StoreError; only
    a call that raises because the disk gave no answer may still come through. A caller that is cancelled leaves no
    transaction open: its call is done whole or not at all.
    """

    def __init__(self, session: Session, thread: ThreadPoolExecutor) -> None:
        self._session = session
        self._thread = thread
        self._running_since: float | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open, or make, the file a url names (`sqlite:///watchdog.db`).

        Makes missing directories, and the file for its owner only. Raises StoreError when the file can't be used: not a
        database, damaged, another program's, a newer watchdog's, read-only, locked, in use by another watchdog.
        """
        session = Session(sqlite_path(url))
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            await asyncio.get_running_loop().run_in_executor(thread, session.open)
        except BaseException:  # also a cancelled caller: whatever the thread has opened by then is let go in its turn
            thread.submit(session.close)
            thread.shutdown(wait=False)
            raise
        return cls(session, thread)

    @property
    def installation(self) -> str:
        """Eight hex digits, made once with the file: they begin every order id of ours."""
        return self._session.installation

    async def load(self, account: str) -> Mapping[str, Mapping[str, str]]:
        """All that is remembered of an account: by kind, then by key, as JSON text."""

        def job(connection: Connection) -> dict[str, dict[str, str]]:
            loaded: dict[str, dict[str, str]] = {}
            asked = select(STATE.c.kind, STATE.c.key, STATE.c.value).where(STATE.c.account == account)
            for kind, key, value in connection.execute(asked):
                loaded.setdefault(kind, {})[key] = value
            return loaded

        return await self._call(job)

    async def write(self, account: str, save: Save, hears: Callable[[Message], tuple[str, ...]], now: Instant) -> None:
        """Put what to remember, to tell and to journal on the disk, all or nothing.

        `hears` names the channels a message goes to: an outbox row each. A message that already has its rows keeps them
        as they are, so the same Save may be tried again.
        """
        owed = [(message, channel) for message in save.messages for channel in hears(message)]
        await self._call(lambda connection: _write(connection, account, save, owed, now.wall))

    async def pending(self) -> list[tuple[Message, str]]:
        """The messages not confirmed yet, with the channel each is owed to: worst level first, then oldest.

        A row nobody can read is named in the log and left where it is: another version may.
        """
        asked = (
            select(OUTBOX.c.id, OUTBOX.c.channel, OUTBOX.c.body)
            .where(OUTBOX.c.done_at.is_(None))
            .order_by(OUTBOX.c.level.desc(), OUTBOX.c.at, OUTBOX.c.id, OUTBOX.c.channel)
        )
        owed = []
        for number, channel, message in await self._rows(asked):
            if message is not None:
                owed.append((message, channel))
                continue
            _log.error(
                "%s holds a message this version can't read, and does not tell: message %s for channel %s",
                self._session.path,
                number,
                channel,
            )
        return owed

    async def told_since(self, at: float) -> list[tuple[Message, str]]:
        """The messages later than this (wall time) that a channel has confirmed, each with the channel."""
        asked = select(OUTBOX.c.id, OUTBOX.c.channel, OUTBOX.c.body).where(
            OUTBOX.c.done_at.is_not(None), OUTBOX.c.at > at
        )
        return [(message, channel) for _, channel, message in await self._rows(asked) if message is not None]

    async def _rows(self, asked: Select[Any]) -> list[tuple[str, str, Message | None]]:
        """Id, channel and message of rows of the outbox; None for one that this version can't read."""

        def job(connection: Connection) -> list[tuple[str, str, str]]:
            return [(row.id, row.channel, row.body) for row in connection.execute(asked)]

        found: list[tuple[str, str, Message | None]] = []
        for number, channel, body in await self._call(job):
            try:
                found.append((number, channel, from_body(body)))
            except ValueError:
                found.append((number, channel, None))
        return found

    async def delivered(self, message_id: str, channel: str, wall: float) -> None:
        """A channel has confirmed a message: it never hears it again."""
        mark = (
            update(OUTBOX)
            .where(OUTBOX.c.id == message_id, OUTBOX.c.channel == channel, OUTBOX.c.done_at.is_(None))
            .values(done_at=wall)
        )

        def job(connection: Connection) -> None:
            connection.execute(mark)

        await self._call(job)

    async def read_journal(self, since: float = 0.0) -> list[JournalLine]:
        """The journal's lines from a wall time on, oldest first."""

        def job(connection: Connection) -> list[JournalLine]:
            asked = select(JOURNAL).where(JOURNAL.c.at >= since).order_by(JOURNAL.c.at, JOURNAL.c.id)
            return [JournalLine(*row) for row in connection.execute(asked)]

        return await self._call(job)

    async def said(self, since: float) -> list[Message]:
        """Each message told since a wall time, confirmed or not, oldest first."""
        asked = select(OUTBOX.c.body).where(OUTBOX.c.at >= since).group_by(OUTBOX.c.id).order_by(OUTBOX.c.at)

        def job(connection: Connection) -> list[str]:
            return list(connection.scalars(asked))

        said = []
        for body in await self._call(job):
            with contextlib.suppress(ValueError):  # one nobody can read is none
                said.append(from_body(body))
        return said

    async def prune(self, before: float) -> Pruned:
        """Forget the journal and the confirmed messages older than a wall time.

        Of unconfirmed ones only those below critical go: an old warning to a channel that never came back.
        """

        def job(connection: Connection) -> Pruned:
            lines = connection.execute(delete(JOURNAL).where(JOURNAL.c.at < before))
            done = and_(OUTBOX.c.done_at.is_not(None), OUTBOX.c.done_at < before)
            mild = and_(OUTBOX.c.done_at.is_(None), OUTBOX.c.at < before, OUTBOX.c.level < int(Level.CRITICAL))
            rows = connection.execute(delete(OUTBOX).where(or_(done, mild)))
            return Pruned(lines.rowcount, rows.rowcount)

        return await self._call(job)

    async def close(self) -> None:
        """Finish what has been asked, then let go of the file and the lock. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._session.close)
        self._thread.shutdown(wait=False)
        await asyncio.wait({closing}, timeout=PATIENCE_S)

    async def _call(self, job: Callable[[Connection], T]) -> T:
        if self._closed:
            raise StoreError(self._session.path, "is closed")
        since = self._running_since
        if since is not None and time.monotonic() - since > PATIENCE_S:  # nothing more is piled up behind a hung disk
            raise self._silent()
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._run, job)
        try:
            done, _ = await asyncio.wait({future}, timeout=PATIENCE_S)
        except asyncio.CancelledError:
            future.cancel()  # not begun: never done; begun: the thread finishes it whole, and nobody waits for it
            raise
        if not done:
            future.cancel()
            raise self._silent()
        return future.result()

    def _run(self, job: Callable[[Connection], T]) -> T:
        """In the writer thread."""
        self._running_since = time.monotonic()
        try:
            return self._session.transact(job)
        finally:
            self._running_since = None

    def _silent(self) -> StoreError:
        return StoreError(self._session.path, f"gives no answer for {PATIENCE_S:g} s", "Look at the disk")


def _write(connection: Connection, account: str, save: Save, owed: list[tuple[Message, str]], wall: float) -> None:
    last = {(keep.kind, keep.key): keep.value for keep in save.keeps}  # the last word on a key is the one that holds
    kept = [
        {"account": account, "kind": kind, "key": key, "value": value}
        for (kind, key), value in last.items()
        if value is not None
    ]
    if kept:
        upsert = insert(STATE)
        connection.execute(
            upsert.on_conflict_do_update(
                index_elements=[STATE.c.account, STATE.c.kind, STATE.c.key], set_={"value": upsert.excluded.value}
            ),
            kept,
        )
    forgotten = [{"of": account, "a_kind": kind, "a_key": key} for (kind, key), value in last.items() if value is None]
    if forgotten:
        same = and_(
            STATE.c.account == bindparam("of"),
            STATE.c.kind == bindparam("a_kind"),
            STATE.c.key == bindparam("a_key"),
        )
        connection.execute(delete(STATE).where(same), forgotten)
    if owed:
        connection.execute(
            insert(OUTBOX).on_conflict_do_nothing(),
            [
                {
                    "id": message.id,
                    "channel": channel,
                    "account": message.account,
                    "level": int(message.level),
                    "at": message.at,
                    "body": to_body(message),
                }
                for message, channel in owed
            ],
        )
    if save.entries:
        connection.execute(
            insert(JOURNAL),
            [{"at": wall, "account": account, "kind": entry.kind, "detail": entry.detail} for entry in save.entries],
        )
