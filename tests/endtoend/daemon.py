"""The programs as a user runs them: `watchdog paper`, `watchdog run` and the small commands, as processes on loopback.

Nothing here waits for a fixed time: what is looked for is looked for until it is there, or a deadline has passed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, TypeVar

import aiohttp

import watchdog
from watchdog.control import ControlError, ask

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds until something that should happen counts as not happening; on a busy machine imports alone can take ten."""

BTC, AVAX = "BTC/USDT:USDT", "AVAX/USDT:USDT"

RULES = """
[protection]
mode = "{mode}"
first_act_after = "0s"

[blind]
warn     = "{blind_warn}"
critical = "{blind_critical}"

[[rule]]
name     = "no stop"
metric   = "stop_coverage"
only_if  = {{ any = {{ effective_leverage = "5", room_used = "30%" }} }}
critical = {{ at = "below 95%", hold = "1s" }}
stop     = {{ when = "critical", place = {{ entry_to_liquidation = "60%" }} }}
"""


def rules(mode: str = "watch", blind: tuple[str, str] = ("15s", "45s")) -> str:
    """A rules file whose stop is asked for after a second."""
    return RULES.format(mode=mode, blind_warn=blind[0], blind_critical=blind[1])


SCENARIO = """
name = "still"
wallet = { USDT = "40571" }
candles = { BTCUSDT = "btc.csv", AVAXUSDT = "avax.csv" }
positions = [
  { symbol = "AVAXUSDT", side = "long", size = "5000", leverage = 5, margin = "isolated" },
  { symbol = "BTCUSDT", side = "long", size = "1", leverage = 10, margin = "cross" },
]
"""
CANDLE = "1760129340000,{price},{price},{price},{price}\n"


