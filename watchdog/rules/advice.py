"""What is allowed in a rules file and still will not do what it may seem to: what never fires, is shadowed, unheard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from watchdog.domain.effects import Level
from watchdog.rules.covering import beats, further, selector_covers, shadows
from watchdog.rules.describe import asked_for, say_comparison, say_place, unsent
from watchdog.rules.hours import say_between
from watchdog.rules.schema import (
    AtPrice,
    BeforeLiquidation,
    Between,
    Comparison,
    IfPast,
    Metric,
    Mode,
    Nearest,
    Rule,
    Ruleset,
    Selector,
)
from watchdog.rules.units import say_duration, say_level, say_share
from watchdog.tomlfile import Problem, quoted

_NOTE = tuple[int, str]
"""A line of the file (0: the file as a whole), and a sentence."""
_SYMBOL = re.compile(r"\w+/\w+(:\w+)?(-\d{6})?|\w+(USDT|USDC|USD1|FDUSD|BUSD|USD|BTC|U)([-_]\d{6})?", re.IGNORECASE)
"""The shapes of `rules.evaluate.spellings`, with the quote assets that linear futures have."""


def advise(
    ruleset: Ruleset, accounts: Mapping[str, str] | None = None, channels: Mapping[str, Level] | None = None
) -> tuple[Problem, ...]:
    """Every note, sorted by line.

    Args:
        ruleset: The file, understood.
        accounts: The accounts of watchdog.toml with their venues; None: not known.
        channels: Its channels with their minimum levels; None: not known.
    """
    notes = [*_modes(ruleset), *_shadowed(ruleset)]
    for rule in ruleset.rules:
        notes += [(rule.line, text) for text in (*_selection(rule, accounts), *_levels(rule), *_stops(ruleset, rule))]
    if channels is not None:
        notes += _unheard(ruleset, channels)
    return tuple(Problem(ruleset.file, line, 1 if line else 0, text) for line, text in sorted(notes, key=_by_line))


def _by_line(note: _NOTE) -> int:
    return note[0]


def _modes(ruleset: Ruleset) -> Iterator[_NOTE]:
    most = _level(ruleset.mode)
    for name, mode in sorted(ruleset.account_modes.items()):
        if mode > ruleset.mode:
            yield 0, f'account "{name}" is set to {_level(mode)} without effect: the global mode is {most}'
    for rule in ruleset.rules:
        if rule.mode is None:
            continue
        if rule.stop is None:
            yield rule.line, f'the mode of rule "{rule.name}" has no effect: the rule does nothing but alert'
        elif rule.mode > ruleset.mode is not Mode.WATCH:
            yield (
                rule.line,
                f'mode {_level(rule.mode)} of rule "{rule.name}" has no effect: the global mode is {most}',
            )


def _shadowed(ruleset: Ruleset) -> Iterator[_NOTE]:
    """Rules and stops that add nothing to another's; of two that are alike, the later one is named."""
    for index, rule in enumerate(ruleset.rules):
        others = [
            other
            for number, other in enumerate(ruleset.rules)
            if other is not rule and (number < index or not shadows(rule, other))
        ]
        by = next((other for other in others if shadows(other, rule)), None)
        stop_by = next((other for other in ruleset.rules[:index] if beats(other, rule)), None) or next(
            (other for other in ruleset.rules[index + 1 :] if beats(other, rule) and not beats(rule, other)), None
        )
        if by is not None and (rule.stop is None or stop_by is not None):
            yield (
                rule.line,
                f'rule "{rule.name}" adds nothing: rule "{by.name}" in line {by.line} says as much of it all, no later',
            )
        if rule.stop is not None and stop_by is not None and stop_by.stop is not None:
            if stop_by.stop.place == rule.stop.place:
                text = f'adds nothing: that of rule "{stop_by.name}" in line {stop_by.line} has the same place'
            else:
                text = (
                    f'matters only where mark has passed that of rule "{stop_by.name}" in line {stop_by.line} '
                    f"({say_place(stop_by.stop.place)}): the nearest wins"
                )
            yield rule.line, f'the stop of rule "{rule.name}" {text}'


