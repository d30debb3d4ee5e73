"""Candles and the path of prices inside them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paper.support import D
from watchdog.paper.candles import TICKS, Candle, CandleError, read_candles

MINUTE = 1_760_129_340_000


def test_the_nearer_extreme_comes_first() -> None:
    """From an open near its high: up to the high, down to the low, back to the close."""
    candle = Candle(MINUTE, D(100), D(101), D(90), D(95))
    path = [price for _, price in candle.path(D("0.1"))]
    assert path[0] == D(100)
    assert path[-1] == D(95)
    assert path.index(D(101)) < path.index(D(90))
    assert path == sorted(path[: path.index(D(101)) + 1]) + path[path.index(D(101)) + 1 :]


prices = st.decimals(D("0.1"), D(1_000), places=1)


@given(st.lists(prices, min_size=4, max_size=4))
def test_sixty_ticks_reach_both_extremes_exactly(four: list[Decimal]) -> None:
    """A tick a second, all inside the candle, both extremes met, on the tick."""
    candle = Candle(MINUTE, four[0], max(four), min(four), four[1])
    path = list(candle.path(D("0.1")))
    assert [time for time, _ in path] == [MINUTE + 1_000 * second for second in range(TICKS)]
    found = [price for _, price in path]
    assert (max(found), min(found), found[-1]) == (candle.high, candle.low, candle.close)
    assert all(price % D("0.1") == 0 for price in found)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "holds no candles"),
        ("1,2,3", "5 columns are wanted"),
        ("1,x,2,1,1", "not a number"),
        ("1,-1,2,-1,1", "above zero"),
        ("1,5,4,1,1", "do not enclose"),
        ("0,1,1,1,1\n60001,1,1,1,1", ":2: the row is not one minute after"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, rows: str, said: str) -> None:
    """A wrong row says which file, which line, what is wrong."""
    path = tmp_path / "x.csv"
    path.write_text(rows)
    with pytest.raises(CandleError, match=said):
        read_candles(path)
