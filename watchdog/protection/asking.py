"""Proposals of one guard: shown, answered, left unanswered. None of it sends by itself; it says what is to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.alerts import words
from watchdog.alerts.desk import Desk, buttons_of
from watchdog.domain.changed import replace
from watchdog.domain.effects import Level, Reply
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import handle
from watchdog.domain.reading import Known
from watchdog.protection.decide import SMALLEST_MOVE, Decision, DoCancel, DoPlace, Hold, Warn, as_shown
from watchdog.protection.guard import Guard
from watchdog.protection.proposal import MAY_GO_UNANSWERED, STILL, Kind, Proposal, Question, Tap, moved, worse
from watchdog.protection.question import button, fill_of, offer_of, question_lines
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode

LONGEST_OVERDUE = 600.0
"""A question whose time is over goes as soon as it can: a read is wanted, no place is safe. After so many seconds more
it does not, and its owner is given another time."""


@dataclass(frozen=True, slots=True)
class Yes:
    """What is to be sent now, and on whose word."""

    place: DoPlace
    why: str


def shown(
    shield: Shield, guard: Guard, risk: PositionRisk, kind: Kind, offer: DoPlace, alert: str, now: Instant
) -> Guard:
    """The guard once a message has shown this offer: with a new plan, or the one there is if it is the same."""
    order, before = offer.order, guard.proposal
    mark = risk.mark.value if isinstance(risk.mark, Known) else order.trigger_price
    fee = shield.markets[order.symbol].taker_fee
    proposal = Proposal(
        id="",
        kind=kind,
        rule=offer.rule,
        side=order.order_side,
        size=order.size,
        trigger=order.trigger_price,
        replaces=offer.replaces,
        mark=mark,
        fill=fill_of(risk.position, order.size, order.trigger_price, fee),
        shown=now,
        alert=alert,
        question=_question(shield, guard, risk, kind, offer, now),
    )
    plan = proposal.plan(guard.key)
    if before is not None and before.plan(guard.key) == plan and not before.expired(now):
        return guard.shows(replace(proposal, id=before.id), "", now)
    identity = handle(f"{shield.account}|{plan}|{now.wall:.3f}")
    at = words.clock_time(now.wall, shield.zone)
    return guard.shows(replace(proposal, id=identity), f"a newer plan was shown at {at}", now)


def given(shield: Shield, kind: Kind, rule: str) -> float | None:
    """The seconds without an answer after which a stop of this rule goes; None: it does not.

    While the account is new to `act` nothing is to go by itself, nor so.
    """
    named = shield.rule(rule)
    if named is None or named.stop is None or kind not in MAY_GO_UNANSWERED or shield.acts_later(named):
        return None
    return named.stop.no_answer


def other(guard: Guard, risk: PositionRisk, kind: Kind, offer: DoPlace) -> str:
    """Why an offer is not what the open question is about, in words; empty when it is."""
    if guard.proposal is None:
        return "nothing is asked"
    return guard.proposal.question.other(Question.about(kind, risk.position, offer.order, offer.replaces))


def is_asked(shield: Shield, guard: Guard, risk: PositionRisk, kind: Kind, offer: DoPlace) -> bool:
    """Whether a message has asked this, and its owner's time still runs where the rule gives one."""
    if guard.proposal is None or other(guard, risk, kind, offer):
        return False
    return given(shield, kind, offer.rule) is None or guard.proposal.sends_at is not None


def _question(shield: Shield, guard: Guard, risk: PositionRisk, kind: Kind, offer: DoPlace, now: Instant) -> Question:
    """The one that is open, with the time it has; or another, which gets its own."""
    seconds = given(shield, kind, offer.rule)
    if guard.proposal is not None and not other(guard, risk, kind, offer):
        question = guard.proposal.question
        if question.sends_at is not None:
            return _timed(question, seconds, now)
    else:
        question = Question.about(kind, risk.position, offer.order, offer.replaces)
    if seconds is None:
        return question
    return replace(question, given=seconds, sends_at=Instant(now.mono + seconds, now.wall + seconds))


def _timed(question: Question, seconds: float | None, now: Instant) -> Question:
    """A question whose time runs, by a rule that gives so many seconds now.

    A longer time is added to; a shorter one counts from now, and never beyond what was promised.
    """
    sends_at, before = question.sends_at, question.given or 0.0
    if sends_at is None or seconds == question.given:
        return question
    if seconds is None:
        return replace(question, given=None, sends_at=None)
    left = sends_at.mono - now.mono
    left = left + seconds - before if seconds > before else min(left, seconds)
    return replace(question, given=seconds, sends_at=Instant(now.mono + left, now.wall + left))


