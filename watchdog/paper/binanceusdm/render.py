"""The core's values as Binance writes them: numbers as text, Binance's names, Binance's defaults."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from watchdog.paper.account import PoolFigures, Position
from watchdog.paper.exchange import Exchange
from watchdog.paper.orders import Algo, Fill, Order, OrderType
from watchdog.paper.values import ZERO, MarginMode, Market

Row = dict[str, Any]
_MONEY = Decimal("0.00000001")


def money(amount: Decimal) -> str:
    """Eight decimals."""
    return f"{amount.quantize(_MONEY, ROUND_HALF_EVEN):f}"


def short(amount: Decimal) -> str:
    """Up to eight decimals, without zeros at the end."""
    text = money(amount).rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def money_or_zero(amount: Decimal) -> str:
    """Eight decimals, or a bare 0."""
    return money(amount) if amount else "0"


def size(market: Market, amount: Decimal) -> str:
    """As many decimals as the market's sizes have."""
    return f"{amount:.{market.size_places}f}"


def price(market: Market, amount: Decimal | None) -> str:
    """As many decimals as the market's prices have."""
    return f"{amount or ZERO:.{market.price_places}f}"


def position_risk(exchange: Exchange, position: Position, *, version: int) -> Row:
    """A row of positionRisk. Version 2 knows leverage and margin type, version 3 initial and maintenance margin."""
    market = exchange.markets[position.symbol]
    figures = exchange.account.figures(position)
    isolated = position.mode is MarginMode.ISOLATED
    # our figure: entry moved by the taker commission of opening; the venue nets all commissions paid so far
    sign = 1 if position.amount >= ZERO else -1
    row: Row = {
        "symbol": position.symbol,
        "positionSide": position_side(exchange, position),
        "positionAmt": size(market, position.amount),
        "entryPrice": short(position.entry) if position.amount else "0.0",
        "breakEvenPrice": short(position.entry * (1 + sign * market.taker_fee)) if position.amount else "0.0",
        "markPrice": money(figures.mark),
        "unRealizedProfit": money(figures.unrealised),
        "liquidationPrice": short(figures.liquidation_price or ZERO),
        "isolatedMargin": money_or_zero(figures.isolated_margin),
        "notional": money_or_zero(figures.notional),
    }
    if version == 2:  # noqa: PLR2004 the number in the path
        return row | {
            "leverage": str(position.leverage),
            "maxNotionalValue": short(max_notional(exchange, position)),
            "marginType": "isolated" if isolated else "cross",
            "isAutoAddMargin": "false",
            "isolatedWallet": money_or_zero(position.isolated_wallet),
            "updateTime": position.updated_ms,
            "isolated": isolated,
            "adlQuantile": 0,
        }
    return row | {
        "marginAsset": market.margin_asset,
        "isolatedWallet": money_or_zero(position.isolated_wallet),
        "initialMargin": money(figures.initial),
        "maintMargin": money(figures.maintenance),
        "positionInitialMargin": money(figures.initial),
        "openOrderInitialMargin": "0",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": position.updated_ms,
    }


def position_side(exchange: Exchange, position: Position) -> str:
    """BOTH in one-way mode; in hedge mode the leg."""
    if not exchange.hedge:
        return "BOTH"
    return "LONG" if position.amount >= ZERO else "SHORT"


def max_notional(exchange: Exchange, position: Position) -> Decimal:
    """The largest notional its leverage may hold."""
    cap = exchange.account.max_notional(position.symbol, position.leverage)
    return cap if cap is not None else Decimal(10) ** 12


def reported(exchange: Exchange) -> list[Position]:
    """The rows version 3 reports: markets with a position or a resting plain order."""
    symbols = {p.symbol for p in exchange.account.open_positions()} | {o.symbol for o in exchange.open_orders()}
    return [exchange.account.position(symbol) for symbol in exchange.markets if symbol in symbols]


def pools(exchange: Exchange) -> dict[str, PoolFigures]:
    """The figures of every margin asset the account knows."""
    assets = dict.fromkeys([m.margin_asset for m in exchange.markets.values()] + list(exchange.account.wallets))
    return {asset: exchange.account.pool(asset, exchange.order_initial(asset)) for asset in assets}


def asset_row(exchange: Exchange, asset: str, pool: PoolFigures) -> Row:
    """A row of `assets` of the account endpoint. `maintMargin` counts isolated positions too."""
    return {
        "asset": asset,
        "walletBalance": money(pool.wallet),
        "unrealizedProfit": money(pool.unrealised),
        "marginBalance": money(pool.wallet + pool.unrealised),
        "maintMargin": money(pool.maintenance),
        "initialMargin": money(pool.initial + pool.order_initial),
        "positionInitialMargin": money(pool.initial),
        "openOrderInitialMargin": money(pool.order_initial),
        "crossWalletBalance": money(pool.cross_wallet),
        "crossUnPnl": money(pool.cross_unrealised),
        "availableBalance": money(pool.available),
        "maxWithdrawAmount": money(min(pool.available, max(pool.cross_wallet, ZERO))),
        "marginAvailable": True,
        "updateTime": exchange.time_ms,
    }


