"""Gate's rules: figures that others published, payloads in its own shape, and payloads that are broken."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.gate.build import ACCOUNT, CONTRACT, POSITION, payloads, tier
from tests.venues.risk_only import AT, check_payload, fuzz, load, number
from watchdog.domain.position import Position
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book, maintenance
from watchdog.risk.exact import CONTEXT
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError
from watchdog.venues.gate.kind import KIND
from watchdog.venues.gate.listing import read_tiers

HERE = Path(__file__).parent
D = Decimal
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
FILES = sorted((HERE / "payloads").glob("*.json"))
PRICES = [name for name, case in CASES.items() if case["kind"] == "liquidation_price"]
REQUIREMENTS = [name for name, case in CASES.items() if case["kind"] == "maintenance_margin"]


def allowed(case: dict[str, Any]) -> Decimal:
    """How far from the published figure we may be."""
    tolerance = case["tolerance"]
    return D(tolerance["abs"]) if "abs" in tolerance else D(case["expected"]) * D(tolerance["rel"])


@pytest.mark.parametrize("name", PRICES)
def test_a_published_liquidation_price(name: str) -> None:
    """Through rules and risk room, from an account with this one position."""
    case = CASES[name]
    asked = case["inputs"]
    size = D(asked["qty"]) / D("0.0001") * (1 if asked["side"] == "long" else -1)
    cross = asked["margin_mode"].startswith("cross")
    held = POSITION | {
        "size": str(size), "entry_price": str(asked["entry"]), "mark_price": str(asked["entry"]),
        "margin": str(asked["margin"]), "pos_margin_mode": "cross" if cross else "isolated",
    }  # fmt: skip
    account = ACCOUNT | {"cross_margin_balance": str(asked["margin"]) if cross else "0"}
    rate = str(asked.get("mmr", asked.get("maintenance_rate")))
    contract = CONTRACT | {"taker_fee_rate": str(asked["taker"])}
    read = KIND.read(
        payloads(
            contracts=[contract], tiers=tier("BTC_USDT", ("1000000", rate, "0")), positions=[held], account=account
        ),
        AT,
    )
    [risk] = Book.of(read, AT, {}).positions.values()
    assert abs(number(risk.liquidation_ours) - D(case["expected"])) <= allowed(case)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_published_requirement(name: str) -> None:
    """Of marginal tiers, the fee not in it."""
    case = CASES[name]
    rows = tier("BTC_USDT", *map(tuple, case["inputs"]["tiers"]))
    tiers = read_tiers(rows, "tiers", tiered=True)
    assert maintenance(tiers, D(case["inputs"]["notional"])) == case["expected"]
    without = [{name: value for name, value in row.items() if name != "deduction"} for row in rows]
    assert read_tiers(without, "tiers", tiered=True) == tiers


def test_the_unified_rate_is_turned_round() -> None:
    """Gate's 16,499 is an account far from liquidation."""
    case = CASES["gate-unified-mmr"]
    read = KIND.read(load(HERE / "payloads" / "unified.json")["payloads"], AT)
    ratio = number(Book.of(read, AT, {}).pools["unified"].margin_ratio)
    assert abs(1 / ratio - D(case["expected"])) <= allowed(case)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_payload_reads_as_expected(path: Path) -> None:
    """Every figure the file names."""
    check_payload(KIND, load(path))


