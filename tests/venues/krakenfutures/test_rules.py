"""What Kraken's rules promise beside figures: second looks, netting, what is not watched."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.krakenfutures.build import PAYLOADS, answers, contract, flex, held, single
from tests.venues.risk_only import AT, number
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError
from watchdog.venues.krakenfutures.kind import KIND
from watchdog.venues.krakenfutures.listing import read_levels

D = Decimal
LEVELS = [("0", "0.02", "0.01"), ("1000000", "0.04", "0.02")]


def payload(name: str) -> dict[str, Any]:
    """A payload file's answers, to be changed."""
    answers: dict[str, Any] = copy.deepcopy(PAYLOADS[name]["payloads"])
    return answers


@pytest.mark.parametrize("name", ["flex", "inverse"])
def test_no_position_and_yet_a_requirement_is_no_read(name: str) -> None:
    """A list of positions that came empty is not flat while the wallet requires maintenance."""
    broken = payload(name)
    broken["openpositions"]["openPositions"] = []
    with pytest.raises(PayloadError, match=r"maintenance of .* is required"):
        KIND.read(broken, AT)


@pytest.mark.parametrize("name", ["flex", "inverse"])
def test_a_position_and_no_requirement_are_of_different_moments(name: str) -> None:
    """A wallet that requires nothing yet was read before the position was there, or after: read again."""
    broken = payload(name)
    accounts = broken["accounts"]["accounts"]
    accounts["flex"]["maintenanceMargin"] = "0"
    if "fi_xbtusd" in accounts:
        accounts["fi_xbtusd"]["marginRequirements"]["mm"] = "0"
    with pytest.raises(MomentsDifferError):
        KIND.read(broken, AT)


def test_an_answer_that_is_an_error_is_no_read() -> None:
    """`result` must say success in every answer."""
    for name in payload("flat"):
        broken = payload("flat")
        broken[name]["result"] = "error"
        with pytest.raises(PayloadError, match=f"{name}.result"):
            KIND.read(broken, AT)


def test_a_name_and_a_type_that_do_not_go_together_are_no_read() -> None:
    """A contract whose type is not what its name says is not passed over as an option."""
    broken = payload("flex")
    broken["instruments"]["instruments"][0]["type"] = "options"
    with pytest.raises(PayloadError, match="is listed as"):
        KIND.read(broken, AT)


@pytest.mark.parametrize("where", [("openpositions", "openPositions"), ("openorders", "openOrders")])
def test_a_symbol_that_is_not_listed_asks_for_the_listing(where: tuple[str, str]) -> None:
    """A new contract is looked for in a new listing; it is not passed over."""
    broken = payload("flex")
    broken[where[0]][where[1]][0]["symbol"] = "PF_NEWUSD"
    with pytest.raises(UnlistedError):
        KIND.read(broken, AT)


def test_a_position_listed_twice_is_no_read() -> None:
    """Kraken is one-way: two rows of one contract cannot both be true."""
    broken = payload("flex")
    broken["openpositions"]["openPositions"].append(broken["openpositions"]["openPositions"][0])
    with pytest.raises(PayloadError, match="listed twice"):
        KIND.read(broken, AT)


def test_what_a_wallet_requires_is_krakens_own_figure() -> None:
    """An account with rates of its own (a retail one: 25 %) is reckoned by what Kraken requires of it."""
    changed = payload("flex")
    changed["accounts"]["accounts"]["flex"]["maintenanceMargin"] = "7000"
    before, after = (Book.of(KIND.read(one, AT), AT, {}) for one in (payload("flex"), changed))
    assert number(after.pools["flex"].maintenance) == D(7000)
    pool = after.pools["flex"]
    assert abs(number(pool.ratio_ours) - number(pool.ratio_venue)) < D("1e-20")
    key = next(key for key in before.positions if key.symbol == "BTC/USD:USD")
    near, far = (number(book.positions[key].liquidation_ours) for book in (after, before))
    assert far < near < number(before.positions[key].mark)


def test_isolated_positions_make_the_shared_wallet_unknown() -> None:
    """REST does not say how the wallet is parted between isolated and cross positions, so neither do we."""
    changed = payload("flex")
    changed["openpositions"]["openPositions"][2]["maxFixedLeverage"] = "5.0"
    book = Book.of(KIND.read(changed, AT), AT, {})
    assert isinstance(book.pools["flex"].margin_ratio, Unknown)
    assert all(isinstance(risk.margin_ratio, Unknown) for risk in book.positions.values())


