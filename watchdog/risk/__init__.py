"""The risk room: how near liquidation a position or a pool is. Pure, in decimals, usable without an account.

A table and a price need no account:

>>> from decimal import Decimal
>>> from watchdog.domain.market import Tier
>>> from watchdog.domain.position import Side
>>> from watchdog.risk import Requirement, liquidation_price
>>> one_tier = (Tier(Decimal(0), None, Decimal("0.004"), Decimal(0)),)
>>> price = liquidation_price(Side.LONG, Decimal(1), Decimal(10_000), Decimal(1_000), Requirement.of(one_tier))
>>> round(price, 8)
Decimal('9036.14457831')

- `maintenance`, `tier_at`, `rebuild_cum`, `why_unusable`: maintenance tiers.
- `Requirement`: a tier table (and a fee) as the solver walks it.
- `liquidation_price`: the first price toward danger at which maintenance reaches equity, or None.
- `shock`: the common move of all prices that liquidates a pool, each way.
- `judge_stops`: which resting stops close a position before liquidation.
- `Book`: all of it for one account read, moved on mark by mark; `PositionRisk` and `PoolRisk` are what it says.

Everything is computed with 50 digits (`exact.CONTEXT`), whatever the thread's own decimal context is.
"""

from watchdog.risk.book import Book, Marks
from watchdog.risk.coverage import Coverage, StopJudgement, judge_stops
from watchdog.risk.solver import Exposure, Shock, liquidation_price, shock
from watchdog.risk.tiers import Requirement, maintenance, rebuild_cum, tier_at, why_unusable
from watchdog.risk.values import PoolRisk, PositionRisk, StreamedMark

__all__ = [
    "Book",
    "Coverage",
    "Exposure",
    "Marks",
    "PoolRisk",
    "PositionRisk",
    "Requirement",
    "Shock",
    "StopJudgement",
    "StreamedMark",
    "judge_stops",
    "liquidation_price",
    "maintenance",
    "rebuild_cum",
    "shock",
    "tier_at",
    "why_unusable",
]
