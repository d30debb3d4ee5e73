"""Telegram's HTML: which texts it takes, and what is left of them once the markup is read."""

from __future__ import annotations

from html.parser import HTMLParser

ALLOWED = frozenset({"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote"})


class MarkupError(ValueError):
    """What the server says of markup it can't read."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as inherited
        if tag not in ALLOWED:
            raise MarkupError(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise MarkupError("can't parse entities: Unmatched end tag")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> str:
    """The text without its markup. Raises MarkupError."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    if reader.open:
        raise MarkupError(f"can't parse entities: Can't find end tag corresponding to start tag {reader.open[-1]}")
    return reader.text


def bold(markup: str) -> str:
    """What of it is bold, for a test to look at: between the first pair of <b> tags."""
    return read(markup.partition("<b>")[2].partition("</b>")[0])
