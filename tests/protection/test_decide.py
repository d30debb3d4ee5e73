"""From what rests to what the rules want, one order at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.bench import INSTALLATION, d, market, only, position, resting
from watchdog.domain.ids import order_id
from watchdog.domain.position import OrderSide, Position, PositionSide, Side, Stop, StopKind, StopOrder, TriggerKind
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Situation, Warn, decide
from watchdog.protection.guard import Guard

STOP = """
[[rule]]
name = "no stop"
metric = "stop_coverage"
critical = "below 95%"
stop = {{ when = "critical", place = {{ entry_to_liquidation = "60%" }}{more} }}
"""


def rule(more: str = "") -> str:
    """The stop rule, with more keys."""
    return STOP.format(more=more)


def mine(generation: int, size: str, trigger: str = "94000.0", side: OrderSide = OrderSide.SELL) -> Stop:
    """A stop of ours."""
    key = position().key
    client_id = str(order_id(INSTALLATION, "main", key, generation))
    return resting(StopOrder(key.symbol, side, PositionSide.BOTH, d(size), d(trigger), client_id))


def situation(
    held: Position | None = None,
    *ours: Stop,
    liquidation: str | Reading = "90000",
    foreign: str = "0",
    rules: str = rule(),
) -> Situation:
    """A BTC long of 0.5 from 100,000, liquidated at 90,000, unless told otherwise."""
    held = held or position()
    reading = Known(d(liquidation), "price", "test", 0.0) if isinstance(liquidation, str) else liquidation
    return Situation(
        account="main",
        installation=INSTALLATION,
        position=held,
        market=market(),
        mark=held.mark,
        liquidation=reading,
        equity=Unknown("not asked for"),
        ours=ours,
        foreign_size=d(foreign),
        rules=only(rules).rules,
        replacements_per_hour=2,
    )


def next_step(where: Situation, guard: Guard | None = None, mono: float = 0.0) -> Decision:
    """What is decided."""
    return decide(guard or Guard(position().key, generation=7), where, mono)


def test_nothing_is_decided_where_no_stop_may_be_sent() -> None:
    """Neither placed nor cancelled; a leg is refused by itself too, where the symbol and not the account is hedged."""
    stops = (mine(1, "0.5"), mine(2, "0.5"))
    assert next_step(replace(situation(), refused="not here")) == Hold("not here")
    assert next_step(replace(situation(None, *stops), refused="not here")) == Hold("not here")
    leg = replace(position(), position_side=PositionSide.LONG)
    assert next_step(situation(leg, *stops)) == Hold("stops in hedge mode are not built yet: nothing is sent")


def test_the_first_stop_is_a_reduce_only_stop_of_the_whole_position() -> None:
    """Of the next generation, at the rule's place."""
    decision = next_step(situation())
    assert isinstance(decision, DoPlace)
    key = position().key
    assert decision.order == StopOrder(
        key.symbol,
        OrderSide.SELL,
        PositionSide.BOTH,
        d("0.500"),
        d("94000.0"),
        str(order_id(INSTALLATION, "main", key, 7)),
    )
    assert not decision.capped


def test_a_short_is_bought_back() -> None:
    """The closing side."""
    decision = next_step(situation(position(side=Side.SHORT), liquidation="110000"))
    assert isinstance(decision, DoPlace)
    assert (decision.order.order_side, decision.order.trigger_price) == (OrderSide.BUY, d("106000.0"))


def test_what_foreign_stops_close_is_left_out() -> None:
    """Half is covered: half is placed. All is covered: nothing, and that is fine."""
    half = next_step(situation(foreign="0.25"))
    assert isinstance(half, DoPlace)
    assert half.order.size == d("0.250")
    assert next_step(situation(foreign="0.5")) == Hold("stops that are not mine cover it", fine=True)
    rest = next_step(situation(foreign="0.4999"))
    assert isinstance(rest, Hold)
    assert rest.fine


def test_the_venues_largest_order_is_kept_to() -> None:
    """A position larger than one order may be gets what one order may be."""
    where = situation(position(size="500"))
    decision = next_step(replace(where, market=replace(where.market, max_size=d(120))))
    assert isinstance(decision, DoPlace)
    assert decision.order.size == 120


@pytest.mark.parametrize("size", ["0.0004", "0.00005"])
def test_dust_is_said_and_not_sent(size: str) -> None:
    """Below the venue's smallest order."""
    decision = next_step(situation(position(size=size)))
    assert isinstance(decision, Warn)
    assert decision.kind == "dust"


