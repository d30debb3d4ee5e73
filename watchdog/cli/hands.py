"""`watchdog ack`, `silence`, `unsilence`, `disarm`, `arm`: a person's word to the running daemon."""

from __future__ import annotations

import argparse
import sys

from watchdog.cli.common import EX_UNAVAILABLE, add_socket, ask_daemon
from watchdog.rules.units import read_duration
from watchdog.tomlfile import WrongValueError

EX_USAGE = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of all five; which of them counts depends on the command."""
    add_socket(parser)
    command = parser.prog.split()[-1]
    parser.set_defaults(verb=command)
    if command in {"silence", "unsilence"}:
        what = "what to say nothing of, such as BTC or a rule's name" if command == "silence" else "what was silenced"
        parser.add_argument("subject", nargs="?", default="", help=f"{what}; all of the account when left out")
        parser.add_argument("--account", default="", metavar="NAME", help="may be left out when there is one")
    else:
        parser.add_argument("account", nargs="?", default="", help="the account; may be left out when there is one")
    if command == "ack":
        parser.add_argument("--alert", default="", metavar="WHAT", help="only of this coin, symbol, rule or handle")
    if command in {"disarm", "silence"}:
        parser.add_argument("duration", nargs="?", default="", help='for how long, such as "2h"')


def run(args: argparse.Namespace) -> int:
    """Say it, and print the answer."""
    body: dict[str, object] = {"verb": args.verb, "account": args.account}
    body["subject"] = args.alert if args.verb == "ack" else getattr(args, "subject", "")
    if args.verb in {"disarm", "silence"}:
        first = "account" if args.verb == "disarm" else "subject"
        named, duration = getattr(args, first), args.duration
        if not duration:  # `disarm 2h` with the account left out
            named, duration = "", named
        if not duration:
            example = f"It ends by itself, for example: watchdog {args.verb} {'BTC ' * (first == 'subject')}2h"
            sys.stderr.write(f"watchdog {args.verb}: for how long? {example}\n")
            return EX_USAGE
        try:
            body |= {first: named, "seconds": float(read_duration(duration))}
        except WrongValueError as error:
            sys.stderr.write(f"watchdog {args.verb}: {error}\n")
            return EX_USAGE
    answer = ask_daemon(args, "POST", "/command", body)
    if isinstance(answer, int):
        return answer
    if not answer.get("ok"):
        sys.stderr.write(f"watchdog {args.verb}: {answer.get('text', '')}\n")
        return EX_UNAVAILABLE
    sys.stdout.write(f"{answer.get('text', '')}\n")
    return 0
