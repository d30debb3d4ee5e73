"""Messages for the tests of the store, the notifier and the channels."""

from __future__ import annotations

from watchdog.domain.effects import Level, Message

FIRST_LINE = "CRITICAL · BTC long 1.3% from liq · NO STOP · main"


def message(
    number: str, level: Level = Level.CRITICAL, at: float = 0.0, event: str = "fired", alert: str = ""
) -> Message:
    """A message with an id, a level and an age, of an alert of its own unless one is named."""
    return Message(
        id=number,
        account="main",
        level=level,
        event=event,
        alert=alert or f"room|{number}",
        lines=(FIRST_LINE, "Mark 112,952 · liq 111,441"),
        sound=level >= Level.CRITICAL and event != "resolved",
        at=at,
    )
