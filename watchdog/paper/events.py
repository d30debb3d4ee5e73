"""What happened on the account, for a wire face to tell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from watchdog.paper.account import Position
from watchdog.paper.orders import Algo, Fill, Order
from watchdog.paper.values import MarginMode


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """A plain order was placed, filled, cancelled or expired."""

    order: Order
    fill: Fill | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class AlgoChanged:
    """A conditional order took a new status."""

    algo: Algo
    at_ms: int


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """A wallet or a position changed, other than by the mark price."""

    reason: str
    """ORDER, DEPOSIT, MARGIN_TRANSFER, INSURANCE_CLEAR …"""
    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal
    """Of the wallet, where it is neither profit nor fee (a deposit)."""
    position: Position | None
    """The position it is about, as it then stood."""
    unrealised: Decimal
    """Of that position."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class MarginCalled:
    """The margin ratio of these positions has risen near 1."""

    symbols: tuple[str, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class LeverageChanged:
    """The leverage of a market was set."""

    symbol: str
    leverage: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class MultiAssetsChanged:
    """The multi-assets mode was switched."""

    on: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Liquidated:
    """A position was taken over because its margin ratio reached 1."""

    symbol: str
    mode: MarginMode
    amount: Decimal
    """Signed size that was closed."""
    entry: Decimal
    mark: Decimal
    """Mark price at that moment."""
    ratio: Decimal
    exit_price: Decimal
    bankruptcy_price: Decimal
    fee: Decimal
    """Liquidation fee, owed to the insurance fund."""
    gross_loss: Decimal
    """Loss against entry plus fee."""
    loss: Decimal
    """What it took from the trader's wallet: gross loss less what the insurance fund took over."""
    owed: Decimal
    """What the margin did not cover: the insurance fund takes it over on a classic account, elsewhere it is debt."""
    at_ms: int


Event: TypeAlias = (
    OrderChanged | AlgoChanged | AccountChanged | MarginCalled | LeverageChanged | MultiAssetsChanged | Liquidated
)
