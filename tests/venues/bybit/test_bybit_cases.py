"""Published and recorded figures of Bybit's, by source: the current rule through our rules, old ones as history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.venues.bybit.build import CROSS, HERE, ISOLATED, LISTING, D, answer, coin_row, lists, setting
from tests.venues.risk_only import AT, load, number
from watchdog.domain.position import AccountRead, Position
from watchdog.risk import Book, maintenance
from watchdog.risk.values import PositionRisk
from watchdog.venues.bybit.kind import KIND
from watchdog.venues.bybit.listing import read_tiers
from watchdog.venues.fields import Row

CASES = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}


def figures(case: dict[str, Any]) -> dict[str, Decimal]:
    """The inputs that are numbers."""
    return {name: D(value) for name, value in case["inputs"].items() if isinstance(value, str) and value[0].isdigit()}


def sign_of(case: dict[str, Any]) -> int:
    """+1 for a long."""
    return 1 if case["inputs"]["side"] == "long" else -1


def meets(case: dict[str, Any], found: Decimal) -> None:
    """The published figure, within what it was published to."""
    expected, tolerance = D(case["expected"]), case["tolerance"]
    room = D(tolerance["abs"]) if "abs" in tolerance else D(tolerance["rel"]) * expected
    assert abs(found - expected) <= room, f"{found}, {expected} was due ({case['source']})"


def read(row: dict[str, Any], mode: str, **account: str) -> AccountRead:
    """An account that holds one linear USDT position."""
    coin = coin_row("USDT", D(1000), D(0), D(1), D(row["positionMM"]) if row else D(0))
    whole = {
        "accountType": "UNIFIED", "accountMMRate": "0.0001", "totalMarginBalance": "1000", "totalPerpUPL": "0",
        "totalInitialMargin": "10", "totalAvailableBalance": "990", "totalMaintenanceMargin": "0.2", "coin": [coin],
        **account,
    }  # fmt: skip
    payloads: dict[str, Any] = {
        **LISTING,
        "account-info": setting(mode),
        "wallet-balance": answer({"list": [whole]}),
        "position-list": lists({"linear USDT": [row] if row else []}, option=True),
        "order-realtime": lists({}, option=False),
    }
    return KIND.read(payloads, AT)


def row_of(case: dict[str, Any], **fields: str) -> dict[str, Any]:
    """A row of position-list from a case."""
    inputs = figures(case)
    return {
        "positionIdx": 0, "riskId": 11, "symbol": "ETHUSDT", "side": "Buy" if sign_of(case) > 0 else "Sell",
        "size": str(inputs["qty"]), "leverage": str(inputs["leverage"]), "positionStatus": "Normal",
        "positionBalance": "0", "liqPrice": "", "unrealisedPnl": "0", "sessionAvgPrice": "", **fields,
    }  # fmt: skip


def test_bybit_mm_eth_short_cross_2025_11() -> None:
    """Maintenance of a real position after the change to mark value; the taker rate is found to be 0.055 %."""
    case = CASES["bybit-mm-eth-short-cross-2025-11"]
    inputs = figures(case)
    row = row_of(
        case, avgPrice="3641.075", markPrice=str(inputs["mark_implied"]), positionIM=str(inputs["positionIM"]),
        positionMM=case["expected"],
    )  # fmt: skip
    risk = _risk(read(row, CROSS))
    meets(case, number(risk.maintenance))
    # The fee alone, by the rule: a short's is (1 + 1/leverage) of the value.
    assert abs(risk.position.terms.fee - inputs["taker"] * (1 + 1 / inputs["leverage"])) < D("1e-7")


def _risk(account: AccountRead) -> PositionRisk:
    [risk] = Book.of(account, AT, {}).positions.values()
    return risk


def test_bybit_mm_tiered_doc() -> None:
    """3,500 in the help centre's four tiers, each part at its own rate."""
    case = CASES["bybit-mm-tiered-doc"]
    most = {"0.02": "25", "0.025": "20", "0.03": "16", "0.035": "14"}
    rows = [
        Row.of(
            {"id": number, "symbol": "XYZUSDT", "riskLimitValue": str(cap), "maintenanceMargin": str(rate),
             "mmDeduction": "", "maxLeverage": most[str(rate)]},
            "risk-limit",
        )
        for number, (cap, rate) in enumerate(case["inputs"]["tiers"], start=1)
    ]  # fmt: skip
    meets(case, maintenance(tuple(read_tiers(rows).values()), D(case["inputs"]["value"])))


