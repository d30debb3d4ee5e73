"""Why: what every rule reads of a position or a pool, what is silenced, and what is done. Pure, in plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from watchdog.alerts import words
from watchdog.alerts.hours import counts
from watchdog.alerts.judge import (
    members_of,
    pool_of,
    pool_selected,
    position_selected,
    rules_for_pool,
    rules_for_position,
)
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.silence import alert_handle, always_said, means, names_of
from watchdog.alerts.view import POOL, View, alert_key, pool_readings_of, position_subject, readings_of
from watchdog.core.hands import leave
from watchdog.core.state import State, worst_first
from watchdog.core.step import view_of
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.reading import Reading
from watchdog.report import planned
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.evaluate import Truth, holds, selects
from watchdog.rules.schema import Metric, Rule


def why(state: State, subject: str, now: Instant) -> str:
    """What every rule reads of the positions and pools that `subject` names, in words; empty: there are none.

    By coin, symbol or side (`BTC long`), as `alerts.silence.names_of` has them. An empty subject, or the account's
    name, means them all; the handle of an alert names what it is about.
    """
    if state.book is None:
        return f"{state.who.account}: nothing was read yet" if not subject else ""
    view = view_of(state, now)
    parts = [
        "\n".join(_position(state, view, risk, now))
        for risk in worst_first(state.book)
        if _meant(state, subject, position_subject(risk.position.key), f"{words.name(risk.position)}")
    ]
    parts += [
        "\n".join(_pool(state, view, pool, now))
        for asset, pool in sorted(state.book.pools.items())
        if _meant(state, subject, POOL + asset)
    ]
    return "\n\n".join(parts)


def _meant(state: State, subject: str, *names: str) -> bool:
    account, asked = state.who.account, subject.casefold()
    if asked in {"", account.casefold(), *(name.casefold() for name in names)} or asked in names_of(names[0]):
        return True
    return any(subject == alert_handle(account, alert_key(rule, names[0])) for rule in state.rules.rules)


def _position(state: State, view: View, risk: PositionRisk, now: Instant) -> Iterator[str]:
    position, subject = risk.position, position_subject(risk.position.key)
    market = state.markets.get(position.symbol)
    read_at = words.clock_time(state.read_wall, state.who.zone)
    yield f"{words.name(position)} {words.size(position.size, market)} · {position.margin_mode} · {state.who.account}"
    yield f"{words.liquidation_line(risk, market, state.who.venue)}, read {read_at}"
    if not view.usable:
        yield "These figures are too old to judge by: no rule fires or resolves on them."
    mine = {stop.client_id for stop in view.ours(position.key)}
    for judged in risk.stops:
        whose = words.stop_words(judged.stop, market, ours=judged.stop.client_id in mine)
        yield f"Stop: {whose}: {judged.words}"
    if not risk.stops:
        yield "NO STOP"
    rules = [rule for rule in rules_for_position(state.rules, position) if selects(rule, position_selected(view, risk))]
    yield from _rules(state, rules, subject, readings_of(risk, pool_of(view.book, risk)), now)
    row = planned(state, risk, now)
    held = leave(state, now)
    if row["would"] == "nothing":
        yield f"I send nothing: {row['why']}."
    else:
        doing = f"{row['would']} {row['order']} ({row['why']})"
        yield f"With every rule firing I would {doing}." + ("" if held.given else f" I send nothing: {held.why_not}.")
    if row["proposal"] is not None:
        yield f"Asked: {row['proposal']}. Yes: `watchdog confirm {row['confirm']}`"


def _pool(state: State, view: View, pool: PoolRisk, now: Instant) -> Iterator[str]:
    members = members_of(view.book, pool)
    held = ", ".join(words.name(risk.position) for risk in members)
    yield f"{pool.asset} pool ({held}) · cross · {state.who.account}"
    yield words.pool_line(pool)
    rules = [rule for rule in rules_for_pool(state.rules, pool) if selects(rule, pool_selected(view, members))]
    yield from _rules(state, rules, POOL + pool.asset, pool_readings_of(pool), now)


def _rules(
    state: State, rules: Iterable[Rule], subject: str, readings: Mapping[Metric, Reading], now: Instant
) -> Iterator[str]:
    none = True
    for rule in rules:
        none = False
        alert = state.alerts.get(alert_key(rule, subject)) or Alert(alert_key(rule, subject))
        levels = ", ".join(
            f"{level.name.lower()} {'below ' if rule.metric.fires_below else 'at '}"
            f"{words.level_words(rule.metric, threshold.at)}"
            for level, threshold in rule.levels.items()
        )
        reads = words.metric_line(rule.metric, readings[rule.metric])
        yield f'Rule "{rule.name}": {"; ".join((reads, levels, *_stands(rule, alert, readings, state, now)))}'
    if none:
        yield "No rule selects it."


def _stands(rule: Rule, alert: Alert, readings: Mapping[Metric, Reading], state: State, now: Instant) -> Iterator[str]:
    """How far the alert of a rule is."""
    zone = state.who.zone
    if rule.between is not None and not counts(rule.between, now.wall):
        yield f"does not count now, only at {rule.between.text}"
        return
    if not alert.firing:
        applies = holds(rule.only_if, readings)
        if applies is not Truth.YES:
            known = "does not hold" if applies is Truth.NO else "can't be told"
            yield f"its only_if {known}"
        yield from _holding(rule, alert)
        return
    level = alert.level or Level.INFO
    since = "" if alert.began is None else f" since {words.until_words(alert.began.wall, now.wall, zone)}"
    yield f"FIRES at {level.name.lower()}{since}"
    yield from _holding(rule, alert)
    if alert.acknowledged:
        yield f"seen by {alert.seen_by}" if alert.seen_by else "seen"
    elif alert.waits is not None and alert.escalated < len(rule.escalate):
        step = rule.escalate[alert.escalated]
        at = words.clock_time(alert.waits.wall + step.after, zone).split()[0]
        yield f"not seen yet: {', '.join(step.notify)} is called at {at}"
    account = state.who.account
    quiet = [one for one in state.silences.values() if one.until > now.wall and means(one.subject, account, alert.key)]
    if quiet and not always_said(alert.key, level):
        until = max(one.until for one in quiet)
        yield f"silenced until {words.until_words(until, now.wall, zone)}"


def _holding(rule: Rule, alert: Alert) -> Iterator[str]:
    """Levels whose condition holds and that have not fired yet."""
    for level, held in sorted(alert.pending.items()):
        threshold = rule.levels.get(level)
        if threshold is None or (alert.level is not None and level <= alert.level):
            continue
        if held.seconds < threshold.hold:
            yield f"{level.name.lower()} holds for {held.seconds:.0f} s of {threshold.hold:.0f} s"
        elif held.times < threshold.confirm:
            yield f"{level.name.lower()} seen {held.times} of {threshold.confirm} times"
