"""The guards of one account at work: what each asks for now, and what is told of it.

Only here do decisions become effects. Whether anything may be sent is decided once, in `Leave`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

from watchdog.alerts import words
from watchdog.alerts.desk import REMIND, Desk, reminder_due
from watchdog.alerts.view import position_subject
from watchdog.domain.effects import Button, Cancel, Level, Place, Reply
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits
from watchdog.domain.position import StopOrder
from watchdog.domain.reading import Known
from watchdog.protection.asking import answered, review, shown
from watchdog.protection.decide import HOUR, SMALLEST_LOOSENING, Decision, DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Cancelling, Guard, Sending, guard_key, to_json
from watchdog.protection.outcome import next_effect
from watchdog.protection.proposal import Kind
from watchdog.protection.question import button, offer_of, question_lines, stops_of
from watchdog.protection.shield import WARNINGS, Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode

GROWN = Decimal("1.05")
"""A standing question is asked anew when what it is about has grown to more than this multiple of it."""


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
    if guard is not before and (text := to_json(guard)) != to_json(before):
        out.keep("guard", guard_key(guard.key), text)
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
    guard = review(shield, guard)
    decision = shield.decision(guard, risk, desk, now.mono)
    guard, yes = answered(shield, guard, risk, decision, desk, out, now)
    if yes is not None:
        return _send(shield, guard, risk, yes.place, yes.why, desk, out, now)
    guard = _warn(shield, guard, risk, decision, desk, now)
    if not shield.leave.given:
        return guard
    match decision:
        case DoPlace(ask=False, why=why) if now.mono >= guard.next_try:
            return _send(shield, guard, risk, decision, why, desk, out, now)
        case DoCancel(client_id=client_id, why=why) if now.mono >= guard.next_cancel:
            return _cancel(guard, client_id, why, out)
        case _:
            return guard


def _send(
    shield: Shield, guard: Guard, risk: PositionRisk, place: DoPlace, why: str, desk: Desk, out: Out, now: Instant
) -> Guard:
    order = place.order
    out.do(Place(order, why))
    out.journal("place", order=str(order), why=why, replaces=place.replaces, liquidation=risk.liquidation_near)
    kept = (place.rule, *guard.asked)
    asked = [
        rule.name
        for rule in shield.asking(risk, replace(guard, wanted=True, asked=kept), desk, Mode.ASK)
        if rule.name in kept or shield.mode_of(rule) is Mode.ACT
    ]
    recent = tuple(at for at in guard.moves if now.mono - at < HOUR)
    return replace(
        guard,
        generation=guard.generation + 1,
        step=Sending(order),
        wanted=True,
        asked=tuple(asked),
        why=why,
        moves=(*recent, now.mono) if place.capped else guard.moves,
    ).reserve()


def _clear_up(shield: Shield, guard: Guard, out: Out, now: Instant) -> Guard:
    """The position is closed: our stop goes with it."""
    if guard.tap is not None:
        out.do(Reply(guard.tap.reply_to, "Nothing was sent: the position is closed.", ok=False))
        guard = replace(guard, tap=None)
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


def _warn(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant) -> Guard:
    """Raise what a decision can't solve by an order of ours alone, and ask; end what no longer holds."""
    subject = position_subject(guard.key)
    if isinstance(decision, Hold) and not decision.known:
        return guard  # what is not known is no better than it was
    asked = offer_of(decision)
    loosen = asked is not None and asked[0] is Kind.LOOSEN
    stands = decision.kind if isinstance(decision, Warn) else "ask" if asked is not None and not loosen else ""
    who = words.name(risk.position)
    if isinstance(decision, Hold) and decision.fine:
        desk.fall(f"refused|{subject}", (f"OK · {who} · no stop is missing any more · {shield.account}", decision.why))
    for other in WARNINGS:
        if other != stands and f"{other}|{subject}" in desk.alerts:
            desk.fall(f"{other}|{subject}", (f"OK · {who} · {_TITLES[other].lower()}: no longer · {shield.account}",))
    if asked is None or loosen:
        guard = guard.unhurried()
    if loosen:
        return _offer_loosening(shield, guard, risk, decision, desk, now)
    if not stands:
        return guard
    return _stand(shield, guard, risk, decision, stands, desk, now)


