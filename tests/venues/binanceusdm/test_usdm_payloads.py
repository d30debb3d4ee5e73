"""Binance USD-M answers in hedge mode, multi-assets mode and Portfolio Margin: good ones, odd ones, broken ones."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.venues.binanceusdm.unread import lean
from tests.venues.risk_only import AT, check_payload, fuzz, load, number
from watchdog.domain.position import Position
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book
from watchdog.venues.binanceusdm.kind import FIELDS, KIND
from watchdog.venues.binanceusdm.listing import listed_rows, unified_symbol
from watchdog.venues.binanceusdm.portfolio import NO_STOPS
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

PAYLOADS = Path(__file__).parent / "payloads"
FILES = sorted(PAYLOADS.glob("*.json"))
NAMED = {
    "size", "entry", "mark", "isolated_wallet", "venue_liquidation", "venue_maintenance", "venue_ratio", "wallet",
    "pool_maintenance", "pool_ratio", "tiers", "fee", "ratio", "liquidation",
}  # fmt: skip
"""The figures `explain` shows."""


def a_name(path: tuple[Any, ...]) -> bool:
    """Whether a value only names: under another name the same is held."""
    return path[0] == "exchangeInfo" and path[-1] in {"baseAsset", "quoteAsset", "marginAsset"}


def given(name: str) -> Any:
    """The answers of a payload file, to be spoilt."""
    return copy.deepcopy(load(PAYLOADS / f"{name}.json")["payloads"])


def pool(answers: Any) -> Any:
    """The shared pool of an account."""
    return Book.of(KIND.read(answers, AT), AT, {}).pools["account"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_payload_reads_as_expected(file: Path) -> None:
    """Every figure it names, and the same from what is kept of it."""
    case = load(file)
    read = check_payload(KIND, case)
    assert KIND.read(KIND.trim(case["payloads"]), AT) == read


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_broken_payload_looks_safe(file: Path) -> None:
    """Any value dropped, empty or wrong: a PayloadError that names a field, or no smaller ratio."""
    payloads = load(file)["payloads"]
    read = lean(payloads)
    assert KIND.read(read, AT) == KIND.read(payloads, AT)
    assert list(fuzz(KIND, read, a_name)) == []


def test_an_answer_that_is_missing_is_named() -> None:
    """Of every kind of account."""
    for file in FILES:
        whole = load(file)["payloads"]
        for name in whole:
            if name == "papiAccount":  # then it is no Portfolio Margin account, whose answers are missing
                continue
            with pytest.raises(PayloadError, match=name):
                KIND.read({other: answer for other, answer in whole.items() if other != name}, AT)


def test_what_is_kept_holds_no_market_that_nothing_needs() -> None:
    """A saved read is small, and says nothing of the key."""
    whole = given("hedge")
    whole["exchangeInfo"]["symbols"].append(whole["exchangeInfo"]["symbols"][0] | {"symbol": "XRPUSDT"})
    whole["apiRestrictions"] = {"ipRestrict": True}
    kept = KIND.trim(whole)
    assert [row["symbol"] for row in kept["exchangeInfo"]["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert "apiRestrictions" not in kept


def test_every_figure_of_a_reading_names_its_field() -> None:
    """What `explain` shows beside it."""
    assert set(FIELDS) == NAMED
    assert all(words.strip() for words in FIELDS.values())


# -- symbols ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"baseAsset": "1000SHIB", "quoteAsset": "USDC", "marginAsset": "USDC"},
        {"contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000},
        {"contractType": "", "deliveryDate": 4133404800000},
        {"contractType": "TRADIFI_PERPETUAL", "baseAsset": "TSLA"},
        {"baseAsset": "XBT"},
        {"baseAsset": "币安人生"},
    ],
)
def test_our_symbols_are_those_of_ccxt(changed: dict[str, Any]) -> None:
    """We make them ourselves from the listing's rows; ccxt makes the same."""
    row = given("hedge")["exchangeInfo"]["symbols"][0] | changed
    assert unified_symbol(row) == ccxt.binanceusdm().parse_market(row)["symbol"]


