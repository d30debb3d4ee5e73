"""Levels, conditions and selectors, in three values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.broken import HEAD
from tests.rules.test_parse import only
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.rules.evaluate import Subject, Truth, both, cleared, either, holds, reaches, selects
from watchdog.rules.schema import Comparison, Condition, Metric

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
BELOW = [metric for metric in Metric if metric.fires_below]
ABOVE = [metric for metric in Metric if not metric.fires_below]
NEVER = Never("solved", 0.0)
BLIND = Unknown("stale")


def known(value: str | Decimal) -> Known:
    """A reading of a number."""
    return Known(Decimal(value), "share", "test", 0.0)


def position(**changes: Any) -> Subject:
    """A BTC long in cross mode worth 1000."""
    parts: dict[str, Any] = {
        "account": "main",
        "venue": "binanceusdm",
        "symbols": ("BTC/USDT:USDT",),
        "sides": ("long",),
        "margin_modes": ("cross",),
        "notionals": (Decimal(1000),),
    }
    return Subject(**{**parts, **changes})


def pool(*held: tuple[str, str, int]) -> Subject:
    """A cross pool of positions: symbol, side, notional."""
    symbols, sides, notionals = zip(*held, strict=True) if held else ((), (), ())
    return position(
        symbols=symbols, sides=sides, margin_modes=("cross",) * len(held), notionals=tuple(map(Decimal, notionals))
    )


def test_the_dangerous_direction_of_each_metric() -> None:
    """Distances and coverage are dangerous below, all others above: the table of the grammar."""
    assert set(BELOW) == {Metric.LIQUIDATION_DISTANCE, Metric.SHOCK_DISTANCE, Metric.STOP_COVERAGE}


@pytest.mark.parametrize("metric", BELOW)
def test_distances_fire_strictly_below(metric: Metric) -> None:
    """Below the level: yes. At it: no. It is safe again at `clear` or above."""
    assert reaches(metric, Decimal("0.1"), known("0.0999")) is YES
    assert reaches(metric, Decimal("0.1"), known("0.1")) is NO
    assert reaches(metric, Decimal("0.1"), known("-Infinity")) is YES
    assert cleared(metric, Decimal("0.11"), known("0.11")) is YES
    assert cleared(metric, Decimal("0.11"), known("0.1099")) is NO


@pytest.mark.parametrize("metric", ABOVE)
def test_ratios_fire_at_or_above(metric: Metric) -> None:
    """At the level or above: yes, infinity too. It is safe again at `clear` or below."""
    assert reaches(metric, Decimal("0.5"), known("0.5")) is YES
    assert reaches(metric, Decimal("0.5"), known("0.4999")) is NO
    assert reaches(metric, Decimal("0.5"), known("Infinity")) is YES
    assert cleared(metric, Decimal("0.45"), known("0.45")) is YES
    assert cleared(metric, Decimal("0.45"), known("0.4501")) is NO
    assert cleared(metric, Decimal("0.45"), known("Infinity")) is NO


@pytest.mark.parametrize("metric", Metric)
def test_never_is_safe_and_unknown_is_neither(metric: Metric) -> None:
    """`Never` does not fire and does clear. Unknown, and a number that is none, neither fires nor clears."""
    level = Decimal("0.5")
    assert reaches(metric, level, NEVER) is NO
    assert cleared(metric, level, NEVER) is YES
    for reading in (BLIND, known("NaN")):
        assert reaches(metric, level, reading) is UNKNOWN
        assert cleared(metric, level, reading) is UNKNOWN


_READINGS = st.sampled_from([BLIND, NEVER]) | st.decimals(-3, 3, places=4).map(known)


@given(st.sampled_from(Metric), st.decimals(0, 2, places=4), _READINGS)
def test_nothing_both_fires_and_clears(metric: Metric, at: Decimal, reading: Reading) -> None:
    """With `clear` on the safe side of `at` no reading is dangerous and safe at once; unknown is unknown in both."""
    clear = at if metric.fires_below else at - Decimal("0.0001")
    fires, clears = reaches(metric, at, reading), cleared(metric, clear, reading)
    assert (fires, clears) != (YES, YES)
    assert (fires is UNKNOWN) == (clears is UNKNOWN) == isinstance(reading, Unknown)


def test_three_valued_and_and_or() -> None:
    """One no decides an and, one yes an or; else one unknown makes it unknown; of nothing they are yes and no."""
    assert [both(parts) for parts in ([], [YES], [YES, UNKNOWN], [UNKNOWN, NO])] == [YES, YES, UNKNOWN, NO]
    assert [either(parts) for parts in ([], [NO], [NO, UNKNOWN], [UNKNOWN, YES])] == [NO, NO, UNKNOWN, YES]


def test_a_truth_is_not_a_bool() -> None:
    """`if truth:` would take unknown for yes: it raises."""
    with pytest.raises(TypeError):
        bool(UNKNOWN)


def test_only_if() -> None:
    """No condition holds; `any` and `all` are three-valued; a metric without a reading is unknown."""
    leveraged = Comparison(Metric.EFFECTIVE_LEVERAGE, Decimal(5))
    far_gone = Comparison(Metric.ROOM_USED, Decimal("0.3"))
    some, every = Condition((leveraged, far_gone), ()), Condition((), (leveraged, far_gone))
    assert holds(None, {}) is YES
    assert holds(some, {}) is UNKNOWN
    assert holds(some, {Metric.EFFECTIVE_LEVERAGE: known("5")}) is YES
    assert holds(some, {Metric.EFFECTIVE_LEVERAGE: known("4"), Metric.ROOM_USED: BLIND}) is UNKNOWN
    assert holds(some, {Metric.EFFECTIVE_LEVERAGE: known("4"), Metric.ROOM_USED: known("0.29")}) is NO
    assert holds(every, {Metric.EFFECTIVE_LEVERAGE: known("5")}) is UNKNOWN
    assert holds(every, {Metric.EFFECTIVE_LEVERAGE: known("4")}) is NO
    assert holds(Condition((leveraged,), (far_gone,)), {Metric.ROOM_USED: known("0.1")}) is NO


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        ("", True),
        ('symbol = "BTCUSDT"', True),
        ('symbol = "btcusdt"', True),
        ('symbol = "BTC/USDT"', True),
        ('symbol = "BTC/USDT:USDT"', True),
        ('symbol = ["ETH*", "BTC*"]', True),
        ('symbol = "BTC"', False),
        ('symbol = "BTCUSDC"', False),
        ('side = "long"', True),
        ('side = "short"', False),
        ('margin_mode = "isolated"', False),
        ('account = "ma*"', True),
        ('account = "alt"', False),
        ('venue = "binance*"', True),
        ("min_notional = 1000", True),
        ("min_notional = 1000.01", False),
        ('symbol = "BTC*", side = "short"', False),
    ],
)
def test_where_selects_a_position(where: str, selected: bool) -> None:
    """Every part of `where` must match; symbols in any spelling; `except` with the same words leaves it out."""
    assert selects(only(f"{HEAD}where = {{ {where} }}\n"), position()) is selected
    if where:
        assert selects(only(f"{HEAD}except = {{ {where} }}\n"), position()) is not selected


def test_dated_futures_keep_their_date() -> None:
    """A dated future is not taken for the perpetual of the same pair."""
    dated = position(symbols=("BTC/USDT:USDT-261225",))
    assert not selects(only(f'{HEAD}where.symbol = "BTCUSDT"\n'), dated)
    assert selects(only(f'{HEAD}where.symbol = "BTCUSDT_261225"\n'), dated)
    assert selects(only(f'{HEAD}where.symbol = "BTCUSDT*"\n'), dated)


def test_where_selects_a_pool_by_what_it_holds() -> None:
    """Symbol, side and size must be those of one and the same position of the pool."""
    held = pool(("BTC/USDT:USDT", "long", 100), ("ETH/USDT:USDT", "short", 9000))
    head = HEAD.replace("room_used", "shock_distance")
    assert selects(only(f'{head}where = {{ symbol = "ETH*", side = "short", min_notional = 9000 }}\n'), held)
    assert not selects(only(f'{head}where = {{ symbol = "BTC*", side = "short" }}\n'), held)
    assert not selects(only(f'{head}where = {{ symbol = "BTC*", min_notional = 101 }}\n'), held)
    assert not selects(only(f'{head}where.symbol = "BTC*"\n'), pool())
    assert selects(only(head), pool())


def test_a_small_excepted_position_does_not_hide_its_pool() -> None:
    """`except` leaves a pool out only when all of it is excepted."""
    rule = only(HEAD.replace("room_used", "shock_distance") + 'except.symbol = "DOGE*"\n')
    assert selects(rule, pool(("DOGE/USDT:USDT", "long", 5), ("BTC/USDT:USDT", "long", 9000)))
    assert not selects(rule, pool(("DOGE/USDT:USDT", "long", 5)))
    assert selects(rule, pool())
