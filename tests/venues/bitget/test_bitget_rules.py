"""Bitget's rules: figures that others published, payloads in its own shape, and payloads that are broken."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.bitget.build import ACCOUNT, CONTRACT, POSITION, envelope, payloads, tiers
from tests.venues.risk_only import AT, check_payload, fuzz, load, number
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book
from watchdog.risk.exact import CONTEXT
from watchdog.venues.bitget.kind import KIND
from watchdog.venues.bitget.listing import read_tiers
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

HERE = Path(__file__).parent
D = Decimal
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
FILES = sorted((HERE / "payloads").glob("*.json"))


def of_kind(kind: str) -> list[str]:
    """The names of its cases."""
    return [name for name, case in CASES.items() if case["kind"] == kind]


def account_of(inputs: dict[str, Any]) -> AccountRead:
    """The account of a published cross position: its equity is what Bitget's own ratio says."""
    mark, size, rate = (D(str(inputs[name])) for name in ("mark", "qty", "keepMarginRate"))
    with localcontext(CONTEXT):
        equity = size * mark * (rate + D(str(inputs["fee"]))) / D(str(inputs["marginRatio"]))
    held = POSITION | {
        "holdSide": inputs["side"], "total": str(size), "openPriceAvg": str(mark), "markPrice": str(mark),
        "keepMarginRate": str(rate), "marginRatio": str(inputs["marginRatio"]),
    }  # fmt: skip
    account = ACCOUNT | {"accountEquity": format(equity.quantize(D("1e-20")), "f")}
    contract = CONTRACT | {"takerFeeRate": str(inputs["fee"])}
    return KIND.read(
        payloads(
            contracts={"USDT-FUTURES": [contract]},
            levels={"USDT-FUTURES BTCUSDT": tiers(("10000000", str(rate)))},
            positions={"USDT-FUTURES": [held]},
            accounts={"USDT-FUTURES": [account]},
        ),
        AT,
    )


@pytest.mark.parametrize("name", of_kind("liquidation_price"))
def test_the_price_bitget_shows(name: str) -> None:
    """It freezes the maintenance at the mark of now: so do we here, to see that all inputs are read right."""
    case = CASES[name]
    read = account_of(case["inputs"])
    [position] = read.positions
    frozen = replace(position, terms=replace(position.terms, at_entry=True))  # entered at mark
    [risk] = Book.of(replace(read, positions=(frozen,)), AT, {}).positions.values()
    expected = D(str(case["expected"]))
    if expected <= 0:
        assert isinstance(risk.liquidation_ours, Never)
    else:
        assert abs(number(risk.liquidation_ours) - expected) <= expected * D(str(case["tolerance"]["rel"]))


@pytest.mark.parametrize("name", of_kind("exact_price"))
def test_the_exact_price(name: str) -> None:
    """Where the requirement moves with the price, as it does: ours."""
    case = CASES[name]
    [risk] = Book.of(account_of(case["inputs"]), AT, {}).positions.values()
    if case["expected"] == "never":
        assert isinstance(risk.liquidation_ours, Never)
    else:
        assert abs(number(risk.liquidation_ours) - D(case["expected"])) <= D(case["expected"]) * D("1e-9")


