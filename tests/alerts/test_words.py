"""Figures and phrases of messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from tests.core.bench import foreign, market, position
from watchdog.alerts import words
from watchdog.domain.position import Side, StopKind, TriggerKind
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.rules.schema import Metric


def known(value: str) -> Known:
    """A share."""
    return Known(Decimal(value), "share", "test", 0.0)


@pytest.mark.parametrize(
    ("tick", "value", "text"),
    [
        ("0.1", "114031.04999", "114,031.0"),
        ("0.10", "114031.06", "114,031.1"),
        ("0.0001", "23.5", "23.5000"),
        ("1", "114031.4", "114,031"),
        ("10", "114031.4", "114,031"),
        ("0.1", "Infinity", "Infinity"),
    ],
)
def test_a_price_has_the_venues_precision(tick: str, value: str, text: str) -> None:
    """As many decimals as its tick, thousands separated."""
    assert words.price(Decimal(value), market(tick=tick)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-2921.4", "−2,921 USDT"),
        ("99.999", "100.00 USDT"),
        ("-0.5", "−0.50 USDT"),
        ("0", "0.00 USDT"),
        ("1234567", "1,234,567 USDT"),
    ],
)
def test_money_is_rounded_to_what_matters(value: str, text: str) -> None:
    """Whole units from a hundred up; a real minus sign."""
    assert words.money(Decimal(value), "USDT") == text


@pytest.mark.parametrize(
    ("value", "text"), [("0.023", "2.3%"), ("0.0004", "0.0%"), ("0.52", "52%"), ("1", "100%"), ("Infinity", "∞")]
)
def test_a_percentage_has_one_decimal_below_ten(value: str, text: str) -> None:
    """And none above."""
    assert words.percent(Decimal(value)) == text


def test_a_size_has_no_trailing_zeros() -> None:
    """And no exponent."""
    assert [words.size(Decimal(one)) for one in ("0.500", "5000.000", "5E+3", "0.001")] == [
        "0.5", "5,000", "5,000", "0.001",
    ]  # fmt: skip


def test_a_time_is_local_and_names_its_zone() -> None:
    """`03:12:04 CEST`."""
    assert words.clock_time(1_760_058_724, timezone(timedelta(hours=2), "CEST")) == "03:12:04 CEST"


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (known("0.013"), "1.3% from liq"),
        (Never("ours", 0.0), "no price liquidates it"),
        (Unknown("no tiers"), "distance to liq UNKNOWN"),
    ],
)
def test_a_distance_is_never_silent_about_not_being_known(reading: Reading, text: str) -> None:
    """Unknown is said as such, in capitals."""
    assert words.distance_words(reading, short=True) == text


@pytest.mark.parametrize("metric", list(Metric))
@pytest.mark.parametrize("value", ["0", "0.5", "-0.2", "123.456", "Infinity"])
def test_every_metric_has_words_for_every_figure(metric: Metric, value: str) -> None:
    """Infinite leverage and ratio are when a message matters most: they must not break it."""
    if value == "Infinity" and metric is Metric.NOTIONAL:
        value = "1E+12"
    assert words.metric_line(metric, Known(Decimal(value), "times", "test", 0.0))
    assert "unknown" in words.metric_line(metric, Unknown("why"))
    assert "liquidates" in words.metric_line(metric, Never("ours", 0.0))


def test_infinite_leverage_is_said() -> None:
    """Equity is gone."""
    line = words.metric_line(Metric.EFFECTIVE_LEVERAGE, Known(Decimal("Infinity"), "times", "test", 0.0))
    assert line == "Effective leverage ∞×"


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (known("1"), "STOP RESTS"),
        (known("0.5"), "STOP COVERS 50%"),
        (known("0"), "STOP DOES NOT COVER"),
        (Never("n/a", 0.0), "STOP RESTS"),
        (Unknown("no mark"), "STOP RESTS, COVER UNKNOWN"),
    ],
)
def test_line_one_says_that_a_stop_rests_only_if_it_closes_everything_in_time(coverage: Reading, text: str) -> None:
    """A stop that covers nothing is no comfort."""
    assert words.stops_head([foreign("95000")], coverage) == text
    assert words.stops_head([], coverage) == "NO STOP"


def test_a_stop_is_described_by_all_that_matters() -> None:
    """Whose, what kind if it is no stop-market, where, on which price, how much."""
    stop = foreign("95000", "0.25")
    assert words.stop_words(stop, market(), ours=True) == "mine 95,000.0 on mark, 0.250"
    odd = replace(stop, kind=StopKind.STOP_LIMIT, trigger=TriggerKind.LAST, size=None)
    assert words.stop_words(odd, market(), ours=False) == "yours stop limit 95,000.0 on last, all of it"


def test_many_stops_are_counted() -> None:
    """Two are named; the line stays one line."""
    stops = [foreign(str(price), "0.1") for price in (95000, 94000, 93000, 92000)]
    line = words.stops_line(stops, frozenset(), known("0.4"), market(), "03:11:50")
    assert line == (
        "Stop: yours 95,000.0 on mark, 0.100; yours 94,000.0 on mark, 0.100 and 2 more; covers 40%, read 03:11:50"
    )


def test_the_loss_at_a_price_includes_the_fee() -> None:
    """Long and short; 0.5 of 100,000 closed 6 % away."""
    fee = Decimal("0.0005")
    assert words.loss_at(position(), Decimal(94000), fee) == Decimal(-3000) - 47000 * fee
    assert words.loss_at(position(side=Side.SHORT), Decimal(94000), fee) == Decimal(3000) - 47000 * fee
