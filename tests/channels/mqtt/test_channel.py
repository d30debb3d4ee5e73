"""The channel against a broker that does its duty."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

import pytest

from tests.broker import VERSIONS, Broker
from tests.channels.mqtt.support import WALL, Witness, alert, look, opened, position, settings, shown
from tests.messages import FIRST_LINE, message
from watchdog.channels.base import ChannelError, Shows
from watchdog.channels.mqtt import MqttChannel
from watchdog.domain.effects import Level
from watchdog.domain.ids import handle

AVAX = "account/main/position/AVAXUSDT"
BTC = "account/main/position/BTCUSDT"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_message_is_told_and_heard(broker: Broker, topic: str, version: Literal["3.1.1", "5"]) -> None:
    """It is on `alert`, whole and not retained, when `send` returns; said again it carries the same id."""
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic, version=version)) as channel:
        await channel.send(message("m1", Level.CRITICAL, at=1_760_129_400.0))
        await channel.send(message("m1", Level.CRITICAL, at=1_760_129_400.0))
        await witness.until(lambda one: len(one.alerts) == 2)
        assert (
            witness.alerts[0]
            == witness.alerts[1]
            == {
                "id": "m1",
                "account": "main",
                "level": "critical",
                "event": "fired",
                "alert": "room|m1",
                "handle": handle("room|m1"),
                "lines": [FIRST_LINE, "Mark 112,952 · liq 111,441"],
                "sound": True,
                "earlier": False,
                "at": "2025-10-10T20:50:00+00:00",
            }
        )
        assert "alert" not in await look(broker, topic)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_states_lie_retained(broker: Broker, topic: str, version: Literal["3.1.1", "5"]) -> None:
    """Account, alerts, positions and pools are there for whoever comes later."""
    names = {"account/main", AVAX, BTC, "account/main/pool/USDT", f"account/main/alert/{handle(alert().key)}"}
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic, version=version)) as channel:
        assert isinstance(channel, Shows)
        channel.show(shown(position("AVAX", mark="28"), position("BTC"), alerts=[alert()]))
        await witness.until(lambda one: one.states.keys() == names)
        held = await look(broker, topic)
        assert {name for name in held if name.startswith("account/")} == names
        assert held["availability"] == "online"
        assert json.loads(held[AVAX])["mark"] == 28


async def test_what_is_over_is_removed(broker: Broker, topic: str) -> None:
    """A position that closed, and its alert, are gone from the broker; one that vanished stays, without figures."""
    told = f"account/main/alert/{handle(alert().key)}"
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic)) as channel:
        channel.show(shown(position("AVAX"), position("BTC"), alerts=[alert()]))
        await witness.until(lambda one: {AVAX, BTC, told} <= one.states.keys())
        gone = {"symbol": "AVAX/USDT:USDT", "position_side": "both"}
        channel.show(shown(position("BTC"), vanished=[gone]))
        await witness.until(lambda one: one.states[AVAX]["vanished"] and told not in one.states)
        assert witness.states[AVAX]["mark"] is None
        channel.show(shown(position("BTC")))
        await witness.until(lambda one: AVAX not in one.states)
        held = await look(broker, topic)
        assert BTC in held
        assert not {AVAX, told} & held.keys()


async def test_what_an_earlier_run_left_is_removed(broker: Broker, topic: str) -> None:
    """Once the account was read, and not before; accounts that are no more go too; what is not ours stays."""
    async with Witness(broker, topic) as witness:
        for name in ("main/position/OLDUSDT", "main/alert/0badcafe", "main/pool/OLD", "gone", "gone/pool/USDT"):
            await witness.publish(f"account/{name}", '{"left": true}', retain=True)
        await witness.publish("other", '{"ours": false}', retain=True)
        async with opened(settings(broker, topic=topic)) as channel:
            channel.show(shown(age=None, fails="HTTP 503"))
            channel.show(shown(age=None, fails="HTTP 503", account="second"))  # published after what the first entails
            await witness.until(lambda one: "account/second" in one.states)
            assert len([name for name, state in witness.states.items() if "left" in state]) == 5
            channel.show(shown(position()))
            channel.show(shown(account="third"))
            await witness.until(lambda one: "account/third" in one.states)
            assert sorted(name for name, state in witness.states.items() if "left" in state) == [
                "account/gone",
                "account/gone/pool/USDT",
            ]
            channel.show(shown(account="second"))
            await witness.until(lambda one: not any("left" in state for state in one.states.values()))
            assert BTC in witness.states
        assert "other" in await look(broker, topic)


async def test_only_what_has_changed_is_published(broker: Broker, topic: str) -> None:
    """The same view again says nothing new; a mark that moved is one position's news."""
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic)) as channel:
        channel.show(shown(position("AVAX", mark="28"), position("BTC")))
        await witness.until(lambda one: len(one.states) == 4)
        channel.show(shown(position("AVAX", mark="28"), position("BTC"), age=2.0, at=WALL + 1))
        await channel.send(message("m1"))
        channel.show(shown(position("AVAX", mark="27"), position("BTC"), age=3.0, at=WALL + 2))
        await witness.until(lambda one: one.states[AVAX]["mark"] == 27)
        await channel.send(message("m2"))
        await witness.until(lambda one: len(one.alerts) == 2)
        assert [len(witness.said(name)) for name in (AVAX, BTC, "account/main")] == [2, 1, 1]