def _stand(
    shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, stands: str, desk: Desk, now: Instant
) -> Guard:
    """Say what stands in the way, and ask for a yes where there is something to say yes to.

    Nothing more is said where the alert of a rule has shown the same question and still fires.
    """
    asked = offer_of(decision)
    key = f"{stands}|{position_subject(guard.key)}"
    alert, before = desk.get(key), guard.proposal
    level = Level.CRITICAL
    if stands == "dust" or (isinstance(decision, DoPlace) and not decision.urgent):
        level = Level.WARN
    if stands == "ask" and (not shield.may_ask or now.mono < guard.next_try):
        return guard
    if asked is not None and before is not None and before.kind is asked[0] and before.alert != key:
        if desk.get(before.alert).firing:
            if stands != "ask":
                desk.stand_quietly(key, level, _lines(shield, guard, risk, decision, stands, level))
            return guard
        if alert.said is None:  # it was never said: the alert that said it is over
            desk.drop(key)
            alert = desk.get(key)
    due = reminder_due(alert, REMIND)
    again = asked is not None and due is not None and due <= now.mono
    again = again or (alert.owed and not desk.silent(alert))
    grown = asked is not None and before is not None and asked[1].order.size > GROWN * before.size
    grown = grown and before is not None and now.wall >= before.expires
    louder = alert.level is None or alert.level < level
    if guard.tap is not None or not (louder or again or grown):
        return guard
    taps: tuple[Button, ...] = ()
    if asked is not None and shield.may_ask:
        guard = shown(shield, guard, risk, *asked, key, now)
        taps = () if guard.proposal is None else (button(shield, guard.key, guard.proposal),)
    lines = _lines(shield, guard, risk, decision, stands, level, asks=bool(taps))
    if louder:
        desk.stand(key, level, lines, taps)
    else:
        desk.again(key, lines, taps)
    return guard


def _lines(
    shield: Shield,
    guard: Guard,
    risk: PositionRisk,
    decision: Decision,
    stands: str,
    level: Level,
    *,
    asks: bool = False,
) -> list[str]:
    how = words.distance_words(risk.liquidation_distance, short=True)
    title = words.stops_head(stops_of(risk), risk.stop_coverage) if stands == "ask" else _TITLES[stands]
    lines = [
        f"{words.LEVEL_NAMES[level]} · {words.name(risk.position)} {how} · {title} · {shield.account}",
        words.liquidation_line(risk, shield.markets.get(risk.position.symbol), shield.venue),
    ]
    rule = getattr(decision, "rule", "")
    lines.append(f'{decision.why} (rule "{rule}")' if isinstance(decision, Warn) else decision.why)
    if asks and guard.proposal is not None:
        return [*lines, *question_lines(shield, risk, guard.proposal, decision, why=False)]
    return [*lines, f"I send nothing{_why_not(shield)}."]


def _why_not(shield: Shield) -> str:
    """Finishes "I send nothing", where more than the decision itself is in the way."""
    if not shield.leave.given and not shield.leave.passing:
        return f": {shield.leave.why_not}"
    return "" if shield.can_trade else ": the key of this account can't trade"


def _offer_loosening(
    shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant
) -> Guard:
    """Each place once, without a sound; not while another question is open."""
    asked, before = offer_of(decision), guard.proposal
    if asked is None or not shield.may_ask or guard.tap is not None or not isinstance(risk.mark, Known):
        return guard
    if before is not None and before.kind is not Kind.LOOSEN and now.wall < before.expires:
        return guard
    kind, offer = asked
    place = offer.order.trigger_price
    if guard.offered is not None and abs(guard.offered - place) <= SMALLEST_LOOSENING * risk.mark.value:
        return guard
    guard = replace(shown(shield, guard, risk, kind, offer, "", now), offered=place)
    proposal = guard.proposal
    assert proposal is not None  # noqa: S101  (just shown)
    market = shield.markets.get(guard.key.symbol)
    resting = next((stop for stop in shield.ours(guard.key) if stop.client_id == offer.replaces), None)
    at = "" if resting is None else f" {words.price(resting.trigger_price, market)}"
    lines = (
        f"WARN · {words.name(risk.position)} · STOP{at} MAY BE LOOSENED · {shield.account}",
        words.liquidation_line(risk, market, shield.venue),
        *question_lines(shield, risk, proposal, decision),
    )
    taps = (button(shield, guard.key, proposal),)
    desk.tell(f"offer|{proposal.id}", Level.WARN, lines, event="asked", buttons=taps)
    return guard


_TITLES = {
    "past": "THE STOP'S PLACE IS PASSED",
    "unsafe": "NO SAFE PLACE FOR A STOP",
    "dust": "TOO SMALL FOR A STOP",
    "removed": "NO STOP, TAKEN AWAY TWICE",
    "ask": "A STOP WAITS FOR YOUR WORD",
}
