"""`replace` for the values of this house: frozen, with slots, made whole by their fields alone.

`dataclasses.replace` goes through the constructor, field by field, twice. A step makes a dozen new values while a price
falls, and that was a quarter of its time (tests/bench). This one copies the slots.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414  (type checkers know what that one takes)
else:

    def replace(value, /, **changes):  # noqa: ANN001, ANN003, ANN201  (typed above)
        """A copy with other values of some fields. Raises TypeError for a field it does not have."""
        kind = type(value)
        names, read, slots = _slots(kind)
        copy = object.__new__(kind)
        for name, now, put in zip(names, read(value), slots, strict=True):
            put(copy, changes.pop(name, now))
        if changes:
            raise TypeError(f"{kind.__name__} has no {', '.join(changes)}")
        return copy


@cache
def _slots(kind: type[Any]) -> tuple[tuple[str, ...], Any, tuple[Any, ...]]:
    """The fields of a kind: names, what reads all of them, and what writes each. Raises TypeError without slots."""
    names = tuple(field.name for field in fields(kind))
    if len(names) < 2 or "__slots__" not in kind.__dict__ or hasattr(kind, "__post_init__"):  # noqa: PLR2004
        raise TypeError(f"{kind.__name__} is not a value of slots alone")
    return names, attrgetter(*names), tuple(kind.__dict__[name].__set__ for name in names)
