"""What changes over the months is asked for again when told to: ticks, filters, tiers; never at the cost of a read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.venues import payloads
from tests.venues.desk import Answer, Desk, body, refuses, says
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

LISTING = "/fapi/v1/exchangeInfo"
BTC = "BTC/USDT:USDT"
HELD = frozenset({BTC, "WLD/USDT:USDT"})


def new_listing(tick: str = "0.50") -> dict[str, Any]:
    """The listing with another tick of BTCUSDT."""
    listing = payloads.exchange_info()
    for one in listing["symbols"][0]["filters"]:
        if one["filterType"] == "PRICE_FILTER":
            one["tickSize"] = tick
    return listing


def new_brackets() -> list[dict[str, Any]]:
    """The brackets with another first rate of BTCUSDT."""
    brackets = payloads.leverage_bracket()
    brackets[0]["brackets"] = [{**brackets[0]["brackets"][0], "maintMarginRatio": 0.01}]
    return brackets


async def seen(venue: BinanceUsdmVenue) -> tuple[Decimal, Decimal]:
    """Tick and first rate of BTC as a read has them."""
    market = next(one for one in (await venue.read()).markets if one.symbol == BTC)
    return market.tick, market.tiers[0].rate


OLD = (Decimal("0.10"), Decimal("0.004"))
NEW = (Decimal("0.50"), Decimal("0.01"))


async def test_the_next_read_has_new_ticks_and_tiers(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Asked for once; the reads after it ask for neither."""
    await venue.open()
    venue.watch(HELD)
    assert await seen(venue) == OLD
    desk.fail(LISTING, says(new_listing()))
    desk.fail("/fapi/v1/leverageBracket", says(new_brackets()))
    assert await seen(venue) == OLD
    venue.list_anew()
    assert await seen(venue) == NEW
    assert await seen(venue) == NEW
    assert desk.count("GET", LISTING) == desk.count("GET", "/fapi/v1/leverageBracket") == 2


@pytest.mark.parametrize(
    "answer",
    [
        refuses(503, -1001, "unavailable"),
        body("<html>"),
        says({"symbols": []}),
        says(payloads.exchange_info() | {"symbols": payloads.exchange_info()["symbols"][1:]}),
    ],
    ids=["503", "html", "empty", "without what is held"],
)
async def test_a_listing_that_does_not_come_leaves_the_old_one(
    venue: BinanceUsdmVenue, desk: Desk, answer: Answer
) -> None:
    """The read is whole all the same; a minute later it is asked for again."""
    await venue.open()
    venue.watch(HELD)
    await venue.read()
    desk.fail(LISTING, answer)
    venue.list_anew()
    assert await seen(venue) == OLD
    asked = desk.count("GET", LISTING)
    assert await seen(venue) == OLD
    assert desk.count("GET", LISTING) == asked
    desk.fail(LISTING, says(new_listing()))
    venue._listing_due -= 100
    assert (await seen(venue))[0] == NEW[0]
