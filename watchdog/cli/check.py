"""`watchdog check [RULES] [--config FILE]`: everything wrong in the two files, or every rule said back in words."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from watchdog.cli.common import EX_CONFIG
from watchdog.rules.advice import advise
from watchdog.rules.describe import describe
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import IfPast, Mode, Rule, Ruleset
from watchdog.rules.units import say_duration
from watchdog.schemas import write_schemas
from watchdog.settings import AccountSettings, Settings, TelegramSettings, account_names, channel_names, load_settings
from watchdog.tomlfile import FileError, Problem, read_text
from watchdog.venues.budget import pace_of_reads
from watchdog.venues.known import VENUES


@dataclass(slots=True)
class _Config:
    """What was found of the watchdog.toml that goes with the rules."""

    path: Path | None
    settings: Settings | None = None
    accounts: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    problems: tuple[Problem, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `watchdog check`."""
    parser.add_argument(
        "rules",
        nargs="?",
        type=Path,
        metavar="RULES",
        help="the rules file (default: rules.toml, or the one FILE names)",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="watchdog.toml (default: the one beside the rules file, if any)"
    )
    parser.add_argument(
        "--write-schema",
        type=Path,
        metavar="DIR",
        help="check nothing: write the JSON Schemas of both files into a folder, for editors (#:schema)",
    )


def run(args: argparse.Namespace) -> int:
    """Check both files. 0: both are good; 78: something is wrong, one problem a line on standard error.

    Rules that are understood are said back in words whatever is wrong with the settings.
    """
    if args.write_schema is not None:
        sys.stdout.writelines(f"wrote {_shown(path)}\n" for path in write_schemas(args.write_schema))
        return 0
    config = _read_config(_config_path(args.rules, args.config))
    rules_path = args.rules or _rules_path(config)
    problems = list(config.problems)
    ruleset = None
    try:
        text = read_text(rules_path, _shown(rules_path))
        ruleset = parse_rules(text, _shown(rules_path), config.accounts, channels=config.channels)
    except FileError as error:
        problems += error.problems
    if ruleset is not None:
        _tell(ruleset, config, whole=not problems)
    if problems:
        return _tell_problems(problems, good=None if ruleset is None else ruleset.file)
    return 0


def _config_path(rules: Path | None, config: Path | None) -> Path | None:
    if config is not None:
        return config
    beside = (rules.parent if rules is not None else Path()) / "watchdog.toml"
    return beside if beside.exists() else None


def _rules_path(config: _Config) -> Path:
    if config.settings is not None:
        return config.settings.rules
    return (config.path.parent if config.path is not None else Path()) / "rules.toml"


def _read_config(path: Path | None) -> _Config:
    if path is None:
        return _Config(None)
    try:
        settings = load_settings(path, os.environ)
    except FileError as error:
        problems = error.problems
    else:
        return _Config(path, settings, frozenset(settings.accounts), frozenset(settings.channels))
    accounts = channels = None
    with contextlib.suppress(FileError):  # said already
        accounts = account_names(path, os.environ) or None
        channels = channel_names(path, os.environ) or None
    return _Config(path, None, accounts, channels, problems)


