"""Reads a rules file whole: a `Ruleset`, or every mistake in it with its line and column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from watchdog.rules.names import Names
from watchdog.rules.parse_rule import read_rule
from watchdog.rules.schema import LEVELS, Blind, Mode, Ruleset
from watchdog.rules.table import Table, whole
from watchdog.rules.units import read_duration, read_mode
from watchdog.tomlfile import FileError, Problem, did_you_mean, parse_toml, quoted
from watchdog.venues.known import VENUES

_ELSEWHERE = {
    "account": "accounts belong in watchdog.toml",
    "accounts": 'accounts belong in watchdog.toml, their modes under [protection] as accounts = { main = "watch" }',
    "channel": "channels belong in watchdog.toml",
    "channels": "channels belong in watchdog.toml",
    "store": "the store belongs in watchdog.toml",
    "mode": "mode belongs under [protection], in the lines below it",
    "first_act_after": "first_act_after belongs under [protection], in the lines below it",
    "replacements_per_hour": "replacements_per_hour belongs under [limits], in the lines below it",
    **{
        key: f"{quoted(key)} belongs to a rule: write [[rule]] in a line above it"
        for key in (
            "name",
            "metric",
            "where",
            "except",
            "only_if",
            "between",
            "notify",
            "repeat",
            "escalate",
            "stop",
            *LEVELS,
        )
    },
}


@dataclass(frozen=True, slots=True)
class _Protection:
    mode: Mode = Mode.WATCH
    account_modes: tuple[tuple[str, Mode], ...] = ()
    first_act_after: float = 600.0


def parse_rules(
    text: str,
    file: str,
    accounts: frozenset[str] | None,
    *,
    channels: frozenset[str] | None = None,
    venues: Iterable[str] | None = tuple(VENUES),
) -> Ruleset:
    """Understand a rules file to its last key.

    Args:
        text: The file's text.
        file: How messages name it.
        accounts: The accounts of watchdog.toml; None when they are not known, and then not checked.
        channels: The channels of watchdog.toml, which `notify` may name; None: not known, not checked.
        venues: The venues a rule may name; None: not checked.

    Raises:
        FileError: with every problem found, sorted. Nothing else is raised, whatever the text.
    """
    document = parse_toml(text, file)
    found: list[Problem] = []
    top = Table(document, (), document.values, found)
    protection = _read_protection(top.table("protection"), accounts)
    blind = _read_blind(top.table("blind"))
    replacements = 20
    if (limits := top.table("limits")) is not None:
        replacements = limits.read("replacements_per_hour", whole(1, 3600)) or replacements
        limits.finish(of="[limits]")
    rules = []
    seen: dict[str, int] = {}
    names = Names(accounts, tuple(venues) if venues is not None else None, channels)
    tables = top.tables("rule")
    for table in tables:
        rule = read_rule(table, seen, names)
        if rule is not None:
            rules.append(rule)
    if "rule" not in top:
        top.problem("there is no [[rule]] in this file: nothing would be watched")
    elif not tables and not found:
        top.problem("there is no [[rule]] in this file: nothing would be watched", "rule")
    top.finish(of="a rules file", elsewhere=_ELSEWHERE)
    if found:
        raise FileError(found)
    return Ruleset(
        mode=protection.mode,
        account_modes=dict(protection.account_modes),
        first_act_after=protection.first_act_after,
        blind=blind,
        replacements_per_hour=replacements,
        rules=tuple(rules),
        file=file,
        digest=document.digest,
    )


def _read_protection(table: Table | None, accounts: frozenset[str] | None) -> _Protection:
    if table is None:
        return _Protection()
    mode = table.read("mode", read_mode)
    wait = table.read("first_act_after", partial(read_duration, zero=True))
    modes: list[tuple[str, Mode]] = []
    own = table.table("accounts")
    if own is not None:
        for name in own.keys():  # noqa: SIM118 - a Table is no mapping
            if accounts is not None and name not in accounts:
                own.take(name)
                own.key_problem(f"account {quoted(name)} is not in watchdog.toml{did_you_mean(name, accounts)}", name)
            elif (account_mode := own.read(name, read_mode)) is not None:
                modes.append((name, account_mode))
    table.finish(of="[protection]")
    defaults = _Protection()
    return _Protection(
        mode=defaults.mode if mode is None else mode,
        account_modes=tuple(modes),
        first_act_after=defaults.first_act_after if wait is None else wait,
    )


def _read_blind(table: Table | None) -> Blind:
    if table is None:
        return Blind(warn=15.0, critical=45.0)
    warn = table.read("warn", read_duration)
    critical = table.read("critical", read_duration)
    table.finish(of="[blind]")
    blind = Blind(warn=15.0 if warn is None else warn, critical=45.0 if critical is None else critical)
    understood = (warn is not None or "warn" not in table) and (critical is not None or "critical" not in table)
    if understood and blind.critical <= blind.warn:
        table.problem("critical must be longer than warn", "critical" if "critical" in table else "warn")
    return blind
