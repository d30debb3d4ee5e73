"""Playing a scenario, and what became of each position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from watchdog.paper.account import INSURANCE_COVER
from watchdog.paper.candles import TICK_MS
from watchdog.paper.exchange import Exchange
from watchdog.paper.scenario import Scenario
from watchdog.paper.tape import Tape
from watchdog.paper.values import ZERO


@dataclass(frozen=True, slots=True)
class PositionOutcome:
    """What became of what an account held on one market. Money in the margin asset."""

    symbol: str
    liquidated: bool
    open: bool
    """Something is still held; the figures below then count only what was closed."""
    exit_price: Decimal | None
    """Of the liquidation, else the average of what was closed; None when nothing was."""
    loss: Decimal
    """Taken from the wallet, fees included; below zero is a profit."""
    owed: Decimal
    """What the margin did not cover."""
    at_ms: int | None
    """Market time of the liquidation, else of the last fill that closed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario ended."""

    positions: dict[str, PositionOutcome]
    wallets: dict[str, Decimal]
    ended_ms: int


class Playback:
    """Walks an exchange along a tape, a tick a second. The exchange has seen the first tick already."""

    def __init__(self, exchange: Exchange, tape: Tape) -> None:
        self.exchange = exchange
        self.tape = tape
        self.at = 0

    @property
    def done(self) -> bool:
        """No more ticks."""
        return self.at + 1 >= len(self.tape)

    def step(self) -> bool:
        """One second on; False when the tape has ended (prices then stand still, and so does market time)."""
        if self.done:
            return False
        self.at += 1
        self.exchange.tick(self.exchange.time_ms + TICK_MS, self.tape.prices(self.at))
        return True


def outcome(exchange: Exchange) -> Outcome:
    """What has become so far of everything the account held."""
    account = exchange.account
    symbols = {p.symbol for p in account.open_positions()} | {fill.symbol for fill in exchange.fills}
    return Outcome(
        positions={symbol: _position(exchange, symbol) for symbol in sorted(symbols)},
        wallets=dict(account.wallets),
        ended_ms=exchange.time_ms,
    )


def _position(exchange: Exchange, symbol: str) -> PositionOutcome:
    account = exchange.account
    records = [record for record in exchange.liquidations if record.symbol == symbol]
    closing = [fill for fill in exchange.fills if fill.symbol == symbol and fill.realised]
    moved = (e.amount for e in account.ledger if e.symbol == symbol and e.kind != INSURANCE_COVER)
    owed = exchange.covered[symbol]
    size = sum((fill.size for fill in closing), ZERO)
    if records:
        exit_price: Decimal | None = records[-1].exit_price
    else:
        exit_price = sum((fill.size * fill.price for fill in closing), ZERO) / size if size else None
    at_ms = records[-1].at_ms if records else closing[-1].at_ms if closing else None
    return PositionOutcome(
        symbol=symbol,
        liquidated=bool(records),
        open=bool(account.position(symbol).amount),
        exit_price=exit_price,
        loss=-sum(moved, ZERO) - owed,
        owed=owed,
        at_ms=at_ms,
    )


def simulate(scenario: Scenario) -> Outcome:
    """Play a scenario to its end with nobody doing anything: what happens without the watchdog."""
    exchange = scenario.exchange()
    playback = Playback(exchange, scenario.tape)
    while playback.step():
        exchange.drain()
    return outcome(exchange)
