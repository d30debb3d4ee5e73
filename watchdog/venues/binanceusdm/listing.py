"""Binance USD-M, pure: what it lists. Markets from exchangeInfo, maintenance tiers from leverageBracket."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.venues.fields import PayloadError, Row, rows

TAKER_FEE = Decimal("0.0005")
"""Of VIP 0, the highest rate any account pays (binance.com/en/fee/futureFee); the account's own needs a request a
symbol, and a stop's clearance is better too wide than too narrow."""
_CUM_SLACK = Decimal(1)
"""How far, in quote, a published `cum` may lie from the one that makes maintenance continuous: rounding, no more."""


def read_market(row: Any, symbol: str, tiers: tuple[Tier, ...] = ()) -> Market:
    """One row of exchangeInfo `symbols[]`. `symbol` is ccxt's unified name. Raises PayloadError naming the field.

    A stop-market order is bound by LOT_SIZE and by MARKET_LOT_SIZE: the stricter of the two is taken.
    """
    market = Row.of(row, "exchangeInfo")
    filters = {item.text("filterType"): item for item in market.rows("filters")}
    for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL"):
        if name not in filters:
            raise PayloadError(f"exchangeInfo.{market.text('symbol')}.filters", f"has no {name}")
    lot, market_lot = filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"]
    most = [size for size in (lot.not_negative("maxQty"), market_lot.not_negative("maxQty")) if size > 0]
    return Market(
        symbol=symbol,
        venue_id=market.text("symbol"),
        base=market.text("baseAsset"),
        margin_asset=market.text("marginAsset"),
        tick=filters["PRICE_FILTER"].positive("tickSize"),
        step=max(lot.positive("stepSize"), market_lot.not_negative("stepSize")),
        min_size=max(lot.not_negative("minQty"), market_lot.not_negative("minQty")),
        max_size=min(most) if most else None,
        min_notional=filters["MIN_NOTIONAL"].not_negative("notional"),
        taker_fee=TAKER_FEE,
        tiers=tiers,
    )


PERPETUAL_UNTIL = 4133404800000
"""The delivery date Binance gives to what is never delivered: 25 December 2100."""
_CODES = {"XBT": "BTC", "BCHSV": "BSV", "YOYO": "YOYOW"}
"""Codes that ccxt calls otherwise (`commonCurrencies`)."""


def unified_symbol(row: Any) -> str:
    """The unified symbol, as ccxt has it, of a row of exchangeInfo: `BTC/USDT:USDT`, dated `BTC/USDT:USDT-261225`.

    Raises PayloadError naming the field.
    """
    market = Row.of(row, "exchangeInfo")
    base, quote, settle = (_code(market.text(field)) for field in ("baseAsset", "quoteAsset", "marginAsset"))
    expiry = market.time_ms("deliveryDate")
    if market.raw.get("contractType") == "PERPETUAL" or expiry == PERPETUAL_UNTIL:
        return f"{base}/{quote}:{settle}"
    if not 0 < expiry < PERPETUAL_UNTIL:
        raise PayloadError(market.path("deliveryDate"), f"{expiry} is no time of delivery")
    return f"{base}/{quote}:{settle}-{datetime.fromtimestamp(expiry / 1000, UTC):%y%m%d}"


def _code(asset: str) -> str:
    code = asset.upper()
    return _CODES.get(code, code)


def listed_rows(answer: Any) -> dict[str, tuple[str, Any]]:
    """Of each venue's name in exchangeInfo the unified symbol and the raw row. Raises PayloadError.

    A row whose symbol cannot be made is left out, as if it were not listed: what holds it is then refused by name.
    """
    found: dict[str, tuple[str, Any]] = {}
    for row in Row.of(answer, "exchangeInfo").rows("symbols"):
        try:
            found[row.text("symbol")] = (unified_symbol(row.raw), row.raw)
        except PayloadError:
            continue
    if not found:
        raise PayloadError("exchangeInfo.symbols", "lists no market")
    return found


def trimmed(payloads: Mapping[str, Any], held: Container[Any]) -> dict[str, Any]:
    """The same answers with only those markets and brackets whose venue's names are in `held`."""
    info, brackets = payloads.get("exchangeInfo"), payloads.get("leverageBracket")
    kept = dict(payloads)
    if isinstance(info, Mapping) and isinstance(info.get("symbols"), list):
        kept["exchangeInfo"] = {"symbols": [row for row in info["symbols"] if _name(row) in held]}
    if isinstance(brackets, list):
        kept["leverageBracket"] = [row for row in brackets if _name(row) in held]
    return kept


