"""What an explanation is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from watchdog.domain.market import Market
from watchdog.domain.reading import Known, Reading, Unit

Fields = Mapping[str, str]
"""Of a figure's name the raw field it was read from: `venues.kind.Kind.fields`."""


class Input(NamedTuple):
    """What a reading was made of: another reading, or a raw figure with the field it stood in."""

    name: str
    reading: Reading
    field: str = ""
    money: str = ""
    """The currency of its money; empty: that of the part it stands in."""


class Line(NamedTuple):
    """One reading."""

    name: str
    """Of itself, in JSON and in the words of README; `liquidation_ours`."""
    reading: Reading
    formula: str = ""
    """How it is made; empty for a raw figure."""
    inputs: tuple[Input, ...] = ()
    field: str = ""
    """Where a raw figure stood."""
    note: str = ""
    """Anything else in words."""


@dataclass(frozen=True, slots=True)
class Part:
    """A position or a pool with its readings."""

    title: str
    facts: Mapping[str, str]
    """What it is, for JSON."""
    lines: tuple[Line, ...]
    money: str
    """The currency of its money."""
    market: Market | None = None
    """Whose ticks its prices are in."""


def face(reading: Reading, *, inverse: bool) -> Reading:
    """A notional: of an inverse contract it is a size, whose unit is not that of the position's money."""
    return replace(reading, unit="size") if inverse and isinstance(reading, Known) else reading


def raw(value: Decimal, unit: Unit, at: float) -> Known:
    """A raw figure as a reading."""
    return Known(value, unit, "raw", at)
