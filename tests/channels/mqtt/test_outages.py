"""Brokers that die, freeze, refuse and come back: nothing is lost, and nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from tests.broker import KIND, VERSIONS, Broker
from tests.broker.start import ROOT, free_port
from tests.channels.mqtt.support import Witness, alert, look, opened, position, settings, shown, until
from tests.messages import message
from watchdog.channels.base import Channel, ChannelError
from watchdog.channels.mqtt import MqttChannel, connection
from watchdog.clock import LoopClock
from watchdog.domain.effects import Level, Message, Save
from watchdog.notifier import ChannelStatus, Notifier
from watchdog.settings import MqttSettings
from watchdog.store import Store

BTC = "account/main/position/BTCUSDT"
AVAX = "account/main/position/AVAXUSDT"


class House:
    """The real notifier and the real store; the notifier's pauses pass twenty times as fast."""

    def __init__(self, store: Store, *channels: Channel) -> None:
        self.store = store
        self.clock = LoopClock(speed=20.0)
        self.notifier = Notifier(store, channels, self.clock)

    async def tell(self, *told: Message) -> None:
        """Save and hand over."""
        await self.store.write("main", Save(messages=told), self.notifier.channels_for, self.clock.now())
        for one in told:
            self.notifier.hand_over(one)

    async def owed(self, name: str) -> set[str]:
        """What a channel has not confirmed, by the store."""
        return {told.id for told, channel in await self.store.pending() if channel == name}

    async def until_told(self, name: str) -> None:
        """Wait until a channel has confirmed everything."""
        await until(lambda: self._status(name).waiting == 0)

    async def until_fails(self, name: str, words: str) -> None:
        """Wait until a channel says that it fails, and why."""
        await until(lambda: words in self._status(name).reason)

    def _status(self, name: str) -> ChannelStatus:
        return next(one for one in self.notifier.status() if one.name == name)


@contextlib.asynccontextmanager
async def house(folder: Path, *channels: Channel) -> AsyncIterator[House]:
    """A house whose notifier runs."""
    store = await Store.open(f"sqlite:///{folder / 'watchdog.db'}")
    try:
        made = House(store, *channels)
        await made.notifier.start()
        try:
            yield made
        finally:
            await made.notifier.stop(0.0)
    finally:
        await store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that does not answer is given up soon."""
    monkeypatch.setattr("watchdog.channels.mqtt.client.ANSWER_S", 1.0)
    monkeypatch.setattr("watchdog.channels.mqtt.connection.PROVE_S", 5.0)
    monkeypatch.setattr("watchdog.channels.mqtt.client.FAREWELL_S", 0.1)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_broker_that_dies_and_comes_back_loses_nothing(
    own_broker: Broker, tmp_path: Path, version: Literal["3.1.1", "5"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told meanwhile comes, each once, and every state lies there anew; what closed meanwhile does not."""
    channel = MqttChannel(settings(own_broker, version=version))
    async with house(tmp_path, channel) as home:
        channel.show(shown(position("AVAX"), position("BTC"), alerts=[alert()]))
        await home.tell(message("before", Level.WARN))
        async with Witness(own_broker, "watchdog") as witness:
            await witness.until(lambda one: len(one.states) == 5)
        await home.until_told("house")
        own_broker.kill()
        await home.tell(message("w", Level.WARN, at=1.0), message("c", at=2.0), message("e", Level.EMERGENCY, at=3.0))
        await home.until_fails("house", "nobody listens there")
        channel.show(shown(position("BTC")))
        assert await home.owed("house") == {"w", "c", "e"}
        gate = _hold_back(monkeypatch)
        own_broker.start()
        async with Witness(own_broker, "watchdog") as witness:
            gate.set()
            await home.until_told("house")
            names = {"account/main", BTC, "account/main/pool/USDT"}
            await witness.until(lambda one: one.availability == "online" and one.states.keys() == names)
            assert sorted(one["id"] for one in witness.alerts) == ["c", "e", "w"]


