"""At our liquidation price Bybit's own rule reaches 1, and nowhere before; the rule is written out in `build`."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.venues.bybit.build import PRICES, Account, D, Made
from tests.venues.risk_only import AT, number
from watchdog.domain.position import Position
from watchdog.domain.reading import Known, Never
from watchdog.risk import Book
from watchdog.risk.exact import CONTEXT
from watchdog.venues.bybit.kind import KIND

MARKS = {"BTCUSDT": D(50_000), "ETHUSDT": D(3_000), "BTCPERP": D(50_010), "BTCUSD": D(49_990)}
STEPS = 40
FEW = settings(max_examples=25, deadline=None)
NEAR = D("1e-15")


def numbers(least: str, most: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    """Decimals with so many places."""
    return st.decimals(D(least), D(most), allow_nan=False, allow_infinity=False, places=places)


@st.composite
def made(draw: st.DrawFn, symbol: str, *, isolated: bool) -> Made:
    """A position of a symbol, of any tier."""
    mark = MARKS[symbol]
    worth = draw(numbers("1000", "9000000", 0))
    size = round(worth if symbol == "BTCUSD" else worth / mark, 3)
    return Made(
        symbol,
        draw(st.sampled_from([1, -1])),
        size,
        round(mark * draw(numbers("0.9", "1.1")), 2),
        mark,
        draw(st.sampled_from([D(1), D("2.5"), D(10), D(20), D(40)])),
        taker=draw(st.sampled_from([D("0.00055"), D("0.000649"), D("0.001")])),
        added=draw(st.sampled_from([D(0), D(1)])) * worth / 100 / (mark if symbol == "BTCUSD" else 1),
        isolated=isolated,
    )


@st.composite
def pools(draw: st.DrawFn) -> Account:
    """A cross account with one to three positions and more behind them than they require."""
    symbols = draw(st.lists(st.sampled_from(sorted(MARKS)), min_size=1, max_size=3, unique=True))
    held = [draw(made(symbol, isolated=False)) for symbol in symbols]
    if not held[0].inverse and draw(st.booleans()):
        other = draw(made(held[0].symbol, isolated=False))
        held[0].leg, held[0].sign, other.leg, other.sign = 1, 1, 2, -1
        held.append(other)
    coins = draw(st.sampled_from([D(0), D("0.5"), D(3)]))
    empty = Account(held, D(0), coins, draw(numbers("0", "50", 2)), draw(st.sampled_from([D(0), D(30)])))
    missing = empty.required(empty.marks()) - empty.equity(empty.marks())
    worth = sum((one.value(one.mark) * empty.price_of(one.coin, empty.marks()) for one in held), D(0))
    dollars = round((missing + worth * draw(numbers("0.002", "2"))) / PRICES["USDT"], 6)
    # With next to none of a coin its price can't be told: test_bybit_account has that.
    assume(abs(dollars + sum((one.profit(one.mark) for one in held if one.coin == "USDT"), D(0))) > 1)
    return Account(held, dollars, coins, empty.others, empty.haircut)


@FEW
@given(account=pools())
def test_a_cross_price_is_the_first_at_which_the_account_is_liquidated(account: Account) -> None:
    """Linear USDT and USDC and inverse, long, short and both, all other prices standing still, tiers walked."""
    book = Book.of(KIND.read(account.payloads(), AT), AT, {})
    assert len(book.positions) == len(account.held)
    with localcontext(CONTEXT):
        for risk in book.positions.values():
            [one] = [one for one in account.held if (one.symbol, one.sign) == _named(risk.position)]
            price = risk.liquidation_ours
            assert isinstance(price, Known | Never), price
            end = price.value if isinstance(price, Known) else one.mark * (D(100) if one.sign < 0 else D("0.01"))
            for step in range(1, STEPS):
                at = one.mark * (end / one.mark) ** (D(step) / STEPS)
                prices = account.marks() | {one.symbol: at}
                assert _behind(account, one, prices) > -NEAR * account.required(prices)
            if isinstance(price, Known):
                prices = account.marks() | {one.symbol: end}
                scale = account.required(prices) + one.value(end) * account.price_of(one.coin, prices)
                assert abs(_behind(account, one, prices)) < NEAR * scale


def _named(position: Position) -> tuple[str, int]:
    base, coin = position.symbol[:3], position.margin_asset
    symbol = {"BTC": "BTCUSD", "USDC": "BTCPERP"}.get(coin, f"{base}USDT")
    return symbol, position.side.sign


def _behind(account: Account, one: Made, prices: dict[str, Decimal]) -> Decimal:
    """Equity less requirement in USD; coins that back the account move with a contract on their own price."""
    moved = D(0)
    if one.symbol in {"BTCUSDT", "BTCPERP"} and account.coins:
        # The same coin under another contract: its worth goes with the price that is walked.
        worth = account.coins * D("0.95") * account.price_of("BTC", account.marks())
        moved = worth * (prices[one.symbol] / one.mark - 1)
    return account.equity(prices) + moved - account.required(prices)


@FEW
@given(account=pools())
def test_the_ratio_of_the_account_is_the_venues(account: Account) -> None:
    """Total maintenance over margin balance less haircut loss, both by the published formulas."""
    [pool] = Book.of(KIND.read(account.payloads(), AT), AT, {}).pools.values()
    with localcontext(CONTEXT):
        ratio = account.required(account.marks()) / account.equity(account.marks())
        assert abs(number(pool.ratio_ours) - ratio) < D("1e-12") * ratio
        assert abs(number(pool.ratio_venue) - ratio) < D("1e-12") * ratio
        assert abs(number(pool.margin_ratio) - ratio) < D("1e-12") * ratio


@FEW
@given(account=pools(), more=numbers("1", "100000", 2))
def test_more_behind_an_account_moves_every_price_away(account: Account, more: Decimal) -> None:
    """And none that is never comes back."""
    richer = Account(account.held, account.dollars + more, account.coins, account.others, account.haircut)
    near, far = (Book.of(KIND.read(one.payloads(), AT), AT, {}).positions for one in (account, richer))
    for key, risk in near.items():
        before, after = risk.liquidation_ours, far[key].liquidation_ours
        if isinstance(before, Never):
            assert isinstance(after, Never)
        elif isinstance(after, Known):
            assert (number(before) - after.value) * risk.position.side.sign > 0


@FEW
@given(account=pools())
def test_the_common_move_is_the_first_that_liquidates(account: Account) -> None:
    """All prices times one factor; coins that back the account too."""
    [pool] = Book.of(KIND.read(account.payloads(), AT), AT, {}).pools.values()
    with localcontext(CONTEXT):
        for move, sign in ((pool.shock_down, -1), (pool.shock_up, 1)):
            assert isinstance(move, Known | Never), move
            far = move.value if isinstance(move, Known) else (D("0.99") if sign < 0 else D(50))
            for step in range(1, STEPS + 1):
                factor = 1 + sign * far * step / STEPS
                prices = {symbol: mark * factor for symbol, mark in account.marks().items()}
                coins = account.coins * D("0.95") * account.bitcoin * (factor - 1)
                extra = D(0) if "BTCUSD" in prices else coins
                behind = account.equity(prices) + extra - account.required(prices)
                if step < STEPS:
                    assert behind > -NEAR * account.required(prices)
                elif isinstance(move, Known) and factor > 0:
                    assert abs(behind) < NEAR * (account.required(prices) + account.equity(account.marks()) * factor)


@FEW
@given(data=st.data(), symbol=st.sampled_from(sorted(MARKS)))
def test_an_isolated_price_is_the_first_at_which_its_margin_is_used_up(data: st.DataObject, symbol: str) -> None:
    """Maintenance by the mark, the closing fee and the margin by the entry (rule of 2025-09-02)."""
    one = data.draw(made(symbol, isolated=True).filter(lambda one: _room(one) > 0))
    [risk] = Book.of(KIND.read(Account([one], D(100_000), D(5)).payloads(), AT), AT, {}).positions.values()
    price = risk.liquidation_ours
    assert isinstance(price, Known | Never), price
    with localcontext(CONTEXT):
        ratio = one.required(one.mark) / (one.margin() + one.profit(one.mark))
        assert abs(number(risk.margin_ratio) - ratio) < NEAR * ratio
        end = price.value if isinstance(price, Known) else one.mark * (D(100) if one.sign < 0 else D("0.01"))
        for step in range(1, STEPS):
            at = one.mark * (end / one.mark) ** (D(step) / STEPS)
            assert one.margin() + one.profit(at) > one.required(at) * (1 - NEAR)
        if isinstance(price, Known):
            assert abs(one.margin() + one.profit(end) - one.required(end)) < NEAR * (
                one.value(end) + one.value(one.entry)
            )


def _room(one: Made) -> Decimal:
    return one.margin() + one.profit(one.mark) - one.required(one.mark)


@FEW
@given(data=st.data(), symbol=st.sampled_from(["BTCUSDT", "BTCUSD"]))
def test_within_one_tier_an_isolated_price_is_the_published_formula(data: st.DataObject, symbol: str) -> None:
    """Help centre, Liquidation Price Calculation under Isolated Mode, without added margin."""
    one = data.draw(made(symbol, isolated=True).filter(lambda one: _room(one) > 0 and one.leverage >= 10))
    one.added = D(0)
    if _room(one) <= 0 or one.value(one.entry) > (D(1) if one.inverse else D(1_000_000)):
        return
    [risk] = Book.of(KIND.read(Account([one], D(100_000), D(5)).payloads(), AT), AT, {}).positions.values()
    rate, sign, lev = D("0.005"), one.sign, one.leverage
    with localcontext(CONTEXT):
        if one.inverse:
            worth = one.size / one.entry
            published = one.size * (1 + sign * rate) / (worth + sign * worth / lev)
        else:
            published = one.entry * (1 - sign / lev) / (1 - sign * rate)
        assert abs(number(risk.liquidation_ours) - published) < NEAR * published


@FEW
@given(data=st.data(), more=numbers("0.01", "50", 2))
def test_margin_added_moves_an_isolated_price_away(data: st.DataObject, more: Decimal) -> None:
    """Whatever the side."""
    one = data.draw(made("ETHUSDT", isolated=True).filter(lambda one: _room(one) > 0))
    before = _price(one)
    one.added += more
    after = _price(one)
    if isinstance(before, Never):
        assert isinstance(after, Never)
    elif isinstance(after, Known):
        assert (number(before) - after.value) * one.sign > 0


def _price(one: Made) -> Known | Never:
    [risk] = Book.of(KIND.read(Account([one], D(1000)).payloads(), AT), AT, {}).positions.values()
    assert isinstance(risk.liquidation_ours, Known | Never)
    return risk.liquidation_ours
