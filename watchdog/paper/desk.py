"""The account's desk: its state, what can be looked up, settings and transfers, and the log of what happened."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.paper.account import TRANSFER, Account, Fee
from watchdog.paper.events import (
    AccountChanged,
    AlgoChanged,
    Event,
    LeverageChanged,
    Liquidated,
    MultiAssetsChanged,
    OrderChanged,
)
from watchdog.paper.margin import initial_margin
from watchdog.paper.orders import Algo, AlgoStatus, Fill, Order, OrderStatus
from watchdog.paper.refusal import Refusal, RefusedError
from watchdog.paper.slippage import RecentRange, Slippage
from watchdog.paper.values import ZERO, MarginMode, Market, Side


class Desk:
    """One account on one venue, without its matching engine."""

    def __init__(self, markets: Mapping[str, Market], slippage: Slippage | None = None, time_ms: int = 0) -> None:
        self.account = Account(dict(markets))
        self.slippage = slippage or Slippage()
        self.time_ms = time_ms
        self.orders: dict[int, Order] = {}
        self.algos: dict[int, Algo] = {}
        self.fills: list[Fill] = []
        self.liquidations: list[Liquidated] = []
        self.covered = dict.fromkeys(markets, ZERO)
        """Per market, the losses that its margin did not cover."""
        self.hedge = False
        self.multi_assets = False
        self._ranges = {symbol: RecentRange() for symbol in markets}
        self._events: list[Event] = []
        self._called: set[str] = set()
        self._order_ids = itertools.count(8_389_765_000)
        self._algo_ids = itertools.count(3_000_000_000_000_001)
        self._fill_ids = itertools.count(1_000_001)

    # --- what a face reads

    @property
    def markets(self) -> dict[str, Market]:
        """What is listed."""
        return self.account.markets

    def market(self, symbol: str) -> Market:
        """A listed market. Raises RefusedError."""
        market = self.markets.get(symbol)
        if market is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL, symbol)
        return market

    def drain(self) -> list[Event]:
        """What has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Plain orders that rest."""
        return [o for o in self.orders.values() if o.status is OrderStatus.NEW and symbol in {None, o.symbol}]

    def open_algos(self, symbol: str | None = None) -> list[Algo]:
        """Conditional orders that rest."""
        return [a for a in self.algos.values() if a.status is AlgoStatus.NEW and symbol in {None, a.symbol}]

    def find_order(self, order_id: int | None, client_id: str | None) -> Order:
        """A plain order by either id, the newest first. Raises RefusedError."""
        for order in reversed(self.orders.values()):
            if order.id == order_id or (order_id is None and order.client_id == client_id):
                return order
        raise RefusedError(Refusal.NO_SUCH_ORDER)

    def find_algo(self, algo_id: int | None, client_id: str | None) -> Algo:
        """A conditional order by either id, the newest first. Raises RefusedError."""
        for algo in reversed(self.algos.values()):
            if algo.id == algo_id or (algo_id is None and algo.client_id == client_id):
                return algo
        raise RefusedError(Refusal.NO_SUCH_ORDER)

    def order_initial(self, asset: str) -> Decimal:
        """Margin set aside for resting limit orders that would open (each for itself; opposite ones are not netted)."""
        return sum(
            (
                initial_margin(o.quantity * (o.price or ZERO), self.account.position(o.symbol).leverage)
                for o in self.open_orders()
                if not o.reduce_only and self.account.asset_of(o.symbol) == asset
            ),
            ZERO,
        )

    # --- settings and transfers

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set a market's leverage. Raises RefusedError."""
        tiers = self.market(symbol).tiers
        position = self.account.position(symbol)
        if not 1 <= leverage <= tiers[0].max_leverage:
            raise RefusedError(Refusal.LEVERAGE_INVALID, str(leverage))
        if position.amount:
            if position.mode is MarginMode.ISOLATED and leverage < position.leverage:
                raise RefusedError(Refusal.LEVERAGE_NOT_LOWERED)
            cap = self.account.max_notional(symbol, leverage)
            if cap is not None and abs(position.amount) * self.account.mark(symbol) > cap:
                raise RefusedError(Refusal.POSITION_TOO_LARGE)
        self.account.positions[symbol] = replace(position, leverage=leverage)
        self._events.append(LeverageChanged(symbol, leverage, self.time_ms))

    def set_margin_mode(self, symbol: str, mode: MarginMode) -> None:
        """Set a market's margin mode; not while it has a position or orders. Raises RefusedError."""
        self.market(symbol)
        position = self.account.position(symbol)
        if position.mode is mode:
            raise RefusedError(Refusal.NO_CHANGE)
        if self.open_orders(symbol):
            raise RefusedError(Refusal.ORDERS_REST)
        if position.amount:
            raise RefusedError(Refusal.POSITION_OPEN)
        if self.multi_assets and mode is MarginMode.ISOLATED:
            raise RefusedError(Refusal.MODE_NOT_MODELLED)
        self.account.positions[symbol] = replace(position, mode=mode)

    def set_hedge(self, on: bool) -> None:
        """Switch hedge mode; not while anything is open. Raises RefusedError."""
        self._check_switch(self.hedge, on)
        if self.account.open_positions():
            raise RefusedError(Refusal.POSITION_OPEN)
        self.hedge = on

    def set_multi_assets(self, on: bool) -> None:
        """Switch multi-assets mode; not while a market is set to isolated margin. Raises RefusedError."""
        self._check_switch(self.multi_assets, on)
        if on and any(position.mode is MarginMode.ISOLATED for position in self.account.positions.values()):
            raise RefusedError(Refusal.POSITION_OPEN)
        self.multi_assets = on
        self._events.append(MultiAssetsChanged(on, self.time_ms))

    def move_margin(self, symbol: str, amount: Decimal) -> None:
        """Add (above zero) or take back isolated margin. Raises RefusedError."""
        self.market(symbol)
        position = self.account.position(symbol)
        if not position.amount or position.mode is not MarginMode.ISOLATED:
            raise RefusedError(Refusal.NOT_ISOLATED)
        asset = self.account.asset_of(symbol)
        if amount > self.account.pool(asset, self.order_initial(asset)).available:
            raise RefusedError(Refusal.MARGIN_TOO_SMALL)
        figures = self.account.figures(position)
        if amount < ZERO and min(figures.isolated_margin, position.isolated_wallet) + amount < figures.initial:
            raise RefusedError(Refusal.MARGIN_REMOVAL)
        self.account.positions[symbol] = replace(
            position, isolated_wallet=position.isolated_wallet + amount, updated_ms=self.time_ms
        )
        self._changed("MARGIN_TRANSFER", asset, symbol)

    def deposit(self, asset: str, amount: Decimal) -> None:
        """Add to a wallet (below zero: withdraw)."""
        self.account.book(TRANSFER, "", asset, amount, self.time_ms)
        self._changed("DEPOSIT" if amount >= ZERO else "WITHDRAW", asset, change=amount)

    def open_free(self, symbol: str, amount: Decimal, price: Decimal | None = None) -> None:
        """Open a position at an exact price (the last one) without fee: how a scenario begins. Raises RefusedError."""
        self._taker_price(symbol, Side.BUY)
        price = price or self.account.prices[symbol].last
        self._check_margin(symbol, Side.BUY if amount > ZERO else Side.SELL, abs(amount), price)
        self.account.apply(symbol, amount, price, Fee(ZERO), self.time_ms)
        self._changed("ORDER", self.account.asset_of(symbol), symbol)

    # --- inside

    def _check_modes(self) -> None:
        if self.hedge or self.multi_assets:
            raise RefusedError(Refusal.MODE_NOT_MODELLED, "hedge mode" if self.hedge else "multi-assets mode")

    def _check_switch(self, old: bool, new: bool) -> None:
        if old is new:
            raise RefusedError(Refusal.NO_CHANGE)
        if self.open_orders() or self.open_algos():
            raise RefusedError(Refusal.ORDERS_REST)

    def _check_size(self, market: Market, size: Decimal, price: Decimal, *, market_order: bool, reduces: bool) -> None:
        if size <= ZERO:
            raise RefusedError(Refusal.SIZE_NOT_ABOVE_ZERO, str(size))
        if size < market.min_size:
            raise RefusedError(Refusal.SIZE_TOO_SMALL, str(size))
        if size > (market.max_market_size if market_order else market.max_size):
            raise RefusedError(Refusal.SIZE_TOO_LARGE, str(size))
        if size % market.step:
            raise RefusedError(Refusal.SIZE_STEP, str(size))
        if not reduces and size * price < market.min_notional:
            raise RefusedError(Refusal.NOTIONAL_TOO_SMALL, f"{market.min_notional.normalize():f}")

    def _affordable(self, symbol: str, side: Side, size: Decimal, price: Decimal) -> bool:
        market, position = self.market(symbol), self.account.position(symbol)
        opened = self.account.opens(symbol, side, size)
        needed = initial_margin(opened * price, position.leverage) + size * price * market.taker_fee
        available = self.account.pool(market.margin_asset, self.order_initial(market.margin_asset)).available
        return not opened or needed <= available

    def _check_margin(self, symbol: str, side: Side, size: Decimal, price: Decimal) -> None:
        if not self._affordable(symbol, side, size, price):
            raise RefusedError(Refusal.MARGIN_TOO_SMALL)
        position = self.account.position(symbol)
        cap = self.account.max_notional(symbol, position.leverage)
        after = abs(position.amount + side.sign * size) * price
        if cap is not None and self.account.opens(symbol, side, size) and after > cap:
            raise RefusedError(Refusal.POSITION_TOO_LARGE)

    def _taker_price(self, symbol: str, side: Side) -> Decimal:
        price = self.account.prices.get(symbol)
        if price is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL, symbol)
        return self.slippage.fill_price(self.market(symbol), side, price.last, self._ranges[symbol].size)

    def _order(self, order: Order, fill: Fill | None = None) -> Order:
        order = replace(order, updated_ms=self.time_ms)
        self.orders[order.id] = order
        self._events.append(OrderChanged(order, fill, self.time_ms))
        return order

    def _algo(self, algo: Algo) -> Algo:
        algo = replace(algo, updated_ms=self.time_ms)
        self.algos[algo.id] = algo
        self._events.append(AlgoChanged(algo, self.time_ms))
        return algo

    def _changed(self, reason: str, asset: str, symbol: str | None = None, change: Decimal = ZERO) -> None:
        position = self.account.position(symbol) if symbol else None
        self._events.append(
            AccountChanged(
                reason=reason,
                asset=asset,
                wallet=self.account.wallets.get(asset, ZERO),
                cross_wallet=self.account.cross_wallet(asset),
                change=change,
                position=position,
                unrealised=self.account.unrealised(position) if position else ZERO,
                at_ms=self.time_ms,
            )
        )


def check_price(market: Market, price: Decimal) -> None:
    """Raise RefusedError unless a price is above zero and on the tick."""
    if price <= ZERO:
        raise RefusedError(Refusal.PRICE_NOT_ABOVE_ZERO, str(price))
    if price % market.tick:
        raise RefusedError(Refusal.PRICE_TICK, str(price))
