"""OKX, pure: raw answers by endpoint in, an account out. No I/O, no clock, no ccxt.

Sources: OKX API v5 docs (Get balance, Get positions, Get account configuration); formulas of the venue, all checked
against published figures in tests/venues/okx/cases.json:

    mgnRatio = equity / Σ(mmr + fee · notional)     equity over requirement: liquidation as it falls to 1
    mmr      = rate of the tier by contracts · notional at mark

What a payload does not say, or says impossibly, raises PayloadError naming the field: a read is whole or no read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import Any, Final, NamedTuple

from watchdog.domain.market import Tier
from watchdog.domain.position import (
    NOT_GIVEN,
    AccountModes,
    AccountRead,
    Contract,
    MarginMode,
    Position,
    PositionKey,
    PositionSide,
    Side,
    Terms,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row
from watchdog.venues.okx.figures import SOURCE, figure, money, turned
from watchdog.venues.okx.listing import (
    INSTRUMENT_TYPES,
    UNWATCHED_TYPES,
    Instrument,
    Listing,
    data,
    given,
    one_tier,
    read_listing,
)
from watchdog.venues.okx.pools import (
    ACCOUNT,
    FUTURES,
    MULTI,
    PORTFOLIO,
    SPOT,
    Account,
    Held,
    balances,
    debts,
    holdings,
    once,
    second_look,
)
from watchdog.venues.okx.stops import MARGIN_MODES, POSITION_SIDES, order_rows, read_stops

_LEVELS: Final = {
    SPOT: "spot mode",
    FUTURES: "futures mode",
    MULTI: "multi-currency margin",
    PORTFOLIO: "portfolio margin",
}
_POSITION_MODES: Final = {"net_mode": False, "long_short_mode": True}
_SAME: Final = Decimal("1.01")
"""How much the rate in a row may be above its tier's and still be the same: mark and mmr are rounded."""
_UNITS: Final = 2
"""How far, as a factor, `notionalUsd` may lie from what the contracts make it; a wrong contract size is 10 off."""
_OFF: Final = Decimal("0.05")
"""By what share of the notional `upl` may lie off: it and the mark beside it may be moments apart."""
_DOLLARS: Final = frozenset({"USD", "USDT", "USDC"})
_TWICE: Final = "{} is held in cross and in isolated mode at once: the two are not told apart yet"
_DIGITS: Final = Context(prec=50)


class Config(NamedTuple):
    """How the account is set."""

    level: str
    modes: AccountModes
    own_numbers: str
    """Why nothing of a pool can be reckoned here; empty when it can."""


