"""What the guards of one account look at, and what is right for a position now. Nothing is sent or said here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal

from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import notional_of
from watchdog.alerts.view import alert_key, position_subject
from watchdog.domain.changed import replace
from watchdog.domain.ids import position_digits, read_order_id
from watchdog.domain.market import Market
from watchdog.domain.position import MarginMode, PositionKey, Stop
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.protection.decide import Decision, DoPlace, Hold, Situation, decide
from watchdog.protection.guard import Guard
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.evaluate import Subject, selects
from watchdog.rules.schema import Mode, Rule, Ruleset

WARNING = "stop"
"""The standing alert of a position whose stop can't be placed, or not without a yes: how its key begins."""

OLD_WARNINGS = ("past", "unsafe", "dust", "removed", "ask")
"""How they began in the first version, which had one for each kind: what it left on the disk is forgotten."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether orders may be sent for this account at all, by themselves or on a yes, and if not why."""

    given: bool
    why_not: str = ""
    """Finishes the sentence "I send nothing: …"."""
    passing: bool = False
    """Only a newer read is wanted: it is a matter of seconds."""


@dataclass(frozen=True, slots=True)
class Shield:
    """What the guards of an account need to know."""

    account: str
    venue: str
    installation: str
    zone: tzinfo | None
    rules: Ruleset
    cap: Mode
    asks_until: float | None
    """Wall time until which this account, new to `act`, only asks; None: its rules' modes count as they are."""
    leave: Leave
    stops: Mapping[str, tuple[Stop, ...]]
    """All that rest, by symbol."""
    markets: Mapping[str, Market]
    pools: Mapping[str, PoolRisk]
    can_trade: bool
    """False: the account's key is known to be refused every order."""
    no_stops: str
    """Why no stop is sent on an account set as this one is; empty when they are."""
    usable: bool
    """False: the snapshot is too old to judge by."""
    doubted: Callable[[str | None], bool]
    """Whether a position of this pool has vanished, so that nothing is known of the pool."""
    read_began: float
    """Monotonic time at which the snapshot's read began."""
    read_wall: float

    def ours(self, key: PositionKey) -> tuple[Stop, ...]:
        """The stops that this installation placed for this position."""
        digits = position_digits(self.account, key)
        return tuple(
            stop
            for stop in self.stops.get(key.symbol, ())
            if (known := read_order_id(stop.client_id)) is not None
            and (known.installation, known.position) == (self.installation, digits)
        )

    def subject(self, risk: PositionRisk) -> Subject:
        """The position as rules select it."""
        position = risk.position
        return Subject(
            account=self.account,
            venue=self.venue,
            symbols=(position.symbol,),
            sides=(position.side,),
            margin_modes=(position.margin_mode,),
            notionals=(notional_of(risk),),
        )

    @property
    def may_ask(self) -> bool:
        """Whether a proposal can be made now: it is no order, so a read that is only overtaken by a frame will do."""
        return self.can_trade and self.usable and (self.leave.given or self.leave.passing)

    def rule(self, name: str) -> Rule | None:
        """The rule of that name, None when there is none (any more)."""
        return next((rule for rule in self.rules.rules if rule.name == name), None)

    def mode_of(self, rule: Rule | None) -> Mode:
        """What a rule may do on this account now; WATCH for one that is gone or wants no stop (any more)."""
        if rule is None or rule.stop is None:
            return Mode.WATCH
        mode = self.rules.mode_for(self.account, self.cap, rule)
        return mode if self.asks_until is None else min(mode, Mode.ASK)

    def acts_later(self, rule: Rule | None) -> bool:
        """Whether a rule asks only because this account is new to `act`."""
        if rule is None or rule.stop is None or self.asks_until is None:
            return False
        return self.rules.mode_for(self.account, self.cap, rule) is Mode.ACT

    @property
    def why_asks(self) -> str:
        """Why a stop is not sent without a yes, where no rule may."""
        return "your rule says ask" if self.asks_until is None else "this account is new to act"

    def acts(self, guard: Guard) -> bool:
        """Whether any rule that asked for this stop may send one by itself."""
        named = [rule for rule in self.rules.rules if not guard.asked or rule.name in guard.asked]
        return any(self.mode_of(rule) is Mode.ACT for rule in named)

    def asking(self, risk: PositionRisk, guard: Guard, desk: Desk, least: Mode) -> tuple[Rule, ...]:
        """The rules that ask for a stop on this position now: they fire, or what they asked for is to be kept up."""
        subject = self.subject(risk)
        asked = {rule.name for rule in self.rules.rules if rule.stop is not None} & set(guard.asked)
        keep_up = guard.wanted or bool(self.ours(guard.key))
        asking = []
        for rule in self.rules.rules:
            if rule.stop is None or self.mode_of(rule) < least:
                continue
            alert = desk.alerts.get(alert_key(rule, position_subject(guard.key)))
            level = None if alert is None else alert.level
            kept_up = rule.name in asked if asked else keep_up
            if (kept_up or (level is not None and level >= rule.stop.when)) and selects(rule, subject):
                asking.append(rule)
        return tuple(asking)

    def situation(self, risk: PositionRisk, market: Market, mark: Decimal, rules: tuple[Rule, ...]) -> Situation:
        """All a decision on this position looks at."""
        position = risk.position
        ours = self.ours(position.key)
        mine = {stop.client_id for stop in ours}
        foreign = sum(
            (one.share * position.size for one in risk.stops if one.stop.client_id not in mine),
            Decimal(0),
        )
        return Situation(
            account=self.account,
            installation=self.installation,
            position=position,
            market=market,
            mark=mark,
            liquidation=risk.pool_first or risk.liquidation_near,
            equity=self._equity(risk),
            ours=ours,
            foreign_size=min(foreign, position.size),
            rules=rules,
            replacements_per_hour=self.rules.replacements_per_hour,
            refused=self.no_stops,
        )

    def _equity(self, risk: PositionRisk) -> Reading:
        """Money behind a position, its own unrealised profit left out."""
        position = risk.position
        if position.margin_mode is MarginMode.ISOLATED:
            wallet = position.isolated_wallet
            if wallet is None or not wallet.is_finite():
                return Unknown(f"{position.symbol} isolated wallet: not given")
            return Known(wallet, "money", "venue", self.read_began)
        pool = self.pools.get(position.pool or "")
        if pool is None or not isinstance(pool.equity, Known):
            return Unknown("the pool was not read") if pool is None else pool.equity
        if not isinstance(risk.unrealised, Known):
            return risk.unrealised
        return replace(pool.equity, value=pool.equity.value - risk.unrealised.value)

    def ground(self, guard: Guard, risk: PositionRisk, desk: Desk, least: Mode) -> Situation | Hold:
        """All a decision on this position looks at, or why none can be made."""
        market, entry = self.markets.get(risk.position.symbol), risk.position.entry
        if market is None or not isinstance(risk.mark, Known):
            return Hold("the market or its mark price is not known", known=False)
        if not entry.is_finite() or entry <= 0:
            return Hold(f"an entry price of {entry} can't be true", known=False)
        if self.doubted(risk.pool):
            return Hold("a position of its pool has vanished: nothing is known of the pool", known=False)
        rules = self.asking(risk, guard, desk, least)
        if not rules and not self.ours(guard.key):  # as nearly always, and a tick may look at a whole pool
            return Hold("no rule asks for a stop", fine=True)
        return self.situation(risk, market, risk.mark.value, rules)

    def decision(self, guard: Guard, risk: PositionRisk, desk: Desk, mono: float, least: Mode = Mode.ASK) -> Decision:
        """What is right for a position now; a stop that is not sent without its owner's word says so (`DoPlace.ask`).

        `least`: count the rules from this mode up (WATCH shows a plan). The rules that may act go first: what they want
        is never held up by one that has to ask.
        """
        situation = self.ground(guard, risk, desk, least)
        if isinstance(situation, Hold):
            return situation
        acting = tuple(rule for rule in situation.rules if self.mode_of(rule) is Mode.ACT)
        whole = decide(guard, situation, mono)
        if len(acting) == len(situation.rules):
            return whole
        if acting:
            own = decide(guard, replace(situation, rules=acting), mono)
            # One that loosens must be what all of them want: a nearer stop may rest because another asked for it.
            if isinstance(own, DoPlace) and not own.ask and (not own.loosens or own == whole):
                return own
        return replace(whole, ask=True) if isinstance(whole, DoPlace) else whole
