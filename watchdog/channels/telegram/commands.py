"""What a person may write to the bot, and what comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from watchdog.channels.base import Daemon
from watchdog.channels.telegram import shown
from watchdog.domain.effects import Reply
from watchdog.domain.verbs import Verb
from watchdog.rules.units import read_duration
from watchdog.tomlfile import WrongValueError, did_you_mean

PATIENCE_S = 20.0
"""How long the daemon may take to answer. Machine time."""
TEST: Final = "test"
"""The one command the channel answers itself: it is about the channel."""

Lines: TypeAlias = list[str]

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_TIME = re.compile(r"(?=\d)(\d+h)?(\d+m)?(\d+s)?")
_LIKE_A_TIME = re.compile(r"(?![0-9a-f]{8}$)-?\d{1,6}([.,]\d+)?[a-z]{0,5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it was written."""

    name: str
    words: tuple[str, ...]


class _MisuseError(Exception):
    """A command that can't be meant; says how it is written."""


def parse(text: str, username: str) -> Asked | None:
    """The command in a text; None: there is none, or it is for another bot."""
    match = _COMMAND.fullmatch(text.strip())
    if match is None:
        return None
    name, bot, rest = match.groups()
    if bot is not None and bot.lower() != username.lower():
        return None
    return Asked(name.lower(), tuple((rest or "").split()))


async def answer(daemon: Daemon, asked: Asked, by: str) -> Lines:
    """Do what is asked, and say so. Never raises but for a mistake of ours."""
    if asked.name not in _COMMANDS:
        return [f"I don't know /{asked.name}{did_you_mean(asked.name, _COMMANDS, '/')}", "/help lists what I know"]
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _COMMANDS[asked.name].run(daemon, asked.words, by)
    except TimeoutError:
        return [f"No answer within {PATIENCE_S:.0f} s: the account may be stuck. Nothing is certain; ask /status"]
    except _MisuseError as error:
        return [str(error), _COMMANDS[asked.name].usage]


