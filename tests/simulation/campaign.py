"""Runs seeds."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulation.loop import StuckError, VirtualLoop, virtual_loop
from tests.simulation.plan import draw
from tests.simulation.record import Record
from tests.simulation.world import EnoughError, World

_MEMORY = Path("/dev/shm")  # noqa: S108  (only its being there is asked; the folder below has a random name)


@dataclass(frozen=True, slots=True)
class Result:
    """How a seed ended."""

    seed: int
    broken: tuple[str, ...]
    digest: str
    seconds: float
    """Of the machine."""
    virtual: float
    """Seconds the seed lasted in its own time."""
    lines: tuple[str, ...]

    @property
    def command(self) -> str:
        """What replays it."""
        return f"python -m tests.simulation --seed {self.seed} --verbose"


def run_seed(seed: int, echo: Callable[[str], None] | None = None, *, hasty: bool = False) -> Result:
    """Run one seed, whole; or up to what breaks first."""
    began = time.monotonic()
    with _folder() as folder, _quiet(), virtual_loop() as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        start = loop.time()
        record = Record(lambda: loop.time() - start, echo)
        loop.set_exception_handler(lambda _, context: record.fail(_in_words(context)))

        async def live() -> None:
            world = World(draw(seed), folder, loop, record, hasty=hasty)
            with world.watching(), contextlib.suppress(EnoughError):
                await world.run()

        try:
            runner.run(live())
        except StuckError as error:
            record.fail(str(error))
        virtual = loop.time() - start
    return Result(seed, tuple(record.broken), record.digest, time.monotonic() - began, virtual, tuple(record.lines))


def _in_words(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"nobody saw: {context['message']} {error!r} {context.get('task') or context.get('future') or ''}"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A place for one seed's files, in memory where the machine has that: each transaction is synced."""
    path = Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let libraries be as quiet as in the daemon."""
    with contextlib.ExitStack() as stack:
        for name in ("ccxt", "aiohttp", "asyncio"):
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.WARNING)
        yield
