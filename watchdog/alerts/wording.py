"""What a rule's alert says of a position or a pool: line 1 for the lock screen, then figures, intent and what is next.

A message has at most eight lines, the last is the time. What is not known is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.intent import Intent
from watchdog.alerts.lifecycle import LOUDER, Alert, Event
from watchdog.alerts.view import View
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import Stop
from watchdog.domain.reading import Known, Reading
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.schema import Escalation, Metric, Rule

ADDED = {Event.REPEATED: words.AGAIN, Event.ESCALATED: words.NOBODY_SAW}
"""To line 1."""


def lasted(alert: Alert, now: Instant) -> str:
    """How long ago it began."""
    seconds = 0.0 if alert.began is None else max(0.0, now.wall - alert.began.wall)
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"  # noqa: PLR2004


def position_words(
    view: View,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    risk: PositionRisk,
    readings: Mapping[Metric, Reading],
    now: Instant,
) -> Intent:
    """The lines of a message about a position, and the buttons of what is proposed. `event` None: as it is now."""
    position = risk.position
    stops = words.stops_of(risk)
    nearest = max(stops, key=lambda stop: stop.trigger_price * position.side.sign, default=None)
    if event is Event.RESOLVED:
        return Intent(_over(view, alert, rule, risk, stops, nearest, now))
    level = alert.level or Level.WARN
    loud = level >= Level.CRITICAL
    market = view.markets.get(position.symbol)
    how = words.distance_words(risk.liquidation_distance, short=loud)
    rests = f" · {words.stops_head(stops, risk.stop_coverage)}" if loud else ""
    head = f"{words.LEVEL_NAMES[level]} · {words.name(position)} {how}{rests} · {view.account}"
    if event is not None:
        head += ADDED.get(event, "")
    reason = f'{words.metric_line(rule.metric, readings[rule.metric])} (rule "{rule.name}")'
    mine = frozenset(stop.client_id for stop in view.ours(position.key))
    read_at = words.clock_time(view.read_wall, view.zone).split()[0]
    if loud and nearest is not None:
        prices = words.prices_line(risk, nearest, market, view.venue)
        rest = words.stops_line_loud(stops, mine, risk, market, read_at)
    else:
        prices = words.liquidation_line(risk, market, view.venue)
        rest = words.stops_line(stops, mine, risk.stop_coverage, market, read_at)
    owe = words.owe(view.venue, view.book.read.modes) if loud else ""
    stake = words.stake_line(risk, market, loud=loud, owe=owe)
    intent = view.intent(position.key, rule, level)
    rows = [(0, head), (0, prices), (2, reason)]
    if not intent.proposes:  # or it says what rests and what is at stake itself
        rows += [(3 if loud and not stops else 1, rest), (1, stake or "")]
    rows += [(0, line) for line in _said(view, alert, rule, risk, intent, now, covered=loud and _covered(risk))]
    return replace(intent, lines=_fitting(rows))


def _fitting(rows: list[tuple[int, str]]) -> tuple[str, ...]:
    """The lines that there is room for: those of the highest number go first."""
    rows = [row for row in rows if row[1]]
    while len(rows) >= words.MOST_LINES:
        dispensable = max(rows, key=lambda row: row[0])
        if dispensable[0] == 0:
            break
        rows.remove(dispensable)
    return tuple(line for _, line in rows)


def _covered(risk: PositionRisk) -> bool:
    return isinstance(risk.stop_coverage, Known) and risk.stop_coverage.value >= 1


def _said(
    view: View, alert: Alert, rule: Rule, risk: PositionRisk, intent: Intent, now: Instant, *, covered: bool
) -> list[str]:
    """What is done, what the owner may do, and when the next word comes."""
    said = list(intent.lines)
    follows = _next_word(view, alert, rule, risk)
    if intent.proposes:
        follows = ""
    elif covered and said:
        said[-1] += " Act only if you want out sooner."
    if follows and len(said) == 1:
        said[0] = f"{said[0]} {follows}"
    elif follows:
        said.append(follows)
    calls = _calls(view, alert, rule.escalate, now)
    return [*said, calls] if calls else said


def _next_word(view: View, alert: Alert, rule: Rule, risk: PositionRisk) -> str:
    """The price, or where that is not known the figure, at which the alert next speaks by itself."""
    if not view.usable:
        return f"These figures are old: read {words.clock_time(view.read_wall, view.zone)}."
    price = next_price(alert, rule, risk)
    if price is not None:
        together = " if all prices move together" if words.by_the_pool(risk) else ""
        return f"Next word at {words.price(price, view.markets.get(risk.position.symbol))}{together}."
    return _next_level(alert, rule)


def _next_level(alert: Alert, rule: Rule) -> str:
    following = _following(alert, rule)
    if following is None or rule.metric in {Metric.ROOM_USED, Metric.LIQUIDATION_DISTANCE}:
        return ""
    below = "below " if rule.metric.fires_below else ""
    return f"Next word at {rule.metric.words} {below}{words.level_words(rule.metric, following)}."


def _following(alert: Alert, rule: Rule) -> Decimal | None:
    """Where the next level of the rule begins."""
    higher = [level for level in rule.levels if alert.level is None or level > alert.level]
    return rule.levels[min(higher)].at if higher else None


def next_price(alert: Alert, rule: Rule, risk: PositionRisk) -> Decimal | None:
    """The mark price at which the alert reaches its next level, or has lost a quarter of its distance from critical up.

    The first of these on the way to liquidation, as liquidation is now; None when neither is a matter of price.
    """
    sign, near, whole = risk.position.side.sign, risk.liquidation_near, risk.liquidation
    if not isinstance(risk.mark, Known):
        return None
    places = []
    following = _following(alert, rule)
    if following is not None and rule.metric is Metric.ROOM_USED and isinstance(whole, Known):
        places.append(risk.position.entry + following * (whole.value - risk.position.entry))
    distances = [following] if following is not None and rule.metric is Metric.LIQUIDATION_DISTANCE else []
    if alert.level is not None and alert.level >= Level.CRITICAL and alert.said_distance is not None:
        distances.append(alert.said_distance * LOUDER)
    if isinstance(near, Known):
        places += [near.value / (1 - sign * distance) for distance in distances if distance < 1]
    ahead = [place for place in places if (risk.mark.value - place) * sign > 0]
    return max(ahead, key=lambda place: place * sign, default=None)


def _calls(view: View, alert: Alert, steps: tuple[Escalation, ...], now: Instant) -> str:
    """Who is called next if nobody acknowledges it."""
    if alert.waits is None or alert.escalated >= len(steps):
        return ""
    step = steps[alert.escalated]
    at = max(now.wall, alert.waits.wall + step.after)
    return f"Unless somebody acks it I call {', '.join(step.notify)} at {words.clock_time(at, view.zone).split()[0]}."


def _over(
    view: View, alert: Alert, rule: Rule, risk: PositionRisk, stops: list[Stop], nearest: Stop | None, now: Instant
) -> tuple[str, ...]:
    """It is over: how far, how bad it was, and what still rests."""
    position, market = risk.position, view.markets.get(risk.position.symbol)
    how = words.distance_words(risk.liquidation_distance, short=True)
    worst = "" if alert.worst_distance is None else f" (worst {words.percent(alert.worst_distance)})"
    at = "" if alert.worst_at is None else f", worst at {words.clock_time(alert.worst_at, view.zone).split()[0]}"
    mark = f"Mark {words.price(risk.mark.value, market)}. " if isinstance(risk.mark, Known) else ""
    mine = frozenset(stop.client_id for stop in view.ours(position.key))
    filled = words.fills(risk, market)
    if len(stops) == 1 and nearest is not None and nearest.client_id in mine and filled is not None:
        loss, closed = words.money(filled[0], position.margin_asset), filled[1]
        if closed < position.size:
            loss += f" for {words.size(closed, market)} of {words.size(position.size, market)}"
        rest = f"Stop {words.price(nearest.trigger_price, market)} still rests ({loss} if hit); I leave it"
    else:
        read_at = words.clock_time(view.read_wall, view.zone).split()[0]
        rest = words.stops_line(stops, mine, risk.stop_coverage, market, read_at)
    return (
        f"OK · {words.name(position)} {how}{worst} · {view.account}",
        f'{mark}Lasted {lasted(alert, now)}{at} (rule "{rule.name}")',
        rest,
    )


def pool_words(
    view: View,
    alert: Alert,
    event: Event | None,
    rule: Rule,
    pool: PoolRisk,
    members: list[PositionRisk],
    readings: Mapping[Metric, Reading],
    now: Instant,
) -> tuple[str, ...]:
    """The lines of a message about a pool."""
    line = words.metric_line(rule.metric, readings[rule.metric])
    if event is Event.RESOLVED:
        worst = "" if alert.worst_distance is None else f" (worst {words.percent(alert.worst_distance)} from liq)"
        head = f"OK · {pool.asset} pool{worst} · {view.account}"
        return (head, line, words.pool_line(pool), f'Lasted {lasted(alert, now)} (rule "{rule.name}")')
    level = alert.level or Level.WARN
    held = ", ".join(words.name(risk.position) for risk in members[:3])
    held += f" and {len(members) - 3} more" if len(members) > 3 else ""  # noqa: PLR2004  (line 1 is short)
    added = "" if event is None else ADDED.get(event, "")
    follows = f"These figures are old: read {words.clock_time(view.read_wall, view.zone)}."
    if view.usable:
        follows = _next_of_pool(alert, rule, pool)
    return tuple(
        each
        for each in (
            f"{words.LEVEL_NAMES[level]} · {pool.asset} pool ({held}): {line} · {view.account}{added}",
            words.pool_line(pool),
            f'Rule "{rule.name}"',
            words.owe(view.venue, view.book.read.modes) if level >= Level.CRITICAL else "",
            "I send nothing for a pool: its positions have their own stops.",
            follows,
            _calls(view, alert, rule.escalate, now),
        )
        if each
    )


def _next_of_pool(alert: Alert, rule: Rule, pool: PoolRisk) -> str:
    """The nearer of the next level and a quarter of the distance lost, where that is one figure."""
    following = _following(alert, rule)
    if rule.metric is Metric.ROOM_USED and following is not None:  # of a position that is a price
        return f"Next word at {rule.metric.words} {words.level_words(rule.metric, following)}."
    if rule.metric is not Metric.SHOCK_DISTANCE or not isinstance(pool.shock_distance, Known):
        return _next_level(alert, rule)
    places = [] if following is None else [following]
    if alert.level is not None and alert.level >= Level.CRITICAL and alert.said_distance is not None:
        places.append(alert.said_distance * LOUDER)
    ahead = [place for place in places if place < pool.shock_distance.value]
    return f"Next word below {words.percent(max(ahead))}." if ahead else ""
