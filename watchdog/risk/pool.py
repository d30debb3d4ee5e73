"""What a pool of positions adds up to: equity, maintenance, ratio, and the common move that liquidates it.

Callers run these under `exact.CONTEXT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from watchdog.domain.position import Balance, Side
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.risk.exact import ONE, ZERO
from watchdog.risk.solver import Exposure, inverse_shock, shock
from watchdog.risk.tiers import Requirement
from watchdog.risk.valuation import (
    NO_GAP,
    OURS,
    OURS_WITH_GAP,
    VENUE,
    Holding,
    RatioGap,
    dangerous_ratio,
    derive,
    leverage,
    ratio,
    room_used,
)
from watchdog.risk.values import Direction, PoolRisk, Worth

Members = Sequence[tuple[Holding, Worth]]


def pool_risk(
    asset: str, balance: Balance | Unknown, members: Members, taken_at: float, gap: RatioGap = NO_GAP
) -> PoolRisk:
    """A pool from its balance and its positions' worth. `taken_at` is the snapshot's time.

    `gap`: by how much the venue's own margin ratio was above ours then.
    """
    worths = [worth for _, worth in members]
    at = min((worth.mark.at for worth in worths if isinstance(worth.mark, Known)), default=taken_at)
    rates = [_rate(holding, worth) for holding, worth in members]

    def total(readings: Sequence[Reading], plus: Decimal = ZERO) -> Reading:
        values = []
        for reading, rate in zip(readings, rates, strict=True):
            if not isinstance(reading, Known):
                return reading
            values.append(reading.value if rate is ONE else reading.value * rate)
        return Known(sum(values, plus), "money", OURS, at)

    wallet = _wallet(asset, balance, taken_at)
    others = ZERO if isinstance(balance, Unknown) else balance.others
    unrealised = total([worth.unrealised for worth in worths])
    notional = total([worth.notional for worth in worths])
    maintenance = total([worth.maintenance for worth in worths], others)
    equity = derive("money", OURS, at, lambda held, gained: held + gained, wallet, unrealised)
    shock_down, shock_up = (
        _not_beyond(balance, move, _venue_move(members, side))
        for side, move in zip(
            (Side.LONG, Side.SHORT), _shocks(balance, members, equity, maintenance, gap.money, at), strict=True
        )
    )
    distance, direction = _nearest(shock_down, shock_up, falls_first=_net_long(members))
    venue: Reading = balance if isinstance(balance, Unknown) else balance.venue_ratio
    ours = derive("share", OURS, at, ratio, maintenance, equity)
    return PoolRisk(
        asset=asset,
        unit=asset if isinstance(balance, Unknown) else balance.unit,
        more=not isinstance(balance, Unknown) and balance.more,
        positions=tuple(holding.position.key for holding, _ in members),
        at=at,
        wallet=wallet,
        unrealised=unrealised,
        equity=equity,
        notional=notional,
        maintenance=maintenance,
        venue_maintenance=balance if isinstance(balance, Unknown) else balance.venue_maintenance,
        raised=gap.money,
        ratio_venue=venue,
        ratio_ours=ours,
        margin_ratio=dangerous_ratio(venue, ours, gap.ratio),
        shock_down=shock_down,
        shock_up=shock_up,
        shock_distance=distance,
        shock_direction=direction,
        room_used=derive("share", OURS, at, lambda u, w, m: room_used(-u, w - m), unrealised, wallet, maintenance),
        effective_leverage=derive("times", OURS, at, leverage, notional, equity),
    )


def _rate(holding: Holding, worth: Worth) -> Decimal:
    return holding.rate(worth.mark.value) if isinstance(worth.mark, Known) else ONE


def _wallet(asset: str, balance: Balance | Unknown, taken_at: float) -> Reading:
    if isinstance(balance, Unknown):
        return balance
    if isinstance(balance.wallet, Unknown):
        return balance.wallet
    if not balance.wallet.is_finite():
        return Unknown(f"{asset} wallet: {balance.wallet} is not a number")
    return Known(balance.wallet, "money", VENUE, taken_at)


def _shocks(
    balance: Balance | Unknown, members: Members, equity: Reading, maintenance: Reading, raised: Decimal, at: float
) -> tuple[Reading, Reading]:
    """The common fall and the common rise that liquidate the pool, its maintenance raised to the venue's ratio."""
    if isinstance(balance, Unknown):
        return balance, balance
    match equity, maintenance:
        case Known(value=worth), Known():
            in_coin = [holding.position.inverse and not holding.quoted for holding, _ in members]
            if any(in_coin) and not all(in_coin):
                mixed = Unknown(f"{balance.asset}: contracts in the coin and others share this pool: no common line")
                return mixed, mixed
            exposures = [
                _exposure(holding, worth.mark.value)
                for holding, worth in members
                if isinstance(worth.mark, Known) and isinstance(holding.requirement, Requirement)
            ]
            behind = worth - balance.others - raised
            if all(in_coin) and in_coin:
                moves = inverse_shock(exposures, behind)
            else:
                moves = shock(exposures, behind, sum(balance.collateral.values(), ZERO))
            source = OURS_WITH_GAP if raised else OURS
            return _move(moves.down, source, at), _move(moves.up, source, at)
        case Known(), _:
            return maintenance, maintenance
        case _:
            return equity, equity


