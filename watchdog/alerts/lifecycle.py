"""The life of one alert: inactive → pending → firing → acknowledged → recovering → resolved.

A rule's condition is three-valued. Unknown neither advances nor resets anything: it does not fire, it does not
resolve, and the time it lasts counts neither for `hold` nor for `keep`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from watchdog.domain.changed import replace
from watchdog.domain.effects import EVERYONE, Level
from watchdog.domain.facts import Instant
from watchdog.rules.evaluate import Truth
from watchdog.rules.schema import MOST_REPEATS, Escalation, Threshold

LOUDER = Decimal("0.75")
"""An alert speaks again, acknowledged or not, when its distance is down to this share of what it last said."""


NO_FIGURES = frozenset({"barred", "instance", "key", "modes", "store", "trade"})
"""Alerts whose words are as true after an hour as at first, while they stand."""


class Event(StrEnum):
    """What happened to an alert in one step."""

    FIRED = "fired"
    WORSENED = "worsened"
    EASED = "eased"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Held:
    """How long and how often a condition has been seen true. `last` is None while it is unknown."""

    seconds: float = 0.0
    times: int = 0
    last: float | None = None

    def seen(self, truth: Truth, mono: float, *, fresh: bool) -> Held | None:
        """After one more look. `fresh`: the look is at new data, not at the same again. None: it is not true."""
        if truth is Truth.NO:
            return None
        if truth is Truth.UNKNOWN:
            return replace(self, last=None)
        passed = 0.0 if self.last is None else mono - self.last
        return Held(self.seconds + passed, self.times + (1 if fresh or self.times == 0 else 0), mono)

    def due(self, hold: float) -> float | None:
        """The monotonic time at which it will have held that long, if it stays true."""
        return None if self.last is None else self.last + hold - self.seconds


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one rule on one subject. Levels in `pending` hold but have not fired yet."""

    key: str
    level: Level | None = None
    """The level it fires at; None: not firing."""
    worst: Level | None = None
    acknowledged: bool = False
    repeats: int = 0
    began: Instant | None = None
    said: Instant | None = None
    """When it last made a sound."""
    said_distance: Decimal | None = None
    pending: Mapping[Level, Held] = field(default_factory=dict)
    recovering: Held | None = None
    said_count: int = 0
    """How many messages it has sent: part of the next message's id."""
    lines: tuple[str, ...] = ()
    """What it last said, or would say now: shown when it can't be computed anew (a restart, a blind account)."""
    worded: float | None = None
    """Wall seconds at which `lines` were made: how old their figures are."""
    about: tuple[str, ...] = ()
    """What its last message named, for an alert that speaks of several things at once."""
    told: Level | None = None
    """The highest level anybody was told of; None: a silence has held back every word of it."""
    owed: bool = False
    """A silence over it has ended: it is to be said once, if it still fires."""
    heard: tuple[str, ...] = ()
    """The channels that heard of it (EVERYONE: those without a name in the rule): they hear of its end too."""
    waits: Instant | None = None
    """Since when it waits for somebody to acknowledge it, at a level that escalates; None: it does not."""
    escalated: int = 0
    """How many steps of its rule's escalation were taken since then."""
    reached: tuple[str, ...] = ()
    """The channels that any escalation of it has reached: from then on they hear what the others hear."""
    seen_by: str = ""
    """Who acknowledged it, in words, where that is known."""
    worst_distance: Decimal | None = None
    """The least distance from liquidation while it fired, a share."""
    worst_at: float | None = None
    """Wall seconds of that."""

    @property
    def figures_at(self) -> float | None:
        """Wall seconds of the figures in its words; None: it has none that grow old."""
        return None if self.key in NO_FIGURES else self.worded

    @property
    def firing(self) -> bool:
        """Whether it has fired and not resolved."""
        return self.level is not None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a rule's subject shows."""

    reached: Mapping[Level, Truth]
    """Per level of the rule: does its condition hold?"""
    cleared: Mapping[Level, Truth]
    """Per level: is the reading back at or past `clear`, or does the rule no longer apply?"""
    distance: Decimal | None
    """How far from liquidation the subject is, a share; None when unknown or not applicable."""
    fresh: bool
    """New data, not the same again."""


def advance(
    alert: Alert, thresholds: Mapping[Level, Threshold], look: Look, repeat: float, now: Instant
) -> tuple[Alert, Event | None]:
    """The alert after one look, and what happened to it, if anything did."""
    if alert.level is not None and alert.level not in thresholds:  # its rule was edited
        lower = [level for level in thresholds if level < alert.level]
        if not lower:
            return resolve(alert), Event.RESOLVED
        alert = _lowered(alert, max(lower), thresholds)
    pending = {}
    ready = None
    for level, threshold in thresholds.items():
        held = alert.pending.get(level, Held()).seen(look.reached[level], now.mono, fresh=look.fresh)
        if held is None or (held.times == 0):
            continue
        pending[level] = held
        if held.last is not None and held.seconds >= threshold.hold and held.times >= threshold.confirm:
            ready = level if ready is None else max(ready, level)
    alert = replace(alert, pending=pending)
    if ready is not None and (alert.level is None or ready > alert.level):
        return _fire(_nearest(alert, look, now), ready, thresholds, look, now)
    if alert.level is None:
        return alert, None
    return _while_firing(_nearest(alert, look, now), alert.level, thresholds, look, repeat, now)


