"""What the risk room says of a position and of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from watchdog.domain.position import Position, PositionKey
from watchdog.domain.reading import Reading
from watchdog.risk.coverage import StopJudgement

Direction: TypeAlias = Literal["down", "up"]


class StreamedMark(NamedTuple):
    """A mark price and the monotonic time at which it reached us."""

    price: Decimal
    at: float


@dataclass(frozen=True, slots=True)
class Worth:
    """The figures of a position that nothing but its own mark moves."""

    mark: Reading
    notional: Reading
    """Money: size · mark, never negative."""
    unrealised: Reading
    """Money: side · size · (mark − entry); a loss is negative."""
    maintenance: Reading
    """Money its tiers require of the notional."""


@dataclass(frozen=True, slots=True)
class PositionRisk:
    """A position's risk at the newest mark. The `at` of a reading is the time of the oldest mark price in it."""

    position: Position
    pool: str | None
    """The margin asset whose cross pool it shares; None for an isolated position."""
    mark: Reading
    notional: Reading
    """Money: size · mark."""
    unrealised: Reading
    """Money; a loss is negative."""
    maintenance: Reading
    """Money, by its tiers. The venue's own is `position.venue_maintenance`."""
    margin_ratio: Reading
    """Share, maintenance / equity: 1 is liquidation, infinite without equity. In cross mode the pool's."""
    liquidation_venue: Reading
    """Price, the venue's at the snapshot; Unknown where it gives none or one that cannot be true."""
    liquidation_ours: Reading
    """Price, ours at the newest marks, all other prices standing still."""
    gap: Reading
    """Price, the venue's − ours, both at the snapshot: how far the two disagree."""
    liquidation: Reading
    """Price: the nearer to mark of the venue's and ours (moved by the gap where that is toward danger).

    `source` says which.
    """
    pool_liquidation: Reading
    """Price it would have at its pool's liquidation by a common move of all prices; isolated: `liquidation`."""
    liquidation_near: Reading
    """Price: the nearer of `liquidation` and `pool_liquidation`. Stops are placed and judged against this one."""
    liquidation_distance: Reading
    """Share of mark to `liquidation_near`; 0 at or past it."""
    room_used: Reading
    """Share of the way from entry to `liquidation`: negative in profit, 1 at liquidation and above 1 past it."""
    effective_leverage: Reading
    """Times: notional / equity, infinite without equity. In cross mode over the pool's equity."""
    stop_coverage: Reading
    """Share of the position that resting stops close before `liquidation_near`, 0 to 1."""
    stops: tuple[StopJudgement, ...]
    """Every resting order of its symbol, what it is worth and why."""

    @property
    def key(self) -> PositionKey:
        """Its name within the account."""
        return self.position.key


@dataclass(frozen=True, slots=True)
class PoolRisk:
    """The risk of what shares one margin asset in cross mode, at the newest marks. Money is in that asset."""

    asset: str
    positions: tuple[PositionKey, ...]
    at: float
    """Monotonic time of the oldest mark price among its positions."""
    wallet: Reading
    """Money, without unrealised profit."""
    unrealised: Reading
    equity: Reading
    """Money: wallet + unrealised."""
    maintenance: Reading
    venue_maintenance: Reading
    """Money: the venue's own sum at the snapshot, to hold beside ours."""
    margin_ratio: Reading
    """Share, maintenance / equity: 1 is liquidation, infinite without equity."""
    shock_down: Reading
    """Share by which all prices may fall together before liquidation, not negative; Never when no fall does it."""
    shock_up: Reading
    """The same for a rise."""
    shock_distance: Reading
    """The nearer of the two; Never when there is neither."""
    shock_direction: Direction | None
    """Which of the two it is; None when it is Never or Unknown."""
    room_used: Reading
    """Share of what the wallet could lose before liquidation that is lost: −unrealised / (wallet − maintenance)."""
    effective_leverage: Reading
    """Times: Σ notional / equity, infinite without equity."""
