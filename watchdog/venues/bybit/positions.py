"""Bybit, pure: open positions, and by which rules each one's maintenance goes.

Field meanings: bybit-exchange.github.io/docs/v5/position. Rules since 2025-09-02 (help centre, "The New Margin
Calculation: Adjustments and Implications"): maintenance goes by the mark value, in cross margin the initial margin
too; in isolated margin that stays at entry, and so does the closing fee in both.

    closing fee = value · (1 ∓ 1/leverage) · taker rate       linear: − for a long;  inverse: + for a long
    maintenance = mark value · rate − deduction + closing fee

No field tells the taker rate an account pays (it differs by tier, site and tax: 0.055 %, 0.0649 % and 0.1 % were
seen), but initial margin less maintenance holds no fee: it gives the value both went by, and that gives the fee.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from watchdog.domain.market import Tier
from watchdog.domain.position import Contract, MarginMode, Position, PositionSide, Side, Terms
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk import tier_at
from watchdog.venues.bybit.answers import INVERSE, given
from watchdog.venues.bybit.listing import ONE, ZERO, Listed, Listing
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row

SOURCE: Final = "bybit"
POOL: Final = "account"
"""The one pool of a unified account."""

BASE_TAKER: Final = Decimal("0.00055")
"""Where no figure tells an account's own rate: that of VIP 0 (bybit.com, Trading Fee Structure)."""
_MOST_TAKER: Final = Decimal("0.002")
_NEAR: Final = Decimal("0.02")
"""Share by which the value behind the margins may lie from that at mark: they are not of the same instant."""
_DIGIT: Final = Decimal("0.00000001")
"""The last digit of a margin."""
_FINE: Final = Decimal("0.00002")
"""How sure a taker rate must be."""

_LEGS: Final = {0: PositionSide.BOTH, 1: PositionSide.LONG, 2: PositionSide.SHORT}
_SIDES: Final = {"Buy": Side.LONG, "Sell": Side.SHORT}
_STATUSES: Final = {"Normal": True, "Liq": True, "Adl": True}

NO_PRICE: Final = "Bybit publishes none: it lies outside the prices it allows"
NO_PRICE_IN_PORTFOLIO: Final = "Bybit publishes none in portfolio margin"
BY_STRESS: Final = "portfolio margin goes by stress tests that only Bybit can run"


class Mode(StrEnum):
    """How the account is set; for all of it, at once."""

    CROSS = "REGULAR_MARGIN"
    ISOLATED = "ISOLATED_MARGIN"
    PORTFOLIO = "PORTFOLIO_MARGIN"


class Held(NamedTuple):
    """An open position and what the pool's figures need of it, in its settle coin."""

    position: Position
    maintenance: Decimal | None
    """As the venue says; None where it does not."""
    paid_out: Decimal
    """Of its profit since entry what settlements have moved to the wallet (USDC contracts, every 8 hours)."""
    unrealised: Decimal
    """Its profit as the venue says."""

    @property
    def rate(self) -> Decimal:
        """Money of the pool for one of its settle coin, now."""
        return self.position.mark if self.position.inverse else self.position.terms.rate


def leg_of(row: Row) -> PositionSide:
    """The leg a row belongs to, from `positionIdx`."""
    number = row.number("positionIdx")
    if number not in _LEGS:
        raise PayloadError(row.path("positionIdx"), f"{number} is none of 0, 1, 2")
    return _LEGS[int(number)]


