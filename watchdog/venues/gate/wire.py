"""Gate futures: the requests of a read, page by page, and what an error says. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower, ReadError
from watchdog.venues.client import Words
from watchdog.venues.gate.listing import SETTLES
from watchdog.venues.gate.rules import NO_SUCH_ACCOUNT
from watchdog.venues.kind import Asking, Payloads
from watchdog.venues.polled import AnsweredError

PAGE = 100
"""Rows of a page; of tiers, the contracts of one."""
PAGES = 50
ASKS = frozenset(
    {
        "/api/v4/account/main_keys",
        "/api/v4/options/positions",
        "/api/v4/unified/accounts",
        *(
            f"/api/v4/{product}/{settle}/{endpoint}"
            for product, settle in SETTLES
            for endpoint in ("accounts", "contracts", "positions", "price_orders", "risk_limit_tiers")
        ),
    }
)
"""All that is asked."""
_REFUSED = frozenset({"INVALID_CREDENTIALS", "INVALID_KEY", "INVALID_SIGNATURE", "IP_FORBIDDEN"})
_TRADES = frozenset({"futures", "delivery", "unified"})


def words(answer: Any) -> Words:
    """`label` and `message` (or `detail`) of an error."""
    label = answer.get("label") if isinstance(answer, dict) else None
    if not isinstance(label, str) or not label:
        return None, ""
    message = answer.get("message") or answer.get("detail")
    return label, message if isinstance(message, str) else ""


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error is about the key itself."""
    return code in _REFUSED or (http == 401 and code is None)  # noqa: PLR2004  (the status of a refused key)


def _method(product: str, endpoint: str, *, public: bool = False) -> str:
    words = "".join(word.title() for word in endpoint.split("_"))
    return f"{'public' if public else 'private'}{product.title()}GetSettle{words}"


async def _pages(ask: Asking, name: str, method: str, params: Mapping[str, Any]) -> list[Any]:
    """Every page of a list. Raises ReadError for an answer that is no list, or that repeats itself."""
    found: list[Any] = []
    for page in range(PAGES):
        answer = await ask(name, method, {**params, "limit": PAGE, "offset": page * PAGE})
        if not isinstance(answer, list):
            raise ReadError(f"Gate, {name}: a list was due")
        if answer and answer[: len(found)] == found[: len(answer)] and page:
            raise ReadError(f"Gate, {name}: a page came twice")
        found += answer
        if len(answer) < PAGE:
            return found
    raise ReadError(f"Gate, {name}: more than {PAGES} pages")


async def _tiers(ask: Asking, product: str, settle: str) -> list[Any]:
    """Tiers come for a hundred contracts at a time, all of theirs together."""
    name, found, contracts = f"{product}/risk_limit_tiers", [], set[Any]()
    for page in range(PAGES):
        params = {"settle": settle, "limit": PAGE, "offset": page * PAGE}
        answer = await ask(name, _method(product, "risk_limit_tiers", public=True), params)
        if not isinstance(answer, list):
            raise ReadError(f"Gate, {name}: a list was due")
        new = {str(row.get("contract")) for row in answer if isinstance(row, dict)}
        if new & contracts:
            raise ReadError(f"Gate, {name}: a page came twice")
        found += answer
        contracts |= new
        if len(new) < PAGE:
            return found
    raise ReadError(f"Gate, {name}: more than {PAGES} pages")


async def listing(ask: Asking) -> Payloads:
    """Contracts and tiers of every place."""
    found: dict[str, dict[str, Any]] = {}
    for product, settle in SETTLES:
        name = f"{product}/contracts"
        contracts, tiers = await ask.together(
            ask(name, _method(product, "contracts", public=True), {"settle": settle}),
            _tiers(ask, product, settle),
        )
        found.setdefault(name, {})[settle] = contracts
        found.setdefault(f"{product}/risk_limit_tiers", {})[settle] = tiers
    return found


