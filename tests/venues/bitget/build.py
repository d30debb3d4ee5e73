"""Payloads of one Bitget account, as its wire collects them."""

from __future__ import annotations

from typing import Any

PRODUCTS = ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
CONTRACT: dict[str, Any] = {
    "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "makerFeeRate": "0.0002", "takerFeeRate": "0.0006",
    "supportMarginCoins": ["USDT"], "minTradeNum": "0.001", "priceEndStep": "1", "volumePlace": "3", "pricePlace": "1",
    "sizeMultiplier": "0.001", "symbolType": "perpetual", "minTradeUSDT": "5", "symbolStatus": "normal",
    "deliveryTime": "", "minLever": "1", "maxLever": "125",
}  # fmt: skip
POSITION: dict[str, Any] = {
    "marginCoin": "USDT", "symbol": "BTCUSDT", "holdSide": "long", "marginSize": "3.73555", "total": "0.002",
    "leverage": "20", "openPriceAvg": "37355.5", "marginMode": "crossed", "posMode": "one_way_mode",
    "unrealizedPL": "0", "liquidationPrice": "0", "keepMarginRate": "0.004", "markPrice": "37355.5",
    "marginRatio": "0", "cTime": "1700807507275",
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "marginCoin": "USDT", "locked": "0", "accountEquity": "0", "crossedRiskRate": "0", "unrealizedPL": "0",
    "crossedMargin": "0", "isolatedMargin": "0", "unionMm": "0", "assetMode": "single",
    "crossedUnrealizedPL": "", "isolatedUnrealizedPL": "",
}  # fmt: skip


def envelope(found: Any) -> dict[str, Any]:
    """An answer of Bitget's."""
    return {"code": "00000", "msg": "success", "requestTime": 1700807810221, "data": found}


def tiers(*rates: tuple[str, str], symbol: str = "BTCUSDT") -> dict[str, Any]:
    """An answer of query-position-lever from (endUnit, keepMarginRate)."""
    starts = ["0", *(end for end, _ in rates)]
    return envelope(
        [
            {"symbol": symbol, "level": str(level), "startUnit": start, "endUnit": end, "leverage": "1.5",
             "keepMarginRate": rate}
            for level, (start, (end, rate)) in enumerate(zip(starts, rates, strict=False), start=1)
        ]
    )  # fmt: skip


def payloads(
    *,
    contracts: dict[str, list[Any]] | None = None,
    levels: dict[str, Any] | None = None,
    positions: dict[str, list[Any]],
    accounts: dict[str, list[Any]],
    orders: dict[str, list[Any]] | None = None,
) -> dict[str, Any]:
    """A classic account: what is not named is empty."""
    listed = contracts or {"USDT-FUTURES": [CONTRACT]}
    return {
        "mix/market/contracts": {product: envelope(listed.get(product, [])) for product in PRODUCTS},
        "mix/market/query-position-lever": levels or {"USDT-FUTURES BTCUSDT": tiers(("10000000", "0.004"))},
        "mix/position/all-position": {product: envelope(positions.get(product, [])) for product in PRODUCTS},
        "mix/account/accounts": {product: envelope(accounts.get(product, [])) for product in PRODUCTS},
        "mix/order/orders-plan-pending": {
            product: [envelope({"entrustedList": (orders or {}).get(product), "endId": None})] for product in PRODUCTS
        },
    }
