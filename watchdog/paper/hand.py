"""The trader's own hand: what a person does on the venue's website, not through the key."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from watchdog.paper.exchange import Exchange
from watchdog.paper.orders import NewOrder, Order, OrderType
from watchdog.paper.refusal import Refusal, RefusedError
from watchdog.paper.values import ZERO, MarginMode, Side


class Hand:
    """Trades and transfers by hand. `told` is called after each, so that its frames go out."""

    def __init__(self, exchange: Exchange, told: Callable[[], None]) -> None:
        self._exchange = exchange
        self._told = told

    def market(
        self, symbol: str, amount: Decimal, *, leverage: int | None = None, mode: MarginMode | None = None
    ) -> Order:
        """A market order of a signed size: opens, grows, shrinks, closes or flips. Raises RefusedError."""
        exchange = self._exchange
        exchange.market(symbol)
        if mode is not None and exchange.account.position(symbol).mode is not mode:
            exchange.set_margin_mode(symbol, mode)
        if leverage is not None and exchange.account.position(symbol).leverage != leverage:
            exchange.set_leverage(symbol, leverage)
        side = Side.BUY if amount > ZERO else Side.SELL
        order = exchange.place(NewOrder(symbol, side, OrderType.MARKET, abs(amount)))
        self._told()
        return order

    def close(self, symbol: str) -> Order:
        """Close all of a position, reduce-only. Raises RefusedError."""
        position = self._exchange.account.position(symbol)
        if not position.amount:
            raise RefusedError(Refusal.NO_POSITION, symbol)
        order = self._exchange.place(
            NewOrder(symbol, position.closing, OrderType.MARKET, abs(position.amount), reduce_only=True)
        )
        self._told()
        return order

    def deposit(self, asset: str, amount: Decimal) -> None:
        """Add to a wallet (below zero: withdraw)."""
        self._exchange.deposit(asset, amount)
        self._told()

    def move_margin(self, symbol: str, amount: Decimal) -> None:
        """Add (above zero) or take back isolated margin. Raises RefusedError."""
        self._exchange.move_margin(symbol, amount)
        self._told()

    def set_modes(self, *, hedge: bool | None = None, multi_assets: bool | None = None) -> None:
        """Switch hedge or multi-assets mode, whatever is open: the flag alone, as a daemon would find it."""
        if hedge is not None:
            self._exchange.hedge = hedge
        if multi_assets is not None:
            self._exchange.multi_assets = multi_assets
        self._told()
