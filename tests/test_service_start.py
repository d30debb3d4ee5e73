"""What a start does not end over: an outbox that can't be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.lines import Line
from tests.messages import message
from watchdog.clock import SteppedClock
from watchdog.domain.effects import Message, Save
from watchdog.domain.facts import Answer, Frame, Instant, Mark, Unresolved
from watchdog.domain.position import AccountRead, StopOrder
from watchdog.reload import load_rules
from watchdog.service import OUTBOX_AGAIN, Service
from watchdog.settings import load_settings
from watchdog.store import Store, StoreError
from watchdog.venues.base import KeyPower, ReadError

SETTINGS = """
state_dir = "."
[account.main]
venue = "binanceusdm"
api_key_file = "main.key"
secret_file = "main.secret"
[channel.console]
type = "console"
"""
RULES = '[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "50%"\n'


class Silent:
    """A venue nobody reaches."""

    async def open(self) -> KeyPower:
        """It can't be."""
        raise ReadError("no network")

    async def read(self) -> AccountRead:
        """It can't be."""
        raise ReadError("no network")

    async def place(self, order: StopOrder) -> Answer:
        """Nobody asks."""
        return Unresolved(str(order))

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """Nobody asks."""
        return Unresolved(f"{symbol} {client_id}")

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """Nobody asks."""
        return Unresolved(f"{symbol} {client_id}")

    def list_anew(self) -> None:
        """There is nothing."""

    def watch(self, symbols: frozenset[str]) -> None:
        """There is nothing."""

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> None:
        """There is nothing."""

    async def close(self) -> None:
        """Nothing is held."""


def _asked(asked: list[Store], times: int) -> bool:
    return len(asked) >= times


async def until(true: Callable[[], bool]) -> None:
    """Wait for what happens in the store's thread."""
    async with asyncio.timeout(10.0):
        while not true():  # noqa: ASYNC110  (the other end is a thread)
            await asyncio.sleep(0.002)


async def test_an_outbox_that_can_not_be_read_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an emergency, said at once; what was left is told once it can be read, and that is said, too."""
    for name, text in {"watchdog.toml": SETTINGS, "rules.toml": RULES, "main.key": "k", "main.secret": "s"}.items():
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(text)
    settings = load_settings(tmp_path / "watchdog.toml", {"HOME": str(tmp_path)})
    store = await Store.open(settings.store.url)
    await store.write("main", Save(messages=(message("left"),)), lambda _: ("console",), Instant(0.0, 1.0))
    await store.close()
    asked = []
    pending = Store.pending

    async def hard_to_read(store: Store) -> list[tuple[Message, str]]:
        asked.append(store)
        if len(asked) <= 2:
            raise StoreError("watchdog.db", "is locked by another program")
        return await pending(store)

    monkeypatch.setattr(Store, "pending", hard_to_read)
    clock, phone = SteppedClock(1_760_129_400.0), Line("console")
    heard: list[Message] = []
    phone.fate = heard.append
    service = Service(settings, load_rules(settings), clock, venues=lambda *_: Silent(), channels=lambda *_: phone)
    stop, started = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(service.run(stop, started.set))
    await asyncio.wait({running, waiting := asyncio.create_task(started.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert waiting.done(), running.exception()
    await until(lambda: any("CAN'T BE READ" in told.lines[0] for told in heard))
    assert service.runners["main"].state.reads.last_began >= 0, "it watches"
    for again in (1, 2):
        clock.advance(again * OUTBOX_AGAIN)
        await until(partial(_asked, asked, again + 1))
    await until(lambda: any(told.event == "resolved" for told in heard))
    await until(lambda: "left" in phone.taken)
    stop.set()
    await running
    (emergency,) = [told for told in heard if "CAN'T BE READ" in told.lines[0]]
    assert emergency.sound
    assert "locked by another program" in emergency.lines[1]
