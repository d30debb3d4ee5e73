"""Binance USD-M payloads: what a good one means, and that a spoilt one is an error that names the field."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.venues import payloads
from watchdog.domain.position import AccountRead, MarginMode, OrderSide, PositionSide, Side, StopKind, TriggerKind
from watchdog.domain.reading import Known, Unknown
from watchdog.venues.binanceusdm.listing import Listing, read_brackets
from watchdog.venues.binanceusdm.rules import read_account
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

AT = 12.5
PARTS = ("positions", "account", "config", "algo_orders")


def listing() -> Listing:
    """The two markets of the payloads."""
    rows = {row["symbol"]: row for row in payloads.exchange_info()["symbols"]}
    symbols = {"BTCUSDT": "BTC/USDT:USDT", "WLDUSDT": "WLD/USDT:USDT"}
    return Listing({one: (symbols[one], row) for one, row in rows.items()}, read_brackets(payloads.leverage_bracket()))


def answers() -> dict[str, Any]:
    """The four answers of a good read."""
    return {
        "positions": payloads.position_risk(),
        "account": payloads.account(),
        "config": payloads.account_config(),
        "algo_orders": [payloads.algo_order()],
        "asset_index": payloads.asset_index(),
    }


def read(given: dict[str, Any]) -> AccountRead:
    """Read them."""
    positions, account, config, orders = (given[part] for part in PARTS)
    return read_account(positions, account, config, orders, listing(), AT, given.get("asset_index"))


def test_a_good_read_says_what_is_held() -> None:
    """Every figure of a position is the venue's own, exact."""
    btc, wld = read(answers()).positions
    assert (btc.symbol, btc.side, btc.size, btc.position_side) == (
        "BTC/USDT:USDT",
        Side.LONG,
        Decimal("0.500"),
        PositionSide.BOTH,
    )
    assert (btc.entry, btc.mark) == (Decimal("116892.7"), Decimal("115000.00000000"))
    assert btc.margin_mode is MarginMode.CROSS
    assert btc.isolated_wallet is None
    assert btc.venue_maintenance == Known(Decimal("230.00000000"), "money", "binance", AT)
    assert btc.venue_liquidation == Known(Decimal("111441.2"), "price", "binance", AT)
    assert (wld.side, wld.size, wld.margin_mode, wld.isolated_wallet) == (
        Side.SHORT,
        Decimal(849),
        MarginMode.ISOLATED,
        Decimal(280),
    )


def test_a_balance_holds_only_what_is_cross() -> None:
    """The pool's wallet is the cross wallet, and its maintenance leaves the isolated positions out."""
    usdt, usdc = read(answers()).balances
    assert (usdt.asset, usdt.wallet, usdt.venue_unrealised) == ("USDT", Decimal(3000), Decimal("-946.35"))
    assert usdt.venue_maintenance == Known(Decimal(230), "money", "binance", AT)
    assert (usdc.asset, usdc.wallet) == ("USDC", Decimal(0))


def test_a_read_says_what_rests_and_what_it_is_listed_as() -> None:
    """The stop is read in every field that protects; the markets of all symbols come with it."""
    found = read(answers())
    (stop,) = found.stops
    assert (stop.kind, stop.trigger, stop.order_side) == (StopKind.STOP_MARKET, TriggerKind.MARK, OrderSide.SELL)
    assert (stop.trigger_price, stop.size) == (Decimal(113600), Decimal("0.500"))
    assert (stop.reduce_only, stop.close_position) == (True, False)
    assert (stop.client_id, stop.venue_id) == (payloads.OUR_ID, "2148627")
    assert [market.symbol for market in found.markets] == ["BTC/USDT:USDT", "WLD/USDT:USDT"]
    assert found.venue_time_ms == 1760126399000


def test_flags_may_be_words() -> None:
    """`"true"` and `"false"` are read as what they say; any other word is an error."""
    given = answers()
    given["algo_orders"] = [payloads.algo_order(reduceOnly="false", closePosition="true", quantity="0.000")]
    (stop,) = read(given).stops
    assert (stop.reduce_only, stop.close_position, stop.size) == (False, True, None)
    given["algo_orders"] = [payloads.algo_order(reduceOnly="yes")]
    with pytest.raises(PayloadError, match="reduceOnly"):
        read(given)


@pytest.mark.parametrize(
    ("order_type", "kind"),
    [
        ("STOP", StopKind.STOP_LIMIT),
        ("TAKE_PROFIT", StopKind.TAKE_PROFIT),
        ("TAKE_PROFIT_MARKET", StopKind.TAKE_PROFIT),
        ("TRAILING_STOP_MARKET", StopKind.TRAILING),
        ("SOMETHING_NEW", StopKind.UNKNOWN),
    ],
)
def test_other_orders_are_not_taken_for_stop_market(order_type: str, kind: StopKind) -> None:
    """What an order is comes from its type alone; one we do not know is told as unknown."""
    given = answers()
    given["algo_orders"] = [payloads.algo_order(orderType=order_type, workingType="CONTRACT_PRICE")]
    (stop,) = read(given).stops
    assert (stop.kind, stop.trigger) == (kind, TriggerKind.LAST)


