"""What is wrong with a file, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 60
_HUGE = 10**30


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` and `column` count characters from 1; line 0 means the file (or variable) as a whole."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}" if self.line else f"{self.file}: {self.text}"


class FileError(Exception):
    """A file that cannot be used. `problems` holds all of them, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class WrongValueError(ValueError):
    """A value that cannot be meant. Its message is the sentence the person reads."""


def did_you_mean(word: str, known: Iterable[str], prefix: str = "", *, cutoff: float = 0.6) -> str:
    """`, did you mean "margin_ratio"?`, or nothing when no known word is near. `prefix` is put before the near word.

    `cutoff` is how near it must be, 1 being the same: words of three letters are all near each other.
    """
    written = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), written, n=1, cutoff=cutoff)
    return f', did you mean "{prefix}{written[near[0]]}"?' if near else ""


def suggest(value: object, known: Iterable[str]) -> str:
    """The end of an "unknown …" sentence: the near word, else all there are."""
    known = list(known)
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    return near or (": only " if len(known) == 1 else ": ") + " or ".join(quoted(word) for word in known)


def quoted(value: object, longest: int = _SHOWN) -> str:
    """A value of the file as the message shows it: on one line, printable, never long."""
    if isinstance(value, str):
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
        return f'"{shown}"' if len(shown) <= longest else f'"{shown[:longest]}…"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= _HUGE:  # str() of it may itself be refused
        return "a huge number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    shown = str(value)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"
