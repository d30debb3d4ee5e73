"""Where a stop goes: on the way from entry to liquidation, clear of both ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

from watchdog.domain.market import Market
from watchdog.domain.position import Position, Side
from watchdog.domain.reading import Known, Never, Reading
from watchdog.rules.schema import StopRule


@dataclass(frozen=True, slots=True)
class Safe:
    """A trigger price that holds the clearance on both sides."""

    trigger: Decimal


@dataclass(frozen=True, slots=True)
class Past:
    """The mark is already at or beyond the rule's place. `halfway` is between mark and liquidation, if that is safe."""

    place: Decimal
    halfway: Decimal | None


@dataclass(frozen=True, slots=True)
class NoSafePlace:
    """The clearance can't hold on both sides: the leverage is too high for any stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoPlace:
    """There is nothing to place a stop against, and why."""

    reason: str
    never: bool
    """True: no price liquidates it, so it needs none. False: where it is liquidated is not known."""


Where: TypeAlias = Safe | Past | NoSafePlace | NoPlace


@dataclass(frozen=True, slots=True)
class Band:
    """The trigger prices that are clear of both ends: `near` is the mark's end, `far` the liquidation's."""

    side: Side
    near: Decimal
    far: Decimal

    @property
    def empty(self) -> bool:
        """Whether no price is clear of both ends."""
        return (self.near - self.far) * self.side.sign < 0

    def before_far(self, price: Decimal) -> bool:
        """Whether a trigger is far enough from liquidation."""
        return (price - self.far) * self.side.sign >= 0

    def behind_near(self, price: Decimal) -> bool:
        """Whether a trigger is far enough from the mark, on its danger side."""
        return (self.near - price) * self.side.sign >= 0


def band(position: Position, mark: Decimal, liquidation: Decimal, market: Market, rule: StopRule) -> Band:
    """The clear prices: `clearance` of the price, and at the liquidation's end also taker fee and a tick."""
    sign = position.side.sign
    far = liquidation * (1 + sign * (rule.clearance_liquidation + market.taker_fee)) + sign * market.tick
    near = mark * (1 - sign * rule.clearance_mark)
    return Band(position.side, near, far)


def to_tick(price: Decimal, market: Market, side: Side) -> Decimal:
    """Onto the venue's price grid, toward the mark: half a tick the wrong way could be past the clearance."""
    rounding = ROUND_CEILING if side is Side.LONG else ROUND_FLOOR
    return (price / market.tick).to_integral_value(rounding) * market.tick


def to_step(size: Decimal, market: Market) -> Decimal:
    """Onto the venue's size grid, downwards: a stop is never larger than what it protects."""
    return (size / market.step).to_integral_value(ROUND_FLOOR) * market.step


def stop_place(position: Position, mark: Decimal, liquidation: Reading, market: Market, rule: StopRule) -> Where:
    """The rule's place for this position now.

    `liquidation` is the nearer of the position's own liquidation price and its price at the pool's uniform-shock
    liquidation (law 3).
    """
    if isinstance(liquidation, Never):
        return NoPlace("no price liquidates this position", never=True)
    if not isinstance(liquidation, Known):
        return NoPlace(f"liquidation price unknown: {liquidation.reason}", never=False)
    clear = band(position, mark, liquidation.value, market, rule)
    if clear.empty:
        return NoSafePlace("no safe place for a stop at this leverage: reduce")
    wanted = to_tick(position.entry + rule.share * (liquidation.value - position.entry), market, position.side)
    if not clear.before_far(wanted):
        wanted = to_tick(clear.far, market, position.side)
    if clear.behind_near(wanted):
        return Safe(wanted)
    halfway = to_tick((mark + liquidation.value) / 2, market, position.side)
    safe = clear.before_far(halfway) and clear.behind_near(halfway)
    return Past(wanted, halfway if safe else None)
