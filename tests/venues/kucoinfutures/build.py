"""Payloads of one KuCoin futures account, as its wire collects them."""

from __future__ import annotations

from typing import Any

CONTRACT: dict[str, Any] = {
    "symbol": "XBTUSDTM", "baseCurrency": "XBT", "quoteCurrency": "USDT", "settleCurrency": "USDT",
    "expireDate": None, "maxOrderQty": 1000000, "lotSize": 1, "tickSize": 1, "multiplier": "0.001",
    "maintainMargin": "0.004", "takerFeeRate": "0.0006", "isInverse": False, "nextFundingRateTime": 25481884,
    "status": "Open",
}  # fmt: skip
POSITION: dict[str, Any] = {
    "id": "x", "symbol": "XBTUSDTM", "maintMarginReq": "0.004", "crossMode": False, "isOpen": True,
    "currentTimestamp": 1684000705325, "currentQty": 1, "markPrice": "26802.8", "posComm": "0.01931112",
    "posMargin": "5.38351112", "posMaint": "0.12927722", "maintMargin": "5.36531112", "unrealisedPnl": "-0.0182",
    "avgEntryPrice": "26821", "liquidationPrice": 21567, "bankruptPrice": 21456, "settleCurrency": "USDT",
}  # fmt: skip
OVERVIEW: dict[str, Any] = {
    "accountEquity": "0", "unrealisedPNL": "0", "marginBalance": "0", "positionMargin": "0", "orderMargin": "0",
    "frozenFunds": "0", "availableBalance": "0", "currency": "USDT", "riskRatio": "0",
}  # fmt: skip


def envelope(found: Any) -> dict[str, Any]:
    """An answer of KuCoin's."""
    return {"code": "200000", "data": found}


def payloads(
    positions: list[Any],
    *,
    contracts: list[Any] | None = None,
    overviews: list[Any] | None = None,
    orders: list[Any] | None = None,
) -> dict[str, Any]:
    """A classic account."""
    found = overviews if overviews is not None else [OVERVIEW]
    return {
        "contracts/active": envelope(contracts or [CONTRACT]),
        "account/mode": envelope({"selfAccountMode": "CLASSIC"}),
        "positions": envelope(positions),
        "stopOrders": [envelope({"currentPage": 1, "pageSize": 100, "totalNum": 0, "items": orders or []})],
        "account-overview": {row["currency"]: envelope(row) for row in found},
    }
