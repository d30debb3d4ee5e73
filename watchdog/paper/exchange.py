"""The venue's account and matching engine: orders, conditional orders, ticks. No clock of its own, no I/O.

Market time moves only with `tick`. Everything that happens is kept as events until they are drained.

Not modelled: funding, partial fills, the order book's depth (the slippage model stands for it), hedge and multi-assets
margin (the flags are kept and reported; orders are refused while one is on), partial liquidation.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.paper import liquidation
from watchdog.paper.account import TRANSFER, Account, Fee
from watchdog.paper.events import (
    AccountChanged,
    AlgoChanged,
    Event,
    LeverageChanged,
    Liquidated,
    MarginCalled,
    MultiAssetsChanged,
    OrderChanged,
)
from watchdog.paper.margin import initial_margin
from watchdog.paper.orders import Algo, AlgoStatus, Fill, NewAlgo, NewOrder, Order, OrderStatus, OrderType
from watchdog.paper.refusal import Refusal, RefusedError
from watchdog.paper.slippage import RecentRange, Slippage
from watchdog.paper.values import ZERO, MarginMode, Market, Price, Side

MAX_ALGOS = 200
"""Conditional orders that may rest, over all markets (Binance, change log of 2025-12-29)."""
_MARGIN_CALL_RATIO = Decimal("0.8")
"""Our choice: Binance does not publish the ratio at which it warns."""


class Exchange:
    """One account on one venue."""

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

    # --- market time

    def tick(self, time_ms: int, prices: Mapping[str, Price]) -> None:
        """Move to a time with new prices: limit orders fill, conditional ones trigger, then liquidations.

        Within a tick the price is taken to have passed through everything between: a stop on the near side of the
        liquidation price goes first, one beyond it comes too late.
        """
        self.time_ms = time_ms
        self.account.prices.update(prices)
        for symbol, price in prices.items():
            self._ranges[symbol].add(time_ms, price.last)
        for order in self.open_orders():
            self._match(order)
        for algo in self.open_algos():
            self._trigger(algo)
        self._liquidate()
        self._call_margin()

    def _match(self, order: Order) -> None:
        price = self.account.prices.get(order.symbol)
        if price is None or order.price is None:
            return
        crossed = price.last <= order.price if order.side is Side.BUY else price.last >= order.price
        if crossed:
            self._fill(order, order.price, maker=True)

    def _trigger(self, algo: Algo) -> None:
        price = self.account.prices.get(algo.symbol)
        if price is None or algo.id not in self.algos or self.algos[algo.id].status is not AlgoStatus.NEW:
            return
        if not algo.reached(price.of(algo.working)) or self._too_late(algo):
            return
        algo = self._algo(replace(algo, status=AlgoStatus.TRIGGERING, triggered_ms=self.time_ms))
        position = self.account.position(algo.symbol)
        quantity = abs(position.amount) if algo.close_position else algo.quantity or ZERO
        reduces = algo.reduce_only or algo.close_position
        quantity = self.account.fit(algo.symbol, algo.side, quantity, reduce_only=reduces)
        if not quantity:
            self._algo(replace(algo, status=AlgoStatus.REJECTED, reason="Reduce Only reject"))
            return
        order_type = OrderType.LIMIT if algo.type.is_limit else OrderType.MARKET
        taken = self._taker_price(algo.symbol, algo.side) if order_type is OrderType.MARKET else algo.price or ZERO
        if not reduces and not self._affordable(algo.symbol, algo.side, quantity, taken):
            self._algo(replace(algo, status=AlgoStatus.REJECTED, reason="Margin is insufficient."))
            return
        order = self._new_order(
            NewOrder(algo.symbol, algo.side, order_type, quantity, algo.price, reduces, algo.client_id), algo
        )
        algo = self._algo(replace(algo, status=AlgoStatus.TRIGGERED, order_id=order.id))
        if order_type is OrderType.MARKET:
            self._fill(order, taken, maker=False)
        else:
            self._match(order)
        self._follow(algo.id)

    def _too_late(self, algo: Algo) -> bool:
        """Whether liquidation came before this stop on the way to the present price."""
        position = self.account.position(algo.symbol)
        if not position.amount or self.account.ratio(position) < 1:
            return False
        gone = self.account.liquidation_price(position)
        if gone is None:
            return True
        return algo.trigger_price <= gone if position.amount > ZERO else algo.trigger_price >= gone

    def _liquidate(self) -> None:
        due = liquidation.due(self.account)
        while due:
            symbols = {position.symbol for position in due}
            for order in self.open_orders():
                if order.symbol in symbols:
                    self._order(replace(order, status=OrderStatus.EXPIRED))
            for algo in self.open_algos():
                if algo.symbol in symbols:
                    self._algo(replace(algo, status=AlgoStatus.EXPIRED, reason="Liquidation"))
            prices = {p.symbol: self._taker_price(p.symbol, p.closing) for p in due}
            for record in liquidation.close(self.account, due, prices, self.time_ms):
                self._tell_liquidation(record)
            due = liquidation.due(self.account)

    def _tell_liquidation(self, record: Liquidated) -> None:
        side = Side.SELL if record.amount > ZERO else Side.BUY
        order = self._new_order(
            NewOrder(
                symbol=record.symbol,
                side=side,
                type=OrderType.LIQUIDATION,
                quantity=abs(record.amount),
                reduce_only=True,
                client_id=f"autoclose-{self.time_ms}",
            )
        )
        realised = record.fee - record.gross_loss
        self._record(order, record.exit_price, record.fee, realised, maker=False)
        self.covered[record.symbol] += record.owed
        if record.owed:
            self._changed("INSURANCE_CLEAR", self.account.asset_of(record.symbol), record.symbol, record.owed)
        self.liquidations.append(record)
        self._events.append(record)

    def _call_margin(self) -> None:
        near = {p.symbol for p in self.account.open_positions() if self.account.ratio(p) >= _MARGIN_CALL_RATIO}
        if near - self._called:
            self._events.append(MarginCalled(tuple(sorted(near)), self.time_ms))
        self._called = near

    # --- orders

    def place(self, new: NewOrder) -> Order:
        """Fill a market order, or rest a limit order (or fill it when it crosses). Raises RefusedError."""
        self._check_modes()
        market = self.market(new.symbol)
        price = new.price if new.price is not None else self._taker_price(new.symbol, new.side)
        if new.price is not None:
            _check_price(market, new.price)
        self._check_size(market, new.quantity, price, market_order=new.price is None, reduces=new.reduce_only)
        if new.client_id and any(o.client_id == new.client_id for o in self.open_orders()):
            raise RefusedError(Refusal.DUPLICATE_ID)
        if new.reduce_only and not self.account.fit(new.symbol, new.side, new.quantity, reduce_only=True):
            raise RefusedError(Refusal.NOTHING_TO_REDUCE)
        if not new.reduce_only:
            self._check_margin(new.symbol, new.side, new.quantity, price)
        order = self._new_order(new)
        if new.type is OrderType.MARKET:
            self._fill(order, price, maker=False)
        else:
            self._match(order)
        return self.orders[order.id]

    def place_algo(self, new: NewAlgo) -> Algo:
        """Rest a conditional order. Raises RefusedError."""
        self._check_modes()
        market = self.market(new.symbol)
        _check_price(market, new.trigger_price)
        if new.price is not None:
            _check_price(market, new.price)
        resting = self.open_algos()
        if new.client_id and any(a.client_id == new.client_id for a in resting):
            raise RefusedError(Refusal.DUPLICATE_ID)
        position = self.account.position(new.symbol)
        against = bool(position.amount) and position.closing is new.side
        if new.close_position:
            if not against:
                raise RefusedError(Refusal.NO_POSITION)
            if any(
                a.close_position
                and a.symbol == new.symbol
                and a.side is new.side
                and a.type.is_stop is new.type.is_stop
                for a in resting
            ):
                raise RefusedError(Refusal.CLOSE_POSITION_RESTS)
        else:
            quantity = new.quantity or ZERO
            self._check_size(
                market, quantity, new.trigger_price, market_order=not new.type.is_limit, reduces=new.reduce_only
            )
            if new.reduce_only and not against:
                raise RefusedError(Refusal.NOTHING_TO_REDUCE)
        if len(resting) >= MAX_ALGOS:
            raise RefusedError(Refusal.TOO_MANY_ALGOS)
        algo_id = next(self._algo_ids)
        algo = Algo(
            id=algo_id,
            client_id=new.client_id or f"paper{algo_id}",
            symbol=new.symbol,
            side=new.side,
            type=new.type,
            quantity=None if new.close_position else new.quantity,
            trigger_price=new.trigger_price,
            price=new.price,
            working=new.working,
            reduce_only=new.reduce_only,
            close_position=new.close_position,
            price_protect=new.price_protect,
            status=AlgoStatus.NEW,
            created_ms=self.time_ms,
            updated_ms=self.time_ms,
        )
        price = self.account.prices.get(new.symbol)
        if price is not None and algo.reached(price.of(algo.working)):
            raise RefusedError(Refusal.WOULD_TRIGGER_AT_ONCE)
        return self._algo(algo)

    def cancel(self, order_id: int | None, client_id: str | None) -> Order:
        """Cancel a resting plain order. Raises RefusedError."""
        order = self.find_order(order_id, client_id)
        if order.status is not OrderStatus.NEW:
            raise RefusedError(Refusal.NO_SUCH_ORDER)
        order = self._order(replace(order, status=OrderStatus.CANCELED))
        for algo in self.algos.values():
            if algo.order_id == order.id:
                self._algo(replace(algo, status=AlgoStatus.FINISHED))
                break
        return order

    def cancel_algo(self, algo_id: int | None, client_id: str | None) -> Algo:
        """Cancel a resting conditional order. Raises RefusedError."""
        algo = self.find_algo(algo_id, client_id)
        if algo.status is not AlgoStatus.NEW:
            raise RefusedError(Refusal.NO_SUCH_ORDER)
        return self._algo(replace(algo, status=AlgoStatus.CANCELED))

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
        self.hedge = on

    def set_multi_assets(self, on: bool) -> None:
        """Switch multi-assets mode. Raises RefusedError."""
        self._check_switch(self.multi_assets, on)
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
        if size <= ZERO or size < market.min_size:
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

    def _new_order(self, new: NewOrder, algo: Algo | None = None) -> Order:
        order_id = next(self._order_ids)
        return self._order(
            Order(
                id=order_id,
                client_id=new.client_id or f"paper{order_id}",
                symbol=new.symbol,
                side=new.side,
                type=new.type,
                quantity=new.quantity,
                price=new.price,
                reduce_only=new.reduce_only,
                status=OrderStatus.NEW,
                created_ms=self.time_ms,
                updated_ms=self.time_ms,
                close_position=algo.close_position if algo else False,
                from_algo=algo.type if algo else None,
            )
        )

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

    def _follow(self, algo_id: int) -> None:
        """Finish a triggered conditional order once its plain order is done."""
        algo = self.algos[algo_id]
        order = self.orders[algo.order_id or 0]
        if order.status is not OrderStatus.NEW and algo.status is AlgoStatus.TRIGGERED:
            self._algo(replace(algo, status=AlgoStatus.FINISHED, filled=order.filled, average=order.average))

    def _fill(self, order: Order, price: Decimal, *, maker: bool) -> None:
        size = self.account.fit(order.symbol, order.side, order.quantity, reduce_only=order.reduce_only)
        if not size:
            self._order(replace(order, status=OrderStatus.EXPIRED))
            return
        market = self.market(order.symbol)
        fee = size * price * (market.maker_fee if maker else market.taker_fee)
        applied = self.account.apply(order.symbol, order.side.sign * size, price, Fee(fee), self.time_ms)
        self._record(replace(order, quantity=size), price, fee, applied.realised, maker=maker)
        self.covered[order.symbol] += applied.covered
        if applied.covered:
            self._changed("INSURANCE_CLEAR", market.margin_asset, order.symbol, applied.covered)
        for algo in list(self.algos.values()):
            if algo.order_id == order.id:
                self._follow(algo.id)

    def _record(self, order: Order, price: Decimal, fee: Decimal, realised: Decimal, *, maker: bool) -> None:
        """Write a fill down, tell of it, and expire what depended on a position that is gone."""
        fill = Fill(
            id=next(self._fill_ids),
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            size=order.quantity,
            fee=fee,
            realised=realised,
            maker=maker,
            at_ms=self.time_ms,
        )
        self.fills.append(fill)
        self._changed("ORDER", self.account.asset_of(order.symbol), order.symbol)
        self._order(replace(order, status=OrderStatus.FILLED, filled=order.quantity, average=price), fill)
        position = self.account.position(order.symbol)
        for algo in self.open_algos(order.symbol):
            if algo.close_position and (not position.amount or position.closing is not algo.side):
                self._algo(replace(algo, status=AlgoStatus.EXPIRED))

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


def _check_price(market: Market, price: Decimal) -> None:
    if price <= ZERO:
        raise RefusedError(Refusal.PRICE_NOT_ABOVE_ZERO, str(price))
    if price % market.tick:
        raise RefusedError(Refusal.PRICE_TICK, str(price))
