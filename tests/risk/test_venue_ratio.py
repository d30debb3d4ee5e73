"""What a venue says counts where it is nearer: its ratio in shocks and prices, its price in a pool of one symbol."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.risk.build import BTC, ETH, account, balance, close_to, known, market, position, stop
from watchdog.domain.position import Balance, PositionKey, PositionSide, Side
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book, PoolRisk, PositionRisk

D = Decimal
BTC_KEY = PositionKey(BTC, PositionSide.BOTH)


def said(ratio: str) -> Known:
    """A venue's margin ratio."""
    return Known(D(ratio), "share", "venue", 0.0)


def two(ratio: str | None, wallet: str = "60", *, more: bool = False) -> tuple[PositionRisk, PoolRisk]:
    """BTC and ETH, 100 of each at 0.4 % behind which `wallet` stands, and a stop 20 % below BTC's mark."""
    held = [position(symbol, entry="100", mark="100") for symbol in (BTC, ETH)]
    row = replace(balance(wallet), more=more)
    row = row if ratio is None else replace(row, venue_ratio=said(ratio))
    book = Book.of(account(held, [row], stops=[stop(trigger_price=D(80))]), 0.0, {})
    return book.positions[BTC_KEY], book.pools["USDT"]


def test_a_ratio_of_the_venue_above_ours_shortens_the_shock() -> None:
    """At 97 % of 60 the venue requires 58.2, not 0.8: a fall of x leaves 60 − 200x over 58.2 − 0.8x: 0.9 %."""
    risk, pool = two("0.97")
    assert close_to(known(pool.shock_down), D("1.8") / D("199.2"))
    assert pool.shock_distance == pool.shock_down
    assert known(risk.liquidation_distance) == known(pool.shock_down)
    assert "venue's gap" in getattr(pool.shock_down, "source", "")
    assert risk.stop_coverage == Known(D(0), "share", "resting stops", 0.0)
    assert [one.words for one in risk.stops] == ["beyond liquidation: it comes too late"]


def test_our_own_price_and_maintenance_stay_our_formulas() -> None:
    """The disagreement alert compares them with the venue's: only `liquidation` and what follows it takes its side."""
    (plain, its), (risk, pool) = two(None), two("0.97")
    assert risk.liquidation_ours == plain.liquidation_ours
    assert (pool.maintenance, pool.ratio_ours) == (its.maintenance, its.ratio_ours)
    assert known(risk.liquidation) > known(plain.liquidation)
    assert close_to(pool.raised, D("57.4"))


@pytest.mark.parametrize("ratio", [None, "0.01", "0.013334"])
def test_a_ratio_that_is_not_above_ours_changes_nothing(ratio: str | None) -> None:
    """Below ours, or the same rounded: ours holds, to the last digit."""
    (plain, its), (risk, pool) = two(None), two(ratio)
    assert (pool.shock_down, pool.shock_up, pool.raised) == (its.shock_down, its.shock_up, D(0))
    assert risk.liquidation_near == plain.liquidation_near


@pytest.mark.parametrize("ratio", ["1", "1.4", "Infinity"])
def test_liquidation_by_the_venues_ratio_is_here(ratio: str) -> None:
    """At 100 % and more, or without equity by the venue's own count, no move is left."""
    risk, pool = two(ratio)
    assert known(pool.shock_distance) == 0
    assert known(risk.liquidation_distance) == 0
    assert known(pool.margin_ratio) == D(ratio)


def test_an_isolated_position_takes_the_venues_ratio_too() -> None:
    """Required 95 of 100 where ours is 4: 5 of equity less 0.4 % of the fall are left; no price is published."""
    held = replace(position(entry="1000", mark="1000", wallet="100"), venue_ratio=said("0.95"))
    risk = Book.of(account([held]), 0.0, {}).positions[BTC_KEY]
    assert close_to(known(risk.liquidation), 1000 - 5 / D("0.996"))
    assert risk.liquidation_near == risk.liquidation
    assert known(risk.liquidation_ours) < 910


def test_the_gap_stays_as_prices_move() -> None:
    """A mark that moves on after the read is judged with the venue's requirement still."""
    held = [position(symbol, entry="100", mark="100") for symbol in (BTC, ETH)]
    read = account(held, [replace(balance("60"), venue_ratio=said("0.97"))])
    moved = Book.of(read, 0.0, {}).with_mark(BTC, D("98.5"), 1.0)
    assert known(moved.pools["USDT"].shock_down) < D("0.0016")
    assert moved.pools["USDT"] == Book.of(read, 0.0, {BTC: (D("98.5"), 1.0)}).pools["USDT"]


