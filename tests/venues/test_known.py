"""The plain table of venues, against what each venue's folder says."""

from __future__ import annotations

import pytest

from watchdog.venues.budget import pace_of_reads
from watchdog.venues.hyperliquid.wire import weight
from watchdog.venues.known import VENUES, kind_of


@pytest.mark.parametrize("venue", VENUES)
def test_each_venue_says_whether_a_loss_can_become_a_debt(venue: str) -> None:
    """At length for `explain` and in few words for a message, as one: only where the venue says no is it no."""
    kind, entry = kind_of(venue), VENUES[venue]
    assert (kind.owes, kind.may_owe) == (entry.owes, entry.may_owe)
    assert entry.owes
    assert 0 < len(entry.owe) <= 48
    assert len(entry.owe_shared) <= 48
    assert entry.may_owe is (venue not in {"krakenfutures", "deribit", "hyperliquid"})
    assert entry.may_owe or not entry.owe.startswith("may owe")


@pytest.mark.parametrize("venue", VENUES)
def test_the_request_budget_is_that_of_the_venues_folder(venue: str) -> None:
    """What `check` reckons with before any venue is loaded; one account alone can be read every ten seconds."""
    entry = VENUES[venue]
    assert entry.limit == kind_of(venue).limit
    assert 0 < entry.weight_of_a_read / 10 < pace_of_reads(entry.limit, orders=entry.orders)


def test_a_read_of_hyperliquid_weighs_what_the_table_says() -> None:
    """Spot, the main dex and eight others, orders of the main one and of one where something is held."""
    reads = ["spotClearinghouseState", *["clearinghouseState"] * 9, *["frontendOpenOrders"] * 2]
    assert sum(weight("info", {"type": one}) for one in reads) == VENUES["hyperliquid"].weight_of_a_read
