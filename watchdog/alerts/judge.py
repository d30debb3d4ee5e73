"""Every rule against every subject it selects: looks, alerts, and the words of their messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from watchdog.alerts.desk import Desk
from watchdog.alerts.hours import counts
from watchdog.alerts.intent import Intent
from watchdog.alerts.lifecycle import Alert, Event, Look, advance, resolve, unseen
from watchdog.alerts.view import (
    POOL,
    PREFIX,
    View,
    alert_key,
    pool_readings_of,
    position_subject,
    readings_of,
    rule_and_subject,
)
from watchdog.alerts.wording import lasted, pool_words, position_words
from watchdog.domain.effects import EVERYONE, Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import MarginMode, Position, PositionKey
from watchdog.domain.reading import Known, Reading
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.rules.evaluate import Subject, Truth, both, cleared, holds, reaches, selects
from watchdog.rules.schema import OF_BOTH, Comparison, Condition, Metric, Rule, Ruleset

STREAM = "stream"
"""The source of a mark reading that was streamed."""


def channels_of(rule: Rule, level: Level | None) -> tuple[str, ...]:
    """The channels a rule names for a level: the level's own, else the rule's; none: everyone."""
    threshold = None if level is None else rule.levels.get(level)
    return rule.notify if threshold is None or not threshold.notify else threshold.notify


def notional_of(risk: PositionRisk) -> Decimal:
    """For `min_notional`: an unknown notional is never too small to be watched."""
    return risk.notional.value if isinstance(risk.notional, Known) else Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Unworded:
    """What a look at a rule came to, and is not worded yet."""

    rule: Rule
    alert: Alert
    event: Event
    position: PositionKey | None
    """What it is about; None: the pool."""
    pool: str = ""


def judge(
    view: View,
    desk: Desk,
    positions: Iterable[PositionKey],
    pools: Iterable[str],
    now: Instant,
    *,
    fresh: bool,
    tick: bool = False,
    later: list[Unworded] | None = None,
) -> None:
    """Look at these positions and pools.

    `fresh`: there is new data, not only later time. `tick`: it is a mark just streamed; else it is a snapshot, and a
    position valued at a streamed mark even then has been looked at with it before. `later`: takes what there is to say,
    for `word`, so that an order need not wait for words; None: it is said now.
    """
    for key in positions:
        risk = view.book.positions.get(key)
        if risk is not None:
            _judge_position(view, desk, risk, now, fresh=fresh and (tick or _read_anew(risk)), later=later)
    for asset in pools:
        pool = view.book.pools.get(asset)
        if pool is not None:
            anew = tick or any(_read_anew(view.book.positions[key]) for key in pool.positions)
            _judge_pool(view, desk, pool, now, fresh=fresh and anew, later=later)


def word(view: View, desk: Desk, unworded: Iterable[Unworded], now: Instant) -> None:
    """Say what `judge` left to be said, of the same view."""
    for one in unworded:
        if one.position is not None:
            risk = view.book.positions[one.position]
            readings = readings_of(risk, pool_of(view.book, risk))
            _say_position(view, desk, one.alert, one.event, one.rule, risk, readings, now)
        else:
            pool = view.book.pools[one.pool]
            _say_pool(view, desk, one.alert, one.event, one.rule, pool, pool_readings_of(pool), now)


def _read_anew(risk: PositionRisk) -> bool:
    """Whether its mark is the snapshot's own: one bad print must not confirm itself."""
    return not isinstance(risk.mark, Known) or risk.mark.source != STREAM


def position_selected(view: View, risk: PositionRisk) -> Subject:
    """A position as rules select it."""
    position = risk.position
    return Subject(
        account=view.account,
        venue=view.venue,
        symbols=(position.symbol,),
        sides=(position.side,),
        margin_modes=(position.margin_mode,),
        notionals=(notional_of(risk),),
    )


def pool_selected(view: View, members: list[PositionRisk]) -> Subject:
    """A pool as rules select it, by its positions."""
    return Subject(
        account=view.account,
        venue=view.venue,
        symbols=tuple(risk.position.symbol for risk in members),
        sides=tuple(risk.position.side for risk in members),
        margin_modes=(MarginMode.CROSS,) * len(members),
        notionals=tuple(notional_of(risk) for risk in members),
    )


def members_of(book: Book, pool: PoolRisk) -> list[PositionRisk]:
    """The positions of a pool."""
    return [book.positions[key] for key in pool.positions if key in book.positions]


def pool_of(book: Book, risk: PositionRisk) -> PoolRisk | None:
    """The cross pool a position is in."""
    position = risk.position
    return None if position.pool is None else book.pools.get(position.pool)


