"""`watchdog check [RULES] [--config FILE]`: everything wrong in the two files, or every rule said back in words."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from watchdog.cli.common import EX_CONFIG
from watchdog.rules.describe import advise, describe
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Mode, Ruleset
from watchdog.rules.units import say_duration
from watchdog.settings import Settings, account_names, load_settings
from watchdog.tomlfile import FileError, Problem, read_text


@dataclass(slots=True)
class _Config:
    """What was found of the watchdog.toml that goes with the rules."""

    path: Path | None
    settings: Settings | None = None
    accounts: frozenset[str] | None = None
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


def run(args: argparse.Namespace) -> int:
    """Check both files. 0: both are good; 78: something is wrong, one problem a line on standard error."""
    config = _read_config(_config_path(args.rules, args.config))
    rules_path = args.rules or _rules_path(config)
    problems = list(config.problems)
    ruleset = None
    try:
        text = read_text(rules_path, _shown(rules_path))
        ruleset = parse_rules(text, _shown(rules_path), config.accounts)
    except FileError as error:
        problems += error.problems
    if ruleset is None or problems:
        return _tell_problems(problems, good=None if ruleset is None else ruleset.file)
    _tell(ruleset, config)
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
        return _Config(path, settings, frozenset(settings.accounts))
    try:
        accounts = account_names(path, os.environ)
    except FileError:
        accounts = frozenset()
    return _Config(path, None, accounts or None, problems)


def _shown(path: Path) -> str:
    """A path as a person in this directory would write it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _tell_problems(problems: list[Problem], good: str | None) -> int:
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    sys.stderr.write(
        f"\n{count}. " + (f"{good} itself is good.\n" if good else "A running watchdog keeps its old rules.\n")
    )
    return EX_CONFIG


def _tell(ruleset: Ruleset, config: _Config) -> None:
    count = len(ruleset.rules)
    lines = [f"{ruleset.file} is good: {count} rule{'s' if count != 1 else ''}, mode {ruleset.mode.name.lower()}", ""]
    lines += describe(ruleset)
    lines.append("")
    lines += _settings_lines(config)
    notes = [str(note) for note in (*advise(ruleset), *_cross_notes(ruleset, config))]
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
        cap = ", capped to watch" if account.mode is Mode.WATCH else ""
        lines.append(f"  account {account.name}: {account.venue}{where}, read every {say_duration(account.poll)}{cap}")
    lines += [
        f"  channel {channel.name}: {channel.type}, hears {channel.min_level.name.lower()} and above"
        for channel in settings.channels.values()
    ]
    lines.append(f"  state in {settings.state_dir}")
    return lines


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
        if ruleset.mode is Mode.ACT and account.mode is Mode.WATCH:
            notes.append(f"account {account.name} is capped to watch: no stop is sent for it")
    return [Problem(_shown(config.settings.file), 0, 0, note) for note in notes]
