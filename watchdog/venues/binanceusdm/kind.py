"""Binance USD-M as a kind of venue: what reads an account of it, live or from saved answers.

Its orders and streams are in `venue`, which reads by these same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.domain.position import AccountRead
from watchdog.venues.binanceusdm import asking, wire
from watchdog.venues.binanceusdm.keys import refused_key
from watchdog.venues.binanceusdm.listing import Listing, listed_rows, read_brackets, trimmed
from watchdog.venues.binanceusdm.portfolio import Answers, read_portfolio
from watchdog.venues.binanceusdm.rules import read_account
from watchdog.venues.client import own_words
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Kind, Payloads

LIMIT = 2400
"""Request weight a minute (exchangeInfo, rateLimits)."""
NAMING = ("positionRisk", "openAlgoOrders", "papiUmPositionRisk", "papiUmOpenAlgoOrders")
"""The answers whose rows name the symbols a read needs."""


def read(payloads: Payloads, at: float) -> AccountRead:
    """An account of the raw answers; which of them are there says whether it is a Portfolio Margin one."""
    listing = Listing(listed_rows(_part(payloads, "exchangeInfo")), read_brackets(_part(payloads, "leverageBracket")))
    if "papiAccount" in payloads:
        return read_portfolio(Answers(*(_part(payloads, name) for name in asking.PORTFOLIO)), listing, at)
    positions, account, config, orders = (_part(payloads, name) for name in (*asking.CLASSIC, "openAlgoOrders"))
    return read_account(positions, account, config, orders, listing, at, payloads.get("assetIndex"))


def trim(payloads: Payloads) -> Payloads:
    """The same answers without the markets, brackets and empty rows that nothing held needs."""
    rows = [row for name in NAMING for row in named_rows(payloads, name)]
    held = {row.get("symbol") for row in rows if not is_empty(row)}
    kept = trimmed(payloads, held)
    for name in ("positionRisk", "papiUmPositionRisk", "papiCmPositionRisk"):
        if isinstance(kept.get(name), list):
            kept[name] = [row for row in kept[name] if not (isinstance(row, Mapping) and is_empty(row))]
    kept.pop(asking.RESTRICTIONS, None)
    return kept


def named_rows(payloads: Payloads, name: str) -> list[Mapping[str, Any]]:
    """The rows of an answer, none where it is no list of them."""
    answer = payloads.get(name)
    return [row for row in answer if isinstance(row, Mapping)] if isinstance(answer, list) else []


def is_empty(row: Mapping[str, Any]) -> bool:
    """Whether a row of positions holds nothing."""
    amount = row.get("positionAmt")
    return isinstance(amount, str) and not amount.strip("0.-") and "0" in amount


def _part(payloads: Payloads, name: str) -> Any:
    if name not in payloads:
        raise PayloadError(name, "is missing")
    return payloads[name]


FIELDS = {
    "size": "positionRisk[].positionAmt (base)",
    "entry": "positionRisk[].entryPrice",
    "mark": "positionRisk[].markPrice",
    "isolated_wallet": "positionRisk[].isolatedWallet",
    "venue_liquidation": "positionRisk[].liquidationPrice; 0 or empty: none published",
    "venue_maintenance": "positionRisk[].maintMargin",
    "venue_ratio": "isolated: positionRisk[].maintMargin / isolatedMargin; cross: the pool's",
    "wallet": "account.assets[].crossWalletBalance; multi-assets mode: Σ crossWalletBalance · assetIndex[].bidRate "
    "(askRate of a negative balance)",
    "pool_maintenance": "Σ positionRisk[].maintMargin of the asset's cross positions; multi-assets mode: "
    "account.totalMaintMargin; Portfolio Margin: papiAccount.accountMaintMargin",
    "pool_ratio": "multi-assets mode: account.totalMaintMargin / totalMarginBalance; Portfolio Margin: 1.05 / the "
    "lower of papiAccount.uniMMR and accountEquity / accountMaintMargin; else Σ positionRisk[].maintMargin of the "
    "asset's cross positions / (account.assets[].crossWalletBalance + crossUnPnl)",
    "tiers": "leverageBracket[].brackets[]: notionalFloor, notionalCap (USDT), maintMarginRatio, cum; times "
    "leverageBracket[].notionalCoef where it is sent",
    "fee": "none: Binance adds no closing fee to its maintenance margin",
    "ratio": "maintenance / margin balance, margin balance = wallet + unrealised profit, maintenance = Σ (notional · "
    'rate − cum); 100 % is liquidation. Binance, FAQ "Leverage and Margin of USDⓈ-M Futures"',
    "liquidation": "L = (WB − TMM + UPNL + cum − side·q·E) / (q·rate − side·q); the legs of a hedge in cross: (WB − "
    "TMM + UPNL + cumL + cumS − qL·EL + qS·ES) / (qL·rateL + qS·rateS − qL + qS); the bracket is the one at L. "
    'Binance, FAQ "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts"',
}

KIND = Kind(
    id="binanceusdm",
    name="Binance",
    origin="https://fapi.binance.com",
    listing=asking.listing,
    account=asking.account,
    read=read,
    trim=trim,
    power=asking.power,
    refuses_key=refused_key,
    words=own_words,
    fields=FIELDS,
    unwatched="spot, margin, COIN-M, options, earn and funding wallets",
    asks=asking.ASKS,
    limit=LIMIT,
    weight=wire.weight,
    used="x-mbx-used-weight-1m",
)
"""Binance USD-M futures."""
