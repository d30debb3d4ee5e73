"""A whole account, explained: from raw answers to readings, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Reading
from watchdog.explain.lines import Fields, Input, Line, Part
from watchdog.explain.pool import pool_part
from watchdog.explain.position import position_part
from watchdog.report import figure
from watchdog.risk import Book


@dataclass(frozen=True, slots=True)
class Explained:
    """An account with every reading laid out."""

    venue: str
    name: str
    """The venue as people say it."""
    account: str
    taken: str
    """ISO 8601; empty where that is not known."""
    modes: str
    pools: tuple[Part, ...]
    positions: tuple[Part, ...]
    not_watched: tuple[str, ...]
    owes: Mapping[str, str]
    """What it owes the venue, by coin."""
    may_owe: str
    """Whether a negative balance can become a debt there, in words."""
    fields: Fields
    trouble: str = ""
    """Why these may be old figures; empty where nothing is known against them."""


def explain(
    read: AccountRead,
    at: float,
    fields: Fields,
    *,
    venue: str,
    name: str,
    account: str,
    taken: str,
    unwatched: str,
    owes: str,
    trouble: str = "",
) -> Explained:
    """Lay out the readings of a read; `at` is the time it carries. The rest is what is known of the venue."""
    book = Book.of(read, at, {})
    markets = {market.symbol: market for market in read.markets}
    balances = {balance.asset: balance for balance in read.balances}
    risks = sorted(book.positions.values(), key=lambda risk: risk.key)
    positions = tuple(
        position_part(
            risk,
            markets.get(risk.position.symbol),
            None if risk.pool is None else book.pools[risk.pool],
            None if risk.pool is None else balances.get(risk.pool),
            at,
            fields,
        )
        for risk in risks
    )
    pools = tuple(
        pool_part(pool, balances.get(key), [risk for risk in risks if risk.pool == key], at, fields)
        for key, pool in sorted(book.pools.items())
    )
    return Explained(
        venue=venue,
        name=name,
        account=account,
        taken=taken,
        modes=_modes(read),
        pools=pools,
        positions=positions,
        not_watched=(*read.unwatched, unwatched),
        owes={coin: f"{amount:f}" for coin, amount in sorted(read.debts.items())},
        may_owe=owes,
        fields=fields,
        trouble=trouble,
    )


def _modes(read: AccountRead) -> str:
    modes = read.modes
    way = "each symbol one-way or hedge" if modes.either_leg else "hedge mode" if modes.hedge else "one-way mode"
    parts = [modes.words, way, "multi-assets mode" if modes.multi_asset else "", modes.no_numbers]
    return ", ".join(part for part in parts if part)


def to_json(one: Explained) -> dict[str, Any]:
    """Stable: keys keep their names and order, figures all their digits."""
    return {
        "venue": one.venue,
        "account": one.account,
        "taken": one.taken,
        "trouble": one.trouble,
        "modes": one.modes,
        "positions": [_part(part, one.taken) for part in one.positions],
        "pools": [_part(part, one.taken) for part in one.pools],
        "not_watched": list(one.not_watched),
        "owes": dict(one.owes),
        "may_owe": one.may_owe,
        "fields": dict(sorted(one.fields.items())),
    }


def _part(part: Part, taken: str) -> dict[str, Any]:
    return {**part.facts, "readings": {line.name: _line(line, part.money, taken) for line in part.lines}}


def _line(line: Line, money: str, taken: str) -> dict[str, Any]:
    said: dict[str, Any] = {**_figure(line.reading, money), "time": taken}
    more = (("field", line.field), ("formula", line.formula), ("note", line.note))
    said |= {name: value for name, value in more if value}
    if line.inputs:
        said["inputs"] = {given.name: _input(given, money) for given in line.inputs}
    return said


def _input(given: Input, money: str) -> dict[str, str]:
    return {**_figure(given.reading, given.money or money), **({"field": given.field} if given.field else {})}


def _figure(reading: Reading, money: str) -> dict[str, str]:
    """As `status` has it, and in which currency."""
    said = figure(reading)
    return {**said, "money": money} if said.get("unit") == "money" else said
