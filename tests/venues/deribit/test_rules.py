"""What Deribit's rules promise beside figures: units, second looks, models that can't be reckoned, stops."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.deribit.build import PAYLOADS, answers, future, held, summary
from tests.venues.risk_only import AT, number
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book
from watchdog.venues.base import KeyPower
from watchdog.venues.deribit import wire
from watchdog.venues.deribit.kind import KIND
from watchdog.venues.deribit.listing import currency_of, is_future
from watchdog.venues.deribit.margin import MAINTENANCE, inverse_tiers, required
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError

D = Decimal


def payload(name: str) -> dict[str, Any]:
    """A payload file's answers, to be changed."""
    found: dict[str, Any] = copy.deepcopy(PAYLOADS[name]["payloads"])
    return found


def summaries(payloads: dict[str, Any]) -> list[dict[str, Any]]:
    """The currencies of the account."""
    rows: list[dict[str, Any]] = payloads["get_account_summaries"]["result"]["summaries"]
    return rows


@pytest.mark.parametrize("name", ["segregated", "cross_sm"])
def test_no_position_and_yet_a_requirement_is_no_read(name: str) -> None:
    """A list of positions that came empty is not flat while the account requires maintenance."""
    broken = payload(name)
    broken["get_positions"]["result"] = []
    broken["get_open_orders"]["result"] = []
    with pytest.raises(PayloadError, match=r"maintenance of .* is required"):
        KIND.read(broken, AT)


def test_a_position_and_no_requirement_are_of_different_moments() -> None:
    """A currency that requires nothing yet was read before the position was there: read again."""
    broken = payload("segregated")
    summaries(broken)[0]["maintenance_margin"] = 0
    with pytest.raises(MomentsDifferError):
        KIND.read(broken, AT)


def test_a_size_in_contracts_is_not_taken_for_one_in_usd() -> None:
    """The size in coins beside it says which it is: ten times too many is no read."""
    broken = payload("segregated")
    broken["get_positions"]["result"][0]["size"] = D(10_000)
    with pytest.raises(PayloadError, match="size_currency"):
        KIND.read(broken, AT)


@pytest.mark.parametrize("field", ["size_currency", "maintenance_margin", "delta"])
def test_a_size_of_zero_that_is_worth_something_is_no_read(field: str) -> None:
    """A row of which another figure says that it is open; margin of open orders and an old profit say nothing."""
    name = "BTC-PERPETUAL"
    row = held(name, D(0), D(0), D(84_000), D(0)) | {"delta": 0, "open_orders_margin": 1, "total_profit_loss": 5}
    found = answers([future(name, "BTC", "USD", "BTC")], [row], [summary("BTC", D(1), D(0))])
    assert KIND.read(found, AT).positions == ()
    row[field] = D("0.25")
    with pytest.raises(PayloadError, match=rf"{field}: 0\.25, where the size of the same row is 0"):
        KIND.read(found, AT)


def test_a_size_that_contradicts_its_direction_is_no_read() -> None:
    """A bought position is not negative."""
    broken = payload("segregated")
    broken["get_positions"]["result"][1]["direction"] = "buy"
    with pytest.raises(PayloadError, match="direction"):
        KIND.read(broken, AT)


def test_portfolio_margin_has_deribits_own_figures_only() -> None:
    """What it requires is no sum over positions: our ratio is unknown, theirs is told."""
    pool = Book.of(KIND.read(payload("cross_pm"), AT), AT, {}).pools["cross"]
    assert isinstance(pool.ratio_ours, Unknown)
    assert "portfolio margin" in pool.ratio_ours.reason
    assert isinstance(pool.margin_ratio, Known)
    assert pool.margin_ratio.source.startswith("venue alone")


