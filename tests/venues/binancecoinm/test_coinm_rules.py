"""Binance COIN-M's rules: published figures, payloads in its own shape, its rule written out, and broken payloads."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.binancecoinm.build import Held, Table, answers, brackets, listed, required
from tests.venues.binanceusdm.unread import lean
from tests.venues.risk_only import AT, check_payload, fuzz, load, number
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book
from watchdog.risk.exact import CONTEXT
from watchdog.venues.binancecoinm.kind import FIELDS, KIND
from watchdog.venues.binancecoinm.listing import Listing, read_market, read_tiers
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

HERE = Path(__file__).parent
D = Decimal
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
FILES = sorted((HERE / "payloads").glob("*.json"))
BTC: Table = [("0", "0.004", "0"), ("5", "0.005", "0.005"), ("10", "0.01", "0.055"), ("20", "0.025", "0.355")]
ETH: Table = [("0", "0.005", "0"), ("50", "0.01", "0.25")]
TABLES = {"BTCUSD_PERP": BTC, "BTCUSD_261225": BTC, "ETHUSD_PERP": ETH}
MARKS = {"BTCUSD_PERP": "60000", "BTCUSD_261225": "60900", "ETHUSD_PERP": "3000"}
STEPS = 12


def given_(name: str) -> Any:
    """The answers of a payload file, to be spoilt."""
    return copy.deepcopy(load(HERE / "payloads" / f"{name}.json")["payloads"])


def test_binance_coinm_btc_long_iso() -> None:
    """Binance's own price of a real position, from its raw answer."""
    case = CASES["binance-coinm-btc-long-iso"]
    asked = case["inputs"]
    held = Held("BTCUSD_PERP", asked["contracts"], asked["entry"], asked["mark"], wallet=asked["isolatedWallet"])
    table = {"BTCUSD_PERP": [("0", asked["mmr"], asked["cum"])]}
    [risk] = Book.of(KIND.read(answers([held], {"BTC": "0"}, table), AT), AT, {}).positions.values()
    expected = D(case["expected"])
    assert abs(number(risk.liquidation_ours) - expected) <= expected * D(case["tolerance"]["rel"])


