"""The core: `step(state, fact, now) -> (state, effects)`. Facts in, effects out; risk, rules, alerts, protection.

Values in, values out: no clock, no network, no disk. A Mark values anew what it touches and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from watchdog.alerts import blind, words
from watchdog.alerts.desk import Desk, reminder_due
from watchdog.alerts.judge import PREFIX, View, judge, tidy
from watchdog.alerts.lifecycle import next_due as alert_due
from watchdog.core import hands, reads
from watchdog.core.state import FRESH, State, worst_first
from watchdog.domain.effects import Effect, Level, Save, Stream, WakeAt
from watchdog.domain.facts import (
    Barred,
    Command,
    Due,
    Fact,
    Frame,
    FrameKind,
    Instant,
    Mark,
    Opened,
    Outcome,
    Snapshot,
)
from watchdog.domain.gather import Out
from watchdog.domain.position import PositionKey
from watchdog.protection.guard import Guard
from watchdog.protection.outcome import next_due as guard_due
from watchdog.protection.say import intent
from watchdog.protection.shield import work
from watchdog.risk import PositionRisk, StreamedMark
from watchdog.rules.schema import Ruleset

REMIND = 1800.0
"""Seconds after which a standing alert nobody acknowledged is said again; a rule's own `repeat` is for its alerts."""


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """A new, valid rules file is in force from this step on."""

    rules: Ruleset


def step(state: State, fact: Fact | RulesChanged, now: Instant) -> tuple[State, tuple[Effect, ...]]:
    """What the account knows after a fact, and what is to be done about it."""
    out = Out(now)
    desk = Desk(state.who.account, state.who.zone, state.alerts, now, out)
    if isinstance(fact, Mark):
        state = _mark(state, fact, desk, out, now)
        return replace(state, alerts=desk.alerts), out.effects()
    state, fresh = _absorb(state, fact, desk, out, now)
    state = reads.account_clock(state, desk, out, now)
    if state.book is not None and not _only_news(fact):
        if fresh or isinstance(fact, RulesChanged):
            tidy(_view(state, desk, now), desk, state.vanished, now)
        _judge_all(state, desk, now, fresh=fresh)
        state = _protect(state, _nearest_first(state), desk, out, now)
    if not state.barred:
        blind.look(_sight(state), state.rules.blind, desk, now)
    desk.remind(PREFIX, REMIND)
    state = reads.next_read(replace(state, alerts=desk.alerts), out, now)
    state = _stream(state, out)
    return _wake(state, out, now), out.effects()


def _only_news(fact: Fact | RulesChanged) -> bool:
    """Facts that change nothing about any position: judging all of them again would cost for nothing."""
    return isinstance(fact, Frame | Opened | Barred) or (isinstance(fact, Outcome) and isinstance(fact.effect, Save))


def _absorb(state: State, fact: Fact | RulesChanged, desk: Desk, out: Out, now: Instant) -> tuple[State, bool]:
    """The state with the fact in it, and whether that is new data about the market or the account."""
    match fact:
        case Snapshot():
            return reads.snapshot(state, fact, desk, out, now)
        case Outcome():
            return reads.outcome(state, fact, desk, out, now), False
        case Frame(kind=kind):
            if kind is FrameKind.LOST:
                return state, False
            return reads.want(replace(state, reads=replace(state.reads, frame_at=now.mono)), f"{kind} frame"), False
        case Command():
            return hands.command(state, fact, desk, out, now), False
        case RulesChanged(rules=rules):
            return replace(state, rules=rules), False
        case Opened(withdraw=withdraw, note=note):
            return reads.opened(state, withdraw, note, desk, now), False
        case Barred(reason=reason):
            return reads.barred(state, reason, desk, now), False
        case Due() | _:
            return replace(state, wake=None), False


def _mark(state: State, mark: Mark, desk: Desk, out: Out, now: Instant) -> State:
    """A tick: values anew the positions of its symbol and their pools, judges them, and may act on them."""
    state = replace(state, marks=state.marks.insert(mark.symbol, StreamedMark(mark.price, now.mono)))
    if state.book is None:
        return state
    book = state.book.with_mark(mark.symbol, mark.price, now.mono)
    if book is state.book:
        return state
    keys, pools = reads.touched(book, mark.symbol)
    state = replace(state, book=book)
    judge(_view(state, desk, now), desk, keys, pools, now, fresh=True, tick=True)
    state = _protect(state, keys, desk, out, now)
    soonest = min((due for due in _dues(state, desk, keys, pools) if due is not None and due > now.mono), default=None)
    if soonest is not None and (state.wake is None or soonest < state.wake):
        out.do(WakeAt(soonest))
        state = replace(state, wake=soonest)
    return state


def _judge_all(state: State, desk: Desk, now: Instant, *, fresh: bool) -> None:
    book = state.book
    if book is not None:
        judge(_view(state, desk, now), desk, sorted(book.positions), sorted(book.pools), now, fresh=fresh)


