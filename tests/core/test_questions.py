"""One question per position: its owner's time is given once, and few sounds, whatever the mark does; the whole core."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.asking import ACT, ASK, HELD, NEAR, SOON, asking, buttons, changed, replies, say_yes, shown, sized, yes
from tests.core.bench import BTC, WALL, Bench, account, d, foreign, only
from watchdog import report
from watchdog.core.step import RulesChanged, step
from watchdog.domain.effects import Reply
from watchdog.domain.facts import Command, Instant, NotFound, Snapshot
from watchdog.domain.position import Position
from watchdog.domain.verbs import Verb

THREE = 180.0
LEVERAGE = """
[[rule]]
name = "leverage"
metric = "effective_leverage"
critical = "2"
stop = { when = "critical", place = { entry_to_liquidation = "60%" } }
"""
DISTANCE = """
[[rule]]
name = "distance"
metric = "liquidation_distance"
critical = { at = "7%", clear = "8%" }
emergency = { at = "4%", clear = "4.1%", confirm = 1 }
stop = { when = "critical", place = { entry_to_liquidation = "40%" } }
"""


def at(mark: str | float) -> Position:
    """The long at another mark."""
    return replace(HELD, mark=d(str(mark)))


def reads(bench: Bench, times: int, held: Position = HELD) -> None:
    """The account as it is, every ten seconds."""
    for _ in range(times):
        bench.after(10).read(account(held))


def sounds(bench: Bench) -> int:
    """How often it made a noise so far."""
    return sum(message.sound for message in bench.messages())


def no_answer(bench: Bench) -> str:
    """What the last question said of no answer."""
    (line,) = [line for line in shown(bench).lines if line.startswith("No answer")]
    return line.removesuffix(" (an ack is no answer; disarm stops it)")


def hover(bench: Bench, center: float, seconds: int, noise: float) -> None:
    """The mark trembles around a price, with a read every ten seconds."""
    chance, mark = random.Random(3), center
    for second in range(seconds):
        bench.after(1)
        mark = center + (mark - center) * 0.7 + chance.gauss(0, noise)
        bench.mark(BTC, f"{mark:.1f}")
        if second % 10 == 0:
            bench.read(account(at(f"{mark:.1f}")))


@pytest.mark.parametrize("a_minute", [60, 120, 240])
def test_a_falling_mark_does_not_put_off_what_goes_without_an_answer(a_minute: int) -> None:
    """Its owner's time is given once: the stop goes at its end, to the place that is safe then."""
    bench = asking(no_answer=THREE)
    mark = Decimal(94700)
    while bench.mono < THREE:
        mark -= Decimal(a_minute) / 6
        bench.after(10).read(account(at(f"{mark}")))
        assert no_answer(bench) == "No answer = I place it at 20:52:00"
    (place,) = bench.placed()
    assert d("90361.4") * d("1.005") < place.order.trigger_price < mark * d("0.995")
    assert place.why == 'rule "no stop", nobody answered by 20:52:00'


@pytest.mark.parametrize("what", ["more money is lost", "a tap too late"])
def test_what_is_shown_anew_keeps_the_time_of_its_question(what: str) -> None:
    """Said again by its alert, asked anew after a tap: the same question."""
    bench = asking(no_answer=THREE)
    bench.after(100)
    if what == "a tap too late":
        assert not yes(bench).ok
    else:
        bench.read(account(at(94000)))
    assert len({one.subject for one in buttons(bench)}) == 2
    assert no_answer(bench) == "No answer = I place it at 20:52:00"


def test_another_question_has_a_time_of_its_own() -> None:
    """It grew by a fifth; what grew by less than a twentieth goes at its time, no larger than it was asked about."""
    bench = asking(no_answer=THREE)
    bench.after(170).read(account(sized("0.6")))
    assert no_answer(bench) == "No answer = I place it at 20:54:50"
    bench.after(9).read(account(sized("0.6")))
    bench.after(10).read(account(sized("0.6")))
    assert bench.placed() == []
    little = asking(no_answer=THREE)
    reads(little, 18, sized("0.51"))
    assert [place.order.size for place in little.placed()] == [d("0.5")]