def test_binance_coinm_cum_level5() -> None:
    """A `cum` as Binance publishes it, rounded, is taken; one that does not follow is not."""
    case = CASES["binance-coinm-cum-level5"]
    asked = case["inputs"]
    rows: list[tuple[str, str, str]] = [
        ("0", "0.004", "0"), ("5", "0.005", "0.005"), ("10", "0.01", "0.055"), ("20", "0.025", asked["cum_prev"]),
        (asked["floor"], asked["mmr"], case["expected"]),
    ]  # fmt: skip
    # Binance's level 4 of then began elsewhere: make its floor fit its `cum`, 0.055 + floor · 0.015 = 0.56.
    floor = (D(asked["cum_prev"]) - D("0.055")) / D("0.015")
    rows[3] = (str(floor), rows[3][1], rows[3][2])
    tiers = read_tiers(brackets("BTCUSD_PERP", rows)["brackets"])
    assert tiers[-1].cum == D(case["expected"]) == D(asked["floor"]) * (D("0.05") - D("0.025")) + D(asked["cum_prev"])
    rows[4] = (rows[4][0], rows[4][1], "1.9")
    with pytest.raises(PayloadError, match="cum"):
        read_tiers(brackets("BTCUSD_PERP", rows)["brackets"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_payload_reads_as_expected(file: Path) -> None:
    """Every figure it names, and the same from what is kept of it."""
    case = load(file)
    read = check_payload(KIND, case)
    kept = KIND.trim(case["payloads"])
    assert KIND.read(kept, AT) == read
    assert len(kept["positionRisk"]) == len(read.positions)


def a_name(path: tuple[Any, ...]) -> bool:
    """Whether a value only names: under another name the same is held."""
    return path[0] == "exchangeInfo" and path[-1] in {"baseAsset", "quoteAsset", "marginAsset"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_broken_payload_looks_safe(file: Path) -> None:
    """Any value dropped, empty or wrong: a PayloadError that names a field, or no smaller ratio."""
    payloads = load(file)["payloads"]
    read = lean(payloads)
    assert KIND.read(read, AT) == KIND.read(payloads, AT)
    assert list(fuzz(KIND, read, a_name, D("1e-3"))) == []  # a maintenance of 0.00002099 BTC has four digits


def test_an_answer_that_is_missing_is_named() -> None:
    """A read is whole or no read."""
    whole = given_("isolated")
    for name in whole:
        with pytest.raises(PayloadError, match=name):
            KIND.read({other: answer for other, answer in whole.items() if other != name}, AT)


def test_every_figure_of_a_reading_names_its_field() -> None:
    """What `explain` shows beside it."""
    assert {"size", "entry", "mark", "wallet", "tiers", "fee", "ratio", "liquidation"} <= set(FIELDS)
    assert all(words.strip() for words in FIELDS.values())


# -- what it lists ----------------------------------------------------------------------------------------------------


def test_sizes_are_face_value() -> None:
    """A contract is 100 USD of bitcoin, 10 USD of anything else; filters and stops are told in USD."""
    btc, eth = read_market(listed("BTCUSD_261225")), read_market(listed("ETHUSD_PERP"))
    assert (btc.market.symbol, eth.market.symbol) == ("BTC/USD:BTC-261225", "ETH/USD:ETH")
    assert (btc.contract, btc.market.step, btc.market.min_size) == (D(100), D(100), D(100))
    assert (eth.contract, eth.market.step, eth.market.min_size) == (D(10), D(10), D(10))
    assert (btc.market.max_size, eth.market.max_size) == (D(6_000_000), D(600_000))


@pytest.mark.parametrize("symbol", ["BTCUSD_PERP", "BTCUSD_261225", "ETHUSD_PERP"])
def test_our_symbols_are_those_of_ccxt(symbol: str) -> None:
    """We make them ourselves from the listing's rows."""
    row = listed(symbol)
    assert read_market(row).market.symbol == ccxt.binancecoinm().parse_market(row)["symbol"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("contractSize", "0"), ("contractSize", None), ("marginAsset", "USDT"), ("filters", []), ("baseAsset", "")],
)
def test_a_market_that_cannot_be_read_is_an_error(field: str, value: Any) -> None:
    """Named: a contract of no size, or one that is not inverse."""
    with pytest.raises(PayloadError, match=field):
        read_market(listed("BTCUSD_PERP") | {field: value})


def test_brackets_that_cannot_be_read_leave_the_venues_ratio() -> None:
    """The read is whole but for the tiers of that symbol: our price is Unknown, the ratio is Binance's own."""
    payloads = given_("isolated")
    payloads["leverageBracket"][0]["brackets"][1]["maintMarginRatio"] = "0.4 %"
    [risk] = Book.of(KIND.read(payloads, AT), AT, {}).positions.values()
    assert isinstance(risk.margin_ratio, Known)
    assert risk.margin_ratio.value == D("0.00002099") / D("0.00274471")
    assert risk.margin_ratio.source.startswith("venue alone")
    assert isinstance(risk.liquidation_ours, Unknown)


# -- what is odd ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"positionAmt": "3"}, MomentsDifferError, "BTCUSD_PERP"),
        ({"positionSide": "LONG"}, MomentsDifferError, "BTCUSD_PERP"),
        ({"symbol": "XRPUSD_PERP"}, MomentsDifferError, "XRPUSD_PERP"),
        ({"marginType": "cross"}, PayloadError, "isolatedWallet"),
        ({"marginType": "portfolio"}, PayloadError, "marginType"),
        ({"isolatedWallet": "0", "isolatedMargin": "0"}, PayloadError, "isolatedWallet"),
        ({"markPrice": "0"}, PayloadError, "markPrice"),
    ],
)
def test_a_position_that_cannot_be_is_no_read(change: dict[str, str], error: type[Exception], words: str) -> None:
    """Of another moment, of an unknown mode, or against itself."""
    payloads = given_("isolated")
    payloads["positionRisk"][0] |= change
    with pytest.raises(error, match=words):
        KIND.read(payloads, AT)


def test_a_symbol_that_is_not_listed_asks_for_the_listing_again() -> None:
    """In both answers."""
    payloads = given_("isolated")
    for rows in (payloads["positionRisk"], payloads["account"]["positions"]):
        rows[0]["symbol"] = "XRPUSD_PERP"
    with pytest.raises(UnlistedError, match="XRPUSD_PERP"):
        KIND.read(payloads, AT)