def view_of(state: State, now: Instant) -> View:
    """What a judgement of this account looks at; without a word of what will be done."""
    return _view(state, Desk(state.who.account, state.who.zone, state.alerts, now, Out(now)), now)


def _view(state: State, desk: Desk, now: Instant) -> View:
    book = state.book
    assert book is not None  # noqa: S101  (asked only when there is one)
    shield = hands.shield_of(state, now)

    def intention(key: PositionKey, rule: object, level: Level) -> str:
        guard = state.guards.get(key) or Guard(key)
        return intent(shield, guard, book.positions[key], rule, level, desk, now.mono)  # type: ignore[arg-type]

    return View(
        account=state.who.account,
        venue=state.who.venue,
        zone=state.who.zone,
        rules=state.rules,
        book=book,
        stops=shield.stops,
        ours=shield.ours,
        markets=state.markets,
        read_wall=state.read_wall,
        usable=shield.usable,
        doubted=shield.doubted,
        intent=intention,
    )


def _nearest_first(state: State) -> list[PositionKey]:
    """Every guard, that of the position nearest to liquidation first: its order leaves first. Maps have no order."""
    held = [] if state.book is None else [risk.position.key for risk in worst_first(state.book)]
    return list(dict.fromkeys((*held, *sorted(state.guards))))


def _protect(state: State, keys: Iterable[PositionKey], desk: Desk, out: Out, now: Instant) -> State:
    """One look at each of these guards."""
    book = state.book
    if book is None or state.barred:
        return state
    shield = hands.shield_of(state, now)
    guards = state.guards
    for key in keys:
        guard = guards.get(key)
        if guard is None:
            continue
        risk: PositionRisk | None = book.positions.get(key)
        looked = work(shield, guard, risk, desk, out, now, vanished=key in state.vanished)
        if looked is not guard:
            guards = guards.insert(key, looked)
    return reads.orders_sent(replace(state, guards=guards), out, now)


def _sight(state: State) -> blind.Sight:
    return blind.Sight(
        account=state.who.account,
        venue=state.who.venue,
        last_good=state.reads.last_good,
        ever=state.reads.ever,
        why=state.barred or state.reads.why_failed,
        last_words=partial(_last_words, state),
    )


def _last_words(state: State) -> tuple[str, ...]:
    """What was at risk when the account was last seen, worst first."""
    book = state.book
    if book is None:
        return ()
    risks = worst_first(book)
    if not risks:
        return (f"Last good {words.clock_time(state.read_wall, state.who.zone)}: no open position",)
    parts = []
    for risk in risks[:3]:
        how = words.distance_words(risk.liquidation_distance, short=True)
        rest = [stop for stop in state.stops.get(risk.position.symbol, ()) if "profit" not in stop.kind]
        parts.append(f"{words.name(risk.position)} {how}, {words.stops_head(rest, risk.stop_coverage)}")
    parts[0] = f"Last good {words.clock_time(state.read_wall, state.who.zone)}: {parts[0]}"
    return tuple(parts)


def _stream(state: State, out: Out) -> State:
    """Stream the marks of what is held."""
    symbols = frozenset(key.symbol for key in state.held)
    if symbols == state.streamed:
        return state
    out.do(Stream(symbols))
    return replace(state, streamed=symbols)


def _dues(state: State, desk: Desk, keys: Iterable[PositionKey], pools: Iterable[str]) -> Sequence[float | None]:
    """When the alerts and guards of these subjects change if nothing else happens."""
    ends = tuple(f"|{key.symbol}" for key in keys) + tuple(f"|pool {asset}" for asset in pools)
    thresholds = {rule.name: rule for rule in state.rules.rules}
    dues: list[float | None] = [guard_due(guard) for key in keys if (guard := state.guards.get(key)) is not None]
    for rule in thresholds.values():
        for end in ends:
            alert = desk.alerts.get(f"{PREFIX}{rule.name}{end}")
            if alert is not None:
                dues.append(alert_due(alert, rule.levels, rule.repeat))
    return dues


def _wake(state: State, out: Out, now: Instant) -> State:
    """Ask to be woken at the earliest moment at which something changes by itself."""
    sight, blind_alert = _sight(state), state.alerts.get(blind.KEY)
    dues = [
        blind.next_due(sight, state.rules.blind, blind_alert.level if blind_alert is not None else None),
        state.reads.last_good + FRESH,
        reads.read_due(state),
        *hands.dues(state, now),
        *(guard_due(guard) for guard in state.guards.values()),
    ]
    rules = {rule.name: rule for rule in state.rules.rules}
    for key, alert in state.alerts.items():
        rule = rules.get(key.removeprefix(PREFIX).rsplit("|", maxsplit=1)[0]) if key.startswith(PREFIX) else None
        if rule is not None:
            dues.append(alert_due(alert, rule.levels, rule.repeat))
        else:
            dues.append(reminder_due(alert, REMIND))
    soonest = min((due for due in dues if due is not None and due > now.mono), default=None)
    if soonest is None or soonest == state.wake:
        return state
    out.do(WakeAt(soonest))
    return replace(state, wake=soonest)
