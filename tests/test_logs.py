"""The daemon's log: every line, in order, and never a thing that holds it up."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator

import pytest

from watchdog import logs
from watchdog.logs import logging_to_stderr

_log = logging.getLogger("watchdog.test")


class Stderr:
    """A standard error that is a pipe."""

    def __init__(self) -> None:
        self.out, self.into = os.pipe()

    def fileno(self) -> int:
        """Where the log goes."""
        return self.into

    def text(self) -> str:
        """All that was written; the writing end is then closed."""
        os.close(self.into)
        self.into = -1
        with os.fdopen(self.out, encoding="utf-8", closefd=False) as stream:
            return stream.read()

    def fill(self) -> int:
        """Write until nothing goes in any more; how much went."""
        os.set_blocking(self.into, False)
        written = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                written += os.write(self.into, b" ")
        os.set_blocking(self.into, True)
        return written


@contextlib.contextmanager
def logged(pipe: Stderr) -> Iterator[None]:
    """The block under test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", pipe)
        with logging_to_stderr():
            yield


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stderr]:
    """A standard error; `logged` puts it in place (pytest puts its own there between a fixture and its test)."""
    pipe = Stderr()
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    level = logging.getLogger().level
    yield pipe
    logging.getLogger().setLevel(level)
    for end in (pipe.out, pipe.into):
        if end >= 0:
            os.close(end)


def test_every_line_of_a_block_is_written_when_it_ends(stderr: Stderr) -> None:
    """Time, level, words; in order; nothing below the level, and nothing mild of the libraries'."""
    with logged(stderr):
        for number in range(200):
            _log.info("line %d", number)
        _log.debug("not this")
        logging.getLogger("httpx").info("nor https://api.telegram.org/bot-token/send")
    lines = stderr.text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [f"INFO line {number}" for number in range(200)]


def test_the_journal_gets_each_line_s_level(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    """sd-daemon(3): a number in front, before each line of a record that has several; no time, the journal has it."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    with logged(stderr):
        _log.warning("one\ntwo")
        _log.error("three")
    assert stderr.text() == "<4>WARNING watchdog.test: one\n<4>two\n<3>ERROR watchdog.test: three\n"


def test_a_reader_who_does_not_read_holds_up_neither_the_logging_nor_the_end(
    stderr: Stderr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logging returns at once, the end waits for a moment, and lines that found no place are counted."""
    monkeypatch.setattr(logs, "MOST_LINES", 5)
    monkeypatch.setattr(logs, "LAST_WORDS_S", 0.1)
    full = stderr.fill()
    began = time.monotonic()
    with logged(stderr):
        for number in range(100):
            _log.info("line %d", number)
    assert time.monotonic() - began < 5
    os.read(stderr.out, full)
    said = b""
    while b"are lost" not in said:  # the thread goes on once there is room
        said += os.read(stderr.out, 65536)
    assert b"INFO line 0\n" in said
    assert b"lines of this log are lost)" in said


def test_a_reader_who_has_gone_is_nothing(stderr: Stderr) -> None:
    """Nobody is left to tell: the block goes on and ends."""
    os.close(stderr.out)
    stderr.out = -1
    with logged(stderr):
        _log.error("nobody hears this")
