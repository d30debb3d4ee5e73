"""What people ask and tell, over the control socket and through channels: answered for all accounts together."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from watchdog import __version__, reasons, report
from watchdog.clock import Clock
from watchdog.core.state import State
from watchdog.domain.effects import Reply
from watchdog.domain.facts import Command
from watchdog.domain.verbs import Verb
from watchdog.notifier import ChannelStatus
from watchdog.runner import AccountRunner
from watchdog.snapshots import document

TO_ALL = frozenset({Verb.ACK, Verb.SILENCE, Verb.UNSILENCE, Verb.CONFIRM})
"""With a subject and without an account these go to every account: the one that knows the subject answers."""


def stale(state: State, mono: float) -> str:
    """Why the figures of an account are not those of now: how old they are and why no read was good since."""
    reads = state.reads
    why = state.barred or reads.why_failed
    if state.fresh(mono) and not why:
        return ""
    last = f"last good read {mono - reads.last_good:.0f} s ago" if reads.ever else "no good read so far"
    return f"{last}; reads fail: {why}" if why else last


class Channels(Protocol):
    """What is asked of the notifier."""

    def status(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        ...


class People:
    """The one place that answers people."""

    def __init__(
        self,
        runners: Mapping[str, AccountRunner],
        channels: Channels,
        clock: Clock,
        secrets: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        """`secrets`: what may stand in no answer, by account."""
        self._runners = runners
        self._secrets = secrets
        self._channels = channels
        self._clock = clock
        self._requests = itertools.count()
        self._writing = asyncio.Lock()

    async def status(self) -> dict[str, Any]:
        """Every account and every channel as they are."""
        now = self._clock.now()
        return {
            "accounts": [report.status(runner.state, now) for runner in self._runners.values()],
            "channels": [
                {
                    "channel": one.name,
                    "waiting": one.waiting,
                    "fails": one.reason,
                    "for": None if one.since is None else round(now.mono - one.since, 1),
                }
                for one in self._channels.status()
            ],
        }

    async def plan(self) -> dict[str, Any]:
        """What would be sent now."""
        now = self._clock.now()
        return {"accounts": [report.plan(runner.state, now) for runner in self._runners.values()]}

    async def why(self, subject: str) -> str:
        """What every rule reads of what the subject names, in words."""
        now = self._clock.now()
        said = [words for runner in self._runners.values() if (words := reasons.why(runner.state, subject, now))]
        return "\n\n".join(said) or f"nothing is called {subject}"

    async def snapshot(self, account: str) -> dict[str, Any]:
        """The raw answers behind the current readings of an account, or of all, each as the text of a file."""
        names = [account] if account else list(self._runners)
        if account and account not in self._runners:
            return {"ok": False, "text": f'no account "{account}": there is {", ".join(self._runners)}'}
        texts, missing, troubles = {}, {}, {}
        async with self._writing:  # one account at a time: a snapshot is large, and so is what is made of it
            for name in names:
                state, now = self._runners[name].state, self._clock.now()
                trouble = stale(state, now.mono)
                text = await asyncio.to_thread(self._written, name, state, trouble, now.wall)
                if text is None:
                    why = state.barred or state.reads.why_failed or "nothing has been read yet"
                    missing[name] = f"account {name}: no good read so far: {why}"
                    continue
                texts[name] = text
                if trouble:
                    troubles[name] = f"account {name}: {trouble}"
        if not texts:
            return {"ok": False, "text": "; ".join(missing.values())}
        return {"ok": True, "snapshots": texts, "missing": missing, "troubles": troubles}

    def _written(self, name: str, state: State, trouble: str, wall: float) -> str | None:
        """The text of an account's file; None where nothing was answered. In a thread: the watch goes on meanwhile."""
        runner = self._runners[name]
        payloads = runner.payloads if state.read is not None else {}
        unread = runner.unread
        if not payloads and unread is None:
            return None
        taken = state.read_wall if payloads else wall
        secrets = self._secrets.get(name, ())
        return document.write(state.who.venue, taken, payloads, secrets, __version__, trouble=trouble, unread=unread)

    async def tell(self, verb: Verb, *, account: str = "", subject: str = "", seconds: float = 0.0, by: str) -> Reply:
        """A command, to the account it names, or to those that know its subject."""
        names = [account] if account else list(self._runners)
        if account and account not in self._runners:
            return Reply("", f'no account "{account}": there is {", ".join(self._runners)}', ok=False)
        if len(names) > 1 and not (verb in TO_ALL and subject):
            return Reply("", f"which account? {', '.join(self._runners)}", ok=False)
        replies = await asyncio.gather(*(self._ask(name, verb, subject, seconds, by) for name in names))
        told = list(zip(names, replies, strict=True))
        said = [one for one in told if one[1].ok and one[1].known] or [one for one in told if one[1].known]
        said = said or [one for one in told if one[1].ok] or told
        if len(said) == 1 or not (said[0][1].ok and said[0][1].known):
            return said[0][1]
        return Reply("", "; ".join(f"{name}: {reply.text}" for name, reply in said))

    async def _ask(self, name: str, verb: Verb, subject: str, seconds: float, by: str) -> Reply:
        return await self._runners[name].ask(Command(verb, f"{name}-{next(self._requests)}", subject, seconds, by))
