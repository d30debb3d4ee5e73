"""Bitget futures: the requests of a read, for every product type and page, and what an error says. Nothing writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower, ReadError
from watchdog.venues.bitget.listing import COIN, LEVER, PRODUCTS, data
from watchdog.venues.client import Words
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Asking, Payloads
from watchdog.venues.polled import AnsweredError

UNIFIED = "40085"
"""Bitget's code on a classic endpoint where the account is a unified one."""
PLANS = ("normal_plan", "profit_loss", "track_plan")
PAGE = 100
PAGES = 20
ASKS = frozenset(
    {
        "/api/v2/mix/account/accounts",
        "/api/v2/mix/market/contracts",
        "/api/v2/mix/market/query-position-lever",
        "/api/v2/mix/order/orders-plan-pending",
        "/api/v2/mix/position/all-position",
        "/api/v2/spot/account/info",
        "/api/v3/account/assets",
        "/api/v3/position/current-position",
        "/api/v3/trade/unfilled-strategy-orders",
    }
)
"""All that is asked."""
_REFUSED = frozenset({"40002", "40006", "40009", "40011", "40012", "40018", "40036", "40037", "40038"})
_TRADES = frozenset({"coow", "cpow"})
_HARMLESS = frozenset({"coow", "cpow", "stow", "smow"})
"""Rights to write that are known not to withdraw: orders and positions of futures, spot, margin."""


def words(answer: Any) -> Words:
    """`code` and `msg` of an answer that is no success."""
    if not isinstance(answer, dict):
        return None, ""
    code, message = answer.get("code", answer.get("err_code")), answer.get("msg") or answer.get("err_msg")
    said = message if isinstance(message, str) else ""
    known = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    return (None if known == "00000" else known), said


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error is about the key itself."""
    return code in _REFUSED or (http == 401 and code is None)  # noqa: PLR2004  (the status of a refused key)


async def listing(ask: Asking) -> Payloads:
    """Contracts of every product type. Tiers are asked for with the positions that need them, and kept here."""
    name = "mix/market/contracts"
    answers = await ask.together(
        *(ask(name, "publicMixGetV2MixMarketContracts", {"productType": product}) for product in PRODUCTS)
    )
    return {name: dict(zip(PRODUCTS, answers, strict=True)), LEVER: {}}


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """Accounts, positions and plan orders; of a unified account, which says so, its own endpoints."""
    try:
        found = await _classic(ask)
    except AnsweredError as error:
        if error.code != UNIFIED:
            raise
        return await _unified(ask)
    await _tiers(ask, listed, found["mix/position/all-position"])
    return found


async def _classic(ask: Asking) -> dict[str, Any]:
    names = {
        "mix/account/accounts": "privateMixGetV2MixAccountAccounts",
        "mix/position/all-position": "privateMixGetV2MixPositionAllPosition",
    }
    found: dict[str, Any] = {}
    for name, method in names.items():
        answers = await ask.together(*(ask(name, method, {"productType": product}) for product in PRODUCTS))
        found[name] = dict(zip(PRODUCTS, answers, strict=True))
    pages = await ask.together(*(_plans(ask, product, plan) for product in PRODUCTS for plan in PLANS))
    found["mix/order/orders-plan-pending"] = {
        product: [page for of_plan in pages[len(PLANS) * index : len(PLANS) * (index + 1)] for page in of_plan]
        for index, product in enumerate(PRODUCTS)
    }
    return found


async def _plans(ask: Asking, product: str, plan: str) -> list[Any]:
    """All pages of one kind of plan order."""
    name = "mix/order/orders-plan-pending"
    params: dict[str, Any] = {"productType": product, "planType": plan, "limit": str(PAGE)}
    pages: list[Any] = []
    seen: set[Any] = set()
    for _ in range(PAGES):
        answer = await ask(name, "privateMixGetV2MixOrderOrdersPlanPending", params)
        pages.append(answer)
        inner = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(inner, Mapping) or "entrustedList" not in inner:
            raise ReadError(f"Bitget, {name}: no entrustedList came")
        end = inner.get("endId")
        if not isinstance(inner["entrustedList"], list) or len(inner["entrustedList"]) < PAGE or not end:
            return pages
        if end in seen:
            raise ReadError(f"Bitget, {name}: a page came twice")
        seen.add(end)
        params = {**params, "idLessThan": str(end)}
    raise ReadError(f"Bitget, {name}: more than {PAGES} pages")


async def _tiers(ask: Asking, listed: Payloads, held: Mapping[str, Any]) -> None:
    """Tiers of what is held and not yet in the listing: hundreds of contracts would take a minute at Bitget's limit."""
    known = listed[LEVER]
    wanted: dict[str, Any] = {}
    try:
        for product in PRODUCTS:
            for row in data(held[product], f"mix/position/all-position.{product}") or ():
                symbol = row.get("symbol") if isinstance(row, Mapping) else None
                name = f"{product} {symbol}"
                if isinstance(symbol, str) and product != COIN and name not in known and name not in wanted:
                    params = {"productType": product, "symbol": symbol}
                    wanted[name] = ask("tiers", "publicMixGetV2MixMarketQueryPositionLever", params)
    except (PayloadError, TypeError) as error:
        for one in wanted.values():
            one.close()
        raise ReadError(f"Bitget, positions: {error}") from None
    for name, answer in zip(wanted, await ask.together(*wanted.values()), strict=True):
        known[name] = answer


