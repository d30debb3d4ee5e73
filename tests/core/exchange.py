"""A venue in memory for the core's machine: positions, marks, stops, and what becomes of requests. Knows no core."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.core import bench
from watchdog.domain.facts import Answer, Confirmed, Finished, NotFound, Rejected, RejectKind
from watchdog.domain.position import AccountRead, OrderSide, Position, Side, Stop, StopOrder

START = {bench.BTC: Decimal(100000), bench.AVAX: Decimal(30)}
STEP = {bench.BTC: Decimal("0.1"), bench.AVAX: Decimal(100)}
"""The size people trade in here."""


@dataclass
class Exchange:
    """Marks trigger stops, stops reduce positions; whatever was ever accepted keeps its id and its status."""

    marks: dict[str, Decimal] = field(default_factory=lambda: dict(START))
    positions: dict[str, Position] = field(default_factory=dict)
    stops: dict[str, Stop] = field(default_factory=dict)
    """What rests, by client id."""
    ended: dict[str, str] = field(default_factory=dict)
    """Status of what no longer rests."""
    late: list[StopOrder] = field(default_factory=list)
    """Sent, not answered, and not yet arrived."""
    by_hand: int = 0

    def read(self, missing: str = "") -> AccountRead:
        """The account now; a lying read leaves one position out."""
        held = [one for symbol, one in self.positions.items() if symbol != missing]
        return bench.account(*held, stops=tuple(self.stops.values()), wallet="2000")

    # -- the market ------------------------------------------------------------------------------------------------

    def move(self, symbol: str, share: Decimal) -> None:
        """A new mark; it sets off what it passes."""
        mark = (self.marks[symbol] * (1 + share)).quantize(Decimal("0.0001"))
        self.marks[symbol] = mark
        if symbol in self.positions:
            self.positions[symbol] = replace(self.positions[symbol], mark=mark)
        for stop in [one for one in self.stops.values() if one.symbol == symbol]:
            passed = mark <= stop.trigger_price if stop.order_side is OrderSide.SELL else mark >= stop.trigger_price
            if passed:
                self._trigger(stop)

    def _trigger(self, stop: Stop) -> None:
        del self.stops[stop.client_id]
        self.ended[stop.client_id] = "TRIGGERED"
        position = self.positions.get(stop.symbol)
        if position is not None and position.side.closing is stop.order_side:
            self._resize(position, position.size - (position.size if stop.size is None else stop.size))

    # -- the owner's hand ------------------------------------------------------------------------------------------

    def open(self, symbol: str, side: Side, steps: int) -> None:
        """A new position, or one in place of the one there was."""
        size, mark = STEP[symbol] * steps, self.marks[symbol]
        margin = str(size * mark / 10) if symbol == bench.BTC else None
        self.positions[symbol] = bench.position(
            symbol, side=side, size=str(size), entry=str(mark), mark=str(mark), margin=margin
        )

    def change(self, symbol: str, steps: int) -> None:
        """Add, or take off; at nothing it is closed."""
        position = self.positions[symbol]
        self._resize(position, position.size + STEP[symbol] * steps)

    def _resize(self, position: Position, size: Decimal) -> None:
        if size <= 0:
            del self.positions[position.symbol]
            return
        margin = position.isolated_wallet
        scaled = None if margin is None else margin * size / position.size
        self.positions[position.symbol] = replace(position, size=size, isolated_wallet=scaled)

    def remove(self, client_id: str, status: str) -> None:
        """A stop is taken away."""
        del self.stops[client_id]
        self.ended[client_id] = status

    def add_foreign(self, symbol: str, distance: Decimal) -> None:
        """Somebody else's stop for half of the position."""
        position = self.positions[symbol]
        self.by_hand += 1
        price = position.mark * (1 - position.side.sign * distance)
        stop = bench.foreign(str(price.quantize(Decimal("0.1"))), str(position.size / 2), position.side.closing)
        client_id = f"by-hand-{self.by_hand}"
        self.stops[client_id] = replace(stop, symbol=symbol, client_id=client_id)

    # -- requests --------------------------------------------------------------------------------------------------

    def take(self, order: StopOrder) -> Answer:
        """A Place arrives."""
        if order.client_id in self.stops or order.client_id in self.ended:
            return Rejected("-4116", "ClientOrderId is duplicated.", RejectKind.DUPLICATE)
        mark = self.marks[order.symbol]
        sells = order.order_side is OrderSide.SELL
        if mark <= order.trigger_price if sells else mark >= order.trigger_price:
            return Rejected("-2021", "Order would immediately trigger.", RejectKind.WOULD_TRIGGER)
        self.stops[order.client_id] = bench.resting(order)
        return Confirmed()

    def cancel(self, client_id: str) -> Answer:
        """A Cancel arrives."""
        if client_id not in self.stops:
            return NotFound()
        self.remove(client_id, "CANCELED")
        return Confirmed()

    def find(self, client_id: str) -> Answer:
        """A LookUp arrives."""
        if client_id in self.stops:
            return Confirmed(self.stops[client_id])
        if client_id in self.ended:
            return Finished(self.ended[client_id])
        return NotFound()
