"""Hyperliquid's rules: figures that others published, recorded answers, modes, dexes, and what ccxt makes of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.venues.hyperliquid.build import ONE_STEP, Leg, payloads, state
from tests.venues.risk_only import AT, check_payload, load, number
from watchdog.domain.position import MarginMode
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError
from watchdog.venues.hyperliquid.kind import KIND
from watchdog.venues.hyperliquid.rules import mark_of

D = Decimal
HERE = Path(__file__).parent
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
FILES = sorted((HERE / "payloads").glob("*.json"))
PRICES = [name for name, case in CASES.items() if case["kind"] == "liquidation_price"]
PARSED = [name for name, case in CASES.items() if case["status"] == "ccxt_behaviour"]
BTC = Leg("BTC", D(2), D(100), D(110), maintenance=D("2.75"))


def held_by(case: dict[str, Any]) -> dict[str, Any]:
    """An account with the one isolated position of a case."""
    asked = case["inputs"]
    sign = 1 if asked["side"] == "long" else -1
    size = D(asked["qty"])
    if "mark" in asked:
        mark, margin = D(asked["mark"]), D(asked["isolated_margin"])
    else:
        # The raw USD and any value: the price does not hang on it.
        value = D(asked.get("positionValue", str(-D(asked["rawUsd"]) * sign * D("1.05"))))
        mark, margin = value / size, D(asked["rawUsd"]) + sign * value
    leg = Leg("ETH", size * sign, D(asked.get("entry", mark)), mark, margin)
    return payloads({"": state([leg])}, {"ETH": ((D(0), int(asked["max_leverage"])),)})


@pytest.mark.parametrize("name", PRICES)
def test_a_published_liquidation_price(name: str) -> None:
    """Through rules and risk room, from an account with this one position."""
    case = CASES[name]
    [risk] = Book.of(KIND.read(held_by(case), AT), AT, {}).positions.values()
    allowed = D(case["expected"]) * D(case["tolerance"]["rel"])
    assert abs(number(risk.liquidation_ours) - D(case["expected"])) <= allowed


def test_isolated_margin_used_is_the_equity() -> None:
    """It is positionValue · side + rawUsd, profit included; an answer where it is not contradicts itself."""
    case = CASES["hyperliquid-iso-docs-equity"]
    given = load(HERE / "payloads" / "docs.json")["payloads"]
    [position] = KIND.read(given, AT).positions
    assert position.isolated_wallet is not None
    equity = position.isolated_wallet + position.profit(position.mark)
    assert abs(equity - D(case["expected"])) <= D(case["tolerance"]["abs"])
    given["clearinghouseState"][""]["assetPositions"][0]["position"]["marginUsed"] = "8.9"
    with pytest.raises(PayloadError, match="marginUsed"):
        KIND.read(given, AT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_answer(file: Path) -> None:
    """Every reading the file names comes out of its answers, and out of the trimmed answers just so."""
    case = load(file)
    read = check_payload(KIND, case)
    assert KIND.read(KIND.trim(case["payloads"]), AT) == read


@pytest.mark.parametrize("name", PARSED)
def test_what_ccxt_makes_of_a_position(name: str) -> None:
    """It is as it was found: no account figure, and a maintenance solved back from the liquidation price."""
    case = CASES[name]
    exchange = ccxt.hyperliquid()
    exchange.set_markets([exchange.parse_market({"name": "ETH", "szDecimals": 4, "maxLeverage": 50, "markPx": "2986"})])
    parsed = exchange.parse_position(case["inputs"]["raw"])
    for field, expected in case["parsed"].items():
        found = parsed[field]
        if expected is None or field == "marginMode":
            assert found == expected, field
        else:
            assert abs(D(str(found)) - D(expected)) < D("1e-4"), field


def test_our_symbols_are_those_of_ccxt() -> None:
    """Of the main dex and of dexes built by others, whatever their collateral."""
    given = payloads(
        {"": state(), "km": state()}, {"kPEPE": ONE_STEP, "BTC": ONE_STEP, "km:US500": ONE_STEP}, tokens={"km": 360}
    )
    exchange = ccxt.hyperliquid({"options": {"cachedCurrenciesById": {"0": "USDC", "360": "USDH"}}})
    for meta, collateral in zip(given["allPerpMetas"], ("USDC", "USDH"), strict=True):
        for row in meta["universe"]:
            dex = row["name"].partition(":")[0] if ":" in row["name"] else ""
            leg = Leg(row["name"], D(1), D(100), D(100), D(30))
            here = {**given, "clearinghouseState": {**given["clearinghouseState"], dex: state([leg])}}
            [position] = KIND.read(here, AT).positions
            theirs = exchange.parse_market({**row, "collateralTokenName": collateral, "markPx": "100"})
            assert (position.symbol, position.margin_asset) == (theirs["symbol"], theirs["settle"])


def test_a_dex_is_a_pool_of_its_own() -> None:
    """In standard mode: its money, its ratio; what another dex holds does not stand behind it."""
    states = {
        "": state([BTC], D(50)),
        "xyz": state([Leg("xyz:TSLA", D(-1), D(200), D(200), maintenance=D(5))], D(20)),
        "km": state(),
    }
    given = payloads(states, {"BTC": ONE_STEP, "xyz:TSLA": ((D(0), 20),), "km:US500": ONE_STEP}, tokens={"km": 360})
    read = KIND.read(given, AT)
    pools = Book.of(read, AT, {}).pools
    assert {name: number(pool.margin_ratio) for name, pool in pools.items()} == {
        "USDC": D("2.75") / 50, "xyz": D(5) / 20,
    }  # fmt: skip
    assert (pools["xyz"].unit, number(pools["xyz"].wallet)) == ("USDC", D(20))
    assert [balance.asset for balance in read.balances] == ["USDC", "xyz"]
    assert read.modes.words == "standard"


def test_a_unified_account_pools_all_dexes_of_a_collateral() -> None:
    """Σ cross maintenance over the spot total less Σ isolated margin, for each collateral."""
    states = {
        "": state([BTC, Leg("ETH", D(1), D(90), D(100), D(30))], D(1)),
        "xyz": state([Leg("xyz:TSLA", D(-1), D(200), D(200), maintenance=D(5))], D(1)),
        "km": state([Leg("km:US500", D(1), D(400), D(400), maintenance=D(10))], D(1)),
    }
    tables = {"BTC": ONE_STEP, "ETH": ONE_STEP, "xyz:TSLA": ((D(0), 20),), "km:US500": ((D(0), 20),)}
    spot = {0: "130", 360: "40"}
    given = payloads(states, tables, mode="unifiedAccount", spot=spot, tokens={"km": 360})
    pools = Book.of(KIND.read(given, AT), AT, {}).pools
    assert {name: number(pool.equity) for name, pool in pools.items()} == {"USDC": D(100), "USDH": D(40)}
    assert number(pools["USDC"].ratio_venue) == number(pools["USDC"].ratio_ours) == D("7.75") / 100
    assert {key.symbol for key in pools["USDC"].positions} == {"BTC/USDC:USDC", "XYZ-TSLA/USDC:USDC"}
    nearer = payloads(
        states, tables, mode="unifiedAccount", spot=spot, tokens={"km": 360},
        tokenToAvailableAfterMaintenance=[[0, "72.25"], [360, "999"]],
    )  # fmt: skip
    pools = Book.of(KIND.read(nearer, AT), AT, {}).pools
    assert {name: number(pool.equity) for name, pool in pools.items()} == {"USDC": D(80), "USDH": D(40)}
    del given["spotClearinghouseState"]["balances"][1]
    with pytest.raises(PayloadError, match="no row of USDH"):
        KIND.read(given, AT)


def test_dex_abstraction_leaves_cross_pools_unknown() -> None:
    """Isolated positions are readable all the same, and so is the venue's own price."""
    legs = [
        Leg("BTC", D(2), D(100), D(110), maintenance=D("2.75"), liquidation=D(90)),
        Leg("ETH", D(1), D(90), D(100), D(30)),
    ]
    given = payloads({"": state(legs, D(50))}, {"BTC": ONE_STEP, "ETH": ONE_STEP}, mode="dexAbstraction")
    book = Book.of(KIND.read(given, AT), AT, {})
    pool = book.pools["USDC"]
    assert isinstance(pool.margin_ratio, Unknown)
    assert "DEX abstraction" in pool.margin_ratio.reason
    cross, isolated = sorted(book.positions.values(), key=lambda risk: risk.key)
    assert isinstance(cross.liquidation, Known)
    assert isinstance(isolated.margin_ratio, Known)
    assert isolated.position.margin_mode is MarginMode.ISOLATED