async def tell(daemon: Daemon, verb: Verb, *, account: str, subject: str, seconds: float, by: str) -> Reply:
    """Give a command of a button; its answer, within bounds."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await daemon.tell(verb, account=account, subject=subject, seconds=seconds, by=by)
    except TimeoutError:
        return Reply("", f"No answer within {PATIENCE_S:.0f} s: nothing is certain; ask /status", ok=False)


async def _status(daemon: Daemon, words: Sequence[str], _: str) -> Lines:
    _nothing(words)
    return shown.status(await daemon.status())


async def _positions(daemon: Daemon, words: Sequence[str], _: str) -> Lines:
    _nothing(words)
    return shown.positions(await daemon.status())


async def _why(daemon: Daemon, words: Sequence[str], _: str) -> Lines:
    if len(words) != 1:
        raise _MisuseError("Why what? Name a coin, a symbol or a pool.")
    return (await daemon.why(words[0])).splitlines() or ["Nothing is called that."]


async def _ack(daemon: Daemon, words: Sequence[str], by: str) -> Lines:
    if len(words) > 1:
        raise _MisuseError("One thing at a time.")
    return await _told(daemon, Verb.ACK, subject=words[0] if words else "", by=by)


async def _silence(daemon: Daemon, words: Sequence[str], by: str) -> Lines:
    rest, seconds = _seconds(words)
    if len(rest) != 1:
        raise _MisuseError("Silence what? Name a coin, a symbol or an alert.")
    return await _told(daemon, Verb.SILENCE, subject=rest[0], seconds=seconds, by=by)


async def _unsilence(daemon: Daemon, words: Sequence[str], by: str) -> Lines:
    if len(words) > 1:
        raise _MisuseError("One thing at a time.")
    return await _told(daemon, Verb.UNSILENCE, subject=words[0] if words else "", by=by)


async def _disarm(daemon: Daemon, words: Sequence[str], by: str) -> Lines:
    rest, seconds = _seconds(words)
    if len(rest) > 1:
        raise _MisuseError("One account at a time.")
    return _reply(await daemon.tell(Verb.DISARM, account=rest[0] if rest else "", seconds=seconds, by=by))


async def _arm(daemon: Daemon, words: Sequence[str], by: str) -> Lines:
    if len(words) > 1:
        raise _MisuseError("One account at a time.")
    return _reply(await daemon.tell(Verb.ARM, account=words[0] if words else "", by=by))


async def _help(_: Daemon, __: Sequence[str], ___: str) -> Lines:
    return ["What I understand", *(command.usage for command in _COMMANDS.values())]


async def _told(daemon: Daemon, verb: Verb, *, subject: str, seconds: float = 0.0, by: str) -> Lines:
    """A command that without a subject means every account."""
    if subject:
        return _reply(await daemon.tell(verb, subject=subject, seconds=seconds, by=by))
    names = [account["account"] for account in (await daemon.status())["accounts"]]
    replies = [await daemon.tell(verb, account=name, seconds=seconds, by=by) for name in names]
    if len(names) == 1:
        return _reply(replies[0])
    return [f"{name}: {reply.text}" for name, reply in zip(names, replies, strict=True)]


def _reply(reply: Reply) -> Lines:
    lines = reply.text.splitlines() or ["done"]
    return lines if reply.ok else [f"NOT DONE: {lines[0]}", *lines[1:]]


def _nothing(words: Sequence[str]) -> None:
    if words:
        raise _MisuseError("It needs no more words.")


def _seconds(words: Sequence[str]) -> tuple[list[str], float]:
    """What is left of the words without the time among them, and that time. Raises _MisuseError."""
    for shape in (_TIME, _LIKE_A_TIME):  # what only resembles one may be the thing that is meant
        for place in range(len(words) - 1, -1, -1):
            if shape.fullmatch(words[place]):
                try:
                    seconds = read_duration(words[place])
                except WrongValueError as error:
                    raise _MisuseError(f"{error}.") from None
                return [*words[:place], *words[place + 1 :]], seconds
    raise _MisuseError("For how long?")


_Run: TypeAlias = Callable[[Daemon, Sequence[str], str], Awaitable[Lines]]


@dataclass(frozen=True, slots=True)
class _Command:
    run: _Run
    usage: str
    menu: str
    """In the bot's own menu."""


async def _by_the_channel(_: Daemon, __: Sequence[str], ___: str) -> Lines:
    raise AssertionError("/test is answered where it is heard")


_COMMANDS: Final[Mapping[str, _Command]] = {
    "status": _Command(_status, "/status — is all well?", "is all well?"),
    "positions": _Command(_positions, "/positions — each with its liquidation and its stops", "each with its stops"),
    "why": _Command(_why, "/why BTC — what every rule reads there", "what every rule reads: /why BTC"),
    "ack": _Command(_ack, "/ack or /ack BTC — I have seen it", "I have seen it"),
    "silence": _Command(_silence, "/silence BTC 1h — no word of it, short of an emergency", "/silence BTC 1h"),
    "unsilence": _Command(_unsilence, "/unsilence or /unsilence BTC — speak again", "speak again"),
    "disarm": _Command(_disarm, "/disarm 2h or /disarm main 2h — send no orders", "send no orders: /disarm 2h"),
    "arm": _Command(_arm, "/arm or /arm main — send them again", "send orders again"),
    TEST: _Command(_by_the_channel, "/test — would this phone wake you?", "would this phone wake you?"),
    "help": _Command(_help, "/help — this list", "what I understand"),
}

ALIASES: Final[Mapping[str, str]] = {"start": "help"}
"""What Telegram itself makes people say."""

MENU: Final = tuple((name, command.menu) for name, command in _COMMANDS.items())
"""For the bot's own menu: name and what it does."""
