"""How long a stream that has fallen silent goes unnoticed: from freezing its socket to its being dialled anew.

The connection stays open and nothing comes any more, not even a pong, as behind a router that forgot it. On the
machine's own clock.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.bench.stage import line_of, stage, until
from tests.bench.start import RULES

STREAMS = {"market": "GET /market/ws/0", "private": "GET /private/ws"}


async def measure(times: int) -> dict[str, Any]:
    """Seconds by stream, and the longest of all."""
    taken: dict[str, list[float]] = {name: [] for name in STREAMS}
    async with stage() as one:
        await one.venue("--speed", "1")
        await one.post("/paper/trade", symbol="BTCUSDT", amount="0.1", leverage=5, mode="isolated")
        daemon = await one.daemon(one.files(RULES))
        await line_of(daemon, "resident_kb")
        for number in range(times):
            await asyncio.sleep(2.0 + 0.6 * number)  # not always at the same step of its watch
            await one.timings()
            frozen = time.perf_counter()
            await one.post("/paper/fault", kind="freeze")
            dialled: dict[str, float] = {}

            async def both(dialled: dict[str, float] = dialled) -> bool:
                for moment in await one.timings():
                    for name, what in STREAMS.items():
                        if moment.kind == "dial" and moment.what == what:
                            dialled.setdefault(name, moment.at)
                return len(dialled) == len(STREAMS)

            await until(both, "a silent stream was never dialled anew", 60.0, 0.1)
            for name, at in dialled.items():
                taken[name].append(at - frozen)
    return {**taken, "longest": max(max(values) for values in taken.values())}
