"""Broken daemons, each with one law taken away: the campaign has to notice every one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

from watchdog.core import reads
from watchdog.domain.effects import Message
from watchdog.domain.facts import Answer, Rejected, Unresolved
from watchdog.domain.position import OrderSide, StopOrder
from watchdog.notifier import _Worker
from watchdog.protection import decide, guard, outcome, shield
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Situation
from watchdog.protection.guard import Guard
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

    with mock.patch.object(reads, "after_place", wrong):
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

    def wrong(text: str) -> Guard:
        return replace(right(text), generation=0, step=None, resting=None, settled=0)

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


def _once(right: Callable[[Any, Message], None]) -> Callable[[Any, Message], None]:
    def push(worker: Any, message: Message) -> None:
        if message is not worker._failed and message.id not in getattr(worker, "_pushed", set()):
            worker._pushed = {*getattr(worker, "_pushed", set()), message.id}
            right(worker, message)

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
    with mock.patch.object(shield, "_clear_up", lambda _shield, guard, *_: guard):
        yield


MUTANTS: Mapping[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    made.__name__: made
    for made in (
        cancel_first,
        no_answer_is_a_no,
        leaves_the_old_one,
        too_large,
        forgets_its_ids,
        stale_is_fresh,
        tells_before_saving,
        gives_a_message_up,
        wrong_side,
        confirms_before_sending,
        leaves_orphans,
    )
}