def test_a_row_without_a_symbol_of_ours_is_not_listed() -> None:
    """What holds it is refused by name, and nothing else is."""
    info = given("hedge")["exchangeInfo"]
    del info["symbols"][1]["quoteAsset"]
    assert set(listed_rows(info)) == {"BTCUSDT"}
    with pytest.raises(UnlistedError, match="ETHUSDT"):
        KIND.read(given("hedge") | {"exchangeInfo": info}, AT)


# -- hedge mode -------------------------------------------------------------------------------------------------------


def test_isolated_legs_do_not_feel_each_other() -> None:
    """Binance's API example: 5,930.78 for the long, 7,189.95 for the short are in the cases; here one leg more."""
    answers = given("hedge")
    before = _named(answers, "ETH/USDT:USDT long")
    other = answers["positionRisk"][2] | {
        "positionSide": "SHORT", "positionAmt": "-3", "isolatedWallet": "900", "isolatedMargin": "600",
    }  # fmt: skip
    answers["positionRisk"].append(other)
    answers["account"]["positions"].append(other)
    assert _named(answers, "ETH/USDT:USDT long") == before


def test_a_leg_in_one_way_mode_or_none_in_hedge_mode_is_of_another_moment() -> None:
    """The mode and the positions were not read together."""
    answers = given("hedge")
    answers["accountConfig"]["dualSidePosition"] = False
    with pytest.raises(MomentsDifferError, match="dualSidePosition"):
        KIND.read(answers, AT)


def _named(answers: Any, name: str) -> Any:
    book = Book.of(KIND.read(answers, AT), AT, {})
    return next(
        risk.liquidation_ours for key, risk in book.positions.items() if f"{key.symbol} {key.position_side}" == name
    )


# -- multi-assets mode ------------------------------------------------------------------------------------------------


def test_without_rates_there_is_no_pool() -> None:
    """Of what a position needs, or of what is owed; a coin that is merely held is left out and named."""
    for asset in ("USDT", "USDC"):
        answers = given("multi_assets")
        answers["assetIndex"] = [row for row in answers["assetIndex"] if row["symbol"] != f"{asset}USD"]
        with pytest.raises(PayloadError, match=f"assetIndex: has no row of {asset}"):
            KIND.read(answers, AT)
    answers = given("multi_assets")
    before = number(pool(answers).margin_ratio)
    answers["assetIndex"] = answers["assetIndex"][:2]
    read = KIND.read(answers, AT)
    assert "BTC: Binance gives no rate for it as margin" in read.unwatched
    assert number(pool(answers).margin_ratio) > before


def test_rates_that_do_not_enclose_the_index_are_an_error() -> None:
    """A haircut that adds value is none."""
    answers = given("multi_assets")
    answers["assetIndex"][2]["bidRate"] = "70000"
    with pytest.raises(PayloadError, match="bidRate"):
        KIND.read(answers, AT)


def test_a_worse_ratio_of_binance_s_own_counts() -> None:
    """Of its totals and ours, what is nearer liquidation."""
    answers = given("multi_assets")
    ours = number(pool(answers).ratio_ours)
    answers["account"]["totalMarginBalance"] = "1000"
    assert number(pool(answers).margin_ratio) == Decimal(answers["account"]["totalMaintMargin"]) / 1000 > ours
    answers["account"]["totalMarginBalance"] = "100000"
    assert number(pool(answers).margin_ratio) == ours
    answers["account"]["totalMarginBalance"] = "-1"
    assert number(pool(answers).margin_ratio) == Decimal("Infinity")


def test_totals_of_zero_cannot_be_true_of_open_positions() -> None:
    """Binance's own ratio is Unknown then, and ours stands."""
    answers = given("multi_assets")
    answers["account"]["totalMaintMargin"] = "0"
    found = pool(answers)
    assert isinstance(found.ratio_venue, Unknown)
    assert isinstance(found.venue_maintenance, Unknown)
    assert isinstance(found.margin_ratio, Known)


