"""The figures Binance publishes, and those other projects hold for it, one test a case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.risk.build import (
    BTC,
    BTC_2021,
    CASES,
    ETH,
    ETH_2021,
    TABLES,
    account,
    balance,
    faq_account,
    known,
    market,
    position,
    tiers_of,
)
from watchdog.domain.market import Tier
from watchdog.domain.position import PositionKey, PositionSide, Side
from watchdog.domain.reading import Never, Unknown
from watchdog.risk import Book, Requirement, liquidation_price, maintenance, rebuild_cum, shock, why_unusable
from watchdog.risk.solver import Exposure

D = Decimal
BTC_KEY, ETH_KEY = PositionKey(BTC, PositionSide.BOTH), PositionKey(ETH, PositionSide.BOTH)
PRICES = [name for name, case in CASES.items() if case["kind"] == "liquidation_price"]
NO_ROOT = "binance-usdm-ft-adjust-1x"
BUFFERED = "binance-usdm-ft-adjust-2x"


def own_tier(inputs: dict[str, Any]) -> tuple[Tier, ...]:
    """The one tier a case names."""
    return tiers_of([("0", inputs["mmr"], inputs.get("cum", "0"))])


def solve(inputs: dict[str, Any], tiers: tuple[Tier, ...]) -> Decimal | None:
    """The liquidation price of a case."""
    side, size = Side(inputs["side"]), D(inputs["qty"])
    entry = D(inputs.get("entry", "0"))
    mark = D(inputs.get("mark", entry))
    if "equity" in inputs:
        equity = D(inputs["equity"]) - D(inputs["other_mm"])
    else:
        equity = D(inputs.get("isolatedWallet") or inputs["wallet_balance"]) + side.sign * size * (mark - entry)
    for other in inputs.get("other", ()):
        held, at, entered = D(other["qty"]), D(other["mark"]), D(other["entry"])
        equity += held * (at - entered) - (held * at * D(other["mmr"]) - D(other["cum"]))
    return liquidation_price(side, size, mark, equity, Requirement.of(tiers))


def agrees(case: dict[str, Any], value: Decimal) -> bool:
    """Whether a figure is the published one, within the case's own tolerance."""
    expected, tolerance = D(case["expected"]), case["tolerance"]
    allowed = D(tolerance["abs"]) if "abs" in tolerance else D(tolerance["rel"]) * abs(expected)
    return abs(value - expected) <= allowed


@pytest.mark.parametrize("name", [name for name in PRICES if name not in {NO_ROOT, BUFFERED}])
def test_the_liquidation_price_is_the_published_one(name: str) -> None:
    """Each published liquidation price comes out of the solver."""
    case = CASES[name]
    price = solve(case["inputs"], own_tier(case["inputs"]))
    assert price is not None
    assert agrees(case, price)


@pytest.mark.parametrize(
    ("name", "tiers"),
    [
        ("binance-usdm-faq-iso-eth", ETH_2021),
        ("binance-usdm-faq-iso-btc", BTC_2021),
        ("binance-usdm-faq-cross-eth", ETH_2021),
        ("binance-usdm-faq-cross-btc", BTC_2021),
        ("binance-usdm-hedge-long-iso", BTC_2021),
        ("binance-usdm-hedge-short-iso", BTC_2021),
    ],
)
def test_the_solver_finds_the_tier_by_itself(name: str, tiers: tuple[Tier, ...]) -> None:
    """Given the whole table the published price comes out too: the tier is the one at that price."""
    case = CASES[name]
    price = solve(case["inputs"], tiers)
    assert price is not None
    assert agrees(case, price)


def test_binance_usdm_hedge_long_iso_needs_the_tier_at_the_price() -> None:
    """With the first tier alone the answer is 5,927.3: the figure that shows a wrong tier."""
    case = CASES["binance-usdm-hedge-long-iso"]
    price = solve(case["inputs"], BTC_2021[:1])
    assert price is not None
    assert round(price, 1) == D("5927.3")


def buffered(inputs: dict[str, Any], root: Decimal) -> Decimal:
    """Freqtrade's own distance: a share of the way from its root to the entry."""
    return root + (D(inputs["entry"]) - root) * D(inputs["liquidation_buffer"])


def test_binance_usdm_ft_adjust_2x() -> None:
    """The solver's price, with the buffer freqtrade adds, is freqtrade's figure."""
    case = CASES[BUFFERED]
    price = solve(case["inputs"], own_tier(case["inputs"]))
    assert price is not None
    assert agrees(case, buffered(case["inputs"], price))


def test_binance_usdm_ft_adjust_1x() -> None:
    """Paid in full, no price above zero liquidates: Never, though the bare algebra gives freqtrade's figure."""
    case = CASES[NO_ROOT]
    inputs = case["inputs"]
    assert solve(inputs, own_tier(inputs)) is None
    wallet, size, entry, rate, cum = (D(inputs[name]) for name in ("wallet_balance", "qty", "entry", "mmr", "cum"))
    root = (wallet + cum - size * entry) / (size * rate - size)
    assert root < 0
    assert agrees(case, buffered(inputs, root))


