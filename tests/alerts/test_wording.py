"""What is said of a position, line by line, against the forms a trader can act on at a glance."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, d, foreign, only, position, shipped
from watchdog.alerts.view import View
from watchdog.alerts.wording import next_price
from watchdog.core.step import view_of
from watchdog.domain.effects import Level
from watchdog.domain.position import AccountModes, PositionKey, PositionSide, Side
from watchdog.domain.verbs import Verb
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Rule
from watchdog.venues.known import VENUES

ROOM = '[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "20%"\ncritical = "40%"\nemergency = "70%"\n'
NEAR = '[[rule]]\nname = "near"\nmetric = "liquidation_distance"\nwarn = "8%"\ncritical = "5%"\n'
RATIO = '[[rule]]\nname = "ratio"\nmetric = "margin_ratio"\nwarn = "1%"\ncritical = "50%"\n'
POOL = '[[rule]]\nname = "pool"\nmetric = "shock_distance"\nwarn = "below 12%"\ncritical = "below 6%"\n'


def last(bench: Bench, alert: str) -> tuple[str, ...]:
    """The lines of the last message of an alert."""
    return next(one.lines for one in reversed(bench.messages()) if one.alert == alert)


def test_critical_with_a_stop_that_rests() -> None:
    """Prices with the stop among them, whose it is and how much, what it costs, and that nothing need be done."""
    bench = Bench.with_rules(only(ROOM))
    held = position(mark="95900", venue_liquidation="90400")
    bench.read(account(held, stops=[foreign("95000")]))
    assert last(bench, f"rule:room|{BTC}") == (
        "CRITICAL · BTC long 5.7% from liq · STOP RESTS · main",
        "Mark 95,900.0 · stop 95,000.0 (0.9% away) · liq 90,400.0",
        '43% of the room from entry is used (rule "room")',
        "Stop: yours, mark, 0.500 of 0.500, read 20:49:00",
        "Fills: about −2,524 USDT. Liquidated: −5,000. Owe: normally no",
        "I do nothing. Act only if you want out sooner. Next word at 94,463.2.",
        "20:49:00 UTC",
    )


def test_a_stop_that_closes_half_is_half_a_comfort() -> None:
    """What it brings if it fills is said of what it closes; the rest is liquidated."""
    bench = Bench.with_rules(only(ROOM))
    held = position(mark="95900", venue_liquidation="90400")
    bench.read(account(held, stops=[foreign("95000", "0.25")]))
    lines = last(bench, f"rule:room|{BTC}")
    assert lines[0].endswith("STOP COVERS 50% · main")
    assert lines[4] == (
        "Fills: about −1,262 USDT for 0.250, the other 0.250 is liquidated. Liquidated: −5,000. Owe: normally no"
    )


def test_two_stops_that_close_it_all_are_summed() -> None:
    """The nearest fills first, and none closes more than is left."""
    bench = Bench.with_rules(only(ROOM))
    held = position(mark="95900", venue_liquidation="90400")
    bench.read(account(held, stops=[foreign("95000", "0.25"), foreign("94000", "0.5")]))
    lines = last(bench, f"rule:room|{BTC}")
    assert "Fills: about −2,774 USDT. Liquidated: −5,000. Owe: normally no" in lines


def test_almost_all_is_not_all() -> None:
    """0.499 of 0.5 is 99%, not 100%."""
    bench = Bench.with_rules(only(ROOM))
    held = position(mark="95900", venue_liquidation="90400")
    bench.read(account(held, stops=[foreign("95000", "0.499")]))
    lines = last(bench, f"rule:room|{BTC}")
    assert lines[0].endswith("STOP COVERS 99% · main")
    assert "0.499 of 0.500, covers 99%" in lines[3]


def test_what_is_over_says_what_the_stop_that_stays_closes() -> None:
    """Its own size, not the position's."""
    bench = Bench.with_rules(shipped("act"))
    held = position(mark="98000", venue_liquidation="90400")
    stop = bench.covered(held)
    grown = replace(held, size=d("1"), isolated_wallet=d(10000), mark=d("99900"))
    bench.command(Verb.DISARM, "", 7200.0)
    bench.after(10).read(account(replace(grown, mark=d("94500")), stops=[stop]))
    for _ in range(30):
        bench.after(10).read(account(grown, stops=[stop]))
    over = [one.lines for one in bench.messages() if one.event == "resolved" and one.alert == f"rule:room|{BTC}"]
    assert over[-1][2] == "Stop 94,240.0 still rests (−2,904 USDT for 0.500 of 1.000 if hit); I leave it"