def open_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that hold something. Raises MomentsDifferError when one stands on two pages: they moved meanwhile."""
    seen: set[tuple[str, PositionSide]] = set()
    for row in rows:
        one = (row.text("symbol"), leg_of(row))
        if one in seen:
            raise MomentsDifferError(row.where, f"{one[0]} {one[1]} is listed twice")
        seen.add(one)
        if row.not_negative("size") > 0:
            yield row
        else:
            row.nothing_else("positionValue", "positionMM", "unrealisedPnl")


def required_of(options: Iterable[Row]) -> dict[str, Decimal]:
    """Maintenance of options by the coin they settle in: USDC, or USDT where the symbol ends with it."""
    sums: dict[str, Decimal] = {}
    for row in options:
        coin = "USDT" if row.text("symbol").endswith("-USDT") else "USDC"
        sums[coin] = sums.get(coin, ZERO) + given(row, "positionMM")
    return sums


def read_position(row: Row, listing: Listing, category: str, mode: Mode, rate: Decimal, at: float) -> Held:
    """One open position; `rate` is money of the pool for one of its settle coin."""
    listed = listing.find(row.text("symbol"), row.path("symbol"), category)
    leg = leg_of(row)
    side: Side = row.choice("side", _SIDES)
    if leg.value not in {PositionSide.BOTH.value, side.value}:
        raise PayloadError(row.path("side"), f"a {side.value} on the {leg.value} leg")
    row.choice("positionStatus", _STATUSES)
    required = _maintenance(row, mode, at)
    bare = Position(
        symbol=listed.market.symbol,
        side=side,
        position_side=leg,
        margin_mode=MarginMode.ISOLATED if mode is Mode.ISOLATED else MarginMode.CROSS,
        margin_asset=listed.market.margin_asset,
        size=row.positive("size"),
        entry=row.positive("avgPrice"),
        mark=row.positive("markPrice"),
        isolated_wallet=None,
        venue_maintenance=required,
        venue_liquidation=_liquidation(row, mode, at),
        terms=Terms(Contract.INVERSE if category == INVERSE else Contract.LINEAR, rate=rate),
        shared="" if mode is Mode.ISOLATED else POOL,
    )
    unrealised = row.number("unrealisedPnl")
    paid_out = _paid_out(bare, row, unrealised)
    position = _in_mode(bare, row, listed, mode, paid_out)
    return Held(position, required.value if isinstance(required, Known) else None, paid_out, unrealised)


def _in_mode(bare: Position, row: Row, listed: Listed, mode: Mode, paid_out: Decimal) -> Position:
    """The position with what the account's margin mode makes of its maintenance and its margin."""
    if mode is Mode.PORTFOLIO:
        return replace(bare, terms=replace(bare.terms, unreckoned=BY_STRESS))
    share = ONE / row.positive("leverage")
    # The close is reckoned at the bankruptcy price.
    at_bankruptcy = ONE + bare.side.sign * share * (1 if bare.inverse else -1)
    initial = row.positive("positionIM")
    if mode is Mode.CROSS:
        rate = _taker(bare, listed, row, share, at_bankruptcy)
        return replace(bare, terms=replace(bare.terms, fee=rate * at_bankruptcy))
    entered = bare.notional(bare.entry)
    closing = initial - entered * share
    if not ZERO <= closing <= entered * at_bankruptcy * _MOST_TAKER:
        closing = entered * at_bankruptcy * BASE_TAKER  # margin was added: the initial margin does not show the fee
    # The older field holds added margin too; where it is not sent any more, `positionIM` stands for it.
    balance = given(row, "positionBalance")
    return replace(
        bare,
        isolated_wallet=(balance or initial) - paid_out,
        terms=replace(bare.terms, fixed=closing),
        venue_ratio=Unknown("Bybit publishes none of an isolated position"),
    )


def _taker(bare: Position, listed: Listed, row: Row, share: Decimal, at_bankruptcy: Decimal) -> Decimal:
    """The taker rate behind a cross position's margins; the base rate where they don't give it."""
    initial, required = row.positive("positionIM"), bare.venue_maintenance
    value = bare.notional(bare.mark)
    if not isinstance(required, Known) or at_bankruptcy == 0 or not listed.numbers:
        return BASE_TAKER
    for tier in _tiers_of(listed, row, value):
        gap = share - tier.rate
        if gap <= 0:
            continue
        behind = (initial - required.value - tier.cum) / gap
        if abs(behind - value) > _NEAR * value:
            continue
        rate = (initial / behind - share) / at_bankruptcy
        doubt = 2 * _DIGIT / gap / value * share / at_bankruptcy
        if ZERO <= rate <= _MOST_TAKER and doubt <= _FINE:
            return rate
    return BASE_TAKER


def _tiers_of(listed: Listed, row: Row, value: Decimal) -> Iterator[Tier]:
    """The tier the venue may have gone by: the one it names, which open orders can have raised; that of the value."""
    named = listed.numbers.get(int(row.not_negative("riskId")))
    if named is not None:
        yield named
    yield tier_at(listed.market.tiers, value)


def _maintenance(row: Row, mode: Mode, at: float) -> Reading:
    if mode is Mode.PORTFOLIO and row.raw.get("positionMM") == "":
        return Unknown("Bybit sends no maintenance margin of a position in portfolio margin")
    required = row.not_negative("positionMM")
    if required == 0:
        return Unknown("Bybit sends a maintenance margin of 0 for an open position")
    return Known(required, "money", SOURCE, at)


def _liquidation(row: Row, mode: Mode, at: float) -> Reading:
    if "liqPrice" not in row.raw:
        raise PayloadError(row.path("liqPrice"), "is missing")
    if row.raw["liqPrice"] != "":
        price = row.not_negative("liqPrice")
        if price > 0:
            return Known(price, "price", SOURCE, at)
    return Unknown(NO_PRICE_IN_PORTFOLIO if mode is Mode.PORTFOLIO else NO_PRICE)


def _paid_out(bare: Position, row: Row, unrealised: Decimal) -> Decimal:
    """What settlements moved to the wallet: profit counts from `sessionAvgPrice` then, and not from the entry."""
    if bare.inverse or bare.margin_asset != "USDC":
        return ZERO
    session = given(row, "sessionAvgPrice")
    if session > 0:
        return bare.side.sign * bare.size * (session - bare.entry)
    return bare.profit(bare.mark) - unrealised
