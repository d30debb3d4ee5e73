"""Orders: plain ones, and the conditional ones that Binance moved to its algo endpoints on 2025-12-09."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from watchdog.paper.binanceusdm import errors, render
from watchdog.paper.binanceusdm.endpoint import Endpoint, Endpoints, Room, Security
from watchdog.paper.binanceusdm.errors import ApiError, missing, not_wanted, of_refusal
from watchdog.paper.binanceusdm.params import Params
from watchdog.paper.orders import AlgoType, NewAlgo, NewOrder, OrderType
from watchdog.paper.refusal import RefusedError
from watchdog.paper.values import ZERO, Market, Side, Working

_CONDITIONAL = {*(kind.value for kind in AlgoType), "TRAILING_STOP_MARKET"}
_ALL_CANCELLED = {"code": 200, "msg": "The operation of cancel all open order is done."}
_DEFAULT_LIMIT = 500


class _PlainType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"


def endpoints(room: Room) -> Endpoints:
    """The table of them."""
    trading = Trading(room)
    reads = {
        "/fapi/v1/order": trading.get_order,
        "/fapi/v1/openOrder": trading.get_open_order,
        "/fapi/v1/openOrders": trading.open_orders,
        "/fapi/v1/allOrders": trading.all_orders,
        "/fapi/v1/algoOrder": trading.get_algo,
        "/fapi/v1/openAlgoOrders": trading.open_algos,
        "/fapi/v1/allAlgoOrders": trading.all_algos,
    }
    writes = {
        ("POST", "/fapi/v1/order"): trading.place_order,
        ("DELETE", "/fapi/v1/order"): trading.cancel_order,
        ("DELETE", "/fapi/v1/allOpenOrders"): trading.cancel_orders,
        ("POST", "/fapi/v1/algoOrder"): trading.place_algo,
        ("DELETE", "/fapi/v1/algoOrder"): trading.cancel_algo,
        ("DELETE", "/fapi/v1/algoOpenOrders"): trading.cancel_algos,
    }
    table = {("GET", path): Endpoint(Security.USER, answer) for path, answer in reads.items()}
    return table | {key: Endpoint(Security.TRADE, answer) for key, answer in writes.items()}


class Trading:
    """The answers."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._exchange = room.exchange

    def place_order(self, params: Params) -> Any:
        """A market or limit order; a conditional kind is sent to the algo endpoint with −4120."""
        market = self._room.market(params)
        side = self._side(params)
        if params.text("type") in _CONDITIONAL:
            raise ApiError(
                -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
            )
        kind = params.choice("type", _PlainType, -1116, "Invalid orderType.")
        self._check_position_side(params)
        price = params.price("price", market)
        if kind is _PlainType.LIMIT:
            if price is None:
                raise missing("price")
            if params.text("timeInForce") != "GTC":
                raise ApiError(-1115, "Invalid timeInForce. The paper venue knows GTC only.")
        elif price is not None:
            raise not_wanted("price")
        quantity = params.size("quantity", market)
        if quantity is None:
            raise missing("quantity")
        new = NewOrder(
            symbol=market.symbol,
            side=side,
            type=OrderType(kind.value),
            quantity=quantity,
            price=price,
            reduce_only=params.flag("reduceOnly") or False,
            client_id=params.client_id("newClientOrderId"),
        )
        try:
            return render.order(market, self._exchange.place(new))
        except RefusedError as error:
            raise of_refusal(error) from error

    def place_algo(self, params: Params) -> Any:
        """A conditional order. Its margin is looked at when it triggers, not here (change log of 2025-11-06)."""
        if params.text("algoType") != "CONDITIONAL":
            raise ApiError(-1102, "Mandatory parameter 'algoType' was not sent, was empty/null, or malformed.")
        market = self._room.market(params)
        side = self._side(params)
        if params.text("type") == "TRAILING_STOP_MARKET":
            raise ApiError(-1116, "Invalid orderType. The paper venue has no trailing stops.")
        kind = params.choice("type", AlgoType, -1116, "Invalid orderType.")
        self._check_position_side(params)
        close_position = params.flag("closePosition") or False
        quantity = params.size("quantity", market)
        if close_position:
            self._check_close_position(params, kind)
        elif quantity is None:
            raise missing("quantity")
        trigger = params.price("triggerPrice", market)
        if trigger is None:
            raise missing("triggerPrice")
        working = Working.LAST
        if params.get("workingType"):
            working = params.choice("workingType", Working, -1128, "Combination of optional parameters invalid.")
        new = NewAlgo(
            symbol=market.symbol,
            side=side,
            type=kind,
            trigger_price=trigger,
            quantity=quantity,
            price=self._limit_price(params, market, kind),
            working=working,
            reduce_only=params.flag("reduceOnly") or False,
            close_position=close_position,
            price_protect=(params.get("priceProtect") or "").lower() == "true",
            client_id=params.client_id("clientAlgoId"),
        )
        try:
            return render.algo(market, self._exchange.place_algo(new))
        except RefusedError as error:
            raise of_refusal(error) from error

    def get_order(self, params: Params) -> Any:
        """A plain order by id."""
        market = self._room.market(params)
        return render.order(market, self._order(params))

    def get_open_order(self, params: Params) -> Any:
        """A plain order by id, while it rests."""
        market = self._room.market(params)
        order = self._order(params)
        if order not in self._exchange.open_orders():
            raise ApiError(-2013, "Order does not exist.")
        return render.order(market, order)

    def open_orders(self, params: Params) -> Any:
        """Plain orders that rest."""
        rows = [o for symbol in self._room.symbols(params) for o in self._exchange.open_orders(symbol)]
        return [render.order(self._exchange.markets[o.symbol], o) for o in rows]

    def all_orders(self, params: Params) -> Any:
        """Plain orders of a market, oldest first."""
        market = self._room.market(params)
        rows = [o for o in self._exchange.orders.values() if o.symbol == market.symbol]
        return [render.order(market, o) for o in rows[-(params.whole("limit") or _DEFAULT_LIMIT) :]]

    def cancel_order(self, params: Params) -> Any:
        """Cancel a plain order by id."""
        market = self._room.market(params)
        order_id, client_id = self._ids(params, "orderId", "origClientOrderId")
        try:
            return render.order(market, self._exchange.cancel(order_id, client_id))
        except RefusedError as error:
            raise of_refusal(error, errors.CANCEL) from error

    def cancel_orders(self, params: Params) -> Any:
        """Cancel every plain order of a market."""
        for order in self._exchange.open_orders(self._room.market(params).symbol):
            self._exchange.cancel(order.id, None)
        return _ALL_CANCELLED

    def get_algo(self, params: Params) -> Any:
        """A conditional order by id."""
        algo_id, client_id = self._ids(params, "algoId", "clientAlgoId")
        try:
            algo = self._exchange.find_algo(algo_id, client_id)
        except RefusedError as error:
            raise of_refusal(error) from error
        return render.algo_full(self._exchange.markets[algo.symbol], algo)

    def open_algos(self, params: Params) -> Any:
        """Conditional orders that rest."""
        rows = [a for symbol in self._room.symbols(params) for a in self._exchange.open_algos(symbol)]
        return [render.algo_full(self._exchange.markets[a.symbol], a) for a in rows]

    def all_algos(self, params: Params) -> Any:
        """Conditional orders of a market, oldest first."""
        market = self._room.market(params)
        rows = [a for a in self._exchange.algos.values() if a.symbol == market.symbol]
        return [render.algo_full(market, a) for a in rows[-(params.whole("limit") or _DEFAULT_LIMIT) :]]

    def cancel_algo(self, params: Params) -> Any:
        """Cancel a conditional order by id."""
        algo_id, client_id = self._ids(params, "algoId", "clientAlgoId")
        try:
            algo = self._exchange.cancel_algo(algo_id, client_id)
        except RefusedError as error:
            raise of_refusal(error, errors.CANCEL) from error
        return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}

    def cancel_algos(self, params: Params) -> Any:
        """Cancel every conditional order of a market."""
        for algo in self._exchange.open_algos(self._room.market(params).symbol):
            self._exchange.cancel_algo(algo.id, None)
        return _ALL_CANCELLED

    def _order(self, params: Params) -> Any:
        order_id, client_id = self._ids(params, "orderId", "origClientOrderId")
        try:
            return self._exchange.find_order(order_id, client_id)
        except RefusedError as error:
            raise of_refusal(error) from error

    @staticmethod
    def _ids(params: Params, number: str, name: str) -> tuple[int | None, str | None]:
        order_id, client_id = params.whole(number), params.get(name)
        if order_id is None and not client_id:
            raise ApiError(-1102, f"Param '{name}' or '{number}' must be sent, but both were empty/null!")
        return order_id, client_id

    @staticmethod
    def _side(params: Params) -> Side:
        return params.choice("side", Side, -1117, "Invalid side.")

    def _check_position_side(self, params: Params) -> None:
        sent = params.get("positionSide") or "BOTH"
        if sent not in {"BOTH", "LONG", "SHORT"}:
            raise ApiError(-4060, "Invalid position side.")
        if (sent == "BOTH") is self._exchange.hedge:
            raise ApiError(-4061, "Order's position side does not match user's setting.")
        if self._exchange.hedge and params.get("reduceOnly"):
            raise not_wanted("reduceOnly")

    @staticmethod
    def _check_close_position(params: Params, kind: AlgoType) -> None:
        if kind.is_limit:
            raise ApiError(-4136, f"Target strategy invalid for orderType {kind.value},closePosition true")
        for name in ("quantity", "reduceOnly"):
            if params.get(name):
                raise not_wanted(name)

    @staticmethod
    def _limit_price(params: Params, market: Market, kind: AlgoType) -> Decimal | None:
        price = params.price("price", market)
        if kind.is_limit and price is None:
            raise missing("price")
        if not kind.is_limit and price is not None and price != ZERO:
            raise not_wanted("price")
        return price if kind.is_limit else None
