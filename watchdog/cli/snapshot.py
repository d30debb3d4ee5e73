"""`watchdog snapshot [--account A] --out FILE`: the raw answers behind the current readings, fit to be shown."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from watchdog.cli.answers import EX_USAGE, texts
from watchdog.cli.common import add_socket

EX_CANTCREAT = 73


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose, and into which file."""
    add_socket(parser)
    parser.add_argument("--account", default="", metavar="NAME", help="which account, where there are several")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a file that does not exist yet")


def run(args: argparse.Namespace) -> int:
    """Ask for the raw answers and write them; a file that exists is left as it is."""
    if os.path.lexists(args.out):
        return _exists(args.out)
    found = texts(args)
    if isinstance(found, int):
        return found
    if len(found) != 1:
        sys.stderr.write(f"watchdog: which account? --account {' or '.join(found)}\n")
        return EX_USAGE
    (text,) = found.values()
    try:
        number = os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _exists(args.out)
    except OSError as error:
        sys.stderr.write(f"watchdog: {args.out}: {error.strerror or error}\n")
        return EX_CANTCREAT
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        stream.write(text)
    sys.stdout.write(
        f"wrote {args.out}: keys, ids and names of yours are taken out; look it through before you show it to others\n"
    )
    return 0


def _exists(path: Path) -> int:
    sys.stderr.write(f"watchdog: {path} exists and is left as it is: name another file\n")
    return EX_CANTCREAT