def test_trimming_changes_no_reading() -> None:
    """What is kept is enough to read it again."""
    for path in FILES:
        answers = load(path)["payloads"]
        answers["futures/contracts"]["usdt"].append(CONTRACT | {"name": "DOGE_USDT"})
        kept = KIND.trim(answers)
        assert "DOGE_USDT" not in str(kept)
        assert KIND.read(kept, AT) == KIND.read(answers, AT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_broken_payload_looks_safe(path: Path) -> None:
    """Any one value broken in any way: an error that names a field, or a read that is no safer."""
    assert list(fuzz(KIND, load(path)["payloads"])) == []


# -- the venue's own rule, written out --------------------------------------------------------------------------------

TIERS = (("100000", "0.004", "0"), ("400000", "0.01", "600"), ("900000", "0.05", "16600"))
FEE = D("0.00075")


def required(notional: Decimal) -> Decimal:
    """Each slice of the notional at its tier's rate, and the fee of all of it."""
    floor, total = D(0), notional * FEE
    for limit, rate, _ in TIERS:
        total += max(D(0), min(notional, D(limit)) - floor) * D(rate)
        floor = D(limit)
    return total + max(D(0), notional - floor) * D(TIERS[-1][1])


def short_of(position: Position, margin: Decimal, price: Decimal) -> Decimal:
    """Requirement less equity at a price, by Gate's rule."""
    side = 1 if position.side == "long" else -1
    if position.inverse:
        gained = side * (position.size / position.entry - position.size / price)
        return required(position.size / price) - margin - gained
    return required(position.size * price) - margin - side * position.size * (price - position.entry)


@settings(max_examples=40)
@given(
    size=st.integers(1, 90_000),
    long=st.booleans(),
    inverse=st.booleans(),
    cross=st.booleans(),
    entry=st.integers(50, 200),
    share=st.integers(3, 150),
)
def test_at_our_price_gate_liquidates_first(
    size: int, entry: int, share: int, *, long: bool, inverse: bool, cross: bool
) -> None:
    """By Gate's rule written out: met there, not before, and further away with more margin."""
    contract = CONTRACT | {"quanto_multiplier": "0" if inverse else "0.1"}
    contract |= {"name": "BTC_USD", "type": "inverse"} if inverse else {}
    settle = "btc" if inverse else "usdt"
    notional = D(size) / 100 if inverse else D(size) / 10 * 100
    margin = (notional * share / 100 + required(notional) * 2).quantize(D("0.00000001"))
    prices = []
    for more in (D(0), notional / 50):
        behind = margin + more
        held = POSITION | {
            "contract": contract["name"], "size": size if long else -size, "entry_price": str(entry),
            "mark_price": "100",
            "margin": str(behind), "pos_margin_mode": "cross" if cross else "isolated",
        }  # fmt: skip
        account = ACCOUNT | {"currency": settle.upper(), "cross_margin_balance": str(behind) if cross else "0"}
        read = KIND.read(
            payloads(contracts=[contract], tiers=tier(contract["name"], *TIERS), positions=[held], account=account,
                     settle=settle),
            AT,
        )  # fmt: skip
        [risk] = Book.of(read, AT, {}).positions.values()
        prices.append(risk.liquidation_ours)
        with localcontext(CONTEXT):
            if short_of(risk.position, behind, D(100)) >= 0:
                assert number(risk.liquidation_ours) == 100
                return
            end = prices[-1].value if isinstance(prices[-1], Known) else D("0.1") if long else D(100_000)
            if isinstance(prices[-1], Known):
                assert abs(short_of(risk.position, behind, end)) < notional / 10**12
            for step in range(1, 40):
                assert short_of(risk.position, behind, 100 * (end / 100) ** (D(step) / 40)) < notional / 10**12
    near, far = prices
    if isinstance(near, Known) and isinstance(far, Known):
        assert (near.value > far.value) == long
    else:
        assert isinstance(far, Never)


# -- what is refused, and what is not known ---------------------------------------------------------------------------


def one(position: dict[str, Any] | None = None, account: dict[str, Any] | None = None) -> dict[str, Any]:
    """An account with one cross position."""
    return payloads(
        contracts=[CONTRACT],
        tiers=tier("BTC_USDT", *TIERS),
        positions=[POSITION | (position or {})],
        account=ACCOUNT | {"cross_margin_balance": "9000"} | (account or {}),
    )


def test_an_empty_list_beside_a_requirement_is_no_flat_account() -> None:
    """Gate's own account says that something is held."""
    answers = one(account={"cross_maintenance_margin": "12.5"})
    answers["futures/positions"]["usdt"] = []
    with pytest.raises(MomentsDifferError, match=r"cross_maintenance_margin: no position is listed"):
        KIND.read(answers, AT)


def unified(name: str) -> dict[str, Any]:
    """A unified account that requires maintenance, owes nothing, and whose list of positions came empty."""
    answers: dict[str, Any] = load(HERE / "payloads" / f"{name}.json")["payloads"]
    answers["futures/positions"]["usdt"] = []
    for row in answers["unified/accounts"]["balances"].values():
        row["total_liab"] = "0"
    return answers


@pytest.mark.parametrize("name", ["unified", "single_currency"])
def test_an_empty_list_beside_a_unified_requirement_is_no_flat_account(name: str) -> None:
    """What is required has a cause that can be seen: a position, a loan, an option; or something was not listed."""
    with pytest.raises(MomentsDifferError, match=r"total_maintenance_margin: no position is listed"):
        KIND.read(unified(name), AT)
    lent = unified(name)
    lent["unified/accounts"]["balances"]["USDT"]["total_liab"] = "12"
    assert "requires 205" in KIND.read(lent, AT).unwatched[0]
    option = unified(name)
    option["options/positions"] = [{"contract": "BTC_USDT-20261127-90000-C", "size": -1}, {"contract": "X", "size": 0}]
    assert KIND.read(option, AT).unwatched[0] == "options: BTC_USDT-20261127-90000-C"


def test_each_currency_that_stands_alone_has_a_cause_of_its_own() -> None:
    """A position in another currency explains nothing."""
    answers: dict[str, Any] = load(HERE / "payloads" / "single_currency.json")["payloads"]
    answers["unified/accounts"]["balances"]["BTC"] = {"total_liab": "0", "mm": "0.01", "margin_balance": "1"}
    with pytest.raises(MomentsDifferError, match=r"balances\.BTC\.mm: no position is listed"):
        KIND.read(answers, AT)


@pytest.mark.parametrize("field", ["value", "maintenance_margin", "unrealised_pnl"])
def test_a_size_of_zero_that_is_worth_something_is_no_read(field: str) -> None:
    """A row of which every other figure says that it is open."""
    empty = {"size": "0", "value": "0", "maintenance_margin": "0", "unrealised_pnl": ""}
    assert KIND.read(one(empty), AT).positions == ()
    with pytest.raises(PayloadError, match=rf"{field}: 7, where the size of the same row is 0"):
        KIND.read(one(empty | {field: "7"}), AT)


@pytest.mark.parametrize(("position", "others"), [("200", "50"), ("260", "0"), ("0", "0")])
def test_what_a_classic_pool_requires_beside_its_positions_is_counted(position: str, others: str) -> None:
    """Open orders; nothing where Gate does not say what a position requires, and never less than nothing."""
    answers = one({"maintenance_margin": position}, {"cross_maintenance_margin": "250"})
    [balance] = KIND.read(answers, AT).balances
    assert balance.others == D(others)


def test_a_settle_currency_never_used_is_flat() -> None:
    """Gate says so by an error of its own."""
    answers = one()
    answers["futures/positions"]["usdt"] = []
    read = KIND.read(answers, AT)
    assert (read.positions, [each.asset for each in read.balances]) == ((), ["USDT"])


def test_an_unlisted_contract_asks_for_the_listing() -> None:
    """Gate lists contracts every week."""
    with pytest.raises(UnlistedError, match="NEW_USDT"):
        KIND.read(one({"contract": "NEW_USDT"}), AT)


def test_a_quanto_contract_is_refused() -> None:
    """Its money is neither linear in quote nor inverse."""
    answers = one()
    answers["futures/contracts"]["usdt"][0] = CONTRACT | {"name": "BTC_USD"}
    answers["futures/positions"]["usdt"][0]["contract"] = "BTC_USD"
    with pytest.raises(PayloadError, match="quanto"):
        KIND.read(answers, AT)


@pytest.mark.parametrize("field", ["cross_margin_balance", "cross_unrealised_pnl", "cross_maintenance_margin"])
def test_a_pool_without_its_figures_is_unknown(field: str) -> None:
    """By the field's name; the position is watched on by Gate's price."""
    answers = one({"liq_price": "41234.5"})
    answers["futures/accounts"]["usdt"] = {**answers["futures/accounts"]["usdt"], field: ""}
    book = Book.of(KIND.read(answers, AT), AT, {})
    assert book.pools["USDT"].margin_ratio == Unknown(f"futures/accounts.usdt.{field}: is empty")
    [risk] = book.positions.values()
    assert number(risk.liquidation) == D("41234.5")


def test_a_pool_without_equity_is_past_liquidation() -> None:
    """Whatever is required of it."""
    read = KIND.read(one(account={"cross_margin_balance": "-1", "cross_maintenance_margin": "225"}), AT)
    assert number(Book.of(read, AT, {}).pools["USDT"].margin_ratio) == D("Infinity")


def test_split_positions_have_no_numbers() -> None:
    """Several positions of one side of one contract: said by name."""
    answers = one(account={"position_mode": "dual_plus"})
    answers["futures/positions"]["usdt"] *= 2
    read = KIND.read(answers, AT)
    assert read.modes.no_numbers == "split positions (dual_plus) are not supported: no numbers"
    [risk] = Book.of(read, AT, {}).positions.values()
    assert isinstance(risk.margin_ratio, Unknown)


def test_accounts_that_disagree_about_the_mode_are_of_different_moments() -> None:
    """The mode is the user's, not a currency's."""
    answers = one()
    answers["futures/accounts"]["btc"] = ACCOUNT | {"currency": "BTC", "margin_mode": 1}
    with pytest.raises(MomentsDifferError, match="margin_mode"):
        KIND.read(answers, AT)


def test_an_account_not_yet_on_steps_requires_the_whole_rate() -> None:
    """`enable_tiered_mm` false: 150,000 at the second tier's 1 %, without deduction."""
    for tiered, expected in ((True, D("900")), (False, D("1500"))):
        read = KIND.read(one({"size": "30000"}, {"enable_tiered_mm": tiered}), AT)
        [risk] = Book.of(read, AT, {}).positions.values()
        assert number(risk.maintenance) == expected + 150_000 * FEE


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"deduction": "601"}, None), ({"deduction": "650"}, "jump"), ({"risk_limit": "90000"}, "follow"),
        ({"maintenance_rate": "0.003"}, "follow"), ({"maintenance_rate": "1"}, "share"), ({"tier": 4}, "missing"),
        ({"maintenance_rate": "0.8"}, "leverage"),
    ],
)  # fmt: skip
def test_tiers_that_cannot_be_are_none(change: dict[str, Any], why: str | None) -> None:
    """Rounding of a deduction apart."""
    rows = tier("BTC_USDT", *TIERS)
    rows[1] |= change
    if why is None:
        assert read_tiers(rows[:2], "tiers", tiered=True)[1].cum == D("601")
        return
    with pytest.raises(PayloadError, match=why):
        read_tiers(rows, "tiers", tiered=True)
    answers = one()
    answers["futures/risk_limit_tiers"]["usdt"] = rows
    [risk] = Book.of(KIND.read(answers, AT), AT, {}).positions.values()
    assert isinstance(risk.maintenance, Unknown)