def _judge_position(
    view: View, desk: Desk, risk: PositionRisk, now: Instant, *, fresh: bool, later: list[Unworded] | None
) -> None:
    position = risk.position
    readings = readings_of(risk, pool_of(view.book, risk))
    subject = position_selected(view, risk)
    usable = view.usable and not view.doubted(risk.pool)
    distance = next(_values([risk.liquidation_distance]), None) if usable else None
    for rule in rules_for_position(view.rules, position):
        key = alert_key(rule, position_subject(position.key))
        if not selects(rule, subject):
            _no_longer(desk, key, f'rule "{rule.name}" no longer selects it', now)
            continue
        if not counts(rule.between, now.wall):
            _no_longer(desk, key, _out_of_hours(rule), now)
            continue
        if key not in desk.alerts and _stays_quiet(rule, readings, usable=usable):
            continue
        alert, event = _look(desk.get(key), rule, readings, distance, now, usable=usable, fresh=fresh)
        if later is not None and event is not None:
            desk.hold(alert)
            later.append(Unworded(rule, alert, event, position.key))
        else:
            _say_position(view, desk, alert, event, rule, risk, readings, now)


def _say_position(
    view: View,
    desk: Desk,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    risk: PositionRisk,
    readings: Mapping[Metric, Reading],
    now: Instant,
) -> None:
    tells = event is not None and event is not Event.EASED  # easing has no message, and so it proposes nothing
    said = position_words(view, alert, event, rule, risk, readings, now) if tells else Intent(())
    to = channels_of(rule, alert.level)
    desk.put(alert, event, said.lines, said.buttons, to, despite_silence=said.despite_silence)


def _judge_pool(
    view: View, desk: Desk, pool: PoolRisk, now: Instant, *, fresh: bool, later: list[Unworded] | None
) -> None:
    members = members_of(view.book, pool)
    subject = pool_selected(view, members)
    readings = pool_readings_of(pool)
    usable = view.usable and not view.doubted(pool.asset)
    distance = next(_values([pool.shock_distance]), None) if usable else None
    for rule in rules_for_pool(view.rules, pool):
        key = alert_key(rule, POOL + pool.asset)
        if not members or not selects(rule, subject):
            _no_longer(desk, key, f'rule "{rule.name}" no longer selects it', now)
            continue
        if not counts(rule.between, now.wall):
            _no_longer(desk, key, _out_of_hours(rule), now)
            continue
        alert, event = _look(desk.get(key), rule, readings, distance, now, usable=usable, fresh=fresh)
        if later is not None and event is not None:
            desk.hold(alert)
            later.append(Unworded(rule, alert, event, None, pool.asset))
        else:
            _say_pool(view, desk, alert, event, rule, pool, readings, now)


def _say_pool(
    view: View,
    desk: Desk,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    pool: PoolRisk,
    readings: Mapping[Metric, Reading],
    now: Instant,
) -> None:
    members = members_of(view.book, pool)
    lines = pool_words(view, alert, event, rule, pool, members, readings, now) if event else ()
    desk.put(alert, event, lines, channels=channels_of(rule, alert.level))


def _out_of_hours(rule: Rule) -> str:
    hours = "" if rule.between is None else rule.between.text
    return f'rule "{rule.name}" counts at {hours} only'


def rules_for_position(rules: Ruleset, position: Position) -> Iterator[Rule]:
    """The rules whose metric a position has of its own."""
    isolated = position.margin_mode is MarginMode.ISOLATED
    for rule in rules.rules:
        if rule.metric is Metric.SHOCK_DISTANCE or (rule.metric is Metric.MARGIN_RATIO and not isolated):
            continue
        yield rule


def rules_for_pool(rules: Ruleset, pool: PoolRisk) -> Iterator[Rule]:
    """The rules whose metric belongs to a pool; what its positions have as well, only where they are several."""
    several = len(pool.positions) > 1
    return (rule for rule in rules.rules if "pool" in rule.scopes and (several or rule.metric not in OF_BOTH))


def _stays_quiet(rule: Rule, readings: Mapping[Metric, Reading], *, usable: bool) -> bool:
    """Whether a look would leave an alert that is not there as it is: most looks do, and this is the cheap part."""
    if not usable:
        return True
    reading = readings[rule.metric]
    if all(reaches(rule.metric, level.at, reading) is Truth.NO for level in rule.levels.values()):
        return True
    return rule.only_if is not None and holds(rule.only_if, readings) is Truth.NO


