"""The venue's account and matching engine: orders, conditional orders, ticks. No clock of its own, no I/O.

Market time moves only with `tick`. Everything that happens is kept as events until they are drained.

Not modelled: funding, partial fills, the order book's depth (the slippage model stands for it), hedge and multi-assets
margin (the flags are kept and reported; orders are refused while one is on), partial liquidation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.paper import liquidation
from watchdog.paper.account import Fee
from watchdog.paper.desk import Desk, check_price
from watchdog.paper.events import (
    Liquidated,
    MarginCalled,
)
from watchdog.paper.orders import Algo, AlgoStatus, Fill, NewAlgo, NewOrder, Order, OrderStatus, OrderType
from watchdog.paper.refusal import Refusal, RefusedError
from watchdog.paper.values import ZERO, Price, Side

MAX_ALGOS = 200
"""Conditional orders that may rest, over all markets (Binance, change log of 2025-12-29)."""
_MARGIN_CALL_RATIO = Decimal("0.8")
"""Our choice: Binance does not publish the ratio at which it warns."""


class Exchange(Desk):
    """One account on one venue, with its matching engine."""

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
        if order.price is not None and self._crossed(order):
            self._fill(order, order.price, maker=True)

    def _crossed(self, order: Order) -> bool:
        """Whether the last price has come to a limit order's price."""
        price = self.account.prices.get(order.symbol)
        if price is None or order.price is None:
            return False
        return price.last <= order.price if order.side is Side.BUY else price.last >= order.price

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
            check_price(market, new.price)
        self._check_size(market, new.quantity, price, market_order=new.price is None, reduces=new.reduce_only)
        if new.client_id and any(o.client_id == new.client_id for o in self.open_orders()):
            raise RefusedError(Refusal.DUPLICATE_ID)
        if new.reduce_only and not self.account.fit(new.symbol, new.side, new.quantity, reduce_only=True):
            raise RefusedError(Refusal.NOTHING_TO_REDUCE)
        if not new.reduce_only:
            self._check_margin(new.symbol, new.side, new.quantity, price)
        order = self._new_order(new)
        taken = self._taker_price(new.symbol, new.side)
        if new.type is OrderType.MARKET:
            self._fill(order, taken, maker=False)
        elif self._crossed(order):
            better = min(price, taken) if new.side is Side.BUY else max(price, taken)
            self._fill(order, better, maker=False)
        return self.orders[order.id]

    def place_algo(self, new: NewAlgo) -> Algo:
        """Rest a conditional order. Raises RefusedError."""
        self._check_modes()
        market = self.market(new.symbol)
        if new.trigger_price <= ZERO:
            raise RefusedError(Refusal.TRIGGER_NOT_ABOVE_ZERO, str(new.trigger_price))
        check_price(market, new.trigger_price)
        if new.price is not None:
            check_price(market, new.price)
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

    # --- inside

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
