"""Kraken Futures: the requests of a read, and what an error says. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower
from watchdog.venues.client import Words
from watchdog.venues.kind import Asking, Payloads

LIMIT = 3000
"""Weight a minute: 500 in 10 s (Kraken, API Rate Limits, derivatives)."""
_WEIGHTS = {"accounts": 2, "openpositions": 2, "openorders": 2}
ASKS = frozenset(
    f"/derivatives/api/v3/{one}" for one in ("accounts", "instruments", "openorders", "openpositions", "tickers")
)
"""All that is asked."""
_REFUSED = frozenset({"authenticationError"})
_UNAUTHORIZED = frozenset({401, 403})


def weight(path: str, params: Mapping[str, Any]) -> int:
    """The weight of a call; public ones are not limited by it, and count 1 here."""
    del params
    return _WEIGHTS.get(path, 1)


def words(answer: Any) -> Words:
    """`error`, or the first of `errors`, of an answer whose `result` is `error`."""
    if not isinstance(answer, dict) or answer.get("result") != "error":
        return None, ""
    error = answer.get("error")
    if isinstance(error, str) and error:
        return error, error
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if isinstance(first, dict):
        message = first.get("message")
        return str(first.get("code", "error")), message if isinstance(message, str) else ""
    return "error", ""


def refuses_key(http: int, code: str | None) -> bool:
    """Whether an error is about the key itself."""
    return code in _REFUSED or (http in _UNAUTHORIZED and code is None)


async def listing(ask: Asking) -> Payloads:
    """Every contract with its margin levels."""
    return {"instruments": await ask("instruments", "publicGetInstruments")}


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """All wallets, positions and orders, and the marks, which no position carries. None of them comes in pages."""
    del listed
    accounts, positions, orders, tickers = await ask.together(
        ask("accounts", "privateGetAccounts"),
        ask("openpositions", "privateGetOpenpositions"),
        ask("openorders", "privateGetOpenorders"),
        ask("tickers", "publicGetTickers"),
    )
    return {"accounts": accounts, "openpositions": positions, "openorders": orders, "tickers": tickers}


def trim(payloads: Payloads) -> Payloads:
    """Only the contracts and marks of what is held or has an order."""
    held = {row["symbol"].upper() for row in payloads["openpositions"]["openPositions"]}
    held |= {row["symbol"].upper() for row in payloads["openorders"]["openOrders"]}
    kept = dict(payloads)
    for name, always in (("instruments", 1), ("tickers", 0)):
        all_of = payloads[name][name]
        wanted = [row for row in all_of if str(row.get("symbol")).upper() in held]
        kept[name] = {**payloads[name], name: wanted or all_of[:always]}
    return kept


async def power(ask: Asking) -> KeyPower:
    """Kraken has no such answer for a futures key; one that is refused shows all the same."""
    await ask("accounts", "privateGetAccounts")
    return KeyPower(
        None,
        None,
        "Kraken Futures does not say what a key may do: see in its settings that this one only reads and has no "
        "access to withdrawals",
    )
