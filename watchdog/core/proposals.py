"""Proposals of an account: the ones a step shows, a person's yes, and the times at which something becomes of them.

What each comes to is decided in `protection.asking`, on a read that began after the yes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.intent import Intent
from watchdog.core.hands import shield_of
from watchdog.core.reads import want
from watchdog.core.state import State
from watchdog.domain.changed import replace
from watchdog.domain.effects import Button, Level, Reply
from watchdog.domain.facts import Command, Instant
from watchdog.domain.gather import Out
from watchdog.domain.position import PositionKey
from watchdog.protection.asking import over, review
from watchdog.protection.guard import Guard, guard_key, to_json
from watchdog.protection.proposal import LONGEST_WAIT, Proposal, Tap
from watchdog.protection.question import button
from watchdog.protection.say import intent, underway
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Rule


@dataclass
class Shown:
    """The proposals that the messages of one step show: gathered while they are worded, saved with them."""

    guards: dict[PositionKey, Guard] = field(default_factory=dict)

    def intent(
        self, shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, now: Instant
    ) -> Intent:
        """What will be done about a position; what it proposes counts as shown."""
        said, shown = intent(shield, self.guards.get(guard.key, guard), risk, rule, level, desk, now)
        if shown is not guard:
            self.guards[guard.key] = shown
        return said

    def into(self, state: State, out: Out) -> State:
        """The state with what was shown."""
        guards = state.guards
        for key, guard in sorted(self.guards.items()):
            guards = guards.insert(key, guard)
            out.keep("guard", guard_key(key), to_json(guard))
        self.guards.clear()
        return replace(state, guards=guards)


def buttons(state: State, alert: str, now: Instant) -> tuple[Button, ...]:
    """The buttons of the proposals that the messages of an alert have shown."""
    shield = shield_of(state, now)
    return tuple(
        button(shield, key, guard.proposal)
        for key, guard in sorted(state.guards.items())
        if guard.proposal is not None and guard.proposal.alert == alert and shield.can_trade
    )


def open_proposal(guard: Guard, now: Instant) -> Proposal | None:
    """The one that a yes counts for now, or that goes without an answer later."""
    proposal = guard.proposal
    if proposal is None or (proposal.expired(now) and proposal.sends_at is None):
        return None
    return proposal


def confirm(state: State, fact: Command, out: Out, now: Instant) -> State:
    """A yes: answered once a read that began after it has shown the position, or at once if nothing can come of it."""
    guard = _named(state, fact.subject)
    if guard is None:
        out.do(Reply(fact.reply_to, "Nothing was sent: I know no such proposal.", ok=False, known=False))
        return state
    shield = shield_of(state, now)
    looked = review(shield, guard)
    if looked is not guard:
        out.keep("guard", guard_key(guard.key), to_json(looked))
        state, guard = replace(state, guards=state.guards.insert(guard.key, looked)), looked
    proposal = guard.named(fact.subject)
    if proposal is None or (proposal is not guard.proposal and proposal.expired(now)):
        out.do(_late(guard, fact))
        return state
    if guard.tap is not None:
        out.do(Reply(fact.reply_to, "You said yes already: I read the account first."))
        return state
    why_not = ""
    if not shield.leave.given and not shield.leave.passing:
        why_not = shield.leave.why_not
    elif not shield.can_trade:
        why_not = "the key of this account can't trade"
    elif guard.key not in state.held and guard.key not in state.vanished and state.reads.ever:
        why_not = "the position is closed"
    if why_not:
        out.do(Reply(fact.reply_to, f"Nothing was sent: {why_not}.", ok=False))
        return state
    tapped = replace(guard, tap=Tap(proposal.id, now.mono, now.wall, fact.by, fact.reply_to))
    out.journal("yes", proposal=proposal.id, rule=proposal.rule, trigger=proposal.trigger, by=fact.by)
    return want(replace(state, guards=state.guards.insert(guard.key, tapped)), "a yes", urgent=True)


def _named(state: State, identity: str) -> Guard | None:
    """The guard that has, or had, a proposal of this id."""
    for _, guard in sorted(state.guards.items()):
        ids = {one.id for one in guard.ended}
        if identity in ids or guard.named(identity) is not None:
            return guard
    return None


def _late(guard: Guard, fact: Command) -> Reply:
    """The answer to a yes for a proposal that is over. The same yes twice is one yes."""
    sent = any(one.sent for one in guard.ended if one.id == fact.subject)
    why = over(guard, fact.subject)
    return Reply(fact.reply_to, f"Done already: {why}." if sent else f"Nothing was sent: {why}.", ok=sent)


def give_up(state: State, out: Out, now: Instant) -> State:
    """Answer each yes for which no fresh read came in time; its proposal stays as it was."""
    for key, guard in [(key, guard) for key, guard in state.guards.items() if guard.tap is not None]:
        tap = guard.tap
        if tap is None or now.mono < tap.at + LONGEST_WAIT:
            continue
        why = f"I could not read the account within {LONGEST_WAIT:.0f} s"
        if guard.step is not None:
            why = underway(guard.step)
        out.do(Reply(tap.reply_to, f"Nothing was sent: {why}. Tap again, or look yourself.", ok=False))
        state = replace(state, guards=state.guards.insert(key, replace(guard, tap=None)))
    return state


def due(guard: Guard) -> float | None:
    """The monotonic time at which a yes is given up, or a proposal goes without an answer; it may have passed."""
    times = [] if guard.tap is None else [guard.tap.at + LONGEST_WAIT]
    if guard.proposal is not None and guard.proposal.sends_at is not None:
        times.append(guard.proposal.sends_at.mono)
    return min(times, default=None)


def words_of(state: State, key: PositionKey, proposal: Proposal) -> str:
    """A proposal as a line of `plan`."""
    market, zone = state.markets.get(key.symbol), state.who.zone
    what = f"{proposal.id}: stop {words.price(proposal.trigger, market)}, {words.size(proposal.size, market)}"
    what += f", a yes counts until {words.clock_time(proposal.expires, zone)}"
    if proposal.sends_at is not None:
        what += f", without an answer it goes at {words.clock_time(proposal.sends_at.wall, zone)}"
    return what
