"""`watchdog`: picks the command. Only the chosen one is imported, and first of all it is made sure that we are we."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Sequence

from watchdog import heap

OURS = "position-watchdog"

EX_OSERR = 71
EX_CONFIG = 78
EX_INTERRUPTED = 130
EX_NO_READER = 141

COMMANDS = {
    "run": "watch the accounts of a watchdog.toml, until stopped",
    "check": "read the rules and settings files and say them back in words",
    "status": "what the running daemon sees: positions, liquidation prices, stops, alerts",
    "plan": "what would be sent right now, and why; sends nothing",
    "why": "what every rule reads of a position, and what is done about it",
    "confirm": "yes to a stop that is proposed (mode ask, or a place already passed)",
    "explain": "every reading with its formula, its inputs and the raw fields they came from, live or from a snapshot",
    "snapshot": "save the raw answers behind the current readings, without keys and ids, to explain or report a number",
    "ack": "say that an alert has been seen",
    "silence": "hear nothing of something for a while; emergencies are told, and stops placed, all the same",
    "unsilence": "end a silence",
    "disarm": "send no order for a while",
    "arm": "end a disarming, or the waiting time of an account new to act",
    "demo": "an hour of the crash of 2025-10-10, with and without the watchdog; no key, no network",
    "paper": "serve a paper venue on this machine, to try rules on",
}


def clash(distributions: Sequence[str]) -> str:
    """What is wrong when other distributions own our import name too; empty when nothing is."""
    others = sorted(set(distributions) - {OURS})
    if not others:
        return ""
    named = ", ".join(others)
    return (
        f'watchdog: the package "{named}" from PyPI is installed beside {OURS}, and both own the import name '
        '"watchdog": files of one overwrite files of the other.\n'
        f"Install {OURS} in an environment of its own, for example: pipx install {OURS}\n"
        f"Or here: pip uninstall {' '.join(others)} && pip install --force-reinstall {OURS}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    From sysexits.h: 78 for bad configuration, 69 when no daemon answers, 65 for a snapshot that is none, 66 when one is
    not there, 73 when a file to be made exists or can't be made, 71 when one can't be read or written.
    As shells have it: 130 for Ctrl-C, 141 when the reader of our output has gone.
    """
    _open_streams()
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return EX_INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return EX_NO_READER
    except OSError as error:  # a disk that is full, a file that may not be written
        _forget_output()
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"watchdog: {where}{error.strerror or error}\n")
        return EX_OSERR


def _run(arguments: Sequence[str] | None) -> int:
    wrong = clash(importlib.metadata.packages_distributions().get("watchdog", [OURS]))
    if wrong:
        sys.stderr.write(wrong + "\n")
        return EX_CONFIG
    parser = argparse.ArgumentParser(
        prog="watchdog", description="Watches leveraged crypto positions and acts before liquidation does."
    )
    parser.add_argument("--version", action="version", version=f"{OURS} {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in given if not word.startswith("-")), "")
    if chosen == "run":
        heap.starting()
    for name, help_text in COMMANDS.items():
        sub = subparsers.add_parser(name, help=help_text, description=help_text)
        if name == chosen:
            _module(name).add_arguments(sub)
    args = parser.parse_args(given)
    code: int = _module(args.command).run(args)
    return code


def _open_streams() -> None:
    """Standard streams that were closed when we were started lead nowhere: no file of ours may get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115  (to the end)
            setattr(sys, name, stream)


def _forget_output() -> None:
    """What is left in the buffer can't be written: the interpreter must not try again at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _module(command: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  (a module of this package, by name)
    home = "hands" if command in {"ack", "silence", "unsilence", "disarm", "arm"} else command
    return importlib.import_module(f"watchdog.cli.{home}")


def _version() -> str:
    try:
        return importlib.metadata.version(OURS)
    except importlib.metadata.PackageNotFoundError:
        from watchdog import __version__  # noqa: PLC0415  (run from a source tree that is not installed)

        return __version__


if __name__ == "__main__":
    sys.exit(main())
