"""Bybit, pure: what it lists. Markets from instruments-info, maintenance tiers from risk-limit, collateral haircuts.

Field meanings: bybit-exchange.github.io/docs/v5, Get Instruments Info, Get Risk Limit, Get Tiered Collateral Ratio.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from watchdog.domain.market import Market, Tier
from watchdog.risk import rebuild_cum
from watchdog.venues.bybit.answers import HAIRCUTS, INSTRUMENTS, INVERSE, LINEAR, RISK_LIMIT, raw_rows_of, result_of
from watchdog.venues.fields import PayloadError, Row, UnlistedError

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
PERCENT: Final = Decimal(100)

DEAREST_TAKER: Final = Decimal("0.001")
"""The highest rate seen of any account (0.1 %, on a regional site); the base rate is 0.055 %. A stop's clearance is
better too wide than too narrow."""
COINS: Final = ("USDT", "USDC")
"""What linear contracts settle in, whatever else the listing names."""
STATUSES: Final = ("Trading", "PreLaunch", "Delivering")
"""Of which instruments a position can be open."""

_KINDS: Final = {
    "LinearPerpetual": (LINEAR, False),
    "LinearFutures": (LINEAR, True),
    "InversePerpetual": (INVERSE, False),
    "InverseFutures": (INVERSE, True),
}
"""Of a contract type its category, and whether it has a delivery date."""
_OTHER_NAMES: Final = {"XBT": "BTC", "BCHSV": "BSV"}
"""Where ccxt's name of a coin is another."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract as it is listed, and its tiers by the venue's own number of each."""

    market: Market
    inverse: bool
    numbers: Mapping[int, Tier]


class Listing:
    """The listing of one read. A contract is looked at when it is asked for: a flaw in one concerns no other."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        # Some thousand rows, of which a read needs a few: of the others only the symbol is looked at.
        self._rows: dict[str, _Raw] = {}
        self._limits: dict[str, list[_Raw]] = {}
        self._read: dict[str, Listed] = {}
        for name in lists():
            for symbol, raw in _by_symbol(payloads, INSTRUMENTS, name):
                self._rows[symbol] = raw
        for name in (LINEAR, INVERSE):
            for symbol, raw in _by_symbol(payloads, RISK_LIMIT, name):
                self._limits.setdefault(symbol, []).append(raw)

    def find(self, venue_id: str, where: str, category: str) -> Listed:
        """A contract by the venue's name of it. Raises UnlistedError for one that is not listed."""
        if venue_id not in self._rows:
            raise UnlistedError(where, f"{venue_id[:40]!r} is not in the venue's listing")
        if venue_id not in self._read:
            limits = [raw.row() for raw in self._limits.get(venue_id, ())]
            self._read[venue_id] = read_listed(self._rows[venue_id].row(), limits)
        found = self._read[venue_id]
        if (INVERSE if found.inverse else LINEAR) != category:
            raise PayloadError(where, f"{venue_id[:40]!r} is listed as no {category} contract")
        return found

    def markets(self) -> tuple[Market, ...]:
        """Every contract that was found."""
        return tuple(listed.market for listed in self._read.values())


class _Raw(NamedTuple):
    """A row that nobody has looked at yet, and where it stands."""

    place: str
    number: int
    raw: Mapping[str, Any]

    def row(self) -> Row:
        return Row(f"{self.place}[{self.number}]", self.raw)


def _by_symbol(payloads: Mapping[str, Any], where: str, name: str) -> Iterator[tuple[str, _Raw]]:
    """The rows of one list, each with its symbol."""
    for place, found in raw_rows_of(payloads.get(where), where, name):
        for index, raw in enumerate(found):
            symbol = raw.get("symbol") if isinstance(raw, dict) else None
            if not isinstance(symbol, str) or not symbol:
                raise PayloadError(f"{place}[{index}].symbol", "a string was due")
            yield symbol, _Raw(place, index, raw)


def lists() -> tuple[str, ...]:
    """The lists of instruments-info, by label."""
    return tuple(f"{category} {status}" for category in (LINEAR, INVERSE) for status in STATUSES)


def settle_coins(payloads: Mapping[str, Any]) -> tuple[str, ...]:
    """Every coin a linear contract settles in. Raises PayloadError."""
    found = dict.fromkeys(COINS)
    for status in STATUSES:
        for _, raw in _by_symbol(payloads, INSTRUMENTS, f"{LINEAR} {status}"):
            if raw.raw.get("settleCoin") not in COINS:
                found[_settle(raw.row())] = None
    return tuple(found)


