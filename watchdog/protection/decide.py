"""The next step for the stop of one position: from what rests to what the rules want, never through less protection.

Place, read back, and only then cancel the old (law 6). Every decision comes with its reason in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from watchdog.domain.changed import replace
from watchdog.domain.ids import order_id
from watchdog.domain.market import Market
from watchdog.domain.position import (
    NO_HEDGE_STOPS,
    Position,
    PositionSide,
    Stop,
    StopKind,
    StopOrder,
    TriggerKind,
)
from watchdog.domain.reading import Known, Never, Reading
from watchdog.protection.guard import Guard
from watchdog.protection.place import (
    Band,
    Ground,
    NoPlace,
    NoSafePlace,
    Past,
    Safe,
    Where,
    band,
    stop_place,
    to_step,
)
from watchdog.rules.schema import IfPast, Rule, StopRule

SMALLEST_MOVE = Decimal("0.0025")
"""A stop is not moved for less than this share of the mark: shares of a pool's liquidation price breathe."""

SMALLEST_LOOSENING = Decimal("0.01")
"""A stop is not offered to be moved away from the mark by less than this share of it: a pool's place comes and goes."""

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Situation:
    """All a decision looks at: the position as last read and what rests for it."""

    account: str
    installation: str
    position: Position
    market: Market
    mark: Decimal
    liquidation: Reading
    """The nearer of the position's own and its pool's (law 3)."""
    equity: Reading
    """Money behind it, its own unrealised profit left out (`place.Ground`)."""
    ours: tuple[Stop, ...]
    foreign_size: Decimal
    """How much of the position foreign stops already close in time."""
    rules: tuple[Rule, ...]
    """The rules that ask for a stop here; each has a `stop`."""
    replacements_per_hour: int
    refused: str = ""
    """Why no stop is sent on an account set like this one, empty when they are."""


@dataclass(frozen=True, slots=True)
class DoPlace:
    """Send this stop. `replaces` is the client id it takes over from, empty for the first stop of the position."""

    order: StopOrder
    why: str
    rule: str
    replaces: str = ""
    capped: bool = False
    """Whether the hourly cap counts it."""
    loosens: bool = False
    """Whether it lies further from the mark than the stop it takes over from."""
    urgent: bool = True
    """Whether something is uncovered until it rests; else it only betters a stop that protects."""
    ask: bool = False
    """True: it is not sent without its owner's word."""


