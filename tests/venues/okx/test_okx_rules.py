"""OKX's ways of setting an account, its pools, its tiers and fees, and what is not taken for an account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.risk.build import known
from tests.venues.okx.build import (
    BTC_TIERS,
    Answers,
    answers,
    balance,
    book,
    config,
    detail,
    fee,
    instrument,
    position,
    read,
    said,
    tier,
)
from watchdog.domain.position import Contract, MarginMode, PositionSide, Side
from watchdog.domain.reading import Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, UnlistedError
from watchdog.venues.okx.listing import DEFAULT_FEE, unified

D = Decimal
CROSS = {"mmr": "2", "mgnRatio": "100"}


@pytest.mark.parametrize(
    ("level", "words", "multi"),
    [("2", "futures mode", False), ("3", "multi-currency margin", True), ("4", "portfolio margin", True)],
)
def test_the_account_mode_is_said(level: str, words: str, multi: bool) -> None:
    """As OKX's `acctLv` has it."""
    account = balance(detail(**CROSS), adjEq="1000", mmr="2", mgnRatio="100")
    found = read(answers(position(usdPx="1"), account=account, settings=config(level, perm="read_only,trade")))
    assert (found.modes.words, found.modes.multi_asset, found.modes.hedge) == (words, multi, False)
    assert found.modes.can_trade
    assert found.positions[0].pool == ("account" if multi else "USDT")


def test_in_spot_mode_there_are_no_contracts() -> None:
    """One in the list is of another moment, when the account was set otherwise."""
    assert read(answers(settings=config("1"))).positions == ()
    with pytest.raises(MomentsDifferError, match=r"instType: a contract in spot mode"):
        read(answers(position(), settings=config("1")))


def test_portfolio_margin_and_a_delta_neutral_strategy_are_the_venues_alone() -> None:
    """Its ratio is read, ours is Unknown and says why."""
    account = balance(detail(), adjEq="1000", mmr="50", mgnRatio="20")
    for settings in (config("4"), config("3", stgyType="1")):
        made = book(answers(position(usdPx="1"), account=account, settings=settings))
        pool = made.pools["account"]
        assert isinstance(pool.ratio_ours, Unknown)
        assert "the venue alone reckons it" in pool.ratio_ours.reason
        assert known(pool.margin_ratio) == D("0.05")
        assert isinstance(pool.shock_distance, Unknown)


def test_each_currency_is_a_pool_in_futures_mode() -> None:
    """A linear and an inverse position do not share theirs."""
    coin = position("BTC-USD-SWAP", pos="5", mmr="0.00004", notionalUsd="500", mgnRatio="400")
    made = book(
        answers(
            position(),
            coin,
            account=balance(detail(**CROSS), detail("BTC", cashBal="0.02", mmr="0.00004", mgnRatio="400")),
            listed=[instrument("BTC-USDT-SWAP"), instrument("BTC-USD-SWAP")],
            tables={
                "SWAP cross BTC-USDT": said(*BTC_TIERS),
                "SWAP cross BTC-USD": said(tier(1, "0", "500", "0.004", "BTC-USD")),
            },
        )
    )
    assert set(made.pools) == {"USDT", "BTC"}
    assert made.pools["BTC"].unit == "BTC"
    assert [one.terms.contract for one in made.read.positions] == [Contract.LINEAR, Contract.INVERSE]
    # 400 · (0.00004 + 0.0005 · 0.01) coins
    assert known(made.pools["BTC"].equity) == D("0.018")


def test_the_smaller_of_balance_and_ratio_stands_behind_a_currency() -> None:
    """Resting orders hold something back that is in the cash balance; a ratio can't make more of it than there is."""
    for ratio, cash, equity in (("100", "1000", "225"), ("100", "200", "200"), ("5000", "1000", "1000")):
        account = balance(detail(cashBal=cash, mmr="2", mgnRatio=ratio))
        made = book(answers(position(mgnRatio=ratio), account=account))
        assert known(made.pools["USDT"].equity) == D(equity)
        assert known(made.pools["USDT"].margin_ratio) >= 1 / D(ratio)


def test_the_worse_ratio_of_two_answers_counts() -> None:
    """The positions' and the balance's are of nearly the same moment."""
    account = balance(detail(mmr="2", mgnRatio="100"))
    made = book(answers(position(mgnRatio="90"), account=account))
    assert abs(known(made.pools["USDT"].ratio_venue) * 90 - 1) < D("1e-20")


