"""The life of one alert, look by look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from watchdog.alerts.lifecycle import Alert, Event, Look, advance, from_json, next_due, to_json, unseen
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.rules.evaluate import Truth
from watchdog.rules.schema import Threshold

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
REPEAT = 1800.0
NOTHING: Mapping[Level, float] = {}


def threshold(*, hold: float = 0.0, keep: float = 0.0, confirm: int = 1) -> Threshold:
    """Only times matter here: the looks say what is reached."""
    return Threshold(at=Decimal(0), clear=Decimal(0), hold=hold, keep=keep, confirm=confirm)


class Life:
    """One alert under thresholds, with a clock moved by hand."""

    def __init__(self, thresholds: Mapping[Level, Threshold]) -> None:
        self.thresholds = thresholds
        self.alert = Alert("a")
        self.mono = 0.0

    def look(
        self,
        reached: Truth | Mapping[Level, Truth],
        cleared: Truth | Mapping[Level, Truth] = NO,
        *,
        after: float = 0.0,
        distance: str | None = None,
        fresh: bool = True,
    ) -> Event | None:
        """One look; a single truth is meant for every level."""
        self.mono += after
        look = Look(
            reached if isinstance(reached, Mapping) else dict.fromkeys(self.thresholds, reached),
            cleared if isinstance(cleared, Mapping) else dict.fromkeys(self.thresholds, cleared),
            None if distance is None else Decimal(distance),
            fresh,
        )
        self.alert, event = advance(self.alert, self.thresholds, look, REPEAT, Instant(self.mono, 1e9 + self.mono))
        return event


CRITICAL_ONLY = {Level.CRITICAL: threshold()}
HELD = {Level.CRITICAL: threshold(hold=60.0)}


def test_it_fires_once_its_condition_has_held_long_enough() -> None:
    """`hold` is a time of truth: 59 s are not enough, 60 s are, and a fall back in between begins it anew."""
    life = Life(HELD)
    assert life.look(YES) is None
    assert life.look(YES, after=59) is None
    assert life.look(NO, after=0.5) is None
    assert life.look(YES, after=1) is None
    assert life.look(YES, after=59.9) is None
    assert life.look(YES, after=0.1) is Event.FIRED
    assert life.look(YES, after=1) is None


def test_unknown_neither_advances_nor_resets_hold() -> None:
    """30 s true, 100 s unknown, 30 s true: fires at the end of the second thirty, not before and not later."""
    life = Life(HELD)
    life.look(YES)
    assert life.look(UNKNOWN, after=30) is None
    assert life.look(UNKNOWN, after=100) is None
    assert life.look(YES, after=1) is None
    assert life.look(YES, after=59.9) is None
    assert life.look(YES, after=0.1) is Event.FIRED


def test_time_true_before_unknown_counts_only_as_far_as_it_was_seen_true() -> None:
    """The stretch that ends in unknown is not counted: nobody saw that it was still true."""
    life = Life(HELD)
    life.look(YES)
    life.look(YES, after=40)
    life.look(UNKNOWN, after=10)
    life.look(YES, after=10)
    assert life.look(YES, after=19.9) is None
    assert life.look(YES, after=0.1) is Event.FIRED


def test_unknown_never_fires_and_never_resolves() -> None:
    """However long it lasts."""
    life = Life(CRITICAL_ONLY)
    assert life.look(UNKNOWN, UNKNOWN, after=1e6) is None
    life.look(YES)
    assert life.look(UNKNOWN, UNKNOWN, after=10) is None
    assert life.alert.level is Level.CRITICAL


def test_confirm_counts_new_data_only() -> None:
    """An emergency that wants two looks is not fired by looking twice at the same figure."""
    life = Life({Level.EMERGENCY: threshold(confirm=2)})
    assert life.look(YES) is None
    assert life.look(YES, after=5, fresh=False) is None
    assert life.look(YES, after=1) is Event.FIRED


def test_it_resolves_only_past_clear_and_after_keep() -> None:
    """Not dangerous any more is not enough: `clear` must hold for `keep`, and unknown does not count for it."""
    life = Life({Level.CRITICAL: threshold(keep=10.0)})
    life.look(YES)
    assert life.look(NO, NO, after=1000) is None
    assert life.look(NO, YES, after=1) is None
    assert life.look(NO, UNKNOWN, after=5) is None
    assert life.look(NO, YES, after=100) is None
    assert life.look(NO, YES, after=9.9) is None
    assert life.look(NO, YES, after=0.1) is Event.RESOLVED
    assert not life.alert.firing


def test_keep_begins_anew_when_danger_comes_back() -> None:
    """A short dip past `clear` does not end it."""
    life = Life({Level.CRITICAL: threshold(keep=10.0)})
    life.look(YES)
    life.look(NO, YES, after=1)
    life.look(NO, NO, after=9)
    life.look(NO, YES, after=1)
    assert life.look(NO, YES, after=9.9) is None
    assert life.look(NO, YES, after=0.1) is Event.RESOLVED


def test_it_worsens_and_eases_by_levels() -> None:
    """Each step up speaks and undoes the ack; each step down lands on the highest level that is not clear."""
    levels = {Level.WARN: threshold(), Level.CRITICAL: threshold(), Level.EMERGENCY: threshold()}
    life = Life(levels)
    low = {Level.WARN: YES, Level.CRITICAL: NO, Level.EMERGENCY: NO}
    assert life.look(low) is Event.FIRED
    life.alert = replace(life.alert, acknowledged=True)
    assert life.look(YES, after=1) is Event.WORSENED
    assert life.alert.level is Level.EMERGENCY
    assert not life.alert.acknowledged
    back = {Level.WARN: NO, Level.CRITICAL: NO, Level.EMERGENCY: YES}
    assert life.look(low, back, after=1) is Event.EASED
    assert (life.alert.level, life.alert.worst) == (Level.CRITICAL, Level.EMERGENCY)
    assert life.look(NO, YES, after=1) is Event.RESOLVED


def test_a_critical_alert_is_repeated_three_times_and_then_no_more() -> None:
    """Every half hour while nobody acknowledges it."""
    life = Life(CRITICAL_ONLY)
    life.look(YES)
    said = [life.look(YES, after=600) for _ in range(30)]
    assert [index for index, event in enumerate(said) if event is Event.REPEATED] == [2, 5, 8]


def test_a_warning_is_said_once() -> None:
    """No reminders, and no nearness, below critical."""
    life = Life({Level.WARN: threshold()})
    assert life.look(YES, distance="0.10") is Event.FIRED
    assert life.look(YES, after=4000, distance="0.01") is None


def test_it_speaks_again_when_a_quarter_of_the_remaining_distance_is_lost() -> None:
    """Acknowledged or not; and the next quarter counts from there."""
    life = Life(CRITICAL_ONLY)
    life.look(YES, distance="0.040")
    life.alert = replace(life.alert, acknowledged=True)
    assert life.look(YES, after=1, distance="0.031") is None
    assert life.look(YES, after=1, distance="0.030") is Event.REPEATED
    assert not life.alert.acknowledged, "it is nearer than what was acknowledged"
    assert life.look(YES, after=1, distance="0.023") is None
    assert life.look(YES, after=1, distance="0.0225") is Event.REPEATED


def test_an_ack_lasts_until_it_gets_nearer() -> None:
    """No reminder by time."""
    life = Life(CRITICAL_ONLY)
    life.look(YES, distance="0.040")
    life.alert = replace(life.alert, acknowledged=True)
    assert life.look(YES, after=20_000, distance="0.039") is None


def test_a_distance_that_was_unknown_at_first_counts_from_when_it_is_known() -> None:
    """Or an alert raised blind would never say that it got worse."""
    life = Life(CRITICAL_ONLY)
    life.look(YES)
    assert life.look(YES, after=1, distance="0.04") is None
    assert life.look(YES, after=1, distance="0.03") is Event.REPEATED


def test_reminders_go_on_while_recovery_is_unknown() -> None:
    """A reading that turned unknown while it was recovering does not silence the alert."""
    life = Life({Level.CRITICAL: threshold(keep=60.0)})
    life.look(YES)
    life.look(NO, YES, after=1)
    assert life.look(UNKNOWN, UNKNOWN, after=REPEAT) is Event.REPEATED
    due = next_due(life.alert, life.thresholds, REPEAT)
    assert due == life.mono + REPEAT


def test_a_level_that_the_edited_rule_no_longer_has_eases_to_the_next_below() -> None:
    """An emergency of yesterday's rules is at least today's critical: no error, no silence."""
    life = Life({Level.CRITICAL: threshold(), Level.EMERGENCY: threshold()})
    life.look(YES)
    life.thresholds = CRITICAL_ONLY
    assert life.look(YES, after=1) is None
    assert life.alert.level is Level.CRITICAL
    life.thresholds = {Level.EMERGENCY: threshold()}
    assert life.look(NO, NO, after=1) is Event.RESOLVED


def test_while_its_subject_is_not_seen_no_time_counts() -> None:
    """A vanished position's condition neither ripens nor recovers."""
    life = Life(HELD)
    life.look(YES)
    life.look(YES, after=30)
    life.alert = unseen(life.alert)
    assert life.look(YES, after=300) is None
    assert life.look(YES, after=29.9) is None
    assert life.look(YES, after=0.1) is Event.FIRED


