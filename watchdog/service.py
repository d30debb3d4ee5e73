"""Wires the parts, supervises the tasks, owns start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from watchdog import report, systemd
from watchdog.channels.base import Channel
from watchdog.channels.console import ConsoleChannel
from watchdog.clock import Clock
from watchdog.control import CommandBody, ControlServer, Handlers
from watchdog.core.state import Identity, restore
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Level, Message, Reply, Save
from watchdog.domain.facts import Command
from watchdog.notifier import Notifier
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Mode, Ruleset
from watchdog.runner import AccountRunner
from watchdog.settings import AccountSettings, ChannelSettings, Settings
from watchdog.store import Store, StoreError
from watchdog.store.errors import BEGIN_ANEW
from watchdog.store.session import sqlite_path
from watchdog.tomlfile import FileError, read_text
from watchdog.venues.base import Venue
from watchdog.venues.budget import Budget

VenueMaker = Callable[[AccountSettings, Clock], Venue]
ChannelMaker = Callable[[ChannelSettings], Channel]

LOOK_AT_RULES = 1.0
"""Seconds between two looks at the rules file."""

CYCLE_GRACE = 60.0
"""Seconds beyond its poll after which an account that finished no read, good or bad, counts as stuck."""

_log = logging.getLogger(__name__)


def venue_maker() -> VenueMaker:
    """Makes the venue of an account; accounts that share an address share its request budget."""
    budgets: dict[tuple[str, str | None], Budget] = {}

    def make(account: AccountSettings, clock: Clock) -> Venue:
        address = (account.venue, account.base_url)
        if address not in budgets:
            budgets[address] = Budget(clock)
        return make_venue(account, clock, budgets[address])

    return make


def make_venue(account: AccountSettings, clock: Clock, budget: Budget | None = None) -> Venue:
    """The venue of an account. Importing ccxt takes seconds, so it is done here and not before."""
    from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue  # noqa: PLC0415  (ccxt: see above)

    return BinanceUsdmVenue(
        account.name,
        account.api_key.get_secret_value(),
        account.secret.get_secret_value(),
        base_url=account.base_url,
        allow_withdraw_key=account.allow_withdraw_key,
        clock=clock,
        budget=budget,
    )


def make_channel(channel: ChannelSettings) -> Channel:
    """The channel of a `[channel.NAME]` table."""
    return ConsoleChannel(channel.name, channel.min_level, channel.format)


def load_rules(settings: Settings) -> Ruleset:
    """The rules file the settings name. Raises FileError."""
    return parse_rules(read_text(settings.rules), str(settings.rules), frozenset(settings.accounts))


class Service:
    """The daemon: one runner per account, one store, one notifier, one control socket."""

    def __init__(
        self,
        settings: Settings,
        rules: Ruleset,
        clock: Clock,
        *,
        venues: VenueMaker | None = None,
        channels: ChannelMaker = make_channel,
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._make_venue = venues or venue_maker()
        self._make_channel = channels
        self._look_now = asyncio.Event()
        self._requests = itertools.count()
        self.runners: Mapping[str, AccountRunner] = {}
        self.notifier: Notifier | None = None

    def busy(self) -> bool:
        """Whether anything is under way that will end by itself."""
        talking = self.notifier is not None and self.notifier.busy()
        return talking or any(runner.busy() for runner in self.runners.values())

    async def run(self, stop: asyncio.Event, started: Callable[[], None] | None = None) -> None:
        """Run until `stop` is set. Raises StoreError or ControlError when it can't start."""
        store = await Store.open(self._settings.store.url)
        try:
            notifier = Notifier(
                store, [self._make_channel(one) for one in self._settings.channels.values()], self._clock
            )
            self.notifier = notifier
            await notifier.start()
            try:
                await self._run(store, notifier, stop, started)
            finally:
                systemd.stopping("stopping: what rests on the venues stays")
                await notifier.stop(5.0)
        finally:
            await store.close()

    async def _run(
        self, store: Store, notifier: Notifier, stop: asyncio.Event, started: Callable[[], None] | None
    ) -> None:
        self.runners = {
            name: await self._runner(account, store, notifier) for name, account in self._settings.accounts.items()
        }
        handlers = Handlers(self._status, self._plan, self._command)
        async with ControlServer(self._settings.socket, handlers):
            tasks = [
                *(asyncio.create_task(runner.run(), name=f"account {name}") for name, runner in self.runners.items()),
                asyncio.create_task(self._watch_rules(store, notifier), name="rules"),
                asyncio.create_task(self._feed(), name="systemd"),
            ]
            loop = asyncio.get_running_loop()
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread
                loop.add_signal_handler(signal.SIGHUP, self._look_now.set)
            systemd.ready(f"watching {', '.join(self.runners)}")
            if started is not None:
                started()
            stopped = asyncio.create_task(stop.wait())
            try:
                done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stopped}:
                    task.result()  # none of them ends by itself: this raises what broke it
            finally:
                for task in (stopped, *tasks):
                    task.cancel()
                await asyncio.gather(stopped, *tasks, return_exceptions=True)
                with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                    loop.remove_signal_handler(signal.SIGHUP)

    async def _runner(self, account: AccountSettings, store: Store, notifier: Notifier) -> AccountRunner:
        who = Identity(account.name, account.venue, store.installation, Mode(account.mode), account.poll)
        stored = await store.load(account.name)
        try:
            state = restore(who, self._rules, stored, self._clock.now())
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            what = f"holds what was remembered of account {account.name} in a form nobody can read"
            raise StoreError(sqlite_path(self._settings.store.url), f"{what} ({error!r})", BEGIN_ANEW) from None
        return AccountRunner(state, self._make_venue(account, self._clock), store, notifier, self._clock)

    # ── the rules file ────────────────────────────────────────────────────────────────────────────────────────────

    async def _watch_rules(self, store: Store, notifier: Notifier) -> None:
        """Look at the file every second, and at once on SIGHUP. A change is taken when two looks agree on it."""
        path = self._settings.rules
        last, told = self._rules.digest, self._rules.digest
        while True:
            pause = asyncio.create_task(self._clock.sleep(LOOK_AT_RULES))
            asked = asyncio.create_task(self._look_now.wait())
            try:
                await asyncio.wait([pause, asked], return_when=asyncio.FIRST_COMPLETED)
            finally:
                pause.cancel()
                asked.cancel()
                await asyncio.gather(pause, asked, return_exceptions=True)
            hup = self._look_now.is_set()
            self._look_now.clear()
            digest = _digest(path)
            if hup:
                systemd.reloading()
            if (digest == last or hup) and digest != told:
                told = digest
                await self._tell(store, notifier, self._reload())
            last = digest
            if hup:
                systemd.ready(f"watching {', '.join(self.runners)}")

    def _reload(self) -> Message:
        """Take the new file whole, or say what is wrong with it and keep the old rules."""
        name = self._settings.rules.name
        try:
            rules = load_rules(self._settings)
        except FileError as error:
            problems = [str(problem) for problem in error.problems]
            more = [f"… and {len(problems) - 5} more"] if len(problems) > 5 else []  # noqa: PLR2004  (a message is short)
            first = f"WARN · {name} was not taken: the old rules stay in force"
            return self._message(Level.WARN, (first, *problems[:5], *more))
        before, self._rules = self._rules, rules
        for runner in self.runners.values():
            runner.put(RulesChanged(rules))
        if rules.rules == before.rules and replace(rules, file=before.file, digest=before.digest) == before:
            return self._message(Level.INFO, (f"INFO · {name} was saved and says the same as before",))
        old, new = {rule.name: rule for rule in before.rules}, {rule.name: rule for rule in rules.rules}
        changed = [one for one in new if one in old and replace(new[one], line=0) != replace(old[one], line=0)]
        parts = [
            f"mode {before.mode.name.lower()} → {rules.mode.name.lower()}" if before.mode != rules.mode else "",
            _named("new", [one for one in new if one not in old]),
            _named("gone", [one for one in old if one not in new]),
            _named("changed", changed),
        ]
        words = "; ".join(part for part in parts if part) or "settings outside the rules changed"
        return self._message(Level.WARN, (f"INFO · {name} is in force: {len(rules.rules)} rules", words))

    def _message(self, level: Level, lines: tuple[str, ...]) -> Message:
        at = self._clock.now().wall
        return Message(f":rules:{at * 1000:.0f}", "", level, "told", "", lines, sound=False, at=at)

    async def _tell(self, store: Store, notifier: Notifier, message: Message) -> None:
        try:
            await store.write("", Save(messages=(message,)), notifier.channels_for, self._clock.now())
        except StoreError:
            notifier.say_now(message)
        else:
            notifier.hand_over(message)

    # ── systemd ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _feed(self) -> None:
        """Tell systemd that we live, only while every account finishes its cycles."""
        interval = systemd.watchdog_interval()
        pause = 10.0 if interval is None else max(0.5, interval / 3)
        while True:
            now = self._clock.now().mono
            stuck = [
                name
                for name, runner in self.runners.items()
                if now - runner.cycle_at > runner.state.who.poll + CYCLE_GRACE
            ]
            if stuck:
                systemd.status(f"stuck: {', '.join(stuck)}")
            else:
                systemd.alive()
            await self._clock.sleep(pause)

    # ── the control socket ────────────────────────────────────────────────────────────────────────────────────────

    async def _status(self) -> object:
        now = self._clock.now()
        channels = () if self.notifier is None else self.notifier.status()
        return {
            "accounts": [report.status(runner.state, now) for runner in self.runners.values()],
            "channels": [
                {
                    "channel": one.name,
                    "waiting": one.waiting,
                    "fails": one.reason,
                    "for": None if one.since is None else round(now.mono - one.since, 1),
                }
                for one in channels
            ],
        }

    async def _plan(self) -> object:
        now = self._clock.now()
        return {"accounts": [report.plan(runner.state, now) for runner in self.runners.values()]}

    async def _command(self, body: CommandBody) -> Reply:
        named = [body.account] if body.account else list(self.runners)
        if not body.account and len(named) > 1:
            return Reply("", f"which account? {', '.join(self.runners)}", ok=False)
        runner = self.runners.get(named[0])
        if runner is None:
            return Reply("", f'no account "{named[0]}": there is {", ".join(self.runners)}', ok=False)
        request = f"{runner.account}-{next(self._requests)}"
        return await runner.ask(Command(body.verb, request, body.subject, body.seconds))


def _named(word: str, names: list[str]) -> str:
    return f"{word}: {', '.join(names)}" if names else ""


def _digest(path: Path) -> str:
    """Of the file as it is now; of nothing when it can't be read (between two steps of an editor's save)."""
    try:
        return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()
    except (OSError, UnicodeDecodeError):
        return "unreadable"