def read_account(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read. `at` is the monotonic time its readings carry.

    Raises PayloadError, MomentsDifferError for answers that do not belong together, UnlistedError for a contract that
    is not listed.
    """
    with localcontext(_DIGITS):
        return _read_account(payloads, at)


def read_config(answer: Any) -> Config:
    """How the account is set, from account/config."""
    [row] = _single(data(answer, "config"), "config.data")
    level: str = row.choice("acctLv", {name: name for name in _LEVELS})
    strategy = row.choice("stgyType", {"0": "", "1": "delta neutral strategy"}) if given(row, "stgyType") else ""
    words = f"{_LEVELS[level]}, {strategy}" if strategy else _LEVELS[level]
    return Config(
        level,
        AccountModes(
            hedge=row.choice("posMode", _POSITION_MODES),
            multi_asset=level in {MULTI, PORTFOLIO},
            can_trade="trade" in rights(row),
            words=words,
        ),
        f"{words}: the venue alone reckons it" if level == PORTFOLIO or strategy else "",
    )


def rights(row: Row) -> set[str]:
    """What the key may do, from account/config, in OKX's words."""
    return {one.strip() for one in row.text("perm").split(",")}


def _read_account(payloads: Mapping[str, Any], at: float) -> AccountRead:
    config = read_config(payloads.get("config"))
    [account] = _single(data(payloads.get("balance"), "balance"), "balance.data")
    details = account.rows("details")
    open_rows = [row for row in data(payloads.get("positions"), "positions") if row.number("pos") != 0]
    kinds = {name: name for name in (*INSTRUMENT_TYPES, *UNWATCHED_TYPES)}
    contracts = [row for row in open_rows if row.choice("instType", kinds) in INSTRUMENT_TYPES]
    foreign = [row for row in open_rows if row.text("instType") in UNWATCHED_TYPES]
    orders = order_rows(payloads.get("orders-algo-pending"))
    if config.level == SPOT and contracts:
        raise MomentsDifferError(contracts[0].path("instType"), "a contract in spot mode")

    listing = read_listing(payloads, {row.text("instId") for row in (*contracts, *orders)})
    once(details)
    taken = Account(config.level, config.own_numbers, account, details, foreign, at)
    sizes = _sizes(contracts, listing)
    held = [_held(row, listing, config, sizes, at) for row in contracts]
    second_look(taken, held)
    _once(held)
    doubled = _doubled(held)
    held = [_not_told_apart(one) if one.position.key in doubled else one for one in held]
    named = [listing.instrument(row.text("instId"), row.path("instId")).market for row in (*contracts, *orders)]
    return AccountRead(
        modes=config.modes,
        # A key names one position: of two the cross one is listed, with no numbers, and the other named as not watched.
        positions=tuple(one.position for one in held if one.crosses or one.position.key not in doubled),
        balances=balances(taken, held),
        stops=read_stops(orders, listing),
        markets=tuple({market.symbol: market for market in named}.values()),
        venue_time_ms=max(_time(row) for row in (account, *details, *open_rows, *orders)),
        unwatched=(*_in_words(doubled), *_foreign(foreign), *holdings(taken, held)),
        debts=debts(taken),
    )


def _time(row: Row) -> int:
    return row.time_ms("uTime") if given(row, "uTime") else 0


def _single(found: list[Row], where: str) -> list[Row]:
    if len(found) != 1:
        raise PayloadError(where, f"one row was due, {len(found)} came")
    return found


def _sizes(found: Iterable[Row], listing: Listing) -> dict[tuple[str, str], Decimal]:
    """Contracts by family and margin mode: the expiries of a family share a tier."""
    sizes: dict[tuple[str, str], Decimal] = {}
    for row in found:
        instrument = listing.instrument(row.text("instId"), row.path("instId"))
        if instrument.kind == "FUTURES":
            key = (instrument.family, row.text("mgnMode"))
            sizes[key] = sizes.get(key, Decimal(0)) + abs(row.number("pos"))
    return sizes


def _held(row: Row, listing: Listing, config: Config, sizes: Mapping[tuple[str, str], Decimal], at: float) -> Held:
    instrument = listing.instrument(row.text("instId"), row.path("instId"))
    if row.text("instType") != instrument.kind:
        raise PayloadError(row.path("instType"), f"where {instrument.kind} is listed")
    side, leg = _side(row, config)
    mode: MarginMode = row.choice("mgnMode", MARGIN_MODES)
    isolated = mode is MarginMode.ISOLATED
    contracts = abs(row.number("pos"))
    size, entry, mark = contracts * instrument.face, row.positive("avgPx"), row.positive("markPx")
    inverse = instrument.contract is Contract.INVERSE
    notional = size / mark if inverse else size * mark
    _fits(row, instrument, size if inverse else notional)
    asset = row.text("ccy")
    if asset != instrument.market.margin_asset and "_UM" not in instrument.market.venue_id:
        raise PayloadError(row.path("ccy"), f"{asset[:20]!r}, where {instrument.market.margin_asset} is listed")
    required, ratio = figure(row, "mmr"), figure(row, "mgnRatio")
    table = listing.rate(instrument, mode.value, sizes.get((instrument.family, mode.value), contracts))
    whole_account = config.level in {MULTI, PORTFOLIO} and not isolated
    position = Position(
        symbol=instrument.market.symbol,
        side=side,
        position_side=leg,
        margin_mode=mode,
        margin_asset=asset,
        size=size,
        entry=entry,
        mark=mark,
        isolated_wallet=row.number("margin") if isolated else None,
        venue_maintenance=money(row, "mmr", at),
        venue_liquidation=_liquidation(row, at),
        terms=Terms(
            contract=instrument.contract,
            fee=instrument.fee,
            toward_market=instrument.market.tick if isolated else Decimal(0),
            rate=_dollars(row, taken=whole_account and not inverse),
            tiers=() if table is None else _tier(table, required, notional),
            unreckoned="" if isolated else config.own_numbers,
        ),
        venue_ratio=turned(ratio, row.path("mgnRatio"), at) if isolated else NOT_GIVEN,
        shared=ACCOUNT if whole_account else "",
    )
    _gains(row, position.profit(mark), notional)
    return Held(position, row, notional, required, ratio, row.number("upl"))


def _side(row: Row, config: Config) -> tuple[Side, PositionSide]:
    leg: PositionSide = row.choice("posSide", POSITION_SIDES)
    if (leg is PositionSide.BOTH) is config.modes.hedge:
        raise MomentsDifferError(row.path("posSide"), f"{leg.value}, in another position mode than config says")
    amount = row.number("pos")
    if leg is PositionSide.BOTH:
        return (Side.LONG if amount > 0 else Side.SHORT), leg
    if amount < 0:
        raise PayloadError(row.path("pos"), f"{amount} on the {leg.value} leg")
    return Side(leg.value), leg


def _fits(row: Row, instrument: Instrument, quoted: Decimal) -> None:
    """The second sight of a size: OKX's own worth of it in USD."""
    if instrument.quote not in _DOLLARS or not given(row, "notionalUsd"):
        return
    dollars = row.positive("notionalUsd")
    if not quoted / _UNITS <= dollars <= quoted * _UNITS:
        raise PayloadError(row.path("notionalUsd"), f"{dollars} does not fit contracts worth {quoted:.6g}")


def _gains(row: Row, profit: Decimal, notional: Decimal) -> None:
    """The second sight of side, entry and size: OKX's own profit."""
    if abs(row.number("upl") - profit) > notional * _OFF:
        raise PayloadError(row.path("upl"), f"{row.number('upl')} does not follow from size, entry and mark")


def _liquidation(row: Row, at: float) -> Reading:
    price = figure(row, "liqPx")
    if price is None or price <= 0:
        return Unknown("OKX publishes none")
    return Known(price, "price", SOURCE, at)


def _tier(table: Decimal, required: Decimal | None, notional: Decimal) -> tuple[Tier, ...]:
    """The tier's rate, or the one OKX uses in this row where that is higher: resting orders count towards a tier."""
    used = (required or Decimal(0)) / notional
    rate = used if used > table * _SAME else table
    if rate >= 1:
        return ()
    return one_tier(rate)


def _dollars(row: Row, *, taken: bool) -> Decimal:
    """USD for one unit of the margin asset, where the pool is the whole account."""
    return row.positive("usdPx") if taken else Decimal(1)


def _once(held: Iterable[Held]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for one in held:
        name = (one.position.symbol, one.position.position_side.value, one.position.margin_mode.value)
        if name in seen:
            raise PayloadError(one.row.where, f"{one.position.symbol} {name[2]} is listed twice")
        seen.add(name)


def _doubled(held: Iterable[Held]) -> dict[PositionKey, None]:
    """The legs that are held in cross and in isolated mode at once."""
    times = Counter(one.position.key for one in held)
    return {key: None for key, count in times.items() if count > 1}


def _not_told_apart(one: Held) -> Held:
    """No number of a leg that is held in both modes, nor of the pool it shares but OKX's own ratio."""
    position, lost = one.position, Unknown(_TWICE.format(one.position.symbol))
    terms = replace(position.terms, unreckoned=lost.reason)
    return one._replace(position=replace(position, terms=terms, venue_liquidation=lost, venue_maintenance=lost))


def _in_words(doubled: Iterable[PositionKey]) -> Iterable[str]:
    for key in doubled:
        yield f"the isolated {key.symbol}, held in cross mode as well: look at both in OKX's app"


def _foreign(found: Iterable[Row]) -> Iterable[str]:
    for row in found:
        yield f"{UNWATCHED_TYPES[row.text('instType')]} {row.text('instId')}"
