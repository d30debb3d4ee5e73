"""Carries messages to the channels: one worker each, worst first, again and again until confirmed, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from watchdog.channels.base import AnyChannel, Channel, ChannelError, Outlets, Paced
from watchdog.clock import Clock, Timer
from watchdog.domain.effects import EVERYONE, Level, Message
from watchdog.store.errors import StoreError
from watchdog.waiting import Waiting, urgency

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LONGEST_ASKED_S = 3600.0
"""A channel that asks for more than this is asked again after this."""
SEND_BOUND_S = 90.0
"""A channel ends a send by itself; one that does not is cut off here. Machine time."""
CLOSE_BOUND_S = 5.0
REMEMBERED = 4096
"""Confirmed message ids kept in memory a channel, against a message handed over twice."""

_log = logging.getLogger(__name__)


class Outbox(Protocol):
    """What the notifier asks of the store."""

    async def pending(self) -> list[tuple[Message, str]]:
        """The rows no channel has confirmed."""
        ...

    async def told_since(self, at: float) -> list[tuple[Message, str]]:
        """The rows later than this that were confirmed."""
        ...

    async def delivered(self, message_id: str, channel: str, wall: float) -> None:
        """A channel has confirmed."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How a channel does. `reason` is why it fails now, empty while it works; `since` is monotonic seconds."""

    name: str
    waiting: int
    reason: str
    since: float | None


