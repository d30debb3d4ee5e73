"""The demo's daemon, in a process of its own: the same `Service` as `watchdog run`, on the market's clock."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from watchdog.clock import SteppedClock
from watchdog.control import ControlError
from watchdog.demo.lockstep import Lockstep, LockstepError
from watchdog.logs import logging_to_stderr
from watchdog.reload import load_rules
from watchdog.service import Service
from watchdog.settings import load_settings
from watchdog.store import StoreError
from watchdog.tomlfile import FileError


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch the paper venue until its scenario has ended, or until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m watchdog.demo.daemon", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--venue-url", required=True)
    parser.add_argument("--speed", type=float, default=0.0)
    args = parser.parse_args(arguments)
    with logging_to_stderr(logging.WARNING):
        try:
            asyncio.run(_run(args.config, args.venue_url, args.speed))
        except (FileError, StoreError, ControlError, LockstepError, aiohttp.ClientError) as error:
            sys.stderr.write(f"demo daemon: {error}\n")
            return 1
    return 0


async def _run(config: Path, venue_url: str, speed: float) -> None:
    settings = load_settings(config, os.environ)
    async with aiohttp.ClientSession(venue_url) as http, http.get("/paper/state") as response:
        market_time = (await response.json())["time_ms"] / 1000
    clock = SteppedClock(market_time)
    service = Service(settings, load_rules(settings), clock)
    stop, started = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # Ctrl-C in a terminal reaches it beside the demo itself
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watching = asyncio.create_task(service.run(stop, started.set))
    begun = asyncio.create_task(started.wait())
    await asyncio.wait([watching, begun], return_when=asyncio.FIRST_COMPLETED)
    driving = asyncio.create_task(Lockstep(service, clock, venue_url, speed).run())
    await asyncio.wait([watching, driving], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    driving.cancel()
    ended = await asyncio.gather(watching, driving, begun, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception):
            raise result


if __name__ == "__main__":
    sys.exit(main())
