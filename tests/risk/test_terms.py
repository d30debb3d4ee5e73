"""Every kind of contract, pool and term against plain arithmetic: the first price, and the first common move."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.build import NOT_GIVEN, ONE_WAY, account, balance, close_to, market, position, tiers_of
from tests.risk.strategies import SIDES, decimals, smooth_tables, tables
from watchdog.domain.market import Tier
from watchdog.domain.position import AccountRead, Balance, Contract, Position, PositionKey, PositionSide, Side, Terms
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book, Requirement, inverse_liquidation_price, maintenance
from watchdog.risk.exact import CONTEXT, ONE, ZERO

D = Decimal
HEDGE = replace(ONE_WAY, hedge=True)
SPREAD = 40
"""Points looked at on the way."""


def money(read: AccountRead, pool: str, prices: dict[str, Decimal]) -> tuple[Decimal, Decimal]:
    """What a pool's equity is at some prices, and what is required of it: written out, position by position."""
    [held] = [one for one in read.balances if one.asset == pool]
    markets = {one.symbol: one for one in read.markets}
    marks = {markets[one.symbol].base: (prices[one.symbol], one.mark) for one in read.positions}
    assert isinstance(held.wallet, Decimal)
    equity, required = held.wallet, held.others
    for coin, worth in held.collateral.items():
        now, then = marks[coin]
        equity += worth * (now / then - 1)
    for one in read.positions:
        if one.pool != pool:
            continue
        price, terms, tiers = prices[one.symbol], one.terms, markets[one.symbol].tiers
        in_coin = terms.contract is Contract.INVERSE
        sign = 1 if one.side is Side.LONG else -1
        if in_coin:
            notional, entered = one.size / price, one.size / one.entry
            profit = sign * (entered - notional)
            rate = price if held.unit != one.margin_asset else ONE
        else:
            notional, entered = one.size * price, one.size * one.entry
            profit = sign * (notional - entered)
            rate = terms.rate
        based_on = entered if terms.at_entry else notional
        equity += profit * rate
        required += (maintenance(tiers, based_on) + terms.fee * based_on) * rate
    return equity, required


def over(read: AccountRead, pool: str, prices: dict[str, Decimal]) -> Decimal:
    """Requirement less equity."""
    equity, required = money(read, pool, prices)
    return required - equity


def marks_of(read: AccountRead) -> dict[str, Decimal]:
    """As they were read."""
    return {one.symbol: one.mark for one in read.positions}


FEES = st.sampled_from([D(0), D("0.0005"), D("0.00075")])


@st.composite
def coin_pools(draw: st.DrawFn, of: st.SearchStrategy[tuple[Tier, ...]] = tables) -> AccountRead:
    """Inverse contracts of one coin behind which that coin stands; sometimes both legs of a hedge."""
    mark = draw(decimals("100", "2000", 0))
    hedge = draw(st.booleans())
    sides = [Side.LONG, Side.SHORT] if hedge else [draw(SIDES)]
    fee = draw(FEES)
    held = [
        replace(
            position(
                "BTC/USD:BTC", side, size=draw(decimals("100", "90000", 0)),
                entry=mark * draw(decimals("0.8", "1.2", 2)), mark=mark, asset="BTC",
                position_side=PositionSide(side.value) if hedge else PositionSide.BOTH,
            ),
            terms=Terms(Contract.INVERSE, fee),
        )
        for side in sides
    ]  # fmt: skip
    table = tuple(replace(tier, floor=tier.floor / 1000, cap=tier.cap and tier.cap / 1000, cum=tier.cum / 1000)
                  for tier in draw(of))  # fmt: skip
    return _behind(draw, held, {"BTC/USD:BTC": table}, "BTC", "", hedge=hedge)


@st.composite
def quoted_pools(draw: st.DrawFn, of: st.SearchStrategy[tuple[Tier, ...]] = tables) -> AccountRead:
    """One account in USD: linear contracts in other money, an inverse one, coins that stand behind them."""
    held, listed = [], {}
    for base in draw(st.lists(st.sampled_from(["BTC", "ETH", "SOL"]), min_size=1, max_size=3, unique=True)):
        mark, side = draw(decimals("100", "3000", 0)), draw(SIDES)
        inverse = base == "BTC" and draw(st.booleans())
        symbol = f"{base}/USD:{base}" if inverse else f"{base}/USDC:USDC"
        size = draw(decimals("100", "90000", 0)) if inverse else draw(decimals("0.5", "100", 1))
        table = draw(of)
        if inverse:
            table = tuple(replace(tier, floor=tier.floor / 1000, cap=tier.cap and tier.cap / 1000, cum=tier.cum / 1000)
                          for tier in table)  # fmt: skip
        held.append(
            replace(
                position(symbol, side, size=size, entry=mark * draw(decimals("0.8", "1.2", 2)), mark=mark,
                         asset=base if inverse else "USDC"),
                terms=Terms(
                    Contract.INVERSE if inverse else Contract.LINEAR, draw(FEES), rate=D(1) if inverse else D("0.9995"),
                    at_entry=not inverse and draw(st.booleans()),
                ),
                shared="account",
            )
        )  # fmt: skip
        listed[symbol] = table
    return _behind(draw, held, listed, "account", "USD", coins=draw(st.booleans()))


