"""Bitget futures, pure: raw answers in, an account out. No I/O, no clock, no ccxt.

Field meanings are those of Bitget's API pages ("Get All Positions", "Get Account List"). Of the classic account each
margin coin is a pool, behind which `accountEquity − unrealizedPL − isolatedMargin` stands (a real row of August 2025:
36.07827483 = 1.28556483 available + 34.54821 isolated + 0.2445 profit). What Bitget requires is
`N · (keepMarginRate + taker fee)`, at mark. Of a unified account positions and prices are read, its risk is not: what
Bitget's `mmr` and `mgnRatio` mean there is not published with a figure to hold against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Market
from watchdog.domain.position import (
    NOT_GIVEN,
    AccountModes,
    AccountRead,
    Balance,
    Contract,
    MarginMode,
    Position,
    PositionSide,
    Side,
    Stop,
    Terms,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.bitget import unified
from watchdog.venues.bitget.listing import COIN, PRODUCTS, ZERO, Listing, data, of
from watchdog.venues.bitget.stops import read_stop
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, rows

SOURCE = "bitget"
_SIDES = {"long": Side.LONG, "short": Side.SHORT}
_MARGIN_MODES = {"crossed": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_HEDGE = {"hedge_mode": True, "one_way_mode": False}
_ASSET_MODES = {"single": False, "union": True, "multiAsset": True}
_TIERS_OF_COIN = "in what Bitget counts the tiers of coin-margined contracts is not published"
_BOTH_LEGS = "both legs are held: what Bitget requires of them together is not published in words"


def read(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read. Raises PayloadError, MomentsDifferError, UnlistedError."""
    listing = Listing(payloads)
    if "uta/account/assets" in payloads:
        return unified.read(payloads, listing, at)
    positions: list[Position] = []
    markets: dict[str, Market] = {}
    stops: list[Stop] = []
    balances: list[Balance] = []
    times = [0]
    several = False
    for product in PRODUCTS:
        where = f"mix/position/all-position.{product}"
        listed = rows(data(of(payloads, "mix/position/all-position", product), where), where)
        held_rows = [row for row in listed if _is_held(row)]
        held: list[Position] = []
        for row in held_rows:
            market = listing.market(product, row.text("symbol"), row.path("symbol"))
            markets[market.symbol] = market
            held.append(_position(row, market, product, at))
            times += [row.time_ms("cTime"), row.time_ms("uTime")]
        _once(held, where)
        for row in _orders(payloads, product):
            market = listing.market(product, row.text("symbol"), row.path("symbol"))
            markets.setdefault(market.symbol, market)
            stops.append(read_stop(row, market.symbol, held))
        accounts = _accounts(payloads, product)
        _something_held(accounts, held)
        several |= _several(accounts)
        pools = dict.fromkeys(one.margin_asset for one in held if one.pool is not None)
        balances += [_balance(accounts, product, coin, held, held_rows, at) for coin in pools]
        positions += held
    if len({balance.asset for balance in balances}) < len(balances):
        raise PayloadError("mix/account/accounts", "two product types share a margin coin")
    return AccountRead(
        modes=AccountModes(
            hedge=any(one.position_side is not PositionSide.BOTH for one in positions),
            multi_asset=several,
            can_trade=True,
            words="classic, multi-assets" if several else "classic",
            either_leg=True,
        ),
        positions=_both_legs(positions),
        balances=tuple(balances),
        stops=tuple(stops),
        markets=tuple(markets.values()),
        venue_time_ms=max(times),
    )


# -- positions --------------------------------------------------------------------------------------------------------


def _is_held(row: Row) -> bool:
    if row.not_negative("total") > 0:
        return True
    row.nothing_else("available", "locked", "marginSize", "unrealizedPL")
    return False


def _position(row: Row, market: Market, product: str, at: float) -> Position:
    side: Side = row.choice("holdSide", _SIDES)
    mode: MarginMode = row.choice("marginMode", _MARGIN_MODES)
    isolated = mode is MarginMode.ISOLATED
    coin = row.text("marginCoin")
    if coin != market.margin_asset:
        raise PayloadError(row.path("marginCoin"), f"{coin[:20]!r}, where {market.margin_asset} is listed")
    size, entry = row.positive("total"), row.positive("openPriceAvg")
    inverse = product == COIN
    rate = row.positive("keepMarginRate")
    return Position(
        symbol=market.symbol,
        side=side,
        position_side=PositionSide(side.value) if row.choice("posMode", _HEDGE) else PositionSide.BOTH,
        margin_mode=mode,
        margin_asset=coin,
        # Coin-margined: profit is size · (1 − entry / mark), as of an inverse contract worth size · entry at entry.
        size=size * entry if inverse else size,
        entry=entry,
        mark=row.positive("markPrice"),
        isolated_wallet=row.number("marginSize") if isolated else None,
        venue_maintenance=NOT_GIVEN,
        venue_liquidation=liquidation(row, at),
        terms=Terms(
            Contract.INVERSE if inverse else Contract.LINEAR,
            fee=market.taker_fee,
            unreckoned=_TIERS_OF_COIN if inverse else _another_rate(rate, market),
        ),
        venue_ratio=ratio(row, "marginRatio", at) if isolated else Unknown("it shares its pool's"),
    )


