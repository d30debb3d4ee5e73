"""Memory: the base of the daemon, what one more account costs, and what 22 more hours cost, against bare ccxt.

Resident memory of processes of their own, on a venue that lists as many markets as Binance does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.bench.figures import slope
from tests.bench.stage import Stage, line_of, stage
from tests.bench.start import MARKETS, RULES


async def measure(counts: Sequence[int]) -> dict[str, Any]:
    """In kB by number of accounts; the growth per account; the base: one account against a script that only loaded."""
    async with stage() as one:
        await one.venue("--speed", "1", markets=MARKETS)
        await one.post("/paper/trade", symbol="BTCUSDT", amount="0.1", leverage=5, mode="isolated")
        base = await _bare(one, 1, "--markets-only")
        bare = {count: await _bare(one, count) for count in counts}
        ours = {count: await _ours(one, count) for count in counts}
        growth_ours, growth_bare = slope(ours), slope(bare)
        return {
            "base_ours_kb": ours[min(counts)],
            "base_bare_kb": base,
            "base_difference_mb": (ours[min(counts)] - base) / 1024,
            "ours_kb": ours,
            "bare_kb": bare,
            "growth_ours_kb": growth_ours,
            "growth_bare_kb": growth_bare,
            "ratio_growth": growth_ours / growth_bare,
        }


async def _bare(one: Stage, count: int, *arguments: str) -> int:
    script = await one.bare("accounts", "--count", str(count), *arguments)
    told = await line_of(script, "resident_kb", 300.0)
    await script.kill()
    return int(told["resident_kb"])


async def _ours(one: Stage, count: int) -> int:
    daemon = await one.daemon(one.files(RULES), "--accounts", str(count), "--settle", str(3 + count / 20))
    told = await line_of(daemon, "resident_kb", 300.0)
    await daemon.kill()
    return int(told["resident_kb"])
