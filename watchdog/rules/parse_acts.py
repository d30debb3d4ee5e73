"""Reads the acts that are planned and not built: every mistake in them is told, and the act itself refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Final

from watchdog.domain.effects import Level
from watchdog.rules.parse_condition import never_known, read_metric
from watchdog.rules.parse_stop import read_when
from watchdog.rules.schema import Metric, Selector, Threshold
from watchdog.rules.table import Table
from watchdog.rules.units import read_clear, read_money, read_share, say_share
from watchdog.tomlfile import WrongValueError, quoted

ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "reduce": ("when", "until", "step", "max_slippage"),
    "close": ("when", "max_slippage"),
    "top_up": ("when", "until", "max_per_day"),
}
"""The acts, with their keys. `offer` holds the same as buttons."""

_MOST_SLIPPAGE: Final = Decimal("0.2")


def refuse_acts(
    table: Table,
    metric: Metric | None,
    where: Selector,
    levels: Mapping[Level, Threshold],
    written: tuple[Level, ...],
) -> None:
    """Note each act of a rule as "not yet", and whatever else is wrong in it. `written` are the levels the rule has."""
    reading = partial(_read_act, metric=metric, where=where, levels=levels, written=written)
    for name in ACTS:
        if (act := table.table(name)) is not None:
            reading(act, name)
        _not_yet(table, name)
    if (offer := table.table("offer")) is not None:
        if not offer.keys():
            offer.problem("offer holds no act: reduce, close or top_up")
        for name in ACTS:
            if (act := offer.table(name)) is not None:
                reading(act, name)
        offer.finish(of="offer")
    _not_yet(table, "offer")


def _not_yet(table: Table, name: str) -> None:
    if name in table:
        table.key_problem(f"not yet: {quoted(name)} is planned and not built", name)


def _read_act(
    act: Table,
    name: str,
    *,
    metric: Metric | None,
    where: Selector,
    levels: Mapping[Level, Threshold],
    written: tuple[Level, ...],
) -> None:
    keys = ACTS[name]
    when = read_when(act, name, written)
    if "until" in keys:
        _read_until(act, name, metric, where, levels.get(when) if when is not None else None)
    readers: Mapping[str, Callable[[object], Decimal]] = {
        "step": _read_step,
        "max_slippage": _read_slippage,
        "max_per_day": _read_per_day,
    }
    for key in keys:
        if key in readers:
            act.read(key, readers[key])
    if name == "top_up":
        if "max_per_day" not in act:
            act.problem('top_up has no max_per_day: the most it may add, such as max_per_day = "500 USDT"')
        if where.margin_mode != ("isolated",):
            act.problem('top_up is for isolated positions only: add where = { margin_mode = "isolated" }')
    act.finish(of=name)


def _read_until(act: Table, name: str, metric: Metric | None, where: Selector, at: Threshold | None) -> None:
    """The level of safety at which an act ends: `until = { shock_distance = "8%" }`."""
    if "until" not in act:
        act.take("until")
        act.problem(f'{name} has no until: the level it ends at, such as until = {{ shock_distance = "8%" }}')
        return
    until = act.table("until")
    if until is None:
        return
    if not until.keys():
        until.problem("until holds no comparison: metric = level")
    for key in until.keys():  # noqa: SIM118 - a Table is no mapping
        raw = until.take(key)
        try:
            other = read_metric(key)
        except WrongValueError as error:
            until.key_problem(str(error), key)
            continue
        worst = at.at if at is not None and other is metric else None
        until.understand(raw, partial(read_clear, metric=other, at=worst, name="until"), key)
        if metric is not None and (unknown := never_known(metric, other, where)):
            until.key_problem(unknown, key)


def _read_step(raw: object) -> Decimal:
    step = read_share(raw)
    if not 0 < step <= 1:
        raise WrongValueError(f"step is a share of the position, above 0% and at most 100%: {quoted(raw)} is not")
    return step


def _read_slippage(raw: object) -> Decimal:
    slippage = read_share(raw)
    if not 0 < slippage <= _MOST_SLIPPAGE:
        raise WrongValueError(
            f"max_slippage must lie above 0% and at most {say_share(_MOST_SLIPPAGE)}, not {quoted(raw)}"
        )
    return slippage


def _read_per_day(raw: object) -> Decimal:
    amount = read_money(raw)
    if amount == 0:
        raise WrongValueError("max_per_day must be more than nothing")
    return amount
