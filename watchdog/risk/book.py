"""The book: every position and pool of one account read, valued at the newest marks.

A new mark values anew its own positions and the pools they are in; all else is the same object as before. Maps are
persistent, so an update costs the positions it touches, not the account.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from rpds import HashTrieMap

from watchdog.domain.changed import replace
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    Position,
    PositionKey,
    PositionSide,
    Stop,
    Terms,
)
from watchdog.domain.reading import Reading, Unknown
from watchdog.risk.exact import exactly
from watchdog.risk.liquidation import anchored
from watchdog.risk.pool import pool_risk
from watchdog.risk.position import position_risk
from watchdog.risk.tiers import Requirement, why_unusable
from watchdog.risk.valuation import NO_GAP, Holding, RatioGap, mark_reading, positive, ratio_gap, worth_of
from watchdog.risk.values import PoolRisk, PositionRisk, StreamedMark, Worth

Marks: TypeAlias = Mapping[str, StreamedMark | tuple[Decimal, float]]
"""Symbol to mark price and the monotonic time at which it reached us."""

_Worths: TypeAlias = "HashTrieMap[PositionKey, Worth]"  # a string: rpds maps take no [] at run time
_Pools: TypeAlias = "HashTrieMap[str, PoolRisk]"
_Requirements: TypeAlias = dict[tuple[str, Decimal, tuple[Tier, ...] | None], Requirement | Unknown]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What one snapshot fixes: who is where, and what stands behind whom. Never changed, shared by all books of it."""

    at: float
    refusal: Unknown | None
    """Why this account has no numbers at all."""
    holdings: Mapping[PositionKey, Holding]
    by_symbol: Mapping[str, tuple[PositionKey, ...]]
    pools: Mapping[str, tuple[PositionKey, ...]]
    balances: Mapping[str, Balance | Unknown]
    ratio_gaps: Mapping[str, RatioGap] = field(default_factory=dict)
    """Per pool by how much the venue's margin ratio was above ours."""

    def pool_of(self, key: PositionKey) -> str | None:
        return self.holdings[key].position.pool

    def coins(self, asset: str) -> Mapping[str, Decimal] | None:
        balance = self.balances[asset]
        return None if isinstance(balance, Unknown) else balance.collateral


