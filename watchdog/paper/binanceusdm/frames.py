"""What happened on the account, and the prices, as Binance's websocket frames. Times in them are market time."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from watchdog.paper.binanceusdm import render
from watchdog.paper.binanceusdm.public import next_funding
from watchdog.paper.events import (
    AccountChanged,
    AlgoChanged,
    Event,
    LeverageChanged,
    MarginCalled,
    MultiAssetsChanged,
    OrderChanged,
)
from watchdog.paper.exchange import Exchange
from watchdog.paper.orders import AlgoStatus, OrderStatus, OrderType
from watchdog.paper.values import ZERO, MarginMode, Market, Price, Side

Frame = dict[str, Any]
_EXECUTION = {
    OrderStatus.NEW: "NEW",
    OrderStatus.FILLED: "TRADE",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}
_AT_WORK = {AlgoStatus.TRIGGERED, AlgoStatus.FINISHED}


def account_frames(exchange: Exchange, events: Iterable[Event]) -> list[Frame]:
    """The user data frames of these events, in order."""
    return [frame for event in events if (frame := _account_frame(exchange, event)) is not None]


def _account_frame(exchange: Exchange, event: Event) -> Frame | None:
    head = {"T": event.at_ms, "E": event.at_ms}
    if isinstance(event, OrderChanged):
        return {"e": "ORDER_TRADE_UPDATE", **head, "o": _order(exchange, event)}
    if isinstance(event, AlgoChanged):
        return {"e": "ALGO_UPDATE", **head, "o": _algo(exchange, event)}
    if isinstance(event, AccountChanged):
        return {"e": "ACCOUNT_UPDATE", **head, "a": _account(exchange, event)}
    if isinstance(event, MarginCalled):
        return {"e": "MARGIN_CALL", "E": event.at_ms, **_margin_call(exchange, event)}
    if isinstance(event, LeverageChanged):
        return {"e": "ACCOUNT_CONFIG_UPDATE", **head, "ac": {"s": event.symbol, "l": event.leverage}}
    if isinstance(event, MultiAssetsChanged):
        return {"e": "ACCOUNT_CONFIG_UPDATE", **head, "ai": {"j": event.on}}
    return None  # Liquidated: the venue tells of it by the order and account frames alone


def _order(exchange: Exchange, event: OrderChanged) -> Frame:
    order, fill = event.order, event.fill
    market = exchange.markets[order.symbol]
    kind = "LIQUIDATION" if order.type is OrderType.LIQUIDATION else order.type.value
    buys = order.side is Side.BUY and order.status is OrderStatus.NEW and order.type is OrderType.LIMIT
    sells = order.side is Side.SELL and order.status is OrderStatus.NEW and order.type is OrderType.LIMIT
    resting = render.short(order.quantity * (order.price or ZERO))
    row: Frame = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side.value,
        "o": kind,
        "f": "GTC",
        "q": render.size(market, order.quantity),
        "p": render.price(market, order.price),
        "ap": render.price(market, order.average),
        "sp": render.price(market, None),
        "x": _EXECUTION[order.status],
        "X": order.status.value,
        "i": order.id,
        "l": render.size(market, fill.size if fill else ZERO),
        "z": render.size(market, order.filled),
        "L": render.price(market, fill.price if fill else None),
        "n": render.short(fill.fee if fill else ZERO),
        "N": market.margin_asset,
        "T": event.at_ms,
        "t": fill.id if fill else 0,
        "b": resting if buys else "0",
        "a": resting if sells else "0",
        "m": fill.maker if fill else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.from_algo.value if order.from_algo else kind,
        "ps": "BOTH",
        "cp": order.close_position,
        "rp": render.short(fill.realised if fill else ZERO),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    return row


def _algo(exchange: Exchange, event: AlgoChanged) -> Frame:
    algo = event.algo
    market = exchange.markets[algo.symbol]
    row: Frame = {
        "caid": algo.client_id,
        "aid": algo.id,
        "at": "CONDITIONAL",
        "o": algo.type.value,
        "s": algo.symbol,
        "S": algo.side.value,
        "ps": "BOTH",
        "f": "GTE_GTC" if algo.close_position else "GTC",
        "q": render.size(market, algo.quantity or ZERO),
        "X": algo.status.value,
        "ai": str(algo.order_id) if algo.order_id else "",
        "tp": render.price(market, algo.trigger_price),
        "p": render.price(market, algo.price),
        "V": "EXPIRE_MAKER",
        "wt": algo.working.value,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": 0,
    }
    if algo.status in _AT_WORK:
        row |= {
            "ap": render.price(market, algo.average),
            "aq": render.size(market, algo.filled),
            "act": "LIMIT" if algo.type.is_limit else "MARKET",
        }
    if algo.reason:
        row["rm"] = algo.reason
    return row


def _account(exchange: Exchange, event: AccountChanged) -> Frame:
    rows: list[Frame] = []
    if event.position is not None:
        position = event.position
        market = exchange.markets[position.symbol]
        isolated = position.mode is MarginMode.ISOLATED
        rows.append(
            {
                "s": position.symbol,
                "pa": render.size(market, position.amount),
                "ep": render.short(position.entry),
                "cr": render.short(position.realised),
                "up": render.money(event.unrealised) if position.amount else "0",
                "mt": "isolated" if isolated else "cross",
                "iw": render.money_or_zero(position.isolated_wallet),
                "ps": "BOTH",
                "ma": market.margin_asset,
                "bep": render.short(position.entry),
            }
        )
    balance = {
        "a": event.asset,
        "wb": render.money(event.wallet),
        "cw": render.money(event.cross_wallet),
        "bc": render.short(event.change),
    }
    return {"B": [balance], "P": rows, "m": event.reason}


def _margin_call(exchange: Exchange, event: MarginCalled) -> Frame:
    positions = [exchange.account.position(symbol) for symbol in event.symbols]
    asset = exchange.account.asset_of(event.symbols[0])
    rows = []
    for position in positions:
        figures = exchange.account.figures(position)
        market = exchange.markets[position.symbol]
        rows.append(
            {
                "s": position.symbol,
                "ps": "BOTH",
                "pa": render.size(market, position.amount),
                "mt": position.mode.value.upper() if position.mode is MarginMode.ISOLATED else "CROSSED",
                "iw": render.money_or_zero(position.isolated_wallet),
                "mp": render.short(figures.mark),
                "up": render.money(figures.unrealised),
                "mm": render.money(figures.maintenance),
            }
        )
    return {"cw": render.money(exchange.account.cross_wallet(asset)), "p": rows}


def mark_frame(market: Market, price: Price, time_ms: int) -> Frame:
    """A markPriceUpdate. Index price and funding are not modelled: the mark price, and a rate of 0."""
    mark = f"{price.mark.quantize(Decimal('0.00000001')):f}"
    return {
        "e": "markPriceUpdate",
        "E": time_ms,
        "s": market.symbol,
        "p": mark,
        "ap": mark,
        "P": mark,
        "i": mark,
        "r": "0.00000000",
        "T": next_funding(time_ms),
    }


def book_frame(market: Market, price: Price, time_ms: int) -> Frame:
    """A bookTicker: bid and ask a tick apart."""
    return {
        "e": "bookTicker",
        "u": time_ms,
        "E": time_ms,
        "T": time_ms,
        "s": market.symbol,
        "b": render.price(market, market.round_price(price.last - market.tick, up=False)),
        "B": render.size(market, Decimal(1000)),
        "a": render.price(market, price.last),
        "A": render.size(market, Decimal(1000)),
    }
