"""Deribit's published and seen figures, each through its rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.venues.deribit.build import CASES, PAYLOADS, answers, future, held, summary
from tests.venues.risk_only import AT, number
from watchdog.domain.position import Side
from watchdog.risk import Book
from watchdog.venues.deribit.kind import KIND
from watchdog.venues.deribit.listing import read_listed
from watchdog.venues.deribit.margin import MAINTENANCE, Rate, required
from watchdog.venues.fields import Row

D = Decimal


def figure(value: Any) -> Decimal:
    """A figure of a case."""
    return D(str(value))


def holds(name: str) -> None:
    """The rule gives what the case expects."""
    case = CASES[name]
    inputs = case["inputs"]
    size = figure(inputs.get("size_currency", inputs.get("size_btc")))
    price = figure(inputs.get("mark", inputs.get("index", 1)))
    found = required(size, Rate(figure(inputs["base"]), figure(inputs["slope"])), price)
    assert abs(found - figure(case["expected"])) <= figure(case["tolerance"]["abs"])


def test_deribit_sol_im() -> None:
    """The initial margin of a real inverse position, in its coin."""
    holds("deribit-sol-im")


def test_deribit_linear_im() -> None:
    """The initial margin of a real linear position, in quote at mark."""
    holds("deribit-linear-im")


def test_deribit_doc_btcusdc_im_25() -> None:
    """The page's initial margin of 25 BTC."""
    holds("deribit-doc-btcusdc-im-25")


def test_deribit_doc_btcusdc_mm_25() -> None:
    """The page's maintenance margin of 25 BTC, with the rate that inverse BTC contracts have too."""
    holds("deribit-doc-btcusdc-mm-25")
    inputs = CASES["deribit-doc-btcusdc-mm-25"]["inputs"]
    assert MAINTENANCE["BTC"] == Rate(figure(inputs["base"]), figure(inputs["slope"]))


def test_deribit_sol_mm() -> None:
    """The maintenance margin of the same real position, as the risk room reckons it from the tiers of the rules."""
    holds("deribit-sol-mm")
    case = CASES["deribit-sol-mm"]
    coins, mark = figure(case["inputs"]["size_currency"]), D("49.72")
    instrument = future("SOL-PERPETUAL", "SOL", "USD", "SOL")
    position = held("SOL-PERPETUAL", coins * mark, D(50), mark, figure(case["expected"]))
    payloads = answers([instrument], [position], [summary("SOL", D(1), figure(case["expected"]))])
    [risk] = Book.of(KIND.read(payloads, AT), AT, {}).positions.values()
    assert abs(number(risk.maintenance) - figure(case["expected"])) <= figure(case["tolerance"]["abs"])
    assert MAINTENANCE["SOL"] == Rate(figure(case["inputs"]["base"]), figure(case["inputs"]["slope"]))


def test_the_rates_of_inverse_contracts() -> None:
    """BTC and ETH as Deribit announced them for 2022-01-11."""
    assert MAINTENANCE["BTC"] == Rate(D("0.01"), D("0.005") / 100)
    assert MAINTENANCE["ETH"] == Rate(D("0.01"), D("0.0004") / 100)


def theirs(raw: dict[str, Any]) -> Any:
    """What ccxt makes of a position."""
    return ccxt.deribit().parse_position(raw)


def ours(raw: dict[str, Any]) -> Any:
    """The position the rules make of the same row."""
    row = {name: value if name in {"kind", "direction", "instrument_name"} else D(value) for name, value in raw.items()}
    required_of_all = figure(raw["maintenance_margin"])
    payloads = answers(
        [future("BTC-PERPETUAL", "BTC", "USD", "BTC")], [row], [summary("BTC", D("97.6"), required_of_all)]
    )
    [position] = KIND.read(payloads, AT).positions
    return position


def test_ccxt_deribit() -> None:
    """Its `contracts` are USD already and its `contractSize` is 10: multiplied, 400. Ours are the 40 USD."""
    raw = CASES["ccxt-deribit"]["inputs"]["raw"]
    parsed = theirs(raw)
    assert parsed["contracts"] == CASES["ccxt-deribit"]["expected"]["notional_usd"]
    assert parsed["maintenanceMarginPercentage"] == pytest.approx(1.0, rel=1e-3)  # x100, where others send shares
    assert (parsed["marginRatio"], parsed["collateral"], parsed["marginMode"]) == (None, None, None)
    position = ours(raw)
    assert (position.size, position.side) == (D(40), Side.LONG)


def test_ccxt_deribit_short() -> None:
    """A short comes signed: ccxt's `contracts` are negative then. Our size is not."""
    raw = CASES["ccxt-deribit-short"]["inputs"]["raw"]
    assert theirs(raw)["contracts"] < 0
    position = ours(raw)
    assert (position.size, position.side) == (D(40), Side.SHORT)


@pytest.mark.parametrize("name", ["segregated", "cross_pm"])
def test_our_symbols_are_ccxts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contract gets the unified symbol that ccxt gives it."""
    listing = PAYLOADS[name]["payloads"]["get_instruments"]
    exchange = ccxt.deribit()
    monkeypatch.setattr(exchange, "publicGetGetInstruments", lambda _: listing)
    found = {market["id"]: (market["symbol"], market["inverse"]) for market in exchange.fetch_markets()}
    made = [read_listed(Row("get_instruments", row)) for row in listing["result"]]
    assert {one.market.venue_id: (one.market.symbol, one.inverse) for one in made} == found
