"""A rules file said back in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from watchdog.domain.effects import Level
from watchdog.rules.hours import say_between
from watchdog.rules.schema import (
    MOST_REPEATS,
    OF_BOTH,
    AtPrice,
    BeforeLiquidation,
    Comparison,
    Condition,
    EntryToLiquidation,
    FromEntry,
    IfPast,
    MaxLoss,
    Metric,
    Mode,
    Nearest,
    Place,
    Rule,
    Ruleset,
    Selector,
    StopRule,
    Threshold,
)
from watchdog.rules.units import say_duration, say_level, say_number, say_share, say_value

_MEANING = {
    Metric.MARGIN_RATIO: "maintenance requirement / equity; 100% is liquidation",
    Metric.LIQUIDATION_DISTANCE: "how far mark is from the liquidation price",
    Metric.ROOM_USED: "how much of the way from entry to liquidation is gone",
    Metric.SHOCK_DISTANCE: "how far all prices together may move against the pool",
    Metric.EFFECTIVE_LEVERAGE: "notional / equity",
    Metric.STOP_COVERAGE: "how much of the position resting stops close before liquidation",
    Metric.NOTIONAL: "what the position is worth at mark",
}
_ALL = Decimal(1)
_MODES = {
    Mode.WATCH: "watch: alerts only, no order is ever sent",
    Mode.ASK: "ask: alerts, and the stops these rules ask for are proposed; you confirm each",
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
            f"     an account new to act shows its plan first, and for {say_duration(wait)} only asks"
            if wait
            else "     an account new to act acts at once (first_act_after is 0s)"
        )
    if ruleset.mode is not Mode.WATCH:
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
    whom = f"{_scopes(rule)}{say_selector(rule.where)}"
    if rule.exclude is not None:
        whom += f", except{say_selector(rule.exclude) or ' nothing'}"
    lines = [f'rule "{rule.name}": {rule.metric.words} of {whom}', f"  ({_MEANING[rule.metric]})"]
    if rule.between is not None:
        lines.append(f"  only from  {say_between(rule.between)}")
    if rule.only_if is not None:
        lines.append(f"  only if    {say_condition(rule.only_if)}")
    lines += [f"  {level.name.lower():<10} {_threshold(rule.metric, rule.levels[level])}" for level in rule.levels]
    if rule.stop is not None:
        lines += [
            f"  {'stop' if not index else '':<10} {line}" for index, line in enumerate(_stop(ruleset, rule, rule.stop))
        ]
    elif rule.mode is not None:
        lines.append(f"  mode       {_MODES[rule.mode]}")
    if rule.notify:
        lines.append(f"  told       {_told(rule.notify)}")
    if max(rule.levels) >= Level.CRITICAL:
        again = f"again after {say_duration(rule.repeat)}, at most {MOST_REPEATS} times, until acknowledged"
        lines.append(f"  repeated   critical and above: {again}")
    least = min(Level.CRITICAL, max(rule.levels)).name.lower()  # as alerts.lifecycle.escalates_from
    lines += [
        f"  {'' if index else 'escalated':<10} from {least} on, {say_duration(step.after)} without an ack: "
        f"{_names(step.notify)} too"
        for index, step in enumerate(rule.escalate)
    ]
    return lines


def say_place(place: Place) -> str:
    """Where a stop goes."""
    match place:
        case EntryToLiquidation(share=share):
            return f"at {say_share(share)} of the way from entry to liquidation"
        case BeforeLiquidation(share=share):
            return f"{say_share(share)} of the liquidation price before liquidation"
        case FromEntry(share=share):
            return f"{say_share(share)} of the entry price away from entry"
        case MaxLoss(share_of_equity=share, amount=amount, asset=asset):
            loss = f"{say_number(amount)} {asset}" if amount is not None else f"{say_share(share or _ALL)} of equity"
            return f"where closing all of it loses {loss}, the exit's fee included"
        case AtPrice(price=price):
            return f"at the price {say_number(price)}"
        case Nearest(places=places):
            return f"at the nearest to mark of: {'; or '.join(map(say_place, places))}"


def unsent(ruleset: Ruleset, rule: Rule) -> str:
    """Why a rule's stop is never sent nor proposed; empty when it may be."""
    if ruleset.mode is Mode.WATCH:
        return "mode is watch"
    return "the rule's own mode is watch" if rule.mode is Mode.WATCH else ""


def asked_for(ruleset: Ruleset, rule: Rule) -> bool:
    """Whether a rule's stop is proposed, not sent, for one account at least."""
    modes = {ruleset.mode, *ruleset.account_modes.values()} if ruleset.mode is Mode.ACT else {ruleset.mode}
    return any(min(mode, Mode.ACT if rule.mode is None else rule.mode) is Mode.ASK for mode in modes)


def _scopes(rule: Rule) -> str:
    if rule.metric in OF_BOTH and "pool" in rule.scopes:
        return "each position and each pool of several"
    if rule.metric is Metric.MARGIN_RATIO:
        kinds = {"pool": "each cross pool", "position": "each isolated position"}
        return " and ".join(kinds[scope] for scope in sorted(rule.scopes))
    return "each pool" if "pool" in rule.scopes else "each position"


def say_selector(selector: Selector) -> str:
    """Whom a rule speaks of, as an ending: ` with symbol BTC*`; nothing for all."""
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


def say_comparison(part: Comparison) -> str:
    """A metric at a level."""
    return f"{part.metric.words} {say_level(part.metric, part.at)}"


def say_condition(condition: Condition) -> str:
    """An `only_if`."""
    every = " and ".join(map(say_comparison, condition.all))
    some = ", ".join(map(say_comparison, condition.any))
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
    if level.keep:
        words += f" for {say_duration(level.keep)}"
    return words + (f"; told to {_told(level.notify)}" if level.notify else "")


def _stop(ruleset: Ruleset, rule: Rule, stop: StopRule) -> Iterator[str]:
    yield f"from {stop.when.name.lower()} on: stop-market, reduce-only, triggered on mark,"
    if isinstance(stop.place, Nearest):
        yield "at the one of these that is nearest to mark:"
        yield from (f"  {say_place(place)};" for place in stop.place.places)
    else:
        yield f"{say_place(stop.place)};"
    yield (
        f"at least {say_share(stop.clearance_liquidation)} (and fee and tick) before liquidation, "
        f"{say_share(stop.clearance_mark)} from mark, else no order and an alert"
    )
    why_not = unsent(ruleset, rule)
    after = "nothing is sent" if stop.no_answer is None else f"it is sent after {say_duration(stop.no_answer)}"
    if stop.if_past is IfPast.ASK:
        unanswered = "" if why_not or stop.no_answer is None else f"; without an answer {after}"
        yield f"mark already past that place: nothing is sent, halfway to liquidation is proposed{unanswered}"
    else:
        yield "mark already past that place: nothing is sent, an alert says so"
    yield (
        "only ever tightened by itself"
        if not stop.may_loosen
        else "may be loosened by itself when liquidation moves away"
    )
    if why_not:
        yield f"will not be sent: {why_not}"
    elif asked_for(ruleset, rule):
        yield f"in mode ask it is proposed, you confirm; without an answer {after}"


def _names(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def _told(names: tuple[str, ...]) -> str:
    return f"{_names(names)}, whatever {'its' if len(names) == 1 else 'their'} minimum level"
