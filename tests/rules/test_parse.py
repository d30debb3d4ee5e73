"""A rules file is understood to its last key, or every mistake is told with its place; nothing else ever happens."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.broken import BROKEN, COVER, HEAD
from tests.rules.broken_acts import BROKEN_ACTS
from tests.rules.full import FULL
from watchdog.domain.effects import Level
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import (
    AtPrice,
    BeforeLiquidation,
    Between,
    Blind,
    Comparison,
    Condition,
    EntryToLiquidation,
    Escalation,
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
from watchdog.tomlfile import FileError

SHIPPED = (Path(__file__).parents[2] / "config" / "rules.toml").read_text()
ACCOUNTS = frozenset({"main", "alt"})
CHANNELS = frozenset({"phone", "house"})


def parse(text: str) -> Ruleset:
    """Read a rules file of the accounts main and alt, and the channels phone and house."""
    return parse_rules(text, "rules.toml", ACCOUNTS, channels=CHANNELS)


def only(text: str) -> Rule:
    """The one rule of a text."""
    (rule,) = parse(text).rules
    return rule


@pytest.mark.parametrize(("text", "problems"), [*BROKEN, *BROKEN_ACTS])
def test_each_mistake_is_told_where_and_what(text: str, problems: list[str]) -> None:
    """Line, column and sentence of every problem of the file, sorted, all at once."""
    with pytest.raises(FileError) as caught:
        parse(text)
    assert list(map(str, caught.value.problems)) == [f"rules.toml:{problem}" for problem in problems]


def test_the_table_of_mistakes_is_long() -> None:
    """More than a hundred and fifty ways to break the file are known, each a text of its own."""
    assert len({text for text, _ in (*BROKEN, *BROKEN_ACTS)}) > 150


def test_the_shipped_file_is_what_it_says() -> None:
    """The shipped rules load as written: mode watch, four rules, their levels, their defaults and the stop."""
    ruleset = parse(SHIPPED)
    assert ruleset.mode is Mode.WATCH
    assert ruleset.account_modes == {}
    assert ruleset.first_act_after == 600
    assert ruleset.blind == Blind(warn=15, critical=45)
    assert ruleset.replacements_per_hour == 20
    assert ruleset.digest == hashlib.sha256(SHIPPED.encode()).hexdigest()
    assert [rule.name for rule in ruleset.rules] == ["room", "pool", "ratio", "no stop"]
    room, pool, _, no_stop = ruleset.rules
    assert room.levels == {
        Level.WARN: Threshold(Decimal("0.5"), Decimal("0.45"), 0, 0, 1),
        Level.CRITICAL: Threshold(Decimal("0.7"), Decimal("0.63"), 0, 0, 1),
        Level.EMERGENCY: Threshold(Decimal("0.85"), Decimal("0.765"), 0, 0, 2),
    }
    assert room.where == Selector()
    assert room.repeat == 1800
    assert pool.where == Selector(margin_mode=("cross",))
    assert pool.levels[Level.WARN] == Threshold(Decimal("0.12"), Decimal("0.132"), 0, 0, 1)
    assert no_stop.levels == {Level.CRITICAL: Threshold(Decimal("0.95"), Decimal("0.975"), 60, 0, 1)}
    assert no_stop.only_if == Condition(
        any=(
            Comparison(Metric.EFFECTIVE_LEVERAGE, Decimal(5)),
            Comparison(Metric.ROOM_USED, Decimal("0.3")),
            Comparison(Metric.LIQUIDATION_DISTANCE, Decimal("0.15")),
        ),
        all=(),
    )
    assert no_stop.stop == StopRule(
        when=Level.CRITICAL,
        place=EntryToLiquidation(Decimal("0.6")),
        clearance_liquidation=Decimal("0.005"),
        clearance_mark=Decimal("0.005"),
        if_past=IfPast.ASK,
        may_loosen=False,
    )
    assert SHIPPED.split("\n")[no_stop.line - 1] == "[[rule]]"


def test_everything_the_grammar_has_is_read() -> None:
    """Each key of the grammar that is built lands where it belongs, in long and short forms."""
    ruleset = parse("""
        limits.replacements_per_hour = 7
        blind = { warn = "20s", critical = "1h30m" }
        protection = { mode = "act", first_act_after = "0s", accounts = { alt = "watch" } }
        [[rule]]
        name = "all"
        metric = "liquidation_distance"
        warn = "15 %"
        critical = { at = "below 8%", clear = "above 10%", hold = "10s", keep = "1m", confirm = 3 }
        emergency = { at = "2.5%", confirm = 1 }
        where = { account = "m*", venue = ["binanceusdm"], symbol = ["BTCUSDT", "ETH*"], side = "long", \
min_notional = 1000 }
        except.margin_mode = "isolated"
        except.min_notional = "2500.50 USDT"
        only_if = { all = { notional = "above 100 USD", effective_leverage = 2.5 }, any = { stop_coverage = "100%" } }
        mode = "watch"
        repeat = "1h"
        stop = { when = "emergency", place.entry_to_liquidation = "70%", trigger = "mark", clearance.mark = "1%", \
if_past = "alert", may_loosen = true, no_answer = "nothing" }
    """)
    assert (ruleset.mode, ruleset.first_act_after, ruleset.replacements_per_hour) == (Mode.ACT, 0, 7)
    assert ruleset.blind == Blind(20, 5400)
    (rule,) = ruleset.rules
    assert rule == Rule(
        name="all",
        metric=Metric.LIQUIDATION_DISTANCE,
        levels={
            Level.WARN: Threshold(Decimal("0.15"), Decimal("0.165"), 0, 0, 1),
            Level.CRITICAL: Threshold(Decimal("0.08"), Decimal("0.1"), 10, 60, 3),
            Level.EMERGENCY: Threshold(Decimal("0.025"), Decimal("0.0275"), 0, 0, 1),
        },
        where=Selector(
            account=("m*",),
            venue=("binanceusdm",),
            symbol=("BTCUSDT", "ETH*"),
            side=("long",),
            min_notional=Decimal(1000),
        ),
        exclude=Selector(margin_mode=("isolated",), min_notional=Decimal("2500.50")),
        only_if=Condition(
            all=(
                Comparison(Metric.NOTIONAL, Decimal(100)),
                Comparison(Metric.EFFECTIVE_LEVERAGE, Decimal("2.5")),
            ),
            any=(Comparison(Metric.STOP_COVERAGE, Decimal(1)),),
        ),
        mode=Mode.WATCH,
        stop=StopRule(
            Level.EMERGENCY,
            EntryToLiquidation(Decimal("0.7")),
            Decimal("0.005"),
            Decimal("0.01"),
            IfPast.ALERT,
            may_loosen=True,
        ),
        repeat=3600,
        line=5,
    )


def test_who_hears_and_when_is_read() -> None:
    """The channels of a rule, of a level and of each step; a name alone is a list of one. The hours with their zone."""
    night, stop, _ = parse(FULL).rules
    assert night.notify == ("house",)
    assert night.levels[Level.WARN].notify == ()
    assert night.levels[Level.CRITICAL].notify == ("phone",)
    assert night.levels[Level.EMERGENCY].notify == ("phone", "house")
    assert night.escalate == (Escalation(300, ("phone",)), Escalation(5400, ("house",)))
    assert night.between == Between(1380, 450, ZoneInfo("Europe/Berlin"), "23:00-07:30 Europe/Berlin")
    assert (stop.notify, stop.escalate, stop.between) == ((), (), None)


def test_a_stop_may_have_any_place() -> None:
    """Shares are shares, amounts have their asset, a price is a price; and a question may answer itself."""
    ruleset = parse(FULL)
    assert (ruleset.mode, ruleset.account_modes) == (Mode.ASK, {"main": Mode.ASK, "alt": Mode.WATCH})
    stop = ruleset.rules[1].stop
    assert stop == StopRule(
        when=Level.CRITICAL,
        place=Nearest(
            (
                EntryToLiquidation(Decimal("0.6")),
                BeforeLiquidation(Decimal("0.05")),
                FromEntry(Decimal("0.04")),
                MaxLoss(Decimal("0.015"), None),
                MaxLoss(None, Decimal(500), "USDT"),
                AtPrice(Decimal("90000.5")),
            )
        ),
        clearance_liquidation=Decimal("0.01"),
        clearance_mark=Decimal("0.007"),
        if_past=IfPast.ALERT,
        may_loosen=True,
        no_answer=180,
    )


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ('max_loss = "2.5 % of  equity"', MaxLoss(Decimal("0.025"), None)),
        ('max_loss = "20.5USDC"', MaxLoss(None, Decimal("20.5"), "USDC")),
        ('max_loss = "1 USDT"', MaxLoss(None, Decimal(1), "USDT")),
        ('price = " 0.0004 "', AtPrice(Decimal("0.0004"))),
        ("price = 98_000", AtPrice(Decimal(98000))),
        ('before_liquidation = "0.4%"', BeforeLiquidation(Decimal("0.004"))),
    ],
)
def test_a_place_is_read_as_it_is_meant(written: str, place: Place) -> None:
    """Each way to write a place."""
    rule = only(f'{COVER}where.symbol = "BTCUSDT"\nstop = {{ when = "critical", place = {{ {written} }} }}\n')
    assert rule.stop is not None
    assert rule.stop.place == place
    assert rule.stop.no_answer is None


def test_channels_that_are_not_known_are_not_checked() -> None:
    """Without a watchdog.toml any channel may be named; with one, only its own."""
    text = HEAD + 'notify = "anybody"\n'
    assert parse_rules(text, "f", None).rules[0].notify == ("anybody",)
    with pytest.raises(FileError, match='channel "anybody" is not in'):
        parse_rules(text, "f", None, channels=frozenset())


def test_a_coverage_level_can_always_clear() -> None:
    """A tenth more than 95 % can't be reached: the default goes halfway to 100 %, and 100 % clears at 100 %."""
    assert only(COVER).levels[Level.CRITICAL].clear == Decimal("0.975")
    assert only(COVER.replace("95%", "100%")).levels[Level.CRITICAL].clear == 1
    assert only(COVER.replace("95%", "80%")).levels[Level.CRITICAL].clear == Decimal("0.88")