# -- ccxt -------------------------------------------------------------------------------------------------------------


def test_symbols_are_ccxts() -> None:
    """Ours come from the listing rows; they are those of ccxt's own parser, its other names of coins too."""
    exchange = ccxt.gate()
    rows = [
        (CONTRACT, "usdt"),
        (CONTRACT | {"name": "BTC_USD", "type": "inverse", "quanto_multiplier": "0"}, "btc"),
        (CONTRACT | {"name": "BTC_USDT_20260807", "expire_time": 1786089600}, "usdt"),
        *((CONTRACT | {"name": f"{coin}_USDT"}, "usdt") for coin in exchange.commonCurrencies if "_" not in coin),
    ]
    for row, settle in rows:
        held = POSITION | {"contract": row["name"]}
        account = ACCOUNT | {"currency": settle.upper()}
        answers = payloads(contracts=[row], tiers=[], positions=[held], account=account, settle=settle)
        if "expire_time" in row:
            answers["delivery/contracts"] = {"usdt": [row]}
            answers["delivery/positions"] = {"usdt": [held]}
            answers["delivery/accounts"] = {"usdt": account}
            answers["futures/positions"]["usdt"] = []
        [position] = KIND.read(answers, AT).positions
        assert position.symbol == exchange.parse_contract_market(row | {"mark_price": "1", "order_price_deviate": "0.5"}, settle)["symbol"]  # fmt: skip # noqa: E501


def test_ccxt_still_reads_a_cross_position_as_recorded() -> None:
    """ccxt-gate-cross, of 4.5.90: `margin` of 0 makes its ratio explode (28.8): why no unified field of it is used."""
    raw = {
        "value": "15.8684", "leverage": "0", "lever": "20", "pos_margin_mode": "cross", "mode": "single",
        "contract": "ADA_USDT", "entry_price": "0.79271", "mark_price": "0.79342", "size": 2,
        "maintenance_rate": "0.025", "unrealised_pnl": "0.0142", "margin": "0", "liq_price": "0",
        "initial_margin": "0.80", "maintenance_margin": "0.4086", "open_time": 1705034246, "update_time": 1705034246,
    }  # fmt: skip
    position = ccxt.gate().parse_position(raw)
    assert position["marginMode"] == "cross"
    assert round(position["marginRatio"], 1) == 28.8
