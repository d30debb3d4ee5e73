"""What people decide: modes, disarming, acknowledging, new rules; and whether all of that leaves orders to be sent."""

from __future__ import annotations

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.hours import next_edge
from watchdog.alerts.silence import means, names_of
from watchdog.alerts.view import key_words
from watchdog.core import silences
from watchdog.core.state import State, account_json
from watchdog.domain.changed import replace
from watchdog.domain.effects import Level, Reply
from watchdog.domain.facts import Command, Instant
from watchdog.domain.gather import Out
from watchdog.domain.ids import handle, is_handle
from watchdog.domain.verbs import Verb
from watchdog.protection.guard import guard_key, to_json
from watchdog.protection.shield import Leave, Shield
from watchdog.rules.schema import Mode

LONGEST_DISARM = 7 * 86400.0

MOST_NAMED = 5
"""Alerts named in one answer; the rest is counted."""


def leave(state: State, now: Instant) -> Leave:
    """Whether orders may be sent now, and if not why, in words that finish the sentence "I send nothing: …".

    Whether by themselves or on a yes is a matter of each rule's mode, and of how long the account is in `act`
    (`Shield.mode_of`).
    """
    if state.barred:
        return Leave(given=False, why_not="the account can't be used")
    if state.mode < Mode.ASK:
        return Leave(given=False, why_not=state.who.only_watched or f'mode is "{state.mode.name.lower()}"')
    if state.disarmed_until is not None and now.wall < state.disarmed_until:
        return Leave(given=False, why_not=f"disarmed until {words.clock_time(state.disarmed_until, state.who.zone)}")
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
        asks_until=state.asks_until(now.wall),
        leave=leave(state, now),
        stops=state.stops,
        markets=state.markets,
        pools={} if state.book is None else state.book.pools,
        can_trade=state.read is None or state.read.modes.can_trade,
        no_stops="" if state.read is None else state.read.modes.no_stops,
        usable=state.fresh(now.mono),
        doubted=state.doubted,
        read_began=state.reads.last_good,
        read_wall=state.read_wall,
    )


def dues(state: State, now: Instant) -> tuple[float | None, ...]:
    """The monotonic times at which leave, a silence or a rule's hours change by the clock alone."""
    walls = (
        state.disarmed_until,
        state.act_from,
        *(silence.until for silence in state.silences.values()),
        *(next_edge(rule.between, now.wall) for rule in state.rules.rules if rule.between is not None),
    )
    return tuple(None if wall is None else now.mono + (wall - now.wall) for wall in walls)


