"""KuCoin's rules: figures that others published, payloads in its own shape, and payloads that are broken."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.build import ONE_WAY, account, continuous, market
from tests.risk.build import position as plain_position
from tests.venues.kucoinfutures.build import CONTRACT, OVERVIEW, POSITION, envelope, payloads
from tests.venues.risk_only import AT, check_payload, fuzz, load, number
from watchdog.domain.position import Balance, Side, Terms
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book, Requirement, inverse_liquidation_price, liquidation_price
from watchdog.risk.exact import CONTEXT
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError
from watchdog.venues.kucoinfutures.kind import KIND

HERE = Path(__file__).parent
D = Decimal
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
FILES = sorted((HERE / "payloads").glob("*.json"))


def of_kind(kind: str) -> list[str]:
    """The names of its cases."""
    return [name for name, case in CASES.items() if case["kind"] == kind]


def close(value: Decimal, case: dict[str, Any]) -> bool:
    """Whether a figure is the published one."""
    return abs(value - D(str(case["expected"]))) <= D(str(case["tolerance"]["abs"]))


def row_of(case: dict[str, Any]) -> dict[str, Any]:
    """A position of a case, as KuCoin sends it; what the case leaves out follows from its leverage."""
    asked = {name: D(str(value)) for name, value in case["inputs"].items() if not isinstance(value, str)}
    short = case["inputs"].get("side") == "short"
    size = asked.get("contracts", D(1))
    value = asked["value"] if "value" in asked else asked["entry"] * size * asked["contract_size"]
    if "posMaint" not in asked:
        fee = asked.get("posComm", D(0))
        asked["posMaint"] = value * asked["mmr"] + fee + value * asked.get("funding_rate_fitted", D(0))
        asked["posMargin"] = value / asked["leverage"] + fee
    least = asked.get("mmr", D("0.0001"))
    return POSITION | {
        "currentQty": str(-size if short else size),
        "avgEntryPrice": str(asked.get("entry", value)), "markPrice": str(asked.get("entry", value)),
        "posMargin": str(asked["posMargin"]), "posMaint": str(asked["posMaint"]),
        "maintMargin": str(asked["posMargin"]),
        "posComm": str(asked.get("posComm", D(0))), "maintMarginReq": str(least),
    }  # fmt: skip


@pytest.mark.parametrize("name", of_kind("liquidation_price"))
def test_a_published_liquidation_price(name: str) -> None:
    """Of an isolated position: what is required of it goes by its entry."""
    case = CASES[name]
    contract = CONTRACT | {"multiplier": str(case["inputs"]["contract_size"])}
    [risk] = Book.of(KIND.read(payloads([row_of(case)], contracts=[contract]), AT), AT, {}).positions.values()
    assert close(number(risk.liquidation_ours), case)


@pytest.mark.parametrize("name", of_kind("maintenance_margin"))
def test_a_published_requirement_is_made_of_its_parts(name: str) -> None:
    """`posMaint` is the value's share, the fee and a funding; what is less than the first two is not believed."""
    case = CASES[name]
    row, contract = row_of(case), CONTRACT | {"multiplier": "1"}
    [risk] = Book.of(KIND.read(payloads([row], contracts=[contract]), AT), AT, {}).positions.values()
    assert close(number(risk.maintenance), case)
    less = row | {"posMaint": str(D(row["posMaint"]) * D("0.8"))}
    [risk] = Book.of(KIND.read(payloads([less], contracts=[contract]), AT), AT, {}).positions.values()
    assert isinstance(risk.maintenance, Unknown)
    assert isinstance(risk.margin_ratio, Unknown)


@pytest.mark.parametrize("name", of_kind("bankruptcy_price"))
def test_a_published_bankruptcy_price(name: str) -> None:
    """Where a requirement of nothing is met: the equity is gone."""
    case = CASES[name]
    asked = case["inputs"]
    entry, side = D(str(asked["entry"])), Side(asked["side"])
    nothing = Requirement.fixed(D(0))
    if asked.get("contract") == "inverse":
        with localcontext(CONTEXT):
            behind = 1 / entry / asked["leverage"]
        price = inverse_liquidation_price(side, D(1), entry, behind, nothing)
    else:
        price = liquidation_price(side, D(1), entry, entry / asked["leverage"], nothing)
    assert price is not None
    assert close(price, case)


