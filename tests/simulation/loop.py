"""An event loop whose time is virtual: it jumps to the next timer, and only when nothing else can happen.

Sockets are real. On Linux a write to a loopback socket is readable at its other end when the write returns, so a loop
whose selector shows nothing has no message under way. Executor jobs are begun and ended at moments of virtual time
chosen by the loop, and while one runs the loop stands still: so no jump ever happens beside a running job, and the
same seed gives the same order of events.

A `Life` is one process of the daemon, as far as one loop can hold several: whatever is started inside it belongs to it
(by its context variable), can be frozen between any two steps, and loses its sockets as a killed process does.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import functools
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

POLLS = 3
"""Looks at the selector that must all show nothing before time jumps."""
LONGEST_STANDSTILL_S = 10.0
"""Machine seconds without a jump after which the loop is taken to spin."""
TURN_S = 1e-6
"""Virtual seconds a turn of the loop takes: as on a real clock, what waits for an instant sees it pass."""
_LOOK_AT_MACHINE_EVERY = 5_000
"""Turns of the loop between two looks at the machine's clock."""

_MANY_TASKS = 200
"""Tasks of a life that are remembered before those that have ended are forgotten."""


class StuckError(Exception):
    """Nothing can ever happen again, or something happens for ever without time moving on."""


@dataclass(eq=False)
class Life:
    """One process of the daemon. `died` is called, once, at the moment it is frozen."""

    number: int
    died: Callable[[], None]
    frozen: bool = False
    fuse: int | None = None
    """Steps until it is frozen; None: it is not."""
    steps: int = 0
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    limbo: list[asyncio.Handle] = field(default_factory=list)
    """Steps that were due after it was frozen."""
    signals: dict[int, asyncio.Handle] = field(default_factory=dict)
    """What it does on a signal."""

    def step(self) -> bool:
        """One step is due; False when it is not to be made."""
        if not self.frozen:
            self.steps += 1
            if self.fuse is not None:
                self.fuse -= 1
                if self.fuse < 0:
                    self.frozen = True
                    self.died()
        return not self.frozen


LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("life", default=None)


class _Ready(collections.deque[asyncio.Handle]):
    """The loop's queue of due steps; those of a frozen life are set aside."""

    def __init__(self, nothing: asyncio.Handle) -> None:
        super().__init__()
        self._nothing = nothing

    def popleft(self) -> asyncio.Handle:
        handle = super().popleft()
        life: Life | None = handle._context.get(LIFE)  # type: ignore[attr-defined]  # private, and in every version
        if life is None or life.step():
            return handle
        life.limbo.append(handle)
        return self._nothing


