"""Whole answers in Kraken's format: what is read of them, and what breaking any value of them brings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.venues.krakenfutures.build import PAYLOADS
from tests.venues.risk_only import AT, check_payload, fuzz
from watchdog.venues.krakenfutures.kind import KIND


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_gives_the_readings_written_beside_it(name: str) -> None:
    """Every figure of the file is what the rules and the risk room make of its answers."""
    check_payload(KIND, PAYLOADS[name])


def optional(path: tuple[Any, ...]) -> bool:
    """Fields that Kraken itself leaves out: without `maxFixedLeverage` a position is a cross one."""
    return bool(path[-1] == "maxFixedLeverage")


def slim(payloads: dict[str, Any]) -> dict[str, Any]:
    """The answers with two positions and two orders, and what these need: breaking every value takes its time."""
    fewer = copy.deepcopy(payloads)
    for name, rows in (("openpositions", "openPositions"), ("openorders", "openOrders")):
        del fewer[name][rows][2:]
    fewer = dict(KIND.trim(fewer))
    for contract in fewer["instruments"]["instruments"]:
        del contract["marginLevels"][2:]
    return fewer


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_broken_value_is_read_as_safe(name: str) -> None:
    """Whatever value is gone or wrong: an error that names it, or no smaller ratio than before; never a traceback."""
    assert list(fuzz(KIND, slim(PAYLOADS[name]["payloads"]), optional)) == []


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_kept_reads_the_same(name: str) -> None:
    """The trimmed answers give the same account, without the contracts that nothing needs."""
    payloads = PAYLOADS[name]["payloads"]
    kept = KIND.trim(payloads)
    assert KIND.read(kept, AT) == KIND.read(payloads, AT)
    assert len(kept["instruments"]["instruments"]) <= len(payloads["instruments"]["instruments"])
    assert len(KIND.trim(PAYLOADS["flex"]["payloads"])["tickers"]["tickers"]) == 3