def review(shield: Shield, guard: Guard) -> Guard:
    """End a proposal that the rules in force do not make any more."""
    proposal = guard.proposal
    if proposal is None or shield.mode_of(shield.rule(proposal.rule)) >= Mode.ASK:
        return guard
    gone = shield.rule(proposal.rule) is None
    return guard.end_proposal(f'rule "{proposal.rule}" is gone' if gone else 'its mode is "watch" now')


def in_force(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant) -> Guard:
    """With the time without an answer that the rules in force give: where they changed it, that is said."""
    proposal = guard.proposal
    if proposal is None:
        return guard
    question = _timed(proposal.question, given(shield, proposal.kind, proposal.rule), now)
    if question is proposal.question:
        return guard
    proposal = replace(proposal, question=question)
    head = f"WARN · {words.name(risk.position)} · YOUR RULES CHANGED AN OPEN QUESTION · {shield.account}"
    lines = (head, *question_lines(shield, risk, proposal, decision, why=False))
    taps = (button(shield, guard.key, proposal),)
    desk.tell(f"in force|{proposal.id}", Level.WARN, lines, event="asked", buttons=taps)
    return replace(guard, proposal=proposal)


def answered(
    shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, out: Out, now: Instant
) -> tuple[Guard, Yes | None]:
    """What becomes of a yes once a read that began after it is here, or of a proposal that nobody answered in time."""
    tap, proposal = guard.tap, guard.proposal
    if tap is not None:
        meant = guard.named(tap.proposal)
        if meant is None:
            return _no(guard, tap, out, over(guard, tap.proposal)), None
        if shield.read_began <= tap.at or shield.leave.passing:
            return guard, None
        return _tapped(shield, guard, meant, tap, risk, decision, desk, out, now)
    if proposal is None or proposal.sends_at is None or now.mono < proposal.sends_at.mono:
        return guard, None
    if now.mono > proposal.sends_at.mono + LONGEST_OVERDUE or not (shield.leave.given or shield.leave.passing):
        return guard.unhurried(), None  # whoever could have answered was told that nothing is sent
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
    shield: Shield,
    guard: Guard,
    proposal: Proposal,
    tap: Tap,
    risk: PositionRisk,
    decision: Decision,
    desk: Desk,
    out: Out,
    now: Instant,
) -> tuple[Guard, Yes | None]:
    if not shield.leave.given:
        return _no(guard, tap, out, shield.leave.why_not), None
    if isinstance(decision, DoPlace) and not decision.ask:
        out.do(Reply(tap.reply_to, "By the rules in force I place a stop by myself."))
        return replace(guard.end_proposal("by the rules in force I place it by myself"), tap=None), None
    wanted = shield.decision(wanting(guard, proposal.rule), risk, desk, now.mono)
    asked = _agreed(shield, guard, proposal, wanted, risk, desk)
    if asked is None:
        return _nothing_to_send(guard, tap, wanted, out), None
    kind, offer = asked
    why_not = _outdated(shield, proposal, offer, risk, Instant(tap.at, tap.wall))
    if why_not:
        guard = _anew(shield, guard, risk, (kind, offer, wanted), why_not, desk, now)
        return _no(guard, tap, out, f"{why_not}. I ask anew, with the plan as it is now"), None
    at = words.clock_time(tap.wall, shield.zone).split()[0]
    by = f" ({tap.by})" if tap.by else ""
    market = shield.markets.get(guard.key.symbol)
    price, size = words.price(offer.order.trigger_price, market), words.size(offer.order.size, market)
    out.do(Reply(tap.reply_to, f"I send the stop {price} for {size} now, and tell you once it rests."))
    sent = guard.end_proposal(f"I sent it at {words.clock_time(now.wall, shield.zone)}{by}", sent=True)
    return replace(sent, tap=None), Yes(offer, f'rule "{proposal.rule}", you tapped {at}{by}')


def _nothing_to_send(guard: Guard, tap: Tap, decision: Decision, out: Out) -> Guard:
    match decision:
        case DoCancel():
            return guard  # that goes first, and is read back: the yes waits
        case Hold(known=True, why=why):
            return _no(guard.end_proposal(why), tap, out, why)
        case _:  # its question stays: what is in the way may go
            return _no(guard, tap, out, decision.why)


def wanting(guard: Guard, rule: str) -> Guard:
    """As if this rule had asked for its stop: who taps its button wants it, whether or not the alert still fires."""
    return replace(guard, wanted=True, asked=(*guard.asked, rule))