def test_critical_without_a_stop_in_watch() -> None:
    """What is at stake, and that nothing is sent."""
    bench = Bench.with_rules(shipped("watch"))
    for _ in range(7):
        bench.read(account(position(mark="98000", venue_liquidation="90400")))
        bench.after(10)
    assert last(bench, f"rule:no stop|{BTC}") == (
        "CRITICAL · BTC long 7.8% from liq · NO STOP · main",
        "Mark 98,000.0 · liq 90,400.0 (Binance and ours agree)",
        'Stops close 0.0% of it before liquidation (rule "no stop")',
        "NO STOP, read 20:50:00",
        "Liquidated: −5,000 USDT. Owe: normally no",
        'I send nothing: mode is "watch". Next word at 95,982.7.',
        "20:50:00 UTC",
    )


def test_critical_without_a_stop_in_act() -> None:
    """The same, and what is sent now."""
    bench = Bench.with_rules(shipped("act"))
    bench.protect(account(position(mark="98000", venue_liquidation="90400")))
    said = last(bench, f"rule:no stop|{BTC}")
    assert said[0] == "CRITICAL · BTC long 7.8% from liq · NO STOP · main"
    assert said[5].startswith("I place a stop at 94,240.0 on mark now, 0.500, reduce-only.")


def test_a_question_leaves_room_for_itself() -> None:
    """What is proposed, what it costs, and what no answer means; within eight lines, a button of its own first."""
    bench = Bench.with_rules(shipped("ask"))
    for _ in range(7):
        bench.read(account(position(mark="98000", venue_liquidation="90400")))
        bench.after(10)
    (message,) = [one for one in bench.messages() if one.alert == f"rule:no stop|{BTC}"]
    assert message.lines[0] == "CRITICAL · BTC long 7.8% from liq · NO STOP · main"
    assert message.lines[3].startswith("Proposed: stop 94,240.0 on mark")
    assert len(message.lines) <= 8
    assert message.buttons[0].own_row


def test_resolved_with_a_stop_of_ours() -> None:
    """How bad it was and when, and that the stop stays."""
    bench = Bench.with_rules(shipped("act"))
    held = position(venue_liquidation="90400")
    stop = bench.covered(held)
    bench.after(5).read(account(replace(held, mark=d("94500")), stops=[stop]))
    bench.after(600).read(account(replace(held, mark=d("99000")), stops=[stop]))
    assert last(bench, f"rule:room|{BTC}")[:3] == (
        "OK · BTC long 8.7% from liq (worst 4.3%) · main",
        'Mark 99,000.0. Lasted 10 min, worst at 20:50:07 (rule "room")',
        "Stop 94,240.0 still rests (−2,904 USDT if hit); I leave it",
    )