def test_an_empty_list_of_positions_is_not_believed_while_maintenance_is_required() -> None:
    """Neither by the account's positions nor by its assets."""
    payloads = given_("isolated")
    payloads["positionRisk"] = []
    with pytest.raises(MomentsDifferError, match="BTCUSD_PERP"):
        KIND.read(payloads, AT)
    payloads["account"]["positions"] = []
    with pytest.raises(PayloadError, match=r"assets\[0\]\.maintMargin"):
        KIND.read(payloads, AT)


def test_an_account_that_tells_no_amounts_is_read_by_what_it_requires() -> None:
    """As Binance's older answer, in ccxt's comments, has it."""
    payloads = given_("isolated")
    for row in payloads["account"]["positions"]:
        del row["positionAmt"]
    assert KIND.read(payloads, AT) == KIND.read(given_("isolated"), AT)
    payloads["positionRisk"] = []
    with pytest.raises(MomentsDifferError, match="BTCUSD_PERP"):
        KIND.read(payloads, AT)


def test_a_maintenance_of_zero_makes_the_pool_s_unknown() -> None:
    """`"0"` cannot be true of an open position."""
    payloads = given_("hedge_cross")
    payloads["account"]["positions"][0]["maintMargin"] = "0"
    [pool] = Book.of(KIND.read(payloads, AT), AT, {}).pools.values()
    assert isinstance(pool.venue_maintenance, Unknown)
    assert isinstance(pool.margin_ratio, Known)


# -- Binance's rule, written out --------------------------------------------------------------------------------------


