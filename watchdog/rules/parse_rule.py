"""Reads one `[[rule]]`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from itertools import pairwise

from watchdog.domain.effects import Level
from watchdog.rules.parse_selector import read_selector
from watchdog.rules.schema import (
    LEVELS,
    Comparison,
    Condition,
    IfPast,
    Metric,
    Rule,
    Scope,
    Selector,
    StopRule,
    Threshold,
    subjects,
)
from watchdog.rules.table import Table, flag, one_of, text, whole
from watchdog.rules.units import (
    default_clear,
    read_at,
    read_clear,
    read_duration,
    read_level,
    read_mode,
    read_share,
    say_level,
    say_share,
)
from watchdog.tomlfile import WrongValueError, quoted

_LATER_KEYS = (
    "notify", "escalate", "between", "reduce", "close", "top_up", "offer", "window", "within",
)  # fmt: skip
_LATER_PLACES = ("before_liquidation", "from_entry", "max_loss", "price", "nearest")
_LATER_METRICS = (
    "equity_drop", "price_move", "minutes_to_liquidation", "liquidation_sigmas", "liquidation_probability", "exit_cost",
    "debt_at_gap", "funding_due", "concentration", "net_exposure", "collateral_discount", "adl_rank",
)  # fmt: skip
_LONGEST_NAME = 40
_REPEAT = 1800.0
_CONFIRM_EMERGENCY = 2
"""One bad print must not wake anybody at the highest level."""
_CLEARANCE = Decimal("0.005")
_LEAST_CLEARANCE = Decimal("0.001")
"""Less than this and a stop fires into the venue's own liquidation."""
_MOST_CLEARANCE = Decimal("0.2")


def read_rule(
    table: Table, names: dict[str, int], accounts: frozenset[str] | None, venues: tuple[str, ...] | None
) -> Rule | None:
    """One rule; None once its problems were noted. `names` are those seen so far, with their lines."""
    name = _read_name(table, names)
    metric = _read_metric(table)
    where = read_selector(table, "where", accounts, venues) or Selector()
    exclude = read_selector(table, "except", accounts, venues)
    if exclude == Selector() and "except" in table:
        table.problem("an empty except leaves everything out: say what", "except")
    scopes = subjects(metric, where) if metric is not None else None
    levels = {level: threshold for key, level in LEVELS.items() if (threshold := _read_level_of(table, key, metric))}
    written = tuple(level for key, level in LEVELS.items() if key in table)
    if not written:
        table.problem(f"{_called(name)} has no level: give it warn, critical or emergency")
    if metric is not None:
        _check_order(table, metric, levels)
    only_if = _read_condition(table, metric, where)
    mode = table.read("mode", read_mode)
    stop = _read_stop(table, metric, scopes, written)
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
        repeat=_REPEAT if repeat is None else repeat,
        line=table.line,
    )


def _called(name: str | None) -> str:
    return f"rule {quoted(name)}" if name else "this rule"


def _read_name(table: Table, names: dict[str, int]) -> str | None:
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
    if name.casefold() in names:
        table.problem(f"the name {quoted(name)} is taken by the rule in line {names[name.casefold()]}", "name")
        return name
    names[name.casefold()] = table.line
    return name


def _read_metric(table: Table) -> Metric | None:
    if "metric" not in table:
        table.take("metric")
        table.problem(f"this rule has no metric: one of {', '.join(Metric)}")
        return None
    word = table.read("metric", one_of("metric", Metric, _LATER_METRICS))
    return None if word is None else Metric(word)


def _read_level_of(table: Table, key: str, metric: Metric | None) -> Threshold | None:
    """One level, in its short or long form; None when it is not written or its problems were noted."""
    raw = table.take(key)
    confirm = _CONFIRM_EMERGENCY if key == "emergency" else 1
    if isinstance(raw, dict):
        long = table.table(key)
        return None if long is None else _read_long(long, key, metric, confirm)
    if key not in table or metric is None:
        return None
    at = table.understand(raw, partial(read_at, metric=metric), key)
    if at is None:
        return None
    return Threshold(at=at, clear=default_clear(metric, at), hold=0.0, keep=0.0, confirm=confirm)


def _read_long(table: Table, key: str, metric: Metric | None, confirm: int) -> Threshold | None:
    """A level as a table: at, clear, hold, keep, confirm."""
    at_raw, clear_raw = table.take("at"), table.take("clear")
    if "at" not in table:
        table.problem(f'{key} has no level: at = "…"')
    hold = table.read("hold", partial(read_duration, zero=True))
    keep = table.read("keep", partial(read_duration, zero=True))
    told = table.read("confirm", whole(1, 10))
    table.finish(of=f"a level ({key})", later=("notify",))
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


