"""Talking against not talking: two watchdogs see the same, one of them is silenced, acknowledged, restarted and asked.

Hypothesis looks for a night in which the silenced one acts differently, or something that fires is never told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.bench import AVAX, BTC, WALL, Bench, account, only, position, resting
from watchdog.alerts.hours import counts
from watchdog.alerts.silence import alert_handle, means
from watchdog.alerts.view import rule_and_subject
from watchdog.domain.effects import Cancel, Effect, Level, LookUp, Message, Place, Save, WakeAt
from watchdog.domain.facts import Command, Confirmed, NotFound
from watchdog.domain.position import AccountRead, Position, Stop
from watchdog.domain.verbs import Verb
from watchdog.protection.guard import Guard
from watchdog.rules.schema import Between, Escalation, Ruleset

TEXT = """
[[rule]]
name = "room"
metric = "room_used"
warn = "20%"
critical = "40%"
emergency = "70%"

[[rule]]
name = "hours"
metric = "liquidation_distance"
warn = "below 9%"
critical = "below 6%"

[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = { at = "below 95%", hold = "30s" }
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""
STEPS = (Escalation(60.0, ("oncall",)), Escalation(200.0, ("boss",)))
ENTRY = {BTC: Decimal(100000), AVAX: Decimal(30)}
SUBJECTS = ["", "BTC", "AVAX", "room", "hours", "no stop", "handle"]


def ruled() -> Ruleset:
    """Rules that escalate, one of them at some hours only: they begin in two minutes and end five later."""
    text = only(TEXT)
    begins, ends = (datetime.fromtimestamp(WALL + 60 * minutes, UTC) for minutes in (2, 7))
    hours = Between(begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute, ZoneInfo("UTC"), "a while")
    changed = (replace(one, escalate=STEPS, between=hours if one.name == "hours" else None) for one in text.rules)
    return replace(text, rules=tuple(changed))


RULES = ruled()


class Venue:
    """What is held and what rests, the same for both."""

    def __init__(self) -> None:
        self.marks = dict(ENTRY)
        self.held: set[str] = {BTC}
        self.stops: dict[str, Stop] = {}

    def read(self) -> AccountRead:
        """The account."""
        return account(*(self._position(symbol) for symbol in sorted(self.held)), stops=self.stops.values())

    def _position(self, symbol: str) -> Position:
        size = "0.5" if symbol == BTC else "1000"
        margin = "5000" if symbol == BTC else "3000"
        return position(symbol, size=size, margin=margin, entry=str(ENTRY[symbol]), mark=str(self.marks[symbol]))


class Watchdog:
    """One of the two: its core, and what it has told."""

    def __init__(self) -> None:
        self.bench = Bench.with_rules(RULES)
        self.wake: float | None = None
        self.told: dict[str, Level] = {}
        """The highest level told of each alert since it last ended."""
        self.silences: dict[str, float] = {}

    def hushed(self, key: str) -> bool:
        """Whether a silence asked for is over it now."""
        return any(until > self.bench.now.wall and means(one, "main", key) for one, until in self.silences.items())

    def hear(self, effects: Iterable[Effect]) -> list[Effect]:
        """Take in what a step asked for; the orders among it."""
        for effect in effects:
            if isinstance(effect, WakeAt):
                self.wake = effect.mono
            if isinstance(effect, Save):
                for message in effect.messages:
                    self._hear(message)
        self.bench.effects.clear()
        return [effect for effect in effects if isinstance(effect, Place | Cancel | LookUp)]

    def _hear(self, message: Message) -> None:
        assert len(message.lines) <= 8
        key = message.alert
        if not key:
            if message.event == "resolved":  # closed: all its alerts are over in one
                subject = message.id.split("closed|", 1)[1].rsplit(":", 1)[0]
                self.told = {one: level for one, level in self.told.items() if not one.endswith(f"|{subject}")}
            return
        if message.event == "resolved":
            assert key in self.told, f"{key} is over, and nobody knew of it"
            del self.told[key]
            return
        if self.hushed(key):
            said_all_the_same = message.level >= Level.EMERGENCY or (key == "blind" and message.level > Level.WARN)
            assert said_all_the_same, f"{key} was said under a silence: {message.event} {message.level}"
        self.told[key] = max(self.told.get(key, Level.INFO), message.level)
        assert message.sound or (message.level < Level.CRITICAL and message.event != "escalated")


class Talking(RuleBasedStateMachine):
    """One is talked to, the other is not."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue()
        self.loud, self.calm = Watchdog(), Watchdog()
        self.orders: list[tuple[Place | Cancel | LookUp, Place | Cancel | LookUp]] = []

    @property
    def both(self) -> tuple[Watchdog, Watchdog]:
        """The one that is talked to first."""
        return self.loud, self.calm

    def _same(self, first: list[Effect], second: list[Effect]) -> None:
        assert first == second, "a silence, an ack or an escalation changed what is sent"
        for one, other in zip(first, second, strict=True):
            assert isinstance(one, Place | Cancel | LookUp)
            assert isinstance(other, Place | Cancel | LookUp)
            self._answer(one)

    def _answer(self, effect: Place | Cancel | LookUp) -> None:
        match effect:
            case Place(order=order):
                self.venue.stops[order.client_id] = resting(order)
                answer: Confirmed | NotFound = Confirmed()
            case Cancel(client_id=client_id):
                self.venue.stops.pop(client_id, None)
                answer = Confirmed()
            case LookUp(client_id=client_id):
                stop = self.venue.stops.get(client_id)
                answer = NotFound() if stop is None else Confirmed(stop)
        self._same(*(one.hear(one.bench.answer(effect, answer)) for one in self.both))

    def _due(self) -> None:
        self._same(*(one.hear(one.bench.due()) for one in self.both))

    def _pass(self, seconds: float) -> None:
        """Both are woken whenever either asked to be: a step more or less must not make the difference."""
        until = self.loud.bench.mono + seconds
        for _ in range(500):
            soon = min((one.wake for one in self.both if one.wake is not None), default=until)
            if soon >= until:
                break
            for one in self.both:
                one.bench.mono = max(one.bench.mono, soon)
                one.wake = None if one.wake is not None and one.wake <= soon else one.wake
            self._due()
        for one in self.both:
            one.bench.mono = until

    @initialize(both_held=st.booleans())
    def start(self, both_held: bool) -> None:
        """One position or two, read once."""
        if both_held:
            self.venue.held.add(AVAX)
        self.it_is_read(1.0)

    @rule(seconds=st.sampled_from([1.0, 9.0]))
    def it_is_read(self, seconds: float) -> None:
        """After a while."""
        self._pass(seconds)
        read = self.venue.read()
        self._same(*(one.hear(one.bench.read(read)) for one in self.both))

    @rule(times=st.sampled_from([7, 20, 40]))
    def it_is_read_for_minutes(self, times: int) -> None:
        """Every nine seconds."""
        for _ in range(times):
            self.it_is_read(9.0)

    @rule(seconds=st.sampled_from([5.0, 20.0, 70.0]))
    def nothing_is_read(self, seconds: float) -> None:
        """Blind for a while."""
        self._pass(seconds)

    @rule(symbol=st.sampled_from([BTC, AVAX]), used=st.sampled_from(["-0.1", "0.1", "0.3", "0.5", "0.62", "0.8"]))
    def mark_moves(self, symbol: str, used: str) -> None:
        """To so much of the way to liquidation, about a tenth of the entry away; its tick is heard."""
        self.venue.marks[symbol] = ENTRY[symbol] * (1 - Decimal("0.096") * Decimal(used))
        for one in self.both:
            one.bench.mono += 0.1
        price = str(self.venue.marks[symbol])
        self._same(*(one.hear(one.bench.mark(symbol, price)) for one in self.both))

    @rule(symbol=st.sampled_from([BTC, AVAX]))
    def position_is_opened_or_closed(self, symbol: str) -> None:
        """By hand."""
        self.venue.held ^= {symbol}
        if symbol not in self.venue.held:
            self.venue.stops = {name: stop for name, stop in self.venue.stops.items() if stop.symbol != symbol}

    @rule(subject=st.sampled_from(SUBJECTS), seconds=st.sampled_from([5.0, 60.0, 400.0]))
    def somebody_silences(self, subject: str, seconds: float) -> None:
        """The other is only woken."""
        if subject == "handle":
            subject = alert_handle("main", f"rule:room|{BTC}")
        until = self.loud.bench.now.wall + seconds
        before = dict(self.loud.silences)
        self.loud.silences[subject] = until
        effects = self.loud.bench.put(Command(Verb.SILENCE, "me", subject, seconds))
        if not any(one.subject == subject for one in self.loud.bench.state.silences.values()):
            self.loud.silences = before  # nothing is called so
        self._same(self.loud.hear(effects), self.calm.hear(self.calm.bench.due()))

    @rule(told=st.booleans(), back=st.booleans(), seconds=st.sampled_from([60.0, 400.0]))
    def it_gets_worse_under_a_silence(self, told: bool, back: bool, seconds: float) -> None:
        """A warning of it was told or not; it lasts beyond the silence, or is over before."""
        self.venue.held.add(BTC)
        self.mark_moves(BTC, "0.3" if told else "-0.1")
        self.it_is_read(1.0)
        self.somebody_silences("BTC", seconds)
        self.mark_moves(BTC, "0.5")
        self.it_is_read_for_minutes(5)
        self.mark_moves(BTC, "-0.1" if back else "0.5")
        self.it_is_read_for_minutes(5)

    @rule(subject=st.sampled_from(["", "BTC", "room"]))
    def somebody_ends_silences(self, subject: str) -> None:
        """By hand."""
        effects = self.loud.bench.put(Command(Verb.UNSILENCE, "me", subject))
        left = {one.subject for one in self.loud.bench.state.silences.values()}
        self.loud.silences = {one: until for one, until in self.loud.silences.items() if one in left}
        self._same(self.loud.hear(effects), self.calm.hear(self.calm.bench.due()))

    @rule(subject=st.sampled_from(["", "BTC", "room"]))
    def somebody_acknowledges(self, subject: str) -> None:
        """What fires there."""
        effects = self.loud.bench.put(Command(Verb.ACK, "me", subject))
        self._same(self.loud.hear(effects), self.calm.hear(self.calm.bench.due()))

    @rule()
    def both_restart(self) -> None:
        """What was told is remembered, what is owed too."""
        orders = []
        for one in self.both:
            one.bench, one.wake = one.bench.restarted(), None
            orders.append(one.hear(list(one.bench.effects)))
        self._same(*orders)

    @invariant()
    def what_fires_has_been_told(self) -> None:
        """Unless a silence is over it, somebody acknowledged it, or there are no figures to say it with."""
        for one in self.both:
            state = one.bench.state
            held = {key.symbol for key in state.held} - {key.symbol for key in state.vanished}
            seen = state.fresh(one.bench.mono)
            for key, alert in state.alerts.items():
                name, subject = rule_and_subject(key)
                if alert.level is None or alert.acknowledged or one.hushed(key):
                    continue
                if alert.said is None:  # another alert speaks for it
                    continue
                if alert.owed and not (seen and subject in held):
                    continue
                assert one.told.get(key, Level.INFO) >= alert.level, f"{key} fires at {alert.level}, nobody was told"
                assert not alert.owed, f"{key} is owed, and could be said"
                if name == "hours" and subject in held:
                    between = next(each.between for each in RULES.rules if each.name == name)
                    assert counts(between, one.bench.now.wall) or one.wake is not None

    @invariant()
    def steps_are_taken_in_time(self) -> None:
        """As many as the time since it began to wait says."""
        for one in self.both:
            for key, alert in one.bench.state.alerts.items():
                name, _ = rule_and_subject(key)
                if alert.waits is None or not name:
                    continue
                now = one.bench.mono
                times = [alert.waits.mono + step.after for step in STEPS]
                due = sum(now >= time for time in times)
                late = any(0 <= now - time <= 0.2 for time in times)  # a tick came right before its timer
                assert alert.escalated == due or late, f"{key}: {now - alert.waits.mono} s, {alert.escalated} steps"

    @invariant()
    def both_know_the_same_of_what_they_sent(self) -> None:
        """Not only the orders: all that later orders follow from. Only what was shown to people may differ."""
        first, second = ({key: _sent(guard) for key, guard in one.bench.state.guards.items()} for one in self.both)
        assert first == second


def _sent(guard: Guard) -> Guard:
    return replace(guard, proposal=None, ended=(), offered=None, earlier=(), worded="")


class TestTalking(Talking.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """The machine, as pytest runs it."""

    settings = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
