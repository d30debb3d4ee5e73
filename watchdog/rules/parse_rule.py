"""Reads one `[[rule]]`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

from watchdog.domain.effects import Level
from watchdog.rules.hours import read_between
from watchdog.rules.names import Names
from watchdog.rules.parse_acts import refuse_acts
from watchdog.rules.parse_condition import read_condition, read_metric
from watchdog.rules.parse_selector import read_selector
from watchdog.rules.parse_stop import read_stop
from watchdog.rules.parse_told import read_escalate, read_notify
from watchdog.rules.schema import LEVELS, REPEAT, Metric, Rule, Selector, Threshold, subjects
from watchdog.rules.table import Table, text, whole
from watchdog.rules.units import default_clear, read_at, read_clear, read_duration, read_mode, say_level
from watchdog.tomlfile import quoted

_LATER_KEYS = ("window", "within")
_LONGEST_NAME = 40
_CONFIRM_EMERGENCY = 2
"""One bad print must not wake anybody at the highest level."""


def read_rule(table: Table, seen: dict[str, int], names: Names) -> Rule | None:
    """One rule; None once its problems were noted. `seen` are the names of the rules so far, with their lines."""
    name = _read_name(table, seen)
    metric = _read_metric(table)
    where = read_selector(table, "where", names) or Selector()
    exclude = read_selector(table, "except", names)
    if exclude == Selector() and table.take("except") == {}:
        table.problem("an empty except leaves everything out: say what", "except")
    levels = {
        level: threshold for key, level in LEVELS.items() if (threshold := _read_level_of(table, key, metric, names))
    }
    written = tuple(level for key, level in LEVELS.items() if key in table)
    if not written:
        table.problem(f"{_called(name)} has no level: give it warn, critical or emergency")
    if metric is not None:
        _check_order(table, metric, levels)
    only_if = read_condition(table, metric, where)
    mode = table.read("mode", read_mode)
    between = table.read("between", read_between)
    notify = read_notify(table, names)
    escalate = read_escalate(table, names)
    scopes = subjects(metric, where) if metric is not None else None
    stop = read_stop(table, metric, scopes, where, written)
    refuse_acts(table, metric, where, levels, written)
    repeat = table.read("repeat", read_duration)
    table.finish(of=_called(name), later=_LATER_KEYS)
    if name is None or metric is None:
        return None
    return Rule(
        name=name,
        metric=metric,
        levels=levels,
        where=where,
        exclude=exclude,
        only_if=only_if,
        mode=mode,
        stop=stop,
        repeat=REPEAT if repeat is None else repeat,
        line=table.line,
        notify=notify,
        escalate=escalate,
        between=between,
    )


def _called(name: str | None) -> str:
    return f"rule {quoted(name)}" if name else "this rule"


def _read_name(table: Table, seen: dict[str, int]) -> str | None:
    if "name" not in table:
        table.take("name")
        table.problem('this rule has no name: name = "…"')
        return None
    name = table.read("name", text)
    if name is None:
        return None
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        table.problem(f"a name is one line of 1 to {_LONGEST_NAME} characters", "name")
        return None
    if name.casefold() in seen:
        table.problem(f"the name {quoted(name)} is taken by the rule in line {seen[name.casefold()]}", "name")
        return name
    seen[name.casefold()] = table.line
    return name


def _read_metric(table: Table) -> Metric | None:
    if "metric" not in table:
        table.take("metric")
        table.problem(f"this rule has no metric: one of {', '.join(Metric)}")
        return None
    return table.read("metric", read_metric)


def _read_level_of(table: Table, key: str, metric: Metric | None, names: Names) -> Threshold | None:
    """One level, in its short or long form; None when it is not written or its problems were noted."""
    raw = table.take(key)
    confirm = _CONFIRM_EMERGENCY if key == "emergency" else 1
    if isinstance(raw, dict):
        long = table.table(key)
        return None if long is None else _read_long(long, key, metric, confirm, names)
    if key not in table or metric is None:
        return None
    at = table.understand(raw, partial(read_at, metric=metric), key)
    if at is None:
        return None
    return Threshold(at=at, clear=default_clear(metric, at), hold=0.0, keep=0.0, confirm=confirm)


def _read_long(table: Table, key: str, metric: Metric | None, confirm: int, names: Names) -> Threshold | None:
    """A level as a table: at, clear, hold, keep, confirm, notify."""
    at_raw, clear_raw = table.take("at"), table.take("clear")
    if "at" not in table:
        table.problem(f'{key} has no level: at = "…"')
    hold = table.read("hold", partial(read_duration, zero=True))
    keep = table.read("keep", partial(read_duration, zero=True))
    told = table.read("confirm", whole(1, 10))
    notify = read_notify(table, names)
    table.finish(of=f"a level ({key})")
    if metric is None:
        return None
    at = table.understand(at_raw, partial(read_at, metric=metric), "at") if "at" in table else None
    clear = None
    if "clear" in table:
        clear = table.understand(clear_raw, partial(read_clear, metric=metric, at=at), "clear")
    if at is None:
        return None
    return Threshold(
        at=at,
        clear=default_clear(metric, at) if clear is None else clear,
        hold=hold or 0.0,
        keep=keep or 0.0,
        confirm=confirm if told is None else told,
        notify=notify,
    )


def _check_order(table: Table, metric: Metric, levels: Mapping[Level, Threshold]) -> None:
    """Each level must lie further into danger than the one before it."""
    for milder, worse in pairwise(levels):
        first, then = levels[milder].at, levels[worse].at
        if then < first if metric.fires_below else then > first:
            continue
        key, than = worse.name.lower(), milder.name.lower()
        table.problem(
            f"{key} ({say_level(metric, then)}) must be further into danger than {than} ({say_level(metric, first)})",
            key,
        )
