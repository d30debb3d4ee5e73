"""A bench for the core: an account in memory, facts put in by hand, effects gathered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path

from watchdog.core.state import Identity, State, restore
from watchdog.core.step import RulesChanged, step
from watchdog.domain.effects import Cancel, Effect, LookUp, Message, Place, Read, Reply, Save, WakeAt
from watchdog.domain.facts import (
    Answer,
    Command,
    Confirmed,
    Due,
    Fact,
    Failed,
    Frame,
    FrameKind,
    Instant,
    Mark,
    Outcome,
    Saved,
    Snapshot,
)
from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    MarginMode,
    OrderSide,
    Position,
    PositionKey,
    PositionSide,
    Side,
    Stop,
    StopKind,
    StopOrder,
    TriggerKind,
)
from watchdog.domain.reading import Known, Unknown
from watchdog.domain.verbs import Verb
from watchdog.protection.guard import Guard
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset

SHIPPED = Path(__file__).parents[2] / "config" / "rules.toml"
WALL = 1_760_129_340.0
"""2025-10-10 20:49 UTC."""

INSTALLATION = "0123abcd"
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
    """One account's core with a clock that stands still until moved, and a store that can fail."""

    state: State
    mono: float = 0.0
    effects: list[Effect] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the store holds, by kind and key."""
    disk_full: bool = False

    @classmethod
    def with_rules(cls, rules: Ruleset, **identity: object) -> Bench:
        """A fresh account under these rules."""
        who = replace(Identity("main", "binanceusdm", INSTALLATION, zone=UTC), **identity)  # type: ignore[arg-type]  # by name
        return cls(restore(who, rules, {}, Instant(0.0, WALL)))

    @property
    def now(self) -> Instant:
        """The present."""
        return Instant(self.mono, WALL + self.mono)

    def put(self, fact: Fact | RulesChanged) -> list[Effect]:
        """One step, and those that its saves cause; what they asked for."""
        self.state, effects = step(self.state, fact, self.now)
        asked = list(effects)
        for effect in effects:
            if isinstance(effect, Save):
                asked += self._save(effect)
        self.effects += asked
        return asked

    def _save(self, save: Save) -> list[Effect]:
        if not self.disk_full:
            for keep in save.keeps:
                kind = self.rows.setdefault(keep.kind, {})
                if keep.value is None:
                    kind.pop(keep.key, None)
                else:
                    kind[keep.key] = keep.value
        answer: Answer = Failed("the disk is full") if self.disk_full else Saved()
        self.state, more = step(self.state, Outcome(save, answer, self.mono), self.now)
        return [*more, *(each for effect in more if isinstance(effect, Save) for each in self._save(effect))]

    def restarted(self, rules: Ruleset | None = None) -> Bench:
        """A new process a second later, from what the store holds."""
        self.mono += 1
        state = restore(self.state.who, rules or self.state.rules, self.rows, self.now)
        bench = Bench(state, self.mono, rows=self.rows)
        bench.due()
        return bench

    def after(self, seconds: float) -> Bench:
        """Let time pass."""
        self.mono += seconds
        return self

    def read(self, read: AccountRead, began: float | None = None) -> list[Effect]:
        """A snapshot that ended now, and began now unless told otherwise."""
        return self.put(Snapshot(read, self.mono if began is None else began, self.mono))

    def fail(
        self, reason: str = "HTTP 503", retry_after: float | None = None, *, limited: bool = False
    ) -> list[Effect]:
        """A read that failed."""
        return self.put(Outcome(Read("poll"), Failed(reason, retry_after, limited), self.mono))

    def mark(self, symbol: str, price: str) -> list[Effect]:
        """A tick."""
        return self.put(Mark(symbol, d(price), 0))

    def frame(self, kind: FrameKind = FrameKind.ACCOUNT) -> list[Effect]:
        """An event of the account's stream."""
        return self.put(Frame(kind))

    def due(self) -> list[Effect]:
        """The timer."""
        return self.put(Due())

    def command(self, verb: Verb, subject: str = "", seconds: float = 0.0) -> Reply:
        """A person's word, and what is answered."""
        asked = self.put(Command(verb, "me", subject, seconds))
        return next(effect for effect in asked if isinstance(effect, Reply))

    def answer(self, effect: Place | Cancel | LookUp, answer: Answer | None = None) -> list[Effect]:
        """The venue answers an order: yes unless told otherwise."""
        return self.put(Outcome(effect, answer or Confirmed(), self.mono))

    @property
    def wake(self) -> float:
        """When it wants to be woken."""
        return [effect.mono for effect in self.effects if isinstance(effect, WakeAt)][-1]

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

    def guard(self, symbol: str = BTC) -> Guard:
        """What is remembered of a position's stop."""
        return self.state.guards[PositionKey(symbol, PositionSide.BOTH)]

    def firing(self) -> set[str]:
        """The keys of the alerts that fire."""
        return {alert.key for alert in self.state.alerts.values() if alert.firing}

    def protect(self, read: AccountRead) -> Place:
        """Hold the shipped rule's minute, and return the stop it sends."""
        before = len(self.placed())
        for _ in range(8):
            self.read(read)
            if len(self.placed()) > before:
                return self.placed()[-1]
            self.after(10)
        raise AssertionError(f"no stop was sent: {self.heads()}")

    def covered(self, held: Position) -> Stop:
        """Place a stop for a position, and read it back: it rests."""
        place = self.protect(account(held))
        self.after(1).answer(place)
        stop = resting(place.order)
        self.after(1).read(account(held, stops=[stop]))
        assert self.guard(held.symbol).resting == place.order
        return stop


def only(rule: str, protection: str = 'mode = "act"\nfirst_act_after = "0s"') -> Ruleset:
    """A rules file with these rules."""
    return parse_rules(f"[protection]\n{protection}\n{rule}", "rules.toml", frozenset({"main"}))
