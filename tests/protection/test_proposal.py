"""A proposal as a value: what it is bound to, and how it is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.bench import d, position
from watchdog.domain.facts import Instant
from watchdog.domain.position import OrderSide
from watchdog.protection.guard import MOST_ENDED, Guard, from_json, to_json
from watchdog.protection.proposal import GOOD_FOR, Kind, Proposal, Question, from_raw, moved, to_raw, worse

KEY = position().key
ONE = Proposal(
    id="0a1b2c3d",
    kind=Kind.STOP,
    rule="no stop",
    side=OrderSide.SELL,
    size=d("0.5"),
    trigger=d("94216.9"),
    replaces="",
    mark=d("100000"),
    fill=d("-2915"),
    shown=Instant(0.0, 1000.0),
    alert="rule:no stop|BTC/USDT:USDT",
    question=Question(Kind.STOP, OrderSide.SELL, d("0.5"), "", d("100000"), d("10000"), 180.0, Instant(180.0, 1180.0)),
)
NOW = Instant(0.0, 1000.0)


def test_it_is_kept_whole() -> None:
    """Through JSON, alone and in its guard, with those that are over; the yes that waits is not kept."""
    assert from_raw(json.loads(json.dumps(to_raw(ONE))), NOW) == ONE
    guard = Guard(KEY, proposal=ONE, offered=d("92800.0")).end_proposal("it was sent", sent=True)
    guard = replace(guard, proposal=replace(ONE, id="11111111"))
    back = from_json(to_json(guard), NOW)
    assert (back.proposal, back.ended, back.offered) == (guard.proposal, guard.ended, guard.offered)


def test_a_yes_counts_for_a_minute() -> None:
    """From when it was shown."""
    assert ONE.expires == 1000.0 + GOOD_FOR == 1060.0
    assert not ONE.expired(Instant(59.9, 1059.9))
    assert ONE.expired(Instant(60.0, 1060.0))
    assert ONE.expired(Instant(60.0, 1000.0)), "the wall clock was set back"


def test_its_digits_are_those_of_what_would_be_sent() -> None:
    """Not of when it was shown, nor of the mark then; zeros at the end say nothing."""
    same = replace(ONE, id="", shown=Instant(1000.0, 2000.0), mark=d("99000"), size=d("0.500"))
    assert same.plan(KEY) == ONE.plan(KEY)
    others = [
        replace(ONE, size=d("0.4")),
        replace(ONE, trigger=d("94217")),
        replace(ONE, replaces="0123abcd0011223344556677000000ff"),
        replace(ONE, kind=Kind.PAST),
        replace(ONE, side=OrderSide.BUY),
    ]
    assert len({one.plan(KEY) for one in (ONE, *others)}) == 6


@pytest.mark.parametrize(
    ("size", "fill", "is_worse"),
    [
        ("0.5", "-2915", False),
        ("0.4", "-2000", False),
        ("0.5", "-2923.745", False),  # 0.3 % more
        ("0.5", "-2923.75", True),
        ("0.501", "-2915", True),
    ],
)
def test_larger_or_riskier(size: str, fill: str, is_worse: bool) -> None:
    """By size at all; by loss from 0.3 % on."""
    assert bool(worse(ONE, d(size), d(fill))) is is_worse


@pytest.mark.parametrize(("mark", "has"), [("100300", False), ("99700", False), ("100301", True), ("99699", True)])
def test_the_mark_may_tremble(mark: str, has: bool) -> None:
    """By 0.3 % either way."""
    assert bool(moved(ONE, Decimal(mark))) is has


def test_only_the_last_few_that_are_over_are_remembered() -> None:
    """Buttons of old messages are answered, those of last year are not known."""
    guard = Guard(KEY)
    for number in range(30):
        guard = replace(guard, proposal=replace(ONE, id=f"{number:08x}")).end_proposal("over")
    assert [one.id for one in guard.ended] == [f"{number:08x}" for number in range(30 - MOST_ENDED, 30)]


def test_a_closed_position_takes_its_question_with_it() -> None:
    """Nothing is left to send by itself; a late yes is answered."""
    rest = Guard(KEY, proposal=ONE, offered=d("1")).at_rest()
    assert (rest.proposal, rest.offered) == (None, None)
    assert rest.ended[0].words == "its position is closed"
