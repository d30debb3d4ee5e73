"""How much worse than the last price a market order fills, and the price range that decides it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from watchdog.paper.values import Market, Side

_BASIS_POINTS = Decimal(10_000)
_WINDOW_MS = 60_000


@dataclass(frozen=True, slots=True)
class Slippage:
    """A fill moves against the taker by `base_bps` of the price plus `range_share` of the last minute's range.

    A quiet market costs the base; in a crash, when the range of a minute is a tenth of the price, fills get much worse.
    """

    base_bps: Decimal = Decimal(2)
    range_share: Decimal = Decimal("0.05")

    def fill_price(self, market: Market, side: Side, last: Decimal, recent_range: Decimal) -> Decimal:
        """The price a taker of this side gets, on a tick, never better than the last price."""
        move = last * self.base_bps / _BASIS_POINTS + recent_range * self.range_share
        return market.round_price(last + side.sign * move, up=side is Side.BUY)


class RecentRange:
    """The highest less the lowest price of the last minute."""

    def __init__(self) -> None:
        self._prices: deque[tuple[int, Decimal]] = deque()

    def add(self, at_ms: int, price: Decimal) -> None:
        """Hear of a price; forgets those older than a minute."""
        self._prices.append((at_ms, price))
        while self._prices[0][0] < at_ms - _WINDOW_MS:
            self._prices.popleft()

    @property
    def size(self) -> Decimal:
        """Highest less lowest."""
        if not self._prices:
            return Decimal(0)
        prices = [price for _, price in self._prices]
        return max(prices) - min(prices)
