"""Gate's unified account, pure: what it owes, and what else than futures its maintenance may be required for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from watchdog.domain.position import Position
from watchdog.venues.fields import MomentsDifferError, Row, rows


def debts(unified: Row) -> dict[str, Decimal]:
    """What the account owes Gate, by coin. Raises PayloadError."""
    balances = unified.raw.get("balances")
    if not balances:
        return {}
    coins = Row.of(balances, unified.path("balances"))
    owed = {coin: Row.of(coins.raw[coin], coins.path(coin)).not_negative("total_liab") for coin in coins.raw}
    return {coin: amount for coin, amount in owed.items() if amount > 0}


def options_of(payloads: Mapping[str, Any]) -> tuple[str, ...]:
    """The options that are held; they share the margin of a unified account."""
    found = rows(payloads.get("options/positions"), "options/positions")
    return tuple(row.text("contract")[:40] for row in found if row.number("size") != 0)


def look_for_cause(unified: Row, positions: Iterable[Position], *, single: bool) -> None:
    """For an account without options: what is required has a position or a loan, or the list of positions is wrong.

    Raises MomentsDifferError, PayloadError.
    """
    owed, held = debts(unified), {one.margin_asset for one in positions}
    field = "total_maintenance_margin"
    if (required := unified.not_negative(field)) > 0 and not held and not owed:
        raise MomentsDifferError(
            unified.path(field), f"no position is listed, no loan and no option, yet it is {required}"
        )
    if not single:
        return
    coins = Row.of(unified.raw.get("balances"), unified.path("balances"))
    for coin in coins.raw:
        row = Row.of(coins.raw[coin], coins.path(coin))
        if coin in held or coin in owed or row.raw.get("mm") in (None, ""):
            continue
        if (required := row.not_negative("mm")) > 0:
            raise MomentsDifferError(row.path("mm"), f"no position is listed and no loan, yet it is {required}")


def unwatched(positions: list[Position], unified: Row | None, options: tuple[str, ...]) -> tuple[str, ...]:
    """What was seen and is not looked at, in words."""
    named = (f"options: {', '.join(options)}",) if options else ()
    if unified is None or positions or (required := unified.not_negative("total_maintenance_margin")) == 0:
        return named
    return (*named, f"what requires {required} USD of the unified account and is no future (options, loans)")