@dataclass(frozen=True, slots=True)
class DoCancel:
    """Cancel this stop of ours."""

    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to send, and why."""

    why: str
    fine: bool = False
    """Nothing is needed: the stop rests as it should, or none is asked for."""
    known: bool = True
    """False: what would be right is not known, so nothing that was said before is over."""
    offer: DoPlace | None = None
    """What its owner may want all the same: a stop that may be loosened."""


@dataclass(frozen=True, slots=True)
class Warn:
    """No order can be right here: somebody has to be told."""

    kind: str
    """`past`, `unsafe`, `dust` or `removed`."""
    why: str
    halfway: Decimal | None = None
    rule: str = ""
    offer: DoPlace | None = None
    """What can be sent if its owner says so."""
    place: Decimal | None = None
    """The place that is passed."""


Decision: TypeAlias = DoPlace | DoCancel | Hold | Warn


def decide(guard: Guard, situation: Situation, mono: float) -> Decision:
    """The next step. Sends at most one order; called again after each outcome has been read back.

    Whether a rule may send what it wants is not looked at here, but for one thing: of a stop that was taken away twice
    no other is sent without being asked for.
    """
    if refused := situation.refused or _no_leg(situation.position):
        return Hold(refused)
    ours = tuple(stop for stop in situation.ours if stop.order_side is situation.position.side.closing)
    stray = [stop for stop in situation.ours if stop.order_side is not situation.position.side.closing]
    if stray:
        return DoCancel(stray[0].client_id, "it is for the other side than the position")
    if not situation.rules:
        return _surplus(situation, ours, None) or Hold("no rule asks for a stop", fine=True)
    rule, where = _nearest(situation)
    if ours:
        return _keep_up(guard, situation, ours, rule, where, mono)
    return _first_stop(guard, situation, rule, where)


def _no_leg(position: Position) -> str:
    """Why nothing is sent for a leg of a hedge: on some venues a symbol is set to it, not the account."""
    return "" if position.position_side is PositionSide.BOTH else NO_HEDGE_STOPS


def _first_stop(guard: Guard, situation: Situation, rule: Rule, where: Where) -> Decision:
    """None of ours rests."""
    if situation.foreign_size >= situation.position.size:
        return Hold("stops that are not mine cover it", fine=True)
    size = _size(situation)
    if guard.hands_off:
        trigger = where.trigger if isinstance(where, Safe) else _halfway(rule, where)
        offer = _offer(guard, situation, rule, trigger, f'rule "{rule.name}"')
        return Warn("removed", "my stop was taken away twice: I place none here unasked", rule=rule.name, offer=offer)
    if isinstance(where, Past):
        halfway = _halfway(rule, where)
        offer = _offer(guard, situation, rule, halfway, f'rule "{rule.name}", halfway')
        return Warn("past", f"the place {where.place} is already passed", halfway, rule.name, offer, where.place)
    if isinstance(where, NoSafePlace):
        return Warn("unsafe", where.reason, rule=rule.name)
    if isinstance(where, NoPlace):
        return Hold(where.reason, fine=where.never, known=where.never)
    too_small = _too_small(size, where.trigger, situation.market)
    if too_small and situation.foreign_size > 0:
        return Hold(f"stops that are not mine cover all but {size}: too small for a stop", fine=True)
    if too_small:
        return Warn("dust", too_small, rule=rule.name)
    return DoPlace(_order(guard, situation, size, where.trigger), f'rule "{rule.name}"', rule.name)


def _offer(
    guard: Guard, situation: Situation, rule: Rule, trigger: Decimal | None, why: str, replaces: str = ""
) -> DoPlace | None:
    """A stop that is not sent unasked; None where there is no place for it, or the venue takes none so small."""
    size = _size(situation)
    if trigger is None or _too_small(size, trigger, situation.market):
        return None
    return DoPlace(_order(guard, situation, size, trigger), why, rule.name, replaces, ask=True)


def as_shown(guard: Guard, situation: Situation, rule: Rule, trigger: Decimal, replaces: str) -> DoPlace | None:
    """A stop at a price its owner was shown; None where it is not clear any more, or the venue takes none so small.

    Half the clearance is enough, as for a stop that rests: the other half is what the mark may move until the answer.
    """
    if not isinstance(situation.liquidation, Known) or rule.stop is None:
        return None
    half = replace(
        rule.stop,
        clearance_liquidation=rule.stop.clearance_liquidation / 2,
        clearance_mark=rule.stop.clearance_mark / 2,
    )
    clear = band(situation.position, situation.mark, situation.liquidation.value, situation.market, half)
    if not clear.before_far(trigger) or not clear.behind_near(trigger):
        return None
    return _offer(guard, situation, rule, trigger, f'rule "{rule.name}"', replaces)


def _nearest(situation: Situation) -> tuple[Rule, Where]:
    """Of several rules the place nearest to the mark wins; a rule without a safe place yields to one that has it."""
    sign = situation.position.side.sign
    ground = Ground(situation.position, situation.mark, situation.liquidation, situation.equity, situation.market)
    places = [(rule, stop_place(ground, rule.stop)) for rule in situation.rules if rule.stop is not None]
    safe = [(rule, where) for rule, where in places if isinstance(where, Safe)]
    if safe:
        return max(safe, key=lambda one: one[1].trigger * sign)
    return places[0]


def _size(situation: Situation) -> Decimal:
    """What foreign stops leave uncovered, on the venue's grid and within its largest order."""
    return _on_grid(situation.position.size - situation.foreign_size, situation.market)


def _on_grid(size: Decimal, market: Market) -> Decimal:
    """A size on the venue's grid, not above its largest order."""
    size = to_step(size, market)
    if market.max_size is not None:
        size = min(size, market.max_size)
    return max(size, Decimal(0))


def _too_small(size: Decimal, price: Decimal, market: Market) -> str:
    if size < market.min_size or size <= 0:
        return f"{size} is below the smallest order of {market.min_size} {market.base}"
    if size * price < market.min_notional:
        return f"{size} {market.base} is worth less than the smallest order of {market.min_notional}"
    return ""


