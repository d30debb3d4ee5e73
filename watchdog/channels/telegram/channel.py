"""A Telegram bot as a channel: its chats hear for themselves, and people speak through it."""

from __future__ import annotations

from collections.abc import Sequence

from watchdog.channels.base import Daemon, Memory, View
from watchdog.channels.telegram.commands import MENU
from watchdog.channels.telegram.hearing import Hearing
from watchdog.channels.telegram.outbox import Outlet
from watchdog.channels.telegram.session import Session
from watchdog.clock import Clock
from watchdog.domain.effects import Level
from watchdog.settings import TelegramSettings


class TelegramChannel:
    """One bot, and the chats it may talk to. Needs a running event loop. Its words never show the token."""

    def __init__(self, settings: TelegramSettings, memory: Memory, clock: Clock) -> None:
        self._settings = settings
        self._session = Session(settings, memory, clock, MENU)
        self._outlets = tuple(Outlet(self._session, chat) for chat in settings.chats)
        self._hearing = Hearing(self._session, self._outlets, settings.users)

    def __repr__(self) -> str:
        return f"TelegramChannel({self._settings.name!r}, chats={self._settings.chats})"

    @property
    def name(self) -> str:
        """As in the settings."""
        return self._settings.name

    @property
    def min_level(self) -> Level:
        """The mildest message it hears."""
        return self._settings.min_level

    @property
    def outlets(self) -> Sequence[Outlet]:
        """A chat each."""
        return self._outlets

    def show(self, view: View) -> None:
        """Bring the living messages up to date, when there is time."""
        for outlet in self._outlets:
            outlet.show(view)

    async def listen(self, daemon: Daemon) -> None:
        """Take in what people say, for ever."""
        await self._hearing.listen(daemon)
