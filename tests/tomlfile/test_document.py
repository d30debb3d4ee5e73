"""Broken TOML is told in sentences at the place of the mistake; files that are no text are told, never a traceback."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchdog.tomlfile import MAX_BYTES, FileError, Problem, did_you_mean, parse_toml, quoted, read_text

_BROKEN = [
    ("a = \n", 'f:1:5: "a" has no value'),
    (
        "a = 1\na = 2\nb = 1\n[b]\n",
        ['f:2:1: "a" is written twice, first in line 1', 'f:4:2: "b" is written twice, first in line 3'],
    ),
    ("[a]\nx=1\n[ a ]", 'f:3:3: "a" is written twice, first in line 1'),
    ("[broken\ne = 1", 'f:1:8: the header is not closed with "]"'),
    ("[[rule]\ne = 1", 'f:1:7: the header is not closed with "]]"'),
    ('x = "abc\ny = 1\nz = \n', ['f:1:5: this text is not closed: " is missing', 'f:3:5: "z" has no value']),
    (
        "x = { at = 15%, b = 1 }\ny = {a = [1, fast]}",
        ['f:1:14: write it in quotes: "15%"', 'f:2:14: write it in quotes: "fast"'],
    ),
    ('x = "\x01"', "f:1:6: a character that may not stand in a TOML file (a control character)"),
    ('\nx = """abc\ny = 1\n', 'f:2:5: this text is not closed: """ is missing'),
    ("x = 1 2", 'f:1:7: write it in quotes: "1 2"'),
    ('x = "a" "b"', 'f:1:9: one key = value a line: ""b"" is too much'),
    ("warn = 15%", 'f:1:10: write it in quotes: "15%"'),
    ("hold = 10s # x", 'f:1:10: write it in quotes: "10s"'),
    ("mode = watch", 'f:1:8: write it in quotes: "watch"'),
    ("ok = True", "f:1:6: write true in small letters"),
    ("x = [1, 2\ny = 3", "f:1:5: this list is not closed: ] is missing"),
    ("x = [1,\n\n", "f:1:5: this list is not closed: ] is missing"),
    ("x = { a = 1\n}", "f:1:12: an inline table is not closed: { … } stays on one line, parts apart by commas"),
    (
        "x = { a = 1, b = { c = 2 }\ny = 1",
        "f:1:27: an inline table is not closed: { … } stays on one line, parts apart by commas",
    ),
    ("é = 1", "f:1:1: a line begins with a key, a [table] or a # comment"),
    ('name "x"', 'f:1:6: there is no "=" after the key'),
    ("x={a=1,}", "f:1:8: { … } stays on one line, without a comma before the closing }"),
    ('x = "\\q"', "f:1:8: a backslash in \"…\" begins an escape: write two, or use '…'"),
    ("x = 2020-02-31", "f:1:5: there is no such date"),
    ("x = 'é' 'b'", "f:1:9: one key = value a line: \"'b'\" is too much"),
    ("\n \n", "f:1:1: the file is empty"),
    ("a = 1\nb = \x00", "f:2:5: a NUL byte: this is not a text file"),
    ('a = "\udc80"', "f:1:6: not UTF-8 text from here on"),
    ("x = " + "[" * 3000, "f:1:1: lists or tables are nested too deep"),
    ("x = " + "9" * 5000, "f:1:5: a number with too many digits"),
    (
        "[a\nb = 15%\nc = 1\nd = \n",
        ['f:1:3: the header is not closed with "]"', 'f:2:7: write it in quotes: "15%"', 'f:4:5: "d" has no value'],
    ),
]


@pytest.mark.parametrize(("text", "said"), _BROKEN)
def test_a_broken_text_is_told_where_and_what(text: str, said: str | list[str]) -> None:
    """Line, column and sentence of every syntax mistake, several at once where they can be told apart."""
    with pytest.raises(FileError) as caught:
        parse_toml(text, "f")
    assert list(map(str, caught.value.problems)) == ([said] if isinstance(said, str) else said)


@given(st.text(alphabet=st.characters(codec=None) | st.sampled_from("=[]{}\"'\n#.,\\ a1"), max_size=40))
@example("[.]\n")
@example("a.")
@example("\ufeffa = 1")
@example('a = """\\')
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """Whatever the text: values with positions, or a FileError with at least one problem inside the text."""
    problems: tuple[Problem, ...] = ()
    try:
        document = parse_toml(text, "f")
        assert set(document.positions.keys) >= {(key,) for key in document.values}
    except FileError as error:
        problems = error.problems or (Problem("nothing was said", 0, 0, ""),)
    assert all(1 <= problem.line <= text.count("\n") + 1 and problem.column >= 1 for problem in problems)


