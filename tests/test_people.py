"""Commands of people to several accounts: whoever knows the subject obeys and answers."""

from __future__ import annotations

import threading
from typing import Any, cast

from tests.core.bench import AVAX, BTC, Bench, account, only, position
from watchdog.alerts.silence import alert_handle
from watchdog.clock import LoopClock
from watchdog.domain.effects import Reply
from watchdog.domain.facts import Command
from watchdog.domain.verbs import Verb
from watchdog.people import People

ROOM = '[[rule]]\nname = "room"\nmetric = "room_used"\ncritical = "40%"\n'


class Runner:
    """An account's core behind the face of a runner."""

    def __init__(self, name: str, *symbols: str) -> None:
        self.bench = Bench.with_rules(only(ROOM), account=name)
        self.bench.read(account(*(position(symbol, mark="95000") for symbol in symbols)))

    async def ask(self, command: Command) -> Reply:
        """At once."""
        return next(effect for effect in self.bench.put(command) if isinstance(effect, Reply))


def people(**runners: Runner) -> People:
    """Over these."""
    return People(cast("Any", runners), cast("Any", None), LoopClock())


async def test_the_account_that_knows_the_subject_answers() -> None:
    """Not the first that has nothing to do with it."""
    main, alt = Runner("main", BTC), Runner("alt", AVAX)
    both = people(main=main, alt=alt)
    assert (await both.tell(Verb.ACK, subject="AVAX", by="Ann")).text == f'1 acknowledged: rule "room" on {AVAX}'
    assert alt.bench.state.alerts[f"rule:room|{AVAX}"].seen_by == "Ann"
    assert (await both.tell(Verb.SILENCE, subject="AVAX", seconds=60, by="Ann")).text.endswith(": AVAX")
    assert len(main.bench.state.silences) == 0
    assert not (await both.tell(Verb.SILENCE, subject="DOGE", seconds=60, by="Ann")).ok
    said = await both.tell(Verb.ACK, subject="DOGE", by="Ann")
    assert (said.ok, said.text) == (False, f'nothing on main is called DOGE; what fires: rule "room" on {BTC}')
    late = await both.tell(Verb.ACK, subject="0123abcd", by="Ann")
    assert (late.ok, late.text) == (True, "already resolved: nothing fires there"), "a button of what is long over"


async def test_a_button_speaks_of_the_alert_of_one_account() -> None:
    """Both hold the same symbol under the same rule; a part of the name means both, and both answer."""
    main, alt = Runner("main", BTC), Runner("alt", BTC)
    both = people(main=main, alt=alt)
    key = f"rule:room|{BTC}"
    await both.tell(Verb.ACK, subject=alert_handle("alt", key), by="Ann")
    assert [one.bench.state.alerts[key].acknowledged for one in (main, alt)] == [False, True]
    acked = f'1 acknowledged: rule "room" on {BTC}'
    assert (await both.tell(Verb.ACK, subject="BTC", by="Ann")).text == f"main: {acked}; alt: {acked}"


async def test_a_snapshot_is_made_beside_the_watch() -> None:
    """Not on the event loop: cleaning a large one takes long. One account after the other."""
    threads: list[str] = []

    class Keeping(Runner):
        """Says on which thread its answers are asked for."""

        @property
        def state(self) -> Any:
            """The core's."""
            return self.bench.state

        @property
        def payloads(self) -> dict[str, Any]:
            """Of any read."""
            threads.append(threading.current_thread().name)
            return {"x": 1}

        unread = None

    told = await people(main=Keeping("main", BTC), alt=Keeping("alt", BTC)).snapshot("")
    assert list(told["snapshots"]) == ["main", "alt"]
    assert len(threads) == 2
    assert threading.current_thread().name not in threads
