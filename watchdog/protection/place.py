"""Where a stop goes: wherever its rule wants it, clear of the mark and of liquidation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

from watchdog.domain.market import Market
from watchdog.domain.position import Position, Side
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.rules.schema import (
    AtPrice,
    BeforeLiquidation,
    EntryToLiquidation,
    FromEntry,
    MaxLoss,
    Nearest,
    OnePlace,
    StopRule,
)


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


@dataclass(frozen=True, slots=True)
class Ground:
    """What a place is measured on."""

    position: Position
    mark: Decimal
    liquidation: Reading
    """The nearer of the position's own liquidation price and its price at the pool's uniform-shock liquidation."""
    equity: Reading
    """Money behind the position, its own unrealised profit left out: a loss allowed as a share of it stays the same
    while the mark moves, and the stop does not trail."""
    market: Market


def stop_place(ground: Ground, rule: StopRule) -> Where:
    """The rule's place for this position now."""
    liquidation = ground.liquidation
    if isinstance(liquidation, Never):
        return NoPlace("no price liquidates this position", never=True)
    if not isinstance(liquidation, Known):
        return NoPlace(f"liquidation price unknown: {liquidation.reason}", never=False)
    clear = band(ground.position, ground.mark, liquidation.value, ground.market, rule)
    if clear.empty:
        return NoSafePlace("no safe place for a stop at this leverage: reduce")
    if isinstance(rule.place, Nearest):
        return _nearest([_where(ground, liquidation.value, clear, place) for place in rule.place.places], clear)
    return _where(ground, liquidation.value, clear, rule.place)


def _nearest(wheres: Sequence[Where], clear: Band) -> Where:
    """The safe place nearest to the mark; where none is safe, what can be said of the first that is at least a price.

    One that is not known (an equity that was not read) does not hold up the others.
    """
    safe = [where for where in wheres if isinstance(where, Safe)]
    if safe:
        return max(safe, key=lambda where: where.trigger * clear.side.sign)
    return next((where for where in wheres if not isinstance(where, NoPlace)), wheres[0])


def _where(ground: Ground, liquidation: Decimal, clear: Band, place: OnePlace) -> Where:
    position, market = ground.position, ground.market
    price = _price(ground, liquidation, place)
    if isinstance(price, NoPlace):
        return price
    wanted = to_tick(price, market, position.side)
    if not clear.before_far(wanted):
        wanted = to_tick(clear.far, market, position.side)
    if clear.behind_near(wanted):
        return Safe(wanted)
    halfway = to_tick((ground.mark + liquidation) / 2, market, position.side)
    safe = clear.before_far(halfway) and clear.behind_near(halfway)
    return Past(wanted, halfway if safe else None)


def _price(ground: Ground, liquidation: Decimal, place: OnePlace) -> Decimal | NoPlace:
    """Where the place lies, before anything is clear of it."""
    position = ground.position
    sign = position.side.sign
    match place:
        case EntryToLiquidation(share=share):
            return position.entry + share * (liquidation - position.entry)
        case BeforeLiquidation(share=share):
            return liquidation * (1 + sign * share)
        case FromEntry(share=share):
            return position.entry * (1 - sign * share)
        case AtPrice(price=price):
            return price
        case MaxLoss():
            allowed = _allowed(ground, place)
            if isinstance(allowed, NoPlace):
                return allowed
            # entry·size − exit·size·(1 − fee) = allowed for a long, exit·size·(1 + fee) − entry·size for a short
            return (position.entry - sign * allowed / position.size) / (1 - sign * ground.market.taker_fee)


def _allowed(ground: Ground, place: MaxLoss) -> Decimal | NoPlace:
    """The loss a place allows, in the margin asset."""
    asset = ground.position.margin_asset
    if place.amount is not None:
        if place.asset != asset:
            return NoPlace(f"its loss is allowed in {place.asset}, its margin is {asset}", never=False)
        return place.amount
    equity = ground.equity
    if not isinstance(equity, Known):
        why = equity.reason if isinstance(equity, Unknown) else "not given"
        return NoPlace(f"equity unknown: {why}", never=False)
    if equity.value <= 0 or place.share_of_equity is None:
        return NoPlace("no equity is left to lose a share of", never=False)
    return equity.value * place.share_of_equity
