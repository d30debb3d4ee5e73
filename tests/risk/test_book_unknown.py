"""Law 1 in the book: what is missing makes Unknown what depends on it, by name, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from tests.risk.build import BTC, ETH, ONE_TIER, ONE_WAY, account, balance, known, market, position, stop
from watchdog.domain.market import Tier
from watchdog.domain.position import AccountModes, AccountRead, Balance, Position, PositionKey, PositionSide, Side
from watchdog.domain.reading import Known, Never, Unknown
from watchdog.risk import Book, PoolRisk, PositionRisk

D = Decimal
BTC_KEY, ETH_KEY = PositionKey(BTC, PositionSide.BOTH), PositionKey(ETH, PositionSide.BOTH)
FALLING = (Tier(D(0), D(100), D("0.01"), D(0)), Tier(D(100), None, D("0.005"), D(0)))


def unknowns(risk: PositionRisk | PoolRisk) -> dict[str, str]:
    """The readings that are Unknown, with the reason."""
    readings = {each.name: getattr(risk, each.name) for each in fields(risk)}
    return {name: reading.reason for name, reading in readings.items() if isinstance(reading, Unknown)}


def known_names(risk: PositionRisk | PoolRisk) -> set[str]:
    """The readings that are a number."""
    return {each.name for each in fields(risk) if isinstance(getattr(risk, each.name), Known)}


def pair(bad: Position, tiers: tuple[Tier, ...] = ONE_TIER) -> AccountRead:
    """A cross pool of a bad BTC position and a sound ETH one of which the venue gives the price."""
    eth = position(ETH, size="1", entry="1000", mark="1000", venue="500")
    return account([bad, eth], [balance("1000")], markets=[market(BTC, tiers), market(ETH)])


@pytest.mark.parametrize(
    ("bad", "reason", "still"),
    [
        (position(mark="0", wallet="1000"), f"{BTC} mark price: 0 cannot be true", set()),
        (position(mark="NaN", wallet="1000"), f"{BTC} mark price: NaN cannot be true", set()),
        (position(size="0", wallet="1000"), f"{BTC} size: 0 cannot be true", set()),
        (
            position(entry="0", wallet="1000"),
            f"{BTC} entry price: 0 cannot be true",
            {"mark", "notional", "maintenance"},
        ),
        (
            position(wallet="NaN"),
            f"{BTC} isolated wallet: not given",
            {"mark", "notional", "maintenance", "unrealised"},
        ),
        (
            replace(position(wallet="1"), isolated_wallet=None),
            f"{BTC} isolated wallet: not given",
            {"mark", "notional", "maintenance", "unrealised"},
        ),
        (
            position(position_side=PositionSide.LONG, wallet="1000"),
            f"{BTC} position side: a long leg in one-way mode",
            set(),
        ),
    ],
)
def test_what_a_bad_field_of_an_isolated_position_takes_with_it(bad: Position, reason: str, still: set[str]) -> None:
    """A field that cannot be true: all that needs it is Unknown and names it; what does not need it stays."""
    risk = Book.of(account([bad]), 0.0, {}).positions[bad.key]
    assert known_names(risk) == still
    lost = unknowns(risk)
    for name in ("margin_ratio", "liquidation_ours", "liquidation_distance", "room_used", "stop_coverage"):
        assert reason in lost[name]


@pytest.mark.parametrize(
    ("tiers", "reason"),
    [
        ((), f"{BTC} tiers: there are no tiers"),
        (FALLING, f"{BTC} tiers: tier 2: its rate 0.005 is below the one before, 0.01"),
    ],
)
def test_without_usable_tiers(tiers: tuple[Tier, ...], reason: str) -> None:
    """No usable tiers: no maintenance, ratio or price of ours; equity and leverage need none and stay."""
    held = position(wallet="1000")
    risk = Book.of(account([held], markets=[market(BTC, tiers)]), 0.0, {}).positions[BTC_KEY]
    assert known_names(risk) == {"mark", "notional", "unrealised", "equity", "effective_leverage"}
    assert unknowns(risk)["margin_ratio"] == reason
    assert unknowns(risk)["liquidation_ours"] == reason


@pytest.mark.parametrize("bad", [position(mark="0"), position(size="-1"), position(entry="0")])
def test_one_unknown_position_blinds_its_pool(bad: Position) -> None:
    """Ratio, shock and room of the pool are Unknown, and our price of the others; the venue's price still counts."""
    book = Book.of(pair(bad), 0.0, {})
    pool = book.pools["USDT"]
    assert {"margin_ratio", "shock_distance", "shock_down", "shock_up", "room_used"} <= set(unknowns(pool))
    assert pool.shock_direction is None
    assert all(
        BTC in reason for name, reason in unknowns(pool).items() if name not in {"venue_maintenance", "ratio_venue"}
    )
    eth = book.positions[ETH_KEY]
    assert BTC in unknowns(eth)["liquidation_ours"]
    assert BTC in unknowns(eth)["margin_ratio"]
    assert isinstance(eth.liquidation, Known)
    assert eth.liquidation.value == 500
    assert BTC in eth.liquidation.source
    assert known(eth.room_used) == 0
    # Liquidation is there or nearer, as the pool may go first: nobody may place or count a stop on the venue's price.
    assert isinstance(eth.liquidation_near, Known)
    assert eth.liquidation_near.value == 500
    assert eth.liquidation_near.source == "venue alone; the pool may go first"
    assert eth.pool_first is not None
    assert BTC in eth.pool_first.reason
    assert known(eth.stop_coverage) == 0