def test_a_ratio_below_zero_is_infinite() -> None:
    """Equity is gone: nothing is worse."""
    account = balance(detail(cashBal="-10", eq="-10", mmr="2", mgnRatio="-4"))
    made = book(answers(position(mgnRatio="-4"), account=account))
    assert known(made.pools["USDT"].margin_ratio) == D("Infinity")
    assert made.read.debts == {"USDT": D(10)}


def test_what_resting_orders_require_counts() -> None:
    """`mmr` above the positions' own, where orders rest: it stands beside them in the pool."""
    account = balance(detail(cashBal="100", mmr="5", mgnRatio="18", ordFrozen="30"))
    made = book(answers(position(), account=account))
    assert made.read.balances[0].others == 3
    # 18 · (2 + 0.25 + 3) = 94.5 is less than the cash
    assert known(made.pools["USDT"].equity) == D("94.5")


def test_in_multi_currency_margin_the_account_is_one_pool_in_usd() -> None:
    """Coins at OKX's haircut, profit in the margin asset's worth, loans as debts."""
    coin = position("BTC-USD-SWAP", avgPx="40000", pos="10", mmr="0.00008", notionalUsd="1000", upl="0.005", usdPx="")
    swap = position(upl="0", usdPx="0.999")
    account = balance(
        detail("BTC", eq="0.105", disEq="4987.5"),
        detail("USDT", eq="-500", disEq="-499.5", liab="500"),
        adjEq="4488",
        mmr="5.998",
        mgnRatio="500",
        notionalUsdForBorrow="500",
    )
    tables = {
        "SWAP cross BTC-USDT": said(*BTC_TIERS),
        "SWAP cross BTC-USD": said(tier(1, "0", "500", "0.004", "BTC-USD")),
    }
    listed = [instrument("BTC-USDT-SWAP"), instrument("BTC-USD-SWAP")]
    made = book(answers(swap, coin, account=account, settings=config("3"), tables=tables, listed=listed))
    [held] = made.read.balances
    assert (held.asset, held.unit, held.others) == ("account", "USD", D("5.998") - D("1.998") - 4)
    assert held.wallet == 4488 - 250  # 0.005 BTC at 50,000
    assert held.collateral == {"BTC": D("4987.5") * D("0.1") / D("0.105")}
    assert known(made.pools["account"].equity) == 4488
    assert made.read.debts == {"USDT": D(500)}


def test_without_the_usd_price_there_is_no_account_pool() -> None:
    """It is not taken for 1."""
    account = balance(detail(), adjEq="1000", mmr="2", mgnRatio="100")
    with pytest.raises(PayloadError, match=r"positions.data\[0\].usdPx: is empty"):
        read(answers(position(), account=account, settings=config("3")))


def test_the_tier_follows_contracts_and_no_price_moves_it() -> None:
    """2,000 contracts are in the second tier, 1,000 still in the first; a gap of one contract is the next tier's."""
    for contracts, rate in (("1000", "0.004"), ("1000.5", "0.005"), ("2000", "0.005"), ("90000", "0.01")):
        size = D(contracts) / 100
        row = position(pos=contracts, mmr=str(size * 50_000 * D(rate)), notionalUsd=str(size * 50_000))
        account = balance(detail(cashBal="99999999", mmr=row["mmr"], mgnRatio="100"))
        [one] = read(answers(row, account=account)).positions
        assert one.terms.tiers is not None
        assert [(each.floor, each.cap, each.rate, each.cum) for each in one.terms.tiers] == [
            (D(0), None, D(rate), D(0))
        ]


def test_a_higher_rate_in_the_row_counts() -> None:
    """Resting orders put a position into a higher tier: what OKX uses is used."""
    [one] = read(answers(position(mmr="5"), account=balance(detail(mmr="5", mgnRatio="100")))).positions
    assert one.terms.tiers is not None
    assert one.terms.tiers[0].rate == D("0.01")


def test_expiries_of_a_family_share_a_tier() -> None:
    """Two of 600 contracts are 1,200."""
    rows = [
        position(f"BTC-USDT-{day}", pos="600", mmr="1200", notionalUsd="300000", mgnRatio="")
        for day in (260327, 260626)
    ]
    listed = [
        instrument(row["instId"], expTime=time)
        for row, time in zip(rows, ("1774598400000", "1782460800000"), strict=True)
    ]
    tables = {"FUTURES cross BTC-USDT": said(*BTC_TIERS)}
    account = balance(detail(cashBal="50000", mmr="2400", mgnRatio=""))
    found = read(answers(*rows, account=account, listed=listed, tables=tables)).positions
    assert [one.terms.tiers[0].rate for one in found if one.terms.tiers] == [D("0.005")] * 2


