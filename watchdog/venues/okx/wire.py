"""OKX: the endpoints of a read. Sources: OKX API v5 docs; limits there are by endpoint and user, a weight here each.

ccxt's own `fetch_positions` reads an empty body as nothing held, and its lists of algo orders hold one kind alone:
here every answer is whole or a ReadError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchdog.venues.base import KeyPower, ReadError
from watchdog.venues.client import Words
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Asking, Payloads
from watchdog.venues.okx.listing import INSTRUMENT_TYPES, data, read_listing, table_name
from watchdog.venues.okx.rules import rights
from watchdog.venues.okx.stops import LISTS, order_rows

NAME: Final = "OKX"
PAGE: Final = 100
PAGES: Final = 50
"""More than anybody may have resting (500 algo orders); an answer that has no end is no answer."""
ASKS: Final = frozenset(
    {
        "/api/v5/account/balance",
        "/api/v5/account/config",
        "/api/v5/account/positions",
        "/api/v5/account/trade-fee",
        "/api/v5/public/instruments",
        "/api/v5/public/position-tiers",
        "/api/v5/trade/orders-algo-pending",
    }
)
"""All that is asked."""
WEIGHTS: Final = {
    "account/config": 4,
    "account/trade-fee": 4,
    "account/positions": 2,
    "account/balance": 2,
    "public/position-tiers": 2,
}
"""Of 600 a minute: 5, 10 and 20 requests in 2 s are allowed."""
KEY_REFUSED: Final = frozenset(
    {"50100", "50101", "50103", "50104", "50105", "50106", "50110", "50111", "50113", "50114", "50119", "50120"}
)
"""OKX's codes for a key that is frozen, foreign, unknown, of another address, wrongly signed, or without the right."""
RIGHTS: Final = frozenset({"read_only", "trade", "withdraw"})
_CLOCK: Final = frozenset({"50102", "50107", "50112"})
"""A time stamp that is off: the machine's clock, not the key."""
_FINE: Final = frozenset({"0", "2"})
_UNAUTHORIZED: Final = 401


async def listing(ask: Asking) -> Payloads:
    """Contracts and the account's fee rates. Tiers join in as positions are seen: `account` puts them here."""
    listed = [ask("contracts", "publicGetPublicInstruments", {"instType": kind}) for kind in INSTRUMENT_TYPES]
    fees = [ask("fee rates", "privateGetAccountTradeFee", {"instType": kind}) for kind in INSTRUMENT_TYPES]
    answers = await ask.together(*listed, *fees)
    half = len(listed)
    return {
        "instruments": answers[:half],
        "trade-fee": dict(zip(INSTRUMENT_TYPES, answers[half:], strict=True)),
        "position-tiers": {},
    }


async def account(ask: Asking, listing: Payloads) -> Payloads:
    """Positions, balance, configuration and resting algo orders, at once; then tiers of families not yet known.

    Hundreds of families would take minutes at OKX's limit, so tiers are asked for as they are needed, and kept in
    the listing until it is asked for anew.
    """
    positions, balance, config, *pages = await ask.together(
        ask("positions", "privateGetAccountPositions"),
        ask("balance", "privateGetAccountBalance"),
        ask("configuration", "privateGetAccountConfig"),
        *(_orders(ask, kind) for kind in LISTS),
    )
    taken = {
        "positions": positions,
        "balance": balance,
        "config": config,
        "orders-algo-pending": [page for of_kind in pages for page in of_kind],
    }
    await _tiers(ask, listing, taken)
    return taken


async def _orders(ask: Asking, kind: str) -> list[Any]:
    """All pages of one kind of algo order."""
    pages: list[Any] = []
    after: dict[str, Any] = {}
    for _ in range(PAGES):
        params = {"ordType": kind, "limit": str(PAGE), **after}
        answer = await ask("algo orders", "privateGetTradeOrdersAlgoPending", params)
        pages.append(answer)
        try:
            found = data(answer, "orders-algo-pending")
            if len(found) < PAGE:
                return pages
            after = {"after": found[-1].text("algoId")}
        except PayloadError as error:
            raise _said("algo orders", error) from None
    raise ReadError(f"{NAME}, algo orders: more than {PAGES * PAGE} of {kind}")


