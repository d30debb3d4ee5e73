"""KuCoin futures, pure: what it lists, from `contracts/active`.

No tiers: an isolated position says itself what is required of it, at its entry value (`posMaint`), and by which rates
a cross pool is reckoned no answer says (only its risk rate).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from watchdog.domain.market import Market
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

ZERO = Decimal(0)
_CCXT_NAMES = {
    "XBT": "BTC", "BCHSV": "BSV", "BIFI": "BIFIF", "VAI": "VAIOT", "WAX": "WAXP", "ALT": "APTOSLAUNCHTOKEN",
    "KALT": "ALT", "FUD": "FTX Users' Debt",
}  # fmt: skip
"""Coins that ccxt calls by another name than KuCoin does."""
_LAST = Decimal(4_102_444_800_000)
"""The year 2100."""


class Listed(NamedTuple):
    """One contract as listed, with what turns its figures into ours."""

    market: Market
    unit: Decimal
    """Base, or face value of an inverse contract, of one contract."""
    inverse: bool
    settle: str
    """KuCoin's own name of the margin asset."""


def data(answer: Any, where: str) -> Any:
    """What stands in KuCoin's envelope. Raises PayloadError for another code than success."""
    envelope = Row.of(answer, where)
    if envelope.text("code") != "200000":
        raise PayloadError(envelope.path("code"), f"{envelope.text('code')[:20]!r} is no success")
    return envelope.raw.get("data")


def coin(name: str) -> str:
    """Ccxt's name of a coin."""
    return _CCXT_NAMES.get(name, name)


class Listing:
    """KuCoin's contracts by name; each is read when it is first asked for."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        self._raw = {row.text("symbol"): row for row in rows(data(payloads.get("contracts/active"), "contracts/active"),
                                                             "contracts/active")}  # fmt: skip
        if not self._raw:
            raise PayloadError("contracts/active", "is an empty list")

    def get(self, symbol: str, path: str) -> Listed:
        """A contract. Raises UnlistedError, PayloadError."""
        row = self._raw.get(symbol)
        if row is None:
            raise UnlistedError(path, f"{symbol[:40]!r} is not in the venue's listing")
        return read_contract(row)


def settles(payloads: Mapping[str, Any]) -> tuple[str, ...]:
    """KuCoin's names of every currency in which a contract is settled. Raises PayloadError."""
    found = rows(data(payloads.get("contracts/active"), "contracts/active"), "contracts/active")
    return tuple(dict.fromkeys(row.text("settleCurrency") for row in found))


def read_contract(row: Row) -> Listed:
    """One row of `contracts/active`. Raises PayloadError naming the field."""
    symbol, base, quote = row.text("symbol"), row.text("baseCurrency"), row.text("quoteCurrency")
    settle, inverse = row.text("settleCurrency"), row.flag("isInverse")
    if not symbol.startswith(base):
        raise PayloadError(row.path("baseCurrency"), f"{base[:20]!r} is not the coin of {symbol[:40]!r}")
    if settle != (base if inverse else quote) or (inverse and quote != "USD"):
        raise PayloadError(row.path("settleCurrency"), f"{settle[:20]!r} of {symbol[:40]!r}: not supported")
    multiplier = row.number("multiplier")
    if multiplier == 0 or (multiplier < 0) != inverse:
        raise PayloadError(row.path("multiplier"), f"{multiplier} can't be")
    unit = abs(multiplier)
    fee = row.positive("takerFeeRate")
    if fee >= 1:
        raise PayloadError(row.path("takerFeeRate"), f"{fee} is no share of a notional")
    lot = row.positive("lotSize")
    market = Market(
        symbol=_symbol(row, base, quote, settle),
        venue_id=symbol,
        base=coin(base),
        margin_asset=coin(settle),
        tick=row.positive("tickSize"),
        step=lot * unit,
        min_size=lot * unit,
        max_size=row.positive("maxOrderQty") * unit,
        min_notional=ZERO,
        taker_fee=fee,
        tiers=(),
    )
    return Listed(market, unit, inverse, settle)


def _symbol(row: Row, base: str, quote: str, settle: str) -> str:
    """Dated is a contract without a next funding, as ccxt has it."""
    symbol = f"{coin(base)}/{coin(quote)}:{coin(settle)}"
    if "nextFundingRateTime" not in row.raw:
        raise PayloadError(row.path("nextFundingRateTime"), "is missing")
    if row.raw["nextFundingRateTime"] is not None:
        row.not_negative("nextFundingRateTime")
        return symbol
    expiry = row.positive("expireDate")
    if expiry > _LAST:
        raise PayloadError(row.path("expireDate"), f"{expiry} is no time in milliseconds")
    return f"{symbol}-{datetime.fromtimestamp(int(expiry) / 1000, UTC):%y%m%d}"
