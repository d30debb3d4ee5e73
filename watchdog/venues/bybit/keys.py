"""Bybit, pure: what an API key may do, and how errors say that it is not accepted."""

from __future__ import annotations

from typing import Any, Final

from watchdog.venues.base import KeyPower
from watchdog.venues.bybit.answers import result_of
from watchdog.venues.client import Words
from watchdog.venues.fields import PayloadError, Row

QUERY_API: Final = "user-query-api"

_UNAUTHORIZED: Final = 401
_REFUSED: Final = frozenset({"10003", "10004", "10005", "10007", "10008", "10009", "10010", "33004"})
"""Invalid key, wrong signature, no permission, authentication failed, account or address banned, address not on the
key's list, key expired (API page, Error Codes)."""


def read_power(answer: Any) -> KeyPower:
    """What the key may do, from /v5/user/query-api. Raises PayloadError when that does not say."""
    row = result_of(answer, QUERY_API)
    read_only = row.number("readOnly")
    if read_only not in {0, 1}:
        raise PayloadError(row.path("readOnly"), f"{read_only} is none of 0, 1")
    may = Row.of(row.get("permissions"), row.path("permissions"))
    writes = read_only == 0
    trade = writes and ("Order" in _words(may, "ContractTrade") or "DerivativesTrade" in _words(may, "Derivatives"))
    withdraw = writes and "Withdraw" in _words(may, "Wallet")
    can = [name for name, yes in (("trades contracts", trade), ("WITHDRAWS", withdraw)) if yes]
    ips = row.get("ips")
    if not isinstance(ips, list):
        raise PayloadError(row.path("ips"), "a list was due")
    bound = "bound to addresses" if ips and "*" not in ips else "usable from any address"
    return KeyPower(withdraw, trade, f"the key {' and '.join(can) or 'only reads'}, is {bound}, {_expiry(row)}")


def _words(row: Row, field: str) -> list[Any]:
    value = row.raw.get(field, [])
    if not isinstance(value, list):
        raise PayloadError(row.path(field), "a list was due")
    return value


def _expiry(row: Row) -> str:
    """A key that is bound to addresses does not expire; its days are below zero then."""
    if row.raw.get("deadlineDay") is None or row.number("deadlineDay") < 0:
        return "and does not expire"
    return f"and expires {row.text('expiredAt')[:10]} (in {int(row.number('deadlineDay'))} days)"


def refused_key(http: int, code: str | None) -> bool:
    """Whether an error says that the key itself is not accepted."""
    return code in _REFUSED or (http == _UNAUTHORIZED and code is None)


def words(response: Any) -> Words:
    """`retCode` and `retMsg` (in old answers `ret_code`, `ret_msg`); 0 is no error, also under HTTP 200."""
    if not isinstance(response, dict):
        return None, ""
    code = response.get("retCode", response.get("ret_code"))
    message = response.get("retMsg", response.get("ret_msg"))
    known = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    return (None if known in {"0", ""} else known), message if isinstance(message, str) else ""