def escalates_from(thresholds: Mapping[Level, Threshold]) -> Level:
    """The level from which an alert nobody acknowledged escalates: critical, or the highest of a rule below that."""
    return min(Level.CRITICAL, max(thresholds))


def _nearest(alert: Alert, look: Look, now: Instant) -> Alert:
    """With the least distance from liquidation, and when it was."""
    if look.distance is None or (alert.worst_distance is not None and alert.worst_distance <= look.distance):
        return alert
    return replace(alert, worst_distance=look.distance, worst_at=now.wall)


def _fire(
    alert: Alert, level: Level, thresholds: Mapping[Level, Threshold], look: Look, now: Instant
) -> tuple[Alert, Event]:
    event = Event.FIRED if alert.level is None else Event.WORSENED
    escalates = level >= escalates_from(thresholds)
    waited = alert.waits is not None and not alert.acknowledged
    return replace(
        alert,
        level=level,
        worst=level if alert.worst is None else max(level, alert.worst),
        acknowledged=False,
        seen_by="",
        repeats=0,
        began=alert.began if alert.firing else now,
        said=now,
        said_distance=look.distance,
        recovering=None,
        said_count=alert.said_count + 1,
        waits=alert.waits if waited else now if escalates else None,
        escalated=alert.escalated if waited else 0,
    ), event


def _lowered(alert: Alert, level: Level, thresholds: Mapping[Level, Threshold]) -> Alert:
    """At a lower level; below the one that escalates nobody is called any more."""
    if level >= escalates_from(thresholds):
        return replace(alert, level=level, recovering=None)
    return replace(alert, level=level, recovering=None, waits=None, escalated=0)


def _while_firing(
    alert: Alert, level: Level, thresholds: Mapping[Level, Threshold], look: Look, repeat: float, now: Instant
) -> tuple[Alert, Event | None]:
    held = (alert.recovering or Held()).seen(look.cleared[level], now.mono, fresh=look.fresh)
    recovering = None if held is None or held.times == 0 else held
    alert = replace(alert, recovering=recovering)
    if recovering is not None and recovering.last is not None:
        if recovering.seconds >= thresholds[level].keep:
            return _ease(alert, level, thresholds, look)
        return alert, None
    said, from_ = alert.said, alert.said_distance
    if level < Level.CRITICAL or said is None:
        return alert, None
    if from_ is None:  # it was not known when it fired: the first that is known is what it counts from
        alert = replace(alert, said_distance=look.distance)
    nearer = look.distance is not None and from_ is not None and look.distance <= from_ * LOUDER
    again = not alert.acknowledged and alert.repeats < MOST_REPEATS and now.mono >= said.mono + repeat
    if nearer or again:
        if nearer and alert.acknowledged:  # worse than what was acknowledged: somebody has to see that, too
            alert = replace(alert, acknowledged=False, seen_by="", waits=now, escalated=0)
        return replace(
            alert,
            repeats=alert.repeats if nearer else alert.repeats + 1,
            said=now,
            said_distance=look.distance if look.distance is not None else alert.said_distance,
            said_count=alert.said_count + 1,
        ), Event.REPEATED
    return alert, None


def _ease(alert: Alert, level: Level, thresholds: Mapping[Level, Threshold], look: Look) -> tuple[Alert, Event]:
    """Down to the highest lower level that is not clear of danger, or resolved when there is none."""
    lower = [low for low, clear in look.cleared.items() if low < level and clear is not Truth.YES]
    if lower:
        return _lowered(alert, max(lower), thresholds), Event.EASED
    return resolve(alert), Event.RESOLVED


def acknowledge(alert: Alert, by: str = "") -> Alert:
    """Somebody has seen it: no reminders and no escalation until it gets worse."""
    return replace(alert, acknowledged=True, seen_by=by, waits=None, escalated=0, owed=False)


def escalate(alert: Alert, steps: Sequence[Escalation], now: Instant) -> tuple[Alert, tuple[str, ...]]:
    """The alert after the steps whose time has come, and the channels they name; none: no time has come.

    Steps that came due together (the daemon was down) are taken together.
    """
    if alert.level is None or alert.waits is None:
        return alert, ()
    due = [step for step in steps[alert.escalated :] if now.mono >= alert.waits.mono + step.after]  # as in next_due
    if not due:
        return alert, ()
    names = tuple(dict.fromkeys(name for step in due for name in step.notify))
    return replace(
        alert,
        escalated=alert.escalated + len(due),
        reached=tuple(dict.fromkeys((*alert.reached, *names))),
        said_count=alert.said_count + 1,
    ), names


