"""What the Bot API may answer, and what it is given, in this program's own words."""

from __future__ import annotations

from collections.abc import Sequence

from watchdog.channels.base import ChannelError

Keyboard = Sequence[Sequence[tuple[str, str]]]
"""Rows of (label, data)."""


class NoSuchChatError(ChannelError):
    """The chat takes nothing from the bot: blocked, left, deleted. That may change any time."""


class RefusedError(ChannelError):
    """This very message is not taken, the chat may be well. `reason` is Telegram's."""


class MigratedError(ChannelError):
    """A group has become a supergroup and goes by another number now."""

    def __init__(self, chat: int) -> None:
        super().__init__("the group goes by another number now")
        self.chat = chat


class TakenError(ChannelError):
    """Somebody else takes what people say to the bot."""