# ── what a rule selects ───────────────────────────────────────────────────────────────────────────────────────────────


def _selection(rule: Rule, accounts: Mapping[str, str] | None) -> Iterator[str]:
    where, name = rule.where, rule.name
    if rule.metric is Metric.SHOCK_DISTANCE and where.margin_mode == ("isolated",):
        yield f'rule "{name}" never fires: shock_distance is measured on pools, and no isolated position is in one'
    if rule.exclude is not None and _leaves_nothing(rule, rule.exclude):
        yield f'rule "{name}" never fires: its except leaves nothing of its where'
    if accounts is not None and not any(
        _matches(where.account, account) and _matches(where.venue, venue) for account, venue in accounts.items()
    ):
        yield f'rule "{name}" never fires: no account of watchdog.toml is both such an account and at such a venue'
    elif accounts is not None and rule.exclude is not None and _leaves_no_account(rule, rule.exclude, accounts):
        yield f'rule "{name}" never fires: its except leaves no account of watchdog.toml'
    for selector, key in ((where, "where"), (rule.exclude, "except")):
        for symbol in selector.symbol if selector is not None else ():
            if not set("*?[") & set(symbol) and not _SYMBOL.fullmatch(symbol):
                yield (
                    f'{key} of rule "{name}": no symbol is written {quoted(symbol)}; '
                    'write "BTCUSDT", "BTC/USDT:USDT" or, for all of a coin, "BTC*"'
                )


def _leaves_nothing(rule: Rule, exclude: Selector) -> bool:
    """Whether `except` takes in all of `where`. A pool is left out only when all of its positions are."""
    pooled = Selector(account=rule.where.account, venue=rule.where.venue, margin_mode=("cross",))
    of = {"position": rule.where, "pool": pooled}
    return all(selector_covers(exclude, of[scope]) for scope in rule.scopes)


def _leaves_no_account(rule: Rule, exclude: Selector, accounts: Mapping[str, str]) -> bool:
    """Whether `except` takes in all of `where` on each account there is, and not on whatever account."""
    rest = replace(exclude, account=(), venue=())
    return (
        not _leaves_nothing(rule, exclude)
        and _leaves_nothing(rule, rest)
        and all(
            _matches(exclude.account, account) and _matches(exclude.venue, venue)
            for account, venue in accounts.items()
            if _matches(rule.where.account, account) and _matches(rule.where.venue, venue)
        )
    )


def _matches(globs: tuple[str, ...], name: str) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


# ── levels and conditions ─────────────────────────────────────────────────────────────────────────────────────────────


def _levels(rule: Rule) -> Iterator[str]:
    for level, threshold in rule.levels.items():
        if threshold.clear == 0 and not rule.metric.fires_below and rule.metric is not Metric.ROOM_USED:
            yield f'{_level(level)} of rule "{rule.name}" is never over while anything is open: it clears at 0 only'
        if rule.between is not None and threshold.hold >= 60 * _minutes(rule.between):
            yield (
                f'{_level(level)} of rule "{rule.name}" never fires: it must hold for {say_duration(threshold.hold)}, '
                f"and the rule counts for {say_duration(60 * _minutes(rule.between))} at a time"
            )
    if rule.only_if is None:
        return
    asked = list(rule.only_if.all) + (list(rule.only_if.any) if len(rule.only_if.any) == 1 else [])
    for part in asked:
        if part.metric is rule.metric and not _always(rule, part):
            yield from _late(rule, part)
    for part in (*rule.only_if.all, *rule.only_if.any):
        if part.metric is rule.metric and _always(rule, part):
            what = 'its whole "any"' if part in rule.only_if.any and len(rule.only_if.any) > 1 else "it"
            yield (
                f'only_if of rule "{rule.name}" asks for {say_comparison(part)}: '
                f"{what} is always true where a level is reached"
            )


def _minutes(between: Between) -> int:
    """How long a rule counts at a time."""
    return (between.end - between.start) % 1440 or 1440


