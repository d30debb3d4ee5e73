"""The channel: a connection for ever, alerts that were heard, and the states of every account."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from watchdog.channels.base import ChannelError, View
from watchdog.channels.mqtt import tree
from watchdog.channels.mqtt.errors import CLOSED, LostError, NotHeardError, of_kicking
from watchdog.channels.mqtt.shelf import Shelf
from watchdog.domain.effects import Level, Message
from watchdog.settings import MqttSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from watchdog.channels.mqtt.connection import Connection

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S: Final = 30.0
"""A connection that lasted this long was a good one: the next pause is the first again. Machine time, like all here."""
SILENT_S = 120.0
"""An account that shows nothing for so long is stuck: it looks at itself at least every minute, read or not."""
LOOK_S = 5.0
"""Between two looks at that."""

_log = logging.getLogger(__name__)


class MqttChannel:
    """Tells each message on `<topic>/alert`, and keeps how things stand retained beside it.

    A message counts as told once it has come back to us. `<topic>/availability` is `online` while we are connected and
    every account goes on finishing its cycles, good reads or bad; else, after an end in order or of any other kind,
    `offline`. An account without good reads says so in its own state.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._shelf = Shelf(settings.topic)
        self._unseen: dict[str, View] = {}
        self._cycles: dict[str, float] = {}
        """When an account last showed that it had finished a cycle. Monotonic."""
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._try_now = asyncio.Event()
        self._waiting: list[asyncio.Future[Connection]] = []

    @property
    def name(self) -> str:
        """As in the settings."""
        return self._settings.name

    @property
    def min_level(self) -> Level:
        """The mildest message it hears."""
        return self._settings.min_level

    async def open(self) -> None:
        """Connect, and from then on for ever again. Raises ChannelError when the next try fails; others follow."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name=f"mqtt {self.name}")
        await self._ready()

    async def send(self, message: Message) -> None:
        """Publish a message and hear it. Raises ChannelError."""
        connection = self._connection or await self._ready()
        await connection.publish_heard(tree.alerts(self._settings.topic), tree.told(message))

    def show(self, view: View) -> None:
        """Publish what has changed since the account's last view, when there is time."""
        self._unseen[view.account] = view
        if any(view.status.get(name) not in (None, "") for name in ("age", "reads_fail", "barred")):
            self._cycles[view.account] = time.monotonic()
        self._changed.set()

    async def close(self) -> None:
        """Say `offline`, leave, and end the reconnecting. It ends within the notifier's bound."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._settle(ChannelError("it is closed", whole=True))

    # ── the connection ────────────────────────────────────────────────────────────────────────────────────────────

    async def _ready(self) -> Connection:
        """The connection, or the outcome of a try to get one, which is made now. Raises ChannelError."""
        if self._task is None:
            raise ChannelError("it is not open", whole=True)
        if self._connection is not None:
            return self._connection
        self._try_now.set()
        outcome: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(outcome)
        return await outcome

    def _settle(self, outcome: Connection | ChannelError) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if one.done():
                continue
            if isinstance(outcome, ChannelError):
                one.set_exception(outcome)
            else:
                one.set_result(outcome)

    async def _stay_connected(self) -> None:
        failures = closed_early = 0
        said = ""
        while True:
            began = time.monotonic()
            reason = await self._connect()
            steady = time.monotonic() - began >= STEADY_S
            closed_early = 0 if steady or reason != CLOSED else closed_early + 1
            if closed_early > 1:
                reason = of_kicking(self._settings)
            failures = 0 if steady else failures + 1
            pause = min(FIRST_PAUSE_S * 2.0 ** min(max(failures - 1, 0), 10), LONGEST_PAUSE_S)
            self._settle(ChannelError(reason, whole=True))
            if reason != said or steady:
                _log.warning("channel %s: %s; I go on trying", self.name, reason)
                said = reason
            self._try_now.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._try_now.wait()
            except TimeoutError:
                pass

    async def _connect(self) -> str:
        """Connect and stay until it ends; says why it did."""
        try:
            connected = await asyncio.to_thread(_connected)
            async with connected(self._settings, self._shelf.found) as connection:
                _log.info("channel %s: connected to %s:%d", self.name, self._settings.host, self._settings.port)
                self._connection = connection
                self._settle(connection)
                showing = asyncio.create_task(self._show(connection), name=f"showing on {self.name}")
                over = asyncio.create_task(connection.over())
                try:
                    await asyncio.wait({showing, over}, return_when=asyncio.FIRST_COMPLETED)
                    if over.done():
                        return over.result()
                    showing.result()
                finally:
                    self._connection = None
                    for task in (showing, over):
                        task.cancel()
                    await asyncio.gather(showing, over, return_exceptions=True)
        except ChannelError as error:
            return error.reason
        except Exception as error:  # noqa: BLE001  (a mistake in showing must not end the telling)
            # without its words: they may hold what was given to the library
            return f"it broke with {type(error).__name__}"
        return CLOSED

    # ── the states ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _show(self, connection: Connection) -> None:
        """Publish all there is, then what changes, for ever. Raises LostError."""
        self._shelf.anew()
        said = None
        kept = False
        while True:
            self._changed.clear()
            self._take_views()
            now_says = b"online" if self._goes_on() else b"offline"
            if now_says != said:
                await connection.publish(tree.availability(self._settings.topic), now_says, retain=True)
                said = now_says
            while (state := self._shelf.take(time.monotonic())) is not None:
                if kept or not self._shelf.is_account(state[0]):
                    await connection.publish(*state, retain=True)
                else:
                    kept = True
                    await self._first(connection, *state)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _first(self, connection: Connection, topic: str, payload: bytes) -> None:
        """Publish the first state of a connection and hear it; then hear no more states. Raises LostError."""
        try:
            await connection.publish_heard(topic, payload, retain=True)
        except LostError:
            raise
        except NotHeardError as error:
            _log.warning("channel %s: the states of the accounts are not to be seen: %s", self.name, error.reason)
        await connection.stop_finding()

    def _take_views(self) -> None:
        unseen, self._unseen = self._unseen, {}
        now = time.monotonic()
        for view in unseen.values():
            try:
                self._shelf.show(view, now)
            except Exception:  # noqa: BLE001  (a mistake in one view must not hide the others)
                _log.exception("channel %s: how account %s stands can't be shown", self.name, view.account)

    def _goes_on(self) -> bool:
        """Whether every account finishes its cycles."""
        oldest = time.monotonic() - SILENT_S
        return bool(self._cycles) and all(at >= oldest for at in self._cycles.values())


def _connected() -> Callable[[MqttSettings, Callable[[str], None]], AbstractAsyncContextManager[Connection]]:
    """What connects; its library is imported here, beside the watching and after the first read."""
    from watchdog.channels.mqtt.connection import connected  # noqa: PLC0415  (see above)

    return connected