def test_a_passed_place_is_said_with_what_could_be_done() -> None:
    """`if_past = "ask"` offers a stop halfway, `"alert"` only says it; neither sends unasked."""
    asked = next_step(situation(position(mark="93500")))
    assert isinstance(asked, Warn)
    assert (asked.kind, asked.place, asked.halfway) == ("past", d("94000.0"), d("91750.0"))
    assert asked.offer is not None
    assert asked.offer.ask
    assert (asked.offer.order.trigger_price, asked.offer.order.size) == (d("91750.0"), d("0.5"))
    told = next_step(situation(position(mark="93500"), rules=rule(', if_past = "alert"')))
    assert isinstance(told, Warn)
    assert (told.kind, told.place, told.halfway, told.offer) == ("past", d("94000.0"), None, None)


def test_no_safe_place_is_said() -> None:
    """And not sent."""
    decision = next_step(situation(position(mark="90900")))
    assert isinstance(decision, Warn)
    assert decision.kind == "unsafe"


@pytest.mark.parametrize(("reading", "known"), [(Never("ours", 0.0), True), (Unknown("no tiers"), False)])
def test_without_a_liquidation_price_nothing_is_sent(reading: Reading, known: bool) -> None:
    """Not needed is known; not known ends nothing that was said."""
    decision = next_step(situation(liquidation=reading))
    assert isinstance(decision, Hold)
    assert (decision.known, decision.fine) == (known, known)


def test_of_several_rules_the_place_nearest_to_the_mark_wins() -> None:
    """And one without a safe place yields."""
    near = rule() + STOP.format(more="").replace("no stop", "near").replace("60%", "30%")
    decision = next_step(situation(rules=near))
    assert isinstance(decision, DoPlace)
    assert (decision.rule, decision.order.trigger_price) == ("near", d("97000.0"))
    decision = next_step(situation(position(mark="96000"), rules=near))
    assert isinstance(decision, DoPlace)
    assert decision.rule == "no stop"


def test_a_stop_that_is_right_is_left_alone() -> None:
    """Also when liquidation breathes."""
    for liquidation in ("90000", "90010", "89000"):
        assert next_step(situation(None, mine(1, "0.5"), liquidation=liquidation)) == Hold(
            "the stop rests as it should", fine=True
        )


def test_a_place_that_moved_away_is_offered_and_not_taken() -> None:
    """A deposit: by more than one per cent of the mark it can be moved, on its owner's word."""
    decision = next_step(situation(None, mine(1, "0.5"), liquidation="88000"))
    assert isinstance(decision, Hold)
    assert decision.fine
    offer = decision.offer
    assert offer is not None
    assert (offer.ask, offer.loosens, offer.replaces) == (True, True, mine(1, "0.5").client_id)
    assert offer.order.trigger_price == d("92800.0")


@pytest.mark.parametrize(("size", "why"), [("0.3", "the position shrank to 0.3"), ("0.8", "the position grew to 0.8")])
def test_it_is_resized_with_the_position(size: str, why: str) -> None:
    """A new one first, at the same place; the cap does not count it."""
    decision = next_step(situation(position(size=size), mine(1, "0.5")))
    assert isinstance(decision, DoPlace)
    assert (decision.why, decision.capped, decision.replaces) == (why, False, mine(1, "0.5").client_id)
    assert (decision.order.size, decision.order.trigger_price) == (d(size), d("94000.0"))


@pytest.mark.parametrize(("size", "goes"), [("0.3", 1), ("0.8", 1)])
def test_the_old_one_goes_once_the_new_one_rests(size: str, goes: int) -> None:
    """And never the new one."""
    decision = next_step(situation(position(size=size), mine(1, "0.5"), mine(2, size)))
    assert isinstance(decision, DoCancel)
    assert decision.client_id == mine(goes, "0.5").client_id


def test_two_rest_until_they_can_be_spared() -> None:
    """The position grew on: neither alone closes what both do, so a third comes first."""
    decision = next_step(situation(position(size="1.2"), mine(1, "0.5"), mine(2, "0.8")))
    assert isinstance(decision, DoPlace)
    assert decision.order.size == d("1.200")
    decision = next_step(situation(position(size="1.2"), mine(1, "0.5"), mine(2, "0.8"), mine(3, "1.2")))
    assert isinstance(decision, DoCancel)
    assert decision.client_id == mine(1, "0.5").client_id


