"""Chats as their people see them: messages with their sounds, edits and buttons; and what people say."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tests.botapi import markup

LONGEST = 4096
LONGEST_DATA = 64

Keyboard: TypeAlias = list[list[dict[str, str]]]


class NoError(Exception):
    """A request the server refuses: code and words as Telegram's."""

    def __init__(self, code: int, says: str, parameters: dict[str, int] | None = None) -> None:
        super().__init__(says)
        self.code = code
        self.says = says
        self.parameters = parameters


@dataclass
class Shown:
    """A message as its chat shows it."""

    id: int
    at: float
    text: str
    raw: str
    """As it was sent, with its markup."""
    html: bool = False
    sound: bool = False
    preview: bool = False
    keyboard: Keyboard = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    """What it showed before, oldest first."""
    by: str = ""
    """Who wrote it; empty: the bot."""

    @property
    def lines(self) -> list[str]:
        """Of the text."""
        return self.text.split("\n")

    @property
    def bold(self) -> str:
        """What of it is bold."""
        return markup.bold(self.raw) if self.html else ""

    @property
    def buttons(self) -> list[list[str]]:
        """Their labels, row by row."""
        return [[button["text"] for button in row] for row in self.keyboard]

    def data(self, label: str) -> str:
        """What a button carries, by its label."""
        return next(one["callback_data"] for row in self.keyboard for one in row if one["text"] == label)


@dataclass
class Chat:
    """A chat and all that was ever shown in it."""

    id: int
    messages: dict[int, Shown] = field(default_factory=dict)
    gone: bool = False
    blocked: bool = False
    moved: int | None = None
    arrivals: list[float] = field(default_factory=list)
    """When each request that changed something here was taken."""

    @property
    def kind(self) -> str:
        """As Telegram has it."""
        return "private" if self.id > 0 else "supergroup"

    @property
    def seen(self) -> list[Shown]:
        """What the bot said, oldest first."""
        return [one for one in self.messages.values() if not one.by]

    @property
    def sounds(self) -> list[Shown]:
        """What of it sounded."""
        return [one for one in self.seen if one.sound]

    @property
    def heads(self) -> list[str]:
        """The first lines of what the bot said, as they are now."""
        return [one.lines[0] for one in self.seen]

    def transcript(self) -> str:
        """Readable: each message as it was first shown, its edits counted, what it shows now."""
        shown = []
        for one in self.messages.values():
            at = datetime.fromtimestamp(one.at, UTC).strftime("%H:%M:%S")
            who = one.by or ("bot, SOUND" if one.sound else "bot, quiet")
            shown.append(f"── {at} · {who} " + (f"· edited {len(one.versions)} times " if one.versions else ""))
            first = one.versions[0] if one.versions else one.text
            shown.extend(f"   {line}" for line in first.split("\n"))
            if one.versions:
                shown.append("   ↳ and now:")
                shown.extend(f"     {line}" for line in one.text.split("\n"))
            shown.extend("   " + " ".join(f"[{label}]" for label in row) for row in one.buttons)
        return "\n".join(shown) + "\n"


