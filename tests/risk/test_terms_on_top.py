"""What a venue requires whatever the price, and what nobody but the venue can reckon."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.risk.build import account, balance, close_to, position
from watchdog.domain.position import AccountRead, Terms
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book

D = Decimal


def read(terms: Terms, wallet: str | None = "1000") -> AccountRead:
    """One position of 1 at 10,000 under these terms: isolated with a wallet, else with 1,000 in its pool."""
    held = replace(position(wallet=wallet), terms=terms)
    return account([held], [] if wallet else [balance("1000")])


def test_a_fixed_amount_is_required_at_every_price() -> None:
    """1,000 + L − 10,000 = 0.004 · L + 50."""
    [risk] = Book.of(read(Terms(fixed=D(50))), 0.0, {}).positions.values()
    assert isinstance(risk.liquidation_ours, Known)
    assert close_to(risk.liquidation_ours.value, D(9050) / (1 - D("0.004")))
    assert isinstance(risk.margin_ratio, Known)
    assert risk.margin_ratio.value == D(90) / 1000


def test_a_fixed_amount_comes_on_top_of_a_fee() -> None:
    """Both, in a pool too: 0.004 and 0.001 of the notional, and 50."""
    [pool] = Book.of(read(Terms(fee=D("0.001"), fixed=D(50)), None), 0.0, {}).pools.values()
    assert isinstance(pool.maintenance, Known)
    assert pool.maintenance.value == D(100)


def test_what_can_not_be_reckoned_leaves_the_venues_figures() -> None:
    """Ours are unknown and say why; the venue's ratio stands alone."""
    theirs = Known(D("0.3"), "share", "venue", 0.0)
    whole = read(Terms(unreckoned="stress tests"), None)
    whole = replace(whole, balances=(replace(whole.balances[0], venue_ratio=theirs),))
    book = Book.of(whole, 0.0, {})
    [pool], [risk] = book.pools.values(), book.positions.values()
    assert isinstance(pool.margin_ratio, Known)
    assert pool.margin_ratio.value == D("0.3")
    for reading in (pool.maintenance, pool.shock_distance, risk.liquidation_ours):
        assert isinstance(reading, Unknown)
        assert "stress tests" in reading.reason
