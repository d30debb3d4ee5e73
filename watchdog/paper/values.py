"""The values the paper venue is made of. Sizes in base, prices in quote per base, money in the margin asset."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

ZERO = Decimal(0)
ONE = Decimal(1)


class Side(StrEnum):
    """What an order does."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for a buy, −1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class MarginMode(StrEnum):
    """Whether a position stands on its own margin or on the pool of its margin asset."""

    ISOLATED = "isolated"
    CROSS = "cross"


class Working(StrEnum):
    """The price that sets a conditional order off: the mark price, or the last traded one."""

    MARK = "MARK_PRICE"
    LAST = "CONTRACT_PRICE"


@dataclass(frozen=True, slots=True)
class Tier:
    """One maintenance bracket: from `floor` of notional up, `rate` of the notional less `cum` is required."""

    floor: Decimal
    cap: Decimal | None
    """None: no upper end."""
    rate: Decimal
    cum: Decimal
    max_leverage: int


@dataclass(frozen=True, slots=True)
class Market:
    """A linear perpetual and its filters."""

    symbol: str
    base: str
    quote: str
    margin_asset: str
    tick: Decimal
    step: Decimal
    price_places: int
    """Decimals a price may be written with; the tick can be coarser."""
    size_places: int
    min_size: Decimal
    max_size: Decimal
    """Of one limit order."""
    max_market_size: Decimal
    """Of one market order."""
    min_notional: Decimal
    taker_fee: Decimal
    """Share of the notional: 0.0005 is 0.05 %."""
    maker_fee: Decimal
    liquidation_fee: Decimal
    """Share of the notional that a liquidation pays to the insurance fund."""
    tiers: tuple[Tier, ...]
    """In rising order of floor."""

    def round_price(self, price: Decimal, *, up: bool) -> Decimal:
        """The tick at or above the price (`up`), or at or below it; never below one tick."""
        ticks = (price / self.tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
        return max(ticks * self.tick, self.tick)


@dataclass(frozen=True, slots=True)
class Price:
    """The two prices of a market at one moment."""

    mark: Decimal
    last: Decimal

    def of(self, working: Working) -> Decimal:
        """The one a conditional order watches."""
        return self.mark if working is Working.MARK else self.last
