"""Stop coverage: which resting stops close a position before it is liquidated, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from watchdog.domain.position import Position, PositionSide, Side, Stop, StopKind, TriggerKind
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.risk.exact import ONE, ZERO, exactly

_KINDS = {
    StopKind.STOP_LIMIT: "stop limit: a fast move can leave it unfilled behind the price",
    StopKind.TRAILING: "trailing: its trigger moves, where it will be is not known",
    StopKind.TAKE_PROFIT: "take profit: it closes in profit only",
    StopKind.UNKNOWN: "an order of a kind we do not know",
}
"""Why a kind other than stop-market counts for nothing."""
_TRIGGERS = {
    TriggerKind.LAST: "triggers on last price: liquidation goes by mark and can come first",
    TriggerKind.INDEX: "triggers on index price: liquidation goes by mark and can come first",
    TriggerKind.UNKNOWN: "what price triggers it is not known",
}
"""Why a trigger other than mark counts for nothing."""


@dataclass(frozen=True, slots=True)
class StopJudgement:
    """What one resting order is worth: the share of the position it closes before liquidation, and why, in words."""

    stop: Stop
    share: Decimal
    """0 to 1, where 1 is the whole position."""
    words: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of a position that resting stops close before its liquidation (0 to 1), order by order."""

    share: Reading
    judgements: tuple[StopJudgement, ...]


@exactly
def judge_stops(
    position: Position,
    mark: Reading,
    liquidation_near: Reading,
    stops: Sequence[Stop],
    *,
    first: Unknown | None = None,
) -> Coverage:
    """Judge the resting orders of a position's symbol; those of other symbols are passed over.

    `liquidation_near` is the nearer of its own liquidation price and its price at the pool's liquidation. Never: the
    share is Never, coverage is not applicable. Unknown price or mark: the share is Unknown, no order counts.
    `first`: why liquidation may come before that price. Then a share above 0 is Unknown; 0 stays 0.
    """
    judgements: tuple[StopJudgement, ...] = ()
    total = ZERO
    if stops:
        judgements = tuple(
            _judge(position, mark, liquidation_near, stop) for stop in stops if stop.symbol == position.symbol
        )
        total = sum((judgement.share for judgement in judgements), ZERO)
    match mark, liquidation_near:
        case Unknown(), _:
            share: Reading = mark
        case _, Unknown():
            share = liquidation_near
        case _, Never(at=at):
            share = Never("not applicable: no price liquidates it", at)
        case _ if first is not None and total > 0:
            share = first
        case Known(at=at), _:
            share = Known(min(ONE, total), "share", "resting stops", at)
        case _:
            share = Unknown(f"{position.symbol} mark: not a number")
    return Coverage(share, judgements)


def _judge(position: Position, mark: Reading, near: Reading, stop: Stop) -> StopJudgement:
    problem = _kind_problem(stop) or _aim_problem(position, stop) or _place_problem(position.side, mark, near, stop)
    if problem:
        return StopJudgement(stop, ZERO, problem)
    if stop.close_position:
        return StopJudgement(stop, ONE, "closes the whole position")
    if stop.size is None or not stop.size.is_finite() or stop.size <= 0:
        return StopJudgement(stop, ZERO, "its size is not known")
    share = min(ONE, stop.size / position.size)
    if share == ONE:
        return StopJudgement(stop, ONE, "closes the whole position")
    return StopJudgement(stop, share, f"closes {stop.size} of {position.size}")


def _kind_problem(stop: Stop) -> str | None:
    """Why an order of this kind protects nothing: only a stop-market on mark surely closes before liquidation."""
    return _KINDS.get(stop.kind) or _TRIGGERS.get(stop.trigger)


def _aim_problem(position: Position, stop: Stop) -> str | None:
    """Why an order does not reduce this position."""
    if stop.order_side is not position.side.closing:
        return f"a {stop.order_side} order adds to a {position.side}, it does not close it"
    if stop.position_side is not position.position_side:
        return f"belongs to the {stop.position_side} leg, the position is {position.position_side}"
    if stop.margin_mode not in {None, position.margin_mode}:
        return f"works on the {stop.margin_mode} position, this one is {position.margin_mode}"
    # In hedge mode an order of a leg can only reduce it once side and leg agree; there is no reduce-only flag there.
    if not (stop.reduce_only or stop.close_position or stop.position_side is not PositionSide.BOTH):
        return "not reduce-only: it can open the other way"
    return None


def _place_problem(side: Side, mark: Reading, near: Reading, stop: Stop) -> str | None:
    """Why an order does not trigger between mark and liquidation."""
    if not isinstance(mark, Known):
        return "not judged: mark price unknown"
    if isinstance(near, Unknown):
        return "not judged: liquidation price unknown"
    price = stop.trigger_price
    if not price.is_finite() or price <= 0:
        return "its trigger price is not known"
    if (mark.value - price) * side.sign <= 0:
        return "on the wrong side of mark: it should have triggered"
    if isinstance(near, Known) and (price - near.value) * side.sign <= 0:
        return "beyond liquidation: it comes too late"
    return None
