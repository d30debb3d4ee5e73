"""Reading one table of a rules file: every mistake is kept with its place, and none stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from watchdog.tomlfile import KeyPath, Problem, TomlDocument, WrongValueError, did_you_mean, quoted, suggest

T = TypeVar("T")


class Table:
    """A table at a path of a document. What nobody took is an unknown key once `finish` is called."""

    def __init__(self, document: TomlDocument, path: KeyPath, values: Mapping[str, Any], found: list[Problem]) -> None:
        self.path = path
        self._document = document
        self._values = values
        self._found = found
        self._known: list[str] = []

    @property
    def line(self) -> int:
        """The line it begins in."""
        return self._document.value_at(self.path).line

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """The keys as written."""
        return tuple(self._values)

    def problem(self, text: str, *path: str | int) -> None:
        """Something is wrong with the value at `path` within this table; without a path, with the table itself."""
        self._found.append(self._document.value_problem((*self.path, *path), text))

    def key_problem(self, text: str, *path: str | int) -> None:
        """Something is wrong with a key itself."""
        self._found.append(self._document.key_problem((*self.path, *path), text))

    def take(self, key: str) -> Any:
        """The raw value; None when it is not written."""
        self._known.append(key)
        return self._values.get(key)

    def read(self, key: str, reader: Callable[[Any], T]) -> T | None:
        """The value as `reader` understands it; None when it is not written, or when its WrongValueError was noted."""
        raw = self.take(key)
        return None if key not in self._values else self.understand(raw, reader, key)

    def understand(self, raw: object, reader: Callable[[Any], T], *path: str | int) -> T | None:
        """What `reader` makes of a raw value that stands at `path`; None once its WrongValueError was noted."""
        try:
            return reader(raw)
        except WrongValueError as error:
            self.problem(str(error), *path)
            return None

    def table(self, key: str) -> Table | None:
        """The table under a key; None when it is not written, or is no table (noted)."""
        raw = self.take(key)
        if key not in self._values:
            return None
        if not isinstance(raw, dict):
            doubled = isinstance(raw, list) and not self.path
            self.problem(f"write [{key}], in single brackets" if doubled else f"{quoted(key)} must be a table", key)
            return None
        return Table(self._document, (*self.path, key), raw, self._found)

    def tables(self, key: str, wanted: str = "") -> tuple[Table, ...]:
        """The tables of a list of tables; empty when it is not written, or is none (noted, as `wanted` says it)."""
        raw = self.take(key)
        if key not in self._values:
            return ()
        if isinstance(raw, dict):
            self.problem(wanted or f"write [[{key}]], with two brackets", key)
            return ()
        if not isinstance(raw, list):
            self.problem(wanted or f"{quoted(key)} must be written as [[{key}]]", key)
            return ()
        tables = []
        for index, value in enumerate(raw):
            if isinstance(value, dict):
                tables.append(Table(self._document, (*self.path, key, index), value, self._found))
            else:
                self.problem(wanted or f"{quoted(key)} must be written as [[{key}]]", key, index)
        return tuple(tables)

    def finish(self, *, of: str, later: Iterable[str] = (), elsewhere: Mapping[str, str] | None = None) -> None:
        """Note every key that nobody took: planned ones by name, others with what was probably meant."""
        later = tuple(later)
        elsewhere = elsewhere or {}
        for key in self._values:
            if key in self._known:
                continue
            if key in later:
                self.key_problem(f"not yet: {quoted(key)} is planned and not built", key)
            elif key in elsewhere:
                self.key_problem(elsewhere[key], key)
            else:
                near = did_you_mean(key, (*self._known, *later))
                self.key_problem(f"unknown key {quoted(key)} in {of}{near}", key)


def text(raw: object) -> str:
    """A text value. Raises WrongValueError for anything else."""
    if isinstance(raw, str):
        return raw
    raise WrongValueError(f"text in quotes is wanted, not {quoted(raw)}")


def flag(raw: object) -> bool:
    """A true or false. Raises WrongValueError for anything else."""
    if isinstance(raw, bool):
        return raw
    raise WrongValueError(f"true or false is wanted, without quotes, not {quoted(raw)}")


def whole(least: int, most: int) -> Callable[[object], int]:
    """A reader of whole numbers within bounds."""

    def read(raw: object) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise WrongValueError(f"a whole number is wanted, not {quoted(raw)}")
        if not least <= raw <= most:
            raise WrongValueError(f"{quoted(raw)} is not within {least} and {most}")
        return raw

    return read


def one_of(what: str, known: Iterable[str], later: Iterable[str] = ()) -> Callable[[object], str]:
    """A reader of one word of a list; `later` are words that are planned and refused by name."""
    known, later = tuple(known), tuple(later)

    def read(raw: object) -> str:
        if isinstance(raw, str) and raw in known:
            return raw
        if isinstance(raw, str) and raw in later:
            raise WrongValueError(f"not yet: {what} {quoted(raw)} is planned and not built")
        raise WrongValueError(f"unknown {what} {quoted(raw)}{suggest(raw, known)}")

    return read
