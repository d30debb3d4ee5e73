"""A store that can't write: said at once, acting goes on, and nothing is lost when it can again."""

from __future__ import annotations

from tests.core.bench import BTC, Bench, account, position, resting, shipped
from watchdog.domain.effects import Level
from watchdog.domain.verbs import Verb

HELD = position()


def full() -> Bench:
    """In `act`, with a full disk."""
    bench = Bench.with_rules(shipped())
    bench.disk_full = True
    return bench


def test_it_is_an_emergency_said_once() -> None:
    """However many saves fail."""
    bench = full()
    bench.read(account(HELD))
    for _ in range(5):
        bench.after(10).read(account(HELD))
    said = [message for message in bench.messages() if message.alert == "store"]
    assert [(message.level, message.event) for message in said] == [(Level.EMERGENCY, "fired")]
    assert "the disk is full" in said[0].lines[1]


def test_acting_goes_on() -> None:
    """The stop is placed, read back and kept up."""
    bench = full()
    stop = bench.covered(HELD)
    assert bench.guard().resting is not None
    bench.after(1).read(account(position(size="0.3"), stops=[stop]))
    assert len(bench.placed()) == 2


def test_when_it_can_write_again_everything_is_saved_anew() -> None:
    """And a restart right after finds the stop, the alerts and the disarming."""
    bench = full()
    bench.covered(HELD)
    bench.command(Verb.DISARM, seconds=600)
    bench.after(10).read(account(position(mark="95000"), stops=[resting(bench.placed()[0].order)]))
    assert bench.rows == {}
    bench.disk_full = False
    bench.after(10).read(account(position(mark="95000"), stops=[resting(bench.placed()[0].order)]))
    assert "store" not in bench.firing()
    assert bench.heads()[-1] == "OK · the store can be written again · main"
    again = bench.restarted()
    assert again.guard().resting == bench.guard().resting
    assert again.firing() == bench.firing()
    assert again.state.disarmed_until == bench.state.disarmed_until


def test_it_is_tried_again_with_every_read() -> None:
    """Nothing else need happen for it to be noticed that there is room."""
    bench = full()
    bench.read(account(HELD))
    bench.disk_full = False
    bench.after(10).read(account(HELD))
    assert "store" not in bench.firing()


def test_what_ended_while_it_failed_does_not_come_back_with_a_restart() -> None:
    """The row of an alert that is over is removed once it can be."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position(mark="95000")))
    assert f"rule:room|{BTC}" in bench.rows["alert"]
    bench.disk_full = True
    bench.after(10).read(account(HELD))
    assert f"rule:room|{BTC}" not in bench.firing()
    bench.disk_full = False
    bench.after(10).read(account(HELD))
    assert f"rule:room|{BTC}" not in bench.rows["alert"]


def test_an_emergency_left_over_from_before_a_restart_ends_with_the_first_save() -> None:
    """It was saved when the disk had room for one transaction, and then none."""
    bench = full()
    bench.read(account(HELD))
    store = bench.state.alerts["store"]
    bench.disk_full = False
    bench.after(10).read(account(HELD))
    again = bench.restarted()
    again.state = type(again.state)(
        who=again.state.who,
        rules=again.state.rules,
        reads=again.state.reads,
        alerts=again.state.alerts.insert("store", store),
    )
    again.read(account(HELD))
    assert "store" not in again.firing()
