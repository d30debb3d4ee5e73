"""Bitget futures, pure: what it lists. Markets from `contracts`, maintenance tiers from `query-position-lever`.

The rate of a tier holds for the whole position (`keepMarginRate` of a position is its tier's: ccxt's and others' real
rows agree with N · (keepMarginRate + 0.06 %) / equity); Bitget's feed has no deduction. `startUnit` and `endUnit` are
in quote for USDT- and USDC-margined contracts; of coin-margined ones nothing says, and they get no tiers here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

PRODUCTS = ("USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
COIN = "COIN-FUTURES"
LEVER = "mix/market/query-position-lever"
"""Tiers by product type and contract; of a flat account none were asked for."""
_QUOTES = {"USDT-FUTURES": "USDT", "USDC-FUTURES": "USDC", COIN: "USD"}
ZERO = Decimal(0)
_CCXT_NAMES = {
    "XBT": "BTC", "BCHSV": "BSV", "APX": "AstroPepeX", "DEGEN": "DegenReborn", "EVA": "Evadore",
    "JADE": "Jade Protocol", "OMNI": "omni", "TONCOIN": "TON",
}  # fmt: skip
"""Coins that ccxt calls by another name than Bitget does."""
_LAST = Decimal(4_102_444_800_000)
"""The year 2100."""


def data(answer: Any, where: str) -> Any:
    """What stands in Bitget's envelope. Raises PayloadError for another code than success."""
    envelope = Row.of(answer, where)
    if envelope.text("code") != "00000":
        raise PayloadError(envelope.path("code"), f"{envelope.text('code')[:20]!r} is no success")
    return envelope.raw.get("data")


def of(payloads: Mapping[str, Any], name: str, product: str) -> Any:
    """The answer of one endpoint for one product type."""
    return Row.of(payloads.get(name), name).raw.get(product)


class Listing:
    """Bitget's contracts by product type and name; each is read when it is first asked for."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        self._raw: dict[tuple[str, str], Row] = {}
        for product in PRODUCTS:
            where = f"mix/market/contracts.{product}"
            for row in rows(data(of(payloads, "mix/market/contracts", product), where), where):
                self._raw[product, row.text("symbol")] = row
        tiers = payloads.get(LEVER)
        if not isinstance(tiers, Mapping):
            raise PayloadError(LEVER, "an object was due")
        self._tiers = tiers

    def market(self, product: str, symbol: str, path: str) -> Market:
        """A contract. Raises UnlistedError, PayloadError; tiers that can't be read are none."""
        row = self._raw.get((product, symbol))
        if row is None:
            raise UnlistedError(path, f"{symbol[:40]!r} is not in the venue's listing")
        name = f"{product} {symbol}"
        try:
            tiers = () if product == COIN else read_tiers(self._tiers.get(name), f"{LEVER}.{name}")
        except PayloadError:
            tiers = ()
        return read_contract(row, product, tiers)


def read_contract(row: Row, product: str, tiers: tuple[Tier, ...] = ()) -> Market:
    """One row of `contracts`. Sizes are in base. Raises PayloadError naming the field."""
    base, quote = row.text("baseCoin"), row.text("quoteCoin")
    if not row.text("symbol").startswith(base):
        raise PayloadError(row.path("baseCoin"), f"{base[:20]!r} is not the coin of {row.text('symbol')[:40]!r}")
    if quote != _QUOTES[product]:
        raise PayloadError(row.path("quoteCoin"), f"{quote[:20]!r} among {product}")
    settles = row.get("supportMarginCoins")
    if not isinstance(settles, list) or not settles or not all(isinstance(one, str) and one for one in settles):
        raise PayloadError(row.path("supportMarginCoins"), "is no list of coins")
    settle = base if base in settles else quote
    if settle not in settles:
        raise PayloadError(row.path("supportMarginCoins"), f"has neither {base[:20]!r} nor {quote[:20]!r}")
    fee = row.positive("takerFeeRate")
    if fee >= 1:
        raise PayloadError(row.path("takerFeeRate"), f"{fee} is no share of a notional")
    places = row.not_negative("pricePlace")
    if places > 20:  # noqa: PLR2004  (no price has more decimals)
        raise PayloadError(row.path("pricePlace"), f"{places} decimals")
    return Market(
        symbol=_symbol(base, quote, settle, row),
        venue_id=row.text("symbol"),
        base=_coin(base),
        margin_asset=_coin(settle),
        tick=row.positive("priceEndStep").scaleb(-int(places)),
        step=row.positive("sizeMultiplier"),
        min_size=row.positive("minTradeNum"),
        max_size=None,
        min_notional=row.not_negative("minTradeUSDT"),
        taker_fee=fee,
        tiers=tiers,
    )


def _symbol(base: str, quote: str, settle: str, row: Row) -> str:
    symbol = f"{_coin(base)}/{_coin(quote)}:{_coin(settle)}"
    if not row.choice("symbolType", {"perpetual": False, "delivery": True}):
        return symbol
    expiry = row.positive("deliveryTime")
    if expiry > _LAST:
        raise PayloadError(row.path("deliveryTime"), f"{expiry} is no time in milliseconds")
    return f"{symbol}-{datetime.fromtimestamp(int(expiry) / 1000, UTC):%y%m%d}"


def _coin(name: str) -> str:
    return _CCXT_NAMES.get(name, name)


def read_tiers(answer: Any, where: str) -> tuple[Tier, ...]:
    """The whole-position tiers of one contract, in rising order; the last has no cap. Raises PayloadError."""
    ordered = sorted(rows(data(answer, where), where), key=lambda row: row.not_negative("startUnit"))
    if not ordered:
        raise PayloadError(where, "is an empty list")
    tiers: list[Tier] = []
    floor, last = ZERO, ZERO
    for row in ordered:
        start, end, rate = row.not_negative("startUnit"), row.positive("endUnit"), row.positive("keepMarginRate")
        if start != floor or end <= start:
            raise PayloadError(row.path("startUnit"), f"{start} to {end} does not follow on {floor}")
        if rate < last or rate * row.positive("leverage") > 1:
            raise PayloadError(row.path("keepMarginRate"), f"{rate} can't be, after {last}")
        tiers.append(Tier(start, end, rate, ZERO))
        floor, last = end, rate
    end_of = tiers.pop()
    return (*tiers, Tier(end_of.floor, None, end_of.rate, ZERO))