def _agreed(
    shield: Shield, guard: Guard, proposal: Proposal, decision: Decision, risk: PositionRisk, desk: Desk
) -> tuple[Kind, DoPlace] | None:
    """What a yes is carried out by: the very price that was shown while it is clear, else the plan as it is now.

    The price that was shown stands where the place now is next to it, and where the mark trembles at the edge of a
    place: then there is another place every second, and none of them is more right than the one that was agreed to.
    """
    asked = (Kind.STOP, decision) if isinstance(decision, DoPlace) else offer_of(decision)
    edge = proposal.kind in MAY_GO_UNANSWERED and isinstance(decision, Warn) and decision.kind in {"past", "unsafe"}
    if asked is None and not edge:
        return None
    wanted = wanting(guard, proposal.rule)
    ground, rule = shield.ground(wanted, risk, desk, Mode.ASK), shield.rule(proposal.rule)
    if isinstance(ground, Hold) or rule is None:
        return asked
    if asked is not None:
        near = abs(asked[1].order.trigger_price - proposal.trigger) <= SMALLEST_MOVE * ground.mark
        turned = asked[0] is not proposal.kind and {asked[0], proposal.kind} <= MAY_GO_UNANSWERED
        if not near and not turned:
            return asked
    same = as_shown(wanted, ground, rule, proposal.trigger, proposal.replaces)
    if same is None or (asked is not None and asked[1].replaces != proposal.replaces):
        return asked
    return (proposal.kind, same) if asked is None else (asked[0], replace(asked[1], order=same.order))


def _outdated(shield: Shield, proposal: Proposal, offer: DoPlace, risk: PositionRisk, tapped: Instant) -> str:
    """Why the plan as it is now is not what was shown, in words; empty when a yes to that is a yes to this."""
    order = offer.order
    fill = fill_of(risk.position, order.size, order.trigger_price, shield.markets[order.symbol].taker_fee)
    if proposal.expired(tapped):
        return "it was shown more than a minute before"
    if order.order_side is not proposal.side:
        return "the position was turned round"
    if isinstance(risk.mark, Known) and (why := moved(proposal, risk.mark.value)):
        return why
    if abs(order.trigger_price - proposal.trigger) > STILL * proposal.mark:
        return f"its place is {words.price(order.trigger_price, shield.markets.get(order.symbol))} by now"
    return worse(proposal, order.size, fill)


def good(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant) -> bool:
    """Whether a yes to the plan shown last would be carried out as it was shown, if it came now."""
    proposal = guard.proposal
    asked = None if proposal is None else _agreed(shield, guard, proposal, decision, risk, desk)
    return proposal is not None and asked is not None and not _outdated(shield, proposal, asked[1], risk, now)


def _anew(
    shield: Shield,
    guard: Guard,
    risk: PositionRisk,
    asked: tuple[Kind, DoPlace, Decision],
    why: str,
    desk: Desk,
    now: Instant,
) -> Guard:
    """The plan as it is now, asked about with a sound: the same question, or another where that is the reason."""
    kind, offer, decision = asked
    before = guard.proposal
    alert = "" if before is None else before.alert
    guard = shown(shield, guard, risk, kind, offer, alert, now)
    proposal = guard.proposal
    assert proposal is not None  # noqa: S101  (just shown)
    if before is not None and before.id != proposal.id:
        guard = guard.reworded(before.id, f"the plan was shown anew: {why}")
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
    """Its time without an answer is over. The mark may have moved: that is what the time was given for.

    The stop goes to its safe place of now, or halfway if that is passed. Only another question is asked anew.
    """
    asked = offer_of(decision)
    if asked is None and isinstance(decision, Warn):
        return guard, None  # no place is safe at this moment
    if asked is None or given(shield, asked[0], asked[1].rule) is None:
        return guard.unhurried(), None
    kind, offer = asked
    why_not = other(guard, risk, kind, offer)
    if why_not:
        return _anew(shield, guard, risk, (kind, offer, decision), why_not, desk, now), None
    agreed = _agreed(shield, guard, proposal, decision, risk, desk) if kind is proposal.kind else None
    order = (offer if agreed is None else agreed[1]).order
    most = max(proposal.question.size, proposal.size)  # what little it has grown by since is asked about once it rests
    offer = replace(offer, order=replace(order, size=min(order.size, most)))
    at = words.clock_time(proposal.sends_at.wall if proposal.sends_at is not None else now.wall, shield.zone)
    sent = guard.end_proposal(f"nobody answered, and I sent it at {words.clock_time(now.wall, shield.zone)}", sent=True)
    return sent, Yes(offer, f'rule "{proposal.rule}", nobody answered by {at.split()[0]}')
