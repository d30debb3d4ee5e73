"""The prices of a scenario, a tick a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from watchdog.paper.candles import Candle
from watchdog.paper.values import Market, Price


@dataclass(frozen=True, slots=True)
class Tape:
    """All prices from a start, one row a second. A market whose candles end earlier keeps its last price."""

    start_ms: int
    rows: Sequence[Mapping[str, Price]]

    def __len__(self) -> int:
        """Ticks on the tape."""
        return len(self.rows)

    def prices(self, index: int) -> Mapping[str, Price]:
        """The prices of a tick."""
        return self.rows[index]

    @classmethod
    def of_candles(
        cls,
        markets: Mapping[str, Market],
        last: Mapping[str, Sequence[Candle]],
        marks: Mapping[str, Sequence[Candle]],
    ) -> Self:
        """Walk the candles of every market; the mark price is the last price where it has no candles of its own."""
        paths = {symbol: _walk(candles, markets[symbol].tick) for symbol, candles in last.items()}
        mark_paths = {symbol: _walk(candles, markets[symbol].tick) for symbol, candles in marks.items()}
        rows = []
        for index in range(max(len(path) for path in [*paths.values(), *mark_paths.values()])):
            row = {}
            for symbol, path in paths.items():
                price = path[min(index, len(path) - 1)]
                mark_path = mark_paths.get(symbol, path)
                row[symbol] = Price(mark=mark_path[min(index, len(mark_path) - 1)], last=price)
            rows.append(row)
        start_ms = next(iter(last.values()))[0].open_ms
        return cls(start_ms, tuple(rows))


def _walk(candles: Sequence[Candle], tick: Decimal) -> list[Decimal]:
    return [price for candle in candles for _, price in candle.path(tick)]