def _always(rule: Rule, part: Comparison) -> bool:
    """Whether a comparison of the rule's own metric holds at each of its levels."""
    return not any(further(rule.metric, part.at, threshold.at) for threshold in rule.levels.values())


def _late(rule: Rule, part: Comparison) -> Iterator[str]:
    """Levels that can't fire before `only_if` sees more of the same metric."""
    metric = rule.metric
    reached = [level for level, threshold in rule.levels.items() if not further(metric, threshold.at, part.at)]
    for level in reached:
        if rule.levels[level].at == part.at:
            continue
        what = f'{_level(level)} of rule "{rule.name}" ({say_level(metric, rule.levels[level].at)})'
        asks = f"only_if asks for {say_comparison(part)}"
        if level is reached[-1]:
            yield f"{what} fires later than that: {asks}"
        else:
            yield f"{what} never fires alone: {asks}, and there {_level(reached[-1])} is reached"


# ── stops ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stops(ruleset: Ruleset, rule: Rule) -> Iterator[str]:
    stop = rule.stop
    if stop is None:
        return
    if why := unsent(ruleset, rule):
        yield f'the stop of rule "{rule.name}" will not be sent: {why}'
    elif stop.no_answer is not None and not asked_for(ruleset, rule):
        if stop.if_past is IfPast.ASK:
            yield (
                f'no_answer of rule "{rule.name}" is only for a place that mark has passed already: '
                "in mode act nothing else is asked about"
            )
        else:
            yield (
                f'no_answer of rule "{rule.name}" has no effect: in mode act only a place that mark has passed already '
                'is asked about, and if_past = "alert" asks nothing'
            )
    if rule.between is not None:
        yield f'the stop of rule "{rule.name}" is placed only from {say_between(rule.between)}'
    for place in stop.place.places if isinstance(stop.place, Nearest) else (stop.place,):
        if isinstance(place, BeforeLiquidation) and place.share <= stop.clearance_liquidation:
            yield (
                f'the stop of rule "{rule.name}" is kept further from liquidation than {say_share(place.share)}: '
                f"clearance asks for {say_share(stop.clearance_liquidation)}, fee and tick"
            )
        if isinstance(place, AtPrice) and len(rule.where.side) != 1:
            yield (
                f'rule "{rule.name}" has a price and no side: a stop below mark closes a long, above mark a short; '
                'add where = { side = "long" } or "short"'
            )


# ── who hears ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unheard(ruleset: Ruleset, channels: Mapping[str, Level]) -> Iterator[_NOTE]:
    least = min(channels.values(), default=None)
    minimum = "there is no channel" if least is None else f"the lowest min_level of all channels is {_level(least)}"
    if least is None or least > Level.WARN:
        deaf = [level for level in (Level.WARN, Level.CRITICAL) if least is None or level < least]
        yield 0, f"no channel hears the {_and(deaf)} of an account that is blind: {minimum}"
    for rule in ruleset.rules:
        told = {level: _told(rule, level, channels) for level in rule.levels}
        deaf = [level for level, names in told.items() if not names]
        if deaf:
            yield rule.line, f'no channel hears {_and(deaf)} of rule "{rule.name}": {minimum}'
        earlier: dict[str, str] = {}
        for step in rule.escalate:
            after = say_duration(step.after)
            for name in step.notify:
                again = f'rule "{rule.name}" escalates to {name} after {after}'
                if name in earlier:
                    yield rule.line, f"{again}, which was told after {earlier[name]} already"
                elif all(name in names for names in told.values()):
                    yield rule.line, f"{again}, which hears of each level at once already"
                earlier.setdefault(name, after)


def _told(rule: Rule, level: Level, channels: Mapping[str, Level]) -> tuple[str, ...]:
    named = rule.levels[level].notify or rule.notify
    return named or tuple(name for name, least in channels.items() if least <= level)


def _level(level: Level | Mode) -> str:
    return level.name.lower()


def _and(levels: list[Level]) -> str:
    return " and ".join(map(_level, levels))
