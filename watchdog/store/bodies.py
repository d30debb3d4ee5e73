"""A message as the JSON text of an outbox row, and back."""

from __future__ import annotations

import json

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
    """The message of an outbox row. Raises ValueError or KeyError for a text that `to_body` did not make."""
    data = json.loads(body)
    return Message(
        id=data["id"],
        account=data["account"],
        level=Level[data["level"].upper()],
        event=data["event"],
        alert=data["alert"],
        lines=tuple(data["lines"]),
        sound=data["sound"],
        at=data["at"],
        channels=tuple(data.get("channels", ())),  # rows of the first version have neither
        buttons=tuple(
            Button(label, Verb(verb), subject, seconds, own_row)
            for label, verb, subject, seconds, own_row in data.get("buttons", ())
        ),
    )