def command(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    """A person's word, and what was answered, in the journal."""
    state = _obey(state, fact, desk, out, now)
    note(fact, out)
    return state


def note(fact: Command, out: Out) -> None:
    """A line of the journal for a person's word."""
    reply = out.reply()
    out.journal(
        "command",
        verb=fact.verb,
        subject=fact.subject,
        seconds=fact.seconds,
        by=fact.by,
        ok=None if reply is None else reply.ok,  # None: it is answered later in this step, or when an order has ended
        answer="" if reply is None else reply.text,
    )


def _obey(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    match fact.verb:
        case Verb.ACK:
            return _ack(state, fact, desk, out)
        case Verb.SILENCE:
            return silences.silence(state, fact, desk, out, now)
        case Verb.UNSILENCE:
            return silences.unsilence(state, fact, desk, out, now)
        case Verb.DISARM:
            return _disarm(state, fact, desk, out, now)
        case Verb.ARM:
            return _arm(state, fact, desk, out, now)
        case _:
            out.do(Reply(fact.reply_to, f"not yet: {fact.verb}", ok=False))
            return state


def _ack(state: State, fact: Command, desk: Desk, out: Out) -> State:
    account = state.who.account
    asked = fact.subject.casefold()
    firing = [
        alert
        for key, alert in sorted(desk.alerts.items())
        if alert.firing and (means(fact.subject, account, key) or any(asked in names_of(one) for one in alert.about))
    ]
    for alert in firing:
        if not alert.acknowledged:
            desk.acknowledge(alert, fact.by)
    if firing:
        named = sorted({key_words(alert.key) for alert in firing})
        out.do(Reply(fact.reply_to, f"{len(firing)} acknowledged: {_listed(named)}"))
    elif is_handle(fact.subject) or any(means(fact.subject, account, key) for key in silences.known_keys(state)):
        out.do(Reply(fact.reply_to, "already resolved: nothing fires there", known=False))
    else:
        fires = sorted({key_words(key) for key, alert in desk.alerts.items() if alert.firing})
        text = f"nothing on {account} is called {fact.subject}; "
        text += f"what fires: {_listed(fires)}" if fires else "nothing fires"
        out.do(Reply(fact.reply_to, text, ok=False, known=False))
    return state


def _listed(names: list[str]) -> str:
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return ", ".join((*names[:MOST_NAMED], *more))


def _disarm(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    if not 0 < fact.seconds <= LONGEST_DISARM:
        out.do(Reply(fact.reply_to, "a disarming ends by itself: between 1 second and 7 days", ok=False))
        return state
    until = now.wall + fact.seconds
    state = replace(state, disarmed_until=until)
    at = words.clock_time(until, state.who.zone)
    line = f"INFO · {state.who.account} is DISARMED until {at} · {state.who.account}"
    said = "I send no order until then. Stops that rest stay."
    desk.tell("disarmed", Level.WARN, (line, said, *_by(fact)))
    out.keep("account", "self", account_json(state))
    out.do(Reply(fact.reply_to, f"disarmed until {at}"))
    return _unhurried(state, out)


def _unhurried(state: State, out: Out) -> State:
    """No open question goes without an answer now: armed again, each is asked anew, with a time of its own."""
    guards = state.guards
    for key, guard in sorted(guards.items()):
        unhurried = guard.unhurried()
        if unhurried is not guard:
            guards = guards.insert(key, unhurried)
            out.keep("guard", guard_key(key), to_json(unhurried))
    return replace(state, guards=guards)


def start_id(state: State) -> str:
    """What the button that ends the wait of an account new to `act` carries: good for this wait only."""
    return handle(f"{state.who.account}|act|{state.act_from or 0.0:.3f}")


def _start(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    """The button under the plan: ends the wait, and nothing else."""
    if state.asks_until(now.wall) is None or fact.subject != start_id(state):
        out.do(Reply(fact.reply_to, "nothing was changed: that wait is over", ok=False))
        return state
    state = replace(state, act_from=now.wall)
    out.keep("account", "self", account_json(state))
    why_not = leave(state, now)
    held = not why_not.given and not why_not.passing
    text = f"it may act, but sends nothing: {why_not.why_not}" if held else "it may act from now on"
    desk.tell("armed", Level.WARN, (f"INFO · {state.who.account}: {text} · {state.who.account}", *_by(fact)))
    out.do(Reply(fact.reply_to, text))
    return state


def _arm(state: State, fact: Command, desk: Desk, out: Out, now: Instant) -> State:
    if fact.subject:
        return _start(state, fact, desk, out, now)
    guards = state.guards
    for key, guard in sorted(guards.items()):
        if guard.removed:
            armed = replace(guard, removed=0)
            guards = guards.insert(key, armed)
            out.keep("guard", guard_key(key), to_json(armed))
    acting = state.mode is Mode.ACT
    state = replace(state, disarmed_until=None, act_from=now.wall if acting else None, guards=guards)
    out.keep("account", "self", account_json(state))
    text = "armed" if acting else _ARMED[state.mode]
    line = f"INFO · {state.who.account} is {text} · {state.who.account}"
    desk.tell("armed", Level.WARN, (line, *_by(fact)))
    out.do(Reply(fact.reply_to, text))
    return state


_ARMED = {
    Mode.ASK: 'not disarmed; it asks before it sends, since its mode is "ask"',
    Mode.WATCH: 'not disarmed; it sends nothing, since its mode is "watch"',
}


def _by(fact: Command) -> tuple[str, ...]:
    """Who said it, as a line."""
    return (f"It was {fact.by}.",) if fact.by else ()
