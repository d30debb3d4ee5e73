"""Kraken's published and seen figures, each through its rules and the risk room."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.venues.krakenfutures.build import CASES, PAYLOADS, answers, contract, flex, held, single
from tests.venues.risk_only import AT, number
from watchdog.domain.position import AccountRead, Position, Side
from watchdog.risk import Book, Requirement, inverse_liquidation_price
from watchdog.venues.fields import Row
from watchdog.venues.krakenfutures.kind import KIND
from watchdog.venues.krakenfutures.listing import read_listed

D = Decimal


def figure(value: Any) -> Decimal:
    """A figure of a case."""
    return D(str(value))


def ltc(case: dict[str, Any]) -> tuple[Row, dict[str, Any]]:
    """The PF_LTCUSD contract and the account of a case."""
    inputs = case["inputs"]
    row = contract("PF_LTCUSD", [("0", "0.02", "0.01")])
    required = figure(inputs["qty"]) * figure(inputs["entry"]) / 100
    account = {"flex": flex(D(1000), required, D("-0.86"))}
    position = held("PF_LTCUSD", "long", figure(inputs["qty"]), figure(inputs["entry"]))
    return Row("instruments", row), answers([row], [position], {"PF_LTCUSD": figure(inputs["mark"])}, account)


def inverse(case: dict[str, Any]) -> AccountRead:
    """The inverse position of the page, read at its entry."""
    inputs = case["inputs"]
    entry = figure(inputs["entry"])
    required = figure(inputs["contracts"]) / entry / 100
    return KIND.read(
        answers(
            [contract("PI_XBTUSD", [("0", "0.02", "0.01")])],
            [held("PI_XBTUSD", "long", figure(inputs["contracts"]), entry)],
            {"PI_XBTUSD": entry},
            {"fi_xbtusd": single("xbt", figure(inputs["margin_btc"]), required, D(0))},
        ),
        AT,
    )


def at_the_price(read: AccountRead) -> AccountRead:
    """The same account, were the maintenance margin taken of the value at the price."""
    [position] = read.positions
    moving = replace(position, terms=replace(position.terms, at_entry=False))
    return replace(read, positions=(moving,))


def liquidation(read: AccountRead) -> Decimal:
    """Our liquidation price of the one position."""
    [risk] = Book.of(read, AT, {}).positions.values()
    return number(risk.liquidation_ours)


def test_kraken_inverse_doc_liq() -> None:
    """The page's 7481 takes the maintenance margin at that price; by Kraken's schedule, at entry, it is 7476.6."""
    case = CASES["kraken-inverse-doc-liq"]
    read = inverse(case)
    tolerance = figure(case["tolerance"]["abs"])
    assert abs(liquidation(at_the_price(read)) - figure(case["expected"])) < tolerance
    assert abs(liquidation(read) - D("7476.6")) < D("0.05")


def test_kraken_inverse_doc_bust() -> None:
    """Without a requirement the position is liquidated at its bankruptcy price."""
    case = CASES["kraken-inverse-doc-bust"]
    [position] = inverse(case).positions
    equity = figure(case["inputs"]["margin_btc"])
    found = inverse_liquidation_price(Side.LONG, position.size, position.mark, equity, Requirement.fixed(D(0)))
    assert found is not None
    assert abs(found - figure(case["expected"])) < figure(case["tolerance"]["abs"])


def test_kraken_flex_im_entry_based() -> None:
    """The initial margin is a share of the value at entry."""
    case = CASES["kraken-flex-im-entry-based"]
    row, payloads = ltc(case)
    [position] = KIND.read(payloads, AT).positions
    initial, _ = read_listed(row).margins(position.size, position.entry)
    assert abs(initial - figure(case["expected"])) <= figure(case["tolerance"]["abs"])


def test_kraken_flex_mm_entry_based() -> None:
    """So is the maintenance margin, whatever the mark."""
    case = CASES["kraken-flex-mm-entry-based"]
    _, payloads = ltc(case)
    book = Book.of(KIND.read(payloads, AT), AT, {})
    for mark in (figure(case["inputs"]["mark"]), D(60), D(90)):
        [risk] = book.with_mark("LTC/USD:USD", mark, AT + 1).positions.values()
        assert abs(number(risk.maintenance) - figure(case["expected"])) <= figure(case["tolerance"]["abs"])


def test_ccxt_krakenfutures() -> None:
    """Of a position's risk ccxt still knows nothing: no mark, no margin, no liquidation price."""
    parsed = ccxt.krakenfutures().parse_position(CASES["ccxt-krakenfutures"]["inputs"]["raw"])
    gone = ("markPrice", "notional", "liquidationPrice", "maintenanceMargin", "initialMargin", "collateral")
    assert {name: parsed[name] for name in (*gone, "marginRatio")} == dict.fromkeys((*gone, "marginRatio"))
    assert parsed["marginMode"] == "cross"


@pytest.mark.parametrize("name", ["flex", "inverse", "isolated"])
def test_our_symbols_are_ccxts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contract gets the unified symbol that ccxt gives it."""
    listing = PAYLOADS[name]["payloads"]["instruments"]
    exchange = ccxt.krakenfutures()
    monkeypatch.setattr(exchange, "publicGetInstruments", lambda _: listing)
    theirs = {market["id"]: market["symbol"] for market in exchange.fetch_markets() if not market["index"]}
    ours = {row["symbol"]: read_listed(Row("instruments", row)).market.symbol for row in listing["instruments"]
            if row["symbol"] in theirs}  # fmt: skip
    assert ours
    assert ours == theirs


def test_a_position_is_the_value_it_is_read_from() -> None:
    """Sizes are base coins, of an inverse contract USD: never a number of contracts times its size again."""
    [linear] = KIND.read(ltc(CASES["kraken-flex-mm-entry-based"])[1], AT).positions
    [coin] = inverse(CASES["kraken-inverse-doc-liq"]).positions
    found: list[tuple[Position, Decimal]] = [(linear, D("0.5")), (coin, D(1000))]
    assert all(position.size == size for position, size in found)
