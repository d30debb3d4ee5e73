"""What Binance itself requires counts: its margin ratios in single-asset mode, and the account's own brackets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.venues import payloads
from tests.venues.binanceusdm.build import Held, answers, brackets
from watchdog.domain.position import NOT_GIVEN
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.venues.binanceusdm.kind import KIND
from watchdog.venues.binanceusdm.listing import Listing, listed_rows, read_brackets

D = Decimal
AT = 5.0


def given() -> dict[str, Any]:
    """A cross BTC long and an isolated WLD short: equity 2,053.65 and 291.17921599, required 230 and 19.92460793."""
    return {
        "exchangeInfo": payloads.exchange_info(),
        "leverageBracket": payloads.leverage_bracket(),
        "positionRisk": payloads.position_risk(),
        "account": payloads.account(),
        "accountConfig": payloads.account_config(),
        "openAlgoOrders": [],
    }


def valued(answers: dict[str, Any]) -> tuple[PoolRisk, PositionRisk, PositionRisk]:
    """The USDT pool, the cross position and the isolated one."""
    book = Book.of(KIND.read(answers, AT), AT, {})
    by_symbol = {key.symbol: risk for key, risk in book.positions.items()}
    return book.pools["USDT"], by_symbol["BTC/USDT:USDT"], by_symbol["WLD/USDT:USDT"]


def share(reading: Reading) -> Decimal:
    """A margin ratio to six digits."""
    assert isinstance(reading, Known), reading
    return reading.value if reading.value.is_infinite() else reading.value.quantize(D("0.000001"))


def test_where_binance_requires_what_we_reckon_the_ratios_are_ours() -> None:
    """Σ maintMargin / (crossWalletBalance + crossUnPnl), maintMargin / isolatedMargin: the same, no gap."""
    pool, cross, isolated = valued(given())
    assert share(pool.ratio_venue) == share(pool.ratio_ours) == D("0.111996")
    assert share(isolated.position.venue_ratio) == D("0.068427")
    assert cross.position.venue_ratio == NOT_GIVEN
    for reading in (pool.margin_ratio, cross.margin_ratio, isolated.margin_ratio):
        assert getattr(reading, "source", "") == "ours"


def test_what_binance_requires_counts() -> None:
    """Its rate was raised and the brackets are of yesterday: 1,900 of 2,053.65 is 92.5 %, and 270 of 291 92.7 %."""
    answers = given()
    answers["positionRisk"][0]["maintMargin"] = "1900"
    answers["positionRisk"][1]["maintMargin"] = "270"
    pool, cross, isolated = valued(answers)
    assert share(pool.margin_ratio) == share(cross.margin_ratio) == D("0.925182")
    assert share(isolated.margin_ratio) == D("0.927264")
    assert share(pool.ratio_ours) == D("0.111996")
    # 153.65 of equity are left to 0.5 BTC at 115,000: no more than 0.27 %.
    assert share(pool.shock_distance) < D("0.0027")
    assert share(cross.liquidation_distance) < D("0.0027")
    assert share(isolated.liquidation_distance) < D("0.011")


def test_unreadable_brackets_leave_binances_own_ratio() -> None:
    """It sent all of it: the ratio is its own, and said to be."""
    answers = given()
    answers["leverageBracket"] = [{"symbol": one, "brackets": []} for one in ("BTCUSDT", "WLDUSDT")]
    pool, cross, isolated = valued(answers)
    assert (share(pool.margin_ratio), share(isolated.margin_ratio)) == (D("0.111996"), D("0.068427"))
    assert getattr(pool.margin_ratio, "source", "").startswith("venue alone; ours is unknown")
    assert isinstance(cross.liquidation_ours, Unknown)


@pytest.mark.parametrize("wallet", ["946.35", "100"])
def test_a_requirement_without_equity_is_infinite(wallet: str) -> None:
    """At an equity of 0 or below: no ratio of 0, none below it."""
    answers = given()
    answers["account"]["assets"][0]["crossWalletBalance"] = wallet
    pool, _, _ = valued(answers)
    assert share(pool.ratio_venue) == share(pool.margin_ratio) == D("Infinity")


def test_nothing_held_has_a_ratio_of_nothing() -> None:
    """An empty asset is neither unknown nor infinite."""
    read = KIND.read(given(), AT)
    assert {one.asset: one.venue_ratio for one in read.balances}["USDC"] == Known(D(0), "share", "binance", AT)


# -- notionalCoef -----------------------------------------------------------------------------------------------------


def tiers(coefficient: Any) -> list[tuple[Decimal, Decimal | None, Decimal]]:
    """The tiers of BTCUSDT where leverageBracket sends this multiplier: floor, cap, cum."""
    rows = payloads.leverage_bracket()
    rows[0]["notionalCoef"] = coefficient
    found = Listing(listed_rows(payloads.exchange_info()), read_brackets(rows))["BTCUSDT"].tiers
    assert [tier.rate for tier in found] in ([], [D("0.004"), D("0.005"), D("0.0065")])
    return [(tier.floor, tier.cap, tier.cum) for tier in found]


@pytest.mark.parametrize(("coefficient", "times"), [(1.5, "1.5"), ("0.5", "0.5"), (1, "1"), (None, "1")])
def test_the_accounts_multiplier_moves_its_brackets(coefficient: Any, times: str) -> None:
    """Floors, caps and `cum` times notionalCoef, the rates as they are: maintenance still doesn't jump."""
    by = D(times)
    assert tiers(coefficient) == [
        (0, 300000 * by, 0),
        (300000 * by, 800000 * by, 300 * by),
        (800000 * by, None, 1500 * by),
    ]


@pytest.mark.parametrize("coefficient", [0, "-1", "", "NaN", [], True])
def test_a_multiplier_that_cannot_be_one_leaves_no_tiers(coefficient: Any) -> None:
    """Figures by brackets that may be others would be wrong: they are Unknown."""
    assert tiers(coefficient) == []


def test_a_multiplier_reaches_the_readings() -> None:
    """A position of 600,000 at brackets times two is still in the first: 0.4 %, less nothing."""
    table = [("0", "0.004", "0"), ("300000", "0.01", "1800")]
    held = [Held("BTCUSDT", "10", "60000", "60000")]
    whole = answers(held, {"USDT": "100000"}, {"BTCUSDT": table})
    whole["leverageBracket"] = [brackets("BTCUSDT", table) | {"notionalCoef": 2}]
    [risk] = Book.of(KIND.read(whole, AT), AT, {}).positions.values()
    assert isinstance(risk.maintenance, Known)
    assert risk.maintenance.value == 2400