def _look(
    alert: Alert,
    rule: Rule,
    readings: Mapping[Metric, Reading],
    distance: Decimal | None,
    now: Instant,
    *,
    usable: bool,
    fresh: bool,
) -> tuple[Alert, Event | None]:
    reading = readings[rule.metric]
    condition = rule.only_if if rule.only_if is None or not alert.firing else _eased(rule.only_if)
    applies = holds(condition, readings) if usable else Truth.UNKNOWN
    reached, clear = {}, {}
    for level, threshold in rule.levels.items():
        at = reaches(rule.metric, threshold.at, reading) if usable else Truth.UNKNOWN
        away = cleared(rule.metric, threshold.clear, reading) if usable else Truth.UNKNOWN
        reached[level] = both((at, applies))
        clear[level] = Truth.YES if applies is Truth.NO else away
    return advance(alert, rule.levels, Look(reached, clear, distance, fresh), rule.repeat, now)


@lru_cache(maxsize=256)
def _eased(condition: Condition) -> Condition:
    """The `only_if` of an alert that fires: a tenth back, as its levels clear, or it would end and fire in turns."""

    def back(part: Comparison) -> Comparison:
        at = min(part.at * Decimal("1.1"), (part.at + 1) / 2) if part.metric.fires_below else part.at * Decimal("0.9")
        return Comparison(part.metric, at)

    return Condition(any=tuple(map(back, condition.any)), all=tuple(map(back, condition.all)))


def tidy(view: View, desk: Desk, vanished: Iterable[PositionKey], now: Instant) -> None:
    """End the alerts that no rule raises any more on anything: gone rules, closed pools, what a restart found changed.

    Those of a vanished position wait, and while there is one, those of pools do as well.
    """
    waiting = {position_subject(key) for key in vanished}
    judged = {
        alert_key(rule, position_subject(key))
        for key, risk in view.book.positions.items()
        for rule in rules_for_position(view.rules, risk.position)
    }
    judged |= {
        alert_key(rule, POOL + asset)
        for asset, pool in view.book.pools.items()
        for rule in rules_for_pool(view.rules, pool)
    }
    names = {rule.name for rule in view.rules.rules}
    for key, alert in sorted(desk.alerts.items()):
        if not key.startswith(PREFIX) or key in judged:
            continue
        name, subject = rule_and_subject(key)
        unsure = not view.usable or subject in waiting or (waiting and subject.startswith(POOL))
        if name in names and unsure:
            continue
        if not alert.firing:
            desk.drop(key)
            continue
        gone = f'rule "{name}" no longer measures {subject}' if name in names else f'rule "{name}" is gone'
        lines = (f"OK · {gone} · {view.account}", f"It began {lasted(alert, now)} ago; it is not judged any more.")
        desk.put(resolve(alert), Event.RESOLVED, lines)


def unseen_subject(desk: Desk, subject: str) -> None:
    """The position does not show, and is not known to be closed: its alerts stand still."""
    for key, alert in sorted(desk.alerts.items()):
        if key.startswith(PREFIX) and key.endswith(f"|{subject}"):
            desk.put(unseen(alert), None, ())


def _no_longer(desk: Desk, key: str, why: str, now: Instant) -> None:
    """The rule has no say over the subject: what fires ends quietly, what was on its way is forgotten."""
    alert = desk.get(key)
    if alert.firing:
        _, subject = rule_and_subject(key)
        head = f"OK · {subject} · {why} · {desk.account}"
        desk.put(resolve(alert), Event.RESOLVED, (head, f"It began {lasted(alert, now)} ago; it is not judged now."))
    else:
        desk.drop(key)


def close_subject(desk: Desk, subject: str, lines: tuple[str, ...], now: Instant, least: Level = Level.INFO) -> None:
    """The position is closed: all its alerts end, in one quiet message. `least`: the level it has at least."""
    ending = sorted(
        (alert for key, alert in desk.alerts.items() if key.endswith(f"|{subject}")), key=lambda one: one.key
    )
    firing = [alert for alert in ending if alert.firing]
    for alert in ending:
        desk.drop(alert.key)
    over = [
        f"Over: {alert.key.rsplit('|', maxsplit=1)[0].removeprefix(PREFIX)}, {lasted(alert, now)}" for alert in firing
    ]
    worst = max((least, *(alert.worst or Level.INFO for alert in firing)))
    heard = [name for alert in firing for name in alert.heard]
    desk.tell(f"closed|{subject}", worst, (*lines, *over), event="resolved", channels=(EVERYONE, *heard))


def _values(readings: Iterable[Reading]) -> Iterator[Decimal]:
    return (reading.value for reading in readings if isinstance(reading, Known))
