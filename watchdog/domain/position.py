"""Positions, what shares margin with them, and the stops that rest for them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from watchdog.domain.market import Market
from watchdog.domain.reading import Reading


class Side(StrEnum):
    """Which way a position gains."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for a long, −1 for a short."""
        return 1 if self is Side.LONG else -1

    @property
    def closing(self) -> OrderSide:
        """The order side that reduces a position of this side."""
        return OrderSide.SELL if self is Side.LONG else OrderSide.BUY


class OrderSide(StrEnum):
    """What an order does."""

    BUY = "buy"
    SELL = "sell"


class PositionSide(StrEnum):
    """The leg a position or an order belongs to: BOTH in one-way mode, LONG or SHORT in hedge mode."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"

    __hash__ = str.__hash__  # Enum's own is Python code; as a part of every key this one runs thousands of times a tick


class MarginMode(StrEnum):
    """Isolated: only its own margin is at stake. Cross: it shares the pool of its margin asset."""

    ISOLATED = "isolated"
    CROSS = "cross"


class TriggerKind(StrEnum):
    """The price that sets a conditional order off."""

    MARK = "mark"
    LAST = "last"
    INDEX = "index"
    UNKNOWN = "unknown"


class StopKind(StrEnum):
    """What a resting conditional order is, as far as it can protect."""

    STOP_MARKET = "stop market"
    STOP_LIMIT = "stop limit"
    TRAILING = "trailing stop"
    TAKE_PROFIT = "take profit"
    UNKNOWN = "unknown"


class PositionKey(NamedTuple):
    """Names one position of an account."""

    symbol: str
    position_side: PositionSide


@dataclass(frozen=True, slots=True)
class Position:
    """One open position as the venue reported it in one read. Sizes in base, prices in quote per base."""

    symbol: str
    side: Side
    position_side: PositionSide
    margin_mode: MarginMode
    margin_asset: str
    size: Decimal
    """Always above zero."""
    entry: Decimal
    mark: Decimal
    isolated_wallet: Decimal | None
    """The margin put to an isolated position, without its unrealised profit; None in cross mode."""
    venue_maintenance: Reading
    """Money the venue says it requires of this position now."""
    venue_liquidation: Reading
    """The venue's own liquidation price; Unknown where it publishes none (`"0"`, `""`)."""

    @property
    def key(self) -> PositionKey:
        """Its name within the account."""
        return PositionKey(self.symbol, self.position_side)


@dataclass(frozen=True, slots=True)
class Balance:
    """What one cross pool holds: the wallet of a margin asset, and the venue's own figures of it."""

    asset: str
    wallet: Decimal
    """The cross wallet balance: margin of isolated positions and unrealised profit are not in it."""
    venue_unrealised: Decimal
    """The venue's sum of unrealised profit over the asset's cross positions."""
    venue_maintenance: Reading
    """The venue's maintenance requirement of the asset's cross positions, where it publishes one."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A conditional order that rests on the venue, ours or not."""

    symbol: str
    order_side: OrderSide
    position_side: PositionSide
    kind: StopKind
    trigger: TriggerKind
    trigger_price: Decimal
    size: Decimal | None
    """None when it closes the whole position (`close_position`)."""
    close_position: bool
    reduce_only: bool
    client_id: str
    venue_id: str


@dataclass(frozen=True, slots=True)
class StopOrder:
    """A protective stop to place: stop-market, reduce-only, triggered on mark. There is no other kind of order here."""

    symbol: str
    order_side: OrderSide
    position_side: PositionSide
    size: Decimal
    trigger_price: Decimal
    client_id: str

    def matches(self, stop: Stop) -> bool:
        """Whether a resting stop is this order in every field that protects."""
        return (
            stop.client_id == self.client_id
            and stop.symbol == self.symbol
            and stop.order_side is self.order_side
            and stop.position_side is self.position_side
            and stop.kind is StopKind.STOP_MARKET
            and stop.trigger is TriggerKind.MARK
            and stop.trigger_price == self.trigger_price
            and stop.size == self.size
            and (stop.reduce_only or stop.position_side is not PositionSide.BOTH)
        )


@dataclass(frozen=True, slots=True)
class AccountModes:
    """How the account is set on the venue: what decides which formulas hold for it."""

    hedge: bool
    """True: a symbol can hold a long and a short leg at once."""
    multi_asset: bool
    """True: all margin assets stand behind one pool (Binance multi-assets mode)."""
    can_trade: bool


@dataclass(frozen=True, slots=True)
class AccountRead:
    """One complete read of an account over REST: what is held, what stands behind it, what rests. Never partly new."""

    modes: AccountModes
    positions: tuple[Position, ...]
    balances: tuple[Balance, ...]
    stops: tuple[Stop, ...]
    markets: tuple[Market, ...]
    """Of every symbol in `positions` and `stops`."""
    venue_time_ms: int
    """The newest time stamp in the venue's answer; data, never compared with our clocks."""
