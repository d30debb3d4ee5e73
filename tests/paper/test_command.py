"""`python -m watchdog.paper` as its user starts it."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "watchdog.paper"]


def url_of(process: subprocess.Popen[str]) -> str:
    """The URL it says when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("paper venue ready: http://127.0.0.1:")
    return line.split()[3]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(tmp_path: Path, end: signal.Signals) -> None:
    """One line when ready; keys only its owner can read, kept for the next start; a clean end."""
    keys = tmp_path / "keys"
    given = [*COMMAND, "--lockstep", "--keys", str(keys)]
    found = []
    for _ in range(2):
        with subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            with urllib.request.urlopen(url_of(process) + "/paper/state", timeout=10) as answer:  # noqa: S310 (loopback)
                assert json.load(answer)["done"] is False
            process.send_signal(end)
            out, err = process.communicate(timeout=10)
            assert (process.returncode, out, err) == (0, "", "")
        found.append([(keys / name).read_text() for name in ("paper.key", "paper.secret")])
    assert found[0] == found[1]
    assert stat.S_IMODE((keys / "paper.secret").stat().st_mode) == 0o600


def test_each_wrong_start_is_one_line(tmp_path: Path) -> None:
    """A taken port, a missing scenario, a bad one, keys that can't be kept: one line and an exit code."""
    (tmp_path / "bad.toml").write_text("name = 1\n")
    (tmp_path / "file").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, code, said in (
            (["--port", port], 69, f"cannot listen on 127.0.0.1:{port}"),
            (["--scenario", "nowhere"], 78, "nowhere: there is no such scenario or file"),
            (["--scenario", str(tmp_path / "bad.toml")], 78, "bad.toml: name: Input should be a valid string"),
            (["--keys", str(tmp_path / "file" / "x")], 73, "keys cannot be kept there"),
            (["--speed", "0"], 2, "0 is not a speed"),
        ):
            done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=20, check=False)
            assert (done.returncode, done.stdout) == (code, "")
            last = done.stderr.splitlines()[-1]
            assert said in last
            assert "Traceback" not in done.stderr
