"""An account that is new to `act`: it shows its plan, and until its wait is over it asks."""

from __future__ import annotations

from dataclasses import replace

from tests.core.asking import ASK, HELD, NEAR, SOON, asking, buttons, changed, replies, say_yes, shown, yes
from tests.core.bench import AVAX, BTC, Bench, account, only, position, resting
from watchdog import report
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Button, Message
from watchdog.domain.facts import Command
from watchdog.domain.verbs import Verb

NEW = 'mode = "act"\nfirst_act_after = "10m"'


def plan(bench: Bench) -> Message:
    """The message that shows the plan."""
    (message,) = [one for one in bench.messages() if "may act from" in one.lines[0]]
    return message


def start(bench: Bench) -> Button:
    """The button under it."""
    (button,) = plan(bench).buttons
    return button


def tap(bench: Bench, button: Button) -> str:
    """A tap on it, and the answer."""
    bench.put(Command(button.verb, "me", button.subject))
    return replies(bench)[-1].text


def test_the_plan_is_shown_in_words_before_the_wait_begins() -> None:
    """Per position what would be sent; not before a read has shown what is held."""
    bench = Bench.with_rules(only(SOON, NEW))
    bench.due()
    bench.after(30).due()
    assert [head for head in bench.heads() if "may act" in head] == []
    avax = position(AVAX, entry="30", mark="24", size="500", margin="6000")
    bench.read(account(HELD, avax))
    assert plan(bench).lines == (
        "INFO · main may act from 20:59:30 UTC · main",
        "Until then I only ask. If every rule fired now, I would send:",
        "BTC long: stop 94,216.9, 0.500, 5.8% from mark; fills about −2,915 USDT",
        "AVAX long: stop 22.9, 500.000, 4.6% from mark; fills about −3,556 USDT",
        "Sooner: tap, or `watchdog arm`. Not at all: `watchdog disarm`.",
        "20:49:30 UTC",
    )
    assert (start(bench).label, start(bench).verb, start(bench).own_row) == ("Start now", Verb.ARM, True)


def test_while_it_waits_a_yes_is_leave_and_nothing_goes_by_itself() -> None:
    """The question says what no answer means; once the wait is over it acts."""
    bench = asking(NEW)
    assert (
        "No answer = nothing is sent before 20:59:00; then I may act by myself (disarm stops it)" in shown(bench).lines
    )
    for _ in range(30):
        bench.after(10).read(account(HELD))
    assert bench.placed() == []
    sends = report.status(bench.state, bench.now)["sends"]
    assert sends == "it is new to act and only asks until 20:59:00 UTC"
    say_yes(bench)  # too old: it is asked anew
    bench.after(1).read(account(HELD))
    assert yes(bench).ok
    assert len(bench.placed()) == 1
    later = asking(NEW)
    later.after(599).read(account(HELD))
    assert later.placed() == []
    later.after(1).due()
    later.after(1).read(account(HELD))
    assert len(later.placed()) == 1


def test_from_ask_to_act_an_open_question_can_still_be_answered() -> None:
    """A reload that allows more never protects less."""
    bench = asking()
    bench.after(5).read(account(HELD))
    bench.put(RulesChanged(only(SOON, NEW)))
    assert yes(bench).ok
    assert len(bench.placed()) == 1


def test_from_ask_to_act_a_promised_time_is_taken_back_in_words() -> None:
    """No answer would have sent it in three minutes: what it means now is said, and a yes still counts."""
    bench = asking(no_answer=180.0)
    bench.after(5).read(account(HELD))
    bench.put(RulesChanged(changed(only(SOON, NEW), no_answer=180.0)))
    said = shown(bench)
    assert said.lines[0] == "WARN · BTC long · YOUR RULES CHANGED AN OPEN QUESTION · main"
    assert "No answer = nothing is sent before 20:59:05; then I may act by myself (disarm stops it)" in said.lines
    for _ in range(3):
        bench.after(10).read(account(HELD))
    assert yes(bench).ok
    assert len(bench.placed()) == 1


def test_no_answer_sends_nothing_while_it_waits() -> None:
    """Asked when it was new to `act` already: neither the stop nor the one halfway goes by itself."""
    for held in (HELD, NEAR):
        bench = asking(NEW, held=held, no_answer=180.0)
        for _ in range(50):
            bench.after(10).read(account(held))
        assert bench.placed() == []


def test_a_rule_of_mode_ask_asks_meanwhile_too() -> None:
    """Its own mode never was `act`."""
    bench = asking(NEW, SOON + 'mode = "ask"\n')
    assert buttons(bench)
    assert yes(bench).ok


def test_the_button_ends_the_wait_once() -> None:
    """Then the rules act; a second tap changes nothing."""
    bench = asking(NEW)
    button = start(bench)
    assert tap(bench, button) == "it may act from now on"
    bench.after(1).read(account(HELD))
    assert len(bench.placed()) == 1
    assert tap(bench, button) == "nothing was changed: that wait is over"


def test_the_button_ends_nothing_else() -> None:
    """Neither a disarming that came later, nor the wait of another time, nor hands off."""
    bench = asking(NEW)
    first = start(bench)
    bench.command(Verb.DISARM, seconds=3600)
    assert tap(bench, first) == "it may act, but sends nothing: disarmed until 21:49:00 UTC"
    assert bench.state.disarmed_until is not None
    again = asking(NEW)
    old = start(again)
    again.after(5).put(RulesChanged(only(SOON, ASK)))
    again.after(5).put(RulesChanged(only(SOON, NEW)))
    assert tap(again, old) == "nothing was changed: that wait is over"
    assert again.state.asks_until(again.now.wall) is not None


def test_a_stop_that_rests_is_looked_after_meanwhile() -> None:
    """Its position is closed: it goes, as in mode ask."""
    bench = asking()
    assert yes(bench).ok
    stop = resting(bench.placed()[-1].order)
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(HELD, stops=[stop]))
    bench.put(RulesChanged(only(SOON, NEW)))
    for _ in range(3):
        bench.after(2).read(account(stops=[stop]))
    assert [one.client_id for one in bench.cancelled()] == [stop.client_id]


def test_a_grown_position_is_asked_about_and_not_covered_by_itself() -> None:
    """What is sent needs a yes, also where a stop rests already."""
    bench = asking()
    assert yes(bench).ok
    stop = resting(bench.placed()[-1].order)
    bench.after(1).answer(bench.placed()[-1])
    bench.after(1).read(account(HELD, stops=[stop]))
    bench.put(RulesChanged(only(SOON, NEW)))
    asked = len(buttons(bench))
    for _ in range(8):
        bench.after(10).read(
            account(replace(HELD, size=HELD.size * 2, isolated_wallet=HELD.size * 20000), stops=[stop])
        )
    assert len(bench.placed()) == 1
    assert len(buttons(bench)) > asked
    assert bench.firing() >= {f"rule:no stop|{BTC}"}