def read_listed(row: Row, limits: Iterable[Row]) -> Listed:
    """One contract from its row of instruments-info and its rows of risk-limit.

    Sizes are in base, of an inverse contract its face value in quote: there one contract is one of quote.
    """
    category, dated = row.choice("contractType", _KINDS)
    inverse = category == INVERSE
    base, quote, settle = (_coin(row.text("baseCoin")), _coin(row.text("quoteCoin")), _settle(row))
    if inverse != (settle == base):
        raise PayloadError(row.path("settleCoin"), f"{settle[:20]!r} for a contract that is {category}")
    symbol = f"{base}/{quote}:{settle}"
    if dated:
        symbol = f"{symbol}-{_day(row)}"
    lot = Row.of(row.get("lotSizeFilter"), row.path("lotSizeFilter"))
    price = Row.of(row.get("priceFilter"), row.path("priceFilter"))
    tiers = read_tiers(limits)
    market = Market(
        symbol=symbol,
        venue_id=row.text("symbol"),
        base=base,
        margin_asset=settle,
        tick=price.positive("tickSize"),
        step=lot.positive("qtyStep"),
        min_size=lot.not_negative("minOrderQty"),
        max_size=lot.positive("maxMktOrderQty" if "maxMktOrderQty" in lot.raw else "maxOrderQty"),
        min_notional=lot.not_negative("minNotionalValue") if lot.raw.get("minNotionalValue") else ZERO,
        taker_fee=DEAREST_TAKER,
        tiers=tuple(tiers.values()),
    )
    return Listed(market, inverse, tiers)


def read_tiers(limits: Iterable[Row]) -> dict[int, Tier]:
    """The rows of risk-limit of one symbol as tiers in rising order, by their number; the last has no cap.

    A tier's maintenance is `value · maintenanceMargin − mmDeduction` (help centre, Maintenance Margin); an empty
    `mmDeduction` is that of the first tier, 0, or else is made anew so that maintenance is continuous. Rates are
    shares, though the API page's example has them in per cent: a rate that is not below 1 / maxLeverage is taken for
    that. Values are in the settle coin, so in the coin for an inverse contract.
    """
    found = sorted(limits, key=lambda row: row.positive("riskLimitValue"))
    rates = [row.positive("maintenanceMargin") for row in found]
    most = [ONE / row.positive("maxLeverage") for row in found]
    if any(rate >= limit for rate, limit in zip(rates, most, strict=True)):
        rates = [rate / PERCENT for rate in rates]
    for row, rate, limit in zip(found, rates, most, strict=True):
        if rate >= limit:
            raise PayloadError(row.path("maintenanceMargin"), f"{rate} cannot be a share of maintenance")
    caps = [row.positive("riskLimitValue") for row in found]
    floors = [ZERO, *caps[:-1]]
    cums = _cums(found, list(zip(floors, rates, strict=False)))
    tiers: dict[int, Tier] = {}
    for index, row in enumerate(found):
        last = index == len(found) - 1
        number = int(row.positive("id"))
        if number in tiers:
            raise PayloadError(row.path("id"), f"{number} is listed twice")
        tiers[number] = Tier(floors[index], None if last else caps[index], rates[index], cums[index])
    return tiers


def _cums(found: list[Row], floors_and_rates: list[tuple[Decimal, Decimal]]) -> tuple[Decimal, ...]:
    for row in found:
        if "mmDeduction" not in row.raw:
            raise PayloadError(row.path("mmDeduction"), "is missing")
    if all(row.raw["mmDeduction"] == "" for row in found):
        return rebuild_cum(floors_and_rates)
    return tuple(
        ZERO if index == 0 and row.raw["mmDeduction"] == "" else row.not_negative("mmDeduction")
        for index, row in enumerate(found)
    )


def _coin(name: str) -> str:
    upper = name.upper()
    return _OTHER_NAMES.get(upper, upper)


def _settle(row: Row) -> str:
    coin = _coin(row.text("settleCoin"))
    # The first USDC contracts were listed as settled in USD.
    return "USDC" if coin == "USD" and row.text("contractType") == "LinearPerpetual" else coin


def _day(row: Row) -> str:
    """The delivery date as ccxt writes it."""
    return datetime.fromtimestamp(int(row.positive("deliveryTime")) / 1000, UTC).strftime("%y%m%d")


class Haircuts:
    """At what share of its worth a coin counts as margin, by how much of it is held."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        self._rows = {row.text("currency"): row for row in result_of(payloads.get(HAIRCUTS), HAIRCUTS).rows("list")}

    def counted(self, coin: str, held: Decimal) -> Decimal:
        """How many of so many coins count. A debt counts in full, and so does a coin that has no row."""
        if held <= 0 or coin not in self._rows:
            return held
        total = ZERO
        for band in self._rows[coin].rows("collateralRatioList"):
            floor, ratio = band.not_negative("minQty"), band.not_negative("collateralRatio")
            cap = held if band.raw.get("maxQty") == "" else band.positive("maxQty")
            total += max(ZERO, min(held, cap) - floor) * ratio
        return total
