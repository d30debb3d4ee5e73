"""What `status` and `plan` show of an account."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

from rich.console import Console

from tests.core.bench import AVAX, BTC, Bench, account, d, foreign, only, position, resting, shipped
from watchdog import report
from watchdog.channels.telegram import shown
from watchdog.cli import tables
from watchdog.digest import Tally, digest
from watchdog.domain.facts import Command
from watchdog.domain.position import AccountModes, Side
from watchdog.domain.verbs import Verb
from watchdog.rules.schema import Mode

HELD = position()


def status(bench: Bench) -> Any:
    """As it goes over the socket."""
    return json.loads(json.dumps(report.status(bench.state, bench.now)))


def plan(bench: Bench) -> Any:
    """The same of the plan."""
    return json.loads(json.dumps(report.plan(bench.state, bench.now)))


def test_an_account_never_read_says_so() -> None:
    """No age, no positions, and why nothing is sent."""
    bench = Bench.with_rules(shipped("watch"))
    shown = status(bench)
    assert (shown["read_at"], shown["age"], shown["positions"]) == (None, None, [])
    assert shown["sends"] == 'mode is "watch"'
    assert plan(bench)["positions"] == []


def test_status_has_what_a_person_holds_beside_the_venues_app() -> None:
    """Figures with unit and source, each stop with whose it is and what it is worth, the alerts that fire."""
    bench = Bench.with_rules(shipped("watch"))
    held = replace(HELD, mark=d("95000"))
    bench.read(account(held, stops=[foreign("94000", "0.25"), foreign("85000", None)]))
    shown = status(bench.after(3))
    (row,) = shown["positions"]
    assert (row["symbol"], row["side"], row["margin"], row["size"]) == (BTC, "long", "isolated", "0.500")
    assert (row["entry"], row["mark"]["value"]) == ("100,000.0", "95000")
    assert "unknown" in row["liquidation_venue"]
    assert row["liquidation_ours"]["unit"] == "price"
    assert (row["equity"]["value"], row["money"], row["pool"]) == ("2500.0", "USDT", "")
    assert [stop["counts"] for stop in row["stops"]] == [True, False]
    assert row["stop_coverage"]["value"] == "0.5"
    assert [(stop["whose"], stop["size"], stop["judged"]) for stop in row["stops"]] == [
        ("yours", "0.250", "closes 0.25 of 0.5"),
        ("yours", "all", "beyond liquidation: it comes too late"),
    ]
    assert shown["age"] == 3.0
    assert [alert["key"] for alert in shown["alerts"]] == [f"rule:room|{BTC}"]
    assert shown["alerts"][0]["level"] == "warn"


def test_our_own_stop_is_named_mine() -> None:
    """By its id."""
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    assert status(bench)["positions"][0]["stops"][0]["whose"] == "mine"
    assert status(bench)["sends"] == "yes"


def test_positions_come_nearest_to_liquidation_first_unknown_before_all() -> None:
    """What can't be liquidated comes last, however far the others are."""
    bench = Bench.with_rules(shipped("watch"))
    far = position("FAR/USDT:USDT", side=Side.SHORT, size="1", entry="100", mark="100", margin="400")
    never = position("NEVER/USDT:USDT", size="1", entry="100", mark="100", margin="500")
    unknown = position("ODD/USDT:USDT", size="1", entry="0", mark="0", margin="5")
    bench.read(account(never, far, HELD, unknown))
    shown = [(row["symbol"], row["liquidation_distance"]) for row in status(bench)["positions"]]
    assert [symbol for symbol, _ in shown] == ["ODD/USDT:USDT", BTC, "FAR/USDT:USDT", "NEVER/USDT:USDT"]
    assert float(shown[2][1]["value"]) > 2
    assert "never" in shown[3][1]


def test_infinite_and_unknown_figures_are_said_not_hidden() -> None:
    """Equity gone; a mode without numbers."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(replace(HELD, mark=d("85000"))))
    assert status(bench)["positions"][0]["margin_ratio"]["value"] == "inf"
    bench.after(5).read(account(HELD, modes=AccountModes(hedge=True, multi_asset=False, can_trade=True)))
    assert "hedge mode" in status(bench)["positions"][0]["margin_ratio"]["unknown"]


def test_a_vanished_position_is_marked_only_while_the_read_shows_it() -> None:
    """It is not in the figures of a read that does not show it."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD))
    bench.after(5).read(account())
    assert status(bench)["positions"] == []
    assert BTC in {key.symbol for key in bench.state.vanished}


