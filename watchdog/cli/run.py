"""`watchdog run --config FILE`: the daemon."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

from watchdog import heap, systemd
from watchdog.cli.common import EX_CONFIG, EX_UNAVAILABLE, add_config, both_files
from watchdog.clock import LoopClock
from watchdog.control import ControlError
from watchdog.logs import logging_to_stderr
from watchdog.rules.schema import Ruleset
from watchdog.service import Service
from watchdog.settings import Settings
from watchdog.store import StoreError

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    add_config(parser)
    parser.add_argument("--verbose", action="store_true", help="log more")


def run(args: argparse.Namespace) -> int:
    """Watch until SIGTERM or Ctrl-C."""
    files = both_files(args)
    if files is None:
        return EX_CONFIG
    settings, rules = files
    with logging_to_stderr(logging.DEBUG if args.verbose else logging.INFO):
        try:
            asyncio.run(_serve(settings, rules))
        except (StoreError, ControlError) as error:
            sys.stderr.write(f"watchdog: {error}\n")
            return EX_UNAVAILABLE
    return 0


async def _serve(settings: Settings, rules: Ruleset) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    systemd.extend_timeout(120)  # ccxt's import alone can take seconds on a small machine
    service = Service(settings, rules, LoopClock(), calendar=True, settled=heap.started)
    _log.info(
        "starting for %s; rules %s (%d), mode %s; state in %s",
        ", ".join(settings.accounts),
        settings.rules,
        len(rules.rules),
        rules.mode.name.lower(),
        settings.state_dir,
    )
    await service.run(stop)
    _log.info("stopped; stops that rest on the venues stay")
