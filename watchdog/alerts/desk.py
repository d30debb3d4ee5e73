"""The desk every alert passes on its way out: its state is remembered and its message told in one `Save`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Protocol, TypeAlias

from rpds import HashTrieMap

from watchdog.alerts.lifecycle import Alert, Event, acknowledge, to_json
from watchdog.alerts.silence import Silence, alert_handle, always_said, silent, unseeing
from watchdog.alerts.words import AGAIN, MOST_LINES, NOBODY_SAW, clock_time, old_words
from watchdog.domain.changed import replace
from watchdog.domain.effects import EVERYONE, Button, Level, Message
from watchdog.domain.facts import Instant
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import MOST_REPEATS

Alerts: TypeAlias = "HashTrieMap[str, Alert]"

REMIND = 1800.0
"""Seconds after which a standing alert nobody acknowledged is said again; a rule's own `repeat` is for its alerts."""

ADDED = {Event.REPEATED: AGAIN, Event.ESCALATED: NOBODY_SAW}

SILENCE_FOR = 3600.0
"""Seconds a tap on [Silence 1h] asks for."""


def reminder_due(alert: Alert, repeat: float) -> float | None:
    """The monotonic time at which a standing alert is said again; None: it is not."""
    loud = alert.level is not None and alert.level >= Level.CRITICAL
    if not loud or alert.acknowledged or alert.repeats >= MOST_REPEATS or alert.said is None:
        return None
    return alert.said.mono + repeat


def buttons_of(account: str, alert: Alert) -> tuple[Button, ...]:
    """What can be tapped under a firing alert: that it was seen, and from critical up an hour without a word of it."""
    if alert.level is None:
        return ()
    subject = alert_handle(account, alert.key)
    ack = () if alert.acknowledged else (Button("Ack", Verb.ACK, subject),)
    if alert.level < Level.CRITICAL or unseeing(alert.key):
        return ack
    return (*ack, Button("Silence 1h", Verb.SILENCE, subject, SILENCE_FOR))


class Outbox(Protocol):
    """Where a step gathers what is to be remembered and told."""

    def keep(self, kind: str, key: str, value: str | None) -> None:
        """Remember a value; None forgets it."""
        ...

    def say(self, message: Message) -> None:
        """Tell."""
        ...


