"""Prices of a seed, a tick a second: walks, jumps, wicks, pieces of the crash of 2025-10-10, and calm at the end."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from random import Random

from watchdog.paper.scenario import CRASH, known_markets, load_scenario
from watchdog.paper.values import Market, Price

SYMBOLS = ("BTCUSDT", "AVAXUSDT", "ETHUSDT")
FIRST = {"BTCUSDT": 117_000.0, "AVAXUSDT": 28.0, "ETHUSDT": 4_200.0}
_CRASH_OF = {"BTCUSDT": "BTCUSDT", "AVAXUSDT": "AVAXUSDT", "ETHUSDT": "BTCUSDT"}
_CALM = 0.00002


@lru_cache(maxsize=1)
def markets() -> dict[str, Market]:
    """The three markets."""
    known = known_markets()
    return {symbol: known[symbol] for symbol in SYMBOLS}


@lru_cache(maxsize=1)
def _crash() -> dict[str, list[float]]:
    tape = load_scenario(CRASH).tape
    return {
        symbol: [float(tape.prices(second)[symbol].mark) for second in range(len(tape))]
        for symbol in dict.fromkeys(_CRASH_OF.values())
    }


def prices(random: Random, troubled: int, calm: int) -> list[dict[str, Price]]:
    """So many seconds of trouble, then so many of calm, for every market."""
    moves = {symbol: _moves(random, symbol, troubled) for symbol in SYMBOLS}
    for each in moves.values():
        each += [random.gauss(0.0, _CALM) for _ in range(calm)]
    rows = []
    now = dict(FIRST)
    for second in range(troubled + calm):
        row = {}
        for symbol, market in markets().items():
            now[symbol] = max(now[symbol] * (1.0 + moves[symbol][second]), FIRST[symbol] * 0.05)
            apart = random.gauss(0.0, 0.0003) if second < troubled else 0.0
            row[symbol] = Price(_price(market, now[symbol]), _price(market, now[symbol] * (1.0 + apart)))
        rows.append(row)
    return rows


def _price(market: Market, price: float) -> Decimal:
    return market.round_price(Decimal(repr(price)), up=False)


def _moves(random: Random, symbol: str, seconds: int) -> list[float]:
    """Relative moves, a second each, in pieces of different tempers."""
    moves: list[float] = []
    while len(moves) < seconds:
        temper = random.choices(("walk", "drift", "jump", "wick", "crash", "calm"), (5, 3, 2, 2, 1, 3))[0]
        length = random.randint(30, 180)
        if temper == "walk":
            moves += _walk(random, length, 0.0, random.uniform(0.0001, 0.0006))
        elif temper == "drift":
            moves += _walk(random, length, random.uniform(-0.0004, 0.0004), 0.0003)
        elif temper == "jump":
            moves += [*_walk(random, 10, 0.0, 0.0001), random.choice((-1, 1)) * random.uniform(0.003, 0.05)]
        elif temper == "wick":
            moves += _wick(random)
        elif temper == "crash":
            moves += _piece_of_crash(random, symbol, length)
        else:
            moves += _walk(random, length, 0.0, _CALM)
    return moves[:seconds]


def _walk(random: Random, length: int, drift: float, spread: float) -> list[float]:
    return [random.gauss(drift, spread) for _ in range(length)]


def _wick(random: Random) -> list[float]:
    """Out and back again within seconds."""
    out, steps = random.choice((-1, 1)) * random.uniform(0.005, 0.06), random.randint(1, 4)
    step = (1.0 + out) ** (1.0 / steps) - 1.0
    return [step] * steps + [1.0 / (1.0 + step) - 1.0] * steps


def _piece_of_crash(random: Random, symbol: str, length: int) -> list[float]:
    path = _crash()[_CRASH_OF[symbol]]
    start = random.randrange(0, len(path) - length - 1)
    return [path[start + second + 1] / path[start + second] - 1.0 for second in range(length)]
