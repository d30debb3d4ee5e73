"""The raw answers behind the current readings: from the running daemon, else by a read of our own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from urllib.parse import urlencode

from watchdog import __version__
from watchdog.cli.common import EX_CONFIG, EX_UNAVAILABLE, settings_of
from watchdog.clock import LoopClock
from watchdog.control import ControlError, ask
from watchdog.service import make_venue
from watchdog.settings import AccountSettings, Settings
from watchdog.snapshots import document
from watchdog.venues.base import Keeps, KeepsUnread, ReadError, VenueRefusedError

EX_USAGE = 64


def texts(args: argparse.Namespace) -> Mapping[str, str] | int:
    """The text of a snapshot's file by account (`args.account`, or all), or the exit code after saying why not."""
    settings = None
    if args.socket is None:
        settings = settings_of(args)
        if settings is None:
            return EX_CONFIG
        if args.account and args.account not in settings.accounts:
            sys.stderr.write(f'watchdog: no account "{args.account}": there is {", ".join(settings.accounts)}\n')
            return EX_USAGE
    try:
        answer = asyncio.run(
            ask(
                settings.socket if settings else args.socket, "GET", f"/snapshot?{urlencode({'account': args.account})}"
            )
        )
    except ControlError as error:
        if settings is None:
            sys.stderr.write(f"watchdog: {error}\n")
            return EX_UNAVAILABLE
        sys.stderr.write(f"watchdog: {error}\nwatchdog: reading myself\n")
        return _own(settings, args.account)
    if isinstance(answer, dict) and answer.get("ok") and isinstance(answer.get("snapshots"), dict):
        for said in (answer.get("missing"), answer.get("troubles")):
            for why in said.values() if isinstance(said, dict) else ():
                sys.stderr.write(f"watchdog: {why}\n")
        return {str(name): str(text) for name, text in answer["snapshots"].items()}
    refused = answer.get("text") if isinstance(answer, dict) else None
    sys.stderr.write(f"watchdog: {refused or 'the daemon gave no snapshot'}\n")
    return EX_UNAVAILABLE


def _own(settings: Settings, account: str) -> Mapping[str, str] | int:
    accounts = [settings.accounts[account]] if account else list(settings.accounts.values())
    found = {}
    for one in accounts:  # what is wrong with one says nothing of the next
        try:
            found[one.name] = asyncio.run(_read(one))
        except (VenueRefusedError, ReadError) as error:
            of = "" if str(error).startswith(f"account {one.name}:") else f"account {one.name}: "
            sys.stderr.write(f"watchdog: {of}{error}\n")
    return found or EX_UNAVAILABLE


async def _read(account: AccountSettings) -> str:
    """The text of the file, also where what the venue answered could not be read: that is said aside, too."""
    clock = LoopClock()
    venue = make_venue(account, clock)
    try:
        await venue.open()
        try:
            await venue.read()
        except ReadError as error:
            unread = venue.unread if isinstance(venue, KeepsUnread) else None
            if unread is None:
                raise
            sys.stderr.write(f"watchdog: account {account.name}: {error}\n")
            return document.write(account.venue, clock.now().wall, {}, account.secrets(), __version__, unread=unread)
        if not isinstance(venue, Keeps):
            raise ReadError(f"account {account.name}: {account.venue} keeps no raw answers")
        return document.write(account.venue, clock.now().wall, venue.payloads, account.secrets(), __version__)
    finally:
        await venue.close()
