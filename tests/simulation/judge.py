"""The invariants: looked at on every event, at every virtual second, at every death of the daemon, and at the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal

from tests.simulation.delivery import Delivery
from tests.simulation.disk import OnDisk
from tests.simulation.exchange import WatchedExchange
from tests.simulation.oracle import Opinion, opinion
from tests.simulation.peer import Peer
from tests.simulation.record import Record
from watchdog.domain.effects import Message
from watchdog.paper.orders import Algo, AlgoStatus

CYCLE_S = 10.0
OVERLAP_S = 20.0
"""Two generations of ours may overlap so long in calm: place, read back, cancel, with a retry."""
OUTLIVES_S = 45.0
"""A stop of ours may outlive its closed position so long in calm: two reads and a cancel, with a retry."""
MOST_OF_OURS = 3
"""Generations that may rest at once: the one that goes, its successor, and, where the position grew between the two,
the successor's successor: neither of the first may go before it rests, or less would be protected than before.
"""
_RECENT_S = 30.0
"""Words about what a read showed may be so old."""


class Judge:
    """Holds what it has seen of a seed, and says what broke."""

    def __init__(
        self,
        exchange: WatchedExchange,
        peers: Mapping[str, Peer],
        delivery: Delivery,
        record: Record,
        secrets: list[str],
    ) -> None:
        self._exchange = exchange
        self._peers = peers
        self._delivery = delivery
        self._record = record
        self._secrets = secrets
        self._two_since: dict[str, float] = {}
        self._orphan_since: dict[str, float] = {}
        self._accepted: dict[str, int] = {}
        """When (market ms) each stop of ours was accepted."""
        self._ended: dict[str, int] = {}
        self._refused: dict[str, float] = {}
        self.hands_off: dict[str, int] = {}
        """Per symbol how often a stop of ours was cancelled by hand since the position began."""

    # --- events

    def stop_changed(self, what: str, algo: Algo) -> None:
        """A stop of ours was accepted, or ended."""
        now = self._exchange.time_ms
        if what == "placed":
            self._accepted[algo.client_id] = now
        elif algo.status is not AlgoStatus.NEW:
            self._ended.setdefault(algo.client_id, now)
        resting = self._exchange.ours(algo.symbol)
        if len(resting) > MOST_OF_OURS:
            ids = ", ".join(one.client_id for one in resting)
            self._record.fail(f"{len(resting)} stops of ours rest on {algo.symbol}: {ids}")

    def refused(self, symbol: str, wall: float) -> None:
        """The daemon was told that the venue refuses a stop, or that it knows no such order."""
        self._refused[symbol] = wall

    def heard(self, peer: Peer, message: Message) -> None:
        """A message has reached a channel."""
        times = peer.received[message.id]
        allowed = 1 + peer.excused.get(message.id, 0)
        if times > allowed:
            self._record.fail(f"{peer.name} hears {message.id} for the {times}. time, {allowed} are excused")
        for secret in self._secrets:
            if secret in message.text:
                self._record.fail(f"a message holds a secret: {message.id}")
        if times == 1:
            self._check_words(message)

    def _check_words(self, message: Message) -> None:
        """What is reported was so, at some moment a read could have seen."""
        first, at_ms = message.lines[0], round((message.at - _RECENT_S) * 1000)
        key = message.id.split(":")[1]
        if key.startswith("rests|"):
            client_id = key.removeprefix("rests|")
            accepted, ended = self._accepted.get(client_id), self._ended.get(client_id)
            if accepted is None or (ended is not None and ended < at_ms):
                self._record.fail(f"a stop is said to rest that does not: {client_id} ({accepted}, {ended})")
        if first.startswith("CLOSED"):
            base = first.split()[2]
            if self._exchange.flat_at.get(f"{base}USDT", -1) < at_ms:
                self._record.fail(f"{base} is said to be closed while the venue holds it: {first}")
        if message.event == "fired" and "STOP REFUSED" in first:
            base = first.split()[2]
            if self._refused.get(f"{base}/USDT:USDT", 0.0) < message.at - _RECENT_S:
                self._record.fail(f"a stop is said to be refused, and the venue did not refuse it: {first}")
        if "MADE A MISTAKE" in first:
            self._record.fail(f"the daemon made a mistake: {message.text}")
        if "ANOTHER WATCHDOG" in first:
            self._record.fail("the daemon takes its own stop for another watchdog's")

    def died(self, disk: OnDisk) -> None:
        """The daemon's process has died, or was stopped, and left this on the disk."""
        for key in sorted(disk.firing - disk.told):
            self._record.fail(f"alert {key} is saved as firing, and no message of it is in the outbox")
        for name, peer in self._peers.items():
            for message_id in peer.received:
                done = disk.done.get((message_id, name))
                if not done:
                    peer.excuse(message_id)

    def logged(self, line: logging.LogRecord) -> None:
        """The daemon has logged something."""
        if line.exc_info or line.levelno >= logging.ERROR:
            self._record.fail(f"logged: {logging.Formatter().format(line)}")

    # --- every second

    def second(self, *, readable: bool) -> None:
        """A second of market time is over. `readable`: the daemon runs, and the venue has answered it for a while."""
        for symbol in self._exchange.markets:
            ours = self._exchange.ours(symbol)
            held = self._exchange.account.position(symbol).amount
            two = readable and len(ours) > 1
            self._lasts(self._two_since, symbol, two, OVERLAP_S, "two generations of ours overlap")
            orphan = readable and bool(ours) and not held
            self._lasts(self._orphan_since, symbol, orphan, OUTLIVES_S, "a stop of ours outlives its position")
            if not held:
                self.hands_off.pop(symbol, None)

    def _lasts(self, since: dict[str, float], symbol: str, is_so: bool, bound: float, what: str) -> None:
        if not is_so:
            since.pop(symbol, None)
            return
        lasted = since[symbol] = since.get(symbol, 0.0) + 1.0
        if lasted == bound:
            self._record.fail(f"{what} on {symbol} for {lasted:.0f} s, though the venue answers")

    # --- the end

    def opinions(self) -> list[Opinion]:
        """Of every open position."""
        found = []
        for position in self._exchange.account.open_positions():
            ours = self._exchange.ours(position.symbol)
            mine = {algo.id for algo in ours}
            foreign = [algo for algo in self._exchange.open_algos(position.symbol) if algo.id not in mine]
            found.append(opinion(self._exchange.account, position, ours, foreign))
        return found

    def wrong_protection(self) -> list[str]:
        """What is not yet as it has to be once quiet, in words."""
        wrong = []
        for one in self.opinions():
            ours = self._exchange.ours(one.symbol)
            if len(ours) > 1:
                wrong.append(f"{len(ours)} stops of ours rest on {one.symbol}")
            too_large = [algo for algo in ours if (algo.quantity or Decimal(0)) > one.size]
            if too_large and not one.dust:
                wrong.append(f"a stop of ours is larger than {one.symbol}: {too_large[0].quantity} of {one.size}")
            if self.hands_off.get(one.symbol, 0) > 1:
                continue
            if one.needs_ours and one.ours + one.foreign < one.size * Decimal("0.95"):
                wrong.append(
                    f"{one.symbol} is not covered: {one.ours} by ours and {one.foreign} by others of {one.size}, "
                    f"liquidation at {one.liquidation}"
                )
        held = {one.symbol for one in self.opinions()}
        wrong += [
            f"a stop of ours rests on {symbol}, which is closed"
            for symbol in self._exchange.markets
            if symbol not in held and self._exchange.ours(symbol)
        ]
        return wrong

    def undelivered(self, disk: OnDisk) -> list[str]:
        """Messages that a channel should have heard and has not, in words."""
        owed = {**dict.fromkeys(disk.done), **self._delivery.handed_over}
        return [
            f"{name} never heard {message_id}"
            for message_id, name in owed
            if message_id not in self._peers[name].received and not self._delivery.excused(name, message_id)
        ]

    def final(self, disk: OnDisk) -> None:
        """All is calm, and has been for long enough."""
        for words in (*self.wrong_protection(), *self.undelivered(disk)):
            self._record.fail(f"once quiet: {words}")
