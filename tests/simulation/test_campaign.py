"""The campaign: a few seeds, that they repeat, and that they notice a broken daemon."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import run_seed
from tests.simulation.mutants import MUTANTS


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


@pytest.mark.parametrize(
    ("mutant", "seed"),
    [("cancel_first", 2), ("no_answer_is_a_no", 3), ("too_large", 2), ("tells_before_saving", 2)],
)
def test_a_broken_daemon_is_noticed(mutant: str, seed: int) -> None:
    """A daemon with one law taken away breaks an invariant of a seed in which the whole one holds."""
    with MUTANTS[mutant]():
        assert run_seed(seed).broken
