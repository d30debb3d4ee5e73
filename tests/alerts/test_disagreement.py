"""The venue's figures and ours apart for several reads is a warning of its own; rounding and estimates are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, d, only, position
from watchdog.domain.effects import Level, Message
from watchdog.domain.position import AccountRead, MarginMode, Position, PositionSide, Side
from watchdog.domain.reading import Known
from watchdog.venues.known import VENUES

QUIET = only('[[rule]]\nname = "size"\nmetric = "notional"\nwarn = "900000000"\n')
KEY = "disagreement"

# Isolated: ours is 90,361.4, at a mark of 100,000.
FAR = position(venue_liquidation="88000")
FINE = position(venue_liquidation="90361.5")
NEARER = position(venue_liquidation="93000")


def said(bench: Bench) -> list[Message]:
    """What the alert has said."""
    return [message for message in bench.messages() if message.alert == KEY]


def after_reads(*reads: AccountRead, venue: str = "binanceusdm", start: float = 0.0) -> Bench:
    """These reads, ten seconds apart."""
    bench = Bench.with_rules(QUIET, venue=venue).after(start)
    for read in reads:
        bench.read(read)
        bench.after(10)
    return bench


def pooled(venue_ratio: str, wallet: str = "10000") -> AccountRead:
    """A cross position in a pool whose ratio is 4 % by ours; `venue_ratio` is the venue's."""
    read = account(position(margin=None, size="1"), wallet=wallet)
    (balance,) = read.balances
    return replace(read, balances=(replace(balance, venue_ratio=Known(d(venue_ratio), "share", "venue", 0.0)),))


def test_three_reads_apart_are_a_silent_warning_with_both_figures() -> None:
    """Whose is which, which one counts meanwhile, and what to do."""
    assert said(after_reads(account(FAR), account(FAR))) == []
    (message,) = said(after_reads(*[account(FAR)] * 6))
    assert (message.level, message.sound, message.event) == (Level.WARN, False, "fired")
    assert message.lines == (
        "WARN · BTC long liq: Binance says 88,000.0, I reckon 90,361.4 · SOMETHING IS MISREAD · main",
        "Theirs as Binance sends it; mine from size, entry, margin and tiers; mark 100,000.0",
        "The nearer counts meanwhile: 90,361.4, mine, 9.6% away.",
        "You: compare with the Binance app, which is right?",
        "To report it: watchdog snapshot --account main --out FILE",
        "20:49:20 UTC",
    )
    (message,) = said(after_reads(*[account(NEARER)] * 3))
    assert message.lines[2] == "The nearer counts meanwhile: 93,000.0, that of Binance, 7.0% away."


def test_one_read_that_agrees_begins_the_count_anew() -> None:
    """In a row."""
    assert said(after_reads(*[account(FAR), account(FAR), account(FINE)] * 4)) == []


def test_it_is_over_when_three_reads_agree() -> None:
    """Said without a sound, once; a disagreement after that is another."""
    bench = after_reads(*[account(FAR)] * 3, account(FINE), account(FINE))
    assert KEY in bench.firing()
    bench.read(account(FINE))
    assert KEY not in bench.firing()
    (_, over) = said(bench)
    assert (over.event, over.sound) == ("resolved", False)
    assert over.lines[0] == "OK · Binance's figures and mine agree again · main"


def test_a_restart_forgets_neither_the_alert_nor_says_it_again() -> None:
    """It ends by three reads of the new process."""
    bench = after_reads(*[account(FAR)] * 3).restarted()
    for _ in range(2):
        bench.after(10).read(account(FAR))
    assert said(bench) == []
    for _ in range(3):
        assert KEY in bench.firing()
        bench.after(10).read(account(FINE))
    assert KEY not in bench.firing()


def test_a_figure_that_one_side_does_not_have_ends_nothing() -> None:
    """Unknown resolves no alert; a closed position does."""
    none = account(position())
    bench = after_reads(*[account(FAR)] * 3, *[none] * 5)
    assert KEY in bench.firing()
    bench.read(account())
    assert KEY in bench.firing(), "missing from one read is not closed"
    bench.after(10).read(account())
    assert KEY not in bench.firing()


@pytest.mark.parametrize(
    ("ours_at_90361", "apart"),
    [("90361.6", False), ("91200", False), ("91300", True), ("89400", False), ("89300", True)],
)
def test_rounding_is_no_disagreement(ours_at_90361: str, apart: bool) -> None:
    """More than a tenth of the way from mark to the nearer one: of 8,750 or so, or of 9,639."""
    bench = after_reads(*[account(position(venue_liquidation=ours_at_90361))] * 3)
    assert (KEY in bench.firing()) is apart


