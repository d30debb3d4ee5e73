"""Why the venue says no. A wire face turns each into its own code and words."""

from __future__ import annotations

from enum import Enum, auto


class Refusal(Enum):
    """The reasons the core knows."""

    UNKNOWN_SYMBOL = auto()
    SIZE_STEP = auto()
    SIZE_NOT_ABOVE_ZERO = auto()
    SIZE_TOO_SMALL = auto()
    SIZE_TOO_LARGE = auto()
    PRICE_TICK = auto()
    PRICE_NOT_ABOVE_ZERO = auto()
    TRIGGER_NOT_ABOVE_ZERO = auto()
    NOTIONAL_TOO_SMALL = auto()
    MARGIN_TOO_SMALL = auto()
    LEVERAGE_INVALID = auto()
    LEVERAGE_NOT_LOWERED = auto()
    """An isolated position is open: its leverage can only be raised."""
    POSITION_TOO_LARGE = auto()
    """Above what the leverage allows."""
    WOULD_TRIGGER_AT_ONCE = auto()
    NOTHING_TO_REDUCE = auto()
    NO_POSITION = auto()
    """A close-position order needs one."""
    CLOSE_POSITION_RESTS = auto()
    """One close-position order of that kind and side rests already."""
    DUPLICATE_ID = auto()
    NO_SUCH_ORDER = auto()
    TOO_MANY_ALGOS = auto()
    NO_CHANGE = auto()
    ORDERS_REST = auto()
    """The setting can't change while orders rest."""
    POSITION_OPEN = auto()
    """The setting can't change while a position is open."""
    NOT_ISOLATED = auto()
    MARGIN_REMOVAL = auto()
    """The margin asked back is not free."""
    MODE_NOT_MODELLED = auto()
    """Hedge mode and multi-assets mode are reported but not traded here."""


class RefusedError(Exception):
    """The venue refuses; nothing has changed. `detail` is the figure the refusal is about, in words."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(f"{refusal.name} {detail}".strip())
        self.refusal = refusal
        self.detail = detail
