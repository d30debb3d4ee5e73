"""Answers in the shape Binance USD-M gives them, made anew for each caller so that a test may spoil them.

Shapes: the response examples of Binance's API pages (developers.binance.com, USDⓈ-M futures: Exchange Information,
Notional and Leverage Brackets, Position Information V3, Account Information V3, Futures Account Configuration,
Current All Algo Open Orders, New Algo Order, Multi-Assets Mode Asset Index; wallet:
Get API Key Permission) and the responses recorded in the
comments of ccxt 4.5.90's binance.py (fetch_positions_risk, fetch_account_positions, parse_order).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

OUR_ID = "0a1b2c3d00112233445566770000000f"


def exchange_symbol(symbol: str, base: str, tick: str, step: str) -> dict[str, Any]:
    """A row of exchangeInfo."""
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "4529764", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "120", "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95", "multiplierDecimal": "4"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def exchange_info() -> dict[str, Any]:
    """GET /fapi/v1/exchangeInfo with two symbols."""
    return {
        "timezone": "UTC",
        "serverTime": 1760126400000,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
        ],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [
            exchange_symbol("BTCUSDT", "BTC", "0.10", "0.001"),
            exchange_symbol("WLDUSDT", "WLD", "0.0001", "1"),
        ],
    }


def leverage_bracket() -> list[dict[str, Any]]:
    """GET /fapi/v1/leverageBracket: BTCUSDT's first brackets as of 2026, and a short list for WLDUSDT."""
    btc = [(0, 300000, 0.004, 0.0), (300000, 800000, 0.005, 300.0), (800000, 3000000, 0.0065, 1500.0)]
    wld = [(0, 5000, 0.01, 0.0), (5000, 25000, 0.02, 50.0)]
    return [
        {
            "symbol": symbol,
            "brackets": [
                {
                    "bracket": number,
                    "initialLeverage": 150 // number,
                    "notionalCap": cap,
                    "notionalFloor": floor,
                    "maintMarginRatio": rate,
                    "cum": cum,
                }
                for number, (floor, cap, rate, cum) in enumerate(brackets, 1)
            ],
        }
        for symbol, brackets in (("BTCUSDT", btc), ("WLDUSDT", wld))
    ]


def position_risk() -> list[dict[str, Any]]:
    """GET /fapi/v3/positionRisk: a cross BTC long, an isolated WLD short, and a row that holds nothing."""
    return [
        {
            "symbol": "BTCUSDT",
            "positionSide": "BOTH",
            "positionAmt": "0.500",
            "entryPrice": "116892.7",
            "breakEvenPrice": "116951.1",
            "markPrice": "115000.00000000",
            "unRealizedProfit": "-946.35000000",
            "liquidationPrice": "111441.2",
            "isolatedMargin": "0",
            "notional": "57500.00000000",
            "marginAsset": "USDT",
            "isolatedWallet": "0",
            "initialMargin": "2875.00000000",
            "maintMargin": "230.00000000",
            "positionInitialMargin": "2875.00000000",
            "openOrderInitialMargin": "0",
            "adl": 2,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": 1760126399000,
        },
        {
            "symbol": "WLDUSDT",
            "positionSide": "BOTH",
            "positionAmt": "-849",
            "entryPrice": "2.36",
            "breakEvenPrice": "2.3595",
            "markPrice": "2.34683249",
            "unRealizedProfit": "11.17921599",
            "liquidationPrice": "2.68",
            "isolatedMargin": "291.17921599",
            "notional": "-1992.46079250",
            "marginAsset": "USDT",
            "isolatedWallet": "280",
            "initialMargin": "199.24607925",
            "maintMargin": "19.92460793",
            "positionInitialMargin": "199.24607925",
            "openOrderInitialMargin": "0",
            "adl": 1,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": 1760126398000,
        },
        {
            "symbol": "WLDUSDT",
            "positionSide": "LONG",
            "positionAmt": "0",
            "entryPrice": "0.0",
            "markPrice": "0",
            "liquidationPrice": "0",
            "isolatedMargin": "0",
            "marginAsset": "USDT",
            "isolatedWallet": "0",
            "maintMargin": "0",
            "updateTime": 0,
        },
    ]


