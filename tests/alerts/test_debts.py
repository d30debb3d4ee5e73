"""What is owed, or may be: an emergency after a liquidation, one word where it was borrowed, over when it is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import AVAX, Bench, account, d, only, position
from watchdog.alerts.debts import Debts, Lost, amount, from_json, to_json
from watchdog.domain.effects import Level, Message
from watchdog.domain.position import AccountModes, AccountRead, Balance
from watchdog.domain.reading import Unknown

QUIET = only('[[rule]]\nname = "size"\nmetric = "notional"\nwarn = "900000000"\n')
MULTI = AccountModes(hedge=False, multi_asset=True, can_trade=True, words="multi-currency margin")
HELD = position(AVAX, margin=None, size="5000", entry="30", mark="28")


def said(bench: Bench) -> list[Message]:
    """What was said of debts."""
    return [one for one in bench.messages() if one.alert == "debt" or ":debt:" in one.id]


def bench_of(venue: str = "okx") -> Bench:
    """An account there."""
    return Bench.with_rules(QUIET, venue=venue, account="alt")


def put(bench: Bench, *reads: AccountRead) -> Bench:
    """These reads, ten seconds apart."""
    for read in reads:
        bench.read(read)
        bench.after(10)
    return bench


def owing(**coins: str) -> AccountRead:
    """No position, and these debts."""
    return replace(account(wallet="0"), debts={coin: d(much) for coin, much in coins.items()})


def test_equity_below_zero_after_a_liquidation_is_an_emergency() -> None:
    """In the form of the trader's page: figure, venue, read time, that it may be owed, what to do, what to keep."""
    bench = put(bench_of(), account(HELD, modes=MULTI), account(wallet="-3113", modes=MULTI))
    assert said(bench) == [], "one read may be one bad figure"
    put(bench, *[account(wallet="-3113", modes=MULTI)] * 4)
    (message,) = said(bench)
    assert (message.level, message.sound, message.event) == (Level.EMERGENCY, True, "fired")
    assert message.lines == (
        "EMERGENCY · EQUITY −3,113 USDT: YOU MAY OWE IT · alt",
        "Equity now −3,113 USDT (OKX, read 20:49:20)",
        "After AVAX long 5,000.000: gone or smaller at 20:49:10",
        "Owe: may owe, a coin below zero is a loan",
        "Still open in this account: nothing in this read",
        "Do: check the balance in OKX, then ask its support before paying",
        "Keep proof: watchdog snapshot --account alt --out FILE",
        "20:49:20 UTC",
    )


def test_a_debt_that_grows_with_a_lost_position_is_an_emergency() -> None:
    """Also one of which a part was there before; what still is open is named."""
    bench = put(bench_of("bybit"), replace(account(HELD), debts={"USDT": d(100)}))
    smaller = replace(account(replace(HELD, size=d(2000))), debts={"USDT": d(2500)})
    put(bench, smaller, smaller)
    first, second = said(bench)
    assert first.level is Level.WARN
    assert second.level is Level.EMERGENCY
    assert second.lines[0] == "EMERGENCY · OWED 2,500 USDT: YOU MAY OWE IT · alt"
    assert second.lines[2].startswith("After AVAX long 3,000.000: gone or smaller at ")
    assert "Still open in this account: AVAX long" in second.lines


def test_a_debt_there_at_the_start_is_said_once() -> None:
    """A loan is no accident; nor does a restart say it again, nor its interest."""
    bench = put(bench_of("bybit"), *[owing(USDT="100", BTC="0.004213")] * 4)
    (message,) = said(bench)
    assert (message.level, message.event) == (Level.WARN, "told")
    assert message.lines[0] == "WARN · alt OWES Bybit 0.004213 BTC, 100 USDT · alt"
    assert message.lines[2].startswith("Owe: may owe, if a coin is borrowed or below zero.")
    new = put(bench.restarted(), *[owing(USDT="110", BTC="0.0043")] * 4)
    assert said(new) == []
    assert not new.firing()


