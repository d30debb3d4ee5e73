"""A message as the JSON text of an outbox row, and back."""

from __future__ import annotations

import json

from watchdog.domain.effects import Level, Message


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
    )
