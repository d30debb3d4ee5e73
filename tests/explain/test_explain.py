"""Explanations: what a formula says is what the figure is, on every recorded account of every venue."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from tests.explain.recorded import IDS, RECORDED, Recorded
from watchdog.domain.reading import Known, Unknown
from watchdog.explain import text
from watchdog.explain.account import to_json
from watchdog.explain.lines import Line, Part

every = pytest.mark.parametrize("one", RECORDED, ids=IDS)
ARITHMETIC = frozenset(
    {
        "notional",
        "unrealised",
        "maintenance",
        "equity",
        "ratio_ours",
        "gap",
        "pool_liquidation",
        "liquidation_distance",
        "room_used",
        "effective_leverage",
    }
)
"""The readings whose formula is arithmetic over their inputs."""
STEP = Decimal("1e-25")


def reckoned(line: Line) -> Decimal | None:
    """What the line's own words make of its inputs; None where an input is not known, or the words are no sum of it."""
    values = {given.name: given.reading.value for given in line.inputs if isinstance(given.reading, Known)}
    if (
        len(values) != len(line.inputs)
        or not isinstance(line.reading, Known)
        or "each in the pool's money" in line.formula
    ):
        return None
    formula = line.formula.partition(",")[0].replace("·", "*").replace("−", "-")
    if formula.startswith("Σ"):
        return sum(values.values(), Decimal(0))
    for number, name in enumerate(sorted(values, key=len, reverse=True)):
        formula = re.sub(rf"\b{re.escape(name)}\b", f"v{number}", formula)
    names = {f"v{number}": values[name] for number, name in enumerate(sorted(values, key=len, reverse=True))}
    return _value(ast.parse(formula, mode="eval").body, names)


def _value(node: ast.AST, names: dict[str, Decimal]) -> Decimal:
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=int(number)):
            return Decimal(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, names)
        case ast.BinOp(left=left, op=op, right=right):
            one, two = _value(left, names), _value(right, names)
            match op:
                case ast.Add():
                    return one + two
                case ast.Sub():
                    return one - two
                case ast.Mult():
                    return one * two
                case ast.Div():
                    return one / two
    raise AssertionError(f"no arithmetic: {ast.dump(node)}")


def lines(one: Recorded) -> Iterator[tuple[Part, Line]]:
    """Every line of an account."""
    explained = one.explained()
    for part in (*explained.pools, *explained.positions):
        for line in part.lines:
            yield part, line


@every
def test_a_formula_over_its_inputs_gives_the_reading(one: Recorded) -> None:
    """Whoever takes the words and the inputs to a calculator finds the figure."""
    for part, line in lines(one):
        if line.name not in ARITHMETIC or not isinstance(line.reading, Known) or not line.reading.value.is_finite():
            continue
        with localcontext(prec=50):
            found = reckoned(line)
        if found is None:
            continue
        if line.name == "liquidation_distance":
            found = max(Decimal(0), found)
        elif line.name == "maintenance" and not part.facts.get("symbol"):
            found = found if found > 0 else line.reading.value
        elif line.name == "room_used" and (found < 0 < line.reading.value or line.reading.value < 0 < found):
            continue  # kept alive by profit alone: reckoned the other way round (risk.valuation.room_used)
        slack = max(abs(found), Decimal(1)) * STEP
        assert abs(found - line.reading.value) <= slack, (part.title, line)


def test_most_formulas_were_tried() -> None:
    """The test above would be idle if inputs were seldom known."""
    tried = {line.name for one in RECORDED for _, line in lines(one) if line.name in ARITHMETIC and _known(line)}
    assert tried == ARITHMETIC


def _known(line: Line) -> bool:
    with localcontext(prec=50):
        return isinstance(line.reading, Known) and reckoned(line) is not None


@every
def test_every_raw_figure_names_its_field(one: Recorded) -> None:
    """The venue's own figures, and what ours are made of: none comes from nowhere."""
    for part, line in lines(one):
        raw = {
            "size",
            "entry",
            "mark",
            "isolated_wallet",
            "venue_maintenance",
            "liquidation_venue",
            "wallet",
            "ratio_venue",
        }
        assert bool(line.field) == (line.name in raw), (part.title, line)
        assert line.field or line.formula, line


@every
def test_the_text_fits_a_hundred_columns(one: Recorded) -> None:
    """And says of each figure what it is made of, or why there is none."""
    shown = list(text.lines(one.explained()))
    assert max(map(len, shown)) <= 100
    for part, line in lines(one):
        title = text.TITLES.get(line.name, line.name)
        assert any(row.startswith(f"  {title} ") for row in shown), (part.title, line.name)
        if isinstance(line.reading, Unknown):
            assert any("UNKNOWN" in row for row in shown)


@every
def test_json_is_stable_and_says_all(one: Recorded) -> None:
    """The same twice; every reading is a value with unit and source, never with why, or unknown with a reason."""
    first = json.dumps(to_json(one.explained()))
    assert first == json.dumps(to_json(one.explained(dict(one.payloads))))
    document = json.loads(first)
    for part in (*document["positions"], *document["pools"]):
        for name, line in part["readings"].items():
            assert line["time"] == "2025-10-10T20:00:00+00:00"
            assert {"value", "unit", "source"} <= line.keys() or "never" in line or line["unknown"], name


def test_what_is_owed_and_what_is_not_watched_is_said() -> None:
    """In the words of the venue."""
    one = replace(RECORDED[0].explained(), owes={"USDT": "12.5"}, not_watched=("a spot balance", "options"))
    shown = "\n".join(text.lines(one))
    assert "OWES the venue 12.5 USDT" in shown
    assert "NOT watched: a spot balance; options" in shown
    assert f"May owe: {RECORDED[0].kind.owes[:20]}" in shown


def test_nothing_of_a_file_moves_a_cursor() -> None:
    """What a stranger's file holds is shown with a mark in its place."""
    one = replace(RECORDED[0].explained(), not_watched=("\x1b[2Jspot \ud800",))
    assert all(line.isprintable() for line in text.lines(one))
    assert any("\N{REPLACEMENT CHARACTER}[2Jspot" in line for line in text.lines(one))


def test_nothing_but_the_risk_room_makes_a_figure() -> None:
    """The room has no arithmetic on readings of its own: of `watchdog.risk` only its public names are used."""
    root = Path(text.__file__).parents[1]
    for path in root.rglob("*.py"):
        room = path.relative_to(root).parts[0]
        if room == "risk":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            inside = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("watchdog.risk.")
            assert not inside, f"{path.name} reaches into the risk room"
    for path in (root / "explain").rglob("*.py"):
        reckons = {
            type(node.op).__name__ for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.BinOp)
        }
        assert reckons <= {"BitOr", "Add", "Sub", "Mult"}, f"{path.name} divides"
