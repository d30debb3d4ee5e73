"""Reads `where` and `except`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from fnmatch import fnmatchcase

from watchdog.domain.position import MarginMode, Side
from watchdog.rules.names import Names
from watchdog.rules.schema import Selector
from watchdog.rules.table import Table
from watchdog.rules.units import read_money
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted, suggest


def read_selector(table: Table, key: str, names: Names) -> Selector | None:
    """The selector under a key; None when it is not written or is no table."""
    inner = table.table(key)
    if inner is None:
        return None

    def unlisted(word: str) -> str:
        return f"account {quoted(word)} is not in watchdog.toml{did_you_mean(word, names.accounts or ())}"

    def no_venue(word: str) -> str:
        return _unknown("venue", word, names.venues or ())

    selector = Selector(
        account=_globs(inner, "account", names.accounts, unlisted),
        venue=_globs(inner, "venue", names.venues, no_venue),
        symbol=_globs(inner, "symbol", None, str),
        side=_globs(inner, "side", tuple(Side), lambda word: _unknown("side", word, tuple(Side))),
        margin_mode=_globs(
            inner, "margin_mode", tuple(MarginMode), lambda word: _unknown("margin mode", word, tuple(MarginMode))
        ),
        min_notional=inner.read("min_notional", _read_notional),
    )
    inner.finish(of=key)
    return selector


def _read_notional(raw: object) -> Decimal:
    notional = read_money(raw)
    if notional == 0:
        raise WrongValueError("a min_notional of 0 selects all: leave it out")
    return notional


def _unknown(what: str, word: str, known: Collection[str]) -> str:
    return f"unknown {what} {quoted(word)}{suggest(word, known)}"


def _globs(table: Table, key: str, known: Collection[str] | None, sentence: Callable[[str], str]) -> tuple[str, ...]:
    """A text or a list of texts. Where the words are known, each must match at least one of them."""
    raw = table.take(key)
    if key not in table:
        return ()
    if isinstance(raw, list) and not raw:
        table.problem(f"an empty list selects nothing: leave {key} out to select all", key)
    globs = []
    for index, word in enumerate(raw if isinstance(raw, list) else [raw]):
        path: tuple[str | int, ...] = (key, index) if isinstance(raw, list) else (key,)
        if not isinstance(word, str) or not word.strip():
            table.problem(f"{key} wants text in quotes, or a list of it, not {quoted(word)}", *path)
        elif known is not None and not any(fnmatchcase(name, word) for name in known):
            table.problem(sentence(word), *path)
        else:
            globs.append(word.strip())
    return tuple(globs)