def alone(base: str, model: str = "segregated_sm", scale: str = "1", **more: Any) -> Book:
    """A long of 10 coins of an inverse contract, with 2 coins behind it."""
    rate = MAINTENANCE.get(base, MAINTENANCE["BTC"])
    maintenance = required(D(10), rate) * D(scale)
    position = held(f"{base}-PERPETUAL", D(10_000), D(1000), D(1000), maintenance, D("870"))
    read = KIND.read(
        answers(
            [future(f"{base}-PERPETUAL", base, "USD", base)],
            [position],
            [summary(base, D(2), maintenance, model, **more)],
        ),
        AT,
    )
    return Book.of(read, AT, {})


@pytest.mark.parametrize(("base", "scale"), [("XRP", "1"), ("BTC", "1.02"), ("BTC", "0.98")])
def test_a_rule_that_is_not_known_to_hold_is_not_used(base: str, scale: str) -> None:
    """An unknown coin, or a requirement the rule does not give: Deribit's estimate and ratio count alone."""
    [risk] = alone(base, scale=scale).positions.values()
    assert isinstance(risk.liquidation_ours, Unknown)
    assert number(risk.liquidation) == D(870)
    assert isinstance(risk.margin_ratio, Known)
    assert risk.margin_ratio.source.startswith("venue alone")


def test_a_rule_that_holds_is_used() -> None:
    """With Deribit's own figures given by the rule, our price stands beside theirs."""
    [risk] = alone("BTC").positions.values()
    assert abs(number(risk.liquidation_ours) - D(838)) < D(5)
    assert number(risk.liquidation) == D(870)


def test_options_in_a_pool_leave_it_to_deribit() -> None:
    """An option is named as not watched, and the pool it is in is not reckoned."""
    changed = payload("segregated")
    changed["get_positions"]["result"].append(
        {"instrument_name": "BTC-25DEC26-90000-C", "kind": "option", "size": -5, "direction": "sell"}
    )
    read = KIND.read(changed, AT)
    assert any("BTC-25DEC26-90000-C" in one for one in read.unwatched)
    pools = Book.of(read, AT, {}).pools
    assert isinstance(pools["BTC"].ratio_ours, Unknown)
    assert isinstance(pools["BTC"].margin_ratio, Known)
    assert isinstance(pools["USDC"].ratio_ours, Known)


def test_a_haircut_that_is_not_told_leaves_the_shared_pool_to_deribit() -> None:
    """Coins behind a shared pool fall at a haircut: without knowing it our price would be too far."""
    changed = payload("cross_sm")
    for row in summaries(changed):
        if row["cross_collateral_enabled"]:
            row["total_equity_usd"] = row["total_margin_balance_usd"] + 100
    pool = Book.of(KIND.read(changed, AT), AT, {}).pools["cross"]
    assert isinstance(pool.ratio_ours, Unknown)
    assert isinstance(pool.margin_ratio, Known)
    assert isinstance(pool.shock_distance, Unknown)


def test_coins_behind_a_shared_pool_fall_along() -> None:
    """The BTC an account holds is in its collateral, worth what the index says, without the profit of its position."""
    [balance] = KIND.read(payload("cross_sm"), AT).balances
    assert set(balance.collateral) == {"BTC"}
    assert abs(balance.collateral["BTC"] - D("0.02") * 84_000) < D(2)


@pytest.mark.parametrize("field", ["total_margin_balance_usd", "total_maintenance_margin_usd", "total_equity_usd"])
def test_totals_that_differ_between_currencies_are_no_read(field: str) -> None:
    """The currencies of a shared pool carry the same sums."""
    broken = payload("cross_sm")
    summaries(broken)[0][field] += 1
    with pytest.raises(PayloadError, match="different totals"):
        KIND.read(broken, AT)


def test_a_model_that_contradicts_its_flag_is_no_read() -> None:
    """`margin_model` and `cross_collateral_enabled` say the same."""
    broken = payload("segregated")
    summaries(broken)[0]["cross_collateral_enabled"] = True
    with pytest.raises(PayloadError, match="cross_collateral_enabled"):
        KIND.read(broken, AT)


