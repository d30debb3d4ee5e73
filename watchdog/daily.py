"""What is done once a day: the digest, a new look at tiers and ticks, forgetting what is old."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Protocol

from watchdog.alerts.silence import BLIND
from watchdog.calendar_jobs import GRACE, Job, last_due
from watchdog.clock import Clock
from watchdog.core.state import State
from watchdog.digest import Tally, digest, equity_of
from watchdog.domain.effects import Entry, Keep, Level, Message, Save
from watchdog.notifier import Notifier
from watchdog.settings import Settings
from watchdog.store import Store, StoreError
from watchdog.store.journal import JournalLine

TIERS_AT = time(3, 35)
"""Away from the hours at which funding is settled and venues publish changes."""

FORGET_AT = time(4, 10)

DAY = 86400.0
_OF, _KIND, _KEY = ":calendar", "digest", "last"

_log = logging.getLogger(__name__)


class Watched(Protocol):
    """An account's runner, as far as this needs it."""

    state: State

    def list_anew(self) -> None:
        """Have ticks and tiers read anew."""
        ...


class Daily:
    """The jobs, and what they need. `accounts`: the runners by name."""

    def __init__(
        self,
        settings: Settings,
        zone: tzinfo,
        store: Store,
        notifier: Notifier,
        accounts: Mapping[str, Watched],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._zone = zone
        self._store = store
        self._notifier = notifier
        self._accounts = accounts
        self._clock = clock

    def jobs(self) -> list[Job]:
        """What the calendar runs."""
        jobs = [
            Job("the new look at ticks and tiers", TIERS_AT, self.list_anew),
            Job(f"forgetting what is older than {self._settings.store.keep} days", FORGET_AT, self.forget),
        ]
        if self._settings.digest.at is not None:
            jobs.append(Job("the digest", self._settings.digest.at, self.digest))
        return jobs

    async def list_anew(self) -> None:
        """Each account's next read asks for the listing and the brackets again."""
        for one in self._accounts.values():
            one.list_anew()

    async def forget(self) -> None:
        """Prune the journal and what was delivered long ago. Raises StoreError."""
        pruned = await self._store.prune(self._clock.now().wall - self._settings.store.keep * DAY)
        if any(pruned):
            _log.info("forgot %d lines of the journal and %d messages", pruned.journal, pruned.outbox)

    async def digest(self) -> None:
        """Tell how things stand: once for each time it is due, however often this is called."""
        at = self._settings.digest.at
        if at is None:
            return
        now = self._clock.now()
        due = last_due(at, self._zone, now.wall)
        after = 0.0
        try:
            last = await self._last()
            if last is not None:
                after = float(last["due"])
                if after > now.wall:  # kept by a clock that was ahead: it says nothing of today
                    last = None
                elif after >= due.timestamp():
                    return
            tally = await self._tally(last, now.wall)
        except StoreError:  # it says so itself; whether all is well is told all the same
            tally = Tally(now.wall - DAY)
        states = [one.state for one in self._accounts.values()]
        mute = [one.name for one in self._notifier.status() if one.reason]
        next_due = last_due(at, self._zone, (due + timedelta(hours=36)).timestamp())
        lines = digest(states, tally, now, next_at=next_due.timestamp(), zone=self._zone, mute_channels=mute)
        message = Message(
            # This one and the one before it: no channel ever hears it twice, and one that a clock sent on a wrong day
            # does not take the place of that day's own.
            f":digest:{due:%Y-%m-%d}:{after:.0f}",
            "",
            Level.INFO,
            "told",
            "",
            lines,
            sound=False,
            at=now.wall,
            channels=tuple(self._settings.channels),  # all, whatever their minimum: "if it doesn't come, I'm down"
        )
        equity = {asset: str(value) for asset, value in equity_of(states).items()}
        kept = json.dumps({"due": due.timestamp(), "wall": now.wall, "equity": equity}, sort_keys=True)
        save = Save((Keep(_KIND, _KEY, kept),), (message,), (Entry("digest", json.dumps(lines)),))
        try:
            await self._store.write(_OF, save, self._notifier.channels_for, now)
        except StoreError:
            self._notifier.say_now(message)
        else:
            self._notifier.hand_over(message)

    async def _tally(self, last: Mapping[str, Any] | None, now: float) -> Tally:
        """What happened since the last digest, or in the last day. Raises StoreError."""
        since = now - DAY if last is None else float(last["wall"])
        equity = {} if last is None else {asset: Decimal(value) for asset, value in last["equity"].items()}
        return tally_of(since, await self._store.said(since), await self._store.read_journal(since), equity, now)

    async def catch_up(self) -> None:
        """The digest that was due while this was not running, if that is not long ago. Not on a first day.

        Raises StoreError.
        """
        at, now = self._settings.digest.at, self._clock.now()
        if at is None or await self._last() is None:
            return
        if now.wall - last_due(at, self._zone, now.wall).timestamp() < GRACE:
            await self.digest()

    async def _last(self) -> Mapping[str, Any] | None:
        """What was kept with the last digest."""
        kept = (await self._store.load(_OF)).get(_KIND, {}).get(_KEY)
        try:
            last = None if kept is None else json.loads(kept)
            return last if last is None or {"due", "wall", "equity"} <= last.keys() else None
        except (ValueError, AttributeError):
            return None


def tally_of(
    since: float, said: Sequence[Message], journal: Sequence[JournalLine], equity: Mapping[str, Decimal], now: float
) -> Tally:
    """Count what happened since then."""
    fired = Counter(one.level for one in said if one.alert and one.event in {"fired", "worsened"})
    kinds = Counter(line.kind for line in journal)
    return Tally(since, fired, kinds["rests"], kinds["refused"], _blind(said, now), equity)


def _blind(said: Sequence[Message], now: float) -> float:
    """Seconds during which any account was told to be blind; what began before the first of them is not counted."""
    blind: set[str] = set()
    total, began = 0.0, 0.0
    for one in sorted(said, key=lambda message: message.at):
        if one.alert != BLIND:
            continue
        if one.event == "resolved":
            if blind == {one.account}:
                total += one.at - began
            blind.discard(one.account)
        else:
            began = began if blind else one.at
            blind.add(one.account)
    return total + (now - began if blind else 0.0)