async def _place(ask: Asking, product: str, settle: str) -> tuple[Any, Any, Any]:
    """Account, positions and open price orders of one place; nothing more where there is no such account."""
    where = {"settle": settle}
    try:
        account = await ask(f"{product}/accounts", _method(product, "accounts"), where)
    except AnsweredError as error:
        if error.code != NO_SUCH_ACCOUNT:
            raise
        return {"label": NO_SUCH_ACCOUNT}, [], []
    if product == "futures":
        held = _pages(ask, "futures/positions", _method(product, "positions"), where | {"holding": "true"})
    else:
        held = ask(f"{product}/positions", _method(product, "positions"), where)
    orders = _pages(ask, f"{product}/price_orders", _method(product, "price_orders"), where | {"status": "open"})
    positions, resting = await ask.together(held, orders)
    return account, positions, resting


async def _options(ask: Asking) -> Any:
    """Options, which share the margin of a unified account; none where the key, or the account, has nothing of them.

    Then they explain no requirement either: an account that requires maintenance and lists nothing is no read.
    """
    try:
        return await ask("options/positions", "privateOptionsGetPositions")
    except AnsweredError as error:
        if error.passing or refuses_key(error.http, error.code):
            raise
        return []


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """What every place holds, and the unified account where there is one."""
    del listed
    answers = await ask.together(*(_place(ask, product, settle) for product, settle in SETTLES))
    found: dict[str, Any] = {}
    for (product, settle), (state, held, orders) in zip(SETTLES, answers, strict=True):
        found.setdefault(f"{product}/accounts", {})[settle] = state
        found.setdefault(f"{product}/positions", {})[settle] = held
        found.setdefault(f"{product}/price_orders", {})[settle] = orders
    modes = [state.get("margin_mode") for state, _, _ in answers if isinstance(state, dict)]
    if any(mode not in {None, 0, "0"} for mode in modes):
        found["unified/accounts"], found["options/positions"] = await ask.together(
            ask("unified/accounts", "privateUnifiedGetAccounts"), _options(ask)
        )
    return found


def trim(payloads: Payloads) -> Payloads:
    """Only the contracts and tiers of what is held or has an order."""
    kept = dict(payloads)
    for product, settle in SETTLES:
        held = {row.get("contract") for row in payloads[f"{product}/positions"][settle]}
        held |= {row["initial"]["contract"] for row in payloads[f"{product}/price_orders"][settle] if "initial" in row}
        for endpoint, field in (("contracts", "name"), ("risk_limit_tiers", "contract")):
            name = f"{product}/{endpoint}"
            wanted = [row for row in payloads[name][settle] if row.get(field) in held]
            kept[name] = {**kept[name], settle: wanted}
    return kept


async def power(ask: Asking) -> KeyPower:
    """What the key may do, from `main_keys`; a key without leave to read the account can't say."""
    try:
        answer = await ask("account/main_keys", "privateAccountGetMainKeys")
    except AnsweredError as error:
        if refuses_key(error.http, error.code) or error.passing:
            raise
        return KeyPower(None, None, f"Gate does not say what the key may do ({error.code or error.http})")
    rows = answer if isinstance(answer, list) else [answer]
    for row in rows:
        if isinstance(row, dict) and (len(rows) == 1 or _is_ours(row.get("key"), ask.credentials.key)):
            return _power(row)
    return KeyPower(None, None, "Gate does not list this key among the account's")


def _is_ours(masked: Any, key: str) -> bool:
    start = masked.partition("*")[0] if isinstance(masked, str) else ""
    return bool(start) and key.startswith(start)


def _power(row: Mapping[str, Any]) -> KeyPower:
    perms = row.get("perms")
    if not isinstance(perms, list) or not all(isinstance(one, dict) and "name" in one for one in perms):
        return KeyPower(None, None, "Gate does not say what the key may do (perms)")
    writes = {one["name"] for one in perms if one.get("read_only") is not True}
    withdraw, trade = "wallet" in writes, bool(writes & _TRADES)
    said = "the key WITHDRAWS" if withdraw else "the key trades futures" if trade else "the key only reads"
    bound = "is bound to addresses" if row.get("ip_whitelist") else "is bound to no address"
    return KeyPower(withdraw, trade, f"{said}, and {bound}")
