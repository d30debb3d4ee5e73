"""`watchdog` itself: which command, whose package, and how it ends when nobody reads it or somebody stops it."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from watchdog.cli import check
from watchdog.cli.main import COMMANDS, OURS, clash, main

WATCHDOG = [sys.executable, "-m", "watchdog"]


def test_another_package_of_the_name_is_named_with_what_to_do() -> None:
    """PyPI's watchdog owns the same import name: both are named, and two ways out."""
    assert clash([OURS]) == ""
    assert clash([OURS, OURS]) == ""
    said = clash([OURS, "watchdog"])
    assert 'the package "watchdog" from PyPI is installed beside position-watchdog' in said
    assert "pipx install position-watchdog" in said
    assert "pip uninstall watchdog && pip install --force-reinstall position-watchdog" in said
    assert '"watchdog, watchdog-gevent"' in clash(["watchdog-gevent", "watchdog", OURS])


def test_with_a_clash_no_command_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of the files may be another program's: exit 78 before anything else."""
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"watchdog": ["watchdog", OURS]})
    assert main(["check"]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert err == clash(["watchdog"]) + "\n"


def test_a_source_tree_that_is_not_installed_is_no_clash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody owns the import name then; the version is that of the tree."""

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "packages_distributions", dict)
    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("position-watchdog 0.")


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_every_command_says_how_it_is_used(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` of each, and of the whole: what it does, on standard output, exit 0."""
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"] if command else ["--help"])
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: watchdog {command}".rstrip())
    assert err == ""
    words = " ".join(out.split())
    assert COMMANDS[command] in words if command else all(text in words for text in COMMANDS.values())


def test_the_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    """One line."""
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("position-watchdog 0.1.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["status", "--jsn"], "unrecognized arguments: --jsn"),
        (["ack", "--alert"], "argument --alert: expected one argument"),
        (["paper", "--port", "x"], "x is not a port (0 to 65535)"),
        (["paper", "--port", "65536"], "65536 is not a port (0 to 65535)"),
        (["paper", "--speed", "fast"], "fast is not a speed (above 0, up to 1000)"),
        (["paper", "--speed", "nan"], "nan is not a speed (above 0, up to 1000)"),
        (["demo", "--speed", "-1"], "'-1' is no speed: a number from 0 up is wanted"),
        (["demo", "--speed", "inf"], "'inf' is no speed: a number from 0 up is wanted"),
    ],
)
def test_a_wrong_word_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, the word and what was wanted on standard error."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.EACCES, "Permission denied", "/root/x"), 71, "watchdog: /root/x: Permission denied\n"),
        (OSError(errno.EIO, "Input/output error"), 71, "watchdog: Input/output error\n"),
    ],
)
def test_what_ends_a_command_is_a_sentence_at_most(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C is silent; a file that can't be used is named. Never a traceback."""

    def run(_: object) -> int:
        raise error

    monkeypatch.setattr(check, "run", run)
    assert main(["check"]) == code
    assert capfd.readouterr() == ("", said)


def test_a_reader_who_has_gone_is_no_error_of_ours() -> None:
    """`watchdog --help | true`: 141 as from any other tool, and not a word."""
    out, into = os.pipe()
    os.close(out)
    try:
        done = subprocess.run(
            [*WATCHDOG, "--help"], stdout=into, stderr=subprocess.PIPE, text=True, timeout=20, check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )  # fmt: skip
    finally:
        os.close(into)
    assert (done.returncode, done.stderr) == (141, "")


def test_output_that_can_t_be_written_is_a_sentence() -> None:
    """`watchdog --help > /dev/full`: the disk is full."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*WATCHDOG, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (71, "watchdog: No space left on device\n")


def test_closed_streams_lead_nowhere() -> None:
    """`watchdog check >&- 2>&-`: no file of ours gets the number of a standard stream, and the exit code is right."""
    line = '"$@" <&- >&- 2>&-; echo $?'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *WATCHDOG, "check", "/nowhere/rules.toml"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("78\n", "")
