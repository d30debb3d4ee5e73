"""Reads `only_if`: other metrics at a level."""

from __future__ import annotations

from functools import partial
from typing import Final

from watchdog.rules.schema import OF_BOTH, Comparison, Condition, Metric, Scope, Selector, subjects
from watchdog.rules.table import Table, one_of
from watchdog.rules.units import read_at
from watchdog.tomlfile import WrongValueError

LATER_METRICS: Final = (
    "equity_drop", "price_move", "minutes_to_liquidation", "liquidation_sigmas", "liquidation_probability", "exit_cost",
    "debt_at_gap", "funding_due", "concentration", "net_exposure", "collateral_discount", "adl_rank",
)  # fmt: skip
"""Metrics that are planned, and refused by name until they are built."""

_POSITIONS: Final[frozenset[Scope]] = frozenset({"position"})


def read_metric(raw: object) -> Metric:
    """The name of a metric. Raises WrongValueError."""
    return Metric(one_of("metric", Metric, LATER_METRICS)(raw))


def read_condition(table: Table, metric: Metric | None, where: Selector) -> Condition | None:
    """The condition of a rule; None when none is written."""
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
            other = read_metric(key)
        except WrongValueError as error:
            table.key_problem(str(error), key)
            continue
        at = table.understand(raw, partial(read_at, metric=other), key)
        if metric is not None and (unknown := never_known(metric, other, where)):
            table.key_problem(unknown, key)
        elif at is not None:
            comparisons.append(Comparison(other, at))
    return comparisons


def never_known(metric: Metric, other: Metric, where: Selector) -> str:
    """Why another metric could never be known where this one is measured; empty when it can be.

    A cross position has the shock distance of its pool; an isolated one is in none.
    """
    scopes = _POSITIONS if metric in OF_BOTH else subjects(metric, where)  # then it is measured on positions alone
    if scopes <= other.scopes or (other is Metric.SHOCK_DISTANCE and where.margin_mode == ("cross",)):
        return ""
    has = " and ".join(sorted(f"{scope}s" for scope in scopes))
    only = " and ".join(sorted(f"{scope}s" for scope in other.scopes))
    hint = ', an isolated position is in none: add where = { margin_mode = "cross" }'
    return (
        f"{metric} is measured on {has} here, {other} on {only}"
        f"{hint if other is Metric.SHOCK_DISTANCE else ': it would never be known'}"
    )
