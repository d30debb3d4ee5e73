"""One account at work: an inbox of facts, the core's step, and the effects it asks for. Decides nothing itself."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from watchdog.clock import Clock, Timer
from watchdog.core.state import State
from watchdog.core.step import Rest, RulesChanged, begin, finish, lost, together, unfinished
from watchdog.domain.effects import (
    Cancel,
    Effect,
    Level,
    LookUp,
    Message,
    Place,
    Publish,
    Read,
    Reply,
    Save,
    Stream,
    WakeAt,
)
from watchdog.domain.facts import (
    Answer,
    Barred,
    Command,
    Due,
    Fact,
    Failed,
    Frame,
    Mark,
    Marks,
    Opened,
    Outcome,
    Saved,
    Slow,
    Snapshot,
    Unresolved,
)
from watchdog.notifier import Notifier
from watchdog.store import Store, StoreError
from watchdog.venues.base import Keeps, KeepsUnread, ReadError, Unread, Venue, VenueRefusedError, Waits

STEPS_IN_A_ROW = 50
"""After so many facts the loop gets a turn: a flood of frames must not keep answers from coming in."""

ORDER_LEAVES = 12
"""Turns of the loop in which an order's request is on the wire; words and the save of the same step come after them."""

LONGEST_READ = 60.0
"""Seconds of machine time after which a read is given up, whatever it hangs on: another one can begin then."""

SLOW_AFTER = 5.0
"""Seconds after which a read that is not over is asked what it waits for."""

AFTER_A_MISTAKE = 5.0
"""Seconds after a step that failed in which the account is looked at again, if nothing else wakes it."""

_log = logging.getLogger(__name__)


