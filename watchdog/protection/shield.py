"""The guards of one account at work: what each asks for now, and what is told of it.

Only here do decisions become effects. Whether anything may be sent is decided once, in `Leave`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from decimal import Decimal
from functools import partial

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import alert_key, notional_of, position_subject
from watchdog.domain.effects import Cancel, Level, Place
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.market import Market
from watchdog.domain.position import PositionKey, Stop, StopOrder
from watchdog.domain.reading import Known
from watchdog.protection.decide import HOUR, Decision, DoCancel, DoPlace, Hold, Situation, Warn, decide
from watchdog.protection.guard import (
    Cancelling,
    Guard,
    Sending,
    guard_key,
    to_json,
)
from watchdog.protection.outcome import next_effect
from watchdog.risk import PositionRisk
from watchdog.rules.evaluate import Subject, selects
from watchdog.rules.schema import Mode, Rule, Ruleset

WARNINGS = ("past", "unsafe", "dust", "removed")
"""The standing alerts a decision can raise on a position; they end when it no longer does."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether orders may be sent for this account at all, and if not why."""

    given: bool
    why_not: str = ""
    """Finishes the sentence "I send nothing: …"."""
    passing: bool = False
    """Only a newer read is wanted: it is a matter of seconds."""


@dataclass(frozen=True, slots=True)
class Shield:
    """What the guards of an account need to know."""

    account: str
    venue: str
    installation: str
    zone: tzinfo | None
    rules: Ruleset
    cap: Mode
    leave: Leave
    stops: Mapping[str, tuple[Stop, ...]]
    """All that rest, by symbol."""
    markets: Mapping[str, Market]
    usable: bool
    """False: the snapshot is too old to judge by."""
    doubted: Callable[[str | None], bool]
    """Whether a position of this pool has vanished, so that nothing is known of the pool."""
    read_began: float
    """Monotonic time at which the snapshot's read began."""
    read_wall: float

    def ours(self, key: PositionKey) -> tuple[Stop, ...]:
        """The stops that this installation placed for this position."""
        digits = position_digits(self.account, key)
        return tuple(
            stop
            for stop in self.stops.get(key.symbol, ())
            if (known := read_order_id(stop.client_id)) is not None
            and (known.installation, known.position) == (self.installation, digits)
        )

    def subject(self, risk: PositionRisk) -> Subject:
        """The position as rules select it."""
        position = risk.position
        return Subject(
            account=self.account,
            venue=self.venue,
            symbols=(position.symbol,),
            sides=(position.side,),
            margin_modes=(position.margin_mode,),
            notionals=(notional_of(risk),),
        )

    def asking(self, risk: PositionRisk, guard: Guard, desk: Desk, least: Mode) -> tuple[Rule, ...]:
        """The rules that ask for a stop on this position now: they fire, or what they asked for is to be kept up."""
        subject = self.subject(risk)
        asked = {rule.name for rule in self.rules.rules if rule.stop is not None} & set(guard.asked)
        keep_up = guard.wanted or bool(self.ours(guard.key))
        asking = []
        for rule in self.rules.rules:
            if rule.stop is None or not selects(rule, subject):
                continue
            if self.rules.mode_for(self.account, self.cap, rule) < least:
                continue
            level = desk.get(alert_key(rule, position_subject(guard.key))).level
            kept_up = rule.name in asked if asked else keep_up
            if kept_up or (level is not None and level >= rule.stop.when):
                asking.append(rule)
        return tuple(asking)

    def situation(self, risk: PositionRisk, market: Market, mark: Decimal, rules: tuple[Rule, ...]) -> Situation:
        """All a decision on this position looks at."""
        position = risk.position
        ours = self.ours(position.key)
        mine = {stop.client_id for stop in ours}
        foreign = sum(
            (one.share * position.size for one in risk.stops if one.stop.client_id not in mine),
            Decimal(0),
        )
        return Situation(
            account=self.account,
            installation=self.installation,
            position=position,
            market=market,
            mark=mark,
            liquidation=risk.liquidation_near,
            ours=ours,
            foreign_size=min(foreign, position.size),
            rules=rules,
            replacements_per_hour=self.rules.replacements_per_hour,
        )

    def decision(self, guard: Guard, risk: PositionRisk, desk: Desk, mono: float, least: Mode = Mode.ACT) -> Decision:
        """What is right for a position now. `least`: count the rules from this mode up (WATCH shows a plan)."""
        market, entry = self.markets.get(risk.position.symbol), risk.position.entry
        if market is None or not isinstance(risk.mark, Known):
            return Hold("the market or its mark price is not known", known=False)
        if not entry.is_finite() or entry <= 0:
            return Hold(f"an entry price of {entry} can't be true", known=False)
        if self.doubted(risk.pool):
            return Hold("a position of its pool has vanished: nothing is known of the pool", known=False)
        rules = self.asking(risk, guard, desk, least)
        return decide(guard, self.situation(risk, market, risk.mark.value, rules), mono)


