"""One-minute candles and the path of prices inside one: open, nearer extreme, other extreme, close; a tick a second."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

TICKS = 60
"""Ticks in a candle's minute: one a second."""
TICK_MS = 1_000
_MINUTE_MS = TICKS * TICK_MS
_COLUMNS = 5


class CandleError(ValueError):
    """A candle file that can't be used; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Candle:
    """A minute of prices."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def path(self, tick: Decimal) -> Iterator[tuple[int, Decimal]]:
        """The minute's ticks as (time ms, price): both extremes are met exactly, what lies between is on the tick.

        Time on each leg is in proportion to its length, at least a second, so the price moves evenly.
        """
        near, far = (self.high, self.low) if self.high - self.open <= self.open - self.low else (self.low, self.high)
        corners = (self.open, near, far, self.close)
        steps = _share_out([abs(b - a) for a, b in itertools.pairwise(corners)], TICKS - 1)
        yield self.open_ms, self.open
        at = 0
        for (start, end), count in zip(itertools.pairwise(corners), steps, strict=True):
            for step in range(1, count + 1):
                at += 1
                price = start + (end - start) * step / count
                yield self.open_ms + at * TICK_MS, end if step == count else _on_tick(price, tick)


def _share_out(lengths: Sequence[Decimal], total: int) -> list[int]:
    """Whole seconds for each leg, in proportion to its length, at least one each, `total` together."""
    whole = sum(lengths)
    spare = total - len(lengths)
    counts = [1 + (int(spare * length / whole) if whole else 0) for length in lengths]
    counts[lengths.index(max(lengths))] += total - sum(counts)
    return counts


def _on_tick(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value() * tick


def read_candles(path: Path) -> tuple[Candle, ...]:
    """Read a file of rows `open time ms, open, high, low, close`, a minute each, without gaps. Raises CandleError."""
    candles: list[Candle] = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CandleError(f"{path}: cannot be read ({error.__class__.__name__})") from error
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        if not row:
            continue
        candle = _read_row(row, f"{path}:{number}")
        if candles and candle.open_ms != candles[-1].open_ms + _MINUTE_MS:
            raise CandleError(f"{path}:{number}: the row is not one minute after the row above")
        candles.append(candle)
    if not candles:
        raise CandleError(f"{path}: holds no candles")
    return tuple(candles)


def _read_row(row: list[str], where: str) -> Candle:
    if len(row) != _COLUMNS:
        raise CandleError(f"{where}: {_COLUMNS} columns are wanted (open ms, open, high, low, close), not {len(row)}")
    try:
        candle = Candle(int(row[0]), *(Decimal(cell) for cell in row[1:]))
    except (ValueError, InvalidOperation) as error:
        raise CandleError(f"{where}: not a number in {','.join(row)!r}") from error
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(price.is_finite() and price > 0 for price in prices):
        raise CandleError(f"{where}: prices must be above zero")
    if candle.low != min(prices) or candle.high != max(prices):
        raise CandleError(f"{where}: high and low do not enclose open and close")
    return candle
