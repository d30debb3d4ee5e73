"""What a new rules file changes, as its owner reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from watchdog.domain.effects import Level
from watchdog.rules.difference import difference, stops_lost
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import (
    AtPrice,
    Between,
    Blind,
    Comparison,
    Condition,
    Escalation,
    IfPast,
    Metric,
    Mode,
    Rule,
    Ruleset,
    Selector,
    StopRule,
    Threshold,
)

TEXT = (Path(__file__).parents[2] / "config" / "rules.toml").read_text(encoding="utf-8")


def rules(*swaps: tuple[str, str], text: str = TEXT) -> Ruleset:
    """The shipped file with these words swapped; each must be there."""
    for was, will in swaps:
        assert was in text, was
        text = text.replace(was, will, 1)
    return parse_rules(text, "rules.toml", None)


WAY = "of the way from entry to liquidation"
ACT = ('mode = "watch"', 'mode = "act"')
NO_STOP = ('name     = "no stop"', 'name     = "naked"')


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (
            [],
            [('"70%"', '{ at = "65%", hold = "30s" }')],
            ['rule "room": critical 70% → 65%, hold 0s → 30s'],
        ),
        ([], [('emergency = "85%"', "")], ['rule "room": NO emergency any more (was 85%)']),
        ([('emergency = "85%"', "")], [], ['rule "room": emergency 85% (new)']),
        ([ACT], [], ["mode act → watch: NO STOP IS SENT ANY MORE"]),
        ([], [ACT], ["mode watch → act: the stops these rules ask for ARE SENT"]),
        (
            [ACT],
            [ACT, ("[blind]", '[protection.accounts]\nalt = "watch"\n[blind]')],
            ["account alt: mode act → watch: NO STOP IS SENT ANY MORE there"],
        ),
        (
            [],
            [("[[rule]]", '[[rule]]\nname = "far"\nmetric = "liquidation_distance"\nwarn = "9%"\n[[rule]]')],
            ['new: rule "far" (liquidation distance: warn below 9%)'],
        ),
        (
            [],
            [('stop     = { when = "critical", place = { entry_to_liquidation = "60%" } }', "")],
            ['rule "no stop": NO STOP ANY MORE (was at 60% of the way from entry to liquidation)'],
        ),
        (
            [],
            [("60%", "50%")],
            [f'rule "no stop": stop at 60% {WAY} → at 50% {WAY}'],
        ),
        ([], [NO_STOP], ['rule "no stop" is now called "naked"']),
        (
            [],
            [('where     = { margin_mode = "cross" }', 'where     = { side = "long" }')],
            ['rule "pool": for margin mode cross → side long'],
        ),
        ([], [('"45s"', '"1m"')], ["blind critical 45s → 1m"]),
    ],
)
def test_a_change_is_told_in_words(
    before: list[tuple[str, str]], after: list[tuple[str, str]], lines: list[str]
) -> None:
    """Levels with what they were, modes with what they mean, rules that come with what they do."""
    assert list(difference(rules(*before), rules(*after))) == lines


def test_what_takes_protection_away_comes_first() -> None:
    """The mode, then the rule that placed stops, then the others that are gone; a message is cut at its end."""
    text = TEXT[: TEXT.index("[[rule]]")] + '[[rule]]\nname = "big"\nmetric = "notional"\nwarn = "9 USDT"\n'
    lines = difference(rules(ACT), rules(text=text))
    assert lines[0] == "mode act → watch: NO STOP IS SENT ANY MORE"
    assert lines[1] == (
        'GONE: rule "no stop" (stop coverage: critical below 95%; '
        "stop from critical on at 60% of the way from entry to liquidation)"
    )
    assert [line.split(" (")[0] for line in lines[2:]] == [
        'GONE: rule "room"',
        'GONE: rule "pool"',
        'GONE: rule "ratio"',
        'new: rule "big"',
    ]


def test_a_weaker_stop_comes_before_what_only_alerts_less() -> None:
    """A stop further out, later or for fewer is told before the rules above it in the file, and before rules gone."""
    louder = ('critical  = "70%"', 'critical  = "69%"')
    gone = ('name      = "ratio"', 'name      = "quota"'), ('"20%"', '"21%"')
    for swap in (
        ('"60%"', '"65%"'),
        ('hold = "60s"', 'hold = "61s"'),
        ('metric   = "stop_coverage"', 'metric   = "stop_coverage"\nwhere = { side = "long" }'),
        ('{ when = "critical",', '{ when = "critical", clearance = { liquidation = "0.2%" },'),
    ):
        lines = difference(rules(ACT), rules(ACT, louder, *gone, swap))
        assert lines[0].startswith('rule "no stop": '), lines
        assert lines[1].startswith('GONE: rule "ratio"')
    nearer = difference(rules(ACT), rules(ACT, louder, ('"60%"', '"55%"')))
    assert nearer[0].startswith('rule "room": ')


STOP = 'stop     = { when = "critical", place = { entry_to_liquidation = "60%" } }'


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ([ACT], [ACT, (STOP, "")], True),
        ([ACT], [ACT, NO_STOP], False),
        ([ACT], [ACT, NO_STOP, ('"60%"', '"50%"')], False),
        ([ACT], [ACT, NO_STOP, ('"60%"', '"70%"')], True),
        ([ACT], [ACT, ('"60%"', '"70%"')], False),
        ([ACT], [ACT, (STOP, f'{STOP}\nmode = "watch"')], True),
        ([ACT], [], True),
        ([ACT], [('mode = "watch"', 'mode = "ask"')], False),
        ([ACT], [ACT, ("[blind]", '[protection.accounts]\nalt = "watch"\n[blind]')], True),
        ([], [(STOP, "")], False),
    ],
)
def test_a_stop_that_goes_is_known(before: list[tuple[str, str]], after: list[tuple[str, str]], lost: bool) -> None:
    """Taken away, or its rule gone without another that does as much, or no longer allowed; not one that only moved."""
    assert stops_lost(rules(*before), rules(*after)) is lost


def test_comments_order_and_spelling_are_no_change() -> None:
    """The same rules in another order, with other comments and spaces, say the same."""
    head, *tables = TEXT.split("[[rule]]")
    text = "[[rule]]".join([head, *reversed(tables)]).replace("# ", "#    ").replace('"60s"', '"1m"')
    assert difference(rules(), rules(text=text)) == ()


OTHER: dict[str, Any] = {
    "mode": Mode.WATCH,
    "account_modes": {"main": Mode.WATCH},
    "first_act_after": 1.0,
    "blind": Blind(1.0, 2.0),
    "replacements_per_hour": 3,
    "rules": (),
    "Blind.warn": 1.0,
    "Blind.critical": 99.0,
    "Rule.name": "another",
    "Rule.metric": Metric.NOTIONAL,
    "Rule.levels": {Level.WARN: Threshold(Decimal("0.5"), Decimal("0.6"), 0.0, 0.0, 1)},
    "Rule.where": Selector(symbol=("BTC*",)),
    "Rule.exclude": Selector(min_notional=Decimal(5)),
    "Rule.only_if": Condition((Comparison(Metric.NOTIONAL, Decimal(7)),), ()),
    "Rule.mode": Mode.WATCH,
    "Rule.stop": None,
    "Rule.repeat": 60.0,
    "Rule.notify": ("phone",),
    "Rule.escalate": (Escalation(300.0, ("oncall",)),),
    "Rule.between": Between(60, 120, ZoneInfo("UTC"), "01:00-02:00 UTC"),
    "Threshold.at": Decimal("0.5"),
    "Threshold.clear": Decimal("0.99"),
    "Threshold.hold": 7.0,
    "Threshold.keep": 7.0,
    "Threshold.confirm": 7,
    "Threshold.notify": ("phone",),
    "StopRule.when": Level.EMERGENCY,
    "StopRule.place": AtPrice(Decimal(9)),
    "StopRule.clearance_liquidation": Decimal("0.01"),
    "StopRule.clearance_mark": Decimal("0.01"),
    "StopRule.if_past": IfPast.ALERT,
    "StopRule.may_loosen": True,
    "StopRule.no_answer": 60.0,
}
NOT_SAID = {"Ruleset.file", "Ruleset.digest", "Rule.line"}
"""Where it stands, not what it says."""


def one_changed(ruleset: Ruleset) -> Iterator[tuple[str, Ruleset]]:
    """The ruleset with one value of one of its parts changed, for every value of every part."""
    last = ruleset.rules[-1]
    stop = last.stop
    assert stop is not None
    level, threshold = next(iter(last.levels.items()))

    def with_last(rule: Rule) -> Ruleset:
        return replace(ruleset, rules=(*ruleset.rules[:-1], rule))

    parts: tuple[tuple[type[Any], Callable[..., Ruleset]], ...] = (
        (Ruleset, lambda **new: replace(ruleset, **new)),
        (Blind, lambda **new: replace(ruleset, blind=replace(ruleset.blind, **new))),
        (Rule, lambda **new: with_last(replace(last, **new))),
        (Threshold, lambda **new: with_last(replace(last, levels={level: replace(threshold, **new)}))),
        (StopRule, lambda **new: with_last(replace(last, stop=replace(stop, **new)))),
    )
    for part, changed in parts:
        for field in fields(part):
            name = f"{part.__name__}.{field.name}"
            if name not in NOT_SAID:
                yield name, changed(**{field.name: OTHER[name.removeprefix("Ruleset.")]})


def test_no_change_goes_unsaid() -> None:
    """Whatever a rules file can say, another value of it is told: also of what will be added to the grammar."""
    before = rules(ACT)
    for name, after in one_changed(before):
        there, back = difference(before, after), difference(after, before)
        assert there, f"a change of {name} is called none"
        assert back, f"a change back of {name} is called none"