def test_accounts_that_are_not_known_are_not_checked() -> None:
    """Without a watchdog.toml any account may be named; with one, only its own."""
    text = HEAD + 'where = { account = "anybody" }\n'
    assert parse_rules(text, "f", None).rules[0].where.account == ("anybody",)
    with pytest.raises(FileError):
        parse_rules(text, "f", frozenset())


def test_a_margin_ratio_rule_may_stop_isolated_positions() -> None:
    """Where only isolated positions are left, a margin ratio is a position's, and a stop has something to close."""
    rule = only(
        HEAD.replace("room_used", "margin_ratio")
        + 'where = { margin_mode = "isolated" }\n'
        + 'stop = { when = "warn", place = { entry_to_liquidation = "60%" } }\n'
    )
    assert rule.scopes == {"position"}
    assert rule.stop is not None


def test_the_most_cautious_mode_wins() -> None:
    """Of global, account, the account's own cap and the rule, the lowest mode is in force."""
    ruleset = parse(f'protection = {{ mode = "act", accounts = {{ alt = "watch" }} }}\n{HEAD}')
    (free,) = ruleset.rules
    quiet = only(f'{HEAD}mode = "watch"\n')
    assert ruleset.mode_for("main", Mode.ACT, free) is Mode.ACT
    assert ruleset.mode_for("main", Mode.ACT, None) is Mode.ACT
    assert ruleset.mode_for("main", Mode.WATCH, free) is Mode.WATCH
    assert ruleset.mode_for("main", Mode.ACT, quiet) is Mode.WATCH
    assert ruleset.mode_for("alt", Mode.ACT, free) is Mode.WATCH
    watching = parse(f'protection = {{ mode = "watch", accounts = {{ main = "act" }} }}\n{HEAD}')
    assert watching.mode_for("main", Mode.ACT, free) is Mode.WATCH


