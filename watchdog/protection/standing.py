"""What stands in the way of a stop: one alert per position, and the question to its owner that goes with it.

Why a stop does not rest changes with the mark (its place is passed, no place is safe). That is one trouble, not three:
it is said once, worded anew without a sound, and over only when no stop is missing any more.
"""

from __future__ import annotations

from watchdog.alerts import words
from watchdog.alerts.desk import REMIND, Desk, reminder_due
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.view import alert_key, position_subject
from watchdog.domain.changed import replace
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import PositionKey
from watchdog.domain.reading import Known
from watchdog.protection.asking import given, is_asked, other, shown
from watchdog.protection.decide import SMALLEST_LOOSENING, Decision, DoPlace, Hold, Warn
from watchdog.protection.guard import Guard
from watchdog.protection.proposal import Kind
from watchdog.protection.question import button, offer_of, question_lines
from watchdog.protection.shield import OLD_WARNINGS, WARNING, Shield
from watchdog.risk import PositionRisk

STEADY = 30.0
"""Seconds for which something else must have stood in the way before the alert is worded anew: a mark that trembles at
the edge of a place changes it every second."""


def standing_key(key: PositionKey) -> str:
    """The key of the alert of a position whose stop can't be placed, or not without a yes."""
    return f"{WARNING}|{position_subject(key)}"


def warn(shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, desk: Desk, now: Instant) -> Guard:
    """Raise what a decision can't solve by an order of ours alone, and ask; end what no longer holds."""
    if isinstance(decision, Hold) and not decision.known:
        return guard  # what is not known is no better than it was
    subject = position_subject(guard.key)
    for old in OLD_WARNINGS:
        desk.drop(f"{old}|{subject}")
    asked = offer_of(decision)
    loosen = asked is not None and asked[0] is Kind.LOOSEN
    stands = decision.kind if isinstance(decision, Warn) else "ask" if asked is not None and not loosen else ""
    who = words.name(risk.position)
    if isinstance(decision, Hold) and decision.fine:
        desk.fall(f"refused|{subject}", (f"OK · {who} · no stop is missing any more · {shield.account}", decision.why))
    if stands:
        return _stand(shield, guard, risk, decision, stands, desk, now)
    guard = _over(shield, guard, who, decision, desk)
    return _offer_loosening(shield, guard, risk, decision, desk, now) if loosen else guard


def _over(shield: Shield, guard: Guard, who: str, decision: Decision, desk: Desk) -> Guard:
    """Nothing stands in the way. A question goes unanswered no more, unless the alert that asked it still fires."""
    desk.fall(standing_key(guard.key), (f"OK · {who} · nothing stands in the way · {shield.account}", decision.why))
    asked_by = "" if guard.proposal is None else guard.proposal.alert
    if not asked_by or not desk.get(asked_by).firing:
        guard = guard.unhurried()
    return replace(guard, stands="", worded="") if guard.stands else guard


def _stand(
    shield: Shield, guard: Guard, risk: PositionRisk, decision: Decision, stands: str, desk: Desk, now: Instant
) -> Guard:
    """Say what stands in the way, and ask for a yes where there is something to say yes to.

    Nothing more is said where the alert of a rule has shown the same question and still fires.
    """
    asked, key = offer_of(decision), standing_key(guard.key)
    may_ask = asked is not None and shield.may_ask and now.mono >= guard.next_try
    if guard.tap is not None or (stands == "ask" and not may_ask):
        return guard
    guard = guard if guard.stands == stands else replace(guard, stands=stands, stands_since=now.mono)
    level = _level(decision, stands)
    runs = asked is not None and is_asked(shield, guard, risk, *asked)
    steady = now.mono - guard.stands_since >= STEADY
    turned = guard.worded not in ("", stands) and steady
    again = _due(desk, desk.get(key), now)
    asked_by = guard.proposal.alert if runs and guard.proposal is not None else key
    if asked_by != key and not again and desk.get(asked_by).firing:
        lines = _lines(shield, guard, risk, decision, stands, level, asks=True)
        if stands != "ask":
            desk.stand_quietly(key, level, lines)
        if turned:
            desk.refresh(key, lines)
        return replace(guard, worded=stands) if turned else guard
    if not runs and _asked_soon(shield, guard, asked, desk):
        return guard
    alert = _cleared(desk, key, level if steady else Level.EMERGENCY, said=asked_by == key and runs)
    hushed = desk.silent(replace(alert, level=level))
    ask = may_ask and not (hushed and (runs or not _goes(shield, asked)))
    anew = ask and not runs and not _waits(guard, risk, asked, now)
    louder = alert.level is None or alert.level < level
    if not (louder or again or anew or turned):
        return guard if guard.worded else replace(guard, worded=stands)
    if asked is not None and ask:
        guard = shown(shield, guard, risk, *asked, key, now)
    shows = guard.proposal if may_ask and (ask or runs) else None
    taps = () if shows is None else (button(shield, guard.key, shows),)
    lines = _lines(shield, guard, risk, decision, stands, level, asks=bool(taps))
    if louder:
        desk.stand(key, level, lines, taps, despite_silence=ask and hushed)
    elif again or anew:
        desk.again(key, lines, taps, despite_silence=ask and hushed)
    else:
        desk.reword(key, lines, taps)
    return replace(guard, worded=stands)


def _due(desk: Desk, alert: Alert, now: Instant) -> bool:
    """Whether it is to be said again: nobody has seen it for long, or a silence over it has ended."""
    due = reminder_due(alert, REMIND)
    return (due is not None and due <= now.mono) or (alert.owed and not desk.silent(alert))


def _cleared(desk: Desk, key: str, most: Level, *, said: bool) -> Alert:
    """The alert; forgotten where its level is above `most`, what is left, or where it has never been said.

    The latter stood without a word because another alert said as much, which is over or said something else. `said`:
    its question is its own.
    """
    alert = desk.get(key)
    unsaid = alert.firing and alert.said is None and not said
    if unsaid or (alert.level is not None and alert.level > most):
        desk.drop(key)
    return desk.get(key)


def _goes(shield: Shield, asked: tuple[Kind, DoPlace] | None) -> bool:
    """Whether this would go without an answer: then it says what I do, and no silence holds it back."""
    return asked is not None and given(shield, asked[0], asked[1].rule) is not None


def _asked_soon(shield: Shield, guard: Guard, asked: tuple[Kind, DoPlace] | None, desk: Desk) -> bool:
    """Whether the alert of its rule asks this once the silence over it has ended: it is not asked twice then."""
    rule = None if asked is None else shield.rule(asked[1].rule)
    if rule is None or _goes(shield, asked):
        return False
    alert = desk.get(alert_key(rule, position_subject(guard.key)))
    return alert.firing and (alert.owed or desk.silent(alert))


def _waits(guard: Guard, risk: PositionRisk, asked: tuple[Kind, DoPlace] | None, now: Instant) -> bool:
    """Whether another question waits until the minute of the one before is over: a position may grow all the time."""
    before = guard.proposal
    return asked is not None and before is not None and not before.expired(now) and bool(other(guard, risk, *asked))


def _level(decision: Decision, stands: str) -> Level:
    small = stands == "dust" or (isinstance(decision, DoPlace) and not decision.urgent)
    return Level.WARN if small else Level.CRITICAL


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
    title = words.stops_head(words.stops_of(risk), risk.stop_coverage) if stands == "ask" else _TITLES[stands]
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
    if before is not None and before.kind is not Kind.LOOSEN and not before.expired(now):
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
}
"""By what stands in the way; a question alone has what rests for its title."""
