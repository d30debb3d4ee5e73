"""A desk, and our venue standing at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.venues.desk import KEY, SECRET, Desk, open_desk
from watchdog.clock import LoopClock
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk that answers well until told otherwise."""
    async with open_desk() as desk:
        yield desk


@pytest.fixture
async def venue(desk: Desk) -> AsyncIterator[BinanceUsdmVenue]:
    """An account at the desk, not yet opened; the house's own guard sees that closing it leaves nothing behind."""
    venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock(), timeout=0.5)
    yield venue
    await venue.close()