def _read_condition(table: Table, metric: Metric | None, where: Selector) -> Condition | None:
    only_if = table.table("only_if")
    if only_if is None:
        return None
    parts: dict[str, tuple[Comparison, ...]] = {}
    for key in ("any", "all"):
        inner = only_if.table(key)
        if inner is None:
            parts[key] = ()
            continue
        if not inner.keys():
            inner.problem(f"{key} holds no comparison: metric = level")
        parts[key] = tuple(_read_comparisons(inner, metric, where))
    only_if.finish(of="only_if")
    if "any" not in only_if and "all" not in only_if:
        only_if.problem('only_if wants any = { … } or all = { … }, such as any = { room_used = "30%" }')
    return Condition(any=parts["any"], all=parts["all"])


def _read_comparisons(table: Table, metric: Metric | None, where: Selector) -> list[Comparison]:
    comparisons = []
    for key in table.keys():  # noqa: SIM118 - a Table is no mapping
        raw = table.take(key)
        try:
            other = Metric(one_of("metric", Metric, _LATER_METRICS)(key))
        except WrongValueError as error:
            table.key_problem(str(error), key)
            continue
        at = table.understand(raw, partial(read_at, metric=other), key)
        if metric is not None and (unknown := _never_known(metric, other, where)):
            table.key_problem(unknown, key)
        elif at is not None:
            comparisons.append(Comparison(other, at))
    return comparisons


def _never_known(metric: Metric, other: Metric, where: Selector) -> str:
    """Why another metric could never be known where this one is measured; empty when it can be.

    A cross position has the shock distance of its pool; an isolated one is in none.
    """
    scopes = subjects(metric, where)
    if scopes <= other.scopes or (other is Metric.SHOCK_DISTANCE and where.margin_mode == ("cross",)):
        return ""
    has = " and ".join(sorted(f"{scope}s" for scope in scopes))
    only = " and ".join(sorted(f"{scope}s" for scope in other.scopes))
    hint = ', an isolated position is in none: add where = { margin_mode = "cross" }'
    return (
        f"{metric} is measured on {has} here, {other} on {only}"
        f"{hint if other is Metric.SHOCK_DISTANCE else ': it would never be known'}"
    )


def _read_stop(
    table: Table, metric: Metric | None, scopes: frozenset[Scope] | None, written: tuple[Level, ...]
) -> StopRule | None:
    stop = table.table("stop")
    if stop is None:
        return None
    if scopes is not None and "pool" in scopes:
        hint = ': add where = { margin_mode = "isolated" }' if metric is Metric.MARGIN_RATIO else ""
        table.key_problem(f"a stop closes a position, and {metric} is measured on pools{hint}", "stop")
    when = _read_when(stop, written)
    share = _read_place(stop)
    stop.read("trigger", one_of("trigger", ("mark",)))
    stop.read("no_answer", _read_no_answer)
    if_past = stop.read("if_past", one_of("if_past", IfPast))
    may_loosen = stop.read("may_loosen", flag)
    liquidation = mark = _CLEARANCE
    if (clearance := stop.table("clearance")) is not None:
        liquidation = clearance.read("liquidation", _read_clearance) or liquidation
        mark = clearance.read("mark", _read_clearance) or mark
        clearance.finish(of="clearance")
    stop.finish(of="stop")
    if when is None or share is None:
        return None
    return StopRule(
        when=when,
        share=share,
        clearance_liquidation=liquidation,
        clearance_mark=mark,
        if_past=IfPast.ASK if if_past is None else IfPast(if_past),
        may_loosen=bool(may_loosen),
    )


def _read_when(stop: Table, written: tuple[Level, ...]) -> Level | None:
    if "when" not in stop:
        stop.take("when")
        stop.problem('stop has no when: the level it is placed at, such as when = "critical"')
        return None
    when = stop.read("when", read_level)
    if when is not None and when not in written:
        stop.problem(f"this rule has no level {quoted(when.name.lower())}: the stop would never be placed", "when")
    return when


def _read_place(stop: Table) -> Decimal | None:
    place = stop.table("place")
    if place is None:
        if "place" not in stop:
            stop.problem('stop has no place, such as place = { entry_to_liquidation = "60%" }')
        return None
    share = place.read("entry_to_liquidation", read_share)
    place.finish(of="place", later=_LATER_PLACES)
    if not place.keys():
        place.problem('place is empty: entry_to_liquidation = "60%"')
    elif len(set(place.keys()) & {"entry_to_liquidation", *_LATER_PLACES}) > 1:
        place.problem("exactly one place is wanted")
    if share is not None and not 0 < share < 1:
        place.problem(
            f"a place lies between entry (0%) and liquidation (100%), {say_share(share)} does not",
            "entry_to_liquidation",
        )
        return None
    return share


def _read_clearance(raw: object) -> Decimal:
    clearance = read_share(raw)
    if not _LEAST_CLEARANCE <= clearance <= _MOST_CLEARANCE:
        raise WrongValueError(
            f"clearance must lie within {say_share(_LEAST_CLEARANCE)} and {say_share(_MOST_CLEARANCE)}, "
            f"not {quoted(raw)}"
        )
    return clearance


def _read_no_answer(raw: object) -> str:
    if raw == "nothing":
        return "nothing"
    raise WrongValueError(f'not yet: no_answer {quoted(raw)} is planned and not built, only "nothing" is')
