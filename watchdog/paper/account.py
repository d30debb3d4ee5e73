"""One account: wallets, positions, and every figure that follows from them at the present marks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from watchdog.paper import margin
from watchdog.paper.values import ZERO, MarginMode, Market, Price, Side

REALIZED_PNL = "REALIZED_PNL"
COMMISSION = "COMMISSION"
LIQUIDATION_FEE = "LIQUIDATION_FEE"
INSURANCE_COVER = "INSURANCE_COVER"
"""What the insurance fund paid in the trader's place."""
TRANSFER = "TRANSFER"


@dataclass(frozen=True, slots=True)
class Position:
    """A market's row on the account, one-way mode. `amount` is signed: above zero long, below short, zero none."""

    symbol: str
    amount: Decimal = ZERO
    entry: Decimal = ZERO
    mode: MarginMode = MarginMode.CROSS
    leverage: int = 20
    isolated_wallet: Decimal = ZERO
    """Margin put to an isolated position, without its uPnL."""
    realised: Decimal = ZERO
    """Profit realised on this market so far, before fees."""
    updated_ms: int = 0

    @property
    def closing(self) -> Side:
        """The order side that reduces it."""
        return Side.SELL if self.amount > ZERO else Side.BUY


@dataclass(frozen=True, slots=True)
class PositionFigures:
    """What follows from a position at the present mark. Money in the margin asset."""

    mark: Decimal
    notional: Decimal
    """Signed: below zero for a short."""
    unrealised: Decimal
    maintenance: Decimal
    initial: Decimal
    isolated_margin: Decimal
    """Isolated wallet plus uPnL; zero in cross mode."""
    liquidation_price: Decimal | None
    """None: no price above zero liquidates it."""


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """A margin asset's figures: the wallet, and the cross pool that its cross positions share."""

    wallet: Decimal
    cross_wallet: Decimal
    """The wallet less the margin of isolated positions."""
    cross_unrealised: Decimal
    cross_maintenance: Decimal
    cross_initial: Decimal
    unrealised: Decimal
    maintenance: Decimal
    initial: Decimal
    order_initial: Decimal
    """Set aside for resting orders that would open."""

    @property
    def ratio(self) -> Decimal:
        """Margin ratio of the cross pool: liquidation at 1."""
        return margin.margin_ratio(self.cross_maintenance, self.cross_wallet + self.cross_unrealised)

    @property
    def available(self) -> Decimal:
        """What may be used to open more."""
        return max(self.cross_wallet + self.cross_unrealised - self.cross_initial - self.order_initial, ZERO)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account's money: profit, fee, transfer, or what the insurance fund took over."""

    kind: str
    symbol: str
    asset: str
    amount: Decimal
    """Added to the wallet."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class Fee:
    """What a fill costs, and the line it is booked under."""

    amount: Decimal
    kind: str = COMMISSION


@dataclass(frozen=True, slots=True)
class Applied:
    """What a fill did to the wallet, besides its fee."""

    realised: Decimal
    """Profit of the part that was closed."""
    covered: Decimal
    """Loss the insurance fund took over, so that the wallet did not pay it."""


@dataclass(slots=True)
class Account:
    """Wallets, positions and marks. Changes only through the methods below."""

    markets: dict[str, Market]
    wallets: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)

    def position(self, symbol: str) -> Position:
        """The market's row, open or not."""
        return self.positions.get(symbol) or Position(symbol)

    def open_positions(self) -> tuple[Position, ...]:
        """Those with a size."""
        return tuple(position for position in self.positions.values() if position.amount)

    def asset_of(self, symbol: str) -> str:
        """The margin asset of a market."""
        return self.markets[symbol].margin_asset

    def mark(self, symbol: str) -> Decimal:
        """The mark price; zero before the first one."""
        price = self.prices.get(symbol)
        return price.mark if price else ZERO

    def book(self, kind: str, symbol: str, asset: str, amount: Decimal, at_ms: int) -> None:
        """Add to the wallet and write the line down."""
        self.wallets[asset] = self.wallets.get(asset, ZERO) + amount
        if amount:
            self.ledger.append(Entry(kind, symbol, asset, amount, at_ms))

    def cross_wallet(self, asset: str) -> Decimal:
        """The wallet less what isolated positions of this asset hold."""
        isolated = (p.isolated_wallet for p in self.positions.values() if self.asset_of(p.symbol) == asset)
        return self.wallets.get(asset, ZERO) - sum(isolated, ZERO)

    def _cross(self, asset: str) -> list[Position]:
        return [p for p in self.open_positions() if p.mode is MarginMode.CROSS and self.asset_of(p.symbol) == asset]

    def unrealised(self, position: Position) -> Decimal:
        """Its profit or loss at the present mark."""
        return margin.unrealised(position.amount, position.entry, self.mark(position.symbol))

    def maintenance(self, position: Position) -> Decimal:
        """What is required of it at the present mark."""
        return margin.maintenance(self.markets[position.symbol].tiers, position.amount * self.mark(position.symbol))

    def figures(self, position: Position) -> PositionFigures:
        """Every figure of a position at the present marks."""
        mark = self.mark(position.symbol)
        notional = position.amount * mark
        profit = self.unrealised(position)
        isolated = position.mode is MarginMode.ISOLATED and position.amount != ZERO
        return PositionFigures(
            mark=mark,
            notional=notional,
            unrealised=profit,
            maintenance=self.maintenance(position),
            initial=margin.initial_margin(notional, position.leverage),
            isolated_margin=position.isolated_wallet + profit if isolated else ZERO,
            liquidation_price=self.liquidation_price(position),
        )

    def backing(self, position: Position) -> tuple[Decimal, Decimal]:
        """The wallet behind a position, and what the others of its pool add: Σ uPnL − Σ maintenance."""
        if position.mode is MarginMode.ISOLATED:
            return position.isolated_wallet, ZERO
        asset = self.asset_of(position.symbol)
        others = [other for other in self._cross(asset) if other.symbol != position.symbol]
        return self.cross_wallet(asset), sum((self.unrealised(o) - self.maintenance(o) for o in others), ZERO)

    def liquidation_price(self, position: Position) -> Decimal | None:
        """The price that liquidates it while every other price stands still; None when none does."""
        if not position.amount:
            return None
        wallet, others = self.backing(position)
        tiers = self.markets[position.symbol].tiers
        return margin.liquidation_price(position.amount, position.entry, tiers, wallet, others)

    def ratio(self, position: Position) -> Decimal:
        """Margin ratio of the position, or of its cross pool: liquidation at 1."""
        if position.mode is MarginMode.CROSS:
            return self.pool(self.asset_of(position.symbol)).ratio
        return margin.margin_ratio(self.maintenance(position), position.isolated_wallet + self.unrealised(position))

    def pool(self, asset: str, order_initial: Decimal = ZERO) -> PoolFigures:
        """The figures of a margin asset. `order_initial` is what resting orders set aside."""
        held = [p for p in self.open_positions() if self.asset_of(p.symbol) == asset]
        cross = [p for p in held if p.mode is MarginMode.CROSS]

        def initial(positions: list[Position]) -> Decimal:
            return sum((margin.initial_margin(p.amount * self.mark(p.symbol), p.leverage) for p in positions), ZERO)

        return PoolFigures(
            wallet=self.wallets.get(asset, ZERO),
            cross_wallet=self.cross_wallet(asset),
            cross_unrealised=sum((self.unrealised(p) for p in cross), ZERO),
            cross_maintenance=sum((self.maintenance(p) for p in cross), ZERO),
            cross_initial=initial(cross),
            unrealised=sum((self.unrealised(p) for p in held), ZERO),
            maintenance=sum((self.maintenance(p) for p in held), ZERO),
            initial=initial(held),
            order_initial=order_initial,
        )

    def apply(self, symbol: str, change: Decimal, price: Decimal, fee: Fee, at_ms: int) -> Applied:
        """Add a signed amount to a position at a price and book what it costs.

        The part against the position closes it: its profit goes to the wallet and its share of isolated margin is
        released. What is left opens. A loss that an isolated position's own margin does not cover never reaches the
        cross wallet, and an empty cross pool never stays below zero: the insurance fund takes over the rest.
        """
        asset = self.asset_of(symbol)
        position = self.position(symbol)
        realised = released = ZERO
        closes = bool(position.amount) and (position.amount > ZERO) is (change < ZERO)
        if closes:
            closed = max(change, -position.amount) if change < ZERO else min(change, -position.amount)
            rest = position.amount + closed
            kept = position.isolated_wallet * (rest / position.amount) if rest else ZERO
            realised = -closed * (price - position.entry)
            released = position.isolated_wallet - kept
            change -= closed
            position = replace(
                position,
                amount=rest,
                entry=position.entry if rest else ZERO,
                isolated_wallet=kept,
                realised=position.realised + realised,
            )
        missing = -(released + realised - fee.amount) if closes and position.mode is MarginMode.ISOLATED else ZERO
        if missing > ZERO:
            taken = min(missing, position.isolated_wallet)
            missing -= taken
            position = replace(position, isolated_wallet=position.isolated_wallet - taken)
        if change:
            put = margin.initial_margin(change * price, position.leverage)
            amount = position.amount + change
            position = replace(
                position,
                amount=amount,
                entry=(position.entry * position.amount + price * change) / amount,
                isolated_wallet=position.isolated_wallet + (put if position.mode is MarginMode.ISOLATED else ZERO),
            )
        self.positions[symbol] = replace(position, updated_ms=at_ms)
        self.book(REALIZED_PNL, symbol, asset, realised, at_ms)
        self.book(fee.kind, symbol, asset, -fee.amount, at_ms)
        if position.mode is MarginMode.CROSS and not self._cross(asset):
            missing = -self.cross_wallet(asset)
        covered = max(missing, ZERO)
        self.book(INSURANCE_COVER, symbol, asset, covered, at_ms)
        return Applied(realised, covered)

    def fit(self, symbol: str, side: Side, size: Decimal, *, reduce_only: bool) -> Decimal:
        """The size a reduce-only order may still fill: no more than the position has against it."""
        if not reduce_only:
            return size
        amount = self.position(symbol).amount
        if not amount or self.position(symbol).closing is not side:
            return ZERO
        return min(size, abs(amount))

    def opens(self, symbol: str, side: Side, size: Decimal) -> Decimal:
        """How much of a trade would open or enlarge a position."""
        amount = self.position(symbol).amount
        against = abs(amount) if amount and self.position(symbol).closing is side else ZERO
        return max(size - against, ZERO)

    def max_notional(self, symbol: str, leverage: int) -> Decimal | None:
        """The largest notional a leverage may hold; None when the table sets no end."""
        allowed = [tier for tier in self.markets[symbol].tiers if tier.max_leverage >= leverage]
        return allowed[-1].cap if allowed else ZERO
