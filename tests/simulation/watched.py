"""The venue as the daemon has it, watched: what it was told, and whether what it sends fits what it was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tests.simulation.record import Record
from watchdog.clock import Clock
from watchdog.core.state import FRESH
from watchdog.domain.facts import Answer, Confirmed, Frame, Mark, NotFound, Rejected
from watchdog.domain.ids import read_order_id
from watchdog.domain.position import AccountRead, Position, Stop, StopKind, StopOrder, TriggerKind
from watchdog.venues.base import KeyPower, ReadError, Venue

_JUST_NOW_S = 0.001
"""Between a decision and the start of its request."""
_TOO_NEAR = Decimal("0.005")
"""Of the liquidation price: a stop of ours nearer to it was not placed there, and is no protection to rely on."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A complete read that the daemon may go by."""

    read: AccountRead
    began: float
    ended: float

    def position(self, symbol: str) -> Position | None:
        return next((one for one in self.read.positions if one.symbol == symbol), None)

    def protected(self, symbol: str, gone: Decimal | None, without: str = "") -> Decimal:
        """How much of a position's size stops close before `gone`, by this read; `without` names one not counted."""
        position = self.position(symbol)
        if position is None:
            return Decimal(0)
        sizes = [
            _closes(position, stop, gone)
            for stop in self.read.stops
            if stop.symbol == symbol and stop.client_id != without
        ]
        return min(position.size, sum(sizes, Decimal(0)))


def _closes(position: Position, stop: Stop, gone: Decimal | None) -> Decimal:
    sign = position.side.sign
    good = stop.kind is StopKind.STOP_MARKET and stop.trigger is TriggerKind.MARK
    good = good and (stop.reduce_only or stop.close_position) and stop.order_side is position.side.closing
    clear = Decimal(0) if read_order_id(stop.client_id) is None else _TOO_NEAR
    good = good and (gone is None or (stop.trigger_price - gone * (1 + sign * clear)) * sign >= 0)
    if not good:
        return Decimal(0)
    return position.size if stop.size is None else stop.size


class WatchedVenue:
    """A venue that checks each order against the last read its daemon was given."""

    def __init__(
        self,
        venue: Venue,
        clock: Clock,
        record: Record,
        refused: Callable[[str, float], None],
        liquidation: Callable[[str], Decimal | None],
        asked_at: Mapping[str, float],
    ) -> None:
        self._venue = venue
        self._refused = refused
        self._liquidation = liquidation
        self._asked_at = asked_at
        self._clock = clock
        self._record = record
        self._told: list[_Told] = []
        self._order_at = -1.0
        self._open: dict[str, str] = {}
        """Per symbol the order request that is on its way."""

    async def open(self) -> KeyPower:
        """As the venue."""
        return await self._venue.open()

    async def read(self) -> AccountRead:
        """As the venue; a read that no order fell into is what the daemon may go by from then on."""
        began = self._clock.now().mono
        try:
            read = await self._venue.read()
        except ReadError as error:
            self._record.say(f"read failed: {error.reason}")
            raise
        if not self._open and self._order_at < began:
            self._told = [*self._told[-1:], _Told(read, began, self._clock.now().mono)]
        return read

    async def place(self, order: StopOrder) -> Answer:
        """As the venue, after a look at what the daemon sends."""
        waited = self._record.now - self._asked_at.get(order.client_id, 0.0)
        if waited > _JUST_NOW_S:
            self._record.fail(f"a stop waits {waited:.3f} s for something before it is sent: {order}")
        self._record.say(f"daemon places {order.symbol} {order.order_side} {order.size} at {order.trigger_price}")
        self._check_place(order)
        return await self._sent(order.symbol, f"place {order.client_id}", lambda: self._venue.place(order))

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """As the venue."""
        answer = await self._venue.look_up(symbol, client_id)
        self._record.say(f"looked up {client_id}: {type(answer).__name__}")
        if isinstance(answer, NotFound):
            self._refused(symbol, self._clock.now().wall)
        return answer

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """As the venue, after a look at what the daemon cancels."""
        self._record.say(f"daemon cancels {client_id}")
        self._check_cancel(symbol, client_id)
        return await self._sent(symbol, f"cancel {client_id}", lambda: self._venue.cancel(symbol, client_id))

    def list_anew(self) -> None:
        """Ask again for ticks and tiers."""
        self._venue.list_anew()

    def watch(self, symbols: frozenset[str]) -> None:
        """As the venue."""
        self._venue.watch(symbols)

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> None:
        """As the venue."""

        def heard(fact: Mark | Frame) -> None:
            if isinstance(fact, Frame):
                self._record.say(f"frame {fact.kind} {fact.detail}")
            hear(fact)

        await self._venue.stream(heard)

    async def close(self) -> None:
        """As the venue."""
        await self._venue.close()

    async def _sent(self, symbol: str, what: str, send: Callable[[], object]) -> Answer:
        if symbol in self._open:
            self._record.fail(f"{what} was sent while {self._open[symbol]} was on its way")
        self._open[symbol] = what
        try:
            answer: Answer = await send()  # type: ignore[misc]  # a coroutine of the venue's
        finally:
            del self._open[symbol]
            self._order_at = self._clock.now().mono
        self._record.say(f"answer to {what}: {'Confirmed' if isinstance(answer, Confirmed) else answer}")
        if isinstance(answer, Rejected):
            self._refused(symbol, self._clock.now().wall)
        return answer

    def _lately(self) -> list[_Told]:
        """The last read; and the one before it, where the last has only just come."""
        just_now = self._clock.now().mono - _JUST_NOW_S
        return self._told if self._told and self._told[-1].ended > just_now else self._told[-1:]

    def _check_place(self, order: StopOrder) -> None:
        lately = self._lately()
        if not lately:
            self._record.fail(f"a stop is placed before anything was read: {order}")
            return
        now = self._clock.now().mono
        if now - lately[-1].began > FRESH + 1.0:
            self._record.fail(f"a stop is placed on a read that is {now - lately[-1].began:.0f} s old: {order}")
        told = [position for one in lately if (position := one.position(order.symbol)) is not None]
        if not any(order.order_side is position.side.closing for position in told):
            self._record.fail(f"a stop is placed for a position that was not told of: {order}")
        elif order.size > max(position.size for position in told):
            self._record.fail(f"a stop is larger than the position last read, {told[-1].size}: {order}")

    def _check_cancel(self, symbol: str, client_id: str) -> None:
        if read_order_id(client_id) is None:
            self._record.fail(f"a foreign order is cancelled: {client_id}")
        gone = self._liquidation(symbol)
        found = [(one.protected(symbol, gone), one.protected(symbol, gone, client_id)) for one in self._lately()]
        if found and all(after < before for before, after in found):
            before, after = found[-1]
            self._record.fail(f"cancelling {client_id} leaves {after} of {symbol} protected, {before} was")
