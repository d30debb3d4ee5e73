"""Readings of positions without an account: what the daemon and `explain` say, for figures of anybody's own."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.domain.market import Market
from watchdog.domain.position import AccountModes, AccountRead, Balance, Position, Stop
from watchdog.risk.book import Book

_MODES = AccountModes(hedge=False, multi_asset=False, can_trade=False, either_leg=True)


def reckon(
    positions: Iterable[Position],
    markets: Iterable[Market],
    balances: Iterable[Balance] = (),
    stops: Iterable[Stop] = (),
    at: float = 0.0,
) -> Book:
    """Every reading of these positions and of the pools they share, at the marks they carry.

    Args:
        positions: Isolated ones carry their margin, cross ones name their pool (`shared`, else the margin asset).
        markets: With the tiers of every position's symbol.
        balances: What stands behind each pool; a pool without one is Unknown.
        stops: What rests, for stop coverage.
        at: The time the readings carry.

    Raises nothing: what can't be reckoned is Unknown, and says why.
    """
    held, resting = tuple(positions), tuple(stops)
    return Book.of(AccountRead(_MODES, held, tuple(balances), resting, tuple(markets), 0), at, {})