def decimals(low: str, high: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    """Numbers."""
    return st.decimals(D(low), D(high), places=places, allow_nan=False)


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """Answers of an account whose positions are mostly above water now."""
    hedge = draw(st.booleans())
    held = []
    for symbol in draw(st.lists(st.sampled_from(list(TABLES)), min_size=1, max_size=3, unique=True)):
        mark = D(MARKS[symbol])
        legs = draw(st.sampled_from([["LONG"], ["SHORT"], ["LONG", "SHORT"]])) if hedge else ["BOTH"]
        for leg in legs:
            contracts = draw(st.integers(1, 20_000))
            short = leg == "SHORT" or (leg == "BOTH" and draw(st.booleans()))
            entry = (mark * draw(decimals("0.9", "1.1"))).quantize(D("0.1"))
            one = Held(symbol, str(-contracts if short else contracts), str(entry), str(mark), leg)
            if draw(st.booleans()):
                share = draw(decimals("0.05", "1.2"))
                margin = max(D(0), -one.profit) + abs(one.face) / mark * share
                one = Held(symbol, one.contracts, one.entry, one.mark, leg, str(margin))
            held.append(one)
    wallets = {}
    for coin in ("BTC", "ETH"):
        crossed = [one for one in held if one.coin == coin and one.wallet is None]
        worth = sum((abs(one.face) / D(one.mark) for one in crossed), D(1))
        wallets[coin] = str(worth * draw(decimals("0.2", "1.5")))
    return answers(held, wallets, TABLES, hedge=hedge)


def over_of(row: Any, price: Decimal) -> Decimal:
    """What one position requires, less its profit, in the coin, by Binance's pages."""
    face = D(row["positionAmt"]) * (100 if row["symbol"].startswith("BTC") else 10)
    return required(TABLES[row["symbol"]], abs(face) / price) - (face / D(row["entryPrice"]) - face / price)


def over(payloads: Any, coin: str, prices: Mapping[str, Decimal]) -> Decimal:
    """What a coin's pool requires, less its equity."""
    [asset] = [one for one in payloads["account"]["assets"] if one["asset"] == coin]
    crossed = [
        row for row in payloads["positionRisk"] if row["symbol"].startswith(coin) and row["marginType"] == "cross"
    ]
    return sum((over_of(row, prices[row["symbol"]]) for row in crossed), -D(asset["crossWalletBalance"]))


IDS = {"BTC/USD:BTC": "BTCUSD_PERP", "BTC/USD:BTC-261225": "BTCUSD_261225", "ETH/USD:ETH": "ETHUSD_PERP"}


@given(payloads=accounts())
@settings(max_examples=40)
def test_at_the_price_found_the_ratio_is_one_and_on_the_way_below(payloads: Any) -> None:
    """Long and short, isolated and cross, one-way and hedged, dated and perpetual in one pool."""
    marks = {symbol: D(mark) for symbol, mark in MARKS.items()}
    rows = {(row["symbol"], row["positionSide"].lower()): row for row in payloads["positionRisk"]}
    for key, risk in Book.of(KIND.read(payloads, AT), AT, {}).positions.items():
        symbol, pool = IDS[key.symbol], risk.pool
        row, mark = rows[symbol, key.position_side.value], marks[symbol]

        def excess(price: Decimal, row: Any = row, pool: str | None = pool) -> Decimal:
            if pool is None:
                return over_of(row, price) - D(row["isolatedWallet"])
            return over(payloads, pool, marks | {row["symbol"]: price})

        found = risk.liquidation_ours
        with localcontext(CONTEXT):
            if excess(mark) >= 0:
                assert found == Known(mark, "price", "ours", AT)
                continue
            assert isinstance(found, Known | Never), found
            if isinstance(found, Known):
                assert abs(excess(found.value)) < D("1e-15")
                assert (mark - found.value) * risk.position.side.sign > 0
                end = found.value
            else:
                end = mark / 1000 if risk.position.side.sign > 0 else mark * 1000
            for step in range(1, STEPS):
                assert excess(mark + (end - mark) * step / STEPS) < D("1e-15")


@given(payloads=accounts(), more=decimals("0.001", "2"))
@settings(max_examples=20)
def test_more_margin_moves_every_price_away(payloads: Any, more: Decimal) -> None:
    """In the wallet of the coin, or the position's own."""
    before = Book.of(KIND.read(payloads, AT), AT, {})
    for asset in payloads["account"]["assets"]:
        asset["crossWalletBalance"] = str(D(asset["crossWalletBalance"]) + more)
    for row in payloads["positionRisk"]:
        if row["marginType"] == "isolated":
            row["isolatedWallet"] = str(D(row["isolatedWallet"]) + more)
    after = Book.of(KIND.read(payloads, AT), AT, {})
    for key, risk in before.positions.items():
        near, far = risk.liquidation_ours, after.positions[key].liquidation_ours
        if isinstance(near, Known) and isinstance(far, Known):
            assert (near.value - far.value) * risk.position.side.sign >= 0
        else:
            assert not isinstance(near, Never) or isinstance(far, Never)


# -- what Binance itself requires -------------------------------------------------------------------------------------


def test_what_binance_requires_of_an_isolated_position_counts() -> None:
    """95 % of isolatedMargin by its own maintMargin, and no price published: 95 %, and liquidation is near."""
    payloads = given_("isolated")
    [row] = [one for one in payloads["account"]["positions"] if D(one["maintMargin"]) > 0]
    row["maintMargin"] = str(D("0.00274471") * D("0.95"))
    [held] = [one for one in payloads["positionRisk"] if D(one["positionAmt"]) != 0]
    held["liquidationPrice"] = "0"
    [risk] = Book.of(KIND.read(payloads, AT), AT, {}).positions.values()
    assert number(risk.margin_ratio).quantize(D("0.0001")) == D("0.95")
    assert number(risk.liquidation_distance) < D("0.03")
    assert number(risk.stop_coverage) == 0
    assert number(risk.liquidation_ours).quantize(D("0.0001")) == D("25119.9745")


def test_what_binance_requires_of_a_coins_pool_counts() -> None:
    """Σ maintMargin of the cross positions / (crossWalletBalance + crossUnPnl), in the coin."""
    payloads = given_("hedge_cross")
    for row in payloads["account"]["positions"]:
        row["maintMargin"] = "0.15"
    pool = Book.of(KIND.read(payloads, AT), AT, {}).pools["BTC"]
    assert number(pool.ratio_venue) == D("0.45") / D("0.52779264")
    assert number(pool.margin_ratio).quantize(D("0.000001")) == D("0.852608")
    assert number(pool.ratio_ours) < D("0.006")


def test_the_accounts_multiplier_moves_its_brackets() -> None:
    """notionalCoef: floors, caps and `cum` in coins times it, the rates as they are; one that can't be: no tiers."""
    row = brackets("BTCUSD_PERP", BTC)
    plain = read_tiers(row["brackets"])
    info = {"symbols": [listed("BTCUSD_PERP")]}
    [twice] = [one.market.tiers for one in Listing(info, [row | {"notionalCoef": "2"}]).values()]
    assert [(one.floor, one.cum, one.rate) for one in twice] == [(2 * t.floor, 2 * t.cum, t.rate) for t in plain]
    [none] = [one.market.tiers for one in Listing(info, [row | {"notionalCoef": "0"}]).values()]
    assert none == ()
