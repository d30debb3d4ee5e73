"""The arithmetic of the benchmarks: percentiles, ratios, and whether a budget is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed (nearest rank). Raises ValueError for none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    if not 0 < share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    if not values:
        raise ValueError("there is no median of nothing")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def compared(ours: Sequence[float], bare: Sequence[float]) -> dict[str, Any]:
    """Two samples side by side, and ours over bare at the median and at the 99th percentile."""
    both = {
        name: {"count": len(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}
        for name, values in (("ours", ours), ("bare", bare))
    }
    return {
        "ratio_p50": both["ours"]["p50"] / both["bare"]["p50"],
        "ratio_p99": both["ours"]["p99"] / both["bare"]["p99"],
        **both,
    }


def slope(points: Mapping[int, float]) -> float:
    """What one more of something costs: the least-squares line through cost by number. Raises ValueError below two."""
    if len(points) < 2:
        raise ValueError("a slope needs two points")
    middle = sum(points) / len(points)
    level = sum(points.values()) / len(points)
    spread = sum((number - middle) ** 2 for number in points)
    return sum((number - middle) * (cost - level) for number, cost in points.items()) / spread


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: a budget beside what was measured. `limit` None: nothing is promised, it is only shown."""

    what: str
    budget: str
    measured: float
    unit: str
    limit: float | None
    detail: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        return None if self.limit is None else self.measured <= self.limit

    @property
    def verdict(self) -> str:
        """The same in a word."""
        return {None: "", True: "ok", False: "OVER"}[self.kept]
