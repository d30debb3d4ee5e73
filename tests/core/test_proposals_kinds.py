"""What is asked about, beside the first stop: resizes, passed places, what was taken away, what may be loosened."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.asking import (
    ACT,
    ASK,
    HELD,
    NEAR,
    NEARER,
    SOON,
    asking,
    buttons,
    changed,
    confirmed,
    shown,
    sized,
    yes,
)
from tests.core.bench import BTC, Bench, account, d, only, position, resting, shipped
from watchdog.domain.effects import Place, Reply
from watchdog.domain.facts import Command, Finished, Rejected, RejectKind
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import BeforeLiquidation, FromEntry, MaxLoss, Mode
from watchdog.rules.schema import Place as StopPlace


@pytest.mark.parametrize(("size", "sound"), [("0.8", True), ("0.3", False)])
def test_a_resize_is_asked_about_too(size: str, sound: bool) -> None:
    """Growth with a sound, shrinking without; then place, read back, cancel the old."""
    bench = asking()
    old = confirmed(bench)
    bench.after(30).read(account(sized(size), stops=[old]))
    assert len(bench.placed()) == 1
    asked = shown(bench)
    assert asked.sound is sound
    bench.after(1).read(account(sized(size), stops=[old]))
    assert yes(bench, sized(size), [old]).ok
    assert bench.placed()[-1].order.size == d(size)
    bench.after(1).answer(bench.placed()[-1])
    assert bench.cancelled() == []
    new = resting(bench.placed()[-1].order)
    bench.after(1).read(account(sized(size), stops=[old, new]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [old.client_id]


def test_a_position_that_is_closed_takes_the_confirmed_stop_with_it() -> None:
    """As in `act`: it was part of what was said yes to."""
    bench = asking()
    stop = confirmed(bench)
    for _ in range(2):
        bench.after(2).read(account(stops=[stop]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [stop.client_id]


def twice_removed(bench: Bench) -> None:
    """In `act`, the owner takes our stop away, and once more."""
    for _ in range(2):
        place = bench.placed()[-1]
        bench.after(1).answer(place)
        bench.after(1).read(account(HELD, stops=[resting(place.order)]))
        bench.after(5).read(account(HELD))
        bench.after(1).answer(bench.looked_up()[-1], Finished("CANCELED"))
        bench.after(1).read(account(HELD))


def test_a_stop_taken_away_twice_is_only_asked_about_in_act() -> None:
    """Once again by itself, then never; a yes places it."""
    bench = asking(ACT)
    twice_removed(bench)
    assert len(bench.placed()) == 2
    gone = [message for message in bench.messages() if message.lines[0].startswith("STOP GONE")][-1]
    assert gone.lines[2] == "It was taken away twice: from now on I only ask, until `watchdog arm`."
    asked = shown(bench)
    assert asked.alert == f"stop|{BTC}"
    assert asked.lines[3] == "Proposed: stop 94,216.9 on mark, all 0.500, reduce-only"
    for _ in range(20):
        bench.after(10).read(account(HELD))
    assert len(bench.placed()) == 2
    assert not yes(bench).ok, "its minute is over"
    assert yes(bench).ok
    assert len(bench.placed()) == 3


@pytest.mark.parametrize("protection", [ASK, ACT])
def test_a_place_that_moved_away_is_offered_once_and_without_a_sound(protection: str) -> None:
    """After a deposit, in both modes; on a yes the new one is placed before the old one goes."""
    bench = asking(protection)
    if protection == ASK:
        old = confirmed(bench)
    else:
        bench.after(1).answer(bench.placed()[0])
        old = resting(bench.placed()[0].order)
        bench.after(1).read(account(HELD, stops=[old]))
    richer = replace(HELD, isolated_wallet=d("8000"))
    asked = len(buttons(bench))
    for _ in range(10):
        bench.after(10).read(account(richer, stops=[old]))
    assert len(buttons(bench)) == asked + 1
    offer = shown(bench)
    assert (offer.event, offer.sound, offer.level.name) == ("asked", False, "WARN")
    assert offer.lines[0] == "WARN · BTC long · STOP 94,216.9 MAY BE LOOSENED · main"
    assert buttons(bench)[-1].label == "Move stop to 90,602.5"
    assert not yes(bench, richer, [old]).ok, "its minute is over"
    assert yes(bench, richer, [old]).ok
    new = resting(bench.placed()[-1].order)
    assert new.trigger_price == d("90602.5")
    assert bench.cancelled() == []
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(richer, stops=[old, new]))
    assert [cancel.client_id for cancel in bench.cancelled()] == [old.client_id]
    for _ in range(5):
        bench.after(10).read(account(richer, stops=[new]))
    assert len(bench.placed()) == 2


def test_a_passed_place_is_asked_about_in_act_as_well() -> None:
    """Halfway, on a yes."""
    bench = asking(ACT, held=NEAR)
    assert bench.placed() == []
    assert yes(bench, NEAR).ok
    assert bench.placed()[0].order.trigger_price == d("91680.8")


def test_a_rule_that_acts_is_not_held_up_by_one_that_asks() -> None:
    """The first sends its own stop; the nearer one of the second is proposed in its place."""
    both = SOON + NEARER
    bench = asking(ACT, both)
    (place,) = bench.placed()
    assert place.order.trigger_price == d("94216.9")
    bench.after(1).answer(place)
    old = resting(place.order)
    bench.after(1).read(account(HELD, stops=[old]))
    assert len(bench.placed()) == 1
    assert buttons(bench)[-1].label == "Place stop 97,108.5"
    bench.after(70).read(account(HELD, stops=[old]))
    assert not yes(bench, HELD, [old]).ok
    assert yes(bench, HELD, [old]).ok
    assert bench.placed()[-1].order.trigger_price == d("97108.5")


def test_a_refused_stop_is_not_sent_again_unasked() -> None:
    """The emergency says so; after the cool-down it is asked once more."""
    bench = asking()
    assert yes(bench).ok
    refusal = Rejected("-2021", "Order would immediately trigger.", RejectKind.WOULD_TRIGGER)
    bench.after(1).answer(bench.placed()[0], refusal)
    (alert,) = [message for message in bench.messages() if message.alert == f"refused|{BTC}"]
    assert alert.lines[4] == "I did NOT sell: your rule says ask. I ask again from 20:49:32 UTC."
    asked = len(buttons(bench))
    for _ in range(5):
        bench.after(5).read(account(HELD))
    assert len(buttons(bench)) == asked
    bench.after(10).read(account(HELD))
    assert (len(buttons(bench)), len(bench.placed())) == (asked + 1, 1)


def test_what_nobody_answered_is_asked_again_after_half_an_hour() -> None:
    """A question that stands on its own: its stop was taken away by the venue."""
    bench = asking(rules=SOON.replace('critical = "below 95%"', 'critical = { at = "below 95%", hold = "24h" }'))
    bench.state = replace(bench.state, guards=bench.state.guards.insert(HELD.key, replace(bench.guard(), wanted=True)))
    bench.after(1).read(account(HELD))
    assert shown(bench).alert == f"stop|{BTC}"
    assert shown(bench).lines[0] == "CRITICAL · BTC long 9.6% from liq · NO STOP · main"
    first = buttons(bench)[0].subject
    for _ in range(181):
        bench.after(10).read(account(HELD))
    assert [one.subject != first for one in buttons(bench)] == [False, True]
    assert shown(bench).event == "repeated"
    confirmed(bench)
    assert f"stop|{BTC}" not in bench.firing()


@pytest.mark.parametrize(
    ("place", "trigger"),
    [
        (MaxLoss(d("0.1"), None), "98049.1"),
        (MaxLoss(None, d("500"), "USDT"), "99049.6"),
        (FromEntry(d("0.02")), "98000.0"),
        (BeforeLiquidation(d("0.05")), "94879.6"),
    ],
)
def test_every_place_reaches_the_venue(place: StopPlace, trigger: str) -> None:
    """Through the whole core; equity is the isolated margin, or the pool's without this position's own profit."""
    bench = Bench.with_rules(changed(only(SOON, ACT), place=place))
    held = position(margin="10000") if isinstance(place, MaxLoss) else HELD
    bench.read(account(held))
    assert bench.placed()[0].order.trigger_price == d(trigger)
    if not isinstance(place, MaxLoss) or place.share_of_equity is None:
        return
    pooled = Bench.with_rules(changed(only(SOON, ACT), place=place))
    pooled.read(account(position(margin=None, mark="99500"), wallet="10000"))
    assert pooled.placed()[0].order.trigger_price == d("98049.1")


def test_a_loss_in_another_coin_is_said_and_not_sent() -> None:
    """The margin is in USDT."""
    bench = Bench.with_rules(changed(only(SOON, ACT), place=MaxLoss(None, Decimal(500), "EUR")))
    bench.read(account(HELD))
    assert bench.placed() == []
    assert any("its loss is allowed in EUR, its margin is USDT" in line for line in bench.messages()[-1].lines)


def test_most_cautious_wins_for_a_rule_of_its_own_mode() -> None:
    """A rule with `ask` in an account that may act."""
    bench = asking(ACT, SOON + 'mode = "ask"\n')
    assert bench.state.mode is Mode.ACT
    assert bench.placed() == []
    assert isinstance(yes(bench), Reply)
    assert [type(effect) for effect in bench.effects if isinstance(effect, Place)] == [Place]


def test_an_account_that_asks_does_so_once_per_alert_however_the_ticks_come() -> None:
    """The mark trembles for an hour: the alert's own reminders ask again, and nothing else."""
    bench = asking()
    for tick in range(350):
        bench.after(10).mark(BTC, str(100000 + (tick % 7) * 10))
        bench.read(account(HELD))
    assert [message.event for message in bench.messages() if message.buttons] == ["fired", "repeated"]


def test_the_key_of_a_shipped_rule_asks_the_same_way() -> None:
    """Its minute without a stop, then the question."""
    bench = Bench.with_rules(shipped("ask"))
    for _ in range(7):
        bench.read(account(HELD))
        bench.after(10)
    assert [one.label for one in buttons(bench)] == ["Place stop 94,216.9"]


def test_a_question_a_silence_held_back_is_asked_with_its_button_once_the_silence_ends() -> None:
    """As things stand then: with the plan of that moment and a button for it, not with the words of an hour ago."""
    bench = asking()
    old = confirmed(bench)
    bench.put(Command(Verb.SILENCE, "me", seconds=100.0))
    before = len(buttons(bench))
    bench.after(30).read(account(sized("0.3"), stops=[old]))
    assert len(buttons(bench)) == before, "asked under the silence"
    for _ in range(8):
        bench.after(10).read(account(sized("0.2"), stops=[old]))
    assert len(buttons(bench)) == before + 1
    asked = shown(bench)
    assert asked.alert == f"stop|{BTC}"
    assert any(line.startswith("Proposed: stop") and "all 0.2" in line for line in asked.lines)
    assert yes(bench, sized("0.2"), [old]).ok
    assert bench.placed()[-1].order.size == d("0.2")
