"""Binance Portfolio Margin, pure: an account whose every product shares one pool. It is read, nothing is sent for it.

Binance's measure is `uniMMR` = equity at collateral rates / maintenance, the other way round than a margin ratio. It
warns at 1.5, allows only reducing at 1.2 and liquidates at 1.05 (Binance, "Portfolio Margin: uniMMR"), so that here the
margin ratio is `1.05 / uniMMR`. What a price does to the collateral of such an account is not known to us: of the pool
only Binance's own figure is told, and of a position only Binance's own price.

Sources of the fields: Binance's API pages, Derivatives › Portfolio Margin (Account Information, Account Balance, Query
UM Position Information, Get UM Account Detail V2, UM Futures Account Configuration, All UM Open Algo Orders).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from watchdog.domain.market import Market
from watchdog.domain.position import AccountModes, AccountRead, Balance, MarginMode, Position
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.binanceusdm import rules
from watchdog.venues.binanceusdm.multiassets import MONEY, POOL, SOURCE
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, rows

LIQUIDATES_AT: Final = Decimal("1.05")
NO_STOPS: Final = "a Portfolio Margin account is only read: nothing is sent"
PRICES_UNKNOWN: Final = Unknown(
    "portfolio margin: Binance gives one figure of the whole account (uniMMR), and not what a price does to it"
)
_STATUSES = {
    word: word
    for word in (
        "NORMAL",
        "MARGIN_CALL",
        "SUPPLY_MARGIN",
        "REDUCE_ONLY",
        "ACTIVE_LIQUIDATION",
        "FORCE_LIQUIDATION",
        "BANKRUPTED",
    )
}


@dataclass(frozen=True, slots=True)
class Answers:
    """The raw answers of one read."""

    account: Any
    balance: Any
    positions: Any
    um_account: Any
    config: Any
    algo_orders: Any
    cm_positions: Any


def read_portfolio(answers: Answers, markets: Mapping[str, Market], at: float) -> AccountRead:
    """One whole read of the account's USD-M side, with the whole account's ratio.

    Raises PayloadError naming the field, MomentsDifferError, UnlistedError, as `rules.read_account` does.
    """
    account = Row.of(answers.account, "papiAccount")
    risk_rows = rows(answers.positions, "papiUmPositionRisk")
    um_account = Row.of(answers.um_account, "papiUmAccount")
    account_rows, assets = um_account.rows("positions"), um_account.rows("assets")
    order_rows = rows(answers.algo_orders, "papiUmOpenAlgoOrders")
    modes = _modes(answers.config, account)

    held = rules.held(risk_rows)
    _agree(held, rules.held(account_rows))
    rules.modes_agree(held, modes, "papiUmAccountConfig.dualSidePosition")
    if not held:
        for asset in assets:
            rules.nothing_in(asset, "maintMargin")
    required = {(row.text("symbol"), row.text("positionSide")): row for row in account_rows}
    open_rows = [row for row in risk_rows if row.number("positionAmt") != 0]
    found = tuple(_position(row, required, markets, at) for row in open_rows)
    coin_held = _coin_margined(answers.cm_positions)
    symbols = dict.fromkeys(row.text("symbol") for row in (*open_rows, *order_rows))
    return AccountRead(
        modes=modes,
        positions=found,
        balances=(_pool(account, at, holds=bool(found or coin_held), more=bool(coin_held)),),
        stops=tuple(stop for row in order_rows if (stop := rules.resting(row, markets)) is not None),
        markets=tuple(rules.listed(symbol, markets, "markets") for symbol in symbols),
        venue_time_ms=max(row.time_ms("updateTime") for row in (account, *risk_rows, *order_rows)),
        unwatched=tuple(f"{name} (COIN-M): in the account's ratio, not watched by itself" for name in coin_held),
        debts=_debts(answers.balance),
    )


def _agree(held: set[rules.Held], account: set[rules.Held]) -> None:
    if held != account:
        names = ", ".join(sorted({one.symbol for one in held ^ account}))
        raise MomentsDifferError("papiUmAccount.positions", f"the two answers are of different moments: {names} differ")


def _modes(config: Any, account: Row) -> AccountModes:
    row = Row.of(config, "papiUmAccountConfig")
    status: str = account.choice("accountStatus", _STATUSES)
    return AccountModes(
        hedge=row.flag("dualSidePosition"),
        multi_asset=False,
        can_trade=row.flag("canTrade"),
        words="portfolio margin" if status == "NORMAL" else f"portfolio margin, {status}",
        no_orders=NO_STOPS,
    )


def _position(row: Row, required: Mapping[tuple[str, str], Row], markets: Mapping[str, Market], at: float) -> Position:
    market = rules.listed(row.text("symbol"), markets, row.path("symbol"))
    side, position_side, size = rules.side_of(row)
    return Position(
        symbol=market.symbol,
        side=side,
        position_side=position_side,
        margin_mode=MarginMode.CROSS,
        margin_asset=market.margin_asset,
        size=size,
        entry=row.positive("entryPrice"),
        mark=row.positive("markPrice"),
        isolated_wallet=None,
        venue_maintenance=rules.required_of(required[row.text("symbol"), row.text("positionSide")], at),
        venue_liquidation=rules.published_price(row, at),
        shared=POOL,
    )


def _pool(account: Row, at: float, *, holds: bool, more: bool) -> Balance:
    required, equity = account.not_negative("accountMaintMargin"), account.number("accountEquity")
    inverted = account.number("uniMMR")
    maintenance: Reading = Known(required, "money", SOURCE, at)
    ratio: Reading
    if required == 0 and holds:
        maintenance = ratio = Unknown("Binance sends an accountMaintMargin of 0 for an account with open positions")
    elif required == 0:
        ratio = Known(required, "share", SOURCE, at)
    else:
        # Both say the same; should they not, what is nearer liquidation counts.
        lowest = min(inverted, equity / required)
        ratio = Known(LIQUIDATES_AT / lowest if lowest > 0 else Decimal("Infinity"), "share", SOURCE, at)
    return Balance(
        asset=POOL,
        wallet=PRICES_UNKNOWN,
        venue_unrealised=Decimal(0),
        venue_maintenance=maintenance,
        money=MONEY,
        venue_ratio=ratio,
        more=more,
    )


def _coin_margined(answer: Any) -> tuple[str, ...]:
    """The account's COIN-M contracts, by the venue's names."""
    found = {row.text("symbol"): None for row in rows(answer, "papiCmPositionRisk") if row.number("positionAmt") != 0}
    return tuple(found)


def _debts(answer: Any) -> dict[str, Decimal]:
    """What is borrowed, its interest, and balances below zero, by asset."""
    balances = rows(answer, "papiBalance")
    if not balances:
        raise PayloadError("papiBalance", "is an empty list")
    owed: dict[str, Decimal] = {}
    for row in balances:
        asset = row.text("asset")
        borrowed = row.not_negative("crossMarginBorrowed") + row.not_negative("crossMarginInterest")
        total = borrowed + abs(row.number("negativeBalance"))
        if total > 0:
            owed[asset] = owed.get(asset, Decimal(0)) + total
    return owed
