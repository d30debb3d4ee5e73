"""The book: the readings of positions and pools of one read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.build import BTC, ETH, NOT_GIVEN, account, balance, close_to, faq_account, known, position, stop
from tests.risk.strategies import decimals
from watchdog.domain.position import OrderSide, PositionKey, PositionSide, Side
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book, PositionRisk
from watchdog.risk.valuation import room_used

D = Decimal
BTC_KEY, ETH_KEY = PositionKey(BTC, PositionSide.BOTH), PositionKey(ETH, PositionSide.BOTH)


def risk_of(book: Book, key: PositionKey = BTC_KEY) -> PositionRisk:
    """A position's risk."""
    return book.positions[key]


def test_an_isolated_position() -> None:
    """Every reading of a 10x isolated long, 5 % down, by hand."""
    held = position(size="1", entry="10000", mark="9500", wallet="1000")
    risk = risk_of(Book.of(account([held], stops=[stop(trigger_price=D(9200))]), 7.0, {}))
    price = known(risk.liquidation_ours)
    assert round(price, 4) == D("9036.1446")  # 9000 / 0.996
    assert risk.pool is None
    assert risk.mark == Known(D(9500), "price", "snapshot", 7.0)
    assert known(risk.notional) == 9500
    assert known(risk.unrealised) == -500
    assert known(risk.maintenance) == 38
    assert known(risk.margin_ratio) == D("0.076")
    assert known(risk.liquidation_distance) == pytest.approx((9500 - price) / 9500, rel=D("1e-20"))
    assert known(risk.room_used) == pytest.approx(500 / (10_000 - price), rel=D("1e-20"))
    assert known(risk.effective_leverage) == 19
    assert known(risk.stop_coverage) == 1
    assert risk.liquidation_near == risk.liquidation == risk.pool_liquidation


def test_a_short_mirrors_it() -> None:
    """A short loses room as mark rises."""
    held = position(side=Side.SHORT, size="1", entry="10000", mark="10500", wallet="1000")
    risk = risk_of(Book.of(account([held]), 0.0, {}))
    price = known(risk.liquidation)
    assert round(price, 4) == D("10956.1753")  # 11000 / 1.004
    assert known(risk.liquidation_distance) == pytest.approx((price - 10_500) / 10_500, rel=D("1e-20"))
    assert known(risk.room_used) == pytest.approx(500 / (price - 10_000), rel=D("1e-20"))


def test_a_pool() -> None:
    """A pool's readings are of its wallet and all its positions, whatever other pools hold."""
    held = [
        position(BTC, size="1", entry="10000", mark="9500"),
        position(ETH, Side.SHORT, size="2", entry="1000", mark="1100"),
        position("SOL/USDC:USDC", size="1", entry="100", mark="100", asset="USDC"),
        position("XRP/USDT:USDT", size="1", entry="100", mark="60", wallet="50"),
    ]
    book = Book.of(account(held, [balance("2000"), balance("70", "USDC")]), 3.0, {})
    pool = book.pools["USDT"]
    assert set(book.pools) == {"USDT", "USDC"}
    assert pool.positions == (BTC_KEY, ETH_KEY)
    assert known(pool.wallet) == 2000
    assert known(pool.unrealised) == -700
    assert known(pool.equity) == 1300
    assert known(pool.maintenance) == D("46.8")
    assert close_to(known(pool.margin_ratio), D("46.8") / 1300)
    assert known(pool.room_used) == pytest.approx(700 / D("1953.2"), rel=D("1e-20"))
    assert known(pool.effective_leverage) == 9
    assert pool.shock_direction == "down"
    # 1300 + 7300·s = 46.8·(1 + s)
    assert known(pool.shock_distance) == pytest.approx(D("1253.2") / D("7253.2"), rel=D("1e-20"))
    assert isinstance(pool.shock_up, Never)
    assert risk_of(book).margin_ratio == pool.margin_ratio
    assert close_to(known(risk_of(book).effective_leverage), D(9500) / 1300)


def test_only_the_move_toward_its_own_danger_counts() -> None:
    """A fall liquidates this pool: the long's stops must stand before it, the short's need not."""
    held = [position(BTC, size="1"), position(ETH, Side.SHORT, size="2", entry="1000", mark="1000")]
    book = Book.of(account(held, [balance("1500")]), 0.0, {})
    long, short = risk_of(book), risk_of(book, ETH_KEY)
    move = known(book.pools["USDT"].shock_distance)
    assert known(long.pool_liquidation) == pytest.approx(10_000 * (1 - move), rel=D("1e-20"))
    # The pool's own price of a hedged long lies beyond its price alone: alone, the short does not gain.
    assert known(long.liquidation_near) == known(long.liquidation) > known(long.pool_liquidation)
    assert isinstance(short.pool_liquidation, Never)
    assert short.liquidation_near == short.liquidation


