"""The venue has changed its maintenance tiers: said, where that moves a liquidation price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import Book

SMALLEST = Decimal("0.0005")
"""A liquidation price that moves by less than this share of itself is not worth a word."""

READS = 3
"""Reads that must show the same new tiers before a word of it."""

NEAR_FUNDING = 60.0
HOUR = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Changing:
    """Tiers of a market that reads show since a while, and that are not told yet."""

    old: Market
    """The market with the tiers it had before."""
    new: tuple[Tier, ...]
    seen: int
    """In how many reads."""


def look(
    before: Mapping[str, Market],
    changing: Mapping[str, Changing],
    read: AccountRead,
    began: float,
    venue: str,
    desk: Desk,
    now: Instant,
) -> dict[str, Changing]:
    """Compare the tiers of a read with those it had before; what is still to be confirmed after it.

    `before` holds the markets of the last read by symbol; a market that had no tiers then has nothing to compare. A
    change is told once `READS` reads have shown the same. A read near a funding time counts for nothing, nor does one
    without the tiers.
    """
    after: dict[str, Changing] = {}
    changed: dict[str, Market] = {}
    near = near_funding(now.wall)
    for market in read.markets:
        one = changing.get(market.symbol)
        old = one.old if one is not None else before.get(market.symbol)
        if one is not None and (near or not market.tiers):
            after[market.symbol] = one
            continue
        if old is None or not old.tiers or not market.tiers or old.tiers == market.tiers:
            continue
        seen = 0 if near else 1
        if one is not None and one.new == market.tiers:
            seen += one.seen
        if seen < READS:
            after[market.symbol] = Changing(old, market.tiers, seen)
        else:
            changed[market.symbol] = old
    if changed:
        _tell(changed, read, began, venue, desk)
    return after


def near_funding(wall: float) -> bool:
    """Whether it is within a minute of a whole hour of UTC: the funding intervals of venues (1, 4, 8 h) end there."""
    return (wall + NEAR_FUNDING) % HOUR <= 2 * NEAR_FUNDING


def _tell(changed: Mapping[str, Market], read: AccountRead, began: float, venue: str, desk: Desk) -> None:
    """Say which liquidation prices of the positions of this read the old tiers would have put elsewhere."""
    markets = tuple(changed.get(market.symbol, market) for market in read.markets)
    as_before, as_now = (Book.of(one, began, {}) for one in (replace(read, markets=markets), read))
    lines = []
    for key, risk in sorted(as_now.positions.items()):
        was, will = as_before.positions[key].liquidation_ours, risk.liquidation_ours
        if moved(was, will):
            market = next((one for one in read.markets if one.symbol == key.symbol), None)
            moves = f"{_price(was, market)} → {_price(will, market)}"
            lines.append(f"{words.name(risk.position)}: liq {moves} by our solve")
    if lines:
        bases = ", ".join(sorted(symbol.split("/", maxsplit=1)[0] for symbol in changed))
        who = words.venue_name(venue)
        first = f"WARN · {who} CHANGED THE MAINTENANCE TIERS of {bases} · {desk.account}"
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