async def _tiers(ask: Asking, listing: Payloads, taken: Mapping[str, Any]) -> None:
    """Tables of what is held and not yet in the listing. What cannot be read here is said by the rules."""
    tables = listing["position-tiers"]
    missing: dict[str, Any] = {}
    for kind, mode, family in _families(listing, taken):
        name = table_name(kind, mode, family)
        if name not in tables:
            params = {"instType": kind, "tdMode": mode, "instFamily": family}
            missing[name] = ask("tiers", "publicGetPublicPositionTiers", params)
    for name, answer in zip(missing, await ask.together(*missing.values()), strict=True):
        tables[name] = answer


def _families(listing: Payloads, taken: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    try:
        found = [row for row in data(taken["positions"], "positions") if row.raw.get("instType") in INSTRUMENT_TYPES]
        known = read_listing(listing, {row.text("instId") for row in found})
        rows = [
            (known.instruments[row.text("instId")], row) for row in found if row.text("instId") in known.instruments
        ]
        modes = {mode: mode for mode in ("cross", "isolated")}
        return list(
            dict.fromkeys(
                (kind.text("instType"), row.choice("mgnMode", modes), kind.text("instFamily")) for kind, row in rows
            )
        )
    except PayloadError as error:
        raise _said("positions", error) from None


def trim(payloads: Payloads) -> Payloads:
    """Without the contracts and tiers that nothing held or resting needs."""
    found = [*data(payloads["positions"], "positions"), *order_rows(payloads["orders-algo-pending"])]
    wanted = {row.raw.get("instId") for row in found}
    kept = [
        {**answer, "data": [row for row in answer["data"] if isinstance(row, Mapping) and row.get("instId") in wanted]}
        for answer in payloads["instruments"]
    ]
    families = {row.get("instFamily") for answer in kept for row in answer["data"]}
    tables = {name: table for name, table in payloads["position-tiers"].items() if name.split(" ")[-1] in families}
    return {**payloads, "instruments": kept, "position-tiers": tables}


async def power(ask: Asking) -> KeyPower:
    """What the key may do, from account/config."""
    answer = await ask("configuration", "privateGetAccountConfig")
    try:
        return read_power(answer)
    except PayloadError as error:
        raise _said("configuration", error) from None


def read_power(answer: Any) -> KeyPower:
    """What the key may do. Raises PayloadError when the answer does not say."""
    found = data(answer, "config")
    if len(found) != 1:
        raise PayloadError("config.data", f"one row was due, {len(found)} came")
    [row] = found
    may = rights(row)
    other = sorted(may - RIGHTS)
    trade = "trade" in may
    withdraw: bool | None = "withdraw" in may
    if other and not withdraw:
        withdraw = None  # a word that is not known may mean anything
    can = [name for name, yes in (("trades", trade), ("WITHDRAWS", withdraw)) if yes]
    address = row.raw.get("ip")
    if not isinstance(address, str):
        raise PayloadError(row.path("ip"), "is missing, or no text")
    bound = "bound to addresses" if address else "usable from any address"
    if can and not address:
        bound += ", and OKX ends it after 14 days without use"
    unknown = f"; OKX also grants {', '.join(other)[:60]}, which is not known here" if other else ""
    return KeyPower(withdraw, trade, f"the key {' and '.join(can) or 'only reads'}, and is {bound}{unknown}")


def words(response: Any) -> Words:
    """OKX's: `code` and `msg`; where an order was refused, `sCode` and `sMsg` of its row."""
    if not isinstance(response, dict):
        return None, ""
    code, message = response.get("code"), response.get("msg")
    if not isinstance(code, str) or code in _FINE:
        return None, ""
    rows = response.get("data")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    if isinstance(first.get("sCode"), str) and first["sCode"] not in {"", "0"}:
        code, message = first["sCode"], first.get("sMsg")
    return code, message if isinstance(message, str) else ""


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error says that the key itself is not accepted."""
    return code in KEY_REFUSED or (http == _UNAUTHORIZED and code not in _CLOCK)


def weight(path: str, params: Mapping[str, Any]) -> int:
    """Of 600 a minute."""
    del params
    return WEIGHTS.get(path, 1)


def _said(name: str, error: PayloadError) -> ReadError:
    return ReadError(f"{NAME}, {name}: {error}")
