"""The one living message of each alert in one chat: which may be edited, and with what. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from watchdog.alerts.words import clock_time
from watchdog.channels.base import LiveAlert, View
from watchdog.channels.telegram import words
from watchdog.domain.effects import Button, Level, Message

LIVING: Final = frozenset({"fired", "worsened", "escalated", "repeated"})
"""The events whose message becomes the living one of its alert."""

Key: TypeAlias = tuple[str, str]
"""Account and alert."""

PREFIX: Final = "live"


@dataclass(frozen=True, slots=True)
class Living:
    """A message of ours that shows how an alert stands."""

    message_id: int
    at: float
    """Wall seconds of the message, or of the end: what is from before says nothing of it."""
    lines: tuple[str, ...]
    """As last shown, without its time."""
    buttons: tuple[Button, ...] = ()
    seen: str = ""
    """Who has seen it, as shown beside the time."""
    looked: float = -1.0
    """Monotonic time of the last edit; below zero: none yet."""
    ended: str = ""
    """The line to end it with; empty while the alert fires."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a message should show from now on."""

    key: Key
    message_id: int
    lines: tuple[str, ...]
    buttons: tuple[Button, ...]
    last: bool
    """The alert is over: nothing will be edited after this."""


class Board:
    """All living messages of one chat."""

    def __init__(self) -> None:
        self._living: dict[Key, Living] = {}
        self._views: dict[str, View] = {}

    def __len__(self) -> int:
        return len(self._living)

    def recall(self, key: Key, text: str) -> None:
        """Take up what an earlier run remembered, unless this run knows better. Ignores what can't be read."""
        try:
            data = json.loads(text)
            living = Living(int(data["id"]), float(data["at"]), tuple(map(str, data["lines"])))
        except (ValueError, KeyError, TypeError):
            return
        self._living.setdefault(key, living)

    def sent(self, message: Message, message_id: int) -> tuple[Key, str] | None:
        """A message went out. What to remember of it, if it is the living one now."""
        if not message.alert:
            return None
        key = (message.account, message.alert)
        living = self._living.get(key)
        if message.earlier or (living is not None and message.at < living.at):
            return None  # how the alert stood before: the living message, or its end, knows better
        if message.event == "resolved":
            self._end(key, f"resolved {words.stamp_of(message.lines) or clock_time(message.at, None)}", message.at)
        if message.event not in LIVING:
            return None
        living = Living(message_id, message.at, words.without_stamp(message.lines), message.buttons)
        self._living[key] = living
        return key, json.dumps({"id": message_id, "at": message.at, "lines": living.lines}, ensure_ascii=False)

    def show(self, view: View) -> None:
        """How an account stands now."""
        self._views[view.account] = view
        firing = {alert.key for alert in view.alerts}
        for key, living in list(self._living.items()):
            if key[0] == view.account and key[1] not in firing and view.at > living.at:
                self._end(key, f"ended {clock_time(view.at, None)}", view.at)

    def _end(self, key: Key, line: str, at: float) -> None:
        living = self._living.get(key)
        if living is not None and not living.ended:
            self._living[key] = replace(living, ended=f"{line} · {living.seen}" if living.seen else line, at=at)

    def next_edit(self) -> Edit | None:
        """The edit that is wanted most: what is over first, then the one that has waited longest, then the worst."""
        wanted: list[tuple[bool, float, int, Edit]] = []
        for key, living in self._living.items():
            if living.ended:
                lines = (*living.lines, living.ended)
                wanted.append((False, 0.0, 0, Edit(key, living.message_id, lines, (), last=True)))
            elif (alert := self._alert(key, living)) is not None:
                lines = words.without_stamp(alert.lines)
                now = (lines, alert.buttons, words.seen_in(alert.lines))
                if now != (living.lines, living.buttons, living.seen):
                    stamped = (*lines, _stamp(self._views[key[0]], alert))
                    edit = Edit(key, living.message_id, stamped, alert.buttons, last=False)
                    wanted.append((True, living.looked, -(alert.level or Level.INFO), edit))
        return min(wanted, key=lambda one: one[:3])[3] if wanted else None

    def _alert(self, key: Key, living: Living) -> LiveAlert | None:
        view = self._views.get(key[0])
        if view is None or view.at <= living.at:
            return None
        return next((alert for alert in view.alerts if alert.key == key[1]), None)

    def done(self, edit: Edit, now: float) -> None:
        """The message shows it."""
        living = self._living.get(edit.key)
        if living is None or living.message_id != edit.message_id:
            return  # a newer message is the living one
        if edit.last:
            del self._living[edit.key]
            return
        lines, seen = words.without_stamp(edit.lines), words.seen_in(edit.lines)
        self._living[edit.key] = replace(living, lines=lines, buttons=edit.buttons, seen=seen, looked=now)

    def forget(self, edit: Edit) -> None:
        """The message is gone, or can't be edited any more."""
        living = self._living.get(edit.key)
        if living is not None and living.message_id == edit.message_id:
            del self._living[edit.key]

    def knows(self, key: Key) -> bool:
        """Whether an alert has a living message here."""
        return key in self._living


def memory_key(chat: int, key: Key) -> str:
    """Under which a living message is remembered."""
    return f"{PREFIX} {chat} {key[0]} {key[1]}"


def read_memory(remembered: Mapping[str, str], chat: int) -> list[tuple[Key, str]]:
    """What an earlier run remembered of one chat."""
    found = []
    for name, text in remembered.items():
        parts = name.split(" ", maxsplit=3)
        if len(parts) == 4 and parts[0] == PREFIX and parts[1] == str(chat):  # noqa: PLR2004  (as in memory_key)
            found.append(((parts[2], parts[3]), text))
    return found


def _stamp(view: View, alert: LiveAlert) -> str:
    """The time at the end of an edited message, and who has seen it."""
    return alert.lines[-1] if words.stamp_of(alert.lines) is not None else clock_time(view.at, None)
