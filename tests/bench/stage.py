"""What every benchmark plays on: a folder with keys and the two files, a paper venue, the daemon and bare scripts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from tests.endtoend.daemon import Paper, Program, environment
from watchdog.paper.scenario import DATA

PRICE = 100_000
SYMBOL = "BTCUSDT"


class Moment(NamedTuple):
    """One entry of the venue's `/paper/timings`: seconds of its monotonic clock, what happened, with whom."""

    at: float
    kind: str
    host: str
    what: str


class Stage:
    """A paper venue in its own process, and whoever plays on it. Everything it started ends with its block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.AsyncExitStack()
        self.paper: Paper | None = None
        self._http: aiohttp.ClientSession | None = None

    async def venue(self, *arguments: str, markets: int = 2) -> None:
        """Start the venue: BTCUSDT and more markets like it at one price that stands still, fills at that price."""
        keys = self.folder / "keys"
        keys.mkdir(exist_ok=True)
        (keys / "flat.csv").write_text(f"1760129340000,{PRICE},{PRICE},{PRICE},{PRICE}\n")
        path = keys / "flat.toml"
        path.write_text(scenario_text(markets))
        paper = await Paper.start(
            "--keys", str(keys), "--scenario", str(path), "--no-weight-limit", *arguments, module="watchdog.paper"
        )
        assert isinstance(paper, Paper)
        self._stack.push_async_callback(paper.kill)
        await paper.open(keys)
        self.paper = paper
        self._http = aiohttp.ClientSession(paper.url)
        self._stack.push_async_callback(self._http.close)

    @property
    def url(self) -> str:
        """Where the venue listens, by number: what the daemon dials."""
        assert self.paper is not None
        return self.paper.url

    @property
    def other_url(self) -> str:
        """The same by name: what bare scripts dial, so that the venue can tell them apart."""
        return self.url.replace("127.0.0.1", "localhost")

    async def timings(self) -> list[Moment]:
        """What the venue has noted since it was last asked."""
        assert self._http is not None
        async with self._http.get("/paper/timings") as response:
            answer = await response.json()
        return [Moment(at / 1e9, kind, host, what) for at, kind, host, what in answer["timings"]]

    async def post(self, route: str, **body: object) -> dict[str, Any]:
        """One request to the venue's control paths."""
        assert self.paper is not None
        return await self.paper.post(route, **body)

    def files(self, rules: str, *, channels: Sequence[str] = ()) -> Path:
        """Write watchdog.toml and rules.toml; the path of the former. Channels beside the console are whole tables."""
        keys = self.folder / "keys"
        account = (
            f'[account.main]\nvenue = "binanceusdm"\nbase_url = "{self.url}"\n'
            f'api_key_file = "{keys}/paper.key"\nsecret_file = "{keys}/paper.secret"\n'
        )
        console = '[channel.console]\ntype = "console"\nformat = "json"\n'
        path = self.folder / "watchdog.toml"
        path.write_text("\n".join(['state_dir = "state"', account, console, *channels]))
        (self.folder / "rules.toml").write_text(rules)
        return path

    async def daemon(self, config: Path, *arguments: str) -> Program:
        """Start the daemon with an empty state."""
        for path in (self.folder / "state").glob("*"):
            path.unlink()
        return await self.start("tests.bench.daemon", "--config", str(config), *arguments)

    async def bare(self, command: str, *arguments: str) -> Program:
        """Start a bare script."""
        assert self.paper is not None
        key, secret = ((self.paper.keys / name).read_text().strip() for name in ("paper.key", "paper.secret"))
        return await self.start(
            "tests.bench.bare", command, self.other_url, *arguments, more={"BENCH_KEY": key, "BENCH_SECRET": secret}
        )

    async def start(self, module: str, *arguments: str, more: Mapping[str, str] | None = None) -> Program:
        """Start a module; it ends with the stage."""
        # Each stage compiles what it imports once and keeps that: an installed program comes compiled.
        env = environment(**(more or {}), PYTHONPYCACHEPREFIX=str(self.folder / "compiled"))
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        program = await Program.start(*arguments, module=module, env=env, cwd=self.folder)
        self._stack.push_async_callback(program.kill)
        return program

    async def close(self) -> None:
        """End whatever still runs."""
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """A stage for the length of a block, in a folder with a short name: a unix socket's path ends at 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="wdb") as folder:
        one = Stage(Path(folder))
        try:
            yield one
        finally:
            await one.close()


def scenario_text(markets: int) -> str:
    """A scenario of so many markets: BTCUSDT, and others with its facts under other names."""
    facts = (DATA / "markets.toml").read_text(encoding="utf-8").split("[BTCUSDT]\n", 1)[1].split("\n[", 1)[0]
    names = [f"A{number}" for number in range(markets - 1)]
    lines = ['name = "flat"', 'wallet = { USDT = "100000000" }', "slippage = { base_bps = 0, range_share = 0 }"]
    lines += ["[candles]", *(f'{name}USDT = "flat.csv"' for name in ("BTC", *names))]
    for name in names:
        own = facts.replace('base = "BTC"', f'base = "{name}"')
        lines += [f"[markets.{name}USDT]", own]
    return "\n".join(lines)


async def line_of(program: Program, field: str, seconds: float = 60.0) -> dict[str, Any]:
    """Wait for the line of JSON that has this field, on either stream."""

    def look() -> dict[str, Any] | None:
        for line in [*program.out, *program.err]:
            if line.startswith("{") and field in (found := json.loads(line)):
                return dict(found)
        if program.process.returncode is not None:
            raise RuntimeError(f"it has ended without saying {field}\n{program.said}")
        return None

    return await program.until(look, f"never said {field}", seconds)


async def until(look: Callable[[], Any], what: str, seconds: float = 30.0, pause: float = 0.01) -> Any:
    """Await `look` again and again until it gives something; RuntimeError with `what` when it does not in time."""
    end = asyncio.get_running_loop().time() + seconds
    while not (found := await look()):
        if asyncio.get_running_loop().time() > end:
            raise RuntimeError(what)
        await asyncio.sleep(pause)
    return found