def test_portfolio_margin_counts_its_debts_and_turns_its_ratio() -> None:
    """Liquidation is at 0.95 there; a negative balance and what is borrowed are debts."""
    given = payloads(
        {"": state([BTC], D(50))}, {"BTC": ONE_STEP}, mode="portfolioMargin", spot={0: "-25", 360: "3"},
        portfolioMarginEnabled=True, portfolioMarginRatio="0.95",
    )  # fmt: skip
    given["spotClearinghouseState"]["balances"][1]["borrowed"] = "4"
    read = KIND.read(given, AT)
    assert number(Book.of(read, AT, {}).pools["portfolio margin"].margin_ratio) == 1
    assert read.debts == {"USDC": D(25), "USDH": D(4)}
    assert read.modes.multi_asset
    for gone in ("portfolioMarginRatio", "portfolioMarginEnabled"):
        less = {name: value for name, value in given["spotClearinghouseState"].items() if name != gone}
        if gone == "portfolioMarginEnabled":
            with pytest.raises(MomentsDifferError, match="userAbstraction"):
                KIND.read({**given, "spotClearinghouseState": less}, AT)
            continue
        ratio = Book.of(KIND.read({**given, "spotClearinghouseState": less}, AT), AT, {}).pools["portfolio margin"]
        assert isinstance(ratio.margin_ratio, Unknown)