def _order(guard: Guard, situation: Situation, size: Decimal, trigger: Decimal) -> StopOrder:
    position = situation.position
    return StopOrder(
        symbol=position.symbol,
        order_side=position.side.closing,
        position_side=position.position_side,
        size=size,
        trigger_price=trigger,
        client_id=str(order_id(situation.installation, situation.account, position.key, guard.generation)),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    why: str
    capped: bool = False
    must_move: bool = False
    """The trigger price itself is wrong: the same order at the same price would be no better."""
    urgent: bool = False
    """Something is uncovered meanwhile."""


def _halfway(rule: Rule, where: Where) -> Decimal | None:
    """What to offer instead of a place that is passed, where the rule wants an offer."""
    asks = rule.stop is not None and rule.stop.if_past is IfPast.ASK
    return where.halfway if asks and isinstance(where, Past) else None


def _keep_up(
    guard: Guard, situation: Situation, ours: tuple[Stop, ...], rule: Rule, where: Where, mono: float
) -> Decision:
    """A stop of ours rests: is it still right, and if more than one rests, which goes."""
    assert rule.stop is not None  # noqa: S101  (decide passes rules with a stop only)
    if not isinstance(situation.liquidation, Known):
        never = isinstance(situation.liquidation, Never)
        why = "no price liquidates it" if never else "the liquidation price is not known"
        return _surplus(situation, ours, None) or Hold(f"the stop rests; {why}: it stays as it is", never, never)
    # A stop that was placed clear of liquidation is not wrong because liquidation breathes: half the clearance is.
    half = replace(rule.stop, clearance_liquidation=rule.stop.clearance_liquidation / 2)
    clear = band(situation.position, situation.mark, situation.liquidation.value, situation.market, half)
    surplus = _surplus(situation, ours, clear)
    if surplus is not None:  # first, or a position that grows all the time would gather one stop after the other
        return surplus
    best = max(ours, key=lambda stop: _merit(stop, situation, clear))
    change = _change(best, situation, where, clear, rule.stop)
    if change is None:
        return Hold("the stop rests as it should", fine=True, offer=_loosened(guard, situation, best, rule, where))
    if change.must_move and not isinstance(where, Safe):
        halfway = _halfway(rule, where)
        offer = _offer(guard, situation, rule, halfway, f'rule "{rule.name}", halfway', best.client_id)
        place = where.place if isinstance(where, Past) else None
        return Warn("past", f"{change.why}, and no safe place is left on the way", halfway, rule.name, offer, place)
    recent = [at for at in guard.moves if mono - at < HOUR]
    if change.capped and len(recent) >= situation.replacements_per_hour:
        return Hold(f"{change.why}, but it was moved {len(recent)} times in an hour already")
    size = _size(situation)
    trigger = _new_trigger(best, situation, where, rule.stop)
    if _too_small(size, trigger, situation.market) and _closes(best, situation) > situation.position.size:
        size = _on_grid(situation.position.size, situation.market)  # foreign stops close it all: ours shrinks with it
    if _too_small(size, trigger, situation.market):
        return Hold(f"{change.why}, but what is left is too small for an order: the old stop stays")
    if (situation.mark - trigger) * situation.position.side.sign <= situation.market.tick:
        return Hold(f"{change.why}, but the mark is at the stop already")
    return DoPlace(
        _order(guard, situation, size, trigger),
        change.why,
        rule.name,
        replaces=best.client_id,
        capped=change.capped,
        loosens=(best.trigger_price - trigger) * situation.position.side.sign > 0,
        urgent=change.urgent,
        ask=guard.hands_off,
    )


def _loosened(guard: Guard, situation: Situation, best: Stop, rule: Rule, where: Where) -> DoPlace | None:
    """The place that moved away from the mark (a deposit, a smaller pool): to be offered, never taken."""
    if not isinstance(where, Safe):
        return None
    further = (best.trigger_price - where.trigger) * situation.position.side.sign
    if further <= SMALLEST_LOOSENING * situation.mark:
        return None
    why = f'rule "{rule.name}", its place moved away'
    offer = _offer(guard, situation, rule, where.trigger, why, best.client_id)
    return None if offer is None else replace(offer, loosens=True, urgent=False)


def _surplus(situation: Situation, ours: tuple[Stop, ...], clear: Band | None) -> DoCancel | None:
    """Which of several stops of ours goes. Without a `clear` band, only one that another outdoes in everything."""
    if len(ours) < 2:  # noqa: PLR2004  (one is no surplus)
        return None
    best = max(ours, key=lambda stop: _merit(stop, situation, clear))
    others = [stop for stop in ours if stop is not best and (clear is not None or _outdone(stop, best, situation))]
    if not others:
        return None
    # The best goes last, and only when the others do without it: the position may have grown again to what an old
    # stop closes. When none can be spared, a successor comes first.
    whole = _protected(situation, ours, clear)
    others.sort(key=lambda stop: _merit(stop, situation, clear))
    for stop in (*others, best) if clear is not None else others:
        rest = [one for one in ours if one is not stop]
        if _protected(situation, rest, clear) >= whole:
            kept = max(rest, key=lambda one: _merit(one, situation, clear))
            why = f"the stop {kept.trigger_price} of {_closes(kept, situation)} rests as well"
            return DoCancel(stop.client_id, why)
    return None


def _protected(situation: Situation, stops: Sequence[Stop], clear: Band | None) -> Decimal:
    """How much these stops close in time of what foreign stops leave open."""
    good = (stop for stop in stops if _sound(stop) and (clear is None or clear.before_far(stop.trigger_price)))
    left = situation.position.size - situation.foreign_size
    return min(sum((_closes(stop, situation) for stop in good), Decimal(0)), left)


def _merit(stop: Stop, situation: Situation, clear: Band | None) -> tuple[bool, bool, Decimal, Decimal, str]:
    """Protects at all; is as large as wanted and no larger than the position; covers most; the newest of equals.

    Where none is safe, the nearest to the mark.
    """
    size, position = _closes(stop, situation), situation.position
    good = _sound(stop) and (clear is None or clear.before_far(stop.trigger_price))
    adequate = _size(situation) <= size <= position.size
    nearness = Decimal(0) if good else stop.trigger_price * position.side.sign
    # More than is wanted is no merit: or a stop from before a foreign one came would outdo its own successor for ever.
    closes = _size(situation) if adequate else min(size, position.size)
    return (good, adequate, closes, nearness, stop.client_id)


def _outdone(stop: Stop, best: Stop, situation: Situation) -> bool:
    """Whether `best` protects at least as much, and no later."""
    enough = _closes(best, situation) >= min(_closes(stop, situation), situation.position.size)
    no_later = (best.trigger_price - stop.trigger_price) * situation.position.side.sign >= 0
    return _sound(best) and enough and no_later


def _closes(stop: Stop, situation: Situation) -> Decimal:
    return situation.position.size if stop.size is None else stop.size


def _sound(stop: Stop) -> bool:
    """Whether it has the fields every stop of ours is placed with."""
    reduces = stop.reduce_only or stop.close_position
    return stop.kind is StopKind.STOP_MARKET and stop.trigger is TriggerKind.MARK and reduces


def _change(best: Stop, situation: Situation, where: Where, clear: Band, stop_rule: StopRule) -> _Change | None:
    """Why the best stop of ours is not right any more; None when it is."""
    position = situation.position
    size = _closes(best, situation)
    if not _sound(best):
        return _Change("it was changed into something that does not protect", urgent=True)
    if size > position.size:
        return _Change(f"the position shrank to {position.size}")
    if size < _size(situation):
        return _Change(f"the position grew to {position.size}", urgent=True)
    if not clear.before_far(best.trigger_price):
        return _Change(f"liquidation has come close to the stop {best.trigger_price}", must_move=True, urgent=True)
    if isinstance(where, Safe):
        nearer = (where.trigger - best.trigger_price) * position.side.sign
        if nearer > SMALLEST_MOVE * situation.mark:
            return _Change(f"its place is {where.trigger} now", capped=True)
        if stop_rule.may_loosen and -nearer > SMALLEST_MOVE * situation.mark:
            return _Change(f"its place is {where.trigger} now, and it may be loosened", capped=True)
    return None


def _new_trigger(best: Stop, situation: Situation, where: Where, stop_rule: StopRule) -> Decimal:
    """The rule's place, but never further from the mark than the stop that rests unless it may be loosened."""
    if not isinstance(where, Safe):
        return best.trigger_price
    if stop_rule.may_loosen or (where.trigger - best.trigger_price) * situation.position.side.sign > 0:
        return where.trigger
    return best.trigger_price
