"""Bybit, pure: the envelope around every v5 answer, and lists that come in pages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from watchdog.venues.fields import PayloadError, Row, rows

INSTRUMENTS = "instruments-info"
RISK_LIMIT = "risk-limit"
HAIRCUTS = "spot-margin-trade-collateral"
ACCOUNT = "account-info"
WALLET = "wallet-balance"
POSITIONS = "position-list"
ORDERS = "order-realtime"

LINEAR = "linear"
INVERSE = "inverse"
OPTION = "option"


def result_of(answer: Any, where: str) -> Row:
    """What an answer holds. Raises PayloadError for one that is an error, or no answer of Bybit's."""
    row = Row.of(answer, where)
    code = row.number("retCode")
    if code != 0:
        raise PayloadError(row.path("retCode"), f"{code} is an error")
    return Row.of(row.get("result"), row.path("result"))


def time_of(answer: Any, where: str) -> int:
    """When the venue made an answer, in milliseconds."""
    row = Row.of(answer, where)
    row.get("time")
    return row.time_ms("time")


def label(category: str, coin: str = "") -> str:
    """Under which name the pages of one list stand: `linear USDT`, `inverse`."""
    return f"{category} {coin}" if coin else category


def pages_of(payload: Any, where: str, name: str) -> list[tuple[str, Any]]:
    """The raw pages of one list of a payload, each with where it stands."""
    lists = Row.of(payload, where)
    found = lists.get(name)
    if not isinstance(found, list) or not found:
        raise PayloadError(lists.path(name), "a list of pages was due")
    return [(f"{lists.path(name)}[{index}]", page) for index, page in enumerate(found)]


def raw_rows_of(payload: Any, where: str, name: str) -> Iterator[tuple[str, list[Any]]]:
    """The rows of one list, page after page, as they came, each page's with where they stand.

    Raises PayloadError for pages of another product, for rows that are no list, and when the last page names another.
    """
    category = name.partition(" ")[0]
    pages = pages_of(payload, where, name)
    for number, (place, page) in enumerate(pages, start=1):
        result = result_of(page, place)
        said = result.text("category")
        if said != category:
            raise PayloadError(result.path("category"), f"{said[:40]!r}, where {category} was asked for")
        found = result.raw.get("list")
        if not isinstance(found, list):
            raise PayloadError(result.path("list"), "a list was due")
        yield result.path("list"), found
        if number == len(pages) and found and next_page(page):
            raise PayloadError(result.path("nextPageCursor"), "says that there is a page more")


def rows_of(payload: Any, where: str, name: str) -> Iterator[Row]:
    """Every row of one list, page after page."""
    for place, found in raw_rows_of(payload, where, name):
        yield from rows(found, place)


def next_page(answer: Any) -> str:
    """The cursor of the page that follows; empty when there is none."""
    result = answer.get("result") if isinstance(answer, dict) else None
    cursor = result.get("nextPageCursor") if isinstance(result, dict) else None
    return cursor if isinstance(cursor, str) else ""


def is_empty(answer: Any) -> bool:
    """Whether a page holds no row."""
    result = answer.get("result") if isinstance(answer, dict) else None
    return not (isinstance(result, dict) and result.get("list"))


def given(row: Row, field: str) -> Decimal:
    """A figure that the venue may leave out, null or empty; 0 then. Never negative."""
    value = row.raw.get(field)
    return Decimal(0) if value is None or value == "" else row.not_negative(field)