def account(exchange: Exchange, *, version: int) -> Row:
    """The account endpoint. In single-asset mode its totals count USDT alone, as the venue's do."""
    rows = pools(exchange)
    pool = rows.get("USDT") or next(iter(rows.values()))
    row: Row = {
        "totalInitialMargin": money(pool.initial + pool.order_initial),
        "totalMaintMargin": money(pool.maintenance),
        "totalWalletBalance": money(pool.wallet),
        "totalUnrealizedProfit": money(pool.unrealised),
        "totalMarginBalance": money(pool.wallet + pool.unrealised),
        "totalPositionInitialMargin": money(pool.initial),
        "totalOpenOrderInitialMargin": money(pool.order_initial),
        "totalCrossWalletBalance": money(pool.cross_wallet),
        "totalCrossUnPnl": money(pool.cross_unrealised),
        "availableBalance": money(pool.available),
        "maxWithdrawAmount": money(min(pool.available, max(pool.cross_wallet, ZERO))),
        "assets": [asset_row(exchange, asset, figures) for asset, figures in rows.items()],
    }
    if version == 2:  # noqa: PLR2004 the number in the path
        return {
            **account_flags(exchange),
            **row,
            "positions": [
                account_position(exchange, exchange.account.position(symbol), version=2) for symbol in exchange.markets
            ],
        }
    return row | {"positions": [account_position(exchange, p, version=3) for p in reported(exchange)]}


def account_flags(exchange: Exchange) -> Row:
    """What the account may do and how it is set."""
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": exchange.multi_assets,
        "tradeGroupId": -1,
    }


def account_position(exchange: Exchange, position: Position, *, version: int) -> Row:
    """A row of `positions` of the account endpoint."""
    market = exchange.markets[position.symbol]
    figures = exchange.account.figures(position)
    row: Row = {
        "symbol": position.symbol,
        "positionSide": position_side(exchange, position),
        "positionAmt": size(market, position.amount),
        "unrealizedProfit": money(figures.unrealised),
        "isolatedMargin": money_or_zero(figures.isolated_margin),
        "notional": money_or_zero(figures.notional),
        "isolatedWallet": money_or_zero(position.isolated_wallet),
        "initialMargin": money_or_zero(figures.initial),
        "maintMargin": money_or_zero(figures.maintenance),
        "updateTime": position.updated_ms,
    }
    if version == 2:  # noqa: PLR2004 the number in the path
        row |= {
            "positionInitialMargin": money_or_zero(figures.initial),
            "openOrderInitialMargin": "0",
            "leverage": str(position.leverage),
            "isolated": position.mode is MarginMode.ISOLATED,
            "entryPrice": short(position.entry) if position.amount else "0.0",
            "maxNotional": short(max_notional(exchange, position)),
            "bidNotional": "0",
            "askNotional": "0",
        }
    return row


def order(market: Market, value: Order) -> Row:
    """A plain order."""
    kind = OrderType.MARKET if value.type is OrderType.LIQUIDATION else value.type
    return {
        "orderId": value.id,
        "symbol": value.symbol,
        "status": value.status.value,
        "clientOrderId": value.client_id,
        "price": price(market, value.price),
        "avgPrice": price(market, value.average),
        "origQty": size(market, value.quantity),
        "executedQty": size(market, value.filled),
        "cumQty": size(market, value.filled),
        "cumQuote": money(value.filled * value.average),
        "timeInForce": "GTC",
        "type": kind.value,
        "reduceOnly": value.reduce_only,
        "closePosition": value.close_position,
        "side": value.side.value,
        "positionSide": "BOTH",
        "stopPrice": price(market, None),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": value.from_algo.value if value.from_algo else kind.value,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": value.created_ms,
        "updateTime": value.updated_ms,
    }


def algo(market: Market, value: Algo) -> Row:
    """A conditional order as placing it answers."""
    return {
        "algoId": value.id,
        "clientAlgoId": value.client_id,
        "algoType": "CONDITIONAL",
        "orderType": value.type.value,
        "symbol": value.symbol,
        "side": value.side.value,
        "positionSide": "BOTH",
        "timeInForce": "GTE_GTC" if value.close_position else "GTC",
        "quantity": size(market, value.quantity or ZERO),
        "algoStatus": value.status.value,
        "triggerPrice": price(market, value.trigger_price),
        "price": price(market, value.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": value.working.value,
        "priceMatch": "NONE",
        "closePosition": value.close_position,
        "priceProtect": value.price_protect,
        "reduceOnly": value.reduce_only,
        "createTime": value.created_ms,
        "updateTime": value.updated_ms,
        "triggerTime": value.triggered_ms,
        "goodTillDate": 0,
    }


def algo_full(market: Market, value: Algo) -> Row:
    """A conditional order as it is listed and looked up: with the plain order it became."""
    zero = price(market, None)
    return algo(market, value) | {
        "actualOrderId": str(value.order_id) if value.order_id else "",
        "actualPrice": price(market, value.average),
        "tpTriggerPrice": zero,
        "tpPrice": zero,
        "slTriggerPrice": zero,
        "slPrice": zero,
        "tpOrderType": "",
    }


def user_trade(market: Market, fill: Fill) -> Row:
    """A row of userTrades."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side.value,
        "price": price(market, fill.price),
        "qty": size(market, fill.size),
        "realizedPnl": money(fill.realised),
        "quoteQty": money(fill.size * fill.price),
        "commission": money(fill.fee),
        "commissionAsset": market.margin_asset,
        "time": fill.at_ms,
        "positionSide": "BOTH",
        "buyer": fill.side.value == "BUY",
        "maker": fill.maker,
    }
