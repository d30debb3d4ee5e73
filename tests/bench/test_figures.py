"""The arithmetic of the benchmarks. Nothing is timed here."""

from __future__ import annotations

import json

import pytest

from tests.bench.__main__ import lines, table, written
from tests.bench.figures import Line, compared, median, percentile, slope


def test_a_percentile_is_a_value_that_was_seen() -> None:
    """Nearest rank: the 99th of a hundred is the second largest, of ten the largest."""
    hundred = [float(number) for number in range(100, 0, -1)]
    assert percentile(hundred, 0.99) == 99.0
    assert percentile(hundred, 0.5) == 50.0
    assert percentile(hundred, 1.0) == 100.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.01)])
def test_no_percentile_of_nothing(values: list[float], share: float) -> None:
    """Nothing measured, or a share that is none, is an error and not a zero."""
    with pytest.raises(ValueError, match=r"percentile|share"):
        percentile(values, share)


def test_the_median_of_two_is_between_them() -> None:
    """Odd: the middle; even: the mean of the two there."""
    assert median([5.0, 1.0, 3.0]) == 3.0
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5
    with pytest.raises(ValueError, match="median"):
        median([])


def test_ratios_are_ours_over_bare() -> None:
    """Above 1 we are slower; counts and both figures stand beside the ratio."""
    found = compared([2.0, 4.0, 6.0], [1.0, 2.0])
    assert (found["ratio_p50"], found["ratio_p99"]) == (4.0, 3.0)
    assert found["ours"] == {"count": 3, "p50": 4.0, "p99": 6.0}
    assert found["bare"] == {"count": 2, "p50": 1.0, "p99": 2.0}


def test_a_slope_is_what_one_more_costs() -> None:
    """Through points on a line it is the line's; one point has none."""
    assert slope({1: 110.0, 5: 150.0, 10: 200.0}) == pytest.approx(10.0)
    with pytest.raises(ValueError, match="two points"):
        slope({1: 5.0})


def test_a_budget_is_kept_up_to_its_limit() -> None:
    """At the limit it is kept, above it is not; without one nothing is said."""
    line = Line("start", "≤ 1.5 × bare", 1.5, "×", 1.5)
    assert (line.kept, line.verdict) == (True, "ok")
    over = Line("start", "≤ 1.5 × bare", 1.51, "×", 1.5)
    assert (over.kept, over.verdict) == (False, "OVER")
    shown = Line("p50", "", 9.0, "×", None)
    assert (shown.kept, shown.verdict) == (None, "")


def test_the_file_and_the_table_say_the_same() -> None:
    """Both ratios stand at the top of the file; every row of the table is in it; parts not measured are left out."""
    found = {
        "request": compared([0.003, 0.004], [0.002, 0.002]),
        "idle": {
            "isolated": {100: 0.0003, 10_000: 0.0004},
            "cross": {100: 0.01, 1_000: 0.1},
            "ratio_isolated": 4 / 3,
            "ratio_cross": 10.0,
        },
        "silence": {"market": [14.0], "private": [15.5], "longest": 15.5},
    }
    rows = lines(found)
    file = json.loads(json.dumps(written(found, rows, quick=True)))
    assert (file["ratio_p50"], file["ratio_p99"]) == (1.5, 2.0)
    kept = {row["what"]: row["kept"] for row in file["table"]}
    assert kept == {
        "crossing tick → request, p50": None,
        "crossing tick → request, p99": False,
        "idle tick, 10,000 isolated over 100": True,
        "idle tick, a pool of 1,000 over 100": None,
        "a silent stream is noticed, longest": False,
    }
    assert table(rows).row_count == len(rows) == len(kept)
    assert "ratio_p50" not in written({}, [], quick=False)
