"""From the start of the process to the first verdict, against importing ccxt, loading the markets and reading once.

The venue lists as many markets as Binance does. What is imported late is looked at in one more start, with Telegram
and MQTT set up at addresses where nobody answers.
"""

from __future__ import annotations

import time
from typing import Any

from tests.bench.figures import median
from tests.bench.stage import Stage, line_of, stage, until

MARKETS = 600
RULES = """
[[rule]]
name     = "anything"
metric   = "notional"
critical = "1"
"""
"""Any position fires it: the first verdict is heard."""

READ = "GET /fapi/v3/positionRisk"
LATE = {"telegram": "python-telegram-bot", "aiomqtt": "aiomqtt", "apscheduler": "APScheduler"}
CHANNELS = (
    '[channel.phone]\ntype = "telegram"\ntoken_file = "telegram.token"\nchats = [1]\nbase_url = "http://127.0.0.1:9"\n',
    '[channel.house]\ntype = "mqtt"\nhost = "127.0.0.1"\nport = 9\n',
)


async def measure(times: int) -> dict[str, Any]:
    """Seconds of each, in turns."""
    async with stage() as one:
        await one.venue("--speed", "1", markets=MARKETS)
        await one.post("/paper/trade", symbol="BTCUSDT", amount="0.1", leverage=5, mode="isolated")
        config = one.files(RULES)
        ours, bare = [], []
        for number in range(-1, times):  # the first of each fills the folder of compiled modules
            began = time.perf_counter()
            script = await one.bare("start")
            await line_of(script, "at")
            took_bare = time.perf_counter() - began
            await script.ends()
            began = time.perf_counter()
            daemon = await one.daemon(config)
            await line_of(daemon, "lines")
            took_ours = time.perf_counter() - began
            await daemon.stop()
            if number >= 0:
                bare.append(took_bare)
                ours.append(took_ours)
        return {
            "ratio": median(ours) / median(bare),
            "ours": {"count": times, "p50": median(ours)},
            "bare": {"count": times, "p50": median(bare)},
            "early_imports": await _early(one),
        }


async def _early(one: Stage) -> list[str]:
    """The libraries whose import began before the first read was sent; they are imported at all, or it says nothing."""
    token = one.folder / "telegram.token"
    token.write_text("123456:bench")
    token.chmod(0o600)
    config = one.files(RULES, channels=CHANNELS)
    await one.timings()
    daemon = await one.daemon(config, "--imports", *LATE)
    log: list[Any] = []

    async def was_read() -> bool:
        log.extend(await one.timings())
        return any(moment.what == READ for moment in log)

    await until(was_read, "the account was never read", 60.0)
    imported = {}
    for name in ("telegram", "aiomqtt"):
        imported[name] = await _imported(daemon, name)
    await daemon.stop()
    first = min(moment.at for moment in log if moment.what == READ)
    return [LATE[name] for name, at in imported.items() if at < first]


async def _imported(daemon: Any, name: str) -> float:
    """When a library was first imported."""

    def look() -> float | None:
        for line in daemon.err:
            if line.startswith('{"imported": "' + name + '"'):
                return float(line.rsplit(" ", 1)[1].rstrip("}"))
        return None

    return float(await daemon.until(look, f"{name} was never imported", 30.0))