def test_a_mark_at_the_edge_of_a_place_asks_once() -> None:
    """Where the place turns passed and back each second: no flood, the time stands, any of its buttons works."""
    bench = asking(no_answer=THREE)
    bench.after(1).read(account(at(94690)))
    said = sounds(bench)
    hover(bench, 94690, 178, 12)
    assert sounds(bench) == said
    assert len(bench.messages()) < 6
    bench.after(1).read(account(at(94690)))
    assert [place.why for place in bench.placed()] == ['rule "no stop", nobody answered by 20:52:00']
    tapped = asking()
    for held in (at(94700), at(94680), at(94695), at(94680)):
        tapped.after(1).read(account(held))
    assert buttons(tapped)[-1].label == "Place stop 94,216.9"
    assert yes(tapped, at("94684")).ok, "no riskier than what was shown, and as near"


@pytest.mark.parametrize("protection", [ASK, ACT])
def test_a_mark_at_the_edge_of_any_safe_place_is_told_once(protection: str) -> None:
    """Passed, none safe, passed …: one alert, worded anew when it lasts, sounding once."""
    bench = asking(protection, held=at(91400))
    hover(bench, 91316, 120, 10)
    assert sounds(bench) <= 2
    assert len(bench.messages()) <= 6
    assert bench.placed() == []


def test_a_place_passed_and_ahead_in_turns_is_said_again_without_a_sound() -> None:
    """For a minute and a half each: the words follow, the deadline stands."""
    bench = asking(rules=SOON.replace('critical = "below 95%"', 'critical = { at = "below 95%", hold = "24h" }'))
    bench.state = replace(bench.state, guards=bench.state.guards.insert(HELD.key, replace(bench.guard(), wanted=True)))
    reads(bench, 1, at(94800))
    heads = len(bench.messages())
    assert sounds(bench) == 1
    for turn in range(6):
        reads(bench, 9, at(94100 if turn % 2 == 0 else 94800))
    later = bench.messages()[heads:]
    assert [message.sound for message in later] == [False] * 6
    assert {message.alert for message in later} == {f"stop|{BTC}"}
    assert [("PLACE IS PASSED" in message.lines[0]) for message in later] == [True, False] * 3
    assert bench.state.alerts[f"stop|{BTC}"].repeats == 0


def test_a_plan_shown_before_the_newest_counts_for_its_own_minute() -> None:
    """A newer one came while the thumb was on its way; not after a minute, and not when it was sent already."""
    emergency = asking(ASK, DISTANCE, held=at(94400))
    old = buttons(emergency)[-1].subject
    emergency.after(5).read(account(at(94120)))
    newer = buttons(emergency)[-1].subject
    assert newer != old
    say_yes(emergency, old)
    emergency.after(1).read(account(at(94130)))
    assert replies(emergency)[-1].ok
    say_yes(emergency, newer)
    assert replies(emergency)[-1].text.startswith("Done already: I sent it at")
    assert len(emergency.placed()) == 1


def test_a_stop_of_the_owners_that_goes_again_leaves_the_promise_as_it_was() -> None:
    """It rested 20 s, the alert that asked still fires: what the phone says is what happens."""
    bench = asking(ASK, LEVERAGE, no_answer=THREE)
    reads(bench, 6)
    for _ in range(2):
        bench.after(10).read(account(HELD, stops=[foreign("95000")]))
    reads(bench, 10)
    assert [place.why for place in bench.placed()] == ['rule "leverage", nobody answered by 20:52:00']


def test_what_was_covered_when_its_time_was_over_is_asked_anew() -> None:
    """By the owner's own stop, that goes ten minutes later."""
    bench = asking(ASK, LEVERAGE, no_answer=THREE)
    for _ in range(60):
        bench.after(10).read(account(HELD, stops=[foreign("95000")]))
    asked = len(buttons(bench))
    reads(bench, 1)
    assert bench.placed() == []
    assert len(buttons(bench)) == asked + 1
    assert (shown(bench).sound, no_answer(bench)) == (True, "No answer = I place it at 21:02:10")
    reads(bench, 18)
    assert len(bench.placed()) == 1


@pytest.mark.parametrize(
    ("after", "said", "goes"),
    [
        (None, "No answer = NOTHING IS SENT", None),
        (60.0, "No answer = I place it at 20:50:10", 70.0),
        (600.0, "No answer = I place it at 20:59:00", 600.0),
    ],
    ids=["nothing", "sooner", "later"],
)
def test_the_time_without_an_answer_is_that_of_the_rules_in_force(
    after: float | None, said: str, goes: float | None
) -> None:
    """Saved while the question is open: it is told, with the same button, and it is what happens."""
    bench = asking(no_answer=THREE)
    reads(bench, 1)
    bench.put(RulesChanged(changed(only(SOON, ASK), no_answer=after)))
    told = shown(bench)
    assert (told.lines[0], told.sound) == ("WARN · BTC long · YOUR RULES CHANGED AN OPEN QUESTION · main", False)
    assert no_answer(bench) == said
    assert len({one.subject for one in buttons(bench)}) == 1
    while bench.mono < 700 and not bench.placed():
        reads(bench, 1)
    assert (bench.mono if bench.placed() else None) == goes


