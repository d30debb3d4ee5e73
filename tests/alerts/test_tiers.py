"""Maintenance tiers that the venue changes are told where they move a liquidation price, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from tests.core.bench import BTC, Bench, account, d, market, position, shipped
from watchdog.alerts.tiers import moved
from watchdog.domain.effects import Level, Message
from watchdog.domain.market import Tier
from watchdog.domain.position import AccountRead, Position, Terms
from watchdog.domain.reading import Known, Never, Unknown

HELD = position()


def of(*tiers: Tier, held: Position = HELD) -> AccountRead:
    """The account with other tiers of BTC."""
    read = account(held)
    return replace(read, markets=tuple(replace(one, tiers=tiers) if one.symbol == BTC else one for one in read.markets))


DEARER = of(Tier(d(0), None, d("0.02"), d(0)))


def told(*reads: AccountRead) -> list[Message]:
    """What is said of tiers over these reads, ten seconds apart."""
    bench = Bench.with_rules(shipped("watch"))
    for read in reads:
        bench.read(read)
        bench.after(10)
    return [one for one in bench.messages() if "MAINTENANCE" in one.lines[0]]


def test_dearer_tiers_are_a_warning_with_both_prices() -> None:
    """Once three reads have shown them, with the liquidation price before and after at the same moment."""
    assert told(account(HELD), DEARER, DEARER) == [], "one read is no news, nor are two"
    (message,) = told(account(HELD), *(DEARER,) * 5)
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


def test_tiers_that_were_wrong_for_a_read_or_two_are_no_news() -> None:
    """And a read without any neither confirms nor forgets."""
    assert told(account(HELD), DEARER, DEARER, account(HELD), DEARER, DEARER, account(HELD)) == []
    (message,) = told(account(HELD), DEARER, of(), DEARER, DEARER)
    assert "90,361.4 → 91,836.7" in message.lines[1]


def test_reads_near_a_funding_time_confirm_nothing() -> None:
    """A minute before and after each whole hour of UTC, when a venue may be setting anything."""
    bench = Bench.with_rules(shipped("watch"))
    bench.after(580).read(account(HELD))  # 20:58:40
    heard: list[float] = []
    for _ in range(20):
        bench.after(10).read(DEARER)
        heard += [bench.mono] * (sum("TIERS" in head for head in bench.heads()) - len(heard))
    assert heard == [740.0], "one before 20:59, the others after 21:01"


def test_a_price_that_is_not_known_any_more_is_not_none() -> None:
    """To say "none" would read as if no price liquidated it."""
    first, *_ = market().tiers
    broken = of(first, replace(first, floor=d(10), cap=None))
    (message,) = told(account(HELD), broken, broken, broken)
    assert message.lines[1].startswith("BTC long: liq 90,361.4 → UNKNOWN (BTC/USDT:USDT tiers: ")


def owning(rate: str, size: str = "0.5", entry: str = "100000") -> AccountRead:
    """The account at a venue whose positions carry their own tiers (OKX, Kraken's inverse contracts)."""
    own = Terms(tiers=(Tier(d(0), None, d(rate), d(0)),))
    return of(*market().tiers, held=replace(position(size=size, entry=entry), terms=own))


def test_the_tiers_that_count_for_a_position_are_its_own() -> None:
    """Where it carries some, the market's are nothing to it; and a rate may also be another by orders of one's own."""
    (message,) = told(owning("0.004"), *(owning("0.02"),) * 4)
    assert message.lines[:3] == (
        "WARN · Binance TAKES ANOTHER MAINTENANCE RATE of BTC · main",
        "BTC long: liq 90,361.4 → 91,836.7 by our solve",
        "Its table changed, or other positions or orders of yours that count toward the same tier.",
    )
    untouched = replace(owning("0.004"), markets=DEARER.markets)
    assert told(owning("0.004"), *(untouched,) * 4) == []


def test_own_tiers_of_another_size_are_no_change() -> None:
    """The size has chosen them; and then the new ones are what later ones are held against."""
    assert told(owning("0.004"), *(owning("0.02", size="0.8"),) * 5) == []
    assert told(owning("0.004"), owning("0.02"), owning("0.02"), *(owning("0.02", size="0.8"),) * 5) == []
    none = of(held=replace(position(size="0.8"), terms=Terms(tiers=())))
    assert told(owning("0.004"), owning("0.02"), owning("0.02"), none, *(owning("0.02", size="0.8"),) * 5) == []
    assert len(told(owning("0.004"), *(owning("0.01", size="0.8"),) * 3, *(owning("0.02", size="0.8"),) * 4)) == 1


def test_own_tiers_that_are_reckoned_from_rounded_figures_are_alike() -> None:
    """Each read gives another last digit: that neither is a change nor hides one."""
    assert told(owning("0.00400"), *(owning("0.00402"),) * 4) == []
    assert len(told(owning("0.00400"), owning("0.02001"), owning("0.01999"), owning("0.02"), owning("0.02"))) == 1


def test_what_counts_as_moved() -> None:
    """More than a twentieth of a percent; from a price to none, or to one not known, and back."""

    def price(value: str) -> Known:
        return Known(d(value), "price", "solve", 0.0)

    assert moved(price("100"), price("100.06"))
    assert not moved(price("100"), price("100.05"))
    assert moved(price("100"), Never("solve", 0.0))
    assert moved(Unknown("no tiers"), price("100"))
    assert not moved(Unknown("no tiers"), Unknown("still none"))