def _equity(case: dict[str, Any]) -> Decimal:
    """What our rules make of the account's figures: margin balance less haircut loss, which is none here."""
    inputs = figures(case)
    account = read(
        {}, CROSS, totalMarginBalance=str(inputs["totalMarginBalance"]), totalMaintenanceMargin="0",
        totalInitialMargin=str(inputs["totalInitialMargin"]), totalAvailableBalance="17887.72614237",
    )  # fmt: skip
    [balance] = account.balances
    assert isinstance(balance.wallet, Decimal)
    return balance.wallet + balance.venue_unrealised


def test_bybit_acct_imrate() -> None:
    """The account's initial margin rate, over the equity we reckon with."""
    case = CASES["bybit-acct-imrate"]
    meets(case, figures(case)["totalInitialMargin"] / _equity(case))


def test_bybit_acct_available() -> None:
    """What is available is that equity less the initial margin."""
    case = CASES["bybit-acct-available"]
    meets(case, _equity(case) - figures(case)["totalInitialMargin"])


def _real_isolated(case: dict[str, Any]) -> Position:
    """The recorded ETHUSDT position at 4.2 times, its margin 28.58931118."""
    margin = CASES["bybit-usdt-iso-real-positionBalance"]["expected"]
    row = row_of(case, avgPrice="1198.45", markPrice="1199.28", positionIM=margin, positionMM="0.65",
                 positionBalance=margin)  # fmt: skip
    return _risk(read(row, ISOLATED)).position


def test_bybit_usdt_iso_real_bust() -> None:
    """Where its margin without the closing fee is used up: the venue's bankruptcy price."""
    case = CASES["bybit-usdt-iso-real-bust"]
    position = _real_isolated(case)
    assert position.isolated_wallet is not None
    meets(case, position.entry - (position.isolated_wallet - position.terms.fixed) / position.size)


def test_bybit_usdt_iso_real_position_balance() -> None:
    """Its margin is a share by leverage and the fee to close at bankruptcy, 0.06 % then."""
    case = CASES["bybit-usdt-iso-real-positionBalance"]
    inputs = figures(case)
    position = _real_isolated(case)
    meets(case, position.notional(position.entry) / inputs["leverage"] + position.terms.fixed)
    value = inputs["qty"] * inputs["entry"]
    assert abs(position.terms.fixed - value * (1 - 1 / inputs["leverage"]) * inputs["taker"]) < D("0.0005")


# -- rules that are no more ------------------------------------------------------------------------------------------


def linear_price_before_september_2025(case: dict[str, Any]) -> Decimal:
    """Maintenance stood at entry then: entry − side · (initial − maintenance) / size."""
    inputs = figures(case)
    entry = inputs["entry"]
    return entry - sign_of(case) * entry * (1 / inputs["leverage"] - inputs["mmr"])


def inverse_price_before_september_2025(case: dict[str, Any]) -> Decimal:
    """The same in coins, moved to the next tick toward the market."""
    inputs = figures(case)
    worth = inputs["qty_usd"] / inputs["entry"]
    return inputs["qty_usd"] / (worth + sign_of(case) * worth * (1 / inputs["leverage"] - inputs["mmr"]))


def inverse_cross_price_of_classic_accounts(case: dict[str, Any]) -> Decimal:
    """The balance less maintenance at entry and the fee at bankruptcy is what can be lost."""
    inputs = figures(case)
    worth = inputs["qty_usd"] / inputs["entry"]
    lost = inputs["balance_btc"] - worth * inputs["mmr"] - inputs["qty_usd"] * inputs["taker"] / inputs["bust"]
    return inputs["qty_usd"] / (worth + lost)


