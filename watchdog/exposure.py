"""What new rules take away from positions that are held. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.alerts import words
from watchdog.core.hands import shield_of
from watchdog.core.state import State, worst_first
from watchdog.domain.facts import Instant
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.evaluate import selects
from watchdog.rules.schema import Mode, Ruleset


def exposed(before: Ruleset, after: Ruleset, states: Iterable[State], now: Instant) -> tuple[str, ...]:
    """A line for each held position that less is done for under `after`, the worst first of each account.

    Each says what stays: no change of rules ever takes a resting stop away.
    """
    lines = []
    for state in states:
        shield = shield_of(state, now)
        for risk in [] if state.book is None else worst_first(state.book):
            was, will = (_done_for(rules, state, shield, risk) for rules in (before, after))
            if will < was:
                what = "a stop is only proposed from now on" if will is Mode.ASK else "I PLACE NO STOP any more"
                who = words.name(risk.position)
                lines.append(f"{who} on {state.who.account}: {what}; {_stays(state, shield, risk)}")
    return tuple(lines)


def _done_for(rules: Ruleset, state: State, shield: Shield, risk: PositionRisk) -> Mode:
    """The most that any rule with a stop may do for a position; WATCH where there is none: nothing is sent."""
    subject = shield.subject(risk)
    modes = [
        rules.mode_for(state.who.account, state.who.cap, rule)
        for rule in rules.rules
        if rule.stop is not None and selects(rule, subject)
    ]
    return max(modes, default=Mode.WATCH)


def _stays(state: State, shield: Shield, risk: PositionRisk) -> str:
    market = state.markets.get(risk.position.symbol)
    ours = shield.ours(risk.position.key)
    if ours:
        return f"mine at {words.price(ours[0].trigger_price, market)} rests and stays"
    if any(one.share > 0 for one in risk.stops):
        return "yours rests"
    return "NO STOP rests"
