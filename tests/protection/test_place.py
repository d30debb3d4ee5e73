"""Where a stop goes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bench import d, market, position
from watchdog.domain.effects import Level
from watchdog.domain.position import Side
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.protection.place import NoPlace, NoSafePlace, Past, Safe, band, stop_place, to_step, to_tick
from watchdog.rules.schema import IfPast, StopRule

RULE = StopRule(
    when=Level.CRITICAL,
    share=d("0.6"),
    clearance_liquidation=d("0.005"),
    clearance_mark=d("0.005"),
    if_past=IfPast.ASK,
    may_loosen=False,
)


def liquidation(price: str) -> Reading:
    """A liquidation price."""
    return Known(d(price), "price", "test", 0.0)


@pytest.mark.parametrize(
    ("side", "near", "trigger"),
    [
        (Side.LONG, "90000", "94000.0"),
        (Side.LONG, "90361.4", "94216.9"),  # 94,216.84: up, toward the mark
        (Side.SHORT, "110000", "106000.0"),
        (Side.SHORT, "109561.4", "105736.8"),  # 105,736.84: down, toward the mark
    ],
)
def test_it_lies_a_share_of_the_way_from_entry_to_liquidation(side: Side, near: str, trigger: str) -> None:
    """60 %, on the venue's grid, rounded toward the mark."""
    where = stop_place(position(side=side), d(100000), liquidation(near), market(), RULE)
    assert where == Safe(d(trigger))


def test_the_way_begins_at_entry_not_at_the_mark() -> None:
    """From the mark it would follow the price like a trailing stop nobody asked for."""
    one = stop_place(position(), d(100000), liquidation("90000"), market(), RULE)
    other = stop_place(position(mark="96000"), d(96000), liquidation("90000"), market(), RULE)
    assert one == other == Safe(d("94000.0"))


def test_it_keeps_clear_of_liquidation_by_clearance_fee_and_a_tick() -> None:
    """A place too near to liquidation is moved toward the mark, just so far."""
    deep = replace(RULE, share=d("0.99"))
    where = stop_place(position(), d(100000), liquidation("90000"), market(), deep)
    assert where == Safe(d("90495.1"))  # 90,000 × (1 + 0.5 % + 0.05 %) + 0.1
    where = stop_place(position(side=Side.SHORT), d(100000), liquidation("110000"), market(), deep)
    assert where == Safe(d("109394.9"))


def test_a_place_the_mark_has_passed_is_not_used() -> None:
    """Halfway to liquidation is what can be offered instead."""
    where = stop_place(position(), d(93500), liquidation("90000"), market(), RULE)
    assert where == Past(d("94000.0"), d("91750.0"))
    where = stop_place(position(side=Side.SHORT), d(106500), liquidation("110000"), market(), RULE)
    assert where == Past(d("106000.0"), d("108250.0"))


def test_a_place_within_the_marks_clearance_counts_as_passed() -> None:
    """Half a per cent: it would go off by noise."""
    assert isinstance(stop_place(position(), d(94400), liquidation("90000"), market(), RULE), Past)
    assert stop_place(position(), d(94473), liquidation("90000"), market(), RULE) == Safe(d("94000.0"))


def test_no_half_way_is_offered_where_none_is_safe() -> None:
    """The mark is too near to liquidation for anything halfway."""
    where = stop_place(position(), d(90960), liquidation("90000"), market(), replace(RULE, share=d("0.8")))
    assert where == Past(d("92000.0"), None)


def test_at_too_high_leverage_there_is_no_safe_place() -> None:
    """The clearance of mark and liquidation overlap."""
    where = stop_place(position(), d(90900), liquidation("90000"), market(), RULE)
    assert where == NoSafePlace("no safe place for a stop at this leverage: reduce")


@pytest.mark.parametrize(("reading", "never"), [(Never("ours", 0.0), True), (Unknown("no tiers"), False)])
def test_without_a_liquidation_price_there_is_no_place(reading: Reading, never: bool) -> None:
    """Not needed, or not known: two different things."""
    where = stop_place(position(), d(100000), reading, market(), RULE)
    assert isinstance(where, NoPlace)
    assert where.never is never


def test_sizes_go_down_to_the_grid() -> None:
    """A stop is never larger than what it protects."""
    assert to_step(d("0.5679"), market(step="0.01")) == d("0.56")


@given(
    side=st.sampled_from(list(Side)),
    way=st.decimals("0.001", "0.9", places=4),
    drawn=st.decimals("-0.5", "1.2", places=4),
    share=st.decimals("0.01", "0.99", places=2),
    tick=st.sampled_from(["0.0001", "0.01", "0.1", "1", "10"]),
)
def test_whatever_is_safe_lies_between_mark_and_liquidation_with_room_on_both_sides(
    side: Side, way: Decimal, drawn: Decimal, share: Decimal, tick: str
) -> None:
    """For any leverage, drawdown, share and grid."""
    entry = Decimal(100000)
    near = entry * (1 - side.sign * way)
    mark = entry - (entry - near) * drawn
    listed, rule = market(tick=tick), replace(RULE, share=share)
    where = stop_place(position(side=side), mark, Known(near, "price", "test", 0.0), listed, rule)
    trigger = where.trigger if isinstance(where, Safe) else where.halfway if isinstance(where, Past) else None
    if trigger is None:
        return
    clear = band(position(side=side), mark, near, listed, rule)
    assert not clear.empty
    assert (mark - trigger) * side.sign >= mark * Decimal("0.005")
    assert (trigger - near) * side.sign >= near * Decimal("0.0055")
    assert trigger == to_tick(trigger, listed, side)
