"""Answers and reads against the open step of a guard. The core's own tests drive them in company."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.bench import BTC, INSTALLATION, d, position, resting
from watchdog.domain.effects import LookUp, Place
from watchdog.domain.facts import Answer, Confirmed, Finished, Instant, NotFound, Rejected, RejectKind, Unresolved
from watchdog.domain.ids import order_id, position_digits
from watchdog.domain.position import OrderSide, PositionSide, StopOrder, TriggerKind
from watchdog.protection.guard import (
    BLOCK,
    Cancelling,
    Doubt,
    Guard,
    Missing,
    ReadBack,
    Sending,
    Settling,
    from_json,
    guard_key,
    to_json,
)
from watchdog.protection.outcome import (
    Gone,
    Refused,
    Rests,
    after_cancel,
    after_look_up,
    after_place,
    after_snapshot,
    next_due,
    next_effect,
)

KEY = position().key
IDS = (INSTALLATION, position_digits("main", KEY))


def order(generation: int = 4, size: str = "0.5") -> StopOrder:
    """A stop of ours."""
    client_id = str(order_id(INSTALLATION, "main", KEY, generation))
    return StopOrder(BTC, OrderSide.SELL, PositionSide.BOTH, d(size), d("94000.0"), client_id)


def sent(**more: object) -> Guard:
    """Generation 4 is on its way."""
    guard = Guard(KEY, generation=5, reserved=10, step=Sending(order()))
    return replace(guard, **more)  # type: ignore[arg-type]  # by name


def always(_: StopOrder) -> bool:
    """It may be sent again."""
    return True


def never(_: StopOrder) -> bool:
    """It would not be right any more."""
    return False


def test_an_accepted_stop_counts_only_once_a_later_read_shows_it() -> None:
    """A read that began before the answer says nothing; one that began later does."""
    guard, notice = after_place(sent(), order(), Confirmed(), 10.0)
    assert notice is None
    assert guard.resting is None
    same, _ = after_snapshot(guard, [resting(order())], 10.0, 10.5, open_position=True)
    assert same is guard
    guard, notice = after_snapshot(guard, [resting(order())], 10.1, 10.5, open_position=True)
    assert notice == Rests(order())
    assert (guard.resting, guard.step, guard.settled) == (order(), None, 5)


@pytest.mark.parametrize("answer", [Unresolved("timed out"), NotFound(), Finished("EXPIRED")])
def test_no_clear_answer_is_looked_up_by_id(answer: Answer) -> None:
    """Nothing is sent again before the venue has said that it has none."""
    guard, _ = after_place(sent(), order(), answer, 10.0)
    guard, effect = next_effect(guard, IDS, always, 10.0)
    assert effect == LookUp(BTC, order().client_id)
    assert next_effect(guard, IDS, always, 11.0)[1] is None, "one at a time"


def test_what_left_no_trace_is_sent_again_under_the_same_id_three_times_at_most() -> None:
    """And then given up, as a refusal, with a cool-down."""
    guard, _ = after_place(sent(), order(), Unresolved("timed out"), 0.0)
    mono, resends = 0.0, 0
    for _ in range(30):
        mono += 10.0
        guard, effect = next_effect(guard, IDS, always, mono)
        match effect:
            case LookUp():
                guard, notice = after_look_up(guard, order().client_id, NotFound(), mono)
                if notice is not None:
                    break
            case Place(order=again):
                assert again == order()
                resends += 1
                guard, _ = after_place(guard, again, Unresolved("timed out"), mono)
            case _:
                pass
    assert resends == 3
    assert isinstance(notice, Refused)
    assert (guard.step, guard.settled, guard.next_try) == (None, 5, mono + 30)


def test_it_is_not_sent_again_when_it_would_not_be_right() -> None:
    """The position shrank, turned, or nothing may be sent: the next generation decides anew."""
    guard, _ = after_place(sent(), order(), Unresolved("timed out"), 0.0)
    guard, _ = next_effect(guard, IDS, always, 0.0)
    guard, _ = after_look_up(guard, order().client_id, NotFound(), 1.0)
    assert next_effect(guard, IDS, always, 1.5)[1] is None, "not at once: it may still be on its way"
    guard, effect = next_effect(guard, IDS, never, 5.0)
    assert effect is None
    assert (guard.step, guard.settled) == (None, 5)


def test_one_that_is_found_is_read_back_like_any_other() -> None:
    """Found by id, or seen in a read."""
    doubt = replace(sent(), step=Doubt(order(), asked=True))
    guard, notice = after_look_up(doubt, order().client_id, Confirmed(resting(order())), 5.0)
    assert (guard.step, notice) == (ReadBack(order()), None)
    seen = replace(sent(), step=Doubt(order()))
    guard, notice = after_snapshot(seen, [resting(order())], 5.0, 5.5, open_position=True)
    assert notice == Rests(order())


def test_another_order_under_the_id_is_not_taken_for_it() -> None:
    """Only one that matches in every field counts; else the next generation is used."""
    doubt = replace(sent(), step=Doubt(order(), asked=True))
    guard, notice = after_look_up(doubt, order().client_id, Confirmed(resting(order(size="0.4"))), 5.0)
    assert (guard.step, guard.settled, notice) == (None, 5, None)


def duplicate() -> Rejected:
    """The id was used before."""
    return Rejected("-4116", "ClientOrderId is duplicated.", RejectKind.DUPLICATE)


def test_a_duplicate_id_is_looked_up() -> None:
    """It was accepted once: perhaps just now."""
    guard, notice = after_place(sent(), order(), duplicate(), 10.0)
    assert notice is None
    guard, effect = next_effect(guard, IDS, always, 10.0)
    assert effect == LookUp(BTC, order().client_id)
    guard, _ = after_look_up(guard, order().client_id, Confirmed(resting(order())), 11.0)
    assert guard.step == ReadBack(order())


@pytest.mark.parametrize("answer", [Finished("CANCELED"), Finished("TRIGGERED"), NotFound()])
def test_an_id_used_up_long_ago_is_passed_over_without_blaming_anybody(answer: Answer) -> None:
    """An old database was put back: nobody took our stop away, and hands off would leave it uncovered for ever."""
    guard, _ = after_place(sent(), order(), duplicate(), 0.0)
    mono = 0.0
    while guard.step is not None:
        mono += 10
        guard, effect = next_effect(guard, IDS, always, mono)
        assert isinstance(effect, LookUp), "it must not be sent under that id again"
        guard, notice = after_look_up(guard, order().client_id, answer, mono)
        assert notice is None
    assert guard.removed == 0
    assert guard.generation == 5 + BLOCK
    assert guard.reserved > guard.generation


def test_a_duplicate_of_our_own_second_sending_is_the_first() -> None:
    """Sent twice: what is found under the id is ours, and if it ended meanwhile, it ended."""
    twice = replace(sent(), step=Doubt(order(), resends=1, asked=True))
    guard, _ = after_place(twice, order(), duplicate(), 10.0)
    guard, _ = next_effect(guard, IDS, always, 10.0)
    guard, notice = after_look_up(guard, order().client_id, Finished("TRIGGERED"), 11.0)
    assert isinstance(notice, Gone)
    assert notice.triggered


def test_a_refusal_cools_down_longer_each_time() -> None:
    """30 s, a minute, two … ten minutes; a stop that rests ends it."""
    guard, waits = sent(), []
    for generation in range(4, 13):
        guard = replace(guard, step=Sending(order(generation)))
        guard, notice = after_place(guard, order(generation), Rejected("-1111", "Precision"), 0.0)
        assert isinstance(notice, Refused)
        assert notice.code == "-1111"
        assert guard.step is None
        waits.append(guard.next_try)
    assert waits == [30, 60, 120, 240, 480, 600, 600, 600, 600]
    assert next_due(guard) == 600
    guard = replace(guard, step=ReadBack(order(20)))
    guard, _ = after_snapshot(guard, [resting(order(20))], 700, 700.5, open_position=True)
    assert (guard.refusals, guard.next_try) == (0, 0.0)


def test_what_would_trigger_at_once_is_told_as_that() -> None:
    """The mark had passed it."""
    _, notice = after_place(sent(), order(), Rejected("-2021", "…", RejectKind.WOULD_TRIGGER), 0.0)
    assert isinstance(notice, Refused)
    assert notice.would_trigger


def test_a_stop_that_reads_back_as_something_else_is_a_refusal() -> None:
    """Told with the difference; another is not sent at once, or they would heap up."""
    guard = replace(sent(), step=ReadBack(order()))
    odd = replace(resting(order()), trigger=TriggerKind.LAST, size=d("0.4"))
    guard, notice = after_snapshot(guard, [odd], 50.0, 50.5, open_position=True)
    assert isinstance(notice, Refused)
    assert notice.message == "what rests is not what I sent: size 0.4 for 0.5, trigger last for mark"
    assert guard.next_try == 80.5


def test_an_accepted_stop_that_never_shows_is_looked_up() -> None:
    """After three reads without it; if the venue has it all the same, reading goes on."""
    guard = replace(sent(), step=ReadBack(order()))
    for read in range(3):
        assert next_effect(guard, IDS, always, read)[1] is None
        guard, notice = after_snapshot(guard, [], read + 0.5, read + 0.6, open_position=True)
        assert notice is None
    guard, effect = next_effect(guard, IDS, always, 9.0)
    assert isinstance(effect, LookUp)
    again, notice = after_look_up(guard, order().client_id, Confirmed(resting(order())), 10.0)
    assert (again.step, notice) == (ReadBack(order()), None)
    gone, notice = after_look_up(guard, order().client_id, Finished("EXPIRED"), 10.0)
    assert isinstance(notice, Gone)
    assert not notice.by_hand
    assert gone.step is None


@pytest.mark.parametrize(
    ("answer", "removed", "triggered"),
    [
        (Finished("CANCELED"), 1, False),
        (NotFound(), 1, False),
        (Finished("EXPIRED"), 0, False),
        (Finished("REJECTED"), 0, False),
        (Finished("TRIGGERED"), 0, True),
        (Finished("FINISHED"), 0, True),
    ],
)
def test_a_stop_that_no_longer_rests_is_asked_after(answer: Answer, removed: int, triggered: bool) -> None:
    """By hand or unknown counts against placing it again; the venue's own doing does not."""
    guard = replace(sent(), step=None, resting=order())
    guard, notice = after_snapshot(guard, [], 1.0, 1.5, open_position=True)
    assert (guard.step, notice) == (Missing(order().client_id), None)
    guard, effect = next_effect(guard, IDS, always, 1.5)
    assert effect == LookUp(BTC, order().client_id)
    guard, notice = after_look_up(guard, order().client_id, answer, 2.0)
    assert isinstance(notice, Gone)
    assert (notice.by_hand, notice.triggered, notice.order) == (bool(removed), triggered, order())
    assert (guard.removed, guard.resting, guard.step) == (removed, None, None)


