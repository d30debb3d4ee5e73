"""Orders, conditional orders, settings: what the venue accepts, refuses, and does when a price comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.paper.support import AVAX, BTC, D, an_exchange, hold, move
from watchdog.paper.exchange import MAX_ALGOS, Exchange
from watchdog.paper.orders import AlgoStatus, AlgoType, NewAlgo, NewOrder, OrderStatus, OrderType
from watchdog.paper.refusal import Refusal, RefusedError
from watchdog.paper.slippage import Slippage
from watchdog.paper.values import MarginMode, Side, Working


def a_stop(trigger: str = "95000", quantity: str = "0.1", **fields: object) -> NewAlgo:
    """A reduce-only sell stop on mark of a tenth of a bitcoin."""
    given = {"working": Working.MARK, "reduce_only": True, "client_id": "mine"} | fields
    return NewAlgo(BTC, Side.SELL, AlgoType.STOP_MARKET, D(trigger), D(quantity), **given)  # type: ignore[arg-type]


def a_closing_stop(trigger: str = "95000", kind: AlgoType = AlgoType.STOP_MARKET) -> NewAlgo:
    """A stop that closes whatever is held."""
    return NewAlgo(BTC, Side.SELL, kind, D(trigger), None, close_position=True, working=Working.MARK)


def a_long() -> Exchange:
    """A tenth of a bitcoin long, cross, 10x."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    return exchange


def market(side: Side, size: str, *, reduce_only: bool = False, symbol: str = BTC) -> NewOrder:
    """A market order."""
    return NewOrder(symbol, side, OrderType.MARKET, D(size), reduce_only=reduce_only)


def refusal(act: Callable[[], object]) -> Refusal:
    """Why it was refused."""
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value.refusal


def test_a_market_order_pays_the_taker_fee() -> None:
    """A buy of 0.1 at 100,000 costs 5 USDT of commission and sets a tenth of its value aside."""
    exchange = an_exchange("50000")
    exchange.set_leverage(BTC, 10)
    order = exchange.place(market(Side.BUY, "0.1"))
    pool = exchange.account.pool("USDT")
    assert order.status is OrderStatus.FILLED
    assert pool.wallet == D("49995.0")
    assert pool.available == D("48995.0")


def test_slippage_moves_a_fill_against_the_taker() -> None:
    """Two basis points, and a twentieth of the last minute's range."""
    exchange = an_exchange(slippage=Slippage(D(2), D("0.05")))
    move(exchange, BTC, 99_000)
    order = exchange.place(market(Side.BUY, "0.1"))
    assert order.average == D(99_000) + D("19.8") + D(50)


def test_isolated_margin_is_set_aside_and_given_back() -> None:
    """Isolated margin leaves the cross wallet; closing half gives half of it back."""
    exchange = an_exchange("50000")
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    assert exchange.account.cross_wallet("USDT") == D(46_000)
    exchange.place(market(Side.SELL, "500", reduce_only=True, symbol=AVAX))
    assert exchange.account.position(AVAX).isolated_wallet == D(2_000)
    assert exchange.account.cross_wallet("USDT") == D(48_000) - D(5)


def test_a_stop_rests_until_the_mark_is_there() -> None:
    """The last price alone does not set a stop on mark off; the mark does, and it fills with the taker fee."""
    exchange = a_long()
    algo = exchange.place_algo(a_stop())
    move(exchange, BTC, 96_000, last=94_000)
    assert exchange.algos[algo.id].status is AlgoStatus.NEW
    move(exchange, BTC, 95_000, last=94_900)
    done = exchange.algos[algo.id]
    assert (done.status, done.average, done.filled) == (AlgoStatus.FINISHED, D(94_900), D("0.1"))
    assert exchange.account.position(BTC).amount == 0
    assert exchange.account.wallets["USDT"] == D(50_000) - D(510) - D("4.745")


def test_a_take_profit_waits_on_the_other_side() -> None:
    """A sell that takes profit triggers from below."""
    exchange = a_long()
    algo = exchange.place_algo(
        NewAlgo(BTC, Side.SELL, AlgoType.TAKE_PROFIT_MARKET, D(105_000), D("0.1"), reduce_only=True)
    )
    move(exchange, BTC, 104_999)
    assert exchange.algos[algo.id].status is AlgoStatus.NEW
    move(exchange, BTC, 105_000)
    assert exchange.algos[algo.id].status is AlgoStatus.FINISHED


