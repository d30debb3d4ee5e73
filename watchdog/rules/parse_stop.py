"""Reads `stop`: when it is placed, where, and what holds for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Final, TypeAlias

from watchdog.domain.effects import Level
from watchdog.rules.schema import (
    OF_BOTH,
    AtPrice,
    BeforeLiquidation,
    EntryToLiquidation,
    FromEntry,
    IfPast,
    MaxLoss,
    Metric,
    Nearest,
    Place,
    Scope,
    Selector,
    StopRule,
)
from watchdog.rules.table import Table, flag, one_of
from watchdog.rules.units import (
    NUMBER,
    read_duration,
    read_level,
    read_price,
    read_share,
    say_share,
)
from watchdog.tomlfile import WrongValueError, quoted, suggest

LOSS_ASSETS: Final = ("USDT", "USDC")
"""What a `max_loss` may be in: the margin asset of the position, in which it loses."""
OF_EQUITY: Final = rf"({NUMBER})\s*%\s+of\s+equity"
AMOUNT: Final = rf"({NUMBER})\s*({'|'.join(LOSS_ASSETS)})"
STOP_AFTER: Final = r"stop\s+after\s+(\S.*)"
"""The shapes of `max_loss` and of `no_answer`, as regular expressions of a whole text."""

_OF_EQUITY, _AMOUNT, _STOP_AFTER = (re.compile(shape) for shape in (OF_EQUITY, AMOUNT, STOP_AFTER))
_BARE_LOSS = re.compile(rf"{NUMBER}(\s*%)?")
_OTHER_ASSET = re.compile(rf"{NUMBER}\s*([A-Za-z]+)")
_GLOB = frozenset("*?[")
_CLEARANCE: Final = Decimal("0.005")
_LEAST_CLEARANCE: Final = Decimal("0.001")
"""Less than this and a stop fires into the venue's own liquidation."""
_MOST_CLEARANCE: Final = Decimal("0.2")
_NEAREST: Final = (
    'nearest wants a list of two places or more: [{ entry_to_liquidation = "60%" }, { max_loss = "5% of equity" }]'
)

_Single: TypeAlias = EntryToLiquidation | BeforeLiquidation | FromEntry | MaxLoss | AtPrice


def read_stop(
    table: Table, metric: Metric | None, scopes: frozenset[Scope] | None, where: Selector, written: tuple[Level, ...]
) -> StopRule | None:
    """The stop of a rule; None when none is written, or once its problems were noted.

    `scopes` is what the rule is measured on, `written` the levels it has.
    """
    stop = table.table("stop")
    if stop is None:
        return None
    if scopes is not None and "pool" in scopes and metric not in OF_BOTH:  # those have positions' own figures as well
        hint = ': add where = { margin_mode = "isolated" }' if metric is Metric.MARGIN_RATIO else ""
        table.key_problem(f"a stop closes a position, and {metric} is measured on pools{hint}", "stop")
    when = read_when(stop, "stop", written)
    place = _read_place_of(stop, _why_no_price(table, where))
    stop.read("trigger", _read_trigger)
    no_answer = stop.read("no_answer", _read_no_answer)
    if_past = stop.read("if_past", one_of("if_past", IfPast))
    may_loosen = stop.read("may_loosen", flag)
    liquidation = mark = _CLEARANCE
    if (clearance := stop.table("clearance")) is not None:
        liquidation = clearance.read("liquidation", _read_clearance) or liquidation
        mark = clearance.read("mark", _read_clearance) or mark
        clearance.finish(of="clearance")
    stop.finish(of="stop")
    if when is None or place is None:
        return None
    return StopRule(
        when=when,
        place=place,
        clearance_liquidation=liquidation,
        clearance_mark=mark,
        if_past=IfPast.ASK if if_past is None else IfPast(if_past),
        may_loosen=bool(may_loosen),
        no_answer=no_answer,
    )


def read_when(act: Table, name: str, written: tuple[Level, ...]) -> Level | None:
    """The level from which an act is wanted: one the rule has."""
    if "when" not in act:
        act.take("when")
        act.problem(f'{name} has no when: the level from which it is wanted, such as when = "critical"')
        return None
    when = act.read("when", read_level)
    if when is not None and when not in written:
        act.problem(f"this rule has no level {quoted(when.name.lower())}: the {name} would never be wanted", "when")
    return when


def _why_no_price(table: Table, where: Selector) -> str:
    """Why `price` is no place of this rule; empty when it is one, or when its symbol is wrong and that was noted."""
    if len(where.symbol) == 1 and not _GLOB & set(where.symbol[0]):
        return ""
    selector = table.take("where")
    if not where.symbol and isinstance(selector, dict) and "symbol" in selector:
        return ""
    return 'a price fits one symbol only: add where = { symbol = "BTCUSDT" }, without * or ?'


def _read_place_of(stop: Table, no_price: str) -> Place | None:
    place = stop.table("place")
    if place is None:
        if "place" not in stop:
            stop.problem('stop has no place, such as place = { entry_to_liquidation = "60%" }')
        return None
    return _read_place(place, no_price, nested=False)