@pytest.mark.parametrize(("hold", "due"), [(60.0, 60.0), (5.0, 5.0)])
def test_it_knows_when_its_hold_ends(hold: float, due: float) -> None:
    """Nothing else needs to happen for it to be woken in time."""
    life = Life({Level.CRITICAL: threshold(hold=hold)})
    life.look(YES)
    assert next_due(life.alert, life.thresholds, REPEAT) == due


def test_it_knows_when_it_repeats_and_that_it_will_not() -> None:
    """Half an hour after it last spoke; never once acknowledged or said three times again."""
    life = Life(CRITICAL_ONLY)
    life.look(YES, after=7)
    assert next_due(life.alert, life.thresholds, REPEAT) == 7 + REPEAT
    assert next_due(replace(life.alert, acknowledged=True), life.thresholds, REPEAT) is None
    assert next_due(replace(life.alert, repeats=3), life.thresholds, REPEAT) is None


def test_what_is_saved_is_what_comes_back() -> None:
    """Level, ack, repeats, distance, count and words outlive the process; wall times become ages of its clock."""
    life = Life(CRITICAL_ONLY)
    life.look(YES, after=100, distance="0.04")
    saved = replace(life.alert, acknowledged=True, repeats=2, lines=("CRITICAL", "more"))
    back = from_json("a", to_json(saved), Instant(5.0, 1e9 + 160))
    assert (back.level, back.acknowledged, back.repeats, back.lines) == (Level.CRITICAL, True, 2, ("CRITICAL", "more"))
    assert (back.said_distance, back.said_count) == (Decimal("0.04"), 1)
    assert back.began == Instant(5.0 - 60, 1e9 + 100)
    assert back.pending == {}
