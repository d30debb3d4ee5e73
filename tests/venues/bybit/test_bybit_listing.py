"""What Bybit lists: symbols, filters, tiers in shares or per cent, haircuts."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.venues.bybit.build import LISTING, D
from watchdog.risk import maintenance
from watchdog.venues.bybit.listing import Haircuts, Listing, read_tiers, settle_coins
from watchdog.venues.fields import PayloadError, Row, UnlistedError


def limits(*rows: dict[str, Any]) -> list[Row]:
    """Rows of risk-limit."""
    return [Row.of({"id": number, "symbol": "XYZUSDT", **row}, f"risk-limit[{number}]") for number, row in
            enumerate(rows, start=1)]  # fmt: skip


def limit(value: str, rate: str, most: str, deduction: str = "") -> dict[str, Any]:
    """One row."""
    return {"riskLimitValue": value, "maintenanceMargin": rate, "maxLeverage": most, "mmDeduction": deduction}


def _answers(page: dict[str, Any], category: str) -> Any:
    """One page, and nothing that follows it or is about to trade."""
    rest = {"result": {"list": [], "category": category}}
    return lambda params: rest if {"cursor", "status"} & set(params) else page


def test_symbols_are_those_of_ccxt() -> None:
    """Each contract has the unified symbol that ccxt makes of the same row, and its step and tick."""
    exchange = ccxt.bybit()
    listing = Listing(LISTING)
    seen = 0
    for category in ("linear", "inverse"):
        for page in LISTING["instruments-info"][f"{category} Trading"]:
            exchange.publicGetV5MarketInstrumentsInfo = _answers(page, category)
            for market in exchange.fetch_future_markets({"category": category}):
                found = listing.find(market["id"], "here", category)
                assert found.market.symbol == market["symbol"]
                assert found.market.margin_asset == market["settle"]
                assert found.inverse == market["inverse"]
                assert float(found.market.tick) == market["precision"]["price"]
                assert float(found.market.step) == market["precision"]["amount"]
                seen += 1
    assert seen == 8


def test_what_a_dated_contract_is_called() -> None:
    """By its day of delivery."""
    listing = Listing(LISTING)
    assert listing.find("ETHUSDT-26DEC25", "here", "linear").market.symbol == "ETH/USDT:USDT-251226"
    assert listing.find("BTCUSDH26", "here", "inverse").market.symbol == "BTC/USD:BTC-260327"
    assert listing.find("BTCPERP", "here", "linear").market.symbol == "BTC/USDC:USDC"


def test_what_is_not_listed_is_named() -> None:
    """So that the listing is asked for again."""
    with pytest.raises(UnlistedError, match="'XYZUSDT' is not in the venue's listing"):
        Listing(LISTING).find("XYZUSDT", "here", "linear")
    with pytest.raises(PayloadError, match="no linear contract"):
        Listing(LISTING).find("BTCUSD", "here", "linear")


def test_settle_coins_are_those_listed() -> None:
    """A third one would be asked for too."""
    assert settle_coins(LISTING) == ("USDT", "USDC")
    other = copy.deepcopy(LISTING)
    other["instruments-info"]["linear Trading"][0]["result"]["list"][0]["settleCoin"] = "USDE"
    assert settle_coins(other) == ("USDT", "USDC", "USDE")


def test_rates_in_per_cent() -> None:
    """The API page's example has 0.5 for 0.5 %: no rate reaches one over the leverage it allows."""
    for rates in (("0.5", "1"), ("0.005", "0.01")):
        tiers = list(read_tiers(limits(limit("150", rates[0], "100"), limit("300", rates[1], "50"))).values())
        assert [tier.rate for tier in tiers] == [D("0.005"), D("0.01")]
        assert [tier.cum for tier in tiers] == [D(0), D("0.75")]
        assert [(tier.floor, tier.cap) for tier in tiers] == [(D(0), D(150)), (D(150), None)]


def test_a_rate_that_cannot_be_true_is_an_error() -> None:
    """Not even in per cent."""
    with pytest.raises(PayloadError, match="maintenanceMargin"):
        read_tiers(limits(limit("150", "1.5", "100")))


def test_tiers_come_in_rising_order_whatever_the_rows_do() -> None:
    """By their cap."""
    rows = limits(limit("300", "0.01", "50", "0.75"), limit("150", "0.005", "100"))
    assert [tier.floor for tier in read_tiers(rows).values()] == [D(0), D(150)]


def test_a_deduction_missing_above_the_first_tier_is_an_error() -> None:
    """Where others are given: nothing is guessed."""
    rows = limits(limit("1", "0.005", "100"), limit("2", "0.01", "50", "0.005"), limit("3", "0.02", "20"))
    with pytest.raises(PayloadError, match="mmDeduction"):
        read_tiers(rows)


@pytest.mark.parametrize(
    ("held", "counted"),
    [("10", "9.5"), ("300", "240"), ("-2", "-2"), ("0", "0")],
)
def test_haircuts_by_what_is_held(held: str, counted: str) -> None:
    """Each part at its own share; a debt counts in full."""
    assert Haircuts(LISTING).counted("BTC", D(held)) == D(counted)


def test_a_coin_without_a_haircut_counts_in_full() -> None:
    """It then moves with prices more than it may: the worse of two."""
    assert Haircuts(LISTING).counted("XYZ", D(3)) == D(3)


def test_maintenance_is_continuous_over_every_listed_tier() -> None:
    """As the venue's deductions make it."""
    listing = Listing(LISTING)
    for name in ("BTCUSDT", "ETHUSDT", "ETHUSDT-26DEC25", "SOLUSDT", "ADAUSDT", "BTCPERP"):
        tiers = listing.find(name, "here", "linear").market.tiers
        for tier in tiers[1:]:
            below = maintenance(tiers, tier.floor - Decimal("0.000001"))
            assert abs(maintenance(tiers, tier.floor) - below) < Decimal("0.001")