def _read_place(table: Table, no_price: str, *, nested: bool) -> Place | None:
    """Exactly one place. `nested`: it is one of a `nearest`."""
    found: list[Place | None] = [
        table.read(key, partial(_understand, reader)) for key, reader in _PLACES.items() if key in table
    ]
    for key in _PLACES:
        table.take(key)  # known, whether written or not
    if "price" in table and no_price:
        table.key_problem(no_price, "price")
    if nested and "nearest" in table:
        table.take("nearest")
        table.key_problem("nearest can't stand inside nearest", "nearest")
    elif not nested:
        several = _read_nearest(table, no_price)
        if "nearest" in table:
            found.append(several)
    table.finish(of="a place of nearest" if nested else "place")
    written = [key for key in (*_PLACES, "nearest") if key in table]
    if not table.keys():
        table.problem('place is empty: entry_to_liquidation = "60%"')
    elif len(written) > 1:
        several_hint = (
            "" if nested or "nearest" in written else "; for the nearer of them write nearest = [{ … }, { … }]"
        )
        table.problem(f"exactly one place is wanted, not {' and '.join(written)}{several_hint}")
    return found[0] if len(found) == 1 else None


def _understand(reader: Callable[[object], _Single], raw: object) -> Place:
    return reader(raw)


def _read_nearest(place: Table, no_price: str) -> Nearest | None:
    tables = place.tables("nearest", wanted=_NEAREST)
    raw = place.take("nearest")
    if isinstance(raw, list) and len(raw) < 2:  # noqa: PLR2004  (the nearest of one is that one)
        place.problem(_NEAREST, "nearest")
    places: list[_Single] = []
    for index, table in enumerate(tables):
        one = _read_place(table, no_price, nested=True)
        if one is None or isinstance(one, Nearest):
            continue
        if any(type(one) is type(other) and _kind(one) == _kind(other) for other in places):
            place.problem(f"{_kind(one)} stands twice in this list", "nearest", index)
        places.append(one)
    return Nearest(tuple(places)) if places else None


def _kind(place: _Single) -> str:
    """What may stand only once in a `nearest`."""
    match place:
        case EntryToLiquidation():
            return "entry_to_liquidation"
        case BeforeLiquidation():
            return "before_liquidation"
        case FromEntry():
            return "from_entry"
        case MaxLoss(share_of_equity=share):
            return "max_loss as an amount" if share is None else "max_loss of equity"
        case AtPrice():
            return "price"


def _entry_to_liquidation(raw: object) -> EntryToLiquidation:
    share = read_share(raw)
    if not 0 < share < 1:
        raise WrongValueError(f"a place lies between entry (0%) and liquidation (100%), {say_share(share)} does not")
    return EntryToLiquidation(share)


def _before_liquidation(raw: object) -> BeforeLiquidation:
    share = read_share(raw)
    if not 0 < share < 1:
        raise WrongValueError(
            f"before_liquidation lies above 0% and below 100% of the liquidation price, {say_share(share)} does not"
        )
    return BeforeLiquidation(share)


def _from_entry(raw: object) -> FromEntry:
    share = read_share(raw)
    if not 0 < share < 1:
        raise WrongValueError(
            f"from_entry lies above 0% and below 100% of the entry price, {say_share(share)} does not"
        )
    return FromEntry(share)


def _max_loss(raw: object) -> MaxLoss:
    text = raw.strip() if isinstance(raw, str) else quoted(raw)
    if of_equity := _OF_EQUITY.fullmatch(text):
        share = Decimal(of_equity[1]).scaleb(-2)
        if not 0 < share < 1:
            raise WrongValueError(f"max_loss lies above 0% and below 100% of equity: {quoted(raw)} does not")
        return MaxLoss(share_of_equity=share, amount=None)
    if amount := _AMOUNT.fullmatch(text):
        if Decimal(amount[1]) == 0:
            raise WrongValueError("max_loss must be more than nothing")
        return MaxLoss(share_of_equity=None, amount=Decimal(amount[1]), asset=amount[2])
    if bare := _BARE_LOSS.fullmatch(text):
        raise WrongValueError(
            f'{quoted(raw)} of what? Write "{text} of equity"'
            if bare[1]
            else f'{quoted(raw)} has no asset: write "{text} USDT", or a share such as "1.5% of equity"'
        )
    if other := _OTHER_ASSET.fullmatch(text):
        raise WrongValueError(
            f"max_loss is in the margin asset, not {quoted(other[1])}{suggest(other[1], LOSS_ASSETS)}"
        )
    raise WrongValueError(f'max_loss wants "1.5% of equity" or "500 USDT", not {quoted(raw)}')


def _at_price(raw: object) -> AtPrice:
    return AtPrice(read_price(raw))


_PLACES: Final[Mapping[str, Callable[[object], _Single]]] = {
    "entry_to_liquidation": _entry_to_liquidation,
    "before_liquidation": _before_liquidation,
    "from_entry": _from_entry,
    "max_loss": _max_loss,
    "price": _at_price,
}


def _read_trigger(raw: object) -> str:
    if raw == "mark":
        return "mark"
    if raw in ("last", "index"):
        raise WrongValueError(
            f"trigger {quoted(raw)} is refused: venues liquidate by mark, and {raw} can lag it or spike past it; "
            'only "mark"'
        )
    raise WrongValueError(f"unknown trigger {quoted(raw)}{suggest(raw, ('mark',))}")


def _read_clearance(raw: object) -> Decimal:
    clearance = read_share(raw)
    if not _LEAST_CLEARANCE <= clearance <= _MOST_CLEARANCE:
        raise WrongValueError(
            f"clearance must lie within {say_share(_LEAST_CLEARANCE)} and {say_share(_MOST_CLEARANCE)}, "
            f"not {quoted(raw)}"
        )
    return clearance


def _read_no_answer(raw: object) -> float | None:
    """Seconds; None for "nothing"."""
    if raw == "nothing":
        return None
    after = _STOP_AFTER.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if after is None:
        raise WrongValueError(f'no_answer is "nothing" or "stop after 3m", not {quoted(raw)}')
    return read_duration(after[1])