def test_a_cross_position_has_its_pools_shock_distance() -> None:
    """A rule about cross positions may ask for the shock distance of their pool."""
    rule = only(HEAD + 'where.margin_mode = "cross"\nonly_if.all.shock_distance = "below 10%"\n')
    assert rule.only_if == Condition((), (Comparison(Metric.SHOCK_DISTANCE, Decimal("0.1")),))


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A real file with a few characters, words or lines cut, doubled, swapped or put in."""
    text = draw(st.sampled_from([SHIPPED, FULL]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(
            st.sampled_from(
                ["", text[start:end] * 2, '"', "[", "]", "{", "}", "=", "\n", "#", "ask", "1e9", "\x00", "é"]
            )
            | st.text(max_size=4)
            | st.sampled_from(['warn = "5%"\n', "[[rule]]\n", "nan", "-1", "true", "[]", "{}", "0x" + "f" * 4000])
        )
        text = text[:start] + piece + text[end:]
    return text


@given(st.text(max_size=80) | _mutated())
def test_any_text_gives_rules_or_problems(text: str) -> None:
    """Whatever is in the file, it is understood or refused with a problem that has a place; never a traceback."""
    try:
        ruleset = parse(text)
    except FileError as error:
        problems = error.problems
    else:
        problems = ()
        assert ruleset.rules
        assert all(rule.levels for rule in ruleset.rules)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.text for problem in problems)


_INNER_KEYS = ("at", "clear", "any", "room_used", "when", "place", "mark", "x")
_RULE_KEYS = ("name", "metric", "warn", "critical", "emergency", "where", "except", "only_if", "mode", "stop", "x")


def _inline(parts: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in parts.items()) + " }"


_VALUES = st.recursive(
    st.sampled_from(
        ['"50%"', '"5x"', '"1m"', '"watch"', '"critical"', '"x"', "3", "-0.5", "true", "nan", "1979-05-27"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(st.sampled_from(_INNER_KEYS), inner, max_size=3).map(_inline),
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(_RULE_KEYS), _VALUES),
    st.dictionaries(st.sampled_from(["protection", "blind", "limits", "rule", "y"]), _VALUES),
)
def test_any_value_in_any_key_gives_rules_or_problems(rule: dict[str, str], top: dict[str, str]) -> None:
    """TOML that is right with values that are wrong is refused in words too."""
    text = "\n".join(f"{key} = {value}" for key, value in top.items())
    if "rule" not in top:
        text += "\n[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in rule.items())
    problems = 0
    try:
        parse(text)
    except FileError as error:
        problems = len(error.problems)
    assert problems or "x" not in rule