class Desk:
    """Alerts of one account during one step. `out` is the step's gathering of effects.

    Every message of an alert passes here, through one stage after the other: is it told at all (a silence may hold it
    back), to whom, with what to tap.
    """

    def __init__(
        self,
        account: str,
        zone: tzinfo | None,
        alerts: Alerts,
        now: Instant,
        out: Outbox,
        silences: Iterable[Silence] = (),
    ) -> None:
        self._account = account
        self._zone = zone
        self._now = now
        self._out = out
        self.silences = tuple(silences)
        """What holds back words now."""
        self.alerts = alerts
        self.changed = False
        """Whether any alert fired, changed its level, spoke, was acknowledged or ended."""

    @property
    def account(self) -> str:
        """The account all of it is about."""
        return self._account

    def get(self, key: str) -> Alert:
        """The alert of that key, an inactive one if there is none."""
        return self.alerts.get(key) or Alert(key)

    def put(
        self,
        alert: Alert,
        event: Event | None,
        lines: Sequence[str],
        buttons: tuple[Button, ...] = (),
        channels: tuple[str, ...] = (),
        worded: float | None = None,
        *,
        despite_silence: bool = False,
        quiet: bool = False,
    ) -> None:
        """The alert after a look. A message goes out for every event but easing, unless a silence holds it back.

        `buttons` come before the alert's own. `channels` are those its rule names for what happened, none: everyone.
        `worded`: wall seconds at which the lines were made, None: now. `despite_silence`: a silence that is over it
        takes the sound only. `quiet`: without a sound in any case.
        """
        if event is None:
            if alert != self.alerts.get(alert.key):
                self._remember(alert)
            return
        self.changed = True
        if event is Event.EASED:
            self._remember(alert)
            self._out.keep("alert", alert.key, to_json(alert))
            return
        alert = replace(alert, lines=tuple(lines), worded=self._now.wall if worded is None else worded)
        if event is Event.RESOLVED:
            if alert.told is not None:
                self._out.say(self._message(alert, event, alert.lines, alert.heard, ()))
            self.alerts = self.alerts.discard(alert.key)
            self._out.keep("alert", alert.key, None)
            return
        silent = self.silent(alert)
        if not silent or despite_silence:
            to = channels or (EVERYONE,)
            if event is not Event.ESCALATED:
                to = (*to, *alert.reached)
            told = max(alert.told or Level.INFO, alert.level or Level.INFO)
            alert = replace(alert, told=told, owed=False, heard=tuple(dict.fromkeys((*alert.heard, *to))))
            taps = (*buttons, *buttons_of(self._account, alert))
            self._out.say(self._message(alert, event, alert.lines, to, taps, quiet=quiet or silent))
        self._remember(alert)
        self._out.keep("alert", alert.key, to_json(alert))

    def hold(self, alert: Alert) -> None:
        """The alert after a look whose words come later in the same step."""
        self._remember(alert)

    def silent(self, alert: Alert) -> bool:
        """Whether a silence holds back what an alert would say now."""
        if not self.silences or alert.level is None or always_said(alert.key, alert.level):
            return False
        return silent(self.silences, self._account, alert.key, self._now.wall)

    def _remember(self, alert: Alert) -> None:
        """Keep it in memory while it is anything but inactive."""
        if alert.firing or alert.pending:
            self.alerts = self.alerts.insert(alert.key, alert)
        else:
            self.alerts = self.alerts.discard(alert.key)

    def acknowledge(self, alert: Alert, by: str = "") -> None:
        """Somebody has seen it."""
        self.changed = True
        alert = acknowledge(alert, by)
        self._remember(alert)
        self._out.keep("alert", alert.key, to_json(alert))

    def owe(self, alert: Alert) -> None:
        """A silence over it has ended: it is to be said once, if it still fires when it is next looked at."""
        alert = replace(alert, owed=True)
        self._remember(alert)
        self._out.keep("alert", alert.key, to_json(alert))

    def stand(
        self,
        key: str,
        level: Level,
        lines: Sequence[str],
        buttons: tuple[Button, ...] = (),
        *,
        about: tuple[str, ...] = (),
        despite_silence: bool = False,
    ) -> None:
        """Something is wrong that no rule measures: say it once, and again only if it gets worse.

        `about`: what it speaks of, where that can be several things; one more of them is worse. `despite_silence`: as
        in `put`.
        """
        alert = self.get(key)
        if alert.level is not None and alert.level >= level and set(about) <= set(alert.about):
            self.refresh(key, lines)
            if about != alert.about:
                alert = replace(self.get(key), about=about)
                self._remember(alert)
                self._out.keep("alert", key, to_json(alert))
            return
        level = max(level, alert.level or level)
        event = Event.WORSENED if alert.firing else Event.FIRED
        alert = replace(
            alert,
            level=level,
            worst=level,
            acknowledged=False,
            seen_by="",
            repeats=0,
            began=alert.began if alert.firing else self._now,
            said=self._now,
            said_count=alert.said_count + 1,
            about=about,
        )
        self.put(alert, event, lines, buttons, despite_silence=despite_silence)

    def stand_quietly(self, key: str, level: Level, lines: Sequence[str]) -> None:
        """Something is wrong that the message of another alert has said already: it stands, and is never said."""
        alert = self.get(key)
        if not alert.firing:
            worded = self._now.wall
            alert = replace(alert, level=level, worst=level, began=self._now, lines=tuple(lines), worded=worded)
            self._remember(alert)
            self._out.keep("alert", key, to_json(alert))

    def again(
        self, key: str, lines: Sequence[str], buttons: tuple[Button, ...], *, despite_silence: bool = False
    ) -> None:
        """Say a standing alert again, with other words than it had."""
        alert = self.get(key)
        self.put(
            replace(alert, repeats=alert.repeats + 1, said=self._now, said_count=alert.said_count + 1),
            Event.REPEATED,
            lines,
            buttons,
            despite_silence=despite_silence,
        )

    def reword(self, key: str, lines: Sequence[str], buttons: tuple[Button, ...]) -> None:
        """A standing alert has other words now: told without a sound; its reminders go on as they were."""
        alert = self.get(key)
        self.put(replace(alert, said_count=alert.said_count + 1), Event.REPEATED, lines, buttons, quiet=True)

    def refresh(self, key: str, lines: Sequence[str]) -> None:
        """What a standing alert would say now, for when it is said again."""
        alert = self.alerts.get(key)
        if alert is not None and alert.firing:
            self.alerts = self.alerts.insert(key, replace(alert, lines=tuple(lines), worded=self._now.wall))

    def restate(self, alert: Alert, event: Event, channels: tuple[str, ...] = ()) -> None:
        """Say what it said last, under the time at which that was worded: its figures are no newer."""
        worded = alert.figures_at
        lines = old_words(alert.lines, ADDED.get(event, ""), worded, self._now.wall, self._zone)
        self.put(alert, event, lines, channels=channels, worded=worded)

    def fall(self, key: str, lines: Sequence[str]) -> None:
        """It is right again: said quietly, once."""
        alert = self.alerts.get(key)
        if alert is not None and alert.firing:
            self.put(replace(alert, level=None, said_count=alert.said_count + 1), Event.RESOLVED, lines)

    def remind(self, prefix: str, repeat: float) -> None:
        """Say standing alerts again that nobody acknowledged; those whose keys begin with `prefix` have their own."""
        for key, alert in sorted(self.alerts.items()):
            due = reminder_due(alert, repeat)
            if not key.startswith(prefix) and due is not None and due <= self._now.mono:
                again = replace(alert, repeats=alert.repeats + 1, said=self._now, said_count=alert.said_count + 1)
                self.restate(again, Event.REPEATED)

    def drop(self, key: str) -> None:
        """Forget it without a word: something said it better."""
        if key in self.alerts:
            self.changed = True
            self.alerts = self.alerts.discard(key)
            self._out.keep("alert", key, None)

    def tell(
        self,
        key: str,
        level: Level,
        lines: Sequence[str],
        *,
        sound: bool = False,
        event: str = "told",
        buttons: tuple[Button, ...] = (),
        channels: tuple[str, ...] = (),
        alert: str = "",
    ) -> None:
        """Say something that is no state: a stop placed, rules changed. No silence holds it back.

        `alert` is the key of the alert it belongs to, where there is one.
        """
        at = self._now.wall
        identity = f"{self._account}:{key}:{at * 1000:.0f}"
        text = tuple(self._stamped(lines))
        to = _named(channels)
        self._out.say(Message(identity, self._account, level, event, alert, text, sound, at, to, buttons))

    def _message(
        self,
        alert: Alert,
        event: Event,
        lines: Sequence[str],
        to: Sequence[str],
        buttons: tuple[Button, ...],
        *,
        quiet: bool = False,
    ) -> Message:
        began = alert.began or self._now
        level = (alert.told if event is Event.RESOLVED else alert.level) or Level.INFO
        return Message(
            id=f"{self._account}:{alert.key}:{began.wall * 1000:.0f}:{alert.said_count}",
            account=self._account,
            level=level,
            event=str(event),
            alert=alert.key,
            lines=tuple(self._stamped(lines, alert.worded)),
            sound=not quiet and (event is Event.ESCALATED or (event is not Event.RESOLVED and level >= Level.CRITICAL)),
            at=self._now.wall,
            channels=_named(to),
            buttons=buttons,
        )

    def _stamped(self, lines: Sequence[str], worded: float | None = None) -> list[str]:
        """With the time at which they were worded."""
        at = self._now.wall if worded is None else worded
        return [*lines[: MOST_LINES - 1], clock_time(at, self._zone)]


def _named(channels: Sequence[str]) -> tuple[str, ...]:
    """As a message has them: none when it goes to everyone and nobody besides."""
    each = tuple(dict.fromkeys(channels))
    return () if each == (EVERYONE,) else each