def test_the_published_risk_rate() -> None:
    """Positions, an open order, closing fees over the margin less opening fees; KuCoin's own figure is passed on."""
    case = CASES["kucoin-risk-rate-doc"]
    asked = case["inputs"]
    held, order, fee = asked["pos"], asked["order"], D(str(asked["taker"]))
    ordered = D(order["price"]) * order["qty"]
    position = plain_position(size=str(held["qty"]), entry=held["mark"], mark=held["mark"])
    position = replace(position, terms=Terms(fee=fee))
    pool = Balance("USDT", D(asked["total_margin"]) - ordered * fee, D(0), Unknown("-"),
                   others=ordered * (D(str(order["mmr"])) + fee))  # fmt: skip
    table = continuous([(D(0), D(str(held["mmr"])))])
    read = account([position], [pool], markets=[market(position.symbol, table)], modes=ONE_WAY)
    assert close(number(Book.of(read, AT, {}).pools["USDT"].ratio_ours), case)
    crossed = POSITION | {"crossMode": True}
    read = KIND.read(payloads([crossed], overviews=[OVERVIEW | {"riskRatio": str(case["expected"])}]), AT)
    assert close(number(Book.of(read, AT, {}).pools["USDT"].margin_ratio), case)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_payload_reads_as_expected(path: Path) -> None:
    """Every figure the file names."""
    check_payload(KIND, load(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_broken_payload_looks_safe(path: Path) -> None:
    """Any one value broken in any way; a position without `positionSide` is one of an older answer, of no leg."""
    found = fuzz(KIND, load(path)["payloads"], harmless=lambda steps: steps[-1] == "positionSide")
    assert list(found) == []


def test_trimming_changes_no_reading() -> None:
    """What is kept is enough to read it again."""
    for path in FILES:
        answers = load(path)["payloads"]
        answers["contracts/active"]["data"].append(CONTRACT | {"symbol": "DOGEUSDTM"})
        kept = KIND.trim(answers)
        assert "DOGEUSDTM" not in str(kept)
        assert KIND.read(kept, AT) == KIND.read(answers, AT)


# -- the venue's own rule, written out --------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    size=st.integers(1, 90_000),
    long=st.booleans(),
    inverse=st.booleans(),
    entry=st.integers(50, 200),
    share=st.integers(3, 150),
)
def test_at_our_price_kucoin_liquidates_first(size: int, entry: int, share: int, *, long: bool, inverse: bool) -> None:
    """Equity = `posMaint`, which no price moves: met there, not before, and further away with more margin."""
    side = 1 if long else -1
    contract = CONTRACT | {"multiplier": "0.1"}
    if inverse:
        contract |= {"symbol": "XBTUSDM", "quoteCurrency": "USD", "settleCurrency": "XBT", "isInverse": True,
                     "multiplier": "-1"}  # fmt: skip
    amount = D(size) if inverse else D(size) / 10
    entered = amount / entry if inverse else amount * entry
    required = (entered * D("0.006")).quantize(D("1e-16"))

    def equity(behind: Decimal, price: Decimal) -> Decimal:
        gained = amount / entry - amount / price if inverse else amount * (price - entry)
        return behind + side * gained

    prices = []
    for more in (D(0), entered / 50):
        behind = (entered * share / 100 + required + more).quantize(D("1e-16"))
        held = POSITION | {
            "symbol": contract["symbol"], "settleCurrency": contract["settleCurrency"], "currentQty": side * size,
            "avgEntryPrice": str(entry), "markPrice": "100", "posMargin": str(behind), "posMaint": str(required),
            "posComm": "0", "maintMarginReq": "0.004", "maintMargin": str(behind),
        }  # fmt: skip
        overview = OVERVIEW | {"currency": contract["settleCurrency"]}
        read = KIND.read(payloads([held], contracts=[contract], overviews=[overview]), AT)
        [risk] = Book.of(read, AT, {}).positions.values()
        found = risk.liquidation_ours
        prices.append(found)
        with localcontext(CONTEXT):
            if equity(behind, D(100)) <= required:
                assert number(found) == 100
                return
            end = found.value if isinstance(found, Known) else D("0.1") if long else D(100_000)
            if isinstance(found, Known):
                assert abs(equity(behind, end) - required) < entered / 10**12
            for step in range(1, 40):
                assert equity(behind, 100 * (end / 100) ** (D(step) / 40)) > required - entered / 10**12
    near, far = prices
    if isinstance(near, Known) and isinstance(far, Known):
        assert (near.value > far.value) == long
    else:
        assert isinstance(far, Never)


# -- what is refused, and what is not known ---------------------------------------------------------------------------


def test_a_unified_account_is_refused_by_name() -> None:
    """Its classic answers would look like nothing held."""
    answers = payloads([]) | {"account/mode": envelope({"selfAccountMode": "UNIFIED"})}
    with pytest.raises(PayloadError, match="unified account is not supported"):
        KIND.read(answers, AT)


@pytest.mark.parametrize("field", ["positionMargin", "unrealisedPNL"])
def test_an_empty_list_beside_a_margin_is_no_flat_account(field: str) -> None:
    """KuCoin's own account says that something is held."""
    with pytest.raises(MomentsDifferError, match=f"{field}: no position is listed"):
        KIND.read(payloads([], overviews=[OVERVIEW | {field: "3.5"}]), AT)


def test_a_flat_account_is_flat() -> None:
    """With a balance in every currency all the same."""
    read = KIND.read(payloads([]), AT)
    assert (read.positions, [one.asset for one in read.balances]) == ((), ["USDT"])


def test_an_open_position_of_nothing_is_none() -> None:
    """One of the two is wrong."""
    with pytest.raises(PayloadError, match="currentQty: 0"):
        KIND.read(payloads([POSITION | {"currentQty": 0}]), AT)


def test_an_unlisted_contract_asks_for_the_listing() -> None:
    """KuCoin lists contracts every week."""
    with pytest.raises(UnlistedError, match="NEWUSDTM"):
        KIND.read(payloads([POSITION | {"symbol": "NEWUSDTM"}]), AT)


def test_modes_that_disagree_are_no_mode() -> None:
    """`crossMode` is the older field of the same."""
    with pytest.raises(PayloadError, match="crossMode: False beside CROSS"):
        KIND.read(payloads([POSITION | {"marginMode": "CROSS"}]), AT)


def test_a_cross_pool_without_a_risk_rate_is_unknown() -> None:
    """By the field's name; the position is watched on by KuCoin's price."""
    overview = {name: value for name, value in OVERVIEW.items() if name != "riskRatio"}
    book = Book.of(KIND.read(payloads([POSITION | {"crossMode": True}], overviews=[overview]), AT), AT, {})
    [risk] = book.positions.values()
    assert isinstance(book.pools["USDT"].margin_ratio, Unknown)
    assert number(risk.liquidation) == D(21567)


# -- ccxt -------------------------------------------------------------------------------------------------------------


def test_symbols_are_ccxts() -> None:
    """Ours come from the listing rows; they are those of ccxt's own parser, its other names of coins too."""
    exchange = ccxt.kucoinfutures()
    dated = {"symbol": "XBTMZ26", "quoteCurrency": "USD", "settleCurrency": "XBT", "isInverse": True,
             "multiplier": "-1", "expireDate": 1798185600000, "nextFundingRateTime": None}  # fmt: skip
    found = [
        CONTRACT,
        CONTRACT | {"symbol": "XBTUSDM", "quoteCurrency": "USD", "settleCurrency": "XBT", "isInverse": True,
                    "multiplier": "-1"},
        CONTRACT | dated,
        *(CONTRACT | {"symbol": f"{coin}USDTM", "baseCurrency": coin} for coin in exchange.commonCurrencies),
    ]  # fmt: skip
    exchange.futuresPublicGetContractsActive = lambda _: envelope(found)
    theirs = {one["id"]: one["symbol"] for one in exchange.fetch_contract_markets({})}
    for row in found:
        held = POSITION | {"symbol": row["symbol"], "settleCurrency": row["settleCurrency"], "posMaint": "0.5"}
        overview = OVERVIEW | {"currency": row["settleCurrency"]}
        [position] = KIND.read(payloads([held], contracts=[row], overviews=[overview]), AT).positions
        assert position.symbol == theirs[row["symbol"]]


def test_ccxt_still_reads_an_isolated_position_as_recorded() -> None:
    """ccxt-kucoin-isolated, of 4.5.90: its ratio is right, from the two fields we read too, and cut to four digits."""
    raw = {
        "id": "x", "symbol": "XBTUSDTM", "maintMarginReq": 0.004, "realLeverage": 5.02, "crossMode": False,
        "currentTimestamp": 1684000705325, "currentQty": 1, "markPrice": 26802.8, "markValue": 26.8028,
        "posCost": 26.821, "posCross": 0, "posInit": 5.3642, "posComm": 0.01931112, "posMargin": 5.38351112,
        "posMaint": 0.12927722, "maintMargin": 5.36531112, "unrealisedPnl": -0.0182, "avgEntryPrice": 26821,
        "liquidationPrice": 21567, "bankruptPrice": 21456,
    }  # fmt: skip
    assert ccxt.kucoinfutures().parse_position(raw)["marginRatio"] == 0.024
    [risk] = Book.of(KIND.read(payloads([POSITION]), AT), AT, {}).positions.values()
    assert abs(number(risk.margin_ratio) - D("0.0240950090514")) < D("1e-12")
