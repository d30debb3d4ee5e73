"""The desk every alert passes on its way out: its state is remembered and its message told in one `Save`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Protocol, TypeAlias

from rpds import HashTrieMap

from watchdog.alerts.lifecycle import MOST_REPEATS, Alert, Event, to_json
from watchdog.alerts.words import MOST_LINES, clock_time
from watchdog.domain.effects import Level, Message
from watchdog.domain.facts import Instant

Alerts: TypeAlias = "HashTrieMap[str, Alert]"


def reminder_due(alert: Alert, repeat: float) -> float | None:
    """The monotonic time at which a standing alert is said again; None: it is not."""
    loud = alert.level is not None and alert.level >= Level.CRITICAL
    if not loud or alert.acknowledged or alert.repeats >= MOST_REPEATS or alert.said is None:
        return None
    return alert.said.mono + repeat


class Outbox(Protocol):
    """Where a step gathers what is to be remembered and told."""

    def keep(self, kind: str, key: str, value: str | None) -> None:
        """Remember a value; None forgets it."""
        ...

    def say(self, message: Message) -> None:
        """Tell."""
        ...


class Desk:
    """Alerts of one account during one step. `say` and `keep` are the step's gathering of effects."""

    def __init__(self, account: str, zone: tzinfo | None, alerts: Alerts, now: Instant, out: Outbox) -> None:
        self._account = account
        self._zone = zone
        self._now = now
        self._out = out
        self.alerts = alerts

    @property
    def account(self) -> str:
        """The account all of it is about."""
        return self._account

    def get(self, key: str) -> Alert:
        """The alert of that key, an inactive one if there is none."""
        return self.alerts.get(key) or Alert(key)

    def put(self, alert: Alert, event: Event | None, lines: Sequence[str]) -> None:
        """The alert after a look. A message goes out for every event but easing."""
        before = self.alerts.get(alert.key)
        if event is None:
            if alert != before:
                self._remember(alert)
            return
        if event is Event.EASED:
            self._remember(alert)
            self._out.keep("alert", alert.key, to_json(alert))
            return
        alert = replace(alert, lines=tuple(lines))
        self._out.say(self._message(alert, event, alert.lines))
        if event is Event.RESOLVED:
            self.alerts = self.alerts.discard(alert.key)
            self._out.keep("alert", alert.key, None)
        else:
            self._remember(alert)
            self._out.keep("alert", alert.key, to_json(alert))

    def _remember(self, alert: Alert) -> None:
        """Keep it in memory while it is anything but inactive."""
        if alert.firing or alert.pending:
            self.alerts = self.alerts.insert(alert.key, alert)
        else:
            self.alerts = self.alerts.discard(alert.key)

    def acknowledge(self, alert: Alert) -> None:
        """Somebody has seen it."""
        alert = replace(alert, acknowledged=True)
        self._remember(alert)
        self._out.keep("alert", alert.key, to_json(alert))

    def stand(self, key: str, level: Level, lines: Sequence[str]) -> None:
        """Something is wrong that no rule measures: say it once, and again only if it gets worse."""
        alert = self.get(key)
        if alert.level is not None and alert.level >= level:
            return
        event = Event.WORSENED if alert.firing else Event.FIRED
        alert = replace(
            alert,
            level=level,
            worst=level,
            acknowledged=False,
            repeats=0,
            began=alert.began if alert.firing else self._now,
            said=self._now,
            said_count=alert.said_count + 1,
        )
        self.put(alert, event, lines)

    def refresh(self, key: str, lines: Sequence[str]) -> None:
        """What a standing alert would say now, for when it is said again."""
        alert = self.alerts.get(key)
        if alert is not None and alert.firing:
            self.alerts = self.alerts.insert(key, replace(alert, lines=tuple(lines)))

    def fall(self, key: str, lines: Sequence[str]) -> None:
        """It is right again: said quietly, once."""
        alert = self.get(key)
        if alert.firing:
            self.put(replace(alert, level=None, said_count=alert.said_count + 1), Event.RESOLVED, lines)

    def remind(self, prefix: str, repeat: float) -> None:
        """Say standing alerts again that nobody acknowledged; those whose keys begin with `prefix` have their own."""
        for key, alert in sorted(self.alerts.items()):
            due = reminder_due(alert, repeat)
            if not key.startswith(prefix) and due is not None and due <= self._now.mono:
                again = replace(alert, repeats=alert.repeats + 1, said=self._now, said_count=alert.said_count + 1)
                self.put(again, Event.REPEATED, alert.lines)

    def drop(self, key: str) -> None:
        """Forget it without a word: something said it better."""
        if key in self.alerts:
            self.alerts = self.alerts.discard(key)
            self._out.keep("alert", key, None)

    def tell(self, key: str, level: Level, lines: Sequence[str], *, sound: bool = False, event: str = "told") -> None:
        """Say something that is no state: a stop placed, rules changed."""
        at = self._now.wall
        identity = f"{self._account}:{key}:{at * 1000:.0f}"
        text = tuple(self._stamped(lines))
        self._out.say(Message(identity, self._account, level, event, "", text, sound, at))

    def _message(self, alert: Alert, event: Event, lines: Sequence[str]) -> Message:
        began = alert.began or self._now
        worst = alert.worst or Level.INFO
        level = worst if event is Event.RESOLVED else alert.level or worst
        return Message(
            id=f"{self._account}:{alert.key}:{began.wall * 1000:.0f}:{alert.said_count}",
            account=self._account,
            level=level,
            event=str(event),
            alert=alert.key,
            lines=tuple(self._stamped(lines)),
            sound=event is not Event.RESOLVED and level >= Level.CRITICAL,
            at=self._now.wall,
        )

    def _stamped(self, lines: Sequence[str]) -> list[str]:
        return [*lines[: MOST_LINES - 1], clock_time(self._now.wall, self._zone)]
