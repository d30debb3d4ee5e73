"""Deribit's rule written out plainly: at our price the balance is down to what it requires, and not before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings

from tests.risk.strategies import SIDES, decimals
from tests.venues.deribit.build import answers, future, held, summary
from tests.venues.risk_only import AT
from watchdog.domain.position import Side
from watchdog.domain.reading import Known, Never
from watchdog.risk import Book
from watchdog.venues.deribit.kind import KIND

D = Decimal
BASE, SLOPE = D("0.01"), D("0.00005")
INVERSE = future("BTC-PERPETUAL", "BTC", "USD", "BTC")
LINEAR = future("BTC_USDC-PERPETUAL", "BTC", "USDC", "USDC")
OTHER = future("ETH_USDC-PERPETUAL", "ETH", "USDC", "USDC")


def rule(coins: Decimal) -> Decimal:
    """What Deribit requires of BTC, in BTC."""
    return coins * (BASE + SLOPE * coins)


def width(coins: Decimal, now: Decimal) -> Decimal:
    """By how much the pieces may ask for more than the rule, in BTC: they are wider where the price has lost 97 %."""
    return D("0.0025" if coins <= 32 * now else "0.05") * SLOPE * max(coins, now) ** 2


def ours(payloads: dict[str, Any]) -> Known | Never:
    """Our liquidation price of the position in BTC."""
    book = Book.of(KIND.read(payloads, AT), AT, {})
    [risk] = [risk for key, risk in book.positions.items() if key.symbol.startswith("BTC")]
    assert isinstance(risk.liquidation_ours, Known | Never)
    return risk.liquidation_ours


@settings(max_examples=40)
@given(
    side=SIDES,
    usd=decimals("1000", "9000000", 0),
    entry=decimals("20000", "90000", 0),
    move=decimals("0.8", "1.2", 3),
    free=decimals("0.01", "2", 3),
    more=decimals("0.01", "1", 3),
)
def test_inverse(side: Side, usd: Decimal, entry: Decimal, move: Decimal, free: Decimal, more: Decimal) -> None:
    """A pool in the coin; the parabola is met from above, within the width of its pieces."""
    mark = entry * move
    coins = usd / mark
    balance = rule(coins) + free * coins

    def account(extra: Decimal) -> dict[str, Any]:
        position = held("BTC-PERPETUAL", side.sign * usd, entry, mark, rule(coins))
        return answers([INVERSE], [position], [summary("BTC", balance + extra, rule(coins))])

    def left(price: Decimal) -> Decimal:
        return balance + side.sign * (usd / mark - usd / price) - rule(usd / price)

    found = ours(account(D(0)))
    if isinstance(found, Never):
        assert side is Side.SHORT
        assert balance - coins >= 0
        return
    over = left(found.value)
    assert -D("1e-15") <= over <= width(usd / found.value, coins) + D("1e-15")
    assert all(left(mark + (found.value - mark) * D(step) / 20) > 0 for step in range(20))
    further = ours(account(more))
    assert isinstance(further, Never) or (further.value - found.value) * side.sign < 0


@settings(max_examples=40)
@given(
    side=SIDES,
    size=decimals("0.01", "300", 2),
    entry=decimals("20000", "90000", 0),
    move=decimals("0.8", "1.2", 3),
    free=decimals("0.01", "2", 3),
    more=decimals("1", "9000", 0),
)
def test_linear(side: Side, size: Decimal, entry: Decimal, move: Decimal, free: Decimal, more: Decimal) -> None:
    """A pool in USDC: the size decides the rate, and no price changes it."""
    mark = entry * move
    asked = rule(size) * mark
    balance = asked + free * size * mark

    def account(extra: Decimal) -> dict[str, Any]:
        position = held("BTC_USDC-PERPETUAL", side.sign * size, entry, mark, asked)
        return answers([LINEAR], [position], [summary("USDC", balance + extra, asked)])

    def left(price: Decimal) -> Decimal:
        return balance + side.sign * size * (price - mark) - rule(size) * price

    found = ours(account(D(0)))
    if isinstance(found, Never):
        assert side is Side.LONG
        assert left(D("1e-9")) >= 0
        return
    assert abs(left(found.value)) <= (balance + size * mark) * D("1e-18")
    assert all(left(mark + (found.value - mark) * D(step) / 20) > 0 for step in range(20))
    further = ours(account(more))
    assert isinstance(further, Never) or (further.value - found.value) * side.sign < 0


@settings(max_examples=40)
@given(
    side=SIDES,
    usd=decimals("1000", "900000", 0),
    entry=decimals("20000", "90000", 0),
    move=decimals("0.8", "1.2", 3),
    free=decimals("0.01", "1", 3),
    behind=decimals("0", "0.9", 2),
)
def test_shared(side: Side, usd: Decimal, entry: Decimal, move: Decimal, free: Decimal, behind: Decimal) -> None:
    """One pool in USD: an inverse position is paid in coins worth their price, and coins behind it move too."""
    mark, eth = entry * move, D(2000)
    coins = usd / mark
    profit = side.sign * (usd / entry - usd / mark)
    asked_eth = 3 * eth * D("0.010012")
    asked = rule(coins) * mark + asked_eth
    total = asked + free * usd
    bitcoin = behind * total / mark
    totals = {
        "total_margin_balance_usd": total,
        "total_maintenance_margin_usd": asked,
        "total_equity_usd": total,
    }
    rows = [
        summary("BTC", total / mark, asked / mark, "cross_sm", **totals) | {"equity": bitcoin + profit},
        summary("USDC", total, asked, "cross_sm", **totals),
    ]
    positions = [
        held("BTC-PERPETUAL", side.sign * usd, entry, mark, rule(coins)),
        held("ETH_USDC-PERPETUAL", D(3), eth, eth, asked_eth),
    ]

    def left(price: Decimal) -> Decimal:
        cash = total - bitcoin * mark - profit * mark
        paid = side.sign * (usd / entry - usd / price) * price
        return cash + bitcoin * price + paid - rule(usd / price) * price - asked_eth

    found = ours(answers([INVERSE, OTHER], positions, rows))
    if isinstance(found, Never):
        slope = bitcoin + side.sign * usd / entry
        assert slope >= 0 if side is Side.SHORT else left(D(1)) > 0 or slope <= 0
        return
    over = left(found.value)
    assert -D("1e-12") * total <= over <= width(usd / found.value, coins) * found.value + D("1e-12") * total
    assert all(left(mark + (found.value - mark) * D(step) / 20) > 0 for step in range(20))
