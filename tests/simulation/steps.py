"""The core's steps, watched: what people say and write must not touch what it does for a position.

The core is a pure function, so that what it would have done otherwise can be asked: the same state, and no news.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from unittest import mock

from tests.simulation.consent import Consent
from tests.simulation.record import Record
from watchdog import runner
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.silence import silent
from watchdog.core.state import State
from watchdog.core.step import Rest, RulesChanged, begin, finish, step
from watchdog.domain.effects import Cancel, Effect, Level, LookUp, Message, Place, Save
from watchdog.domain.facts import Command, Due, Fact, Instant
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Rule

TALK = frozenset({Verb.ACK, Verb.SILENCE, Verb.UNSILENCE})


class Steps:
    """Looks at every step of the daemon's lives. `over`: what is left of them is cleared away, nothing counts."""

    def __init__(self, record: Record, consent: Consent, now: Callable[[], float]) -> None:
        self._record = record
        self._consent = consent
        self._now = now
        self.over = False
        self.placed_at: dict[str, float] = {}
        """By client id when the core asked for a stop."""

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """For the length of a block."""
        with mock.patch.object(runner, "begin", self._begin), mock.patch.object(runner, "finish", self._finish):
            yield

    def _begin(
        self, state: State, fact: Fact | RulesChanged, now: Instant
    ) -> tuple[State, tuple[Effect, ...], Rest | None]:
        after, effects, rest = begin(state, fact, now)
        if not self.over:
            self._look(state, fact, now, after, effects)
        return after, effects, rest

    def _finish(self, state: State, rest: Rest) -> tuple[State, tuple[Effect, ...]]:
        after, effects = finish(state, rest)
        if not self.over:
            self._look(state, None, rest.now, after, effects)
        return after, effects

    def _look(
        self,
        state: State,
        fact: Fact | RulesChanged | None,
        now: Instant,
        after: State,
        effects: tuple[Effect, ...],
    ) -> None:
        if isinstance(fact, RulesChanged):
            self._reloaded(state, fact, now, after, effects)
        if isinstance(fact, Command) and fact.verb in TALK:
            self._talked(state, fact, now, after, effects)
        for effect in effects:
            if isinstance(effect, Place):
                self.placed_at[effect.order.client_id] = self._now()
        self._consent.step(after, fact if isinstance(fact, Command) else None, effects, now)
        self._emergencies(state, after, effects)

    def _reloaded(
        self, state: State, fact: RulesChanged, now: Instant, after: State, effects: tuple[Effect, ...]
    ) -> None:
        """New rules end only alerts of rules that are gone or changed, and say so; the rest stays."""
        ended = {message.alert for message in _messages(effects) if message.event == "resolved"}
        for key in sorted(_firing(state.alerts) - _firing(after.alerts) - ended):
            if silent(state.silences.values(), state.who.account, key, now.wall):
                continue  # its end is not said
            self._record.fail(f"a reload drops the firing alert {key} without a word")
        usual, usual_effects = step(state, Due(), now)
        before, new = ({rule.name: replace(rule, line=0) for rule in one.rules} for one in (state.rules, fact.rules))
        kept = {name for name, rule in before.items() if new.get(name) == rule}
        for key in sorted({*usual.alerts, *after.alerts}):
            if _rule_of(key, kept) and _told(usual.alerts.get(key)) != _told(after.alerts.get(key)):
                self._record.fail(
                    f"a reload touches {key}, whose rule is as before: {usual.alerts.get(key)}, {after.alerts.get(key)}"
                )
        modes = (state.rules.mode, state.rules.account_modes) == (fact.rules.mode, fact.rules.account_modes)
        if modes and _protecting(before.values()) == _protecting(new.values()):
            self._same_orders("a reload", usual_effects, effects)

    def _talked(self, state: State, fact: Command, now: Instant, after: State, effects: tuple[Effect, ...]) -> None:
        usual, usual_effects = step(state, Due(), now)
        self._same_orders(str(fact.verb), usual_effects, effects)
        if usual.guards != after.guards:
            self._record.fail(f"{fact.verb} changes what is known of the stops")

    def _same_orders(self, what: str, usual: Iterable[Effect], effects: Iterable[Effect]) -> None:
        would, does = ([one for one in some if isinstance(one, Place | Cancel | LookUp)] for some in (usual, effects))
        if would != does:
            self._record.fail(f"{what} changes what is sent: {does} instead of {would}")

    def _emergencies(self, state: State, after: State, effects: tuple[Effect, ...]) -> None:
        """What becomes an emergency is said, silence or not."""
        if after.alerts is state.alerts:
            return
        for key, alert in sorted(after.alerts.items()):
            before = state.alerts.get(key)
            if alert.level is not Level.EMERGENCY or (before is not None and before.level is Level.EMERGENCY):
                continue
            if not any(one.alert == key and one.level is Level.EMERGENCY for one in _messages(effects)):
                self._record.fail(f"{key} becomes an emergency, and nobody is told")


def _messages(effects: Iterable[Effect]) -> list[Message]:
    return [message for effect in effects if isinstance(effect, Save) for message in effect.messages]


def _firing(alerts: Mapping[str, Alert]) -> set[str]:
    return {key for key, alert in alerts.items() if alert.firing}


def _rule_of(key: str, names: Iterable[str]) -> bool:
    return any(key.startswith(f"rule:{name}|") for name in names)


def _told(alert: Alert | None) -> object:
    """What of an alert a reload must leave alone: how bad it is, since when, and how long what is to come has held."""
    return None if alert is None else (alert.level, alert.began, alert.acknowledged, alert.pending, alert.recovering)


def _protecting(rules: Iterable[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.stop is not None]
