"""Does a reading reach a level, is it safe again, does a rule speak of this subject: three-valued, and pure.

Unknown is never yes and never no: it neither fires nor resolves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.rules.schema import Condition, Metric, Rule, Selector


class Truth(Enum):
    """Yes, no, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("a Truth has three values: compare it with `is`")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule may select: one position, or a pool with all its positions (the tuples run side by side)."""

    account: str
    venue: str
    symbols: tuple[str, ...]
    sides: tuple[str, ...]
    margin_modes: tuple[str, ...]
    notionals: tuple[Decimal, ...]


def both(parts: Iterable[Truth]) -> Truth:
    """Three-valued and: one no decides; of nothing it is yes."""
    seen = set(parts)
    if Truth.NO in seen:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.YES


def either(parts: Iterable[Truth]) -> Truth:
    """Three-valued or: one yes decides; of nothing it is no."""
    seen = set(parts)
    if Truth.YES in seen:
        return Truth.YES
    return Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.NO


def reaches(metric: Metric, at: Decimal, reading: Reading) -> Truth:
    """Whether a reading is as dangerous as a level.

    Distances and coverage strictly below it, all others at or above it. `Never` is no: nothing liquidates this.
    """
    match reading:
        case Unknown():
            return Truth.UNKNOWN
        case Never():
            return Truth.NO
        case Known(value=value):
            if value.is_nan():
                return Truth.UNKNOWN
            return _truth(value < at if metric.fires_below else value >= at)


def cleared(metric: Metric, clear: Decimal, reading: Reading) -> Truth:
    """Whether a reading is back at or past `clear`, on the safe side."""
    match reading:
        case Unknown():
            return Truth.UNKNOWN
        case Never():
            return Truth.YES
        case Known(value=value):
            if value.is_nan():
                return Truth.UNKNOWN
            return _truth(value >= clear if metric.fires_below else value <= clear)


def holds(condition: Condition | None, readings: Mapping[Metric, Reading]) -> Truth:
    """Whether an `only_if` is true. A metric without a reading is unknown; no condition is yes."""
    if condition is None:
        return Truth.YES
    missing = Unknown("not read")

    def one(metric: Metric, at: Decimal) -> Truth:
        return reaches(metric, at, readings.get(metric, missing))

    parts = [one(part.metric, part.at) for part in condition.all]
    if condition.any:
        parts.append(either(one(part.metric, part.at) for part in condition.any))
    return both(parts)


def selects(rule: Rule, subject: Subject) -> bool:
    """Whether a rule speaks of a subject.

    `where` selects a pool that holds at least one such position; `except` leaves a pool out only when every position
    in it is such a one, so that a small excepted position never hides a pool. A rule also selects only what its
    metric is measured on; that is the caller's to know (`Rule.scopes`).
    """
    if not _matches(rule.where, subject, every=False):
        return False
    return rule.exclude is None or not _matches(rule.exclude, subject, every=True)


def _matches(selector: Selector, subject: Subject, *, every: bool) -> bool:
    if not _any_glob(selector.account, subject.account) or not _any_glob(selector.venue, subject.venue):
        return False
    if not (selector.symbol or selector.side or selector.margin_mode) and selector.min_notional is None:
        return True
    such = [
        _any_symbol(selector.symbol, symbol)
        and _any_glob(selector.side, side)
        and _any_glob(selector.margin_mode, margin_mode)
        and (selector.min_notional is None or notional >= selector.min_notional)
        for symbol, side, margin_mode, notional in zip(
            subject.symbols, subject.sides, subject.margin_modes, subject.notionals, strict=True
        )
    ]
    return bool(such) and (all(such) if every else any(such))


def _any_glob(globs: tuple[str, ...], name: str) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


@lru_cache(maxsize=4096)
def _any_symbol(globs: tuple[str, ...], symbol: str) -> bool:
    return not globs or any(fnmatchcase(name, glob.upper()) for name in spellings(symbol) for glob in globs)


def spellings(symbol: str) -> frozenset[str]:
    """The ways a person writes a symbol: `BTC/USDT:USDT`, `BTC/USDT` and `BTCUSDT` are one; dates stay at the end."""
    symbol = symbol.upper()
    pair, _, settle = symbol.partition(":")
    _, dash, date = settle.partition("-")
    joined = pair.replace("/", "")
    return frozenset({symbol, f"{pair}{dash}{date}", f"{joined}{dash}{date}", f"{joined}_{date}" if date else joined})


def _truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO
