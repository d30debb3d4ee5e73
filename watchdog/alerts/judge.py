"""Every rule against every subject it selects: looks, alerts, and the words of their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import lru_cache

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.lifecycle import Alert, Event, Look, advance, resolve, unseen
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market
from watchdog.domain.position import MarginMode, Position, PositionKey, PositionSide, Stop
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.rules.evaluate import Subject, Truth, both, cleared, holds, reaches, selects
from watchdog.rules.schema import Comparison, Condition, Metric, Rule, Ruleset

PREFIX = "rule:"
"""Of the keys of alerts that a rule raises: `rule:<name>|<subject>`."""

STREAM = "stream"
"""The source of a mark reading that was streamed."""

POOL = "pool "
"""Of the subject of a pool: `pool USDT`."""


@dataclass(frozen=True, slots=True)
class View:
    """All a judgement looks at."""

    account: str
    venue: str
    zone: tzinfo | None
    rules: Ruleset
    book: Book
    stops: Mapping[str, tuple[Stop, ...]]
    """All that rest, by symbol."""
    ours: Callable[[PositionKey], tuple[Stop, ...]]
    """Those of a position that this installation placed."""
    markets: Mapping[str, Market]
    read_wall: float
    usable: bool
    """False: the snapshot is too old, everything is unknown."""
    doubted: Callable[[str | None], bool]
    """Whether a position of this pool has vanished, so that nothing is known of the pool."""
    intent: Callable[[PositionKey, Rule, Level], str]
    """What will be done about a position, as a sentence."""


def position_subject(key: PositionKey) -> str:
    """How an alert names a position."""
    return key.symbol if key.position_side is PositionSide.BOTH else f"{key.symbol} {key.position_side}"


def alert_key(rule: Rule, subject: str) -> str:
    """The key of a rule's alert on a subject."""
    return f"{PREFIX}{rule.name}|{subject}"


def readings_of(risk: PositionRisk, pool: PoolRisk | None) -> dict[Metric, Reading]:
    """The readings of a position by metric."""
    shock: Reading = Unknown("an isolated position is in no pool") if pool is None else pool.shock_distance
    return {
        Metric.MARGIN_RATIO: risk.margin_ratio,
        Metric.LIQUIDATION_DISTANCE: risk.liquidation_distance,
        Metric.ROOM_USED: risk.room_used,
        Metric.SHOCK_DISTANCE: shock,
        Metric.EFFECTIVE_LEVERAGE: risk.effective_leverage,
        Metric.STOP_COVERAGE: risk.stop_coverage,
        Metric.NOTIONAL: risk.notional,
    }


def pool_readings_of(pool: PoolRisk) -> dict[Metric, Reading]:
    """The readings of a pool by metric; those that only a position has are unknown."""
    none = Unknown("a pool has none")
    return {
        Metric.MARGIN_RATIO: pool.margin_ratio,
        Metric.LIQUIDATION_DISTANCE: none,
        Metric.ROOM_USED: pool.room_used,
        Metric.SHOCK_DISTANCE: pool.shock_distance,
        Metric.EFFECTIVE_LEVERAGE: pool.effective_leverage,
        Metric.STOP_COVERAGE: none,
        Metric.NOTIONAL: none,
    }


def notional_of(risk: PositionRisk) -> Decimal:
    """For `min_notional`: an unknown notional is never too small to be watched."""
    return risk.notional.value if isinstance(risk.notional, Known) else Decimal("Infinity")


def judge(
    view: View,
    desk: Desk,
    positions: Iterable[PositionKey],
    pools: Iterable[str],
    now: Instant,
    *,
    fresh: bool,
    tick: bool = False,
) -> None:
    """Look at these positions and pools.

    `fresh`: there is new data, not only later time. `tick`: it is a mark just streamed; else it is a snapshot, and a
    position valued at a streamed mark even then has been looked at with it before.
    """
    for key in positions:
        risk = view.book.positions.get(key)
        if risk is not None:
            _judge_position(view, desk, risk, now, fresh=fresh and (tick or _read_anew(risk)))
    for asset in pools:
        pool = view.book.pools.get(asset)
        if pool is not None:
            anew = tick or any(_read_anew(view.book.positions[key]) for key in pool.positions)
            _judge_pool(view, desk, pool, now, fresh=fresh and anew)