def environment(**more: str) -> dict[str, str]:
    """This process's environment without anything meant for another watchdog; the package is found from anywhere."""
    ours = (
        *("WATCHDOG_", "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "XDG_"),
        "PYTHONUNBUFFERED",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(Path(watchdog.__file__).parents[1])} | more


async def comes(look: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE) -> T:
    """Look until there is something to see; AssertionError with `what` when there is not in time."""
    end = time.monotonic() + seconds
    while True:
        seen = await look()
        if seen:
            return seen
        assert time.monotonic() < end, what
        await asyncio.sleep(0.02)


async def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """The same for what can be seen without waiting."""

    async def at_once() -> T | None:
        return look()

    return await comes(at_once, what, seconds)


@dataclass
class Program:
    """A running command, and what it has said so far."""

    process: asyncio.subprocess.Process
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def start(
        cls, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, module: str = "watchdog"
    ) -> Program:
        """Run `python -m watchdog …`, its output through pipes that are read at once."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env=env or environment(), cwd=cwd,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self = cls(process)
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(_gather(process.stdout, self.out)),
            asyncio.create_task(_gather(process.stderr, self.err)),
        ]
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def said(self) -> str:
        """All of both streams: what a failing test shows."""
        return "\n".join([*self.out[-30:], "--- stderr", *self.err[-30:]])

    async def says(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait for a line with this in it, on either stream."""

        def look() -> str | None:
            return next((line for line in [*self.out, *self.err] if text in line), None)

        return await self.until(look, f"never said: {text}", seconds)

    async def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """Look until there is something to see; what it said is part of the error."""
        try:
            return await until(look, what, seconds)
        except AssertionError:
            raise AssertionError(f"{what}\n{self.said}") from None

    async def ends(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and for its last words; its exit code. It must never have shown a traceback."""
        code = await asyncio.wait_for(self.process.wait(), seconds)
        await asyncio.gather(*self._readers)
        assert "Traceback" not in self.said, self.said
        return code

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end as systemd or a terminal would; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ends()

    async def kill(self) -> None:
        """However the test ended: nothing of it stays."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self._readers)


async def _gather(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode().rstrip("\n"))


@dataclass
class Paper(Program):
    """A paper venue."""

    url: str = ""
    keys: Path = Path()
    http: aiohttp.ClientSession | None = None

    async def open(self, keys: Path) -> None:
        """Wait until it serves."""
        self.keys = keys
        line = await self.says("paper venue ready")
        self.url = next(word for word in line.split() if word.startswith("http://"))
        self.http = aiohttp.ClientSession(self.url)

    async def post(self, route: str, /, **body: object) -> dict[str, Any]:
        """One request to its control paths."""
        assert self.http is not None
        async with self.http.post(route, json=body) as response:
            answer: dict[str, Any] = await response.json()
        assert response.status == 200, answer
        return answer

    async def fault(self, kind: str, **more: object) -> None:
        """Trouble from now on."""
        await self.post("/paper/fault", kind=kind, **more)

    async def trade(self, action: str, **more: object) -> None:
        """The owner's own hand on the venue's website."""
        await self.post("/paper/trade", action=action, **more)

    async def cancel(self, client_id: str) -> None:
        """Take a stop away as a person does: not through the daemon."""
        key, secret = ((self.keys / name).read_text().strip() for name in ("paper.key", "paper.secret"))
        query = f"clientAlgoId={client_id}&timestamp={time.time_ns() // 1_000_000}"
        signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"/fapi/v1/algoOrder?{query}&signature={signature}"
        assert self.http is not None
        async with self.http.delete(url, headers={"X-MBX-APIKEY": key}) as response:
            assert response.status == 200, await response.text()

    async def state(self) -> dict[str, Any]:
        """Everything on the account."""
        assert self.http is not None
        async with self.http.get("/paper/state") as response:
            answer: dict[str, Any] = await response.json()
        return answer

    async def resting(self) -> list[dict[str, Any]]:
        """The conditional orders that rest."""
        return [algo for algo in (await self.state())["algos"] if algo["status"] == "NEW"]

    async def rests(self, count: int, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """Wait until so many stops rest."""

        async def so_many() -> list[dict[str, Any]] | None:
            found = await self.resting()
            return found if len(found) == count else None

        return await comes(so_many, f"there never rested {count} stops", seconds)

    async def reads(self, count: int) -> None:
        """Wait until a daemon has read the account so many times more: four requests each."""
        before = (await self.state())["requests"]

        async def so_many() -> bool:
            return bool((await self.state())["requests"] >= before + 4 * count)

        await comes(so_many, f"not read {count} times")

    async def kill(self) -> None:
        """Nothing of it stays."""
        if self.http is not None:
            await self.http.close()
        await super().kill()


@dataclass
class Daemon(Program):
    """A `watchdog run` with a console channel that speaks JSON."""

    folder: Path = Path()
    state: str = "state"

    @property
    def socket(self) -> Path:
        """Where it is asked."""
        return self.folder / self.state / "watchdog.sock"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What its owner has heard."""
        return [json.loads(line) for line in self.out]

    @property
    def heads(self) -> list[str]:
        """The first line of each message."""
        return [message["lines"][0] for message in self.messages]

    def count(self, *parts: str, since: int = 0) -> int:
        """How many messages hold all of these; `since`: without the first so many."""
        return sum(all(part in "\n".join(one["lines"]) for part in parts) for one in self.messages[since:])

    async def tells(self, *parts: str, since: int = 0, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for a message that holds all of these; `since`: not one of the first so many."""

        def look() -> dict[str, Any] | None:
            return next(
                (m for m in self.messages[since:] if all(part in "\n".join(m["lines"]) for part in parts)), None
            )

        return await self.until(look, f"never told: {parts}", seconds)

    async def ask(
        self, method: Literal["GET", "POST"] = "GET", route: str = "/status", **body: object
    ) -> dict[str, Any]:
        """Ask through its socket."""
        answer = await ask(self.socket, method, route, body or None)
        assert isinstance(answer, dict)
        return answer

    async def account(self, name: str) -> dict[str, Any]:
        """One account of its status."""
        answer = await self.ask()
        return next(one for one in answer["accounts"] if one["account"] == name)

    async def shows(
        self, name: str, good: Callable[[dict[str, Any]], object], what: str, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Ask for its status until one account of it is as wanted."""
        end = time.monotonic() + seconds
        account: dict[str, Any] = {}
        while True:
            with contextlib.suppress(ControlError):  # still starting
                account = await self.account(name)
                if good(account):
                    return account
            assert self.process.returncode is None, f"it has ended: {what}\n{self.said}"
            assert time.monotonic() < end, f"{what}\n{json.dumps(account, indent=1)}\n{self.said}"
            await asyncio.sleep(0.05)

    async def watches(self, *names: str) -> None:
        """Wait until each of these accounts has been read."""
        for name in names:
            await self.shows(name, lambda account: account["age"] is not None, f"never read {name}")


async def command(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, config: bool = True
) -> tuple[int, str, str]:
    """One small command to its end: exit code, standard output, standard error."""
    more = ("--config", str(folder / "watchdog.toml")) if config else ()
    program = await Program.start(*arguments, *more, env=env, cwd=folder)
    try:
        code = await program.ends()
    finally:
        await program.kill()
    return code, "\n".join(program.out), "\n".join(program.err)


class House:
    """A folder with the two files, paper venues and daemons; nothing of it outlives its block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.AsyncExitStack()

    def keys(self, name: str, key: str = "", secret: str = "") -> Path:
        """A folder with a key and a secret in files that only their owner may read."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        for file, text in (("paper.key", key or token_hex(32)), ("paper.secret", secret or token_hex(32))):
            (folder / file).write_text(f"{text}\n")
            (folder / file).chmod(0o600)
        return folder

    async def paper(self, name: str = "main", *arguments: str) -> Paper:
        """A paper venue whose keys lie in `name`: prices that stand still, one tick a second."""
        keys = self.folder / name
        keys.mkdir(exist_ok=True)
        (keys / "still.toml").write_text(SCENARIO)
        (keys / "btc.csv").write_text(CANDLE.format(price="116836.70"))
        (keys / "avax.csv").write_text(CANDLE.format(price="26.571"))
        paper = await Paper.start("paper", "--keys", str(keys), "--scenario", str(keys / "still.toml"), *arguments)
        assert isinstance(paper, Paper)
        self._stack.push_async_callback(paper.kill)
        await paper.open(keys)
        return paper

    def settings(
        self,
        accounts: Mapping[str, Paper | str],
        more: Mapping[str, str] | None = None,
        poll: str | Mapping[str, str] = "2s",
    ) -> Path:
        """Write watchdog.toml: an account per name, at a paper venue or at an address with the keys of its name.

        `more` is what else stands in an account's table.
        """
        lines = ['state_dir = "state"\n[channel.console]\ntype = "console"\nformat = "json"\n']
        for name, venue in accounts.items():
            pause = poll if isinstance(poll, str) else poll.get(name, "2s")
            keys = venue.keys if isinstance(venue, Paper) else self.folder / name
            url = venue.url if isinstance(venue, Paper) else venue
            lines.append(
                f'[account.{name}]\nvenue = "binanceusdm"\nbase_url = "{url}"\n'
                f'api_key_file = "{keys}/paper.key"\nsecret_file = "{keys}/paper.secret"\n'
                f'poll = "{pause}"\n{(more or {}).get(name, "")}\n'
            )
        path = self.folder / "watchdog.toml"
        path.write_text("\n".join(lines))
        return path

    def rules(self, text: str) -> Path:
        """Write rules.toml in place."""
        path = self.folder / "rules.toml"
        path.write_text(text)
        return path

    async def daemon(self, *arguments: str, folder: Path | None = None, **env: str) -> Daemon:
        """Start `watchdog run` on the two files."""
        folder = folder or self.folder
        daemon = await Daemon.start(
            "run", "--config", str(folder / "watchdog.toml"), *arguments, env=environment(**env), cwd=folder
        )
        assert isinstance(daemon, Daemon)
        daemon.folder = folder
        self._stack.push_async_callback(daemon.kill)
        return daemon

    async def close(self) -> None:
        """End whatever still runs."""
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def house() -> AsyncIterator[House]:
    """A house for the length of a block, in a folder with a short name: a unix socket's path ends at 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="wd") as folder:
        one = House(Path(folder))
        try:
            yield one
        finally:
            await one.close()