def test_equity_below_zero_at_the_start_is_said_once() -> None:
    """It is not known since when: no emergency of this run's, until there is more of it."""
    bench = put(bench_of(), *[account(wallet="-3113")] * 4)
    (message,) = said(bench)
    assert (message.level, message.lines[0]) == (Level.WARN, "WARN · EQUITY −3,113 USDT: YOU MAY OWE IT · alt")
    put(bench, *[account(wallet="-6000")] * 2)
    assert said(bench)[-1].level is Level.EMERGENCY


def test_a_debt_that_comes_with_nothing_lost_is_said_quietly() -> None:
    """Somebody borrowed."""
    bench = put(bench_of("bybit"), account(HELD), *[replace(account(HELD), debts={"ETH": d(2)})] * 3)
    (message,) = said(bench)
    assert (message.level, message.sound) == (Level.WARN, False)


def test_what_was_lost_long_before_has_no_part_in_it() -> None:
    """A quarter of an hour."""
    bench = put(bench_of("bybit"), account(HELD), *[account()] * 95, *[owing(USDT="50")] * 2)
    (message,) = said(bench)
    assert message.level is Level.WARN


def test_a_liquidation_while_the_daemon_was_down_is_told() -> None:
    """What was held then is remembered, and what was owed."""
    bench = put(bench_of(), account(HELD))
    bench.after(3600)
    new = put(bench.restarted(), *[account(wallet="-3113")] * 2)
    (message,) = said(new)
    assert message.level is Level.EMERGENCY
    assert message.lines[2].startswith("After AVAX: gone or smaller at ")


def test_it_is_over_when_three_reads_show_nothing_owed() -> None:
    """Not before, and not while the pool's equity is not known."""
    bench = put(bench_of(), account(HELD), *[account(wallet="-3113")] * 2, *[account(wallet="5")] * 2)
    dark = replace(account(), balances=(Balance("USDT", Unknown("not sent"), d(0), Unknown("not sent")),))
    put(bench, *[dark] * 5, *[account(wallet="5")] * 2)
    assert "debt" in bench.firing()
    put(bench, account(wallet="5"))
    assert "debt" not in bench.firing()
    assert said(bench)[-1].lines[0] == "OK · nothing is owed to OKX any more · alt"


def test_a_debt_a_quarter_larger_is_said_again() -> None:
    """By the same alert."""
    bench = put(bench_of(), account(HELD), *[account(wallet="-1000")] * 3, *[account(wallet="-1240")] * 3)
    assert len(said(bench)) == 1
    put(bench, *[account(wallet="-1300")] * 3)
    assert [one.event for one in said(bench)] == ["fired", "repeated"]
    assert said(bench)[-1].lines[0] == "EMERGENCY · EQUITY −1,300 USDT: YOU MAY OWE IT · alt"


@pytest.mark.parametrize("venue", ["krakenfutures", "deribit", "hyperliquid"])
def test_where_the_venue_says_no_it_is_not_said_that_it_may_be_owed(venue: str) -> None:
    """That equity is below zero is said all the same."""
    bench = put(bench_of(venue), account(HELD), *[account(wallet="-3113")] * 2)
    (message,) = said(bench)
    assert message.lines[0] == "EMERGENCY · EQUITY −3,113 USDT: BELOW ZERO · alt"
    assert message.lines[3].startswith(("Owe: no", "Owe: normally no"))


def test_dust_and_one_bad_price_are_nothing() -> None:
    """Rounding below a millionth; a pool below zero in one read and not in the next."""
    bench = put(bench_of(), account(HELD), *[account(wallet="-0.0000001")] * 4)
    assert said(bench) == []
    bench = bench_of()
    for wallet in ("20000", "9000", "20000", "9000", "20000"):
        put(bench, account(HELD, wallet=wallet))
    assert said(bench) == []


def test_small_amounts_keep_their_digits() -> None:
    """Four that count."""
    assert amount(d("0.0042134"), "BTC") == "0.004213 BTC"
    assert amount(d("-3113.4"), "USDT") == "−3,113 USDT"
    assert amount(d("0.00000123456"), "BTC") == "0.000001235 BTC"


def test_what_is_saved_is_read_back() -> None:
    """What was told and lost; counts begin anew."""
    debts = Debts({"BTC": d("0.1")}, Lost("AVAX long 5", 12.5))
    assert from_json(to_json(debts)) == debts
    assert from_json(to_json(Debts())) == Debts()