@pytest.mark.parametrize(("wallet", "side"), [("40", "down"), ("10", "down"), ("-3", "down")])
def test_a_pool_at_liquidation(wallet: str, side: str) -> None:
    """At a ratio of 1 and more: no distance, no move, liquidation is the mark; without equity the ratio is infinite."""
    book = Book.of(account([position()], [balance(wallet)]), 0.0, {})
    pool, risk = book.pools["USDT"], risk_of(book)
    assert known(pool.margin_ratio) == (40 / D(wallet) if D(wallet) > 0 else D("Infinity"))  # 1, 4, ∞
    assert known(pool.shock_distance) == 0
    assert pool.shock_direction == side
    assert known(risk.liquidation_ours) == 10_000
    assert known(risk.liquidation_distance) == 0
    assert known(risk.room_used) >= 1
    assert known(risk.stop_coverage) == 0
    assert (known(risk.effective_leverage) == D("Infinity")) == (D(wallet) <= 0)


def test_a_dead_pool_of_shorts_dies_upward() -> None:
    """At liquidation both moves are 0: the direction told is the one that hurts."""
    book = Book.of(account([position(side=Side.SHORT)], [balance("10")]), 0.0, {})
    assert book.pools["USDT"].shock_direction == "up"


@pytest.mark.parametrize(
    ("venue", "expected", "source"),
    [
        ("9040", "9040", "venue"),  # nearer than ours, 9036.14
        ("9030", "9036.1446", "ours"),  # farther: ours counts, the gap is away from danger
    ],
)
def test_the_nearer_of_the_venues_and_ours_counts(venue: str, expected: str, source: str) -> None:
    """Law 4: the nearer to mark counts and says whose it is; the gap is the venue's less ours."""
    risk = risk_of(Book.of(account([position(mark="9500", wallet="1000", venue=venue)]), 0.0, {}))
    assert isinstance(risk.liquidation, Known)
    assert round(risk.liquidation.value, 4) == D(expected)
    assert risk.liquidation.source == source
    assert close_to(known(risk.gap), known(risk.liquidation_venue) - known(risk.liquidation_ours))


@given(wallet=decimals("9000000", "90000000", 0))
def test_at_the_snapshot_the_venues_own_number_is_shown(wallet: Decimal) -> None:
    """Ours moved by the gap is the venue's number again: the venue's is told, not ours with 50 digits of rounding."""
    short = position(side=Side.SHORT, wallet=wallet, venue="10500")
    liquidation = risk_of(Book.of(account([short]), 0.0, {})).liquidation
    assert isinstance(liquidation, Known)
    assert (liquidation.value, liquidation.source) == (D(10_500), "venue")


def test_the_venue_alone_and_ours_alone() -> None:
    """With one of the two missing the other counts, and the source says what is missing."""
    venue_alone = risk_of(Book.of(account([position(wallet="1000", venue="9040")], markets=[]), 0.0, {}))
    assert isinstance(venue_alone.liquidation, Known)
    assert venue_alone.liquidation.value == 9040
    assert venue_alone.liquidation.source == f"venue alone; ours is unknown: {BTC} tiers: its market was not read"
    ours_alone = risk_of(Book.of(account([position(wallet="1000")]), 0.0, {}))
    assert isinstance(ours_alone.liquidation, Known)
    assert ours_alone.liquidation.source == "ours alone; the venue's is unknown: not given"
    assert isinstance(ours_alone.gap, Unknown)


def test_never_only_when_the_venue_gives_none() -> None:
    """Ours Never: the venue's price still counts if it gives one; if not, it is Never all through."""
    paid = risk_of(Book.of(account([position(wallet="10000")]), 0.0, {}))
    for reading in (paid.liquidation, paid.liquidation_distance, paid.room_used, paid.stop_coverage):
        assert isinstance(reading, Never)
    told = risk_of(Book.of(account([position(wallet="10000", venue="12")]), 0.0, {}))
    assert isinstance(told.liquidation_ours, Never)
    assert isinstance(told.liquidation, Known)
    assert told.liquidation.value == 12
    assert "no price liquidates it" in told.liquidation.source
    assert isinstance(told.gap, Unknown)


def test_a_venue_price_on_the_wrong_side_is_not_used() -> None:
    """A long's price above mark at a ratio below 1 cannot be true: Unknown with the reason, ours counts."""
    risk = risk_of(Book.of(account([position(wallet="1000", venue="10000")]), 0.0, {}))
    assert risk.liquidation_venue == Unknown(f"{BTC} venue liquidation price: 10000 is on the wrong side of mark")
    assert round(known(risk.liquidation), 2) == D("9036.14")
    short = position(side=Side.SHORT, wallet="1000", venue="9999")
    assert isinstance(risk_of(Book.of(account([short]), 0.0, {})).liquidation_venue, Unknown)


