"""`python -m tests.simulation --seeds N [--start S] [--verbose] [--seed K] [--mutants]`: run the fault campaign."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.campaign import Result, run_seed
from tests.simulation.mutants import MUTANTS, run_mutant


def main() -> int:
    """Exit 0 when every seed held, 1 when one broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="how many")
    parser.add_argument("--start", type=int, default=1, help="the first")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--verbose", action="store_true", help="show the event log of a seed as it happens")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--mutants", action="store_true", help="run the broken daemons instead: each has to be noticed")
    args = parser.parse_args()
    if args.mutants:
        return _mutants(args.jobs)
    seeds = [args.seed] if args.seed is not None else list(range(args.start, args.start + args.seeds))
    began = time.monotonic()
    if args.verbose or len(seeds) == 1 or args.jobs == 1:
        results = [run_seed(seed, _say if args.verbose else None) for seed in seeds]
        for result in results:
            _tell(result)
    else:
        results = []
        with ProcessPoolExecutor(min(args.jobs, len(seeds)), mp_context=get_context("spawn")) as pool:
            for result in pool.map(run_seed, seeds):
                results.append(result)
                _tell(result)
    broken = [result for result in results if result.broken]
    virtual = sum(result.virtual for result in results) / 3600
    _say(f"{len(results)} seeds, {len(broken)} broken, {virtual:.1f} virtual hours in {time.monotonic() - began:.0f} s")
    for result in broken:
        _say(f"replay with: {result.command}")
    return 1 if broken else 0


def _mutants(jobs: int) -> int:
    """Exit 0 when each was noticed, 1 when one was not."""
    began, missed = time.monotonic(), []
    with ProcessPoolExecutor(min(jobs, len(MUTANTS)), mp_context=get_context("spawn")) as pool:
        for name, result in zip(MUTANTS, pool.map(run_mutant, MUTANTS), strict=True):
            noticed = result.broken[0].strip()[:120] if result.broken else "NOT NOTICED"
            _say(f"{name}, seed {result.seed}, {result.seconds:.1f} s: {noticed}")
            if not result.broken:
                missed.append(name)
    _say(f"{len(MUTANTS)} broken daemons, {len(missed)} not noticed, in {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


def _tell(result: Result) -> None:
    word = "BROKEN" if result.broken else "ok"
    _say(f"seed {result.seed}: {word} {result.digest} {result.seconds:.1f} s")
    for line in result.broken:
        _say(f"    {line}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
