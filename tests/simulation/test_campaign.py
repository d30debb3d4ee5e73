"""The campaign: a few seeds, that they repeat, and that they notice a broken daemon."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import run_seed
from tests.simulation.mutants import run_mutant


@pytest.mark.parametrize("seed", [2, 9])
def test_a_seed_holds(seed: int) -> None:
    """Under faults, crashes and a busy hand, no invariant breaks."""
    result = run_seed(seed)
    assert not result.broken, "\n".join([result.command, *result.broken])


def test_a_seed_repeats() -> None:
    """The same seed gives the same log, line for line: a failure can be looked at again."""
    first, second = run_seed(8), run_seed(8)
    differing = [pair for pair in zip(first.lines, second.lines, strict=False) if pair[0] != pair[1]]
    assert first.digest == second.digest, differing[:1]


@pytest.mark.parametrize("mutant", ["cancel_first", "reload_drops_alerts", "asks_and_acts", "best_news_first"])
def test_a_broken_daemon_is_noticed(mutant: str) -> None:
    """A daemon with one law taken away breaks an invariant of a seed that else holds; `--mutants` runs all."""
    assert run_mutant(mutant).broken
