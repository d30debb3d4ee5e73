"""What people decide: modes, disarming, acknowledging, new rules; and whether all of that leaves orders to be sent."""

from __future__ import annotations

from dataclasses import replace

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.core.state import State, account_json
from watchdog.domain.effects import Level, Reply
from watchdog.domain.facts import Command, Instant, Verb
from watchdog.domain.gather import Out
from watchdog.protection.guard import guard_key, to_json
from watchdog.protection.shield import Leave, Shield
from watchdog.rules.schema import Mode

LONGEST_DISARM = 7 * 86400.0


def leave(state: State, now: Instant) -> Leave:
    """Whether orders may be sent now, and if not why, in words that finish the sentence "I send nothing: …"."""
    if state.barred:
        return Leave(given=False, why_not="the account can't be used")
    if state.mode < Mode.ACT:
        return Leave(given=False, why_not=f'mode is "{state.mode.name.lower()}"')
    if state.disarmed_until is not None and now.wall < state.disarmed_until:
        return Leave(given=False, why_not=f"disarmed until {words.clock_time(state.disarmed_until, state.who.zone)}")
    if state.act_from is None or now.wall < state.act_from:
        at = "later" if state.act_from is None else words.clock_time(state.act_from, state.who.zone)
        return Leave(given=False, why_not=f"this account is new to act and starts at {at}")
    if state.other_instance:
        return Leave(given=False, why_not="another watchdog's stop rests here")
    if not state.actable(now.mono):
        return Leave(given=False, why_not="the last read is too old to act on", passing=True)
    return Leave(given=True)


def shield_of(state: State, now: Instant) -> Shield:
    """What the guards of this account need to know."""
    return Shield(
        account=state.who.account,
        venue=state.who.venue,
        installation=state.who.installation,
        zone=state.who.zone,
        rules=state.rules,
        cap=state.who.cap,
        leave=leave(state, now),
        stops=state.stops,
        markets=state.markets,
        usable=state.fresh(now.mono),
        doubted=state.doubted,
        read_began=state.reads.last_good,
        read_wall=state.read_wall,
    )


def dues(state: State, now: Instant) -> tuple[float | None, ...]:
    """The monotonic times at which leave changes by the clock alone."""
    return tuple(
        None if wall is None else now.mono + (wall - now.wall) for wall in (state.disarmed_until, state.act_from)
    )


def command(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    """A person's word."""
    match fact.verb:
        case Verb.ACK:
            return _ack(state, fact, desk, out)
        case Verb.DISARM:
            return _disarm(state, fact, desk, out, now)
        case Verb.ARM:
            return _arm(state, fact, desk, out, now)


def _ack(state: State, fact: Command, desk: Desk, out: Out) -> State:
    firing = [alert for key, alert in sorted(desk.alerts.items()) if alert.firing and fact.subject in key]
    for alert in firing:
        if not alert.acknowledged:
            desk.acknowledge(alert)
    text = f"{len(firing)} acknowledged" if firing else "already resolved: nothing fires there"
    out.do(Reply(fact.reply_to, text))
    return state


def _disarm(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    if not 0 < fact.seconds <= LONGEST_DISARM:
        out.do(Reply(fact.reply_to, "a disarming ends by itself: between 1 second and 7 days", ok=False))
        return state
    until = now.wall + fact.seconds
    state = replace(state, disarmed_until=until)
    at = words.clock_time(until, state.who.zone)
    line = f"INFO · {state.who.account} is DISARMED until {at} · {state.who.account}"
    desk.tell("disarmed", Level.WARN, (line, "I send no order until then. Stops that rest stay."))
    out.keep("account", "self", account_json(state))
    out.do(Reply(fact.reply_to, f"disarmed until {at}"))
    return state


def _arm(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    guards = state.guards
    for key, guard in sorted(guards.items()):
        if guard.removed:
            armed = replace(guard, removed=0)
            guards = guards.insert(key, armed)
            out.keep("guard", guard_key(key), to_json(armed))
    acting = state.mode is Mode.ACT
    state = replace(state, disarmed_until=None, act_from=now.wall if acting else None, guards=guards)
    out.keep("account", "self", account_json(state))
    text = "armed" if acting else f'not disarmed; it sends nothing, since its mode is "{state.mode.name.lower()}"'
    desk.tell("armed", Level.WARN, (f"INFO · {state.who.account} is {text} · {state.who.account}",))
    out.do(Reply(fact.reply_to, text))
    return state
