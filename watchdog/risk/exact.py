"""The arithmetic of this room: decimals of 50 digits, whatever context the caller's thread has.

The default context has 28 digits. A price of 10 digits times a size of 12 less a wallet of 15 already rounds there,
and a solved price put back into its own equation would miss by more than the room promises (1e-20).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
INFINITE: Final = Decimal("Infinity")

CONTEXT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""What every public function of this room computes under."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


def exactly(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Run a function under CONTEXT; the caller's own context is as it was afterwards."""

    @wraps(function)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with localcontext(CONTEXT):
            return function(*args, **kwargs)

    return run
