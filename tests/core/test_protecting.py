"""A stop's whole life, through the core: placed, read back, kept up, gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, d, foreign, only, position, resting, shipped
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Level
from watchdog.domain.facts import Answer, Confirmed, Finished, NotFound, Rejected, RejectKind, Unresolved
from watchdog.domain.ids import read_order_id
from watchdog.domain.position import NO_HEDGE_STOPS, OrderSide, Position, PositionSide, Side, Stop, StopOrder
from watchdog.domain.verbs import Verb
from watchdog.report import planned

HELD = position()
TIGHTER = """
[[rule]]
name = "deep"
metric = "room_used"
emergency = "95%"
stop = { when = "emergency", place = { entry_to_liquidation = "30%" } }
"""
SOON = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""


def sized(size: str) -> Position:
    """The long with another size, and its margin."""
    return replace(HELD, size=d(size), isolated_wallet=d(size) * 10000)


def last(bench: Bench) -> StopOrder:
    """The order sent last."""
    return bench.placed()[-1].order


def test_the_first_stop_is_placed_read_back_and_told() -> None:
    """A minute without a stop; accepted is not yet told; read back is."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    assert bench.mono == 60
    assert place.order.size == d("0.5")
    assert place.order.trigger_price == d("94216.9")
    assert place.order.order_side is OrderSide.SELL
    known = read_order_id(place.order.client_id)
    assert known is not None
    assert (known.installation, known.generation) == ("0123abcd", 0)
    bench.after(1).answer(place)
    assert [head for head in bench.heads() if "RESTS" in head] == []
    bench.after(1).read(account(HELD, stops=[resting(place.order)]))
    done = next(message for message in bench.messages() if message.lines[0].startswith("DONE"))
    assert done.lines == (
        "DONE · BTC long · STOP 94,216.9 RESTS · main",
        "Read back 20:50:02: mark, reduce-only, 0.500 of 0.500",
        'Why: rule "no stop"',
        "5.8% below mark, 4.3% above liq. Fills: about −2,915 USDT",
        "Move or cancel it freely: I won't fight you.",
        "20:50:02 UTC",
    )
    assert bench.firing() == set()