def test_a_family_without_tiers_leaves_ours_unknown() -> None:
    """The venue's ratio stands alone."""
    made = book(answers(position(), tables={"SWAP cross BTC-USDT": said()}))
    pool = made.pools["USDT"]
    assert isinstance(pool.ratio_ours, Unknown)
    assert known(pool.margin_ratio) == D("0.01")


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (fee("SWAP", "-0.0003", "-0.0004"), "0.0003"),
        (fee("SWAP", feeGroup=[{"groupId": "1", "maker": "-0.0001", "taker": "-0.00035"}]), "0.00035"),
        (fee("SWAP", feeGroup=[{"groupId": "7", "maker": "-0.0001", "taker": "-0.00035"}]), "0.0005"),
        (fee("SWAP", "0.0001"), str(DEFAULT_FEE)),
        (fee("SWAP", ""), str(DEFAULT_FEE)),
    ],
)
def test_the_fee_is_the_accounts_own(rates: dict[str, Any], expected: str) -> None:
    """By fee group, else by settle coin; a rebate or nothing leaves the usual rate."""
    [one] = read(answers(position(), fees=rates)).positions
    assert one.terms.fee == D(expected)


def test_a_contract_is_its_value_times_its_multiplier() -> None:
    """Sizes, steps and limits are in base."""
    listed = [instrument("BTC-USDT-SWAP", ctVal="0.001", ctMult="10", lotSz="0.1", minSz="1", maxStopSz="300")]
    found = read(answers(position(), listed=listed))
    [market] = found.markets
    assert found.positions[0].size == D("0.01")
    assert (market.step, market.min_size, market.max_size) == (D("0.001"), D("0.01"), D(3))


def test_an_isolated_price_is_moved_one_tick_and_a_cross_one_is_not() -> None:
    """As OKX shows them."""
    alone = read(answers(position(mode="isolated"), account=balance(detail()))).positions[0]
    assert (alone.margin_mode, alone.isolated_wallet, alone.terms.toward_market) == (
        MarginMode.ISOLATED,
        D(50),
        D("0.1"),
    )
    assert read(answers(position())).positions[0].terms.toward_market == 0


@pytest.mark.parametrize(("leg", "side"), [("long", Side.LONG), ("short", Side.SHORT)])
def test_legs_in_long_short_mode(leg: str, side: Side) -> None:
    """Both carry a size above zero there; a net row belongs to another moment."""
    settings = config(mode="long_short_mode")
    found = read(answers(position(posSide=leg), settings=settings))
    assert (found.positions[0].side, found.positions[0].position_side.value) == (side, leg)
    with pytest.raises(MomentsDifferError, match="another position mode"):
        read(answers(position(), settings=settings))
    with pytest.raises(PayloadError, match="on the"):
        read(answers(position(posSide=leg, pos="-1"), settings=settings))


def test_in_net_mode_the_sign_is_the_side() -> None:
    """And there is one leg."""
    [one] = read(answers(position(pos="-3", mmr="6", notionalUsd="1500"),
                         account=balance(detail(mmr="6", mgnRatio="50")))).positions  # fmt: skip
    assert (one.side, one.position_side, one.size) == (Side.SHORT, PositionSide.BOTH, D("0.03"))


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        (answers(account=balance(detail(**CROSS))), "no position is listed, yet 2 USDT is required"),
        (answers(account=balance(detail(isoUpl="-3"))), "no isolated position is listed"),
        (
            answers(account=balance(detail(), notionalUsdForSwap="500"), settings=config("3")),
            "contracts are worth something",
        ),
        (answers(account=balance(detail(), mmr="2"), settings=config("4")), "yet 2 USD is required"),
        (answers(position(), account=balance(detail())), "nothing is required, yet BTC/USDT:USDT is held"),
        (answers(position(), account=balance(detail(mmr="4", mgnRatio="100"))), "and no order rests"),
        (answers(position(), account=balance(detail("BTC"))), "has no row of USDT"),
    ],
)
def test_two_answers_that_do_not_belong_together(payloads: Answers, words: str) -> None:
    """An empty list of positions is believed only where the balance requires nothing."""
    with pytest.raises(MomentsDifferError, match=words):
        read(payloads)


