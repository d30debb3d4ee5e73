"""A new process: alerts fire on and nothing is said twice, stops are found, nothing is placed twice."""

from __future__ import annotations

from dataclasses import replace

from tests.core.bench import (
    BTC,
    INSTALLATION,
    Bench,
    account,
    d,
    only,
    position,
    resting,
    shipped,
)
from watchdog.domain.facts import Confirmed, Finished, NotFound, Rejected, RejectKind, Unresolved
from watchdog.domain.ids import order_id
from watchdog.domain.position import OrderSide, PositionSide, Side, StopOrder
from watchdog.protection.guard import Settling

HELD = position()
SOON = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""


def settle(bench: Bench) -> None:
    """Answer every look-up of the open block."""
    answered = 0
    while answered < len(bench.looked_up()):
        bench.after(0.01).answer(bench.looked_up()[answered], NotFound())
        answered += 1


def ours(generation: int, size: str = "0.5") -> StopOrder:
    """A stop of ours."""
    client_id = str(order_id(INSTALLATION, "main", HELD.key, generation))
    return StopOrder(BTC, OrderSide.SELL, PositionSide.BOTH, d(size), d("94216.9"), client_id)


def test_alerts_fire_on_and_nothing_is_said_twice() -> None:
    """The message went out before; after the restart the same state is no news."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(8):
        bench.read(account(HELD))
        bench.after(10)
    assert bench.firing() == {f"rule:no stop|{BTC}"}
    again = bench.restarted()
    for _ in range(8):
        again.read(account(HELD))
        again.after(10)
    assert again.firing() == {f"rule:no stop|{BTC}"}
    assert again.messages() == []


def test_reminders_count_from_when_it_was_said_before_the_restart() -> None:
    """Half an hour after the first message, whichever process says it."""
    bench = Bench.with_rules(shipped("watch"))
    while not bench.messages():
        bench.read(account(HELD))
        bench.after(10)
    said = bench.messages()[0].at
    again = bench.after(900).restarted()
    while not again.messages():
        again.read(account(HELD))
        again.after(10)
    assert 1800 <= again.messages()[0].at - said <= 1810
    assert again.messages()[0].id != bench.messages()[0].id


def test_a_hold_begins_anew() -> None:
    """Nobody knows what was true while nobody looked."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD))
    bench.after(50).read(account(HELD))
    again = bench.after(100).restarted()
    again.read(account(HELD))
    again.after(20).read(account(HELD))
    assert again.firing() == set()


def test_a_position_closed_meanwhile_ends_its_alerts_after_two_reads() -> None:
    """And not after one empty answer."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(8):
        bench.read(account(HELD))
        bench.after(10)
    again = bench.restarted()
    again.read(account())
    assert again.firing() == {f"rule:no stop|{BTC}"}
    again.after(1).read(account())
    assert again.firing() == set()
    assert again.heads() == ["CLOSED · BTC long · main"]


def test_one_empty_answer_after_a_restart_does_not_cancel_our_stop() -> None:
    """What was held before is held until two reads do not show it."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    again = bench.restarted()
    again.read(account(stops=[stop]))
    settle(again)
    again.after(0.5).read(account(stops=[stop]))
    assert again.cancelled() == []
    again.after(1).read(account(HELD, stops=[stop]))
    again.after(5).read(account(HELD, stops=[stop]))
    assert (again.placed(), again.cancelled()) == ([], [])


def test_a_position_closed_meanwhile_takes_our_stop_with_it() -> None:
    """After two reads, and the look-ups."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    again = bench.restarted()
    for _ in range(4):
        again.read(account(stops=[stop]))
        settle(again)
        again.after(2)
    assert [cancel.client_id for cancel in again.cancelled()] == [stop.client_id]


def test_the_open_block_is_looked_up_before_any_order() -> None:
    """Every id from the last settled one to the end of the block; then the next block is begun."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    assert len(bench.placed()) == 1
    again = bench.restarted()
    again.read(account(HELD))
    assert again.placed() == []
    for answered in range(10):
        assert len(again.looked_up()) == answered + 1, "one at a time"
        again.after(0.1).answer(again.looked_up()[-1], NotFound())
        again.after(0.1).read(account(HELD))
        assert bool(again.placed()) is (answered == 9)
    assert [one.client_id[-8:] for one in again.looked_up()] == [f"{number:08x}" for number in range(10)]
    assert again.placed()[0].order.client_id.endswith("0000000a")