@pytest.mark.parametrize("mode", ["", "unified", None, 7, "Disabled"])
def test_an_unknown_mode_is_no_read(mode: Any) -> None:
    """The formulas hang on it."""
    with pytest.raises(PayloadError, match="userAbstraction"):
        KIND.read({**payloads({"": state()}, {"BTC": ONE_STEP}), "userAbstraction": mode}, AT)


def test_nothing_listed_and_something_required_is_no_read() -> None:
    """Neither an empty list nor one that lacks a position is taken for what is held."""
    given = payloads({"": state([BTC], D(50))}, {"BTC": ONE_STEP})
    whole = given["clearinghouseState"][""]
    with pytest.raises(PayloadError, match="totalNtlPos"):
        KIND.read({**given, "clearinghouseState": {"": {**whole, "assetPositions": []}}}, AT)
    empty = {**state((), D(50)), "crossMaintenanceMarginUsed": "2.75"}
    with pytest.raises(PayloadError, match=r"no cross position is listed, yet maintenance of 2\.75"):
        KIND.read({**given, "clearinghouseState": {"": empty}}, AT)
    with pytest.raises(PayloadError, match="crossMaintenanceMarginUsed: is 0"):
        KIND.read({**given, "clearinghouseState": {"": {**whole, "crossMaintenanceMarginUsed": "0.0"}}}, AT)


def test_an_isolated_position_that_is_left_out_is_missed() -> None:
    """The sum of all notionals holds it, and that is looked at before anything else."""
    given = payloads(
        {"": state([BTC, Leg("ETH", D(1), D(90), D(100), D(30))], D(50))}, {"BTC": ONE_STEP, "ETH": ONE_STEP}
    )
    del given["clearinghouseState"][""]["assetPositions"][1]
    with pytest.raises(PayloadError, match=r"marginSummary\.totalNtlPos: 320"):
        KIND.read(given, AT)


def test_an_account_value_that_its_raw_usd_does_not_make_is_no_read() -> None:
    """All cross equity hangs on this figure, so it is reckoned a second time from the same answer."""
    given = payloads({"": state([BTC], D(50))}, {"BTC": ONE_STEP})
    for name in ("marginSummary", "crossMarginSummary"):
        given["clearinghouseState"][""][name]["accountValue"] = "5000"
    with pytest.raises(PayloadError, match=r"crossMarginSummary\.accountValue: 5000, where .* makes 50"):
        KIND.read(given, AT)


def test_a_flat_account_is_flat() -> None:
    """Nothing held, nothing required; a position closed to nothing may still be listed."""
    flat = state((), D(50))
    closed = Leg("BTC", D(0), D(0), D(0)).row()
    for rows in ([], [closed]):
        read = KIND.read(payloads({"": {**flat, "assetPositions": rows}}, {"BTC": ONE_STEP}), AT)
        assert (read.positions, read.stops) == ((), ())
    assert read.balances[0].wallet == D(50)


@pytest.mark.parametrize("changes", [{"szi": "0.0"}, {"positionValue": "0.0"}])
def test_a_size_without_value_is_no_read(changes: dict[str, str]) -> None:
    """Nor a value without a size: neither closes a position."""
    given = payloads({"": state([BTC], D(50))}, {"BTC": ONE_STEP})
    given["clearinghouseState"][""]["assetPositions"][0]["position"] |= changes
    with pytest.raises(PayloadError, match="szi"):
        KIND.read(given, AT)


def test_every_dex_of_the_listing_must_answer() -> None:
    """Its state always, its orders where something is held."""
    states = {"": state(), "xyz": state([Leg("xyz:TSLA", D(1), D(200), D(200), D(30))])}
    given = payloads(states, {"BTC": ONE_STEP, "xyz:TSLA": ONE_STEP})
    with pytest.raises(PayloadError, match=r"clearinghouseState\.xyz"):
        KIND.read({**given, "clearinghouseState": {"": states[""]}}, AT)
    with pytest.raises(PayloadError, match=r"frontendOpenOrders\.xyz"):
        KIND.read({**given, "frontendOpenOrders": {"": []}}, AT)
    assert len(KIND.read({**given, "frontendOpenOrders": {"xyz": []}}, AT).positions) == 1


