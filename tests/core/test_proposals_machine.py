"""Proposals against a market and an owner that do as they like: hypothesis looks for an order nobody said yes to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core import bench
from tests.core.bench import BTC, Bench, only
from tests.core.exchange import Exchange
from watchdog.alerts.desk import Desk
from watchdog.core.hands import shield_of
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Cancel, Effect, LookUp, Message, Place, Reply, Save
from watchdog.domain.facts import Answer, Command, Rejected, Unresolved
from watchdog.domain.gather import Out
from watchdog.domain.position import OrderSide, Side
from watchdog.domain.verbs import Verb
from watchdog.protection.decide import DoPlace, Warn
from watchdog.protection.proposal import Proposal
from watchdog.rules.schema import Ruleset

TEXT = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""
PROPOSED = re.compile(r"Proposed: stop ([\d,.]+) on mark, (?:all )?([\d.]+)(?: of [\d.]+)?, reduce-only")
PROMISED = re.compile(r"No answer = I place it at (\d\d):(\d\d):(\d\d) ")
DAY = 86400
TIMES = st.sampled_from([None, 90.0, 150.0])
DRIFTS = st.sampled_from(["-0.004", "-0.001", "0", "0.001", "0.004"])
SHARES = st.sampled_from(["-0.05", "-0.01", "-0.002", "-0.001", "0.001", "0.002", "0.01", "0.05"])


def ruleset(mode: str, no_answer: float | None) -> Ruleset:
    """The rule in a mode, with a time for those who don't answer or none."""
    rules = only(TEXT, f'mode = "{mode}"')
    (one,) = rules.rules
    assert one.stop is not None
    return replace(rules, rules=(replace(one, stop=replace(one.stop, no_answer=no_answer)),))


@dataclass
class Shown:
    """What a message showed, and what came of it."""

    wall: float
    trigger: Decimal
    size: Decimal
    mark: Decimal
    taps: int = 0
    sent: int = 0


