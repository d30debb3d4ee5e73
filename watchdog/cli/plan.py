"""`watchdog plan`: what would be sent right now and why; sends nothing."""

from __future__ import annotations

import argparse
import json
import sys

from watchdog.cli import tables
from watchdog.cli.common import add_socket, ask_daemon


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the daemon is, and how to print."""
    add_socket(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Ask the daemon and print."""
    answer = ask_daemon(args, "GET", "/plan")
    if isinstance(answer, int):
        return answer
    if args.json:
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        tables.show(tables.plan(answer))
    return 0
