"""The shapes of single values as JSON Schema, for editors. They are no judge: the parser alone decides."""

from __future__ import annotations

from typing import Any, Final

from watchdog.domain.effects import Level
from watchdog.rules.schema import LEVELS, MODES
from watchdog.rules.units import MONEY, NUMBER, SHARE, TIMES

Shape = dict[str, Any]


def one_text(pattern: str, words: str) -> Shape:
    """A text that matches a pattern as a whole."""
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$", "description": words}


def list_of(shape: Shape, words: str = "", least: int = 1) -> Shape:
    """A list, not empty."""
    return {"type": "array", "items": shape, "minItems": least, **({"description": words} if words else {})}


def one_or_list(shape: Shape, words: str) -> Shape:
    """A value or a list of such."""
    return {"anyOf": [shape, list_of(shape)], "description": words}


def table(keys: dict[str, Shape], words: str, required: tuple[str, ...] = ()) -> Shape:
    """A table that has these keys and no others."""
    shape: Shape = {"type": "object", "additionalProperties": False, "properties": keys, "description": words}
    return {**shape, "required": list(required)} if required else shape


MODE_SHAPE: Final[Shape] = {
    "enum": list(MODES),
    "description": '"watch": alerts only · "ask": proposes, you confirm · "act": sends. The most cautious wins.',
}
LEVEL_SHAPE: Final[Shape] = {"enum": list(LEVELS)}
MIN_LEVEL_SHAPE: Final[Shape] = {
    "enum": [level.name.lower() for level in Level],
    "description": "The channel hears messages of this level and above.",
}
TIME: Final = r"[0-9]{1,6}[hms](\s*[0-9]{1,6}[hms]){0,2}"
"""A time; in any order of its units, for the expressions of editors can't all look ahead."""
DURATION_SHAPE: Final[Shape] = one_text(TIME, 'A time: "10s", "5m", "1h30m".')
DAYS_SHAPE: Final[Shape] = one_text(r"[0-9]{1,5}\s*d", 'A number of days: "90d".')
TIME_OF_DAY_SHAPE: Final[Shape] = one_text(r"off|([01]?[0-9]|2[0-3]):[0-5][0-9]", 'A time of day: "08:00"; or "off".')
TEXT_SHAPE: Final[Shape] = {"type": "string"}
SHARE_SHAPE: Final[Shape] = one_text(SHARE, 'A percentage: "15%".')
MONEY_SHAPE: Final[Shape] = {
    "anyOf": [one_text(MONEY, ""), {"type": "number", "minimum": 0}],
    "description": 'An amount: "1000 USDT", or 1000.',
}
PRICE_SHAPE: Final[Shape] = {
    "anyOf": [one_text(NUMBER, ""), {"type": "number", "exclusiveMinimum": 0}],
    "description": "A trigger price; the rule selects one symbol only.",
}
AT_SHAPE: Final[Shape] = {
    "anyOf": [one_text(rf"(?:(?:above|below)\s+)?(?:{SHARE}|{TIMES}|{MONEY})", ""), {"type": "number", "minimum": 0}],
    "description": 'A level in the metric\'s unit: "15%", "5x", "1000 USDT"; "above" or "below" may be said.',
}
