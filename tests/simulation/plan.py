"""What a seed has in store: all of it drawn before it begins, so that what the daemon does changes nothing about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random

from tests.simulation.market import SYMBOLS, prices
from watchdog.paper.binanceusdm.streams import Which
from watchdog.paper.faults import Fault, FaultKind
from watchdog.paper.values import MarginMode, Price

TROUBLED_S = 900
CALM_S = 420
_FIRST_S = 100.0
"""Trouble does not begin before the daemon has had a chance to place its first stops, in most seeds."""
_LEAVES = 0.5
"""How often the trader closes a position just before all is calm."""


class What(StrEnum):
    """Kinds of acts."""

    FAULT = "fault"
    SOCKETS = "sockets"
    CHANNEL = "channel"
    DISK = "disk"
    CRASH = "crash"
    RESTART = "restart"
    HAND = "hand"


class Hand(StrEnum):
    """What the trader does by hand."""

    OPEN = "open"
    GROW = "grow"
    SHRINK = "shrink"
    CLOSE = "close"
    FLIP = "flip"
    CANCEL_OURS = "cancel our stop"
    FOREIGN_STOP = "place a stop"
    FOREIGN_PROFIT = "place a take-profit"
    CANCEL_FOREIGN = "cancel own orders"
    DEPOSIT = "deposit"
    MARGIN = "add margin"


class Mood(StrEnum):
    """How the far end of a channel answers."""

    WELL = "well"
    REFUSES = "refuses"
    LOSES = "takes it, and the confirmation is lost"
    HANGS = "hangs"


class Disk(StrEnum):
    """What the disk does."""

    FULL = "full"
    GONE = "gone"
    SLOW = "slow"
    HUNG = "hung"


class Moment(StrEnum):
    """What a crash waits for; it comes a few steps after it."""

    NOW = "now"
    PLACED = "a stop was accepted"
    CANCELLED = "a stop was cancelled"
    SAVING = "a transaction was made"
    TOLD = "a message arrived"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens. Times are seconds since the seed began; `until` is the end of what lasts."""

    at: float
    what: What
    until: float = 0.0
    name: str = ""
    """A hand's act, a mood, a disk's, a moment, what is done to sockets."""
    symbol: str = ""
    share: float = 0.0
    fault: Fault | None = None
    which: Which = Which.ALL
    steps: int = 0
    """Of a crash: steps of the daemon after the moment."""


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


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(f"position watchdog {seed}")
    holdings = tuple(_holding(random, symbol) for symbol in random.sample(SYMBOLS, random.choice((1, 2, 2, 3))))
    acts: list[Act] = []
    for track, chance in _TRACKS:
        if random.random() < chance:
            acts += track(random)
    return Plan(
        seed=seed,
        wallet=Decimal(random.choice((5_000, 20_000, 100_000))),
        holdings=holdings,
        hold=random.choice((5, 20, 60)),
        latency=random.choice((0.0, 0.05, 0.4)),
        rows=prices(random, TROUBLED_S, CALM_S),
        acts=tuple(sorted(acts, key=lambda act: act.at)),
    )


def _holding(random: Random, symbol: str) -> Holding:
    return Holding(
        symbol=symbol,
        long=random.random() < 0.6,
        leverage=random.choice((3, 6, 8, 10, 12, 15, 20, 25)),
        mode=random.choice((MarginMode.ISOLATED, MarginMode.CROSS)),
        share=random.uniform(0.08, 0.25),
    )


def _pieces(random: Random, least: float, most: float, between: float) -> list[tuple[float, float]]:
    """Spells of trouble, one after the other."""
    spells = []
    at = random.uniform(0.0, 2 * _FIRST_S)
    while at < TROUBLED_S - 20.0:
        until = min(at + random.uniform(least, most), TROUBLED_S - 5.0)
        spells.append((at, until))
        at = until + random.uniform(0.2, 1.8) * between
    return spells


_ORDERS = "/fapi/v1/algoOrder"
_READS = ("/fapi/v3/positionRisk", "/fapi/v1/openAlgoOrders", "/fapi/v3/account", "/fapi/*")
_NOTHING = ("[]", "{}", "null", "0")
"""Bodies that are good JSON and say nothing, under HTTP 200."""
_KINDS = tuple(kind for kind in FaultKind if kind is not FaultKind.BAN)


