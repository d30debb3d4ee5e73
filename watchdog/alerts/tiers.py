"""The venue has changed its maintenance tiers: said, where that moves a liquidation price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.domain.effects import Level
from watchdog.domain.market import Market
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Reading
from watchdog.risk import Book

SMALLEST = Decimal("0.0005")
"""A liquidation price that moves by less than this share of itself is not worth a word."""


def look(before: Mapping[str, Market], read: AccountRead, began: float, venue: str, desk: Desk) -> None:
    """Compare the tiers of a read with those of the read before it, at the positions of the new one.

    `before` holds the markets of the last read by symbol; a market that had no tiers then has nothing to compare.
    """
    changed = {
        market.symbol: old
        for market in read.markets
        if (old := before.get(market.symbol)) is not None and old.tiers and market.tiers and old.tiers != market.tiers
    }
    if not changed:
        return
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
    return words.price(reading.value, market) if isinstance(reading, Known) else "none"
