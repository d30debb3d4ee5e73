"""What Binance lists: markets and their maintenance tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.venues import payloads
from watchdog.venues.binanceusdm.listing import Listing, read_brackets, read_market, read_tiers
from watchdog.venues.fields import PayloadError


def btc() -> dict[str, Any]:
    """BTCUSDT's row of exchangeInfo."""
    row: dict[str, Any] = payloads.exchange_info()["symbols"][0]
    return row


def test_a_market_carries_the_filters_that_bind_a_stop() -> None:
    """A stop-market order is held to the stricter of LOT_SIZE and MARKET_LOT_SIZE."""
    market = read_market(btc(), "BTC/USDT:USDT")
    assert (market.venue_id, market.base, market.margin_asset) == ("BTCUSDT", "BTC", "USDT")
    assert (market.tick, market.step, market.min_size) == (Decimal("0.10"), Decimal("0.001"), Decimal("0.001"))
    assert (market.max_size, market.min_notional) == (Decimal(120), Decimal(100))
    assert market.taker_fee == Decimal("0.0005")


def test_the_coarser_step_and_the_larger_minimum_count() -> None:
    """Whichever of the two filters sets it."""
    row = btc()
    row["filters"][2] |= {"minQty": "0.010", "stepSize": "0.005", "maxQty": "0"}
    market = read_market(row, "BTC/USDT:USDT")
    assert (market.step, market.min_size, market.max_size) == (Decimal("0.005"), Decimal("0.010"), Decimal(1000))


@pytest.mark.parametrize("name", ["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL"])
def test_a_missing_filter_is_named(name: str) -> None:
    """A market without its tick or step is no market to place an order in."""
    row = btc()
    row["filters"] = [item for item in row["filters"] if item["filterType"] != name]
    with pytest.raises(PayloadError, match=f"BTCUSDT.*{name}"):
        read_market(row, "BTC/USDT:USDT")


@pytest.mark.parametrize(("index", "field"), [(0, "tickSize"), (1, "stepSize"), (1, "maxQty"), (4, "notional")])
@pytest.mark.parametrize("value", [None, "", "NaN", "-1", [], "x"])
def test_a_spoilt_filter_is_named(index: int, field: str, value: Any) -> None:
    """No figure of a filter is guessed."""
    row = btc()
    row["filters"][index][field] = value
    with pytest.raises(PayloadError, match=field):
        read_market(row, "BTC/USDT:USDT")


def test_tiers_are_in_order_and_the_last_has_no_cap() -> None:
    """Whatever order they come in."""
    brackets = payloads.leverage_bracket()[0]["brackets"]
    tiers = read_tiers(brackets[::-1])
    assert [(tier.floor, tier.cap, tier.rate, tier.cum) for tier in tiers] == [
        (Decimal(0), Decimal(300000), Decimal("0.004"), Decimal(0)),
        (Decimal(300000), Decimal(800000), Decimal("0.005"), Decimal(300)),
        (Decimal(800000), None, Decimal("0.0065"), Decimal(1500)),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("notionalFloor", 310000),
        ("notionalCap", 300000),
        ("maintMarginRatio", 0.003),
        ("maintMarginRatio", 1.5),
        ("maintMarginRatio", 0),
        ("cum", 0),
        ("cum", -300),
        ("cum", "NaN"),
        ("cum", None),
    ],
)
def test_tiers_that_cannot_be_are_refused_by_name(field: str, value: Any) -> None:
    """A gap, a falling rate, a `cum` that makes maintenance jump: none of these is Binance's table."""
    brackets = payloads.leverage_bracket()[0]["brackets"]
    brackets[1][field] = value
    with pytest.raises(PayloadError, match=r"notional|maintMarginRatio|cum"):
        read_tiers(brackets)


@pytest.mark.parametrize("junk", [None, {}, [], "", [None]])
def test_no_brackets_are_no_answer(junk: Any) -> None:
    """An empty answer does not forget the tiers of every market."""
    with pytest.raises(PayloadError, match="leverageBracket"):
        read_brackets(junk)


def test_a_market_with_bad_brackets_has_no_tiers_and_says_why() -> None:
    """The others keep theirs: one bad table does not blind the account."""
    brackets = read_brackets(payloads.leverage_bracket())
    brackets["BTCUSDT"] = [{}]
    rows = {row["symbol"]: (row["symbol"], row) for row in payloads.exchange_info()["symbols"]}
    listing = Listing(rows, brackets)
    assert listing["BTCUSDT"].tiers == ()
    assert "BTCUSDT" in listing.problems["BTCUSDT"]
    assert len(listing["WLDUSDT"].tiers) == 2
    assert len(listing) == len(list(listing)) == 2
