"""Orders without an answer, between a frame and the next read; and outcomes that a mistake of ours swallowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.asking import HELD, SOON, asking, buttons, sized, yes
from tests.core.bench import Bench, account, d, only, resting
from watchdog.domain.effects import Place
from watchdog.domain.facts import NotFound, Unresolved
from watchdog.domain.position import Position
from watchdog.domain.verbs import Verb
from watchdog.protection.guard import Doubt


def without_a_trace() -> tuple[Bench, Place]:
    """A stop that its owner said yes to; no answer came, and the venue knows of none."""
    bench = asking()
    assert yes(bench).ok
    (place,) = bench.placed()
    bench.after(5).answer(place, Unresolved("no answer within 5 s"))
    bench.after(0.3).answer(bench.looked_up()[-1], NotFound())
    return bench, place


def test_a_yes_outlives_a_frame_before_the_second_sending() -> None:
    """The frame makes the last read old for a moment: the order waits for the next one and goes under the same id."""
    bench, place = without_a_trace()
    bench.after(0.3).frame()
    bench.after(0.9).due()
    assert len(bench.placed()) == 1
    assert isinstance(bench.guard().step, Doubt), "it waits, and is not given up"
    bench.after(0.5).read(account(HELD))
    assert [one.order for one in bench.placed()] == [place.order, place.order]
    bench.after(0.1).answer(bench.placed()[-1])
    bench.after(1).read(account(HELD, stops=[resting(place.order)]))
    assert [head for head in bench.heads() if head.startswith("DONE · BTC long · STOP 94,216.9 RESTS")]


def test_a_position_missing_from_one_read_is_no_reason_to_give_up_its_stop() -> None:
    """Whether it is closed a second read will say; then the order is let go, without a word of alarm."""
    bench, _ = without_a_trace()
    bench.after(0.3).read(account())
    bench.after(0.9).due()
    assert isinstance(bench.guard().step, Doubt)
    bench.after(0.5).read(account())
    assert bench.guard().step is None
    assert not [head for head in bench.heads() if "NOT PLACED" in head]


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (sized("0.4"), "the position is smaller by now"),
        (replace(HELD, mark=d("94000")), "the mark has passed it"),
    ],
    ids=["smaller", "passed"],
)
def test_what_is_wrong_by_now_is_let_go_and_said(held: Position, why: str) -> None:
    """Its owner said yes to it: he hears that it never arrived, and is asked anew."""
    bench, _ = without_a_trace()
    asked = len(buttons(bench))
    bench.after(1).read(account(held))
    assert len(bench.placed()) == 1
    (said,) = [message for message in bench.messages() if "NOT PLACED" in message.lines[0]]
    assert said.lines[:4] == (
        "STOP NOT PLACED · BTC long · main",
        "My stop 94,216.9 for 0.500 left no trace at Binance: no order came of it.",
        'It was sent for: rule "no stop", you tapped 20:49:00',
        f"I don't send it again: {why}.",
    )
    assert said.sound
    bench.after(10).read(account(held))
    bench.after(1800).read(account(held))
    bench.after(1800).read(account(held))
    assert len(buttons(bench)) > asked


def test_disarmed_it_is_let_go_and_said() -> None:
    """Leave is gone, not passing."""
    bench, _ = without_a_trace()
    bench.command(Verb.DISARM, seconds=600)
    bench.after(1).read(account(HELD))
    assert len(bench.placed()) == 1
    assert bench.guard().step is None
    (said,) = [message for message in bench.messages() if "NOT PLACED" in message.lines[0]]
    assert said.lines[3].startswith("I don't send it again: disarmed until")


def test_an_old_read_holds_the_second_sending_back_too() -> None:
    """Nothing is sent on old numbers, and nothing given up for them."""
    bench = Bench.with_rules(only(SOON))
    bench.read(account(HELD))
    (place,) = bench.placed()
    bench.after(5).answer(place, Unresolved("no answer within 5 s"))
    bench.after(0.3).answer(bench.looked_up()[-1], NotFound())
    for _ in range(10):
        bench.after(10).fail()
    assert len(bench.placed()) <= 2, "the first and, while the read was young, one more"
    step = bench.guard().step
    assert isinstance(step, Doubt)
    assert step.order == place.order
