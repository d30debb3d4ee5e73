"""Orders: plain ones that fill or rest in the book, and conditional ones that wait for a price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from watchdog.paper.values import ZERO, Side, Working


class OrderType(StrEnum):
    """What becomes of a plain order."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIQUIDATION = "LIQUIDATION"


class OrderStatus(StrEnum):
    """How far a plain order is."""

    NEW = "NEW"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


class AlgoType(StrEnum):
    """What a conditional order does when its price comes."""

    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"

    @property
    def is_stop(self) -> bool:
        """It waits for the price to move against the side it closes; otherwise it takes profit."""
        return self in {AlgoType.STOP, AlgoType.STOP_MARKET}

    @property
    def is_limit(self) -> bool:
        """It becomes a limit order; otherwise a market order."""
        return self in {AlgoType.STOP, AlgoType.TAKE_PROFIT}


class AlgoStatus(StrEnum):
    """How far a conditional order is."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A plain order as it is asked for."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    """Of a limit order."""
    reduce_only: bool = False
    client_id: str = ""
    """Empty: the venue makes one."""


@dataclass(frozen=True, slots=True)
class Order:
    """A plain order as it stands."""

    id: int
    client_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    reduce_only: bool
    status: OrderStatus
    created_ms: int
    updated_ms: int
    filled: Decimal = ZERO
    average: Decimal = ZERO
    close_position: bool = False
    from_algo: AlgoType | None = None
    """The kind of conditional order it came from."""


@dataclass(frozen=True, slots=True)
class NewAlgo:
    """A conditional order as it is asked for."""

    symbol: str
    side: Side
    type: AlgoType
    trigger_price: Decimal
    quantity: Decimal | None = None
    """None with `close_position`."""
    price: Decimal | None = None
    """Of the limit kinds."""
    working: Working = Working.LAST
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Algo:
    """A conditional order as it stands."""

    id: int
    client_id: str
    symbol: str
    side: Side
    type: AlgoType
    quantity: Decimal | None
    trigger_price: Decimal
    price: Decimal | None
    working: Working
    reduce_only: bool
    close_position: bool
    price_protect: bool
    status: AlgoStatus
    created_ms: int
    updated_ms: int
    triggered_ms: int = 0
    order_id: int | None = None
    """The plain order it became."""
    filled: Decimal = ZERO
    average: Decimal = ZERO
    reason: str = ""
    """Why it failed, where it did."""

    def reached(self, price: Decimal) -> bool:
        """Whether the watched price is at or past the trigger price."""
        falls = (self.side is Side.SELL) is self.type.is_stop
        return price <= self.trigger_price if falls else price >= self.trigger_price


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of the account."""

    id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    """Paid, in the margin asset: commission, or the liquidation fee."""
    realised: Decimal
    """Profit of the part that was closed, before the fee."""
    maker: bool
    at_ms: int