def _shown(path: Path) -> str:
    """A path as a person in this directory would write it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _tell_problems(problems: list[Problem], good: str | None) -> int:
    sys.stdout.flush()
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    sys.stderr.write(
        f"\n{count}. " + (f"{good} itself is good.\n" if good else "A running watchdog keeps its old rules.\n")
    )
    return EX_CONFIG


def _tell(ruleset: Ruleset, config: _Config, *, whole: bool) -> None:
    """Say the rules back; and, where the settings are known, what goes with them and what to mind."""
    count = len(ruleset.rules)
    lines = [f"{ruleset.file} is good: {count} rule{'s' if count != 1 else ''}, mode {ruleset.mode.name.lower()}", ""]
    lines += [*describe(ruleset), ""]
    if not whole:
        sys.stdout.write("\n".join(lines) + "\n")
        return
    lines += _settings_lines(config)
    accounts = channels = None
    if config.settings is not None:
        accounts = {account.name: account.venue for account in config.settings.accounts.values()}
        channels = {channel.name: channel.min_level for channel in config.settings.channels.values()}
    notes = [str(note) for note in (*advise(ruleset, accounts, channels), *_cross_notes(ruleset, config))]
    if notes:
        lines += ["", "Mind:", *(f"  {note}" for note in notes)]
    sys.stdout.write("\n".join(lines) + "\n")


def _settings_lines(config: _Config) -> list[str]:
    settings = config.settings
    if config.path is None or settings is None:
        return ["channels and accounts were not checked: there is no watchdog.toml beside the rules (or give --config)"]
    lines = [f"{_shown(config.path)} is good:"]
    for account in settings.accounts.values():
        where = f" at {account.base_url}" if account.base_url else ""
        cap = f", capped to {account.mode.name.lower()}" if account.mode < Mode.ACT else ""
        cap = f", only watched: {account.only_watched}" if account.only_watched else cap
        lines.append(f"  account {account.name}: {account.venue}{where}, read every {say_duration(account.poll)}{cap}")
    lines += [
        f"  channel {channel.name}: {channel.type}, hears {channel.min_level.name.lower()} and above"
        for channel in settings.channels.values()
    ]
    lines += [_digest_line(settings), f"  state in {settings.state_dir}"]
    return lines


def _digest_line(settings: Settings) -> str:
    """When the word of each day comes, and who hears it."""
    at, zone = settings.digest.at, settings.digest.zone
    if at is None:
        return "  no digest: then nobody can tell a quiet day from a daemon that is down"
    where = "this machine's time" if zone is None else str(zone)
    return (
        f"  digest each day at {at:%H:%M}, {where}, without a sound: {', '.join(settings.channels)}, whatever min_level"
    )


def _cross_notes(ruleset: Ruleset, config: _Config) -> list[Problem]:
    """What only the two files together show."""
    if config.settings is None:
        return []
    notes = []
    for account in config.settings.accounts.values():
        if ruleset.blind.warn <= account.poll:
            notes.append(
                f"account {account.name} is read every {say_duration(account.poll)}, and called blind "
                f"after {say_duration(ruleset.blind.warn)}: it would be called blind between two good reads"
            )
        notes += _crowd_note(account, config.settings, ruleset)
        if ruleset.mode_for(account.name, Mode.ACT, None) > Mode.WATCH and account.only_watched:
            notes.append(f"account {account.name} is only watched, no stop is sent for it: {account.only_watched}")
        elif ruleset.mode > account.mode is Mode.WATCH:
            notes.append(f"account {account.name} is capped to watch: no stop is sent for it")
        if ruleset.mode > account.mode is Mode.ASK:
            notes.append(f"account {account.name} is capped to ask: stops are proposed for it, you confirm each")
    if not any(isinstance(channel, TelegramSettings) for channel in config.settings.channels.values()):
        unanswered = "no channel here can be answered (one of type telegram can): only `watchdog confirm` can answer"
        if _places(ruleset, config.settings, Mode.ASK):
            notes.append(f"stops are proposed (mode ask), and {unanswered}")
        elif any(rule.stop.if_past is IfPast.ASK for rule in _places(ruleset, config.settings, Mode.ACT) if rule.stop):
            notes.append(
                "a stop whose place mark has passed already is proposed halfway to liquidation "
                f'(if_past = "ask"), and {unanswered}'
            )
    return [Problem(_shown(config.settings.file), 0, 0, note) for note in notes]


_PLACES_CHANGE = 1.4
"""How much longer than a round of all accounts one of them waits at worst: whoever was first may be last in the next
(measured with two to four accounts of Hyperliquid's weights at `Budget`)."""


def _crowd_note(first: AccountSettings, settings: Settings, ruleset: Ruleset) -> list[str]:
    """Told once, of the first of several accounts that share a venue's address and its request budget."""
    sharing = [one for one in settings.accounts.values() if (one.venue, one.base_url) == (first.venue, first.base_url)]
    entry = VENUES[first.venue]
    if sharing[0] is not first or not entry.limit:
        return []
    longest = _PLACES_CHANGE * len(sharing) * entry.weight_of_a_read / pace_of_reads(entry.limit, orders=entry.orders)
    if longest < ruleset.blind.warn or len(sharing) == 1:
        return []
    return [
        (
            f"{len(sharing)} accounts on {entry.name} share one request budget: to read all of them takes up to "
            f"{longest:.0f} s, longer than the {say_duration(ruleset.blind.warn)} after which they are called blind. "
            "Watch fewer of them from this address, or allow more time under [blind]"
        )
    ]


def _places(ruleset: Ruleset, settings: Settings, mode: Mode) -> list[Rule]:
    """The rules that have a stop and this mode for any account."""
    return [
        rule
        for rule in ruleset.rules
        if rule.stop is not None
        and any(ruleset.mode_for(one.name, one.mode, rule) is mode for one in settings.accounts.values())
    ]
