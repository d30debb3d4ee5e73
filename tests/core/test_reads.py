"""When the account is read, which reads count, and what is held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.asking import asking, say_yes
from tests.core.bench import BTC, Bench, account, position, shipped
from watchdog.domain.effects import Effect, Read, Stream
from watchdog.domain.facts import Barred, Confirmed, FrameKind, Opened, Unresolved
from watchdog.domain.position import PositionKey, PositionSide
from watchdog.domain.reading import Known

KEY = PositionKey(BTC, PositionSide.BOTH)


def reads(effects: list[Effect]) -> list[str]:
    """Why each read is asked for."""
    return [effect.reason for effect in effects if isinstance(effect, Read)]


def watching() -> Bench:
    """An account in `watch`, before its first read."""
    bench = Bench.with_rules(shipped("watch"))
    assert reads(bench.due()) == ["poll"]
    return bench


def test_the_first_read_is_sent_at_once_and_the_next_ten_seconds_after_it_began() -> None:
    """However long it took."""
    bench = watching()
    bench.after(2).read(account(position()), began=0.0)
    assert reads(bench.after(7.9).due()) == []
    assert bench.wake == 10.0
    assert reads(bench.after(0.1).due()) == ["poll"]


def test_a_mark_moves_a_pool_that_is_not_named_by_the_margin_asset() -> None:
    """Several assets, or a whole account, may stand behind one pool."""
    bench = watching()
    eth = replace(position("ETH/USDT:USDT", size="1", entry="3000", mark="3000", margin=None), shared="account")
    read = account(replace(position(margin=None), shared="account"), eth)
    bench.read(replace(read, balances=(replace(read.balances[0], asset="account", money="USD"),)))
    bench.mark(BTC, "95000")
    assert bench.state.book is not None
    equity = bench.state.book.pools["account"].equity
    assert isinstance(equity, Known)
    assert equity.value == 10000 - 2500


def test_one_read_is_in_flight_and_one_is_owed() -> None:
    """However many frames come; the owed one begins a second after the last began, not earlier."""
    bench = watching()
    for _ in range(50):
        assert reads(bench.after(0.01).frame()) == []
    assert reads(bench.read(account(position()))) == []
    assert reads(bench.after(0.49).due()) == []
    assert reads(bench.after(0.01).due()) == ["account frame"]
    assert reads(bench.after(1).read(account(position()))) == []


def test_every_kind_of_event_asks_for_a_read_but_a_lost_stream() -> None:
    """There is nothing newer to be read because a socket was lost."""
    for kind in FrameKind:
        bench = watching()
        bench.after(0.1).read(account(position()))
        assert bool(reads(bench.after(5).frame(kind))) is (kind is not FrameKind.LOST)


def test_failed_reads_back_off() -> None:
    """After 1, 2, 4, 8, 8 s; frames don't hurry it; one good read forgets it."""
    bench = watching()
    waits = []
    for _ in range(5):
        bench.fail()
        bench.frame()
        began = bench.mono
        while not reads(bench.due()):
            bench.mono = bench.wake
        waits.append(bench.mono - began)
    assert waits == [1, 2, 4, 8, 8]
    bench.read(account(position()))
    bench.after(10).due()
    bench.fail()
    assert reads(bench.after(1).due()) == ["poll"]


def test_a_venue_that_asks_us_to_wait_is_left_alone_as_long() -> None:
    """A ban is not shortened by asking, and BLIND says until when it lasts."""
    bench = watching()
    bench.fail("HTTP 418", retry_after=120.0, limited=True)
    for _ in range(11):
        assert reads(bench.after(10).due()) == []
    assert reads(bench.after(10).due()) == ["poll"]
    (blind,) = [message for message in bench.messages() if message.lines[0].startswith("BLIND · Binance main · 20 s")]
    assert blind.lines[1] == "Why: HTTP 418 since 20:49:00, I may not ask before 20:51:00"


@pytest.mark.parametrize(("asked", "waits"), [(0.0, 1), (5.0, 5), (86400.0, 60), (None, 1)])
def test_any_other_answer_that_asks_us_to_wait_blinds_us_for_a_minute_at_most(
    asked: float | None, waits: float
) -> None:
    """A server that is down for maintenance, a proxy's page: nor is a wait of nothing a reason to hurry."""
    bench = watching()
    bench.fail("HTTP 503", retry_after=asked)
    assert bench.state.reads.next_at == bench.mono + waits


def test_a_yes_does_not_wait_out_a_back_off() -> None:
    """Whoever tapped waits: a read is tried a second after the last began, unless the venue forbids it."""
    for limited in (False, True):
        bench = asking()
        bench.after(10).due()
        for _ in range(3):
            bench.fail(retry_after=60.0, limited=limited)
        bench.after(3)
        bench.effects.clear()
        say_yes(bench, bench.guard().proposal.id)  # type: ignore[union-attr]
        assert reads(bench.effects) == ([] if limited else ["a yes"])


