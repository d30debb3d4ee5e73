"""OKX, pure: what it lists. Contracts from public/instruments, tiers from public/position-tiers, fees from trade-fee.

Sources: OKX API v5 docs (Get instruments, Get position tiers, Get fee rates). Sizes there are numbers of contracts; a
contract is `ctVal · ctMult` of base, of an inverse contract so much of its face value in USD. The tier of a position
follows its number of contracts, so no price moves it, and its rate holds for the whole position: there is no `cum`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from watchdog.domain.market import Market, Tier
from watchdog.domain.position import Contract
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

DEFAULT_FEE: Final = Decimal("0.0005")
"""The taker rate of a regular user on futures, 0.05 % (okx.com/fees): where the account's own cannot be read."""
_MOST_FEE: Final = Decimal("0.01")
_OK: Final = "0"
_CONTRACTS: Final = {"linear": Contract.LINEAR, "inverse": Contract.INVERSE}
INSTRUMENT_TYPES: Final = ("SWAP", "FUTURES")
UNWATCHED_TYPES: Final = {"MARGIN": "margin", "OPTION": "option", "SPOT": "spot", "EVENTS": "event contract"}


class Instrument(NamedTuple):
    """A contract as OKX lists it."""

    market: Market
    """Without tiers: OKX's go by contracts, and a position carries its own."""
    kind: str
    """`SWAP` or `FUTURES`."""
    family: str
    contract: Contract
    face: Decimal
    """Of one contract: base, or quote of an inverse one."""
    quote: str
    fee: Decimal
    """The account's taker rate, which is the rate of its liquidation fee too."""


class Step(NamedTuple):
    """One row of a tier table: up to so many contracts."""

    most: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed, read only as far as a position or an order needs it."""

    instruments: Mapping[str, Row]
    tables: Any
    """Raw answers of position-tiers by `table_name`."""
    fees: Mapping[str, Row]
    """Rows of trade-fee by instrument type."""
    built: dict[str, Instrument] = field(default_factory=dict)
    """Those that were asked for."""

    def instrument(self, inst_id: str, where: str) -> Instrument:
        """A contract by OKX's own name. Raises UnlistedError, PayloadError."""
        if inst_id not in self.built:
            row = self.instruments.get(inst_id)
            if row is None:
                raise UnlistedError(where, f"{inst_id[:40]!r} is not in the venue's listing")
            self.built[inst_id] = _instrument(row, self.fees)
        return self.built[inst_id]

    def rate(self, instrument: Instrument, mode: str, contracts: Decimal) -> Decimal | None:
        """The maintenance rate of so many contracts; None where the venue has no table. Raises PayloadError."""
        name = table_name(instrument.kind, mode, instrument.family)
        if not isinstance(self.tables, Mapping):
            raise PayloadError("position-tiers", "is no object of answers")
        if name not in self.tables:
            raise PayloadError(f"position-tiers.{name}", "is missing")
        steps = read_steps(data(self.tables[name], f"position-tiers.{name}"))
        if not steps:
            return None
        return next((step.rate for step in steps if contracts <= step.most), steps[-1].rate)


def table_name(kind: str, mode: str, family: str) -> str:
    """Under which name a tier table is kept: `SWAP cross BTC-USDT`."""
    return f"{kind} {mode} {family}"


def given(row: Row, name: str) -> bool:
    """Whether a field that OKX may leave out or leave empty says anything."""
    value = row.raw.get(name)
    return value is not None and value != ""


def data(answer: Any, where: str) -> list[Row]:
    """The rows of an answer. Raises PayloadError when it is none, or an error."""
    row = Row.of(answer, where)
    if row.text("code") != _OK:
        raise PayloadError(row.path("code"), f"{row.text('code')[:20]} is an error")
    return row.rows("data")


def read_listing(payloads: Mapping[str, Any], wanted: set[str]) -> Listing:
    """The listing, of it the contracts that are wanted. Raises PayloadError."""
    answers = rows(payloads.get("instruments"), "instruments")
    if not answers:
        raise PayloadError("instruments", "is an empty list")
    found: dict[str, Row] = {}
    for number, answer in enumerate(answers):
        where = f"instruments[{number}].data"
        if answer.text("code") != _OK:
            raise PayloadError(answer.path("code"), "is an error")
        listed = answer.get("data")
        if not isinstance(listed, list):
            raise PayloadError(where, "a list was due")
        for index, raw in enumerate(listed):  # hundreds of rows, of which a few are wanted
            inst_id = raw.get("instId") if isinstance(raw, Mapping) else None
            if isinstance(inst_id, str) and inst_id in wanted:
                row = Row.of(raw, f"{where}[{index}]")
                if inst_id in found:
                    raise PayloadError(row.path("instId"), "is listed twice")
                found[inst_id] = row
    fees = Row.of(payloads.get("trade-fee"), "trade-fee")
    return Listing(found, payloads.get("position-tiers"), {kind: _fees(fees, kind) for kind in INSTRUMENT_TYPES})


