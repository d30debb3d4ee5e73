"""What people say to the bot: who may, what is too old, and the answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from watchdog.channels.base import ChannelError, Daemon
from watchdog.channels.telegram import commands, words
from watchdog.channels.telegram.errors import TakenError
from watchdog.channels.telegram.outbox import Outlet
from watchdog.channels.telegram.session import Session
from watchdog.domain.effects import Reply

if TYPE_CHECKING:
    from telegram import CallbackQuery, Message, Update, User

POLL_S = 25
"""How long a poll for what people said stays open. Machine time."""
TOO_OLD_S = 60.0
"""What was said longer ago while nobody listened is not done any more. Machine time, as Telegram's dates are."""
TOAST_S = 3.0
"""How long a tap waits for its answer before it is told to wait."""
TEST_S = 120.0
"""How long a test waits to be heard."""
TAKEN_S = 20.0
"""Two polls that overlap at a restart throw each other out for a moment; longer than that it is another program."""
LONGEST_PAUSE_S = 30.0
MOST_AT_ONCE = 100
"""Updates in one answer (Bot API, getUpdates)."""
_STRANGERS = 100
"""So many are named in the log, once each."""
_HEARD = "heard"
_AGAIN = "That was said while I was not there, and is not done: say it again"

_log = logging.getLogger(__name__)


