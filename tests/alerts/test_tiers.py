"""Maintenance tiers that the venue changes are told where they move a liquidation price, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from tests.core.bench import BTC, Bench, account, d, market, position, shipped
from watchdog.alerts.tiers import moved
from watchdog.domain.effects import Level, Message
from watchdog.domain.market import Tier
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Never, Unknown

HELD = position()


def of(*tiers: Tier) -> AccountRead:
    """The account with other tiers of BTC."""
    read = account(HELD)
    return replace(read, markets=tuple(replace(one, tiers=tiers) if one.symbol == BTC else one for one in read.markets))


def told(*reads: AccountRead) -> list[Message]:
    """What is said of tiers over these reads, ten seconds apart."""
    bench = Bench.with_rules(shipped("watch"))
    for read in reads:
        bench.read(read)
        bench.after(10)
    return [one for one in bench.messages() if "TIERS" in one.lines[0]]


def test_dearer_tiers_are_a_warning_with_both_prices() -> None:
    """Once, with the liquidation price before and after at the same moment."""
    (message,) = told(account(HELD), of(Tier(d(0), None, d("0.02"), d(0))), of(Tier(d(0), None, d("0.02"), d(0))))
    assert message.level is Level.WARN
    assert message.lines[0] == "WARN · Binance CHANGED THE MAINTENANCE TIERS of BTC · main"
    assert message.lines[1] == "BTC long: liq 90,361.4 → 91,836.7 by our solve"


def test_tiers_far_from_the_position_are_no_news() -> None:
    """Another rate for sizes nobody holds moves nothing; and so does another way to write the same."""
    first, *_ = market().tiers
    assert told(account(HELD), of(first, Tier(d(300_000), None, d("0.05"), d(13_800)))) == []


def test_tiers_that_come_or_go_are_no_change() -> None:
    """A venue that gave none has nothing to be compared with: that is Unknown, and told as such."""
    assert told(account(HELD), of(), account(HELD)) == []


def test_the_first_read_has_nothing_before_it() -> None:
    """A start is no change."""
    assert told(of(Tier(d(0), None, d("0.02"), d(0)))) == []


def test_what_counts_as_moved() -> None:
    """More than a twentieth of a percent; from a price to none, or to one not known, and back."""

    def price(value: str) -> Known:
        return Known(d(value), "price", "solve", 0.0)

    assert moved(price("100"), price("100.06"))
    assert not moved(price("100"), price("100.05"))
    assert moved(price("100"), Never("solve", 0.0))
    assert moved(Unknown("no tiers"), price("100"))
    assert not moved(Unknown("no tiers"), Unknown("still none"))