def _behind(
    draw: st.DrawFn,
    held: list[Position],
    tables_of: dict[str, tuple[Tier, ...]],
    pool: str,
    unit: str,
    *,
    hedge: bool = False,
    coins: bool = False,
) -> AccountRead:
    """The account with more behind its positions than they require now."""
    others = draw(decimals("0", "1", 2))
    first = tables_of[held[0].symbol]
    listed = [market(symbol, table, pool) for symbol, table in tables_of.items()]
    empty = Balance(pool, ZERO, ZERO, NOT_GIVEN, money=unit, others=others)
    read = account(held, [empty], markets=listed, modes=HEDGE if hedge else ONE_WAY)
    equity, required = money(read, pool, marks_of(read))
    notional = sum((one.notional(one.mark) * (one.mark if unit and one.inverse else ONE) for one in held), ZERO)
    wallet = required - equity + draw(decimals("0.0001", "2")) * notional
    collateral = {listed[0].base: wallet * draw(decimals("0", "1", 2))} if coins and wallet > 0 else {}
    assert first
    return replace(read, balances=(replace(empty, wallet=wallet, collateral=collateral),))


def same(here: Decimal, there: Decimal, of: Decimal) -> bool:
    """As good as equal, measured by what they are about."""
    return close_to(here + of, there + of, "1e-18")


@given(read=st.one_of(coin_pools(smooth_tables), quoted_pools(smooth_tables)))
def test_at_the_price_found_the_requirement_meets_the_equity(read: AccountRead) -> None:
    """With all other prices as they are, by plain arithmetic."""
    book = Book.of(read, 0.0, {})
    for key, risk in book.positions.items():
        price = risk.liquidation_ours
        assert isinstance(price, Known | Never), price
        if isinstance(price, Known):
            assert risk.pool is not None
            with localcontext(CONTEXT):
                equity, required = money(read, risk.pool, marks_of(read) | {key.symbol: price.value})
                assert same(equity, required, risk.position.notional(price.value) * price.value)


@given(read=st.one_of(coin_pools(), quoted_pools()))
def test_no_price_on_the_way_liquidates(read: AccountRead) -> None:
    """It is the first one from mark, whether tiers jump or not; and Never means that none was found far off either."""
    book = Book.of(read, 0.0, {})
    for key, risk in book.positions.items():
        mark, price = risk.position.mark, risk.liquidation_ours
        assert risk.pool is not None
        if isinstance(price, Known):
            end = price.value
        else:
            assert isinstance(price, Never)
            end = mark / 1000 if risk.position.side is Side.LONG else mark * 1000
        with localcontext(CONTEXT):
            for step in range(1, SPREAD):
                at = mark * (end / mark) ** (D(step) / SPREAD)
                assert over(read, risk.pool, marks_of(read) | {key.symbol: at}) < ONE / 10**12


@given(read=st.one_of(coin_pools(), quoted_pools()))
def test_the_common_move_is_the_first_that_liquidates(read: AccountRead) -> None:
    """All prices times the same factor, coins behind them too; no smaller move does it."""
    book = Book.of(read, 0.0, {})
    for asset, pool in book.pools.items():
        for move, sign in ((pool.shock_down, -1), (pool.shock_up, 1)):
            assert isinstance(move, Known | Never), move
            far = move.value if isinstance(move, Known) else (D("0.999") if sign < 0 else D(1000))
            with localcontext(CONTEXT):
                for step in range(1, SPREAD):
                    factor = (ONE + sign * far) ** (D(step) / SPREAD) if far < 1 or sign > 0 else ONE
                    prices = {symbol: mark * factor for symbol, mark in marks_of(read).items()}
                    assert over(read, asset, prices) < ONE / 10**12


@given(read=st.one_of(coin_pools(smooth_tables), quoted_pools(smooth_tables)))
def test_at_the_common_move_the_requirement_meets_the_equity(read: AccountRead) -> None:
    """By plain arithmetic."""
    for asset, pool in Book.of(read, 0.0, {}).pools.items():
        for move, sign in ((pool.shock_down, -1), (pool.shock_up, 1)):
            if isinstance(move, Known):
                with localcontext(CONTEXT):
                    prices = {symbol: mark * (1 + sign * move.value) for symbol, mark in marks_of(read).items()}
                    equity, required = money(read, asset, prices)
                    assert same(equity, required, max(one.size * one.mark for one in read.positions))


