"""The hours of the day at which a rule counts, on the clock of its own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from watchdog.rules.schema import Between

MINUTE = 60
DAY = 86400


def counts(between: Between | None, wall: float) -> bool:
    """Whether a rule is in force at this wall time: from its start up to its end, as the clocks of its zone show it."""
    if between is None:
        return True
    local = datetime.fromtimestamp(wall, UTC).astimezone(between.zone)
    minute = local.hour * 60 + local.minute
    if between.start < between.end:
        return between.start <= minute < between.end
    return minute >= between.start or minute < between.end


def next_edge(between: Between, wall: float) -> float | None:
    """The wall time at which `counts` next changes; None when it does not within three days."""
    today = int(wall // DAY)
    for day in (today, today + 1, today + 2):
        for edge in _edges(between, day):
            if edge > wall:
                return edge
    return None


@lru_cache(maxsize=256)
def _edges(between: Between, day: int) -> tuple[float, ...]:
    """Every change within a day of UTC.

    Looked for minute by minute: where the clocks are changed an hour comes twice or not at all, and an edge can be the
    change itself. Zones differ from UTC by whole minutes.
    """
    begin = day * DAY
    last = counts(between, begin - MINUTE)
    edges = []
    for wall in range(begin, begin + DAY, MINUTE):
        now = counts(between, wall)
        if now is not last:
            edges.append(float(wall))
        last = now
    return tuple(edges)
