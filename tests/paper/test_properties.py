"""What holds for every sequence of acts and prices."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paper.support import AVAX, BTC, D, an_exchange, hold, move
from watchdog.paper import margin
from watchdog.paper.account import INSURANCE_COVER
from watchdog.paper.orders import AlgoType, NewAlgo, NewOrder, OrderType
from watchdog.paper.refusal import RefusedError
from watchdog.paper.slippage import Slippage
from watchdog.paper.values import MarginMode, Side, Working

sides = st.sampled_from(Side)
sizes = st.integers(1, 3_000).map(Decimal)
avax_prices = st.decimals(D(5), D(60), places=3)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("market"), sides, sizes, st.booleans()),
        st.tuples(st.just("stop"), sides, sizes, avax_prices),
        st.tuples(st.just("move"), avax_prices),
    ),
    max_size=25,
)
modes = st.sampled_from(MarginMode)


@given(modes, st.integers(1, 20), acts)
@settings(deadline=None)
def test_money_is_conserved(mode: MarginMode, leverage: int, steps: list[tuple[object, ...]]) -> None:
    """The wallet changes by realised profit, fees, and what the insurance fund paid: nothing else, never below 0."""
    exchange = an_exchange("20000", Slippage())
    if mode is MarginMode.ISOLATED:
        exchange.set_margin_mode(AVAX, mode)
    exchange.set_leverage(AVAX, leverage)
    for kind, *rest in steps:
        try:
            if kind == "move":
                move(exchange, AVAX, str(rest[0]))
            elif kind == "market":
                side, size, reduce_only = rest
                exchange.place(NewOrder(AVAX, side, OrderType.MARKET, size, reduce_only=reduce_only))  # type: ignore[arg-type]
            else:
                side, size, trigger = rest
                exchange.place_algo(NewAlgo(AVAX, side, AlgoType.STOP_MARKET, trigger, size, working=Working.MARK))  # type: ignore[arg-type]
        except RefusedError:
            continue
        assert exchange.account.wallets["USDT"] >= 0
        assert exchange.account.cross_wallet("USDT") >= -D("1e-15") or exchange.account.open_positions()
    realised = sum((fill.realised - fill.fee for fill in exchange.fills), D(0))
    covered = sum((e.amount for e in exchange.account.ledger if e.kind == INSURANCE_COVER), D(0))
    assert abs(exchange.account.wallets["USDT"] - (D(20_000) + realised + covered)) < D("1e-15")
    assert abs(covered - sum(exchange.covered.values())) < D("1e-15")


@given(modes, st.integers(2, 50), st.booleans(), st.lists(st.integers(-900, 900), min_size=1, max_size=60))
@settings(deadline=None)
def test_liquidated_at_the_first_tick_at_ratio_one(
    mode: MarginMode, leverage: int, long: bool, changes: list[int]
) -> None:
    """Liquidated exactly when a tick brings maintenance to equity, not a tick before and not one after."""
    exchange = an_exchange("10000")
    hold(exchange, BTC, "0.1" if long else "-0.1", leverage, mode)
    position = exchange.account.position(BTC)
    wallet = position.isolated_wallet if mode is MarginMode.ISOLATED else D(10_000)
    tiers = exchange.markets[BTC].tiers
    price = D(100_000)
    for change in changes:
        price = max(price + change * 10, D(10))
        required = margin.maintenance(tiers, position.amount * price)
        due = required >= wallet + margin.unrealised(position.amount, position.entry, price)
        move(exchange, BTC, str(price))
        assert bool(exchange.liquidations) is due
        if due:
            assert exchange.account.position(BTC).amount == 0
            return


@given(st.integers(-1_500, 1_500).filter(bool), sides, sizes, st.booleans())
@settings(deadline=None)
def test_reduce_only_never_opens_or_flips(held: int, side: Side, size: Decimal, waits: bool) -> None:
    """A reduce-only order, at once or as a stop, leaves the position on its side or gone, and never larger."""
    exchange = an_exchange("1000000")
    hold(exchange, AVAX, str(held), 10, MarginMode.CROSS)
    try:
        if waits:
            trigger = D(19) if side is Side.SELL else D(21)
            exchange.place_algo(NewAlgo(AVAX, side, AlgoType.STOP_MARKET, trigger, size, reduce_only=True))
            move(exchange, AVAX, str(trigger))
        else:
            exchange.place(NewOrder(AVAX, side, OrderType.MARKET, size, reduce_only=True))
    except RefusedError:
        assert side.sign * held > 0
    left = exchange.account.position(AVAX).amount
    assert abs(left) <= abs(held)
    assert left * held >= 0