def test_a_read_that_an_order_fell_into_is_not_taken() -> None:
    """It may show the account before or after: another is asked for, and nothing is decided on it."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(position()))
    last = bench.state.reads.last_good
    bench.after(0.2).read(account())
    assert bench.state.reads.last_good == last, "the order was on its way"
    assert KEY not in bench.state.vanished
    bench.after(0.2).answer(place, Confirmed())
    bench.after(0.2).read(account(), began=bench.mono - 0.3)
    assert bench.state.reads.last_good == last, "it began before the order had its answer"
    bench.after(1).read(account(position()))
    assert bench.state.reads.last_good == bench.mono


def test_while_an_order_hangs_reads_are_not_hurried() -> None:
    """Each would be thrown away; the order's answer asks for the next."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(position()))
    bench.after(1).due()
    hurried = reads(bench.after(0.1).read(account(position()))) + reads(bench.after(1).due())
    assert hurried == []
    assert reads(bench.after(1).answer(place, Unresolved("timed out"))) == ["read back"]


def test_a_vanished_position_is_closed_only_by_a_second_read_a_second_later() -> None:
    """The second is asked for then; a read that began sooner proves nothing more."""
    bench = watching()
    bench.read(account(position()))
    bench.after(5).read(account(), began=4.5)
    assert KEY in bench.state.vanished
    assert KEY in bench.state.held
    assert bench.wake == 6.0
    bench.after(0.9).read(account())
    assert KEY in bench.state.vanished
    bench.after(0.1).read(account())
    assert KEY not in bench.state.vanished
    assert bench.heads() == ["CLOSED · BTC long 0.500 · main"]


def test_one_that_shows_again_was_never_gone() -> None:
    """And has a fresh second look the next time."""
    bench = watching()
    bench.read(account(position()))
    bench.after(5).read(account())
    bench.after(5).read(account(position()))
    bench.after(5).read(account())
    assert KEY in bench.state.vanished
    assert bench.messages() == []


def test_marks_are_streamed_for_what_is_held_and_no_longer() -> None:
    """A vanished position's too, until it is closed."""
    bench = watching()
    assert Stream(frozenset({BTC})) in bench.read(account(position()))
    assert not [effect for effect in bench.after(5).read(account()) if isinstance(effect, Stream)]
    assert Stream(frozenset()) in bench.after(5).read(account())


def test_a_tick_acts_only_on_a_young_snapshot_that_no_frame_has_overtaken() -> None:
    """Values move with every tick; what may be sent does not."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    assert bench.state.actable(bench.mono)
    bench.after(1).frame()
    assert not bench.state.actable(bench.mono)
    bench.after(1).read(account(position()))
    assert bench.state.actable(bench.mono)
    assert not bench.state.actable(bench.mono + 30)


def test_a_frame_during_a_read_makes_it_old() -> None:
    """It began before what the frame tells of."""
    bench = Bench.with_rules(shipped())
    bench.due()
    bench.after(0.2).frame()
    bench.after(0.2).read(account(position()), began=0.0)
    assert not bench.state.actable(bench.mono)


def test_an_account_where_something_always_happens_is_protected_all_the_same() -> None:
    """A bot trades without pause: after five seconds of overtaken reads the last one is acted on."""
    bench = Bench.with_rules(shipped())
    placed = None
    for second in range(120):
        bench.frame()
        bench.after(0.5).frame()
        bench.read(account(position()), began=bench.mono - 0.6)
        bench.after(0.5)
        if bench.placed():
            placed = second
            break
    assert placed is not None
    assert 60 <= placed <= 62


def test_an_account_that_cannot_be_used_is_said_at_once_and_tried_slowly() -> None:
    """Every minute, not at every frame; and it is watched again once it can be."""
    bench = watching()
    bench.put(Barred("this key can withdraw"))
    assert bench.heads() == ["EMERGENCY · main IS NOT WATCHED · main"]
    asked: list[str] = []
    for _ in range(12):
        asked += reads(bench.after(10).frame())
        if asked:
            break
    assert bench.mono == 60.0
    bench.put(Opened(withdraw=False, note="trades yes, withdraws no"))
    assert bench.firing() == set()
    assert bench.state.barred == ""


def test_a_whole_read_unbars() -> None:
    """Whatever was said before: the account can be used."""
    bench = watching()
    bench.put(Barred("refused"))
    bench.after(60).due()
    bench.after(1).read(account(position()))
    assert bench.state.barred == ""
    assert "barred" not in bench.firing()


def test_a_key_that_would_not_say_what_it_may_do_is_a_standing_warning() -> None:
    """Until it does."""
    bench = watching()
    bench.put(Opened(withdraw=None, note="no answer"))
    assert bench.firing() == {"key"}
    bench.put(Opened(withdraw=False, note="no"))
    assert bench.firing() == set()
