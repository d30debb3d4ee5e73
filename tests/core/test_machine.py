"""The core against a venue that does its worst, step by step: hypothesis looks for a way to break a promise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core import bench
from tests.core.exchange import START, Exchange
from watchdog.core.state import Identity, State, restore
from watchdog.core.step import RulesChanged, step
from watchdog.domain.effects import Cancel, Effect, LookUp, Place, Read, Save, WakeAt
from watchdog.domain.facts import (
    Answer,
    Command,
    Due,
    Fact,
    Failed,
    Frame,
    FrameKind,
    Instant,
    Mark,
    Outcome,
    Rejected,
    Saved,
    Snapshot,
    Unresolved,
)
from watchdog.domain.ids import read_order_id
from watchdog.domain.position import PositionKey, PositionSide, Side, Stop
from watchdog.domain.reading import Known, Never
from watchdog.domain.verbs import Verb
from watchdog.protection.standing import standing_key
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset

INSTALLATION = "0123abcd"
TEXT = """
[protection]
mode = "{mode}"
first_act_after = "0s"

[[rule]]
name = "room"
metric = "room_used"
warn = "20%"
critical = "40%"
emergency = "70%"

[[rule]]
name = "pool"
metric = "shock_distance"
where = {{ margin_mode = "cross" }}
critical = "below 30%"

