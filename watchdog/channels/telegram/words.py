"""What is shown on a phone: Telegram's HTML, its limits, and buttons that carry all they need."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from watchdog.domain.effects import Button
from watchdog.domain.verbs import Verb
from watchdog.people import TO_ALL

LONGEST_TEXT = 4096
"""UTF-16 units in one message, markup not counted (Bot API, sendMessage)."""
LONGEST_TOAST = 200
"""Characters (Bot API, answerCallbackQuery)."""
LONGEST_DATA = 64
"""Bytes a button carries (Bot API, InlineKeyboardButton)."""
NO_ACCOUNT = "-"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_STAMP = re.compile(r"(?P<hours>\d\d:\d\d):\d\d(?P<zone> [^\s·]+)?(?: · (?P<seen>seen(?: by .+)?))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tap:
    """What a tapped button says."""

    verb: Verb
    account: str
    subject: str
    seconds: float


def units(text: str) -> int:
    """A text's length as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def clean(line: str) -> str:
    """A line without characters that steer a screen: venues' words are in it."""
    return _CONTROL.sub(" ", line)


def as_plain(lines: Sequence[str]) -> str:
    """The lines as one text."""
    return "\n".join(map(clean, lines))


def as_html(lines: Sequence[str], *, headed: bool = True) -> str:
    """The lines with the first in bold."""
    escaped = [html.escape(clean(line), quote=False) for line in lines]
    if headed and escaped and escaped[0].strip():
        escaped[0] = f"<b>{escaped[0]}</b>"
    return "\n".join(escaped)


def split(lines: Iterable[str], longest: int = LONGEST_TEXT) -> list[list[str]]:
    """The lines in as few messages as take them, cut at line ends; a line too long for one is cut where it must be."""
    parts: list[list[str]] = []
    used = longest
    for line in (piece for whole in lines for piece in _pieces(clean(whole), longest)):
        size = units(line) + 1
        if not parts or used + size > longest + 1:
            parts.append([])
            used = 0
        parts[-1].append(line)
        used += size
    return parts or [[""]]


def _pieces(line: str, longest: int) -> Iterator[str]:
    """A line in pieces no longer than allowed, at a blank where there is one in the second half."""
    while units(line) > longest:
        piece = line[:longest]
        while units(piece) > longest:
            piece = piece[:-1]
        blank = piece.rfind(" ", len(piece) // 2)
        cut = blank if blank > 0 else len(piece)
        yield line[:cut]
        line = line[cut:].lstrip(" ")
    yield line


def fitted(lines: Sequence[str]) -> list[str]:
    """The lines, as many of them as one message takes."""
    return split(lines)[0]


def stamp_of(lines: Sequence[str]) -> str | None:
    """`03:12 CEST` of a message that ends with its time; None: it doesn't."""
    match = _STAMP.fullmatch(lines[-1].strip()) if lines else None
    return None if match is None else f"{match['hours']}{match['zone'] or ''}"


def seen_in(lines: Sequence[str]) -> str:
    """`seen by Ann, by phone`, where that stands beside the time at their end."""
    match = _STAMP.fullmatch(lines[-1].strip()) if lines else None
    return "" if match is None else match["seen"] or ""


def without_stamp(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines without the time at their end, and without who has seen them."""
    return tuple(lines[:-1] if stamp_of(lines) is not None else lines)


def to_data(button: Button, account: str) -> str | None:
    """What a button carries: `<verb> <account> <subject> <seconds>`. None: it does not fit.

    Stateless, so that a button from before a restart, or of another run's message, still works.
    """
    if any(" " in word for word in (button.subject, account)):
        return None
    told = [button.verb, account or NO_ACCOUNT, button.subject or NO_ACCOUNT, f"{button.seconds:.10g}"]
    if len(" ".join(told).encode()) > LONGEST_DATA and button.verb in TO_ALL and button.subject:
        told[1] = NO_ACCOUNT  # whoever knows the subject answers
    data = " ".join(told)
    return data if len(data.encode()) <= LONGEST_DATA else None


def from_data(data: str) -> Tap | None:
    """What a tapped button says; None: it is none of ours."""
    words = data.split(" ")
    if len(words) != 4 or words[0] not in set(Verb):  # noqa: PLR2004  (as in to_data)
        return None
    verb, account, subject, seconds = words
    try:
        length = float(seconds)
    except ValueError:
        return None
    empty = {NO_ACCOUNT: ""}
    return Tap(Verb(verb), empty.get(account, account), empty.get(subject, subject), length)


def rows(buttons: Sequence[Button], account: str) -> list[list[tuple[str, str]]]:
    """The buttons as rows of (label, data): those of their own row alone, the others side by side below."""
    alone: list[list[tuple[str, str]]] = []
    beside: list[tuple[str, str]] = []
    for button in buttons:
        data = to_data(button, account)
        if data is not None:
            (alone.append([(button.label, data)]) if button.own_row else beside.append((button.label, data)))
    return [*alone, *([beside] if beside else [])]


def toast(text: str) -> tuple[str, bool]:
    """A reply as it fits over the screen, and whether that is all of it."""
    flat = " ".join(text.split())
    if len(flat) <= LONGEST_TOAST:
        return flat, "\n" not in text.strip()
    return flat[: LONGEST_TOAST - 1] + "…", False


def who(name: str, channel: str) -> str:
    """`Ann, by phone`: a person's own choice of a name, made fit for a message."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:32]
    return f"{shown or 'somebody'}, by {channel}"
