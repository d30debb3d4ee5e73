"""Logging of the daemon: to standard error, through a queue, so that a reader who is gone never holds up a loop."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import queue
import sys
from collections.abc import Iterator

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


@contextlib.contextmanager
def logging_to_stderr(level: int = logging.INFO) -> Iterator[None]:
    """Log for the length of a block. Libraries that would put a URL or a key into a line are kept quiet."""
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(_Format(journald="JOURNAL_STREAM" in os.environ))
    listener = logging.handlers.QueueListener(lines, out)
    root = logging.getLogger()
    root.setLevel(level)
    handler = logging.handlers.QueueHandler(lines)
    root.addHandler(handler)
    for name in ("ccxt", "aiohttp", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        root.removeHandler(handler)
