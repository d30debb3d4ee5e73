"""What `tomllib` says of a broken text, in words a person who edits a file understands, at the place of the mistake."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import NamedTuple

from watchdog.tomlfile.positions import LineColumn, Positions
from watchdog.tomlfile.problem import Problem, quoted

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PAIR = re.compile(r"""^\s*(?P<key>[\w."' -]+?)\s*=\s*(?P<value>.*?)\s*(?:\#.*)?$""")
_HEADER = re.compile(r"^[ \t]*(?P<open>\[\[?)[ \t]*(?P<name>[\w-]+)[ \t]*\]", re.MULTILINE)
_BARE_TEXT = re.compile(r"""^[^"'\[\]{},=]+$""")
_BARE_WORD = re.compile(r"""[^\s"'\[\]{},=\#]+""")
_INSIDE_TEXT = ("Unescaped", "Found invalid", "Invalid hex", "Escaped character", "Illegal character '\\x")
_AGAIN = ("Cannot declare", "Cannot overwrite", "Cannot mutate", "Cannot redefine", "Duplicate inline table key")
_CURLY = "“”„‟‘’‚‛«»"
_INLINE = "{ … } stays on one line, without a comma before the closing }"
_MOST = 20
"""Syntax mistakes reported at once: past this it is no TOML file at all."""

_SENTENCES = (
    ("Expected '=' after a key", 'there is no "=" after the key'),
    ("Expected ']]' at the end", 'the header is not closed with "]]"'),
    ("Expected ']' at the end", 'the header is not closed with "]"'),
    ("Invalid statement", "a line begins with a key, a [table] or a # comment"),
    ("Invalid initial character for a key part", 'a key is expected here: letters, digits, "_" and "-", or in quotes'),
    ("Illegal character '\\n'", "the quote is not closed on this line"),
    ("Illegal character", "a character that may not stand in a TOML file (a control character)"),
    ("Found invalid character", "a character that may not stand in a TOML file (a control character)"),
    ("Unescaped '\\' in a string", "a backslash in \"…\" begins an escape: write two, or use '…'"),
    ("Unclosed inline table", "an inline table is not closed: { … } stays on one line, parts apart by commas"),
    ("Unclosed array", 'a list is not closed with "]", or a comma is missing'),
    ("Invalid value", "there is no value here that TOML knows: text needs quotes"),
    ("Invalid date or datetime", "there is no such date"),
    ("Invalid hex value", "an escape of hex digits is not complete"),
    ("Escaped character is not", "an escape that is no character"),
)


class _Open(NamedTuple):
    """A bracket or quote that was opened and not closed."""

    what: str
    offset: int


def syntax_problems(text: str, file: str) -> list[Problem]:
    """Every syntax mistake that can be told apart: a line found wrong is left out, and the rest is read again."""
    problems: list[Problem] = []
    lines = text.split("\n")
    while len(problems) < _MOST:
        try:
            tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            found, line = _explain("\n".join(lines), file, str(error), again=bool(problems))
            problems += found
            if line is None:
                break
            lines[line - 1] = ""
        else:
            break
    return problems


def place_of(text: str, offset: int) -> LineColumn:
    """The line and column of an offset."""
    before = text[:offset]
    return LineColumn(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def _explain(text: str, file: str, said: str, *, again: bool) -> tuple[list[Problem], int | None]:
    """The problems behind one error, and the line to leave out before reading on (None: do not read on)."""
    at = _AT.search(said)
    said = _AT.sub("", said)
    if said.startswith(_AGAIN):
        if again:  # a header left out above makes keys look doubled: no more of it
            return [], None
        if single := _single_headers(text, file):
            return single, None
        twice = [
            Problem(file, *double.again, f"{quoted(double.name)} is written twice, first in line {double.first.line}")
            for double in Positions(text).duplicates
        ]
        return twice or [Problem(file, *_place(text, at), "a key or table is written twice")], None
    place = _place(text, at)
    line = text.split("\n")[place.line - 1]
    balanced = (
        said.startswith("Expected ']") or _opened(line, len(line)) is None
    )  # else the lines after it belong to what it opened
    offset = sum(len(before) + 1 for before in text.split("\n")[: place.line - 1]) + place.column - 1
    opened = None if said.startswith(_INSIDE_TEXT) else _opened(text, offset)
    at_end = at is not None and at[1] is None
    in_braces = opened is not None and opened.what == "{" and said.startswith("Invalid initial character")
    if in_braces and text[offset : offset + 1] in ("", "\n", "}", "#"):  # a comma, or the brace itself, and then no key
        return [Problem(file, *place, _INLINE)], place.line if balanced else None
    if opened is None or (
        opened.what in "[{" and not at_end and place_of(text, opened.offset).line == place.line
    ):  # what is open on the same line may be closed there: the error's own place says more
        return [Problem(file, *place, _sentence(said, line, place.column))], place.line if balanced else None
    begin = place_of(text, opened.offset)
    close = {"[": "]", "{": "}"}.get(opened.what, opened.what)
    kind = {"[": "list", "{": "inline table"}.get(opened.what, "text")
    one_line = opened.what in ("'", '"')
    curly = one_line and any(char in _CURLY for char in text.split("\n")[begin.line - 1][begin.column :])
    hint = f" (a curly quote closes nothing: write {close})" if curly else ""
    problem = Problem(file, *begin, f"this {kind} is not closed: {close} is missing{hint}")
    return [problem], begin.line if one_line else None


def _single_headers(text: str, file: str) -> list[Problem]:
    """Headers in single brackets of what the file has in double ones as well: `[rule]` beside `[[rule]]`."""
    double = {
        match["name"]: place_of(text, match.start("open")).line
        for match in _HEADER.finditer(text)
        if match["open"] == "[["
    }
    return [
        Problem(file, *place_of(text, match.start("open")), _with_two(match["name"], double))
        for match in _HEADER.finditer(text)
        if match["open"] == "[" and match["name"] in double
    ]


def _with_two(name: str, double: Mapping[str, int]) -> str:
    return f"write [[{name}]], with two brackets, as in line {double[name]}"


def _place(text: str, at: re.Match[str] | None) -> LineColumn:
    if at is not None and at[1] is not None:
        return LineColumn(int(at[1]), int(at[2]))
    return place_of(text, len(text.rstrip("\n")))


def _sentence(said: str, line: str, column: int) -> str:
    meant = _meant(line, column) if said.startswith(("Invalid value", "Expected newline", "Unclosed")) else None
    if meant is not None:
        return meant
    for begin, sentence in _SENTENCES:
        if said.startswith(begin):
            return sentence
    if said.startswith("Expected newline"):
        return f"one key = value a line: {quoted(line[column - 1 :].strip())} is too much"
    return f"not TOML: {said[:1].lower()}{said[1:]}"


def _meant(line: str, column: int) -> str | None:
    """What a `key = value` with a wrong value was probably meant to be."""
    pair = _PAIR.match(line)
    if pair is None or column <= pair.start("value"):
        return None
    value = pair["value"]
    if not value:
        return f"{quoted(pair['key'])} has no value"
    if not _BARE_TEXT.match(value):  # a list or an inline table: the bare word where it broke
        value = next((word[0] for word in _BARE_WORD.finditer(line) if word.start() < column <= word.end() + 1), "")
        if not value or _is_value(value):
            return None
    if any(char in _CURLY for char in value):
        return f'write straight quotes: "{quoted(value.strip(_CURLY))[1:-1]}"'
    return (
        f"write {value.lower()} in small letters"
        if value.lower() in ("true", "false")
        else f"write it in quotes: {quoted(value)}"
    )


def _is_value(text: str) -> bool:
    try:
        tomllib.loads(f"x = {text}")
    except (tomllib.TOMLDecodeError, ValueError):
        return False
    return True


def _opened(text: str, end: int) -> _Open | None:
    """The innermost bracket or quote that is open at `end`; None when nothing is."""
    stack: list[_Open] = []
    at = 0
    while at < end:
        char = text[at]
        if char == "#":
            newline = text.find("\n", at)
            at = end if newline < 0 else newline
        elif char in "\"'":
            quote = char * 3 if text.startswith(char * 3, at) else char
            closing = _closing(text, at + len(quote), quote)
            if closing is None or closing > end:
                return _Open(quote, at)
            at = closing
            continue
        elif char in "[{":
            stack.append(_Open(char, at))
        elif char in "]}" and stack:
            stack.pop()
        at += 1
    return stack[-1] if stack else None


def _closing(text: str, at: int, quote: str) -> int | None:
    """The offset after the closing quote; None when it never comes (on this line, for a one-line string)."""
    while at < len(text):
        if quote[0] == '"' and text[at] == "\\":
            at += 2
            continue
        if text.startswith(quote, at):
            return at + len(quote)
        if len(quote) == 1 and text[at] == "\n":
            return None
        at += 1
    return None
