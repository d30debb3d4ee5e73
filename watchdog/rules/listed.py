"""Symbols that rules name and no venue lists: a letter changed, a market that is gone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from watchdog.rules.evaluate import spellings
from watchdog.rules.schema import Rule, Ruleset, Selector
from watchdog.tomlfile import Problem, did_you_mean, quoted

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the venue of an account lists."""

    venue: str
    symbols: Collection[str]
    """ccxt's unified symbols; empty: not read yet."""


def unlisted(ruleset: Ruleset, listings: Mapping[str, Listing]) -> tuple[Problem, ...]:
    """A note for each symbol in `where` or `except`, without a glob, that no venue of its rule's accounts lists.

    `listings` holds all accounts by name. Of a rule that speaks of an account whose listing is not read yet, nothing
    is said.
    """
    return tuple(
        Problem(ruleset.file, rule.line, 1, f'{key} of rule "{rule.name}": {text}')
        for rule in ruleset.rules
        for key, selector in (("where", rule.where), ("except", rule.exclude))
        if selector is not None
        for text in _of_selector(rule, selector, listings)
    )


def _of_selector(rule: Rule, selector: Selector, listings: Mapping[str, Listing]) -> Iterator[str]:
    named = [symbol for symbol in selector.symbol if not _GLOB & set(symbol)]
    if not named:
        return
    meant = [one for account, one in listings.items() if _selects(rule.where, account, one.venue)]
    if not meant or not all(one.symbols for one in meant):
        return
    symbols = {symbol for one in meant for symbol in one.symbols}
    known = {spelling for symbol in symbols for spelling in spellings(symbol)}
    for name in named:
        if name.upper() not in known:
            venues = " and ".join(sorted({one.venue for one in meant}))
            yield f"{venues} lists no {quoted(name)}{_meant(name, symbols)}"


def _selects(where: Selector, account: str, venue: str) -> bool:
    return _matches(where.account, account) and _matches(where.venue, venue)


def _matches(globs: tuple[str, ...], name: str) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


def _meant(name: str, symbols: Collection[str]) -> str:
    """The near word: first of all one of the same letters, for two of them are easily swapped."""
    short = sorted({min(spellings(symbol), key=_by_length) for symbol in symbols})
    plain = name.upper().split(":", maxsplit=1)[0].replace("/", "")
    swapped = [one for one in short if sorted(one) == sorted(plain)]
    return did_you_mean(plain, swapped or short)


def _by_length(text: str) -> tuple[int, str]:
    return len(text), text