def account() -> dict[str, Any]:
    """GET /fapi/v3/account, agreeing with `position_risk`."""
    return {
        "totalInitialMargin": "3074.24607925",
        "totalMaintMargin": "249.92460793",
        "totalWalletBalance": "3280.00000000",
        "totalUnrealizedProfit": "-935.17078401",
        "totalMarginBalance": "2344.82921599",
        "totalPositionInitialMargin": "3074.24607925",
        "totalOpenOrderInitialMargin": "0.00000000",
        "totalCrossWalletBalance": "3000.00000000",
        "totalCrossUnPnl": "-946.35000000",
        "availableBalance": "0.00000000",
        "maxWithdrawAmount": "0.00000000",
        "assets": [
            {
                "asset": "USDT",
                "walletBalance": "3280.00000000",
                "unrealizedProfit": "-935.17078401",
                "marginBalance": "2344.82921599",
                "maintMargin": "249.92460793",
                "initialMargin": "3074.24607925",
                "positionInitialMargin": "3074.24607925",
                "openOrderInitialMargin": "0.00000000",
                "crossWalletBalance": "3000.00000000",
                "crossUnPnl": "-946.35000000",
                "availableBalance": "0.00000000",
                "maxWithdrawAmount": "0.00000000",
                "updateTime": 1760126397000,
            },
            {
                "asset": "USDC",
                "walletBalance": "0.00000000",
                "unrealizedProfit": "0.00000000",
                "marginBalance": "0.00000000",
                "maintMargin": "0.00000000",
                "initialMargin": "0.00000000",
                "positionInitialMargin": "0.00000000",
                "openOrderInitialMargin": "0.00000000",
                "crossWalletBalance": "0.00000000",
                "crossUnPnl": "0.00000000",
                "availableBalance": "0.00000000",
                "maxWithdrawAmount": "0.00000000",
                "updateTime": 0,
            },
        ],
        "positions": [
            {
                "symbol": "WLDUSDT",
                "positionSide": "BOTH",
                "positionAmt": "-849",
                "unrealizedProfit": "11.17921599",
                "isolatedMargin": "291.17921599",
                "notional": "-1992.46079250",
                "isolatedWallet": "280",
                "initialMargin": "199.24607925",
                "maintMargin": "19.92460793",
                "updateTime": 1760126398000,
            },
            {
                "symbol": "BTCUSDT",
                "positionSide": "BOTH",
                "positionAmt": "0.500",
                "unrealizedProfit": "-946.35000000",
                "isolatedMargin": "0",
                "notional": "57500.00000000",
                "isolatedWallet": "0",
                "initialMargin": "2875.00000000",
                "maintMargin": "230.00000000",
                "updateTime": 1760126399000,
            },
        ],
    }


def account_config() -> dict[str, Any]:
    """GET /fapi/v1/accountConfig: one-way, single-asset, may trade."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def asset_index() -> list[dict[str, Any]]:
    """GET /fapi/v1/assetIndex of what the account holds, and of a coin."""
    figures = [("USDT", "0.99987691", "0.00010000"), ("USDC", "0.99990000", "0.00010000"), ("BTC", "115000", "0.05")]
    return [
        {
            "symbol": f"{asset}USD",
            "time": 1760126399000,
            "index": index,
            "bidBuffer": buffer,
            "askBuffer": buffer,
            "bidRate": str(Decimal(index) * (1 - Decimal(buffer))),
            "askRate": str(Decimal(index) * (1 + Decimal(buffer))),
            "autoExchangeBidBuffer": buffer,
            "autoExchangeAskBuffer": buffer,
            "autoExchangeBidRate": str(Decimal(index) * (1 - Decimal(buffer))),
            "autoExchangeAskRate": str(Decimal(index) * (1 + Decimal(buffer))),
        }
        for asset, index, buffer in figures
    ]


def algo_order(**changed: Any) -> dict[str, Any]:
    """One algo order: our stop of the BTC long."""
    return {
        "algoId": 2148627,
        "clientAlgoId": OUR_ID,
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "0.500",
        "algoStatus": "NEW",
        "triggerPrice": "113600.00",
        "price": "0.00",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": True,
        "createTime": 1760126390000,
        "updateTime": 1760126390000,
        "triggerTime": 0,
        "goodTillDate": 0,
        **changed,
    }


def algo_cancelled() -> dict[str, Any]:
    """DELETE /fapi/v1/algoOrder, done."""
    return {"algoId": 2148627, "clientAlgoId": OUR_ID, "code": "200", "msg": "success"}


def api_restrictions(**changed: Any) -> dict[str, Any]:
    """GET /sapi/v1/account/apiRestrictions of a key that trades futures and cannot withdraw."""
    return {
        "ipRestrict": True,
        "createTime": 1698645219000,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": True,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableSpotAndMarginTrading": False,
        **changed,
    }
