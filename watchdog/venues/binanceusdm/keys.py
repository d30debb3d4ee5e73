"""Binance, pure: what an API key is and may do."""

from __future__ import annotations

from typing import Any

from watchdog.venues.base import KeyPower
from watchdog.venues.binanceusdm.outcomes import KEY_REFUSED
from watchdog.venues.fields import Row

_UNAUTHORIZED = 401


def key_flaw(key: str, secret: str) -> str | None:
    """What makes a key unusable before anybody is asked: which of the two, and nothing of it. None for nothing."""
    for name, value in (("API key", key), ("secret", secret)):
        if not value.strip():
            return f"the {name} is empty"
        if "PRIVATE KEY" in value:
            continue  # an RSA or Ed25519 secret, which has lines
        if not (value.isascii() and value.isprintable()) or " " in value:
            return f"the {name} holds characters that none of Binance's has (a space, a line break …)"
    return None


def read_key_power(answer: Any) -> KeyPower:
    """What the key may do, from /sapi/v1/account/apiRestrictions. Raises PayloadError when that does not say."""
    row = Row.of(answer, "apiRestrictions")
    withdraw, trade = row.flag("enableWithdrawals"), row.flag("enableFutures")
    can = [name for name, yes in (("trades futures", trade), ("WITHDRAWS", withdraw)) if yes]
    bound = "bound to addresses" if row.flag("ipRestrict") else "usable from any address"
    return KeyPower(withdraw, trade, f"the key {' and '.join(can) or 'only reads'}, and is {bound}")


def refused_key(http: int, code: str | None) -> bool:
    """Whether an error says that the key itself is not accepted."""
    return code in KEY_REFUSED or (http == _UNAUTHORIZED and code is None)
