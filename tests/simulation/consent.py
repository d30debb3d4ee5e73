"""What the daemon has leave to do: by its rules file, and by what it was told. Nothing else may go out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.simulation.disk import OnDisk
from tests.simulation.record import Record
from watchdog.core.state import State
from watchdog.domain.effects import Cancel, Effect, Message, Place, Reply, Save
from watchdog.domain.facts import Command, Instant
from watchdog.domain.position import OrderSide, StopOrder
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Mode

_GOOD_FOR_S = 60.0
"""A proposal may be said yes to for so long."""
_ANSWERED_S = 12.0
"""Every word is answered within this."""
_CARRIED_OUT_S = 60.0
"""What was agreed to goes out within this or not at all."""
_OVERDUE_S = 660.0
"""What nobody answered goes out within this: it may have to wait for a read, or for a place that is safe."""
_AS_SHOWN = Decimal("0.003")
"""Of the price: a stop may lie so much further from the mark than the one that was shown."""
_FOLLOWS = Decimal("0.2")
"""Of the price: so far at most a stop lies from the one that was shown, when the mark has moved meanwhile."""
_PROPOSED = re.compile(r"Proposed: stop ([\d,.]+) on mark, (?:all )?([\d,.]+?)(?: of [\d,.]+)?, reduce-only")
_UNANSWERED = re.compile(r"No answer = I place it at (\d\d):(\d\d):(\d\d)")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class _Shown:
    """A proposal as a person read it. Wall time."""

    at: float
    size: Decimal
    trigger: Decimal
    goes_at: int | None
    """Seconds of the local day at which it goes without an answer."""

    def holds(self, order: StopOrder) -> bool:
        """Whether an order is no more than this."""
        sign = 1 if order.order_side is OrderSide.SELL else -1
        further = (self.trigger - order.trigger_price) * sign
        return self._of_it(order) and further <= self.trigger * _AS_SHOWN

    def went(self, order: StopOrder, of_day: int) -> bool:
        """Whether this is what was to go without an answer: its place follows the mark, its size does not."""
        return self.goes_at is not None and self._of_it(order) and (of_day - self.goes_at) % _DAY_S <= _OVERDUE_S

    def _of_it(self, order: StopOrder) -> bool:
        """Whether it is no larger, and of this coin by its price."""
        return order.size <= self.size and abs(order.trigger_price - self.trigger) <= self.trigger * _FOLLOWS


class Consent:
    """Follows what was said, and looks at every order."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._shown: dict[str, _Shown] = {}
        self._taps: dict[str, float] = {}
        """By proposal the wall time of the first yes that came while it was good."""
        self._agreed: set[str] = set()
        """Client ids of stops that somebody agreed to."""
        self._waiting: dict[str, tuple[Command, float]] = {}
        """Words that were not answered yet."""
        self.disarmed_until = 0.0
        """Wall time."""
        self.no_leave_at = 0.0
        """The last wall time at which the daemon had no leave to act."""
        self.yes = 0
        """How many stops went out on somebody's word."""

    def step(self, state: State, command: Command | None, effects: tuple[Effect, ...], now: Instant) -> None:
        """A step is over, and may have taken a command in."""
        if command is not None:
            self._waiting[command.reply_to] = (command, now.wall)
            self._tapped(command, now)
        for effect in effects:
            if isinstance(effect, Reply) and effect.to in self._waiting:
                self._answered(self._waiting.pop(effect.to)[0], effect, now)
        self._sends(state, effects, now)
        for effect in effects:
            if isinstance(effect, Save):
                for message in effect.messages:
                    self._reads(message, now)

    def _tapped(self, command: Command, now: Instant) -> None:
        shown = self._shown.get(command.subject)
        if command.verb is Verb.CONFIRM and shown is not None and now.wall < shown.at + _GOOD_FOR_S:
            self._taps.setdefault(command.subject, now.wall)

    def _answered(self, command: Command, reply: Reply, now: Instant) -> None:
        if reply.ok and command.verb is Verb.DISARM:
            self.disarmed_until = now.wall + command.seconds
        if reply.ok and command.verb is Verb.ARM:
            self.disarmed_until = 0.0

    def _reads(self, message: Message, now: Instant) -> None:
        """A message is told; what its button does has to stand in it."""
        yes = [button.subject for button in message.buttons if button.verb is Verb.CONFIRM]
        proposed, unanswered = _PROPOSED.search(message.text), _UNANSWERED.search(message.text)
        if proposed is None:
            if yes:
                self._record.fail(f"a button that does not say what it does: {message.text}")
            return
        if not yes:
            self._record.fail(f"a question without a button: {message.text}")
        trigger, size = (Decimal(text.replace(",", "")) for text in proposed.groups())
        goes_at = None
        if unanswered is not None:
            hours, minutes, seconds = map(int, unanswered.groups())
            goes_at = 3600 * hours + 60 * minutes + seconds
        for proposal in yes:
            self._shown[proposal] = _Shown(now.wall, size, trigger, goes_at)

    def _sends(self, state: State, effects: Iterable[Effect], now: Instant) -> None:
        rules = state.rules
        mode = min(rules.mode, rules.account_modes.get(state.who.account, rules.mode))
        why_not = "mode watch" if mode is Mode.WATCH else ""
        if now.wall < self.disarmed_until:
            why_not = f"disarmed for {self.disarmed_until - now.wall:.0f} s more"
        if why_not:
            self.no_leave_at = now.wall
        for effect in effects:
            if why_not and isinstance(effect, Place | Cancel):
                self._record.fail(f"{effect} is sent: {why_not}")
            if mode is Mode.ASK and isinstance(effect, Place) and not self._agree(effect.order, now):
                self._record.fail(f"{effect} is sent, and nobody agreed to it: {self._shown}, {self._taps}")

    def _agree(self, order: StopOrder, now: Instant) -> bool:
        """Whether somebody agreed to this order, or was told that it would go without an answer."""
        if order.client_id in self._agreed:  # once more, after no answer
            return True
        of_day = _of_day(now.wall)
        for proposal, shown in self._shown.items():
            tapped = now.wall - self._taps.get(proposal, 0.0) <= _CARRIED_OUT_S
            if (tapped and shown.holds(order)) or shown.went(order, of_day):
                self._agreed.add(order.client_id)
                self.yes += 1
                del self._shown[proposal]  # one yes, one stop
                return True
        return False

    def second(self, wall: float) -> None:
        """Nobody waits for an answer for ever."""
        for reply_to, (command, since) in [*self._waiting.items()]:
            if wall - since > _ANSWERED_S:
                self._record.fail(f"nobody answers: {command}")
                del self._waiting[reply_to]

    def died(self, disk: OnDisk) -> None:
        """A new process knows only what is on the disk."""
        self._waiting.clear()
        self.disarmed_until = min(self.disarmed_until, disk.disarmed_until)


def _of_day(wall: float) -> int:
    """Seconds of the local day, as a person reads them in a message."""
    local = datetime.fromtimestamp(wall)  # noqa: DTZ006  (a person's watch knows no zone)
    return 3600 * local.hour + 60 * local.minute + local.second
