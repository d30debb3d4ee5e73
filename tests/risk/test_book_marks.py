"""The book between snapshots: marks move it, cheaply, and to the same figures as a book made anew."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.risk.build import BTC, ETH, account, balance, close_to, faq_account, known, position
from tests.risk.strategies import accounts
from watchdog.domain.position import AccountRead, PositionKey, PositionSide, Side
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book

D = Decimal
BTC_KEY, ETH_KEY = PositionKey(BTC, PositionSide.BOTH), PositionKey(ETH, PositionSide.BOTH)
TICKS = st.lists(
    st.tuples(
        st.integers(0, 6).map(lambda number: f"S{number}/USDT:USDT"),
        st.decimals(D(0), D(2000), places=2),
        st.integers(90, 130).map(float),
    ),
    max_size=8,
)


@given(read=accounts(), ticks=TICKS)
def test_moved_is_the_same_as_made_anew(read: AccountRead, ticks: list[tuple[str, Decimal, float]]) -> None:
    """After any marks, late and zero ones too, every reading is that of a book made from the newest marks."""
    book = Book.of(read, 100.0, {})
    newest: dict[str, tuple[Decimal, float]] = {}
    for symbol, price, at in ticks:
        book = book.with_mark(symbol, price, at)
        if at >= newest.get(symbol, (price, at))[1]:
            newest[symbol] = (price, at)
    anew = Book.of(read, 100.0, newest)
    assert dict(book.positions.items()) == dict(anew.positions.items())
    assert dict(book.pools.items()) == dict(anew.pools.items())
    assert book == anew


@given(read=accounts(), ticks=TICKS)
def test_marks_together_are_the_same_as_one_by_one(read: AccountRead, ticks: list[tuple[str, Decimal, float]]) -> None:
    """A burst valued at once gives every figure that its marks give one after the other."""
    burst = {symbol: price for symbol, price, _ in ticks}
    book = one_by_one = Book.of(read, 100.0, {})
    for symbol, price in burst.items():
        one_by_one = one_by_one.with_mark(symbol, price, 101.0)
    assert book.with_marks(burst, 101.0) == one_by_one
    assert book.with_marks(burst, 99.0) is book


def test_what_shares_a_pool() -> None:
    """A symbol goes with those of its own pool; an isolated one, and one that is not held, with none."""
    held = [
        position(BTC),
        position(ETH),
        position("SOL/USDC:USDC", asset="USDC"),
        position("XRP/USDT:USDT", wallet="1000"),
    ]
    book = Book.of(account(held, [balance("2000"), balance("2000", "USDC")]), 0.0, {})
    waiting = [each.symbol for each in held] + ["DOT/USDT:USDT"]
    assert book.shared(BTC, waiting) == (ETH,)
    assert [book.shared(symbol, waiting) for symbol in waiting[2:]] == [(), (), ()]


def test_a_mark_touches_its_own_pool_only() -> None:
    """All that a mark does not move is the same object, not an equal one."""
    held = [
        position(BTC),
        position(ETH, size="1", entry="1000", mark="1000"),
        position("SOL/USDC:USDC", asset="USDC"),
        position("XRP/USDT:USDT", wallet="1000"),
        position("ADA/USDT:USDT", wallet="1000"),
    ]
    before = Book.of(account(held, [balance("2000"), balance("2000", "USDC")]), 0.0, {})
    after = before.with_mark(BTC, D(9900), 1.0)
    same = {key.symbol for key in before.positions if after.positions[key] is before.positions[key]}
    assert same == {"SOL/USDC:USDC", "XRP/USDT:USDT", "ADA/USDT:USDT"}
    assert after.pools["USDC"] is before.pools["USDC"]
    assert after.pools["USDT"] is not before.pools["USDT"]
    isolated = before.with_mark("XRP/USDT:USDT", D(9900), 1.0)
    assert [key.symbol for key in before.positions if isolated.positions[key] is not before.positions[key]] == [
        "XRP/USDT:USDT"
    ]
    assert all(isolated.pools[asset] is before.pools[asset] for asset in before.pools)


def test_a_book_is_never_changed() -> None:
    """A mark makes a new book; the old one still says what it said."""
    before = Book.of(account([position(wallet="1000")]), 0.0, {})
    after = before.with_mark(BTC, D(9500), 1.0)
    assert known(before.positions[BTC_KEY].mark) == 10_000
    assert known(after.positions[BTC_KEY].mark) == 9500


def test_older_and_foreign_marks_change_nothing() -> None:
    """A mark older than the read or than the newest one, and one of a symbol not held, give the same book."""
    book = Book.of(account([position(wallet="1000")]), 10.0, {BTC: (D(9000), 9.0)})
    assert known(book.positions[BTC_KEY].mark) == 10_000
    assert book.with_mark(BTC, D(9000), 9.9) is book
    assert book.with_mark(ETH, D(9000), 11.0) is book
    moved = book.with_mark(BTC, D(9500), 12.0)
    assert moved.with_mark(BTC, D(9400), 11.0) is moved


def test_a_reading_is_as_old_as_its_oldest_mark() -> None:
    """In a pool the slowest mark dates every figure; an isolated position has its own time."""
    held = [position(BTC), position(ETH, size="1", entry="1000", mark="1000"), position("XRP/USDT:USDT", wallet="1000")]
    book = Book.of(account(held, [balance("2000")]), 10.0, {BTC: (D(9900), 14.0), "XRP/USDT:USDT": (D(9900), 15.0)})
    ratio = book.pools["USDT"].margin_ratio
    assert isinstance(ratio, Known)
    assert ratio.at == 10.0
    ratio = book.with_mark(ETH, D(990), 12.0).pools["USDT"].margin_ratio
    assert isinstance(ratio, Known)
    assert ratio.at == 12.0
    ratio = book.positions[held[2].key].margin_ratio
    assert isinstance(ratio, Known)
    assert ratio.at == 15.0


def test_a_mark_of_zero_is_unknown_and_the_next_heals_it() -> None:
    """A streamed zero is no price: Unknown, not safe and not liquidated, until a good one comes."""
    book = Book.of(account([position(wallet="1000")]), 0.0, {}).with_mark(BTC, D(0), 1.0)
    assert book.positions[BTC_KEY].margin_ratio == Unknown(f"{BTC} mark price: 0 cannot be true")
    assert isinstance(book.positions[BTC_KEY].liquidation_distance, Unknown)
    healed = book.with_mark(BTC, D(9500), 2.0)
    assert known(healed.positions[BTC_KEY].margin_ratio) == D("0.076")


def test_a_streamed_mark_stands_in_for_a_missing_one() -> None:
    """A position read without a mark is known once a mark is streamed; the venue's price then counts unjudged."""
    book = Book.of(account([position(mark="0", wallet="1000", venue="9040")]), 0.0, {BTC: (D(9500), 1.0)})
    risk = book.positions[BTC_KEY]
    assert known(risk.margin_ratio) == D("0.076")
    assert known(risk.liquidation) == 9040
    assert isinstance(risk.gap, Unknown)


