"""`watchdog demo`: the crash of 2025-10-10 on a paper venue, with the real daemon and without it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Coroutine
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from watchdog.cli.common import EX_UNAVAILABLE
from watchdog.demo import channels
from watchdog.demo.channels import Ways
from watchdog.demo.result import result, table
from watchdog.demo.view import View

SCENARIO = "crash-2025-10-10"

EX_USAGE = 64

READY_WITHIN = 60.0
"""Seconds for the paper venue to come up: on a cold machine the imports alone take several."""

LONGEST_FOLDER = 60
"""Bytes of the folder for temporary files: below it lies a unix socket, whose path ends at 107."""

ENDS_WITHIN = 10.0
"""Seconds a process of ours is given to end by itself."""


class DemoError(Exception):
    """The demo could not be run, in words."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json FILE`, `--speed N`, and the channels."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what happened here")
    parser.add_argument(
        "--speed", type=_speed, default=60.0, metavar="N", help="market seconds a second at most (60); 0: no limit"
    )
    channels.add_arguments(parser)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: a number from 0 up is wanted")
    return speed


def run(args: argparse.Namespace) -> int:
    """Play the hour, print the outcome."""
    wrong = "" if args.json is None else _unwritable(args.json)
    if wrong:
        sys.stderr.write(f"watchdog demo: {args.json}: {wrong}\n")
        return EX_USAGE
    ways = channels.ways(args)
    try:
        ways.token()
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"watchdog demo: {args.telegram_token}: {getattr(error, 'strerror', None) or 'is no text'}\n")
        return EX_USAGE
    console = Console()
    if not console.is_terminal:
        console = Console(width=110)
    try:
        answer = asyncio.run(_until_told(_in_folder(args.speed, console, ways)))
    except (DemoError, aiohttp.ClientError) as error:
        sys.stderr.write(f"watchdog demo: {error}\n")
        return EX_UNAVAILABLE
    except _ToldToStopError as told:
        return 128 + told.number
    console.print(table(answer))
    if args.json is not None:
        args.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    return 0


def _unwritable(path: Path) -> str:
    """Why a file could not be written at the end of the hour; empty when it could."""
    if path.is_dir():
        return "is a directory"
    if not path.absolute().parent.is_dir():
        return "there is no such directory"
    return "" if os.access(path if path.exists() else path.absolute().parent, os.W_OK) else "may not be written"


class _ToldToStopError(Exception):
    """A signal came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def _until_told(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The work's result. Raises _ToldToStopError once its cleaning up is done: no process of ours stays behind."""
    told: list[int] = []
    task = asyncio.ensure_future(work)

    def stop(number: int) -> None:
        if not told:  # a second one would cut the cleaning up short
            task.cancel()
        told.append(number)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        raise _ToldToStopError(told[0]) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process of ours. Ctrl-C in a terminal has reached it too, so it may have gone before us."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), ENDS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()


def write_config(folder: Path, venue_url: str, ways: Ways = Ways()) -> Path:  # noqa: B008  (immutable)
    """The demo's two files, in a folder where `paper.key` and `paper.secret` are; the path of its watchdog.toml."""
    token = folder / "telegram.token"
    token.touch(mode=0o600)
    token.write_text(ways.token(), encoding="utf-8")
    rules = files("watchdog.demo").joinpath("rules.toml").read_text(encoding="utf-8")
    (folder / "rules.toml").write_text(rules, encoding="utf-8")
    config = folder / "watchdog.toml"
    config.write_text(
        'state_dir = "state"\n\n[account.demo]\nvenue = "binanceusdm"\napi_key_file = "paper.key"\n'
        f'secret_file = "paper.secret"\nbase_url = "{venue_url}"\n\n[channel.console]\ntype = "console"\n'
        'format = "json"\n\n' + "\n".join(ways.tables()),
        encoding="utf-8",
    )
    return config


async def start_paper(folder: Path, *arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """A paper venue in a process of its own, in lockstep; its keys in `folder`. Returns it and its address."""
    command = ("-m", "watchdog.paper", "--port", "0", "--lockstep", "--keys", str(folder), *arguments)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    if process.stdout is None:
        raise DemoError("the paper venue has no output")
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)).decode()
    except TimeoutError:
        await _end(process)
        raise DemoError(f"the paper venue did not come up within {READY_WITHIN:.0f} s") from None
    except asyncio.CancelledError:
        await _end(process)
        raise
    url = next((word for word in line.split() if word.startswith("http://")), "")
    if not url:
        said = "" if process.stderr is None else (await process.stderr.read()).decode().strip()
        raise DemoError(f"the paper venue did not start: {line.strip()} {said}")
    return process, url


async def _in_folder(speed: float, console: Console, ways: Ways) -> dict[str, Any]:
    usual = tempfile.gettempdir()
    short = usual if len(os.fsencode(usual)) <= LONGEST_FOLDER else "/tmp"  # noqa: S108  (a fresh folder below it)
    with tempfile.TemporaryDirectory(prefix="watchdog-demo-", dir=short) as folder:
        return await _demo(Path(folder), speed, console, ways)


async def _demo(folder: Path, speed: float, console: Console, ways: Ways) -> dict[str, Any]:
    console.print(f"A paper venue plays {SCENARIO}; the watchdog watches it with its shipped rules and may act.")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHDOG_")}
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"):
        environment.pop(name, None)
    venue, url = await start_paper(folder, "--scenario", SCENARIO)
    try:
        config = write_config(folder, url, ways)
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "watchdog.demo.daemon", "--config", str(config), "--venue-url", url,
            "--speed", str(speed), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        try:
            alerts = await _watch(daemon, url, folder / "state" / "watchdog.sock", console)
        finally:
            await _end(daemon)
        with_watchdog = await _state(url)
    finally:
        await _end(venue)
    without = await asyncio.to_thread(_without)
    return result(with_watchdog, without, alerts)


def _without() -> dict[str, Any]:
    """The same scenario with nobody doing anything."""
    from watchdog.paper.control import exchange_state  # noqa: PLC0415  (only when it is its turn)
    from watchdog.paper.scenario import load_scenario  # noqa: PLC0415
    from watchdog.paper.simulate import Playback  # noqa: PLC0415

    scenario = load_scenario(SCENARIO)
    exchange = scenario.exchange()
    playback = Playback(exchange, scenario.tape)
    while playback.step():
        exchange.drain()
    return exchange_state(exchange)


async def _state(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession(url) as http, http.get("/paper/state") as response:
        answer: dict[str, Any] = await response.json()
    return answer


async def _watch(daemon: asyncio.subprocess.Process, url: str, socket: Path, console: Console) -> list[dict[str, Any]]:
    """Show what the daemon says until the hour is over."""
    if daemon.stdout is None or daemon.stderr is None:
        raise DemoError("the daemon has no output")
    alerts: list[dict[str, Any]] = []
    noise = asyncio.create_task(daemon.stderr.read())
    with View(console) as view:
        looking = asyncio.create_task(view.follow(url, socket))
        try:
            while line := await daemon.stdout.readline():
                alerts.append(json.loads(line))
                view.alert(alerts[-1])
        except asyncio.CancelledError:
            noise.cancel()
            raise
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
    said = (await noise).decode().strip()
    if await daemon.wait() != 0:
        raise DemoError(f"the daemon ended early: {said or 'without a word'}")
    if said:
        console.print(said, style="dim")
    return alerts
