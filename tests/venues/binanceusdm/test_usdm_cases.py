"""The figures Binance publishes and others hold for it, read as Binance sends them; and what ccxt makes of its answers.

The cases, each with its source, are the risk room's (`tests/risk/binance_cases.json`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.risk.build import BTC_2021, CASES, ETH_2021, known
from tests.risk.test_binance_cases import BUFFERED, NO_ROOT, agrees, buffered
from tests.venues.binanceusdm.build import Held, Table, answers, as_table
from watchdog.domain.reading import Never
from watchdog.risk import Book
from watchdog.venues.binanceusdm.kind import KIND

D = Decimal
GENERIC = "generic-cross-other-mm"
PRICES = [name for name, case in CASES.items() if case["kind"] == "liquidation_price" and name != GENERIC]
TABLES: dict[str, Table] = {"BTCUSDT": as_table(BTC_2021), "ETHUSDT": as_table(ETH_2021)}


def price_of(name: str) -> Any:
    """Our liquidation price of a case, from the raw answers of an account that holds it."""
    asked = CASES[name]["inputs"]
    if D(asked["mmr"]) in {D("0.025"), D("0.005")} or "faq" in name:
        tables = TABLES
    else:  # freqtrade's own: a rate and a `cum` that are no venue's; where the next bracket begins does not matter
        rate, cum = asked["mmr"], asked["cum"]
        tables = {"BTCUSDT": [("0", rate, cum), ("1000000", "0.2", str(D(cum) + 1_000_000 * (D("0.2") - D(rate))))]}
    symbol = "ETHUSDT" if "eth" in name else "BTCUSDT"
    hedge = asked.get("position_mode") == "hedge"
    amount = D(asked["qty"]) * (1 if asked["side"] == "long" else -1)
    isolated = asked["margin_mode"] == "isolated"
    wallet = asked.get("isolatedWallet") or asked["wallet_balance"]
    others = [Held(one["symbol"], one["qty"], one["entry"], one["mark"]) for one in asked.get("other", ())]
    own = Held(
        symbol,
        str(amount),
        asked["entry"],
        asked.get("mark", asked["entry"]),
        asked["side"].upper() if hedge else "BOTH",
        wallet if isolated else None,
    )
    given = answers([own, *others], {"USDT": "0" if isolated else wallet}, tables, hedge=hedge)
    read = KIND.read(given, 0.0)
    return Book.of(read, 0.0, {}).positions[read.positions[0].key].liquidation_ours


@pytest.mark.parametrize("name", PRICES)
def test_a_published_liquidation_price(name: str) -> None:
    """Through rules and risk room, from an account with these positions."""
    case, price = CASES[name], price_of(name)
    if name == NO_ROOT:
        assert isinstance(price, Never)  # paid in full; freqtrade's figure is a price below zero, with its buffer
        return
    found = known(price)
    assert agrees(case, buffered(case["inputs"], found) if name == BUFFERED else found)


# -- what ccxt makes of it ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exchange() -> Any:
    """Ccxt's own class with one market and its brackets; it is never asked anything."""
    made = ccxt.binanceusdm()
    row = {
        "symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT", "status": "TRADING",
        "contractType": "PERPETUAL", "deliveryDate": 4133404800000, "filters": [],
        "baseAssetPrecision": 8, "quotePrecision": 8, "pricePrecision": 2, "quantityPrecision": 3,
    }  # fmt: skip
    made.set_markets([made.parse_market(row), made.parse_market(row | {"symbol": "ADAUSDT", "baseAsset": "ADA"})])
    made.options["leverageBrackets"] = {
        "BTC/USDT:USDT": [["0", "0.004"], ["50000", "0.005"], ["600000", "0.0065"]],
        "ADA/USDT:USDT": [["0", "0.006"]],
    }
    return made


@pytest.mark.parametrize(
    ("name", "collateral", "ratio"),
    [
        ("ccxt-binance-cross-at-entry", "1000.0", "0.04"),
        ("ccxt-binance-cross--5pct", "1000.0", "0.038"),
        ("ccxt-binance-cross-at-liquidation", "1000.0", "0.0361"),
    ],
)
def test_ccxt_still_gives_a_cross_ratio_that_falls_while_the_position_loses(
    exchange: Any, name: str, collateral: str, ratio: str
) -> None:
    """It takes the collateral back from the liquidation price, without profit or loss: why we read raw fields."""
    parsed = exchange.parse_position_risk(CASES[name]["inputs"]["raw"])
    assert abs(D(str(parsed["collateral"])) - D(collateral)) < D("0.001")
    assert D(str(parsed["marginRatio"])) == D(ratio)


def test_ccxt_still_makes_nothing_of_no_liquidation_price(exchange: Any) -> None:
    """A price of "0" becomes a collateral of 0 and no ratio."""
    parsed = exchange.parse_position_risk(CASES["ccxt-binance-cross-noliq"]["inputs"]["raw"])
    assert (parsed["collateral"], parsed["marginRatio"], parsed["liquidationPrice"]) == (0.0, None, None)


def test_ccxt_still_leaves_cum_out_of_the_maintenance_margin(exchange: Any) -> None:
    """6,500 where Binance says 5,550; and v3 tells it no leverage."""
    raw = CASES["ccxt-binance-mm-no-cum"]["inputs"]["raw"]
    parsed = exchange.parse_position_risk(raw)
    assert (parsed["maintenanceMargin"], parsed["leverage"]) == (6500.0, None)
    assert parsed["info"]["maintMargin"] == CASES["ccxt-binance-mm-no-cum"]["expected"]["maintenanceMargin"]


def test_ccxt_still_keeps_the_brackets_it_has(exchange: Any) -> None:
    """Linear brackets are given for inverse ones too, and never read again: why each kind has its own client."""
    before = exchange.options["leverageBrackets"]
    assert exchange.load_leverage_brackets(reload=False, params={"subType": "inverse"}) is before