def test_between_snapshots_the_gap_toward_danger_is_kept() -> None:
    """The venue's BTC price 10 above ours: when ETH falls ours rises, and 10 above it is what counts."""
    alone = known(Book.of(faq_account(), 0.0, {}).positions[BTC_KEY].liquidation_ours)
    read = faq_account(btc_venue=str(round(alone + 10, 2)))
    book = Book.of(read, 0.0, {})
    first = book.positions[BTC_KEY]
    assert isinstance(first.liquidation, Known)
    assert first.liquidation.source == "venue"
    assert round(known(first.gap), 2) == 10
    later = book.with_mark(ETH, D(1300), 1.0).positions[BTC_KEY]
    assert known(later.liquidation_ours) > alone
    assert isinstance(later.liquidation, Known)
    assert later.liquidation.source == "ours, with the venue's gap"
    assert close_to(later.liquidation.value, known(later.liquidation_ours) + known(first.gap))
    assert later.gap == first.gap


def test_between_snapshots_a_gap_away_from_danger_is_dropped() -> None:
    """The venue's price 10 below ours: ours alone moves and counts, no comfort is taken from the venue."""
    alone = known(Book.of(faq_account(), 0.0, {}).positions[BTC_KEY].liquidation_ours)
    book = Book.of(faq_account(btc_venue=str(round(alone - 10, 2))), 0.0, {}).with_mark(ETH, D(1300), 1.0)
    risk = book.positions[BTC_KEY]
    assert isinstance(risk.liquidation, Known)
    assert risk.liquidation.source == "ours"
    assert risk.liquidation.value == known(risk.liquidation_ours)


def test_for_a_short_danger_is_up() -> None:
    """A short's venue price below ours is toward danger: it counts, and keeps its gap as ours moves."""
    held = [
        position(BTC, Side.SHORT, venue="10900"),
        position(ETH, Side.SHORT, size="1", entry="1000", mark="1000"),
    ]
    book = Book.of(account(held, [balance("1000")]), 0.0, {})
    first = book.positions[BTC_KEY]
    assert known(first.liquidation) == 10_900 < known(first.liquidation_ours)
    later = book.with_mark(ETH, D(1050), 1.0).positions[BTC_KEY]
    assert isinstance(later.liquidation, Known)
    assert later.liquidation.source == "ours, with the venue's gap"
    assert later.liquidation.value < 10_900


def test_a_mark_that_passes_the_venues_price_is_at_liquidation() -> None:
    """The venue's price was right when read; a mark beyond it later is liquidation, not a wrong venue."""
    book = Book.of(account([position(mark="9500", wallet="1000", venue="9100")]), 0.0, {})
    risk = book.with_mark(BTC, D(9090), 1.0).positions[BTC_KEY]
    assert known(risk.margin_ratio) < 1
    assert known(risk.liquidation) == 9100
    assert known(risk.liquidation_distance) == 0
    assert known(risk.room_used) > 1