def test_beside_foreign_stops_the_smaller_new_one_stays() -> None:
    """Ours was shrunk to what theirs leave: the old one goes, not the new one (that would go round for ever)."""
    decision = next_step(situation(position(size="0.3"), mine(1, "0.4"), mine(2, "0.1"), foreign="0.2"))
    assert isinstance(decision, DoCancel)
    assert decision.client_id == mine(1, "0.4").client_id


def test_where_foreign_stops_close_a_whole_position_that_shrank_ours_shrinks_with_it() -> None:
    """No single stop stays larger than the position; ours is not taken away, theirs may go at any time."""
    decision = next_step(situation(position(size="0.3"), mine(1, "0.5"), foreign="0.3"))
    assert isinstance(decision, DoPlace)
    assert decision.order.size == d("0.300")
    decision = next_step(situation(position(size="0.3"), mine(1, "0.5"), mine(2, "0.3"), foreign="0.3"))
    assert isinstance(decision, DoCancel)
    assert decision.client_id == mine(1, "0.5").client_id
    assert isinstance(next_step(situation(position(size="0.3"), mine(2, "0.3"), foreign="0.3")), Hold)


def test_it_follows_its_place_toward_the_mark_and_the_cap_counts_that() -> None:
    """Liquidation came nearer: so does the stop; by less than a quarter per cent it stays."""
    assert isinstance(next_step(situation(None, mine(1, "0.5"), liquidation="90400")), Hold)
    decision = next_step(situation(None, mine(1, "0.5"), liquidation="90500"))
    assert isinstance(decision, DoPlace)
    assert decision.capped
    assert decision.order.trigger_price == d("94300.0")


def test_the_hourly_cap_holds_up_moves_and_nothing_else() -> None:
    """Two moves this hour: no third; resizing, and the first stop, go on."""
    guard = Guard(position().key, moves=(100.0, 200.0))
    moved = situation(None, mine(1, "0.5"), liquidation="90500")
    assert isinstance(next_step(moved, guard, 300.0), Hold)
    assert isinstance(next_step(moved, guard, 3700.0), DoPlace), "the first is more than an hour ago"
    assert isinstance(next_step(situation(position(size="0.3"), mine(1, "0.5")), guard, 300.0), DoPlace)
    assert isinstance(next_step(situation(), guard, 300.0), DoPlace)


def test_it_is_loosened_only_where_the_rule_says_so() -> None:
    """Liquidation moved away."""
    away = situation(None, mine(1, "0.5"), liquidation="88000")
    assert isinstance(next_step(away), Hold)
    decision = next_step(replace(away, rules=only(rule(", may_loosen = true")).rules))
    assert isinstance(decision, DoPlace)
    assert decision.order.trigger_price == d("92800.0")
    both = replace(
        away, ours=(mine(1, "0.5"), mine(2, "0.5", "92800.0")), rules=only(rule(", may_loosen = true")).rules
    )
    after = next_step(both)
    assert isinstance(after, DoCancel)
    assert after.client_id == mine(1, "0.5").client_id


def test_resizing_never_loosens() -> None:
    """The new size at the old place when the place has moved away."""
    decision = next_step(situation(position(size="0.3"), mine(1, "0.5"), liquidation="88000"))
    assert isinstance(decision, DoPlace)
    assert decision.order.trigger_price == d("94000.0")


def test_liquidation_that_came_close_to_the_stop_moves_it_uncapped() -> None:
    """The stop would not fill in time: it must move; where it can't, that is said."""
    guard = Guard(position().key, moves=(1.0, 2.0))
    close = situation(None, mine(1, "0.5"), liquidation="93900")
    decision = next_step(close, guard, 3.0)
    assert isinstance(decision, DoPlace)
    assert decision.order.trigger_price > d("94400")
    said = next_step(replace(close, mark=d("94700")), guard, 3.0)
    assert isinstance(said, Warn)
    assert said.kind == "past"


def test_a_stop_for_the_other_side_goes_at_once() -> None:
    """The position was turned round: before anything is placed for it."""
    wrong = mine(1, "0.5", "106000", OrderSide.BUY)
    decision = next_step(situation(None, wrong))
    assert isinstance(decision, DoCancel)
    assert decision.client_id == wrong.client_id
    assert isinstance(next_step(replace(situation(None, wrong), rules=())), DoCancel)


