"""The core: `step(state, fact, now) -> (state, effects)`. Facts in, effects out; risk, rules, alerts, protection.

Values in, values out: no clock, no network, no disk. A Mark values anew what it touches and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchdog.alerts import blind, unknown
from watchdog.alerts.desk import REMIND, Desk, reminder_due
from watchdog.alerts.intent import Intent
from watchdog.alerts.judge import Unworded, judge, tidy, word
from watchdog.alerts.lifecycle import next_due as alert_due
from watchdog.alerts.speak import speak
from watchdog.alerts.view import PREFIX, View, rule_and_subject
from watchdog.core import account, hands, holdings, orders, proposals, reads, sight, silences
from watchdog.core.state import FRESH, State, worst_first
from watchdog.domain.changed import replace
from watchdog.domain.effects import Cancel, Effect, Level, LookUp, Place, Publish, Read, Save, Stream, WakeAt
from watchdog.domain.facts import (
    Barred,
    Command,
    Due,
    Fact,
    Frame,
    FrameKind,
    Instant,
    Mark,
    Marks,
    Opened,
    Outcome,
    Slow,
    Snapshot,
)
from watchdog.domain.gather import Out
from watchdog.domain.position import PositionKey
from watchdog.domain.verbs import Verb
from watchdog.protection.guard import Guard
from watchdog.protection.outcome import next_due as guard_due
from watchdog.protection.say import glance
from watchdog.protection.work import work
from watchdog.risk import PositionRisk, StreamedMark
from watchdog.rules.schema import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """A new, valid rules file is in force from this step on."""

    rules: Ruleset


@dataclass(frozen=True, slots=True)
class Rest:
    """The second half of a step whose order is on its way: the words, and what is to be remembered.

    It belongs right behind the first, on the state that came of it; no other fact may be taken in between.
    """

    judged: State
    """The state that was judged: before the order."""
    unworded: tuple[Unworded, ...]
    out: Out
    now: Instant


def step(state: State, fact: Fact | RulesChanged, now: Instant) -> tuple[State, tuple[Effect, ...]]:
    """What the account knows after a fact, and what is to be done about it."""
    state, effects, rest = begin(state, fact, now)
    if rest is None:
        return state, effects
    state, more = finish(state, rest)
    return state, (*effects, *more)


def begin(state: State, fact: Fact | RulesChanged, now: Instant) -> tuple[State, tuple[Effect, ...], Rest | None]:
    """The first half of a step: all of it, but for a mark that sends an order. Then its words are left for `finish`."""
    if isinstance(fact, Mark | Marks):
        return _mark(state, (fact,) if isinstance(fact, Mark) else fact.marks, now)
    out = Out(now)
    desk = _desk(state, out, now)
    state, fresh = _absorb(state, fact, desk, out, now)
    state = silences.clock(account.clock(state, desk, out, now), desk, out, now)
    if state.book is not None and not _only_news(fact):
        if fresh or isinstance(fact, RulesChanged):
            tidy(_view(state, desk, now), desk, state.vanished, now)
        state = _judge_all(state, desk, out, now, fresh=fresh)
        state = _protect(state, _nearest_first(state), desk, out, now)
    if not state.barred:
        blind.look(sight.of_account(state, now), state.rules.blind, desk, now)
    if not _only_news(fact):
        state = sight.unknowns(state, desk, now)
    state = proposals.give_up(state, out, now)
    shown = proposals.Shown()
    speak(None if state.book is None else _view(state, desk, now, shown), state.rules, desk, now)
    state = shown.into(state, out)
    desk.remind(PREFIX, REMIND)
    state = reads.next_read(replace(state, alerts=desk.alerts), out, now)
    state = _stream(state, out)
    if desk.changed or not _only_news(fact):
        out.do(Publish())
    return _wake(state, out, now), out.effects(), None


def finish(state: State, rest: Rest) -> tuple[State, tuple[Effect, ...]]:
    """Word what the first half came to, as it was judged: what is said of the order is what was decided there."""
    out, now = rest.out, rest.now
    desk, shown = _desk(state, out, now), proposals.Shown()
    word(_view(rest.judged, desk, now, shown), desk, rest.unworded, now)
    for key in tuple(shown.guards):
        if state.guards.get(key) is not rest.judged.guards.get(key):
            del shown.guards[key]  # its order is on its way: nothing is asked of it
    state = shown.into(state, out)
    out.do(Publish())
    return replace(state, alerts=desk.alerts), out.effects()


def unfinished(state: State, rest: Rest) -> State:
    """The state where `finish` failed: what could not be said counts as not seen yet, and is judged again."""
    alerts = state.alerts
    for one in rest.unworded:
        before = rest.judged.alerts.get(one.alert.key)
        alerts = alerts.discard(one.alert.key) if before is None else alerts.insert(one.alert.key, before)
    return replace(state, alerts=alerts)


def _desk(state: State, out: Out, now: Instant) -> Desk:
    return Desk(state.who.account, state.who.zone, state.alerts, now, out, state.silences.values())


def _only_news(fact: Fact | RulesChanged) -> bool:
    """Facts that change nothing about any position: judging all of them again would cost for nothing."""
    return isinstance(fact, Frame | Opened | Barred | Slow) or (
        isinstance(fact, Outcome) and isinstance(fact.effect, Save)
    )


def _absorb(state: State, fact: Fact | RulesChanged, desk: Desk, out: Out, now: Instant) -> tuple[State, bool]:
    """The state with the fact in it, and whether that is new data about the market or the account."""
    match fact:
        case Snapshot():
            return holdings.snapshot(state, fact, desk, out, now)
        case Outcome():
            return _ended(state, fact, desk, out, now), False
        case Frame(kind=kind):
            if kind is FrameKind.LOST:
                return state, False
            return reads.want(replace(state, reads=replace(state.reads, frame_at=now.mono)), f"{kind} frame"), False
        case Command(verb=Verb.CONFIRM):
            state = proposals.confirm(state, fact, out, now)
            hands.note(fact, out)
            return state, False
        case Command():
            return hands.command(state, fact, desk, out, now), False
        case RulesChanged(rules=rules):
            return replace(state, rules=rules), False
        case Opened() | Barred() | Slow():
            return _told(state, fact, desk, now), False
        case Due() | _:
            return replace(state, wake=None), False


def _told(state: State, fact: Opened | Barred | Slow, desk: Desk, now: Instant) -> State:
    """The edge told of the account's reading itself."""
    match fact:
        case Opened(withdraw=withdraw, note=note):
            return account.opened(state, withdraw, note, desk, now)
        case Barred(reason=reason):
            return account.barred(state, reason, desk, now)
        case Slow(reason=reason):
            return replace(state, reads=replace(state.reads, why_slow=reason))


