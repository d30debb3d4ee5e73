"""`watchdog confirm`: yes to a stop that is proposed, by its id or by what it is for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from watchdog.alerts.silence import names_of
from watchdog.cli.common import EX_UNAVAILABLE, add_socket, ask_daemon

EX_USAGE = 64


class Asked(NamedTuple):
    """A proposal that waits for its owner's word."""

    id: str
    symbol: str
    side: str
    account: str
    says: str
    """What a yes to it means now."""

    def __str__(self) -> str:
        return f"{self.account} · {self.symbol} {self.side} · {self.says}"

    def meant(self, what: str) -> bool:
        """Whether it goes by this name: its id, or its position's coin or symbol, with its side or without."""
        names = names_of(self.symbol)
        named = {self.id, *names, *(f"{name} {self.side}".casefold() for name in names)}
        return what.casefold() in named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the daemon is, and what is meant."""
    add_socket(parser)
    parser.add_argument("what", metavar="WHAT", help="the id `watchdog plan` shows, or a coin or symbol such as BTC")


def run(args: argparse.Namespace) -> int:
    """Show what is confirmed, say yes to it, and print the answer."""
    answer = ask_daemon(args, "GET", "/plan")
    if isinstance(answer, int):
        return answer
    asked = list(_asked(answer))
    meant = [one for one in asked if one.meant(args.what)]
    if len(meant) > 1:
        which = "".join(f"\n  {one}" for one in meant)
        sys.stderr.write(f"watchdog confirm: which of these? Name its id.{which}\n")
        return EX_USAGE
    if meant:
        sys.stdout.write(f"{meant[0]}\n")
        sys.stdout.flush()
    # One that nobody asks any more may be known to the daemon all the same: it says what became of it.
    reply = ask_daemon(args, "POST", "/command", {"verb": "confirm", "subject": meant[0].id if meant else args.what})
    if isinstance(reply, int):
        return reply
    if not reply.get("ok"):
        waits = "" if meant else "".join(f"\n  {one}" for one in asked) or "\n  nothing is asked"
        sys.stderr.write(f"watchdog confirm: {reply.get('text', '')}{waits}\n")
        return EX_UNAVAILABLE
    sys.stdout.write(f"{reply.get('text', '')}\n")
    return 0


def _asked(plan: Mapping[str, Any]) -> Iterator[Asked]:
    for account in plan["accounts"]:
        for row in account["positions"]:
            if row.get("confirm"):
                says = row["proposal"] or f"{row['confirm']}: shown more than a minute ago, a yes now shows it anew"
                yield Asked(row["confirm"], row["symbol"], row["side"], account["account"], says)
