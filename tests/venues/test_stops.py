"""The sparing listing of conditional orders."""

from __future__ import annotations

from typing import Any

import pytest

from watchdog.venues.binanceusdm.stops import MOST_APART, StopList
from watchdog.venues.fields import PayloadError


class Venue:
    """Lists orders by symbol and remembers what it was asked."""

    def __init__(self, *symbols: str) -> None:
        self.orders = [{"symbol": symbol} for symbol in symbols]
        self.asked: list[dict[str, str]] = []

    async def ask(self, parameters: dict[str, str]) -> Any:
        """What rests, of one symbol or of all."""
        self.asked.append(parameters)
        return [order for order in self.orders if parameters.get("symbol", order["symbol"]) == order["symbol"]]


async def test_the_first_listing_is_whole_and_then_one_a_minute() -> None:
    """In between only what is held or had orders is asked for: a fortieth of the weight each."""
    venue = Venue("BTCUSDT", "ETHUSDT")
    stops = StopList(venue.ask)
    wanted = stops.wanted(["BTCUSDT"], 0.0)
    assert wanted is None
    assert await stops.read(wanted) == venue.orders
    stops.took(wanted, ["BTCUSDT", "ETHUSDT"], 0.0)
    assert stops.wanted(["AVAXUSDT"], 59.0) == frozenset({"AVAXUSDT", "BTCUSDT", "ETHUSDT"})
    assert await stops.read(stops.wanted([], 59.0)) == venue.orders
    assert venue.asked == [{}, {"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}]
    assert stops.wanted([], 60.0) is None


async def test_a_read_that_failed_does_not_count_as_whole() -> None:
    """Only a read that was taken moves the time of the next whole listing."""
    stops = StopList(Venue().ask)
    await stops.read(stops.wanted([], 0.0))
    assert stops.wanted([], 1.0) is None


def test_many_symbols_are_listed_in_one_request() -> None:
    """Twenty-one requests cost more time than one that weighs forty."""
    stops = StopList(Venue().ask)
    stops.took(None, (f"S{number}USDT" for number in range(MOST_APART + 1)), 0.0)
    assert stops.wanted([], 1.0) is None


@pytest.mark.parametrize("answer", [None, {}, "", [1], [{}]])
async def test_an_answer_that_is_no_list_of_orders_is_not_taken_for_none(answer: Any) -> None:
    """Unknown is not "nothing rests"."""

    async def ask(parameters: dict[str, str]) -> Any:
        assert parameters == {"symbol": "BTCUSDT"}
        return answer

    with pytest.raises(PayloadError):
        await StopList(ask).read(frozenset({"BTCUSDT"}))