[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = {{ at = "below 95%", hold = "5s" }}
stop = {{ when = "critical", place = {{ entry_to_liquidation = "60%" }} }}
"""


def rules(mode: str) -> Ruleset:
    """The machine's rules: every position wants a stop after five seconds without one."""
    return parse_rules(TEXT.format(mode=mode), "rules.toml", frozenset({"main"}))


ACT, WATCH = rules("act"), rules("watch")
Order = Place | Cancel | LookUp

symbols = st.sampled_from(sorted(START))
sides = st.sampled_from(list(Side))
fates = st.sampled_from(["taken", "taken", "taken", "lost", "unheard", "late", "refused"])
"""taken and answered · lost on the way · taken, and the answer lost · taken later · refused."""


@dataclass
class Disk:
    """What Save effects left behind. The last step's may still be on their way."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    messages: set[str] = field(default_factory=set)
    works: bool = True

    def write(self, save: Save) -> bool:
        """One transaction."""
        if not self.works:
            return False
        self.messages |= {message.id for message in save.messages}
        for keep in save.keeps:
            kind = self.rows.setdefault(keep.kind, {})
            if keep.value is None:
                kind.pop(keep.key, None)
            else:
                kind[keep.key] = keep.value
        return True


class CoreMachine(RuleBasedStateMachine):
    """Facts go in by hand, effects wait until a rule decides what becomes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Exchange()
        self.disk = Disk()
        self.in_force = ACT
        self.mono = 0.0
        self.disarmed_until = 0.0
        self.wake: float | None = None
        self.orders: list[Order] = []
        self.reading: float | None = None
        self.lied: set[str] = set()
        self.unwritten: list[Save] = []
        self.sent: dict[str, object] = {}
        self.said: set[str] = set()
        self.replies = itertools.count()
        self.state = self._restored()

    # -- the harness -----------------------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The present; a restart does not set the clock back."""
        return Instant(self.mono, bench.WALL + self.mono)

    def _restored(self) -> State:
        return restore(Identity("main", "binanceusdm", INSTALLATION), self.in_force, self.disk.rows, self.now)

    def put(self, fact: Fact | RulesChanged) -> None:
        """One step, its promises, and its saves written (what an earlier step wrote is on the disk by now)."""
        self.unwritten = []
        self.mono += 0.001  # no two steps at one moment: a message is named by the millisecond its alert began
        self.state, effects = step(self.state, fact, self.now)
        for effect in effects:
            self._promises(effect)
            self._keep(effect)
        for save in self.unwritten:
            if not self.disk.works:
                answer: Answer = Failed("disk full")
            else:
                answer = Saved()
            self.state, more = step(self.state, Outcome(save, answer, self.mono), self.now)
            for effect in more:
                self._promises(effect)
                self._keep(effect, nested=True)

    def _keep(self, effect: Effect, *, nested: bool = False) -> None:
        match effect:
            case Place() | Cancel() | LookUp():
                self.orders.append(effect)
                busy = [one for one in self.orders if _symbol(one) == _symbol(effect)]
                assert len(busy) == 1, f"two order steps are open at once: {busy}"
            case Read():
                assert self.reading is None, "two reads are under way"
                self.reading = self.mono
            case Save() if nested:
                self.disk.write(effect)
            case Save():
                self.unwritten.append(effect)
            case WakeAt(mono=mono):
                assert mono > self.mono, "it asks to be woken in the past"
                self.wake = mono
            case _:
                pass

    def _flush(self) -> None:
        for save in self.unwritten:
            self.disk.write(save)
        self.unwritten = []

    # -- what must always hold -------------------------------------------------------------------------------------

    def _promises(self, effect: Effect) -> None:
        match effect:
            case Place():
                self._promises_of_place(effect)
            case Cancel():
                self._promises_of_cancel(effect)
            case Save(messages=messages):
                for message in messages:
                    assert len(message.lines) <= 8
                    assert message.id not in self.said, f"said twice: {message.id}"
                    self.said.add(message.id)
                    if message.event == "resolved" and message.alert.startswith("rule:"):
                        self._promises_of_resolved(message.alert)
            case _:
                pass

    def _promises_of_place(self, place: Place) -> None:
        order, read, book = place.order, self.state.read, self.state.book
        assert self.in_force is ACT
        assert self.now.wall >= self.disarmed_until
        assert read is not None
        assert book is not None
        held = {position.key: position for position in read.positions}
        position = held[PositionKey(order.symbol, order.position_side)]
        assert order.order_side is position.side.closing, "it would add to the position"
        assert 0 < order.size <= position.size, "it is larger than the position last read"
        mark = book.positions[position.key].mark
        assert isinstance(mark, Known)
        assert (mark.value - order.trigger_price) * position.side.sign > 0, "it would trigger at once"
        known = read_order_id(order.client_id)
        assert known is not None
        assert known.installation == INSTALLATION
        assert self.sent.setdefault(order.client_id, order) == order, "one id, two orders"

    def _promises_of_cancel(self, cancel: Cancel) -> None:
        read = self.state.read
        assert read is not None
        mine = [stop for stop in read.stops if _ours(stop) and stop.symbol == cancel.symbol]
        assert cancel.client_id in {stop.client_id for stop in mine}, "it is not ours, or does not rest"
        assert self.in_force is ACT
        assert self.now.wall >= self.disarmed_until
        key = PositionKey(cancel.symbol, PositionSide.BOTH)
        assert key not in self.state.vanished, "it is not known whether the position is closed"
        position = next((one for one in read.positions if one.key == key), None)
        closing = [stop.client_id for stop in mine if position and stop.order_side is position.side.closing]
        if cancel.client_id in closing:
            assert len(closing) > 1, "it was the only one that protects"

    def _promises_of_resolved(self, key: str) -> None:
        subject = key.rsplit("|", maxsplit=1)[1]
        assert self.state.fresh(self.mono), f"{key} resolved on old numbers"
        assert subject not in {position.symbol for position in self.state.vanished}, f"{key} resolved while vanished"

    @invariant()
    def memory_is_bounded(self) -> None:
        """Nothing is remembered of symbols that do not exist."""
        assert len(self.state.guards) <= len(START)
        assert len(self.state.marks) <= len(START)
        assert len(self.state.alerts) <= 30

    # -- time ------------------------------------------------------------------------------------------------------

    def _pass(self, seconds: float) -> None:
        until = self.mono + seconds
        for _ in range(2000):
            if self.wake is None or self.wake > until:
                break
            self.mono, self.wake = max(self.mono, self.wake), None
            self.put(Due())
        else:
            raise AssertionError("it is woken again and again")
        self.mono = until

    @initialize(symbol=symbols, side=sides, steps=st.integers(1, 5), protected=st.booleans())
    def start(self, symbol: str, side: Side, steps: int, protected: bool) -> None:
        """The process begins; a position is open, and perhaps protected already."""
        self.exchange.open(symbol, side, steps)
        self.put(Due())
        if protected:
            self._quiet(12)

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        """Timers come at their time, and nothing answers."""
        self._pass(seconds)

    @rule(seconds=st.sampled_from([2.0, 8.0, 8.0, 35.0]), fate=fates)
    def a_while_passes(self, seconds: float, fate: str) -> None:
        """Reads succeed, orders end in one way."""
        self._quiet(seconds, fate)

    # -- reads -----------------------------------------------------------------------------------------------------

    def _take_reading(self) -> float:
        began, self.reading = self.reading, None
        assert began is not None
        return began

    @precondition(lambda self: self.reading is not None)
    @rule()
    def read_succeeds(self) -> None:
        """The account as it is."""
        self.lied.clear()
        self.put(Snapshot(self.exchange.read(), self._take_reading(), self.mono))

    @precondition(lambda self: self.reading is not None)
    @rule(symbol=symbols)
    def read_lies(self, symbol: str) -> None:
        """One position is missing from one read, though it is open; never twice in a row."""
        missing = "" if symbol in self.lied else symbol
        self.lied = {missing}
        self.put(Snapshot(self.exchange.read(missing), self._take_reading(), self.mono))

    @precondition(lambda self: self.reading is not None)
    @rule(wait=st.sampled_from([None, 5.0]))
    def read_fails(self, wait: float | None) -> None:
        """No answer, or one that asks us to wait."""
        self.put(Outcome(Read("poll"), Failed("HTTP 503", wait), self._take_reading()))

    @rule()
    def frame_comes(self) -> None:
        """Something happened on the account."""
        self.put(Frame(FrameKind.ACCOUNT))

    # -- orders ----------------------------------------------------------------------------------------------------

    def _answer(self, order: Order, fate: str) -> None:
        self.orders.remove(order)
        self.put(Outcome(order, self._fate_of(order, fate), self.mono))

    def _fate_of(self, order: Order, fate: str) -> Answer:
        lost = Unresolved("timed out")
        match order, fate:
            case Place(order=stop), "late":
                self.exchange.late.append(stop)
                return lost
            case _, "lost":
                return lost
            case LookUp(client_id=client_id), "taken" | "late":
                return self.exchange.find(client_id)
            case LookUp(), _:
                return lost
            case _, "refused":
                return Rejected("-1100", "Illegal characters.")
            case Place(order=stop), _:
                answer = self.exchange.take(stop)
            case Cancel(client_id=client_id), _:
                answer = self.exchange.cancel(client_id)
        return answer if fate == "taken" else lost

    @precondition(lambda self: self.orders)
    @rule(which=st.integers(0, 3), fate=fates)
    def order_is_answered(self, which: int, fate: str) -> None:
        """Or not."""
        self._answer(self.orders[which % len(self.orders)], fate)

    @precondition(lambda self: self.exchange.late)
    @rule()
    def late_order_arrives(self) -> None:
        """One that was given up long ago."""
        self.exchange.take(self.exchange.late.pop(0))

    # -- the market and the owner ----------------------------------------------------------------------------------

    @rule(
        symbol=symbols, share=st.sampled_from(["-0.06", "-0.03", "-0.01", "0.01", "0.03", "0.06"]), heard=st.booleans()
    )
    def mark_moves(self, symbol: str, share: str, heard: bool) -> None:
        """And its tick arrives, or doesn't."""
        self.exchange.move(symbol, Decimal(share))
        if heard:
            self.put(Mark(symbol, self.exchange.marks[symbol], 0))

    @rule(symbol=symbols, side=sides, steps=st.integers(1, 5))
    def position_is_opened(self, symbol: str, side: Side, steps: int) -> None:
        """By hand: a new one, or the other way round at once."""
        self.exchange.open(symbol, side, steps)

    @precondition(lambda self: self.exchange.positions)
    @rule(which=st.integers(0, 1), steps=st.sampled_from([-5, -1, 1, 3]))
    def position_is_changed(self, which: int, steps: int) -> None:
        """By hand: grown, shrunk or closed."""
        held = sorted(self.exchange.positions)
        self.exchange.change(held[which % len(held)], steps)

    @precondition(lambda self: self.exchange.stops)
    @rule(which=st.integers(0, 5), status=st.sampled_from(["CANCELED", "CANCELED", "EXPIRED"]))
    def stop_is_taken_away(self, which: int, status: str) -> None:
        """By hand, or by the venue."""
        resting = sorted(self.exchange.stops)
        self.exchange.remove(resting[which % len(resting)], status)

    @precondition(lambda self: self.exchange.positions)
    @rule(which=st.integers(0, 1), distance=st.sampled_from(["0.02", "0.2"]))
    def stop_is_added(self, which: int, distance: str) -> None:
        """Somebody else's, in time or too late."""
        held = sorted(self.exchange.positions)
        self.exchange.add_foreign(held[which % len(held)], Decimal(distance))

    @rule(word=st.sampled_from(["act", "watch", "disarm", "arm", "disk full", "disk works"]))
    def owner_meddles(self, word: str) -> None:
        """Saves the rules with another mode, disarms for a while, fills the disk, makes room again."""
        match word:
            case "act" | "watch":
                self.in_force = ACT if word == "act" else WATCH
                self.put(RulesChanged(self.in_force))
            case "disarm":
                self.disarmed_until = self.now.wall + 10.0  # or a millisecond later
                self.put(Command(Verb.DISARM, str(next(self.replies)), seconds=10.0))
            case "arm":
                self.disarmed_until = 0.0
                self.put(Command(Verb.ARM, str(next(self.replies))))
            case _:
                self.disk.works = word == "disk works"

    # -- disasters -------------------------------------------------------------------------------------------------

    @rule(lost=st.booleans(), fate=st.sampled_from(["lost", "unheard", "late"]))
    def restarts(self, lost: bool, fate: str) -> None:
        """Killed: memory is gone, the last step's saves perhaps too, and requests under way end as they end."""
        if not lost:
            self._flush()
        for order in self.orders:
            self._fate_of(order, fate)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.mono += 1.0
        self.orders, self.reading, self.wake, self.unwritten = [], None, None, []
        self.sent.clear()  # an id whose save was lost may name another order now: the venue takes only one of them
        self.said &= self.disk.messages  # what was told and not saved is told again, once
        self.state = self._restored()
        self.disarmed_until = self.state.disarmed_until or 0.0
        self.put(Due())

    # -- once it is quiet ------------------------------------------------------------------------------------------

    def _quiet(self, seconds: float, fate: str = "taken") -> None:
        """Reads answer at once, orders end in one way, and nothing else happens."""
        until = self.mono + seconds
        while self.mono < until:
            if self.orders:
                self._pass(0.2)
                self._answer(self.orders[0], fate)
            elif self.reading is not None:
                self._pass(0.2)
                self.read_succeeds()
            else:
                assert self.wake is not None, "nothing will ever wake it"
                self._pass(max(0.0, self.wake - self.mono))

    @rule()
    def all_is_quiet(self) -> None:
        """Faults end: each position has exactly one stop of ours, or has it said why not; closed ones have none."""
        self.disk.works = True
        for order in self.exchange.late:
            self.exchange.take(order)
        self.exchange.late.clear()
        self.in_force = ACT
        self.put(RulesChanged(ACT))
        self._quiet(20)
        self.disarmed_until = 0.0
        self.put(Command(Verb.ARM, str(next(self.replies))))
        self._quiet(40)
        longest = max((guard.next_try for guard in self.state.guards.values()), default=0.0)
        self._quiet(max(longest - self.mono, 0.0) + 40)
        for symbol in START:
            self._at_rest(symbol)

    def _at_rest(self, symbol: str) -> None:
        mine = [stop for stop in self.exchange.stops.values() if _ours(stop) and stop.symbol == symbol]
        position = self.exchange.positions.get(symbol)
        key = PositionKey(symbol, PositionSide.BOTH)
        assert key not in self.state.vanished
        if position is None:
            assert mine == [], "a closed position keeps a stop"
            assert not [alert for alert in self.state.alerts if alert.endswith(f"|{symbol}")]
            return
        book = self.state.book
        assert book is not None
        risk = book.positions[key]
        foreign = sum((one.share for one in risk.stops if not _ours(one.stop)), Decimal(0))
        excused = standing_key(key) in self.state.alerts
        assert len(mine) <= 1, f"two stops rest once it is quiet: {mine}, {risk.liquidation_near}, {position}"
        if not mine:
            needless = foreign >= Decimal("0.95") or isinstance(risk.liquidation_near, Never)
            assert excused or needless, f"uncovered, and nobody says why: {self.state.guards.get(key)}"
            return
        stop = mine[0]
        assert stop.order_side is position.side.closing
        assert stop.size is not None
        told = f"{stop}, {position}, foreign {foreign}, {risk.liquidation_near}, {self.state.guards.get(key)}"
        if not excused and isinstance(risk.liquidation_near, Known):
            assert stop.size <= position.size or foreign > 0, f"it is larger than the position: {told}"
            assert stop.size >= position.size * (1 - foreign) - bench.market(symbol).step, f"it is too small: {told}"


def _symbol(effect: Order) -> str:
    return effect.order.symbol if isinstance(effect, Place) else effect.symbol


def _ours(stop: Stop) -> bool:
    known = read_order_id(stop.client_id)
    return known is not None and known.installation == INSTALLATION


class TestCore(CoreMachine.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """The machine, as pytest runs it."""

    settings = settings(
        max_examples=25,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # explaining traces every line: minutes
    )