class Hearing:
    """Polls for what people say, and answers those who may speak, in order in each chat."""

    def __init__(self, session: Session, outlets: Sequence[Outlet], users: Sequence[int]) -> None:
        self._session = session
        self._outlets = outlets
        self._users = frozenset(users)
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._strangers: set[int] = set()
        self._tests: dict[tuple[int, int], asyncio.Event] = {}
        self._taken_since: float | None = None
        self._taken_told = False

    async def listen(self, daemon: Daemon) -> None:
        """For ever, once the bot has been reached."""
        await self._session.opened.wait()
        async with asyncio.TaskGroup() as answers:
            await self._poll(daemon, answers)

    async def _poll(self, daemon: Daemon, answers: asyncio.TaskGroup) -> None:
        offset: int | None = None
        failures = 0
        heard_at: float | None = None  # when nothing was left waiting; machine time
        while True:
            attended = heard_at is not None and _uptime() - heard_at < TOO_OLD_S
            try:
                # The first look takes what is waiting and does not stay: it was said while nobody listened.
                said = await self._session.api.updates(offset, POLL_S if attended else 0)
            except TakenError as error:
                await self._taken(error, answers)
                failures = min(failures + 1, 10)
                await self._session.clock.sleep(min(2.0**failures, LONGEST_PAUSE_S))
                continue
            except ChannelError as error:
                if not failures:
                    _log.warning("channel %s hears nobody: %s", self._session.name, error.reason)
                failures = min(failures + 1, 10)
                pause = min(2.0 ** (failures - 1), LONGEST_PAUSE_S)
                await self._session.clock.sleep(pause if error.retry_after is None else error.retry_after)
                continue
            if failures:
                _log.warning("channel %s hears again", self._session.name)
            failures, self._taken_since, self._taken_told = 0, None, False
            attended = attended and heard_at is not None and _uptime() - heard_at < TOO_OLD_S  # it may have slept
            if len(said) < MOST_AT_ONCE:  # else more is waiting, as old as this
                heard_at = _uptime()
            for update in said:
                # Done with as soon as the next poll leaves, and worked on beside it: a restart does nothing twice.
                offset = update.update_id + 1
                answers.create_task(self._take(update, daemon, attended=attended))

    async def _taken(self, error: TakenError, answers: asyncio.TaskGroup) -> None:
        """Somebody else takes what is said to this bot: say so, once, when it is no passing thing."""
        now = time.monotonic()
        if self._taken_since is None:
            self._taken_since = now
        if self._taken_told or now - self._taken_since < TAKEN_S:
            return
        self._taken_told = True
        _log.error(
            "channel %s: another program takes what people say to this bot (%s); alerts are still sent, buttons and "
            "commands don't arrive: give the watchdog a bot of its own",
            self._session.name,
            error.reason,
        )
        lines = (
            "WARN · I can't hear you",
            "Another program takes what is said to this bot: buttons and commands don't reach me.",
            "Alerts still come. Give me a bot of my own, or stop the other program.",
        )
        for outlet in self._outlets:
            answers.create_task(outlet.answer(lines))

    async def _take(self, update: Update, daemon: Daemon, *, attended: bool) -> None:
        try:
            if update.callback_query is not None:
                await self._tapped(update.callback_query, daemon, attended=attended)
            elif update.message is not None:
                await self._told(update.message, daemon, attended=attended)
        except Exception as error:  # noqa: BLE001  (one mistake must not end the listening; its words may hold a secret)
            _log.error("channel %s: what was said could not be answered: %s", self._session.name, type(error).__name__)

    # ── who may speak ─────────────────────────────────────────────────────────────────────────────────────────────

    def _outlet(self, chat: int) -> Outlet | None:
        return next((outlet for outlet in self._outlets if outlet.chat == chat), None)

    def _may(self, user: User | None, chat: int) -> bool:
        """Whether this person may speak in this chat. In a private chat both have the same number."""
        if user is None:
            return False
        return user.id in self._users if self._users else user.id == chat

    def _stranger(self, user: User | None, chat: int) -> None:
        number = 0 if user is None else user.id
        if number not in self._strangers and len(self._strangers) < _STRANGERS:
            self._strangers.add(number)
            _log.warning(
                "channel %s: user %d in chat %d may not speak here and gets no answer", self._session.name, number, chat
            )

    # ── words ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _told(self, message: Message, daemon: Daemon, *, attended: bool) -> None:
        outlet = self._outlet(message.chat.id)
        if outlet is not None and message.migrate_to_chat_id is not None:
            await outlet.moved(message.migrate_to_chat_id)
            return
        text = message.text
        if text is None:
            return
        if outlet is None or not self._may(message.from_user, message.chat.id):
            self._stranger(message.from_user, message.chat.id)
            return
        asked = commands.parse(text, self._session.api.username)
        if asked is None and (message.chat.id < 0 or "@" in text.split(maxsplit=1)[0]):
            return  # people talk in groups; or it is for another bot
        async with self._turns[message.chat.id]:
            if not attended and time.time() - message.date.timestamp() > TOO_OLD_S:
                await outlet.answer((_AGAIN, text[:100]))
            elif asked is None:
                await outlet.answer(("I understand commands only", "/help lists them"))
            elif asked.name == commands.TEST:
                await self._test(outlet)
            else:
                asked = commands.Asked(commands.ALIASES.get(asked.name, asked.name), asked.words)
                await outlet.answer(await commands.answer(daemon, asked, self._by(message.from_user)))

    def _by(self, user: User | None) -> str:
        return words.who("" if user is None else user.first_name, self._session.name)

    # ── buttons ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tapped(self, query: CallbackQuery, daemon: Daemon, *, attended: bool) -> None:
        chat = 0 if query.message is None else query.message.chat.id
        outlet = self._outlet(chat)
        if outlet is None or not self._may(query.from_user, chat):
            self._stranger(query.from_user, chat)
            return
        data = query.data or ""
        if data == _HEARD:
            await self._heard(query, outlet)
            return
        tap = words.from_data(data)
        if tap is None:
            await self._say(query, outlet, Reply("", "This button is none of mine", ok=False))
            return
        if not attended:  # Telegram does not tell when a button was tapped
            await self._say(query, outlet, Reply("", f"{_AGAIN}, if you still want it", ok=False))
            return
        async with self._turns[chat]:
            work = asyncio.create_task(
                commands.tell(
                    daemon,
                    tap.verb,
                    account=tap.account,
                    subject=tap.subject,
                    seconds=tap.seconds,
                    by=self._by(query.from_user),
                )
            )
            try:
                done, _ = await asyncio.wait({work}, timeout=TOAST_S)
                if done:
                    await self._say(query, outlet, work.result())
                else:
                    await self._toast(query, "Working on it: the answer comes as a message")
                    await outlet.answer(_lines(await work))
            finally:
                work.cancel()

    async def _say(self, query: CallbackQuery, outlet: Outlet, reply: Reply) -> None:
        """A reply over the screen, and as a message where that doesn't hold it or is too late."""
        lines = _lines(reply)
        shown, whole = words.toast("\n".join(lines))
        if not await self._toast(query, shown) or not whole:
            await outlet.answer(lines)

    async def _toast(self, query: CallbackQuery, text: str) -> bool:
        try:
            await self._session.api.toast(query.id, text)
        except ChannelError:  # it waited too long, or the network is down
            return False
        return True

    # ── /test ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _test(self, outlet: Outlet) -> None:
        lines = (
            "TEST · Did you HEAR it?",
            "This came with full sound, as a critical alert does.",
            "Heard nothing? Look at do-not-disturb, and at this chat's own mute.",
        )
        message_id = await outlet.answer(lines, [[("Yes, I heard it", _HEARD)]], sound=True)
        if message_id is None:
            return
        heard = self._tests[outlet.chat, message_id] = asyncio.Event()
        self._session.spawn(self._await_heard(outlet, message_id, heard), "testing")

    async def _await_heard(self, outlet: Outlet, message_id: int, heard: asyncio.Event) -> None:
        alarm = self._session.clock.call_at(self._session.clock.now().mono + TEST_S, heard.set)
        key = (outlet.chat, message_id)
        try:
            await heard.wait()
            if self._tests.pop(key, None) is not None:  # nobody tapped
                lines = (
                    "TEST · NOT HEARD within 2 minutes",
                    "An alert at night would not have woken you: look at do-not-disturb, and at this chat's own mute.",
                )
                await outlet.rewrite(message_id, lines)
        finally:
            alarm.cancel()

    async def _heard(self, query: CallbackQuery, outlet: Outlet) -> None:
        message_id = 0 if query.message is None else query.message.message_id
        waiting = self._tests.pop((outlet.chat, message_id), None)
        who = self._by(query.from_user)
        if waiting is None:
            await self._toast(query, "That test is over: ask for another with /test")
            return
        waiting.set()
        await self._session.keep("heard", f"{time.time():.0f} {outlet.chat} {who}")
        await self._toast(query, "Good: this phone wakes you")
        await outlet.rewrite(message_id, ("TEST · heard", f"{who} heard it."))


def _lines(reply: Reply) -> Sequence[str]:
    """What a tap is answered, line by line; where nothing was done it begins with that."""
    text = reply.text if reply.ok else f"NOT DONE: {reply.text}"
    return text.splitlines() or ("done",)


def _uptime() -> float:
    """Machine seconds that also pass while the machine sleeps, where it can tell."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