def inverse_cross_bankruptcy_of_classic_accounts(case: dict[str, Any]) -> Decimal:
    """Where the whole balance and the fee are gone."""
    inputs = figures(case)
    return (1 + inputs["taker"]) * inputs["qty_usd"] / (inputs["qty_usd"] / inputs["entry"] + inputs["balance_btc"])


def closing_fee_before_september_2025(case: dict[str, Any]) -> Decimal:
    """Of the entry value in cross margin too."""
    inputs = figures(case)
    return inputs["qty"] * inputs["entry"] * (1 - sign_of(case) / inputs["leverage"]) * inputs["taker"]


def margin_before_september_2025(case: dict[str, Any]) -> Decimal:
    """Initial margin or maintenance, of the entry value."""
    inputs = figures(case)
    rate = inputs["mmr"] if case["kind"] == "maintenance_margin" else 1 / inputs["leverage"]
    return inputs["qty"] * inputs["entry"] * rate + closing_fee_before_september_2025(case)


HISTORY = {
    "bybit-usdt-iso-doc-long": linear_price_before_september_2025,
    "bybit-inverse-iso-adl-doc": inverse_price_before_september_2025,
    "bybit-inverse-cross-liq-doc": inverse_cross_price_of_classic_accounts,
    "bybit-inverse-cross-bust-doc": inverse_cross_bankruptcy_of_classic_accounts,
    "bybit-ft-long-1x": linear_price_before_september_2025,
    "bybit-ft-long-3x": linear_price_before_september_2025,
    "bybit-ft-long-5x": linear_price_before_september_2025,
    "bybit-ft-long-10x": linear_price_before_september_2025,
    "bybit-ft-short-1x": linear_price_before_september_2025,
    "bybit-ft-short-3x": linear_price_before_september_2025,
    "bybit-ft-short-5x": linear_price_before_september_2025,
    "bybit-ft-short-10x": linear_price_before_september_2025,
    "bybit-im-xrp": margin_before_september_2025,
    "bybit-im-ltc": margin_before_september_2025,
    "bybit-mm-xrp": margin_before_september_2025,
    "bybit-mm-ltc": margin_before_september_2025,
}


@pytest.mark.parametrize("name", HISTORY)
def test_historical(name: str) -> None:
    """What old figures were: no rule of ours, kept so that nobody takes them for the present one."""
    meets(CASES[name], HISTORY[name](CASES[name]))


def test_every_case_is_tested() -> None:
    """The current ones each by a test of their name, the old ones as history."""
    current = {name for name, case in CASES.items() if case["rule"] == "current"}
    here = {name.removeprefix("test_").replace("_", "").lower() for name in globals() if name.startswith("test_bybit")}
    assert {name.replace("-", "").lower() for name in current} == here
    assert {name for name, case in CASES.items() if case["rule"] == "old"} == set(HISTORY)


def test_the_september_2025_rule_moves_the_published_example() -> None:
    """20,000 at 50 times and 0.5 %: 19,700 by the old rule, 19,698.49 by the one in force."""
    case = CASES["bybit-usdt-iso-doc-long"]
    row = row_of(case, symbol="BTCUSDT", riskId="1", avgPrice="20000", markPrice="20000", positionIM="410.78",
                 positionMM="110.78")  # fmt: skip
    assert round(number(_risk(read(row, ISOLATED)).liquidation_ours), 2) == D("19698.49")


def test_ccxt_bybit_uta() -> None:
    """What ccxt's parser gives for a unified account's position: no margin mode, no collateral, no ratio."""
    case = CASES["ccxt-bybit-uta"]
    market = {"id": "ETHUSDT", "symbol": "ETH/USDT:USDT", "contract": True, "linear": True, "inverse": False,
              "contractSize": 1, "settle": "USDT", "spot": False}  # fmt: skip
    parsed = ccxt.bybit().parse_position(dict(case["inputs"]["raw"]), market)
    assert [parsed[field] for field in ("marginMode", "collateral", "marginRatio")] == [None, None, None]
    assert (parsed["maintenanceMargin"], parsed["liquidationPrice"]) == (0.20281586, 51764.83003276)
    assert (parsed["contracts"], parsed["side"], parsed["hedged"]) == (0.01, "short", False)