def test_money_stays_exact() -> None:
    """Numbers with a point are Decimal; one past all bounds is no number, not a crash."""
    values = parse_toml("a = 0.1\nb = 1e99999999999999999999\n", "f").values
    assert values["a"] == Decimal("0.1")
    assert values["b"].is_nan()


def test_what_is_no_text_file_is_told(tmp_path: Path) -> None:
    """Missing, a directory, not UTF-8, too large, an impossible name: one problem each, and no traceback."""
    (tmp_path / "latin").write_bytes('# ok\nname = "caf\xe9"'.encode("latin-1"))
    (tmp_path / "large").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "mark").write_bytes("\ufeffa = 1\r\nb = 2\r\n".encode())

    def told(name: str) -> str:
        with pytest.raises(FileError) as caught:
            read_text(tmp_path / name, name)
        return str(caught.value)

    assert told("nothing") == "nothing: there is no such file"
    assert told(".") == ".: is a directory, not a file"
    assert told("latin") == "latin:2:12: not UTF-8 text from here on"
    assert told("large") == "large: is larger than 1,000,000 bytes: not a file a person wrote"
    assert told("a\x00b") == "a\x00b: cannot be read: not a usable file name"
    assert told("x" * 300).endswith("cannot be read: File name too long")
    assert parse_toml(read_text(tmp_path / "mark"), "f").values == {"a": 1, "b": 2}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no plain file is refused at once: nobody may ever write into it."""
    os.mkfifo(tmp_path / "x")
    with pytest.raises(FileError) as caught:
        read_text(tmp_path / "x", "x")
    assert str(caught.value) == "x: is not a file but a pipe or a device"


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission denied is a sentence. Made by hand: the tests may run as root, who may read anything."""

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError) as caught:
        read_text(tmp_path / "x", "x")
    assert str(caught.value) == "x: may not be read (permission denied)"


def test_problems_are_sorted_and_said_once() -> None:
    """All problems at once: in the order of the file, none twice."""
    late, early, whole = Problem("f", 12, 1, "b"), Problem("f", 2, 9, "a"), Problem("f", 0, 0, "c")
    error = FileError([late, early, late, whole])
    assert error.problems == (whole, early, late)
    assert str(error) == f"f: c{os.linesep}f:2:9: a{os.linesep}f:12:1: b"


def test_a_near_word_is_offered() -> None:
    """The near word as it is written; nothing when none is near."""
    assert did_you_mean("margin_ratoi", ["room_used", "margin_ratio"]) == ', did you mean "margin_ratio"?'
    assert did_you_mean("RULEZ", ["RULES"], "WATCHDOG_") == ', did you mean "WATCHDOG_RULES"?'
    assert did_you_mean("zebra", ["room_used"]) == ""
    assert did_you_mean("atc", ["watch", "act"], cutoff=0.8) == ""
    assert did_you_mean("acts", ["watch", "act"], cutoff=0.8) == ', did you mean "act"?'


def test_a_shown_value_stays_on_one_line() -> None:
    """No control character, no length and no number of the file's breaks the message."""
    assert quoted("a\nb\x1b") == '"a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"'
    assert len(quoted("x" * 1000)) < 70
    assert quoted(16**9000) == "a huge number"