def test_a_time_given_by_new_rules_is_asked_about_anew() -> None:
    """It said that nothing is sent: so its owner is told, with a sound, and has all of that time."""
    bench = asking()
    reads(bench, 20)
    bench.put(RulesChanged(changed(only(SOON, ASK), no_answer=THREE)))
    assert (shown(bench).sound, no_answer(bench)) == (True, "No answer = I place it at 20:55:20")
    reads(bench, 17)
    assert bench.placed() == []
    reads(bench, 1)
    assert len(bench.placed()) == 1


def test_disarmed_a_question_loses_its_time_and_gets_another_once_armed() -> None:
    """It does not go in the step in which the disarming ends."""
    bench = asking(no_answer=THREE)
    reads(bench, 1)
    bench.command(Verb.DISARM, seconds=600)
    asked = len(buttons(bench))
    reads(bench, 59)
    assert len(buttons(bench)) == asked
    reads(bench, 1)
    assert bench.placed() == []
    assert (shown(bench).sound, no_answer(bench)) == (True, "No answer = I place it at 21:02:10")
    reads(bench, 18)
    assert [place.why for place in bench.placed()] == ['rule "no stop", nobody answered by 21:02:10']


def test_a_short_disarming_takes_the_time_of_a_question_too() -> None:
    """Its owner was told that nothing is sent: the time begins anew."""
    bench = asking(no_answer=THREE)
    bench.command(Verb.DISARM, seconds=30)
    reads(bench, 18)
    assert bench.placed() == []
    assert no_answer(bench) == "No answer = I place it at 20:52:30"
    reads(bench, 3)
    assert len(bench.placed()) == 1


def _up_again(bench: Bench, held: Position) -> Bench:
    """A new process, once it has looked up what it may have sent before."""
    bench = bench.restarted()
    bench.after(0.5).read(account(held))
    while bench.looked_up():
        look = bench.looked_up()[-1]
        bench.effects.remove(look)
        bench.after(0.01).answer(look, NotFound())
    bench.after(1.1).read(account(held))
    return bench


@pytest.mark.parametrize("what", ["the same", "another"])
def test_a_time_that_went_by_while_nobody_watched_is_given_anew(what: str) -> None:
    """Over for three minutes, with the same position or another: it is asked anew; for twenty seconds: it goes."""
    new = replace(HELD, size=d("0.4"), entry=d("99000"), mark=d("99500"), isolated_wallet=d("4000"))
    bench = asking(no_answer=THREE)
    bench = _up_again(bench.after(360), HELD if what == "the same" else new)
    assert bench.placed() == []
    assert no_answer(bench).startswith("No answer = I place it at 20:58:0")
    soon = _up_again(asking(no_answer=THREE).after(199), HELD)
    assert len(soon.placed()) == 1
    other = _up_again(asking(no_answer=THREE).after(100), new)
    other.after(79).read(account(new))
    assert other.placed() == [], "it was never asked about this position"


def test_a_long_blindness_gives_another_time_and_a_short_one_does_not() -> None:
    """A read that is wanted for two minutes holds it up; after an hour its owner is asked again."""
    bench = asking(no_answer=THREE)
    bench.after(300).read(account(HELD))
    assert len(bench.placed()) == 1
    late = asking(no_answer=THREE)
    late.after(4000).read(account(HELD))
    assert late.placed() == []
    assert no_answer(late) == "No answer = I place it at 21:58:40"


def test_the_live_words_say_what_a_tap_does() -> None:
    """A little later the plan as it was shown, which a yes sends; far off, that a yes shows it anew."""
    bench = asking(held=NEAR)
    bench.after(10).read(account(at(92950)))
    (live,) = [alert for alert in report.view(bench.state, bench.now).alerts if alert.buttons[0].verb is Verb.CONFIRM]
    assert "Proposed: stop 91,680.8 on mark, all 0.500, reduce-only" in live.lines
    assert not any("anew" in line for line in live.lines)
    assert yes(bench, at(92950)).ok
    assert bench.placed()[0].order.trigger_price == d("91680.8")
    far = asking(held=NEAR)
    far.after(10).read(account(at(92500)))
    lines = [line for alert in report.view(far.state, far.now).alerts for line in alert.lines]
    assert "Shown 20:49:00 UTC; a yes now shows it anew. It is:" in lines


