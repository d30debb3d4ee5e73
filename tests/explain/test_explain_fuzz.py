"""Answers no venue sends, explained: a sentence, or figures that say what they are; never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explain.recorded import RECORDED, Recorded
from watchdog.explain import text
from watchdog.explain.account import to_json
from watchdog.venues.fields import PayloadError

Path = tuple[str | int, ...]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        "0",
        0,
        "-1",
        "NaN",
        "Infinity",
        "1e99",
        "1e-99",
        "9" * 40,
        "0." + "0" * 39 + "1",
        True,
        [],
        {},
        [{}],
        "x",
        "\x1b[2J\ud800",
        Decimal("1E+30"),
        "-0.5",
    ]
)


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The place of everything in an answer."""
    if path:
        yield path
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))


PLACES = [(one, path) for one in RECORDED for path in leaves(one.payloads)]


@settings(max_examples=50)
@given(st.sampled_from(PLACES), ODD, st.booleans())
def test_whatever_is_put_wherever(place: tuple[Recorded, Path], odd: Any, gone: bool) -> None:
    """Each figure is there with its unit or with why it is not; the text fits and moves no cursor."""
    one, path = place
    spoilt = copy.deepcopy(dict(one.payloads))
    there: Any = spoilt
    for step in path[:-1]:
        there = there[step]
    if gone:
        del there[path[-1]]
    else:
        there[path[-1]] = odd
    try:
        explained = one.explained(spoilt)
    except PayloadError:
        return
    shown = list(text.lines(explained))
    assert max(map(len, shown)) <= 100
    assert all(row.isprintable() for row in shown)
    document = json.loads(json.dumps(to_json(explained)))
    for part in (*document["positions"], *document["pools"]):
        for name, line in part["readings"].items():
            assert {"value", "unit"} <= line.keys() or line.get("never") or line.get("unknown"), name
