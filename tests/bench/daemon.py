"""The real daemon, in a process of its own, on a clock that may run faster than the machine's.

All parts are those of `watchdog run`; only the clock's speed differs and, where one address stands for those of many
accounts, that each has a request budget of its own. It writes a line of JSON on its standard error when it has read
every account: time and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from watchdog import heap

if __name__ == "__main__":
    heap.starting()  # as the command does: before anything large is imported

from tests.bench.imports import watch_imports
from watchdog.clock import Clock, LoopClock
from watchdog.reload import load_rules
from watchdog.service import Service, make_venue, venue_maker
from watchdog.settings import AccountSettings, load_settings
from watchdog.venues.base import Venue


def _alone(account: AccountSettings, clock: Clock) -> Venue:
    """A venue whose request budget is its own."""
    return make_venue(account, clock)


async def _serve(args: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = load_settings(args.config, os.environ)
    [first] = settings.accounts.values()  # the settings refuse one key under two names; here it stands for many
    names = [f"{first.name}{number or ''}" for number in range(args.accounts)]
    settings = replace(settings, accounts={name: replace(first, name=name) for name in names})
    venues = venue_maker() if args.accounts == 1 else _alone
    service = Service(settings, load_rules(settings), LoopClock(args.speed), venues=venues, settled=heap.started)
    telling = asyncio.create_task(_tell(service, args.settle))
    try:
        await service.run(stop)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(service: Service, settle: float) -> None:
    """Once every account has been read, and its streams had a moment to stand: memory now."""
    while not service.runners or not all(one.state.reads.ever for one in service.runners.values()):  # noqa: ASYNC110  (no event of its own)
        await asyncio.sleep(0.02)
    at = time.perf_counter()
    await asyncio.sleep(settle)
    gc.collect()
    sys.stderr.write(json.dumps({"read_at": at, "resident_kb": resident_kb()}) + "\n")
    sys.stderr.flush()


def resident_kb() -> int:
    """Memory of this process that is in RAM."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--settle", type=float, default=2.0)
    parser.add_argument("--accounts", type=int, default=1, help="watch the account of the settings so many times")
    parser.add_argument("--imports", nargs="*", default=[], help="say when these are first imported")
    args = parser.parse_args()
    watch_imports(args.imports)
    asyncio.run(_serve(args))


if __name__ == "__main__":
    main()
