"""What every figure is held against: bare ccxt.pro scripts that do only that. They import nothing of this program.

Each is the leanest a user would write: unified calls, one exchange, no rate limiter, nothing checked.
`python -m tests.bench.bare COMMAND URL KEY SECRET …`; each says a line of JSON when it is ready.
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
from typing import Any
from urllib.parse import urlsplit

import ccxt.pro

SYMBOL = "BTC/USDT:USDT"
OTHER = "A0/USDT:USDT"
"""A market with the same facts, for a script that runs beside the daemon."""


def exchange_at(url: str, key: str, secret: str) -> Any:
    """ccxt.pro's binanceusdm with every address pointed at a paper venue."""
    exchange = ccxt.pro.binanceusdm(
        {
            "apiKey": key,
            "secret": secret,
            "enableRateLimit": False,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
            },
        }
    )
    exchange.urls["api"] = _pointed(exchange.urls["api"], urlsplit(url).netloc)
    return exchange


def _pointed(tree: Any, place: str) -> Any:
    if isinstance(tree, dict):
        return {name: _pointed(branch, place) for name, branch in tree.items()}
    parts = urlsplit(tree)
    return parts._replace(scheme="ws" if parts.scheme.startswith("ws") else "http", netloc=place).geturl()


def say(**what: object) -> None:
    """A line of JSON, at once."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def resident_kb() -> int:
    """Memory of this process that is in RAM."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123  (pathlib is one more import to weigh)
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


async def orders(args: argparse.Namespace) -> None:
    """Watch one mark price; whenever it falls to a level, send one STOP_MARKET algo order."""
    exchange = exchange_at(args.url, args.key, args.secret)
    await exchange.load_markets()
    armed, count = True, 0
    say(ready=True)
    while True:
        tick = await exchange.watch_mark_price(OTHER)
        if armed and tick["markPrice"] <= args.level:
            armed, count = False, count + 1
            params = {
                "stopLossPrice": args.trigger,
                "workingType": "MARK_PRICE",
                "clientAlgoId": f"bare{count:028d}",
            }
            await exchange.create_order(OTHER, "market", "sell", 0.1, None, params)
        elif not armed and tick["markPrice"] > args.level:
            armed = True


async def read(exchange: Any) -> None:
    """One read of an account: positions, balance, stops, together."""
    await asyncio.gather(
        exchange.fetch_positions(), exchange.fetch_balance(), exchange.fetch_open_orders(params={"trigger": True})
    )


async def start(args: argparse.Namespace) -> None:
    """Load the markets, read the account once, say so."""
    exchange = exchange_at(args.url, args.key, args.secret)
    await exchange.load_markets()
    await read(exchange)
    say(at=time.perf_counter())
    await exchange.close()


async def accounts(args: argparse.Namespace) -> None:
    """`--count` accounts: each loads its markets, reads once and watches a mark price; then what memory all take."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    exchanges = [exchange_at(args.url, args.key, args.secret) for _ in range(args.count)]
    for exchange in exchanges:
        await exchange.load_markets()
        if not args.markets_only:
            await read(exchange)
            await exchange.watch_mark_price(SYMBOL)
    gc.collect()
    say(resident_kb=resident_kb(), count=args.count)
    for exchange in exchanges:
        await exchange.close()


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["orders", "start", "accounts"])
    parser.add_argument("url")
    parser.add_argument("--key", default=os.environ.get("BENCH_KEY", ""))
    parser.add_argument("--secret", default=os.environ.get("BENCH_SECRET", ""))
    parser.add_argument("--level", type=float, default=0.0)
    parser.add_argument("--trigger", type=float, default=0.0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--markets-only", action="store_true")
    args = parser.parse_args()
    asyncio.run({"orders": orders, "start": start, "accounts": accounts}[args.command](args))


if __name__ == "__main__":
    main()
