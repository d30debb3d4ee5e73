"""Memory over a day: the whole daemon on a stepped clock against a paper venue, from hour 2 on.

Every ten seconds of the day there is a read and a mark; every twenty minutes a dip fires an alert that resolves.
This module is also the daemon's side of it: `python -m tests.bench.hours --config FILE --venue URL --hours N`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.daemon import resident_kb
from tests.bench.stage import PRICE, SYMBOL, line_of, stage
from watchdog.clock import SteppedClock
from watchdog.demo.lockstep import settle
from watchdog.reload import load_rules
from watchdog.service import Service
from watchdog.settings import load_settings

RULES = """
[[rule]]
name   = "room"
metric = "room_used"
warn   = "20%"
"""
SETTLED_HOURS = 2
STEP = 10.0
DIP_EVERY = 120
"""In steps."""
TURNS = 40
"""Turns of the loop in which a frame that was sent is taken in."""


async def measure(hours: int) -> dict[str, Any]:
    """Memory in kB after hour 2 and after the last, and the difference."""
    async with stage() as one:
        await one.venue("--lockstep")
        await one.post("/paper/trade", symbol=SYMBOL, amount="0.1", leverage=5, mode="isolated")
        config = one.files(RULES)
        arguments = ("--config", str(config), "--venue", one.url, "--hours", str(hours))
        child = await one.start("tests.bench.hours", *arguments)
        told = await line_of(child, "kb_by_hour", 3600.0)
        by_hour = {int(hour): kb for hour, kb in told["kb_by_hour"].items()}
        grown = (by_hour[hours] - by_hour[SETTLED_HOURS]) / 1024
        return {"hours": hours, "kb_by_hour": by_hour, "growth_mb": grown, "reads": told["reads"]}


async def _live(config: Path, venue: str, hours: int) -> None:
    """The daemon's day."""
    settings = load_settings(config, os.environ)
    clock = SteppedClock(1_760_129_340.0)
    service = Service(settings, load_rules(settings), clock)
    stop, started = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(service.run(stop, started.set))
    await started.wait()
    by_hour: dict[int, int] = {}
    async with aiohttp.ClientSession(venue) as http:
        await settle(service)
        for number in range(1, int(hours * 3600 / STEP) + 1):
            target = clock.now().mono + STEP
            while (due := clock.next_timer()) is not None and due < target:
                clock.advance(due)
                await settle(service)
            clock.advance(target)
            price = PRICE * 95 // 100 if number % DIP_EVERY == 0 else PRICE + number % 50
            move = {"action": "move", "symbol": SYMBOL, "amount": str(price)}
            async with http.post("/paper/trade", json=move) as answer:
                await answer.read()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            await settle(service)
            if number * STEP % 3600 == 0:
                gc.collect()
                by_hour[round(number * STEP / 3600)] = resident_kb()
    [runner] = service.runners.values()
    sys.stderr.write(json.dumps({"kb_by_hour": by_hour, "reads": round(runner.state.reads.last_good / STEP)}) + "\n")
    sys.stderr.flush()
    stop.set()
    await watching


def main() -> None:
    """Live so many hours."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--venue", required=True)
    parser.add_argument("--hours", type=int, required=True)
    args = parser.parse_args()
    asyncio.run(_live(args.config, args.venue, args.hours))


if __name__ == "__main__":
    main()
