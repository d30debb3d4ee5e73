"""What a position is worth at a mark, and what a pool of them adds up to.

Callers run these under `exact.CONTEXT`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from watchdog.domain.position import Balance, Position, Stop
from watchdog.domain.reading import Known, Never, Reading, Unit, Unknown
from watchdog.risk.exact import INFINITE, ONE, ZERO
from watchdog.risk.solver import Exposure, shock
from watchdog.risk.tiers import Requirement
from watchdog.risk.values import Direction, PoolRisk, Worth

VENUE = "venue"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Holding:
    """A position with what stays the same until the next snapshot."""

    position: Position
    requirement: Requirement | Unknown
    flaw: Unknown | None
    """Why nothing can be said of it at all."""
    stops: tuple[Stop, ...]
    """The resting orders of its symbol."""
    venue: Reading
    """The venue's liquidation price, if it can be true."""
    gap: Reading
    """The venue's − ours at the snapshot."""


def derive(unit: Unit, source: str, at: float, figure: Callable[..., Decimal], *inputs: Reading) -> Reading:
    """A figure of other readings: the first Unknown among them, else Never if one is, else Known."""
    values: list[Decimal] = []
    never: Never | None = None
    for reading in inputs:
        if isinstance(reading, Known):
            values.append(reading.value)
        elif isinstance(reading, Unknown):
            return reading
        else:
            never = reading
    return Never(never.source, at) if never else Known(figure(*values), unit, source, at)


def positive(symbol: str, field: str, value: Decimal) -> Unknown | None:
    """Unknown when a figure that must be a number above zero is none."""
    if value.is_finite() and value > 0:
        return None
    return Unknown(f"{symbol} {field}: {value} cannot be true")


def mark_reading(symbol: str, price: Decimal, source: str, at: float) -> Reading:
    """A mark price as a reading; 0 and less are Unknown."""
    return positive(symbol, "mark price", price) or Known(price, "price", source, at)


def worth_of(holding: Holding, mark: Reading) -> Worth:
    """What a position is worth by itself at a mark."""
    if holding.flaw:
        return Worth(holding.flaw, holding.flaw, holding.flaw, holding.flaw)
    if not isinstance(mark, Known):
        return Worth(mark, mark, mark, mark)
    position, at = holding.position, mark.at
    notional = position.size * mark.value
    profit = position.side.sign * position.size * (mark.value - position.entry)
    unrealised = positive(position.symbol, "entry price", position.entry) or Known(profit, "money", OURS, at)
    required: Reading
    if isinstance(holding.requirement, Unknown):
        required = holding.requirement
    else:
        required = Known(holding.requirement.plain_at(notional), "money", OURS, at)
    return Worth(mark, Known(notional, "money", OURS, at), unrealised, required)


def ratio(maintenance: Decimal, equity: Decimal) -> Decimal:
    """Margin ratio: 1 is liquidation; without equity it is infinite."""
    return maintenance / equity if equity > 0 else INFINITE


def leverage(notional: Decimal, equity: Decimal) -> Decimal:
    """Effective leverage; infinite without equity."""
    return notional / equity if equity > 0 else INFINITE


def room_used(loss: Decimal, room: Decimal) -> Decimal:
    """Share of the room for losses that is lost; `loss` is negative in profit, `room` is what could be lost from entry.

    Where there is no room (liquidation lies on the profit side of entry: only the profit keeps it alive) it is the
    share of the way from entry to here that would be too much to give back: 1 at liquidation as well, near 0 far off.
    """
    if room > 0:
        return loss / room
    return room / loss if loss < room else ONE