def test_a_stop_limit_can_rest_unfilled() -> None:
    """A triggered stop-limit whose limit the price has left rests as a plain order: it protects nobody."""
    exchange = a_long()
    algo = exchange.place_algo(
        NewAlgo(BTC, Side.SELL, AlgoType.STOP, D(95_000), D("0.1"), D(95_000), reduce_only=True, working=Working.MARK)
    )
    move(exchange, BTC, 94_000)
    assert exchange.algos[algo.id].status is AlgoStatus.TRIGGERED
    assert exchange.account.position(BTC).amount == D("0.1")
    move(exchange, BTC, 95_000)
    assert exchange.algos[algo.id].status is AlgoStatus.FINISHED


def test_a_reduce_only_stop_is_cut_to_the_position() -> None:
    """A stop larger than what is left closes what is left and opens nothing."""
    exchange = a_long()
    algo = exchange.place_algo(a_stop())
    exchange.place(market(Side.SELL, "0.06", reduce_only=True))
    move(exchange, BTC, 94_000)
    assert exchange.algos[algo.id].filled == D("0.04")
    assert exchange.account.position(BTC).amount == 0


def test_a_plain_stop_outlives_the_position() -> None:
    """A reduce-only stop rests on when the position is closed by hand; triggered, it is rejected."""
    exchange = a_long()
    algo = exchange.place_algo(a_stop())
    exchange.place(market(Side.SELL, "0.1", reduce_only=True))
    assert exchange.algos[algo.id].status is AlgoStatus.NEW
    move(exchange, BTC, 94_000)
    assert (exchange.algos[algo.id].status, exchange.algos[algo.id].reason) == (
        AlgoStatus.REJECTED,
        "Reduce Only reject",
    )
    assert exchange.account.position(BTC).amount == 0


def test_a_closing_stop_dies_with_the_position() -> None:
    """A close-position stop expires when the position is gone."""
    exchange = a_long()
    algo = exchange.place_algo(a_closing_stop())
    exchange.place(market(Side.SELL, "0.1", reduce_only=True))
    assert exchange.algos[algo.id].status is AlgoStatus.EXPIRED


def test_a_closing_stop_closes_what_is_held_then() -> None:
    """It takes the size of the position at the trigger, not at placing."""
    exchange = a_long()
    algo = exchange.place_algo(a_closing_stop())
    exchange.place(market(Side.BUY, "0.05"))
    move(exchange, BTC, 95_000)
    assert exchange.algos[algo.id].filled == D("0.15")
    assert exchange.account.position(BTC).amount == 0


def test_one_closing_order_of_a_kind() -> None:
    """A second close-position stop is refused; a close-position take-profit beside it is not."""
    exchange = a_long()
    exchange.place_algo(a_closing_stop())
    assert refusal(lambda: exchange.place_algo(a_closing_stop("94000"))) is Refusal.CLOSE_POSITION_RESTS
    exchange.place_algo(a_closing_stop("105000", AlgoType.TAKE_PROFIT_MARKET))


@pytest.mark.parametrize(
    ("stop", "why"),
    [
        (a_stop("95000.05"), Refusal.PRICE_TICK),
        (a_stop("0"), Refusal.TRIGGER_NOT_ABOVE_ZERO),
        (a_stop(quantity="0"), Refusal.SIZE_NOT_ABOVE_ZERO),
        (a_stop(quantity="0.0005"), Refusal.SIZE_TOO_SMALL),
        (a_stop(quantity="0.0015"), Refusal.SIZE_STEP),
        (a_stop(quantity="121"), Refusal.SIZE_TOO_LARGE),
        (a_stop("100000"), Refusal.WOULD_TRIGGER_AT_ONCE),
        (a_stop("100100"), Refusal.WOULD_TRIGGER_AT_ONCE),
        (a_stop("95000", "0.001", reduce_only=False), Refusal.NOTIONAL_TOO_SMALL),
    ],
)
def test_a_wrong_stop_is_refused(stop: NewAlgo, why: Refusal) -> None:
    """Each filter says its own no."""
    exchange = a_long()
    assert refusal(lambda: exchange.place_algo(stop)) is why
    assert not exchange.algos


def test_the_wrong_side_reduces_nothing() -> None:
    """A reduce-only buy beside a long, or any reduce-only order without a position, is refused."""
    exchange = a_long()
    buy = NewAlgo(BTC, Side.BUY, AlgoType.STOP_MARKET, D(105_000), D("0.1"), reduce_only=True)
    assert refusal(lambda: exchange.place_algo(buy)) is Refusal.NOTHING_TO_REDUCE
    assert refusal(lambda: exchange.place(market(Side.BUY, "0.1", reduce_only=True))) is Refusal.NOTHING_TO_REDUCE
    assert refusal(lambda: an_exchange().place_algo(a_closing_stop())) is Refusal.NO_POSITION


