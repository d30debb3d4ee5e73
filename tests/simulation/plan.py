"""What a seed has in store: all of it drawn before it begins, so that what the daemon does changes nothing about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tests.simulation import tracks
from tests.simulation.acts import Act
from tests.simulation.market import SYMBOLS, prices
from tests.simulation.tracks import CALM_S, TROUBLED_S
from watchdog.paper.values import MarginMode, Price
from watchdog.rules.schema import Mode

_ASKS = 0.25
"""How often a seed's rules propose instead of acting."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A position at the start; its margin is a share of the wallet."""

    symbol: str
    long: bool
    leverage: int
    mode: MarginMode
    share: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole seed."""

    seed: int
    wallet: Decimal
    holdings: tuple[Holding, ...]
    hold: int
    """Seconds: of the rule that asks for a stop."""
    latency: float
    """Seconds a request takes on its way, at most, on a good day."""
    rows: list[dict[str, Price]]
    acts: tuple[Act, ...]
    mode: Mode
    """Of the rules: act, or ask."""
    no_answer: int
    """Seconds after which a proposal goes without an answer; 0: it does not."""


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(f"position watchdog {seed}")
    holdings = tuple(_holding(random, symbol) for symbol in random.sample(SYMBOLS, random.choice((1, 2, 2, 3))))
    acts: list[Act] = []
    for track, chance in _TRACKS:
        own = Random(f"{track.__name__} {seed}")
        if own.random() < chance:
            acts += track(own)
    return Plan(
        seed=seed,
        wallet=Decimal(random.choice((5_000, 20_000, 100_000))),
        holdings=holdings,
        hold=random.choice((5, 20, 60)),
        latency=random.choice((0.0, 0.05, 0.4)),
        rows=prices(random, TROUBLED_S, CALM_S),
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        mode=Mode.ASK if random.random() < _ASKS else Mode.ACT,
        no_answer=random.choice((0, 0, 30, 90)),
    )


def _holding(random: Random, symbol: str) -> Holding:
    return Holding(
        symbol=symbol,
        long=random.random() < 0.6,
        leverage=random.choice((3, 6, 8, 10, 12, 15, 20, 25)),
        mode=random.choice((MarginMode.ISOLATED, MarginMode.CROSS)),
        share=random.uniform(0.08, 0.25),
    )


_TRACKS = (
    (tracks.orders, 0.8),
    (tracks.requests, 0.5),
    (tracks.dark, 0.15),
    (tracks.sockets, 0.5),
    (tracks.channels, 0.6),
    (tracks.disk, 0.4),
    (tracks.ends, 0.7),
    (tracks.hands, 0.9),
    (tracks.edits, 0.6),
    (tracks.words, 0.6),
)
"""Kinds of trouble, and how often a seed has each. Each draws from a source of its own."""
