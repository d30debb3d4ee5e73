"""Kraken's rule written out plainly: at our price the wallet's equity is down to what it requires, and not before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.strategies import SIDES, decimals
from tests.venues.krakenfutures.build import answers, contract, flex, held, single
from tests.venues.risk_only import AT
from watchdog.domain.position import Side
from watchdog.domain.reading import Known, Never
from watchdog.risk import Book
from watchdog.venues.krakenfutures.kind import KIND

D = Decimal
LINEAR = contract("PF_XBTUSD", [("0", "0.02", "0.01"), ("1000000", "0.04", "0.02")])
OTHER = contract("PF_ETHUSD", [("0", "0.04", "0.02")])
INVERSE = contract("PI_XBTUSD", [("0", "0.02", "0.01"), ("500000", "0.04", "0.02")])


def ours(payloads: dict[str, Any]) -> Known | Never:
    """Our liquidation price of the position in BTC."""
    book = Book.of(KIND.read(payloads, AT), AT, {})
    [risk] = [risk for key, risk in book.positions.items() if key.symbol.startswith("BTC")]
    assert isinstance(risk.liquidation_ours, Known | Never)
    return risk.liquidation_ours


def near(here: Decimal, there: Decimal, scale: Decimal) -> bool:
    """Equal but for rounding."""
    return abs(here - there) <= scale * D("1e-18")


@settings(max_examples=40)
@given(
    side=SIDES,
    size=decimals("0.01", "50", 2),
    entry=decimals("20000", "90000", 0),
    move=decimals("0.8", "1.2", 3),
    free=decimals("0.01", "3", 3),
    coin=decimals("0", "1", 2),
    more=decimals("1", "5000", 0),
)
def test_linear(
    side: Side, size: Decimal, entry: Decimal, move: Decimal, free: Decimal, coin: Decimal, more: Decimal
) -> None:
    """Multi-collateral: collateral in the same coin falls along, another position stands still."""
    mark = entry * move
    value = size * entry
    required = value * (D("0.02") if value >= 1_000_000 else D("0.01")) + D(40)
    equity = required + free * value
    behind = equity * coin

    def wallet(extra: Decimal) -> dict[str, Any]:
        pnl = side.sign * size * (mark - entry)
        return answers(
            [LINEAR, OTHER],
            [held("PF_XBTUSD", side.value, size, entry), held("PF_ETHUSD", "short", "1", "2000")],
            {"PF_XBTUSD": mark, "PF_ETHUSD": "2000"},
            {"flex": flex(equity + extra, required, pnl, {"BTC": behind, "USD": equity - behind + extra})},
        )

    def left(price: Decimal) -> Decimal:
        return equity + side.sign * size * (price - mark) + behind * (price / mark - 1) - required

    found = ours(wallet(D(0)))
    if isinstance(found, Never):
        down = side is Side.LONG
        assert left(D("1e-9")) > 0 if down else side.sign * size + behind / mark >= 0
        return
    assert near(left(found.value), D(0), equity + value)
    assert all(left(mark + (found.value - mark) * D(step) / 20) > 0 for step in range(20))
    further = ours(wallet(more))
    assert isinstance(further, Never) or (further.value - found.value) * side.sign < 0


@settings(max_examples=40)
@given(
    side=SIDES,
    size=decimals("100", "900000", 0),
    entry=decimals("20000", "90000", 0),
    move=decimals("0.8", "1.2", 3),
    free=decimals("0.01", "3", 3),
    more=decimals("0.001", "1", 3),
)
def test_inverse(side: Side, size: Decimal, entry: Decimal, move: Decimal, free: Decimal, more: Decimal) -> None:
    """Single-collateral: profit in the coin, so that a long always has a price and a covered short none."""
    mark = entry * move
    coins = size / entry
    required = coins * (D("0.02") if size >= 500_000 else D("0.01"))
    equity = required + free * coins

    def wallet(extra: Decimal) -> dict[str, Any]:
        pnl = side.sign * (size / entry - size / mark)
        return answers(
            [INVERSE],
            [held("PI_XBTUSD", side.value, size, entry)],
            {"PI_XBTUSD": mark},
            {"fi_xbtusd": single("xbt", equity + extra, required, pnl)},
        )

    def left(price: Decimal) -> Decimal:
        return equity + side.sign * (size / mark - size / price) - required

    found = ours(wallet(D(0)))
    if isinstance(found, Never):
        assert side is Side.SHORT
        assert equity - size / mark - required >= -D("1e-18")
        return
    assert near(left(found.value), D(0), equity + size / found.value)
    assert all(left(mark + (found.value - mark) * D(step) / 20) > 0 for step in range(20))
    further = ours(wallet(more))
    assert isinstance(further, Never) or (further.value - found.value) * side.sign < 0


@settings(max_examples=25)
@given(
    sides=st.tuples(SIDES, SIDES),
    move=decimals("0.9", "1.1", 3),
    free=decimals("0.05", "2", 2),
)
def test_the_common_move_that_liquidates_the_wallet(sides: tuple[Side, Side], move: Decimal, free: Decimal) -> None:
    """At the shock distance the equity of the whole wallet is down to its requirement."""
    marks = {"PF_XBTUSD": 50_000 * move, "PF_ETHUSD": D(2000)}
    sizes = {"PF_XBTUSD": D(2), "PF_ETHUSD": D(20)}
    signs = dict(zip(marks, (side.sign for side in sides), strict=True))
    required = 2 * D(50_000) / 100 + 20 * D(2000) / 50
    equity = required + free * 100_000
    pnl = signs["PF_XBTUSD"] * 2 * (marks["PF_XBTUSD"] - 50_000)
    positions = [
        held("PF_XBTUSD", sides[0].value, "2", "50000"),
        held("PF_ETHUSD", sides[1].value, "20", "2000"),
    ]
    read = KIND.read(answers([LINEAR, OTHER], positions, marks, {"flex": flex(equity, required, pnl)}), AT)
    pool = Book.of(read, AT, {}).pools["flex"]

    def left(share: Decimal) -> Decimal:
        return equity + sum((signs[one] * sizes[one] * marks[one] * share for one in marks), D(0)) - required

    for move_to, way in ((pool.shock_down, -1), (pool.shock_up, 1)):
        if isinstance(move_to, Known):
            assert near(left(move_to.value * way), D(0), equity)
            assert left(move_to.value * way / 2) > 0
        else:
            assert isinstance(move_to, Never)
            assert left(D(way) * D("0.999")) > 0
