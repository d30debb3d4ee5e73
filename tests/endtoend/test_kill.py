"""SIGKILL again and again: the daemon's process dies at spread points of the crash hour and is started each time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from watchdog.cli.demo import SCENARIO, start_paper, write_config

KILLS = int(os.environ.get("KILLS", "10"))
"""Each costs a start of the daemon: `.ci/run` makes it 50."""
START_MS = 1_760_129_340_000
HOUR_MS = 3_600_000
LOOK_S = 0.002
"""Machine seconds between two looks at the market's time, a second of which takes about 0.005: who looks all the time
takes the processor from those who are looked at."""


def kill_points(count: int) -> list[int]:
    """Market times (ms): half of them where orders are sent and stops fire, half spread over the hour."""
    dice = random.Random(20251010)
    busy = [(70, 260), (1440, 1500), (1660, 1700)]
    dense = [START_MS + 1000 * dice.randrange(*busy[number % 3]) for number in range(count // 2)]
    spread = [START_MS + int((number + 0.5) * HOUR_MS / (count - len(dense))) for number in range(count - len(dense))]
    return sorted(dense + spread)


@dataclass
class Nursery:
    """Starts daemons and says how they ended."""

    process: asyncio.subprocess.Process

    async def ask(self, *words: str) -> int:
        """One command, one answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(("\t".join(words) + "\n").encode())
        await self.process.stdin.drain()
        return int(await self.process.stdout.readline())


@dataclass
class Told:
    """What the console had said, and what the store called confirmed, each time a daemon died."""

    out: Path
    database: Path
    confirmed: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """Lines said so far, and the ids whose confirmation had reached the disk."""

    def lines(self) -> list[dict[str, Any]]:
        """Every message said so far; a line that was cut off by a kill is none."""
        if not self.out.exists():
            return []
        said = []
        for line in self.out.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                said.append(json.loads(line))
        return said

    def rows(self) -> list[tuple[str, bool]]:
        """The outbox: id, and whether it is confirmed."""
        if not self.database.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            try:
                rows = database.execute("select id, done_at is not null from outbox").fetchall()
            except sqlite3.OperationalError:  # killed before the tables were made
                return []
        return [(row[0], bool(row[1])) for row in rows]

    def note(self) -> None:
        """A daemon has just died."""
        self.confirmed.append((len(self.lines()), frozenset(name for name, done in self.rows() if done)))


@contextlib.asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """A nursery for the length of a block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHDOG_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.endtoend.nursery",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def market_ms(http: aiohttp.ClientSession) -> int:
    """What time the market has."""
    async with http.get("/paper/state") as response:
        answer = await response.json()
    return int(answer["time_ms"])


async def play(folder: Path, kills: list[int]) -> tuple[dict[str, Any], Told, int]:
    """The crash hour with a kill at each of these market times; the venue's state at the end."""
    venue, url = await start_paper(folder, "--scenario", SCENARIO)
    told = Told(folder / "said.jsonl", folder / "state" / "watchdog.db")
    killed = 0
    try:
        config = write_config(folder, url)
        start = ("start", str(told.out), str(folder / "errors.txt"), "--config", str(config), "--venue-url", url)
        async with aiohttp.ClientSession(url) as http, nursery() as children:
            for point in kills:
                pid = await children.ask(*start)
                while await market_ms(http) < point:  # noqa: ASYNC110  (it is another process that moves)
                    await asyncio.sleep(LOOK_S)
                os.kill(pid, signal.SIGKILL)
                killed += await children.ask("wait") == -signal.SIGKILL
                told.note()
            await children.ask(*start)
            assert await children.ask("wait") == 0, (folder / "errors.txt").read_text(encoding="utf-8")
            async with http.get("/paper/state") as response:
                state = await response.json()
    finally:
        venue.terminate()
        await venue.communicate()
    return state, told, killed


@pytest.mark.long
@pytest.mark.timeout(500)
async def test_kills_cost_neither_a_stop_nor_an_alert(tmp_path: Path) -> None:
    """No second stop is ever placed, no alert is lost, and none is repeated once its confirmation was on the disk."""
    state, told, killed = await play(tmp_path, kill_points(KILLS))
    assert killed == KILLS

    stops = Counter(algo["symbol"] for algo in state["algos"])
    assert stops == {"AVAXUSDT": 1, "BTCUSDT": 1}
    assert not any(end["liquidated"] for end in state["outcome"].values())
    assert not state["positions"]

    said = told.lines()
    times = Counter(line["id"] for line in said)
    rows = dict(told.rows())
    assert rows, "the outbox is empty"
    assert all(rows.values()), "a message was never confirmed"
    assert set(rows) == set(times), "a message was saved and never said, or said and never saved"
    for count, confirmed in told.confirmed:
        repeated = confirmed & {line["id"] for line in said[count:]}
        assert not repeated, "said again after its confirmation had reached the disk"
    assert sum(times.values()) - len(times) <= KILLS

    firing: set[str] = set()
    for line in sorted({one["id"]: one for one in said if one["alert"]}.values(), key=lambda one: one["at"]):
        assert line["event"] != "fired" or line["alert"] not in firing, f"told anew by a restart: {line['lines'][0]}"
        (firing.discard if line["event"] == "resolved" else firing.add)(line["alert"])

    heads = "\n".join(line["lines"][0] for line in said)
    for symbol in ("AVAX long", "BTC long"):
        for word in ("NO STOP", "RESTS", "CLOSED"):
            assert any(symbol in head and word in head for head in heads.splitlines()), (
                f"{symbol}: no {word} in {heads}"
            )
