"""The venue has changed its maintenance tiers: said, where that moves a liquidation price."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import AccountRead, PositionKey
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import Book

SMALLEST = Decimal("0.0005")
"""A liquidation price that moves by less than this share of itself is not worth a word."""

READS = 3
"""Reads that must show the same new tiers before a word of it."""

NEAR_FUNDING = 60.0
HOUR = 3600.0
"""Seconds."""

ALIKE = Decimal("0.01")
"""Own tables are reckoned from rounded figures of each read: numbers nearer than this share of themselves are alike."""

Tiers: TypeAlias = tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Changing:
    """Tiers of a position that reads show since a while, and that are not told yet."""

    old: Tiers
    """What counted for it before."""
    new: Tiers
    size: Decimal
    """Of the position."""
    seen: int
    """In how many reads."""


@dataclass(frozen=True, slots=True)
class _Table:
    """What a position's maintenance goes by."""

    tiers: Tiers
    size: Decimal
    own: bool
    """Whether it is no table of the market's: then its size may have a part in it."""


def look(
    before: AccountRead | None,
    changing: Mapping[PositionKey, Changing],
    read: AccountRead,
    began: float,
    venue: str,
    desk: Desk,
    now: Instant,
) -> dict[PositionKey, Changing]:
    """Compare the tiers that count for each position with those of the read `before`; what is yet to be confirmed.

    Those are its own where it carries some, else its market's. A position that had none has nothing to compare, nor
    has one with tiers of its own that is of another size now. A change is told once `READS` reads have shown the same.
    A read near a funding time counts for nothing, nor does one without the tiers.
    """
    after: dict[PositionKey, Changing] = {}
    changed: dict[PositionKey, Tiers] = {}
    near = near_funding(now.wall)
    was = {} if before is None else _tables(before)
    own = set[PositionKey]()
    for key, table in _tables(read).items():
        one, last = changing.get(key), was.get(key)
        if one is not None and table.own and one.size != table.size:
            continue
        if one is not None and (near or not table.tiers):
            after[key] = one
            continue
        if last is None or last.own is not table.own or (table.own and last.size != table.size):
            continue
        old = last.tiers if one is None else one.old
        if not old or not table.tiers or _alike(old, table):
            continue
        seen = 0 if near else 1
        if one is not None and _alike(one.new, table):
            seen += one.seen
        if seen < READS:
            after[key] = Changing(old, table.tiers, table.size, seen)
        else:
            changed[key] = old
            own |= {key} if table.own else set()
    if changed:
        _tell(changed, own, read, began, venue, desk)
    return after


def _tables(read: AccountRead) -> dict[PositionKey, _Table]:
    """What counts for each position; a position without its market has none."""
    markets = {market.symbol: market.tiers for market in read.markets}
    return {
        position.key: _Table(markets.get(position.symbol, ()), position.size, own=False)
        if position.terms.tiers is None
        else _Table(position.terms.tiers, position.size, own=True)
        for position in read.positions
    }


def _alike(old: Tiers, table: _Table) -> bool:
    """Whether a table says the same as before."""
    if not table.own or len(old) != len(table.tiers):
        return old == table.tiers
    return all(
        _near(one, other)
        for was, is_ in zip(old, table.tiers, strict=True)
        for one, other in ((was.floor, is_.floor), (was.cap, is_.cap), (was.rate, is_.rate), (was.cum, is_.cum))
    )


def _near(one: Decimal | None, other: Decimal | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= ALIKE * max(abs(one), abs(other))


def near_funding(wall: float) -> bool:
    """Whether it is within a minute of a whole hour of UTC: the funding intervals of venues (1, 4, 8 h) end there."""
    return (wall + NEAR_FUNDING) % HOUR <= 2 * NEAR_FUNDING


def _tell(
    changed: Mapping[PositionKey, Tiers],
    own: Collection[PositionKey],
    read: AccountRead,
    began: float,
    venue: str,
    desk: Desk,
) -> None:
    """Say which liquidation prices of the positions of this read the old tiers would have put elsewhere."""
    positions = tuple(
        replace(one, terms=replace(one.terms, tiers=changed[one.key])) if one.key in changed else one
        for one in read.positions
    )
    as_before, as_now = (Book.of(one, began, {}) for one in (replace(read, positions=positions), read))
    lines = []
    for key, risk in sorted(as_now.positions.items()):
        was, will = as_before.positions[key].liquidation_ours, risk.liquidation_ours
        if moved(was, will):
            market = next((one for one in read.markets if one.symbol == key.symbol), None)
            moves = f"{_price(was, market)} → {_price(will, market)}"
            lines.append(f"{words.name(risk.position)}: liq {moves} by our solve")
    if lines:
        bases = ", ".join(sorted({key.symbol.split("/", maxsplit=1)[0] for key in changed}))
        who = words.venue_name(venue)
        first = f"WARN · {who} CHANGED THE MAINTENANCE TIERS of {bases} · {desk.account}"
        if set(changed) == set(own):
            first = f"WARN · {who} TAKES ANOTHER MAINTENANCE RATE of {bases} · {desk.account}"
            lines.append("Its table changed, or other positions or orders of yours that count toward the same tier.")
        desk.tell("tiers", Level.WARN, (first, *lines))


def moved(was: Reading, will: Reading) -> bool:
    """Whether a liquidation price is another one now: by a share of itself, or from none to one."""
    if isinstance(was, Known) and isinstance(will, Known):
        return abs(will.value - was.value) > was.value * SMALLEST
    return isinstance(was, Known) is not isinstance(will, Known)


def _price(reading: Reading, market: Market | None) -> str:
    match reading:
        case Known(value=value):
            return words.price(value, market)
        case Never():
            return "none"
        case _:
            return f"UNKNOWN ({reading.reason})"
