"""How a connection can fail, for those that need no library to say so."""

from __future__ import annotations

from watchdog.channels.base import ChannelError
from watchdog.settings import MqttSettings

CLOSED = "the broker closed the connection"


class LostError(ChannelError):
    """The connection is over."""


class NotHeardError(ChannelError):
    """The broker has confirmed what we published and did not bring it back."""


def of_kicking(settings: MqttSettings) -> str:
    """What it looks like when the broker closes one connection after the other soon after it took it."""
    return f'{CLOSED} again, soon after it took it: another client uses the same client id "{settings.client_id}"?'