@pytest.mark.parametrize("name", TABLES)
def test_binance_usdm_cum_all(name: str) -> None:
    """The `cum` Binance publishes follows from floors and rates, and its tables are usable."""
    tiers = tiers_of(TABLES[name])
    assert rebuild_cum((tier.floor, tier.rate) for tier in tiers) == tuple(tier.cum for tier in tiers)
    assert why_unusable(tiers) is None


def test_generic_uniform_shock_derived() -> None:
    """A common fall of 7.69 % liquidates the FAQ account, long before either published price."""
    case = CASES["generic-uniform-shock-derived"]
    rows = case["inputs"]["positions"]
    exposures = [
        Exposure(Side.LONG, D(row["q"]) * D(row["m"]), Requirement.of(tiers_of([("0", row["r"], row["c"])])))
        for row in rows
    ]
    profit = sum(D(row["q"]) * (D(row["m"]) - D(row["e"])) for row in rows)
    moves = shock(exposures, D(case["inputs"]["wallet_balance"]) + profit)
    assert moves.down is not None
    assert round(moves.down, 6) == D(case["expected"]["shock"])
    assert moves.up is None
    assert moves.nearest == moves.down


def test_the_faq_account_as_a_book() -> None:
    """The whole FAQ account, tiers and all: ratio 41.489 %, both prices, and the nearer price of the pool."""
    expected = CASES["generic-uniform-shock-derived"]["expected"]
    book = Book.of(faq_account(), 0.0, {})
    pool = book.pools["USDT"]
    assert round(known(pool.margin_ratio), 5) == D("0.41489")
    assert round(known(pool.shock_distance), 6) == -D(expected["shock"])
    assert pool.shock_direction == "down"
    for key, alone, name in ((BTC_KEY, "26316.89", "BTCUSDT"), (ETH_KEY, "1153.26", "ETHUSDT")):
        risk = book.positions[key]
        assert abs(known(risk.liquidation_ours) - D(alone)) <= D("0.005")
        assert abs(known(risk.pool_liquidation) - D(expected[name])) <= D("0.005")
        assert risk.liquidation_near == risk.pool_liquidation
        assert round(known(risk.liquidation_distance), 6) == -D(expected["shock"])


@pytest.mark.parametrize(
    "name", ["ccxt-binance-cross-at-entry", "ccxt-binance-cross--5pct", "ccxt-binance-cross-at-liquidation"]
)
def test_our_ratio_is_the_true_one_where_ccxt_is_wrong(name: str) -> None:
    """In cross mode our ratio rises to 1 at liquidation; ccxt's own figure falls to 0.036 there."""
    case = CASES[name]
    raw = case["inputs"]["raw"]
    held = position(size=raw["positionAmt"], entry=raw["entryPrice"], mark=raw["markPrice"])
    book = Book.of(account([held], [balance("1000")]), 0.0, {})
    risk = book.positions[BTC_KEY]
    assert abs(known(risk.margin_ratio) - D(case["expected"]["true_margin_ratio"])) < D("1e-14")
    assert abs(known(risk.maintenance) - D(raw["maintMargin"])) < D("1e-11")
    assert abs(known(risk.liquidation_ours) - D(raw["liquidationPrice"])) <= D("1e-8")


def test_ccxt_binance_cross_noliq() -> None:
    """A venue price of "0" stays Unknown, never a price of zero, and our own solve says Never."""
    raw = CASES["ccxt-binance-cross-noliq"]["inputs"]["raw"]
    zero = Unknown("ADA/USDT:USDT liquidationPrice: 0")
    held = position(
        "ADA/USDT:USDT", size=raw["positionAmt"], entry=raw["entryPrice"], mark=raw["markPrice"], venue=zero
    )
    risk = Book.of(account([held], [balance("60")]), 0.0, {}).positions[held.key]
    assert risk.liquidation_venue == zero
    assert isinstance(risk.liquidation, Never)
    assert isinstance(risk.liquidation_distance, Never)
    assert known(risk.margin_ratio) < D("0.01")


def test_ccxt_binance_mm_no_cum() -> None:
    """Maintenance takes `cum` off: the venue's 5,550 on 1,000,000, not the 6,500 ccxt shows."""
    case = CASES["ccxt-binance-mm-no-cum"]
    floors_and_rates = [(D(0), D("0.004")), (D(50_000), D("0.005")), (D(600_000), D("0.0065"))]
    cums = rebuild_cum(floors_and_rates)
    tiers = tiers_of([(*row, cum) for row, cum in zip(floors_and_rates, cums, strict=True)])
    raw = case["inputs"]["raw"]
    assert maintenance(tiers, D(raw["notional"])) == D(case["expected"]["maintenanceMargin"])
    held = position(size=raw["positionAmt"], entry="50000", mark="50000", wallet=raw["isolatedWallet"])
    book = Book.of(account([held], markets=[market(BTC, tiers)]), 0.0, {})
    assert known(book.positions[BTC_KEY].margin_ratio) == D("0.0555")
