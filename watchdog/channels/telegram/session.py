"""What all chats of one bot share: the connection, the memory, and the tasks under way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from watchdog.channels.base import ChannelError, Memory
from watchdog.clock import Clock
from watchdog.settings import TelegramSettings
from watchdog.store.errors import StoreError

if TYPE_CHECKING:
    from watchdog.channels.telegram.api import Api

_log = logging.getLogger(__name__)


class Session:
    """One bot while the daemon runs."""

    def __init__(
        self, settings: TelegramSettings, memory: Memory, clock: Clock, commands: Sequence[tuple[str, str]]
    ) -> None:
        self.name = settings.name
        self.min_level = settings.min_level
        self._settings = settings
        self._api: Api | None = None
        self.clock = clock
        self._memory = memory
        self._commands = commands
        self._attempt: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgetful = False
        self.remembered: Mapping[str, str] = {}
        """What an earlier run left."""
        self.opened = asyncio.Event()

    @property
    def api(self) -> Api:
        """The Bot API. Raises ChannelError before the session was ever opened."""
        if self._api is None:
            raise ChannelError("it is not open", whole=True)
        return self._api

    async def open(self) -> None:
        """Connect, once for all chats; who comes meanwhile waits for the same try. Raises ChannelError."""
        if self.opened.is_set():
            return
        if self._attempt is None:
            self._attempt = self.spawn(self._open(), "opening")
            self._attempt.add_done_callback(self._tried)
        await asyncio.shield(self._attempt)

    def _tried(self, attempt: asyncio.Task[None]) -> None:
        self._attempt = None
        if not attempt.cancelled():
            attempt.exception()  # whoever still waits is told; nobody may be left

    async def _open(self) -> None:
        if not self.remembered:
            try:
                self.remembered = dict(await self._memory.load())
            except StoreError as error:  # what is remembered makes messages prettier; sending goes on without
                _log.warning("channel %s does not remember its last messages: %s", self.name, error)
        if self._api is None:
            self._api = await asyncio.to_thread(_api, self._settings)
        await self._api.open(self._commands)
        self.opened.set()

    async def keep(self, key: str, value: str | None) -> None:
        """Remember for the next run, if the store can."""
        try:
            await self._memory.keep(key, value)
        except StoreError as error:
            if not self._forgetful:
                _log.warning("channel %s can't remember its messages: %s", self.name, error)
            self._forgetful = True
        else:
            self._forgetful = False

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """A task that ends with the session."""
        task = asyncio.create_task(work, name=f"channel {self.name} {what}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End all tasks and connections. Safe at any time, and again."""
        for task in (tasks := tuple(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.opened.clear()
        if self._api is not None:
            await self._api.close()


def _api(settings: TelegramSettings) -> Api:
    """The library is imported here, beside the watching and after the first read: it takes most of a second."""
    from watchdog.channels.telegram.api import Api  # noqa: PLC0415  (see above)

    return Api(settings)