# -- the venue's price of a pool's one symbol -------------------------------------------------------------------------


def alone(venue: str, wallet: str = "60", side: Side = Side.LONG) -> PoolRisk:
    """A pool with one position at 100."""
    held = position(side=side, entry="100", mark="100", venue=venue)
    return Book.of(account([held], [balance(wallet)]), 0.0, {}).pools["USDT"]


def test_a_pool_of_one_symbol_is_liquidated_no_later_than_its_price() -> None:
    """The only price that moves is this one: the venue's price bounds the move that hurts, and that one alone."""
    assert known(alone("97").shock_down) == D("0.03")
    assert known(alone("103", side=Side.SHORT).shock_up) == D("0.03")
    assert alone("97").shock_up == alone("20").shock_up
    assert known(alone("20").shock_down) < D("0.6")
    assert known(alone("97", wallet="200").shock_distance) == D("0.03")


def test_a_price_of_one_of_two_symbols_bounds_no_common_move() -> None:
    """All other prices stand still for it: what a common move does is ours to say."""
    held = [position(BTC, entry="100", mark="100", venue="97"), position(ETH, entry="100", mark="100")]
    assert known(Book.of(account(held, [balance("60")]), 0.0, {}).pools["USDT"].shock_down) > D("0.29")


def test_a_pool_of_one_symbol_without_tiers_has_the_venues_move() -> None:
    """Ours is Unknown, the venue's price is not: the reading says whose it is."""
    held = position(entry="100", mark="100", venue="97")
    pool = Book.of(account([held], [balance("60")], markets=[market(BTC, ())]), 0.0, {}).pools["USDT"]
    assert known(pool.shock_down) == D("0.03")
    assert getattr(pool.shock_down, "source", "").startswith("venue alone; ours is unknown: ")


# -- a pool of which less is known ------------------------------------------------------------------------------------


def unreckoned(*symbols: str, stops: bool = False, more: bool = False) -> PositionRisk:
    """BTC, 0.3 % from the venue's price, in a pool that we can't reckon."""
    held = [position(one, entry="100", mark="100", venue="99.7") for one in symbols]
    row = Balance("USDT", Unknown("not told"), D(0), Unknown("not told"), more=more)
    resting = [stop(trigger_price=D("99.9"))] if stops else []
    return Book.of(account(held, [row], stops=resting), 0.0, {}).positions[BTC_KEY]


def test_a_price_nearby_is_not_lost_with_its_pool() -> None:
    """Liquidation lies there or nearer: "below" is answered, and that nothing protects. No stop is placed on it."""
    risk = unreckoned(BTC, ETH)
    assert risk.liquidation_near == Known(D("99.7"), "price", "venue alone; the pool may go first", 0.0)
    assert known(risk.liquidation_distance) == D("0.003")
    assert known(risk.stop_coverage) == 0
    assert risk.pool_first == Unknown("not told")


def test_a_stop_does_not_count_where_the_pool_may_go_first() -> None:
    """It may come too late: its share is Unknown, not all of it."""
    assert unreckoned(BTC, ETH, stops=True).stop_coverage == Unknown("not told")
    assert known(unreckoned(BTC, stops=True).stop_coverage) == 1
    assert unreckoned(BTC).pool_first is None


def test_one_position_with_something_else_in_its_pool_is_not_alone() -> None:
    """What is no position here may liquidate it first: the source says so, and a stop is not counted."""
    risk = unreckoned(BTC, stops=True, more=True)
    assert risk.liquidation_near == Known(
        D("99.7"), "price", "venue alone; the pool may go first; there is more in this pool", 0.0
    )
    assert isinstance(risk.stop_coverage, Unknown)


def test_a_reckoned_pool_with_more_in_it_says_so() -> None:
    """The figures stand, as good as what is listed; the source tells what they leave out."""
    risk, pool = two(None, more=True)
    assert pool.more
    assert getattr(risk.liquidation_near, "source", "").endswith("; there is more in this pool")
    assert known(risk.stop_coverage) == 1
