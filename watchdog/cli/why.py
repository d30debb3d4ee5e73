"""`watchdog why`: what every rule reads of a position or a pool, in words."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlencode

from watchdog.cli.common import EX_UNAVAILABLE, add_socket, ask_daemon


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the daemon is, and what to ask about."""
    add_socket(parser)
    parser.add_argument(
        "subject", nargs="?", default="", help="a part of a position's or pool's name, such as BTC; all when left out"
    )


def run(args: argparse.Namespace) -> int:
    """Ask the daemon and print."""
    answer = ask_daemon(args, "GET", f"/why?{urlencode({'subject': args.subject})}")
    if isinstance(answer, int):
        return answer
    if not answer.get("ok"):
        sys.stderr.write(f"watchdog why: {answer.get('text', '')}\n")
        return EX_UNAVAILABLE
    sys.stdout.write(f"{answer.get('text', '')}\n")
    return 0
