"""Broken daemons, each with one law taken away: the campaign has to notice every one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from rpds import HashTrieMap

from tests.simulation.campaign import Result, run_seed
from watchdog import waiting
from watchdog.alerts import desk
from watchdog.alerts.desk import Desk
from watchdog.core import hands, orders, step
from watchdog.core.state import State
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Level, Message
from watchdog.domain.facts import Answer, Instant, Rejected, Unresolved
from watchdog.domain.position import OrderSide, StopOrder
from watchdog.notifier import _Worker
from watchdog.protection import asking, decide, guard, outcome, shield, work
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Situation
from watchdog.protection.guard import Guard
from watchdog.reload import Reloader, Settling
from watchdog.rules.schema import Mode, Ruleset
from watchdog.runner import AccountRunner
from watchdog.store import StoreError
from watchdog.venues.binanceusdm import wire


@contextlib.contextmanager
def cancel_first() -> Iterator[None]:
    """Law 6: the old stop is cancelled before its successor is placed."""
    right = decide.decide

    def wrong(guard: Guard, situation: Situation, mono: float) -> Decision:
        decision = right(guard, situation, mono)
        if isinstance(decision, DoPlace) and decision.replaces:
            return DoCancel(decision.replaces, decision.why)
        return decision

    with mock.patch.object(shield, "decide", wrong):
        yield


@contextlib.contextmanager
def no_answer_is_a_no() -> Iterator[None]:
    """Law 7: an order without an answer counts as refused."""
    right = outcome.after_place

    def wrong(guard: Guard, order: StopOrder, answer: Answer, mono: float) -> Any:
        if isinstance(answer, Unresolved):
            answer = Rejected("none", answer.reason)
        return right(guard, order, answer, mono)

    with mock.patch.object(orders, "after_place", wrong):
        yield


@contextlib.contextmanager
def leaves_the_old_one() -> Iterator[None]:
    """Law 5: the stop that a new one replaces rests on."""
    with mock.patch.object(decide, "_surplus", return_value=None):
        yield


@contextlib.contextmanager
def too_large() -> Iterator[None]:
    """Law 5: a stop is as large as the position was, not as it is."""
    right = decide._size
    largest: dict[str, Any] = {}

    def wrong(situation: Situation) -> Any:
        symbol = situation.position.symbol
        largest[symbol] = max(right(situation), largest.get(symbol, right(situation)))
        return largest[symbol]

    with mock.patch.object(decide, "_size", wrong):
        yield


@contextlib.contextmanager
def forgets_its_ids() -> Iterator[None]:
    """A restart begins with the first generation again, and looks nothing up."""
    right = guard.from_json

    def wrong(text: str, now: Instant) -> Guard:
        return replace(right(text, now), generation=0, step=None, resting=None, settled=0)

    with mock.patch("watchdog.core.state.guard_from_json", wrong):
        yield


@contextlib.contextmanager
def stale_is_fresh() -> Iterator[None]:
    """Old numbers are acted on."""
    with mock.patch("watchdog.core.state.FRESH", 1e9):
        yield


@contextlib.contextmanager
def tells_before_saving() -> Iterator[None]:
    """Law 10: messages go out beside the transaction, so that a repetition is not told from a new one."""
    right = AccountRunner._save

    async def wrong(runner: AccountRunner, save: Any) -> None:
        for message in save.messages:
            runner._notifier.say_now(message)
        await right(runner, replace(save, messages=()))

    with mock.patch.object(AccountRunner, "_save", wrong):
        yield


@contextlib.contextmanager
def gives_a_message_up() -> Iterator[None]:
    """Law 10: a message that a channel did not take is not tried again."""
    with mock.patch.object(_Worker, "_push", _once(_Worker._push)):
        yield


def _once(right: Callable[..., None]) -> Callable[..., None]:
    def push(worker: Any, message: Message, **left: bool) -> None:
        if message is not worker._failed and message.id not in getattr(worker, "_pushed", set()):
            worker._pushed = {*getattr(worker, "_pushed", set()), message.id}
            right(worker, message, **left)

    return push


@contextlib.contextmanager
def wrong_side() -> Iterator[None]:
    """Law 5: a stop is sent on the other side."""
    with mock.patch.dict(wire._SIDES, {OrderSide.BUY: "SELL", OrderSide.SELL: "BUY"}):
        yield


@contextlib.contextmanager
def confirms_before_sending() -> Iterator[None]:
    """Law 10: a row of the outbox is done before its channel has confirmed."""
    right = _Worker._send

    async def wrong(worker: _Worker, message: Message) -> None:
        with contextlib.suppress(StoreError):
            await worker._outbox.delivered(message.id, worker.channel.name, message.at)
        await right(worker, message)

    with mock.patch.object(_Worker, "_send", wrong):
        yield


@contextlib.contextmanager
def leaves_orphans() -> Iterator[None]:
    """Law 8: a stop is left behind when its position is closed."""
    with mock.patch.object(work, "_clear_up", lambda _shield, guard, *_: guard):
        yield


@contextlib.contextmanager
def reload_drops_alerts() -> Iterator[None]:
    """A reload begins with no alerts."""
    right = step._absorb

    def wrong(state: State, fact: Any, desk: Desk, out: Any, now: Instant) -> Any:
        if isinstance(fact, RulesChanged):
            desk.alerts = HashTrieMap()
        return right(state, fact, desk, out, now)

    with mock.patch.object(step, "_absorb", wrong):
        yield


@contextlib.contextmanager
def takes_half_files() -> Iterator[None]:
    """Law 12: a file is taken as it is met, though an editor may be writing it."""
    right = Settling.ready

    def wrong(settling: Settling, digest: str, **_: bool) -> bool:
        return right(settling, digest, asked=True)

    with mock.patch.object(Settling, "ready", wrong):
        yield


@contextlib.contextmanager
def broken_file_is_not_told() -> Iterator[None]:
    """Law 12: nobody hears of a file that was refused."""
    right = Reloader._refuse

    def wrong(reloader: Reloader, problems: tuple[str, ...]) -> None:
        right(reloader, problems)

    with mock.patch.object(Reloader, "_refuse", wrong):
        yield


@contextlib.contextmanager
def silence_stops_acting() -> Iterator[None]:
    """Law 11: nothing is sent under a silence."""
    right = hands.leave

    def wrong(state: State, now: Instant) -> shield.Leave:
        return shield.Leave(given=False, why_not="silenced") if state.silences else right(state, now)

    with mock.patch.object(hands, "leave", wrong):
        yield


@contextlib.contextmanager
def silences_emergencies() -> Iterator[None]:
    """Law 11: a silence holds back emergencies too."""
    with mock.patch.object(desk, "always_said", return_value=False):
        yield


@contextlib.contextmanager
def acts_while_disarmed() -> Iterator[None]:
    """Law 11: a disarming changes nothing."""
    right = hands.leave

    def wrong(state: State, now: Instant) -> shield.Leave:
        return right(replace(state, disarmed_until=None), now)

    with mock.patch.object(hands, "leave", wrong):
        yield


@contextlib.contextmanager
def asks_and_acts() -> Iterator[None]:
    """Mode ask: what is proposed is sent as well, whatever is answered."""
    right = Ruleset.mode_for

    def wrong(rules: Ruleset, *arguments: Any) -> Mode:
        mode = right(rules, *arguments)
        return Mode.ACT if mode is Mode.ASK else mode

    with mock.patch.object(Ruleset, "mode_for", wrong):
        yield


@contextlib.contextmanager
def confirms_what_it_never_showed() -> Iterator[None]:
    """Mode ask: a yes sends the plan as it is by then, however much it grew."""
    with mock.patch.object(asking, "_outdated", return_value=""):
        yield


@contextlib.contextmanager
def best_news_first() -> Iterator[None]:
    """A channel gets the mildest message first."""
    with mock.patch.object(waiting, "urgency", lambda message: Level(Level.EMERGENCY - message.level)):
        yield


@contextlib.contextmanager
def old_news_as_new() -> Iterator[None]:
    """A channel gets the worst first and then, as if it were so now, what its alert said before."""
    with mock.patch.object(waiting, "_before", return_value=False):
        yield


@contextlib.contextmanager
def channels_wait_for_each_other() -> Iterator[None]:
    """Law 10: one message at a time, over all channels."""
    right, locks = _Worker._send, WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()

    async def wrong(worker: _Worker, message: Message) -> None:
        async with locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            await right(worker, message)

    with mock.patch.object(_Worker, "_send", wrong):
        yield


MUTANTS: Mapping[str, tuple[Callable[[], contextlib.AbstractContextManager[None]], int]] = {
    made.__name__: (made, seed)
    for made, seed in (
        (cancel_first, 2),
        (no_answer_is_a_no, 12),
        (leaves_the_old_one, 2),
        (too_large, 12),
        (forgets_its_ids, 9),
        (stale_is_fresh, 25),
        (tells_before_saving, 9),
        (gives_a_message_up, 2),
        (wrong_side, 12),
        (confirms_before_sending, 12),
        (leaves_orphans, 12),
        (reload_drops_alerts, 14),
        (takes_half_files, 27),
        (broken_file_is_not_told, 14),
        (silence_stops_acting, 21),
        (silences_emergencies, 13),
        (acts_while_disarmed, 12),
        (asks_and_acts, 14),
        (confirms_what_it_never_showed, 21),
        (best_news_first, 14),
        (old_news_as_new, 2),
        (channels_wait_for_each_other, 14),
    )
}
"""By name: the broken daemon, and a seed that noticed it last time."""

SEEDS = 50
"""One of so many has to notice each broken daemon: those that the campaign runs."""


def run_mutant(name: str) -> Result:
    """Run seeds until one notices a broken daemon, each up to where it does; the last one's result."""
    made, likely = MUTANTS[name]
    for seed in dict.fromkeys((likely, *range(1, SEEDS + 1))):
        with made():
            result = run_seed(seed, hasty=True)
        if result.broken:
            break
    return result