def _another_rate(rate: Decimal, market: Market) -> str:
    """Why the tiers do not hold for a position: its own rate is none of theirs."""
    if not market.tiers or any(tier.rate == rate for tier in market.tiers):
        return ""
    return f"keepMarginRate {rate} is in no tier of {market.venue_id}"


def liquidation(row: Row, at: float) -> Reading:
    """Bitget's price; at or below zero, or empty, it gives none."""
    if row.raw.get("liquidationPrice") is None or row.raw["liquidationPrice"] == "":
        return Unknown(f"{row.path('liquidationPrice')} is missing")
    price = row.number("liquidationPrice")
    return Known(price, "price", SOURCE, at) if price > 0 else Unknown("Bitget publishes none")


def ratio(row: Row, field: str, at: float) -> Reading:
    """A margin ratio of Bitget's: 1 is liquidation, as ours."""
    if row.raw.get(field) is None or row.raw[field] == "":
        return Unknown(f"{row.path(field)} is missing")
    value = row.not_negative(field)
    return Known(value, "share", SOURCE, at) if value else Unknown(f"{row.path(field)} is 0")


def _once(held: list[Position], where: str) -> None:
    for key, times in Counter(position.key for position in held).items():
        if times > 1:
            raise PayloadError(where, f"{key.symbol} {key.position_side} is listed {times} times")


def _both_legs(positions: list[Position]) -> tuple[Position, ...]:
    held = Counter(one.symbol for one in positions)
    return tuple(
        replace(one, terms=replace(one.terms, unreckoned=_BOTH_LEGS)) if held[one.symbol] > 1 else one
        for one in positions
    )


# -- what stands behind them ------------------------------------------------------------------------------------------


def _accounts(payloads: Mapping[str, Any], product: str) -> list[Row]:
    where = f"mix/account/accounts.{product}"
    return rows(data(of(payloads, "mix/account/accounts", product), where), where)


def _several(accounts: list[Row]) -> bool:
    """Whether other coins stand behind a pool too, by every row, held or not: the mode is set, whatever is open."""
    modes = {row.choice("assetMode", _ASSET_MODES) for row in accounts if "assetMode" in row.raw}
    return True in modes


def _something_held(accounts: list[Row], held: list[Position]) -> None:
    """A margin coin with a risk or a profit has a position, whatever the list of positions says."""
    coins = {one.margin_asset for one in held}
    for row in accounts:
        if row.text("marginCoin") in coins:
            continue
        for field in ("crossedRiskRate", "unrealizedPL", "unionMm"):
            if row.raw.get(field) not in (None, "") and (said := row.number(field)) != 0:
                raise MomentsDifferError(row.path(field), f"no position is listed, yet it is {said}")


def _balance(
    accounts: list[Row], product: str, coin: str, held: list[Position], held_rows: list[Row], at: float
) -> Balance:
    """A pool."""
    found = [row for row in accounts if row.text("marginCoin") == coin]
    if len(found) != 1:
        raise PayloadError(f"mix/account/accounts.{product}", f"has {len(found)} rows of {coin}")
    [row] = found
    crossed = [one for one, position in zip(held_rows, held, strict=True) if position.pool == coin]
    ratios = [ratio(row, "crossedRiskRate", at), *(ratio(one, "marginRatio", at) for one in crossed)]
    # One figure, told by the account and by each position: the most dangerous, where they differ by a moment.
    risk = max((one for one in ratios if isinstance(one, Known)), key=lambda one: one.value, default=ratios[0])
    if "assetMode" not in row.raw:
        return Balance(coin, Unknown(f"{row.path('assetMode')} is missing"), ZERO, NOT_GIVEN, venue_ratio=risk)
    if row.choice("assetMode", _ASSET_MODES):
        why = Unknown("multi-assets mode: what stands behind the pool is not reckoned, Bitget's own ratio stands alone")
        return Balance(coin, why, ZERO, NOT_GIVEN, venue_ratio=risk)
    mine = [one for one, position in zip(held_rows, held, strict=True) if position.margin_asset == coin]
    gained = _gained(row, mine)
    wallet = row.number("accountEquity") - gained - row.not_negative("isolatedMargin")
    theirs = sum((one.number("unrealizedPL") for one in crossed), ZERO)
    return Balance(coin, wallet, theirs, NOT_GIVEN, venue_ratio=risk)


def _gained(account: Row, held: list[Row]) -> Decimal:
    """Unrealised profit in the equity, isolated positions' too; Bitget at times sends `""`: then the positions' sum."""
    if account.raw.get("unrealizedPL") == "":
        return sum((row.number("unrealizedPL") for row in held), ZERO)
    return account.number("unrealizedPL")


# -- orders -----------------------------------------------------------------------------------------------------------


def _orders(payloads: Mapping[str, Any], product: str) -> list[Row]:
    where = f"mix/order/orders-plan-pending.{product}"
    pages = of(payloads, "mix/order/orders-plan-pending", product)
    if not isinstance(pages, list):
        raise PayloadError(where, "a list was due")
    found: list[Row] = []
    for number, page in enumerate(pages):
        inner = Row.of(data(page, f"{where}[{number}]"), f"{where}[{number}].data")
        if inner.raw.get("entrustedList") is not None:
            found += inner.rows("entrustedList")
    known = {"live": True, "not_trigger": True, "executed": False, "executing": False, "cancelled": False}
    return [row for row in found if row.choice("planStatus", known)]