class Asked(RuleBasedStateMachine):
    """One long or short; the owner taps whatever button was ever shown, whenever."""

    @initialize(side=st.sampled_from(list(Side)), steps=st.integers(1, 5), no_answer=TIMES)
    def start(self, side: Side, steps: int, no_answer: float | None) -> None:
        """A position is open, and its rule asks."""
        self.exchange = Exchange()
        self.no_answer = no_answer
        self.mode = "ask"
        self.house = Bench.with_rules(ruleset("ask", no_answer))
        self.seen = 0
        self.shown: dict[str, Shown] = {}
        self.valid: dict[str, float] = {}
        self.orders: list[Place | Cancel | LookUp] = []
        self.known: dict[str, Place] = {}
        self.promised: float | None = None
        self.disarmed_until = 0.0
        self.waiting = 0
        self.exchange.open(BTC, side, steps)
        self.read()

    # -- the harness -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take down what the last steps asked for."""
        new, self.seen = self.house.effects[self.seen :], len(self.house.effects)
        for effect in new:
            self._note(effect)

    def _note(self, effect: Effect) -> None:
        match effect:
            case Place():
                self._judge(effect)
                self.orders.append(effect)
            case Cancel() | LookUp():
                self.orders.append(effect)
            case Save(messages=messages):
                for message in messages:
                    self._note_shown(message)
            case Reply(to=identity, text=text):
                self.waiting -= 1
                if text.startswith("Nothing was sent"):
                    self.valid.pop(identity, None)
            case _:
                pass

    def _note_shown(self, message: Message) -> None:
        assert len(message.lines) <= 8
        for button in message.buttons:
            if button.verb is not Verb.CONFIRM:
                continue
            (line,) = [line for line in message.lines if line.startswith("Proposed")]
            match = PROPOSED.fullmatch(line)
            assert match is not None, line
            trigger, size = Decimal(match[1].replace(",", "")), Decimal(match[2])
            before = self.shown.get(button.subject)
            shown = Shown(message.at, trigger, size, self.mark_seen)
            if before is not None:
                assert (before.trigger, before.size) == (trigger, size), "one id, two plans"
                shown.taps, shown.sent = before.taps, before.sent
            self.shown[button.subject] = shown
            (silence,) = [line for line in message.lines if line.startswith("No answer")]
            loosens = any("its place moved away" in line for line in message.lines)
            assert ("NOTHING IS SENT" in silence) is (self.no_answer is None or loosens)
            promise = PROMISED.match(silence)
            self.promised = None if promise is None else self._wall_of(*map(int, promise.groups()))

    def _wall_of(self, hours: int, minutes: int, seconds: int) -> float:
        """The wall time nearest to now at which a watch shows this."""
        of_day = 3600 * hours + 60 * minutes + seconds
        away = (of_day - int(self.house.now.wall) + DAY // 2) % DAY - DAY // 2
        return float(int(self.house.now.wall) + away)

    def _judge(self, place: Place) -> None:
        order, why = place.order, place.why
        if self.known.setdefault(order.client_id, place).order == order and "no trace" in why:
            return  # the same order once more, under its own id
        assert self.mode == "ask", "an order while the rules only watch"
        read = self.house.state.read
        assert read is not None
        assert [one for one in read.positions if order.size <= one.size], "larger than the position last read"
        assert self.house.now.wall >= self.disarmed_until, "an order while disarmed"
        if "nobody answered" in why:
            assert self.no_answer is not None
            assert self.promised is not None
            assert self.house.now.wall >= self.promised, "before its time"
            assert any(order.size <= one.size for one in self.shown.values()), "larger than was ever shown"
            return
        assert "you tapped" in why, why
        able = [
            identity
            for identity, at in self.valid.items()
            if (one := self.shown[identity]).sent == 0
            and at < one.wall + 60
            and self._within(one, place)
            and self._near(one)
        ]
        assert able, f"nobody said yes to this: {place}, {self.shown}, {self.valid}"
        self.shown[able[-1]].sent += 1

    def _within(self, shown: Shown, place: Place) -> bool:
        """No larger than it was shown, and no riskier."""
        sign = 1 if place.order.order_side is OrderSide.SELL else -1
        worse = (shown.trigger - place.order.trigger_price) * sign
        return place.order.size <= shown.size and worse <= shown.mark * Decimal("0.003")

    def _near(self, shown: Shown) -> bool:
        """Whether the mark is where it was."""
        return abs(self.mark_seen - shown.mark) <= shown.mark * Decimal("0.003")

    @property
    def mark_seen(self) -> Decimal:
        """The mark the core last heard of."""
        book = self.house.state.book
        reading = None if book is None else next(iter(book.positions.values())).mark
        return getattr(reading, "value", self.exchange.marks[BTC])

    # -- what happens ----------------------------------------------------------------------------------------------

    @rule()
    def read(self) -> None:
        """The account as it is; what was looked up, or is to be cancelled, is answered before."""
        while any(not isinstance(order, Place) for order in self.orders):
            order = next(order for order in self.orders if not isinstance(order, Place))
            self._answer(order, "taken")
        self.house.after(0.1).read(self.exchange.read())
        self.look()

    @rule(seconds=st.sampled_from([0.5, 3.0, 8.0, 25.0, 65.0]))
    def time_passes(self, seconds: float) -> None:
        """With a read at its end, and the timer."""
        self.house.after(seconds).due()
        self.look()
        for order in tuple(self.orders):
            self._answer(order, "taken")
        self.read()

    @rule(share=SHARES)
    def mark_moves(self, share: str) -> None:
        """And is heard."""
        self.exchange.move(BTC, Decimal(share))
        self.house.after(0.1).mark(BTC, str(self.exchange.marks[BTC]))
        self.look()

    @precondition(lambda self: BTC in self.exchange.positions)
    @rule(steps=st.sampled_from([-2, -1, 1, 2]))
    def position_is_changed(self, steps: int) -> None:
        """By hand."""
        self.exchange.change(BTC, steps)

    @precondition(lambda self: BTC not in self.exchange.positions)
    @rule(side=st.sampled_from(list(Side)))
    def position_is_opened(self, side: Side) -> None:
        """A new one."""
        self.exchange.open(BTC, side, 2)

    @precondition(lambda self: self.shown and self.mode == "ask")
    @rule(wait=st.sampled_from([0.5, 30.0, 70.0]), steps=st.sampled_from([-1, 0, 0, 1]), share=SHARES)
    def owner_taps_after_a_while(self, wait: float, steps: int, share: str) -> None:
        """The newest, with something changed meanwhile."""
        self.time_passes(wait)
        if BTC in self.exchange.positions:
            self.exchange.change(BTC, steps)
        self.exchange.move(BTC, Decimal(share))
        self.owner_taps(0, fresh=True)

    @precondition(lambda self: self.shown)
    @rule(which=st.sampled_from([0, 0, 1, 2, 4]), fresh=st.booleans())
    def owner_taps(self, which: int, fresh: bool) -> None:
        """Any button there ever was, the newest first; and perhaps a read answers at once."""
        identity = list(self.shown)[-1 - which % len(self.shown)]
        shown = self.shown[identity]
        shown.taps += 1
        if self.house.now.wall < shown.wall + 60 and shown.sent == 0:
            self.valid[identity] = self.house.now.wall
        self.waiting += 1
        self.house.after(0.1).put(Command(Verb.CONFIRM, identity, identity, by="Ann"))
        self.look()
        if fresh:
            self.read()

    @precondition(lambda self: self.orders)
    @rule(fate=st.sampled_from(["taken", "taken", "taken", "lost", "refused"]))
    def order_is_answered(self, fate: str) -> None:
        """Or not."""
        self._answer(self.orders[0], fate)

    def _answer(self, order: Place | Cancel | LookUp, fate: str) -> None:
        self.orders.remove(order)
        answer: Answer = Unresolved("timed out")
        match order, fate:
            case LookUp(client_id=client_id), _:
                answer = self.exchange.find(client_id)
            case Place(), "refused":
                answer = Rejected("-1111", "Precision")
            case Place(order=stop), "taken":
                answer = self.exchange.take(stop)
            case Cancel(client_id=client_id), "taken":
                answer = self.exchange.cancel(client_id)
            case _:
                pass
        self.house.after(0.1).answer(order, answer)
        self.look()

    @precondition(lambda self: self.exchange.stops)
    @rule()
    def stop_is_taken_away(self) -> None:
        """By the venue: it is asked about anew."""
        for client_id in sorted(self.exchange.stops):
            self.exchange.remove(client_id, "EXPIRED")
        self.time_passes(0.5)
        self.time_passes(0.5)

    @rule(mode=st.sampled_from(["ask", "ask", "ask", "watch"]), no_answer=TIMES)
    def rules_are_saved(self, mode: str, no_answer: float | None) -> None:
        """With another mode, or another time for those who don't answer."""
        if mode != self.mode and mode == "watch":
            self.valid.clear()
        self.mode, self.no_answer = mode, no_answer
        self.house.after(0.1).put(RulesChanged(ruleset(mode, no_answer)))
        self.look()

    @rule(seconds=st.sampled_from([20.0, 200.0]))
    def owner_disarms(self, seconds: float) -> None:
        """For a while; nothing is sent meanwhile."""
        self.waiting += 1
        self.house.after(0.1).put(Command(Verb.DISARM, "me", seconds=seconds))
        self.disarmed_until = self.house.now.wall + seconds
        self.look()

    @precondition(lambda self: self.mode == "ask" and self.no_answer is not None and BTC in self.exchange.positions)
    @rule(drift=DRIFTS)
    def nobody_answers(self, drift: str) -> None:
        """However the mark drifts, a stop goes by the time that was promised, or no place for one is safe."""
        for order in tuple(self.orders):
            self._answer(order, "taken")
        self.time_passes(25.0)  # what was under way has ended, and been said
        proposal, promised, placed = self._open(), self.promised, len(self.house.placed())
        if proposal is None or proposal.sends_at is None or self.exchange.positions[BTC].size > proposal.question.size:
            return  # what has grown is asked about anew when the minute of the question before is over
        assert promised is not None, "a time nobody was told of"
        while self.house.now.wall < promised + 20:
            assert self.house.now.wall < promised + 1 or not self._may_go(), "nobody answered, and nothing was sent"
            self.exchange.move(BTC, Decimal(drift) / 8)
            self.time_passes(8.0)
            if len(self.house.placed()) > placed:
                return

    def _open(self) -> Proposal | None:
        """The question that is open now, armed and with nothing else under way."""
        guard = self.house.state.guards.get(bench.position().key)
        if guard is None or guard.step is not None or self.house.now.wall < self.disarmed_until:
            return None
        return guard.proposal

    def _may_go(self) -> bool:
        """Whether the read of this moment leaves a stop to be sent that was asked about."""
        house = self.house
        if house.state.book is None or self._open() is None or house.mono < house.guard().next_try:
            return False
        risk = house.state.book.positions[bench.position().key]
        desk = Desk("main", None, house.state.alerts, house.now, Out(house.now))
        decision = shield_of(house.state, house.now).decision(house.guard(), risk, desk, house.mono)
        return (isinstance(decision, DoPlace) and decision.ask) or (isinstance(decision, Warn) and bool(decision.offer))

    @rule()
    def restarts(self) -> None:
        """From what was saved; a yes that waited is lost, an order under way may have arrived."""
        for order in self.orders:
            if isinstance(order, Place):
                self.exchange.take(order.order)
        self.orders.clear()
        self.waiting = 0
        self.house = self.house.restarted(ruleset(self.mode, self.no_answer))
        self.valid.clear()
        self.seen = 0
        self.look()
        for _ in range(12):  # one id of the open block after the other
            self.read()

    # -- what must always hold -------------------------------------------------------------------------------------

    @invariant()
    def no_yes_is_left_without_an_answer(self) -> None:
        """Within a few seconds each is told what came of it."""
        house = getattr(self, "house", None)
        if house is None:
            return
        guard = house.state.guards.get(bench.position().key)
        pending = guard is not None and guard.tap is not None
        assert self.waiting == (1 if pending else 0)

    @invariant()
    def a_yes_places_at_most_one_order(self) -> None:
        """However often it is said."""
        assert all(one.sent <= 1 for one in getattr(self, "shown", {}).values())


class TestAsked(Asked.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """The machine, as pytest runs it."""

    settings = settings(
        max_examples=30,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # explaining traces every line: minutes
    )
