"""A bench for the core: an account in memory, facts put in by hand, effects gathered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from watchdog.core.state import Identity, State, restore
from watchdog.core.step import RulesChanged, step
from watchdog.domain.effects import Cancel, Effect, LookUp, Message, Place, Read, Save
from watchdog.domain.facts import Answer, Confirmed, Due, Fact, Failed, Instant, Mark, Outcome, Saved, Snapshot
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    MarginMode,
    OrderSide,
    Position,
    PositionSide,
    Side,
    Stop,
    StopKind,
    StopOrder,
    TriggerKind,
)
from watchdog.domain.reading import Known, Unknown
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset

SHIPPED = Path(__file__).parents[2] / "config" / "rules.toml"
WALL = 1_760_129_340.0
"""2025-10-10 20:49 UTC."""

BTC = "BTC/USDT:USDT"
AVAX = "AVAX/USDT:USDT"


def d(text: str | int) -> Decimal:
    """A decimal."""
    return Decimal(text)


def shipped(mode: str = "act", first_act_after: str = "0s") -> Ruleset:
    """The shipped rules in another mode."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert 'mode = "watch"' in text
    changed = text.replace('mode = "watch"', f'mode = "{mode}"\nfirst_act_after = "{first_act_after}"', 1)
    return parse_rules(changed, "rules.toml", frozenset({"main"}))


def market(symbol: str = BTC, tick: str = "0.1", step: str = "0.001") -> Market:
    """A market with the first brackets of BTCUSDT."""
    return Market(
        symbol=symbol,
        venue_id=symbol.split(":", maxsplit=1)[0].replace("/", ""),
        base=symbol.split("/", maxsplit=1)[0],
        margin_asset="USDT",
        tick=d(tick),
        step=d(step),
        min_size=d(step),
        max_size=None,
        min_notional=d(5),
        taker_fee=d("0.0005"),
        tiers=(
            Tier(d(0), d(300_000), d("0.004"), d(0)),
            Tier(d(300_000), d(800_000), d("0.005"), d(300)),
            Tier(d(800_000), None, d("0.0065"), d(1500)),
        ),
    )


def position(
    symbol: str = BTC,
    *,
    side: Side = Side.LONG,
    size: str = "0.5",
    entry: str = "100000",
    mark: str = "100000",
    margin: str | None = "5000",
    venue_liquidation: str | None = None,
) -> Position:
    """An isolated position with `margin`, or a cross one when it is None."""
    return Position(
        symbol=symbol,
        side=side,
        position_side=PositionSide.BOTH,
        margin_mode=MarginMode.CROSS if margin is None else MarginMode.ISOLATED,
        margin_asset="USDT",
        size=d(size),
        entry=d(entry),
        mark=d(mark),
        isolated_wallet=None if margin is None else d(margin),
        venue_maintenance=Unknown("not given"),
        venue_liquidation=Unknown("not given")
        if venue_liquidation is None
        else Known(d(venue_liquidation), "price", "venue", 0.0),
    )


def account(
    *positions: Position, stops: Iterable[Stop] = (), wallet: str = "10000", modes: AccountModes | None = None
) -> AccountRead:
    """A complete read."""
    stops = tuple(stops)
    symbols = {one.symbol for one in positions} | {one.symbol for one in stops} | {BTC}
    return AccountRead(
        modes=modes or AccountModes(hedge=False, multi_asset=False, can_trade=True),
        positions=positions,
        balances=(Balance("USDT", d(wallet), d(0), Unknown("not given")),),
        stops=stops,
        markets=tuple(market(symbol) for symbol in sorted(symbols)),
        venue_time_ms=0,
    )


def resting(order: StopOrder) -> Stop:
    """The order as the venue lists it."""
    return Stop(
        symbol=order.symbol,
        order_side=order.order_side,
        position_side=order.position_side,
        kind=StopKind.STOP_MARKET,
        trigger=TriggerKind.MARK,
        trigger_price=order.trigger_price,
        size=order.size,
        close_position=False,
        reduce_only=True,
        client_id=order.client_id,
        venue_id="1",
    )


def foreign(trigger: str, size: str | None = "0.5", side: OrderSide = OrderSide.SELL) -> Stop:
    """A stop somebody else placed."""
    return Stop(
        symbol=BTC,
        order_side=side,
        position_side=PositionSide.BOTH,
        kind=StopKind.STOP_MARKET,
        trigger=TriggerKind.MARK,
        trigger_price=d(trigger),
        size=None if size is None else d(size),
        close_position=size is None,
        reduce_only=True,
        client_id="by-hand",
        venue_id="77",
    )


@dataclass
class Bench:
    """One account's core with a clock that stands still until moved."""

    state: State
    mono: float = 0.0
    effects: list[Effect] = field(default_factory=list)

    @classmethod
    def with_rules(cls, rules: Ruleset, **identity: object) -> Bench:
        """A fresh account under these rules."""
        who = replace(Identity("main", "binanceusdm", "0123abcd"), **identity)  # type: ignore[arg-type]
        return cls(restore(who, rules, {}, Instant(0.0, WALL)))

    @property
    def now(self) -> Instant:
        """The present."""
        return Instant(self.mono, WALL + self.mono)

    def put(self, fact: Fact | RulesChanged) -> list[Effect]:
        """One step; what it asked for."""
        self.state, effects = step(self.state, fact, self.now)
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Save):
                self.state, more = step(self.state, Outcome(effect, Saved(), self.mono), self.now)
                self.effects += more
        return list(effects)

    def after(self, seconds: float) -> Bench:
        """Let time pass."""
        self.mono += seconds
        return self

    def read(self, read: AccountRead) -> list[Effect]:
        """A snapshot that began and ended now."""
        return self.put(Snapshot(read, self.mono, self.mono))

    def fail(self, reason: str = "HTTP 503") -> list[Effect]:
        """A read that failed."""
        return self.put(Outcome(Read("poll"), Failed(reason), self.mono))

    def mark(self, symbol: str, price: str) -> list[Effect]:
        """A tick."""
        return self.put(Mark(symbol, d(price), 0))

    def due(self) -> list[Effect]:
        """The timer."""
        return self.put(Due())

    def answer(self, effect: Place | Cancel | LookUp, answer: Answer | None = None) -> list[Effect]:
        """The venue answers an order: yes unless told otherwise."""
        return self.put(Outcome(effect, answer or Confirmed(), self.mono))

    def placed(self) -> list[Place]:
        """Every Place so far."""
        return [effect for effect in self.effects if isinstance(effect, Place)]

    def cancelled(self) -> list[Cancel]:
        """Every Cancel so far."""
        return [effect for effect in self.effects if isinstance(effect, Cancel)]

    def looked_up(self) -> list[LookUp]:
        """Every LookUp so far."""
        return [effect for effect in self.effects if isinstance(effect, LookUp)]

    def messages(self) -> list[Message]:
        """Every message so far."""
        return [message for effect in self.effects if isinstance(effect, Save) for message in effect.messages]

    def heads(self) -> list[str]:
        """The first line of every message so far."""
        return [message.lines[0] for message in self.messages()]

    def protect(self, read: AccountRead) -> Place:
        """Hold the shipped rule's minute, and return the stop it sends."""
        for _ in range(8):
            self.read(read)
            if self.placed():
                return self.placed()[-1]
            self.after(10)
        raise AssertionError(f"no stop was sent: {self.heads()}")
