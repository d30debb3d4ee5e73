"""A TOML file read: its values, and where each of them stands."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from watchdog.tomlfile.positions import KeyPath, LineColumn, Positions
from watchdog.tomlfile.problem import FileError, Problem
from watchdog.tomlfile.syntax import place_of, syntax_problems

MAX_BYTES = 1_000_000
"""No file a person edits is larger."""
_LONG_NUMBER = re.compile(r"[0-9_]{4000,}")


class TomlDocument:
    """The values of one file (floats as Decimal), with the place of every key and value."""

    def __init__(self, text: str, file: str, values: dict[str, Any]) -> None:
        self.file = file
        self.values = values
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self._text = text
        self._positions: Positions | None = None

    @property
    def positions(self) -> Positions:
        """Found on first use: a file without a mistake may never need them."""
        if self._positions is None:
            self._positions = Positions(self._text)
        return self._positions

    def key_at(self, path: KeyPath) -> LineColumn:
        """Where a key stands; the nearest table around it when the file does not have it."""
        return self.positions.key_at(path)

    def value_at(self, path: KeyPath) -> LineColumn:
        """Where a value begins; the nearest table around it when the file does not have it."""
        return self.positions.value_at(path)

    def key_problem(self, path: KeyPath, text: str) -> Problem:
        """A problem with a key itself."""
        return Problem(self.file, *self.key_at(path), text)

    def value_problem(self, path: KeyPath, text: str) -> Problem:
        """A problem with a value, or with something missing from the table at `path`."""
        return Problem(self.file, *self.value_at(path), text)


def read_text(path: Path, shown: str | None = None) -> str:
    """The text of a file; `shown` is how messages name it. Raises FileError in words for anything that is no text.

    What is no plain file is not read: a pipe would keep its reader waiting for ever.
    """
    file = shown if shown is not None else str(path)
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FileError([Problem(file, 0, 0, "is not a file but a pipe or a device")])
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileError([Problem(file, 0, 0, "there is no such file")]) from None
    except IsADirectoryError:
        raise FileError([Problem(file, 0, 0, "is a directory, not a file")]) from None
    except PermissionError:
        raise FileError([Problem(file, 0, 0, "may not be read (permission denied)")]) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable file name"
        raise FileError([Problem(file, 0, 0, f"cannot be read: {reason}")]) from None
    if len(data) > MAX_BYTES:
        raise FileError([Problem(file, 0, 0, f"is larger than {MAX_BYTES:,} bytes: not a file a person wrote")])
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
        raise FileError([Problem(file, *place_of(before, len(before)), "not UTF-8 text from here on")]) from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is opened as well, and at once."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def parse_toml(text: str, file: str) -> TomlDocument:
    """Read a TOML text. Raises FileError with every syntax mistake found; never anything else."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    if "\x00" in text:
        place = place_of(text, text.index("\x00"))
        raise FileError([Problem(file, *place, "a NUL byte: this is not a text file")])
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FileError([Problem(file, *place_of(text, error.start), "not UTF-8 text from here on")]) from None
    if not text.strip():
        raise FileError([Problem(file, 1, 1, "the file is empty")])
    values: dict[str, Any] = {}
    try:
        values = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        problems = syntax_problems(text, file)
        raise FileError(problems or [Problem(file, 1, 1, f"not TOML: {error}")]) from None
    except RecursionError:
        raise FileError([Problem(file, 1, 1, "lists or tables are nested too deep")]) from None
    except ValueError:  # an integer past Python's limit of digits
        number = _LONG_NUMBER.search(text)
        place = place_of(text, number.start() if number else 0)
        raise FileError([Problem(file, *place, "a number with too many digits")]) from None
    return TomlDocument(text, file, values)


def _decimal(text: str) -> Decimal:
    with contextlib.suppress(InvalidOperation):
        return Decimal(text)
    return Decimal("NaN")  # an exponent past all bounds; refused wherever a number is wanted
