"""Deribit: the requests of a read, and what an error says. Nothing here writes: all of them are GET."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower
from watchdog.venues.client import Words
from watchdog.venues.kind import Asking, Payloads
from watchdog.venues.polled import AnsweredError

LIMIT = 600
"""Requests a minute: half of the 20 a second that Deribit refills, and no burst (Deribit, Rate Limits)."""
ASKS = frozenset(
    f"/api/v2/{one}"
    for one in (
        "public/get_instruments",
        "private/get_positions",
        "private/get_account_summaries",
        "private/get_open_orders",
        "private/list_api_keys",
    )
)
"""All that is asked. Deribit's orders and withdrawals go by GET as well, so the method keeps nothing back."""
_REFUSED = frozenset({"10000", "13004", "13009"})
"""authorization_required, invalid_credentials, unauthorized."""
_UNAUTHORIZED = 401
_PRIVATE = frozenset({"email", "username", "system_name", "id", "deposit_address", "limits"})
"""What of an account's summary says who it is, or nothing that is read."""


def words(answer: Any) -> Words:
    """`error.code` and `error.message`."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return None, ""
    message = error.get("message")
    return str(error.get("code", "error")), message if isinstance(message, str) else ""


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error is about the key itself."""
    return code in _REFUSED or (http == _UNAUTHORIZED and code is None)


async def listing(ask: Asking) -> Payloads:
    """Every future and perpetual of every currency; options are not watched."""
    params = {"currency": "any", "kind": "future"}
    return {"get_instruments": await ask("get_instruments", "publicGetGetInstruments", params)}


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """Positions, summaries and orders of all currencies and kinds. None of them comes in pages."""
    del listed
    positions, summaries, orders = await ask.together(
        ask("get_positions", "privateGetGetPositions"),
        ask("get_account_summaries", "privateGetGetAccountSummaries"),
        ask("get_open_orders", "privateGetGetOpenOrders"),
    )
    return {"get_positions": positions, "get_account_summaries": summaries, "get_open_orders": orders}


def trim(payloads: Payloads) -> Payloads:
    """Only the contracts of what is held or has an order, and of the summaries nothing that says who it is."""
    kept = dict(payloads)
    rows = (*payloads["get_positions"]["result"], *payloads["get_open_orders"]["result"])
    held = {row["instrument_name"] for row in rows}
    listed = payloads["get_instruments"]
    wanted = [row for row in listed["result"] if row.get("instrument_name") in held]
    kept["get_instruments"] = {**listed, "result": wanted or listed["result"][:1]}
    answer = payloads["get_account_summaries"]
    summaries = [
        {name: value for name, value in row.items() if name not in _PRIVATE} for row in answer["result"]["summaries"]
    ]
    kept["get_account_summaries"] = {**answer, "result": {"summaries": summaries}}
    return kept


async def power(ask: Asking) -> KeyPower:
    """What the key may do, from its scope; a key that may not list keys can't say."""
    try:
        answer = await ask("list_api_keys", "privateGetListApiKeys")
    except AnsweredError as error:
        if refuses_key(error.http, error.code) or error.passing:
            raise
        return KeyPower(None, None, f"Deribit does not say what the key may do ({error.code or error.http})")
    rows = answer.get("result") if isinstance(answer, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("client_id") == ask.credentials.key:
            return read_power(row)
    return KeyPower(None, None, "Deribit does not list this key among the account's")


def read_power(row: Mapping[str, Any]) -> KeyPower:
    """Of one key: `max_scope` is `account:read trade:read_write wallet:none …`."""
    scope = row.get("max_scope")
    if not isinstance(scope, str) or ":" not in scope:
        return KeyPower(None, None, "Deribit does not say what the key may do (max_scope)")
    scopes = dict(one.split(":", 1) for one in scope.split() if ":" in one)
    withdraw, trade = (scopes.get(name) == "read_write" for name in ("wallet", "trade"))
    said = "the key WITHDRAWS" if withdraw else "the key trades" if trade else "the key only reads"
    bound = "is bound to addresses" if row.get("ip_whitelist") else "is bound to no address"
    return KeyPower(withdraw, trade, f"{said}, and {bound}")