def test_a_tick_alone_can_place_it() -> None:
    """Without waiting for the next read, on the snapshot in memory."""
    rules = only('[[rule]]\nname = "room"\nmetric = "room_used"\ncritical = "40%"\n'
                 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n')  # fmt: skip
    bench = Bench.with_rules(rules)
    bench.read(account(HELD))
    bench.after(5).mark(BTC, "97000")
    assert bench.placed() == []
    bench.after(1).mark(BTC, "96000")
    assert len(bench.placed()) == 1
    old = Bench.with_rules(rules)
    old.read(account(HELD))
    old.after(5).frame()
    old.after(1).mark(BTC, "96000")
    assert old.placed() == [], "a frame is newer than the snapshot"


def test_a_passed_place_is_asked_about_and_never_sent_by_itself() -> None:
    """An old drawdown at first start: halfway is proposed, once; the alert ends when the place is ahead again."""
    bench = Bench.with_rules(shipped())
    under = replace(HELD, mark=d("93000"))
    for _ in range(8):
        bench.read(account(under))
        bench.after(10)
    assert bench.placed() == []
    assert f"stop|{BTC}" in bench.firing()
    (told,) = [message for message in bench.messages() if message.alert == f"rule:no stop|{BTC}"]
    assert told.level is Level.CRITICAL
    assert told.lines[3:7] == (
        "Proposed: stop 91,680.8 on mark, all 0.500, reduce-only",
        "(60% place 94,216.9 is already passed: this is halfway)",
        "Fills: about −4,183 USDT. Liquidated: −5,000. Owe: normally no",
        "No answer = NOTHING IS SENT",
    )
    assert [one for one in bench.messages() if one.alert == f"stop|{BTC}"] == [], "it was said already"
    bench.read(account(replace(HELD, mark=d("96000"))))
    assert f"stop|{BTC}" not in bench.firing()
    assert len(bench.placed()) == 1


def test_an_unknown_price_ends_no_such_alert() -> None:
    """Its place may still be passed."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(replace(HELD, mark=d("93000"))))
    assert f"stop|{BTC}" in bench.firing()
    blank = account(replace(HELD, mark=d("96000")))
    bench.after(10).read(replace(blank, markets=tuple(replace(one, tiers=()) for one in blank.markets)))
    assert f"stop|{BTC}" in bench.firing()
    bench.after(10).read(replace(blank, markets=()))
    assert f"stop|{BTC}" in bench.firing()
    assert bench.placed() == []


def test_old_numbers_end_no_such_alert() -> None:
    """Ticks go on, reads have failed for half a minute."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(replace(HELD, mark=d("93000"))))
    bench.after(31).mark(BTC, "99000")
    assert f"stop|{BTC}" in bench.firing()


def test_no_safe_place_is_told() -> None:
    """Fifty times leverage and a price that ran toward liquidation."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(replace(HELD, isolated_wallet=d(400))))
    assert bench.placed() == []
    assert "NO SAFE PLACE FOR A STOP" in bench.heads()[-1]
    assert "reduce" in "\n".join(bench.messages()[-1].lines)


@pytest.mark.parametrize(("size", "replaced"), [("0.3", "0.5"), ("0.8", "0.5")])
def test_a_resized_position_gets_a_new_stop_before_the_old_one_goes(size: str, replaced: str) -> None:
    """Place, read back, cancel: at no moment without one."""
    bench = Bench.with_rules(shipped())
    old = bench.covered(HELD)
    bench.after(10).read(account(sized(size), stops=[old]))
    assert (last(bench).size, old.size) == (d(size), d(replaced))
    assert bench.cancelled() == []
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(sized(size), stops=[old]))
    assert bench.cancelled() == [], "not read back yet"
    new = resting(last(bench))
    bench.after(1).read(account(sized(size), stops=[old, new]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [old.client_id]
    bench.after(1).answer(bench.cancelled()[-1])
    orders = len(bench.placed())
    for _ in range(5):
        bench.after(10).read(account(sized(size), stops=[new]))
    assert (len(bench.placed()), len(bench.cancelled())) == (orders, 1)


def test_a_failed_cancel_is_not_repeated_when_the_new_stop_is_gone() -> None:
    """It would have taken the only one that is left."""
    bench = Bench.with_rules(shipped())
    old = bench.covered(HELD)
    bench.after(10).read(account(sized("0.3"), stops=[old]))
    bench.after(1).answer(bench.placed()[-1])
    new = resting(last(bench))
    bench.after(1).read(account(sized("0.3"), stops=[old, new]))
    bench.after(1).answer(bench.cancelled()[-1], Unresolved("timed out"))
    bench.after(1).read(account(sized("0.3"), stops=[old]))
    for _ in range(5):
        bench.after(10).due()
    assert len(bench.cancelled()) == 1


def test_a_failed_cancel_is_tried_again_later_while_it_is_right() -> None:
    """After one, two, four … seconds, each on a fresh read."""
    bench = Bench.with_rules(shipped())
    old = bench.covered(HELD)
    bench.after(10).read(account(sized("0.3"), stops=[old]))
    bench.after(1).answer(bench.placed()[-1])
    new = resting(last(bench))
    times = []
    bench.after(1)
    for _ in range(40):
        before = len(bench.cancelled())
        bench.read(account(sized("0.3"), stops=[old, new]))
        if len(bench.cancelled()) > before:
            times.append(bench.mono)
            bench.after(0.1).answer(bench.cancelled()[-1], Rejected("-1000", "unknown"))
        bench.after(1)
    assert 4 <= len(times) <= 8
    assert times[1] - times[0] >= 1
    assert times[-1] - times[-2] >= 8


def test_a_stop_taken_away_once_is_placed_again_and_twice_is_left() -> None:
    """The owner's hand wins: said each time, and once left, only said."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    bench.after(10).read(account(HELD))
    assert len(bench.placed()) == 1, "first it is asked what became of it"
    bench.after(1).answer(bench.looked_up()[-1], Finished("CANCELED"))
    assert bench.messages()[-1].lines[:3] == (
        "STOP GONE · BTC long 0.500 · main",
        "My stop 94,216.9 no longer rests: Binance says CANCELED",
        "Not by me: I place it once more. Take it away again and I leave it.",
    )
    bench.after(1).read(account(HELD))
    assert len(bench.placed()) == 2
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(HELD, stops=[resting(last(bench))]))
    bench.after(10).read(account(HELD))
    bench.after(1).answer(bench.looked_up()[-1], NotFound())
    assert "taken away twice" in bench.messages()[-1].lines[2]
    for _ in range(10):
        bench.after(10).read(account(HELD))
    assert len(bench.placed()) == 2
    assert f"stop|{BTC}" in bench.firing()