def _read_anew(risk: PositionRisk) -> bool:
    """Whether its mark is the snapshot's own: one bad print must not confirm itself."""
    return not isinstance(risk.mark, Known) or risk.mark.source != STREAM


def _judge_position(view: View, desk: Desk, risk: PositionRisk, now: Instant, *, fresh: bool) -> None:
    position = risk.position
    pool = view.book.pools.get(position.margin_asset) if position.margin_mode is MarginMode.CROSS else None
    readings = readings_of(risk, pool)
    subject = Subject(
        account=view.account,
        venue=view.venue,
        symbols=(position.symbol,),
        sides=(position.side,),
        margin_modes=(position.margin_mode,),
        notionals=(notional_of(risk),),
    )
    usable = view.usable and not view.doubted(risk.pool)
    distance = next(_values([risk.liquidation_distance]), None) if usable else None
    for rule in rules_for_position(view.rules, position):
        key = alert_key(rule, position_subject(position.key))
        if not selects(rule, subject):
            _no_longer(desk, key, rule, now)
            continue
        alert, event = _look(desk.get(key), rule, readings, distance, now, usable=usable, fresh=fresh)
        lines = _position_lines(view, alert, event, rule, risk, readings, now) if event else ()
        desk.put(alert, event, lines)


def _judge_pool(view: View, desk: Desk, pool: PoolRisk, now: Instant, *, fresh: bool) -> None:
    members = [view.book.positions[key] for key in pool.positions if key in view.book.positions]
    subject = Subject(
        account=view.account,
        venue=view.venue,
        symbols=tuple(risk.position.symbol for risk in members),
        sides=tuple(risk.position.side for risk in members),
        margin_modes=(MarginMode.CROSS,) * len(members),
        notionals=tuple(notional_of(risk) for risk in members),
    )
    readings = pool_readings_of(pool)
    usable = view.usable and not view.doubted(pool.asset)
    distance = next(_values([pool.shock_distance]), None) if usable else None
    for rule in rules_for_pool(view.rules):
        key = alert_key(rule, POOL + pool.asset)
        if not members or not selects(rule, subject):
            _no_longer(desk, key, rule, now)
            continue
        alert, event = _look(desk.get(key), rule, readings, distance, now, usable=usable, fresh=fresh)
        lines = _pool_lines(view, alert, event, rule, pool, members, readings) if event else ()
        desk.put(alert, event, lines)


def rules_for_position(rules: Ruleset, position: Position) -> Iterator[Rule]:
    """The rules whose metric a position has of its own."""
    isolated = position.margin_mode is MarginMode.ISOLATED
    for rule in rules.rules:
        if rule.metric is Metric.SHOCK_DISTANCE or (rule.metric is Metric.MARGIN_RATIO and not isolated):
            continue
        yield rule


def rules_for_pool(rules: Ruleset) -> Iterator[Rule]:
    """The rules whose metric belongs to a pool."""
    return (rule for rule in rules.rules if rule.metric in {Metric.SHOCK_DISTANCE, Metric.MARGIN_RATIO})


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
    judged |= {alert_key(rule, POOL + asset) for rule in rules_for_pool(view.rules) for asset in view.book.pools}
    names = {rule.name for rule in view.rules.rules}
    for key, alert in sorted(desk.alerts.items()):
        if not key.startswith(PREFIX) or key in judged:
            continue
        name, subject = key.removeprefix(PREFIX).rsplit("|", maxsplit=1)
        unsure = not view.usable or subject in waiting or (waiting and subject.startswith(POOL))
        if name in names and unsure:
            continue
        if not alert.firing:
            desk.drop(key)
            continue
        gone = f'rule "{name}" no longer measures {subject}' if name in names else f'rule "{name}" is gone'
        lines = (f"OK · {gone} · {view.account}", f"It began {_lasted(alert, now)} ago; it is not judged any more.")
        desk.put(resolve(alert), Event.RESOLVED, lines)


def unseen_subject(desk: Desk, subject: str) -> None:
    """The position does not show, and is not known to be closed: its alerts stand still."""
    for key, alert in sorted(desk.alerts.items()):
        if key.startswith(PREFIX) and key.endswith(f"|{subject}"):
            desk.put(unseen(alert), None, ())