@pytest.mark.parametrize("status", ["TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "EXPIRED", "REJECTED", "ODD"])
def test_only_a_new_order_rests(status: str) -> None:
    """An order in any other state protects nothing."""
    given = answers()
    given["algo_orders"] = [payloads.algo_order(algoStatus=status)]
    assert read(given).stops == ()


def test_a_maintenance_of_zero_is_unknown_and_makes_the_pool_unknown() -> None:
    """`"0"` cannot be true of an open position: neither it nor the sum is a number then."""
    given = answers()
    given["positions"][0]["maintMargin"] = "0"
    found = read(given)
    assert isinstance(found.positions[0].venue_maintenance, Unknown)
    assert isinstance(found.balances[0].venue_maintenance, Unknown)


@pytest.mark.parametrize("nothing", ["0", "0.0", ""])
def test_no_liquidation_price_is_unknown_not_safe(nothing: str) -> None:
    """Where Binance publishes none, the reading says so."""
    given = answers()
    given["positions"][0]["liquidationPrice"] = nothing
    assert read(given).positions[0].venue_liquidation == Unknown("Binance publishes none")


@pytest.mark.parametrize(("wallet", "margin"), [("0", "11.2"), ("-3.5", "7.7"), ("280", "0")])
def test_an_isolated_position_is_seen_even_with_an_empty_wallet(wallet: str, margin: str) -> None:
    """Funding can eat the isolated wallet while profit keeps the position: it is isolated all the same."""
    given = answers()
    given["positions"][1] |= {"isolatedWallet": wallet, "isolatedMargin": margin}
    position = read(given).positions[1]
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.isolated_wallet == Decimal(wallet)


def test_hedge_and_multi_asset_mode_are_told() -> None:
    """The modes come through as they are set, with both legs of a symbol."""
    given = answers()
    given["config"] |= {"dualSidePosition": True, "multiAssetsMargin": True, "canTrade": False}
    for rows in (given["positions"], given["account"]["positions"]):
        for row in rows:
            if row["positionAmt"] != "0":
                row["positionSide"] = "SHORT" if row["positionAmt"].startswith("-") else "LONG"
    found = read(given)
    assert (found.modes.hedge, found.modes.multi_asset, found.modes.can_trade) == (True, True, False)
    assert [position.position_side for position in found.positions] == [PositionSide.LONG, PositionSide.SHORT]


def test_a_leg_in_one_way_mode_is_of_another_moment() -> None:
    """A mode and a position that cannot go together were not read at the same moment."""
    given = answers()
    given["config"]["dualSidePosition"] = True
    with pytest.raises(MomentsDifferError, match="different moments"):
        read(given)


def _without_first(rows: list[Any]) -> None:
    del rows[0]


def _empty(rows: list[Any]) -> None:
    rows.clear()


@pytest.mark.parametrize("where", ["positions", "account"])
@pytest.mark.parametrize("spoil", [_without_first, _empty])
def test_two_answers_that_differ_are_no_read(where: str, spoil: Callable[[list[Any]], None]) -> None:
    """A position that only one of the two answers shows is never taken as held, nor as gone."""
    given = answers()
    spoil(given["positions"] if where == "positions" else given["account"]["positions"])
    with pytest.raises(MomentsDifferError, match="different moments"):
        read(given)


def test_a_size_that_differs_is_of_another_moment() -> None:
    """Both answers must show the same size."""
    given = answers()
    given["account"]["positions"][0]["positionAmt"] = "-850"
    with pytest.raises(MomentsDifferError, match="WLDUSDT"):
        read(given)


@pytest.mark.parametrize("field", ["totalMaintMargin", "assets"])
def test_nothing_held_while_maintenance_is_required_is_bad_data(field: str) -> None:
    """An empty list of positions does not make an account flat when its maintenance says otherwise."""
    given = answers()
    given["positions"], given["account"]["positions"] = [], []
    if field == "assets":
        given["account"]["totalMaintMargin"] = "0"
    else:
        given["account"]["assets"][0]["maintMargin"] = "0"
    with pytest.raises(PayloadError, match="maintenance of 249"):
        read(given)


def test_a_flat_account_is_flat_when_everything_says_so() -> None:
    """No position, no maintenance, in both answers: that is a read."""
    given = answers()
    given["positions"], given["account"]["positions"], given["algo_orders"] = [], [], []
    given["account"]["totalMaintMargin"] = given["account"]["assets"][0]["maintMargin"] = "0.00000000"
    found = read(given)
    assert (found.positions, found.stops, found.markets) == ((), (), ())
    assert len(found.balances) == 2


def test_an_unlisted_symbol_is_named() -> None:
    """A position in a symbol our listing does not hold asks for the listing, and is never left out."""
    given = answers()
    for row in (given["positions"][0], given["account"]["positions"][1]):
        row["symbol"] = "NEWUSDT"
    with pytest.raises(UnlistedError, match="NEWUSDT"):
        read(given)


ANSWERS = {
    "positions": "positionRisk",
    "account": "account",
    "config": "accountConfig",
    "algo_orders": "openAlgoOrders",
    "asset_index": "assetIndex",
}
WRONG: dict[str, Any] = {
    "null": None,
    "empty": "",
    "zero": "0",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "negative": "-1",
    "junk": "n/a",
    "underscore": "1_0",
    "number": 7,
    "true": True,
    "list": [],
    "filled list": ["x"],
    "object": {},
}


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a payload, containers too."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))


def _spoilt(path: tuple[Any, ...], value: Any, *, missing: bool = False) -> dict[str, Any]:
    given = copy.deepcopy(answers())
    at: Any = given
    for step in path[:-1]:
        at = at[step]
    if missing:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return given


def _names(error: PayloadError, path: tuple[Any, ...]) -> bool:
    """Whether the error names the spoilt field, or the list or answer that it makes senseless."""
    names = [ANSWERS[path[0]], *(step for step in path[1:] if isinstance(step, str))]
    return (
        names[-1] in error.field or (len(names) > 2 and names[-2] in error.field) or "different moments" in str(error)
    )


@pytest.mark.parametrize("path", [path for path in _leaves(answers()) if len(path) > 1], ids=str)
def test_a_spoilt_field_is_an_error_that_names_it_or_changes_nothing(path: tuple[Any, ...]) -> None:
    """Whatever stands in a field, the read either fails with its name or holds all that was held."""
    good = read(answers())
    spoilt = [(_spoilt(path, value), label) for label, value in WRONG.items()]
    spoilt.append((_spoilt(path, None, missing=True), "missing"))
    for given, label in spoilt:
        try:
            found = read(given)
        except PayloadError as error:
            assert _names(error, path), (label, str(error))  # noqa: PT017 - to fail is one of two right ends
            continue
        assert len(found.positions) == len(good.positions), (label, path)
        assert all(position.size > 0 and position.mark > 0 and position.entry > 0 for position in found.positions)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("junk", [None, "", "0", 0, {}, [], [None], ["x"], [[]], [{}], True, "<html>"], ids=repr)
def test_an_answer_of_another_shape_is_never_an_account(part: str, junk: Any) -> None:
    """Of the four answers only an empty list of orders may be empty."""
    given = answers()
    given[part] = junk
    if part == "algo_orders" and junk == []:
        assert read(given).stops == ()
        return
    with pytest.raises(PayloadError):
        read(given)


REQUIRED = {
    ("positions", 0): (
        "symbol positionSide positionAmt entryPrice markPrice liquidationPrice isolatedMargin isolatedWallet"
        " marginAsset maintMargin"
    ),
    ("account",): "assets positions",
    ("account", "assets", 0): "asset crossWalletBalance crossUnPnl maintMargin",
    ("account", "positions", 0): "symbol positionSide positionAmt",
    ("config",): "canTrade dualSidePosition multiAssetsMargin",
    ("algo_orders", 0): (
        "algoId clientAlgoId algoType orderType symbol side positionSide quantity algoStatus triggerPrice workingType"
        " closePosition reduceOnly"
    ),
}


@pytest.mark.parametrize(
    "path", [(*where, field) for where, fields in REQUIRED.items() for field in fields.split()], ids=str
)
@pytest.mark.parametrize("how", ["missing", "null", "object", "list"])
def test_every_field_that_counts_is_required_by_name(path: tuple[Any, ...], how: str) -> None:
    """A field we use that is missing, null or of another type always fails the read, and is named."""
    value = {"null": None, "object": {"a": 1}, "list": [1]}.get(how)
    with pytest.raises(PayloadError) as caught:
        read(_spoilt(path, value, missing=how == "missing"))
    assert str(path[-1]) in str(caught.value)


@pytest.mark.parametrize("field", ["markPrice", "entryPrice"])
@pytest.mark.parametrize("value", ["0", "0.00000000", "-5", "", "NaN"])
def test_a_price_that_cannot_be_is_no_read(field: str, value: str) -> None:
    """Mark and entry of an open position are above zero, or the whole read fails."""
    with pytest.raises(PayloadError, match=field):
        read(_spoilt(("positions", 0, field), value))