def test_a_contract_of_another_type_is_said_and_not_reckoned() -> None:
    """An option margined by the same wallet is named, and the wallet's risk is unknown."""
    changed = payload("flex")
    changed["instruments"]["instruments"].append({"symbol": "OF_XBTUSD_261225_90000_C", "type": "options"})
    changed["openpositions"]["openPositions"].append(held("OF_XBTUSD_261225_90000_C", "long", "1", "900"))
    read = KIND.read(changed, AT)
    assert any("OF_XBTUSD_261225_90000_C" in one for one in read.unwatched)
    assert isinstance(Book.of(read, AT, {}).pools["flex"].margin_ratio, Unknown)


def test_what_is_not_margin_and_what_is_owed_is_said() -> None:
    """The holding wallet is named as not watched; a negative balance is a debt."""
    changed = payload("flex")
    changed["accounts"]["accounts"]["flex"]["currencies"]["USD"]["quantity"] = "-12.5"
    read = KIND.read(changed, AT)
    assert read.unwatched == ("holding wallet: XRP",)
    assert dict(read.debts) == {"USD": D("12.5")}


def test_a_wallet_without_equity_is_an_infinite_ratio() -> None:
    """Nothing left and something required is the end, not unknown."""
    changed = payload("inverse")
    changed["accounts"]["accounts"]["fi_xbtusd"]["auxiliary"]["pv"] = "-0.001"
    pool = Book.of(KIND.read(changed, AT), AT, {}).pools["fi_xbtusd"]
    assert number(pool.ratio_venue).is_infinite()
    assert number(pool.margin_ratio).is_infinite()


def test_a_larger_size_steps_up_as_a_whole() -> None:
    """A level counts for the whole position, by its USD value at entry or its number of contracts."""
    read = KIND.read(
        answers(
            [contract("PF_XBTUSD", LEVELS), contract("PI_XBTUSD", [("0", "0.02", "0.01"), ("500000", "0.04", "0.02")])],
            [held("PF_XBTUSD", "long", "20", "50000"), held("PI_XBTUSD", "short", "999999", "50000")],
            {"PF_XBTUSD": "50000", "PI_XBTUSD": "50000"},
            {"flex": flex(D(50000), D(20000), D(0)), "fi_xbtusd": single("xbt", D(5), D("0.4"), D(0))},
        ),
        AT,
    )
    required = {key.symbol: number(risk.maintenance) for key, risk in Book.of(read, AT, {}).positions.items()}
    assert required == {"BTC/USD:USD": D(20_000), "BTC/USD:BTC": D(999_999) / 50_000 / 50}


def test_an_estimate_of_a_shared_wallet_is_of_no_single_position() -> None:
    """Kraken's estimate is one price a wallet: with two contracts in it, it is neither's."""
    changed = payload("inverse")
    changed["openpositions"]["openPositions"].append(held("FI_XBTUSD_261225", "short", "500", "8100"))
    changed["tickers"]["tickers"].append({"symbol": "FI_XBTUSD_261225", "markPrice": "8100"})
    for position in KIND.read(changed, AT).positions:
        assert isinstance(position.venue_liquidation, Unknown)
        assert isinstance(position.venue_maintenance, Unknown)
    [alone] = KIND.read(payload("inverse"), AT).positions
    assert isinstance(alone.venue_liquidation, Known)


@pytest.mark.parametrize(
    "levels",
    [
        [("100", "0.02", "0.01")],
        [("0", "0.02", "0.03")],
        [("0", "2", "1")],
        [("0", "0.04", "0.02"), ("500", "0.04", "0.01")],
        [("0", "0.02", "0.01"), ("0", "0.04", "0.02")],
    ],
)
def test_levels_that_cannot_be_true_are_refused(levels: list[tuple[str, str, str]]) -> None:
    """From 0 up, rising, maintenance not above initial, shares and not per cent."""
    rows = contract("PF_XBTUSD", levels)["marginLevels"]
    with pytest.raises(PayloadError):
        read_levels(rows, "marginLevels", D(1))
