"""`status`, `plan`, `ack`, `disarm` and `arm` as they are typed, against a control socket."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from watchdog.cli.main import main
from watchdog.control import CommandBody, ControlServer, Handlers
from watchdog.domain.effects import Reply

ACCOUNT = {
    "account": "main",
    "venue": "binanceusdm",
    "mode": "watch",
    "sends": 'mode is "watch"',
    "barred": "",
    "read_at": "20:58:00 UTC",
    "age": 1.2,
    "reads_fail": "Binance, account: HTTP 503",
    "positions": [],
    "vanished": [],
    "pools": [],
    "alerts": [
        {
            "key": "blind",
            "level": "warn",
            "acknowledged": True,
            "seen_by": "Ann",
            "since": "20:40 UTC",
            "silenced": True,
            "says": ["BLIND · Binance main"],
        },
    ],
    "silences": [{"what": "all of main", "until": "21:40 UTC", "by": "Ann", "handle": "00000000"}],
    "not_watched": "spot",
}
CHANNELS = [
    {"channel": "console", "waiting": 3, "fails": "it is closed at the other end", "for": 61.4},
    {"channel": "phone", "waiting": 0, "fails": "", "for": None},
]
PLAN = {
    "account": "main",
    "mode": "watch",
    "sends": 'mode is "watch"',
    "read_at": None,
    "positions": [{"symbol": "BTC/USDT:USDT", "side": "long", "size": "1", "would": "nothing", "why": "no rule asks"}],
}


class Daemon:
    """What stands behind the socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[CommandBody] = []
        self.many = 1

    async def status(self) -> object:
        """As many accounts as the test wants, and two channels."""
        return {"accounts": [ACCOUNT] * self.many, "channels": CHANNELS}

    async def plan(self) -> object:
        """One position, nothing to send."""
        return {"accounts": [PLAN]}

    async def why(self, subject: str) -> str:
        """Words."""
        return f"why {subject}"

    async def snapshot(self, account: str) -> object:
        """Nothing has been read."""
        return {"ok": False, "text": f"account {account}: no good read so far"}

    async def command(self, body: CommandBody) -> Reply:
        """Take down what was asked; the account "nobody" is refused."""
        self.heard.append(body)
        return Reply("1", f"{body.verb}: heard", ok=body.account != "nobody")

    async def run(self, *arguments: str) -> int:
        """One command, in a thread as it would be in a process."""
        return await asyncio.to_thread(main, [*arguments, "--socket", str(self.path)])


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon's socket, in a directory with a short name."""
    with tempfile.TemporaryDirectory(prefix="wd") as name:
        one = Daemon(Path(name) / "s")
        async with ControlServer(one.path, Handlers(one.status, one.plan, one.why, one.snapshot, one.command)):
            yield one


async def test_status_shows_what_fails(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Reads that fail, standing alerts, a channel that reaches nobody; a channel that works is not spoken of."""
    assert await daemon.run("status") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert 'main · binanceusdm · read 20:58:00 UTC, 1 s ago · mode watch, sends nothing: mode is "watch"' in out
    assert "reads fail: Binance, account: HTTP 503" in out
    assert "BLIND · Binance main (since 20:40 UTC, seen by Ann, silenced)" in out
    assert "SILENCED until 21:40 UTC: all of main, by Ann" in out
    assert "channel console REACHES NOBODY for 61 s: it is closed at the other end; 3 messages wait" in out
    assert "phone" not in out


async def test_plan_and_json_are_printed(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan in words; both as JSON for another program."""
    assert await daemon.run("plan") == 0
    out = capsys.readouterr().out
    assert 'main · mode watch, and sends nothing: mode is "watch" · read never' in out
    assert "BTC/USDT:USDT long 1: nothing: no rule asks" in out
    assert await daemon.run("plan", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"accounts": [PLAN]}
    assert await daemon.run("status", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"accounts": [ACCOUNT], "channels": CHANNELS}


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        (["ack"], {"verb": "ack"}),
        (["ack", "main", "--alert", "room"], {"verb": "ack", "account": "main", "subject": "room"}),
        (["disarm", "2h"], {"verb": "disarm", "seconds": 7200}),
        (["disarm", "main", "1h30m"], {"verb": "disarm", "account": "main", "seconds": 5400}),
        (["arm", "main"], {"verb": "arm", "account": "main"}),
        (["silence", "BTC", "1h"], {"verb": "silence", "subject": "BTC", "seconds": 3600}),
        (["silence", "1h"], {"verb": "silence", "seconds": 3600}),
        (
            ["silence", "no stop", "5m", "--account", "main"],
            {"verb": "silence", "account": "main", "subject": "no stop", "seconds": 300},
        ),
        (["unsilence"], {"verb": "unsilence"}),
        (["unsilence", "BTC"], {"verb": "unsilence", "subject": "BTC"}),
    ],
)
async def test_a_word_reaches_the_daemon(
    typed: list[str], body: dict[str, object], daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account may be left out; what the daemon answers is printed."""
    assert await daemon.run(*typed) == 0
    assert daemon.heard == [CommandBody.model_validate(body)]
    assert capsys.readouterr() == (f"{typed[0]}: heard\n", "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["disarm"], "watchdog disarm: for how long? It ends by itself, for example: watchdog disarm 2h"),
        (["disarm", "main"], 'watchdog disarm: "main" is no time: write it as "10s", "5m" or "1h30m"'),
        (["disarm", "main", "2"], 'watchdog disarm: "2" has no unit: write "2s" or "2m"'),
        (["disarm", "main", "0s"], 'watchdog disarm: "0s": must be longer than nothing'),
        (["silence"], "watchdog silence: for how long? It ends by itself, for example: watchdog silence BTC 2h"),
        (["silence", "BTC"], 'watchdog silence: "BTC" is no time: write it as "10s", "5m" or "1h30m"'),
        (["disarm", "2h", "main"], 'watchdog disarm: "main" is no time: write it as "10s", "5m" or "1h30m"'),
    ],
)
async def test_a_time_that_is_none_is_not_sent(
    typed: list[str], said: str, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 64, what is wrong with it, and the daemon never hears of it."""
    assert await daemon.run(*typed) == 64
    assert daemon.heard == []
    assert capsys.readouterr() == ("", f"{said}\n")


async def test_why_is_asked_and_printed(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in the name."""
    assert await daemon.run("why", "BTC/USDT:USDT & more") == 0
    assert capsys.readouterr() == ("why BTC/USDT:USDT & more\n", "")


async def test_a_refusal_is_an_error(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """What the daemon would not do: exit 69, its reason on standard error."""
    assert await daemon.run("arm", "nobody") == 69
    assert capsys.readouterr() == ("", "watchdog arm: arm: heard\n")


async def test_a_daemon_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 69, the socket, and a question; without any settings, 78."""
    path = tmp_path / "s"
    assert await Daemon(path).run("status") == 69
    assert capsys.readouterr() == ("", f"watchdog: no daemon answers on {path}: is it running?\n")
    assert await asyncio.to_thread(main, ["plan", "--config", str(tmp_path / "watchdog.toml")]) == 78
    assert capsys.readouterr() == ("", f"{tmp_path}/watchdog.toml: there is no such file\n")


async def test_a_reader_who_wants_one_line_only(daemon: Daemon) -> None:
    """`watchdog status --json | head -1`: more than a pipe holds is cut off without a word."""
    daemon.many = 1000
    out, into = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watchdog", "status", "--json", "--socket", str(daemon.path),
        stdout=into, stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    os.close(into)
    assert (await asyncio.to_thread(os.read, out, 2)) == b"{\n"
    os.close(out)
    _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (141, b"")
