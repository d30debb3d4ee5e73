"""The liquidation price: first crossing from mark toward danger, the tier at that price."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given

from tests.risk.build import ONE_TIER, close_to, excess, tiers_of
from tests.risk.strategies import Case, cases, decimals, jumping_tables, smooth_tables
from watchdog.domain.position import Side
from watchdog.risk import Requirement, liquidation_price, maintenance
from watchdog.risk.exact import CONTEXT, ZERO

D = Decimal


def solve(case: Case, more: Decimal = ZERO) -> Decimal | None:
    """The liquidation price of a case, with some more margin."""
    return liquidation_price(case.side, case.size, case.mark, case.equity + more, Requirement.of(case.tiers))


def over(case: Case, price: Decimal) -> Decimal:
    """Requirement less equity of a case at a price."""
    return excess(price, case.side, case.size, case.mark, case.equity, case.tiers)


@given(case=cases(smooth_tables))
def test_at_the_liquidation_price_the_ratio_is_one(case: Case) -> None:
    """Maintenance and equity at the price found are the same, within 1e-20."""
    price = solve(case)
    if price is not None:
        with localcontext(CONTEXT):
            required = maintenance(case.tiers, case.size * price)
            assert close_to(required - over(case, price), required)


@given(case=cases())
def test_no_price_on_the_way_is_past_it(case: Case) -> None:
    """Between mark and the price found the ratio stays below 1: it is the first crossing, jumps or not."""
    price = solve(case)
    end = price if price is not None else D(0)
    with localcontext(CONTEXT):
        for step in range(1, 100):
            assert over(case, case.mark + (end - case.mark) * step / 100) < 0


@given(case=cases(jumping_tables))
def test_just_past_it_the_position_is_liquidated(case: Case) -> None:
    """A hair beyond the price found the requirement is not below the equity, in a table that jumps too."""
    price = solve(case)
    if price is not None:
        with localcontext(CONTEXT):
            beyond = price * (1 - case.side.sign * D("1e-30"))
            # An edge over the size rounds: the jump may be a hair away. Going down it lies at the last price of a
            # tier: there the price itself is liquidated, not what follows.
            assert over(case, price) >= -abs(case.equity) * D("1e-40") or over(case, beyond) >= 0


@given(case=cases(), more=decimals("0.0001", "100000"))
def test_more_margin_moves_it_away(case: Case, more: Decimal) -> None:
    """Added margin never brings liquidation nearer; where no jump holds it, it moves it away."""
    before, after = solve(case), solve(case, more)
    if before is None:
        assert after is None
    elif after is not None:
        assert (before - after) * case.side.sign >= 0


@given(case=cases(smooth_tables), more=decimals("0.0001", "100000"))
def test_more_margin_moves_it_strictly_away(case: Case, more: Decimal) -> None:
    """In a continuous table each added cent moves it."""
    before, after = solve(case), solve(case, more)
    if before is not None and after is not None:
        assert (before - after) * case.side.sign > 0


@given(case=cases())
def test_long_below_mark_below_short(case: Case) -> None:
    """While the ratio is below 1 a long's price is below mark and a short's above it."""
    price = solve(case)
    if price is not None:
        assert (case.mark - price) * case.side.sign > 0
        assert price > 0


@given(case=cases())
def test_never_exactly_when_no_price_liquidates(case: Case) -> None:
    """A long is never liquidated exactly when it is paid in full; a short always has a price."""
    paid_in_full = case.side is Side.LONG and case.equity >= case.size * case.mark
    assert (solve(case) is None) == paid_in_full


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("equity", ["40", "39.9", "0", "-5"])
def test_already_there_is_the_mark(side: Side, equity: str) -> None:
    """With a ratio of 1 and more, or no equity, the liquidation price is the mark itself."""
    mark = D(10_000)
    assert liquidation_price(side, D(1), mark, D(equity), Requirement.of(ONE_TIER)) == mark


def test_a_long_worth_nothing_at_zero_is_never_liquidated() -> None:
    """Paid in full to the cent: equity meets the requirement only at zero, which is no price."""
    assert liquidation_price(Side.LONG, D(2), D(100), D(200), Requirement.of(ONE_TIER)) is None
    assert liquidation_price(Side.LONG, D(2), D(100), D("199.99"), Requirement.of(ONE_TIER)) is not None


def test_the_fee_brings_it_nearer() -> None:
    """A closing fee is part of the requirement: L = (mark·q − equity) / (q·(1 − rate − fee))."""
    tiers = tiers_of([("0", "0.004", "0")])
    price = liquidation_price(Side.LONG, D(1), D(10_000), D(1000), Requirement.of(tiers, D("0.0005")))
    assert price is not None
    assert close_to(price, D(9000) / D("0.9955"), "1e-27")


def test_a_jump_is_the_answer_when_it_is_what_liquidates() -> None:
    """A short whose requirement jumps over its equity at an edge is liquidated at the edge."""
    jump = Requirement.of(tiers_of([("0", "0.01", "0"), ("12000", "0.5", "0")]))
    assert liquidation_price(Side.SHORT, D(1), D(10_000), D(5000), jump) == D(12_000)


def test_the_callers_precision_does_not_matter() -> None:
    """A caller with six digits gets the same price, and keeps its six digits."""
    requirement = Requirement.of(ONE_TIER)
    exact = liquidation_price(Side.LONG, D(3), D("31967.27"), D(12_345), requirement)
    with localcontext() as mine:
        mine.prec = 6
        assert liquidation_price(Side.LONG, D(3), D("31967.27"), D(12_345), requirement) == exact
        assert mine.prec == 6
        assert D(1) / 3 == D("0.333333")
