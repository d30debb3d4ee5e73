"""What several commands share: reading the settings, and asking the running daemon."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from watchdog.control import ControlError, ask
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset
from watchdog.settings import Settings, account_names, channel_names, load_settings
from watchdog.tomlfile import FileError, Problem, read_text

EX_UNAVAILABLE = 69
EX_CONFIG = 78


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument("--config", type=Path, default=Path("watchdog.toml"), metavar="FILE", help="watchdog.toml")


def complain(problems: Iterable[object]) -> int:
    """Every problem on a line of its own; the exit code for bad configuration."""
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return EX_CONFIG


def settings_of(args: argparse.Namespace) -> Settings | None:
    """The settings of `--config`; None when they are wrong, which has then been said."""
    try:
        return load_settings(args.config, os.environ)
    except FileError as error:
        complain(error.problems)
        return None


def both_files(args: argparse.Namespace) -> tuple[Settings, Ruleset] | None:
    """The settings of `--config` and their rules; None when anything is wrong, all of which has then been said."""
    problems: list[Problem] = []
    settings, accounts, channels = None, None, None
    rules = args.config.parent / "rules.toml"
    try:
        settings = load_settings(args.config, os.environ)
        accounts, channels, rules = frozenset(settings.accounts), frozenset(settings.channels), settings.rules
    except FileError as error:
        problems += error.problems
        with contextlib.suppress(FileError):  # said already
            accounts = account_names(args.config, os.environ) or None
            channels = channel_names(args.config, os.environ) or None
    if settings is not None or rules.exists():
        try:
            ruleset = parse_rules(read_text(rules), str(rules), accounts, channels=channels)
        except FileError as error:
            problems += error.problems
    if settings is not None and not problems:
        return settings, ruleset
    complain(problems)
    if not args.config.exists():
        sys.stderr.write("Name yours with --config FILE; `watchdog demo` needs none.\n")
    return None


def ask_daemon(
    args: argparse.Namespace,
    method: Literal["GET", "POST"],
    route: str,
    body: Mapping[str, object] | None = None,
) -> dict[str, Any] | int:
    """The daemon's answer, or the exit code after saying why there is none."""
    socket: Path | None = getattr(args, "socket", None)
    if socket is None:
        settings = settings_of(args)
        if settings is None:
            return EX_CONFIG
        socket = settings.socket
    try:
        answer = asyncio.run(ask(socket, method, route, body))
    except ControlError as error:
        sys.stderr.write(f"watchdog: {error}\n")
        return EX_UNAVAILABLE
    return answer if isinstance(answer, dict) else EX_UNAVAILABLE


def add_socket(parser: argparse.ArgumentParser) -> None:
    """`--config FILE` and `--socket PATH`: either finds the daemon."""
    add_config(parser)
    parser.add_argument(
        "--socket", type=Path, default=None, metavar="PATH", help="the daemon's socket, if not by --config"
    )
