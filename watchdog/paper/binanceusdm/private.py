"""Signed reads and settings of the account."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from watchdog.paper import account as money
from watchdog.paper.binanceusdm import errors, render
from watchdog.paper.binanceusdm.endpoint import Endpoint, Endpoints, Room, Security
from watchdog.paper.binanceusdm.errors import ApiError, Codes, missing, of_refusal
from watchdog.paper.binanceusdm.params import Params
from watchdog.paper.refusal import RefusedError
from watchdog.paper.values import ZERO, MarginMode

_SUCCESS = {"code": 200, "msg": "success"}
_INCOME = {
    money.LIQUIDATION_FEE: "INSURANCE_CLEAR",
    money.INSURANCE_COVER: "INSURANCE_CLEAR",
}


def endpoints(room: Room) -> Endpoints:
    """The table of them."""
    private = Private(room)
    reads = {
        "/fapi/v1/leverageBracket": private.leverage_bracket,
        "/fapi/v2/positionRisk": lambda params: private.position_risk(params, version=2),
        "/fapi/v3/positionRisk": lambda params: private.position_risk(params, version=3),
        "/fapi/v2/account": lambda _: render.account(room.exchange, version=2),
        "/fapi/v3/account": lambda _: render.account(room.exchange, version=3),
        "/fapi/v2/balance": private.balance,
        "/fapi/v3/balance": private.balance,
        "/fapi/v1/accountConfig": private.account_config,
        "/fapi/v1/symbolConfig": private.symbol_config,
        "/fapi/v1/commissionRate": private.commission_rate,
        "/fapi/v1/positionSide/dual": lambda _: {"dualSidePosition": room.exchange.hedge},
        "/fapi/v1/multiAssetsMargin": lambda _: {"multiAssetsMargin": room.exchange.multi_assets},
        "/fapi/v1/userTrades": private.user_trades,
        "/fapi/v1/income": private.income,
        "/sapi/v1/account/apiRestrictions": private.api_restrictions,
        "/sapi/v1/capital/config/getall": private.coins,
        "/sapi/v1/margin/allPairs": lambda _: [],
    }
    writes = {
        "/fapi/v1/positionSide/dual": private.set_dual,
        "/fapi/v1/multiAssetsMargin": private.set_multi_assets,
        "/fapi/v1/leverage": private.set_leverage,
        "/fapi/v1/marginType": private.set_margin_type,
        "/fapi/v1/positionMargin": private.move_margin,
    }
    table = {("GET", path): Endpoint(Security.USER, answer) for path, answer in reads.items()}
    return table | {("POST", path): Endpoint(Security.TRADE, answer) for path, answer in writes.items()}


class Private:
    """The answers."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._exchange = room.exchange

    def leverage_bracket(self, params: Params) -> Any:
        """The maintenance tiers."""
        return [
            {
                "symbol": symbol,
                "notionalCoef": 1.0,
                "brackets": [
                    {
                        "bracket": number,
                        "initialLeverage": tier.max_leverage,
                        "notionalCap": _number(tier.cap if tier.cap is not None else Decimal(10) ** 12),
                        "notionalFloor": _number(tier.floor),
                        "maintMarginRatio": float(tier.rate),
                        "cum": float(tier.cum),
                    }
                    for number, tier in enumerate(self._exchange.markets[symbol].tiers, start=1)
                ],
            }
            for symbol in self._room.symbols(params)
        ]

    def position_risk(self, params: Params, version: int) -> Any:
        """Version 3 lists markets with a position or an order, version 2 all of them."""
        held = {position.symbol for position in render.reported(self._exchange)}
        return [
            render.position_risk(self._exchange, self._exchange.account.position(symbol), version=version)
            for symbol in self._room.symbols(params)
            if version == 2 or symbol in held  # noqa: PLR2004 the number in the path
        ]

    def balance(self, _params: Params) -> Any:
        """A row per margin asset."""
        rows = render.pools(self._exchange)
        return [
            {
                "accountAlias": "paper",
                "asset": asset,
                "balance": render.money(pool.wallet),
                "crossWalletBalance": render.money(pool.cross_wallet),
                "crossUnPnl": render.money(pool.cross_unrealised),
                "availableBalance": render.money(pool.available),
                "maxWithdrawAmount": render.money(min(pool.available, max(pool.cross_wallet, ZERO))),
                "marginAvailable": True,
                "updateTime": self._exchange.time_ms,
            }
            for asset, pool in rows.items()
        ]

    def account_config(self, _params: Params) -> Any:
        """How the account is set."""
        flags = render.account_flags(self._exchange)
        return flags | {"dualSidePosition": self._exchange.hedge, "canTrade": self._room.api_key.trade}

    def symbol_config(self, params: Params) -> Any:
        """Leverage and margin mode per market."""
        positions = [self._exchange.account.position(symbol) for symbol in self._room.symbols(params)]
        return [
            {
                "symbol": position.symbol,
                "marginType": "ISOLATED" if position.mode is MarginMode.ISOLATED else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": position.leverage,
                "maxNotionalValue": render.short(render.max_notional(self._exchange, position)),
            }
            for position in positions
        ]

    def commission_rate(self, params: Params) -> Any:
        """What a fill costs."""
        market = self._room.market(params)
        return {
            "symbol": market.symbol,
            "makerCommissionRate": render.short(market.maker_fee),
            "takerCommissionRate": render.short(market.taker_fee),
        }

    def user_trades(self, params: Params) -> Any:
        """Fills of a market, oldest first."""
        market = self._room.market(params)
        rows = [fill for fill in self._exchange.fills if fill.symbol == market.symbol]
        return [render.user_trade(market, fill) for fill in rows[-(params.whole("limit") or 500) :]]

    def income(self, params: Params) -> Any:
        """The account's money, line by line, oldest first."""
        symbol, kind = params.get("symbol"), params.get("incomeType")
        rows = [
            {
                "symbol": entry.symbol,
                "incomeType": _INCOME.get(entry.kind, entry.kind),
                "income": render.money(entry.amount),
                "asset": entry.asset,
                "info": _INCOME.get(entry.kind, entry.kind),
                "time": entry.at_ms,
                "tranId": 9_689_322_000 + number,
                "tradeId": "",
            }
            for number, entry in enumerate(self._exchange.account.ledger)
            if symbol in {None, entry.symbol} and kind in {None, _INCOME.get(entry.kind, entry.kind)}
        ]
        return rows[-(params.whole("limit") or 100) :]

    def api_restrictions(self, _params: Params) -> Any:
        """What the key may do."""
        key = self._room.api_key
        return {
            "ipRestrict": False,
            "createTime": 1_698_645_219_000,
            "enableReading": True,
            "enableWithdrawals": key.withdraw,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": key.trade,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": True,
            "enableSpotAndMarginTrading": False,
            "enablePortfolioMarginTrading": False,
        }

    def coins(self, _params: Params) -> Any:
        """The coins of the wallet: none can be moved from here."""
        names = [asset for market in self._exchange.markets.values() for asset in (market.margin_asset, market.base)]
        return [
            {
                "coin": coin,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "name": coin,
                "free": "0",
                "locked": "0",
                "freeze": "0",
                "withdrawing": "0",
                "ipoing": "0",
                "ipoable": "0",
                "storage": "0",
                "isLegalMoney": False,
                "trading": True,
                "networkList": [],
            }
            for coin in dict.fromkeys(names)
        ]

    def set_dual(self, params: Params) -> Any:
        """Switch hedge mode."""
        return self._switch(params, "dualSidePosition", self._exchange.set_hedge, errors.POSITION_SIDE)

    def set_multi_assets(self, params: Params) -> Any:
        """Switch multi-assets mode."""
        return self._switch(params, "multiAssetsMargin", self._exchange.set_multi_assets, errors.MULTI_ASSETS)

    def set_leverage(self, params: Params) -> Any:
        """Set a market's leverage."""
        market, leverage = self._room.market(params), params.whole("leverage")
        if leverage is None:
            raise missing("leverage")
        self._try(lambda: self._exchange.set_leverage(market.symbol, leverage), None)
        position = self._exchange.account.position(market.symbol)
        return {
            "leverage": leverage,
            "maxNotionalValue": render.short(render.max_notional(self._exchange, position)),
            "symbol": market.symbol,
        }

    def set_margin_type(self, params: Params) -> Any:
        """Set a market's margin mode."""
        market, kind = self._room.market(params), params.text("marginType")
        if kind not in {"ISOLATED", "CROSSED"}:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        mode = MarginMode.ISOLATED if kind == "ISOLATED" else MarginMode.CROSS
        self._try(lambda: self._exchange.set_margin_mode(market.symbol, mode), errors.MARGIN_TYPE)
        return _SUCCESS

    def move_margin(self, params: Params) -> Any:
        """Add or take back isolated margin."""
        market, amount, kind = self._room.market(params), params.amount("amount"), params.whole("type")
        if amount is None or amount <= ZERO:
            raise missing("amount")
        if kind not in {1, 2}:
            raise missing("type")
        self._try(lambda: self._exchange.move_margin(market.symbol, amount if kind == 1 else -amount), None)
        return {"code": 200, "msg": "Successfully modify position margin.", "amount": float(amount), "type": kind}

    def _switch(self, params: Params, name: str, act: Callable[[bool], None], codes: Codes) -> Any:
        wanted = params.flag(name)
        if wanted is None:
            raise missing(name)
        self._try(lambda: act(wanted), codes)
        return _SUCCESS

    @staticmethod
    def _try(act: Callable[[], None], codes: Codes | None) -> None:
        try:
            act()
        except RefusedError as error:
            raise of_refusal(error, codes) from error


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)