@pytest.mark.parametrize(
    "change",
    [{"trigger": TriggerKind.LAST}, {"kind": StopKind.STOP_LIMIT}, {"reduce_only": False}],
)
def test_one_that_was_changed_into_something_else_does_not_count(change: dict[str, object]) -> None:
    """Another is placed, and then it goes."""
    odd = replace(mine(1, "0.5"), **change)  # type: ignore[arg-type]  # one field at a time
    decision = next_step(situation(None, odd))
    assert isinstance(decision, DoPlace)
    after = next_step(situation(None, odd, mine(2, "0.5")))
    assert isinstance(after, DoCancel)
    assert after.client_id == odd.client_id


@pytest.mark.parametrize("reading", [Never("ours", 0.0), Unknown("no tiers")])
def test_without_a_liquidation_price_only_what_is_outdone_goes(reading: Reading) -> None:
    """A newer one that closes as much and no later; two that each do something the other does not both stay."""
    assert isinstance(next_step(situation(None, mine(1, "0.5"), liquidation=reading)), Hold)
    outdone = next_step(situation(None, mine(1, "0.5"), mine(2, "0.5"), liquidation=reading))
    assert isinstance(outdone, DoCancel)
    assert outdone.client_id == mine(1, "0.5").client_id
    later = next_step(situation(None, mine(1, "0.5"), mine(2, "0.5", "93000.0"), liquidation=reading))
    assert isinstance(later, Hold)


def test_no_rule_no_stop() -> None:
    """What rests stays."""
    assert next_step(replace(situation(), rules=())) == Hold("no rule asks for a stop", fine=True)
    assert next_step(replace(situation(None, mine(1, "0.5")), rules=())) == Hold("no rule asks for a stop", fine=True)


def test_hands_off_after_it_was_taken_away_twice() -> None:
    """Only asked about, also what rests again; unless their own stops cover it."""
    guard = Guard(position().key, removed=2)
    decision = next_step(situation(), guard)
    assert isinstance(decision, Warn)
    assert decision.kind == "removed"
    assert decision.offer is not None
    assert decision.offer.order.trigger_price == d("94000.0")
    passed = next_step(situation(position(mark="93500")), guard)
    assert isinstance(passed, Warn)
    assert passed.offer is not None
    assert passed.offer.order.trigger_price == d("91750.0")
    assert isinstance(next_step(situation(foreign="0.5"), guard), Hold)
    resized = next_step(situation(position(size="0.3"), mine(1, "0.5")), guard)
    assert isinstance(resized, DoPlace)
    assert resized.ask


def test_what_is_left_too_small_for_an_order_leaves_the_old_stop() -> None:
    """Shrunk to dust: the old one still closes it all, reduce-only."""
    decision = next_step(situation(position(size="0.0004"), mine(1, "0.5")))
    assert isinstance(decision, Hold)


SIZES = [d(size) for size in ("0.1", "0.3", "0.5", "0.8")]


@pytest.mark.parametrize("held", SIZES)
@pytest.mark.parametrize("sizes", [(a, b, c) for a in SIZES for b in SIZES for c in (*SIZES, None)])
def test_left_to_itself_it_ends_with_one_right_stop(held: Decimal, sizes: Sequence[Decimal | None]) -> None:
    """From any two or three that rest: in a few steps, never less protected than before a step, never going round."""
    where = situation(position(size=str(held)), *(mine(i, str(size)) for i, size in enumerate(sizes) if size))
    guard = Guard(position().key, generation=5)
    for _ in range(12):
        before = _closes(where)
        match next_step(where, guard):
            case DoPlace(order=order):
                assert order.size <= held
                where = replace(where, ours=(*where.ours, resting(order)))
                guard = replace(guard, generation=guard.generation + 1)
            case DoCancel(client_id=client_id):
                where = replace(where, ours=tuple(one for one in where.ours if one.client_id != client_id))
                assert _closes(where) >= before, "that step left less protection"
            case decision:
                assert decision == Hold("the stop rests as it should", fine=True)
                assert [stop.size for stop in where.ours] == [held]
                return
    raise AssertionError(f"it goes round: {where.ours}")


def _closes(where: Situation) -> Decimal:
    return min(sum((stop.size or Decimal(0) for stop in where.ours), Decimal(0)), where.position.size)
