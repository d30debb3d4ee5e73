"""Gate futures, pure: what it lists. Markets from `contracts`, maintenance tiers from `risk_limit_tiers`.

Tiers are marginal since Gate's upgrade of 2024/25: a position requires `notional · maintenance_rate − deduction` (Gate
help, "Maintenance Margin": 150,000 USDT over tiers of 20,000, 50,000, 100,000 and 200,000 require 815). A contract of
`quanto_multiplier` 0 is an inverse one with a face value of 1 USD. Tiers of inverse contracts are in the coin.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from watchdog.domain.market import Market, Tier
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

SETTLES = (("futures", "usdt"), ("futures", "btc"), ("delivery", "usdt"))
"""Where Gate keeps positions: product and settle currency (Gate APIv4, `settle` of /futures and /delivery)."""

ZERO, ONE = Decimal(0), Decimal(1)
_ROUNDING = Decimal("0.001")
"""Share of what an edge requires by which a rounded `deduction` may lie off."""
_LAST = Decimal(4_102_444_800)
"""The year 2100."""
_CCXT_NAMES = {
    "XBT": "BTC", "BCHSV": "BSV", "ORT": "XREATORS", "ASS": "ASSF", "88MPH": "MPH", "AXIS": "AXISDEFI",
    "BIFI": "BITCOINFILE", "BOX": "DEFIBOX", "BYN": "BEYONDFI", "EGG": "GOOSEFINANCE", "GTC": "GAMECOM",
    "HIT": "HITCHAIN", "MM": "MILLION", "MPH": "MORPHER", "POINT": "GATEPOINT", "RAI": "RAIREFLEXINDEX",
    "SBTC": "SUPERBITCOIN", "TNC": "TRINITYNETWORKCREDIT", "VAI": "VAIOT", "TRAC": "TRACO",
}  # fmt: skip
"""Coins that ccxt calls by another name than Gate does."""


class Listed(NamedTuple):
    """One contract as listed, with what turns its figures into ours."""

    market: Market
    unit: Decimal
    """Base, or face value of an inverse contract, of one contract."""
    inverse: bool


class Listing:
    """Gate's contracts by product, settle currency and name; each is read when it is first asked for."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        self._raw: dict[tuple[str, str, str], Row] = {}
        self._tiers: dict[tuple[str, str, str], list[Any]] = {}
        for product, settle in SETTLES:
            name = f"{product}/contracts"
            for row in rows(_of(payloads, name, settle), f"{name}.{settle}"):
                self._raw[product, settle, row.text("name")] = row
            name = f"{product}/risk_limit_tiers"
            for row in rows(_of(payloads, name, settle), f"{name}.{settle}"):
                self._tiers.setdefault((product, settle, row.text("contract")), []).append(row.raw)

    def get(self, product: str, settle: str, contract: str, path: str, *, tiered: bool) -> Listed:
        """A contract; `tiered`: whether its tiers are marginal for this account. Raises UnlistedError, PayloadError.

        Tiers that can't be read are none: all that hangs on them is then unknown.
        """
        key = (product, settle, contract)
        row = self._raw.get(key)
        if row is None:
            raise UnlistedError(path, f"{contract[:40]!r} is not in the venue's listing")
        try:
            tiers = read_tiers(self._tiers.get(key, []), f"{product}/risk_limit_tiers.{contract}", tiered=tiered)
        except PayloadError:
            tiers = ()
        return read_contract(row, settle, tiers, dated=product == "delivery")


def _of(payloads: Mapping[str, Any], name: str, settle: str) -> Any:
    return Row.of(payloads.get(name), name).raw.get(settle)


