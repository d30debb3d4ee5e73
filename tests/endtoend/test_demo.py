"""`watchdog demo` as its user runs it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from watchdog.rules.parse import parse_rules

SHIPPED = Path(__file__).parents[2] / "config" / "rules.toml"


async def demo(out: Path) -> tuple[dict[str, Any], str]:
    """One run, as fast as it goes: its JSON and what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHDOG_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watchdog", "demo", "--speed", "0", "--json", str(out),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert complaints == b""
    answer: dict[str, Any] = json.loads(await asyncio.to_thread(out.read_text))
    return answer, printed.decode()


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_the_demo_is_the_same_on_every_run(tmp_path: Path) -> None:
    """Ends, alerts and orders of two runs at once are the same, word for word."""
    (answer, _), (again, _) = await asyncio.gather(demo(tmp_path / "first.json"), demo(tmp_path / "second.json"))
    assert {key: answer[key] for key in ("with", "without")} == {key: again[key] for key in ("with", "without")}
    assert [line["lines"] for line in answer["alerts"]] == [line["lines"] for line in again["alerts"]]
    assert [(one["symbol"], one["trigger_price"], one["placed"]) for one in answer["orders"]] == [
        (one["symbol"], one["trigger_price"], one["placed"]) for one in again["orders"]
    ]


@pytest.mark.timeout(240)
async def test_the_demo_saves_what_is_lost_without_it(tmp_path: Path) -> None:
    """Without: AVAX is liquidated. With: nobody, a stop rests before the fall, alerts in order."""
    answer, printed = await demo(tmp_path / "first.json")
    assert answer["without"]["AVAXUSDT"]["liquidated"] is True
    assert not any(end["liquidated"] for end in answer["with"].values())
    for symbol, end in answer["with"].items():
        assert Decimal(end["loss"]) < Decimal(answer["without"][symbol]["loss"])
        assert Decimal(end["owed"]) == 0
    stops = {one["symbol"]: one for one in answer["orders"]}
    assert len(answer["orders"]) == len(stops) == 2
    assert all(one["placed"] < "2025-10-10T20:52:00Z" for one in stops.values())
    heads = [line["lines"][0] for line in answer["alerts"]]
    story = ["NO STOP", "RESTS", "OK", "WARN · AVAX long 11% from liquidation", "STOP TRIGGERED", "CLOSED"]
    avax = iter([head for head in heads if "AVAX" in head])
    assert all(any(part in head for head in avax) for part in story), heads
    assert "LIQUIDATED" in printed
    assert "kept" in printed


def test_the_demos_rules_are_the_shipped_ones_but_for_leave_to_act() -> None:
    """Whoever sees the demo sees what the shipped rules do."""
    theirs = parse_rules(SHIPPED.read_text(encoding="utf-8"), "rules.toml", None)
    text = files("watchdog.demo").joinpath("rules.toml").read_text(encoding="utf-8")
    ours = parse_rules(text, "rules.toml", None)
    assert [rule.name for rule in ours.rules] == [rule.name for rule in theirs.rules]
    assert [(one.levels, one.where, one.only_if, one.stop) for one in ours.rules] == [
        (one.levels, one.where, one.only_if, one.stop) for one in theirs.rules
    ]
    assert ours.blind == theirs.blind
