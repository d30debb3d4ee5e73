"""An explanation as text of at most 100 columns, to hold beside the venue's own app."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from watchdog.domain.market import Market
from watchdog.domain.reading import Known, Never, Reading
from watchdog.explain.account import Explained
from watchdog.explain.lines import Line, Part

WIDTH: Final = 100
_NAME, _VALUE = 26, 16
_MARGIN: Final = 2 + _NAME + _VALUE + 2
_HUGE: Final = Decimal("1e20")
_CENTS: Final = ("USD", "EUR", "DAI")
"""What begins like this is money whose hundredths are the last that count."""

TITLES: Final = {
    "isolated_wallet": "isolated wallet",
    "venue_maintenance": "maintenance, venue",
    "ratio_venue": "margin ratio, venue",
    "ratio_ours": "margin ratio, ours",
    "margin_ratio": "margin ratio",
    "liquidation_venue": "liquidation, venue",
    "liquidation_ours": "liquidation, ours",
    "gap": "difference",
    "liquidation": "liquidation, nearer",
    "pool_liquidation": "with all prices together",
    "liquidation_near": "nearest liquidation",
    "liquidation_distance": "liquidation distance",
    "room_used": "room used",
    "effective_leverage": "effective leverage",
    "stop_coverage": "stop coverage",
    "shock_down": "all prices may fall",
    "shock_up": "all prices may rise",
    "shock_distance": "shock distance",
}


def lines(one: Explained) -> Iterator[str]:
    """Line by line. What a file holds may come from anybody: nothing of it moves a terminal's cursor."""
    for line in _lines(one):
        yield printable(line)


def printable(text: str) -> str:
    """The same with a mark in place of what is no visible character."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _lines(one: Explained) -> Iterator[str]:
    if one.trouble:
        yield from _wrapped(f"NOT AS IT IS NOW: {one.trouble}", "", "  ")
    taken = f" · taken {one.taken}" if one.taken else ""
    yield from _wrapped(f"{one.name} · account {one.account}{taken} · {one.modes}", "", "  ")
    for part in (*one.pools, *one.positions):
        yield ""
        yield from _wrapped(part.title, "", "  ")
        for line in part.lines:
            yield from _line(line, part)
    if not one.positions:
        yield "  no open position"
    yield ""
    for coin, amount in one.owes.items():
        yield f"OWES the venue {amount} {coin}"
    yield from _wrapped(f"May owe: {one.may_owe}", "", "  ")
    yield from _wrapped(f"NOT watched: {'; '.join(part for part in one.not_watched if part)}", "", "  ")
    if "ratio" in one.fields:
        yield from _wrapped(f"The venue's margin ratio: {one.fields['ratio']}", "", "  ")
    if "liquidation" in one.fields:
        yield from _wrapped(f"Its liquidation price: {one.fields['liquidation']}", "", "  ")


def _line(line: Line, part: Part) -> Iterator[str]:
    name, value = TITLES.get(line.name, line.name), value_of(line.reading, part)
    head = f"  {name:<{_NAME}}{value:>{_VALUE}}  "
    said = _why(line.reading) or line.formula or (f"from {line.field}" if line.field else "")
    if len(value) > _VALUE:
        yield head.rstrip()
        head = " " * _MARGIN
    yield from _wrapped(said, head, " " * _MARGIN) if said else [head.rstrip()]
    if line.inputs and not _why(line.reading):
        given = " · ".join(f"{one.name} {value_of(one.reading, part, one.money)}" for one in line.inputs)
        fields = " · ".join(dict.fromkeys(one.field for one in line.inputs if one.field))
        for said in (given, f"from {fields}" if fields else ""):
            yield from _wrapped(said, " " * (_MARGIN + 2), " " * (_MARGIN + 2))
    if line.note and line.name not in {"liquidation_ours", "margin_ratio"}:  # the venue's formulas are said once
        yield from _wrapped(line.note, " " * (_MARGIN + 2), " " * (_MARGIN + 2))


def _why(reading: Reading) -> str:
    """Why there is no number."""
    if isinstance(reading, Known):
        return ""
    return reading.source if isinstance(reading, Never) else reading.reason


def value_of(reading: Reading, part: Part, money: str = "") -> str:
    """A reading as a person reads it; JSON's have all their digits. `money`: its currency, if not its part's."""
    if isinstance(reading, Never):
        return "never"
    if not isinstance(reading, Known):
        return "UNKNOWN"
    value = reading.value
    if not value.is_finite():
        return "∞"
    if abs(value) >= _HUGE:
        return f"{value:.5E}"
    match reading.unit:
        case "share":
            return f"{_plain(value * 100, 2)}%"
        case "times":
            return f"{_plain(value, 2)}x"
        case "price":
            return _price(value, part.market)
        case "size":
            return f"{value:,f}"
        case _:
            unit = money or part.money
            return f"{amount(value, unit)} {unit}"


def _price(value: Decimal, market: Market | None) -> str:
    """In the market's ticks."""
    if market is None:
        return _plain(value, 8)
    exponent = market.tick.normalize().as_tuple().exponent
    text = f"{value:,.{max(0, -exponent) if isinstance(exponent, int) else 8}f}"
    return text if text.strip("-0.") else text.lstrip("-")  # rounded away: no sign is left


def amount(value: Decimal, unit: str) -> str:
    """Money in the places that count in its currency: hundredths of dollars, 8 places of a coin."""
    text = f"{value:,.2f}" if unit.startswith(_CENTS) else _plain(value, 8)
    return text if text.strip("-0.,") else text.lstrip("-")  # rounded away: no sign is left


def _plain(value: Decimal, places: int) -> str:
    """At most so many places, without the zeros at the end."""
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=True
    )