def _name(row: Any) -> Any:
    return row.get("symbol") if isinstance(row, Mapping) else None


def read_brackets(answer: Any) -> dict[str, Any]:
    """The rows of leverageBracket, still raw, by the venue's symbol. Raises PayloadError when it is no such answer."""
    found = {row.text("symbol"): row.raw for row in rows(answer, "leverageBracket")}
    if not found:
        raise PayloadError("leverageBracket", "is an empty list")
    return found


def user_multiplier(row: Row) -> Decimal:
    """`notionalCoef` of a row of leverageBracket; 1 where it is not sent. Raises PayloadError.

    The account's brackets are so many times the symbol's: "user symbol bracket multiplier, only appears when user's
    symbol bracket is adjusted" (Binance's API page "Notional and Leverage Brackets").
    """
    return Decimal(1) if row.raw.get("notionalCoef") is None else row.positive("notionalCoef")


def read_tiers(brackets: Any, where: str = "brackets", times: Decimal = Decimal(1)) -> tuple[Tier, ...]:
    """The brackets of one symbol as tiers, in rising order; the last has no cap.

    `times`: the account's multiplier of floors, caps and, so that nothing jumps, `cum`; the rates stay.

    Raises PayloadError for a gap, a rate that does not rise, or a `cum` that makes maintenance jump at an edge:
    cum_n = cum_{n-1} + floor_n · (rate_n - rate_{n-1}).
    """
    found = sorted(rows(brackets, where), key=lambda row: row.not_negative("notionalFloor"))
    if not found:
        raise PayloadError(where, "is an empty list")
    tiers: list[Tier] = []
    for row in found:
        tier = Tier(
            floor=row.not_negative("notionalFloor") * times,
            cap=row.positive("notionalCap") * times,
            rate=row.positive("maintMarginRatio"),
            cum=row.not_negative("cum") * times,
        )
        if tier.rate > 1:
            raise PayloadError(row.path("maintMarginRatio"), f"{tier.rate} is more than 1")
        _follows(tiers[-1] if tiers else None, tier, row, times)
        tiers.append(tier)
    last = tiers.pop()
    tiers.append(Tier(last.floor, None, last.rate, last.cum))
    return tuple(tiers)


def _follows(before: Tier | None, tier: Tier, row: Row, times: Decimal) -> None:
    floor, rate, cum = (before.cap, before.rate, before.cum) if before is not None else (Decimal(0),) * 3
    if tier.floor != floor:
        raise PayloadError(row.path("notionalFloor"), f"{tier.floor} does not follow on {floor}")
    if tier.cap is not None and tier.cap <= tier.floor:
        raise PayloadError(row.path("notionalCap"), f"{tier.cap} is not above {tier.floor}")
    if tier.rate < rate:
        raise PayloadError(row.path("maintMarginRatio"), f"{tier.rate} is below the {rate} of the bracket before")
    expected = cum + tier.floor * (tier.rate - rate)
    if abs(tier.cum - expected) > _CUM_SLACK * times + expected / 1_000_000:
        raise PayloadError(row.path("cum"), f"{tier.cum} makes maintenance jump at {tier.floor}; {expected} would not")


class Listing(Mapping[str, Market]):
    """The venue's markets by its own names, each built when it is first asked for: a few of many hundred are.

    `rows` holds ccxt's unified symbol and the raw exchangeInfo row of each, `brackets` that of leverageBracket. A
    market whose brackets cannot be read has no tiers, and `problems` says why; a row that cannot be read raises
    PayloadError.
    """

    def __init__(self, rows: Mapping[str, tuple[str, Any]], brackets: Mapping[str, Any]) -> None:
        self._rows = rows
        self._brackets = brackets
        self._built: dict[str, Market] = {}
        self.problems: dict[str, str] = {}

    def __getitem__(self, venue_id: str) -> Market:
        market = self._built.get(venue_id)
        if market is None:
            symbol, row = self._rows[venue_id]
            market = read_market(row, symbol, self._tiers(venue_id))
            self._built[venue_id] = market
        return market

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def has_brackets(self, venue_id: str) -> bool:
        """Whether the last bracket answer spoke of this symbol."""
        return venue_id in self._brackets

    def _tiers(self, venue_id: str) -> tuple[Tier, ...]:
        if venue_id not in self._brackets:
            self.problems[venue_id] = "leverageBracket does not list it"
            return ()
        try:
            row = Row.of(self._brackets[venue_id], f"leverageBracket.{venue_id}")
            return read_tiers(row.raw.get("brackets"), row.where, user_multiplier(row))
        except PayloadError as error:
            self.problems[venue_id] = str(error)
            return ()
