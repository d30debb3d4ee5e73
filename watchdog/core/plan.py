"""The plan: what `act` would send for each position of an account if every rule fired. Asking for it sends nothing."""

from __future__ import annotations

from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.core.hands import shield_of
from watchdog.core.state import State, worst_first
from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.reading import Known
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold
from watchdog.protection.guard import Guard
from watchdog.protection.question import fill_of, offer_of
from watchdog.protection.say import underway
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode


def decided(state: State, risk: PositionRisk, now: Instant) -> Decision:
    """What is right for one position, as if every rule that selects it had asked for its stop already."""
    key = risk.position.key
    guard = state.guards.get(key) or Guard(key)
    if guard.step is not None:
        return Hold(underway(guard.step))
    desk = Desk(state.who.account, state.who.zone, state.alerts, now, Out(now))
    eager = replace(guard, wanted=True, asked=())
    return shield_of(state, now).decision(eager, risk, desk, now.mono, Mode.WATCH)


def in_words(state: State, most: int, now: Instant) -> list[str]:
    """A line for each position, nearest to liquidation first, `most` lines at the most."""
    risks = [] if state.book is None else worst_first(state.book)
    if not risks:
        return ["No position is open."]
    shown = risks if len(risks) <= most else risks[: most - 1]
    lines = [_line(state, risk, now) for risk in shown]
    more = len(risks) - len(shown)
    return [*lines, f"And {more} more: `watchdog plan`."] if more else lines


def _line(state: State, risk: PositionRisk, now: Instant) -> str:
    decision = decided(state, risk, now)
    asked = offer_of(decision)
    place = decision if isinstance(decision, DoPlace) else None if asked is None else asked[1]
    if place is None:
        cancels = isinstance(decision, DoCancel)
        return f"{words.name(risk.position)}: {'my stop is cancelled' if cancels else 'nothing'}, {decision.why}"
    order, market = place.order, state.markets.get(risk.position.symbol)
    where, much = words.price(order.trigger_price, market), words.size(order.size, market)
    away = ""
    if isinstance(risk.mark, Known):
        away = f", {words.percent(abs(risk.mark.value - order.trigger_price) / risk.mark.value)} from mark"
    fill = fill_of(risk.position, order.size, order.trigger_price, Decimal(0) if market is None else market.taker_fee)
    first = "I ask for a " if asked is not None and not isinstance(decision, DoPlace) else ""
    loses = words.money(fill, risk.position.margin_asset)
    return f"{words.name(risk.position)}: {first}stop {where}, {much}{away}; fills about {loses}"
