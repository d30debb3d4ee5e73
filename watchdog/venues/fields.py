"""Reads fields of a venue's payload: what is missing, empty, not a number or impossible is an error that names it.

Pure. A venue's rules build domain values from these and from nothing else, so no payload can become "nothing held"
by being broken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
"""Stricter than Decimal(), which also takes NaN, Infinity, underscores, spaces and foreign digits."""


class PayloadError(Exception):
    """A payload does not say what it must. `field` is the path to it, as in `positionRisk[2].markPrice`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class MomentsDifferError(PayloadError):
    """Two answers of one read show different positions: one of them is older. Read again at once."""


class UnlistedError(PayloadError):
    """A position or an order in a symbol that our listing does not hold: read the listing again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object and where in the answer it stood."""

    where: str
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any, where: str) -> Row:
        """Take a JSON object. Raises PayloadError when it is none, or an empty one."""
        if not isinstance(value, Mapping):
            raise PayloadError(where, f"an object was due, {_kind(value)} came")
        if not value:
            raise PayloadError(where, "an empty object came")
        return cls(where, value)

    def path(self, field: str) -> str:
        """The field's name with where it stood."""
        return f"{self.where}.{field}"

    def get(self, field: str) -> Any:
        """The raw value. Raises PayloadError when the field is missing, null or empty."""
        value = self.raw.get(field)
        if value is None:
            raise PayloadError(self.path(field), "is null" if field in self.raw else "is missing")
        if isinstance(value, str) and not value.strip():
            raise PayloadError(self.path(field), "is empty")
        return value

    def text(self, field: str) -> str:
        """A string that is not empty."""
        value = self.get(field)
        if not isinstance(value, str):
            raise PayloadError(self.path(field), f"a string was due, {_kind(value)} came")
        return value

    def choice(self, field: str, known: Mapping[str, Any]) -> Any:
        """What `known` holds for the string; PayloadError for a word that is not in it."""
        value = self.text(field)
        if value not in known:
            raise PayloadError(self.path(field), f"{value[:40]!r} is none of {', '.join(known)}")
        return known[value]

    def number(self, field: str) -> Decimal:
        """A finite number, as a JSON number or a string of one."""
        value = self.get(field)
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise PayloadError(self.path(field), f"a number was due, {_kind(value)} came")
        text = repr(value) if isinstance(value, float) else str(value)
        if not _NUMBER.fullmatch(text):
            raise PayloadError(self.path(field), f"{text[:40]!r} is not a number")
        return Decimal(text)

    def not_negative(self, field: str) -> Decimal:
        """A number of zero or more."""
        number = self.number(field)
        if number < 0:
            raise PayloadError(self.path(field), f"{number} is negative")
        return number

    def positive(self, field: str) -> Decimal:
        """A number above zero."""
        number = self.number(field)
        if number <= 0:
            raise PayloadError(self.path(field), f"{number} is not above zero")
        return number

    def flag(self, field: str) -> bool:
        """A boolean, or the strings `true` and `false`."""
        value = self.get(field)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise PayloadError(self.path(field), f"true or false was due, {str(value)[:40]!r} came")

    def nothing_else(self, *magnitudes: str) -> None:
        """For a row whose size is 0: raise PayloadError when another magnitude of it, where one came, is not."""
        for field in magnitudes:
            if self.raw.get(field) not in (None, "") and (said := self.number(field)) != 0:
                raise PayloadError(self.path(field), f"{said}, where the size of the same row is 0")

    def rows(self, field: str) -> list[Row]:
        """A list of objects, perhaps empty."""
        return rows(self.raw.get(field), self.path(field))

    def time_ms(self, field: str) -> int:
        """A time stamp in milliseconds; 0 where the venue sends none. Data: it is compared with no clock of ours."""
        if self.raw.get(field) is None:
            return 0
        number = self.not_negative(field)
        if number != number.to_integral_value():
            raise PayloadError(self.path(field), f"{number} is no time in milliseconds")
        return int(number)


def rows(value: Any, where: str) -> list[Row]:
    """A list of objects. Raises PayloadError when it is none."""
    if not isinstance(value, list):
        raise PayloadError(where, f"a list was due, {_kind(value)} came")
    return [Row.of(item, f"{where}[{index}]") for index, item in enumerate(value)]


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "nothing"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "a number"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "a string"),
    (Mapping, "an object"),
    (list, "a list"),
)
