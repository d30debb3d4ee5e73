"""Whole accounts: the recorded answers, each of them broken in every place, and what each setting means."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.bybit.build import ISOLATED, NAMES, PORTFOLIO, Account, D, Made, page, recorded, setting
from tests.venues.risk_only import AT, broken, fuzz, leaves, number
from watchdog.domain.position import PositionKey, PositionSide
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book
from watchdog.venues.bybit.kind import KIND
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

MILLIONTH = D("1e-6")


def close(found: Any, expected: str) -> bool:
    """Whether a figure is the expected one, to six digits."""
    value = found.value if isinstance(found, Known) else found
    return isinstance(value, Decimal) and abs(value - D(expected)) <= abs(D(expected)) * MILLIONTH


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_account_gives_the_expected_readings(name: str) -> None:
    """Those in the file, which says where its figures are from."""
    payloads, expected = recorded(name)
    read = KIND.read(payloads, AT)
    book = Book.of(read, AT, {})
    for label, figures in expected["positions"].items():
        symbol, _, leg = label.rpartition(" ")
        risk = book.positions[PositionKey(symbol, PositionSide(leg))]
        for figure, value in figures.items():
            found = getattr(risk, figure) if figure != "side" else risk.position.side.value
            if value is None:
                assert isinstance(found, Unknown), figure
            else:
                assert found == value or close(found, value) or isinstance(found, Never), f"{figure}: {found}"
    if "ratio" in expected:
        [pool] = book.pools.values()
        assert (pool.asset, pool.unit) == ("account", "USD")
        assert close(pool.margin_ratio, expected["ratio"]), pool.margin_ratio
        assert close(pool.ratio_venue, expected["ratio_venue"])
    if "equity" in expected:
        assert close(pool.equity, expected["equity"]), pool.equity
    for coin, worth in expected.get("collateral", {}).items():
        assert close(read.balances[0].collateral[coin], worth)
    assert list(read.unwatched) == expected.get("unwatched", [])
    assert {coin: str(owed) for coin, owed in read.debts.items()} == expected.get("debts", {})
    assert read.venue_time_ms == 1766313370100


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_account_is_never_a_safer_one(name: str) -> None:
    """Any value missing, empty, zero, negative, another kind, an unknown word: an error naming it, or no less risk."""
    payloads, _ = recorded(name)
    # A contract's own name is what the listing says it is; nothing else tells it.
    assert list(fuzz(KIND, looked_at(payloads), lambda path: path[-1] in {"baseCoin", "quoteCoin"})) == []


def looked_at(payloads: dict[str, Any]) -> dict[str, Any]:
    """The payloads without the values that no rule reads: those that can be an object without anybody minding."""
    whole, kept = KIND.read(payloads, AT), copy.deepcopy(payloads)
    for path in leaves(payloads):
        try:
            if KIND.read(broken(payloads, path, "an object"), AT) != whole:
                continue
        except PayloadError:
            continue
        inner = kept
        for step in path[:-1]:
            inner = inner[step]
        if isinstance(inner, dict):
            del inner[path[-1]]
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_positions_that_went_missing_are_no_read(name: str) -> None:
    """Each list of them emptied: what the account requires says that something is held."""
    payloads, _ = recorded(name)
    emptied = 0
    for label, pages in payloads["position-list"].items():
        if label != "option" and any(row["size"] != "0" for one in pages for row in one["result"]["list"]):
            broken = copy.deepcopy(payloads)
            broken["position-list"][label] = [page(label.split()[0], [])]
            broken["position-list"]["option"] = [page("option", [])]
            with pytest.raises(PayloadError, match=r"require|gained"):
                KIND.read(broken, AT)
            emptied += 1
    assert emptied


@pytest.mark.parametrize("name", ["portfolio", "cross-mixed"])
def test_a_profit_that_no_listed_position_has_made_is_no_read(name: str) -> None:
    """The account's own sum is another look at what is held, where its coins show no maintenance."""
    payloads, _ = recorded(name)
    row = whole(payloads)
    for one in row["coin"]:
        one["totalPositionMM"] = ""
    KIND.read(payloads, AT)
    row["totalPerpUPL"] = str(D(row["totalPerpUPL"]) - D(20_000))
    with pytest.raises(MomentsDifferError, match="the positions listed have gained"):
        KIND.read(payloads, AT)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_trimmed_reads_the_same(name: str) -> None:
    """And is trimmed no further."""
    payloads, _ = recorded(name)
    again = KIND.trim(payloads)
    assert again == payloads
    assert len(str(payloads)) < 30_000