def test_a_vanished_position_is_counted_and_never_well() -> None:
    """In what a phone shows, in the digest's head, and in the table of the terminal."""
    bench = Bench.with_rules(only('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "90%"\n'))
    bench.read(account(HELD))
    bench.after(5).read(account())
    answer = {"accounts": [status(bench)], "channels": []}
    gone = "BTC long 0.500 was not in the last answer, not known to be closed; before: 9.6% from liq, NO STOP"
    said = shown.status(answer)
    assert said[0] == "NOT ALL WELL · 1 account, 1 position"
    for lines in (said, shown.positions(answer)):
        assert gone in lines
        assert "No open position" not in lines
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(tables.status(answer))
    table = console.export_text()
    assert gone in table
    assert "no open position" not in table
    told = digest([bench.state], Tally(0.0), bench.now, next_at=None, zone=None)
    assert ": 1 position of main missing, not known to be closed · 1 account, 1 position" in told[0]
    assert told[1] == "not in the last answer: BTC long 0.500"
    bench.after(5).read(account())
    assert shown.status({"accounts": [status(bench)], "channels": []})[0] == "ALL WELL · 1 account, no positions"


def test_a_pool_that_may_lack_a_position_is_in_doubt() -> None:
    """Its ratio is better than it is by what the answer left out."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(margin=None), position(AVAX, margin=None, size="500", entry="30", mark="30")))
    bench.after(5).read(account(position(margin=None)))
    assert status(bench)["pools"][0]["doubted"]
    said = shown.status({"accounts": [status(bench)], "channels": []})
    assert "Pool USDT is IN DOUBT: a position is missing from the last answer" in said


def test_words_that_can_not_be_made_anew_keep_their_time() -> None:
    """A restart that has read nothing yet shows what was said, as of then."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(replace(HELD, mark=d("95000")), stops=[foreign("94000")]))
    again = bench.after(120).restarted()
    (live,) = report.view(again.state, again.now).alerts
    assert live.lines[0] == "WARN · BTC long 4.9% from liquidation · main · figures of 20:49:00"
    assert live.lines[-1] == "20:49:00 UTC"
    assert status(again)["alerts"][0]["says"] == [live.lines[0]]


def test_a_pool_is_shown_with_its_money() -> None:
    """Equity, requirement, ratio, and how far all prices may move together."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(position(margin=None), wallet="9000"))
    (pool,) = status(bench)["pools"]
    assert (pool["asset"], pool["equity"]["value"], pool["positions"]) == ("USDT", "9000.0", [BTC])


def test_an_account_that_is_only_watched_says_why() -> None:
    """Whatever the rules say: nothing is sent on a venue where no stop can be placed yet, in status and in plan."""
    why = "no stop can be placed on OKX yet"
    bench = Bench.with_rules(shipped(), cap=Mode.WATCH, only_watched=why)
    bench.read(account(HELD))
    assert (status(bench)["mode"], status(bench)["sends"], plan(bench)["sends"]) == ("watch", why, why)
    assert bench.placed() == []


def test_what_is_not_watched_and_what_is_owed_is_said() -> None:
    """What was seen in the account, then what never is on its venue; debts by coin."""
    bench = Bench.with_rules(shipped("watch"), unwatched="spot, options")
    read = replace(account(HELD), unwatched=("0.5 BTC in spot",), debts={"USDT": d("12.50")})
    bench.read(read)
    assert status(bench)["not_watched"] == "0.5 BTC in spot; spot, options"
    assert status(bench)["debts"] == {"USDT": "12.50"}


def test_the_plan_shows_what_would_be_sent_before_any_rule_has_fired() -> None:
    """In `watch`, too: order, reason, money, distance; asking sends nothing."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(HELD))
    before = bench.state
    shown = plan(bench)
    assert bench.state is before
    assert shown["sends"] == 'mode is "watch"'
    assert shown["positions"] == [
        {
            "symbol": BTC,
            "side": "long",
            "size": "0.500",
            "would": "place",
            "order": "sell stop-market 0.500 at 94,216.9 on mark, reduce-only",
            "why": 'rule "no stop"',
            "replaces": "",
            "if_it_fills": "−2,915 USDT",
            "from_mark": "5.8%",
            "proposal": None,
            "confirm": None,
        }
    ]


def test_the_plan_of_an_account_that_asks_says_so_and_shows_what_was_asked() -> None:
    """`would ask`, the id of the open proposal, and until when a yes counts."""
    bench = Bench.with_rules(shipped("ask"))
    bench.read(account(HELD))
    shown = plan(bench)
    assert shown["sends"] == 'it asks first, its mode is "ask"'
    assert (shown["positions"][0]["would"], shown["positions"][0]["proposal"]) == ("ask", None)
    for _ in range(6):
        bench.after(10).read(account(HELD))
    proposal = bench.guard().proposal
    assert proposal is not None
    assert plan(bench)["positions"][0]["proposal"] == (
        f"{proposal.id}: stop 94,216.9, 0.500, a yes counts until 20:51:00 UTC"
    )
    for shown in (plan(bench), status(bench)):
        assert [row["confirm"] for row in shown["positions"]] == [proposal.id]
    (live,) = [one for one in report.view(bench.state, bench.now).alerts if "no stop" in one.key]
    assert [one.subject for one in live.buttons if one.verb is Verb.CONFIRM] == [proposal.id]
    bench.after(70).read(account(HELD))
    row = plan(bench)["positions"][0]
    assert (row["proposal"], row["confirm"]) == (None, proposal.id), "a yes to it asks anew"


