"""Kinds of trouble: what each has in store for a seed, drawn before it begins."""

from __future__ import annotations

from random import Random

from tests.simulation.acts import Act, Disk, Edit, Hand, How, Moment, Mood, What, Word
from tests.simulation.market import SYMBOLS
from watchdog.paper.binanceusdm.streams import Which
from watchdog.paper.faults import Fault, FaultKind

TROUBLED_S = 900
CALM_S = 420
_FIRST_S = 100.0
"""Trouble does not begin before the daemon has had a chance to place its first stops, in most seeds."""
_LEAVES = 0.5
"""How often the trader closes a position just before all is calm."""


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


def orders(random: Random) -> list[Act]:
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


def requests(random: Random) -> list[Act]:
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


def dark(random: Random) -> list[Act]:
    """Spells in which nothing can be read and the prices stream on; the first begins when a stop is about to be due."""
    acts = []
    at = random.uniform(2.0, 6.0)
    while at < TROUBLED_S - 100.0:
        until = at + random.uniform(60.0, 120.0)
        fault = Fault(FaultKind.BEFORE, "GET", _READS[0], times=1_000, status=_status(random))
        acts.append(Act(at, What.FAULT, until=until, fault=fault))
        at = until + random.uniform(20.0, 200.0)
    return acts


def _status(random: Random) -> int:
    return random.choice((500, 502, 503, 504))


def sockets(random: Random) -> list[Act]:
    """Streams that freeze, break and babble."""
    acts = []
    for at, until in _pieces(random, 5.0, 60.0, random.choice((60.0, 200.0))):
        name = random.choice(("freeze", "freeze", "cut", "close", "bad_json", "expire"))
        acts.append(Act(at, What.SOCKETS, until=until, name=name, which=random.choice(list(Which))))
    return acts


_BAD_MOODS = (Mood.REFUSES, Mood.LOSES, Mood.HANGS, Mood.LATER, Mood.CHOOSY)


def channels(random: Random) -> list[Act]:
    """Spells in which a channel is out, each channel's its own."""
    acts = []
    for channel in ("phone", "house"):
        for at, until in _pieces(random, 5.0, 120.0, random.choice((60.0, 200.0))):
            mood, seconds = random.choice(_BAD_MOODS), random.choice((2.0, 20.0, 60.0))
            acts.append(Act(at, What.CHANNEL, until=until, name=mood, symbol=channel, seconds=seconds))
    return acts


def disk(random: Random) -> list[Act]:
    """Spells of a bad disk."""
    return [
        Act(at, What.DISK, until=until, name=random.choice(list(Disk)))
        for at, until in _pieces(random, 5.0, 60.0, random.choice((60.0, 200.0)))
    ]


def ends(random: Random) -> list[Act]:
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


def hands(random: Random) -> list[Act]:
    """What the trader does on the venue."""
    acts = []
    at = random.uniform(0.0, 2 * _FIRST_S)
    while at < TROUBLED_S - 5.0:
        hand = random.choices(list(Hand), (6, 5, 5, 2, 2, 2, 2, 1, 1, 1, 1))[0]
        acts.append(Act(at, What.HAND, name=hand, symbol=random.choice(SYMBOLS), share=random.uniform(0.1, 0.9)))
        at += random.choice((1.0, 30.0, 90.0)) * random.uniform(0.1, 1.5)
    if random.random() < _LEAVES:
        acts.append(Act(TROUBLED_S - 1.0, What.HAND, name=Hand.CLOSE, symbol=random.choice(SYMBOLS)))
    return acts


_BROKEN = (Edit.TYPO, Edit.SYNTAX, Edit.VALUE, Edit.EMPTY, Edit.GONE, Edit.BYTES)
_SOUND = (Edit.COMMENT, Edit.LEVELS, Edit.SHUFFLED, Edit.RENAMED, Edit.PLAIN)


def edits(random: Random) -> list[Act]:
    """Rewritings of the rules file. What stands there at the end may be broken: then the last good one is in force."""
    acts = []

    def write(at: float, edit: Edit, *, nudge: bool, moment: Moment | None = None) -> None:
        share, how = random.uniform(0.05, 0.95), random.choice(list(How))
        name = "" if moment is None else moment
        acts.append(Act(at, What.RULES, name=edit, how=how, nudge=nudge, share=share, symbol=name))

    at = random.uniform(2.0, _FIRST_S)
    while at < TROUBLED_S - 100.0:
        nudge = random.random() < 0.4
        kind = random.choices(("sound", "broken", "half", "watch"), (5, 3, 3, 2))[0]
        lasts = random.choice((0.3, 3.0, 30.0, 120.0)) * random.uniform(0.5, 1.5)
        if kind == "half":
            write(at, Edit.HALF, nudge=False)
            write(at + random.choice((0.02, 0.4, 2.5)), random.choice(_SOUND), nudge=nudge)
        elif kind == "watch":
            write(at, random.choice((Edit.WATCH, Edit.ASK)), nudge=nudge)
            lasts = min(lasts, TROUBLED_S - 40.0 - at)
            write(at + lasts, random.choice(_SOUND), nudge=nudge)
        else:
            moment = random.choice((None, Moment.PLACED, Moment.CANCELLED, Moment.SAVING, Moment.TOLD))
            edit = random.choice(_SOUND if kind == "sound" else _BROKEN)
            write(at, edit, nudge=nudge or moment is not None, moment=moment)
        at += lasts + random.uniform(0.0, 60.0)
    return acts


_SLEEPS = 0.5
"""How often the trader opens one position more, silences everything, and goes to sleep."""
_LONG_S = (5.0, 60.0, 600.0, 7_200.0)


def words(random: Random) -> list[Act]:
    """What the trader tells the daemon, by phone or at the daemon's own socket."""
    acts = []

    def say(at: float, word: Word, seconds: float = 0.0) -> None:
        share, how = random.random(), random.choice(("phone", "house", "socket"))
        acts.append(Act(at, What.WORD, name=word, seconds=seconds, share=share, how=how))

    at = random.uniform(1.0, 2 * _FIRST_S)
    while at < TROUBLED_S - 20.0:
        word = random.choices(list(Word), (5, 5, 2, 2, 2))[0]
        if word is Word.DISARM:
            seconds = random.choice((3.0, 20.0, 120.0))
            say(at, word, min(seconds, max(1.0, TROUBLED_S - 40.0 - at)))
            if random.random() < 0.3:
                say(at + random.uniform(0.0, 2.0) * seconds, Word.ARM)
        else:
            say(at, word, random.choice(_LONG_S))
        at += random.choice((1.0, 30.0, 120.0)) * random.uniform(0.1, 1.5)
    acts = [act for act in acts if act.at < TROUBLED_S - 20.0]
    if random.random() < _SLEEPS:
        acts.append(Act(TROUBLED_S - 15.0, What.WORD, name=Word.SILENCE, seconds=_LONG_S[-1], how="socket"))
        symbol, share = random.choice(SYMBOLS), random.uniform(0.1, 0.9)
        acts.append(Act(TROUBLED_S - 10.0, What.HAND, name=Hand.OPEN, symbol=symbol, share=share))
    return acts
