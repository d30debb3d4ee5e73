"""Nothing is loaded that was not understood: no key is let through unknown, no value in another form than its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.full import FULL, dump, full, paths, put
from tests.rules.test_parse import parse
from watchdog.rules.schema import Ruleset
from watchdog.tomlfile import FileError, KeyPath, parse_toml

TABLES = [path for path, value in paths(full()) if isinstance(value, dict)]
LEAVES = [(path, value) for path, value in paths(full()) if not isinstance(value, (dict, list))]
LISTS = [path for path, value in paths(full()) if isinstance(value, list)]
WORDS = sorted({part for path, _ in paths(full()) for part in path if isinstance(part, str)})
DATE = dt.date(2025, 10, 10)


def meaning(text: str) -> Ruleset | None:
    """What a text says, whatever its lines; None: it is refused, each problem with a place in it."""
    try:
        ruleset = parse(text)
    except FileError as error:
        lines = text.split("\n")
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        return None
    rules = tuple(replace(rule, line=0) for rule in ruleset.rules)
    return replace(ruleset, rules=rules, digest="")


BEFORE = meaning(FULL)
SAME = [("where", {}), ("notify", "phone")]
"""What may be said without changing anything: that nothing is left out, and a list of one."""


def named(path: KeyPath) -> str:
    """A path as it is read."""
    return ".".join(map(str, path)) or "the file"


def test_the_file_with_every_key_loads() -> None:
    """It loads as written and as written anew: what follows changes one thing of it at a time."""
    assert meaning(dump(full())) == BEFORE is not None


@pytest.mark.parametrize("path", TABLES, ids=named)
def test_a_key_too_many_is_refused_where_it_stands(path: KeyPath) -> None:
    """In every table, at every depth: a key it does not have is a problem of its own, at that key."""
    text = dump(put(full(), (*path, "zz top"), "5%"))
    with pytest.raises(FileError) as caught:
        parse(text)
    place = parse_toml(text, "f").key_at((*path, "zz top"))
    (problem,) = [problem for problem in caught.value.problems if '"zz top"' in problem.text]
    assert (problem.line, problem.column) == place


def _swapped(value: object) -> list[object]:
    """The same content in the other types TOML has."""
    others: list[object] = [[value], {"at": value}, {}, [], DATE, [[value]]]
    match value:
        case bool():
            others += ["true" if value else "false", int(value), Decimal(int(value))]
        case int() | Decimal():
            others += [str(value), True, f"{value} "] + ([Decimal(f"{value}.0")] if isinstance(value, int) else [])
        case str():
            digits = "".join(char for char in value if char in "0123456789.")
            others += [True, 0, -1] + ([Decimal(digits)] if digits.replace(".", "", 1).isdecimal() else [])
    return others


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=lambda part: named(part) if isinstance(part, tuple) else "")
def test_a_value_of_another_type_is_refused_or_means_the_same(path: KeyPath, value: object) -> None:
    """Every value of the file, in every other type: a problem with a place, or the very same rules."""
    for other in _swapped(value):
        assert meaning(dump(put(full(), path, other))) in (None, BEFORE), other


@pytest.mark.parametrize("path", LISTS, ids=named)
def test_a_list_is_not_taken_for_something_else(path: KeyPath) -> None:
    """An empty list, a text or a number where a list of things belongs is refused, never read as nothing."""
    others: tuple[object, ...] = ([], "", 5, True, [5], [[]])
    for other in others:
        assert meaning(dump(put(full(), path, other))) is None, other


@settings(max_examples=60)
@given(st.sampled_from(TABLES), st.sampled_from(WORDS), st.sampled_from(["5%", "critical", "phone", "1m", 5, True, {}]))
def test_a_known_word_counts_only_where_it_belongs(path: KeyPath, word: str, value: Any) -> None:
    """A key of one table put into another is refused; where it belongs, the file means something else."""
    changed = put(full(), (*path, word), value)
    after = meaning(dump(changed))
    assert after is None or after != BEFORE or changed == full() or (word, value) in SAME


@settings(max_examples=60)
@given(st.data())
def test_a_value_from_elsewhere_is_refused_or_understood(data: st.DataObject) -> None:
    """Two values of the file in each other's place: refused, or read to a meaning that is not the old one."""
    path, value = data.draw(st.sampled_from(LEAVES))
    _, other = data.draw(st.sampled_from(LEAVES))
    after = meaning(dump(put(full(), path, other)))
    assert after is None or (after == BEFORE) == (other == value)


@settings(max_examples=60)
@given(st.sampled_from([path for path, _ in paths(full()) if path]))
def test_what_is_left_out_is_a_default_or_a_problem(path: KeyPath) -> None:
    """Any key taken away: a problem in words, or a file that means something else; never a traceback."""
    changed: Any = full()
    here = changed
    for part in path[:-1]:
        here = here[part]
    del here[path[-1]]
    after = meaning(dump(changed))
    assert after is None or after != BEFORE or path[-1] == "trigger"