def read_steps(found: list[Row]) -> tuple[Step, ...]:
    """A tier table in rising order. Raises PayloadError for one that has a hole or falls."""
    ordered = sorted(found, key=lambda row: row.positive("maxSz"))
    steps: list[Step] = []
    for row in ordered:
        step = Step(row.positive("maxSz"), row.positive("mmr"))
        last = steps[-1] if steps else Step(Decimal(0), Decimal(0))
        least = row.not_negative("minSz")
        # Some tables go 2000, 2001: whole contracts, the next one; more between two tiers would be a hole.
        if not last.most <= least <= last.most + 1:
            raise PayloadError(row.path("minSz"), f"{least} does not follow on {last.most}")
        if step.most <= last.most:
            raise PayloadError(row.path("maxSz"), f"{step.most} is not above {last.most}")
        if not last.rate <= step.rate < 1:
            raise PayloadError(row.path("mmr"), f"{step.rate} is below the tier before, or no rate")
        steps.append(step)
    return tuple(steps)


def one_tier(rate: Decimal) -> tuple[Tier, ...]:
    """What a whole position requires at any price."""
    return (Tier(Decimal(0), None, rate, Decimal(0)),)


def unified(row: Row) -> str:
    """The unified symbol, as ccxt makes it, of an instruments row: `BTC/USDT:USDT`, `BTC/USD:BTC-250627`."""
    base, quote = _pair(row)
    symbol = f"{base}/{quote}:{row.text('settleCcy')}"
    if row.text("instType") == "FUTURES":
        expiry = datetime.fromtimestamp(int(row.positive("expTime")) / 1000, UTC)
        symbol += f"-{expiry:%y%m%d}"
    return symbol


def _pair(row: Row) -> tuple[str, str]:
    base, dash, quote = row.text("uly").partition("-")
    if not (base and dash and quote) or "-" in quote:
        raise PayloadError(row.path("uly"), f"{row.text('uly')[:40]!r} is no pair")
    return base, quote


def _instrument(row: Row, fees: Mapping[str, Row]) -> Instrument:
    kind: str = row.choice("instType", {kind: kind for kind in INSTRUMENT_TYPES})
    contract: Contract = row.choice("ctType", _CONTRACTS)
    base, quote = _pair(row)
    settle = row.text("settleCcy")
    face = row.positive("ctVal") * row.positive("ctMult")
    measure = row.text("ctValCcy")
    if contract is Contract.LINEAR and measure != base:
        raise PayloadError(row.path("ctValCcy"), f"{measure[:20]!r}, a linear contract is measured in {base}")
    if contract is Contract.INVERSE and (settle != base or measure == base):
        raise PayloadError(row.path("ctValCcy"), f"{measure[:20]!r} in {settle[:20]!r} is no inverse contract")
    fee = _taker(row, fees[kind], contract, settle)
    try:
        symbol = unified(row)
    except (OverflowError, OSError, ValueError):
        raise PayloadError(row.path("expTime"), "is no time") from None
    most = [row.positive(name) for name in ("maxMktSz", "maxStopSz") if given(row, name)]
    market = Market(
        symbol=symbol,
        venue_id=row.text("instId"),
        base=base,
        margin_asset=settle,
        tick=row.positive("tickSz"),
        step=row.positive("lotSz") * face,
        min_size=row.positive("minSz") * face,
        max_size=min(most) * face if most else None,
        min_notional=Decimal(0),
        taker_fee=fee,
        tiers=(),
    )
    return Instrument(market, kind, row.text("instFamily"), contract, face, quote, fee)


def _fees(fees: Row, kind: str) -> Row:
    found = data(fees.get(kind), fees.path(kind))
    if len(found) != 1:
        raise PayloadError(f"{fees.path(kind)}.data", f"one row was due, {len(found)} came")
    return found[0]


def _taker(instrument: Row, fees: Row, contract: Contract, settle: str) -> Decimal:
    """The account's taker rate for a contract, above zero: OKX writes what is charged as a negative number."""
    row, name = fees, "taker"
    match: list[Row] = []
    if given(instrument, "groupId") and given(fees, "feeGroup"):
        group = instrument.text("groupId")
        match = [one for one in fees.rows("feeGroup") if one.text("groupId") == group]
    if match:
        row = match[0]
    elif contract is Contract.LINEAR:
        name = "takerU" if settle == "USDT" else "takerUSDC"
    if not given(row, name):
        return DEFAULT_FEE
    fee = -row.number(name)
    if fee > _MOST_FEE:
        raise PayloadError(row.path(name), f"{-fee} is no fee rate of a future")
    # A rebate or no fee at all is a privilege of trading; what a liquidation costs is not said, so the usual rate.
    return fee if fee > 0 else DEFAULT_FEE
