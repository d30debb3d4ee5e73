"""KuCoin futures: the requests of a read, every settle currency and page, and what an error says. Nothing writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.client import Words
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Asking, Payloads
from watchdog.venues.kucoinfutures.listing import settles
from watchdog.venues.kucoinfutures.rules import UNIFIED
from watchdog.venues.polled import AnsweredError

PAGE = 100
PAGES = 20
ASKS = frozenset(
    {
        "/api/v1/account-overview",
        "/api/v1/contracts/active",
        "/api/v1/positions",
        "/api/v1/stopOrders",
        "https://api.kucoin.com/api/ua/v1/account/mode",
        "https://api.kucoin.com/api/v1/user/api-key",
    }
)
"""All that is asked."""
_REFUSED = frozenset({"400002", "400003", "400004", "400005", "400006", "411100"})
"""KuCoin's codes for a key that is unknown, wrongly signed, of another passphrase or address, or frozen."""
_WITHDRAWS = frozenset({"withdraw", "withdrawal", "transfer"})
"""`Transfer` was KuCoin's word for withdrawing when rights were fewer: taken for it still."""
_WEIGHTS = {"account/mode": 30, "user/api-key": 20, "account-overview": 5, "stopOrders": 6, "positions": 2}
"""Of KuCoin's 2,000 in 30 s (its API pages, Rate Limit)."""


def weight(path: str, _params: Mapping[str, Any]) -> int:
    """The request weight of a call."""
    return _WEIGHTS.get(path, 3)


def words(answer: Any) -> Words:
    """`code` and `msg` of an answer that is no success."""
    if not isinstance(answer, dict):
        return None, ""
    code, message = answer.get("code"), answer.get("msg")
    known = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    return (None if known == "200000" else known), message if isinstance(message, str) else ""


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error is about the key itself."""
    return code in _REFUSED or (http == 401 and code is None)  # noqa: PLR2004  (the status of a refused key)


async def listing(ask: Asking) -> Payloads:
    """All contracts."""
    return {"contracts/active": await ask("contracts", "futuresPublicGetContractsActive")}


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """The account's mode, positions, stop orders, and what stands behind them in every settle currency."""
    try:
        currencies = settles(listed)
    except PayloadError as error:
        raise ReadError(f"KuCoin futures, contracts: {error}") from None
    mode, positions, orders, *overviews = await ask.together(
        ask("account mode", "utaPrivateGetAccountMode"),
        ask("positions", "futuresPrivateGetPositions"),
        _orders(ask),
        *(ask("account overview", "futuresPrivateGetAccountOverview", {"currency": one}) for one in currencies),
    )
    return {
        "account/mode": mode,
        "positions": positions,
        "stopOrders": orders,
        "account-overview": dict(zip(currencies, overviews, strict=True)),
    }


async def _orders(ask: Asking) -> list[Any]:
    """All pages of stop orders."""
    pages: list[Any] = []
    for number in range(1, PAGES + 1):
        answer = await ask("stop orders", "futuresPrivateGetStopOrders", {"pageSize": PAGE, "currentPage": number})
        pages.append(answer)
        inner = answer.get("data") if isinstance(answer, Mapping) else None
        items = inner.get("items") if isinstance(inner, Mapping) else None
        if not isinstance(items, list):
            raise ReadError("KuCoin futures, stop orders: no items came")
        if items and any(page["data"]["items"] == items for page in pages[:-1]):
            raise ReadError("KuCoin futures, stop orders: a page came twice")
        if len(items) < PAGE:
            return pages
    raise ReadError(f"KuCoin futures, stop orders: more than {PAGES} pages")


def trim(payloads: Payloads) -> Payloads:
    """Only the contracts of what is held or has an order, and one of each settle currency."""
    held = {row.get("symbol") for row in payloads["positions"]["data"]}
    held |= {row.get("symbol") for page in payloads["stopOrders"] for row in page["data"]["items"]}
    contracts = payloads["contracts/active"]
    kept = [row for row in contracts["data"] if row.get("symbol") in held] or contracts["data"][:1]
    return {**payloads, "contracts/active": {**contracts, "data": kept}}


async def power(ask: Asking) -> KeyPower:
    """What the key may do, from user/api-key. Raises VenueRefusedError for a unified account."""
    mode = await ask("account mode", "utaPrivateGetAccountMode")
    inner = mode.get("data") if isinstance(mode, Mapping) else None
    if isinstance(inner, Mapping) and inner.get("selfAccountMode") == "UNIFIED":
        raise VenueRefusedError(UNIFIED)
    try:
        answer = await ask("api key", "privateGetUserApiKey")
    except AnsweredError as error:
        if refuses_key(error.http, error.code) or error.passing:
            raise
        return KeyPower(None, None, f"KuCoin does not say what the key may do ({error.code or error.http})")
    found = answer.get("data") if isinstance(answer, Mapping) else None
    rights = found.get("permission") if isinstance(found, Mapping) else None
    if not isinstance(rights, str) or not rights.strip():
        return KeyPower(None, None, "KuCoin does not say what the key may do (permission)")
    may = {one.strip().lower() for one in rights.split(",")}
    withdraw, trade = bool(may & _WITHDRAWS), "futures" in may
    said = "the key WITHDRAWS" if withdraw else "the key trades futures" if trade else "the key does not trade futures"
    bound = (
        "is bound to addresses" if isinstance(found, Mapping) and found.get("ipWhitelist") else "is bound to no address"
    )
    return KeyPower(withdraw, trade, f"{said}, and {bound}")