def _exposure(holding: Holding, mark: Decimal) -> Exposure:
    """A position in its pool's money."""
    position, requirement = holding.position, holding.requirement
    assert isinstance(requirement, Requirement)  # noqa: S101  (asked only then)
    if holding.quoted:
        gain = position.side.sign * position.size / position.entry * mark
        return Exposure(position.side, ONE, requirement.of_coins(position.size, mark), gain)
    rate, notional = position.terms.rate, position.notional(mark)
    if rate == ONE:
        return Exposure(position.side, notional, requirement)
    return Exposure(position.side, notional * rate, requirement.in_money(rate))


def _venue_move(members: Members, side: Side) -> Known | None:
    """How far the price of the one symbol of a pool is from the nearest liquidation price that the venue gives of it.

    None where the pool holds more symbols (then each price is of a move of one alone), or the venue gives none. What
    else is in it (coins as collateral) makes a common move differ from that of one price: the nearer counts.
    """
    if any(holding.position.symbol != members[0][0].position.symbol for holding, _ in members):
        return None
    found = [
        Known(max(ZERO, side.sign * (mark - price) / mark), "share", VENUE, at)
        for holding, worth in members
        if holding.position.side is side
        for mark, price, at in _both_prices(holding.venue, worth.mark)
    ]
    return min(found, key=lambda one: one.value, default=None)


def _both_prices(venue: Reading, mark: Reading) -> Iterator[tuple[Decimal, Decimal, float]]:
    if isinstance(venue, Known) and isinstance(mark, Known):
        yield mark.value, venue.value, mark.at


def _not_beyond(balance: Balance | Unknown, ours: Reading, venue: Known | None) -> Reading:
    """The nearer of our move and the venue's; the venue's alone where ours is Unknown and no other price counts."""
    match ours:
        case Known(value=move) if venue is not None and move <= venue.value:
            return ours
        case Unknown(reason=reason) if venue is not None and _one_price(balance):
            return Known(venue.value, venue.unit, f"{VENUE} alone; ours is unknown: {reason}", venue.at)
        case Known() | Never() if venue is not None:
            return venue
        case _:
            return ours


def _one_price(balance: Balance | Unknown) -> bool:
    """Whether a pool with positions of one symbol hangs on that price alone: no coins behind it, nothing else in it."""
    if isinstance(balance, Unknown) or isinstance(balance.wallet, Unknown):
        return False
    return not balance.collateral and not balance.more


def _move(move: Decimal | None, source: str, at: float) -> Reading:
    if move is None:
        return Never("ours: no common move liquidates the pool", at)
    return Known(abs(move), "share", source, at)


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


def _net_long(members: Members) -> bool:
    return (
        sum(
            holding.position.side.sign * worth.notional.value * _rate(holding, worth)
            for holding, worth in members
            if isinstance(worth.notional, Known)
        )
        >= ZERO
    )