def test_an_alert_that_eases_leaves_its_button_alive() -> None:
    """No message goes out, so no other plan was shown."""
    bench = asking(ASK, DISTANCE, held=at(94000))
    for mark in ("94000", "94250", "94260"):
        bench.after(2).read(account(at(mark)))
    assert bench.state.alerts[f"rule:distance|{BTC}"].level is not None
    (button,) = buttons(bench)
    proposal = bench.guard().proposal
    assert proposal is not None
    assert proposal.id == button.subject
    assert yes(bench, at("94250")).ok


def _silenced(**stop: object) -> Bench:
    bench = Bench.with_rules(changed(only(SOON, ASK), **stop))
    bench.read(account(HELD, stops=[foreign("95000")]))
    bench.put(Command(Verb.SILENCE, "me", seconds=7200.0))
    return bench


def test_a_question_that_goes_without_an_answer_is_asked_despite_a_silence() -> None:
    """Once, without a sound: it says what I do."""
    bench = _silenced(no_answer=THREE)
    reads(bench, 18)
    assert [message.sound for message in bench.messages() if message.event == "fired"] == [False]
    assert no_answer(bench) == "No answer = I place it at 20:52:10"
    assert bench.placed() == []
    reads(bench, 1)
    assert [place.why for place in bench.placed()] == ['rule "no stop", nobody answered by 20:52:10']


def test_a_question_a_silence_holds_back_is_no_proposal() -> None:
    """Nobody has seen it; the silence over, it is asked."""
    bench = _silenced()
    reads(bench, 18)
    assert buttons(bench) == []
    assert bench.guard().proposal is None
    bench.put(Command(Verb.UNSILENCE, "me"))
    assert len(buttons(bench)) == 1


def test_a_yes_is_carried_out_where_the_rules_act_and_want_nothing_now() -> None:
    """Asked in `ask`, tapped in `act`, its alert over: it does not say that it places one by itself, it sends it."""
    rule = DISTANCE.replace('at = "7%", clear = "8%"', 'at = "9.7%", clear = "9.8%"').replace('"40%"', '"60%"')
    bench = asking(ASK, rule)
    bench.after(5).read(account(at("100200")))
    assert f"rule:distance|{BTC}" not in bench.firing()
    bench.put(RulesChanged(only(rule, ACT)))
    assert bench.placed() == []
    reply = yes(bench, at("100200"))
    assert reply.text.startswith("I send the stop")
    assert len(bench.placed()) == 1


def test_a_wall_clock_set_back_makes_no_button_young() -> None:
    """Ten minutes old by the monotonic clock, twenty minutes ahead by the wall."""
    bench = asking()
    mono = 600.0

    def then() -> Instant:
        return Instant(mono, WALL - 1800 + mono)

    bench.state, _ = step(bench.state, Snapshot(account(HELD), mono, mono), then())
    bench.state, _ = step(bench.state, Command(Verb.CONFIRM, "me", buttons(bench)[0].subject), then())
    mono += 1
    bench.state, effects = step(bench.state, Snapshot(account(HELD), mono, mono), then())
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    assert reply.text.startswith("Nothing was sent: it was shown more than a minute before")


def test_a_wall_clock_set_forward_takes_no_time_away() -> None:
    """Three minutes are three minutes."""
    bench = asking(no_answer=THREE)
    for mono in (10.0, 20.0, 30.0):
        bench.state, effects = step(bench.state, Snapshot(account(HELD), mono, mono), Instant(mono, WALL + 3600 + mono))
        assert "Place" not in {type(effect).__name__ for effect in effects}


def test_what_the_first_version_said_of_it_is_forgotten() -> None:
    """It had an alert for each kind of trouble; one that it left on the disk is not said for ever."""
    bench = asking(held=NEAR)
    row = bench.rows["alert"][f"stop|{BTC}"]
    bench.rows["alert"] |= {f"past|{BTC}": row}
    again = _up_again(bench, NEAR)
    assert f"past|{BTC}" not in again.firing()
    assert f"past|{BTC}" not in again.rows["alert"]
