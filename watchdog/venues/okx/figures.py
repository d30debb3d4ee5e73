"""OKX, pure: figures that may be empty, and margin ratios turned round."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import Row

SOURCE: Final = "okx"
_INFINITE: Final = Decimal("Infinity")


def figure(row: Row, field: str) -> Decimal | None:
    """A number, None where OKX leaves the field empty. Raises PayloadError where it is missing or no number."""
    return None if row.raw.get(field) == "" else row.number(field)


def money(row: Row, field: str, at: float) -> Reading:
    """What is required of something open: Unknown for an empty field, or 0. Raises PayloadError below 0."""
    if figure(row, field) is None:
        return Unknown(f"{row.path(field)}: OKX sends none")
    required = row.not_negative(field)
    return Known(required, "money", SOURCE, at) if required else Unknown(f"{row.path(field)}: OKX sends 0")


def turned(ratio: Decimal | None, path: str, at: float) -> Reading:
    """A margin ratio with 1 as liquidation. OKX's is equity over requirement: none, or 0, is Unknown."""
    if not ratio:
        return Unknown(f"{path}: OKX sends {'none' if ratio is None else 0}")
    return Known(1 / ratio if ratio > 0 else _INFINITE, "share", SOURCE, at)
