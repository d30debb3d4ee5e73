"""The room as others use it."""

from __future__ import annotations

import doctest

import watchdog.risk


def test_the_example_of_the_room_is_true() -> None:
    """The example in the room's docstring does what it says."""
    outcome = doctest.testmod(watchdog.risk)
    assert outcome.attempted > 0
    assert outcome.failed == 0