async def _unified(ask: Asking) -> dict[str, Any]:
    found: dict[str, Any] = {"uta/account/assets": await ask("unified assets", "privateUtaGetV3AccountAssets")}
    names = {
        "uta/position/current-position": "privateUtaGetV3PositionCurrentPosition",
        "uta/trade/unfilled-strategy-orders": "privateUtaGetV3TradeUnfilledStrategyOrders",
    }
    for name, method in names.items():
        answers = await ask.together(*(ask(name, method, {"category": product}) for product in PRODUCTS))
        found[name] = dict(zip(PRODUCTS, answers, strict=True))
    return found


def trim(payloads: Payloads) -> Payloads:
    """Only the contracts and tiers of what is held or has an order."""
    held = repr({name: answer for name, answer in payloads.items() if not name.startswith("mix/market/")})
    contracts = {
        product: {**answer, "data": [row for row in answer["data"] if f"'{row.get('symbol')}'" in held]}
        for product, answer in payloads["mix/market/contracts"].items()
    }
    tiers = {name: answer for name, answer in payloads[LEVER].items() if f"'{name.split(' ')[-1]}'" in held}
    return {**payloads, "mix/market/contracts": contracts, LEVER: tiers}


async def power(ask: Asking) -> KeyPower:
    """What the key may do, from the letters of spot/account/info; a unified account is not asked."""
    try:
        answer = await ask("spot/account/info", "privateSpotGetV2SpotAccountInfo")
    except AnsweredError as error:
        if refuses_key(error.http, error.code) or error.passing:
            raise
        return KeyPower(None, None, f"Bitget does not say what the key may do ({error.code or error.http})")
    info = answer.get("data") if isinstance(answer, Mapping) else None
    rights = info.get("authorities") if isinstance(info, Mapping) else None
    if not isinstance(rights, list) or not rights or not all(isinstance(one, str) and one for one in rights):
        return KeyPower(None, None, "Bitget does not say what the key may do (authorities)")
    writes = {one for one in rights if not one.endswith("r")}
    trade = bool(writes & _TRADES)
    bound = "is bound to addresses" if isinstance(info, Mapping) and info.get("ips") else "is bound to no address"
    if writes <= _HARMLESS:
        said = "the key trades futures" if trade else "the key does not trade futures"
        return KeyPower(False, trade, f"{said}, and {bound}")  # noqa: FBT003 - what it says
    others = ", ".join(sorted(writes - _HARMLESS))[:80]
    return KeyPower(None, trade, f"the key may also {others}: whether it can withdraw is not known; it {bound}")
