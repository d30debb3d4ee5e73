"""A broker for the tests of this folder. Its name is in the id of every test that uses it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker import KIND, Broker
from watchdog.channels.mqtt import channel


@pytest.fixture(scope="session", params=[KIND])
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for all tests, each with a topic of its own. It is not to be harmed."""
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(params=[KIND])
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """One that may be killed, frozen and started again."""
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def topic() -> str:
    """Where nobody else writes."""
    return f"test-{uuid.uuid4().hex[:8]}/watchdog"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(channel, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(channel, "LONGEST_PAUSE_S", 0.2)