def _hold_back(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """No new connection before the event."""
    gate = asyncio.Event()
    real = connection.connected

    @contextlib.asynccontextmanager
    async def held(given: MqttSettings, found: Callable[[str], None]) -> AsyncIterator[connection.Connection]:
        await gate.wait()
        async with real(given, found) as made:
            yield made

    monkeypatch.setattr(connection, "connected", held)
    return gate


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.usefixtures("impatient")
async def test_a_frozen_broker_is_noticed_and_loses_nothing(
    own_broker: Broker, tmp_path: Path, version: Literal["3.1.1", "5"]
) -> None:
    """A send fails in bounded time, so do all tries to connect; once it goes on, what is owed is delivered."""
    channel = MqttChannel(settings(own_broker, version=version))
    async with house(tmp_path, channel) as home:
        await home.tell(message("before"))
        await home.until_told("house")
        own_broker.freeze()
        await home.tell(message("meanwhile"))
        await home.until_fails("house", "the broker has not answered within 1 s")
        await home.until_fails("house", "does not answer")
        assert await home.owed("house") == {"meanwhile"}
        own_broker.thaw()
        await home.until_told("house")


async def test_a_send_under_way_ends_with_its_connection(own_broker: Broker) -> None:
    """It is not left to wait for an answer that can't come any more."""
    async with opened(settings(own_broker)) as channel:
        own_broker.freeze()
        sending = asyncio.create_task(channel.send(message("m1")))
        await asyncio.sleep(0.1)
        own_broker.kill()
        async with asyncio.timeout(5.0):
            with pytest.raises(ChannelError, match="the broker closed the connection"):
                await sending


async def test_a_message_does_not_wait_for_the_next_try(own_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the pause: what is to be told tries at once."""
    monkeypatch.setattr("watchdog.channels.mqtt.channel.FIRST_PAUSE_S", 60.0)
    monkeypatch.setattr("watchdog.channels.mqtt.channel.LONGEST_PAUSE_S", 60.0)
    own_broker.kill()
    channel = MqttChannel(settings(own_broker))
    try:
        with pytest.raises(ChannelError, match="nobody listens there"):
            await channel.open()
        with pytest.raises(ChannelError, match="nobody listens there"):
            await channel.send(message("m1"))
        own_broker.start()
        async with asyncio.timeout(5.0):
            await channel.send(message("m1"))
    finally:
        await channel.close()


@pytest.mark.usefixtures("impatient")
async def test_a_frozen_broker_is_noticed_by_what_is_shown(
    own_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when nothing is to be told: the next state that is not confirmed ends the connection."""
    async with opened(settings(own_broker)) as channel:
        channel.show(shown(position(mark="1")))
        async with Witness(own_broker, "watchdog") as witness:
            await witness.until(lambda one: BTC in one.states)
        own_broker.freeze()
        channel.show(shown(position(mark="2")))
        await until(lambda: "has not answered" in caplog.text)
        own_broker.thaw()
        async with Witness(own_broker, "watchdog") as witness:
            await witness.until(lambda one: BTC in one.states and one.states[BTC]["mark"] == 2)


@pytest.mark.usefixtures("impatient")
async def test_an_idle_connection_to_a_frozen_broker_is_noticed(
    own_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """By the keep-alive, when nothing at all is said; then tries go on as with any silent broker."""
    async with Witness(own_broker, "watchdog") as witness, opened(settings(own_broker, keepalive=1)) as channel:
        await witness.until(lambda one: one.availability == "offline")
        await channel.send(message("m1"))  # what was said before is confirmed by now
        own_broker.freeze()
        await until(lambda: "the broker has said nothing for more than 1 s" in caplog.text)
        await until(lambda: "does not answer" in caplog.text)
        own_broker.thaw()


async def test_a_dead_channel_delays_no_other(own_broker: Broker, tmp_path: Path) -> None:
    """One channel's broker is not there: the other's messages are confirmed at once, the dead one's are kept."""
    well = MqttChannel(settings(own_broker))
    dead = MqttChannel(replace(settings(own_broker, client_id="dead"), name="dead", port=free_port()))
    async with house(tmp_path, dead, well) as home:
        await home.until_fails("dead", "refuses the connection: nobody listens there")
        began = time.monotonic()
        await home.tell(*(message(str(number)) for number in range(10)))
        await home.until_told("house")
        assert time.monotonic() - began < 5.0
        assert len(await home.owed("dead")) == 10


async def test_killed_it_is_offline_by_its_last_will(broker: Broker, topic: str) -> None:
    """After kill -9 of the process a second client hears `offline`, and whoever comes later finds it."""
    async with Witness(broker, topic) as witness:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.channels.mqtt.child", str(broker.port), topic, cwd=ROOT
        )
        try:
            await witness.until(lambda one: one.availability == "online")
        finally:
            child.kill()
            await child.wait()
        await witness.until(lambda one: one.availability == "offline")
    assert (await look(broker, topic))["availability"] == "offline"


if KIND == "mosquitto":  # amqtt throws nobody out, so there is nothing to see

    @pytest.mark.parametrize("version", VERSIONS)
    async def test_a_second_client_of_the_same_id_is_named(
        broker: Broker, topic: str, version: Literal["3.1.1", "5"], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Two with one id throw each other out: the log says so, and each goes on trying."""
        caplog.set_level(logging.WARNING)
        ours = settings(broker, topic=topic, client_id=f"twin-{version}", version=version)
        async with opened(ours), opened(replace(ours, name="twin")):
            await until(lambda: f'another client uses the same client id "twin-{version}"' in caplog.text)


async def test_a_hanging_handshake_holds_up_nothing(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes the connection and never speaks TLS: open fails within its bound, close ends within its own."""
    monkeypatch.setattr("watchdog.channels.mqtt.client.CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        channel = MqttChannel(replace(settings(broker), port=silent.getsockname()[1], tls=True))
        with pytest.raises(ChannelError, match="does not answer"):
            await channel.open()
        again = asyncio.create_task(channel.open())
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await channel.close()
        assert time.monotonic() - began < 2.0
        with pytest.raises(ChannelError):
            await again


async def test_closing_while_it_connects_leaves_nothing(own_broker: Broker) -> None:
    """A try that is under way is waited for, within the bound of closing; who waits for it is told."""
    own_broker.freeze()
    channel = MqttChannel(settings(own_broker))
    opening = asyncio.create_task(channel.open())
    await asyncio.sleep(0.1)
    await channel.close()
    with pytest.raises(ChannelError, match="it is closed"):
        await opening
    own_broker.thaw()


@pytest.mark.usefixtures("impatient")
async def test_closing_beside_a_frozen_broker_is_bounded(own_broker: Broker) -> None:
    """The last words are tried, and not waited for; the broker says the last will once it goes on."""
    channel = MqttChannel(settings(own_broker))
    await channel.open()
    channel.show(shown(position()))
    async with Witness(own_broker, "watchdog") as witness:
        await witness.until(lambda one: one.availability == "online")
    own_broker.freeze()
    began = time.monotonic()
    await channel.close()
    assert time.monotonic() - began < 2.0
    own_broker.thaw()
    async with Witness(own_broker, "watchdog") as witness:
        await witness.until(lambda one: one.availability == "offline")