def _ended(state: State, fact: Outcome, desk: Desk, out: Out, now: Instant) -> State:
    """An effect ended."""
    match fact.effect:
        case Read():
            return reads.failed(state, fact, now)
        case Save():
            return account.saved(state, fact, desk, out)
        case Place() | LookUp() | Cancel() as effect:
            return orders.answered(state, effect, fact.answer, desk, out, now)


def lost(state: State, fact: Outcome, now: Instant) -> State:
    """The state after an effect whose end could not be taken in: it counts as ended without an answer.

    For the runner, when a step failed on it: words nothing and asks for nothing, so that it can't fail the same way.
    """
    match fact.effect:
        case Read():
            return reads.failed(state, fact, now)
        case Save():
            return state
        case Place() | LookUp() | Cancel() as effect:
            return orders.lost(state, effect, now)


def together(state: State, waiting: Iterable[str]) -> tuple[str, ...]:
    """Of the symbols whose marks wait, those to be taken at once: the first, and all that share a pool with it."""
    first, *others = waiting
    return (first,) if state.book is None or not others else (first, *state.book.shared(first, others))


def _mark(state: State, ticks: Sequence[Mark], now: Instant) -> tuple[State, tuple[Effect, ...], Rest | None]:
    """A tick: values anew the positions of its symbols and their pools, judges them, and may act on them.

    It is judged and acted on without a word first; where there is something to say and no order comes of it, it is
    judged once more with all its words.
    """
    marks = state.marks
    for tick in ticks:
        marks = marks.insert(tick.symbol, StreamedMark(tick.price, now.mono))
    before = state.book
    book = None if before is None else before.with_marks({tick.symbol: tick.price for tick in ticks}, now.mono)
    state = replace(state, marks=marks, book=book)
    if book is None or book is before:
        return state, (), None
    keys, pools = holdings.touched(book, [tick.symbol for tick in ticks])
    out, unworded = Out(now), list[Unworded]()
    desk = _desk(state, out, now)
    judge(_view(state, desk, now), desk, keys, pools, now, fresh=True, tick=True, later=unworded)
    if unworded:
        acted = _protect(state, keys, desk, out, now)
        if out.count(Place):
            acted = replace(_wake_for(acted, desk, out, keys, pools, now), alerts=desk.alerts)
            return acted, out.orders(), Rest(state, tuple(unworded), out, now)
        out, shown = Out(now), proposals.Shown()
        desk = _desk(state, out, now)
        judge(_view(state, desk, now, shown), desk, keys, pools, now, fresh=True, tick=True)
        state = shown.into(state, out)
    state = _wake_for(_protect(state, keys, desk, out, now), desk, out, keys, pools, now)
    if desk.changed:
        out.do(Publish())
    return replace(state, alerts=desk.alerts), out.effects(), None


