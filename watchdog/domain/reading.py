"""What is known of a figure: a number, "no price does this", or unknown with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["share", "price", "money", "times", "size"]
"""share: 1 is 100 % · price: quote per base · money: the pool's margin asset · times: a multiple · size: base, or the
face value in quote of an inverse contract."""


@dataclass(frozen=True, slots=True)
class Known:
    """A number with its unit, where it came from, and when it was true (monotonic seconds)."""

    value: Decimal
    unit: Unit
    source: str
    at: float


@dataclass(frozen=True, slots=True)
class Never:
    """No price liquidates this: said only by our own solve from inputs that are all known."""

    source: str
    at: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not known, and why. Never counts as safe, never resolves an alert, never places an order."""

    reason: str


Reading: TypeAlias = Known | Never | Unknown
