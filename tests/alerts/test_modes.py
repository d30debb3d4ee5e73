"""Another position mode, assets mode, account mode or margin mode is told once, with what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, only, position
from watchdog.alerts.modes import Modes, from_json, to_json
from watchdog.domain.effects import Level, Message
from watchdog.domain.position import AccountModes, AccountRead, MarginMode, PositionKey, PositionSide, Side

QUIET = only('[[rule]]\nname = "size"\nmetric = "notional"\nwarn = "900000000"\n')
CLASSIC = AccountModes(hedge=False, multi_asset=False, can_trade=True)
EACH = AccountModes(hedge=False, multi_asset=False, can_trade=True, words="cross", either_leg=True)
HELD = position()


def said(bench: Bench) -> list[Message]:
    """What was said of modes."""
    return [message for message in bench.messages() if "CHANGED from" in message.lines[0]]


def told(*reads: AccountRead, venue: str = "binanceusdm") -> list[Message]:
    """What is said of modes over these reads, ten seconds apart."""
    bench = Bench.with_rules(QUIET, venue=venue)
    for read in reads:
        bench.read(read)
        bench.after(10)
    return said(bench)


def legs(*sides: Side, modes: AccountModes = EACH) -> AccountRead:
    """One leg of BTC for each side."""
    held = (replace(position(side=side), position_side=PositionSide(side.value)) for side in sides)
    return account(*held, modes=modes)


@pytest.mark.parametrize(
    ("modes", "first", "second"),
    [
        (
            replace(CLASSIC, hedge=True),
            "position mode of main CHANGED from one-way to hedge",
            "A symbol can now hold a",
        ),
        (
            replace(CLASSIC, multi_asset=True),
            "assets mode of main CHANGED from single-asset to multi-assets",
            "All mar",
        ),
        (
            replace(CLASSIC, words="portfolio margin"),
            "account mode of main CHANGED from standard to portf",
            "Other for",
        ),
    ],
)
def test_a_change_of_the_account_is_told_once(modes: AccountModes, first: str, second: str) -> None:
    """From what to what, what that means, and what to do if it was nobody."""
    (message,) = told(account(modes=CLASSIC), *[account(modes=modes)] * 4)
    assert (message.level, message.sound) == (Level.WARN, False)
    assert message.lines[0].startswith(f"WARN · {first}")
    assert message.lines[0].endswith(" · main")
    assert message.lines[1].startswith(second)
    assert message.lines[-2] == "Not by you? Look into Binance: who else has a key."


def test_the_first_read_has_nothing_before_it() -> None:
    """A start is no change, in whatever mode."""
    assert told(account(modes=replace(CLASSIC, hedge=True, multi_asset=True, words="unified"))) == []


def test_a_change_while_it_was_down_is_told_after_the_restart() -> None:
    """The modes are remembered as saved; and told once."""
    bench = Bench.with_rules(QUIET)
    bench.read(account(HELD, modes=CLASSIC))
    new = bench.restarted()
    new.read(account(HELD, modes=CLASSIC))
    assert said(new) == []
    new = new.restarted()
    new.read(account(HELD, modes=replace(CLASSIC, multi_asset=True)))
    assert len(said(new)) == 1
    new = new.restarted()
    new.read(account(HELD, modes=replace(CLASSIC, multi_asset=True)))
    assert said(new) == []


def test_it_is_remembered_though_the_disk_was_full_then() -> None:
    """Once the store can be written again."""
    bench = Bench.with_rules(QUIET, account="main")
    bench.disk_full = True
    bench.read(account(HELD))
    assert "modes" not in bench.rows
    bench.disk_full = False
    bench.after(10).read(account(HELD))
    assert from_json(bench.rows["modes"]["self"]) == bench.state.modes


def test_a_position_that_becomes_cross_is_told() -> None:
    """What stands behind it is another thing."""
    cross = position(margin=None)
    (message,) = told(account(HELD), *[account(cross)] * 3)
    assert message.lines[0] == "WARN · margin mode of BTC long CHANGED from isolated to cross · main"
    assert message.lines[1] == "The whole pool now stands behind it, and can be lost with it."
    (message,) = told(account(cross), account(HELD))
    assert message.lines[1] == "Only its own margin now stands behind it: look where it liquidates."


def test_one_that_was_missing_for_a_read_is_the_same_position() -> None:
    """It was not closed; one that was is another when it comes back."""
    assert len(told(account(HELD), account(), account(position(margin=None)))) == 1
    assert told(account(HELD), account(), account(), account(position(margin=None))) == []


def test_several_changes_of_one_read_are_one_message() -> None:
    """At most eight lines."""
    symbols = [BTC, AVAX, "ETH/USDT:USDT", "SOL/USDT:USDT"]
    before = account(*(position(symbol) for symbol in symbols), modes=EACH)
    after = account(
        *(position(symbol, margin=None) for symbol in symbols), modes=replace(EACH, words="portfolio margin")
    )
    (message,) = told(before, after, venue="bybit")
    assert message.lines[0] == "WARN · account mode of main CHANGED from cross to portfolio margin and 4 more · main"
    assert message.lines[2] == "margin mode of AVAX long: from isolated to cross"
    assert message.lines[4].startswith("Changed as well: margin mode of BTC long, ")
    assert len(message.lines) <= 8


def test_where_each_symbol_has_its_mode_another_leg_is_no_change_of_the_account() -> None:
    """What a venue's folder says of hedge mode there is only whether any leg is held."""
    two = legs(Side.LONG, modes=replace(EACH, hedge=True))
    other = account(position(AVAX), modes=EACH)
    assert told(other, replace(two, positions=(*two.positions, *other.positions)), other) == []


def test_a_symbol_that_was_one_way_and_is_a_leg_is_told() -> None:
    """Between two reads."""
    (message,) = told(account(HELD, modes=EACH), *[legs(Side.LONG)] * 3, venue="gate")
    assert message.lines[0] == "WARN · position mode of BTC CHANGED from one-way to hedge · main"
    assert message.lines[-2] == "Not by you? Look into Gate: who else has a key."


def test_what_is_saved_is_read_back() -> None:
    """Every field."""
    modes = Modes({"account mode": "cross"}, {PositionKey(BTC, PositionSide.LONG): MarginMode.CROSS.value})
    assert from_json(to_json(modes)) == modes
