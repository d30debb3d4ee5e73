"""What the tests of the MQTT channel share: its settings, a second client that watches, and views."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import aiomqtt
from pydantic import SecretStr

from tests.broker import VERSIONS, Broker
from tests.messages import FIRST_LINE
from watchdog.channels.base import LiveAlert, View
from watchdog.channels.mqtt import MqttChannel
from watchdog.domain.effects import Level
from watchdog.settings import MqttSettings

PATIENCE_S = 15.0
"""Longer than anything here takes on a busy machine."""
WALL = 1_760_129_400.0
"""2025-10-10 20:50 UTC."""


def settings(
    broker: Broker,
    *,
    topic: str = "watchdog",
    client_id: str = "position-watchdog",
    user: tuple[str, str] | None = None,
    ca_file: Path | None = None,
    version: Literal["3.1.1", "5"] = VERSIONS[-1],
    keepalive: int = 60,
) -> MqttSettings:
    """As watchdog.toml would have them."""
    return MqttSettings(
        name="house",
        min_level=Level.INFO,
        host=broker.host,
        port=broker.port,
        topic=topic,
        client_id=client_id,
        username=None if user is None else user[0],
        password=None if user is None else SecretStr(user[1]),
        tls=broker.certificate is not None,
        ca_file=ca_file,
        version=version,
        keepalive=keepalive,
    )


async def until(true: Callable[[], object]) -> None:
    """Wait until something holds that nobody tells of."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  (see above)
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened(given: MqttSettings) -> AsyncIterator[MqttChannel]:
    """An open channel, closed at the end."""
    channel = MqttChannel(given)
    try:
        await channel.open()
        yield channel
    finally:
        await channel.close()


def price(text: str) -> dict[str, str]:
    """A price that is known."""
    return {"value": text, "unit": "price", "source": "venue"}


def share(text: str) -> dict[str, str]:
    """A share that is known."""
    return {"value": text, "unit": "share", "source": "ours"}


def position(base: str = "BTC", *, mark: str = "98000", leg: str = "both") -> dict[str, Any]:
    """A row of `positions` in `report.status`: a long without a stop."""
    return {
        "symbol": f"{base}/USDT:USDT",
        "side": "long",
        "position_side": leg,
        "margin": "cross",
        "size": "1,000.5",
        "entry": "100,000.0",
        "mark": price(mark),
        "liquidation_venue": {"unknown": "the venue publishes none"},
        "liquidation_ours": {"never": "ours"},
        "gap": {"unknown": "one of the two is unknown"},
        "liquidation_near": {"never": "ours"},
        "liquidation_distance": {"never": "ours"},
        "room_used": share("0.52341234"),
        "margin_ratio": {"value": "inf", "unit": "share", "source": "ours"},
        "effective_leverage": {"value": "9.876543219", "unit": "times", "source": "ours"},
        "unrealised": {"value": "-1000.10", "unit": "money", "source": "ours"},
        "stop_coverage": share("0.5"),
        "stops": [
            {"whose": "yours", "trigger": "95,000.0", "on": "mark", "size": "0.25", "judged": "closes it", "id": "x1"}
        ],
        "vanished": False,
    }


def pool(asset: str = "USDT") -> dict[str, Any]:
    """A row of `pools`."""
    return {
        "asset": asset,
        "equity": {"value": "9000.0", "unit": "money", "source": "ours"},
        "maintenance": {"value": "190.5", "unit": "money", "source": "ours"},
        "venue_maintenance": {"unknown": "not given"},
        "margin_ratio": share("0.021166666666666666666666667"),
        "shock_distance": share("0.17"),
        "effective_leverage": {"value": "5.4", "unit": "times", "source": "ours"},
        "positions": ["BTC/USDT:USDT"],
        "doubted": False,
    }


def alert(key: str = "rule:room|BTC/USDT:USDT", level: Level = Level.CRITICAL, *, seen: bool = False) -> LiveAlert:
    """One that fires."""
    return LiveAlert(key, level, seen, (FIRST_LINE,), ())


def shown(
    *positions: Mapping[str, Any],
    vanished: Sequence[Mapping[str, Any]] = (),
    alerts: Sequence[LiveAlert] = (),
    age: float | None = 1.0,
    fails: str = "",
    at: float = WALL,
    account: str = "main",
) -> View:
    """An account's view, as the service makes it."""
    status = {
        "account": account,
        "venue": "binanceusdm",
        "mode": "watch",
        "sends": 'mode is "watch"',
        "barred": "",
        "read_at": None if age is None else "20:49:59 UTC",
        "age": age,
        "reads_fail": fails,
        "positions": list(positions),
        "vanished": list(vanished),
        "pools": [] if age is None else [pool()],
        "alerts": [
            {"key": one.key, "level": one.level.name.lower(), "acknowledged": one.acknowledged, "says": one.lines[:1]}
            for one in alerts
        ],
        "not_watched": "spot",
    }
    return View(account, status, tuple(alerts), at)


class Witness:
    """A second client that hears everything under a topic."""

    def __init__(self, broker: Broker, topic: str, user: tuple[str, str] | None = None) -> None:
        self._client = aiomqtt.Client(
            broker.host, broker.port, username=user and user[0], password=user and user[1], timeout=PATIENCE_S
        )
        self._topic = topic
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.heard: list[aiomqtt.Message] = []

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._client.subscribe(f"{self._topic}/#", qos=1)
        self._task = asyncio.create_task(self._hear())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._client.__aexit__(None, None, None)

    async def _hear(self) -> None:
        async for message in self._client.messages:
            async with self._news:
                self.heard.append(message)
                self._news.notify_all()

    async def until(self, true: Callable[[Self], object]) -> None:
        """Wait until something holds of what was heard."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: true(self))

    async def publish(self, name: str, payload: str, *, retain: bool = False) -> None:
        """Say something oneself."""
        await self._client.publish(f"{self._topic}/{name}", payload, qos=1, retain=retain)

    @property
    def states(self) -> dict[str, Any]:
        """What is retained by now, below the topic: the last of each, without what was removed."""
        last = {one.topic.value.removeprefix(f"{self._topic}/"): bytes(one.payload).decode() for one in self.heard}
        return {name: json.loads(text) for name, text in last.items() if text and name.startswith("account/")}

    @property
    def availability(self) -> str | None:
        """`online` or `offline`."""
        said = self.said("availability")
        return said[-1] if said else None

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The messages told."""
        return [json.loads(text) for text in self.said("alert")]

    def said(self, name: str) -> list[str]:
        """All that was heard on a topic."""
        return [bytes(one.payload).decode() for one in self.heard if one.topic.value == f"{self._topic}/{name}"]


async def look(broker: Broker, topic: str, user: tuple[str, str] | None = None) -> dict[str, str]:
    """What is retained under a topic now, as a client that comes later finds it."""
    found: dict[str, str] = {}
    async with aiomqtt.Client(
        broker.host, broker.port, username=user and user[0], password=user and user[1], timeout=PATIENCE_S
    ) as client:
        await client.subscribe(f"{topic}/#")
        await client.subscribe("its-echo")
        await client.publish("its-echo", topic, qos=1)
        async for message in client.messages:
            if message.topic.value == "its-echo":
                break
            found[message.topic.value.removeprefix(f"{topic}/")] = bytes(message.payload).decode()
    return found
