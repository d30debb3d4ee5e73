"""A message as the JSON text of an outbox row, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from watchdog.domain.effects import Button, Level, Message
from watchdog.domain.verbs import Verb


def to_body(message: Message) -> str:
    """The whole message as JSON."""
    return json.dumps(
        {
            "id": message.id,
            "account": message.account,
            "level": message.level.name.lower(),
            "event": message.event,
            "alert": message.alert,
            "lines": message.lines,
            "sound": message.sound,
            "at": message.at,
            "channels": message.channels,
            "buttons": [[one.label, one.verb, one.subject, one.seconds, one.own_row] for one in message.buttons],
        }
    )


def from_body(body: str) -> Message:
    """The message of an outbox row, without buttons this version does not know.

    Raises ValueError for a text that `to_body` did not make.
    """
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("no message")  # noqa: TRY004  (of a text from a disk: its value is wrong)
    level, at = _known(data, "level", str).upper(), _known(data, "at", float, int)
    if level not in Level.__members__:
        raise ValueError("level")
    return Message(
        id=_known(data, "id", str),
        account=_known(data, "account", str),
        level=Level[level],
        event=_known(data, "event", str),
        alert=_known(data, "alert", str),
        lines=_texts(data, "lines"),
        sound=_known(data, "sound", bool),
        at=at,
        channels=_texts(data, "channels") if "channels" in data else (),  # rows of the first version have neither
        buttons=tuple(button for one in data.get("buttons") or () if (button := _button(one)) is not None),
    )


def _known(data: Mapping[str, Any], name: str, *kinds: type) -> Any:
    """One value, of one of these kinds. Raises ValueError."""
    if type(value := data.get(name)) not in kinds:
        raise ValueError(name)
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts. Raises ValueError."""
    values = _known(data, name, list)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(name)
    return tuple(values)


def _button(row: Any) -> Button | None:
    """A button; None for one of another version, with a verb or a form that this one does not know."""
    match row:
        case [str(label), str(verb), str(subject), float() | int() as seconds, bool(own_row)] if verb in set(Verb):
            return Button(label, Verb(verb), subject, seconds, own_row)
    return None