@pytest.mark.parametrize("change", ["category", "page", "label", "cursor", "retCode"])
def test_a_list_that_is_not_whole_is_no_read(change: str) -> None:
    """A page of another product, none at all, a product not asked for, a page that is missing, an error."""
    payloads, _ = recorded("cross-mixed")
    lists = payloads["position-list"]
    match change:
        case "category":
            lists["inverse"][0]["result"]["category"] = "linear"
        case "page":
            lists["linear USDC"] = []
        case "label":
            del lists["linear USDC"]
        case "cursor":
            lists["linear USDT"][0]["result"]["nextPageCursor"] = "more"
        case _:
            lists["linear USDT"][0]["retCode"] = 10001
    with pytest.raises(PayloadError, match="position-list"):
        KIND.read(payloads, AT)


def test_a_symbol_that_is_not_listed_asks_for_the_listing_anew() -> None:
    """It may have been listed since."""
    payloads, _ = recorded("cross-sol-long-2025-10")
    payloads["position-list"]["linear USDT"][0]["result"]["list"][0]["symbol"] = "NEWUSDT"
    with pytest.raises(UnlistedError):
        KIND.read(payloads, AT)


@pytest.mark.parametrize("status", [1, 3, 4])
def test_an_older_account_is_no_read(status: int) -> None:
    """It says what to do."""
    payloads, _ = recorded("cross-sol-long-2025-10")
    payloads["account-info"] = setting(status=status)
    with pytest.raises(PayloadError, match="upgrade it on Bybit"):
        KIND.read(payloads, AT)


@pytest.mark.parametrize(("mode", "status"), [("HEDGED_MARGIN", 6), ("REGULAR_MARGIN", 7)])
def test_an_unknown_setting_is_no_read(mode: str, status: int) -> None:
    """No formula is guessed for it."""
    payloads, _ = recorded("cross-sol-long-2025-10")
    payloads["account-info"] = setting(mode, status)
    with pytest.raises(PayloadError, match=r"account-info.*none of"):
        KIND.read(payloads, AT)


def test_portfolio_margin_has_the_venues_ratio_only() -> None:
    """No price, no common move, no coverage: nothing of ours is reckoned, and each says why."""
    payloads, _ = recorded("portfolio")
    book = Book.of(KIND.read(payloads, AT), AT, {})
    [pool] = book.pools.values()
    assert close(pool.margin_ratio, "0.07120195")
    [risk] = book.positions.values()
    for reading in (pool.ratio_ours, pool.shock_distance, risk.liquidation, risk.maintenance, risk.stop_coverage):
        assert isinstance(reading, Unknown)
        assert "portfolio margin" in reading.reason


def test_an_account_that_changes_its_mode_is_read_by_the_new_one() -> None:
    """The mode is the account's, whatever the rows say."""
    payloads, _ = recorded("cross-sol-long-2025-10")
    for mode, words, pool in ((ISOLATED, "isolated margin", None), (PORTFOLIO, "portfolio margin", "account")):
        payloads["account-info"] = setting(mode)
        read = KIND.read(payloads, AT)
        assert (read.modes.words, read.positions[0].pool) == (words, pool)
        assert len(read.balances) == (0 if pool is None else 1)


def eth(sign: int = 1, **fields: Any) -> Made:
    """10 ETH at 3,000, marked at 3,100, 20 times."""
    return Made("ETHUSDT", sign, D(10), D(3000), D(3100), D(20), **fields)


def whole(payloads: dict[str, Any]) -> dict[str, Any]:
    """The row of the account."""
    row: dict[str, Any] = payloads["wallet-balance"]["result"]["list"][0]
    return row


def coin(payloads: dict[str, Any], name: str) -> dict[str, Any]:
    """The row of a coin."""
    return next(row for row in whole(payloads)["coin"] if row["coin"] == name)


def test_without_equity_the_ratio_is_infinite() -> None:
    """Whatever the venue's field says then."""
    payloads = Account([eth()], D(5000)).payloads()
    whole(payloads).update({"totalMarginBalance": "-5", "totalAvailableBalance": "-1500", "totalPerpUPL": "1000.5"})
    for rate in ("0", "99.9999"):
        whole(payloads)["accountMMRate"] = rate
        [pool] = Book.of(KIND.read(payloads, AT), AT, {}).pools.values()
        assert number(pool.margin_ratio) == Decimal("Infinity")


