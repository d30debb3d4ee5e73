"""Messages on a stream, for a person at a terminal, for journald, or as JSON for another program."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Literal, NamedTuple, TextIO

from watchdog.channels.base import ChannelError
from watchdog.domain.effects import Level, Message
from watchdog.domain.verbs import Verb

BOUND_S = 5.0
"""How long a reader may leave a message lying. Machine time."""

_COLOUR = {Level.INFO: "32", Level.WARN: "33", Level.CRITICAL: "1;31", Level.EMERGENCY: "1;37;41"}
# sd-daemon(3). Not 0 (emerg) for an emergency: journald would write that across every terminal of the machine.
_SYSLOG = {Level.INFO: 6, Level.WARN: 4, Level.CRITICAL: 2, Level.EMERGENCY: 1}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class _Writing(NamedTuple):
    """A message a thread is writing, or has written after we stopped waiting for it."""

    id: str
    end: Future[Exception | None]
    """What went wrong. A result, not an exception: nobody may be there any more to see it."""


class ConsoleChannel:
    """Writes each message to a stream as a readable block, or as one line of JSON.

    A message is confirmed once the system has taken its last byte. The writing is done in a thread of its own, because
    a pipe that nobody reads blocks its writer for ever; a message that is stuck there is not written a second time.
    """

    def __init__(
        self,
        name: str = "console",
        min_level: Level = Level.INFO,
        form: Literal["text", "json"] = "text",
        stream: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._name = name
        self._min_level = min_level
        self._form = form
        self._stream = sys.stdout if stream is None else stream
        self._handle = _handle(self._stream)
        self._journald = _is_journald(self._handle, environ.get("JOURNAL_STREAM", ""))
        plain = environ.get("NO_COLOR", "") != "" or environ.get("TERM") == "dumb"
        self._coloured = not plain and not self._journald and self._handle is not None and os.isatty(self._handle)
        self._writing: _Writing | None = None

    @property
    def name(self) -> str:
        """As in the settings."""
        return self._name

    @property
    def min_level(self) -> Level:
        """The mildest message it hears."""
        return self._min_level

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """The stream is not ours to close."""

    async def send(self, message: Message) -> None:
        """Write one message. Raises ChannelError when the stream is closed, full, or not read within the bound."""
        writing = self._writing
        if writing is not None and writing.id != message.id:
            await self._end(writing, "an earlier message")
            writing = None
        if writing is None:
            writing = self._writing = _Writing(message.id, self._start(self._shown(message).encode("utf-8", "replace")))
        await self._end(writing, "the message")

    async def _end(self, writing: _Writing, what: str) -> None:
        waiter = asyncio.wrap_future(writing.end)
        try:
            done, _ = await asyncio.wait({waiter}, timeout=BOUND_S)
        finally:
            waiter.cancel()  # the waiting, not the writing
        if not done:
            raise ChannelError(f"nobody has read {what} from it for {BOUND_S:g} s")
        self._writing = None
        error = writing.end.result()
        if error is None:
            return
        if isinstance(error, BrokenPipeError):
            raise ChannelError("it is closed at the other end", permanent=True)
        if isinstance(error, OSError):
            raise ChannelError(f"it can't be written: {error.strerror or error}")
        raise ChannelError("it is closed", permanent=True)  # ValueError: a closed file object

    def _start(self, data: bytes) -> Future[Exception | None]:
        end: Future[Exception | None] = Future()
        end.set_running_or_notify_cancel()  # so that a waiter who gives up can't cancel it

        def write() -> None:
            try:
                self._put(data)
            except (OSError, ValueError) as error:
                end.set_result(error)
            else:
                end.set_result(None)

        # A daemon thread: one that is stuck must not keep the process from ending.
        threading.Thread(target=write, name=f"channel {self._name}", daemon=True).start()
        return end

    def _put(self, data: bytes) -> None:
        if self._handle is None:
            self._stream.write(data.decode())
            self._stream.flush()
            return
        # Past the stream's own buffer: a stuck thread would hold its lock, and Python aborts on that lock at exit.
        left = memoryview(data)
        while left:
            left = left[os.write(self._handle, left) :]

    def _shown(self, message: Message) -> str:
        lines = [self._as_json(message)] if self._form == "json" else self._as_text(message)
        if self._journald:
            lines = [f"<{_SYSLOG[message.level]}>{line}" for line in lines]
        return "".join(f"{line}\n" for line in lines)

    def _as_json(self, message: Message) -> str:
        return json.dumps(
            {
                "id": message.id,
                "account": message.account,
                "level": message.level.name.lower(),
                "event": message.event,
                "alert": message.alert,
                "lines": message.lines,
                "earlier": message.earlier,
                "at": message.at,
            },
            ensure_ascii=False,
        )

    def _as_text(self, message: Message) -> list[str]:
        # Venues' words are in the lines: their control characters reach no terminal, their line breaks forge no line.
        first, *rest = [_CONTROL.sub(" ", line) for line in message.lines] or [""]
        if self._coloured:
            # "resolved" carries the worst level of its alert, so that it is heard where the alert was; it is no danger
            colour = _COLOUR[Level.INFO if message.event == "resolved" else message.level]
            first = f"\x1b[{colour}m{first}\x1b[0m"
        block = [first, *(f"  {line}" for line in (*rest, *_yes(message)))]
        return block if self._journald else [*block, ""]


def _yes(message: Message) -> list[str]:
    """How a proposal is said yes to where there is nothing to tap."""
    return [f"[{one.label}] watchdog confirm {one.subject}" for one in message.buttons if one.verb is Verb.CONFIRM]


def _handle(stream: TextIO) -> int | None:
    """The file descriptor behind a stream; None for one that lives in memory."""
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _is_journald(handle: int | None, named: str) -> bool:
    """Whether a stream is the one systemd connected to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    if handle is None or not named:
        return False
    try:
        at = os.fstat(handle)
    except OSError:
        return False
    return named == f"{at.st_dev}:{at.st_ino}"
