"""`watchdog demo`: what it refuses before the hour begins, and how it is stopped in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from watchdog.cli.main import main


def test_a_file_that_can_t_be_written_is_named_before_the_hour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits a minute for a result that then has no place."""
    for path, said in ((tmp_path / "no" / "x.json", "there is no such directory"), (tmp_path, "is a directory")):
        assert main(["demo", "--json", str(path)]) == 64
        assert capsys.readouterr() == ("", f"watchdog demo: {path}: {said}\n")


def processes(group: int) -> list[str]:
    """What still runs of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:  # gone meanwhile
            continue
        state, _, its_group = rest.split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(name)
    return found


async def stopped(folder: str, number: signal.Signals, *, whole_group: bool, after: str) -> tuple[int, str, str]:
    """A demo that is stopped once it has said something: exit code, what it said on standard error, what is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watchdog", "demo", "--speed", "30", start_new_session=True,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "TMPDIR": folder},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        while after not in (line := await process.stdout.readline()).decode():
            assert line, (await process.stderr.read()).decode()
        if whole_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, complaints = await asyncio.wait_for(process.communicate(), 30)
        left = [*processes(process.pid), *os.listdir(folder)]  # noqa: PTH208  (asynchronous: no Path here)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, complaints.decode(), " ".join(left)


@pytest.mark.long
async def test_stopped_in_the_middle_it_leaves_nothing_behind() -> None:
    """Ctrl-C in a terminal (its children hear it too), SIGTERM, a terminal that is closed: no process, no file."""
    ways = (
        (signal.SIGINT, True, "NO STOP", 130),
        (signal.SIGTERM, False, "NO STOP", 143),
        (signal.SIGHUP, True, "A paper venue plays", 129),
    )
    with contextlib.ExitStack() as stack:
        folders = [stack.enter_context(tempfile.TemporaryDirectory(prefix="wd")) for _ in ways]  # a short name
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(stopped(folder, number, whole_group=whole_group, after=after))
                for folder, (number, whole_group, after, _) in zip(folders, ways, strict=True)
            ]
        assert [task.result() for task in tasks] == [(code, "", "") for *_, code in ways]
