"""What alerts say because of the time alone: that nobody has seen them, and that they still fire after a silence."""

from __future__ import annotations

from dataclasses import replace

from watchdog.alerts.desk import Desk
from watchdog.alerts.intent import Intent
from watchdog.alerts.judge import channels_of, members_of, pool_of
from watchdog.alerts.lifecycle import Alert, Event, escalate
from watchdog.alerts.view import POOL, View, pool_readings_of, position_subject, readings_of, rule_and_subject
from watchdog.alerts.wording import pool_words, position_words
from watchdog.domain.facts import Instant
from watchdog.domain.reading import Known, Reading
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Rule, Ruleset

OF_A_STOP = "stop|"
"""How the keys of alerts begin that protection words: only it knows the plan as it is now, and its button."""


def speak(view: View | None, rules: Ruleset, desk: Desk, now: Instant) -> None:
    """Take the steps of escalations that are due, and say what a silence that has ended held back.

    `view` None: nothing was read yet. What is owed then waits until it can be said with fresh figures; an escalation
    does not wait, it repeats what was last said.
    """
    todo = [alert for alert in desk.alerts.values() if alert.firing and (alert.owed or alert.waits is not None)]
    if not todo:
        return
    named = {rule.name: rule for rule in rules.rules}
    shown = Shown(view)
    for alert in sorted(todo, key=lambda one: one.key):
        name, _ = rule_and_subject(alert.key)
        if alert.owed and not desk.silent(alert) and not alert.key.startswith(OF_A_STOP):
            _say_again(shown, named.get(name), alert, desk, now)
        rule = named.get(name)
        if rule is not None and rule.escalate:
            _escalate(shown, rule, desk.get(alert.key), desk, now)


class Shown:
    """The words of alerts as things stand in one view."""

    def __init__(self, view: View | None) -> None:
        self._view = view
        self._risks: dict[str, PositionRisk] | None = None

    def risk(self, subject: str) -> PositionRisk | None:
        """The position an alert calls by this name."""
        if self._view is None:
            return None
        if self._risks is None:
            self._risks = {position_subject(key): risk for key, risk in self._view.book.positions.items()}
        return self._risks.get(subject)

    def words(self, rule: Rule, alert: Alert, event: Event | None, now: Instant) -> Intent | None:
        """What an alert of a rule says; None when its subject is not in the view."""
        view, (_, subject) = self._view, rule_and_subject(alert.key)
        if view is None:
            return None
        if subject.startswith(POOL):
            pool = view.book.pools.get(subject.removeprefix(POOL))
            if pool is None:
                return None
            members = members_of(view.book, pool)
            return Intent(pool_words(view, alert, event, rule, pool, members, pool_readings_of(pool), now))
        risk = self.risk(subject)
        if risk is None:
            return None
        readings = readings_of(risk, pool_of(view.book, risk))
        return position_words(view, alert, event, rule, risk, readings, now)

    def usable(self, alert: Alert) -> bool:
        """Whether the figures its words are made of are known now."""
        view, (_, subject) = self._view, rule_and_subject(alert.key)
        if view is None or not view.usable:
            return False
        if subject.startswith(POOL):
            asset = subject.removeprefix(POOL)
            return asset in view.book.pools and not view.doubted(asset)
        risk = self.risk(subject)
        return risk is not None and not view.doubted(risk.pool)

    def distance(self, alert: Alert) -> Reading | None:
        """How far from liquidation its subject is."""
        _, subject = rule_and_subject(alert.key)
        if self._view is not None and subject.startswith(POOL):
            pool = self._view.book.pools.get(subject.removeprefix(POOL))
            return None if pool is None else pool.shock_distance
        risk = self.risk(subject)
        return None if risk is None else risk.liquidation_distance


def _say_again(shown: Shown, rule: Rule | None, alert: Alert, desk: Desk, now: Instant) -> None:
    """A silence over it has ended and it still fires: said once, and its reminders begin anew."""
    if alert.told is None:
        event = Event.FIRED
    else:
        event = Event.WORSENED if alert.level is not None and alert.level > alert.told else Event.REPEATED
    again = replace(alert, said=now, repeats=0, said_count=alert.said_count + 1)
    if rule is None:
        desk.restate(again, event)
        return
    if not shown.usable(alert):
        return
    distance = shown.distance(alert)
    if isinstance(distance, Known):
        again = replace(again, said_distance=distance.value)
    words = shown.words(rule, again, event, now)
    if words is not None:
        desk.put(again, event, words.lines, words.buttons, channels_of(rule, alert.level))


def _escalate(shown: Shown, rule: Rule, alert: Alert, desk: Desk, now: Instant) -> None:
    alert, channels = escalate(alert, rule.escalate, now)
    if not channels:
        return
    words = shown.words(rule, alert, Event.ESCALATED, now)
    if words is None:
        desk.restate(alert, Event.ESCALATED, channels)
    else:
        desk.put(alert, Event.ESCALATED, words.lines, words.buttons, channels, despite_silence=words.despite_silence)
