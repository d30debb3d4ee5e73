"""A house with a real store and notifier, a bot, and people on the other end. Only the pacing's clock is stepped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tests.botapi import BotApi, Chat, World
from tests.messages import message
from watchdog.channels.base import LiveAlert, View
from watchdog.channels.telegram import TelegramChannel
from watchdog.clock import SteppedClock
from watchdog.domain.effects import Button, Level, Message, Reply, Save
from watchdog.domain.verbs import Verb
from watchdog.notifier import Notifier
from watchdog.settings import TelegramSettings
from watchdog.store import Store
from watchdog.store.memory import ChannelMemory

ANN, BEN, GROUP = 7, 8, -100200
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"  # noqa: S105 - of no bot
START = 1_760_129_400.0
ACK = Button("Ack", Verb.ACK, "0123abcd")
PATIENCE = 15.0
"""How long anything over HTTP may take in a test. Machine time."""


async def until(true: Callable[[], object], what: str = "it") -> None:
    """Wait for something that happens over HTTP."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 - the other end is a server, it has no event for this
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen") from None


@dataclass
class Desk:
    """A daemon that writes down what it is told."""

    accounts: tuple[str, ...] = ("main",)
    told: list[tuple[str, str, str, float, str]] = field(default_factory=list)
    reply: Reply | None = None
    gate: asyncio.Event | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)

    async def status(self) -> Mapping[str, Any]:
        """What a test put there, else accounts that hold nothing."""
        return self.answer or {"accounts": [idle_account(name) for name in self.accounts], "channels": []}

    async def plan(self) -> Mapping[str, Any]:
        """Nothing would be sent."""
        return {"accounts": []}

    async def why(self, subject: str) -> str:
        """In two lines."""
        return f"rule room on {subject}\nreads 50%"

    async def tell(self, verb: Verb, *, account: str = "", subject: str = "", seconds: float = 0.0, by: str) -> Reply:
        """Write it down, wait at the gate if there is one, and answer."""
        self.told.append((str(verb), account, subject, seconds, by))
        if self.gate is not None:
            await self.gate.wait()
        return self.reply or Reply("", f"{verb} done")


def idle_account(name: str) -> dict[str, Any]:
    """An account as `watchdog status` has it, that holds nothing."""
    return {
        "account": name,
        "venue": "binanceusdm",
        "mode": "watch",
        "sends": 'mode is "watch"',
        "barred": "",
        "read_at": "03:12:04 CEST",
        "age": 2.0,
        "reads_fail": "",
        "positions": [],
        "vanished": [],
        "pools": [],
        "alerts": [],
    }


def alert_message(  # the message of an alert's life
    number: str, event: str = "fired", *lines: str, alert: str = "room|BTC", buttons: tuple[Button, ...] = (ACK,)
) -> Message:
    """A message of an alert, with a button and its time in the last line."""
    told = lines or ("CRITICAL · BTC long 1.3% from liq · NO STOP · main", "Mark 112,952 · liq 111,441")
    quiet = event == "resolved"
    return replace(
        message(number, Level.CRITICAL, START, event),
        alert=alert,
        lines=(*told, "20:50:00 UTC"),
        sound=not quiet,
        buttons=() if quiet else buttons,
    )


def view(at: float, *alerts: LiveAlert, account: str = "main") -> View:
    """How an account stands."""
    return View(account, {}, alerts, at)


def live(*lines: str, key: str = "room|BTC", acknowledged: bool = False, level: Level = Level.CRITICAL) -> LiveAlert:
    """A firing alert."""
    return LiveAlert(key, level, acknowledged, lines, (ACK,))


class Home:
    """The bot's server, a store, a stepped clock, and one channel of the daemon with its notifier."""

    def __init__(self, server: BotApi, store: Store, settings: TelegramSettings) -> None:
        self.server = server
        self.world = server.world
        self.store = store
        self.settings = settings
        self.clock = SteppedClock(START)
        self.channel = TelegramChannel(settings, ChannelMemory(store, settings.name, self.clock), self.clock)
        self.notifier = Notifier(store, [self.channel], self.clock)
        self.desk = Desk()
        self._listening: asyncio.Task[None] | None = None

    def chat(self, number: int = ANN) -> Chat:
        """As its people see it."""
        return self.world.chats[number]

    async def start(self) -> None:
        """As the daemon starts."""
        await self.notifier.start()
        await until(
            lambda: all(outlet._ready for outlet in self.channel.outlets) or self.notifier.status()[0].reason,
            "the first try to open",
        )
        await self.settle()

    async def stop(self) -> None:
        """As the daemon stops."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.notifier.stop(0.5)

    async def listen(self, *, attended: bool = True) -> None:
        """Begin to listen; attended: until the first look at what waited is over."""
        self._listening = asyncio.create_task(self.channel.listen(self.desk))
        if attended:
            await asyncio.wait_for(self.server.polling.wait(), PATIENCE)

    async def save(self, *told: Message) -> None:
        """What the service does with a Save."""
        await self.store.write("main", Save(messages=told), self.notifier.channels_for, self.clock.now())

    async def tell(self, *told: Message) -> None:
        """Save, hand over, and wait until all that can be sent is sent."""
        await self.save(*told)
        for one in told:
            self.notifier.hand_over(one)
        await self.settle()

    async def settle(self) -> None:
        """Until nothing is under way."""
        await self.notifier.idle()
        await until(lambda: not any(outlet._editing for outlet in self.channel.outlets), "the end of an edit")
        await self.notifier.idle()

    async def wait(self, seconds: float) -> None:
        """Let time pass, a timer at a time."""
        end = self.clock.now().mono + seconds
        await asyncio.sleep(0)  # what is due at once
        await self.settle()
        while (due := self.clock.next_timer()) is not None and due <= end:
            self.clock.advance(due)
            await asyncio.sleep(0)
            await self.settle()
        self.clock.advance(end)
        await asyncio.sleep(0)
        await self.settle()

    async def owed(self) -> set[tuple[str, str]]:
        """The rows nobody has confirmed."""
        return {(told.id, channel) for told, channel in await self.store.pending()}


def settings_for(server: BotApi, *chats: int, users: tuple[int, ...] = ()) -> TelegramSettings:
    """A channel that hears everything."""
    return TelegramSettings("phone", Level.INFO, SecretStr(TOKEN), chats, users, server.url)


@contextlib.asynccontextmanager
async def home(tmp_path: Path, *chats: int, users: tuple[int, ...] = (), start: bool = True) -> AsyncIterator[Home]:
    """A started house, all of it let go of at the end."""
    async with BotApi(World(chats), TOKEN) as server:
        store = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")
        house = Home(server, store, settings_for(server, *chats, users=users))
        try:
            if start:
                await house.start()
            yield house
        finally:
            await house.stop()
            await store.close()


@contextlib.asynccontextmanager
async def restarted(before: Home) -> AsyncIterator[Home]:
    """The same house after a restart of its daemon: the store and the server are as they were."""
    await before.stop()
    house = Home(before.server, before.store, before.settings)
    house.clock.advance(before.clock.now().mono)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
