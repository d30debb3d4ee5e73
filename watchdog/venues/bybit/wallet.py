"""Bybit, pure: what a unified account holds, in USD, and how its one pool stands.

Field meanings: bybit-exchange.github.io/docs/v5/account/wallet-balance, and the help centre's "Trading Terms and
Formulas in Unified Trading Account":

    account MM rate = total maintenance margin / (margin balance − haircut loss of open spot orders), 1 is liquidation
    available balance = margin balance − haircut loss − total initial margin

In isolated margin mode the account-wide figures mean nothing, and no pool is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from watchdog.domain.position import Balance
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.bybit.answers import WALLET, given, result_of
from watchdog.venues.bybit.listing import ONE, ZERO, Haircuts
from watchdog.venues.bybit.positions import POOL, SOURCE, Held, Mode
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row

MONEY: Final = "USD"
DOLLARS: Final = frozenset({"USDT", "USDC", "USDE", "USDTB", "USD1", "DAI", "FDUSD", "PYUSD", "TUSD", "RLUSD"})
"""Coins taken for money: a common move of prices does not move them."""
_DUST: Final = Decimal("0.01")
"""Of a dollar coin: with less of it, its price can't be told from its worth."""
_OFF: Final = Decimal(5)
"""How many times its nominal worth a dollar coin cannot be."""
_LATE: Final = Decimal("1.05")
"""How much more maintenance a coin may show than its positions: the two answers are moments apart."""
_MOVED: Final = Decimal("0.05")
"""Share of what is held by which prices may have moved between two answers."""
_ROUNDED: Final = Decimal("0.0001")
"""The last digit of `accountMMRate`."""
WITH_OPTIONS: Final = "options share this pool: Bybit's ratio alone"
INFINITE: Final = Decimal("Infinity")


