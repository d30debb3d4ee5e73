"""The console against real pipes, a real terminal, a full device and a real journal stream."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import pytest

from tests.messages import FIRST_LINE, message
from watchdog.channels import console
from watchdog.channels.base import ChannelError
from watchdog.channels.console import ConsoleChannel
from watchdog.domain.effects import Button, Level, Message
from watchdog.domain.verbs import Verb

ROOT = Path(__file__).parents[2]


class Pipe:
    """A pipe: `stream` is what the channel writes to, `read` takes what has come."""

    def __init__(self) -> None:
        self.out, into = os.pipe()
        self.stream: TextIO = os.fdopen(into, "w", encoding="utf-8")
        self.open = True

    def read(self) -> str:
        """What is in the pipe now."""
        return os.read(self.out, 1 << 20).decode()

    def hang_up(self) -> None:
        """The reader goes."""
        if self.open:
            self.open = False
            os.close(self.out)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe, closed at the end."""
    made = Pipe()
    yield made
    made.hang_up()
    made.stream.close()


async def test_text_is_a_readable_block(pipe: Pipe) -> None:
    """The first line as it is, the others indented, an empty line after; no colour in a pipe."""
    channel = ConsoleChannel(stream=pipe.stream, environ={"TERM": "xterm"})
    await channel.open()
    await channel.send(message("m1"))
    await channel.close()
    assert pipe.read() == f"{FIRST_LINE}\n  Mark 112,952 · liq 111,441\n\n"


async def test_json_is_one_object_a_line(pipe: Pipe) -> None:
    """Each message is one line with its id, account, level, event, alert, lines and time."""
    channel = ConsoleChannel(form="json", stream=pipe.stream, environ={})
    await channel.send(message("m1", Level.WARN, at=7.5))
    await channel.send(message("m2"))
    first, second = pipe.read().splitlines()
    assert json.loads(first) == {
        "id": "m1",
        "account": "main",
        "level": "warn",
        "event": "fired",
        "alert": "room|m1",
        "lines": [FIRST_LINE, "Mark 112,952 · liq 111,441"],
        "earlier": False,
        "at": 7.5,
    }
    assert json.loads(second)["id"] == "m2"


@pytest.mark.parametrize(
    ("environ", "level", "event", "shown"),
    [
        ({"TERM": "xterm"}, Level.WARN, "fired", f"\x1b[33m{FIRST_LINE}\x1b[0m"),
        ({"TERM": "xterm", "NO_COLOR": ""}, Level.EMERGENCY, "fired", f"\x1b[1;37;41m{FIRST_LINE}\x1b[0m"),
        ({"TERM": "xterm"}, Level.EMERGENCY, "resolved", f"\x1b[32m{FIRST_LINE}\x1b[0m"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Level.CRITICAL, "fired", FIRST_LINE),
        ({"TERM": "dumb"}, Level.CRITICAL, "fired", FIRST_LINE),
    ],
)
async def test_colour_only_on_a_terminal_that_wants_it(
    environ: dict[str, str], level: Level, event: str, shown: str
) -> None:
    """The level colours the first line; NO_COLOR and a dumb terminal are respected; a resolved alert is no alarm."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        await ConsoleChannel(stream=stream, environ=environ).send(message("m1", level, event=event))
        seen = os.read(ours, 4096).decode()
    os.close(ours)
    assert seen.splitlines()[0] == shown


async def test_control_characters_do_not_reach_the_terminal(pipe: Pipe) -> None:
    """A venue's words can neither drive the terminal nor forge a line."""
    told = Message(
        "m1", "main", Level.WARN, "fired", "", ("a\x1b]0;x\x07b\nEMERGENCY\u2028c\x9bd",), sound=False, at=0.0
    )
    await ConsoleChannel(stream=pipe.stream, environ={}).send(told)
    assert pipe.read() == "a ]0;x b EMERGENCY c d\n\n"


@pytest.mark.parametrize(("level", "prefix"), [(0, "<6>"), (1, "<4>"), (2, "<2>"), (3, "<1>")])
async def test_journald_sees_the_level_of_each_line(pipe: Pipe, level: int, prefix: str) -> None:
    """On the stream systemd connected to the journal each line begins with its syslog level, also as JSON."""
    at = os.fstat(pipe.stream.fileno())
    environ = {"JOURNAL_STREAM": f"{at.st_dev}:{at.st_ino}"}
    await ConsoleChannel(stream=pipe.stream, environ=environ).send(message("m1", Level(level)))
    assert pipe.read() == f"{prefix}{FIRST_LINE}\n{prefix}  Mark 112,952 · liq 111,441\n"
    await ConsoleChannel(form="json", stream=pipe.stream, environ=environ).send(message("m1", Level(level)))
    assert json.loads(pipe.read().removeprefix(prefix))["id"] == "m1"


