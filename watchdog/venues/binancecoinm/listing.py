"""Binance COIN-M, pure: what it lists. Markets from exchangeInfo, maintenance tiers from leverageBracket (v2).

Sizes on the wire are contracts of `contractSize` USD each; in a Market they are face value in USD. Brackets are in the
coin, as the notional of an inverse contract is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.venues.binanceusdm.listing import unified_symbol, user_multiplier
from watchdog.venues.fields import PayloadError, Row, rows

TAKER_FEE = Decimal("0.0005")
"""Of VIP 0, the highest rate any account pays (binance.com/en/fee/deliveryFee)."""
_CUM_SLACK = Decimal("0.02")
"""How far, in coins, a published `cum` may lie from the one that makes maintenance continuous: rounding, no more."""
_CUM_SHARE = Decimal("0.01")
"""The same as a share of what is required at the edge, whichever is less."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A market, and what one contract of it is worth in USD."""

    market: Market
    contract: Decimal


def read_market(row: Any, tiers: tuple[Tier, ...] = ()) -> Listed:
    """One row of exchangeInfo `symbols[]`. Raises PayloadError naming the field."""
    market = Row.of(row, "exchangeInfo")
    venue_id, base = market.text("symbol"), market.text("baseAsset")
    if market.text("marginAsset") != base:
        raise PayloadError(f"exchangeInfo.{venue_id}.marginAsset", f"is not {base}: no inverse contract")
    contract = market.positive("contractSize")
    filters = {item.text("filterType"): item for item in market.rows("filters")}
    for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"):
        if name not in filters:
            raise PayloadError(f"exchangeInfo.{venue_id}.filters", f"has no {name}")
    lot, market_lot = filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"]
    most = [size for size in (lot.not_negative("maxQty"), market_lot.not_negative("maxQty")) if size > 0]
    return Listed(
        Market(
            symbol=unified_symbol(row),
            venue_id=venue_id,
            base=base,
            margin_asset=base,
            tick=filters["PRICE_FILTER"].positive("tickSize"),
            step=max(lot.positive("stepSize"), market_lot.not_negative("stepSize")) * contract,
            min_size=max(lot.not_negative("minQty"), market_lot.not_negative("minQty")) * contract,
            max_size=min(most) * contract if most else None,
            min_notional=Decimal(0),
            taker_fee=TAKER_FEE,
            tiers=tiers,
        ),
        contract,
    )


def read_tiers(brackets: Any, where: str = "brackets", times: Decimal = Decimal(1)) -> tuple[Tier, ...]:
    """The brackets of one symbol as tiers in coins, in rising order; the last has no cap.

    `times`: the account's multiplier of floors, caps and, so that nothing jumps, `cum`; the rates stay.

    Raises PayloadError for a gap, a rate that falls or is no share, or a `cum` that makes maintenance jump at an edge:
    cum_n = cum_{n-1} + floor_n · (rate_n - rate_{n-1}) (Binance, FAQ "How to Calculate Liquidation Price of COIN-M
    Futures Contracts").
    """
    found = sorted(rows(brackets, where), key=lambda row: row.not_negative("qtyFloor"))
    if not found:
        raise PayloadError(where, "is an empty list")
    tiers: list[Tier] = []
    for row in found:
        tier = Tier(
            floor=row.not_negative("qtyFloor") * times,
            cap=row.positive("qtyCap") * times,
            rate=row.positive("maintMarginRatio"),
            cum=row.not_negative("cum") * times,
        )
        _follows(tiers[-1] if tiers else None, tier, row)
        tiers.append(tier)
    last = tiers.pop()
    return (*tiers, Tier(last.floor, None, last.rate, last.cum))


def _follows(before: Tier | None, tier: Tier, row: Row) -> None:
    floor, rate, cum = (before.cap, before.rate, before.cum) if before is not None else (Decimal(0),) * 3
    if tier.rate > 1:
        raise PayloadError(row.path("maintMarginRatio"), f"{tier.rate} is more than 1")
    if tier.floor != floor:
        raise PayloadError(row.path("qtyFloor"), f"{tier.floor} does not follow on {floor}")
    if tier.cap is not None and tier.cap <= tier.floor:
        raise PayloadError(row.path("qtyCap"), f"{tier.cap} is not above {tier.floor}")
    if tier.rate < rate:
        raise PayloadError(row.path("maintMarginRatio"), f"{tier.rate} is below the {rate} of the bracket before")
    expected = cum + tier.floor * (tier.rate - rate)
    if abs(tier.cum - expected) > max(min(_CUM_SLACK, _CUM_SHARE * tier.floor * tier.rate), expected / 1_000_000):
        raise PayloadError(row.path("cum"), f"{tier.cum} makes maintenance jump at {tier.floor}; {expected} would not")


class Listing(Mapping[str, Listed]):
    """The venue's markets by its own names, each built when it is first asked for.

    A market whose brackets cannot be read has no tiers: its figures are Unknown. One whose row cannot be read raises
    PayloadError. Raises PayloadError for answers that are no listing.
    """

    def __init__(self, exchange_info: Any, leverage_bracket: Any) -> None:
        listed = Row.of(exchange_info, "exchangeInfo").rows("symbols")
        self._rows = {row.text("symbol"): row.raw for row in listed}
        self._brackets = {row.text("symbol"): row for row in rows(leverage_bracket, BRACKETS)}
        if not self._rows:
            raise PayloadError("exchangeInfo.symbols", "lists no market")
        if not self._brackets:
            raise PayloadError(BRACKETS, "is an empty list")
        self._built: dict[str, Listed] = {}

    def __getitem__(self, venue_id: str) -> Listed:
        found = self._built.get(venue_id)
        if found is None:
            found = self._built[venue_id] = read_market(self._rows[venue_id], self._tiers(venue_id))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _tiers(self, venue_id: str) -> tuple[Tier, ...]:
        try:
            row = self._brackets.get(venue_id)
            if row is None:
                return ()
            return read_tiers(row.raw.get("brackets"), f"{BRACKETS}.{venue_id}", user_multiplier(row))
        except PayloadError:
            return ()


BRACKETS = "leverageBracket"