def test_an_unlisted_coin_is_named() -> None:
    """It asks for the listing anew."""
    given = payloads({"": state([Leg("NEW", D(1), D(200), D(200), D(30))])}, {"BTC": ONE_STEP})
    with pytest.raises(UnlistedError, match="'NEW' is not in the listing of dex main"):
        KIND.read(given, AT)


def test_the_tiers_of_bitcoin() -> None:
    """40x up to 150 million, 20x above: a deduction of 1,875,000."""
    table = ((D(0), 40), (D(150_000_000), 20))
    given = payloads({"": state([Leg("BTC", D(2000), D(100_000), D(100_000), D(20_000_000))])}, {"BTC": table})
    read = KIND.read(given, AT)
    assert [(tier.floor, tier.rate, tier.cum) for tier in read.markets[0].tiers] == [
        (D(0), D("0.0125"), D(0)), (D(150_000_000), D("0.025"), D(1_875_000)),
    ]  # fmt: skip
    [risk] = Book.of(read, AT, {}).positions.values()
    assert number(risk.maintenance) == D(200_000_000) * D("0.025") - 1_875_000


@pytest.mark.parametrize(
    "changes",
    [
        {"marginTableId": 77}, {"marginTableId": None}, {"maxLeverage": 50}, {"maxLeverage": "0"},
        {"marginTableId": 20}, {"marginTableId": "x"},
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_leaves_ours_unknown(changes: dict[str, Any]) -> None:
    """And the venue's own figures stand."""
    leg = Leg("BTC", D(1), D(100), D(100), D(30), liquidation=D("70.9"))
    given = payloads({"": state([leg])}, {"BTC": ONE_STEP})
    given["allPerpMetas"][0]["universe"][0] |= changes
    [risk] = Book.of(KIND.read(given, AT), AT, {}).positions.values()
    assert isinstance(risk.liquidation_ours, Unknown)
    assert isinstance(risk.margin_ratio, Unknown)
    assert number(risk.liquidation) == D("70.9")


def test_the_mark_is_the_shortest_price_that_makes_the_value() -> None:
    """The value is printed with six decimals: 0.00031 · 67,400 is 20.894 and not a quotient of many digits."""
    assert mark_of(D("0.00031"), D("20.894")) == D(67400)
    assert mark_of(D("54460298"), D("500925.821004")) == D("0.009198")
    assert mark_of(D("12500"), D("34316250.0")) == D("2745.3")


def test_the_equity_is_the_venues_whatever_the_entry_is_rounded_to() -> None:
    """An entry price shown with few digits moves neither equity nor liquidation price."""
    exact, shown = (Leg("BTC", D(1000), D("0.123456"), D("0.13"), D(30)) for _ in range(2))
    given, rounded = (payloads({"": state([leg])}, {"BTC": ONE_STEP}) for leg in (exact, shown))
    rounded["clearinghouseState"][""]["assetPositions"][0]["position"]["entryPx"] = "0.1235"
    risks = [next(iter(Book.of(KIND.read(one, AT), AT, {}).positions.values())) for one in (given, rounded)]
    assert number(risks[0].margin_ratio) == number(risks[1].margin_ratio)
    assert number(risks[0].liquidation_ours) == number(risks[1].liquidation_ours)
    assert not isinstance(risks[0].liquidation_ours, Never)


@pytest.mark.parametrize(
    "names", [[], [{"name": "xyz"}], [None, None], [None, {"name": "xyz"}, {"name": "xyz"}], "x", {}]
)
def test_a_list_of_dexes_must_begin_with_the_main_one(names: Any) -> None:
    """A dex that is not asked would be a dex whose positions nobody sees."""
    with pytest.raises(PayloadError, match="perpDexs"):
        KIND.read({**payloads({"": state()}, {"BTC": ONE_STEP}), "perpDexs": names}, AT)


def test_dexes_and_their_coins_must_belong_together() -> None:
    """The two answers go by position: a coin that bears another dex's name shows that they do not."""
    given = payloads({"": state(), "xyz": state()}, {"BTC": ONE_STEP, "xyz:TSLA": ONE_STEP})
    with pytest.raises(PayloadError, match="no coin of dex"):
        KIND.read({**given, "allPerpMetas": given["allPerpMetas"][::-1]}, AT)
    with pytest.raises(PayloadError, match="holds 1 dexes, perpDexs 2"):
        KIND.read({**given, "allPerpMetas": given["allPerpMetas"][:1]}, AT)


def test_what_is_seen_and_not_watched() -> None:
    """Spot coins that stand behind nothing; the collateral of a unified account does."""
    given = payloads({"": state()}, {"BTC": ONE_STEP}, spot={0: "5", 360: "7"})
    assert KIND.read(given, AT).unwatched == ("spot USDC, USDH",)
    given["userAbstraction"] = "unifiedAccount"
    assert KIND.read(given, AT).unwatched == ("spot USDH",)
