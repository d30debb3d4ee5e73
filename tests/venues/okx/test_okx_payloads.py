"""Recorded answers: what is read from them, and what is read from them when they are spoiled."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.risk.build import known
from tests.venues.okx.build import FILES, Answers, book, read, saved
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk import Book
from watchdog.venues.fields import PayloadError
from watchdog.venues.okx.kind import KIND

D = Decimal
CLOSE = D("1e-12")
GONE = object()
EMPTY: tuple[Any, ...] = (GONE, "", "0", None)
"""What takes a figure away."""
NONSENSE = "no such word"
WRONG: tuple[Any, ...] = (NONSENSE, "NaN", "-7", 7, [], {})


def _names(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_the_readings_are_the_expected_ones(path: Path) -> None:
    """Figures of positions and pools, to twelve digits; None is Unknown."""
    file = saved(path)
    expected, made = file["expected"], book(file["answers"])
    positions = {f"{key.symbol} {key.position_side.value}": risk for key, risk in made.positions.items()}
    assert set(positions) == set(expected["positions"])
    assert set(made.pools) == set(expected["pools"])
    for name, figures in expected["positions"].items():
        for field, figure in figures.items():
            source = positions[name].position if field == "size" else positions[name]
            _is(getattr(source, field), figure)
    for name, figures in expected["pools"].items():
        for field, figure in figures.items():
            _is(getattr(made.pools[name], field), figure)
    assert {coin: str(owed) for coin, owed in made.read.debts.items()} == expected.get("debts", {})
    assert list(made.read.unwatched) == expected.get("unwatched", [])
    assert file["source"]


def _is(value: Any, figure: str | None) -> None:
    if figure is None:
        assert isinstance(value, Unknown)
    elif isinstance(value, str):
        assert value == figure
    else:
        number = value if isinstance(value, Decimal) else known(value)
        assert abs(number - D(figure)) <= CLOSE * D(figure)


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_what_is_kept_reads_the_same(path: Path) -> None:
    """Trimmed to what is held, the answers make the same account."""
    payloads = saved(path)["answers"]
    payloads["instruments"][0]["data"] += [{"instId": "SOL-USDT-SWAP"}, "junk"]
    kept = KIND.trim(payloads)
    assert len(kept["instruments"][0]["data"]) < len(payloads["instruments"][0]["data"])
    assert read(dict(kept)) == read(payloads)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every leaf and every list or object of an answer."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from _places(each, (*path, name))


def _spoiled(payloads: Answers, place: tuple[Any, ...], value: Any) -> Answers:
    """The same with one place changed; nothing else is copied that need not be."""
    spoiled: Any = copy.copy(payloads)
    here = spoiled
    for name in place[:-1]:
        here[name] = copy.copy(here[name])
        here = here[name]
    if value is GONE:
        del here[place[-1]]
    else:
        here[place[-1]] = value
    return spoiled  # type: ignore[no-any-return]  # walked as Any


def _ratios(made: Book) -> dict[Any, Reading]:
    return {**{key: risk.margin_ratio for key, risk in made.positions.items()},
            **{name: pool.margin_ratio for name, pool in made.pools.items()}}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_nothing_spoiled_is_a_traceback_or_less_risk(path: Path) -> None:
    """Each place emptied or made nonsense: an account or a PayloadError, and no ratio falls where a figure is gone."""
    payloads = saved(path)["answers"]
    whole = read(payloads)
    before = _ratios(book(payloads))
    for place in list(_places(payloads)):
        if all(_made(payloads, place, value) == whole for value in (GONE, NONSENSE)):
            continue  # a field that is not read
        for value in (*EMPTY, *WRONG):
            made = _made(payloads, place, value)
            if made is None or made == whole:
                continue
            after = _ratios(Book.of(made, 0.0, {}))
            for name, was in before.items() if value in EMPTY else ():
                now = after.get(name)
                assert now is not None, (place, value, name)
                if isinstance(was, Known) and isinstance(now, Known):
                    assert now.value >= was.value * (1 - D("1e-6")), (place, value, name)


def _made(payloads: Answers, place: tuple[Any, ...], value: Any) -> AccountRead | None:
    """What is read where one place is spoiled; None for no read. Any other error is a failure."""
    with contextlib.suppress(PayloadError):
        return read(_spoiled(payloads, place, value))
    return None
