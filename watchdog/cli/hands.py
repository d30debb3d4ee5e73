"""`watchdog ack`, `watchdog disarm`, `watchdog arm`: a person's word to the running daemon."""

from __future__ import annotations

import argparse
import sys

from watchdog.cli.common import EX_UNAVAILABLE, add_socket, ask_daemon
from watchdog.rules.units import read_duration
from watchdog.tomlfile import WrongValueError

EX_USAGE = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of all three; which of them counts depends on the command."""
    add_socket(parser)
    command = parser.prog.split()[-1]
    parser.set_defaults(verb=command)
    parser.add_argument("account", nargs="?", default="", help="the account; may be left out when there is one")
    if command == "ack":
        parser.add_argument("--alert", default="", metavar="TEXT", help="only alerts whose key has this in it")
    if command == "disarm":
        parser.add_argument("duration", nargs="?", default="", help='for how long, such as "2h"')


def run(args: argparse.Namespace) -> int:
    """Say it, and print the answer."""
    body: dict[str, object] = {"verb": args.verb, "account": args.account, "subject": getattr(args, "alert", "")}
    if args.verb == "disarm":
        if not args.duration:  # `disarm 2h` with the account left out
            args.account, args.duration = "", args.account
        if not args.duration:
            sys.stderr.write("watchdog disarm: for how long? It ends by itself, for example: watchdog disarm 2h\n")
            return EX_USAGE
        try:
            body |= {"account": args.account, "seconds": float(read_duration(args.duration))}
        except WrongValueError as error:
            sys.stderr.write(f"watchdog disarm: {error}\n")
            return EX_USAGE
    answer = ask_daemon(args, "POST", "/command", body)
    if isinstance(answer, int):
        return answer
    if not answer.get("ok"):
        sys.stderr.write(f"watchdog {args.verb}: {answer.get('text', '')}\n")
        return EX_UNAVAILABLE
    sys.stdout.write(f"{answer.get('text', '')}\n")
    return 0
