"""The account itself: whether it can be used, what its settings and its mode mean for us."""

from __future__ import annotations

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.core import plan
from watchdog.core.hands import start_id
from watchdog.core.state import State, account_json, remember_all
from watchdog.domain.changed import replace
from watchdog.domain.effects import Button, Level, Save
from watchdog.domain.facts import Failed, Instant, Outcome, Saved
from watchdog.domain.gather import Out
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Mode

MOST_PLANNED = 4
"""Lines of the plan that an account new to `act` shows: more than fits a message is in `watchdog plan`."""

BARRED_GAP = 60.0
"""Seconds between two tries to use an account that is set up wrongly."""


def opened(state: State, withdraw: bool | None, note: str, desk: Desk, now: Instant) -> State:
    """The venue was reached and told what the key may do."""
    account = state.who.account
    desk.fall("barred", (f"OK · {account} is watched · {account}", note))
    if withdraw is None:
        first = f"WARN · what the key of {account} may do is not known · {account}"
        desk.stand("key", Level.WARN, (first, note, "If it can withdraw, make one that can't."))
    else:
        desk.fall("key", (f"OK · {account} · the key was checked: {note}",))
    if state.barred and not state.reads.ever:  # from here on it is read; till now it was said not to be watched
        state = replace(state, reads=replace(state.reads, last_good=now.mono, why_failed=""))
    return replace(state, barred="", key=note)


def barred(state: State, reason: str, desk: Desk, now: Instant) -> State:
    """The account can't be used as it is set up: said at once, tried again slowly."""
    account = state.who.account
    first = f"EMERGENCY · {account} IS NOT WATCHED · {account}"
    desk.stand("barred", Level.EMERGENCY, (first, reason, "I try again every minute. All other accounts go on."))
    reads = state.reads
    waiting = replace(
        reads,
        in_flight=None,
        failures=reads.failures + 1,
        limited=False,
        why_failed=reason,
        next_at=now.mono + BARRED_GAP,
    )
    return replace(state, barred=reason, reads=waiting)


def usable_again(state: State, desk: Desk) -> State:
    """A whole read came: the account can be used, whatever was said of it before."""
    if not state.barred:
        return state
    desk.fall("barred", (f"OK · {state.who.account} is watched · {state.who.account}",))
    return replace(state, barred="")


def settings_alerts(state: State, desk: Desk) -> None:
    """What the account's own settings mean for us."""
    read = state.read
    if read is None:
        return
    account = state.who.account
    no_numbers, no_stops = read.modes.no_numbers, read.modes.no_stops
    if no_numbers:
        lines = (
            f"CRITICAL · NO NUMBERS of {account} · {account}",
            f"{no_numbers}. Positions are listed, nothing about them is judged safe.",
            "I send nothing on this account. You: watch it yourself.",
        )
        desk.stand("modes", Level.CRITICAL, lines)
    else:
        desk.fall("modes", (f"OK · {account} has numbers again · {account}",))
    if no_stops and state.mode > Mode.WATCH:
        first = f"CRITICAL · I place NO STOPS on {account} · {account}"
        told = f"{no_stops}. Its figures are watched and told."
        desk.stand("nostops", Level.CRITICAL, (first, told, "You: place your stops there yourself."))
    else:
        desk.fall("nostops", (f"OK · stops can be placed on {account} · {account}",))
    if not read.modes.can_trade and state.mode > Mode.WATCH:
        first = f"WARN · the key of {account} can't trade · {account}"
        desk.stand("trade", Level.WARN, (first, f"mode is {state.mode.name.lower()}, but no stop can be placed."))
    else:
        desk.fall("trade", (f"OK · the key of {account} can trade · {account}",))


def other_instance(state: State, desk: Desk) -> str:
    """The id of a stop that another installation's watchdog placed on this account's positions, empty when none."""
    read = state.read
    digits = {position_digits(state.who.account, key) for key in (*state.held, *state.guards)}
    for stop in () if read is None else read.stops:
        known = read_order_id(stop.client_id)
        if known is not None and known.installation != state.who.installation and known.position in digits:
            account = state.who.account
            lines = (
                f"EMERGENCY · ANOTHER WATCHDOG acts on {account} · {account}",
                f"Its stop {stop.client_id} rests on {stop.symbol}; this installation is {state.who.installation}.",
                "I send nothing until it is gone: two watchdogs fight over the same stop.",
                "You: stop one of them. If it was this one before a lost database, cancel that stop by hand.",
            )
            desk.stand("instance", Level.EMERGENCY, lines)
            return stop.client_id
    desk.fall("instance", (f"OK · no other watchdog's stop rests · {state.who.account}",))
    return ""


def saved(state: State, fact: Outcome, desk: Desk, out: Out) -> State:
    """A save is on the disk, or could not be."""
    account = state.who.account
    if isinstance(fact.answer, Failed):
        lines = (
            f"EMERGENCY · NOTHING CAN BE SAVED · {account}",
            f"The store says: {fact.answer.reason}",
            "I go on watching and acting from memory. A restart now would forget what was told and sent.",
            "You: make room on the disk, or mend the database.",
        )
        desk.stand("store", Level.EMERGENCY, lines)
        lost = [] if not isinstance(fact.effect, Save) else [(keep.kind, keep.key) for keep in fact.effect.keeps]
        return replace(state, store_failed=True, unsaved=state.unsaved.union(lost))
    if isinstance(fact.answer, Saved) and (state.store_failed or "store" in desk.alerts):
        state = replace(state, store_failed=False, alerts=desk.alerts)
        remember_all(state, out)
        state = replace(state, unsaved=frozenset())
        desk.fall("store", (f"OK · the store can be written again · {account}",))
    return state


def _show_plan(state: State, desk: Desk, now: Instant) -> None:
    """What an account that is new to `act` will do once its wait is over, with a button that ends it."""
    at = words.clock_time(state.act_from or now.wall, state.who.zone)
    lines = (
        f"INFO · {state.who.account} may act from {at} · {state.who.account}",
        "Until then I only ask. If every rule fired now, I would send:",
        *plan.in_words(state, MOST_PLANNED, now),
        "Sooner: tap, or `watchdog arm`. Not at all: `watchdog disarm`.",
    )
    desk.tell("act", Level.WARN, lines, buttons=(Button("Start now", Verb.ARM, start_id(state), own_row=True),))


def clock(state: State, desk: Desk, out: Out, now: Instant) -> State:
    """What the account's mode and its end of disarming make of the time: `first_act_after` runs from here."""
    before = account_json(state)
    if state.disarmed_until is not None and now.wall >= state.disarmed_until:
        state = replace(state, disarmed_until=None)
        line = f"INFO · {state.who.account} is armed again · {state.who.account}"
        desk.tell("armed again", Level.WARN, (line, "The time of its disarming is over."))
    if state.mode is not Mode.ACT:
        state = replace(state, act_from=None)
    elif state.act_from is None and (state.book is not None or not state.rules.first_act_after):
        state = replace(state, act_from=now.wall + state.rules.first_act_after)
        if state.rules.first_act_after > 0:
            _show_plan(state, desk, now)
    after = account_json(state)
    if after != before:
        out.keep("account", "self", after)
    return state
