"""Rules saved again and again while the crash is on: the real service and the paper venue, second by second."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from watchdog.channels.base import Memory
from watchdog.cli.demo import SCENARIO, start_paper, write_config
from watchdog.clock import Clock, SteppedClock
from watchdog.demo.lockstep import Lockstep
from watchdog.domain.effects import Level, Message
from watchdog.reload import load_rules
from watchdog.service import Service
from watchdog.settings import ChannelSettings, load_settings

BEGIN = 22 * 60 + 45
"""Seconds into the scenario at which the daemon is started: 21:11:45, less than two minutes before a stop fires."""
SECONDS = 325
"""Until both stops have filled and what they protected is told as closed."""
QUIET = range(68, 86)
"""Seconds after the start in which both stops rest and no alert begins or ends."""


class Ear:
    """A channel that confirms everything."""

    name = "ear"
    min_level = Level.INFO

    def __init__(self) -> None:
        self.heard: list[Message] = []

    async def open(self) -> None:
        """Ready."""

    async def send(self, message: Message) -> None:
        """Heard."""
        self.heard.append(message)

    async def close(self) -> None:
        """Nothing to let go of."""


class Editor(Lockstep):
    """Market time with somebody at the rules file: called before each second with its number."""

    def __init__(self, service: Service, clock: SteppedClock, url: str, edit: Callable[[int], None]) -> None:
        super().__init__(service, clock, url, 0.0)
        self._edit = edit
        self._second = 0

    async def _tick(self, http: aiohttp.ClientSession) -> dict[str, Any]:
        self._edit(self._second)
        self._second += 1
        answer = await super()._tick(http)
        return answer | {"done": answer["done"] or self._second >= SECONDS}


@contextlib.asynccontextmanager
async def crash(folder: Path) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """The paper venue a few minutes before the fall."""
    venue, url = await start_paper(folder, "--scenario", SCENARIO)
    try:
        async with aiohttp.ClientSession(url) as http:
            async with http.post("/paper/advance", json={"seconds": BEGIN, "hold": False}) as response:
                assert response.status == 200
            yield url, http
    finally:
        venue.terminate()
        await venue.communicate()


async def play(
    folder: Path, edits: Callable[[Service, Path], Callable[[int], None]]
) -> tuple[list[Message], dict[str, Any]]:
    """These minutes with these edits: what was heard, and the venue's state at the end."""
    ear = Ear()

    def one_ear(settings: ChannelSettings, memory: Memory, clock: Clock) -> Ear:
        del settings, memory, clock
        return ear

    async with crash(folder) as (url, http):
        settings = load_settings(write_config(folder, url), {"STATE_DIRECTORY": str(folder)})
        async with http.get("/paper/state") as response:
            clock = SteppedClock((await response.json())["time_ms"] / 1000)
        service = Service(settings, load_rules(settings), clock, channels=one_ear)
        stop, started = asyncio.Event(), asyncio.Event()
        watching = asyncio.create_task(service.run(stop, started.set))
        await started.wait()
        await Editor(service, clock, url, edits(service, settings.rules)).run()
        stop.set()
        await watching
        async with http.get("/paper/state") as response:
            state: dict[str, Any] = await response.json()
    return ear.heard, state


def nothing(service: Service, rules: Path) -> Callable[[int], None]:
    """Nobody touches the file."""
    del service, rules

    def edit(second: int) -> None:
        del second

    return edit


def busy_hand(service: Service, rules: Path) -> Callable[[int], None]:
    """Saved every other second: a comment, a level nobody reaches, half a file, the old text, in every way of saving.

    In the quiet time the mode goes from act to watch and back.
    """
    text = rules.read_text()
    versions = [
        f"# saved again\n{text}",
        text.replace('emergency = "85%"', 'emergency = { at = "86%", hold = "2s" }'),
        text[: len(text) // 2],
        text,
        text.replace('critical = "6', 'critical = "5', 1).replace("below 3%", "below 2%"),
    ]
    watch = text.replace('mode            = "act"', 'mode            = "watch"')
    assert watch != text

    def edit(second: int) -> None:
        if second % 2:
            return
        version = versions[second // 2 % len(versions)]
        if second in QUIET:
            version = watch
        if second % 3:
            aside = rules.with_name("rules.toml~")
            aside.write_text(version)
            aside.replace(rules)
        else:
            rules.write_text(version)
        if second % 4 and service._reloader is not None:
            service._reloader.ask()

    return edit


def alerts(heard: list[Message]) -> list[tuple[float, str, str, Level, tuple[str, ...]]]:
    """What was said of the account, in the order of the market's seconds."""
    return sorted((one.at, one.alert, one.event, one.level, one.lines) for one in heard if one.account)


async def test_a_reload_at_any_moment_drops_no_alert_and_doubles_no_stop(tmp_path: Path) -> None:
    """Every other second of the fall the file is saved: the alerts and orders are those of a file left alone."""
    folders = [tmp_path / "quiet", tmp_path / "busy"]
    for folder in folders:
        folder.mkdir()
    quiet, state = await play(folders[0], nothing)
    busy, touched = await play(folders[1], busy_hand)
    heads = Counter(one.lines[0].split(" · ")[0] for one in busy if not one.account)
    assert heads["INFO"] > 40, "files that are whole were taken"
    assert heads["WARN"] > 12, "half files were refused"
    modes = [one.lines for one in busy if any("mode " in line for line in one.lines)]
    assert len(modes) == 2
    assert "IT PROTECTS LESS" in modes[0][0]
    assert sum("rests and stays" in line for line in modes[0]) == 2

    assert alerts(busy) == alerts(quiet)
    assert {"NO STOP", "STOP TRIGGERED", "CLOSED"} <= {
        word for word in ("NO STOP", "STOP TRIGGERED", "CLOSED") for one in quiet if word in one.lines[0]
    }
    of_order = ("symbol", "side", "quantity", "trigger_price", "status", "created_ms", "reduce_only")
    assert [[one[key] for key in of_order] for one in touched["algos"]] == [
        [one[key] for key in of_order] for one in state["algos"]
    ]
    assert Counter(one["symbol"] for one in touched["algos"]) == {"AVAXUSDT": 1, "BTCUSDT": 1}
    assert touched["outcome"] == state["outcome"]