def test_the_plan_says_why_nothing_would_be_sent() -> None:
    """Passed with what could be done, covered, no rule, and an order that is already on its way."""
    bench = Bench.with_rules(shipped())
    bench.read(account(replace(HELD, mark=d("93000"))))
    row = plan(bench)["positions"][0]
    assert row["why"] == "the place 94216.9 is already passed; halfway to liquidation is 91,680.8"
    assert (row["would"], row["order"]) == ("ask", "sell stop-market 0.500 at 91,680.8 on mark, reduce-only")
    bench.after(5).read(account(HELD, stops=[foreign("95000")]))
    assert plan(bench)["positions"][0]["why"] == "stops that are not mine cover it"
    bench.after(5)
    bench.protect(account(HELD))
    shown = plan(bench)["positions"][0]
    assert (shown["would"], shown["why"]) == ("nothing", "a stop is on its way, not confirmed")
    none = Bench.with_rules(only('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "50%"\n'))
    none.read(account(HELD))
    assert plan(none)["positions"][0]["why"] == "no rule asks for a stop"


def test_the_plan_of_a_changed_position_names_both_steps() -> None:
    """First a new stop in place of the old, then the old one goes."""
    bench = Bench.with_rules(shipped())
    stop = bench.covered(HELD)
    bench.command(Verb.DISARM, seconds=600)
    smaller = replace(HELD, size=d("0.3"), isolated_wallet=d("3000"))
    bench.after(5).read(account(smaller, stops=[stop]))
    shown = plan(bench)["positions"][0]
    assert (shown["would"], shown["replaces"], shown["why"]) == ("place", stop.client_id, "the position shrank to 0.3")
    order = replace(resting(bench.placed()[0].order), size=d("0.3"), client_id=stop.client_id[:-1] + "1")
    bench.after(5).read(account(smaller, stops=[stop, order]))
    shown = plan(bench)["positions"][0]
    assert (shown["would"], shown["order"]) == ("cancel", stop.client_id)


def test_every_position_is_in_the_plan() -> None:
    """One row each."""
    bench = Bench.with_rules(shipped())
    bench.read(account(HELD, position(AVAX, entry="30", mark="30", size="500", margin="3000")))
    assert {row["symbol"] for row in plan(bench)["positions"]} == {BTC, AVAX}


def test_live_alerts_are_worded_with_the_figures_of_this_moment() -> None:
    """Not those of their last message; worst first, with what can be tapped, and who has seen them."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(replace(HELD, mark=d("95000")), stops=[foreign("94000")]))
    bench.after(2).mark(BTC, "94800")
    shown = report.view(bench.state, bench.now)
    (live,) = shown.alerts
    assert live.lines[0] == "WARN · BTC long 4.7% from liquidation · main"
    assert live.lines[1].startswith("Mark 94,800.0 · liq")
    assert live.lines[-1] == "20:49:02 UTC"
    assert [one.verb for one in live.buttons] == [Verb.ACK]
    bench.put(Command(Verb.ACK, "1", by="Ann, by phone"))
    (live,) = report.view(bench.state, bench.now).alerts
    assert (live.acknowledged, live.buttons) == (True, ())
    assert live.lines[-1] == "20:49:02 UTC · seen by Ann, by phone"


def test_showing_changes_nothing() -> None:
    """A view, a plan and a why ask for nothing and make no proposal."""
    bench = Bench.with_rules(shipped("ask"))
    for _ in range(8):
        bench.read(account(HELD))
        bench.after(10)
    before = bench.state
    first = report.view(bench.state, bench.now)
    assert report.view(bench.state, bench.now) == first
    assert bench.state is before
    assert len(first.alerts[0].lines) <= 8


def test_status_names_silences_and_the_handles_of_alerts() -> None:
    """What commands call them, since when they fire, and that nothing of them is said."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(replace(HELD, mark=d("95000")), stops=[foreign("94000")]))
    bench.put(Command(Verb.SILENCE, "1", "BTC", 3600.0, "Ann"))
    shown = status(bench)
    (silence,) = shown["silences"]
    assert (silence["what"], silence["until"], silence["by"]) == ("BTC", "21:49 UTC", "Ann")
    (alert,) = shown["alerts"]
    assert (alert["since"], alert["silenced"], alert["seen_by"]) == ("20:49 UTC", True, "")
    bench.command(Verb.ACK, alert["handle"])
    assert status(bench)["alerts"][0]["acknowledged"]
