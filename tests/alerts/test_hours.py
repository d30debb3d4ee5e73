"""The hours at which a rule counts: on the clocks of its zone, on every day of the year."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.bench import BTC, WALL, Bench, account, only, position, resting
from watchdog.alerts.hours import counts, next_edge
from watchdog.domain.effects import Place, WakeAt
from watchdog.rules.schema import Between, Ruleset

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Between(23 * 60, 7 * 60 + 30, BERLIN, "23:00-07:30 Europe/Berlin")
ROOM = '[[rule]]\nname = "room"\nmetric = "room_used"\ncritical = "40%"\n'
STOP = '[[rule]]\nname = "no stop"\nmetric = "stop_coverage"\ncritical = "below 95%"\n'
STOP += 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'


def at(text: str, zone: ZoneInfo | None = None) -> float:
    """Wall seconds of a time as it is written, in UTC or on the clocks of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()


def within(rules: Ruleset, between: Between) -> Ruleset:
    """The same rules, at these hours only."""
    return replace(rules, rules=tuple(replace(rule, between=between) for rule in rules.rules))


@pytest.mark.parametrize(
    ("local", "expected"),
    [("22:59:59", False), ("23:00:00", True), ("03:00:00", True), ("07:29:59", True), ("07:30:00", False)],
)
def test_hours_over_midnight(local: str, expected: bool) -> None:
    """From the start, up to and without the end, of the next day."""
    assert counts(NIGHT, at(f"2025-10-10 {local}", BERLIN)) is expected


def test_hours_within_a_day() -> None:
    """The same by day; and without hours a rule always counts."""
    day = Between(9 * 60, 17 * 60, BERLIN, "")
    assert [counts(day, at(f"2025-10-10 {hour}:00", BERLIN)) for hour in ("08", "09", "16", "17")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert counts(None, 0.0)


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    """30 March 2025, 02:00 becomes 03:00: hours that begin inside the gap begin with the change itself."""
    gap = Between(2 * 60 + 30, 5 * 60, BERLIN, "")
    assert not counts(gap, at("2025-03-30 00:59:59"))
    assert counts(gap, at("2025-03-30 01:00:00")), "03:00 summer time: past half past two"
    assert next_edge(gap, at("2025-03-30 00:00")) == at("2025-03-30 01:00")
    assert next_edge(NIGHT, at("2025-03-29 23:00", BERLIN)) == at("2025-03-30 05:30"), "07:30 summer time"


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    """26 October 2025, 03:00 becomes 02:00: an hour that comes twice counts twice."""
    twice = Between(2 * 60, 2 * 60 + 30, BERLIN, "")
    edges, wall = [], at("2025-10-25 22:00")
    for _ in range(4):
        wall = next_edge(twice, wall) or 0.0
        edges.append(wall)
    assert edges == [at(f"2025-10-26 {hour}") for hour in ("00:00", "00:30", "01:00", "01:30")]
    assert next_edge(NIGHT, at("2025-10-25 22:00")) == at("2025-10-26 06:30")


@given(
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    wall=st.floats(1_735_689_600, 1_767_225_600),
)
def test_nothing_changes_before_the_next_edge_and_it_does_there(start: int, end: int, zone: str, wall: float) -> None:
    """At any minute of 2025, in zones of half and quarter hours and of half hours of summer time."""
    between = Between(start, end, ZoneInfo(zone), "")
    edge = next_edge(between, wall)
    if start == end:
        assert edge is None
        return
    assert edge is not None
    assert wall < edge <= wall + 2 * 86400
    now = counts(between, wall)
    assert counts(between, edge) is not now
    assert all(counts(between, wall + (edge - 1 - wall) * part / 7) is now for part in range(8) if edge - 1 > wall)


def test_out_of_its_hours_a_rule_does_not_fire_and_it_fires_when_they_begin() -> None:
    """Without a read or a tick: it asks to be woken then."""
    starts = datetime.fromtimestamp(WALL + 61, UTC)
    soon = Between(starts.hour * 60 + starts.minute, 0, ZoneInfo("UTC"), "soon")
    begin = 60 - WALL % 60
    bench = Bench.with_rules(within(only(ROOM), soon))
    bench.read(account(position(mark="95000")))
    assert bench.firing() == set()
    wakes: list[float] = []
    while bench.mono < begin and f"rule:room|{BTC}" not in bench.firing():
        bench.mono = bench.wake
        wakes += [effect.mono for effect in bench.due() if isinstance(effect, WakeAt)]
        if bench.mono % 10 < 5:
            bench.read(account(position(mark="95000")))
    assert bench.mono == begin
    assert bench.firing() == {f"rule:room|{BTC}"}


def test_what_fires_when_its_hours_end_is_over_quietly_and_says_so() -> None:
    """It began, and is not judged any more; nothing says that the danger is over."""
    ends = datetime.fromtimestamp(WALL + 120, UTC)
    until = Between(0, ends.hour * 60 + ends.minute, ZoneInfo("UTC"), "00:00-20:51 UTC")
    bench = Bench.with_rules(within(only(ROOM), until))
    bench.read(account(position(mark="95000")))
    assert bench.firing() == {f"rule:room|{BTC}"}
    for _ in range(12):
        bench.after(10).read(account(position(mark="95000")))
    assert bench.firing() == set()
    over = bench.messages()[-1]
    assert (over.event, over.sound) == ("resolved", False)
    assert over.lines[:2] == (
        f'OK · {BTC} · rule "room" counts at 00:00-20:51 UTC only · main',
        "It began 2 min ago; it is not judged now.",
    )


def test_a_stop_placed_in_its_hours_is_kept_up_after_them() -> None:
    """Hours end what is said and what is newly asked for; no protection is taken away."""
    ends = datetime.fromtimestamp(WALL + 120, UTC)
    until = Between(0, ends.hour * 60 + ends.minute, ZoneInfo("UTC"), "")
    bench = Bench.with_rules(within(only(STOP), until))
    held = position()
    (place,) = [effect for effect in bench.read(account(held)) if isinstance(effect, Place)]
    bench.after(1).answer(place)
    stop = resting(place.order)
    for _ in range(14):
        bench.after(10).read(account(held, stops=[stop]))
    assert bench.cancelled() == []
    bench.after(1).read(account(replace(held, size=held.size * 2), stops=[stop]))
    assert len(bench.placed()) == 2, "it grew, and the stop grows with it"


def test_a_position_opened_out_of_hours_gets_no_stop() -> None:
    """The rule is not in force."""
    begins = datetime.fromtimestamp(WALL + 7200, UTC)
    later = Between(begins.hour * 60, begins.hour * 60 + 30, ZoneInfo("UTC"), "")
    bench = Bench.with_rules(within(only(STOP), later))
    for _ in range(5):
        bench.read(account(position()))
        bench.after(10)
    assert bench.placed() == []
