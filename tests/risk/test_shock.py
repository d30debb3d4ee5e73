"""The common move of all prices that liquidates a pool."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given

from tests.risk.build import ONE_TIER, close_to, tiers_of
from tests.risk.strategies import Case, cases, jumping_tables, pools, smooth_tables
from watchdog.domain.position import Side
from watchdog.risk import Exposure, Requirement, Shock, liquidation_price, maintenance, shock
from watchdog.risk.exact import CONTEXT

D = Decimal


def solve(members: list[Case], equity: Decimal) -> Shock:
    """The shocks of a pool."""
    return shock([Exposure(each.side, each.size * each.mark, Requirement.of(each.tiers)) for each in members], equity)


def required_and_equity(members: list[Case], equity: Decimal, move: Decimal) -> tuple[Decimal, Decimal]:
    """By the definition: what the pool requires and has when every price has moved by a share."""
    required = sum((maintenance(each.tiers, each.size * each.mark * (1 + move)) for each in members), D(0))
    profit = sum((each.side.sign * each.size * each.mark * move for each in members), D(0))
    return required, equity + profit


@given(pool=pools(smooth_tables))
def test_at_the_shock_the_requirement_is_the_equity(pool: tuple[list[Case], Decimal]) -> None:
    """At each shock found, maintenance and equity of the pool are the same within 1e-20."""
    moves = solve(*pool)
    with localcontext(CONTEXT):
        for move in (moves.down, moves.up):
            if move is not None:
                required, equity = required_and_equity(*pool, move)
                assert close_to(equity, required)


@given(pool=pools())
def test_brute_force_finds_no_nearer_one(pool: tuple[list[Case], Decimal]) -> None:
    """No sampled move before the shock liquidates; where there is none, no move to −100 % or +100,000 % does."""
    moves = solve(*pool)
    with localcontext(CONTEXT):
        for found, end in ((moves.down, D(-1)), (moves.up, D(1000))):
            reach = end if found is None else found
            # Evenly, and by ever smaller parts of the way, as the far end is where a wide range hides a crossing.
            shares = [D(step) / 60 for step in range(60)] + [D(2) ** -step for step in range(1, 30)]
            for share in shares:
                required, equity = required_and_equity(*pool, reach * share)
                assert required < equity


@given(pool=pools(jumping_tables))
def test_at_a_shock_of_jumping_tables_the_pool_is_liquidated(pool: tuple[list[Case], Decimal]) -> None:
    """Where tables jump, the requirement is not below the equity at the shock or a hair beyond it."""
    moves = solve(*pool)
    with localcontext(CONTEXT):
        for move in (moves.down, moves.up):
            if move is not None:
                # An edge over the notional rounds, so the jump may be a hair away; equal is equal up to rounding too.
                hairs = (required_and_equity(*pool, move * (1 + hair)) for hair in (D(0), D("1e-40"), D("-1e-40")))
                assert any(required >= equity - abs(equity) * D("1e-38") for required, equity in hairs)


@given(pool=pools())
def test_the_sides_of_a_shock(pool: tuple[list[Case], Decimal]) -> None:
    """Down is a fall that leaves a price, up a rise, and nearest the smaller of the two."""
    moves = solve(*pool)
    assert moves.down is None or -1 < moves.down < 0
    assert moves.up is None or moves.up > 0
    both = [abs(move) for move in (moves.down, moves.up) if move is not None]
    assert (moves.nearest is None) == (not both)
    assert moves.nearest is None or abs(moves.nearest) == min(both)


@given(case=cases(smooth_tables))
def test_a_pool_of_one_is_liquidated_at_its_own_price(case: Case) -> None:
    """With one position the shock is the way to its liquidation price, and there is none the other way."""
    moves = solve([case], case.equity)
    price = liquidation_price(case.side, case.size, case.mark, case.equity, Requirement.of(case.tiers))
    move, other = (moves.down, moves.up) if case.side is Side.LONG else (moves.up, moves.down)
    assert other is None
    assert (move is None) == (price is None)
    if move is not None and price is not None:
        with localcontext(CONTEXT):
            assert close_to(case.mark * (1 + move), price)


def test_a_mixed_pool_can_die_both_ways() -> None:
    """A long and a short whose tiers differ: a fall and a rise each liquidate, and the nearer is told."""
    flat, steep = ONE_TIER, tiers_of([("0", "0.01", "0"), ("11000", "0.9", "9790")])
    members = [
        Case(Side.LONG, D(1), D(10_000), D(0), steep),
        Case(Side.SHORT, D("0.9"), D(10_000), D(0), flat),
    ]
    moves = solve(members, D(600))
    assert moves.down is not None
    assert moves.up is not None
    assert moves.nearest == moves.up
    # Down: 600 + 1000·s = (100 + 36)·(1 + s).
    assert close_to(moves.down, D(-464) / D(864), "1e-27")
    # Up, past the long's edge at +10 %: 600 + 1000·s = 9000·(1 + s) − 9790 + 36·(1 + s).
    assert close_to(moves.up, D(1354) / D(8036), "1e-27")


def test_a_jump_liquidates_though_the_equity_grows() -> None:
    """A rise wins a long money, yet at the edge its requirement jumps over the equity: that is a liquidation."""
    jump = tiers_of([("0", "0.01", "0"), ("11000", "0.5", "0")])
    moves = solve([Case(Side.LONG, D(1), D(10_000), D(0), jump)], D(200))
    assert moves.up == D("0.1")
    assert moves.down is not None
    assert moves.nearest == moves.down  # 100 of 9,900 down: about −1 %


def test_a_hedged_pool_is_never_liquidated_by_a_fall() -> None:
    """Equal legs with enough behind them: no fall does it, a rise does only through what it requires."""
    members = [Case(side, D(1), D(10_000), D(0), ONE_TIER) for side in Side]
    moves = solve(members, D(1000))
    assert moves.down is None
    assert moves.up is not None
    assert close_to(moves.up, D(1000) / D(80) - 1, "1e-27")


def test_a_pool_already_there_needs_no_move() -> None:
    """With the requirement at or above the equity the shock is 0 both ways."""
    members = [Case(Side.LONG, D(1), D(10_000), D(0), ONE_TIER)]
    assert solve(members, D(40)) == Shock(D(0), D(0))
    assert solve(members, D(-1)).nearest == 0
