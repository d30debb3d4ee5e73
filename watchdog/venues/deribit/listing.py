"""Deribit, pure: a row of `get_instruments` as a market, and what a name says of an instrument.

Amounts are in USD for inverse contracts and in base coins for linear ones, in positions, orders and filters alike:
`contract_size` (10 USD of BTC-PERPETUAL) is only the step they go by. Multiplied once more they are ten times too
large.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from watchdog.domain.market import Market
from watchdog.venues.fields import PayloadError, Row

_FUTURE = re.compile(r"[A-Z0-9_]{1,20}-(PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2})")
_PERPETUAL = "perpetual"
_NEVER_MS = 32_000_000_000_000
"""Perpetuals expire in the year 3000; no dated contract comes near."""


class Listed(NamedTuple):
    """A contract as it is listed."""

    market: Market
    inverse: bool


def is_future(name: str) -> bool:
    """Whether an instrument is a future or a perpetual by its name: no option, no combo, no spot pair."""
    return _FUTURE.fullmatch(name) is not None


def currency_of(name: str) -> str:
    """The currency an instrument is margined in: BTC of `BTC-PERPETUAL`, USDC of `BTC_USDC-PERPETUAL`."""
    return name.partition("-")[0].rpartition("_")[2]


def result_rows(answer: Row, where: str) -> list[Row]:
    """The list an answer carries."""
    return Row(where, answer.raw).rows("result")


def by_name(instruments: Any) -> Mapping[str, Row]:
    """The rows of the `get_instruments` answer by name. Raises PayloadError for an empty list."""
    found = {
        row.text("instrument_name"): row
        for row in result_rows(Row.of(instruments, "get_instruments"), "get_instruments")
    }
    if not found:
        raise PayloadError("get_instruments.result", "is an empty list")
    return found


def read_listed(row: Row) -> Listed:
    """One future or perpetual. Raises PayloadError naming the field."""
    if row.text("kind") != "future":
        raise PayloadError(row.path("kind"), f"{row.text('kind')[:40]!r} is no future")
    base, quote, settle = (row.text(name) for name in ("base_currency", "counter_currency", "settlement_currency"))
    if settle not in {base, quote}:
        raise PayloadError(row.path("settlement_currency"), f"{settle[:20]!r} is neither {base} nor {quote}")
    name = row.text("instrument_name")
    if name.partition("-")[0] != (base if settle == base else f"{base}_{quote}") or (settle == base) != (
        quote == "USD"
    ):
        raise PayloadError(row.path("counter_currency"), f"{base[:20]}, {quote[:20]} do not make {name[:40]!r}")
    least = row.positive("min_trade_amount")
    market = Market(
        symbol=f"{base}/{quote}:{settle}{_expiry(row)}",
        venue_id=name,
        base=base,
        margin_asset=settle,
        tick=row.positive("tick_size"),
        step=row.positive("contract_size"),
        min_size=least,
        max_size=None,
        min_notional=Decimal(0),
        taker_fee=row.not_negative("taker_commission"),
        tiers=(),
    )
    return Listed(market, inverse=settle != quote)


def _expiry(row: Row) -> str:
    if row.text("settlement_period") == _PERPETUAL:
        return ""
    ms = row.time_ms("expiration_timestamp")
    if not 0 < ms < _NEVER_MS:
        raise PayloadError(row.path("expiration_timestamp"), f"{ms} is no date of a contract")
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("-%y%m%d")
