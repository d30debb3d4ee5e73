"""The channel as the service makes it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from tests.channels.telegram.support import ANN, BEN, START, TOKEN, alert_message, home
from watchdog.channels.base import Hears, Outlets, Paced, Shows
from watchdog.clock import SteppedClock
from watchdog.domain.effects import Level
from watchdog.service import make_channel
from watchdog.settings import TelegramSettings
from watchdog.store import Store, StoreError
from watchdog.store.memory import ChannelMemory


async def test_the_service_makes_a_channel_that_hears_shows_and_has_an_outlet_a_chat(tmp_path: Path) -> None:
    """Outlets are named by the settings, and say when they take the next message."""
    store = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")
    clock = SteppedClock(START)
    settings = TelegramSettings("phone", Level.WARN, SecretStr(TOKEN), (ANN, BEN), (), "http://127.0.0.1:9")
    channel = make_channel(settings, ChannelMemory(store, "phone", clock), clock)
    assert isinstance(channel, Outlets)
    assert isinstance(channel, Hears)
    assert isinstance(channel, Shows)
    assert [outlet.name for outlet in channel.outlets] == [f"phone/{ANN}", f"phone/{BEN}"]
    for outlet in channel.outlets:
        assert isinstance(outlet, Paced)
        assert outlet.min_level is Level.WARN
        await outlet.close()
        await outlet.close()
    await store.close()


async def test_a_store_that_fails_stops_no_message(tmp_path: Path) -> None:
    """What is remembered makes messages prettier; without it they still go out, each once."""
    async with home(tmp_path, ANN, start=False) as house:
        memory = house.channel._session._memory

        async def refuse(*_: object) -> None:
            raise StoreError("watchdog.db", "can't grow: the disk is full")

        memory.keep = memory.load = refuse  # type: ignore[method-assign,assignment]
        await house.start()
        await house.tell(alert_message("a"), alert_message("b", alert="pool|main"))
        await house.wait(2.0)
        assert len(house.chat().seen) == 2
        assert await house.owed() == set()
