"""A stop that waits for its owner's word: asked, answered, left unanswered; through the whole core."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.core.asking import (
    ASK,
    HELD,
    SOON,
    asking,
    buttons,
    replies,
    say_yes,
    shown,
    sized,
    yes,
)
from tests.core.bench import BTC, Bench, account, d, foreign, only, resting
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Read, Reply, Save
from watchdog.domain.facts import Finished
from watchdog.domain.position import Position, Stop, StopKind
from watchdog.domain.verbs import Verb


def test_the_rules_alert_asks_and_nothing_is_sent_without_an_answer() -> None:
    """What, at what price, what it costs, and what no answer means; its button on a row of its own."""
    bench = asking()
    (message,) = [one for one in bench.messages() if one.buttons]
    assert message.alert == f"rule:no stop|{BTC}"
    assert message.sound
    assert message.lines == (
        "CRITICAL · BTC long 9.6% from liq · NO STOP · main",
        "Mark 100,000.0 · liq 90,361.4 (ours; Binance says none)",
        'Stops close 0.0% of it before liquidation (rule "no stop")',
        "Proposed: stop 94,216.9 on mark, all 0.500, reduce-only",
        "Fills: about −2,915 USDT. Liquidated: −5,000. Owe: normally no",
        "No answer = NOTHING IS SENT",
        "20:49:00 UTC",
    )
    (button,) = buttons(bench)
    assert (button.label, button.own_row) == ("Place stop 94,216.9", True)
    assert len(button.subject) == 8
    for _ in range(200):
        bench.after(10).read(account(HELD))
    assert bench.placed() == []


def test_a_yes_is_carried_out_on_a_read_that_began_after_it() -> None:
    """The price of the button is sent, the journal and the message say who said so."""
    bench = asking()
    say_yes(bench, by="Ann, by phone")
    assert bench.placed() == []
    bench.after(0.5).read(account(HELD), began=-0.1)
    assert bench.placed() == [], "that read began before the yes"
    bench.after(0.6).read(account(HELD))
    (place,) = bench.placed()
    assert (place.order.size, place.order.trigger_price) == (d("0.5"), d("94216.9"))
    assert place.why == 'rule "no stop", you tapped 20:49:00 (Ann, by phone)'
    assert replies(bench) == [Reply("me", "I send the stop 94,216.9 for 0.500 now, and tell you once it rests.")]
    bench.after(1).answer(place)
    profit = replace(foreign("120000", "0.5"), kind=StopKind.TAKE_PROFIT)
    bench.after(1).read(account(HELD, stops=[resting(place.order), profit, replace(profit, venue_id="78")]))
    done = next(message for message in bench.messages() if message.lines[0].startswith("DONE"))
    assert done.lines[2] == 'Why: rule "no stop", you tapped 20:49:00 (Ann, by phone)'
    assert done.lines[4] == "Your 2 take-profits still rest (read 20:49:03)"


def test_a_yes_is_in_the_journal_with_its_answer() -> None:
    """As every word of a person is; what is answered after the read has no answer there yet."""
    bench = asking()
    say_yes(bench, by="Ann, by phone")
    say_yes(bench, "00000000")
    told = [
        json.loads(entry.detail)
        for effect in bench.effects
        if isinstance(effect, Save)
        for entry in effect.entries
        if entry.kind == "command"
    ]
    assert [(one["verb"], one["by"], one["ok"], one["answer"]) for one in told] == [
        ("confirm", "Ann, by phone", None, ""),
        ("confirm", "", False, "Nothing was sent: I know no such proposal."),
    ]


def test_a_yes_asks_for_a_read_at_once() -> None:
    """It does not wait for the next poll."""
    bench = asking()
    bench.after(3).due()
    bench.effects.clear()
    say_yes(bench, bench.guard().proposal.id)  # type: ignore[union-attr]
    bench.after(1).due()
    assert [effect for effect in bench.effects if isinstance(effect, Read)] == [Read("a yes")]


def test_the_same_yes_twice_is_one_yes() -> None:
    """Before the read, after it, and once the stop rests."""
    bench = asking()
    identity = buttons(bench)[0].subject
    say_yes(bench)
    say_yes(bench)
    assert replies(bench)[-1].text == "You said yes already: I read the account first."
    bench.after(1).read(account(HELD))
    say_yes(bench, identity)
    assert replies(bench)[-1].text == "Done already: I sent it at 20:49:01 UTC."
    bench.after(1).answer(bench.placed()[0])
    bench.after(1).read(account(HELD, stops=[resting(bench.placed()[0].order)]))
    say_yes(bench, identity)
    assert replies(bench)[-1].ok
    assert len(bench.placed()) == 1


def test_a_yes_after_a_minute_is_asked_anew() -> None:
    """Nothing is sent; the new question sounds, belongs to the same alert, and its own button works."""
    bench = asking()
    first = buttons(bench)[0].subject
    bench.after(60)
    assert not yes(bench).ok
    assert bench.placed() == []
    again = shown(bench)
    assert (again.event, again.sound, again.alert) == ("asked", True, f"rule:no stop|{BTC}")
    assert again.lines[1] == "Nothing was sent: it was shown more than a minute before."
    assert buttons(bench)[-1].subject != first
    say_yes(bench, first)
    assert replies(bench)[-1].text.startswith("Nothing was sent: the plan was shown anew")
    assert yes(bench).ok
    assert len(bench.placed()) == 1


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (replace(HELD, mark=d("99690")), "the mark has moved 0.3% since"),
        (replace(HELD, mark=d("100310")), "the mark has moved 0.3% since"),
        (sized("0.6"), "it would be 0.6, not 0.5"),
        (replace(HELD, entry=d("100020")), "it would lose more by now"),
        (replace(HELD, isolated_wallet=d("4000")), "its place is 95,421.7 by now"),
    ],
    ids=["fell", "rose", "grew", "costs more", "other place"],
)
def test_what_became_larger_or_riskier_is_asked_anew(held: Position, why: str) -> None:
    """It was not what the tap was about."""
    bench = asking()
    reply = yes(bench, held)
    assert bench.placed() == []
    assert not reply.ok
    assert reply.text.startswith(f"Nothing was sent: {why}")
    assert shown(bench).event == "asked"


def test_what_became_smaller_is_sent() -> None:
    """Half was closed meanwhile; the mark moved a little."""
    bench = asking()
    assert yes(bench, replace(sized("0.2"), mark=d("99800"))).ok
    assert (bench.placed()[0].order.size, bench.placed()[0].order.trigger_price) == (d("0.2"), d("94216.9"))


@pytest.mark.parametrize(
    ("held", "stops", "text"),
    [
        ((), (), "Nothing was sent: the position is closed."),
        ((HELD,), (foreign("95000"),), "Nothing was sent: stops that are not mine cover it."),
    ],
    ids=["closed", "covered"],
)
def test_what_is_needless_by_now_is_answered_so(held: Iterable[Position], stops: Iterable[Stop], text: str) -> None:
    """And a later tap is answered, too."""
    bench = asking()
    identity = buttons(bench)[0].subject
    say_yes(bench)
    for _ in range(3):
        bench.after(1.1).read(account(*held, stops=stops))
    assert replies(bench)[-1].text == text
    say_yes(bench, identity)
    bench.after(1.1).read(account(*held, stops=stops))
    assert [reply.ok for reply in replies(bench)] == [False, False]
    assert bench.placed() == []


def test_without_a_fresh_read_nothing_is_sent_and_that_is_said() -> None:
    """Within seconds, by itself; a late read does not carry it out."""
    bench = asking()
    bench.after(2)
    say_yes(bench)
    bench.fail()
    assert bench.wake <= 9
    bench.mono = 9.0
    bench.due()
    assert replies(bench) == [
        Reply(
            "me",
            "Nothing was sent: I could not read the account within 7 s. Tap again, or look yourself.",
            ok=False,
        )
    ]
    bench.after(1).read(account(HELD))
    assert bench.placed() == []
    assert yes(bench).ok


def test_a_read_that_a_frame_has_overtaken_does_not_carry_out_a_yes() -> None:
    """The next one does."""
    bench = asking()
    say_yes(bench)
    bench.after(0.5).frame()
    bench.after(0.1).read(account(HELD), began=0.2)
    assert bench.placed() == []
    bench.after(1).read(account(HELD))
    assert len(bench.placed()) == 1


def test_an_id_nobody_knows_is_answered_so() -> None:
    """Another account may know it."""
    bench = asking()
    say_yes(bench, "00000000")
    assert replies(bench) == [Reply("me", "Nothing was sent: I know no such proposal.", ok=False, known=False)]


def test_disarmed_a_yes_comes_to_nothing() -> None:
    """It says until when; while disarmed nothing is asked."""
    bench = asking()
    bench.command(Verb.DISARM, seconds=30)
    say_yes(bench)
    assert replies(bench)[-1].text == "Nothing was sent: disarmed until 20:49:30 UTC."
    bench.after(1).read(account(HELD))
    assert bench.placed() == []
    quiet = Bench.with_rules(only(SOON, ASK))
    quiet.command(Verb.DISARM, seconds=30)
    quiet.read(account(HELD))
    assert buttons(quiet) == []
    quiet.after(31).read(account(HELD))
    assert len(buttons(quiet)) == 1, "armed again, it asks"


def test_a_key_that_can_not_trade_shows_no_button() -> None:
    """Nor does it carry out a yes that came before that was known."""
    bench = asking()
    read = account(HELD)
    poor = replace(read, modes=replace(read.modes, can_trade=False))
    bench.after(1).read(poor)
    say_yes(bench)
    assert replies(bench)[-1].text == "Nothing was sent: the key of this account can't trade."
    other = Bench.with_rules(only(SOON, ASK))
    other.read(poor)
    assert buttons(other) == []
    assert any("the key of this account can't trade" in line for line in other.messages()[-1].lines)
    assert "trade" in other.firing()


def test_new_rules_void_what_was_asked_and_say_so_to_a_tap() -> None:
    """`watch` by now; and back to `ask`, it asks once more."""
    bench = asking()
    bench.after(1).put(RulesChanged(only(SOON, 'mode = "watch"')))
    say_yes(bench)
    assert replies(bench)[-1].text == 'Nothing was sent: its mode is "watch" now.'
    bench.after(1).read(account(HELD))
    assert bench.placed() == []
    asked = len(buttons(bench))
    bench.after(1).put(RulesChanged(only(SOON, ASK)))
    bench.after(1).read(account(HELD))
    assert len(buttons(bench)) == asked + 1


def test_new_rules_take_back_a_yes_that_waits() -> None:
    """Saved between the tap and the read."""
    bench = asking()
    say_yes(bench)
    bench.put(RulesChanged(only(SOON, 'mode = "watch"')))
    bench.after(1).read(account(HELD))
    assert bench.placed() == []
    assert replies(bench)[-1].text == 'Nothing was sent: its mode is "watch" now.'


def test_a_restart_keeps_what_was_asked() -> None:
    """A yes to it works by the same rules: within its minute, on a fresh read, after the ids were looked up."""
    bench = asking()
    identity = buttons(bench)[0].subject
    again = bench.after(20).restarted()
    say_yes(again, identity)
    again.after(0.5).read(account(HELD))
    while again.looked_up():
        look = again.looked_up()[-1]
        again.effects.remove(look)
        again.after(0.01).answer(look, Finished("CANCELED"))
    assert again.placed() == []
    again.after(1).read(account(HELD))
    assert len(again.placed()) == 1
    late = asking()
    identity = buttons(late)[0].subject
    late = late.after(60).restarted()
    say_yes(late, identity)
    late.after(0.5).read(account(HELD))
    late.after(8).due()
    assert late.placed() == []


def test_a_guard_of_the_first_version_still_loads() -> None:
    """Without any proposal."""
    bench = asking()
    row = json.loads(bench.rows["guard"][f"{BTC}|both"])
    for key in ("proposal", "ended", "offered"):
        del row[key]
    bench.rows["guard"][f"{BTC}|both"] = json.dumps(row)
    assert bench.restarted().guard().proposal is None


def test_no_answer_sends_the_stop_when_its_rule_says_so() -> None:
    """At the time the message names, by itself; an ack is no answer."""
    bench = asking(no_answer=180.0)
    assert "No answer = I place it at 20:52:00 (an ack is no answer; disarm stops it)" in shown(bench).lines
    bench.command(Verb.ACK)
    for _ in range(17):
        bench.after(10).read(account(replace(HELD, mark=d("98000"))))
    assert bench.placed() == []
    bench.after(8).read(account(replace(HELD, mark=d("97000"))))
    assert bench.wake <= 180
    bench.mono = 180.0
    bench.due()
    (place,) = bench.placed()
    assert place.order.trigger_price == d("94216.9")
    assert place.why == 'rule "no stop", nobody answered by 20:52:00'


@pytest.mark.parametrize("what", ["larger", "disarmed", "not wanted", "closed"])
def test_no_answer_sends_nothing_else(what: str) -> None:
    """A larger plan is asked anew with a time of its own; the rest is not sent at all."""
    bench = asking(no_answer=180.0)
    held = sized("0.6") if what == "larger" else HELD
    stops = (foreign("95000"),) if what == "not wanted" else ()
    if what == "disarmed":
        bench.command(Verb.DISARM, seconds=600)
    read = account(*(() if what == "closed" else (held,)), stops=stops)
    for _ in range(18):
        bench.after(10).read(read)
    bench.after(5).read(read)
    assert bench.placed() == []
    if what == "larger":
        assert shown(bench).lines[-2].startswith("No answer = I place it at 20:5")
        for _ in range(18):
            bench.after(10).read(read)
        assert len(bench.placed()) == 1, "that one went unanswered as well"


def test_a_stop_that_went_long_unwanted_waits_its_time_anew() -> None:
    """Covered by hand for a while: the time of the first question is over, and counts no more."""
    bench = asking(no_answer=180.0)
    for _ in range(30):
        bench.after(10).read(account(HELD, stops=[foreign("95000")]))
    bench.after(10).read(account(HELD))
    bench.after(10).read(account(HELD))
    assert bench.placed() == []
    assert shown(bench).at > 1_760_129_340 + 300
