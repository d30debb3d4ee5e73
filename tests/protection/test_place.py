"""Where a stop goes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bench import d, market, position
from watchdog.domain.effects import Level
from watchdog.domain.market import Market
from watchdog.domain.position import Position, Side
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.protection.place import (
    Ground,
    NoPlace,
    NoSafePlace,
    Past,
    Safe,
    Where,
    band,
    stop_place,
    to_step,
    to_tick,
)
from watchdog.rules.schema import (
    AtPrice,
    BeforeLiquidation,
    EntryToLiquidation,
    FromEntry,
    IfPast,
    MaxLoss,
    Nearest,
    Place,
    StopRule,
)

RULE = StopRule(
    when=Level.CRITICAL,
    place=EntryToLiquidation(d("0.6")),
    clearance_liquidation=d("0.005"),
    clearance_mark=d("0.005"),
    if_past=IfPast.ASK,
    may_loosen=False,
)


def liquidation(price: str) -> Reading:
    """A liquidation price."""
    return Known(d(price), "price", "test", 0.0)


def where_of(
    held: Position, mark: Decimal, near: Reading, listed: Market, rule: StopRule, equity: Reading | None = None
) -> Where:
    """Where the rule's stop goes; of an equity that nobody knows unless it is given."""
    return stop_place(Ground(held, mark, near, equity or Unknown("not given"), listed), rule)


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
    where = where_of(position(side=side), d(100000), liquidation(near), market(), RULE)
    assert where == Safe(d(trigger))


def test_the_way_begins_at_entry_not_at_the_mark() -> None:
    """From the mark it would follow the price like a trailing stop nobody asked for."""
    one = where_of(position(), d(100000), liquidation("90000"), market(), RULE)
    other = where_of(position(mark="96000"), d(96000), liquidation("90000"), market(), RULE)
    assert one == other == Safe(d("94000.0"))


def test_it_keeps_clear_of_liquidation_by_clearance_fee_and_a_tick() -> None:
    """A place too near to liquidation is moved toward the mark, just so far."""
    deep = replace(RULE, place=EntryToLiquidation(d("0.99")))
    where = where_of(position(), d(100000), liquidation("90000"), market(), deep)
    assert where == Safe(d("90495.1"))  # 90,000 × (1 + 0.5 % + 0.05 %) + 0.1
    where = where_of(position(side=Side.SHORT), d(100000), liquidation("110000"), market(), deep)
    assert where == Safe(d("109394.9"))


def test_a_place_the_mark_has_passed_is_not_used() -> None:
    """Halfway to liquidation is what can be offered instead."""
    where = where_of(position(), d(93500), liquidation("90000"), market(), RULE)
    assert where == Past(d("94000.0"), d("91750.0"))
    where = where_of(position(side=Side.SHORT), d(106500), liquidation("110000"), market(), RULE)
    assert where == Past(d("106000.0"), d("108250.0"))


def test_a_place_within_the_marks_clearance_counts_as_passed() -> None:
    """Half a per cent: it would go off by noise."""
    assert isinstance(where_of(position(), d(94400), liquidation("90000"), market(), RULE), Past)
    assert where_of(position(), d(94473), liquidation("90000"), market(), RULE) == Safe(d("94000.0"))


def test_no_half_way_is_offered_where_none_is_safe() -> None:
    """The mark is too near to liquidation for anything halfway."""
    where = where_of(
        position(), d(90960), liquidation("90000"), market(), replace(RULE, place=EntryToLiquidation(d("0.8")))
    )
    assert where == Past(d("92000.0"), None)


def test_at_too_high_leverage_there_is_no_safe_place() -> None:
    """The clearance of mark and liquidation overlap."""
    where = where_of(position(), d(90900), liquidation("90000"), market(), RULE)
    assert where == NoSafePlace("no safe place for a stop at this leverage: reduce")


@pytest.mark.parametrize(("reading", "never"), [(Never("ours", 0.0), True), (Unknown("no tiers"), False)])
def test_without_a_liquidation_price_there_is_no_place(reading: Reading, never: bool) -> None:
    """Not needed, or not known: two different things."""
    where = where_of(position(), d(100000), reading, market(), RULE)
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
    listed, rule = market(tick=tick), replace(RULE, place=EntryToLiquidation(share))
    where = where_of(position(side=side), mark, Known(near, "price", "test", 0.0), listed, rule)
    trigger = where.trigger if isinstance(where, Safe) else where.halfway if isinstance(where, Past) else None
    if trigger is None:
        return
    clear = band(position(side=side), mark, near, listed, rule)
    assert not clear.empty
    assert (mark - trigger) * side.sign >= mark * Decimal("0.005")
    assert (trigger - near) * side.sign >= near * Decimal("0.0055")
    assert trigger == to_tick(trigger, listed, side)


def placed(place: Place, side: Side = Side.LONG, near: str = "90000", equity: str | None = None) -> Where:
    """Where this place lies for 0.5 BTC from 100,000."""
    of = None if equity is None else Known(d(equity), "money", "test", 0.0)
    return where_of(position(side=side), d(100000), liquidation(near), market(), replace(RULE, place=place), of)


