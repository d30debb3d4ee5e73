"""The campaign: that a seed holds and repeats, and that a broken daemon is noticed. All of it: `.ci/run`."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import run_seed
from tests.simulation.mutants import run_mutant


@pytest.mark.long
def test_a_seed_repeats() -> None:
    """The same seed, of an account that asks and a daemon that crashes, gives the same log, line for line."""
    first, second = run_seed(24), run_seed(24)
    assert not first.broken, "\n".join([first.command, *first.broken])
    differing = [pair for pair in zip(first.lines, second.lines, strict=False) if pair[0] != pair[1]]
    assert first.digest == second.digest, differing[:1]


@pytest.mark.parametrize("mutant", ["cancel_first", "asks_and_acts"])
def test_a_broken_daemon_is_noticed(mutant: str) -> None:
    """A daemon with one law taken away breaks an invariant of a seed that else holds; `--mutants` runs all."""
    assert run_mutant(mutant).broken