def test_a_client_id_is_free_again_when_its_order_is_gone() -> None:
    """Twice at rest is a duplicate; after a cancel the id may be used again, and a look-up finds the newest."""
    exchange = a_long()
    first = exchange.place_algo(a_stop())
    assert refusal(lambda: exchange.place_algo(a_stop("94000"))) is Refusal.DUPLICATE_ID
    exchange.cancel_algo(None, "mine")
    second = exchange.place_algo(a_stop("94000"))
    assert exchange.find_algo(None, "mine").id == second.id != first.id
    assert refusal(lambda: exchange.cancel_algo(first.id, None)) is Refusal.NO_SUCH_ORDER


def test_two_hundred_conditional_orders_at_most() -> None:
    """The next one is refused."""
    exchange = a_long()
    for number in range(MAX_ALGOS):
        exchange.place_algo(a_stop(client_id=f"n{number}"))
    assert refusal(lambda: exchange.place_algo(a_stop())) is Refusal.TOO_MANY_ALGOS


def test_margin_bounds_what_can_be_opened() -> None:
    """More than the wallet's margin, or than the leverage's tier, is refused."""
    exchange = an_exchange("1000")
    exchange.set_leverage(BTC, 10)
    assert refusal(lambda: exchange.place(market(Side.BUY, "0.1"))) is Refusal.MARGIN_TOO_SMALL
    rich = an_exchange("1000000")
    rich.set_leverage(BTC, 150)
    assert refusal(lambda: rich.place(market(Side.BUY, "3.1"))) is Refusal.POSITION_TOO_LARGE


def test_a_limit_order_fills_at_its_price() -> None:
    """It rests, sets margin aside, and fills for the maker fee when the last price comes."""
    exchange = an_exchange()
    exchange.set_leverage(BTC, 10)
    order = exchange.place(NewOrder(BTC, Side.BUY, OrderType.LIMIT, D("0.1"), D(99_000)))
    assert exchange.order_initial("USDT") == D(990)
    move(exchange, BTC, 98_500)
    assert exchange.orders[order.id].average == D(99_000)
    assert exchange.account.wallets["USDT"] == D(50_000) - D("1.98")


def test_a_limit_order_past_the_price_is_a_taker() -> None:
    """It fills at once at the market's price, not at its own worse one, for the taker fee."""
    exchange = an_exchange()
    exchange.set_leverage(BTC, 10)
    order = exchange.place(NewOrder(BTC, Side.BUY, OrderType.LIMIT, D("0.1"), D(101_000)))
    assert exchange.orders[order.id].average == D(100_000)
    assert exchange.account.wallets["USDT"] == D(50_000) - D(5)


def test_settings_do_not_change_under_a_position() -> None:
    """Margin mode stays while something is held; isolated leverage is only raised."""
    exchange = an_exchange()
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    assert refusal(lambda: exchange.set_margin_mode(AVAX, MarginMode.CROSS)) is Refusal.POSITION_OPEN
    assert refusal(lambda: exchange.set_margin_mode(AVAX, MarginMode.ISOLATED)) is Refusal.NO_CHANGE
    assert refusal(lambda: exchange.set_leverage(AVAX, 4)) is Refusal.LEVERAGE_NOT_LOWERED
    assert refusal(lambda: exchange.set_leverage(AVAX, 76)) is Refusal.LEVERAGE_INVALID


def test_more_isolated_margin_moves_liquidation_away() -> None:
    """Added margin lowers a long's liquidation price; margin in use is not given back."""
    exchange = an_exchange()
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    before = exchange.account.liquidation_price(exchange.account.position(AVAX))
    exchange.move_margin(AVAX, D(500))
    after = exchange.account.liquidation_price(exchange.account.position(AVAX))
    assert before is not None
    assert after is not None
    assert after < before
    assert refusal(lambda: exchange.move_margin(AVAX, D(-501))) is Refusal.MARGIN_REMOVAL


def test_modes_that_are_not_modelled_refuse_orders() -> None:
    """In hedge or multi-assets mode nothing is traded: no made-up margin."""
    exchange = an_exchange()
    exchange.set_hedge(on=True)
    assert refusal(lambda: exchange.place(market(Side.BUY, "0.1"))) is Refusal.MODE_NOT_MODELLED
    exchange.set_hedge(on=False)
    exchange.set_multi_assets(on=True)
    assert refusal(lambda: exchange.place_algo(a_stop())) is Refusal.MODE_NOT_MODELLED
