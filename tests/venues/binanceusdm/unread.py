"""Which fields of Binance's answers our rules do not look at."""

from __future__ import annotations

from typing import Any

_UNREAD = """
    breakEvenPrice unRealizedProfit unrealizedProfit initialMargin positionInitialMargin adl bidNotional askNotional
    openOrderInitialMargin walletBalance marginBalance availableBalance totalInitialMargin feeTier totalWalletBalance
    totalUnrealizedProfit totalCrossWalletBalance totalCrossUnPnl canDeposit canWithdraw tradeGroupId timeInForce price
    priceProtect createTime triggerTime goodTillDate bidBuffer askBuffer time autoExchangeBidBuffer pair status leverage
    autoExchangeAskBuffer autoExchangeBidRate autoExchangeAskRate maxNotionalValue initialLeverage bracket minPrice
    contractStatus maxPrice notionalValue isAutoAddMargin isolated maxWithdrawAmount crossMarginAsset crossMarginFree
    crossMarginLocked umWalletBalance umUnrealizedPNL cmWalletBalance cmUnrealizedPNL actualEquity
    accountInitialMargin virtualMaxWithdrawAmount totalMarginOpenLoss totalAvailableBalance
"""
UNREAD = frozenset(_UNREAD.split())


def lean(value: Any) -> Any:
    """Payloads without them: breaking one could change nothing, so only the others need to be broken."""
    if isinstance(value, dict):
        return {name: lean(inner) for name, inner in value.items() if name not in UNREAD}
    return [lean(one) for one in value] if isinstance(value, list) else value