def test_a_small_ratio_is_cut_to_nothing_by_the_venue() -> None:
    """Then it is made of its two parts; a 0 that they contradict is no read."""
    payloads = Account([Made("ETHUSDT", 1, D("0.01"), D(3000), D(3100), D(20))], D(5000)).payloads()
    assert whole(payloads)["accountMMRate"] == "0.0000"
    [pool] = Book.of(KIND.read(payloads, AT), AT, {}).pools.values()
    assert D(0) < number(pool.ratio_venue) < D("0.0001")
    payloads = Account([eth()], D(5000)).payloads()
    whole(payloads)["accountMMRate"] = "0"
    with pytest.raises(PayloadError, match=r"accountMMRate: is 0, where 171\.\d+ of"):
        KIND.read(payloads, AT)


def test_a_maintenance_of_zero_with_positions_open_is_no_read() -> None:
    """It can't be true."""
    payloads = Account([eth()], D(5000)).payloads()
    whole(payloads)["totalMaintenanceMargin"] = "0"
    with pytest.raises(PayloadError, match="totalMaintenanceMargin"):
        KIND.read(payloads, AT)


def test_a_venue_ratio_above_ours_counts() -> None:
    """As where open orders put a position into a higher tier than its own value does."""
    payloads = Account([eth()], D(5000)).payloads()
    whole(payloads)["accountMMRate"] = "0.5"
    [pool] = Book.of(KIND.read(payloads, AT), AT, {}).pools.values()
    assert number(pool.margin_ratio) == D("0.5")
    assert number(pool.ratio_ours) < D("0.03")


def test_a_dollar_is_taken_for_one_where_next_to_none_is_held() -> None:
    """Its worth in cents tells no price; elsewhere a price that cannot be true is no read."""
    payloads = Account([eth()], D(5000)).payloads()
    coin(payloads, "USDT").update({"equity": "0.001", "usdValue": "0.002"})
    assert KIND.read(payloads, AT).positions[0].terms.rate == 1
    coin(payloads, "USDT").update({"equity": "6000", "usdValue": "0"})
    with pytest.raises(PayloadError, match=r"usdValue: gives a price of 0\.0000 USD"):
        KIND.read(payloads, AT)


def test_a_settle_coin_without_a_row_is_taken_for_a_dollar() -> None:
    """Bybit lists no coin of which nothing is held."""
    payloads = Account([eth()], D(5000)).payloads()
    whole(payloads)["coin"] = []
    assert KIND.read(payloads, AT).positions[0].terms.rate == 1


def test_debts_and_idle_coins_are_said() -> None:
    """What is borrowed with its interest, a wallet below zero, and a coin that backs nothing."""
    payloads = Account([eth()], D(5000), D(1)).payloads()
    coin(payloads, "BTC").update({"collateralSwitch": False})
    coin(payloads, "USDT").update({"borrowAmount": "3", "accruedInterest": "0.25"})
    read = KIND.read(payloads, AT)
    assert dict(read.debts) == {"USDT": D("3.25")}
    assert read.unwatched == ("BTC: not used as margin",)
    assert "BTC" not in read.balances[0].collateral
    coin(payloads, "USDT").update({"walletBalance": "-10"})
    assert KIND.read(payloads, AT).debts["USDT"] == D(10)


def test_a_debt_in_a_coin_grows_with_its_price() -> None:
    """It counts in full, below zero."""
    payloads = Account([eth()], D(90_000), D(-1)).payloads()
    coin(payloads, "BTC").update({"usdValue": "-50000"})
    assert KIND.read(payloads, AT).balances[0].collateral == {"BTC": D(-50_000)}


def test_an_empty_account_is_read() -> None:
    """Nothing held, nothing rests, nothing is required; but not when maintenance is."""
    payloads = Account([eth()], D(5000)).payloads()
    payloads["position-list"]["linear USDT"] = [page("linear", [])]
    coin(payloads, "USDT")["totalPositionMM"] = "0"
    whole(payloads).update(
        {"totalPerpUPL": "0", "totalMaintenanceMargin": "0", "accountMMRate": "", "accountIMRate": ""}
    )
    read = KIND.read(payloads, AT)
    assert (read.positions, read.stops, read.markets) == ((), (), ())
    whole(payloads)["totalMaintenanceMargin"] = "12"
    with pytest.raises(PayloadError, match="nothing open is listed, yet maintenance of 12 is required"):
        KIND.read(payloads, AT)