def unseen(alert: Alert) -> Alert:
    """Its subject can't be looked at: from now on no time counts, neither toward firing nor toward resolving."""
    pending = {level: replace(held, last=None) for level, held in alert.pending.items()}
    recovering = None if alert.recovering is None else replace(alert.recovering, last=None)
    return replace(alert, pending=pending, recovering=recovering)


def resolve(alert: Alert) -> Alert:
    """It is over: by its reading, or for a reason outside its rule (the rule is gone, its hours are over)."""
    return replace(
        alert,
        level=None,
        acknowledged=False,
        recovering=None,
        pending={},
        said_count=alert.said_count + 1,
        owed=False,
        waits=None,
        escalated=0,
    )


def next_due(
    alert: Alert, thresholds: Mapping[Level, Threshold], repeat: float, steps: Sequence[Escalation] = ()
) -> float | None:
    """The monotonic time at which something about it changes if nothing else does; None: nothing will."""
    times = []
    for level, held in alert.pending.items():
        if level in thresholds and (alert.level is None or level > alert.level):
            times.append(held.due(thresholds[level].hold))
    if alert.level is not None and alert.level in thresholds:
        if alert.recovering is not None and alert.recovering.last is not None:
            times.append(alert.recovering.due(thresholds[alert.level].keep))
        elif (
            alert.level >= Level.CRITICAL
            and not alert.acknowledged
            and alert.repeats < MOST_REPEATS
            and alert.said is not None
        ):
            times.append(alert.said.mono + repeat)
    if alert.waits is not None and alert.escalated < len(steps):
        times.append(alert.waits.mono + steps[alert.escalated].after)
    known = [time for time in times if time is not None]
    return min(known, default=None)


def to_json(alert: Alert) -> str:
    """What of an alert outlives the process. Monotonic times don't: holds start anew after a restart."""
    return json.dumps(
        {
            "level": None if alert.level is None else int(alert.level),
            "worst": None if alert.worst is None else int(alert.worst),
            "acknowledged": alert.acknowledged,
            "repeats": alert.repeats,
            "began": None if alert.began is None else alert.began.wall,
            "said": None if alert.said is None else alert.said.wall,
            "said_distance": None if alert.said_distance is None else str(alert.said_distance),
            "said_count": alert.said_count,
            "lines": list(alert.lines),
            "worded": alert.worded,
            "about": list(alert.about),
            "told": None if alert.told is None else int(alert.told),
            "owed": alert.owed,
            "heard": list(alert.heard),
            "waits": None if alert.waits is None else alert.waits.wall,
            "escalated": alert.escalated,
            "reached": list(alert.reached),
            "seen_by": alert.seen_by,
            "worst_distance": None if alert.worst_distance is None else str(alert.worst_distance),
            "worst_at": alert.worst_at,
        },
        sort_keys=True,
    )


def from_json(key: str, text: str, now: Instant) -> Alert:
    """An alert as it was saved; its wall times become ages on this process's monotonic clock."""
    raw = json.loads(text)

    def instant(wall: float | None) -> Instant | None:
        return None if wall is None else Instant(now.mono - max(0.0, now.wall - wall), wall)

    level = None if raw["level"] is None else Level(raw["level"])
    told = raw.get("told", raw["level"])
    began, worst_distance = instant(raw["began"]), raw.get("worst_distance")
    # An alert of the first version: it was said to everyone, and waits for an ack since it began.
    waits = began if level is not None and level >= Level.CRITICAL and not raw["acknowledged"] else None
    return Alert(
        key=key,
        level=level,
        worst=None if raw["worst"] is None else Level(raw["worst"]),
        acknowledged=raw["acknowledged"],
        repeats=raw["repeats"],
        began=began,
        said=instant(raw["said"]),
        said_distance=None if raw["said_distance"] is None else Decimal(raw["said_distance"]),
        said_count=raw["said_count"],
        lines=tuple(raw["lines"]),
        worded=raw.get("worded", raw["said"]),
        about=tuple(raw.get("about", ())),
        told=None if told is None else Level(told),
        owed=raw.get("owed", False),
        heard=tuple(raw.get("heard", [EVERYONE])),
        waits=instant(raw["waits"]) if "waits" in raw else waits,
        escalated=raw.get("escalated", 0),
        reached=tuple(raw.get("reached", ())),
        seen_by=raw.get("seen_by", ""),
        worst_distance=None if worst_distance is None else Decimal(worst_distance),
        worst_at=raw.get("worst_at"),
    )
