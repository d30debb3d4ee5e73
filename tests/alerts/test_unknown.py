"""UNKNOWN: an account that is read well, and can't be judged all the same, is not safe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, foreign, only, position, shipped
from watchdog import report
from watchdog.channels.telegram import shown
from watchdog.digest import Tally, digest
from watchdog.domain.effects import Level, Message
from watchdog.domain.position import AccountModes, AccountRead
from watchdog.domain.verbs import Verb

POOL = "unknown|pool USDT"
ALONE = "unknown|isolated positions"
HELD = position(margin=None, size="1", mark="93500", venue_liquidation="90400")
OTHER = position(AVAX, margin=None, size="500", entry="30", mark="25")


def bare(read: AccountRead, *symbols: str) -> AccountRead:
    """Without the maintenance tiers of these markets, as a venue that gives none."""
    markets = (replace(one, tiers=()) if one.symbol in symbols else one for one in read.markets)
    return replace(read, markets=tuple(markets))


POISONED = bare(account(HELD, OTHER, wallet="11500"), AVAX)


def said(bench: Bench, key: str) -> list[Message]:
    """What an alert has said."""
    return [message for message in bench.messages() if message.alert == key]


def status(bench: Bench) -> list[str]:
    """As `/status` has it."""
    return shown.status({"accounts": [report.status(bench.state, bench.now)], "channels": []})


def first_of_digest(bench: Bench) -> str:
    """The digest's first line."""
    return digest([bench.state], Tally(0.0), bench.now, next_at=None, zone=None)[0]


@pytest.mark.parametrize("mode", ["watch", "act"])
def test_good_reads_without_tiers_age_into_an_alert_of_their_own(mode: str) -> None:
    """One message at each level for the whole pool, with what is unknown, why, since when, what rests, what follows."""
    bench = Bench.with_rules(shipped(mode))
    for _ in range(400):
        bench.read(POISONED)
        bench.after(10)
    heard = said(bench, POOL)
    assert [(one.event, one.level, one.sound) for one in heard[:2]] == [
        ("fired", Level.WARN, False),
        ("worsened", Level.CRITICAL, True),
    ]
    assert [one.event for one in heard[2:]] == ["repeated", "repeated"], "each half hour, as BLIND"
    assert heard[1].lines == (
        "UNKNOWN · USDT pool (AVAX long, BTC long): distance from liq and margin ratio for 50 s · NO STOP · main",
        "Why: AVAX/USDT:USDT tiers: there are no tiers, since 20:49:00",
        "AVAX long: mark 25.0 · NO STOP",
        "BTC long: mark 93,500.0 · liq 90,400.0 says Binance · NO STOP",
        "No rule can fire on that, and I place no stop.",
        "You: open the Binance app.",
        "20:49:50 UTC",
    )
    assert heard[2].lines[0].endswith(" · main (again)")
    assert bench.placed() == []


def test_it_asks_to_be_woken_for_both_levels() -> None:
    """No read is needed for it to age, as long as one is fresh."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(POISONED)
    bench.after(10).read(POISONED)
    heard = []
    while bench.mono < 15:
        bench.mono = bench.wake
        bench.due()
        heard += [(bench.mono, one.level) for one in said(bench, POOL)]
    assert heard == [(15.0, Level.WARN)]


def test_nothing_is_well_from_the_first_such_read_on() -> None:
    """Not in `/status`, not in the digest, long before the alert."""
    bench = Bench.with_rules(only('[[rule]]\nname = "big"\nmetric = "notional"\nwarn = "9000000"\n'))
    bench.read(bare(account(position()), BTC))
    assert bench.firing() == set()
    assert status(bench)[0].startswith("NOT ALL WELL")
    assert "Distance or margin ratio UNKNOWN: BTC long" in status(bench)
    assert first_of_digest(bench).endswith(": 1 position of main can't be judged · 1 account, 1 position")


def test_it_ends_quietly_once_all_is_known() -> None:
    """By a read that has it."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(3):
        bench.read(POISONED)
        bench.after(10)
    bench.read(account(HELD, OTHER, wallet="11500"))
    over = said(bench, POOL)[-1]
    assert (over.event, over.sound, over.lines[0]) == (
        "resolved",
        False,
        "OK · pool USDT · its figures are known again · main",
    )
    assert status(bench)[0].startswith("NOT ALL WELL"), "other alerts fire on what is known now"


