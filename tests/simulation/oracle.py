"""What is right for a position, worked out from the paper venue's own figures and from nothing of the daemon's."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from decimal import Decimal

from watchdog.paper.account import Account, Position
from watchdog.paper.orders import Algo, AlgoType
from watchdog.paper.values import ZERO, MarginMode, Price, Working

_SHARE = Decimal("0.6")
_CLEAR = Decimal("0.005")
_FEE = Decimal("0.0005")
_DUST = Decimal("1.2")
"""Of the smallest order: what is nearer to it is dust."""
_SLACK = Decimal("0.002")
"""Of the price: nearer to a bound than this the oracle has no opinion."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the shipped rules ask for one position. `sure`: far enough from every level to insist on it."""

    symbol: str
    size: Decimal
    liquidation: Decimal | None
    wants_stop: bool
    has_place: bool
    foreign: Decimal
    """How much of it stops that are not ours close in time."""
    ours: Decimal
    """How much of it ours close in time."""
    dust: bool
    """Too small for an order of the venue's: nothing can be made right."""

    @property
    def needs_ours(self) -> bool:
        """Whether a stop of ours has to rest."""
        return self.wants_stop and self.has_place and self.foreign < self.size * Decimal("0.94")


def opinion(account: Account, position: Position, ours: list[Algo], foreign: list[Algo]) -> Opinion:
    """The opinion on an open position and the conditional orders that rest on its market."""
    sign = 1 if position.amount > ZERO else -1
    size, mark = abs(position.amount), account.mark(position.symbol)
    gone = nearest_liquidation(account, position)
    market, price = account.markets[position.symbol], min(mark, gone or mark)
    others = min(size, sum((_closes(position, algo, gone, sign) for algo in foreign), ZERO))

    def small(amount: Decimal) -> bool:
        return amount < market.min_size or amount * price < market.min_notional * _DUST

    return Opinion(
        symbol=position.symbol,
        size=size,
        liquidation=gone,
        wants_stop=_wants(account, position, mark, gone, sign),
        has_place=_has_place(account, position, mark, gone, sign) and not small(size - others),
        foreign=others,
        ours=sum((_closes(position, algo, gone, sign) for algo in ours), ZERO),
        dust=small(size),
    )


def nearest_liquidation(account: Account, position: Position) -> Decimal | None:
    """The nearer of a position's own liquidation price and its price when its whole pool is liquidated."""
    own = account.liquidation_price(position)
    if position.mode is MarginMode.ISOLATED:
        return own
    sign = 1 if position.amount > ZERO else -1
    pooled = _pool_price(account, position, sign)
    prices = [price for price in (own, pooled) if price is not None]
    return max(prices, key=lambda price: price * sign, default=None)


def _pool_price(account: Account, position: Position, sign: int) -> Decimal | None:
    """By halving: the common move of all prices against this side at which the pool's ratio reaches 1."""
    asset, mark = account.asset_of(position.symbol), account.mark(position.symbol)

    def gone(move: Decimal) -> bool:
        moved = copy.copy(account)
        factor = 1 - sign * move
        moved.prices = {symbol: Price(one.mark * factor, one.last) for symbol, one in account.prices.items()}
        return moved.pool(asset).ratio >= 1

    low, high = Decimal(0), Decimal("0.99") if sign > 0 else Decimal(3)
    if not gone(high):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if gone(middle) else (middle, high)
    return mark * (1 - sign * high)


def _wants(account: Account, position: Position, mark: Decimal, gone: Decimal | None, sign: int) -> bool:
    """Surely within the `only_if` of the shipped rule."""
    if gone is None:
        return False
    notional = abs(position.amount) * mark
    if position.mode is MarginMode.ISOLATED:
        equity = position.isolated_wallet + account.unrealised(position)
    else:
        pool = account.pool(account.asset_of(position.symbol))
        equity = pool.cross_wallet + pool.cross_unrealised
    distance = (mark - gone) * sign / mark
    return distance < Decimal("0.145") or equity <= 0 or notional / equity > Decimal("5.1")


def _has_place(account: Account, position: Position, mark: Decimal, gone: Decimal | None, sign: int) -> bool:
    """Surely clear of both ends, for the rule's place or, where that is too near liquidation, the nearest safe one."""
    if gone is None:
        return False
    market = account.markets[position.symbol]
    far = gone * (1 + sign * (_CLEAR + _FEE)) + sign * market.tick
    near = mark * (1 - sign * _CLEAR)
    place = position.entry + _SHARE * (gone - position.entry)
    if (place - far) * sign < 0:
        place = far
    return (near - place) * sign > mark * _SLACK


def _closes(position: Position, algo: Algo, gone: Decimal | None, sign: int) -> Decimal:
    good = algo.type is AlgoType.STOP_MARKET and algo.working is Working.MARK and algo.side is position.closing
    good = good and (algo.reduce_only or algo.close_position)
    if not good or (gone is not None and (algo.trigger_price - gone) * sign <= 0):
        return ZERO
    return abs(position.amount) if algo.quantity is None else algo.quantity