@pytest.mark.parametrize(("answer", "index"), [("get_positions", 0), ("get_open_orders", 0)])
def test_a_future_that_is_not_listed_asks_for_the_listing(answer: str, index: int) -> None:
    """A new contract is looked for in a new listing; it is not passed over."""
    broken = payload("segregated")
    broken[answer]["result"][index]["instrument_name"] = "BTC-26MAR27"
    with pytest.raises(UnlistedError):
        KIND.read(broken, AT)


def test_a_position_listed_twice_is_no_read() -> None:
    """Deribit nets: two rows of one contract cannot both be true."""
    broken = payload("segregated")
    broken["get_positions"]["result"].append(broken["get_positions"]["result"][0])
    with pytest.raises(PayloadError, match="listed twice"):
        KIND.read(broken, AT)


def test_a_stop_that_waits_for_another_order_does_not_count() -> None:
    """The second leg of a one-triggers-other order is no protection until the first has filled."""
    changed = payload("segregated")
    changed["get_open_orders"]["result"][0]["is_secondary_oto"] = True
    assert len(KIND.read(changed, AT).stops) == len(KIND.read(payload("segregated"), AT).stops) - 1


def test_a_negative_balance_is_a_debt() -> None:
    """What a currency is below zero by is owed."""
    changed = payload("cross_sm")
    summaries(changed)[1]["balance"] = D("-3.5")
    assert dict(KIND.read(changed, AT).debts) == {"USDC": D("3.5")}


def test_a_pool_without_balance_is_an_infinite_ratio() -> None:
    """Nothing left and something required is the end, not unknown."""
    changed = payload("segregated")
    summaries(changed)[0]["margin_balance"] = D("-0.1")
    assert number(Book.of(KIND.read(changed, AT), AT, {}).pools["BTC"].margin_ratio).is_infinite()


@pytest.mark.parametrize(
    ("name", "future_one", "currency"),
    [
        ("BTC-PERPETUAL", True, "BTC"),
        ("BTC-25DEC26", True, "BTC"),
        ("BTC_USDC-PERPETUAL", True, "USDC"),
        ("BTC-25DEC26-90000-C", False, "BTC"),
        ("SOL_USDC-25DEC26-90-P", False, "USDC"),
        ("BTC-FS-25DEC26_PERP", False, "BTC"),
        ("BTC_USDC", False, "USDC"),
    ],
)
def test_what_a_name_says(name: str, future_one: bool, currency: str) -> None:
    """Futures are told from options, combos and spot pairs, and each has its currency."""
    assert is_future(name) is future_one
    assert currency_of(name) == currency


def test_the_pieces_are_never_below_the_parabola() -> None:
    """What the tiers require is what the rule does at the size now, and elsewhere a little more, not less."""
    for coin, rate in MAINTENANCE.items():
        for size in (D("0.0004"), D(3), D(700)):
            tiers = inverse_tiers(size, rate)
            for at in (size * step / 20 for step in range(1, 600)):
                if rate.base + 2 * rate.slope * at > D("0.7"):
                    break  # where a coin more asks for nearly a coin more, no tier can say so
                tier = next(one for one in reversed(tiers) if one.floor <= at)
                over = at * tier.rate - tier.cum - required(at, rate)
                assert -D("1e-18") <= over <= rate.slope * (D("0.0025") * at * at + (size / 32) ** 2) + D("1e-18"), coin


@pytest.mark.parametrize(
    ("scope", "power"),
    [
        ("account:read trade:read wallet:none", (False, False)),
        ("account:read trade:read_write wallet:read", (False, True)),
        ("account:read_write trade:read_write wallet:read_write", (True, True)),
        ("all", (None, None)),
    ],
)
def test_what_a_key_may_do(scope: str, power: tuple[bool | None, bool | None]) -> None:
    """The scope says it; a scope that cannot be read is unknown."""
    found: KeyPower = wire.read_power({"max_scope": scope})
    assert (found.withdraw, found.trade) == power