class Notifier:
    """Delivers each message at least once to every channel that hears it; one that confirmed never hears it again.

    Priority goes before age, and age within one alert (see `Waiting`). A channel that fails is tried again after
    1, 2, 4 … 60 s, or when it asked to be, for ever; no channel waits for another. A confirmation the store couldn't
    take is remembered: nothing is said twice in one run. A channel of several outlets counts as so many channels,
    named together.
    """

    def __init__(self, outbox: Outbox, channels: Sequence[AnyChannel], clock: Clock) -> None:
        self._outbox = outbox
        self._named: dict[str, tuple[str, ...]] = {}
        """Per name in the settings the workers behind it."""
        self._workers: dict[str, _Worker] = {}
        for channel in channels:
            parts = tuple(channel.outlets) if isinstance(channel, Outlets) else (channel,)
            self._named[channel.name] = tuple(part.name for part in parts)
            self._workers |= {part.name: _Worker(part, outbox, clock, self._changed) for part in parts}
        if len(self._workers) != sum(map(len, self._named.values())) or len(self._named) != len(channels):
            raise ValueError("two channels have the same name")
        self._tasks: list[asyncio.Task[None]] = []
        self._may_talk = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def channels_for(self, message: Message) -> tuple[str, ...]:
        """The channels that hear a message: those it names, else those whose own minimum is not above its level.

        Both, if it names EVERYONE too. Of names that are no longer in the settings none is left: then all hear it that
        would without.
        """
        named = tuple(part for name in dict.fromkeys(message.channels) for part in self._named.get(name, ()))
        if named and EVERYONE not in message.channels:
            return named
        return tuple(
            name for name, worker in self._workers.items() if name in named or worker.channel.min_level <= message.level
        )

    async def start(self, *, talk: bool = True) -> None:
        """Start the workers and take up what an earlier run left undelivered.

        Without `talk` the workers only gather what is to be said, until `talk()`. Raises StoreError when what was left
        can't be read: the workers run all the same, and this may be called again.
        """
        if talk:
            self.talk()
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._work(worker), name=f"channel {name}")
                for name, worker in self._workers.items()
            ]
        lost: dict[str, int] = {}
        owed = await self._outbox.pending()
        told = await self._outbox.told_since(min(message.at for message, _ in owed)) if owed else []
        for message, name, was_told in sorted(
            (*((*row, False) for row in owed), *((*row, True) for row in told)), key=lambda row: row[0].at
        ):
            if name not in self._workers:
                lost[name] = lost.get(name, 0) + (not was_told)
            elif was_told:
                self._workers[name].recall(message)
            else:
                self._workers[name].add(message, saved=True, left=True)
        lost = {name: count for name, count in lost.items() if count}
        for name, count in lost.items():
            _log.warning("%d undelivered messages are for channel %s, which is no longer in the settings", count, name)

    def talk(self) -> None:
        """Open the channels and send, from now on."""
        self._may_talk.set()

    def hand_over(self, message: Message) -> None:
        """Deliver a message whose outbox rows are on the disk."""
        for name in self.channels_for(message):
            self._workers[name].add(message, saved=True)

    def say_now(self, message: Message) -> None:
        """Deliver a message the store could not take: straight out, and lost only if this process dies first."""
        for name in self.channels_for(message):
            self._workers[name].add(message, saved=False)

    def busy(self) -> bool:
        """Whether a message is being sent, or would be at once. What waits out a pause is not counted."""
        return self._may_talk.is_set() and any(worker.busy for worker in self._workers.values())

    async def idle(self) -> None:
        """Wait until nothing is being sent or would be at once."""
        while self.busy():
            self._quiet.clear()
            await self._quiet.wait()

    def status(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        return tuple(worker.status() for worker in self._workers.values())

    async def stop(self, grace: float) -> None:
        """Give the channels so many seconds (machine time) for what they can send at once, then let go of them.

        What is undelivered then stays in the outbox for the next run.
        """
        if self._tasks:
            try:
                async with asyncio.timeout(grace):
                    await self.idle()
            except TimeoutError:
                _log.warning("channels are left with messages unsent: %s", self._unsent())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.gather(*(worker.close() for worker in self._workers.values()))

    async def _work(self, worker: _Worker) -> None:
        await self._may_talk.wait()
        await worker.run()

    def _unsent(self) -> str:
        return ", ".join(f"{worker.channel.name} {worker.waiting}" for worker in self._workers.values() if worker.busy)

    def _changed(self) -> None:
        if not self.busy():
            self._quiet.set()


class _Worker:
    """One channel, its queue, and its pauses."""

    def __init__(self, channel: Channel, outbox: Outbox, clock: Clock, changed: Callable[[], None]) -> None:
        self.channel = channel
        self._outbox = outbox
        self._clock = clock
        self._changed = changed
        self._queue = Waiting()
        self._held: dict[str, bool] = {}  # ids in the queue, set aside or being sent; whether they have an outbox row
        self._confirmed: dict[str, None] = {}
        self._unmarked: dict[str, float] = {}  # confirmed, and the store does not know: id, wall time
        self._aside: dict[str, Timer] = {}
        self._pause: Timer | None = None
        self._tried: int | None = None  # the worst level in the queue when a pause of our own began
        self._failures = 0
        self._failed: Message | None = None
        self._reason = ""
        self._since: float | None = None
        self._working = False
        self._mark_due = False
        self._opened = False
        self._wake = asyncio.Event()

    @property
    def busy(self) -> bool:
        return self._working or self._mark_due or (bool(self._queue) and self._pause is None)

    @property
    def waiting(self) -> int:
        return len(self._held)

    def status(self) -> ChannelStatus:
        return ChannelStatus(self.channel.name, self.waiting, self._reason, self._since)

    def add(self, message: Message, *, saved: bool, left: bool = False) -> None:
        """Queue a message, unless it is here already or was confirmed in this run. `left`: by an earlier run."""
        if message.id in self._confirmed:
            if saved:  # said while the store was down, saved since: the row still has to be marked
                self._unmarked.setdefault(message.id, self._clock.now().wall)
                self._mark_due = True
                self._wake.set()
            return
        if message.id in self._held:
            self._held[message.id] = self._held[message.id] or saved
            return
        self._held[message.id] = saved
        self._push(message, left=left)
        # Worse news does not wait out a pause that only we have set: the channel may be back.
        if self._tried is not None and urgency(message) > self._tried:
            self._end_pause()

    def recall(self, message: Message) -> None:
        """An earlier run told this one: what it said of an alert before is old by now."""
        self._queue.recall(message)

    async def run(self) -> None:
        """Open, then send for ever."""
        while True:
            if self._pause is None and not self._opened:
                await self._open()
            elif self._pause is None and (worst := self._queue.worst) is not None:
                if (wait := self._ready_in(worst)) > 0:
                    self._rest(wait, worst)
                else:
                    await self._send(self._queue.take(self._failed))
            elif self._mark_due:
                await self._mark()
                self._mark_due = False
            else:
                self._wake.clear()
                self._changed()
                await self._wake.wait()

    async def close(self) -> None:
        """Stop the timers, mark what can be marked, close the channel."""
        self._end_pause()
        for timer in self._aside.values():
            timer.cancel()
        self._aside.clear()
        await self._mark()
        try:
            async with asyncio.timeout(CLOSE_BOUND_S):
                await self.channel.close()
        except TimeoutError:
            _log.warning("channel %s did not close within %g s", self.channel.name, CLOSE_BOUND_S)
        except Exception as error:  # noqa: BLE001  # a channel that breaks must not keep the others from closing
            _log.warning("channel %s did not close: %s", self.channel.name, type(error).__name__)

    def _push(self, message: Message, *, left: bool = False) -> None:
        self._queue.push(message, left=left)
        self._wake.set()

    async def _open(self) -> None:
        error = await self._try(self.channel.open())
        if error is None:
            self._opened = True
            self._works()
        else:
            self._fail(error, None)

    async def _send(self, message: Message) -> None:
        self._working = True
        try:
            error = await self._try(self.channel.send(self._queue.shown(message)))
            if error is None:
                await self._succeed(message)
            elif error.permanent:
                self._set_aside(message, error)
            else:
                self._push(message)
                self._fail(error, message)
        finally:
            self._working = False

    async def _try(self, attempt: Coroutine[Any, Any, None]) -> ChannelError | None:
        try:
            async with asyncio.timeout(SEND_BOUND_S):
                await attempt
        except ChannelError as error:
            return error
        except TimeoutError:
            return ChannelError("no answer in time")
        except Exception as error:  # noqa: BLE001  # a mistake in a channel must not end its worker: the alert is still owed
            # its words are not shown: they may carry an address with a token in it
            return ChannelError(f"it broke with {type(error).__name__}")
        return None

    async def _succeed(self, message: Message) -> None:
        self._works()
        saved = self._held.pop(message.id)
        self._queue.confirmed(message)
        self._confirmed[message.id] = None
        self._unmarked[message.id] = self._clock.now().wall
        while len(self._confirmed) > REMEMBERED:
            oldest = next(iter(self._confirmed))
            del self._confirmed[oldest]
            self._unmarked.pop(oldest, None)
        if saved:
            await self._mark()

    async def _mark(self) -> None:
        """Tell the store what was confirmed. What it can't take now is told again with the next."""
        for number, wall in list(self._unmarked.items()):
            try:
                await self._outbox.delivered(number, self.channel.name, wall)
            except StoreError as error:
                _log.warning("%d confirmations wait for the store: %s", len(self._unmarked), error)
                return
            self._unmarked.pop(number, None)

    def _works(self) -> None:
        if self._reason:
            _log.warning("channel %s works again", self.channel.name)
        self._failures, self._failed, self._reason, self._since = 0, None, "", None

    def _note(self, error: ChannelError) -> None:
        if not self._reason:
            self._since = self._clock.now().mono
        self._reason = error.reason

    def _fail(self, error: ChannelError, message: Message | None) -> None:
        """The channel as a whole pauses."""
        self._note(error)
        self._failed = None if error.whole else message
        pause = min(FIRST_PAUSE_S * 2.0 ** min(self._failures, 10), LONGEST_PAUSE_S)
        self._failures += 1
        if error.retry_after is None:
            worst = self._queue.worst
            self._tried = -1 if worst is None else worst
        else:
            pause = min(max(FIRST_PAUSE_S, error.retry_after), LONGEST_ASKED_S)
        _log.warning(
            "channel %s: %s; next try in %g s, %d messages wait", self.channel.name, error.reason, pause, self.waiting
        )
        self._pause = self._clock.call_at(self._clock.now().mono + pause, self._end_pause)

    def _ready_in(self, worst: Level) -> float:
        return self.channel.ready_in(worst) if isinstance(self.channel, Paced) else 0.0

    def _rest(self, seconds: float, worst: Level) -> None:
        """All is well; the other end takes no more messages for a moment."""
        self._tried = worst
        self._pause = self._clock.call_at(self._clock.now().mono + seconds, self._end_pause)

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._pause = None
        self._tried = None
        self._wake.set()

    def _set_aside(self, message: Message, error: ChannelError) -> None:
        """This one message is refused: the others go on. From critical up it is tried for ever, else next run."""
        self._note(error)
        if message.level < Level.CRITICAL:
            _log.warning("channel %s refuses message %s: %s", self.channel.name, message.id, error.reason)
            del self._held[message.id]
            self._queue.forget(message)
            return
        _log.warning(
            "channel %s refuses message %s: %s; next try in %g s",
            self.channel.name,
            message.id,
            error.reason,
            LONGEST_PAUSE_S,
        )

        def again() -> None:
            del self._aside[message.id]
            self._push(message)

        self._aside[message.id] = self._clock.call_at(self._clock.now().mono + LONGEST_PAUSE_S, again)
