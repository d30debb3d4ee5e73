"""Positions, what shares margin with them, and the stops that rest for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from watchdog.domain.market import Market, Tier
from watchdog.domain.reading import Reading, Unknown

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
NOT_GIVEN: Final = Unknown("the venue gives none")


NO_HEDGE_STOPS: Final = "stops in hedge mode are not built yet: nothing is sent"
NO_MULTI_ASSET_STOPS: Final = "stops in multi-assets mode are not built yet: nothing is sent"


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


class Contract(StrEnum):
    """What a position's money is straight in: the price, or one over the price."""

    LINEAR = "linear"
    """Size in base; profit `side · size · (mark − entry)` in quote."""
    INVERSE = "inverse"
    """Size is the face value in quote (USD); profit `side · size · (1/entry − 1/mark)` in the coin."""


class PositionKey(NamedTuple):
    """Names one position of an account."""

    symbol: str
    position_side: PositionSide


@dataclass(frozen=True, slots=True)
class Terms:
    """By which rules a venue reckons what it requires of a position, as far as they differ between venues."""

    contract: Contract = Contract.LINEAR
    fee: Decimal = ZERO
    """Share of the notional that the venue requires on top of its tiers, for closing."""
    at_entry: bool = False
    """True: what is required goes by the notional at entry, and no price moves it."""
    toward_market: Decimal = ZERO
    """Price by which the venue puts its liquidation price nearer to the market than the ratio says."""
    rate: Decimal = ONE
    """Money of the pool for one unit of the margin asset; not used where an inverse contract shares a pool that is
    reckoned in quote: there a coin is worth its mark."""
    tiers: tuple[Tier, ...] | None = None
    """Its own table, where the venue's goes by something else than the notional; None: the market's. Where the tier
    follows the number of contracts no price moves it: one tier then."""
    fixed: Decimal = ZERO
    """Money it requires on top, whatever the price: a closing fee that goes by the entry."""
    unreckoned: str = ""
    """Why what it requires can't be reckoned from tiers: portfolio margin. Then only the venue's own figures are."""


COMMON_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Position:
    """One open position as the venue reported it in one read. Prices in quote per base; money in the margin asset.

    `size` is in base, of an inverse contract its face value in quote.
    """

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
    terms: Terms = COMMON_TERMS
    venue_ratio: Reading = NOT_GIVEN
    """The venue's own margin ratio of an isolated position, turned so that 1 is liquidation."""
    shared: str = ""
    """The pool a cross position shares; empty: the one named by its margin asset."""

    @property
    def key(self) -> PositionKey:
        """Its name within the account."""
        return PositionKey(self.symbol, self.position_side)

    @property
    def pool(self) -> str | None:
        """The pool whose margin it shares; None when it is isolated."""
        return None if self.margin_mode is MarginMode.ISOLATED else self.shared or self.margin_asset

    @property
    def inverse(self) -> bool:
        """Whether its money is the coin, and straight in one over the price."""
        return self.terms.contract is Contract.INVERSE

    def notional(self, price: Decimal) -> Decimal:
        """Money it is worth at a price above zero, never negative."""
        return self.size / price if self.inverse else self.size * price

    def profit(self, price: Decimal) -> Decimal:
        """Money it has gained since entry at a price above zero; a loss is negative. Fees are not in it."""
        if self.inverse:
            return self.side.sign * (self.size / self.entry - self.size / price)
        return self.side.sign * self.size * (price - self.entry)


@dataclass(frozen=True, slots=True)
class Balance:
    """What one cross pool holds, and the venue's own figures of it. All money in `unit`."""

    asset: str
    """The pool's name: its margin asset, or what the venue calls the account or part of it that shares margin."""
    wallet: Decimal | Unknown
    """What it holds without unrealised profit; margin of isolated positions is not in it."""
    venue_unrealised: Decimal
    """The venue's sum of unrealised profit over the pool's positions."""
    venue_maintenance: Reading
    """The venue's maintenance requirement of the pool's positions, where it publishes one."""
    money: str = ""
    """The currency its money is in; empty: its name."""
    venue_ratio: Reading = NOT_GIVEN
    """The venue's own margin ratio of the pool, turned so that 1 is liquidation."""
    others: Decimal = ZERO
    """Maintenance the venue requires for what is no position here: open orders, options."""
    collateral: Mapping[str, Decimal] = field(default_factory=dict)
    """Of the wallet, what is held in coins whose price moves, by coin, at the venue's own haircut."""
    more: bool = False
    """Whether something shares this pool that is no position here (options, another product): it may liquidate it."""

    @property
    def unit(self) -> str:
        """The currency its money is in."""
        return self.money or self.asset


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
    margin_mode: MarginMode | None = None
    """Whose position it works on, where an order belongs to the cross or the isolated one; None: it does not."""


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
    words: str = ""
    """Anything else that decides, as the venue calls it: `cross`, `portfolio margin`."""
    either_leg: bool = False
    """True: the venue sets one-way or hedge for each symbol, not for the account."""
    no_numbers: str = ""
    """Why no numbers can be had of an account set like this; empty when they can."""
    no_orders: str = ""
    """Why the venue's folder has no stop sent on an account set like this; empty when it has nothing against it."""

    @property
    def no_stops(self) -> str:
        """Why no stop of ours is sent on an account set like this, in words; empty when they are."""
        if self.no_orders:
            return self.no_orders
        if self.hedge:
            return NO_HEDGE_STOPS
        return NO_MULTI_ASSET_STOPS if self.multi_asset else ""


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
    unwatched: tuple[str, ...] = ()
    """What of this account was seen and is not looked at, in words: a spot balance, an option."""
    debts: Mapping[str, Decimal] = field(default_factory=dict)
    """What the account owes the venue, by coin; a loan in it, or what a liquidation left."""
