"""Maintenance tiers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given

from tests.risk.build import BTC_2021, tiers_of
from tests.risk.strategies import decimals, smooth_tables, tables
from watchdog.domain.market import Tier
from watchdog.risk import Requirement, maintenance, tier_at, why_unusable

D = Decimal


@given(tiers=smooth_tables)
def test_maintenance_is_continuous_at_every_edge(tiers: tuple[Tier, ...]) -> None:
    """With `cum` the requirement of an edge is the same from both sides."""
    for lower, upper in pairwise(tiers):
        assert upper.floor * lower.rate - lower.cum == maintenance(tiers, upper.floor)
    assert why_unusable(tiers) is None


@given(tiers=tables, notional=decimals("0", "2000000", 2), fee=decimals("0", "0.01"))
def test_the_solvers_form_is_the_same_requirement(tiers: tuple[Tier, ...], notional: Decimal, fee: Decimal) -> None:
    """The lines the solver walks give what the tiers and the fee require, at any notional."""
    assert Requirement.of(tiers, fee).at(notional) == maintenance(tiers, notional) + fee * notional


def test_an_edge_belongs_to_the_upper_tier() -> None:
    """At a floor the upper tier holds, just below it the lower one, and beyond the last cap the last."""
    assert tier_at(BTC_2021, D(250_000)) is BTC_2021[2]
    assert tier_at(BTC_2021, D("249999.99")) is BTC_2021[1]
    assert tier_at(BTC_2021, D(10) ** 12) is BTC_2021[-1]


def test_maintenance_never_falls_below_zero() -> None:
    """A `cum` larger than the requirement gives 0, for the solver too."""
    tiers = tiers_of([("0", "0.1", "100"), ("5000", "0.2", "600")])
    assert maintenance(tiers, D(500)) == 0
    assert [Requirement.of(tiers).at(D(notional)) for notional in (500, 2000, 6000)] == [0, 100, 600]


def test_an_empty_table_requires_nothing_it_can_say() -> None:
    """Without tiers there is no figure: an error, not a zero."""
    with pytest.raises(ValueError, match="no tiers"):
        maintenance((), D(1))
    with pytest.raises(ValueError, match="no tiers"):
        Requirement.of(())


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("100", "0.004", "0")], "tier 1 starts at 100, not at 0"),
        ([("0", "0.004", "0"), ("0", "0.005", "0")], "tier 1: its cap 0 is not above its floor 0"),
        ([("0", "0.004", "0"), ("100", "0.003", "0")], "tier 2: its rate 0.003 is below the one before, 0.004"),
        ([("0", "0", "0")], "tier 1: the rate 0 is not between 0 and 1"),
        ([("0", "1", "0")], "tier 1: the rate 1 is not between 0 and 1"),
        ([("0", "NaN", "0")], "tier 1: a figure is not a number"),
        ([("0", "0.004", "10"), ("100", "0.005", "10.1")], "tier 1 has cum 10, which should be 0"),
        ([("0", "0.004", "-1"), ("100", "0.005", "0.1")], "tier 1 has cum -1, which should be 0"),
        (
            [("0", "0.01", "0"), ("1000", "0.02", "15")],
            "tier 2: the requirement falls from 10.00 to 5.00 at its floor 1000",
        ),
    ],
)
def test_an_unusable_table_says_why(rows: list[tuple[str, str, str]], reason: str) -> None:
    """Each thing that can be wrong with a table is named; so is having none."""
    assert why_unusable(()) == "there are no tiers"
    assert why_unusable(tiers_of(rows)) == reason


def test_a_hole_in_a_table_is_found() -> None:
    """A tier that does not start where the one before ends makes the table unusable, as does a last one before."""
    hole = (replace(BTC_2021[0], cap=D(40_000)), *BTC_2021[1:])
    assert why_unusable(hole) == "tier 2: its floor 50000 is not where the tier before ends, 40000"
    assert (
        why_unusable((BTC_2021[0], BTC_2021[2])) == "tier 2: its floor 250000 is not where the tier before ends, 50000"
    )
    falling = (replace(BTC_2021[0], cap=D(100_000)), replace(BTC_2021[1], floor=D(0)))
    assert why_unusable(falling) == "tier 2: its floor 0 is not above the one before, 0"


def test_cents_of_rounding_and_jumps_up_are_usable() -> None:
    """A venue's rounded `cum` and a table without any are both usable."""
    assert why_unusable(tiers_of([("0", "0.004", "0"), ("50000", "0.005", "50.01")])) is None
    assert why_unusable(tiers_of([("0", "0.004", "0"), ("50000", "0.005", "0")])) is None
