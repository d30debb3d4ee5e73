"""Liquidation: when, at what price, who pays."""

from __future__ import annotations

from tests.paper.support import AVAX, BTC, ETH, D, an_exchange, hold, move
from watchdog.paper.events import MarginCalled
from watchdog.paper.orders import AlgoStatus, AlgoType, NewAlgo, NewOrder, OrderStatus, OrderType
from watchdog.paper.slippage import Slippage
from watchdog.paper.values import MarginMode, Side, Working


def test_an_isolated_position_dies_alone() -> None:
    """It goes at the first mark past its price; the cross wallet and what is behind it are untouched."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    price = exchange.account.liquidation_price(exchange.account.position(AVAX))
    assert price == D(16_000) / D(995)  # 1,000 at 20, 4,000 behind it, 0.5 %
    move(exchange, AVAX, "16.081")
    assert not exchange.liquidations
    move(exchange, AVAX, "16.080")
    record = exchange.liquidations[0]
    assert (record.symbol, record.exit_price, record.bankruptcy_price) == (AVAX, D("16.080"), D(16))
    assert record.fee == D(16_080) * D("0.015")
    assert record.gross_loss == D(3_920) + D("241.2")
    assert (record.loss, record.owed) == (D(4_000), D("161.2"))
    assert exchange.account.cross_wallet("USDT") == D(46_000)
    assert exchange.account.position(BTC).amount == D("0.1")


def test_a_ratio_of_exactly_one_liquidates() -> None:
    """4,080 behind 1,000 at 20: at 16 the requirement is 80 and so is what is left. A tick above it is not."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    exchange.move_margin(AVAX, D(80))
    move(exchange, AVAX, "16.001")
    assert not exchange.liquidations
    move(exchange, AVAX, "16.000")
    assert exchange.liquidations[0].ratio == 1


def test_a_partial_close_at_a_loss_stays_in_its_own_margin() -> None:
    """Half closed 5 below entry loses more than half the margin: the rest comes from the other half, not from cross."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    move(exchange, AVAX, 19, last=15)
    exchange.place(NewOrder(AVAX, Side.SELL, OrderType.MARKET, D(500), reduce_only=True))
    assert exchange.account.cross_wallet("USDT") == D(46_000)
    assert exchange.account.position(AVAX).isolated_wallet == D(4_000) - D(2_500) - D("3.75")


def test_a_gap_past_bankruptcy_is_recorded_as_owed() -> None:
    """A fall from 20 to 10 in one tick: the margin is gone, the rest is written down and the wallet is not below 0."""
    exchange = an_exchange("4000")
    exchange.slippage = Slippage(D(0), D(0))
    hold(exchange, AVAX, "900", 5, MarginMode.ISOLATED)
    move(exchange, AVAX, 10)
    record = exchange.liquidations[0]
    assert record.loss == D(3_600)
    assert record.owed == D(9_000) + D(135) - D(3_600)
    assert exchange.account.wallets["USDT"] == D(400)


def test_the_cross_pool_goes_together() -> None:
    """One loser takes every cross position of the margin asset with it, and the shortfall falls on the losers."""
    exchange = an_exchange("12000")
    hold(exchange, BTC, "1", 10, MarginMode.CROSS)
    hold(exchange, ETH, "-1", 10, MarginMode.CROSS)
    exchange.deposit("USDT", D(4_000))
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    move(exchange, BTC, 88_000)
    assert [record.symbol for record in exchange.liquidations] == [BTC, ETH]
    owed = {record.symbol: record.owed for record in exchange.liquidations}
    fees = D(88_000) * D("0.0125") + D(4_000) * D("0.0125")
    assert sum(owed.values()) == fees
    assert owed[BTC] > owed[ETH] > 0
    assert sum(record.loss for record in exchange.liquidations) == D(12_000)
    assert exchange.account.cross_wallet("USDT") == 0
    assert exchange.account.position(AVAX).amount == D(1_000)


def test_orders_go_before_the_position() -> None:
    """Open orders of what is liquidated expire; those of other markets stay."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    resting = exchange.place(NewOrder(AVAX, Side.SELL, OrderType.LIMIT, D(1), D(30)))
    low = NewAlgo(AVAX, Side.SELL, AlgoType.STOP_MARKET, D(16), D(1_000), reduce_only=True, working=Working.MARK)
    stop = exchange.place_algo(low)
    other = exchange.place_algo(
        NewAlgo(BTC, Side.SELL, AlgoType.STOP_MARKET, D(95_000), D("0.1"), reduce_only=True, working=Working.MARK)
    )
    move(exchange, AVAX, 15)
    assert exchange.orders[resting.id].status is OrderStatus.EXPIRED
    assert exchange.algos[stop.id].status is AlgoStatus.EXPIRED
    assert exchange.algos[other.id].status is AlgoStatus.NEW


def test_a_stop_inside_liquidation_goes_first() -> None:
    """When one tick passes both, the stop on the near side fills; it fills where the price is, not where it was set."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    stop = NewAlgo(AVAX, Side.SELL, AlgoType.STOP_MARKET, D(17), D(1_000), reduce_only=True, working=Working.MARK)
    algo = exchange.place_algo(stop)
    move(exchange, AVAX, "16.05")
    assert not exchange.liquidations
    assert exchange.algos[algo.id].average == D("16.05")


def test_a_stop_that_fills_past_bankruptcy_costs_no_more_than_the_margin() -> None:
    """An isolated position's own margin is all that its stop can lose; the rest is written down."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    stop = NewAlgo(AVAX, Side.SELL, AlgoType.STOP_MARKET, D(17), D(1_000), reduce_only=True, working=Working.MARK)
    exchange.place_algo(stop)
    move(exchange, AVAX, 15)
    assert exchange.account.wallets["USDT"] == D(46_000)
    assert exchange.covered[AVAX] == D(1_000) + D("7.5")


def test_shorts_die_upwards() -> None:
    """A short is liquidated by a rise."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "-1000", 5, MarginMode.ISOLATED)
    price = exchange.account.liquidation_price(exchange.account.position(AVAX))
    assert price == D(24_000) / D(1_005)
    move(exchange, AVAX, "23.88")
    assert not exchange.liquidations
    move(exchange, AVAX, "23.881")
    assert exchange.liquidations[0].amount == D(-1_000)


def test_one_margin_call_on_the_way_up() -> None:
    """The venue warns once when the ratio passes 80 %, not at every tick."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    move(exchange, AVAX, "16.105")
    assert not [event for event in exchange.drain() if isinstance(event, MarginCalled)]
    move(exchange, AVAX, "16.095")
    move(exchange, AVAX, "16.094")
    assert [e.symbols for e in exchange.drain() if isinstance(e, MarginCalled)] == [(AVAX,)]
