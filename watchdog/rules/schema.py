"""What a rules file says, as immutable values. Every share is 1 = 100 %, every time is in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final, Literal, TypeAlias

from watchdog.domain.effects import Level

Scope: TypeAlias = Literal["position", "pool"]
MetricUnit: TypeAlias = Literal["share", "times", "money"]

LEVELS: Final[Mapping[str, Level]] = {"warn": Level.WARN, "critical": Level.CRITICAL, "emergency": Level.EMERGENCY}
"""The levels a rule can have, as the file names them, in rising order."""

REPEAT: Final = 1800.0
"""Seconds after which an alert of critical or more is said again, where its rule says nothing of it."""

MOST_REPEATS: Final = 3
"""How often an alert nobody acknowledged is said again at the same level."""


class Metric(StrEnum):
    """What a rule measures."""

    MARGIN_RATIO = "margin_ratio"
    """Maintenance requirement / equity; 1 is liquidation. Rises toward danger."""
    LIQUIDATION_DISTANCE = "liquidation_distance"
    """|mark − liquidation price| / mark. Falls toward danger."""
    ROOM_USED = "room_used"
    """Share of the way from entry to liquidation already gone. Rises toward danger."""
    SHOCK_DISTANCE = "shock_distance"
    """How far all prices together may move against the pool. Falls toward danger."""
    EFFECTIVE_LEVERAGE = "effective_leverage"
    """Notional / equity, as a multiple. Rises toward danger."""
    STOP_COVERAGE = "stop_coverage"
    """Share of the position that resting stops close before liquidation. Falls toward danger."""
    NOTIONAL = "notional"
    """Size × mark, in the quote asset. Rises toward danger."""

    @property
    def fires_below(self) -> bool:
        """True: dangerous strictly below a level (distances, coverage). False: dangerous at or above it."""
        return self in (Metric.LIQUIDATION_DISTANCE, Metric.SHOCK_DISTANCE, Metric.STOP_COVERAGE)

    @property
    def unit(self) -> MetricUnit:
        """share: 1 is 100 % · times: a multiple · money: quote asset."""
        if self is Metric.EFFECTIVE_LEVERAGE:
            return "times"
        return "money" if self is Metric.NOTIONAL else "share"

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it can be known of. A margin ratio is that of a cross pool or of an isolated position."""
        if self is Metric.SHOCK_DISTANCE:
            return frozenset({"pool"})
        if self in (Metric.MARGIN_RATIO, Metric.ROOM_USED, Metric.EFFECTIVE_LEVERAGE):
            return frozenset({"pool", "position"})
        return frozenset({"position"})

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return self.value.replace("_", " ")


class Mode(IntEnum):
    """What may be done. The most cautious of global, account and rule wins."""

    WATCH = 0
    """Never sends an order."""
    ASK = 1
    """Proposes; its owner confirms."""
    ACT = 2
    """Sends."""


MODES: Final[Mapping[str, Mode]] = {"watch": Mode.WATCH, "ask": Mode.ASK, "act": Mode.ACT}
"""The modes as the files name them, the most cautious first."""


class IfPast(StrEnum):
    """What to do about a stop whose place mark has already passed."""

    ASK = "ask"
    """Alert, and offer a place halfway to liquidation."""
    ALERT = "alert"
    """Alert only."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One level of a rule: fires at `at` after `hold` seconds, resolves at `clear` after `keep` seconds."""

    at: Decimal
    clear: Decimal
    hold: float
    keep: float
    confirm: int
    """Readings in a row that must agree before it fires."""
    notify: tuple[str, ...] = ()
    """The channels that hear of this level, by name; empty: the rule's own, else every channel by its minimum."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric at a level: true in the metric's dangerous direction."""

    metric: Metric
    at: Decimal


@dataclass(frozen=True, slots=True)
class Condition:
    """True when at least one of `any` (where there are some) and every one of `all` is."""

    any: tuple[Comparison, ...]
    all: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """Which subjects a rule speaks of. Each part is a tuple of globs; an empty one selects all."""

    account: tuple[str, ...] = ()
    venue: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    margin_mode: tuple[str, ...] = ()
    min_notional: Decimal | None = None

    @property
    def picks_positions(self) -> bool:
        """Whether it tells positions of one pool apart."""
        return bool(self.symbol or self.side) or self.min_notional is not None


@dataclass(frozen=True, slots=True)
class EntryToLiquidation:
    """A place as a share of the way from entry to liquidation; between 0 and 1."""

    share: Decimal


@dataclass(frozen=True, slots=True)
class BeforeLiquidation:
    """A place as far before liquidation as this share of the liquidation price."""

    share: Decimal


@dataclass(frozen=True, slots=True)
class FromEntry:
    """A place as far from entry, toward liquidation, as this share of the entry price (not of the margin)."""

    share: Decimal


