"""`watchdog confirm` as it is typed, against a control socket."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from watchdog.cli.main import main
from watchdog.control import CommandBody, ControlServer, Handlers
from watchdog.domain.effects import Reply

SAYS = "1a2b3c4d: stop 94,216.9, 0.500, a yes counts until 20:50:00 UTC"


def row(symbol: str, side: str, proposal: str | None, confirm: str | None) -> dict[str, object]:
    """A position of the plan."""
    would = {"symbol": symbol, "side": side, "size": "1", "would": "nothing", "why": "no rule asks"}
    return would | {"proposal": proposal, "confirm": confirm}


class Daemon:
    """What stands behind the socket: BTC, ETH and SOL in one account, of which two are asked about; BTC in another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[CommandBody] = []
        self.rows = {
            "main": [
                row("BTC/USDT:USDT", "long", SAYS, "1a2b3c4d"),
                row("ETH/USDT:USDT", "short", None, "5e6f7a8b"),
                row("SOL/USDT:USDT", "long", None, None),
            ],
            "alt": [row("BTC/USDC:USDC", "long", None, None)],
        }

    async def plan(self) -> object:
        """Both accounts."""
        head = {"mode": "ask", "sends": "it asks first", "read_at": "20:49:00 UTC"}
        return {"accounts": [{"account": name, **head, "positions": rows} for name, rows in self.rows.items()]}

    async def why(self, subject: str) -> str:
        """Nobody asks here."""
        raise AssertionError(subject)

    async def command(self, body: CommandBody) -> Reply:
        """Take it down; only one id is known."""
        self.heard.append(body)
        if body.subject == "1a2b3c4d":
            return Reply("1", "I send the stop 94,216.9 for 0.500 now, and tell you once it rests.")
        return Reply("1", "Nothing was sent: it was shown more than a minute before.", ok=False)

    async def run(self, *arguments: str) -> int:
        """One command, in a thread as it would be in a process."""
        return await asyncio.to_thread(main, [*arguments, "--socket", str(self.path)])


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon's socket, in a directory with a short name."""
    with tempfile.TemporaryDirectory(prefix="wd") as name:
        one = Daemon(Path(name) / "s")
        async with ControlServer(one.path, Handlers(one.plan, one.plan, one.why, one.why, one.command)):
            yield one


@pytest.mark.parametrize("what", ["1a2b3c4d", "BTC", "btcusdt", "BTC/USDT:USDT", "BTC long"])
async def test_a_yes_says_what_it_is_for_and_what_came_of_it(
    what: str, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its id, or by the position's name where only one is asked about; the yes itself carries the id."""
    assert await daemon.run("confirm", what) == 0
    assert daemon.heard == [CommandBody.model_validate({"verb": "confirm", "subject": "1a2b3c4d"})]
    assert capsys.readouterr() == (
        f"main · BTC/USDT:USDT long · {SAYS}\nI send the stop 94,216.9 for 0.500 now, and tell you once it rests.\n",
        "",
    )


async def test_a_late_yes_is_refused_in_words(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 69, as for every command that is not obeyed; said before that it comes late."""
    assert await daemon.run("confirm", "ETH") == 69
    assert daemon.heard[0].subject == "5e6f7a8b"
    assert capsys.readouterr() == (
        "main · ETH/USDT:USDT short · 5e6f7a8b: shown more than a minute ago, a yes now shows it anew\n",
        "watchdog confirm: Nothing was sent: it was shown more than a minute before.\n",
    )


async def test_an_id_that_nobody_asks_about_is_left_to_the_daemon(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """It knows what became of an old one; what is asked is listed."""
    assert await daemon.run("confirm", "00000000") == 69
    assert daemon.heard[0].subject == "00000000"
    out, err = capsys.readouterr()
    assert out == ""
    assert f"main · BTC/USDT:USDT long · {SAYS}" in err


async def test_of_two_that_are_meant_none_is_confirmed(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 64, and both are named."""
    daemon.rows["alt"] = [row("BTC/USDC:USDC", "long", "9c0d1e2f: stop 94,000.0", "9c0d1e2f")]
    assert await daemon.run("confirm", "BTC") == 64
    assert daemon.heard == []
    err = capsys.readouterr().err
    assert "main · BTC/USDT:USDT long · 1a2b3c4d" in err
    assert "alt · BTC/USDC:USDC long · 9c0d1e2f" in err


async def test_the_plan_names_what_to_type(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the position that is asked about."""
    assert await daemon.run("plan") == 0
    assert f"    asked: {SAYS}; yes: watchdog confirm 1a2b3c4d\n" in capsys.readouterr().out
