"""The command line of the paper venue: `python -m watchdog.paper`, and `watchdog paper` through cli/paper.py."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from watchdog.paper.binanceusdm.signing import ApiKey
from watchdog.paper.binanceusdm.weights import LIMIT
from watchdog.paper.scenario import CRASH, Scenario, ScenarioError, load_scenario
from watchdog.paper.server import PaperServer, new_api_key

EX_UNAVAILABLE = 69
EX_CANTCREAT = 73
EX_CONFIG = 78


class KeysError(Exception):
    """The key files can't be read or written; says which and why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port; 0 picks a free one (default)")
    parser.add_argument(
        "--scenario",
        default=CRASH,
        metavar="NAME_OR_FILE",
        help="a scenario the package carries, or a TOML file (default: %(default)s)",
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="market seconds per real second (default: 1)"
    )
    pace.add_argument("--lockstep", action="store_true", help="the market moves only on POST /paper/advance")
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="DIR",
        help="directory for paper.key and paper.secret: used if they are there, else written (mode 0600)",
    )
    parser.add_argument(
        "--no-weight-limit", action="store_true", help=f"count request weights, but never refuse above {LIMIT} a minute"
    )
    parser.add_argument("--ready-fd", type=int, metavar="FD", help="also write the URL to this file descriptor")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. 78 for a bad scenario, 73 for keys that can't be written, 69 for a taken port."""
    try:
        scenario = load_scenario(args.scenario)
        api_key = _keys(args.keys) if args.keys is not None else new_api_key()
        asyncio.run(_serve(args, scenario, api_key))
    except ScenarioError as error:
        return _fail(str(error), EX_CONFIG)
    except KeysError as error:
        return _fail(str(error), EX_CANTCREAT)
    except OSError as error:
        return _fail(f"cannot listen on {args.host}:{args.port} ({os.strerror(error.errno or 0)})", EX_UNAVAILABLE)
    return 0


async def _serve(args: argparse.Namespace, scenario: Scenario, api_key: ApiKey) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = PaperServer(
        scenario.exchange(),
        scenario.tape,
        api_key=api_key,
        speed=None if args.lockstep else args.speed,
        weight_limit=None if args.no_weight_limit else LIMIT,
    )
    try:
        await server.start(args.host, args.port)
        pace = "lockstep" if args.lockstep else f"speed {args.speed:g}"
        print(f"paper venue ready: {server.url} ({scenario.name}, {pace})", flush=True)  # noqa: T201 its one line
        if args.keys is None:
            print(f"key {api_key.key} secret {api_key.secret}", flush=True)  # noqa: T201 of this paper venue only
        if args.ready_fd is not None:
            os.write(args.ready_fd, f"{server.url}\n".encode())
        await stopped.wait()
    finally:
        await server.stop()


def _keys(folder: Path) -> ApiKey:
    """The keys of a directory, made on first use. Raises KeysError."""
    paths = folder / "paper.key", folder / "paper.secret"
    try:
        if all(path.is_file() for path in paths):
            key, secret = (path.read_text(encoding="ascii").strip() for path in paths)
            if key and secret:
                return ApiKey(key, secret)
        folder.mkdir(parents=True, exist_ok=True)
        api_key = new_api_key()
        for path, text in zip(paths, (api_key.key, api_key.secret), strict=True):
            path.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{folder}: keys cannot be kept there ({error})") from error
    return api_key


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"paper venue: {message}\n")
    return code


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:  # noqa: PLR2004 ports are what they are
        raise argparse.ArgumentTypeError(f"{text} is not a port (0 to 65535)")
    return number


def _speed(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number <= 1_000:  # noqa: PLR2004 a thousand ticks a second is what one process can serve
        raise argparse.ArgumentTypeError(f"{text} is not a speed (above 0, up to 1000)")
    return number