@pytest.mark.parametrize("answer", [Unresolved("timed out"), Rejected("-2015", "Invalid API-key")])
def test_no_answer_about_a_missing_stop_is_not_an_answer(answer: Answer) -> None:
    """It is asked again, later and later, and nothing is concluded."""
    guard, waits = replace(sent(), step=Missing(order().client_id), resting=order()), []
    mono = 0.0
    for _ in range(6):
        guard, effect = next_effect(guard, IDS, always, mono)
        assert isinstance(effect, LookUp)
        guard, notice = after_look_up(guard, order().client_id, answer, mono)
        assert notice is None
        due = next_due(guard)
        assert due is not None
        waits.append(due - mono)
        mono = due
    assert waits == [1, 2, 4, 8, 8, 8]
    assert guard.resting == order()


def test_a_list_that_was_late_changes_nothing() -> None:
    """The venue says the missing stop rests."""
    guard = replace(sent(), step=Missing(order().client_id), resting=order())
    guard, notice = after_look_up(guard, order().client_id, Confirmed(resting(order())), 1.0)
    assert (guard.step, guard.resting, guard.removed, notice) == (None, order(), 0, None)


def test_a_failed_cancel_is_decided_anew_after_a_wait() -> None:
    """Never repeated by itself: by then it may be the only stop that is left."""
    guard = replace(sent(), step=Cancelling(order().client_id))
    guard = after_cancel(guard, order().client_id, Unresolved("timed out"), 10.0)
    assert (guard.step, guard.next_cancel, guard.cancels_failed) == (None, 11.0, 1)
    assert next_effect(guard, IDS, always, 20.0)[1] is None
    guard = after_cancel(replace(guard, step=Cancelling(order().client_id)), order().client_id, NotFound(), 20.0)
    assert (guard.step, guard.next_cancel, guard.cancels_failed) == (None, 0.0, 0)


