"""Logging of the daemon: to standard error, in a thread of its own: a reader who is gone or stuck holds up nothing."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import queue
import sys
import threading
from collections.abc import Iterator

MOST_LINES = 10_000
"""Lines kept for a reader who does not read; later ones are lost, and counted."""
LAST_WORDS_S = 2.0
"""How long the end waits for a reader. Machine time."""

_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Format(logging.Formatter):
    """One line a record; under journald with the level in front as sd-daemon(3) has it."""

    def __init__(self, *, journald: bool) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s" if journald else "%(asctime)s %(levelname)s %(message)s")
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not self._journald:
            return text
        mark = f"<{_SYSLOG.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in text.splitlines())


class _Intake(logging.handlers.QueueHandler):
    """Where records go in. Never blocks and never complains on standard error, which may be what is stuck."""

    def __init__(self, lines: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__(lines)
        self._lines = lines
        self.lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(record)
        except queue.Full:
            self.lost += 1


class _Writer:
    """Writes records to a file descriptor until it is handed None.

    Past `sys.stderr` and outside of logging: a stuck thread would hold their locks, and the process could not end.
    """

    def __init__(self, handle: int, form: logging.Formatter, lines: queue.Queue[logging.LogRecord | None]) -> None:
        self._handle = handle
        self._form = form
        self._lines = lines
        self.intake = _Intake(lines)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Let what is waiting be written, if somebody reads it."""
        with contextlib.suppress(queue.Full):  # stuck already
            self._lines.put_nowait(None)
            self._thread.join(LAST_WORDS_S)

    def _run(self) -> None:
        while (record := self._lines.get()) is not None:
            lost, self.intake.lost = self.intake.lost, 0
            text = f"{self._form.format(record)}\n" + (f"({lost} lines of this log are lost)\n" if lost else "")
            left = memoryview(text.encode("utf-8", "replace"))
            with contextlib.suppress(OSError):  # nobody is left to tell
                while left:
                    left = left[os.write(self._handle, left) :]


@contextlib.contextmanager
def logging_to_stderr(level: int = logging.INFO) -> Iterator[None]:
    """Log for the length of a block. Libraries that would put a URL or a key into a line are kept quiet."""
    writer = _Writer(sys.stderr.fileno(), _Format(journald="JOURNAL_STREAM" in os.environ), queue.Queue(MOST_LINES))
    root = logging.getLogger()
    root.setLevel(level)
    root.addHandler(writer.intake)
    for name in ("ccxt", "aiohttp", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    writer.start()
    try:
        yield
    finally:
        root.removeHandler(writer.intake)
        writer.stop()