def work(
    shield: Shield,
    guard: Guard,
    risk: PositionRisk | None,
    desk: Desk,
    out: Out,
    now: Instant,
    *,
    vanished: bool = False,
) -> Guard:
    """One look at one guard: go on with its open step, or decide on the next.

    `risk` None: the position is closed. `vanished`: whether it is, is not known yet; what is open goes on (to ask what
    became of our stop is how we learn of it), but nothing new is decided.
    """
    position_id = (shield.installation, position_digits(shield.account, guard.key))
    before = guard
    guard, effect = next_effect(guard, position_id, partial(_still_right, shield, risk), now.mono)
    if effect is not None:
        out.do(effect)
    elif not vanished and guard.step is None and shield.usable and shield.read_began > guard.fresh_after:
        guard = _decide(shield, guard, risk, desk, out, now)
    if guard is not before and to_json(guard) != to_json(before):
        out.keep("guard", guard_key(guard.key), to_json(guard))
    return guard


def _still_right(shield: Shield, risk: PositionRisk | None, order: StopOrder) -> bool:
    """Whether an order that left no trace may be sent once more: as right for the position as on the first day."""
    if risk is None or not shield.leave.given or not isinstance(risk.mark, Known):
        return False
    position = risk.position
    ahead = (risk.mark.value - order.trigger_price) * position.side.sign > 0
    return ahead and order.order_side is position.side.closing and order.size <= position.size


def _decide(shield: Shield, guard: Guard, risk: PositionRisk | None, desk: Desk, out: Out, now: Instant) -> Guard:
    if risk is None:
        return _clear_up(shield, guard, out, now)
    decision = shield.decision(guard, risk, desk, now.mono)
    _warn(shield, guard, risk, decision, desk)
    if not shield.leave.given:
        return guard
    match decision:
        case DoPlace(order=order, why=why, capped=capped, replaces=replaces) if now.mono >= guard.next_try:
            out.do(Place(order, why))
            out.journal("place", order=str(order), why=why, replaces=replaces, liquidation=risk.liquidation_near)
            return replace(
                guard,
                generation=guard.generation + 1,
                step=Sending(order),
                wanted=True,
                asked=tuple(rule.name for rule in shield.asking(risk, guard, desk, Mode.ACT)),
                why=why,
                moves=(*(at for at in guard.moves if now.mono - at < HOUR), now.mono) if capped else guard.moves,
            ).reserve()
        case DoCancel(client_id=client_id, why=why) if now.mono >= guard.next_cancel:
            return _cancel(guard, client_id, why, out)
        case _:
            return guard


def _clear_up(shield: Shield, guard: Guard, out: Out, now: Instant) -> Guard:
    """The position is closed: our stop goes with it."""
    ours = shield.ours(guard.key)
    if not ours:
        rest = guard.at_rest()
        return guard if rest == guard else rest
    if shield.leave.given and now.mono >= guard.next_cancel:
        return _cancel(guard, ours[0].client_id, "its position is closed", out)
    return guard


def _cancel(guard: Guard, client_id: str, why: str, out: Out) -> Guard:
    out.do(Cancel(guard.key.symbol, client_id, why))
    out.journal("cancel", client_id=client_id, why=why)
    return replace(guard, step=Cancelling(client_id))


def _warn(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk) -> None:
    """Raise what a decision can't solve by an order; end what no longer holds."""
    subject = position_subject(guard.key)
    if isinstance(decision, Hold) and not decision.known:
        return  # what is not known is no better than it was
    kind = decision.kind if isinstance(decision, Warn) else ""
    who = words.name(risk.position)
    if isinstance(decision, Hold) and decision.fine:
        desk.fall(f"refused|{subject}", (f"OK · {who} · no stop is missing any more · {shield.account}", decision.why))
    for other in WARNINGS:
        if other != kind:
            desk.fall(f"{other}|{subject}", (f"OK · {who} · {_TITLES[other].lower()}: no longer · {shield.account}",))
    if not isinstance(decision, Warn):
        return
    market = shield.markets.get(risk.position.symbol)
    how = words.distance_words(risk.liquidation_distance, short=True)
    level = Level.WARN if kind == "dust" else Level.CRITICAL
    lines = [
        f"{words.LEVEL_NAMES[level]} · {who} {how} · {_TITLES[kind]} · {shield.account}",
        words.liquidation_line(risk, market, shield.venue),
        f'{decision.why} (rule "{decision.rule}")',
    ]
    if decision.halfway is not None:
        lines.append(f"Halfway to liquidation would be {words.price(decision.halfway, market)}: yours to place.")
    lines.append("I send nothing.")
    desk.stand(f"{kind}|{subject}", level, lines)


_TITLES = {
    "past": "THE STOP'S PLACE IS PASSED",
    "unsafe": "NO SAFE PLACE FOR A STOP",
    "dust": "TOO SMALL FOR A STOP",
    "removed": "NO STOP, TAKEN AWAY TWICE",
}