def _orders(random: Random) -> list[Act]:
    """Trouble that waits for the next requests about orders."""
    acts = []
    for at, until in _pieces(random, 20.0, 300.0, random.choice((5.0, 60.0))):
        fault = Fault(
            kind=random.choice(_KINDS),
            method=random.choice(("POST", "POST", "DELETE", "GET", "*")),
            path=_ORDERS,
            times=random.randint(1, 4),
            skip=random.choice((0, 0, 0, 1)),
            seconds=random.choice((1.0, 3.0, 8.0, 20.0)),
            status=_status(random),
        )
        acts.append(Act(at, What.FAULT, until=until, fault=fault))
    return acts


def _requests(random: Random) -> list[Act]:
    """Trouble of any request, and of those that read."""
    acts = []
    for at, until in _pieces(random, 10.0, 150.0, random.choice((60.0, 150.0))):
        kind, times = random.choice(_KINDS), random.choice((1, 4, 20, 1_000, 1_000))
        seconds, status = random.choice((3.0, 8.0, 20.0)), _status(random)
        fault = random.choice(
            (
                Fault(kind, "GET", random.choice(_READS), times=times, seconds=seconds, status=status),
                Fault(kind, "GET", random.choice(_READS), times=times, seconds=seconds, status=status),
                Fault(FaultKind.HTML, "GET", random.choice(_READS[:3]), times=times, body=random.choice(_NOTHING)),
                Fault(kind, "*", "/fapi/v1/listenKey", times=3, seconds=seconds, status=status),
                Fault(kind, times=times, seconds=seconds, status=status),
            )
        )
        acts.append(Act(at, What.FAULT, until=until, fault=fault))
    return acts


def _status(random: Random) -> int:
    return random.choice((500, 502, 503, 504))


def _sockets(random: Random) -> list[Act]:
    acts = []
    for at, until in _pieces(random, 5.0, 60.0, random.choice((60.0, 200.0))):
        name = random.choice(("freeze", "freeze", "cut", "close", "bad_json", "expire"))
        acts.append(Act(at, What.SOCKETS, until=until, name=name, which=random.choice(list(Which))))
    return acts


def _channels(random: Random) -> list[Act]:
    acts = []
    for channel in ("phone", "house"):
        for at, until in _pieces(random, 5.0, 120.0, random.choice((60.0, 200.0))):
            mood = random.choice((Mood.REFUSES, Mood.LOSES, Mood.HANGS))
            acts.append(Act(at, What.CHANNEL, until=until, name=mood, symbol=channel))
    return acts


def _disk(random: Random) -> list[Act]:
    return [
        Act(at, What.DISK, until=until, name=random.choice(list(Disk)))
        for at, until in _pieces(random, 5.0, 60.0, random.choice((60.0, 200.0)))
    ]


def _ends(random: Random) -> list[Act]:
    """Ends of the daemon's process: `until` is when it is started again."""
    acts = []
    at = random.uniform(5.0, 150.0)
    for _ in range(random.randint(1, 6)):
        until = at + random.choice((1.0, 10.0, 60.0)) * random.uniform(0.2, 1.5)
        if until > TROUBLED_S - 100.0:
            break
        if random.random() < 0.15:
            acts.append(Act(at, What.RESTART, until=until))
        else:
            moment = random.choices(list(Moment), (1, 4, 3, 2, 1))[0]
            steps = random.choice((0, 1, 3, 10, 30, 100)) + random.randint(0, 9)
            acts.append(Act(at, What.CRASH, until=until, name=moment, steps=steps))
        at = until + random.uniform(5.0, 150.0)
    return acts


def _hands(random: Random) -> list[Act]:
    acts = []
    at = random.uniform(0.0, 2 * _FIRST_S)
    while at < TROUBLED_S - 5.0:
        hand = random.choices(list(Hand), (6, 5, 5, 2, 2, 2, 2, 1, 1, 1, 1))[0]
        acts.append(Act(at, What.HAND, name=hand, symbol=random.choice(SYMBOLS), share=random.uniform(0.1, 0.9)))
        at += random.choice((1.0, 30.0, 90.0)) * random.uniform(0.1, 1.5)
    if random.random() < _LEAVES:
        acts.append(Act(TROUBLED_S - 1.0, What.HAND, name=Hand.CLOSE, symbol=random.choice(SYMBOLS)))
    return acts


_TRACKS = (
    (_orders, 0.8),
    (_requests, 0.5),
    (_sockets, 0.5),
    (_channels, 0.6),
    (_disk, 0.4),
    (_ends, 0.7),
    (_hands, 0.9),
)
"""Kinds of trouble, and how often a seed has each."""