@dataclass(frozen=True, slots=True)
class Book:
    """The risk of every position and cross pool of an account. Made by `Book.of`, moved on by `with_mark`."""

    read: AccountRead
    at: float
    """Monotonic time of the read: the age of sizes, wallets, stops and the venue's own figures."""
    positions: HashTrieMap[PositionKey, PositionRisk]
    pools: HashTrieMap[str, PoolRisk]
    """By margin asset; only assets that stand behind a cross position."""
    _marks: HashTrieMap[str, StreamedMark] = field(repr=False)
    _worths: _Worths = field(repr=False)
    _frame: _Frame = field(repr=False, compare=False)

    @staticmethod
    @exactly
    def of(read: AccountRead, at: float, marks: Marks) -> Book:
        """Value a read. `at` is the monotonic time from which a streamed mark counts as newer than the read's own.

        Pass the time at which the read's first request left: the venue took its marks after that, and a mark that
        reached us later is at least nearly as new. The venue's liquidation prices are compared with ours at the read's
        own marks, before any of `marks` is used.
        """
        frame = _frame_of(read, at)
        own = {
            key: mark_reading(key.symbol, each.position.mark, "snapshot", at) for key, each in frame.holdings.items()
        }
        empty = Book(read, at, HashTrieMap(), HashTrieMap(), HashTrieMap(), HashTrieMap(), frame)
        if frame.refusal:
            return empty._valued(own, frame.holdings, frame.pools)
        frame = _anchored(frame, own)
        newer = {
            symbol: StreamedMark(*mark) for symbol, mark in marks.items() if symbol in frame.by_symbol and mark[1] >= at
        }
        for symbol, mark in newer.items():
            own |= dict.fromkeys(frame.by_symbol[symbol], mark_reading(symbol, mark.price, "stream", mark.at))
        book = replace(empty, _frame=frame, _marks=HashTrieMap(newer))
        return book._valued(own, frame.holdings, frame.pools)  # noqa: SLF001 -- its own class

    def with_mark(self, symbol: str, price: Decimal, at: float) -> Book:
        """The book at a new mark price of one symbol: `with_marks` of it alone."""
        return self.with_marks({symbol: price}, at)

    @exactly
    def with_marks(self, prices: Mapping[str, Decimal], at: float) -> Book:
        """The book at new mark prices; itself when it holds none of the symbols or knows newer marks.

        Values anew the symbols' positions and, in cross mode, the others of their pools, each pool once. The same as
        `Book.of` with these marks, figure for figure.
        """
        frame = self._frame
        if frame.refusal:
            return self
        marks = self._marks
        worths: dict[PositionKey, Reading] = {}
        for symbol, price in prices.items():
            keys = frame.by_symbol.get(symbol, ())
            last = marks.get(symbol)
            if keys and at >= (self.at if last is None else last.at):
                marks = marks.insert(symbol, StreamedMark(price, at))
                worths |= dict.fromkeys(keys, mark_reading(symbol, price, "stream", at))
        if not worths:
            return self
        touched = dict.fromkeys(pool for key in worths if (pool := frame.pool_of(key)) is not None)
        isolated = [key for key in worths if frame.pool_of(key) is None]
        pooled = (key for pool in touched for key in frame.pools[pool])
        return replace(self, _marks=marks)._valued(worths, [*isolated, *pooled], touched)  # noqa: SLF001 -- its own class

    def shared(self, symbol: str, others: Iterable[str]) -> tuple[str, ...]:
        """Those of the other symbols that have a position in a pool in which this one has one too."""
        frame = self._frame
        pools = {pool for key in frame.by_symbol.get(symbol, ()) if (pool := frame.pool_of(key)) is not None}
        if not pools:
            return ()
        return tuple(
            other
            for other in others
            if other != symbol and any(frame.pool_of(key) in pools for key in frame.by_symbol.get(other, ()))
        )

    def _valued(self, marks: Mapping[PositionKey, Reading], keys: Iterable[PositionKey], pools: Iterable[str]) -> Book:
        """The book with the worth of `marks`' positions, then `pools`, then the readings of `keys` made anew."""
        frame = self._frame
        worths, risks = self._worths, self.positions
        for key, mark in marks.items():
            worths = worths.insert(key, worth_of(frame.holdings[key], mark))
        pool_risks = _pool_risks(frame, worths, self.pools, pools)
        for key in keys:
            asset = frame.pool_of(key)
            holding, worth = frame.holdings[key], worths[key]
            if asset is None:
                risk = position_risk(holding, worth, None, 0)
            else:
                pair = [(frame.holdings[one], worths[one]) for one in holding.pair]
                pool, size = pool_risks[asset], len(frame.pools[asset])
                risk = position_risk(holding, worth, pool, size, pair, frame.coins(asset))
            risks = risks.insert(key, risk)
        return replace(self, positions=risks, pools=pool_risks, _worths=worths)


def _pool_risks(frame: _Frame, worths: _Worths, pools: _Pools, assets: Iterable[str]) -> _Pools:
    for asset in assets:
        members = [(frame.holdings[key], worths[key]) for key in frame.pools[asset]]
        gap = frame.ratio_gaps.get(asset, NO_GAP)
        pools = pools.insert(asset, pool_risk(asset, frame.balances[asset], members, frame.at, gap))
    return pools


def _frame_of(read: AccountRead, at: float) -> _Frame:
    refusal = _refusal(read)
    markets = {market.symbol: market for market in read.markets}
    stops: defaultdict[str, list[Stop]] = defaultdict(list)
    for stop in read.stops:
        stops[stop.symbol].append(stop)
    requirements: _Requirements = {}
    holdings: dict[PositionKey, Holding] = {}
    by_symbol: defaultdict[str, list[PositionKey]] = defaultdict(list)
    pools: defaultdict[str, list[PositionKey]] = defaultdict(list)
    units = {balance.asset: balance.unit for balance in read.balances}
    for position in read.positions:
        symbol, key = position.symbol, position.key
        requirement = refusal or _required(position, markets.get(symbol), requirements)
        unset = Unknown(f"{symbol} venue liquidation price: not compared")
        flaw = refusal or _flaw(position, read.modes)
        if key in holdings:
            continue  # refused above: the read holds it twice
        by_symbol[symbol].append(key)
        if (pool := position.pool) is not None:
            pools[pool].append(key)
        holdings[key] = Holding(
            position,
            flaw or requirement,
            flaw,
            tuple(stops[symbol]),
            flaw or unset,
            flaw or unset,
            quoted=position.inverse and pool is not None and units.get(pool, pool) != position.margin_asset,
            base=markets[symbol].base if symbol in markets else "",
        )
    for keys in by_symbol.values():
        if len(keys) > 1:
            for key in keys:
                pair = tuple(one for one in keys if one != key and holdings[one].position.pool is not None)
                if holdings[key].position.pool is not None and pair:
                    holdings[key] = replace(holdings[key], pair=pair)
    return _Frame(
        at,
        refusal,
        holdings,
        {symbol: tuple(keys) for symbol, keys in by_symbol.items()},
        {asset: tuple(keys) for asset, keys in pools.items()},
        {asset: refusal or _balance(read, asset) for asset in pools},
    )


