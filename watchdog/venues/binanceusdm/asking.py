"""Binance USD-M: the requests of a read, by name. A Portfolio Margin account is asked by its own endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchdog.venues.base import KeyPower, ReadError
from watchdog.venues.binanceusdm.keys import read_key_power, refused_key
from watchdog.venues.binanceusdm.outcomes import NOT_PORTFOLIO
from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.kind import Asking, Payloads

CLASSIC: Final = {
    "positionRisk": "fapiPrivateV3GetPositionRisk",
    "account": "fapiPrivateV3GetAccount",
    "accountConfig": "fapiPrivateGetAccountConfig",
}
"""ccxt's methods by the names of the answers; with them the orders, and assetIndex in multi-assets mode."""
PORTFOLIO: Final = {
    "papiAccount": "papiGetAccount",
    "papiBalance": "papiGetBalance",
    "papiUmPositionRisk": "papiGetUmPositionRisk",
    "papiUmAccount": "papiV2GetUmAccount",
    "papiUmAccountConfig": "papiGetUmAccountConfig",
    "papiUmOpenAlgoOrders": "papiGetUmAlgoOpenAlgoOrders",
    "papiCmPositionRisk": "papiGetCmPositionRisk",
}
RESTRICTIONS: Final = "apiRestrictions"
_PAPI: Final = "https://papi.binance.com/papi"
ASKS: Final = frozenset(
    {
        "/fapi/v1/accountConfig",
        "/fapi/v1/assetIndex",
        "/fapi/v1/exchangeInfo",
        "/fapi/v1/leverageBracket",
        "/fapi/v1/openAlgoOrders",
        "/fapi/v1/algoOrder",
        "/fapi/v1/time",
        "/fapi/v3/account",
        "/fapi/v3/positionRisk",
        "https://api.binance.com/sapi/v1/account/apiRestrictions",
        f"{_PAPI}/v1/account",
        f"{_PAPI}/v1/balance",
        f"{_PAPI}/v1/cm/positionRisk",
        f"{_PAPI}/v1/um/accountConfig",
        f"{_PAPI}/v1/um/algo/openAlgoOrders",
        f"{_PAPI}/v1/um/leverageBracket",
        f"{_PAPI}/v1/um/positionRisk",
        f"{_PAPI}/v2/um/account",
    }
)
"""All that is asked by GET."""


async def listing(ask: Asking) -> Payloads:
    """Markets, brackets, and what the key may do, as far as Binance says it."""
    found: dict[str, Any] = {}
    try:
        found[RESTRICTIONS] = await ask(RESTRICTIONS, "sapiGetAccountApiRestrictions")
    except ReadError as error:
        if refused_key(getattr(error, "http", 0), getattr(error, "code", None)):
            raise
    shared = says_portfolio(found.get(RESTRICTIONS)) and await is_portfolio(ask)
    brackets = "papiGetUmLeverageBracket" if shared else "fapiPrivateGetLeverageBracket"
    methods = {"exchangeInfo": "fapiPublicGetExchangeInfo", "leverageBracket": brackets}
    return found | await _together(ask, methods)


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """What is held, what stands behind it, how the account is set, and every resting conditional order."""
    if says_portfolio(listed.get(RESTRICTIONS)) and await is_portfolio(ask):
        return await _together(ask, PORTFOLIO)
    found = await _together(ask, {**CLASSIC, "openAlgoOrders": "fapiPrivateGetOpenAlgoOrders"})
    if wants_index(found["accountConfig"]):
        found["assetIndex"] = await ask("assetIndex", "fapiPublicGetAssetIndex")
    return found


async def power(ask: Asking) -> KeyPower:
    """What the key may do."""
    return (await power_of(ask))[0]


async def power_of(ask: Asking) -> tuple[KeyPower, bool]:
    """What the key may do, and whether it is one for Portfolio Margin; only a refused key is an error.

    The answer comes from another of Binance's servers, and there is none of it on its testnet.
    """
    try:
        answer = await ask(RESTRICTIONS, "sapiGetAccountApiRestrictions")
        return read_key_power(answer), says_portfolio(answer)
    except PayloadError as error:
        return KeyPower(None, None, f"Binance does not say what the key may do: {error}"), False
    except ReadError as error:
        if refused_key(getattr(error, "http", 0), getattr(error, "code", None)):
            raise
        return KeyPower(None, None, f"Binance does not say what the key may do: {error.reason}"), False


async def _together(ask: Asking, methods: Mapping[str, str]) -> dict[str, Any]:
    answers = await ask.together(*(ask(name, method) for name, method in methods.items()))
    return dict(zip(methods, answers, strict=True))


def says_portfolio(restrictions: Any) -> bool:
    """Whether apiRestrictions says that the key is for Portfolio Margin, which only such an account's can be."""
    if not isinstance(restrictions, Mapping) or restrictions.get("enablePortfolioMarginTrading") is None:
        return False
    return Row.of(restrictions, RESTRICTIONS).flag("enablePortfolioMarginTrading")


async def is_portfolio(ask: Asking) -> bool:
    """Whether the account itself is one now. Raises ReadError when Binance says neither yes nor no."""
    try:
        await ask("papiAccount", "papiGetAccount")
    except ReadError as error:
        if getattr(error, "code", None) in NOT_PORTFOLIO:
            return False
        raise
    return True


def wants_index(config: Any) -> bool:
    """Whether a read of this accountConfig needs assetIndex; what is wrong with it is for the rules to say."""
    try:
        return Row.of(config, "accountConfig").flag("multiAssetsMargin")
    except PayloadError:
        return False
