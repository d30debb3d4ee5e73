"""BLIND: what is not read is not safe."""

from __future__ import annotations

from tests.core.bench import BTC, Bench, account, foreign, position, shipped
from watchdog.domain.effects import Level
from watchdog.domain.facts import Slow
from watchdog.domain.position import OrderSide


def seen(**identity: object) -> Bench:
    """An account that was read once, with a BTC long and no stop."""
    bench = Bench.with_rules(shipped("watch"), **identity)
    bench.read(account(position(), position("AVAX/USDT:USDT", entry="30", mark="30", size="500", margin="3000")))
    return bench


def blind_heads(bench: Bench) -> list[tuple[str, str]]:
    """Event and first line of every BLIND message so far."""
    return [(one.event, one.lines[0]) for one in bench.messages() if one.alert == "blind"]


def test_it_warns_after_15_and_is_critical_after_45_seconds() -> None:
    """By the age of the last good read, and it asks to be woken for each."""
    bench = seen()
    bench.after(10).fail()
    assert bench.wake <= 15
    bench.after(4.9).due()
    assert blind_heads(bench) == []
    bench.after(0.1).due()
    assert blind_heads(bench) == [("fired", "BLIND · Binance main · 15 s without a good read")]
    bench.after(29.9).due()
    assert len(blind_heads(bench)) == 1
    bench.after(0.1).due()
    assert blind_heads(bench)[1:] == [("worsened", "BLIND · Binance main · 45 s without a good read")]
    assert bench.messages()[-1].sound


def test_it_asks_to_be_woken_for_both_levels() -> None:
    """No read, frame or tick is needed for it to fire."""
    bench = Bench.with_rules(shipped("watch"))
    bench.due()
    fired: list[tuple[float, str]] = []
    while bench.wake < 60:
        bench.mono = bench.wake
        bench.due()
        fired += [(bench.mono, event) for event, _ in blind_heads(bench)[len(fired) :]]
    assert fired == [(15.0, "fired"), (45.0, "worsened")]


def test_it_says_why_what_was_at_risk_worst_first_and_whether_a_stop_rested() -> None:
    """In at most eight lines."""
    bench = Bench.with_rules(shipped("watch"))
    avax = position("AVAX/USDT:USDT", entry="30", mark="30", size="500", margin="3000")
    bench.read(account(avax, position(), stops=[foreign("95000")]))
    bench.after(14).fail("HTTP 503")
    bench.after(1).due()
    (message,) = [one for one in bench.messages() if one.alert == "blind"]
    assert message.level is Level.WARN
    assert message.lines == (
        "BLIND · Binance main · 15 s without a good read",
        "Why: HTTP 503 since 20:49:14, stream silent",
        "Last good 20:49:00 UTC: BTC long 9.6% from liq, stop 95,000.0 rested",
        "AVAX long 20% from liq, NO STOP",
        "Resting stops work without me. I send nothing on old numbers.",
        "You: open the Binance app.",
        "20:49:15 UTC",
    )


def test_a_stop_that_covers_nothing_did_not_rest() -> None:
    """The last words do not comfort with a stop beyond liquidation."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(), stops=[foreign("85000")]))
    bench.after(20).due()
    assert "STOP DOES NOT COVER" in bench.messages()[-1].lines[2]


def test_a_stop_that_closes_nothing_of_it_is_no_stop_that_rested() -> None:
    """A foreign buy stop above a long adds to it; the long's own is named."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(), stops=[foreign("95000"), foreign("105000", side=OrderSide.BUY)]))
    bench.after(20).due()
    assert bench.messages()[-1].lines[2].endswith("BTC long 9.6% from liq, stop 95,000.0 rested")


def test_a_vanished_position_is_not_no_position() -> None:
    """One empty answer, then none at all: what it was is said, and that it is not known to be closed."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(mark="96000"), stops=[foreign("95000")]))
    bench.after(10).read(account())
    for _ in range(4):
        bench.after(5).fail()
        bench.due()
    assert bench.messages()[-1].lines[2] == (
        "Last good 20:49:10 UTC: BTC long 0.500 was not in the last answer, not known to be closed; "
        "before: 5.9% from liq, stop 95,000.0 rested"
    )


def test_after_a_restart_what_was_guarded_is_not_no_position() -> None:
    """All that is known of it is that a stop was kept for it."""
    bench = Bench.with_rules(shipped("act"))
    bench.covered(position(mark="98000"))
    again = bench.restarted()
    again.after(5).read(account())
    again.after(20).due()
    (blind,) = [one for one in again.messages() if one.alert == "blind"]
    assert blind.lines[2].endswith(": BTC long was not in the last answer, not known to be closed")


def test_a_good_read_ends_it() -> None:
    """Quietly; a failed one, a tick or a command does not."""
    bench = seen()
    bench.after(50).due()
    bench.after(1).fail()
    bench.after(1).mark(BTC, "100001")
    bench.after(1).frame()
    assert "blind" in bench.firing()
    bench.after(1).read(account(position()))
    assert "blind" not in bench.firing()
    assert blind_heads(bench)[-1] == ("resolved", "OK · Binance main · I see again")


def test_a_read_that_waits_for_our_own_budget_is_said_to() -> None:
    """Nothing is wrong with the venue then; said only while it is under way."""
    why = "reads wait for the request budget"
    bench = seen()
    bench.after(10).due()
    bench.put(Slow(why))
    bench.after(5).due()
    (told,) = [one for one in bench.messages() if one.alert == "blind"]
    assert told.lines[1].startswith(f"Why: {why}")


def test_an_account_never_read_is_blind_from_the_start() -> None:
    """Fifteen seconds after the process began."""
    bench = Bench.with_rules(shipped("watch"))
    bench.due()
    bench.after(15).due()
    assert bench.messages()[-1].lines[:3] == (
        "BLIND · Binance main · 15 s without a good read",
        "Why: the answer to my last question has not come back yet",
        "Nothing was read since I started.",
    )


def test_a_restart_does_not_end_it() -> None:
    """Only a read does: a new process has seen nothing yet."""
    bench = seen()
    bench.after(50).due()
    again = bench.restarted()
    assert "blind" in again.firing()
    assert again.messages() == []
    again.after(1).read(account(position()))
    assert "blind" not in again.firing()


def test_its_reminder_says_how_long_it_has_been() -> None:
    """Not the 45 s of the beginning."""
    bench = seen()
    bench.after(45).due()
    bench.after(900).due()
    bench.after(900).due()
    repeated = [head for event, head in blind_heads(bench) if event == "repeated"]
    assert repeated == ["BLIND · Binance main · 1845 s without a good read (again)"]