def pool_risk(
    asset: str, balance: Balance | Unknown, members: Sequence[tuple[Holding, Worth]], taken_at: float
) -> PoolRisk:
    """A pool from its balance and its positions' worth. `taken_at` is the snapshot's time."""
    worths = [worth for _, worth in members]
    at = min((worth.mark.at for worth in worths if isinstance(worth.mark, Known)), default=taken_at)

    def total(*readings: Reading) -> Reading:
        return derive("money", OURS, at, _sum, *readings)

    wallet = _wallet(asset, balance, taken_at)
    unrealised = total(*(worth.unrealised for worth in worths))
    notional = total(*(worth.notional for worth in worths))
    maintenance = total(*(worth.maintenance for worth in worths))
    equity = total(wallet, unrealised)
    shock_down, shock_up = _shocks(members, equity, maintenance, at)
    distance, direction = _nearest(shock_down, shock_up, falls_first=_net_long(members))
    return PoolRisk(
        asset=asset,
        positions=tuple(holding.position.key for holding, _ in members),
        at=at,
        wallet=wallet,
        unrealised=unrealised,
        equity=equity,
        maintenance=maintenance,
        venue_maintenance=balance if isinstance(balance, Unknown) else balance.venue_maintenance,
        margin_ratio=derive("share", OURS, at, ratio, maintenance, equity),
        shock_down=shock_down,
        shock_up=shock_up,
        shock_distance=distance,
        shock_direction=direction,
        room_used=derive("share", OURS, at, lambda u, w, m: room_used(-u, w - m), unrealised, wallet, maintenance),
        effective_leverage=derive("times", OURS, at, leverage, notional, equity),
    )


def _sum(*values: Decimal) -> Decimal:
    return sum(values, ZERO)


def _wallet(asset: str, balance: Balance | Unknown, taken_at: float) -> Reading:
    if isinstance(balance, Unknown):
        return balance
    if not balance.wallet.is_finite():
        return Unknown(f"{asset} wallet: {balance.wallet} is not a number")
    return Known(balance.wallet, "money", VENUE, taken_at)


def _shocks(
    members: Sequence[tuple[Holding, Worth]], equity: Reading, maintenance: Reading, at: float
) -> tuple[Reading, Reading]:
    match equity, maintenance:
        case Known(value=behind), Known():
            exposures = [
                Exposure(holding.position.side, worth.notional.value, holding.requirement)
                for holding, worth in members
                if isinstance(worth.notional, Known) and isinstance(holding.requirement, Requirement)
            ]
            moves = shock(exposures, behind)
            return _move(moves.down, at), _move(moves.up, at)
        case Known(), _:
            return maintenance, maintenance
        case _:
            return equity, equity


def _move(move: Decimal | None, at: float) -> Reading:
    if move is None:
        return Never("ours: no common move liquidates the pool", at)
    return Known(abs(move), "share", OURS, at)


def _nearest(down: Reading, up: Reading, *, falls_first: bool) -> tuple[Reading, Direction | None]:
    """The nearer of two moves; when they are as far (a pool already there: both are 0), the one that hurts."""
    match down, up:
        case Unknown(), _:
            return down, None
        case Known(value=fall), Known(value=rise):
            return (down, "down") if fall < rise or (fall == rise and falls_first) else (up, "up")
        case Known(), _:
            return down, "down"
        case _, Known():
            return up, "up"
        case _:
            return down, None


def _net_long(members: Sequence[tuple[Holding, Worth]]) -> bool:
    return (
        sum(
            holding.position.side.sign * worth.notional.value
            for holding, worth in members
            if isinstance(worth.notional, Known)
        )
        >= ZERO
    )


def margin_ratio(holding: Holding, worth: Worth, pool: PoolRisk | None) -> Reading:
    """Its own in isolated mode, the pool's in cross mode."""
    if pool is not None:
        return pool.margin_ratio
    equity = isolated_equity(holding, worth)
    return derive("share", OURS, oldest_mark(worth, pool), ratio, worth.maintenance, equity)


def isolated_equity(holding: Holding, worth: Worth) -> Reading:
    """Money behind an isolated position: its wallet and its unrealised profit."""
    position = holding.position
    wallet = position.isolated_wallet
    if wallet is None or not wallet.is_finite():
        return holding.flaw or Unknown(f"{position.symbol} isolated wallet: not given")
    return derive("money", OURS, oldest_mark(worth, None), lambda profit: wallet + profit, worth.unrealised)


def oldest_mark(worth: Worth, pool: PoolRisk | None) -> float:
    """When the oldest mark price of a position's readings was true."""
    if pool is not None:
        return pool.at
    return worth.mark.at if isinstance(worth.mark, Known) else 0.0