def test_resting_orders_alone_may_require_maintenance() -> None:
    """OKX's `mmr` counts them; with no position worth anything that is no contradiction."""
    assert read(answers(account=balance(detail(mmr="2", ordFrozen="30")))).positions == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"instId": "SOL-USDT-SWAP"}, "not in the venue's listing"),
        ({"notionalUsd": "5000"}, "does not fit contracts worth 500"),
        ({"upl": "100"}, "does not follow from size, entry and mark"),
        ({"ccy": "USDC"}, "where USDT is listed"),
        ({"mgnMode": "portfolio"}, "is none of cross, isolated"),
        ({"instType": "PERPETUAL"}, "is none of"),
        ({"instType": "FUTURES"}, "where SWAP is listed"),
    ],
)
def test_a_row_that_contradicts_itself(change: dict[str, str], words: str) -> None:
    """Is no read."""
    with pytest.raises(PayloadError, match=words) as caught:
        read(answers({**position(), **change}))
    assert isinstance(caught.value, UnlistedError) is ("instId" in change)


def test_options_and_margin_trades_are_named_and_stand_in_the_way() -> None:
    """They share the pool and are not reckoned here: what stands behind it is OKX's ratio alone."""
    option = {**position("BTC-USD-260626-50000-C"), "instType": "OPTION", "ccy": "USDT", "mgnMode": "cross"}
    made = book(answers(position(), option))
    assert made.read.unwatched == ("option BTC-USD-260626-50000-C",)
    pool = made.pools["USDT"]
    assert isinstance(pool.ratio_ours, Unknown)
    assert "not watched" in pool.ratio_ours.reason
    assert known(pool.margin_ratio) == D("0.01")


def test_cross_and_isolated_of_one_leg_at_once_have_no_numbers() -> None:
    """The house has one name for both: nothing is said of a mixture. The rest of the account keeps its numbers."""
    apart = position("BTC-USDC-SWAP", mode="isolated")
    listed = [instrument("BTC-USDT-SWAP"), instrument("BTC-USDC-SWAP")]
    tables = {
        f"SWAP {mode} {family}": said(tier(1, "0", "1000", "0.004", family))
        for mode in ("cross", "isolated")
        for family in ("BTC-USDT", "BTC-USDC")
    }
    account = balance(detail(**CROSS))
    before = book(answers(position(), apart, account=account, listed=listed, tables=tables))
    made = book(answers(position(), position(mode="isolated"), apart, account=account, listed=listed, tables=tables))
    assert made.read.modes.no_numbers == ""
    [name] = [text for text in made.read.unwatched if "held in cross mode as well" in text]
    assert name.startswith("the isolated BTC/USDT:USDT")
    twice, alone = (made.positions[key] for key in sorted(made.positions, reverse=True))
    assert (twice.position.margin_mode, twice.position.symbol) == (MarginMode.CROSS, "BTC/USDT:USDT")
    for reading in (twice.liquidation, twice.maintenance, twice.stop_coverage, twice.room_used):
        assert isinstance(reading, Unknown)
        assert "in cross and in isolated mode at once" in reading.reason
    pool = made.pools["USDT"]
    assert isinstance(pool.ratio_ours, Unknown)
    assert known(pool.margin_ratio) == known(before.pools["USDT"].ratio_venue)
    assert alone == before.positions[alone.position.key]
    assert known(alone.liquidation)


def test_a_venue_price_that_is_none_is_unknown() -> None:
    """Empty, zero, and below zero."""
    for price in ("", "0", "-12"):
        [one] = read(answers(position(liqPx=price))).positions
        assert one.venue_liquidation == Unknown("OKX publishes none")


def test_bots_and_coins_that_are_not_watched_are_named() -> None:
    """A coin that stands behind no position, and what a trading bot holds."""
    account = balance(detail(**CROSS, stgyEq="150"), detail("ETH", eq="2"))
    assert read(answers(position(), account=account)).unwatched == ("trading bots in USDT", "spot ETH")


@pytest.mark.parametrize(
    "row",
    [
        instrument("BTC-USDT-SWAP"),
        instrument("BTC-USD-SWAP"),
        instrument("ETH-USDC-SWAP"),
        instrument("BTC-USD-260626", expTime="1782460800000"),
        instrument("BTC-USDT-260327", expTime="1774598400000"),
    ],
    ids=lambda row: row["instId"],
)
def test_symbols_are_ccxts(row: dict[str, Any]) -> None:
    """Made from the listing's rows without ccxt, the same."""
    assert unified(Row.of(row, "row")) == ccxt.okx().parse_market(row)["symbol"]


def test_an_error_in_an_answer_is_no_answer() -> None:
    """Whatever else it holds."""
    payloads = answers(position())
    payloads["positions"] = {"code": "50001", "data": [], "msg": "Service temporarily unavailable"}
    with pytest.raises(PayloadError, match=r"positions.code: 50001 is an error"):
        read(payloads)
