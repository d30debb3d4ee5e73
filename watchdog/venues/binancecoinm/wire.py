"""Binance COIN-M: the requests of a read, their weights, and what the key may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchdog.venues.base import KeyPower, VenueRefusedError
from watchdog.venues.binanceusdm import asking
from watchdog.venues.kind import Asking, Payloads

LISTING: Final = {
    "exchangeInfo": "dapiPublicGetExchangeInfo",
    "leverageBracket": "dapiPrivateV2GetLeverageBracket",
}
"""The methods of ccxt by the names of the answers."""
ACCOUNT: Final = {
    "positionRisk": "dapiPrivateGetPositionRisk",
    "account": "dapiPrivateGetAccount",
    "positionSide": "dapiPrivateGetPositionSideDual",
    "openAlgoOrders": "dapiPrivateGetOpenAlgoOrders",
}

ASKS: Final = frozenset(
    {
        "/dapi/v1/exchangeInfo",
        "/dapi/v2/leverageBracket",
        "/dapi/v1/positionRisk",
        "/dapi/v1/account",
        "/dapi/v1/positionSide/dual",
        "/dapi/v1/openAlgoOrders",
        "https://api.binance.com/sapi/v1/account/apiRestrictions",
        "https://papi.binance.com/papi/v1/account",
    }
)
"""All that is asked."""
_WEIGHTS = {
    "exchangeInfo": 1,
    "leverageBracket": 1,
    "positionRisk": 1,
    "account": 5,
    "positionSide/dual": 30,
}
"""Request weights of Binance's API pages."""
_ALL_ORDERS, _ONE_SYMBOL, _UNLISTED = 40, 1, 5


def weight(path: str, params: Mapping[str, Any]) -> int:
    """The request weight of a call."""
    if path == "openAlgoOrders":
        return _ONE_SYMBOL if params.get("symbol") else _ALL_ORDERS
    return _WEIGHTS.get(path, _UNLISTED)


async def listing(ask: Asking) -> Payloads:
    """Markets and brackets."""
    return await _together(ask, LISTING)


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """Positions, wallets, position mode, and every resting conditional order, all symbols in one answer each."""
    del listed
    return await _together(ask, ACCOUNT)


async def power(ask: Asking) -> KeyPower:
    """What the key may do. Raises VenueRefusedError for the key of a Portfolio Margin account, saying what to do."""
    found, shared = await asking.power_of(ask)
    if shared and await asking.is_portfolio(ask):
        raise VenueRefusedError(
            "this is a Portfolio Margin account: its COIN-M contracts share one margin with everything else in it, and "
            'are not read by themselves. Name it with venue = "binanceusdm" instead: there its ratio (uniMMR) is read.'
        )
    return found


async def _together(ask: Asking, methods: Mapping[str, str]) -> dict[str, Any]:
    answers = await ask.together(*(ask(name, method) for name, method in methods.items()))
    return dict(zip(methods, answers, strict=True))
