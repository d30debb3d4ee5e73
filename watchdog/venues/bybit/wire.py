"""Bybit: the requests of a read. Every settle coin, category and page; nothing is sent but GET."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.bybit.answers import (
    ACCOUNT,
    HAIRCUTS,
    INSTRUMENTS,
    INVERSE,
    LINEAR,
    OPTION,
    ORDERS,
    POSITIONS,
    RISK_LIMIT,
    WALLET,
    is_empty,
    label,
    next_page,
)
from watchdog.venues.bybit.keys import QUERY_API, read_power
from watchdog.venues.bybit.listing import STATUSES, settle_coins
from watchdog.venues.bybit.rules import position_lists, why_refused
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Asking, Payloads

MOST_PAGES: Final = 400
"""Of one list. Risk limits come 15 symbols a page, and there are some hundred symbols."""
ASKS: Final = frozenset(
    {
        "/v5/account/info",
        "/v5/account/wallet-balance",
        "/v5/market/instruments-info",
        "/v5/market/risk-limit",
        "/v5/order/realtime",
        "/v5/position/list",
        "/v5/spot-margin-trade/collateral",
        "/v5/user/query-api",
    }
)
"""All that is asked."""
_INSTRUMENTS, _POSITIONS, _ORDERS = 1000, 200, 50
"""The most rows a page may hold."""


async def listing(ask: Asking) -> Payloads:
    """What Bybit lists: contracts that trade, are about to or are being delivered; tiers; haircuts of collateral."""
    markets, limits, haircuts = await ask.together(
        _lists(
            ask,
            INSTRUMENTS,
            "publicGetV5MarketInstrumentsInfo",
            {
                label(category, status): {"category": category, "status": status, "limit": _INSTRUMENTS}
                for category in (LINEAR, INVERSE)
                for status in STATUSES
            },
        ),
        _lists(
            ask,
            RISK_LIMIT,
            "publicGetV5MarketRiskLimit",
            {category: {"category": category} for category in (LINEAR, INVERSE)},
        ),
        ask(HAIRCUTS, "publicGetV5SpotMarginTradeCollateral"),
    )
    return {INSTRUMENTS: markets, RISK_LIMIT: limits, HAIRCUTS: haircuts}


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """Setting, wallet, positions and orders of the account. Raises ReadError."""
    try:
        names = position_lists(settle_coins(listed))
    except PayloadError as error:
        raise ReadError(f"Bybit: {error}") from None
    products = {
        label(category, coin): {"category": category, **({"settleCoin": coin} if coin else {})}
        for category, coin in names
    }
    held = {name: {**one, "limit": _POSITIONS} for name, one in products.items()}
    held[OPTION] = {"category": OPTION, "limit": _POSITIONS}
    resting = {name: {**one, "limit": _ORDERS} for name, one in products.items()}
    setting, wallet, positions, orders = await ask.together(
        ask(ACCOUNT, "privateGetV5AccountInfo"),
        ask(WALLET, "privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"}),
        _lists(ask, POSITIONS, "privateGetV5PositionList", held),
        _lists(ask, ORDERS, "privateGetV5OrderRealtime", resting),
    )
    return {ACCOUNT: setting, WALLET: wallet, POSITIONS: positions, ORDERS: orders}


async def power(ask: Asking) -> KeyPower:
    """What the key may do. Raises ReadError; VenueRefusedError for an account that is no unified one 2.0."""
    key, setting = await ask.together(
        ask(QUERY_API, "privateGetV5UserQueryApi"), ask(ACCOUNT, "privateGetV5AccountInfo")
    )
    try:
        refused = why_refused(setting)
        found = read_power(key)
    except PayloadError as error:
        raise ReadError(f"Bybit: {error}") from None
    if refused:
        raise VenueRefusedError(f"Bybit: {refused}.")
    return found


async def _lists(ask: Asking, name: str, method: str, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Every page of several lists of one endpoint, by label."""
    found = await ask.together(*(_pages(ask, f"{name} {one}", method, params) for one, params in wanted.items()))
    return dict(zip(wanted, found, strict=True))


async def _pages(ask: Asking, name: str, method: str, params: Mapping[str, Any]) -> list[Any]:
    """Page after page until one is empty or names none that follows. What is odd is left to the rules to refuse."""
    pages: list[Any] = []
    cursor = ""
    while len(pages) < MOST_PAGES:
        page = await ask(name, method, {**params, **({"cursor": cursor} if cursor else {})})
        pages.append(page)
        following = next_page(page)
        if not following or following == cursor or is_empty(page):
            return pages
        cursor = following
    raise ReadError(f"Bybit, {name}: more than {MOST_PAGES} pages")
