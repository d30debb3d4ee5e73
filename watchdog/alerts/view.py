"""What a judgement of an account looks at, and how alerts name what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from watchdog.alerts.intent import Intent
from watchdog.domain.effects import Level
from watchdog.domain.market import Market
from watchdog.domain.position import PositionKey, PositionSide, Stop
from watchdog.domain.reading import Reading, Unknown
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.rules.schema import Metric, Rule, Ruleset

PREFIX = "rule:"
"""Of the keys of alerts that a rule raises: `rule:<name>|<subject>`."""

POOL = "pool "
"""Of the subject of a pool: `pool USDT`."""


@dataclass(frozen=True, slots=True)
class View:
    """All a judgement looks at."""

    account: str
    venue: str
    zone: tzinfo | None
    rules: Ruleset
    book: Book
    stops: Mapping[str, tuple[Stop, ...]]
    """All that rest, by symbol."""
    ours: Callable[[PositionKey], tuple[Stop, ...]]
    """Those of a position that this installation placed."""
    markets: Mapping[str, Market]
    read_wall: float
    usable: bool
    """False: the snapshot is too old, everything is unknown."""
    doubted: Callable[[str | None], bool]
    """Whether a position of this pool has vanished, so that nothing is known of the pool."""
    intent: Callable[[PositionKey, Rule, Level], Intent]
    """What will be done about a position."""


def position_subject(key: PositionKey) -> str:
    """How an alert names a position."""
    return key.symbol if key.position_side is PositionSide.BOTH else f"{key.symbol} {key.position_side}"


def alert_key(rule: Rule, subject: str) -> str:
    """The key of a rule's alert on a subject."""
    return f"{PREFIX}{rule.name}|{subject}"


def rule_and_subject(key: str) -> tuple[str, str]:
    """The name of the rule that raises an alert, and what it is about; both empty where no rule does."""
    if not key.startswith(PREFIX):
        return "", ""
    name, subject = key.removeprefix(PREFIX).rsplit("|", maxsplit=1)
    return name, subject


def key_words(key: str) -> str:
    """An alert's key as a person says it: `rule "room" on BTC/USDT:USDT`."""
    name, subject = rule_and_subject(key)
    return f'rule "{name}" on {subject}' if name else key.replace("|", " on ", 1)


def readings_of(risk: PositionRisk, pool: PoolRisk | None) -> dict[Metric, Reading]:
    """The readings of a position by metric."""
    shock: Reading = Unknown("an isolated position is in no pool") if pool is None else pool.shock_distance
    return {
        Metric.MARGIN_RATIO: risk.margin_ratio,
        Metric.LIQUIDATION_DISTANCE: risk.liquidation_distance,
        Metric.ROOM_USED: risk.room_used,
        Metric.SHOCK_DISTANCE: shock,
        Metric.EFFECTIVE_LEVERAGE: risk.effective_leverage,
        Metric.STOP_COVERAGE: risk.stop_coverage,
        Metric.NOTIONAL: risk.notional,
    }


def pool_readings_of(pool: PoolRisk) -> dict[Metric, Reading]:
    """The readings of a pool by metric; those that only a position has are unknown."""
    none = Unknown("a pool has none")
    return {
        Metric.MARGIN_RATIO: pool.margin_ratio,
        Metric.LIQUIDATION_DISTANCE: none,
        Metric.ROOM_USED: pool.room_used,
        Metric.SHOCK_DISTANCE: pool.shock_distance,
        Metric.EFFECTIVE_LEVERAGE: pool.effective_leverage,
        Metric.STOP_COVERAGE: none,
        Metric.NOTIONAL: none,
    }
