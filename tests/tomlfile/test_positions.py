"""Positions are exact: property-tested against the structure `tomllib` sees."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.tomlfile import KeyPath, LineColumn, parse_toml

_KEYS = st.one_of(st.sampled_from(["a", "b", "rule", "critical", "1", "x-y"]), st.text("aé .\"'#=[]\\", max_size=4))
_SCALARS = st.one_of(st.integers(-9, 99), st.booleans(), st.text('aé"\\ #\n[]{}=,', max_size=5))
_INLINE = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)
_TABLES = st.recursive(
    st.dictionaries(_KEYS, _INLINE, max_size=3),
    lambda inner: st.dictionaries(_KEYS, inner | st.lists(inner, min_size=1, max_size=3) | _INLINE, max_size=3),
    max_leaves=6,
)


def _quoted(text: str) -> str:
    escaped = "".join(f"\\u{ord(c):04x}" if c in '"\\\n' else c for c in text)
    return f'"{escaped}"'


def _key(text: str, draw: st.DrawFn) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", text) and draw(st.booleans()):
        return text
    return f"'{text}'" if not set("'\n") & set(text) and draw(st.booleans()) else _quoted(text)


def _value(value: Any, draw: st.DrawFn) -> str:
    space = draw(st.sampled_from(["", " ", "  "]))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"""\n{_quoted(value)[1:-1]}"""' if draw(st.booleans()) else _quoted(value)
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", " ", "\n", " # é\n  "]))
        return "[" + gap + f",{gap}".join(_value(part, draw) for part in value) + gap + "]"
    if isinstance(value, dict):
        pairs = (f"{_key(k, draw)}{space}={space}{_value(v, draw)}" for k, v in value.items())
        return "{" + space + ", ".join(pairs) + space + "}"
    return str(value)


def _lines(table: dict[str, Any], path: tuple[str, ...], draw: st.DrawFn) -> Iterator[str]:
    """A table's own pairs, then its sub-tables under headers of their own, or dotted."""
    inner: list[tuple[str, Any]] = []
    for name, value in table.items():
        tables = isinstance(value, dict) or (
            isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)
        )
        if tables and draw(st.booleans()):
            inner.append((name, value))
        elif isinstance(value, dict) and value and draw(st.booleans()):
            for key, part in value.items():
                yield f"{_key(name, draw)} . {_key(key, draw)} = {_value(part, draw)}"
        else:
            yield f"{_key(name, draw)} = {_value(value, draw)} # é"
    for name, value in inner:
        header = " . ".join(_key(part, draw) for part in (*path, name))
        for part in value if isinstance(value, list) else [value]:
            yield f"[[ {header} ]]" if isinstance(value, list) else f" [{header}] # x"
            yield from _lines(part, (*path, name), draw)


@st.composite
def _documents(draw: st.DrawFn) -> str:
    return "\n".join(_lines(draw(_TABLES), (), draw)) + "\n"


def _paths(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    yield path, value
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(part, (*path, key))


def _from(text: str, place: LineColumn) -> str:
    line, column = place
    return "\n".join([text.split("\n")[line - 1][column - 1 :], *text.split("\n")[line:]])


_TOKEN = re.compile(r"\"\"\"[^\"]*\"\"\"|\"[^\"]*\"|'[^']*'|[\w-]+")


@given(_documents())
def test_every_key_and_value_stands_where_it_is_said_to(text: str) -> None:
    """For every path tomllib knows, the text at its key's place is that key, and at its value's place that value."""
    if not text.strip():
        return
    document = parse_toml(text, "f")
    positions = document.positions
    assert positions.duplicates == []
    paths = dict(_paths(tomllib.loads(text)))
    assert set(positions.keys) == set(paths) == set(positions.values)
    for path, value in paths.items():
        if path and isinstance(path[-1], str):
            key = _TOKEN.match(_from(text, document.key_at(path)))
            assert key is not None
            assert list(tomllib.loads(f"{key[0]} = 0")) == [path[-1]]
        rest = _from(text, document.value_at(path))
        if isinstance(value, (str, int)):
            token = _TOKEN.match(rest)
            assert token is not None
            assert tomllib.loads(f"x = {token[0]}") == {"x": value}
        elif isinstance(value, list):
            assert rest.startswith("[")


_TEXT = """[protection]
mode = "watch"

[[rule]]
name = "é"
[[rule]]
critical = { at = "8%" }
stop.place . "x y" = 1
[rule.where]
symbol = ["a", "é" , "b"]
'é' = { n = 1 }
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("protection", "mode"), (2, 1), (2, 8)),
        (("protection",), (1, 2), (1, 1)),
        (("rule",), (4, 3), (4, 1)),
        (("rule", 0), (4, 3), (4, 1)),
        (("rule", 1), (6, 3), (6, 1)),
        (("rule", 1, "critical"), (7, 1), (7, 12)),
        (("rule", 1, "critical", "at"), (7, 14), (7, 19)),
        (("rule", 1, "stop", "place", "x y"), (8, 14), (8, 22)),
        (("rule", 1, "stop", "place"), (8, 6), (8, 6)),
        (("rule", 1, "where", "symbol", 2), (10, 22), (10, 22)),
        (("rule", 1, "where", "é"), (11, 1), (11, 7)),
        (("rule", 1, "where", "é", "n"), (11, 9), (11, 13)),
    ],
)
def test_the_places_a_person_would_point_at(path: KeyPath, key: tuple[int, int], value: tuple[int, int]) -> None:
    """Headers, arrays of tables, dotted and quoted keys, inline tables and lists; columns count characters."""
    document = parse_toml(_TEXT, "f")
    assert (document.key_at(path), document.value_at(path)) == (key, value)


def test_what_is_not_there_points_at_its_table() -> None:
    """A missing key points at the table it is missing from, however deep."""
    document = parse_toml('x = 1\n[a]\nb = { c = "é", d = {} }\n', "f")
    assert document.value_at(("a", "b", "d", "nothing", 3)) == (3, 20)
    assert document.value_at(("a", "nothing")) == (2, 1)
    assert document.value_at(("nothing",)) == (1, 1)
