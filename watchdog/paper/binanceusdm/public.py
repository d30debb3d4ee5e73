"""Endpoints that need no key: time, markets, prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from watchdog.paper.binanceusdm import render, weights
from watchdog.paper.binanceusdm.endpoint import Endpoint, Endpoints, Room, Security
from watchdog.paper.binanceusdm.params import Params
from watchdog.paper.values import Market, Price

PERPETUAL_MS = 4_133_404_800_000
"""Delivery date of what is never delivered: the year 2100."""
FUNDING_MS = 8 * 3_600 * 1_000
_ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
_BOOK_SIZE = Decimal(1000)


def endpoints(room: Room) -> Endpoints:
    """The table of them."""
    public = Public(room)
    return {
        ("GET", path): Endpoint(Security.NONE, answer)
        for path, answer in {
            "/fapi/v1/ping": lambda _: {},
            "/fapi/v1/time": lambda _: {"serverTime": room.now_ms()},
            "/fapi/v1/exchangeInfo": public.exchange_info,
            "/fapi/v1/premiumIndex": public.premium_index,
            "/fapi/v1/ticker/24hr": public.ticker_24hr,
            "/fapi/v1/ticker/price": public.ticker_price,
            "/fapi/v2/ticker/price": public.ticker_price,
            "/fapi/v1/ticker/bookTicker": public.book_ticker,
            "/fapi/v1/depth": public.depth,
            "/fapi/v1/assetIndex": public.asset_index,
        }.items()
    }


class Public:
    """The answers."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._exchange = room.exchange

    def exchange_info(self, _params: Params) -> Any:
        """Every market and its filters. `serverTime` is the machine's: signatures are checked against it."""
        assets = dict.fromkeys(market.margin_asset for market in self._exchange.markets.values())
        return {
            "timezone": "UTC",
            "serverTime": self._room.now_ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weights.LIMIT},
                {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            ],
            "exchangeFilters": [],
            "assets": [{"asset": name, "marginAvailable": True, "autoAssetExchange": "-10000"} for name in assets],
            "symbols": [_symbol(market) for market in self._exchange.markets.values()],
        }

    def asset_index(self, _params: Params) -> Any:
        """What margin assets count for in multi-assets mode. Not modelled: a dollar each, without a haircut."""
        assets = dict.fromkeys(market.margin_asset for market in self._exchange.markets.values())
        rates = ("index", "bidRate", "askRate", "autoExchangeBidRate", "autoExchangeAskRate")
        buffers = ("bidBuffer", "askBuffer", "autoExchangeBidBuffer", "autoExchangeAskBuffer")
        figures = dict.fromkeys(rates, "1.00000000") | dict.fromkeys(buffers, "0.00000000")
        return [{"symbol": f"{asset}USD", "time": self._exchange.time_ms, **figures} for asset in assets]

    def premium_index(self, params: Params) -> Any:
        """Mark prices. Neither index price nor funding is modelled: the mark price, and a rate of 0."""
        return self._each(params, self._premium)

    def ticker_24hr(self, params: Params) -> Any:
        """A day's statistics, as far as they are known here: the last price and nothing traded."""
        return self._each(params, self._day)

    def ticker_price(self, params: Params) -> Any:
        """Last prices."""
        return self._each(params, self._last)

    def book_ticker(self, params: Params) -> Any:
        """Best bid and ask: a tick apart around the last price."""
        return self._each(params, self._book)

    def depth(self, params: Params) -> Any:
        """One level on each side."""
        market = self._room.market(params)
        row = self._book(market, self._exchange.account.prices[market.symbol])
        return {
            "lastUpdateId": row["lastUpdateId"],
            "E": self._exchange.time_ms,
            "T": self._exchange.time_ms,
            "bids": [[row["bidPrice"], row["bidQty"]]],
            "asks": [[row["askPrice"], row["askQty"]]],
        }

    def _each(self, params: Params, answer: Any) -> Any:
        prices = self._exchange.account.prices
        symbols = [symbol for symbol in self._room.symbols(params) if symbol in prices]
        rows = [answer(self._exchange.markets[symbol], prices[symbol]) for symbol in symbols]
        return rows[0] if params.get("symbol") and rows else rows

    def _premium(self, market: Market, price: Price) -> render.Row:
        return {
            "symbol": market.symbol,
            "markPrice": render.money(price.mark),
            "indexPrice": render.money(price.mark),
            "estimatedSettlePrice": render.money(price.mark),
            "lastFundingRate": "0.00000000",
            "interestRate": "0.00010000",
            "nextFundingTime": next_funding(self._exchange.time_ms),
            "time": self._exchange.time_ms,
        }

    def _last(self, market: Market, price: Price) -> render.Row:
        last = render.price(market, price.last)
        return {"symbol": market.symbol, "price": last, "time": self._exchange.time_ms}

    def _book(self, market: Market, price: Price) -> render.Row:
        return {
            "symbol": market.symbol,
            "bidPrice": render.price(market, market.round_price(price.last - market.tick, up=False)),
            "bidQty": render.size(market, _BOOK_SIZE),
            "askPrice": render.price(market, price.last),
            "askQty": render.size(market, _BOOK_SIZE),
            "time": self._exchange.time_ms,
            "lastUpdateId": self._exchange.time_ms,
        }

    def _day(self, market: Market, price: Price) -> render.Row:
        last = render.price(market, price.last)
        zero = render.price(market, None)
        return {
            "symbol": market.symbol,
            "priceChange": zero,
            "priceChangePercent": "0.000",
            "weightedAvgPrice": last,
            "lastPrice": last,
            "lastQty": "0",
            "openPrice": last,
            "highPrice": last,
            "lowPrice": last,
            "volume": "0",
            "quoteVolume": "0",
            "openTime": self._exchange.time_ms - 86_400_000,
            "closeTime": self._exchange.time_ms,
            "firstId": 0,
            "lastId": 0,
            "count": 0,
        }


def next_funding(time_ms: int) -> int:
    """The next multiple of eight hours."""
    return (time_ms // FUNDING_MS + 1) * FUNDING_MS


def _symbol(market: Market) -> render.Row:
    top = market.tick * Decimal(10) ** 9
    return {
        "symbol": market.symbol,
        "pair": market.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_MS,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.margin_asset,
        "pricePrecision": market.price_places,
        "quantityPrecision": market.size_places,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": f"{market.liquidation_fee:.6f}",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": f"{market.tick:f}",
                "maxPrice": render.short(top),
                "tickSize": f"{market.tick:f}",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": f"{market.min_size:f}",
                "maxQty": f"{market.max_size:f}",
                "stepSize": f"{market.step:f}",
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": f"{market.min_size:f}",
                "maxQty": f"{market.max_market_size:f}",
                "stepSize": f"{market.step:f}",
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": f"{market.min_notional:f}"},
        ],
        "orderTypes": _ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }
