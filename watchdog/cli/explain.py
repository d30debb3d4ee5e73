"""`watchdog explain`: every reading with its formula, its inputs and the raw fields they came from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from watchdog import __version__
from watchdog.cli.answers import EX_USAGE, texts
from watchdog.cli.common import add_socket
from watchdog.explain import text
from watchdog.explain.account import Explained, explain, to_json
from watchdog.snapshots.document import Snapshot, SnapshotError, read_file, read_text
from watchdog.snapshots.reading import account_of
from watchdog.venues.known import VENUES

EX_DATAERR = 65
EX_NOINPUT = 66


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, and how to print."""
    add_socket(parser)
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE",
        help="a file of `watchdog snapshot`, or a folder of raw answers named by endpoint (account.json); offline",
    )
    whose.add_argument("--account", default="", metavar="NAME", help="this account as it is now; all when left out")
    parser.add_argument("--venue", choices=tuple(VENUES), help="whose answers a folder holds")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain a file, or what the daemon has read last."""
    if args.source is None and args.venue is not None:
        sys.stderr.write("watchdog: --venue goes with --from and a folder\n")
        return EX_USAGE
    try:
        if args.source is not None:
            explained = [_explained(read_file(args.source, args.venue), str(args.source))]
        else:
            found = texts(args)
            if isinstance(found, int):
                return found
            explained = [_explained(read_text(one, name), name, name) for name, one in found.items()]
    except FileNotFoundError:
        sys.stderr.write(f"watchdog: {args.source}: there is no such file\n")
        return EX_NOINPUT
    except SnapshotError as error:
        sys.stderr.write(f"watchdog: {text.printable(str(error))}\n")
        return EX_DATAERR
    sys.stdout.write(_printed(explained, as_json=args.json))
    return 0


def _explained(snapshot: Snapshot, named: str, account: str = "") -> Explained:
    kind, read = account_of(snapshot, named)
    return explain(
        read,
        0.0,
        kind.fields,
        venue=kind.id,
        name=kind.name,
        account=account or snapshot.account,
        taken=snapshot.taken,
        unwatched=kind.unwatched,
        owes=kind.owes,
        trouble=_trouble(snapshot),
    )


def _trouble(snapshot: Snapshot) -> str:
    """Why its figures are not those of the venue now."""
    if not snapshot.unread_why or not snapshot.payloads:
        return snapshot.trouble
    at = f" of {snapshot.unread_taken}" if snapshot.unread_taken else ""
    unread = f"the answers{at} could not be read: {snapshot.unread_why}"
    return f"{snapshot.trouble}; {unread}" if snapshot.trouble else unread


def _printed(explained: Iterable[Explained], *, as_json: bool) -> str:
    if as_json:
        document: dict[str, Any] = {"watchdog": __version__, "accounts": [to_json(one) for one in explained]}
        told = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        return told.encode("utf-8", "replace").decode()  # half a character of a file is none
    return "\n\n".join("\n".join(text.lines(one)) for one in explained) + "\n"
