"""The guards of one account at work: what each asks for now, and what is told of it.

Only here do decisions become effects. Whether anything may be sent is decided once, in `Leave`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import alert_key, notional_of, position_subject
from watchdog.domain.effects import Cancel, Level, Place
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.market import Market
from watchdog.domain.position import OrderSide, PositionKey, Side, Stop
from watchdog.domain.reading import Known
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Situation, Warn, decide
from watchdog.protection.guard import Cancelling, Guard, Sending, guard_key, to_json
from watchdog.protection.outcome import Gone, Notice, Refused, Rests, next_effect
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
    stops: tuple[Stop, ...]
    markets: Mapping[str, Market]
    read_began: float
    """Monotonic time at which the snapshot's read began."""
    read_wall: float

    def ours(self, key: PositionKey) -> tuple[Stop, ...]:
        """The stops that this installation placed for this position."""
        digits = position_digits(self.account, key)
        return tuple(
            stop
            for stop in self.stops
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
        keep_up = guard.wanted or bool(self.ours(guard.key))
        asking = []
        for rule in self.rules.rules:
            if rule.stop is None or not selects(rule, subject):
                continue
            if self.rules.mode_for(self.account, self.cap, rule) < least:
                continue
            level = desk.get(alert_key(rule, position_subject(guard.key))).level
            if keep_up or (level is not None and level >= rule.stop.when):
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
        market = self.markets.get(risk.position.symbol)
        if market is None or not isinstance(risk.mark, Known):
            return Hold("the market or its mark price is not known")
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
    may_send = shield.leave.given and risk is not None
    largest = risk.position.size if may_send and risk is not None else None
    position_id = (shield.installation, position_digits(shield.account, guard.key))
    before = guard
    guard, effect = next_effect(guard, position_id, largest, now.mono)
    if effect is not None:
        out.do(effect)
    elif not vanished and guard.step is None and shield.read_began > guard.fresh_after:
        guard = _decide(shield, guard, risk, desk, out, now)
    if to_json(guard) != to_json(before):
        out.keep("guard", guard_key(guard.key), to_json(guard))
    return guard


def _decide(shield: Shield, guard: Guard, risk: PositionRisk | None, desk: Desk, out: Out, now: Instant) -> Guard:
    if risk is None:
        return _clear_up(shield, guard, out)
    decision = shield.decision(guard, risk, desk, now.mono)
    _warn(shield, guard, risk, decision, desk)
    if not shield.leave.given or now.mono < guard.next_try:
        return guard
    match decision:
        case DoPlace(order=order, why=why, capped=capped, replaces=replaces):
            out.do(Place(order, why))
            out.journal(
                "place", order=_order_words(order), why=why, replaces=replaces, liquidation=risk.liquidation_near
            )
            return replace(
                guard,
                generation=guard.generation + 1,
                step=Sending(order),
                wanted=True,
                why=why,
                moves=(*guard.moves[-99:], now.mono) if capped else guard.moves,
            ).reserve()
        case DoCancel(client_id=client_id, why=why):
            return _cancel(guard, client_id, why, out)
        case _:
            return guard


def _clear_up(shield: Shield, guard: Guard, out: Out) -> Guard:
    """The position is closed: our stop goes with it."""
    ours = shield.ours(guard.key)
    if ours and shield.leave.given:
        return _cancel(guard, ours[0].client_id, "its position is closed", out)
    if not ours and (guard.wanted or guard.removed or guard.resting):
        return replace(guard, wanted=False, removed=0, resting=None, refusals=0, next_try=0.0, moves=())
    return guard


def _cancel(guard: Guard, client_id: str, why: str, out: Out) -> Guard:
    out.do(Cancel(guard.key.symbol, client_id, why))
    out.journal("cancel", client_id=client_id, why=why)
    return replace(guard, step=Cancelling(client_id, sent=True))


def _order_words(order: object) -> str:
    return str(order)


def _warn(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk) -> None:
    """Raise what a decision can't solve by an order; end what no longer holds."""
    subject = position_subject(guard.key)
    kind = decision.kind if isinstance(decision, Warn) else ""
    who = words.name(risk.position)
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


def intent(shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, mono: float) -> str:
    """What will be done about a position, as the sentence of a message."""
    if rule.stop is None or level < rule.stop.when:
        return "I do nothing."
    if shield.rules.mode_for(shield.account, shield.cap, rule) < Mode.ACT:
        return 'I send nothing: mode is "watch".'
    if not shield.leave.given:
        return f"I send nothing: {shield.leave.why_not}."
    decision = shield.decision(replace(guard, wanted=True), risk, desk, mono)
    market = shield.markets.get(risk.position.symbol)
    match decision:
        case DoPlace(order=order):
            where = words.price(order.trigger_price, market)
            return f"I place a stop at {where} on mark now, {words.size(order.size)}, reduce-only."
        case Hold(why=why) | DoCancel(why=why):
            return f"I send nothing: {why}."
        case Warn(why=why):
            return f"I send nothing: {why}."


def tell(
    shield: Shield, guard: Guard, risk: PositionRisk | None, notice: Notice, desk: Desk, out: Out, now: Instant
) -> None:
    """Say what happened to a stop of ours."""
    subject = position_subject(guard.key)
    market = shield.markets.get(guard.key.symbol)
    who = words.name(risk.position) if risk is not None else guard.key.symbol.split("/", maxsplit=1)[0]
    venue = words.venue_name(shield.venue)
    match notice:
        case Rests(order=order):
            desk.fall(f"refused|{subject}", (f"OK · {who} · a stop rests after all · {shield.account}",))
            where = words.price(order.trigger_price, market)
            lines = [f"DONE · {who} · STOP {where} RESTS · {shield.account}"]
            if risk is not None:
                lines += _rests_lines(shield, guard, risk, order.size, order.trigger_price, market)
            lines.append("Move or cancel it freely: I won't fight you.")
            first = not guard.moves and guard.generation <= 1
            desk.tell(f"rests|{order.client_id}", Level.CRITICAL, lines, sound=first)
            out.journal("rests", order=_order_words(order))
        case Refused(order=order, code=code, message=message, would_trigger=would_trigger):
            out.journal("refused", order=_order_words(order), code=code, message=message)
            if risk is None:
                return
            how = words.distance_words(risk.liquidation_distance, short=True)
            why = "would trigger at once" if would_trigger else message
            again = words.clock_time(now.wall + guard.next_try - now.mono, shield.zone)
            lines = [
                f"EMERGENCY · {who} {how} · STOP REFUSED · {shield.account}",
                f"{venue}: {why} ({code})",
                words.liquidation_line(risk, market, shield.venue),
                f"It was {words.size(order.size)} at {words.price(order.trigger_price, market)} on mark",
                f"I did NOT sell. I try again from {again}.",
            ]
            desk.stand(f"refused|{subject}", Level.EMERGENCY, lines)
        case Gone(client_id=client_id, status=status):
            out.journal("gone", client_id=client_id, status=status)
            desk.tell(f"gone|{client_id}", Level.CRITICAL, _gone_lines(shield, guard, notice, market))


def _rests_lines(
    shield: Shield, guard: Guard, risk: PositionRisk, size: Decimal, trigger: Decimal, market: Market | None
) -> list[str]:
    position = risk.position
    read_at = words.clock_time(shield.read_wall, shield.zone).split()[0]
    lines = [
        f"Read back {read_at}: mark, reduce-only, {words.size(size)} of {words.size(position.size)}",
        f"Why: {guard.why}",
    ]
    fee = Decimal(0) if market is None else market.taker_fee
    loss = words.money(words.loss_at(position, trigger, fee), position.margin_asset)
    if isinstance(risk.mark, Known) and isinstance(risk.liquidation_near, Known):
        from_mark = words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
        from_liquidation = words.percent(abs(trigger - risk.liquidation_near.value) / risk.liquidation_near.value)
        lines.append(f"{from_mark} from mark, {from_liquidation} before liq. Fills: about {loss}")
    else:
        lines.append(f"Fills: about {loss}")
    return lines


def _gone_lines(shield: Shield, guard: Guard, gone: Gone, market: Market | None) -> list[str]:
    order = gone.order
    who = guard.key.symbol.split("/", maxsplit=1)[0]
    where = "" if order is None else f" {words.price(order.trigger_price, market)}"
    if order is not None:
        who += f" {Side.LONG if order.order_side is OrderSide.SELL else Side.SHORT} {words.size(order.size)}"
    says = f"{words.venue_name(shield.venue)} says {gone.status}"
    if gone.by_hand and guard.hands_off:
        after = "It was taken away twice: I place no more here until `watchdog arm`."
        return [f"STOP GONE · {who} · {shield.account}", f"My stop{where} no longer rests: {says}", after]
    if gone.by_hand:
        after = "Not by me: I place it once more. Take it away again and I leave it."
        return [f"STOP GONE · {who} · {shield.account}", f"My stop{where} no longer rests: {says}", after]
    if gone.triggered:
        return [f"STOP TRIGGERED · {who} · {shield.account}", f"My stop{where} has done its work: {says}"]
    after = "Not by you, not by me: I place it again."
    return [f"STOP GONE · {who} · {shield.account}", f"My stop{where} no longer rests: {says}", after]
