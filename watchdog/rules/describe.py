"""A rules file said back in plain words, and what in it will not do what it may seem to."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.rules.schema import (
    Comparison,
    Condition,
    IfPast,
    Metric,
    Mode,
    Rule,
    Ruleset,
    Selector,
    StopRule,
    Threshold,
)
from watchdog.rules.units import say_duration, say_level, say_share, say_value
from watchdog.tomlfile import Problem

_MEANING = {
    Metric.MARGIN_RATIO: "maintenance requirement / equity; 100% is liquidation",
    Metric.LIQUIDATION_DISTANCE: "how far mark is from the liquidation price",
    Metric.ROOM_USED: "how much of the way from entry to liquidation is gone",
    Metric.SHOCK_DISTANCE: "how far all prices together may move against the pool",
    Metric.EFFECTIVE_LEVERAGE: "notional / equity",
    Metric.STOP_COVERAGE: "how much of the position resting stops close before liquidation",
    Metric.NOTIONAL: "what the position is worth at mark",
}
_MODES = {
    Mode.WATCH: "watch: alerts only, no order is ever sent",
    Mode.ACT: "act: alerts, and the stops these rules ask for are sent",
}


def describe(ruleset: Ruleset) -> list[str]:
    """What the file will do, line by line; each rule begins a line of its own with `rule "…"`."""
    return [*describe_head(ruleset), *(line for rule in ruleset.rules for line in ("", *describe_rule(ruleset, rule)))]


def describe_head(ruleset: Ruleset) -> list[str]:
    """The mode, and what holds for every account."""
    lines = [f"mode {_MODES[ruleset.mode]}"]
    lines += [
        f"     account {name}: {_MODES[ruleset.mode_for(name, Mode.ACT, None)]}"
        for name in sorted(ruleset.account_modes)
    ]
    if ruleset.mode is Mode.ACT:
        wait = ruleset.first_act_after
        lines.append(
            f"     an account new to act shows its plan first and waits {say_duration(wait)}"
            if wait
            else "     an account new to act acts at once (first_act_after is 0s)"
        )
        lines.append(
            f"     a resting stop is moved at most {ruleset.replacements_per_hour} times an hour; "
            "the first stop never waits"
        )
    blind = ruleset.blind
    lines.append(
        f"blind: an account without a good read for {say_duration(blind.warn)} is a warning, "
        f"for {say_duration(blind.critical)} critical"
    )
    return lines


def describe_rule(ruleset: Ruleset, rule: Rule) -> list[str]:
    """One rule."""
    whom = f"{_scopes(rule)}{_selector(rule.where)}"
    if rule.exclude is not None:
        whom += f", except{_selector(rule.exclude) or ' nothing'}"
    lines = [f'rule "{rule.name}": {rule.metric.words} of {whom}', f"  ({_MEANING[rule.metric]})"]
    if rule.only_if is not None:
        lines.append(f"  only if    {_condition(rule.only_if)}")
    lines += [f"  {level.name.lower():<10} {_threshold(rule.metric, rule.levels[level])}" for level in rule.levels]
    if rule.stop is not None:
        lines += [
            f"  {'stop' if not index else '':<10} {line}" for index, line in enumerate(_stop(ruleset, rule, rule.stop))
        ]
    elif rule.mode is not None:
        lines.append(f"  mode       {_MODES[rule.mode]}")
    lines.append(f"  repeated   every {say_duration(rule.repeat)} while it lasts")
    return lines


def advise(ruleset: Ruleset) -> tuple[Problem, ...]:
    """What is allowed and may still surprise: stops that won't be sent, modes without effect."""
    return tuple(Problem(ruleset.file, line, 1, text) for line, text in _advice(ruleset))


def _advice(ruleset: Ruleset) -> Iterator[tuple[int, str]]:
    for name, mode in sorted(ruleset.account_modes.items()):
        if mode > ruleset.mode:
            own = mode.name.lower()
            yield (
                0,
                f'account "{name}" is set to {own} without effect: the global mode is watch',
            )
    for rule in ruleset.rules:
        if rule.stop is not None and (why := _unsent(ruleset, rule)):
            yield rule.line, f'the stop of rule "{rule.name}" will not be sent: {why}'
        if rule.stop is None and rule.mode is not None:
            yield rule.line, f'the mode of rule "{rule.name}" has no effect: the rule does nothing but alert'


def _unsent(ruleset: Ruleset, rule: Rule) -> str:
    if ruleset.mode is Mode.WATCH:
        return "mode is watch"
    return "the rule's own mode is watch" if rule.mode is Mode.WATCH else ""


def _scopes(rule: Rule) -> str:
    if rule.metric is Metric.MARGIN_RATIO:
        kinds = {"pool": "each cross pool", "position": "each isolated position"}
        return " and ".join(kinds[scope] for scope in sorted(rule.scopes))
    return "each pool" if "pool" in rule.scopes else "each position"


def _selector(selector: Selector) -> str:
    parts = [
        f"{name} {' or '.join(globs)}"
        for name, globs in (
            ("account", selector.account),
            ("venue", selector.venue),
            ("symbol", selector.symbol),
            ("side", selector.side),
            ("margin mode", selector.margin_mode),
        )
        if globs
    ]
    if selector.min_notional is not None:
        parts.append(f"notional {say_value(Metric.NOTIONAL, selector.min_notional)} or more")
    return f" with {', '.join(parts)}" if parts else ""


def _comparison(part: Comparison) -> str:
    return f"{part.metric.words} {say_level(part.metric, part.at)}"


def _condition(condition: Condition) -> str:
    every = " and ".join(map(_comparison, condition.all))
    some = ", ".join(map(_comparison, condition.any))
    if len(condition.any) > 1:
        some = f"at least one of: {some}"
    return f"{every}, and {some}" if every and some else every or some


def _threshold(metric: Metric, level: Threshold) -> str:
    words = say_level(metric, level.at)
    if level.hold:
        words += f" for {say_duration(level.hold)}"
    if level.confirm > 1:
        words += f", in {level.confirm} readings in a row"
    side = "or more" if metric.fires_below else "or less"
    words += f"; over at {say_value(metric, level.clear)} {side}"
    return words + (f" for {say_duration(level.keep)}" if level.keep else "")


def _stop(ruleset: Ruleset, rule: Rule, stop: StopRule) -> Iterator[str]:
    yield f"from {stop.when.name.lower()} on: stop-market, reduce-only, triggered on mark,"
    yield f"at {say_share(stop.share)} of the way from entry to liquidation;"
    yield (
        f"at least {say_share(stop.clearance_liquidation)} (and fee and tick) before liquidation, "
        f"{say_share(stop.clearance_mark)} from mark, else no order and an alert"
    )
    yield (
        "mark already past that place: nothing is sent, halfway to liquidation is proposed"
        if stop.if_past is IfPast.ASK
        else "mark already past that place: nothing is sent, an alert says so"
    )
    yield (
        "only ever tightened by itself"
        if not stop.may_loosen
        else "may be loosened by itself when liquidation moves away"
    )
    if why := _unsent(ruleset, rule):
        yield f"will not be sent: {why}"