def test_the_fee_is_in_bitgets_ratio() -> None:
    """Two readings of one position: its equity moved by what it gained only when 0.06 % is required on top."""
    case = CASES["bitget-cross-marginRatio-fee"]
    asked = case["inputs"]
    equity = []
    for one in ("1", "2"):
        inputs = asked | {"side": "long", "keepMarginRate": "0.004", "mark": asked["mark" + one]}
        read = account_of(inputs | {"marginRatio": asked["ratio" + one]})
        pool = Book.of(read, AT, {}).pools["USDT"]
        assert abs(number(pool.ratio_ours) / D(str(asked["ratio" + one])) - 1) < D("1e-9")
        equity.append(number(pool.equity))
    assert abs(equity[1] - equity[0] - D(str(case["expected"]))) <= D(str(case["tolerance"]["abs"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_payload_reads_as_expected(path: Path) -> None:
    """Every figure the file names."""
    check_payload(KIND, load(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_broken_payload_looks_safe(path: Path) -> None:
    """Any one value broken in any way: an error that names a field, or a read that is no safer."""
    assert list(fuzz(KIND, load(path)["payloads"])) == []


def test_a_short_goes_by_our_nearer_price() -> None:
    """Bitget's is 400 USDT too far for it: the nearer counts."""
    [risk] = Book.of(
        KIND.read(load(HERE / "payloads" / "one_way_short.json")["payloads"], AT), AT, {}
    ).positions.values()
    assert number(risk.liquidation_venue) - number(risk.liquidation_ours) > 390
    assert number(risk.liquidation) == number(risk.liquidation_ours)


def test_trimming_changes_no_reading() -> None:
    """What is kept is enough to read it again."""
    for path in FILES:
        answers = load(path)["payloads"]
        answers["mix/market/contracts"]["USDT-FUTURES"]["data"].append(CONTRACT | {"symbol": "DOGEUSDT"})
        kept = KIND.trim(answers)
        assert "DOGEUSDT" not in str(kept)
        assert KIND.read(kept, AT) == KIND.read(answers, AT)


# -- the venue's own rule, written out --------------------------------------------------------------------------------

TIERS = (("100000", "0.004"), ("400000", "0.01"), ("900000", "0.05"))
FEE = D("0.0006")


def required(notional: Decimal) -> Decimal:
    """The whole notional at the rate of its tier, and the fee."""
    for end, rate in TIERS:
        if notional < D(end):
            return notional * (D(rate) + FEE)
    return notional * (D(TIERS[-1][1]) + FEE)


@settings(max_examples=40)
@given(
    size=st.integers(1, 90_000),
    long=st.booleans(),
    cross=st.booleans(),
    entry=st.integers(50, 200),
    share=st.integers(3, 150),
)
def test_at_our_price_bitget_liquidates_first(size: int, entry: int, share: int, *, long: bool, cross: bool) -> None:
    """By Bitget's rule written out: met there (its tiers jump), not before, and further away with more margin."""
    amount, side = D(size) / 10, 1 if long else -1
    notional = amount * 100
    margin = (notional * share / 100).quantize(D("0.00000001"))

    def short_of(behind: Decimal, price: Decimal) -> Decimal:
        return required(amount * price) - behind - side * amount * (price - entry)

    prices = []
    for more in (D(0), notional / 50):
        behind = margin + more
        gained = side * amount * (100 - entry)
        held = POSITION | {
            "holdSide": "long" if long else "short", "total": str(amount), "openPriceAvg": str(entry),
            "markPrice": "100", "unrealizedPL": str(gained), "marginMode": "crossed" if cross else "isolated",
            "marginSize": str(behind),
        }  # fmt: skip
        account = ACCOUNT | {
            "accountEquity": str(behind + gained), "unrealizedPL": str(gained),
            "isolatedMargin": "0" if cross else str(behind),
        }  # fmt: skip
        read = KIND.read(
            payloads(
                levels={"USDT-FUTURES BTCUSDT": tiers(*TIERS)},
                positions={"USDT-FUTURES": [held]},
                accounts={"USDT-FUTURES": [account]},
            ),
            AT,
        )
        [risk] = Book.of(read, AT, {}).positions.values()
        prices.append(risk.liquidation_ours)
        with localcontext(CONTEXT):
            if short_of(behind, D(100)) >= 0:
                assert number(risk.liquidation_ours) == 100
                return
            found = prices[-1]
            end = found.value if isinstance(found, Known) else D("0.1") if long else D(100_000)
            if isinstance(found, Known):
                # a hair past it the requirement is met: at a tier's edge it jumps over the equity
                assert short_of(behind, end * (1 - side * D("1e-12"))) > -notional / 10**10
            for step in range(1, 40):
                assert short_of(behind, 100 * (end / 100) ** (D(step) / 40)) < notional / 10**12
    near, far = prices
    if isinstance(near, Known) and isinstance(far, Known):
        assert (near.value >= far.value) if long else (near.value <= far.value)
    else:
        assert isinstance(far, Never)


# -- what is refused, and what is not known ---------------------------------------------------------------------------


def one(position: dict[str, Any] | None = None, account: dict[str, Any] | None = None) -> dict[str, Any]:
    """An account with one cross position."""
    return payloads(
        positions={"USDT-FUTURES": [POSITION | (position or {})]},
        accounts={"USDT-FUTURES": [ACCOUNT | {"accountEquity": "50"} | (account or {})]},
    )


@pytest.mark.parametrize("field", ["crossedRiskRate", "unrealizedPL", "unionMm"])
def test_an_empty_list_beside_a_risk_is_no_flat_account(field: str) -> None:
    """Bitget's own account says that something is held."""
    answers = one(account={field: "0.02"})
    answers["mix/position/all-position"]["USDT-FUTURES"] = envelope([])
    with pytest.raises(MomentsDifferError, match=f"{field}: no position is listed"):
        KIND.read(answers, AT)


@pytest.mark.parametrize("field", ["available", "locked", "marginSize", "unrealizedPL"])
def test_a_size_of_zero_that_is_worth_something_is_no_read(field: str) -> None:
    """A row of which another figure says that it is open."""
    empty = {"total": "0", "available": "0", "locked": "0", "marginSize": "0", "unrealizedPL": ""}
    assert KIND.read(one(empty), AT).positions == ()
    with pytest.raises(PayloadError, match=rf"{field}: 0\.002, where the size of the same row is 0"):
        KIND.read(one(empty | {field: "0.002"}), AT)


@pytest.mark.parametrize(("word", "several"), [("single", False), ("union", True), ("multiAsset", True)])
def test_the_assets_mode_is_what_is_set_whatever_is_open(word: str, *, several: bool) -> None:
    """Closing the last position changes no mode: nobody is warned of a change that was none."""
    answers = one(account={"assetMode": word})
    flat = one(account={"assetMode": word})
    flat["mix/position/all-position"]["USDT-FUTURES"] = envelope([])
    alone = one({"marginMode": "isolated"}, {"assetMode": word})
    modes = [KIND.read(each, AT).modes for each in (answers, flat, alone)]
    assert [mode.multi_asset for mode in modes] == [several] * 3
    assert len({mode.words for mode in modes}) == 1


def test_an_error_in_an_envelope_is_no_answer() -> None:
    """Whatever stands beside it."""
    answers = one()
    answers["mix/position/all-position"]["USDC-FUTURES"] = {"code": "40725", "msg": "busy", "data": []}
    with pytest.raises(PayloadError, match=r"all-position\.USDC-FUTURES\.code"):
        KIND.read(answers, AT)


def test_an_unlisted_contract_asks_for_the_listing() -> None:
    """Bitget lists contracts every week."""
    with pytest.raises(UnlistedError, match="NEWUSDT"):
        KIND.read(one({"symbol": "NEWUSDT"}), AT)


def test_a_rate_of_no_tier_leaves_ours_unknown() -> None:
    """Another table holds for this account then; Bitget's ratio stands alone."""
    read = KIND.read(one({"keepMarginRate": "0.0065", "marginRatio": "0.011"}), AT)
    book = Book.of(read, AT, {})
    [risk] = book.positions.values()
    assert risk.maintenance == Unknown("BTC/USDT:USDT maintenance: keepMarginRate 0.0065 is in no tier of BTCUSDT")
    assert number(book.pools["USDT"].margin_ratio) == D("0.011")


def test_a_pool_whose_mode_is_not_said_has_no_wallet() -> None:
    """Other coins may stand behind it."""
    answers = one()
    del answers["mix/account/accounts"]["USDT-FUTURES"]["data"][0]["assetMode"]
    read = KIND.read(answers, AT)
    assert read.balances[0].wallet == Unknown("mix/account/accounts.USDT-FUTURES[0].assetMode is missing")


def test_an_empty_profit_is_the_positions_sum() -> None:
    """Bitget sends `""` there at times."""
    read = KIND.read(one({"unrealizedPL": "-3"}, {"unrealizedPL": ""}), AT)
    assert read.balances[0].wallet == D(53)


def test_the_margin_of_isolated_positions_is_not_in_the_pool() -> None:
    """A real account of August 2025: what is left of its equity is what Bitget calls available."""
    answers = load(HERE / "payloads" / "isolated.json")["payloads"]
    eth = CONTRACT | {"symbol": "ETHUSDT", "baseCoin": "ETH"}
    answers["mix/market/contracts"]["USDT-FUTURES"]["data"].append(eth)
    crossed = POSITION | {"symbol": "ETHUSDT", "posMode": "hedge_mode"}
    answers["mix/position/all-position"]["USDT-FUTURES"]["data"].append(crossed)
    [pool] = KIND.read(answers, AT).balances
    assert pool.wallet == D("1.28556483")


@pytest.mark.parametrize("price", ["0", "-5.882918946895"])
def test_a_price_at_or_below_zero_is_none(price: str) -> None:
    """Bitget sends one where no price liquidates."""
    [position] = KIND.read(one({"liquidationPrice": price}), AT).positions
    assert position.venue_liquidation == Unknown("Bitget publishes none")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"startUnit": "90000"}, "follow"), ({"endUnit": "90000"}, "follow"), ({"keepMarginRate": "0.003"}, "be"),
        ({"keepMarginRate": "0.8"}, "be"), ({"keepMarginRate": "0"}, "zero"),
    ],
)  # fmt: skip
def test_tiers_that_cannot_be_are_none(change: dict[str, Any], why: str) -> None:
    """All that hangs on them is then unknown."""
    answer = tiers(*TIERS)
    answer["data"][1] |= change
    with pytest.raises(PayloadError, match=why):
        read_tiers(answer, "tiers")
    answers = one()
    answers["mix/market/query-position-lever"]["USDT-FUTURES BTCUSDT"] = answer
    [risk] = Book.of(KIND.read(answers, AT), AT, {}).positions.values()
    assert isinstance(risk.maintenance, Unknown)


# -- ccxt -------------------------------------------------------------------------------------------------------------


def test_symbols_are_ccxts() -> None:
    """Ours come from the listing rows; they are those of ccxt's own parser, its other names of coins too."""
    exchange = ccxt.bitget()
    found = [
        ("USDT-FUTURES", CONTRACT),
        ("USDC-FUTURES", CONTRACT | {"symbol": "BTCPERP", "quoteCoin": "USDC", "supportMarginCoins": ["USDC"]}),
        ("COIN-FUTURES", CONTRACT | {"symbol": "BTCUSD", "quoteCoin": "USD", "supportMarginCoins": ["BTC", "USDC"]}),
        ("COIN-FUTURES", CONTRACT | {"symbol": "BTCUSDZ26", "quoteCoin": "USD", "supportMarginCoins": ["BTC"],
                                     "symbolType": "delivery", "deliveryTime": "1798185600000"}),
        *(("USDT-FUTURES", CONTRACT | {"symbol": f"{coin}USDT", "baseCoin": coin})
          for coin in exchange.commonCurrencies),
    ]  # fmt: skip
    answer = envelope([row for _, row in found])
    exchange.options["fetchMarkets"] = {"types": ["swap"]}
    pages = iter([answer])
    exchange.publicMixGetV2MixMarketContracts = lambda _: next(pages, envelope([]))
    theirs = {market["id"]: market["symbol"] for market in exchange.fetch_default_markets({})}
    for product, row in found:
        coin = row["supportMarginCoins"][0]
        held = POSITION | {"symbol": row["symbol"], "marginCoin": coin, "marginMode": "isolated"}
        read = KIND.read(payloads(contracts={product: [row]}, positions={product: [held]}, accounts={product: []}), AT)
        assert [position.symbol for position in read.positions] == [theirs[row["symbol"]]]


def test_ccxt_still_passes_bitgets_ratio_through() -> None:
    """ccxt-bitget-cross, of 4.5.90: the one venue whose ratio it does not remake."""
    [raw] = load(HERE / "payloads" / "one_way_short.json")["payloads"]["mix/position/all-position"]["USDT-FUTURES"][
        "data"
    ]
    position = ccxt.bitget().parse_position(raw)
    assert (position["marginRatio"], position["collateral"]) == (0.004388169427, None)
