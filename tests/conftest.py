"""A law of the house, for every asynchronous test: no task is left running, no exception is left unseen."""

from __future__ import annotations

import asyncio
import decimal
import gc
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

LONG = ("endtoend", "simulation", "test_demo.py")
"""Folders and files of tests that take many seconds each."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than there are processors: many tests wait for a process or a deadline more than they work."""
    del config
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: begun last, one of them would keep a single worker busy when all others are done."""
    items.sort(key=lambda item: not set(item.path.parts) & {*LONG})


def pytest_collection_finish() -> None:
    """Set aside what the imports made, so that a full collection after a test looks at that test's objects only."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_leaks(request: pytest.FixtureRequest) -> None:
    """Guard asynchronous tests, and cost the others nothing: they get no loop."""
    decimal.setcontext(decimal.Context())  # ccxt leaves another rounding behind wherever it has formatted a number
    # Asked for before any other fixture, so it looks last: after the test's own fixtures have cleaned up.
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("loop_guard")


@pytest_asyncio.fixture
async def loop_guard() -> AsyncIterator[None]:
    """Fail a test that leaves a task running, or an exception of a task, future or callback that nobody saw."""
    loop = asyncio.get_running_loop()
    unseen: list[str] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        unseen.append(f"{context['message']}: {context.get('exception')!r} {context.get('task') or ''}")

    loop.set_exception_handler(note)
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)  # what was cancelled in the last step may end
    left = [repr(task) for task in asyncio.all_tasks() - before - {asyncio.current_task()}]
    gc.collect()  # a lost exception is only reported when its task is collected
    if left or unseen:
        pytest.fail("\n".join([*(f"task left running: {task}" for task in left), *unseen]), pytrace=False)
