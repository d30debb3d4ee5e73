"""One chat: what is sent to it, when, and which of its messages are kept up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from watchdog.channels.base import ChannelError, View
from watchdog.channels.telegram import words
from watchdog.channels.telegram.errors import Keyboard, MigratedError, RefusedError
from watchdog.channels.telegram.live import Board, Edit, memory_key, read_memory
from watchdog.channels.telegram.pace import Claim, Pace
from watchdog.channels.telegram.session import Session
from watchdog.clock import Timer
from watchdog.domain.effects import Level, Message

SEND_BOUND_S = 50.0
"""How long one message may take, all its parts together. Machine time."""
EDIT_APART_S = 15.0
"""Between two edits in one chat: figures that change each second are shown that often."""
LAST_EDIT_APART_S = 3.0
"""Between edits that take the buttons off what is over."""
AFTER_A_FAILED_EDIT_S = 30.0
LATE_S = 120.0
"""A message that reaches its chat after so long says so in its first line: a lock screen shows no other."""
ANSWER_TRIES = 3
LONGEST_ANSWER_WAIT_S = 30.0

_log = logging.getLogger(__name__)


class Outlet:
    """One chat of a Telegram channel: a channel of its own to the notifier, with its own pace and living messages."""

    def __init__(self, session: Session, chat: int) -> None:
        self._session = session
        self._configured = chat
        self.chat = chat
        """Its number now: a group that became a supergroup has another than in the settings."""
        self._clock = session.clock
        self._pace = Pace(session.clock, group=chat < 0)
        self._board = Board()
        self._ready = False
        self._owed = False
        """Something is to be sent: no edit goes before it."""
        self._partly: dict[str, tuple[list[list[str]], int]] = {}
        """Messages of several parts that are not through: their parts, and how many are."""
        self._timer: Timer | None = None
        self._editing = False
        self._edit_from = 0.0

    @property
    def name(self) -> str:
        """As the outbox knows it: the channel's name, and the chat's number in the settings."""
        return f"{self._session.name}/{self._configured}"

    @property
    def min_level(self) -> Level:
        """The mildest message it hears."""
        return self._session.min_level

    async def open(self) -> None:
        """See that the bot works, and remember what this chat shows. Raises ChannelError."""
        await self._session.open()
        if not self._ready:
            self._ready = True
            remembered = self._session.remembered
            if (moved := remembered.get(self._moved_key)) is not None and moved.lstrip("-").isdigit():
                self.chat = int(moved)
            for key, text in read_memory(remembered, self._configured):
                self._board.recall(key, text)
        self._plan_edit()

    async def close(self) -> None:
        """Stop editing; let go of the bot."""
        self._ready = False
        self._stop_timer()
        await self._session.close()

    # ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────

    def ready_in(self, level: Level) -> float:
        """Seconds until Telegram takes a message of this level. The notifier asks when there is one."""
        self._owed = True
        return self._pace.ready_in(Claim.GRAVE if level >= Level.CRITICAL else Claim.MILD)

    async def send(self, message: Message) -> None:
        """Send a message; what of it has arrived is not sent again by this run. Raises ChannelError."""
        self._owed = True
        try:
            async with asyncio.timeout(SEND_BOUND_S):
                await self._send(message)
        except TimeoutError:
            raise ChannelError("Telegram gave no answer in time", whole=True) from None
        except ChannelError as error:
            self._owed = not error.permanent  # then it is set aside, and this may have been the only one
            raise
        self._owed = False
        self._plan_edit()

    async def _send(self, message: Message) -> None:
        parts, done = self._partly.get(message.id) or (words.split(self._worded(message)), 0)
        message_id = 0
        for number in range(done, len(parts)):
            if number > done:
                await self._pace.turn(Claim.GRAVE)
            else:
                self._pace.take()  # the notifier has asked
            last = number == len(parts) - 1
            message_id = await self._deliver(
                parts[number],
                words.rows(message.buttons, message.account) if last else (),
                headed=number == 0,
                sound=message.sound and number == 0,
            )
            if not last:
                self._partly[message.id] = (parts, number + 1)
        self._partly.pop(message.id, None)
        await self._remember(message, message_id)

    def _worded(self, message: Message) -> Sequence[str]:
        late = self._clock.now().wall - message.at
        if late < LATE_S or not message.lines:
            return message.lines
        return (f"{_span(late)} LATE · {message.lines[0]}", *message.lines[1:])

    async def _deliver(self, lines: Sequence[str], keyboard: Keyboard, *, headed: bool, sound: bool) -> int:
        api = self._session.api
        try:
            try:
                return await api.send(self.chat, lines, keyboard, headed=headed, sound=sound)
            except MigratedError as moved:
                await self.moved(moved.chat)
                return await api.send(self.chat, lines, keyboard, headed=headed, sound=sound)
        except ChannelError as error:
            if error.retry_after is not None:
                self._pace.block(error.retry_after)
            raise

    async def moved(self, chat: int) -> None:
        """The group goes by another number from now on."""
        _log.warning("channel %s: the group goes by %d now; its settings may say so", self.name, chat)
        self.chat = chat
        await self._session.keep(self._moved_key, str(chat))

    @property
    def _moved_key(self) -> str:
        return f"chat {self._configured}"

    async def answer(self, lines: Sequence[str], keyboard: Keyboard = (), *, sound: bool = False) -> int | None:
        """Say something to whoever asked, beside the outbox; the number of its last message. None: it didn't arrive."""
        message_id = None
        parts = words.split(lines)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            message_id = await self._answer(part, keyboard if last else (), headed=number == 0, sound=sound)
            if message_id is None:
                return None
        return message_id

    async def _answer(self, part: Sequence[str], keyboard: Keyboard, *, headed: bool, sound: bool) -> int | None:
        for attempt in range(1, ANSWER_TRIES + 1):
            await self._pace.turn(Claim.MILD)
            try:
                return await self._deliver(part, keyboard, headed=headed, sound=sound)
            except ChannelError as error:
                wait = 1.0 if error.retry_after is None else error.retry_after
                if error.permanent or attempt == ANSWER_TRIES or wait > LONGEST_ANSWER_WAIT_S:
                    _log.warning("channel %s: an answer did not arrive: %s", self.name, error.reason)
                    return None
                await self._clock.sleep(wait)
        return None

    async def rewrite(self, message_id: int, lines: Sequence[str]) -> None:
        """Show something else, without buttons, in a message of ours, if it is still there."""
        await self._pace.turn(Claim.MILD)
        try:
            await self._session.api.edit(self.chat, message_id, words.fitted(lines), ())
        except ChannelError as error:
            _log.info("channel %s: a message was not changed: %s", self.name, error.reason)

    # ── living messages ───────────────────────────────────────────────────────────────────────────────────────────

    def show(self, view: View) -> None:
        """Bring the living messages of this account up to date, when there is time."""
        self._board.show(view)
        self._plan_edit()

    async def _remember(self, message: Message, message_id: int) -> None:
        if (kept := self._board.sent(message, message_id)) is not None:
            key, text = kept
            await self._session.keep(memory_key(self._configured, key), text)

    def _plan_edit(self) -> None:
        self._stop_timer()
        if not self._ready or self._owed or self._editing or (edit := self._board.next_edit()) is None:
            return
        now = self._clock.now().mono
        saved = EDIT_APART_S - LAST_EDIT_APART_S if edit.last else 0.0
        at = max(now + self._pace.ready_in(Claim.EDIT), self._edit_from - saved)
        self._timer = self._clock.call_at(at, self._begin_edit)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin_edit(self) -> None:
        self._timer = None
        if not self._ready or self._owed or self._editing or (edit := self._board.next_edit()) is None:
            return
        if self._pace.ready_in(Claim.EDIT) > 0:
            self._plan_edit()
            return
        self._pace.take()
        self._editing = True
        self._session.spawn(self._edit(edit), "editing")

    async def _edit(self, edit: Edit) -> None:
        pause = EDIT_APART_S
        try:
            async with asyncio.timeout(SEND_BOUND_S):
                await self._shown(edit, alive=await self._edited(edit))
        except MigratedError as moved:
            await self.moved(moved.chat)
        except ChannelError as error:
            pause = AFTER_A_FAILED_EDIT_S if error.retry_after is None else error.retry_after
        except TimeoutError:
            pause = AFTER_A_FAILED_EDIT_S
        finally:
            self._editing = False
            self._edit_from = self._clock.now().mono + pause
        self._plan_edit()

    async def _edited(self, edit: Edit) -> bool:
        keyboard = words.rows(edit.buttons, edit.key[0])
        try:
            return await self._session.api.edit(self.chat, edit.message_id, words.fitted(edit.lines), keyboard)
        except RefusedError:
            return False

    async def _shown(self, edit: Edit, *, alive: bool) -> None:
        if alive:
            self._board.done(edit, self._clock.now().mono)
        else:
            self._board.forget(edit)
        if not self._board.knows(edit.key):
            await self._session.keep(memory_key(self._configured, edit.key), None)


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:  # noqa: PLR2004  (two hours)
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"  # noqa: PLR2004  (two days)