@dataclass(frozen=True, slots=True)
class MaxLoss:
    """A place where closing all of the position loses this much, taker fee of the exit included. One of the two is set.

    Equity is that of the position's pool, or of the isolated position itself.
    """

    share_of_equity: Decimal | None
    amount: Decimal | None
    """In `asset`."""
    asset: str = ""


@dataclass(frozen=True, slots=True)
class AtPrice:
    """A trigger price; the rule selects one symbol only."""

    price: Decimal


OnePlace: TypeAlias = EntryToLiquidation | BeforeLiquidation | FromEntry | MaxLoss | AtPrice


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of several places the one nearest to mark, as long as it is safe."""

    places: tuple[OnePlace, ...]


Place: TypeAlias = OnePlace | Nearest


@dataclass(frozen=True, slots=True)
class StopRule:
    """The stop a rule wants. Its trigger is always mark."""

    when: Level
    """From this level of the rule on."""
    place: Place
    clearance_liquidation: Decimal
    """It stays at least this share of the liquidation price (plus taker fee and a tick) before liquidation."""
    clearance_mark: Decimal
    """It stays at least this share of mark away from mark."""
    if_past: IfPast
    may_loosen: bool
    """True: it may follow a liquidation price that moved away, by itself."""
    no_answer: float | None = None
    """Seconds after which a proposal nobody answered is sent by itself; None: nothing is sent.

    Proposed is what a rule in mode ask wants, and in mode act too a stop whose place is already passed.
    """


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who else hears of an alert that nobody acknowledged, and after how many seconds of firing."""

    after: float
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The time of day at which a rule counts: from `start` up to `end`, minutes after midnight in `zone`.

    An end before the start is one of the next day.
    """

    start: int
    end: int
    zone: tzinfo
    text: str
    """As it is written."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]`."""

    name: str
    metric: Metric
    levels: Mapping[Level, Threshold]
    """In rising order; never empty."""
    where: Selector
    exclude: Selector | None
    only_if: Condition | None
    mode: Mode | None
    """None: no further cap."""
    stop: StopRule | None
    repeat: float
    line: int
    """Of its header in the file, from 1."""
    notify: tuple[str, ...] = ()
    """The channels that hear of it, by name; empty: every channel by its own minimum level."""
    escalate: tuple[Escalation, ...] = ()
    """In rising order of `after`."""
    between: Between | None = None
    """None: always."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it is measured on: positions, pools or both, as `subjects` has it."""
        return subjects(self.metric, self.where, self.exclude, self.only_if)


OF_BOTH: Final = frozenset({Metric.ROOM_USED, Metric.EFFECTIVE_LEVERAGE})
"""What a cross position has, and its pool has as another figure. A pool of one position has the same: it is not judged
for itself there, so that one danger does not speak twice."""


def subjects(
    metric: Metric, where: Selector, exclude: Selector | None = None, only_if: Condition | None = None
) -> frozenset[Scope]:
    """What a rule on this metric is measured on, as far as the rest of the rule leaves it.

    A margin ratio belongs to cross pools and isolated positions, a shock distance to pools; the room used and the
    leverage are those of positions and of pools, but of positions alone where the rule picks positions (by symbol,
    side or notional) or asks for something that only a position has.
    """
    if metric is Metric.SHOCK_DISTANCE:
        return frozenset({"pool"})
    if metric is Metric.MARGIN_RATIO:
        if where.margin_mode == ("cross",):
            return frozenset({"pool"})
        if where.margin_mode == ("isolated",):
            return frozenset({"position"})
        return frozenset({"pool", "position"})
    asked = () if only_if is None else (*only_if.any, *only_if.all)
    if (
        metric in OF_BOTH
        and where.margin_mode != ("isolated",)
        and not where.picks_positions
        and not (exclude is not None and exclude.picks_positions)
        and all("pool" in one.metric.scopes for one in asked)
    ):
        return frozenset({"pool", "position"})
    return frozenset({"position"})


@dataclass(frozen=True, slots=True)
class Blind:
    """Seconds without a good read of an account."""

    warn: float
    critical: float


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A whole rules file, understood to the last key."""

    mode: Mode
    account_modes: Mapping[str, Mode]
    first_act_after: float
    """Seconds an account new to `act` shows its plan before anything is sent."""
    blind: Blind
    replacements_per_hour: int
    """Most moves of resting stops an hour. The first stop of an uncovered position is never capped."""
    rules: tuple[Rule, ...]
    file: str
    digest: str
    """sha256 of the text."""

    def mode_for(self, account: str, cap: Mode, rule: Rule | None) -> Mode:
        """The most cautious of global, account, `cap` (the account's own in watchdog.toml) and rule."""
        own = self.account_modes.get(account, self.mode)
        of_rule = rule.mode if rule is not None and rule.mode is not None else Mode.ACT
        return min(self.mode, own, cap, of_rule)