def test_both_legs_of_a_hedge_are_read() -> None:
    """By positionIdx; the side must be the leg's."""
    payloads = Account([eth(leg=1), eth(-1, leg=2)], D(5000)).payloads()
    read = KIND.read(payloads, AT)
    assert [one.position_side for one in read.positions] == [PositionSide.LONG, PositionSide.SHORT]
    assert all(isinstance(risk.margin_ratio, Known) for risk in Book.of(read, AT, {}).positions.values())
    payloads["position-list"]["linear USDT"][0]["result"]["list"][1]["side"] = "Buy"
    with pytest.raises(PayloadError, match="a long on the short leg"):
        KIND.read(payloads, AT)


def test_a_position_on_two_pages_is_read_again() -> None:
    """They moved between the requests."""
    payloads = Account([eth()], D(5000)).payloads()
    [first] = payloads["position-list"]["linear USDT"]
    payloads["position-list"]["linear USDT"] = [first, first]
    with pytest.raises(MomentsDifferError, match="listed twice"):
        KIND.read(payloads, AT)


def test_a_settled_usdc_contract_gains_from_its_settlement() -> None:
    """What was paid out is in the wallet: the equity is the venue's, the entry stays the trader's."""
    short = Made("BTCPERP", -1, D("0.5"), D(100_500), D(100_000), D(10))
    plain = Account([short], D(0)).payloads()
    settled = copy.deepcopy(plain)
    [row] = settled["position-list"]["linear USDC"][0]["result"]["list"]
    row |= {"sessionAvgPrice": "100200", "unrealisedPnl": "100"}
    # 150 were paid out: they are wallet now, and no longer profit.
    price, paid = D("0.9998"), D(150)
    whole(settled)["totalPerpUPL"] = str(D(whole(settled)["totalPerpUPL"]) - paid * price)
    coin(settled, "USDC")["walletBalance"] = str(D(coin(settled, "USDC")["walletBalance"]) + paid)
    first, then = (Book.of(KIND.read(one, AT), AT, {}) for one in (plain, settled))
    assert number(first.pools["account"].equity) == number(then.pools["account"].equity)
    del row["sessionAvgPrice"]
    assert number(Book.of(KIND.read(settled, AT), AT, {}).pools["account"].equity) == number(
        first.pools["account"].equity
    )


def test_added_margin_is_behind_an_isolated_position() -> None:
    """`positionBalance` holds it; where Bybit no longer sends that, `positionIM` stands for it: nearer, not farther."""
    payloads = Account([eth(isolated=True, added=D(500))], D(5000)).payloads()
    [row] = payloads["position-list"]["linear USDT"][0]["result"]["list"]
    with_it = number(_only(payloads).liquidation_ours)
    row["positionBalance"] = ""
    without = number(_only(payloads).liquidation_ours)
    assert without > with_it
    assert abs(with_it - (D(3000) * (1 - D(1) / 20) - D(50)) / (1 - D("0.005"))) < D("0.000001")


def _only(payloads: dict[str, Any]) -> Any:
    [risk] = Book.of(KIND.read(payloads, AT), AT, {}).positions.values()
    return risk


@pytest.mark.parametrize("taker", ["0.00055", "0.000649", "0.001", "0"])
def test_the_taker_rate_is_found_behind_the_margins(taker: str) -> None:
    """Whatever the account pays, in any tier, linear and inverse, long and short."""
    for symbol, size in (("ETHUSDT", "10"), ("ETHUSDT", "900"), ("BTCUSD", "30000")):
        for sign in (1, -1):
            one = Made(symbol, sign, D(size), D(3000), D(3100), D(20), taker=D(taker))
            risk = _only(Account([one], D(500_000), D(50)).payloads())
            share = sign / D(20)
            expected = D(taker) * (1 + share if one.inverse else 1 - share)
            assert abs(risk.position.terms.fee - expected) < D("1e-12")