def test_a_venue_price_past_mark_counts_at_liquidation_or_without_a_ratio() -> None:
    """At a ratio of 1 the venue's price past mark can be true; with no ratio to hold it against it counts as danger."""
    dying = risk_of(Book.of(account([position(wallet="30", venue="10050")]), 0.0, {}))
    assert known(dying.liquidation) == 10_050
    assert known(dying.liquidation_distance) == 0
    blind = risk_of(Book.of(account([position(wallet="1000", venue="10050")], markets=[]), 0.0, {}))
    assert known(blind.liquidation_distance) == 0


def test_stops_are_judged_against_the_pools_liquidation() -> None:
    """In the FAQ account a stop 10 % down is before BTC's own price and beyond the pool's: it covers nothing."""
    read = faq_account()
    resting = [
        stop(size=D("109.488"), trigger_price=D(28_770)),
        stop(symbol=ETH, size=D("3683.979"), trigger_price=D(1250)),
    ]
    book = Book.of(account(read.positions, read.balances, markets=read.markets, stops=resting), 0.0, {})
    assert known(risk_of(book).liquidation_ours) < 28_770
    assert known(risk_of(book).stop_coverage) == 0
    assert "beyond liquidation" in risk_of(book).stops[0].words
    assert known(risk_of(book, ETH_KEY).stop_coverage) == 1


def test_a_short_pool_is_covered_by_buys() -> None:
    """A lone cross short: pool and own price are one, and a buy stop before it covers."""
    held = position(side=Side.SHORT)
    resting = [stop(order_side=OrderSide.BUY, trigger_price=D(10_500))]
    risk = risk_of(Book.of(account([held], [balance("1000")], stops=resting), 0.0, {}))
    assert known(risk.pool_liquidation) == pytest.approx(known(risk.liquidation_ours), rel=D("1e-20"))
    assert known(risk.stop_coverage) == 1


@given(wallet=decimals("500", "9000", 2), mark=decimals("9600", "10400", 2), side=st.sampled_from(Side))
def test_alone_in_a_pool_the_own_price_is_told(wallet: Decimal, mark: Decimal, side: Side) -> None:
    """For a lone cross position both prices are one: which of them is told does not hang on their last digits."""
    risk = risk_of(Book.of(account([position(side=side, mark=mark)], [balance(wallet)]), 0.0, {}))
    assert close_to(known(risk.pool_liquidation), known(risk.liquidation))
    assert risk.liquidation_near == risk.liquidation


def test_the_venues_maintenance_is_kept_beside_ours() -> None:
    """The venue's own sum stays on the pool, for whoever compares."""
    book = Book.of(account([position()], [balance("1000")]), 0.0, {})
    assert book.pools["USDT"].venue_maintenance == NOT_GIVEN


def test_room_when_only_profit_keeps_it_alive() -> None:
    """Liquidation on the profit side of entry: 1 there, less the farther off, never a small or negative number near it.

    A wallet of 0, 1 BTC from 10,000 at 20,000: liquidated at 10,040.16, of which 40.16 of the 10,000 won are needed.
    """
    held = position(entry="10000", mark="20000")
    book = Book.of(account([held], [balance("0")]), 0.0, {})
    assert round(known(risk_of(book).room_used), 6) == D("0.004016")
    assert known(book.pools["USDT"].room_used) == D("0.008")
    near = book.with_mark(BTC, known(risk_of(book).liquidation), 1.0)
    assert known(risk_of(near).room_used) == pytest.approx(D(1), rel=D("1e-20"))
    assert known(near.pools["USDT"].room_used) == pytest.approx(D(1), rel=D("1e-20"))


@given(loss=decimals("-1000", "1000"), room=decimals("-1000", "1000"))
def test_room_reaches_one_exactly_at_liquidation(loss: Decimal, room: Decimal) -> None:
    """Whatever the signs, the share is 1 or more exactly when the loss has used the room."""
    assert (room_used(loss, room) >= 1) == (loss >= room)


@given(mark=decimals("9100", "20000", 2), more=st.sampled_from(["0.01", "1", "100"]))
def test_a_lower_mark_uses_more_room(mark: Decimal, more: str) -> None:
    """For a long, room used rises and distance falls as mark falls."""
    book = Book.of(account([position(wallet="1000")]), 0.0, {})
    high, low = (risk_of(book.with_mark(BTC, price, 1.0)) for price in (mark + D(more), mark))
    assert known(low.room_used) > known(high.room_used)
    assert known(low.liquidation_distance) < known(high.liquidation_distance)
