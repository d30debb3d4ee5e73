"""Wires the parts, supervises the tasks, owns start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Mapping
from functools import partial

from watchdog import systemd
from watchdog.calendar_jobs import Calendar, local_zone
from watchdog.channels.base import AnyChannel, Hears, Memory
from watchdog.channels.console import ConsoleChannel
from watchdog.clock import Clock
from watchdog.control import CommandBody, ControlServer, Handlers
from watchdog.core.reads import overdue
from watchdog.core.state import Identity, State, restore
from watchdog.daily import Daily
from watchdog.domain.effects import Level, Message, Reply, Save
from watchdog.notifier import Notifier
from watchdog.people import People
from watchdog.publisher import Publisher
from watchdog.reload import Reloader
from watchdog.rules.listed import Listing
from watchdog.rules.schema import Mode, Ruleset
from watchdog.runner import AccountRunner
from watchdog.settings import (
    AccountSettings,
    ChannelSettings,
    ConsoleSettings,
    MqttSettings,
    Settings,
    TelegramSettings,
)
from watchdog.store import Store, StoreError
from watchdog.store.errors import BEGIN_ANEW
from watchdog.store.memory import ChannelMemory
from watchdog.store.session import sqlite_path
from watchdog.unlisted import Unlisted
from watchdog.venues.base import Keeps, Lists, Venue
from watchdog.venues.budget import Budget
from watchdog.venues.known import VENUES, kind_of

VenueMaker = Callable[[AccountSettings, Clock], Venue]
ChannelMaker = Callable[[ChannelSettings, Memory, Clock], AnyChannel]

LISTEN_AGAIN = 5.0
"""Seconds after which listening to a channel is begun anew, when it ended."""

TALKS_AFTER = 10.0
"""Seconds after which the channels are opened though a first read is not over: BLIND has to be said soon."""

SETTLES_AFTER = 2.0
"""Seconds from then until what was made at the start counts as all there is."""

OUTBOX_AGAIN = 30.0
"""Seconds until what an earlier run left to tell is asked for again, where it could not be read."""

CALENDAR_AGAIN = 3600.0
"""Seconds after which a calendar that broke is begun anew."""

CYCLE_GRACE = 90.0
"""Seconds after which a read that does not end, or was due and does not begin, makes its account count as stuck: half
as much again as a read is ever given."""

_log = logging.getLogger(__name__)


def venue_maker() -> VenueMaker:
    """Makes the venue of an account; accounts that share an address share its request budget."""
    budgets: dict[tuple[str, str | None], Budget] = {}

    def make(account: AccountSettings, clock: Clock) -> Venue:
        address = (account.venue, account.base_url)
        if address not in budgets:
            budgets[address] = Budget(clock, kind_of(account.venue).limit, orders=VENUES[account.venue].orders)
        return make_venue(account, clock, budgets[address])

    return make


def make_venue(account: AccountSettings, clock: Clock, budget: Budget | None = None) -> Venue:
    """The venue of an account. Importing ccxt takes seconds, so it is done here and not before."""
    from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue  # noqa: PLC0415  (ccxt: see above)
    from watchdog.venues.kind import Credentials  # noqa: PLC0415  (the same)
    from watchdog.venues.polled import PolledVenue  # noqa: PLC0415  (the same)

    credentials = Credentials(
        account.api_key.get_secret_value(),
        account.secret.get_secret_value(),
        account.passphrase.get_secret_value(),
        account.wallet.get_secret_value(),
    )
    if account.venue == "binanceusdm":
        return BinanceUsdmVenue(
            account.name,
            credentials.key,
            credentials.secret,
            base_url=account.base_url,
            allow_withdraw_key=account.allow_withdraw_key,
            clock=clock,
            budget=budget,
        )
    return PolledVenue(
        kind_of(account.venue),
        account.name,
        credentials,
        base_url=account.base_url,
        allow_withdraw_key=account.allow_withdraw_key,
        clock=clock,
        budget=budget,
    )


def make_channel(channel: ChannelSettings, memory: Memory, clock: Clock) -> AnyChannel:
    """The channel of a `[channel.NAME]` table. What a type needs is imported for that type only."""
    match channel:
        case TelegramSettings():
            from watchdog.channels.telegram import TelegramChannel  # noqa: PLC0415  (0.8 s)

            return TelegramChannel(channel, memory, clock)
        case MqttSettings():
            from watchdog.channels.mqtt import MqttChannel  # noqa: PLC0415  (only where it is used)

            return MqttChannel(channel)
        case ConsoleSettings():
            return ConsoleChannel(channel.name, channel.min_level, channel.format)


class Service:
    """The daemon: one runner per account, one store, one notifier, one control socket.

    `calendar`: whether the daily jobs run. They go by the machine's wall clock, so only where `clock` is the real one.
    `settled`: called once, soon after every account's first read.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Ruleset,
        clock: Clock,
        *,
        venues: VenueMaker | None = None,
        channels: ChannelMaker = make_channel,
        calendar: bool = False,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._make_venue = venues or venue_maker()
        self._make_channel = channels
        self._has_calendar = calendar
        self._settled = settled
        self._all_read = asyncio.Event()
        """Every account's first read is over, well or not."""
        self._channels: list[AnyChannel] = []
        self._publisher = Publisher((), clock)
        self._people: People | None = None
        self._reloader: Reloader | None = None
        self._said = ""
        self._venues: dict[str, Venue] = {}
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
            self._channels = [
                self._make_channel(one, ChannelMemory(store, one.name, self._clock), self._clock)
                for one in self._settings.channels.values()
            ]
            self._publisher = Publisher(self._channels, self._clock)
            notifier = self.notifier = Notifier(store, self._channels, self._clock)
            left = asyncio.create_task(self._take_up(store, notifier, await self._left(notifier)), name="the outbox")
            try:
                await self._run(store, notifier, stop, started)
            finally:
                systemd.stopping("stopping: what rests on the venues stays")
                left.cancel()
                await asyncio.gather(left, return_exceptions=True)
                self._publisher.close()
                await notifier.stop(5.0)
        finally:
            await store.close()

    async def _run(
        self, store: Store, notifier: Notifier, stop: asyncio.Event, started: Callable[[], None] | None
    ) -> None:
        reloader = self._reloader = Reloader(
            self._settings,
            self._rules,
            self._clock,
            lambda message: self._tell(store, notifier, message),
            lambda: self.runners,
            self._words,
            Unlisted(self._listings, self._clock).look,
        )
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(signal.SIGHUP, reloader.ask)
        self.runners = {
            name: await self._runner(account, store, notifier) for name, account in self._settings.accounts.items()
        }
        people = self._people = People(
            self.runners,
            notifier,
            self._clock,
            {name: account.secrets() for name, account in self._settings.accounts.items()},
        )
        handlers = Handlers(people.status, people.plan, people.why, people.snapshot, self._command)
        async with ControlServer(self._settings.socket, handlers):
            tasks = [
                *(asyncio.create_task(runner.run(), name=f"account {name}") for name, runner in self.runners.items()),
                asyncio.create_task(reloader.run(), name="rules"),
                asyncio.create_task(self._feed(), name="systemd"),
                *(
                    asyncio.create_task(self._listen(channel, people), name=f"listening to {channel.name}")
                    for channel in self._channels
                    if isinstance(channel, Hears)
                ),
            ]
            if self._has_calendar:
                tasks.append(asyncio.create_task(self._calendar(store, notifier), name="calendar"))
            systemd.ready(self._words())
            if started is not None:
                started()
            stopped = asyncio.create_task(stop.wait())
            opening = asyncio.create_task(self._open_channels(notifier), name="opening the channels")
            try:
                done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stopped}:
                    task.result()  # none of them ends by itself: this raises what broke it
            finally:
                for task in (stopped, opening, *tasks):
                    task.cancel()
                await asyncio.gather(stopped, opening, *tasks, return_exceptions=True)
                with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                    loop.remove_signal_handler(signal.SIGHUP)

    async def _runner(self, account: AccountSettings, store: Store, notifier: Notifier) -> AccountRunner:
        stored = await store.load(account.name)
        venue = self._make_venue(account, self._clock)
        who = Identity(
            account.name,
            account.venue,
            store.installation,
            Mode(account.mode),
            account.poll,
            only_watched=account.only_watched,
            unwatched=kind_of(account.venue).unwatched if isinstance(venue, Keeps) else "",
        )
        try:
            state = restore(who, self._rules, stored, self._clock.now())
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            what = f"holds what was remembered of account {account.name} in a form nobody can read"
            raise StoreError(sqlite_path(self._settings.store.url), f"{what} ({error!r})", BEGIN_ANEW) from None
        return AccountRunner(state, venue, store, notifier, self._clock, self._changed)

    def _listings(self) -> dict[str, Listing]:
        """What each account's venue lists, as far as that is known."""
        return {
            name: Listing(account.venue, venue.symbols() if isinstance(venue, Lists) else ())
            for name, account in self._settings.accounts.items()
            if (venue := self._venues.get(name)) is not None
        }

    def _changed(self, account: str, state: Callable[[], State]) -> None:
        self._publisher.changed(account, state)
        if not self._all_read.is_set() and all(runner.state.tried for runner in self.runners.values()):
            self._all_read.set()

    async def _open_channels(self, notifier: Notifier) -> None:
        """First things first: the channels' libraries are imported, and talking begins, after the first reads."""
        reads = asyncio.create_task(self._all_read.wait())
        late = asyncio.create_task(self._clock.sleep(TALKS_AFTER))
        try:
            await asyncio.wait({reads, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            notifier.talk()
            for task in (reads, late):
                task.cancel()
            await asyncio.gather(reads, late, return_exceptions=True)
        await self._clock.sleep(SETTLES_AFTER)
        self._settled()

    async def _left(self, notifier: Notifier) -> StoreError | None:
        """Start the notifier, and take up what an earlier run left untold; why that can't be read, if it can't."""
        try:
            await notifier.start(talk=False)
        except StoreError as error:
            return error
        return None

    async def _take_up(self, store: Store, notifier: Notifier, error: StoreError | None) -> None:
        """What could not be read at the start is asked for again until it is there: meanwhile the watch goes on."""
        if error is None:
            return
        _log.error("what an earlier run left to tell can't be read: %s", error)
        lines = (
            "EMERGENCY · WHAT I STILL HAD TO TELL CAN'T BE READ",
            f"The store says: {error}",
            "Messages of before my start are not told yet. I go on watching, and ask for them again.",
            "You: look at the disk and the database.",
        )
        await self._say_of_outbox(store, notifier, "told", lines)
        while error is not None:
            await self._clock.sleep(OUTBOX_AGAIN)
            error = await self._left(notifier)
        _log.warning("what an earlier run left to tell is read now")
        over = ("OK · what I still had to tell can be read again", "It follows.")
        await self._say_of_outbox(store, notifier, "resolved", over)

    async def _say_of_outbox(self, store: Store, notifier: Notifier, event: str, lines: tuple[str, ...]) -> None:
        at = self._clock.now().wall
        name = f":outbox:{event}:{at * 1000:.0f}"
        await self._tell(
            store, notifier, Message(name, "", Level.EMERGENCY, event, "", lines, sound=event == "told", at=at)
        )

    async def _listen(self, channel: Hears, people: People) -> None:
        """Take in what people say through a channel; whatever becomes of it, the watch goes on."""
        while True:
            try:
                await channel.listen(people)
            except Exception:  # noqa: BLE001  (talking must not end watching)
                _log.exception("listening to a channel ended by a mistake; it starts again")
            await self._clock.sleep(LISTEN_AGAIN)

    async def _calendar(self, store: Store, notifier: Notifier) -> None:
        """The daily jobs; whatever becomes of them, the watch goes on."""
        await self._all_read.wait()  # first things first: its imports come after them
        while True:
            try:
                own = self._settings.digest.zone
                zone = own if own is not None else await asyncio.to_thread(local_zone)
                daily = Daily(self._settings, zone, store, notifier, self.runners, self._clock)
                fails = partial(self._calendar_fails, store, notifier)
                await daily.catch_up()
                await Calendar(daily.jobs(), zone, self._clock, fails).run()
            except Exception as error:  # noqa: BLE001  (what is done once a day must not end watching)
                _log.exception("the calendar ended by a mistake; it starts again in an hour")
                await self._calendar_fails(store, notifier, f"the calendar broke ({type(error).__name__}), see the log")
            await self._clock.sleep(CALENDAR_AGAIN)

    async def _calendar_fails(self, store: Store, notifier: Notifier, words: str) -> None:
        at = self._clock.now().wall
        lines = (f"WARN · {words}", "The watch goes on.")
        message = Message(f":calendar:{at * 1000:.0f}", "", Level.WARN, "told", "", lines, sound=False, at=at)
        await self._tell(store, notifier, message)

    async def _tell(self, store: Store, notifier: Notifier, message: Message) -> None:
        try:
            await store.write("", Save(messages=(message,)), notifier.channels_for, self._clock.now())
        except StoreError:
            notifier.say_now(message)
        else:
            notifier.hand_over(message)

    # ── systemd ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _feed(self) -> None:
        """Tell systemd that we live, only while every account goes through its cycles: read, judged, read again.

        A read that fails is a cycle too: starting anew would not mend a venue, and BLIND says what is wrong.
        """
        interval = systemd.watchdog_interval()
        pause = 10.0 if interval is None else max(0.5, interval / 3)
        while True:
            if not self._stuck():
                systemd.alive()
            if (words := self._words()) != self._said:
                self._said = words
                systemd.status(words)
            await self._clock.sleep(pause)

    def _stuck(self) -> list[str]:
        """The accounts whose read does not end, or does not begin."""
        now = self._clock.now().mono
        return [name for name, runner in self.runners.items() if overdue(runner.state, now) > CYCLE_GRACE]

    def _words(self) -> str:
        """The line for `systemctl status`."""
        stuck, trouble = self._stuck(), "" if self._reloader is None else self._reloader.trouble
        parts = [f"stuck: {', '.join(stuck)}" if stuck else "", f"watching {', '.join(self.runners)}", trouble]
        return "; ".join(part for part in parts if part)

    # ── the control socket ────────────────────────────────────────────────────────────────────────────────────────

    async def _command(self, body: CommandBody) -> Reply:
        assert self._people is not None  # noqa: S101  (the socket is served after it was made)
        return await self._people.tell(
            body.verb, account=body.account, subject=body.subject, seconds=body.seconds, by=body.by
        )