class World:
    """All chats of one bot, and what waits for it to hear."""

    def __init__(
        self, chats: tuple[int, ...] = (), *, doors_open: bool = False, wall: Callable[[], float] = time.time
    ) -> None:
        self.chats = {number: Chat(number) for number in chats}
        self._doors_open = doors_open
        self.wall = wall
        self.updates: list[dict[str, Any]] = []
        self.toasts: dict[str, str] = {}
        """What was answered to each tap, by its id."""
        self.taps: dict[str, float] = {}
        """Taps that wait for an answer, and since when."""
        self.commands: list[dict[str, str]] = []
        self._numbers = itertools.count(1)
        self._update_numbers = itertools.count(1001)

    def chat(self, number: int) -> Chat:
        """A chat, made where the doors are open. Raises NoError as Telegram answers the bot."""
        chat = self.chats.get(number)
        if chat is None and self._doors_open:
            chat = self.chats[number] = Chat(number)
        if chat is None or chat.gone:
            raise NoError(400, "Bad Request: chat not found")
        if chat.blocked:
            raise NoError(403, "Forbidden: bot was blocked by the user")
        if chat.moved is not None:
            says = "Bad Request: group chat was upgraded to a supergroup chat"
            raise NoError(400, says, {"migrate_to_chat_id": chat.moved})
        return chat

    def send(
        self, chat: Chat, raw: str, *, html: bool, sound: bool, preview: bool, keyboard: Keyboard
    ) -> dict[str, Any]:
        """The bot says something."""
        text = _checked(raw, html=html, keyboard=keyboard)
        number = next(self._numbers)
        chat.messages[number] = Shown(number, self.wall(), text, raw, html, sound, preview, keyboard)
        chat.arrivals.append(self.wall())
        return self.as_json(chat, chat.messages[number])

    def edit(self, chat: Chat, number: int, raw: str, *, html: bool, keyboard: Keyboard) -> dict[str, Any]:
        """The bot changes what it said."""
        shown = chat.messages.get(number)
        if shown is None:
            raise NoError(400, "Bad Request: message to edit not found")
        if shown.by:
            raise NoError(400, "Bad Request: message can't be edited")
        text = _checked(raw, html=html, keyboard=keyboard)
        if text == shown.text and keyboard == shown.keyboard:
            raise NoError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        shown.versions.append(shown.text)
        shown.text, shown.raw, shown.html, shown.keyboard = text, raw, html, keyboard
        chat.arrivals.append(self.wall())
        return self.as_json(chat, shown)

    def write(self, number: int, text: str, user: int | None = None, name: str = "Ann", ago: float = 0.0) -> None:
        """A person writes. `user`: in a private chat its owner, if nothing else is said."""
        chat = self.chats.get(number) or Chat(number)
        if self._doors_open:
            self.chats[number] = chat
        said = Shown(next(self._numbers), self.wall() - ago, text, text, by=name)
        chat.messages[said.id] = said
        self._hear({"message": {**self.as_json(chat, said), "from": _user(number if user is None else user, name)}})

    def press(self, number: int, label: str, user: int | None = None, name: str = "Ann", message: int = 0) -> str:
        """A person taps a button, of the newest message that has it, or of that one; the tap's id."""
        chat = self.chats[number]
        shown = next(
            one
            for one in reversed(chat.messages.values())
            if message in (0, one.id) and any(label in row for row in one.buttons)
        )
        return self.tap(number, shown, shown.data(label), user, name)

    def tap(self, number: int, shown: Shown, data: str, user: int | None = None, name: str = "Ann") -> str:
        """A person sends what a button carries; the tap's id."""
        tap = f"tap{next(self._numbers)}"
        self.taps[tap] = self.wall()
        person = _user(number if user is None else user, name)
        message = self.as_json(self.chats[number], shown)
        self._hear(
            {"callback_query": {"id": tap, "from": person, "message": message, "data": data, "chat_instance": "1"}}
        )
        return tap

    def move(self, number: int, to: int) -> None:
        """A group becomes a supergroup."""
        self.chats[number].moved = to
        self.chats[to] = Chat(to)

    def toast(self, tap: str, text: str) -> None:
        """The bot answers a tap."""
        if tap not in self.taps:
            says = "Bad Request: query is too old and response timeout expired or query ID is invalid"
            raise NoError(400, says)
        del self.taps[tap]
        self.toasts[tap] = text

    def heard(self, offset: int) -> list[dict[str, Any]]:
        """What waits, from an update on; what came before is done with."""
        if offset > 0:
            self.updates = [one for one in self.updates if one["update_id"] >= offset]
        return self.updates[:100]

    def _hear(self, update: dict[str, Any]) -> None:
        self.updates.append({"update_id": next(self._update_numbers), **update})

    def as_json(self, chat: Chat, shown: Shown) -> dict[str, Any]:
        """A message as the API has it."""
        message: dict[str, Any] = {
            "message_id": shown.id,
            "date": int(shown.at),
            "chat": {"id": chat.id, "type": chat.kind, "first_name" if chat.id > 0 else "title": "Home"},
            "text": shown.text,
        }
        if not shown.by:
            message["from"] = BOT
        if shown.keyboard:
            message["reply_markup"] = {"inline_keyboard": shown.keyboard}
        return message


BOT = {"id": 42, "is_bot": True, "first_name": "Watchdog", "username": "tests_watchdog_bot"}


def _user(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": name}


def _checked(raw: str, *, html: bool, keyboard: Keyboard) -> str:
    try:
        text = markup.read(raw) if html else raw
    except markup.MarkupError as error:
        raise NoError(400, f"Bad Request: {error}") from None
    if not text.strip():
        raise NoError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > LONGEST:
        raise NoError(400, "Bad Request: message is too long")
    if any(not 1 <= len(button["callback_data"].encode()) <= LONGEST_DATA for row in keyboard for button in row):
        raise NoError(400, "Bad Request: BUTTON_DATA_INVALID")
    return text