def test_a_stop_the_venue_took_is_placed_again_every_time() -> None:
    """Expired or rejected is not the owner's hand."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    for times in range(2, 6):
        bench.after(10).read(account(HELD))
        bench.after(1).answer(bench.looked_up()[-1], Finished("EXPIRED"))
        bench.after(1).read(account(HELD))
        assert len(bench.placed()) == times
        bench.after(1).answer(bench.placed()[-1])
        bench.after(1).read(account(HELD, stops=[resting(last(bench))]))
    assert "Not by you, not by me: I place it again." in bench.messages()[-2].lines


def test_in_watch_a_stop_that_is_gone_is_not_promised_back() -> None:
    """The mode was changed while it rested."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    bench.put(RulesChanged(shipped("watch")))
    bench.after(10).read(account(HELD))
    bench.after(1).answer(bench.looked_up()[-1], Finished("CANCELED"))
    assert bench.messages()[-1].lines[2] == 'I send nothing: mode is "watch".'


def test_a_stop_that_triggered_is_told_once_and_the_position_closed() -> None:
    """Whichever is seen first; nothing more is sent."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    said = len(bench.messages())
    bench.after(10).read(account())
    bench.after(1).answer(bench.looked_up()[-1], Finished("TRIGGERED"))
    for _ in range(3):
        bench.after(2).read(account())
    assert bench.heads()[said:] == ["STOP TRIGGERED · BTC long 0.500 · main", "CLOSED · BTC long 0.500 · main"]
    assert (len(bench.placed()), bench.cancelled()) == (1, [])


def test_a_position_closed_by_hand_takes_our_stop_with_it() -> None:
    """Only once it is closed for certain; and the venue taking the stop itself is no news then."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    bench.after(10).read(account(stops=[stop]))
    assert bench.cancelled() == []
    bench.after(2).read(account(stops=[stop]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [stop.client_id]
    assert bench.messages()[-1].lines[2] == "My stop 94,216.9 goes with it."
    said = len(bench.messages())
    bench.after(1).answer(bench.cancelled()[-1], NotFound())
    bench.after(1).read(account())
    assert bench.messages()[said:] == []
    assert not bench.guard().wanted


def test_a_stop_that_went_with_its_position_is_not_said_to_be_placed_again() -> None:
    """The venue removed both; the look-up says CANCELED after the position is known to be closed."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    said = len(bench.messages())
    bench.after(10).read(account())
    bench.after(2).read(account())
    bench.after(1).answer(bench.looked_up()[-1], Finished("CANCELED"))
    assert bench.heads()[said:] == ["CLOSED · BTC long 0.500 · main"]


def test_a_position_turned_round_loses_the_stop_and_is_a_new_position() -> None:
    """Nobody asked for a stop for the other side: its own minute begins."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    short = replace(HELD, side=Side.SHORT)
    bench.after(10).read(account(short, stops=[stop]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [stop.client_id]
    bench.after(1).answer(bench.cancelled()[-1])
    bench.after(1).read(account(short))
    assert len(bench.placed()) == 1
    place = bench.protect(account(short))
    assert (place.order.order_side, place.order.trigger_price) == (OrderSide.BUY, d("105737.0"))


def test_a_refused_stop_is_said_again_with_the_figures_of_then() -> None:
    """Not the mark and the distance of half an hour ago under a new time."""
    bench = Bench.with_rules(shipped("act"))
    place = bench.protect(account(position(mark="98000", venue_liquidation="90400")))
    bench.after(1).answer(place, Rejected("-4131", "PERCENT_PRICE"))
    first = next(one for one in bench.messages() if one.alert == f"refused|{BTC}")
    bench.command(Verb.DISARM, seconds=7200)
    while not (again := [one for one in bench.messages() if one.alert == first.alert][1:]):
        bench.after(10).read(account(position(mark="97000", venue_liquidation="90400")))
    assert again[0].lines[0] == "EMERGENCY · BTC long 6.8% from liq · STOP REFUSED · main (again)"
    assert again[0].lines[1] == first.lines[1], "what the venue said, and when"
    assert again[0].lines[2] == "Mark 97,000.0 · liq 90,400.0 (Binance and ours agree). NO STOP"
    assert again[0].lines[3] == first.lines[3]
    assert again[0].lines[4].startswith("I did NOT sell. I send nothing: disarmed until ")
    assert again[0].lines[5] == "Close now: about −1,524 USDT. Liquidated: −5,000"


def test_a_refused_stop_of_a_blind_account_is_said_again_under_its_own_time() -> None:
    """Nothing newer is known: line 1 says of when its figures are."""
    bench = Bench.with_rules(shipped("act"))
    place = bench.protect(account(position(mark="98000", venue_liquidation="90400")))
    bench.after(1).answer(place, Rejected("-4131", "PERCENT_PRICE"))
    bench.after(1900).due()
    _, again = [one for one in bench.messages() if one.alert == f"refused|{BTC}"]
    at = again.lines[1].split()[1].rstrip(":")
    assert again.lines[0].endswith(f" · STOP REFUSED · main (again) · figures of {again.lines[-1].split()[0]}")
    assert at == "20:50:01"


def test_a_stop_of_ours_that_stays_after_its_position_is_a_warning() -> None:
    """A phone that hears warnings only has to know that an order is left to be cancelled by hand."""
    bench = Bench.with_rules(shipped("act"))
    stop = bench.covered(position(mark="98000"))
    fine = position(mark="101000")
    for _ in range(6):
        bench.after(10).read(account(fine, stops=[stop]))
    assert bench.firing() == set()
    bench.command(Verb.DISARM, seconds=7200)
    bench.after(10).read(account(stops=[stop]))
    bench.after(3).read(account(stops=[stop]))
    closed = bench.messages()[-1]
    assert (closed.level, closed.lines[0]) == (Level.WARN, "CLOSED · BTC long 0.500 · MY STOP STAYS · main")
    assert "Cancel it by hand." in closed.lines[2]


def test_a_refused_stop_is_an_emergency_with_its_code_and_no_market_order() -> None:
    """Not looped: tried again after 30 s, then a minute …; the alert ends when one rests."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, Rejected("-2021", "Order would immediately trigger.", RejectKind.WOULD_TRIGGER))
    (alert,) = [message for message in bench.messages() if message.alert == f"refused|{BTC}"]
    assert alert.level is Level.EMERGENCY
    assert alert.lines[:2] == (
        "EMERGENCY · BTC long 9.6% from liq · STOP REFUSED · main",
        "Binance 20:50:01: would trigger at once (-2021)",
    )
    assert alert.lines[3:6] == (
        "It was 0.500 at 94,216.9 on mark",
        "I did NOT sell. I try again from 20:50:31 UTC.",
        "Close now: about −25.00 USDT. Liquidated: −5,000",
    )
    times = []
    for _ in range(130):
        bench.after(1)
        before = len(bench.placed())
        bench.read(account(HELD))
        if len(bench.placed()) > before:
            times.append(bench.mono)
            bench.after(0.1).answer(bench.placed()[-1], Rejected("-1111", "Precision is over the maximum"))
    assert len(times) == 2
    assert times[0] == 91
    assert len([message for message in bench.messages() if message.alert == f"refused|{BTC}"]) == 1
    bench.after(600).read(account(HELD))
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(HELD, stops=[resting(last(bench))]))
    assert f"refused|{BTC}" not in bench.firing()


def test_an_alert_of_a_refused_stop_ends_when_no_stop_is_missing_any_more() -> None:
    """The owner placed their own."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, Rejected("-1111", "Precision"))
    bench.after(10).read(account(HELD, stops=[foreign("95000")]))
    assert f"refused|{BTC}" not in bench.firing()


def test_while_a_refusal_cools_down_no_message_promises_a_stop_now() -> None:
    """It says when it tries again."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, Rejected("-1111", "Precision"))
    bench.after(1).read(account(replace(HELD, mark=d("97000"))))
    again = bench.messages()[-1]
    assert again.event == "repeated"
    assert again.lines[-2].startswith("The last stop was refused: I try again in 29 s.")


@pytest.mark.parametrize("answer", [Unresolved("timed out"), Rejected("-4116", "duplicated", RejectKind.DUPLICATE)])
def test_an_order_without_an_answer_is_looked_up_before_anything_else(answer: Answer) -> None:
    """And found: read back, told, never sent twice."""
    bench = Bench.with_rules(shipped())
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, answer)
    assert [one.client_id for one in bench.looked_up()] == [place.order.client_id]
    bench.after(1).read(account(HELD))
    assert len(bench.placed()) == 1
    bench.after(1).answer(bench.looked_up()[-1], Confirmed(resting(place.order)))
    bench.after(1).read(account(HELD, stops=[resting(place.order)]))
    assert len(bench.placed()) == 1
    assert bench.guard().resting == place.order


def unheard(bench: Bench) -> StopOrder:
    """A stop was sent, nothing was heard, and the venue knows of none."""
    place = bench.protect(account(HELD))
    bench.after(1).answer(place, Unresolved("timed out"))
    bench.after(1).answer(bench.looked_up()[-1], NotFound())
    return place.order


def test_an_order_that_left_no_trace_is_sent_again_under_the_same_id() -> None:
    """Identical in every field."""
    bench = Bench.with_rules(shipped())
    order = unheard(bench)
    bench.after(2).read(account(HELD))
    assert [place.order for place in bench.placed()] == [order, order]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(sized("0.3"), id="shrunk"),
        pytest.param(replace(HELD, side=Side.SHORT), id="turned"),
        pytest.param(replace(HELD, mark=d("94000")), id="passed"),
    ],
)
def test_it_is_not_sent_again_to_a_position_it_no_longer_fits(held: Position) -> None:
    """Larger than the position, for the other side, or past the mark: decided anew instead."""
    bench = Bench.with_rules(shipped())
    order = unheard(bench)
    bench.after(2).read(account(held))
    bench.after(2).read(account(held))
    assert all(place.order.client_id != order.client_id for place in bench.placed()[1:])
    assert all(place.order.size <= held.size for place in bench.placed()[1:])


def test_it_is_not_sent_again_when_nothing_may_be_sent() -> None:
    """The rules say `watch` by now."""
    bench = Bench.with_rules(shipped())
    unheard(bench)
    bench.put(RulesChanged(shipped("watch")))
    for _ in range(5):
        bench.after(5).read(account(HELD))
    assert len(bench.placed()) == 1


def test_foreign_stops_are_counted_and_never_touched() -> None:
    """One that covers all: nothing is sent. One that covers half: ours is the other half."""
    bench = Bench.with_rules(only(SOON))
    for _ in range(5):
        bench.read(account(HELD, stops=[foreign("95000")]))
        bench.after(10)
    assert bench.placed() == []
    bench.read(account(HELD, stops=[foreign("95000", "0.25")]))
    assert last(bench).size == d("0.250")
    assert bench.cancelled() == []


def test_a_rule_that_never_asked_does_not_keep_a_stop_up() -> None:
    """The stop of the rule that fired is kept where that rule wants it, not where another one would."""
    bench = Bench.with_rules(only(SOON + TIGHTER))
    bench.read(account(HELD))
    assert last(bench).trigger_price == d("94216.9")
    bench.after(1).answer(bench.placed()[-1])
    for _ in range(5):
        bench.after(10).read(account(HELD, stops=[resting(last(bench))]))
    assert len(bench.placed()) == 1


def test_growth_that_never_stops_does_not_heap_up_stops() -> None:
    """Three at most rest at once, and one once it is over."""
    bench = Bench.with_rules(only(SOON))
    rest: list[Stop] = []
    size = d("0.5")
    most = 0
    for turn in range(40):
        size += d("0.1") if turn < 25 else 0
        bench.after(2).read(account(sized(str(size)), stops=rest))
        step = bench.effects
        for place in [one for one in bench.placed() if one in step]:
            bench.after(0.1).answer(place)
            rest.append(resting(place.order))
        for cancel in [one for one in bench.cancelled() if one in step]:
            bench.after(0.1).answer(cancel)
            rest = [stop for stop in rest if stop.client_id != cancel.client_id]
        bench.effects.clear()
        most = max(most, len(rest))
    assert most <= 3
    assert [stop.size for stop in rest] == [size]


def test_positions_do_not_wait_for_each_other() -> None:
    """Two uncovered positions, two orders in one step; one order a position."""
    bench = Bench.with_rules(only(SOON))
    avax = position(AVAX, entry="30", mark="30", size="500", margin="3000")
    bench.read(account(HELD, avax))
    assert {place.order.symbol for place in bench.placed()} == {BTC, AVAX}
    bench.after(1).mark(BTC, "99000")
    assert len(bench.placed()) == 2


def test_a_stop_is_sized_to_the_position_as_last_read() -> None:
    """Not as it was when the rule fired."""
    bench = Bench.with_rules(shipped())
    for _ in range(6):
        bench.read(account(HELD))
        bench.after(10)
    bench.read(account(sized("0.123")))
    assert last(bench).size == d("0.123")


def test_a_leg_of_a_hedge_gets_nothing() -> None:
    """Its figures are known, stops of a leg are not built: nothing is sent, and the plan says why."""
    bench = Bench.with_rules(only(SOON))
    read = account(replace(HELD, position_side=PositionSide.LONG))
    for _ in range(5):
        bench.read(replace(read, modes=replace(read.modes, hedge=True)))
        bench.after(10)
    assert bench.placed() == []
    assert bench.state.book is not None
    (risk,) = bench.state.book.positions.values()
    row = planned(bench.state, risk, bench.now)
    assert (row["would"], row["why"]) == ("nothing", NO_HEDGE_STOPS)
