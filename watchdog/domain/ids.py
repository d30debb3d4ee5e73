"""Order ids: 32 hex digits that say whose order it is, for which position, and which generation.

8 digits of the installation, 16 of the account, symbol and position side, 8 of the generation: it fits Binance (36),
Bybit (36), OKX (32) and Hyperliquid (`0x` + 32 hex). A restart knows its own orders from the id alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from watchdog.domain.position import PositionKey

INSTALLATION_DIGITS = 8

_SHAPE = re.compile(r"[0-9a-f]{32}")
_HANDLE = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class OrderId:
    """A client order id of ours, taken apart."""

    installation: str
    position: str
    generation: int

    def __str__(self) -> str:
        return f"{self.installation}{self.position}{self.generation:08x}"


@lru_cache(maxsize=16384)
def position_digits(account: str, key: PositionKey) -> str:
    """The 16 digits that name a position of an account, the same on every installation."""
    name = f"{account}\x00{key.symbol}\x00{key.position_side}"
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def order_id(installation: str, account: str, key: PositionKey, generation: int) -> OrderId:
    """The id of one generation of the stop of one position."""
    return OrderId(installation, position_digits(account, key), generation)


def read_order_id(text: str) -> OrderId | None:
    """Take a client id apart; None when it does not have the shape of ours."""
    if not _SHAPE.fullmatch(text):
        return None
    return OrderId(text[:INSTALLATION_DIGITS], text[INSTALLATION_DIGITS:24], int(text[24:], 16))


def handle(text: str) -> str:
    """Eight hex digits that name an alert or a proposal in a button or a command."""
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def is_handle(text: str) -> bool:
    """Whether a text has the shape of a handle: an old button's, perhaps of what is long over."""
    return _HANDLE.fullmatch(text) is not None
