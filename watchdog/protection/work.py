"""The guards of one account at work: what each asks for now, and what is told of it.

Only here do decisions become effects. Whether anything may be sent is decided once, in `Leave`.
"""

from __future__ import annotations

from functools import partial

from watchdog.alerts.desk import Desk
from watchdog.alerts.view import position_subject
from watchdog.domain.changed import replace
from watchdog.domain.effects import Cancel, Place, Reply
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits
from watchdog.domain.position import StopOrder
from watchdog.domain.reading import Known
from watchdog.protection.asking import answered, in_force, review
from watchdog.protection.decide import HOUR, DoCancel, DoPlace
from watchdog.protection.guard import Cancelling, Doubt, Guard, Sending, guard_key, to_json
from watchdog.protection.outcome import Lost, next_effect
from watchdog.protection.say import refused_anew, tell
from watchdog.protection.shield import Shield
from watchdog.protection.standing import warn
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode


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
    _reword(shield, guard, risk, desk, now)
    guard, effect = next_effect(guard, position_id, partial(_still_right, shield, risk, vanished=vanished), now.mono)
    if effect is None and isinstance(before.step, Doubt) and guard.step is None:
        order = before.step.order
        lost = Lost(order, _wrong(shield, risk, order, vanished=vanished) or "")
        tell(shield, guard, risk, lost, desk, out, now, open_position=risk is not None)
    if effect is not None:
        out.do(effect)
    elif not vanished and guard.step is None and shield.usable and shield.read_began > guard.fresh_after:
        guard = _decide(shield, guard, risk, desk, out, now)
    if guard is not before and (text := to_json(guard)) != to_json(before):
        out.keep("guard", guard_key(guard.key), text)
    return guard


def _reword(shield: Shield, guard: Guard, risk: PositionRisk | None, desk: Desk, now: Instant) -> None:
    """What a refused stop says when it is said again: the figures of now, as long as they are known."""
    alert = desk.get(f"refused|{position_subject(guard.key)}")
    if alert.firing and risk is not None and shield.usable and not shield.doubted(risk.pool):
        lines = refused_anew(shield, guard, risk, alert, now)
        if lines is not None:
            desk.refresh(alert.key, lines)


def _still_right(shield: Shield, risk: PositionRisk | None, order: StopOrder, *, vanished: bool) -> bool | None:
    """Whether an order that left no trace may be sent once more; None: the next read will tell."""
    wrong = _wrong(shield, risk, order, vanished=vanished)
    return None if wrong is None else not wrong


def _wrong(shield: Shield, risk: PositionRisk | None, order: StopOrder, *, vanished: bool) -> str | None:
    """Why it is not as right for the position as on the first day; empty: it is; None: that is not known now."""
    if vanished or shield.leave.passing:
        return None
    if not shield.leave.given:
        return shield.leave.why_not
    if risk is None:
        return "its position is closed"
    position = risk.position
    if order.order_side is not position.side.closing:
        return "the position was turned round"
    if order.size > position.size:
        return "the position is smaller by now"
    if not isinstance(risk.mark, Known):
        return None
    return "" if (risk.mark.value - order.trigger_price) * position.side.sign > 0 else "the mark has passed it"


def _decide(shield: Shield, guard: Guard, risk: PositionRisk | None, desk: Desk, out: Out, now: Instant) -> Guard:
    if risk is None:
        return _clear_up(shield, guard, out, now)
    guard = review(shield, guard)
    decision = shield.decision(guard, risk, desk, now.mono)
    guard = in_force(shield, guard, risk, decision, desk, now)
    guard, yes = answered(shield, guard, risk, decision, desk, out, now)
    if yes is not None:
        return _send(shield, guard, risk, yes.place, yes.why, desk, out, now)
    guard = warn(shield, guard, risk, decision, desk, now)
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
