"""The venues by name: what is wanted to read an account there, and how far each one is built.

A plain table, so that settings and rules can be read without importing a venue, which takes seconds; `kind_of` does.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from watchdog.venues.kind import Kind

_KEY: Final = ("api_key_file", "secret_file")
_KEY_AND_PHRASE: Final = (*_KEY, "passphrase_file")


@dataclass(frozen=True, slots=True)
class Entry:
    """One venue in the table."""

    name: str
    """As people say it: as its `Kind` does."""
    needs: tuple[str, ...] = _KEY
    """Which credentials an account's table in watchdog.toml must name: those of the venue's `Kind`."""
    first_class: bool = True
    """Whether stops are meant to be placed there; False: its risk is read, no more."""
    orders: bool = False
    """Whether that is built."""


VENUES: Final[Mapping[str, Entry]] = {
    "binanceusdm": Entry("Binance", orders=True),
    "binancecoinm": Entry("Binance COIN-M"),
    "bybit": Entry("Bybit"),
    "okx": Entry("OKX", _KEY_AND_PHRASE),
    "hyperliquid": Entry("Hyperliquid", ("wallet",)),
    "bitget": Entry("Bitget", _KEY_AND_PHRASE, first_class=False),
    "gate": Entry("Gate", first_class=False),
    "kucoinfutures": Entry("KuCoin futures", _KEY_AND_PHRASE, first_class=False),
    "krakenfutures": Entry("Kraken futures", first_class=False),
    "deribit": Entry("Deribit", first_class=False),
}
"""The venues that work, by ccxt's id."""
CREDENTIALS: Final = ("api_key_file", "secret_file", "passphrase_file", "wallet")
"""Every key of an account's table that says how it is reached."""

CLOSED: Final[Mapping[str, str]] = {"bitmex": "BitMEX closed on 2026-09-23"}
"""Venues that people may still name."""


def kind_of(venue: str) -> Kind:
    """What the house knows of a venue of `VENUES`. Imports ccxt, which takes seconds. Raises KeyError for another."""
    if venue not in VENUES:
        raise KeyError(venue)
    return cast("Kind", importlib.import_module(f"watchdog.venues.{venue}.kind").KIND)
