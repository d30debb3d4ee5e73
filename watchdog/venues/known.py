"""The venues by name: what is wanted to read an account there, and how far each one is built.

A plain table, so that settings and rules can be read without importing a venue, which takes seconds; `kind_of` does.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from watchdog.venues.kind import Kind

_KEY: Final = ("api_key_file", "secret_file")
_KEY_AND_PHRASE: Final = (*_KEY, "passphrase_file")


@dataclass(frozen=True, slots=True)
class Turned:
    """A margin ratio that the venue's own app shows the other way round: the larger the safer."""

    name: str
    """As the app calls it."""
    least: Decimal = Decimal(1)
    """What it shows at liquidation."""
    modes: str = ""
    """Only of accounts whose modes say this word; empty: of all."""
    percent: bool = True

    def words(self, ratio: Decimal) -> str:
        """What the app shows for a margin ratio of ours, a share above 0."""
        shown = self.least / ratio
        return f"{self.name} {shown * 100:,.1f}%" if self.percent else f"{self.name} {shown:,.2f}"


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
    owes: str = ""
    """Whether a negative balance can become a debt there, in a sentence or two that follow "Owe: "; what the venue's
    own pages say in 2026, no legal advice."""
    may_owe: bool = True
    """Whether it can at all, in whatever mode; False only where the venue itself says no."""
    owe: str = ""
    """The same in a few words, for a message."""
    owe_shared: str = ""
    """Those of an account where all that it holds stands behind one pool; empty: no others."""
    limit: int = 0
    """Request weight a minute for one address: that of its `Kind`; 0: not told."""
    weight_of_a_read: int = 0
    """About what one read of an account that holds something weighs, of that limit."""
    estimate: str = ""
    """Why its liquidation price of a position in a pool is no measure of ours, so that they are not compared; empty:
    they are. Those of isolated positions are compared everywhere."""
    own_ratio: str = ""
    """The same of its margin ratio of a pool."""
    turned: Turned | None = None
    """How its app shows the margin ratio of a pool, where that is the other way round."""


VENUES: Final[Mapping[str, Entry]] = {
    "binanceusdm": Entry(
        "Binance",
        orders=True,
        limit=2400,
        weight_of_a_read=25,
        owes="normally no; in multi-assets mode or Portfolio Margin Binance may claim what is missing",
        owe="normally no",
        owe_shared="may owe, Binance can claim what is missing",
        turned=Turned("uniMMR", Decimal("1.05"), modes="portfolio", percent=False),
    ),
    "binancecoinm": Entry(
        "Binance COIN-M",
        limit=2400,
        weight_of_a_read=76,
        owes="normally no; Binance's insurance fund takes what is missing, and calls itself no insurance",
        owe="normally no",
    ),
    "bybit": Entry(
        "Bybit",
        limit=3600,
        weight_of_a_read=9,
        owes="losses beyond the margin are met by the insurance fund, so normally nothing; what the account has "
        "borrowed (spot margin, a coin below zero) and its interest is owed and repaid out of other coins",
        owe="may owe, if a coin is borrowed or below zero",
        estimate='Bybit calls liqPrice an estimate in cross margin and publishes no formula (API docs, "Get Position '
        'Info"); recorded: SOL 176.90 where ours is 176.62, BTCPERP 10,736 where ours is 8,212',
    ),
    "okx": Entry(
        "OKX",
        _KEY_AND_PHRASE,
        limit=600,
        weight_of_a_read=11,
        owes="possibly: OKX's fund takes what a liquidation leaves below zero, but a currency below zero in "
        "multi-currency margin is a loan with interest and forced repayment, and no clear promise was found",
        owe="may owe, OKX promises nothing clear",
        owe_shared="may owe, a coin below zero is a loan",
        turned=Turned("margin ratio"),
    ),
    "hyperliquid": Entry(
        "Hyperliquid",
        ("wallet",),
        limit=1200,
        weight_of_a_read=60,
        owes="normally no: a loss past the pool goes to the backstop vault and to ADL; you lose all that is in the "
        "pool",
        may_owe=False,
        owe="normally no, the pool is lost",
    ),
    "bitget": Entry(
        "Bitget",
        _KEY_AND_PHRASE,
        first_class=False,
        limit=600,
        weight_of_a_read=15,
        owes="Bitget's fund covers what a cross liquidation leaves, without a promise; what a unified account has "
        "borrowed stays owed. It may owe.",
        owe="may owe, Bitget promises nothing",
        estimate="Bitget freezes the maintenance at the mark of now, so its price is too near for a long and too far "
        "for a short by design",
    ),
    "gate": Entry(
        "Gate",
        first_class=False,
        limit=600,
        weight_of_a_read=11,
        owes="Gate takes positions over at their bankruptcy price; what a unified account has borrowed stays owed, "
        "and a classic account may owe.",
        owe="may owe, what is borrowed stays owed",
        turned=Turned("MMR", modes="unified"),
    ),
    "kucoinfutures": Entry(
        "KuCoin futures",
        _KEY_AND_PHRASE,
        first_class=False,
        limit=2000,
        weight_of_a_read=70,
        owes="KuCoin's fund covers fills worse than bankruptcy; what a margin or unified account has borrowed stays "
        "owed. It may owe.",
        owe="may owe, what is borrowed stays owed",
        estimate='KuCoin calls its cross price "only a reference"',
    ),
    "krakenfutures": Entry(
        "Kraken futures",
        first_class=False,
        limit=3000,
        weight_of_a_read=7,
        owes="Kraken says an account there can never go negative (Equity Protection Process).",
        may_owe=False,
        owe="no, says Kraken",
        estimate="Kraken calls its price of a wallet a trigger estimate",
    ),
    "deribit": Entry(
        "Deribit",
        first_class=False,
        limit=600,
        weight_of_a_read=3,
        owes="Deribit resets negative equity to 0 (its article on negative balance protection); under cross collateral "
        "a negative balance of one currency is owed from the others.",
        may_owe=False,
        owe="no, says Deribit",
        estimate="Deribit calls its own price an estimate: estimated_liquidation_price",
    ),
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