class AccountRunner:
    """Runs one account until cancelled. Facts come in by `put`; marks conflate, nothing else is dropped."""

    def __init__(
        self,
        state: State,
        venue: Venue,
        store: Store,
        notifier: Notifier,
        clock: Clock,
        changed: Callable[[str, Callable[[], State]], None] = lambda _account, _state: None,
    ) -> None:
        self.state = state
        self._venue = venue
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._changed = changed
        self._inbox: deque[Fact | RulesChanged] = deque()
        self._marks: dict[str, Mark] = {}
        self._wake = asyncio.Event()
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._orders: set[asyncio.Task[None]] = set()
        self._streaming: asyncio.Task[None] | None = None
        self._opened = False
        self._rest: Rest | None = None
        self._replies: dict[str, asyncio.Future[Reply]] = {}
        self._mistakes: set[str] = set()
        self._unsaved: dict[str, Message] = {}
        """Messages that went out while the store could not be written, by id."""
        self.marks_seen: dict[str, int] = {}
        """Per symbol the venue's time of the newest mark that was taken in."""

    @property
    def account(self) -> str:
        """Its name."""
        return self.state.who.account

    @property
    def payloads(self) -> Mapping[str, Any]:
        """The raw answers behind the venue's last good read; empty where it keeps none, or there was none."""
        return self._venue.payloads if isinstance(self._venue, Keeps) else {}

    @property
    def unread(self) -> Unread | None:
        """The raw answers that could not be read last; None where the last read was good, or none are kept."""
        return self._venue.unread if isinstance(self._venue, KeepsUnread) else None

    def put(self, fact: Fact | RulesChanged) -> None:
        """Hand in a fact. Never blocks."""
        if isinstance(fact, Mark):
            self._marks[fact.symbol] = fact
        else:
            self._inbox.append(fact)
        self._wake.set()

    async def ask(self, command: Command) -> Reply:
        """Hand in a command and wait for its answer."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[command.reply_to] = future
        self.put(command)
        try:
            return await future
        finally:
            self._replies.pop(command.reply_to, None)

    def list_anew(self) -> None:
        """Have the venue asked again, with the next read, for what changes over the months."""
        self._venue.list_anew()

    def busy(self) -> bool:
        """Whether a fact waits or an effect is under way; streams and timers are not counted."""
        return bool(self._inbox or self._marks or self._tasks or self._rest)

    async def run(self) -> None:
        """Take facts in, one after the other, for ever."""
        self.put(Due())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                taken = 0
                while self._inbox or self._marks:
                    self._take()
                    if self._rest is not None:
                        await self._order_leaves()
                        self._finish()
                    taken += 1
                    if taken % STEPS_IN_A_ROW == 0:
                        await asyncio.sleep(0)
        finally:
            await self._end()

    def _take(self) -> None:
        if self._inbox:
            fact = self._inbox.popleft()
        else:
            marks = tuple(self._marks.pop(symbol) for symbol in together(self.state, self._marks))
            self.marks_seen |= {mark.symbol: mark.venue_time_ms for mark in marks}
            fact = marks[0] if len(marks) == 1 else Marks(marks)
        try:
            self.state, effects, self._rest = begin(self.state, fact, self._clock.now())
        except Exception as error:  # noqa: BLE001  (a mistake of ours must not end the watch over everything else)
            self._mistake(fact, error)
            return
        for effect in effects:
            self._do(effect)

    async def _order_leaves(self) -> None:
        """Let the loop write the request of an order before anything else keeps the interpreter."""
        for _ in range(ORDER_LEAVES):
            await asyncio.sleep(0)

    def _finish(self) -> None:
        """The second half of a step that sent an order."""
        rest, self._rest = self._rest, None
        if rest is None:
            return
        try:
            self.state, effects = finish(self.state, rest)
        except Exception as error:  # noqa: BLE001  (the same)
            self.state = unfinished(self.state, rest)
            self._mistake(rest, error)
            return
        for effect in effects:
            self._do(effect)

    def _mistake(self, fact: object, error: Exception) -> None:
        """A mistake of ours in one step: the state stays as it was, the owner hears of it, the account goes on.

        What has ended has ended all the same: a read or an order under way for ever would blind the account.
        """
        _log.exception("account %s: a step failed on %s", self.account, type(fact).__name__)
        if isinstance(fact, Due):  # or nothing would ever wake it again
            self._do(WakeAt(self._clock.now().mono + AFTER_A_MISTAKE))
        what = f"{type(error).__name__}: {error}"
        if isinstance(fact, Snapshot | Barred):  # or no read would ever begin again
            self.put(Outcome(Read("again"), Failed("an error of mine, see the log"), self._clock.now().mono))
        if isinstance(fact, Outcome):
            self._count_as_ended(fact)
        if what in self._mistakes:
            return
        self._mistakes.add(what)
        now = self._clock.now()
        lines = (
            f"EMERGENCY · I MADE A MISTAKE on {self.account}: what I say of it may be old · {self.account}",
            f"{what[:200]} (while taking in {type(fact).__name__}; the log has the rest)",
            "You: watch this account yourself, and report the log.",
        )
        message = Message(
            f"{self.account}:mistake:{now.wall * 1000:.0f}", self.account, Level.EMERGENCY, "told", "", lines,
            sound=True, at=now.wall,
        )  # fmt: skip
        self._start(self._save(Save(messages=(message,))))

    def _count_as_ended(self, fact: Outcome) -> None:
        try:
            self.state = lost(self.state, fact, self._clock.now())
        except Exception:  # noqa: BLE001  (the same)
            _log.exception("account %s: it can't be counted as ended either", self.account)
        if not isinstance(fact.effect, Save):  # what comes next is decided in a step of its own
            self.put(Due())

    def _do(self, effect: Effect) -> None:
        match effect:
            case Place() | Cancel() | LookUp():
                task = self._start(self._order(effect))
                self._orders.add(task)
                task.add_done_callback(self._orders.discard)
            case Read():
                self._start(self._read(effect))
            case Save():
                self._start(self._save(effect))
            case WakeAt(mono=mono):
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self._clock.call_at(mono, lambda: self.put(Due()))
            case Stream(symbols=symbols):
                self._venue.watch(symbols)
            case Publish():
                self._changed(self.account, lambda: self.state)
            case Reply():
                future = self._replies.get(effect.to)
                if future is not None and not future.done():
                    future.set_result(effect)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _order(self, effect: Place | Cancel | LookUp) -> None:
        began = self._clock.now().mono
        try:
            answer = await self._ask(effect)
        except Exception as error:  # noqa: BLE001  (whatever broke, the order may stand: it is looked up)
            _log.exception("account %s: %s failed in a way nobody foresaw", self.account, type(effect).__name__)
            answer = Unresolved(f"an error of mine ({type(error).__name__}), see the log")
        self.put(Outcome(effect, answer, began))

    async def _ask(self, effect: Place | Cancel | LookUp) -> Answer:
        match effect:
            case Place(order=order):
                return await self._venue.place(order)
            case Cancel(symbol=symbol, client_id=client_id):
                return await self._venue.cancel(symbol, client_id)
            case LookUp(symbol=symbol, client_id=client_id):
                return await self._venue.look_up(symbol, client_id)

    async def _read(self, effect: Read) -> None:
        began = self._clock.now().mono
        slow = self._clock.call_at(began + SLOW_AFTER, self._say_slow)
        try:
            if not self._opened:
                power = await self._venue.open()
                self._opened = True
                self.put(Opened(power.withdraw, power.note))
                self._streaming = asyncio.create_task(self._stream())
                began = self._clock.now().mono
            async with asyncio.timeout(LONGEST_READ):
                read = await self._venue.read()
        except VenueRefusedError as error:
            self.put(Barred(str(error)))
        except ReadError as error:
            self.put(Outcome(effect, Failed(error.reason, error.retry_after, limited=error.limited), began))
        except TimeoutError:
            self.put(Outcome(effect, Failed(f"no whole read within {LONGEST_READ:.0f} s"), began))
        except Exception as error:  # noqa: BLE001  (a mistake of ours must not end the watch over everything else)
            _log.exception("account %s: a read failed in a way nobody foresaw", self.account)
            self.put(Outcome(effect, Failed(f"an error of mine ({type(error).__name__}), see the log"), began))
        else:
            self.put(Snapshot(read, began, self._clock.now().mono))
        finally:
            slow.cancel()

    def _say_slow(self) -> None:
        """Let the core know why the read in flight is slow, should BLIND have to say it."""
        if isinstance(self._venue, Waits) and self._venue.waiting:
            self.put(Slow("reads wait for the request budget: too many accounts, or others, ask from this address"))

    async def _stream(self) -> None:
        """The streams, started again should they ever end by a mistake of ours: reads go on meanwhile."""
        while True:
            try:
                await self._venue.stream(self._hear)
            except Exception:  # noqa: BLE001  (the same)
                _log.exception("account %s: the streams ended by a mistake; they start again", self.account)
            await self._clock.sleep(5.0)

    def _hear(self, fact: Mark | Frame) -> None:
        self.put(fact)

    async def _save(self, save: Save) -> None:
        """Messages the store could not take go straight out, and into the outbox with the next save that succeeds.

        For the alert's state will be saved then: were its message not, a crash could lose it for ever.
        """
        began = self._clock.now()
        if self._orders:  # the store's thread would hold the interpreter just while the request is written
            await self._order_leaves()
        missed = tuple(self._unsaved.values())
        try:
            whole = replace(save, messages=(*missed, *save.messages))
            await self._store.write(self.account, whole, self._notifier.channels_for, began)
        except StoreError as error:
            for message in save.messages:
                self._unsaved[message.id] = message
                self._notifier.say_now(message)
            self.put(Outcome(save, Failed(str(error)), began.mono))
            return
        for message in whole.messages:
            self._unsaved.pop(message.id, None)
            self._notifier.hand_over(message)
        self.put(Outcome(save, Saved(), began.mono))

    async def _end(self) -> None:
        """Let an order under way have its answer for a moment, then let go. What rests on the venue stays."""
        if self._timer is not None:
            self._timer.cancel()
        if self._orders:
            await asyncio.wait(tuple(self._orders), timeout=3.0)
        tasks = [*self._tasks, *([self._streaming] if self._streaming is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._venue.close()
