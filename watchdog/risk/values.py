"""What the risk room says of a position and of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from watchdog.domain.position import Position, PositionKey
from watchdog.domain.reading import Reading, Unknown
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
    """Money: size · mark, or size / mark of an inverse contract; never negative."""
    unrealised: Reading
    """Money; a loss is negative."""
    maintenance: Reading
    """Money its tiers require of the notional."""


@dataclass(frozen=True, slots=True)
class PositionRisk:
    """A position's risk at the newest mark. The `at` of a reading is the time of the oldest mark price in it."""

    position: Position
    pool: str | None
    """The cross pool it shares; None for an isolated position."""
    mark: Reading
    notional: Reading
    """In quote: size · mark; of an inverse contract its face value."""
    unrealised: Reading
    """Money; a loss is negative."""
    maintenance: Reading
    """Money, by its tiers. The venue's own is `position.venue_maintenance`."""
    equity: Reading
    """Money behind it: its own margin and unrealised profit in isolated mode, the pool's equity in cross mode."""
    margin_ratio: Reading
    """Share, maintenance / equity: 1 is liquidation, infinite without equity. In cross mode the pool's."""
    liquidation_venue: Reading
    """Price, the venue's at the snapshot; Unknown where it gives none or one that cannot be true."""
    liquidation_ours: Reading
    """Price, ours at the newest marks, all other prices standing still. By our formula alone: no figure of the venue's
    moves it, so that it can be compared with the venue's own."""
    gap: Reading
    """Price, the venue's − ours, both at the snapshot: how far the two disagree."""
    liquidation: Reading
    """Price: the nearest to mark of the venue's, ours (moved by the gap where that is toward danger), and ours with
    the maintenance raised to the venue's margin ratio where that was above ours.

    `source` says which.
    """
    pool_liquidation: Reading
    """Price it would have at its pool's liquidation by a common move of all prices; isolated: `liquidation`."""
    liquidation_near: Reading
    """Price: the nearer of `liquidation` and `pool_liquidation`. Stops are placed and judged against this one.

    With `pool_liquidation` Unknown it is `liquidation` where that is Known: it lies there or nearer, and `source` says
    that the pool may go first. So it does where something shares the pool that is no position here.
    """
    liquidation_distance: Reading
    """Share of mark to `liquidation_near`; 0 at or past it."""
    room_used: Reading
    """Share of the way from entry to `liquidation`: negative in profit, 1 at liquidation and above 1 past it."""
    effective_leverage: Reading
    """Times: notional / equity, infinite without equity. In cross mode over the pool's equity."""
    stop_coverage: Reading
    """Share of the position that resting stops close before `liquidation_near`, 0 to 1. Unknown where one rests and the
    pool, whose liquidation is Unknown, may go before it."""
    stops: tuple[StopJudgement, ...]
    """Every resting order of its symbol, what it is worth and why."""
    pool_first: Unknown | None = None
    """Why its pool may be liquidated before `liquidation_near`; None: it is not. No stop is placed on such a price."""

    @property
    def key(self) -> PositionKey:
        """Its name within the account."""
        return self.position.key


@dataclass(frozen=True, slots=True)
class PoolRisk:
    """The risk of what shares margin in cross mode, at the newest marks. Money is in `unit`."""

    asset: str
    """Its name: the margin asset, or what the venue calls the account."""
    unit: str
    """The currency of its money."""
    more: bool
    """Whether something shares it that is no position here: then it may go before any price here says so."""
    positions: tuple[PositionKey, ...]
    at: float
    """Monotonic time of the oldest mark price among its positions."""
    wallet: Reading
    """Money, without unrealised profit."""
    unrealised: Reading
    equity: Reading
    """Money: wallet + unrealised."""
    notional: Reading
    """Money: what its positions are worth together, longs and shorts alike."""
    maintenance: Reading
    venue_maintenance: Reading
    """Money: the venue's own sum at the snapshot, to hold beside ours."""
    raised: Decimal
    """Money, 0 or more: what maintenance is raised by in the shocks, and in the positions' `liquidation`, so that at
    the snapshot our margin ratio is the venue's, where the venue's is above ours. `maintenance` is without it."""
    ratio_venue: Reading
    """Share: the venue's own margin ratio at the snapshot, turned so that 1 is liquidation."""
    ratio_ours: Reading
    """Share, maintenance / equity at the newest marks: infinite without equity."""
    margin_ratio: Reading
    """Share: ours, plus what the venue's was above ours at the snapshot; 1 is liquidation."""
    shock_down: Reading
    """Share by which all prices may fall together before liquidation, not negative; Never when no fall does it.

    With the maintenance `raised`; where all its positions are of one symbol, not beyond the venue's liquidation price.
    """
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