def _no_longer(desk: Desk, key: str, rule: Rule, now: Instant) -> None:
    alert = desk.get(key)
    if alert.firing:
        subject = key.rsplit("|", maxsplit=1)[1]
        first = f'OK · {subject} · rule "{rule.name}" no longer selects it · {desk.account}'
        desk.put(resolve(alert), Event.RESOLVED, (first, f"It began {_lasted(alert, now)} ago"))
    else:
        desk.drop(key)


def close_subject(desk: Desk, subject: str, lines: tuple[str, ...], now: Instant) -> None:
    """The position is closed: all its alerts end, in one quiet message."""
    ending = sorted(
        (alert for key, alert in desk.alerts.items() if key.endswith(f"|{subject}")), key=lambda one: one.key
    )
    firing = [alert for alert in ending if alert.firing]
    for alert in ending:
        desk.drop(alert.key)
    over = [
        f"Over: {alert.key.rsplit('|', maxsplit=1)[0].removeprefix(PREFIX)}, {_lasted(alert, now)}" for alert in firing
    ]
    worst = max((alert.worst or Level.INFO for alert in firing), default=Level.INFO)
    desk.tell(f"closed|{subject}", worst, (*lines, *over), event="resolved")


def _values(readings: Iterable[Reading]) -> Iterator[Decimal]:
    return (reading.value for reading in readings if isinstance(reading, Known))


def _lasted(alert: Alert, now: Instant) -> str:
    seconds = 0.0 if alert.began is None else max(0.0, now.wall - alert.began.wall)
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"  # noqa: PLR2004


def position_lines(view: View, risk: PositionRisk) -> tuple[list[Stop], list[str]]:
    """The stops of a position, and the lines about it that every message carries."""
    position = risk.position
    market = view.markets.get(position.symbol)
    stops = [
        stop
        for stop in view.stops.get(position.symbol, ())
        if stop.order_side is position.side.closing
        and stop.position_side is position.position_side
        and "profit" not in stop.kind
    ]
    read_at = words.clock_time(view.read_wall, view.zone).split()[0]
    ours = frozenset(stop.client_id for stop in view.ours(position.key))
    lines = [
        words.liquidation_line(risk, market, view.venue),
        words.stops_line(stops, ours, risk.stop_coverage, market, read_at),
    ]
    nearest = max(stops, key=lambda stop: stop.trigger_price * position.side.sign, default=None)
    stake = words.stake_line(risk, nearest, market)
    if stake:
        lines.append(stake)
    return stops, lines


def _position_lines(
    view: View,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    risk: PositionRisk,
    readings: Mapping[Metric, Reading],
    now: Instant,
) -> tuple[str, ...]:
    position = risk.position
    stops, common = position_lines(view, risk)
    who = words.name(position)
    if event is Event.RESOLVED:
        how = words.distance_words(risk.liquidation_distance, short=True)
        return (
            f'OK · {who} {how} · rule "{rule.name}" · {view.account}',
            *common,
            f"It lasted {_lasted(alert, now)}",
        )
    level = alert.level or Level.WARN
    loud = level >= Level.CRITICAL
    rests = f" · {words.stops_head(stops, risk.stop_coverage)}" if loud else ""
    how = words.distance_words(risk.liquidation_distance, short=loud)
    again = " (again)" if event is Event.REPEATED else ""
    first = f"{words.LEVEL_NAMES[level]} · {who} {how}{rests} · {view.account}{again}"
    reason = f'{words.metric_line(rule.metric, readings[rule.metric])} (rule "{rule.name}")'
    return (first, common[0], reason, *common[1:], view.intent(position.key, rule, level))


def _pool_lines(
    view: View,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    pool: PoolRisk,
    members: list[PositionRisk],
    readings: Mapping[Metric, Reading],
) -> tuple[str, ...]:
    line = words.metric_line(rule.metric, readings[rule.metric])
    held = ", ".join(words.name(risk.position) for risk in members)
    if event is Event.RESOLVED:
        return (f'OK · {pool.asset} pool · rule "{rule.name}" · {view.account}', line, words.pool_line(pool))
    level = alert.level or Level.WARN
    again = " (again)" if event is Event.REPEATED else ""
    return (
        f"{words.LEVEL_NAMES[level]} · {pool.asset} pool ({held}): {line} · {view.account}{again}",
        words.pool_line(pool),
        f'Rule "{rule.name}"',
        "I send nothing for a pool: its positions have their own stops.",
    )