def test_unknown_for_a_moment_is_no_word() -> None:
    """Shorter than `[blind] warn`, each time."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(10):
        bench.read(POISONED)
        bench.after(10).read(account(HELD, OTHER, wallet="11500"))
        bench.after(10)
    assert said(bench, POOL) == []


def test_all_isolated_positions_are_one_message_and_one_more_is_another() -> None:
    """Twenty would hide the one that matters; a position that joins them has not been seen by anybody."""
    bench = Bench.with_rules(shipped("watch"))
    three = [position(f"{base}/USDT:USDT", size="1", entry="100", mark="100", margin="50") for base in "ABC"]
    read = bare(account(*three), *(one.symbol for one in three))
    for _ in range(6):
        bench.read(read)
        bench.after(10)
    assert [one.event for one in said(bench, ALONE)] == ["fired", "worsened"]
    head = said(bench, ALONE)[0].lines[0].split(" for ")[0]
    assert head == "UNKNOWN · A long, B long, C long: distance from liq and margin ratio"
    assert bench.command(Verb.ACK, "A").ok
    four = bare(account(*three, position()), BTC, *(one.symbol for one in three))
    for _ in range(3):
        bench.after(10).read(four)
    assert said(bench, ALONE)[-1].event == "worsened"
    assert "BTC long" in said(bench, ALONE)[-1].text
    assert not bench.state.alerts[ALONE].acknowledged


def test_a_blind_account_is_only_blind() -> None:
    """What is unknown is not said twice; it goes on once there is sight again."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(POISONED)
    for _ in range(12):
        bench.after(5).fail()
        bench.due()
    assert (said(bench, POOL), "blind" in bench.firing()) == ([], True)
    bench.after(5).read(POISONED)
    bench.after(5).due()
    assert said(bench, POOL)[-1].level is Level.CRITICAL


def test_a_mode_without_numbers_has_said_it_already() -> None:
    """One alert of an account set in a way without numbers, not one more for each pool."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(8):
        bench.read(
            account(HELD, modes=AccountModes(hedge=False, multi_asset=True, can_trade=True, no_numbers="no formula"))
        )
        bench.after(10)
    assert bench.firing() == {"modes"}


def test_a_restart_says_it_no_second_time_and_does_not_end_it() -> None:
    """Its time begins anew, its alert stands."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(6):
        bench.read(POISONED)
        bench.after(10)
    again = bench.restarted()
    for _ in range(8):
        again.after(10).read(POISONED)
    assert POOL in again.firing()
    assert said(again, POOL) == []
    again.after(10).read(account(HELD, OTHER, wallet="11500"))
    assert POOL not in again.firing()


def test_a_vanished_position_does_not_end_it_and_a_closed_one_does() -> None:
    """One empty answer is not known to be better."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(6):
        bench.read(POISONED)
        bench.after(10)
    bench.read(account())
    assert POOL in bench.firing()
    bench.after(2).read(account())
    assert POOL not in bench.firing()
    assert said(bench, POOL)[-1].lines[0] == "OK · pool USDT · nothing of it is open any more · main"


def test_a_stop_that_rests_is_named_and_no_silence_hides_it_for_long() -> None:
    """It works without us; the warning may be silenced, the critical form not."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(bare(account(position(), stops=[foreign("95000")]), BTC))
    bench.command(Verb.SILENCE, "", 7200.0)
    for _ in range(6):
        bench.after(10).read(bare(account(position(), stops=[foreign("95000")]), BTC))
    (message,) = said(bench, ALONE)
    assert message.level is Level.CRITICAL
    assert message.lines[2:4] == (
        "BTC long: mark 100,000.0 · STOP RESTS, COVER UNKNOWN at 95,000.0",
        "No rule can fire on that, and I place no stop. Resting stops work without me.",
    )
    assert [one.verb for one in message.buttons] == [Verb.ACK]