class _Selector(selectors.DefaultSelector):
    """Polls; when nothing is ready and nothing due, asks the loop to jump instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.turn: Callable[[], None] = lambda: None
        self.jump: Callable[[float | None], None] = lambda _: None
        self._count = 0
        self._order: dict[int, int] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._count += 1
        self._order[key.fd] = self._count
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turn()
        for _ in range(1 if timeout == 0 else POLLS):
            if ready := super().select(0):
                return sorted(ready, key=lambda one: self._order[one[0].fd])
        if timeout != 0:
            self.jump(timeout)
        return []


@dataclass(eq=False)
class _Job:
    """A call that a thread is to make, once the loop lets it."""

    call: Callable[[], Any]
    future: asyncio.Future[Any]
    context: contextvars.Context
    running: Future[Any] | None = None
    skipped: bool = False
    go: threading.Event = field(default_factory=threading.Event)

    def work(self) -> Any:
        """In the thread."""
        self.go.wait()
        return None if self.skipped else self.call()

    def run(self) -> Any:
        """In the loop: let it run, and stand still until it has."""
        self.go.set()
        return self.work() if self.running is None else self.running.result()


def _dead_end() -> socket.socket:
    """A socket whose other end is gone: what is left of a killed life reads its end there, and may not write."""
    dead, other = socket.socketpair()
    other.close()
    dead.settimeout(0)
    return dead


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. `slowness` gives the virtual seconds until an executor job begins, and until its end is known."""

    _ready: collections.deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._selector_of_ours = _Selector()
        super().__init__(self._selector_of_ours)
        nothing = asyncio.Handle(lambda: None, (), self)
        nothing.cancel()
        self._ready = _Ready(nothing)
        self._selector_of_ours.turn, self._selector_of_ours.jump = self._turn, self._jump
        self._lanes: dict[Executor | Life | None, collections.deque[_Job]] = {}
        self._turns = 0
        self._moved_at = time.monotonic()
        self._dead = _dead_end()
        self.slowness: Callable[[], tuple[float, float]] = lambda: (0.0, 0.0)

    # --- time

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._now

    def _turn(self) -> None:
        self._turns += 1
        self._now += TURN_S
        if self._turns % _LOOK_AT_MACHINE_EVERY == 0 and time.monotonic() - self._moved_at > LONGEST_STANDSTILL_S:
            raise StuckError(f"the loop spins: {self._turns} turns without time moving on")

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise StuckError("nothing is ready and nothing is due: everything waits for something else")
        self._now = max(self._now + timeout, self._scheduled[0].when() if self._scheduled else 0.0)
        self._turns = 0
        self._moved_at = time.monotonic()

    # --- executor jobs

    def run_in_executor(  # type: ignore[override]  # typeshed's is variadic in types; this one takes what it is given
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Make a call in a thread, at a moment of this loop's choosing. Jobs of one executor go one after the other."""
        job = _Job(functools.partial(func, *args), self.create_future(), contextvars.copy_context())
        if executor is not None:
            job.running = executor.submit(job.work)
        key = executor if executor is not None else LIFE.get()
        lane = self._lanes.setdefault(key, collections.deque())
        lane.append(job)
        if len(lane) == 1:
            self._line_up(key)
        return job.future

    def _line_up(self, key: Executor | Life | None) -> None:
        job = self._lanes[key][0]
        before, after = (0.0, 0.0) if job.running is None else self.slowness()
        self.call_later(before, self._begin, key, job, after, context=job.context)

    def _begin(self, key: Executor | Life | None, job: _Job, after: float) -> None:
        job.skipped = job.future.cancelled()
        value, error = None, None
        try:
            value = job.run()
        except BaseException as raised:  # noqa: BLE001  (whatever it is, it is the caller's)
            error = raised
        self.call_later(0.0 if job.skipped else after, self._end, key, job, value, error, context=job.context)

    def _end(self, key: Executor | Life | None, job: _Job, value: object, error: BaseException | None) -> None:
        lane = self._lanes[key]
        lane.popleft()
        if lane:
            self._line_up(key)
        else:
            del self._lanes[key]
        if job.future.done():
            return
        if error is None:
            job.future.set_result(value)
        else:
            job.future.set_exception(error)

    def close(self) -> None:
        """Close; jobs that were never begun are let go without being made."""
        for lane in self._lanes.values():
            for job in lane:
                job.skipped = True
                job.go.set()
        self._lanes.clear()
        self._dead.close()
        super().close()

    # --- lives

    def add_signal_handler(  # type: ignore[override]  # typeshed's is variadic in types, as above
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """What the life that asks does on a signal; a real one would reach them all."""
        life = LIFE.get()
        assert life is not None  # only daemons listen to signals
        life.signals[sig] = asyncio.Handle(callback, args, self, contextvars.copy_context())

    def remove_signal_handler(self, sig: int) -> bool:
        """It does nothing on it any more."""
        life = LIFE.get()
        return life is not None and life.signals.pop(sig, None) is not None

    def signal(self, life: Life, sig: int) -> None:
        """Send a life a signal; one that does not listen does not hear it."""
        handle = life.signals.get(sig)
        if handle is not None:
            self._ready.append(handle)

    def create_task(self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
        """Start a task; it belongs to the life of its context."""
        task: asyncio.Task[T] = super().create_task(coro, **options)
        context: contextvars.Context | None = options.get("context")
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None:
            if len(life.tasks) >= _MANY_TASKS:
                life.tasks = [one for one in life.tasks if not one.done()]
            life.tasks.append(task)
        return task

    def begin_life(self, life: Life, daemon: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a daemon whose every step belongs to a life."""
        context = contextvars.copy_context()
        context.run(LIFE.set, life)
        return self.create_task(daemon, context=context)

    def kill(self, life: Life) -> None:
        """Freeze a life between two steps and let the kernel close its sockets, as it does when a process dies.

        The descriptors stay taken, by a dead end, so that no number is used twice.
        """
        life.frozen = True
        for one in life.sockets:
            handle = one.fileno()
            if handle >= 0:
                self.remove_descriptor(handle)

    def remove_descriptor(self, handle: int) -> None:
        """Close what is behind a descriptor, and put the dead end there."""
        loop: Any = self
        loop._remove_reader(handle)
        loop._remove_writer(handle)
        os.dup2(self._dead.fileno(), handle, inheritable=False)

    async def bury(self, life: Life) -> None:
        """Let a frozen life run to its end, now that nothing it does can matter, so that it leaves nothing behind."""
        life.frozen, life.fuse = False, None
        self._ready.extend(life.limbo)
        life.limbo.clear()
        for _ in range(10):
            left = [task for task in life.tasks if not task.done()]
            if not left:
                break
            left[0].cancel()  # the daemon's own first: it stops the others, in its order
            await asyncio.wait(left, timeout=60.0)
        for task in life.tasks:
            if task.done() and not task.cancelled():
                task.exception()

    def _note(self, one: socket.socket) -> None:
        life = LIFE.get()
        if life is not None and one not in life.sockets:
            life.sockets.append(one)

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **options: Any) -> Any:
        self._note(sock)
        base: Any = super()
        return base._make_socket_transport(sock, *args, **options)

    def _start_serving(self, protocol_factory: Any, sock: socket.socket, *args: Any, **options: Any) -> Any:
        self._note(sock)
        base: Any = super()
        return base._start_serving(protocol_factory, sock, *args, **options)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect; the socket belongs to the life that asks."""
        self._note(sock)
        await super().sock_connect(sock, address)


@contextlib.contextmanager
def virtual_loop() -> Generator[asyncio.Runner, None, None]:
    """A runner on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner
