"""Does one rule speak of all that another speaks of, and no later? Sound, not complete: a yes is always right."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final

from watchdog.domain.effects import Level
from watchdog.domain.position import MarginMode, Side
from watchdog.rules.evaluate import spellings
from watchdog.rules.schema import (
    BeforeLiquidation,
    EntryToLiquidation,
    FromEntry,
    MaxLoss,
    Metric,
    Mode,
    Nearest,
    Place,
    Rule,
    Selector,
    StopRule,
    Threshold,
)

_GLOB: Final = frozenset("*?[")


def globs_cover(wide: tuple[str, ...], narrow: tuple[str, ...], every: tuple[str, ...] = ()) -> bool:
    """Whether all that `narrow` matches is matched by `wide`; an empty one matches all, which is `every` if known."""
    if not wide or "*" in wide:
        return True
    narrow = narrow or every
    return bool(narrow) and all(any(_glob_covers(glob, other) for glob in wide) for other in narrow)


def _glob_covers(wide: str, narrow: str) -> bool:
    if wide == narrow:
        return True
    if "[" in narrow or (_GLOB & set(narrow) and ("?" in wide or "[" in wide)):
        return False  # only a plain * takes in whatever another pattern may stand for
    return fnmatchcase(narrow, wide)


def _symbols_cover(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Symbols are written in several ways: a plain one is covered when one of its spellings is."""
    if not wide or "*" in wide:
        return True
    globs = tuple(glob.upper() for glob in wide)
    return bool(narrow) and all(
        any(globs_cover(globs, (name,)) for name in ({one.upper()} if _GLOB & set(one) else spellings(one)))
        for one in narrow
    )


def selector_covers(wide: Selector, narrow: Selector) -> bool:
    """Whether `wide` selects all that `narrow` selects."""
    if wide.min_notional is not None and (narrow.min_notional is None or narrow.min_notional < wide.min_notional):
        return False
    return (
        globs_cover(wide.account, narrow.account)
        and globs_cover(wide.venue, narrow.venue)
        and _symbols_cover(wide.symbol, narrow.symbol)
        and globs_cover(wide.side, narrow.side, tuple(Side))
        and globs_cover(wide.margin_mode, narrow.margin_mode, tuple(MarginMode))
    )


def further(metric: Metric, one: Decimal, other: Decimal) -> bool:
    """Whether a level lies further into danger than another."""
    return one < other if metric.fires_below else one > other


def no_later(metric: Metric, one: Threshold, other: Threshold) -> bool:
    """Whether `one` fires whenever `other` does, and no later."""
    return not further(metric, one.at, other.at) and one.hold <= other.hold and one.confirm <= other.confirm


def as_wide(one: Rule, other: Rule) -> bool:
    """Whether `one` measures the same as `other`, on all that `other` speaks of, whenever `other` does."""
    return (
        one.metric is other.metric
        and one.scopes >= other.scopes
        and selector_covers(one.where, other.where)
        and (one.exclude is None or (other.exclude is not None and selector_covers(other.exclude, one.exclude)))
        and one.only_if in (None, other.only_if)
        and one.between in (None, other.between)
    )


def shadows(one: Rule, other: Rule) -> bool:
    """Whether `other` alerts of nothing that `one` doesn't tell the same people, no later and no milder."""
    if not as_wide(one, other) or one.repeat > other.repeat or other.escalate not in ((), one.escalate):
        return False
    return all(
        any(
            no_later(one.metric, threshold, other.levels[level]) and told(one, worse) == told(other, level)
            for worse, threshold in one.levels.items()
            if worse >= level
        )
        for level in other.levels
    )


def told(rule: Rule, level: Level) -> tuple[str, ...]:
    """Who hears of a level by name, sorted; empty: each channel by its own minimum."""
    return tuple(sorted(rule.levels[level].notify or rule.notify))


def beats(one: Rule, other: Rule) -> bool:
    """Whether the stop of `one` is wanted whenever that of `other` is, at the same place or nearer to mark."""
    if one.stop is None or other.stop is None or not as_wide(one, other):
        return False
    first, second = one.levels.get(one.stop.when), other.levels.get(other.stop.when)
    modes = [Mode.ACT if rule.mode is None else rule.mode for rule in (one, other)]
    return (
        first is not None
        and second is not None
        and no_later(one.metric, first, second)
        and modes[0] >= modes[1]
        and _clearance(one.stop) == _clearance(other.stop)
        and _no_further(one.stop.place, other.stop.place)
    )


def _clearance(stop: StopRule) -> tuple[Decimal, Decimal]:
    """A wider one moves a stop nearer to mark, and more often leaves no place for one: neither takes in the other."""
    return stop.clearance_liquidation, stop.clearance_mark


def _no_further(one: Place, other: Place) -> bool:
    """Whether a place is at another, or nearer to mark, whatever the position."""
    match one, other:
        case _ if one == other:
            return True
        case Nearest(places=places), _:
            return any(_no_further(place, other) for place in places)
        case _, Nearest(places=places):
            return all(_no_further(one, place) for place in places)
        case EntryToLiquidation(share=first), EntryToLiquidation(share=second):
            return first <= second
        case BeforeLiquidation(share=first), BeforeLiquidation(share=second):
            return first >= second
        case FromEntry(share=first), FromEntry(share=second):
            return first <= second
        case MaxLoss(share_of_equity=None), MaxLoss(share_of_equity=None):
            return one.asset == other.asset and (one.amount or 0) <= (other.amount or 0)
        case MaxLoss(share_of_equity=own), MaxLoss(share_of_equity=others):
            return own is not None and others is not None and own <= others
    return False