def test_an_order_under_way_at_the_crash_is_found_and_not_doubled() -> None:
    """It rests by the time of the first read: adopted, and nothing is sent."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    stop = resting(bench.placed()[0].order)
    again = bench.restarted()
    again.read(account(HELD, stops=[stop]))
    while again.guard().step is not None:
        again.after(0.1).answer(again.looked_up()[-1], Confirmed(stop) if len(again.looked_up()) == 1 else NotFound())
    for _ in range(5):
        again.after(10).read(account(HELD, stops=[stop]))
    assert again.placed() == []
    assert again.guard().resting == bench.placed()[0].order


def test_an_order_that_arrives_after_the_look_up_is_the_older_one_that_goes() -> None:
    """Both are reduce-only; once the list shows both, one is cancelled."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    late = resting(bench.placed()[0].order)
    again = bench.restarted()
    again.read(account(HELD))
    settle(again)
    again.after(0.1).read(account(HELD))
    new = resting(again.placed()[0].order)
    again.after(0.1).answer(again.placed()[0])
    again.after(1).read(account(HELD, stops=[late, new]))
    assert [cancel.client_id for cancel in again.cancelled()] == [late.client_id]


def test_no_answer_to_a_look_up_holds_up_orders_of_that_position_only_until_there_is_one() -> None:
    """Asked again and again."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    again = bench.restarted()
    again.read(account(HELD))
    for _ in range(5):
        again.after(0.1).answer(again.looked_up()[-1], Unresolved("timed out"))
        again.after(10).read(account(HELD))
    assert again.placed() == []
    assert isinstance(again.guard().step, Settling)
    settle_from = len(again.looked_up()) - 1
    while again.guard().step is not None:
        again.after(0.1).answer(again.looked_up()[-1], NotFound())
    assert len(again.looked_up()) - settle_from == 10
    again.after(1).read(account(HELD))
    assert len(again.placed()) == 1


def test_crash_after_crash_does_not_make_the_block_grow() -> None:
    """Fifty restarts before the look-ups are through."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    for _ in range(50):
        bench = bench.restarted()
        bench.read(account(HELD))
    step = bench.guard().step
    assert isinstance(step, Settling)
    assert len(step.generations) == 10


def test_a_stop_that_triggered_meanwhile_is_told() -> None:
    """Not placed again before it is known what became of it."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    half = replace(HELD, size=d("0.1"), isolated_wallet=d(1000))
    again = bench.restarted()
    again.read(account(half))
    settle(again)
    again.after(1).read(account(half))
    assert again.placed() == []
    again.after(1).answer(again.looked_up()[-1], Finished("TRIGGERED"))
    assert again.heads()[-1] == "STOP TRIGGERED · BTC long 0.500 · main"


def test_the_rule_that_asked_is_remembered() -> None:
    """The stop is kept up by it and by no other."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    again = bench.restarted()
    again.read(account(HELD, stops=[stop]))
    settle(again)
    again.after(1).read(account(HELD, stops=[stop]))
    assert again.guard().asked == ("no stop",)
    again.after(1).read(account(replace(HELD, size=d("0.3")), stops=[stop]))
    assert again.placed()[-1].order.size == d("0.3")


def test_a_position_turned_round_meanwhile_is_a_new_one() -> None:
    """What was asked for the other side is forgotten."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    again = bench.restarted()
    short = replace(HELD, side=Side.SHORT)
    again.read(account(short, stops=[stop]))
    settle(again)
    again.after(1).read(account(short, stops=[stop]))
    again.after(1).answer(again.cancelled()[0])
    again.after(1).read(account(short))
    assert again.placed() == []


def test_a_stop_whose_guard_was_never_saved_is_found_by_its_id() -> None:
    """The disk was full when it was placed: it is kept, its id is not used again, and it goes with the position."""
    bench = Bench.with_rules(only(SOON))
    stop = resting(ours(7))
    bench.read(account(HELD, stops=[stop]))
    bench.after(1).read(account(HELD, stops=[stop]))
    assert (bench.placed(), bench.guard().generation) == ([], 8)
    lost = Bench.with_rules(only(SOON))
    for _ in range(3):
        lost.after(2).read(account(stops=[stop]))
    assert [cancel.client_id for cancel in lost.cancelled()] == [stop.client_id]


def test_an_old_database_does_not_make_the_owner_look_guilty() -> None:
    """The first free id is found without counting the used ones as stops taken away by hand."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    for _ in range(2):
        used = bench.placed()[-1]
        bench.after(0.1).answer(used, Rejected("-4116", "duplicated", RejectKind.DUPLICATE))
        bench.after(0.1).answer(bench.looked_up()[-1], Finished("CANCELED"))
        bench.after(1).read(account(HELD))
        assert bench.placed()[-1].order.client_id != used.order.client_id
    assert bench.guard().removed == 0
    assert [head for head in bench.heads() if "GONE" in head] == []


def test_closed_positions_cost_a_restart_nothing() -> None:
    """No look-ups for what was closed in order."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD))
    bench.after(10).read(account())
    bench.after(10).read(account())
    again = bench.restarted()
    again.read(account())
    again.after(10).read(account())
    assert again.looked_up() == []
    assert again.state.vanished == bench.state.vanished
    assert again.messages() == []