def _refusal(read: AccountRead) -> Unknown | None:
    """Why a whole account has no numbers: formulas we do not have yet, or a read that contradicts itself."""
    if read.modes.no_numbers:
        return Unknown(read.modes.no_numbers)
    for key, rows in Counter(position.key for position in read.positions).items():
        if rows > 1:
            return Unknown(f"{key.symbol}: the read holds this position {rows} times")
    return None


def _flaw(position: Position, modes: AccountModes) -> Unknown | None:
    """Why a row cannot be a position."""
    if (position.position_side is PositionSide.BOTH) == modes.hedge and not modes.either_leg:
        what = "no leg in hedge mode" if modes.hedge else f"a {position.position_side} leg in one-way mode"
        return Unknown(f"{position.symbol} position side: {what}")
    return positive(position.symbol, "size", position.size)


def _required(position: Position, market: Market | None, known: _Requirements) -> Requirement | Unknown:
    """What a position requires, with what its terms put on top of the tiers or instead of them."""
    if position.terms.unreckoned:
        return Unknown(f"{position.symbol} maintenance: {position.terms.unreckoned}")
    requirement = _requirement(position, market, known)
    if isinstance(requirement, Unknown) or not position.terms.fixed:
        return requirement
    return requirement.plus(position.terms.fixed)


def _requirement(position: Position, market: Market | None, known: _Requirements) -> Requirement | Unknown:
    """By the symbol's tiers and the position's terms; `known` keeps what does not differ between positions."""
    terms, symbol = position.terms, position.symbol
    one = (symbol, terms.fee, terms.tiers)
    if one not in known:
        known[one] = _tabled(symbol, market, terms)
    table = known[one]
    if not terms.at_entry or isinstance(table, Unknown):
        return table
    if problem := positive(symbol, "entry price", position.entry):
        return problem
    return Requirement.fixed(table.plain_at(position.notional(position.entry)))


def _tabled(symbol: str, market: Market | None, terms: Terms) -> Requirement | Unknown:
    if market is None:
        return Unknown(f"{symbol} tiers: its market was not read")
    tiers = market.tiers if terms.tiers is None else terms.tiers
    if problem := why_unusable(tiers):
        return Unknown(f"{symbol} tiers: {problem}")
    return Requirement.of(tiers, terms.fee)


def _balance(read: AccountRead, asset: str) -> Balance | Unknown:
    rows = [balance for balance in read.balances if balance.asset == asset]
    match rows:
        case [balance]:
            return balance
        case []:
            return Unknown(f"{asset} wallet: no balance row")
        case _:
            return Unknown(f"{asset} wallet: {len(rows)} balance rows")


def _anchored(frame: _Frame, marks: Mapping[PositionKey, Reading]) -> _Frame:
    """The frame with every venue price judged and compared at the snapshot's own marks."""
    worths: _Worths = HashTrieMap({key: worth_of(each, marks[key]) for key, each in frame.holdings.items()})
    pools = _pool_risks(frame, worths, HashTrieMap(), frame.pools)
    gaps = {asset: ratio_gap(pool.ratio_venue, pool.ratio_ours, pool.equity) for asset, pool in pools.items()}
    if any(gap.ratio for gap in gaps.values()):
        frame = replace(frame, ratio_gaps=gaps)
        pools = _pool_risks(frame, worths, HashTrieMap(), frame.pools)
    holdings: dict[PositionKey, Holding] = {}
    for key, holding in frame.holdings.items():
        asset = frame.pool_of(key)
        if holding.flaw:
            holdings[key] = holding
        elif asset is None:
            holdings[key] = anchored(holding, worths[key], None)
        else:
            pair = [(frame.holdings[one], worths[one]) for one in holding.pair]
            holdings[key] = anchored(holding, worths[key], pools[asset], pair, frame.coins(asset))
    return replace(frame, holdings=holdings)
