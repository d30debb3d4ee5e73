"""Proposals of one guard: shown, answered, left unanswered. None of it sends by itself; it says what is to be sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk, buttons_of
from watchdog.domain.effects import Level, Reply
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import handle
from watchdog.domain.reading import Known
from watchdog.protection.decide import SMALLEST_MOVE, Decision, DoCancel, DoPlace, Hold, Warn, is_clear
from watchdog.protection.guard import Guard
from watchdog.protection.proposal import STILL, Kind, Proposal, Tap, moved, worse
from watchdog.protection.question import button, fill_of, offer_of, question_lines
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode

MAY_GO_UNANSWERED = frozenset({Kind.STOP, Kind.PAST})
"""What `no_answer` may send: never what the owner took away, never a stop further from the mark."""


@dataclass(frozen=True, slots=True)
class Yes:
    """What is to be sent now, and on whose word."""

    place: DoPlace
    why: str


def shown(
    shield: Shield, guard: Guard, risk: PositionRisk, kind: Kind, offer: DoPlace, alert: str, now: Instant
) -> Guard:
    """The guard once a message has shown this offer: with a new proposal, or the one there is if it is the same."""
    order, before = offer.order, guard.proposal
    mark = risk.mark.value if isinstance(risk.mark, Known) else order.trigger_price
    fee = shield.markets[order.symbol].taker_fee
    fill = fill_of(risk.position, order.size, order.trigger_price, fee)
    proposal = Proposal(
        id="",
        kind=kind,
        rule=offer.rule,
        side=order.order_side,
        size=order.size,
        trigger=order.trigger_price,
        replaces=offer.replaces,
        mark=mark,
        fill=fill,
        shown=now.wall,
        alert=alert,
        sends_at=_sends_at(shield, before, kind, offer, fill, now),
    )
    plan = proposal.plan(guard.key)
    if before is not None and before.plan(guard.key) == plan and now.wall < before.expires:
        return replace(guard, proposal=replace(proposal, id=before.id))
    at = words.clock_time(now.wall, shield.zone)
    over = guard.end_proposal(f"a newer plan was shown at {at}")
    identity = handle(f"{shield.account}|{plan}|{now.wall:.3f}")
    return replace(over, proposal=replace(proposal, id=identity))


def _sends_at(
    shield: Shield, before: Proposal | None, kind: Kind, offer: DoPlace, fill: Decimal, now: Instant
) -> float | None:
    """When it goes unanswered. Said again, and no worse than before, the time runs on; else it begins anew."""
    rule = shield.rule(offer.rule)
    if rule is None or rule.stop is None or rule.stop.no_answer is None or kind not in MAY_GO_UNANSWERED:
        return None
    runs = before is not None and before.kind is kind and before.replaces == offer.replaces
    if before is not None and runs and before.sends_at is not None and not worse(before, offer.order.size, fill):
        return before.sends_at
    return now.wall + rule.stop.no_answer


def review(shield: Shield, guard: Guard) -> Guard:
    """End a proposal that the rules in force do not make any more."""
    proposal = guard.proposal
    if proposal is None or shield.mode_of(shield.rule(proposal.rule)) >= Mode.ASK:
        return guard
    gone = shield.rule(proposal.rule) is None
    return guard.end_proposal(f'rule "{proposal.rule}" is gone' if gone else 'its mode is "watch" now')


def answered(
    shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, out: Out, now: Instant
) -> tuple[Guard, Yes | None]:
    """What becomes of a yes once a read that began after it is here, or of a proposal that nobody answered in time."""
    proposal, tap = guard.proposal, guard.tap
    if tap is not None:
        if proposal is None or proposal.id != tap.proposal:
            return _no(guard, tap, out, over(guard, tap.proposal)), None
        if shield.read_began <= tap.at or shield.leave.passing:
            return guard, None
        return _tapped(shield, guard, proposal, tap, risk, desk, out, now)
    if proposal is None or proposal.sends_at is None or now.wall < proposal.sends_at:
        return guard, None
    if not shield.leave.given or now.mono < guard.next_try or (isinstance(decision, Hold) and not decision.known):
        return guard, None
    return _unanswered(shield, guard, proposal, risk, decision, desk, now)


def over(guard: Guard, identity: str) -> str:
    """Why nothing is sent for a proposal that is over."""
    return next((one.words for one in guard.ended if one.id == identity), "it is over")


def _no(guard: Guard, tap: Tap, out: Out, why: str) -> Guard:
    out.do(Reply(tap.reply_to, f"Nothing was sent: {why}.", ok=False))
    return replace(guard, tap=None)


def _tapped(
    shield: Shield, guard: Guard, proposal: Proposal, tap: Tap, risk: PositionRisk, desk: Desk, out: Out, now: Instant
) -> tuple[Guard, Yes | None]:
    if not shield.leave.given:
        return _no(guard, tap, out, shield.leave.why_not), None
    decision = shield.decision(wanting(guard, proposal.rule), risk, desk, now.mono)
    asked = offer_of(decision)
    if asked is None:
        return _nothing_to_send(guard, tap, decision, out), None
    kind, offer = asked
    offer = _as_shown(shield, guard, proposal, offer, risk, desk)
    why_not = _outdated(shield, proposal, offer, risk, tap)
    if why_not:
        guard = _anew(shield, guard, risk, (kind, offer, decision), why_not, desk, now)
        return _no(guard, tap, out, f"{why_not}. I ask anew, with the plan as it is now"), None
    at = words.clock_time(tap.wall, shield.zone).split()[0]
    by = f" ({tap.by})" if tap.by else ""
    price = words.price(offer.order.trigger_price, shield.markets.get(guard.key.symbol))
    size = words.size(offer.order.size)
    out.do(Reply(tap.reply_to, f"I send the stop {price} for {size} now, and tell you once it rests."))
    sent = guard.end_proposal(f"I sent it at {words.clock_time(now.wall, shield.zone)}{by}", sent=True)
    return replace(sent, tap=None), Yes(offer, f'rule "{proposal.rule}", you tapped {at}{by}')


def _nothing_to_send(guard: Guard, tap: Tap, decision: Decision, out: Out) -> Guard:
    match decision:
        case DoCancel():
            return guard  # that goes first, and is read back: the yes waits
        case DoPlace():
            out.do(Reply(tap.reply_to, "By the rules in force I place a stop by myself."))
            return replace(guard.end_proposal("by the rules in force I place it by myself"), tap=None)
        case Hold(known=False, why=why):
            return _no(guard, tap, out, why)
        case Hold(why=why) | Warn(why=why):
            return _no(guard.end_proposal(why), tap, out, why)


def wanting(guard: Guard, rule: str) -> Guard:
    """As if this rule had asked for its stop: who taps its button wants it, whether or not the alert still fires."""
    return replace(guard, wanted=True, asked=(*guard.asked, rule))


def _as_shown(
    shield: Shield, guard: Guard, proposal: Proposal, offer: DoPlace, risk: PositionRisk, desk: Desk
) -> DoPlace:
    """At the very price that was shown, if the place now is next to it and that price is as clear."""
    rule = shield.rule(offer.rule)
    ground = shield.ground(guard, risk, desk, Mode.ASK)
    if isinstance(ground, Hold) or rule is None or rule.stop is None:
        return offer
    near = abs(offer.order.trigger_price - proposal.trigger) <= SMALLEST_MOVE * ground.mark
    if not near or not is_clear(ground, rule.stop, proposal.trigger):
        return offer
    return replace(offer, order=replace(offer.order, trigger_price=proposal.trigger))


def _outdated(shield: Shield, proposal: Proposal, offer: DoPlace, risk: PositionRisk, tap: Tap | None) -> str:
    """Why the plan as it is now is not what was shown; `tap` None: nobody answered, and only a worse plan counts."""
    order = offer.order
    fill = fill_of(risk.position, order.size, order.trigger_price, shield.markets[order.symbol].taker_fee)
    if tap is not None and tap.wall >= proposal.expires:
        return "it was shown more than a minute before"
    if order.order_side is not proposal.side:
        return "the position was turned round"
    if tap is not None and isinstance(risk.mark, Known) and (why := moved(proposal, risk.mark.value)):
        return why
    if tap is not None and abs(order.trigger_price - proposal.trigger) > STILL * proposal.mark:
        return f"its place is {words.price(order.trigger_price, shield.markets.get(order.symbol))} by now"
    return worse(proposal, order.size, fill)


def _anew(
    shield: Shield,
    guard: Guard,
    risk: PositionRisk,
    asked: tuple[Kind, DoPlace, Decision],
    why: str,
    desk: Desk,
    now: Instant,
) -> Guard:
    """The plan as it is now, asked about with a sound."""
    kind, offer, decision = asked
    alert = "" if guard.proposal is None else guard.proposal.alert
    guard = shown(shield, guard.end_proposal(f"the plan was shown anew: {why}"), risk, kind, offer, alert, now)
    proposal = guard.proposal
    assert proposal is not None  # noqa: S101  (just shown)
    position = risk.position
    how = words.distance_words(risk.liquidation_distance, short=True)
    lines = (
        f"ASKED ANEW · {words.name(position)} {how} · {shield.account}",
        f"Nothing was sent: {why}.",
        words.liquidation_line(risk, shield.markets.get(position.symbol), shield.venue),
        *question_lines(shield, risk, proposal, decision),
    )
    firing = desk.get(alert) if alert else None
    told = firing is not None and firing.firing
    desk.tell(
        f"asked|{proposal.id}",
        Level.CRITICAL,
        lines,
        sound=True,
        event="asked",
        buttons=(button(shield, guard.key, proposal), *(buttons_of(shield.account, firing) if firing and told else ())),
        channels=firing.heard if firing is not None and told else (),
        alert=alert if told else "",
    )
    return guard


def _unanswered(
    shield: Shield, guard: Guard, proposal: Proposal, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant
) -> tuple[Guard, Yes | None]:
    """Its time without an answer is over. The mark may have moved: that is what the time was given for."""
    asked = offer_of(decision)
    if asked is None or asked[0] not in MAY_GO_UNANSWERED:
        return guard.unhurried(), None
    kind, offer = asked
    offer = _as_shown(shield, guard, proposal, offer, risk, desk)
    why_not = _outdated(shield, proposal, offer, risk, None)
    if why_not:
        return _anew(shield, guard, risk, (kind, offer, decision), why_not, desk, now), None
    at = words.clock_time(now.wall, shield.zone)
    sent = guard.end_proposal(f"nobody answered, and I sent it at {at}", sent=True)
    return sent, Yes(offer, f'rule "{proposal.rule}", nobody answered by {at.split()[0]}')