def test_bitcoin_behind_a_bitcoin_long_brings_liquidation_nearer() -> None:
    """It falls with the price: worth as much in dollars, it would hold out longer."""
    answers = given("multi_assets")
    near = number(_named(answers, "BTC/USDT:USDT both"))
    for row in answers["account"]["assets"]:
        if row["asset"] == "BTC":
            row["asset"] = "FDUSD"
    answers["assetIndex"][2]["symbol"] = "FDUSDUSD"
    assert number(_named(answers, "BTC/USDT:USDT both")) < near


# -- Portfolio Margin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mmr", "ratio"), [("1.05", "1"), ("2.1", "0.5"), ("1.5", "0.7"), ("1", "1.05")])
def test_uni_mmr_is_turned_round(mmr: str, ratio: str) -> None:
    """Liquidation is at 1.05, the other way up."""
    answers = given("portfolio")
    answers["papiAccount"] |= {"uniMMR": mmr, "accountEquity": "100000"}
    assert number(pool(answers).margin_ratio) == Decimal(ratio)


@pytest.mark.parametrize(("mmr", "equity"), [("0", "1000"), ("-1", "1000"), ("2", "-5"), ("2", "0")])
def test_no_equity_is_past_liquidation(mmr: str, equity: str) -> None:
    """A uniMMR of 0 is the worst there is, not the best."""
    answers = given("portfolio")
    answers["papiAccount"] |= {"uniMMR": mmr, "accountEquity": equity}
    assert number(pool(answers).margin_ratio) == Decimal("Infinity")


def test_the_worse_of_uni_mmr_and_the_account_s_own_figures_counts() -> None:
    """Should the two not say the same."""
    answers = given("portfolio")
    answers["papiAccount"] |= {"uniMMR": "100", "accountEquity": "42", "accountMaintMargin": "20"}
    assert number(pool(answers).margin_ratio) == Decimal("0.5")


def test_a_requirement_of_zero_with_positions_is_unknown() -> None:
    """Also where only COIN-M contracts are held."""
    answers = given("portfolio")
    answers["papiAccount"]["accountMaintMargin"] = "0"
    assert isinstance(pool(answers).margin_ratio, Unknown)
    answers["papiUmPositionRisk"], answers["papiUmAccount"]["positions"] = [], []
    answers["papiUmAccount"]["assets"][0]["maintMargin"] = "0"
    (balance,) = KIND.read(answers, AT).balances
    assert isinstance(balance.venue_ratio, Unknown)


def test_a_portfolio_account_says_what_it_is_and_that_nothing_is_sent() -> None:
    """With its state, once that is no longer normal; a state we do not know is an error."""
    answers = given("portfolio")
    assert KIND.read(answers, AT).modes.no_stops == NO_STOPS
    answers["papiAccount"]["accountStatus"] = "REDUCE_ONLY"
    assert KIND.read(answers, AT).modes.words == "portfolio margin, REDUCE_ONLY"
    answers["papiAccount"]["accountStatus"] = "ODD"
    with pytest.raises(PayloadError, match="accountStatus"):
        KIND.read(answers, AT)


def test_an_empty_list_of_positions_is_not_believed_while_maintenance_is_required() -> None:
    """Two answers must agree that nothing is held, and the assets with them."""
    answers = given("portfolio")
    answers["papiUmPositionRisk"] = []
    with pytest.raises(MomentsDifferError, match="BTCUSDT"):
        KIND.read(answers, AT)
    answers["papiUmAccount"]["positions"] = []
    with pytest.raises(PayloadError, match="maintMargin"):
        KIND.read(answers, AT)


def test_a_negative_wallet_is_a_debt() -> None:
    """In single-asset mode what is missing once profit is counted."""
    answers = given("hedge")
    answers["account"]["assets"][0] |= {"crossWalletBalance": "-700", "crossUnPnl": "100"}
    assert KIND.read(answers, AT).debts == {"USDT": Decimal(600)}


def test_positions_hold_what_they_need_to_be_judged() -> None:
    """A position of the shared pool names it."""
    read = KIND.read(given("multi_assets"), AT)
    assert all(isinstance(one, Position) and one.pool == "account" for one in read.positions)
