"""Binance USD-M in multi-assets mode, pure: one pool in USD stands behind every cross position.

Each asset's balance counts at its own rate: the bid rate while it is positive (index less the haircut), the ask rate
while it is negative (index plus it). Sources: Binance's API pages "Account Information V3" (multi-assets example: the
totals are in USD) and "Multi-Assets Mode Asset Index" (bidRate = index · (1 − bidBuffer)), and its FAQ "What Is
Multi-Assets Mode". Binance publishes no price formula of this mode: ours holds every rate still but those of coins
that stand behind the pool, which move with the prices of their contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from watchdog.domain.position import Balance, MarginMode, Position, Terms
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import PayloadError, Row, rows

POOL: Final = "account"
MONEY: Final = "USD"
SOURCE: Final = "binance"
DOLLARS: Final = frozenset(
    {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD1", "BNFCR", "BFUSD", "LDUSDT", "RWUSD"}
)
"""Assets made to be worth a dollar: a move of prices leaves them. Any other is a coin and moves along."""
_INDEX_OF = "USD"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of an asset counts for, in USD."""

    bid: Decimal
    ask: Decimal

    def of(self, balance: Decimal) -> Decimal:
        """The rate of a balance: what is owed counts for more than what is held."""
        return self.ask if balance < 0 else self.bid


@dataclass(frozen=True, slots=True)
class Shared:
    """The pool of such an account."""

    positions: tuple[Position, ...]
    """With the pool's name and the rates of their margin assets."""
    balance: Balance
    debts: Mapping[str, Decimal]
    unwatched: tuple[str, ...]


def read_rates(answer: Any) -> dict[str, Rate]:
    """The rates by asset, from assetIndex. Raises PayloadError naming the field."""
    found: dict[str, Rate] = {}
    for row in rows(answer, "assetIndex"):
        symbol = row.text("symbol")
        asset = symbol.removesuffix(_INDEX_OF)
        if asset in {symbol, ""}:
            raise PayloadError(row.path("symbol"), f"{symbol[:20]!r} is no asset's index in USD")
        if asset in found:
            raise PayloadError(row.path("symbol"), f"{symbol} is listed twice")
        index, rate = row.positive("index"), Rate(row.positive("bidRate"), row.positive("askRate"))
        if not rate.bid <= index <= rate.ask:
            raise PayloadError(row.path("bidRate"), f"{rate.bid} and askRate {rate.ask} do not enclose {index}")
        found[asset] = rate
    if not found:
        raise PayloadError("assetIndex", "is an empty list")
    return found


def read_pool(account: Row, assets: list[Row], asset_index: Any, positions: tuple[Position, ...], at: float) -> Shared:
    """The pool from v3 account and assetIndex. Raises PayloadError naming the field.

    A positive balance without a rate is no margin: it is left out, and said. A negative one, or one that a position
    needs, must have a rate.
    """
    rates = read_rates(asset_index)
    needed = {position.margin_asset for position in positions}
    wallet, unrealised = Decimal(0), Decimal(0)
    used: dict[str, Decimal] = {}
    coins: dict[str, Decimal] = {}
    debts: dict[str, Decimal] = {}
    left_out = []
    for row in assets:
        asset, held, profit = row.text("asset"), row.number("crossWalletBalance"), row.number("crossUnPnl")
        if held < 0:
            debts[asset] = -held
        if asset not in rates:
            if asset in needed or held + profit < 0:
                raise PayloadError("assetIndex", f"has no row of {asset}, which the account holds")
            if held + profit > 0:
                left_out.append(f"{asset}: Binance gives no rate for it as margin")
            continue
        rate = used[asset] = rates[asset].of(held + profit)
        wallet += held * rate
        unrealised += profit * rate
        if held and asset not in DOLLARS:
            coins[asset] = held * rate
    crossed = any(position.margin_mode is MarginMode.CROSS for position in positions)
    balance = Balance(
        asset=POOL,
        wallet=wallet,
        venue_unrealised=unrealised,
        venue_maintenance=_required(account, at, crossed=crossed),
        money=MONEY,
        venue_ratio=_ratio(account, at, crossed=crossed),
        collateral=coins,
    )
    return Shared(tuple(_in_pool(one, used) for one in positions), balance, debts, tuple(left_out))


def _in_pool(position: Position, used: Mapping[str, Decimal]) -> Position:
    """A cross position shares the pool; an isolated one, should Binance list one here, stands alone as ever."""
    if position.margin_mode is MarginMode.ISOLATED:
        return position
    return replace(position, shared=POOL, terms=Terms(rate=used[position.margin_asset]))


def _required(account: Row, at: float, *, crossed: bool) -> Reading:
    required = account.not_negative("totalMaintMargin")
    if crossed and required == 0:
        return Unknown("Binance sends a totalMaintMargin of 0 for an account with open positions")
    return Known(required, "money", SOURCE, at)


def _ratio(account: Row, at: float, *, crossed: bool) -> Reading:
    """By totalMaintMargin / totalMarginBalance: 1 is liquidation; infinite without equity."""
    required = _required(account, at, crossed=crossed)
    equity = account.number("totalMarginBalance")
    if not isinstance(required, Known) or required.value == 0:
        return required
    return Known(required.value / equity if equity > 0 else Decimal("Infinity"), "share", SOURCE, at)
