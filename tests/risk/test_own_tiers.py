"""A position whose venue reckons its tier by something else than the notional, and orders of a margin mode."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.risk.build import account, known, market, position, stop, tiers_of
from watchdog.domain.position import MarginMode, Terms
from watchdog.domain.reading import Unknown
from watchdog.risk import Book

D = Decimal
JUMPS = tiers_of([("0", "0.004", "0"), ("9500", "0.1", "0")])


def test_its_own_table_goes_before_the_markets() -> None:
    """The market's would require ten times as much; another position of the symbol keeps to it."""
    plain = position(wallet="1000")
    own = replace(plain, terms=Terms(tiers=tiers_of([("0", "0.01", "0")])))
    figures = [
        known(Book.of(account([one], markets=[market(one.symbol, JUMPS)]), 0.0, {}).positions[one.key].maintenance)
        for one in (plain, own)
    ]
    assert figures == [1000, 100]


def test_no_table_of_its_own_is_unknown() -> None:
    """The market's is not taken instead."""
    one = replace(position(wallet="1000"), terms=Terms(tiers=()))
    assert isinstance(Book.of(account([one]), 0.0, {}).positions[one.key].margin_ratio, Unknown)


@pytest.mark.parametrize(("mode", "share"), [(None, 1), (MarginMode.ISOLATED, 1), (MarginMode.CROSS, 0)])
def test_an_order_of_the_other_margin_mode_covers_nothing(mode: MarginMode | None, share: int) -> None:
    """It works on another position of the same symbol."""
    one = position(wallet="1000")
    risk = Book.of(account([one], stops=[stop(margin_mode=mode)]), 0.0, {}).positions[one.key]
    assert known(risk.stop_coverage) == share