@given(read=st.one_of(coin_pools(smooth_tables), quoted_pools(smooth_tables)), more=decimals("0.1", "100"))
def test_more_margin_moves_it_away(read: AccountRead, more: Decimal) -> None:
    """Whatever the contract."""
    [held] = read.balances
    assert isinstance(held.wallet, Decimal)
    richer = replace(read, balances=(replace(held, wallet=held.wallet + more),))
    before, after = Book.of(read, 0.0, {}), Book.of(richer, 0.0, {})
    for key, risk in before.positions.items():
        near, far = risk.liquidation_ours, after.positions[key].liquidation_ours
        if isinstance(near, Never):
            assert isinstance(far, Never)
        elif isinstance(far, Known):
            assert isinstance(near, Known)
            assert (near.value - far.value) * risk.position.side.sign > 0


def test_the_smaller_leg_of_a_hedge_is_liquidated_by_no_price_of_its_own() -> None:
    """Its loss is less than the other leg's gain; the price that takes both is the larger leg's."""
    legs = [
        position("BTC/USDT:USDT", side, size=size, position_side=PositionSide(side.value))
        for side, size in ((Side.LONG, "2"), (Side.SHORT, "1"))
    ]
    read = account(legs, [balance("3000")], modes=HEDGE)
    book = Book.of(read, 0.0, {})
    long, short = (book.positions[PositionKey("BTC/USDT:USDT", leg)] for leg in (PositionSide.LONG, PositionSide.SHORT))
    # 3000 + 2·(L − 10000) − (L − 10000) = 0.004 · 3 · L
    assert isinstance(long.liquidation_ours, Known)
    assert close_to(long.liquidation_ours.value, D(7000) / (1 - D("0.012")))
    assert isinstance(short.liquidation_ours, Never)
    assert isinstance(short.stop_coverage, Never | Known)


def test_what_goes_by_entry_is_moved_by_no_price() -> None:
    """10,000 at entry require 0.4 %: 40, wherever the price goes."""
    one = replace(position(wallet="1000", size="1"), terms=Terms(at_entry=True))
    risk = Book.of(account([one]), 0.0, {}).positions[one.key]
    assert isinstance(risk.liquidation_ours, Known)
    assert risk.liquidation_ours.value == D(10_000) - 1000 + 40


@pytest.mark.parametrize(("side", "sign"), [(Side.LONG, 1), (Side.SHORT, -1)])
def test_a_venue_that_moves_its_price_toward_the_market(side: Side, sign: int) -> None:
    """The solve comes first, the tick after."""
    plain = position(side=side, wallet="1000")
    moved = replace(plain, terms=Terms(toward_market=D("0.5")))
    first, second = (Book.of(account([one]), 0.0, {}).positions[one.key].liquidation_ours for one in (plain, moved))
    assert isinstance(first, Known)
    assert isinstance(second, Known)
    assert second.value - first.value == D("0.5") * sign


def test_an_inverse_price_by_itself() -> None:
    """Binance COIN-M, real: 2 contracts of 100 USD at 37,643.1, isolated wallet 0.00268058 BTC: 25,119.97445760."""
    tiers = tiers_of([("0", "0.004", "0")])
    entry, wallet = D("37643.10000021"), D("0.00268058")
    price = inverse_liquidation_price(Side.LONG, D(200), entry, wallet, Requirement.of(tiers))
    assert price is not None
    assert abs(price - D("25119.97445760")) < D("1e-6")


def test_a_venue_ratio_that_is_worse_counts() -> None:
    """What the venue's ratio was above ours stays added while marks move; one below ours changes nothing."""
    held = position()
    for theirs, expected in ((D("0.5"), D("0.5")), (D("0.01"), D("0.04"))):
        ratio = Known(theirs, "share", "venue", 0.0)
        read = account([held], [replace(balance("1000"), venue_ratio=ratio)])
        pool = Book.of(read, 0.0, {}).pools["USDT"]
        assert isinstance(pool.margin_ratio, Known)
        assert pool.margin_ratio.value == expected
        assert pool.ratio_venue is ratio
        assert pool.ratio_ours == Known(D("0.04"), "share", "ours", 0.0)


def test_a_venue_ratio_stands_alone_where_ours_is_unknown() -> None:
    """Without tiers there is no figure of ours."""
    ratio = Known(D("0.3"), "share", "venue", 0.0)
    read = account([position()], [replace(balance("1000"), venue_ratio=ratio)], markets=[market("BTC/USDT:USDT", ())])
    pool = Book.of(read, 0.0, {}).pools["USDT"]
    assert isinstance(pool.margin_ratio, Known)
    assert (pool.margin_ratio.value, isinstance(pool.ratio_ours, Unknown)) == (D("0.3"), True)


def test_an_account_without_numbers_has_none() -> None:
    """The venue's way of setting it decides, and says why."""
    read = account(
        [position()], [balance("1000")], modes=replace(ONE_WAY, no_numbers="portfolio margin: ask the venue")
    )
    book = Book.of(read, 0.0, {})
    assert book.pools["USDT"].margin_ratio == Unknown("portfolio margin: ask the venue")