def _wake_for(
    state: State, desk: Desk, out: Out, keys: Sequence[PositionKey], pools: Sequence[str], now: Instant
) -> State:
    """Be woken when something is due of these, if that is sooner than what was asked for."""
    soonest = min((due for due in _dues(state, desk, keys, pools) if due is not None and due > now.mono), default=None)
    if soonest is not None and (state.wake is None or soonest < state.wake):
        out.do(WakeAt(soonest))
        state = replace(state, wake=soonest)
    return state


def _judge_all(state: State, desk: Desk, out: Out, now: Instant, *, fresh: bool) -> State:
    book, shown = state.book, proposals.Shown()
    if book is not None:
        view = _view(state, desk, now, shown)
        judge(view, desk, sorted(book.positions), sorted(book.pools), now, fresh=fresh)
    return shown.into(state, out)


def view_of(state: State, now: Instant) -> View:
    """What a judgement of this account looks at; without a word of what will be done."""
    return _view(state, _desk(state, Out(now), now), now)


def _view(state: State, desk: Desk, now: Instant, shown: proposals.Shown | None = None) -> View:
    """`shown` gathers the proposals that its words make; None: they are not told, and make none."""
    book = state.book
    assert book is not None  # noqa: S101  (asked only when there is one)
    shield = hands.shield_of(state, now)

    def intention(key: PositionKey, rule: Rule, level: Level) -> Intent:
        guard = state.guards.get(key) or Guard(key)
        say = glance if shown is None else shown.intent
        return say(shield, guard, book.positions[key], rule, level, desk, now)

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
    return orders.sent(replace(state, guards=guards), out, now)


def _stream(state: State, out: Out) -> State:
    """Stream the marks of what is held."""
    symbols = frozenset(key.symbol for key in state.held)
    if symbols == state.streamed:
        return state
    out.do(Stream(symbols))
    return replace(state, streamed=symbols)


def _dues(state: State, desk: Desk, keys: Sequence[PositionKey], pools: Iterable[str]) -> Sequence[float | None]:
    """When the alerts and guards of these subjects change if nothing else happens."""
    ends = tuple(f"|{key.symbol}" for key in keys) + tuple(f"|pool {asset}" for asset in pools)
    thresholds = {rule.name: rule for rule in state.rules.rules}
    guards = [guard for key in keys if (guard := state.guards.get(key)) is not None]
    dues: list[float | None] = [due for guard in guards for due in (guard_due(guard), proposals.due(guard))]
    for rule in thresholds.values():
        for end in ends:
            alert = desk.alerts.get(f"{PREFIX}{rule.name}{end}")
            if alert is not None:
                dues.append(alert_due(alert, rule.levels, rule.repeat, rule.escalate))
    return dues


def _wake(state: State, out: Out, now: Instant) -> State:
    """Ask to be woken at the earliest moment at which something changes by itself."""
    seen, blind_alert = sight.of_account(state, now), state.alerts.get(blind.KEY)
    dues = [
        blind.next_due(seen, state.rules.blind, blind_alert.level if blind_alert is not None else None),
        state.reads.last_good + FRESH,
        reads.read_due(state),
        *unknown.dues(state.unknown, state.rules.blind),
        *hands.dues(state, now),
        *(guard_due(guard) for guard in state.guards.values()),
        *(proposals.due(guard) for guard in state.guards.values()),
    ]
    rules = {rule.name: rule for rule in state.rules.rules}
    for key, alert in state.alerts.items():
        rule = rules.get(rule_and_subject(key)[0])
        if rule is not None:
            dues.append(alert_due(alert, rule.levels, rule.repeat, rule.escalate))
        else:
            dues.append(reminder_due(alert, REMIND))
    soonest = min((due for due in dues if due is not None and due > now.mono), default=None)
    if soonest is None or soonest == state.wake:
        return state
    out.do(WakeAt(soonest))
    return replace(state, wake=soonest)