def test_tiers_missing_for_one_leave_the_pools_equity() -> None:
    """Without one position's tiers the pool's ratio is Unknown; its equity and leverage are not."""
    pool = Book.of(pair(position(), tiers=()), 0.0, {}).pools["USDT"]
    assert {"equity", "notional", "unrealised", "wallet", "effective_leverage"} == known_names(pool)
    assert unknowns(pool)["shock_distance"] == f"{BTC} tiers: there are no tiers"


def test_other_pools_and_isolated_positions_stay_known() -> None:
    """What one pool does not know is not the other pool's trouble."""
    held = [
        position(mark="0"),
        position("SOL/USDC:USDC", asset="USDC"),
        position("XRP/USDT:USDT", wallet="1000"),
    ]
    book = Book.of(account(held, [balance("1000"), balance("1000", "USDC")]), 0.0, {})
    assert known(book.pools["USDC"].margin_ratio) == D("0.04")
    assert known(book.positions[held[2].key].margin_ratio) == D("0.04")


@pytest.mark.parametrize(
    ("balances", "reason"),
    [
        ([], "USDT wallet: no balance row"),
        ([balance("1000", "USDC")], "USDT wallet: no balance row"),
        ([balance("1"), balance("2")], "USDT wallet: 2 balance rows"),
        ([balance("NaN")], "USDT wallet: NaN is not a number"),
    ],
)
def test_a_pool_without_one_good_balance_row(balances: list[Balance], reason: str) -> None:
    """No row, two rows or no number: nothing that needs the wallet is known; what the positions say is."""
    book = Book.of(account([position()], balances), 0.0, {})
    pool, risk = book.pools["USDT"], book.positions[BTC_KEY]
    assert unknowns(pool)["wallet"] == unknowns(pool)["margin_ratio"] == unknowns(pool)["shock_distance"] == reason
    assert known_names(pool) == {"notional", "unrealised", "maintenance"}
    assert unknowns(risk)["liquidation_ours"] == reason


def test_alone_in_its_pool_the_venues_price_is_the_pools() -> None:
    """A lone cross position without tiers: the venue's price is where its pool goes, so it serves for stops too."""
    held = position(venue="9040")
    read = account([held], [balance("1000")], markets=[], stops=[stop()])
    risk = Book.of(read, 0.0, {}).positions[BTC_KEY]
    assert known(risk.liquidation_near) == 9040
    assert known(risk.stop_coverage) == 1


@pytest.mark.parametrize(
    ("modes", "reason"),
    [
        (
            AccountModes(hedge=False, multi_asset=True, can_trade=True, no_numbers="no formula of it is known"),
            "no formula of it is known",
        ),
    ],
)
def test_account_modes_we_have_no_formulas_for(modes: AccountModes, reason: str) -> None:
    """Every single reading is Unknown with that reason, and marks change nothing."""
    held = [position(venue="9040"), position(ETH, Side.SHORT, wallet="1000", venue="9040")]
    book = Book.of(account(held, [balance("1000")], modes=modes, stops=[stop()]), 0.0, {})
    risks: list[PositionRisk | PoolRisk] = [*book.positions.values(), *book.pools.values()]
    for risk in risks:
        assert known_names(risk) == set()
        assert set(unknowns(risk).values()) == {reason}
        assert not any(isinstance(getattr(risk, each.name), Never) for each in fields(risk))
    assert book.with_mark(BTC, D(9999), 1.0) is book


def test_a_position_read_twice_is_no_read() -> None:
    """A read that holds one position twice contradicts itself: no numbers."""
    book = Book.of(account([position(), position(size="2")], [balance("1000")], modes=ONE_WAY), 0.0, {})
    assert set(unknowns(book.positions[BTC_KEY]).values()) == {f"{BTC}: the read holds this position 2 times"}


@pytest.mark.parametrize("venue", ["0", "-1", "NaN"])
def test_a_venue_price_that_is_none(venue: str) -> None:
    """A venue price of zero, less, or no number is Unknown and not used."""
    risk = Book.of(account([position(wallet="1000", venue=venue)]), 0.0, {}).positions[BTC_KEY]
    assert unknowns(risk)["liquidation_venue"] == f"{BTC} venue liquidation price: {venue} cannot be true"
    assert round(known(risk.liquidation), 2) == D("9036.14")


def test_never_is_not_for_a_venue_to_say() -> None:
    """A venue room that sends Never is not believed: only our own solve says it."""
    risk = Book.of(account([position(wallet="1000", venue=Never("venue", 0.0))]), 0.0, {}).positions[BTC_KEY]
    assert isinstance(risk.liquidation_venue, Unknown)
    assert isinstance(risk.liquidation, Known)
