"""The bot's token is the key to the owner's phone: it is in no log, no error, no repr."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from tests.botapi import Fault
from tests.channels.telegram.support import ANN, TOKEN, alert_message, home, live, view
from watchdog.channels.base import ChannelError
from watchdog.channels.telegram import api

SECRET = TOKEN.partition(":")[2]
NOISY = (
    "",
    "httpx",
    "httpcore",
    "httpcore.http11",
    "httpcore.connection",
    "telegram",
    "telegram.Bot",
    "telegram.request",
)


@pytest.mark.parametrize("loud", [False, True])
async def test_the_token_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, *, loud: bool
) -> None:
    """At DEBUG, through every fault; also where somebody has turned the libraries' own logs on."""
    monkeypatch.setattr(api, "PATIENCE_S", 0.2)
    caplog.set_level(logging.DEBUG)
    async with home(tmp_path, ANN) as house:
        for name in NOISY if loud else ():
            caplog.set_level(logging.DEBUG, logger=name)
        await house.listen()
        for kind in ("429", "403", "401", "500", "html", "hang", "drop", "lose", "markup"):
            house.server.faults.add(Fault(kind, "sendMessage", holding=kind))
            told = replace(alert_message(kind, "fired", f"WARN · {kind}"), at=house.clock.now().wall)
            await house.tell(told)
            await house.wait(20.0)
        house.server.faults.add(Fault("drop", "getUpdates"))
        house.channel.show(view(house.clock.now().wall, live("WARN · again")))
        await house.wait(20.0)
        await house.server.write(ANN, "/status")
        await house.server.down()
        await house.tell(replace(alert_message("down"), at=house.clock.now().wall))
        await house.wait(5.0)
        assert "can't be reached" in house.notifier.status()[0].reason
    assert caplog.records
    if loud:
        assert any(record.name.startswith(("httpx", "httpcore", "telegram.Bot")) for record in caplog.records)
    for record in caplog.records:
        assert SECRET not in record.getMessage()
        assert SECRET not in (record.exc_text or "")
    assert SECRET not in caplog.text


async def test_the_token_is_in_no_repr_and_no_error(tmp_path: Path) -> None:
    """Of the channel, its parts, its settings, and of an error down to its causes as they are printed."""
    async with home(tmp_path, ANN, start=False) as house:
        house.server.token = "1:other"  # noqa: S105 - of no bot
        outlet = house.channel.outlets[0]
        with pytest.raises(ChannelError) as caught:
            await outlet.open()
        for thing in (house.channel, outlet, house.settings, house.channel._session, house.channel._session.api):
            assert SECRET not in repr(thing)
        error: BaseException | None = caught.value
        while error is not None:
            assert SECRET not in f"{error!r} {error}"
            error = error.__cause__ or error.__context__
        await house.server.down()
        with pytest.raises(ChannelError) as caught:
            await outlet.open()
        assert "127.0.0.1" not in str(caught.value)
        assert SECRET not in str(caught.value)
        await outlet.close()


async def test_nothing_of_the_token_is_remembered(tmp_path: Path) -> None:
    """Not in the store's file, whatever the channel keeps there."""
    async with home(tmp_path, ANN) as house:
        await house.tell(alert_message("a"))
    assert not any(SECRET.encode() in written for written in _written(tmp_path))


def _written(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
