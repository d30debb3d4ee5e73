"""What the raw answers of a read are called on each venue: to say which are missing from a folder a person made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

_BINANCE: Final = ("exchangeInfo", "leverageBracket")
_BITGET: Final = ("mix/market/contracts", "mix/market/query-position-lever")

ANSWERS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "binanceusdm": (
        (*_BINANCE, "positionRisk", "account", "accountConfig", "openAlgoOrders"),
        (
            *_BINANCE, "papiAccount", "papiBalance", "papiUmPositionRisk", "papiUmAccount", "papiUmAccountConfig",
            "papiUmOpenAlgoOrders", "papiCmPositionRisk",
        ),
    ),
    "binancecoinm": ((*_BINANCE, "positionRisk", "account", "positionSide", "openAlgoOrders"),),
    "bybit": (
        (
            "instruments-info", "risk-limit", "spot-margin-trade-collateral", "account-info", "wallet-balance",
            "position-list", "order-realtime",
        ),
    ),
    "okx": (
        ("instruments", "trade-fee", "position-tiers", "positions", "balance", "config", "orders-algo-pending"),
    ),
    "hyperliquid": (
        (
            "perpDexs", "allPerpMetas", "spotMeta", "userAbstraction", "spotClearinghouseState", "clearinghouseState",
            "frontendOpenOrders",
        ),
    ),
    "bitget": (
        (*_BITGET, "mix/position/all-position", "mix/account/accounts", "mix/order/orders-plan-pending"),
        (*_BITGET, "uta/account/assets", "uta/position/current-position", "uta/trade/unfilled-strategy-orders"),
    ),
    "gate": (
        (
            "futures/contracts", "futures/risk_limit_tiers", "futures/positions", "futures/price_orders",
            "delivery/contracts", "delivery/risk_limit_tiers", "delivery/positions", "delivery/price_orders",
            "futures/accounts", "delivery/accounts",
        ),
    ),
    "kucoinfutures": (("contracts/active", "account/mode", "positions", "stopOrders", "account-overview"),),
    "krakenfutures": (("instruments", "accounts", "openpositions", "openorders", "tickers"),),
    "deribit": (("get_instruments", "get_positions", "get_account_summaries", "get_open_orders"),),
}  # fmt: skip
"""By ccxt's id: for each kind of account the names that every read of it has."""


def missing(venue: str, names: Collection[str]) -> list[str]:
    """What is not there of a read of that venue: of the kind of account that lacks least."""
    lacking = [[name for name in kind if name not in names] for kind in ANSWERS[venue]]
    return min(lacking, key=len)