@pytest.mark.parametrize("margins", [("2000", "171.1975"), ("1566.1975", "500")])
def test_margins_of_another_moment_leave_the_base_rate(margins: tuple[str, str]) -> None:
    """They do not belong to the value at mark."""
    payloads = Account([eth(taker=D("0.001"))], D(5000)).payloads()
    [row] = payloads["position-list"]["linear USDT"][0]["result"]["list"]
    row["positionIM"], row["positionMM"] = margins
    coin(payloads, "USDT")["totalPositionMM"] = margins[1]
    assert _only(payloads).position.terms.fee == D("0.00055") * (1 - D(1) / 20)


def test_margins_of_few_digits_leave_the_base_rate() -> None:
    """One dollar of BTCUSD: eight digits of a bitcoin do not tell a fee."""
    one = Made("BTCUSD", 1, D(1), D(50_000), D(50_100), D(20), taker=D("0.001"))
    payloads = Account([one], D(500), D(1)).payloads()
    [row] = payloads["position-list"]["inverse"][0]["result"]["list"]
    for field in ("positionIM", "positionMM"):
        row[field] = format(round(D(row[field]), 8), "f")
    assert _only(payloads).position.terms.fee == D("0.00055") * (1 + D(1) / 20)


def test_options_leave_a_cross_pool_to_bybit() -> None:
    """Its ratio stands; nothing that follows from a price of ours does: a short call loses without end as it rises."""
    payloads, _ = recorded("cross-mixed")
    book = Book.of(KIND.read(payloads, AT), AT, {})
    [pool] = book.pools.values()
    assert isinstance(pool.margin_ratio, Known)
    for reading in (pool.equity, pool.ratio_ours, pool.shock_down, pool.shock_up):
        assert isinstance(reading, Unknown)
        assert "options share this pool" in reading.reason
    assert all(isinstance(risk.liquidation, Unknown) for risk in book.positions.values())


def test_the_same_account_without_its_option_is_reckoned() -> None:
    """What stands behind the pool is known then: 40 USD of haircut loss less, the coins at 95 %."""
    payloads, _ = recorded("cross-mixed")
    payloads["position-list"]["option"] = [page("option", [])]
    coin(payloads, "USDC")["totalPositionMM"] = "255"
    read = KIND.read(payloads, AT)
    book = Book.of(read, AT, {})
    [pool] = book.pools.values()
    assert close(pool.equity, "24650.69510204")
    assert close(read.balances[0].collateral["BTC"], "19000")
    assert close(book.positions[PositionKey("ETH/USDT:USDT", PositionSide.BOTH)].stop_coverage, "0.6")


@pytest.mark.parametrize("label", ["linear USDT", "linear USDC", "inverse", "option"])
def test_a_list_that_came_empty_beside_options_is_no_read(label: str) -> None:
    """Options are added to what the positions require: they do not switch the second look off."""
    payloads, _ = recorded("cross-mixed")
    payloads["position-list"][label] = [page(label.partition(" ")[0], [])]
    for one in whole(payloads), *whole(payloads)["coin"]:
        one.pop("totalPerpUPL", None)
    whole(payloads)["totalPerpUPL"] = str(sum(_worth(row) for row in _open(payloads)))
    with pytest.raises(MomentsDifferError, match="is required, yet the positions listed require"):
        KIND.read(payloads, AT)


def _open(payloads: dict[str, Any]) -> list[dict[str, Any]]:
    lists = payloads["position-list"]
    return [row for name in lists if name != "option" for one in lists[name] for row in one["result"]["list"]]


def _worth(row: dict[str, Any]) -> Decimal:
    """Profit in USD, so that the account's sum alone shows nothing missing."""
    return D(row["unrealisedPnl"]) * (D(row["markPrice"]) if row["symbol"] == "BTCUSD" else 1)


@pytest.mark.parametrize("field", ["positionValue", "positionMM", "unrealisedPnl"])
def test_a_size_of_zero_that_is_worth_something_is_no_read(field: str) -> None:
    """A row of which every other figure says that it is open; one that is empty throughout is passed over."""
    payloads, _ = recorded("cross-sol-long-2025-10")
    [row] = [row for row in _open(payloads) if row["size"] != "0"]
    row["size"] = "0"
    for other in {"positionValue", "positionMM", "unrealisedPnl"} - {field}:
        row[other] = ""
    with pytest.raises(PayloadError, match=rf"{field}: .* where the size of the same row is 0"):
        KIND.read(payloads, AT)
