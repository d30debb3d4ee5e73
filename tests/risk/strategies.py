"""What hypothesis draws: tier tables, positions behind which something stands, pools, whole accounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from tests.risk.build import NOT_GIVEN, account, balance, continuous, market, position, stop, tiers_of
from watchdog.domain.market import Tier
from watchdog.domain.position import AccountRead, Position, Side
from watchdog.risk import maintenance

D = Decimal
SIDES = st.sampled_from(Side)


def decimals(least: str, most: str, places: int = 4) -> st.SearchStrategy[Decimal]:
    """Finite decimals between two figures."""
    return st.decimals(D(least), D(most), allow_nan=False, allow_infinity=False, places=places)


@st.composite
def floors_and_rates(draw: st.DrawFn) -> list[tuple[Decimal, Decimal]]:
    """Rising floors from 0 and rising rates between 0 and 1."""
    rates = sorted(draw(st.sets(st.integers(1, 900), min_size=1, max_size=6)))
    steps = draw(st.lists(decimals("1", "200000", 2), min_size=len(rates) - 1, max_size=len(rates) - 1))
    floors = [D(0)]
    for step in steps:
        floors.append(floors[-1] + step)
    return [(floor, D(rate) / 1000) for floor, rate in zip(floors, rates, strict=True)]


smooth_tables = floors_and_rates().map(continuous)
jumping_tables = floors_and_rates().map(lambda rows: tiers_of([(floor, rate, D(0)) for floor, rate in rows]))
tables = st.one_of(smooth_tables, jumping_tables)


@dataclass(frozen=True)
class Case:
    """A position at its mark with more behind it than it requires."""

    side: Side
    size: Decimal
    mark: Decimal
    equity: Decimal
    tiers: tuple[Tier, ...]


@st.composite
def cases(draw: st.DrawFn, of: st.SearchStrategy[tuple[Tier, ...]] = tables) -> Case:
    """A position whose margin ratio is below 1, from next to liquidation to far more than paid in full."""
    tiers, side = draw(of), draw(SIDES)
    size, mark = draw(decimals("0.001", "1000", 3)), draw(decimals("0.01", "100000", 2))
    spare = draw(decimals("0.0001", "3")) * size * mark
    return Case(side, size, mark, maintenance(tiers, size * mark) + spare, tiers)


@st.composite
def pools(draw: st.DrawFn, of: st.SearchStrategy[tuple[Tier, ...]] = tables) -> tuple[list[Case], Decimal]:
    """Up to four positions among the tiers' edges, and the equity behind them all, above what they require."""
    members = [
        Case(draw(SIDES), draw(decimals("0.5", "300", 1)), draw(decimals("100", "3000", 0)), D(0), draw(of))
        for _ in range(draw(st.integers(1, 4)))
    ]
    required = sum(maintenance(each.tiers, each.size * each.mark) for each in members)
    notional = sum(each.size * each.mark for each in members)
    return members, required + draw(decimals("0.0001", "1.5")) * notional


@st.composite
def accounts(draw: st.DrawFn) -> AccountRead:
    """An account of up to six positions, isolated and in two cross pools, some with a venue price and a stop."""
    held: list[Position] = []
    for number in range(draw(st.integers(1, 6))):
        mark = draw(decimals("10", "1000", 2))
        held.append(
            position(
                f"S{number}/USDT:USDT",
                draw(SIDES),
                size=draw(decimals("0.01", "50", 2)),
                entry=mark * draw(decimals("0.8", "1.25", 2)),
                mark=mark,
                wallet=draw(st.none() | decimals("1", "9000", 2)),
                asset=draw(st.sampled_from(["USDT", "USDC"])),
                venue=draw(st.one_of(st.just(NOT_GIVEN), decimals("1", "2000", 2))),
            )
        )
    tiers = draw(smooth_tables)
    return account(
        held,
        [balance(draw(decimals("0", "50000", 2)), asset) for asset in ("USDT", "USDC")],
        markets=[market(each.symbol, tiers, each.margin_asset) for each in held],
        stops=[
            stop(symbol=each.symbol, order_side=each.side.closing, trigger_price=each.mark * D("0.95"))
            for each in held[::2]
        ],
    )