def read_contract(row: Row, settle: str, tiers: tuple[Tier, ...] = (), *, dated: bool = False) -> Listed:
    """One row of `contracts`. Raises PayloadError naming the field; a quanto contract is one."""
    name = row.text("name")
    base, _, rest = name.partition("_")
    quote = rest.partition("_")[0]
    if not base or not quote:
        raise PayloadError(row.path("name"), f"{name[:40]!r} is no contract's name")
    inverse = row.choice("type", {"direct": False, "inverse": True})
    if inverse == (quote == settle.upper()):
        raise PayloadError(row.path("type"), f"{name[:40]!r} settled in {settle} is a quanto contract: not supported")
    multiplier = row.not_negative("quanto_multiplier")
    if not inverse and multiplier == 0:
        raise PayloadError(row.path("quanto_multiplier"), "0 is not above zero")
    unit = multiplier or ONE
    expiry = _expiry(row) if dated else None
    smallest = row.positive("order_size_min")
    step = smallest if expiry is None and row.raw.get("enable_decimal") is True else ONE
    most = "market_order_size_max" if row.raw.get("market_order_size_max") else "order_size_max"
    market = Market(
        symbol=_symbol(base, quote, settle.upper(), expiry),
        venue_id=name,
        base=_coin(base),
        margin_asset=_coin(settle.upper()),
        tick=row.positive("order_price_round"),
        step=step * unit,
        min_size=smallest * unit,
        max_size=row.positive(most) * unit,
        min_notional=ZERO,
        taker_fee=_rate(row, "taker_fee_rate"),
        tiers=tiers,
    )
    return Listed(market, unit, inverse)


def _expiry(row: Row) -> Decimal:
    expiry = row.positive("expire_time")
    if expiry > _LAST:
        raise PayloadError(row.path("expire_time"), f"{expiry} is no time in seconds")
    return expiry


def _symbol(base: str, quote: str, settle: str, expiry: Decimal | None) -> str:
    symbol = f"{_coin(base)}/{_coin(quote)}:{_coin(settle)}"
    return symbol if expiry is None else f"{symbol}-{datetime.fromtimestamp(int(expiry), UTC):%y%m%d}"


def _coin(name: str) -> str:
    return _CCXT_NAMES.get(name, name)


def _rate(row: Row, field: str) -> Decimal:
    rate = row.positive(field)
    if rate >= 1:
        raise PayloadError(row.path(field), f"{rate} is no share of a notional")
    return rate


def read_tiers(found: Any, where: str, *, tiered: bool) -> tuple[Tier, ...]:
    """The tiers of one contract in rising order; the last has no cap.

    `tiered` False: an account whose maintenance is not yet reckoned by steps; the whole position then requires the
    rate of its tier. Raises PayloadError for a gap, a rate that falls, or a `deduction` that makes maintenance jump.
    """
    ordered = sorted(rows(found, where), key=lambda row: row.positive("tier"))
    if not ordered:
        raise PayloadError(where, "is an empty list")
    numbers = [row.positive("tier") for row in ordered]
    if numbers[0] != 1 or any(upper - lower != 1 for lower, upper in pairwise(numbers)):
        raise PayloadError(where, "a tier is missing")
    tiers: list[Tier] = []
    floor, last, cum = ZERO, ZERO, ZERO
    for row in ordered:
        rate, cap = _rate(row, "maintenance_rate"), row.positive("risk_limit")
        if rate < last or cap <= floor:
            raise PayloadError(row.where, f"{rate} up to {cap} does not follow on {last} up to {floor}")
        if rate * row.positive("leverage_max") > 1:
            raise PayloadError(row.path("maintenance_rate"), f"{rate} is more than its leverage allows")
        cum += floor * (rate - last) if tiers else ZERO
        if "deduction" in row.raw:
            said = row.not_negative("deduction")
            if abs(said - cum) > floor * rate * _ROUNDING:
                raise PayloadError(row.path("deduction"), f"{said} makes maintenance jump at {floor}; {cum} would not")
            cum = said
        tiers.append(Tier(floor, cap, rate, cum if tiered else ZERO))
        floor, last = cap, rate
    end = tiers.pop()
    return (*tiers, Tier(end.floor, None, end.rate, end.cum))
