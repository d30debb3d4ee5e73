"""What a new rules file changes, in words: a line a rule, what takes protection away first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from watchdog.domain.effects import Level
from watchdog.rules.covering import beats
from watchdog.rules.describe import say_condition, say_place, say_selector
from watchdog.rules.hours import say_between
from watchdog.rules.schema import IfPast, Metric, Mode, Rule, Ruleset, Selector, StopRule, Threshold
from watchdog.rules.units import default_clear, say_duration, say_level, say_share, say_value

_MEANS = {
    Mode.WATCH: "NO STOP IS SENT ANY MORE",
    Mode.ASK: "a stop is only sent when you say so",
    Mode.ACT: "the stops these rules ask for ARE SENT",
}


def difference(before: Ruleset, after: Ruleset) -> tuple[str, ...]:
    """A line for each thing that changed; empty when both files say the same, whatever their order and comments.

    The modes, then the stops that are lost or may come later or further out, then all else: long messages are cut.
    """
    old, new = _by_name(before), _by_name(after)
    renamed = _renamed(old, new)
    gone = [old[name] for name in old if name not in new and name not in renamed]
    came = [new[name] for name in new if name not in old and name not in renamed.values()]
    lines = [(_rank(rule, None), f'GONE: rule "{rule.name}" ({_in_short(rule)})') for rule in gone]
    lines += [
        (_rank(old[name], rule), line) for name, rule in new.items() if name in old and (line := _rule(old[name], rule))
    ]
    return (
        *_modes(before, after),
        *(line for _, line in sorted(lines, key=_by_rank)),
        *(f'new: rule "{rule.name}" ({_in_short(rule)})' for rule in came),
        *(f'rule "{name}" is now called "{renamed[name]}"' for name in renamed),
        *_rest(before, after),
    )


def stops_lost(before: Ruleset, after: Ruleset) -> bool:
    """Whether a stop that a rule placed or proposed, on whatever account, is no longer placed nor proposed by any."""
    old, new = _by_name(before), _by_name(after)
    renamed = _renamed(old, new)
    for account in ("", *before.account_modes, *after.account_modes):  # "": any that is not named
        for name, rule in old.items():
            if not _does(before, rule, account):
                continue
            same = new.get(renamed.get(name, name))
            heirs = [same] if same is not None else [one for one in after.rules if beats(one, rule)]
            if not any(_does(after, heir, account) for heir in heirs):
                return True
    return False


def _does(ruleset: Ruleset, rule: Rule, account: str) -> bool:
    """Whether the rule places or proposes a stop on an account."""
    return rule.stop is not None and ruleset.mode_for(account, Mode.ACT, rule) is not Mode.WATCH


def _by_name(ruleset: Ruleset) -> dict[str, Rule]:
    return {rule.name: rule for rule in ruleset.rules}


def _by_rank(line: tuple[int, str]) -> int:
    return line[0]


def _rank(was: Rule, will: Rule | None) -> int:
    """Where the line of a changed rule (None: gone) stands: what takes protection away first."""
    if was.stop is not None and (will is None or will.stop is None):
        return 0
    if was.stop is not None and will is not None and not beats(will, was):
        return 1
    return 2 if will is None else 3


def _renamed(old: Mapping[str, Rule], new: Mapping[str, Rule]) -> dict[str, str]:
    """New names by old ones, of rules that say the same under another name."""
    came = {name: rule for name, rule in new.items() if name not in old}
    renamed = {}
    for name, rule in old.items():
        if name not in new:
            twin = next((one for one in came if not _rule(rule, came[one])), None)
            if twin is not None:
                del came[twin]
                renamed[name] = twin
    return renamed


def _modes(before: Ruleset, after: Ruleset) -> Iterator[str]:
    overall = _pair(before.mode, after.mode)
    if overall:
        yield f"mode {overall}: {_MEANS[after.mode]}"
    for name in sorted({*before.account_modes, *after.account_modes}):
        was, will = (min(rules.mode, rules.account_modes.get(name, rules.mode)) for rules in (before, after))
        if (was, will) != (before.mode, after.mode) and was != will:
            yield f"account {name}: mode {_pair(was, will)}: {_MEANS[will]} there"


def _rest(before: Ruleset, after: Ruleset) -> Iterator[str]:
    for what, was, will in (
        ("blind warn", before.blind.warn, after.blind.warn),
        ("blind critical", before.blind.critical, after.blind.critical),
        ("first_act_after", before.first_act_after, after.first_act_after),
    ):
        if was != will:
            yield f"{what} {say_duration(was)} → {say_duration(will)}"
    if before.replacements_per_hour != after.replacements_per_hour:
        yield f"replacements_per_hour {before.replacements_per_hour} → {after.replacements_per_hour}"


def _pair(was: Mode, will: Mode) -> str:
    return "" if was is will else f"{was.name.lower()} → {will.name.lower()}"


def _in_short(rule: Rule) -> str:
    """What a rule does, for one that came or went."""
    levels = ", ".join(f"{_name(level)} {say_level(rule.metric, one.at)}" for level, one in rule.levels.items())
    stop = "" if rule.stop is None else f"; stop from {_name(rule.stop.when)} on {say_place(rule.stop.place)}"
    return f"{rule.metric.words}{say_selector(rule.where)}: {levels}{stop}"


def _rule(was: Rule, will: Rule) -> str:
    """The line of one rule that both files have; empty when it says the same."""
    parts = [part for part in _parts(was, will) if part]
    return f'rule "{will.name}": {", ".join(parts)}' if parts else ""


def _parts(was: Rule, will: Rule) -> Iterator[str]:
    yield from _stop(was.stop, will.stop)
    yield _change("mode", _mode(was.mode), _mode(will.mode))
    if was.metric is not will.metric:  # then its levels are others as well
        yield f"now {_in_short(will)}; before {_in_short(was)}"
    else:
        yield from _levels(was, will)
    yield _change("for", _whom(was.where, was.exclude), _whom(will.where, will.exclude))
    yield _change("only if", *("always" if it is None else say_condition(it) for it in (was.only_if, will.only_if)))
    yield _change("between", *("all day" if it is None else say_between(it) for it in (was.between, will.between)))
    yield _change("told to", _names(was.notify), _names(will.notify))
    yield _change("repeated every", say_duration(was.repeat), say_duration(will.repeat))
    yield _change("escalated", *(_escalation(rule) for rule in (was, will)))


def _levels(was: Rule, will: Rule) -> Iterator[str]:
    for level in sorted({*was.levels, *will.levels}):
        old, new = was.levels.get(level), will.levels.get(level)
        if new is None:
            yield f"NO {_name(level)} any more" + (f" (was {say_value(was.metric, old.at)})" if old else "")
        elif old is None:
            yield f"{_name(level)} {say_value(will.metric, new.at)} (new)"
        elif parts := [part for part in _threshold(will.metric, old, new) if part]:
            yield f"{_name(level)} {parts[0]}"
            yield from parts[1:]


def _threshold(metric: Metric, old: Threshold, new: Threshold) -> Iterator[str]:
    yield _change("", say_value(metric, old.at), say_value(metric, new.at))
    if not all(one.clear == default_clear(metric, one.at) for one in (old, new)):
        yield _change("clear", say_value(metric, old.clear), say_value(metric, new.clear))
    yield _change("hold", say_duration(old.hold), say_duration(new.hold))
    yield _change("keep", say_duration(old.keep), say_duration(new.keep))
    yield _change("confirm", str(old.confirm), str(new.confirm))
    yield _change("told to", _names(old.notify), _names(new.notify))


def _stop(was: StopRule | None, will: StopRule | None) -> Iterator[str]:
    if will is None:
        if was is not None:
            yield f"NO STOP ANY MORE (was {say_place(was.place)})"
        return
    if was is None:
        yield f"a stop from {_name(will.when)} on, {say_place(will.place)} (new)"
        return
    yield _change("stop from", _name(was.when), _name(will.when))
    yield _change("stop", say_place(was.place), say_place(will.place))
    yield _change("clearance to liquidation", *(say_share(one.clearance_liquidation) for one in (was, will)))
    yield _change("clearance to mark", *(say_share(one.clearance_mark) for one in (was, will)))
    yield _change("past its place", *("ask" if one.if_past is IfPast.ASK else "alert" for one in (was, will)))
    yield _change("may loosen", *("yes" if one.may_loosen else "no" for one in (was, will)))
    yield _change("without an answer", *(_no_answer(one) for one in (was, will)))


def _no_answer(stop: StopRule) -> str:
    return "nothing is sent" if stop.no_answer is None else f"sent after {say_duration(stop.no_answer)}"


def _change(what: str, was: str, will: str) -> str:
    return "" if was == will else f"{what} {was} → {will}".lstrip()


def _name(level: Level) -> str:
    return level.name.lower()


def _mode(mode: Mode | None) -> str:
    return "as the file" if mode is None else mode.name.lower()


def _names(names: Iterable[str]) -> str:
    return " and ".join(names) or "all channels by their own minimum"


def _whom(where: Selector, exclude: Selector | None) -> str:
    whom = say_selector(where).removeprefix(" with ") or "all"
    return whom if exclude is None else f"{whom} except {say_selector(exclude).removeprefix(' with ') or 'nothing'}"


def _escalation(rule: Rule) -> str:
    steps = (f"{say_duration(step.after)} to {_names(step.notify)}" for step in rule.escalate)
    return ", then ".join(steps) or "never"
