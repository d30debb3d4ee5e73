"""Whole answers in Deribit's format: what is read of them, and what breaking any value of them brings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.venues.deribit.build import PAYLOADS
from tests.venues.risk_only import AT, check_payload, fuzz
from watchdog.venues.deribit.kind import KIND

UNREAD = frozenset(
    [
        "time_in_force",
        "triggered",
        "post_only",
        "max_show",
        "is_liquidation",
        "creation_timestamp",
        "api",
        "delta",
        "floating_profit_loss",
        "index_price",
        "initial_margin",
        "leverage",
        "open_orders_margin",
        "realized_profit_loss",
        "settlement_price",
        "max_leverage",
        "is_active",
        "future_type",
        "price",
    ]
)
"""Fields no rule looks at."""


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_gives_the_readings_written_beside_it(name: str) -> None:
    """Every figure of the file is what the rules and the risk room make of its answers."""
    check_payload(KIND, PAYLOADS[name])


def slim(payloads: dict[str, Any]) -> dict[str, Any]:
    """The answers without what repeats in them, and without fields nothing reads: breaking each takes its time."""
    fewer = copy.deepcopy(payloads)
    orders, positions = fewer["get_open_orders"]["result"], fewer["get_positions"]["result"]
    del orders[2:]
    positions[:] = [row for row in positions if row["size"] and row["instrument_name"] != "BTC-25DEC26"]
    for row in (*orders, *positions, *fewer["get_instruments"]["result"]):
        for name in UNREAD.intersection(row):
            del row[name]
    rows = fewer["get_account_summaries"]["result"]["summaries"]
    rows[:] = [row for row in rows if row["equity"]] or rows[:1]
    return dict(KIND.trim(fewer))


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_broken_value_is_read_as_safe(name: str) -> None:
    """Whatever value is gone or wrong: an error that names it, or no smaller ratio than before; never a traceback."""
    assert list(fuzz(KIND, slim(PAYLOADS[name]["payloads"]))) == []


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_kept_reads_the_same(name: str) -> None:
    """The trimmed answers give the same account, and say nothing of whose it is."""
    payloads = copy.deepcopy(PAYLOADS[name]["payloads"])
    whose: dict[str, Any] = {"email": "someone@example.com", "username": "someone", "id": 7}
    payloads["get_account_summaries"]["result"] |= whose
    payloads["get_account_summaries"]["result"]["summaries"][0]["deposit_address"] = (
        "13tUtNsJSZa1F5GeCmwBywVrymHpZispzw"
    )
    kept = KIND.trim(payloads)
    assert KIND.read(kept, AT) == KIND.read(payloads, AT)
    assert not any(str(value) in str(kept["get_account_summaries"]) for value in ("someone", "13tUtN"))
    assert len(KIND.trim(PAYLOADS["segregated"]["payloads"])["get_instruments"]["result"]) == 4