async def test_a_late_view_takes_the_place_of_the_earlier_ones(broker: Broker, topic: str) -> None:
    """Showing never waits: of a thousand views at once the last is published, and not all of them."""
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic)) as channel:
        for number in range(1000):
            channel.show(shown(position("BTC", mark=str(number))))
        await witness.until(lambda one: BTC in one.states and one.states[BTC]["mark"] == 999)
        assert len(witness.said(BTC)) < 10


async def test_offline_is_said_at_the_end(broker: Broker, topic: str) -> None:
    """`online` comes with the first finished cycle, not with the connection; leaving in order says `offline`."""
    async with Witness(broker, topic) as witness:
        async with opened(settings(broker, topic=topic)) as channel:
            await witness.until(lambda one: one.availability == "offline")
            channel.show(shown(age=None))
            await witness.until(lambda one: "account/main" in one.states)
            assert witness.availability == "offline"
            channel.show(shown(age=None, fails="HTTP 503"))
            await witness.until(lambda one: one.availability == "online")
        await witness.until(lambda one: one.availability == "offline")
    assert (await look(broker, topic))["availability"] == "offline"


async def test_a_stuck_account_is_not_online(broker: Broker, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an account shows nothing any more, `availability` does not go on to say that all is watched."""
    monkeypatch.setattr("watchdog.channels.mqtt.channel.SILENT_S", 1.0)
    monkeypatch.setattr("watchdog.channels.mqtt.channel.LOOK_S", 0.05)
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic)) as channel:
        channel.show(shown())
        await witness.until(lambda one: one.said("availability")[-2:] == ["online", "offline"])
        channel.show(shown())
        await witness.until(lambda one: one.availability == "online")


async def test_nothing_is_sent_by_a_channel_that_is_not_open(broker: Broker) -> None:
    """It says so; closing it, or closing it twice, is no mistake."""
    channel = MqttChannel(settings(broker))
    channel.show(shown())
    with pytest.raises(ChannelError, match="not open"):
        await channel.send(message("m1"))
    await channel.close()
    await channel.close()


async def test_a_view_it_can_not_read_hides_no_other(
    broker: Broker, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in one account's view is logged, and every other account is shown."""
    async with Witness(broker, topic) as witness, opened(settings(broker, topic=topic)) as channel:
        channel.show(replace(shown(), account="broken", status={"age": 1.0}))
        channel.show(shown(position()))
        await witness.until(lambda one: BTC in one.states)
    assert "how account broken stands can't be shown" in caplog.text