def test_near_liquidation_a_tenth_of_the_way_is_too_little_to_mind() -> None:
    """Also more than 0.3 % of mark, and two ticks."""
    near = position(mark="91000", venue_liquidation="90500")
    assert said(after_reads(*[account(near)] * 3)) == [], "139 of 500, but 0.15 % of mark"


def test_reads_near_a_funding_time_count_for_nothing() -> None:
    """A minute before and after each whole hour of UTC; the figures need not be of one moment then."""
    bench = after_reads(*[account(FAR)] * 12, start=601.0)  # 20:59:01 to 21:00:51
    assert said(bench) == []
    bench.after(20)
    for _ in range(3):
        bench.read(account(FAR))
        bench.after(10)
    assert len(said(bench)) == 1


def test_no_price_by_ours_and_a_near_one_by_theirs_is_a_disagreement() -> None:
    """As far as none is: a long's at 0. What lies nearly there is none."""

    def whole(venue_liquidation: str) -> AccountRead:
        return account(position(margin="60000", venue_liquidation=venue_liquidation))

    assert said(after_reads(*[whole("400")] * 3)) == []
    (message,) = said(after_reads(*[whole("60000")] * 3))
    head = "WARN · BTC long liq: Binance says 60,000.0, I reckon that no price liquidates it"
    assert message.lines[0].startswith(head)


def test_the_worst_of_an_account_is_named_and_a_new_one_is_told() -> None:
    """One alert for all of them."""
    other = position(AVAX, side=Side.SHORT, size="100", entry="30", mark="30", margin="300", venue_liquidation="60")
    bench = after_reads(*[account(FAR)] * 3, *[account(FAR, other)] * 5)
    first, second = said(bench)
    assert first.lines[0].startswith("WARN · BTC long liq")
    assert second.event == "worsened"
    assert second.lines[0].startswith("WARN · AVAX short liq: Binance says 60.0, I reckon 32.9")
    assert second.lines[3] == "Apart as well: BTC long."


def test_pool_ratios_are_compared_as_well() -> None:
    """By a tenth of the greater, and a point."""
    assert said(after_reads(*[pooled("0.044")] * 3)) == [], "a tenth, but less than a point"
    (message,) = said(after_reads(*[pooled("0.12")] * 3))
    assert message.lines[0].startswith("WARN · USDT pool margin ratio: Binance says 12%, I reckon 4.0% · SOMETHING")
    assert message.lines[2] == "The higher counts meanwhile: 12%, 100% is liquidation."
    assert len(said(after_reads(*[pooled("Infinity")] * 3))) == 1, "without equity, says the venue"


def test_a_pool_is_compared_at_the_marks_of_the_read() -> None:
    """What streams meanwhile moves ours alone."""
    bench = Bench.with_rules(QUIET)
    for _ in range(4):
        began = bench.mono
        bench.after(1).mark(BTC, "92000")
        bench.read(pooled("0.04"), began)
        bench.after(10)
    assert said(bench) == []


def test_a_pool_of_which_a_position_is_missing_is_not_compared() -> None:
    """Ours is without what it requires: that is told otherwise."""
    both = position(margin=None, size="1"), position(AVAX, margin=None, size="500", entry="30", mark="30")
    whole = replace(pooled("0.12"), positions=both)
    bench = after_reads(whole, whole)
    bench.read(pooled("0.12"))
    assert said(bench) == []


def cross_of(venue_liquidation: str) -> AccountRead:
    """A cross position, alone in its pool; ours is 90,361.4."""
    return account(position(margin=None, size="1", venue_liquidation=venue_liquidation), wallet="10000")


@pytest.mark.parametrize("venue", [name for name, entry in VENUES.items() if entry.estimate])
def test_where_a_venue_calls_its_price_an_estimate_nothing_is_said(venue: str) -> None:
    """Of positions in a pool; those of isolated ones are exact there too."""
    assert said(after_reads(*[cross_of("70000")] * 3, venue=venue)) == []
    assert len(said(after_reads(*[account(FAR)] * 3, venue=venue))) == 1


@pytest.mark.parametrize("venue", [name for name, entry in VENUES.items() if not entry.estimate])
def test_elsewhere_the_price_of_a_pool_is_compared(venue: str) -> None:
    """It follows from figures that are all known."""
    assert len(said(after_reads(*[cross_of("70000")] * 3, venue=venue))) == 1


def test_two_legs_are_two_subjects() -> None:
    """In hedge mode each leg has its own price."""

    def leg(one: Position, side: PositionSide) -> Position:
        return replace(one, position_side=side, margin_mode=MarginMode.ISOLATED)

    read = account(leg(FAR, PositionSide.LONG), leg(position(side=Side.SHORT), PositionSide.SHORT))
    bench = after_reads(*[replace(read, modes=replace(read.modes, hedge=True))] * 3)
    assert bench.state.alerts[KEY].about == (f"{BTC} long",)