def test_a_stop_that_comes_too_late_has_no_fill_to_count_on() -> None:
    """The loss is that of the liquidation."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark="95900"), stops=[foreign("85000")]))
    assert not [line for line in last(bench, f"rule:room|{BTC}") if "ills" in line]


def seen(bench: Bench, symbol: str = BTC) -> tuple[View, PositionRisk, Rule]:
    """What the words are made of."""
    view = view_of(bench.state, bench.now)
    return view, view.book.positions[PositionKey(symbol, PositionSide.BOTH)], view.rules.rules[0]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("rule", [ROOM, NEAR])
def test_at_the_price_of_the_next_word_it_is_said(side: Side, rule: str) -> None:
    """One tick before it nothing, at it the next message: long and short, by room and by distance."""
    bench = Bench.with_rules(only(rule))
    sign = side.sign
    held = position(side=side, mark=str(100000 - sign * 2500))
    bench.read(account(held))
    (key,) = bench.firing()
    _, risk, made = seen(bench)
    place = next_price(bench.state.alerts[key], made, risk)
    assert place is not None
    said = len(bench.messages())
    bench.after(1).mark(BTC, str(place + sign))
    assert len(bench.messages()) == said
    bench.after(1).mark(BTC, str(place - sign))
    assert bench.messages()[-1].event == "worsened"
    assert bench.state.alerts[key].level is Level.CRITICAL
    _, risk, made = seen(bench)
    nearer = next_price(bench.state.alerts[key], made, risk)
    assert nearer is not None, "from critical up a quarter of the distance"
    bench.after(1).mark(BTC, str(nearer + sign))
    assert bench.messages()[-1].event == "worsened"
    bench.after(1).mark(BTC, str(nearer - sign))
    assert bench.messages()[-1].event == "repeated"


def test_where_the_next_word_is_no_price_it_is_a_figure() -> None:
    """A ratio; and for a pool how far all prices together."""
    bench = Bench.with_rules(only(RATIO))
    bench.read(account(position(mark="99000")))
    assert "Next word at margin ratio 50%." in last(bench, f"rule:ratio|{BTC}")[5]
    bench = Bench.with_rules(only(POOL))
    bench.read(account(position(margin=None, size="1"), wallet="10000"))
    assert last(bench, "rule:pool|pool USDT")[4] == "Next word below 6.0%."


def test_a_cross_positions_next_word_is_qualified_where_its_pool_is_nearer() -> None:
    """Its liquidation is then that of all prices moving together."""
    bench = Bench.with_rules(only(NEAR.replace("8%", "30%")))
    both = [
        position(margin=None, size="0.5", mark="99000"),
        position(AVAX, margin=None, size="2000", entry="30", mark="29"),
    ]
    bench.read(account(*both, wallet="14000"))
    lines = last(bench, f"rule:near|{BTC}")
    assert lines[1].endswith("if all prices move together")
    assert [line for line in lines if line.endswith("if all prices move together.")]


def test_old_figures_are_said_to_be_old() -> None:
    """A reminder while blind names the read it goes by, and promises no next word."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark="95900")))
    for _ in range(20):
        bench.after(95).due()
    (again,) = [one for one in bench.messages() if one.event == "repeated" and one.alert.startswith("rule:")]
    assert "These figures are old: read 20:49:00 UTC." in again.lines[5]


@pytest.mark.parametrize(
    ("venue", "multi_asset", "owe"),
    [
        ("binanceusdm", False, "Owe: normally no"),
        ("binanceusdm", True, "Owe: may owe, Binance can claim what is missing"),
        ("okx", False, "Owe: may owe, OKX promises nothing clear"),
        ("krakenfutures", False, "Owe: no, says Kraken"),
        ("elsewhere", False, ""),
    ],
)
def test_whether_a_loss_can_become_a_debt_is_said(venue: str, owe: str, *, multi_asset: bool) -> None:
    """By venue, and by how the account is set there; nothing where nothing is known."""
    bench = Bench.with_rules(only(ROOM), venue=venue)
    modes = AccountModes(hedge=False, multi_asset=multi_asset, can_trade=True)
    bench.read(account(position(mark="95900"), modes=modes))
    (line,) = [line for line in last(bench, f"rule:room|{BTC}") if "Liquidated: " in line]
    assert line.partition("USDT")[2].removeprefix(". ") == owe


@pytest.mark.parametrize("venue", VENUES)
def test_a_critical_message_of_any_venue_has_room_for_it(venue: str) -> None:
    """Eight lines with the time, the last before it not cut, and short enough for a phone."""
    bench = Bench.with_rules(shipped("watch"), venue=venue)
    for _ in range(3):
        bench.read(account(position(margin=None, size="1", mark="92000"), stops=[foreign("91000")], wallet="10000"))
        bench.after(30)
    loud = [one for one in bench.messages() if one.level >= Level.CRITICAL and one.alert.startswith("rule:")]
    assert loud
    for message in loud:
        assert len(message.lines) <= 8
        assert any(f"Owe: {VENUES[venue].owe}" in line for line in message.lines), message.lines


def test_the_worst_distance_is_the_least_seen_while_it_fired() -> None:
    """Ticks count, and what comes after a recovery does not undo it."""
    bench = Bench.with_rules(only(ROOM))
    bench.read(account(position(mark="95900")))
    bench.after(1).mark(BTC, "94000")
    bench.after(1).mark(BTC, "96000")
    worst = bench.state.alerts[f"rule:room|{BTC}"].worst_distance
    assert worst is not None
    assert abs(worst - (94000 - Decimal("90361.4")) / 94000) < Decimal("0.00001")