@pytest.mark.parametrize(
    ("place", "long", "short"),
    [
        (BeforeLiquidation(d("0.03")), "92700.0", "106700.0"),  # 90,000 × 1.03; 110,000 × 0.97
        (FromEntry(d("0.04")), "96000.0", "104000.0"),
        # 0.5 × (100,000 − p) + 0.5 × p × 0.0005 = 1,500; 0.5 × (p − 100,000) + 0.5 × p × 0.0005 = 1,500
        (MaxLoss(None, d(1500), "USDT"), "97048.6", "102948.5"),
        (MaxLoss(d("0.015"), None), "97048.6", "102948.5"),  # of 100,000
    ],
)
def test_every_place_is_measured_from_what_its_name_says(place: Place, long: str, short: str) -> None:
    """Before liquidation, from entry, by loss: and a short mirrors a long."""
    assert placed(place, equity="100000") == Safe(d(long))
    assert placed(place, Side.SHORT, "110000", "100000") == Safe(d(short))


def test_a_price_is_taken_as_it_stands() -> None:
    """Also where it locks in a profit; past the mark, it is passed; beyond liquidation, pulled clear of it."""
    assert placed(AtPrice(d(95000))) == Safe(d("95000.0"))
    ahead = where_of(position(mark="110000"), d(110000), liquidation("90000"), market(), at(105000))
    assert ahead == Safe(d("105000.0"))
    assert placed(AtPrice(d(105000))) == Past(d("105000.0"), d("95000.0"))
    assert placed(AtPrice(d(80000))) == Safe(d("90495.1"))
    assert placed(AtPrice(d(120000)), Side.SHORT, "110000") == Safe(d("109394.9"))


def at(price: int) -> StopRule:
    """The rule with a price for its place."""
    return replace(RULE, place=AtPrice(d(price)))


def test_a_loss_larger_than_liquidation_leaves_stops_clear_of_it() -> None:
    """No loss is allowed that only liquidation would bring."""
    assert placed(MaxLoss(None, d(50000), "USDT")) == Safe(d("90495.1"))


@pytest.mark.parametrize(
    ("place", "equity", "why"),
    [
        (MaxLoss(None, d(500), "EUR"), "1000", "its loss is allowed in EUR, its margin is USDT"),
        (MaxLoss(d("0.01"), None), None, "equity unknown: not given"),
        (MaxLoss(d("0.01"), None), "-5", "no equity is left to lose a share of"),
    ],
)
def test_a_loss_that_can_not_be_reckoned_is_no_place(place: Place, equity: str | None, why: str) -> None:
    """In another coin, or a share of what nobody knows: said, not guessed."""
    assert placed(place, equity=equity) == NoPlace(why, never=False)


def test_of_several_places_the_safe_one_nearest_to_the_mark_is_taken() -> None:
    """One that is passed, or not known, yields."""
    several = Nearest((EntryToLiquidation(d("0.6")), FromEntry(d("0.03")), MaxLoss(d("0.01"), None)))
    assert placed(several) == Safe(d("97000.0"))
    rule = replace(RULE, place=several)
    assert where_of(position(mark="96500"), d(96500), liquidation("90000"), market(), rule) == Safe(d("94000.0"))
    passed = where_of(position(mark="93000"), d(93000), liquidation("90000"), market(), rule)
    assert passed == Past(d("94000.0"), d("91500.0"))


PLACES = st.one_of(
    st.builds(EntryToLiquidation, st.decimals("0.01", "0.99", places=2)),
    st.builds(BeforeLiquidation, st.decimals("0.001", "0.5", places=3)),
    st.builds(FromEntry, st.decimals("0.001", "0.9", places=3)),
    st.builds(lambda amount: MaxLoss(None, amount, "USDT"), st.decimals("1", "60000", places=0)),
    st.builds(lambda share: MaxLoss(share, None), st.decimals("0.001", "0.99", places=3)),
    st.builds(AtPrice, st.decimals("1", "300000", places=1)),
)
ANY_PLACE = st.one_of(PLACES, st.lists(PLACES, min_size=1, max_size=3).map(lambda some: Nearest(tuple(some))))


@given(
    side=st.sampled_from(list(Side)),
    way=st.decimals("0.01", "0.9", places=4),
    drawn=st.decimals("-0.5", "1.0", places=4),
    place=ANY_PLACE,
    tick=st.sampled_from(["0.01", "0.1", "10"]),
)
def test_whatever_the_place_a_safe_trigger_lies_in_the_clear_band(
    side: Side, way: Decimal, drawn: Decimal, place: Place, tick: str
) -> None:
    """And a loss that was limited stays within its limit, the taker fee included, at the trigger price."""
    entry = Decimal(100000)
    near = entry * (1 - side.sign * way)
    mark = entry - (entry - near) * drawn
    held, listed, rule = position(side=side), market(tick=tick), replace(RULE, place=place)
    where = where_of(held, mark, Known(near, "price", "t", 0.0), listed, rule, Known(d(20000), "money", "t", 0.0))
    if not isinstance(where, Safe):
        return
    clear = band(held, mark, near, listed, rule)
    assert clear.before_far(where.trigger)
    assert clear.behind_near(where.trigger)
    assert where.trigger == to_tick(where.trigger, listed, side)
    if isinstance(place, MaxLoss):
        allowed = place.amount if place.amount is not None else (place.share_of_equity or 0) * 20000
        loss = (entry - where.trigger) * side.sign * held.size + where.trigger * held.size * listed.taker_fee
        assert loss <= allowed
