"""`python -m tests.bench --json FILE [--quick] [--only NAME …]`: measure, write the file, show the table.

Budgets are those of the design. Nothing fails on a figure: the exit code is 0 when everything could be measured. Run it
on a machine that does nothing else; what is compared runs in turns, but a busy machine widens every tail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import hours, idle, memory, request, silence, start
from tests.bench.figures import Line

RULES = Path(__file__).parents[2] / "config" / "rules.toml"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    ticks: int
    isolated: tuple[int, ...]
    cross: tuple[int, ...]
    accounts: tuple[int, ...]
    starts: int
    silences: int
    hours: int


WHOLE = Size(300, 2000, (100, 1_000, 10_000), (10, 100, 1_000), (1, 25, 50, 100), 9, 4, 24)
QUICK = Size(25, 300, (100, 1_000, 10_000), (10, 100, 1_000), (1, 2, 5), 3, 1, 3)

PARTS: Mapping[str, Callable[[Size], Any]] = {
    "request": lambda size: asyncio.run(request.measure(size.rounds)),
    "idle": lambda size: idle.measure(RULES, size.isolated, size.cross, size.ticks),
    "memory": lambda size: asyncio.run(memory.measure(size.accounts)),
    "hours": lambda size: asyncio.run(hours.measure(size.hours)),
    "start": lambda size: asyncio.run(start.measure(size.starts)),
    "silence": lambda size: asyncio.run(silence.measure(size.silences)),
}


def lines(found: Mapping[str, Any]) -> list[Line]:
    """The rows of the table, of the parts that were measured."""
    makers = {
        "request": _request,
        "idle": _idle,
        "memory": _memory,
        "hours": _hours,
        "start": _start,
        "silence": _silence,
    }
    return [line for name, make in makers.items() if name in found for line in make(found[name])]


def _ms(figures: Mapping[str, Any], which: str) -> str:
    return f"ours {figures['ours'][which] * 1000:.2f} ms, bare {figures['bare'][which] * 1000:.2f} ms"


def _request(found: Mapping[str, Any]) -> list[Line]:
    budget = "≤ 1.25 × bare, p99"
    crossings = f"{found['ours']['count']} crossings; "
    return [
        Line("crossing tick → request, p50", "", found["ratio_p50"], "×", None, crossings + _ms(found, "p50")),
        Line("crossing tick → request, p99", budget, found["ratio_p99"], "×", 1.25, crossings + _ms(found, "p99")),
    ]


def _idle(found: Mapping[str, Any]) -> list[Line]:
    def costs(kind: str) -> str:
        return ", ".join(f"{int(count):,}: {cost * 1000:.2f} ms" for count, cost in found[kind].items())

    most = max(map(int, found["isolated"]))
    pool = max(map(int, found["cross"]))
    # A map of a hundred times as many keys is deeper by two levels: half as much again is no growth with all of them.
    return [
        Line(
            f"idle tick, {most:,} isolated over 100",
            "not with all",
            found["ratio_isolated"],
            "×",
            1.5,
            costs("isolated"),
        ),
        Line(
            f"idle tick, a pool of {pool:,} over 100", "with the pool", found["ratio_cross"], "×", None, costs("cross")
        ),
    ]


def _memory(found: Mapping[str, Any]) -> list[Line]:
    per_account = f"ours {found['growth_ours_kb'] / 1024:.1f} MB, bare {found['growth_bare_kb'] / 1024:.1f} MB each"
    base = f"ours {found['base_ours_kb'] / 1024:.0f} MB, bare {found['base_bare_kb'] / 1024:.0f} MB"
    counts = ", ".join(map(str, found["ours_kb"]))
    return [
        Line("memory, base", "≤ bare + 70 MB", found["base_difference_mb"], "MB", 70.0, base),
        Line(
            "memory, one more account", "≤ 1.3 × bare", found["ratio_growth"], "×", 1.3, f"{per_account}; of {counts}"
        ),
    ]


def _hours(found: Mapping[str, Any]) -> list[Line]:
    what = f"memory, hour {hours.SETTLED_HOURS} to {found['hours']}"
    return [Line(what, "none (< 2 MB)", found["growth_mb"], "MB", 2.0, f"{found['reads']:,} reads")]


def _start(found: Mapping[str, Any]) -> list[Line]:
    seconds = f"ours {found['ours']['p50']:.2f} s, bare {found['bare']['p50']:.2f} s"
    early = found["early_imports"]
    return [
        Line("start → first verdict", "≤ 1.5 × bare", found["ratio"], "×", 1.5, seconds),
        Line("libraries imported before the first read", "none", len(early), "", 0.0, ", ".join(early)),
    ]


def _silence(found: Mapping[str, Any]) -> list[Line]:
    counted = f"{len(found['market'])} of each stream"
    return [Line("a silent stream is noticed, longest", "≤ 15 s", found["longest"], "s", 15.0, counted)]


def table(rows: Sequence[Line]) -> Table:
    """Budgets beside what was measured."""
    shown = Table(title="Budgets", title_justify="left", title_style="bold")
    for name in ("what", "budget", "measured", "", "how it came"):
        shown.add_column(name, justify="right" if name == "measured" else "left", overflow="fold")
    for row in rows:
        style = {None: "", True: "green", False: "bold red"}[row.kept]
        measured = f"{row.measured:.2f} {row.unit}".rstrip() if row.unit else f"{row.measured:g}"
        shown.add_row(row.what, row.budget, measured, f"[{style}]{row.verdict}[/]" if style else "", row.detail)
    return shown


def written(found: Mapping[str, Any], rows: Sequence[Line], *, quick: bool) -> dict[str, Any]:
    """What the JSON file holds: the two figures asked for first of all, every part, and the table."""
    top = {name: found["request"][name] for name in ("ratio_p50", "ratio_p99")} if "request" in found else {}
    return {
        **top,
        **found,
        "table": [
            {"what": row.what, "budget": row.budget, "measured": row.measured, "unit": row.unit, "kept": row.kept}
            for row in rows
        ],
        "quick": quick,
        "machine": {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()},
    }


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="write every figure here")
    parser.add_argument("--quick", action="store_true", help="fewer of everything: about five minutes")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS), metavar="NAME")
    args = parser.parse_args()
    console = Console(width=140) if not sys.stdout.isatty() else Console()
    size = QUICK if args.quick else WHOLE
    found: dict[str, Any] = {}
    for name, part in PARTS.items():
        if name in args.only:
            console.print(f"measuring: {name}", style="dim")
            found[name] = part(size)
    rows = lines(found)
    args.json.write_text(json.dumps(written(found, rows, quick=args.quick), indent=1) + "\n", encoding="utf-8")
    console.print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
