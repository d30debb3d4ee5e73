"""Kraken Futures, pure: one row of `instruments` as a market, its margin levels as tiers.

A level holds from its size up and for the whole position (Kraken, Margin Schedule & Maximum Leverage: "IM and MM are a
function of both, contract type and of position size"). Its size is in USD for multi-collateral contracts
(`numNonContractUnits`) and in contracts of 1 USD for inverse ones (`contracts`). Rates are fractions of the value at
entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from watchdog.domain.market import Market, Tier
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

FLEX = "flex"
"""The name of the multi-collateral wallet among the accounts."""
TAKER_FEE = Decimal("0.0005")
"""Of the first volume step, the highest any account pays (Kraken, Fee Schedule); the account's own is not asked."""
_TYPES = {"PF": "flexible_futures", "FF": "flexible_futures", "PI": "futures_inverse", "FI": "futures_inverse"}
"""By the first part of a symbol, the type of the contracts that are read: perpetual and dated, linear and inverse."""
_CODES = {"XBT": "BTC", "BCHSV": "BSV"}
_QUOTE = "USD"
_PARTS = 2


class Level(NamedTuple):
    """From `floor` of position size up (USD) a position requires these shares of its value at entry."""

    floor: Decimal
    initial: Decimal
    maintenance: Decimal


class Listed(NamedTuple):
    """A contract as it is listed."""

    market: Market
    levels: tuple[Level, ...]
    inverse: bool
    unit: Decimal
    """Base, or USD of face value, of one contract."""
    wallet: str
    """The account that its margin comes from."""

    def level(self, size: Decimal, entry: Decimal) -> Level:
        """The level of a position: by its USD value at entry, of an inverse contract by its face value."""
        value = size if self.inverse else size * entry
        return next(level for level in reversed(self.levels) if value >= level.floor)

    def margins(self, size: Decimal, entry: Decimal) -> tuple[Decimal, Decimal]:
        """Initial and maintenance margin of a position alone, in its margin asset: shares of its value at entry."""
        level = self.level(size, entry)
        value = size / entry if self.inverse else size * entry
        return value * level.initial, value * level.maintenance


def code(name: str) -> str:
    """A coin as everybody else calls it: XBT is BTC."""
    upper = name.upper()
    return _CODES.get(upper, upper)


def by_symbol(instruments: Any) -> Mapping[str, Row]:
    """The rows of the `instruments` answer by symbol in capitals. Raises PayloadError for an empty list."""
    answer = Row.of(instruments, "instruments")
    answer.choice("result", {"success": True})
    found = {row.text("symbol").upper(): row for row in answer.rows("instruments")}
    if not found:
        raise PayloadError("instruments.instruments", "is an empty list")
    return found


def is_read(row: Row) -> bool:
    """Whether a contract is of a type whose margin is known here: no option, no vanilla contract.

    Raises PayloadError for a name and a type that do not go together.
    """
    symbol = row.text("symbol").upper()
    wanted, kind = _TYPES.get(symbol.partition("_")[0]), row.text("type")
    if kind == wanted:
        return True
    if wanted is not None or kind in _TYPES.values():
        raise PayloadError(row.path("type"), f"{symbol[:40]!r} is listed as {kind[:40]!r}")
    return False


def find(instruments: Mapping[str, Row], row: Row) -> Row:
    """The listed contract of a position or an order. Raises UnlistedError when there is none."""
    symbol = row.text("symbol").upper()
    if symbol not in instruments:
        raise UnlistedError(row.path("symbol"), f"{symbol[:40]!r} is not in the venue's listing")
    return instruments[symbol]


def read_listed(row: Row) -> Listed:
    """One contract that `is_read`. Raises PayloadError naming the field."""
    symbol = row.text("symbol").upper()
    inverse = row.text("type") == _TYPES["PI"]
    parts = symbol.split("_")
    if len(parts) < _PARTS or not parts[1].endswith(_QUOTE) or parts[1] == _QUOTE:
        raise PayloadError(row.path("symbol"), f"{symbol[:40]!r} does not name a coin in {_QUOTE}")
    base = code(parts[1].removesuffix(_QUOTE))
    settle = base if inverse else _QUOTE
    unit = row.positive("contractSize")
    levels = read_levels(row.raw.get("marginLevels"), row.path("marginLevels"), unit if inverse else Decimal(1))
    step = unit.scaleb(-_whole(row, "contractValueTradePrecision"))
    market = Market(
        symbol=f"{base}/{_QUOTE}:{settle}{_expiry(row)}",
        venue_id=symbol,
        base=base,
        margin_asset=settle,
        tick=row.positive("tickSize"),
        step=step,
        min_size=step,
        max_size=None,
        min_notional=Decimal(0),
        taker_fee=TAKER_FEE,
        tiers=as_tiers(levels),
    )
    return Listed(market, levels, inverse, unit, f"fi_{parts[1].lower()}" if inverse else FLEX)


def read_levels(value: Any, where: str, unit: Decimal) -> tuple[Level, ...]:
    """Margin levels in rising order. `unit`: USD of one contract, where they go by contracts."""
    found = rows(value, where)
    if not found:
        raise PayloadError(where, "is an empty list")
    name = "contracts" if "contracts" in found[0].raw else "numNonContractUnits"
    levels = []
    for row in found:
        level = Level(row.not_negative(name) * unit, row.positive("initialMargin"), row.positive("maintenanceMargin"))
        if not level.maintenance <= level.initial <= 1:
            raise PayloadError(row.path("initialMargin"), f"{level.initial} is below the maintenance margin or above 1")
        levels.append(level)
    if levels[0].floor != 0:
        raise PayloadError(found[0].path(name), f"the first level starts at {levels[0].floor}, not at 0")
    for row, (lower, upper) in zip(found[1:], pairwise(levels), strict=True):
        if upper.floor <= lower.floor or upper.maintenance < lower.maintenance:
            raise PayloadError(row.path(name), "the levels do not rise")
    return tuple(levels)


def as_tiers(levels: Sequence[Level]) -> tuple[Tier, ...]:
    """The levels as tiers without `cum`: at an edge the whole position steps up."""
    caps = [*(level.floor for level in levels[1:]), None]
    return tuple(Tier(level.floor, cap, level.maintenance, Decimal(0)) for level, cap in zip(levels, caps, strict=True))


def _whole(row: Row, field: str) -> int:
    number = row.number(field)
    if number != number.to_integral_value() or abs(number) > 18:  # noqa: PLR2004  (digits of any contract's size)
        raise PayloadError(row.path(field), f"{number} is no number of digits")
    return int(number)


def _expiry(row: Row) -> str:
    """`-yymmdd` of a dated contract."""
    if row.raw.get("lastTradingTime") is None:
        return ""
    return read_time(row, "lastTradingTime").strftime("-%y%m%d")


def read_time(row: Row, field: str) -> datetime:
    """An ISO 8601 time in UTC."""
    text = row.text(field)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise PayloadError(row.path(field), f"{text[:40]!r} is no time") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