async def test_another_stream_than_the_journals_gets_no_prefix(pipe: Pipe) -> None:
    """A service whose output goes to a file is not written to as if it were the journal."""
    await ConsoleChannel(stream=pipe.stream, environ={"JOURNAL_STREAM": "1:2"}).send(message("m1"))
    assert pipe.read().startswith("CRITICAL")


async def test_a_closed_pipe_is_a_permanent_error(pipe: Pipe) -> None:
    """A reader that went away is an error of the channel, not the end of the daemon."""
    channel = ConsoleChannel(stream=pipe.stream, environ={})
    pipe.hang_up()
    with pytest.raises(ChannelError, match="closed at the other end") as caught:
        await channel.send(message("m1"))
    assert caught.value.permanent


async def test_a_full_device_is_an_error_that_may_pass() -> None:
    """A disk without room under the log file is said, and tried again."""
    with open("/dev/full", "w", encoding="utf-8") as stream:  # noqa: ASYNC230, PTH123  # the device is the point
        with pytest.raises(ChannelError, match="No space left") as caught:
            await ConsoleChannel(stream=stream, environ={}).send(message("m1"))
        assert not caught.value.permanent


async def test_a_pipe_nobody_reads_blocks_nothing_and_repeats_nothing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full pipe fails the message within the bound; read at last, each message is in it once, whole and in order."""
    monkeypatch.setattr(console, "BOUND_S", 0.02)
    channel = ConsoleChannel(form="json", stream=pipe.stream, environ={})
    confirmed = 0

    async def fill() -> None:
        nonlocal confirmed
        while True:
            await channel.send(message(f"m{confirmed}"))
            confirmed += 1

    with pytest.raises(ChannelError, match="nobody has read the message"):
        await fill()
    with pytest.raises(ChannelError, match="nobody has read an earlier message"):
        await channel.send(message("other"))
    monkeypatch.setattr(console, "BOUND_S", 5.0)
    drained = asyncio.create_task(asyncio.to_thread(pipe.read))
    await channel.send(message(f"m{confirmed}"))
    await channel.send(message("other"))
    seen = await drained
    while '"other"' not in seen:
        seen += await asyncio.to_thread(pipe.read)
    assert [json.loads(line)["id"] for line in seen.splitlines()] == [*(f"m{n}" for n in range(confirmed + 1)), "other"]


def test_a_stuck_console_does_not_keep_the_process_from_ending() -> None:
    """With a message stuck in a pipe nobody reads, the interpreter still ends by itself, and cleanly."""
    program = (
        "import asyncio\n"
        "from watchdog.channels import console\n"
        "from tests.messages import message\n"
        "console.BOUND_S = 0.05\n"
        "async def main():\n"
        "    channel = console.ConsoleChannel()\n"
        "    try:\n"
        "        for n in range(100_000): await channel.send(message(str(n)))\n"
        "    except console.ChannelError: return\n"
        "    raise SystemExit('the pipe took it all')\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        assert child.wait(timeout=30) == 0
        assert child.stderr is not None
        assert child.stderr.read() == b""


async def test_a_stream_in_memory_will_do() -> None:
    """A stream without a descriptor is written and flushed; once closed it is an error of the channel."""
    stream = io.StringIO()
    channel = ConsoleChannel(stream=stream, environ={})
    await channel.send(message("m1"))
    assert stream.getvalue().startswith(FIRST_LINE)
    stream.close()
    with pytest.raises(ChannelError, match="it is closed"):
        await channel.send(message("m2"))


async def test_what_is_tapped_elsewhere_is_typed_here() -> None:
    """A proposal's message says how to say yes at a terminal; other buttons have commands of their own."""
    stream = io.StringIO()
    yes = Button("Place stop 112,196", Verb.CONFIRM, "1a2b3c4d", own_row=True)
    asks = replace(message("m1"), buttons=(yes, Button("Ack", Verb.ACK, "00000000")))
    await ConsoleChannel(stream=stream, environ={}).send(asks)
    assert stream.getvalue().endswith("  [Place stop 112,196] watchdog confirm 1a2b3c4d\n\n")