class Wallet:
    """The one row of wallet-balance, and its coins."""

    def __init__(self, answer: Any) -> None:
        result = result_of(answer, WALLET)
        found = result.rows("list")
        if len(found) != 1:
            raise PayloadError(result.path("list"), f"one account was due, {len(found)} came")
        self.account = found[0]
        if self.account.text("accountType") != "UNIFIED":
            raise PayloadError(self.account.path("accountType"), "is not UNIFIED")
        self.coins: dict[str, Row] = {}
        for row in self.account.rows("coin"):
            coin = row.text("coin")
            if coin in self.coins:
                raise PayloadError(row.path("coin"), f"{coin[:20]} is listed twice")
            row.number("equity")
            row.number("walletBalance")
            self.coins[coin] = row

    def rate(self, coin: str) -> Decimal:
        """USD for one of a coin that contracts settle in. Raises PayloadError where nothing tells it."""
        row = self.coins.get(coin)
        equity = ZERO if row is None else row.number("equity")
        if row is None or abs(equity) < _DUST:
            if coin in DOLLARS:
                return ONE
            raise PayloadError(self.account.path("coin"), f"does not tell what {coin[:20]} is worth")
        price = row.number("usdValue") / equity
        if price <= 0 or (coin in DOLLARS and not ONE / _OFF < price < _OFF):
            raise PayloadError(row.path("usdValue"), f"gives a price of {price:.4f} USD, which cannot be true")
        return price

    def debts(self) -> dict[str, Decimal]:
        """What is owed, by coin: borrowed with its interest, or a wallet below zero."""
        owed: dict[str, Decimal] = {}
        for coin, row in self.coins.items():
            borrowed = given(row, "borrowAmount")
            if borrowed > 0:
                borrowed += given(row, "accruedInterest")
            borrowed = max(borrowed, -row.number("walletBalance"))
            if borrowed > 0:
                owed[coin] = borrowed
        return owed

    def idle(self) -> tuple[str, ...]:
        """The coins that are held and back nothing, in words."""
        return tuple(
            f"{coin}: not used as margin"
            for coin, row in self.coins.items()
            if row.number("walletBalance") > 0 and not _counts(row)
        )

    def collateral(self, haircuts: Haircuts) -> dict[str, Decimal]:
        """What is held in coins whose price moves, as margin in USD by coin; a debt in one is below zero."""
        held: dict[str, Decimal] = {}
        for coin, row in self.coins.items():
            if coin in DOLLARS:
                continue
            amount = row.number("walletBalance") - given(row, "spotBorrow")
            if amount == 0 or (amount > 0 and not _counts(row)):
                continue
            equity, worth = row.number("equity"), row.number("usdValue")
            if equity != 0 and worth / equity > 0:
                held[coin] = haircuts.counted(coin, amount) * worth / equity
        return held

    def agrees(self, held: Iterable[Held], options: Mapping[str, Decimal], mode: Mode) -> None:
        """Raise MomentsDifferError when a coin requires more maintenance than the positions listed in it.

        An independent look at whether all were listed. `options`: what theirs require, by coin. Not in portfolio
        margin; in isolated margin only whether any was.
        """
        sums = dict(options)
        for one in held:
            coin = one.position.margin_asset
            sums[coin] = sums.get(coin, ZERO) + (one.maintenance or ZERO)
        for coin, row in self.coins.items():
            total, listed = given(row, "totalPositionMM"), sums.get(coin, ZERO)
            if total > listed * _LATE and (listed == 0 or mode is Mode.CROSS):
                raise MomentsDifferError(
                    row.path("totalPositionMM"), f"{total} is required, yet the positions listed require {listed}"
                )

    def gains(self, held: Iterable[Held]) -> None:
        """Raise MomentsDifferError when the account's profit is not that of the positions listed.

        A second independent look, for pooled accounts. It leaves room for prices that moved between the two answers.
        """
        said = self.account.number("totalPerpUPL")
        listed, worth = ZERO, ZERO
        for one in held:
            listed += one.unrealised * one.rate
            worth += one.position.notional(one.position.mark) * one.rate
        if abs(said - listed) > _MOVED * (worth + abs(said)) + ONE:
            path = self.account.path("totalPerpUPL")
            raise MomentsDifferError(path, f"{said} USD, yet the positions listed have gained {listed:.2f}")

    def nothing_required(self) -> None:
        """Raise PayloadError when maintenance is required: for an account of which nothing was listed."""
        required = self.account.not_negative("totalMaintenanceMargin")
        if required > 0:
            path = self.account.path("totalMaintenanceMargin")
            raise PayloadError(path, f"nothing open is listed, yet maintenance of {required} is required")

    def pool(
        self, held: tuple[Held, ...], mode: Mode, haircuts: Haircuts, at: float, *, options: bool = False
    ) -> Balance:
        """The one pool of the account. Options share it and move as no position here does: its wallet is unknown."""
        row, required = self.account, self.account.not_negative("totalMaintenanceMargin")
        margin, unrealised = row.number("totalMarginBalance"), row.number("totalPerpUPL")
        haircut = ZERO
        if mode is Mode.CROSS:
            # Of open spot orders; what is left when the rest is known (help centre: Available Balance).
            haircut = max(ZERO, margin - row.not_negative("totalInitialMargin") - row.number("totalAvailableBalance"))
        paid_out = sum((one.paid_out * one.rate for one in held), ZERO)
        if held and required == 0:
            raise PayloadError(row.path("totalMaintenanceMargin"), "is 0 with positions open")
        return Balance(
            asset=POOL,
            wallet=Unknown(WITH_OPTIONS) if options else margin - haircut - unrealised - paid_out,
            venue_unrealised=unrealised,
            venue_maintenance=Known(required, "money", SOURCE, at),
            money=MONEY,
            venue_ratio=self._ratio(required, margin - haircut, at) if held else Unknown("nothing is open"),
            others=_others(required, held),
            collateral={} if options else self.collateral(haircuts),
            more=options,
        )

    def _ratio(self, required: Decimal, equity: Decimal, at: float) -> Reading:
        """The venue's own ratio; infinite without equity.

        `accountMMRate` has four digits and is cut, so that a small one may be 0. The two figures it is made of have
        them all; the greater counts.
        """
        if equity <= 0:
            return Known(INFINITE, "share", SOURCE, at)
        rate, exact = self.account.not_negative("accountMMRate"), required / equity
        if rate == 0 and exact >= 2 * _ROUNDED:
            path = self.account.path("accountMMRate")
            raise PayloadError(path, f"is 0, where {required} of {equity:.2f} is required")
        return Known(max(rate, exact), "share", SOURCE, at)


def _others(required: Decimal, held: tuple[Held, ...]) -> Decimal:
    """What is required of no position here: open orders, options, borrowed coins."""
    own = ZERO
    for one in held:
        if one.maintenance is None:
            return ZERO
        own += one.maintenance * one.rate
    return max(ZERO, required - own)


def _counts(row: Row) -> bool:
    """Whether a coin is used as margin: by the venue's word and by the owner's."""
    return row.flag("marginCollateral") and row.flag("collateralSwitch")