def test_after_a_restart_every_id_of_the_open_block_is_looked_up() -> None:
    """One after the other, each until there is an answer; only then is the next block begun."""
    saved = to_json(Guard(KEY, generation=3, reserved=6, settled=2, wanted=True))
    guard = from_json(saved, Instant(0.0, 0.0))
    assert guard.step == Settling((2, 3, 4, 5))
    assert guard.generation == 6
    assert guard.reserve() is guard, "not before the open block is settled, or crash after crash would add to it"
    asked = []
    mono = 0.0
    answers: list[Answer] = [
        Unresolved("timed out"),
        NotFound(),
        Confirmed(resting(order(3))),
        Finished("CANCELED"),
        NotFound(),
    ]
    for answer in answers:
        mono += 10
        guard, effect = next_effect(guard, IDS, always, mono)
        assert isinstance(effect, LookUp)
        asked.append(int(effect.client_id[-2:], 16))
        guard, notice = after_look_up(guard, effect.client_id, answer, mono)
        assert notice is None
    assert asked == [2, 2, 3, 4, 5]
    assert (guard.step, guard.settled, guard.generation) == (None, 6, 6)
    assert guard.reserved == 6 + BLOCK


def test_a_guard_comes_back_as_it_was_saved() -> None:
    """What outlives the process, and nothing that doesn't."""
    guard = replace(sent(), step=None, resting=order(), removed=1, wanted=True, asked=("no stop",), settled=10)
    back = from_json(to_json(guard), Instant(0.0, 0.0))
    assert (back.key, back.resting, back.removed, back.wanted, back.asked) == (KEY, order(), 1, True, ("no stop",))
    assert (back.generation, back.reserved, back.step) == (10, 10, None)
    assert guard_key(KEY) == "BTC/USDT:USDT|both"


def test_a_guard_at_rest_has_nothing_to_look_up() -> None:
    """A closed position costs a restart nothing, and its ids are not used twice."""
    guard = replace(sent(), step=None, resting=order(), removed=1, wanted=True).at_rest()
    back = from_json(to_json(guard), Instant(0.0, 0.0))
    assert (back.step, back.generation, back.expects) == (None, 5, False)
    assert back.reserve().reserved == 5 + BLOCK
