"""The Bot API through python-telegram-bot, with the token kept out of every word, and errors in this program's own.

The only module that imports the library: that takes most of a second, so the session imports it when it opens.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Sequence
from functools import cache
from typing import Final

os.environ.setdefault("PTB_TIMEDELTA", "1")  # the library's switch for `retry_after` as it will be; else it warns

import httpx
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from watchdog.channels.base import ChannelError
from watchdog.channels.telegram import words
from watchdog.channels.telegram.errors import Keyboard, MigratedError, NoSuchChatError, RefusedError, TakenError
from watchdog.settings import TelegramSettings
from watchdog.venues.scrub import scrub

PATIENCE_S = 15.0
"""How long an answer may take. Machine time."""

_TOKEN: Final = re.compile(r"\d+:[A-Za-z0-9_-]+")
_TALKATIVE: Final = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,
    "telegram.request": logging.CRITICAL + 1,
}
"""Loggers whose lines hold the address, and with it the token: httpx at INFO, the others at DEBUG; and one that shows
each page that should have been JSON, with a traceback: what it means is said by us."""
_THEIRS: Final = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "telegram.Bot", "telegram.ext")
_NO_CHAT: Final = re.compile(
    r"chat not found|user not found|user_id_invalid|peer_id_invalid|chat_write_forbidden|not enough rights|"
    r"need administrator rights|have no rights|chat_restricted|group chat was (deactivated|deleted)|topic_closed|"
    r"bot is not a member|chat_id is empty",
    re.IGNORECASE,
)


class _Redact(logging.Filter):
    """Takes tokens out of the libraries' lines, should somebody turn them on."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if _TOKEN.search(said):
            record.msg, record.args = _TOKEN.sub("…", said), ()
        return True


def _hush() -> None:
    for name, level in _TALKATIVE.items():
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, level))
    for name in _THEIRS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _Redact) for one in logger.filters):
            logger.addFilter(_Redact())


class Api:
    """One bot. Every call raises ChannelError, with no secret and no address in it, and ends within a minute."""

    def __init__(self, settings: TelegramSettings) -> None:
        _hush()
        self._token = settings.token.get_secret_value()
        most = 2 * len(settings.chats) + 6
        self._bot = Bot(
            self._token,
            base_url=f"{settings.base_url}/bot",
            base_file_url=f"{settings.base_url}/file/bot",
            request=_request(most),
            get_updates_request=_request(1),
        )
        self._started = False
        self.username = ""
        """Of the bot, without @; empty until it is known."""

    async def open(self, commands: Sequence[tuple[str, str]]) -> None:
        """See that the token is right; show people what they may say. Raises ChannelError."""
        if not self._started:
            for request in self._bot._request:  # noqa: SLF001  (Bot.initialize() would put the token into its error)
                await request.initialize()
            self._started = True
        try:
            self.username = (await self._bot.get_me()).username or ""
        except TelegramError as error:
            raise self._trouble(error) from None
        try:
            await self._bot.set_my_commands([BotCommand(name, what) for name, what in commands])
        except TelegramError as error:  # a menu: nothing depends on it
            logging.getLogger(__name__).info("the bot's menu was not set: %s", self._trouble(error).reason)

    async def close(self) -> None:
        """Let go of the connections. Safe at any time."""
        self._started = False
        for request in self._bot._request:  # noqa: SLF001  (as above: Bot.shutdown() wants Bot.initialize())
            await request.shutdown()

    async def send(self, chat: int, lines: Sequence[str], keyboard: Keyboard, *, headed: bool, sound: bool) -> int:
        """Send one message; its number. As plain text when its markup is refused, and without buttons at the worst."""
        plain = words.as_plain(lines)
        try:
            return await self._send(chat, words.as_html(lines, headed=headed), keyboard, html=True, sound=sound)
        except RefusedError:
            pass
        try:
            return await self._send(chat, plain, keyboard, html=False, sound=sound)
        except RefusedError:
            if not keyboard:
                raise
        return await self._send(chat, plain, (), html=False, sound=sound)

    async def _send(self, chat: int, text: str, keyboard: Keyboard, *, html: bool, sound: bool) -> int:
        try:
            sent = await self._bot.send_message(
                chat,
                text,
                parse_mode=ParseMode.HTML if html else None,
                disable_notification=not sound,
                reply_markup=_markup(keyboard),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            raise self._trouble(error) from None
        return sent.message_id

    async def edit(self, chat: int, message: int, lines: Sequence[str], keyboard: Keyboard) -> bool:
        """Show something else in a message of ours. False: it is gone, or too old to be edited."""
        try:
            await self._edit(chat, message, words.as_html(lines), keyboard, html=True)
        except RefusedError as error:
            reason = error.reason.lower()
            if "parse entities" in reason:
                await self._edit(chat, message, words.as_plain(lines), keyboard, html=False)
            elif "not modified" not in reason:
                return False
        return True

    async def _edit(self, chat: int, message: int, text: str, keyboard: Keyboard, *, html: bool) -> None:
        try:
            await self._bot.edit_message_text(
                text,
                chat_id=chat,
                message_id=message,
                parse_mode=ParseMode.HTML if html else None,
                reply_markup=_markup(keyboard),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            raise self._trouble(error) from None

    async def toast(self, query: str, text: str) -> None:
        """Answer a tap: a line over the screen; empty: only the waiting sign goes."""
        try:
            await self._bot.answer_callback_query(query, text or None)
        except TelegramError as error:
            raise self._trouble(error) from None

    async def updates(self, offset: int | None, timeout: int) -> tuple[Update, ...]:  # noqa: ASYNC109  (the server's)
        """What people said since; everything before `offset` is done with. Raises TakenError."""
        try:
            return await self._bot.get_updates(
                offset=offset,
                timeout=timeout,
                allowed_updates=[Update.MESSAGE, Update.CALLBACK_QUERY],
            )
        except TelegramError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: TelegramError) -> ChannelError:
        """What went wrong, in words."""
        said = _TOKEN.sub("…", scrub(str(error), (self._token,)))
        match error:
            case RetryAfter():
                wait = error.retry_after
                seconds = float(wait) if isinstance(wait, (int, float)) else wait.total_seconds()
                return ChannelError(f"too many messages: Telegram asks to wait {seconds:g} s", seconds, whole=True)
            case ChatMigrated():
                return MigratedError(error.new_chat_id)
            case InvalidToken():
                unknown = "Telegram does not know this bot's token: put the right one into its token_file"
                return ChannelError(unknown, whole=True)
            case Forbidden():
                return NoSuchChatError(f"the chat takes nothing from the bot ({said})", whole=True)
            case Conflict():
                return TakenError(said)
            case TimedOut():
                return ChannelError("Telegram gave no answer in time", whole=True)
            case BadRequest() if _NO_CHAT.search(said):
                return NoSuchChatError(f"the chat takes nothing from the bot ({said})", whole=True)
            case BadRequest():
                return RefusedError(said, permanent=True)
            case _:
                inside = "internal server error" in said.lower()  # that may be this message's doing
                return ChannelError(f"Telegram can't be reached ({said})", whole=not inside)


@cache
def _authorities() -> ssl.SSLContext:
    """Whom to trust: read once, it takes a while."""
    return httpx.create_ssl_context()


def _request(most: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=most,
        connect_timeout=min(10.0, PATIENCE_S),
        read_timeout=PATIENCE_S,
        write_timeout=min(10.0, PATIENCE_S),
        pool_timeout=5.0,
        httpx_kwargs={"verify": _authorities()},
    )


def _markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in keyboard]
    )
