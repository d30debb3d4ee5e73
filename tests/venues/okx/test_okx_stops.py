"""OKX's algo orders as stops, and what each is worth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.risk.build import known
from tests.venues.okx.build import algo, answers, book, config, position, read
from watchdog.domain.position import MarginMode, Stop, StopKind, TriggerKind
from watchdog.risk import StopJudgement
from watchdog.venues.fields import PayloadError

D = Decimal
NO_STOP = {"slTriggerPx": "", "slOrdPx": "", "slTriggerPxType": ""}


def stops(*orders: dict[str, Any]) -> tuple[Stop, ...]:
    """As they are read beside a long of one contract."""
    return read(answers(position(), orders=list(orders))).stops


def judged(*orders: dict[str, Any], held: dict[str, Any] | None = None, mode: str = "net_mode") -> list[StopJudgement]:
    """What they are worth to a position."""
    payloads = answers(held or position(), orders=list(orders), settings=config(mode=mode))
    payloads["balance"]["data"][0]["details"][0]["cashBal"] = "60"
    (risk,) = book(payloads).positions.values()
    assert known(risk.liquidation_near) < D(48_000)
    return list(risk.stops)


def test_a_stop_loss_at_market_by_mark_covers() -> None:
    """Every field of it is read."""
    [one] = stops(algo(algoClOrdId="0a1b2c3d00112233445566770000000f", sz="2"))
    assert (one.symbol, one.kind, one.trigger, one.trigger_price) == (
        "BTC/USDT:USDT", StopKind.STOP_MARKET, TriggerKind.MARK, D(49_000),
    )  # fmt: skip
    assert (one.size, one.close_position, one.reduce_only, one.margin_mode) == (
        D("0.02"), False, True, MarginMode.CROSS,
    )  # fmt: skip
    assert (one.client_id, one.venue_id) == ("0a1b2c3d00112233445566770000000f", "1753184812254216192")
    assert [each.share for each in judged(algo())] == [1]


@pytest.mark.parametrize(
    ("order", "kind", "words"),
    [
        (algo(slOrdPx="48900"), StopKind.STOP_LIMIT, "stop limit"),
        (algo(slOrdPx=""), StopKind.UNKNOWN, "a kind we do not know"),
        (algo(slTriggerPxType="last"), StopKind.STOP_MARKET, "triggers on last"),
        (algo(slTriggerPxType=""), StopKind.STOP_MARKET, "what price triggers it"),
        (algo(reduceOnly="false"), StopKind.STOP_MARKET, "not reduce-only"),
        (algo(reduceOnly=""), StopKind.STOP_MARKET, "not reduce-only"),
        (algo(tdMode="isolated"), StopKind.STOP_MARKET, "works on the isolated position"),
        (algo(posSide="long"), StopKind.STOP_MARKET, "belongs to the long leg"),
        (algo(side="buy"), StopKind.STOP_MARKET, "adds to a long"),
        (algo(state="pause"), StopKind.UNKNOWN, "a kind we do not know"),
        (algo("move_order_stop", **NO_STOP, moveTriggerPx="49500"), StopKind.TRAILING, "trailing"),
        (algo("move_order_stop", **NO_STOP), StopKind.TRAILING, "trailing"),
        (
            algo("trigger", **NO_STOP, triggerPx="49000", ordPx="48900", triggerPxType="mark"),
            StopKind.STOP_LIMIT,
            "stop limit",
        ),
        (
            algo("trigger", **NO_STOP, triggerPx="52000", ordPx="-1", triggerPxType="mark"),
            StopKind.TAKE_PROFIT,
            "take profit",
        ),
        (algo(**NO_STOP, tpTriggerPx="52000", tpOrdPx="-1", tpTriggerPxType="mark"), StopKind.TAKE_PROFIT, "take"),
    ],
)
def test_what_does_not_cover_is_named(order: dict[str, Any], kind: StopKind, words: str) -> None:
    """It is read as what it is, counts for nothing, and says why."""
    assert [one.kind for one in stops(order)] == [kind]
    [one] = judged(order)
    assert one.share == 0
    assert words in one.words


def test_a_trigger_order_at_market_covers() -> None:
    """Reduce-only, by mark, below the last price."""
    order = algo("trigger", **NO_STOP, triggerPx="49000", ordPx="-1", triggerPxType="mark")
    assert [one.share for one in judged(order)] == [1]


def test_an_oco_is_a_stop_and_a_take_profit() -> None:
    """Two orders under one id."""
    found = stops(algo("oco", tpTriggerPx="52000", tpOrdPx="-1", tpTriggerPxType="last"))
    assert [(one.kind, one.trigger_price) for one in found] == [
        (StopKind.STOP_MARKET, D(49_000)), (StopKind.TAKE_PROFIT, D(52_000)),
    ]  # fmt: skip
    assert found[0].venue_id == found[1].venue_id


def test_a_fraction_of_one_closes_the_position() -> None:
    """Whatever its size then is."""
    [one] = stops(algo(sz="", closeFraction="1"))
    assert (one.size, one.close_position) == (None, True)


def test_in_long_short_mode_the_leg_decides() -> None:
    """There reduce-only is not said."""
    [one] = judged(algo(posSide="long", reduceOnly="false"), held=position(posSide="long"), mode="long_short_mode")
    assert one.share == 1


@pytest.mark.parametrize("state", ["canceled", "effective", "order_failed"])
def test_what_no_longer_rests_is_no_stop(state: str) -> None:
    """OKX may still list it."""
    assert stops(algo(state=state)) == ()


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (algo(**NO_STOP), "slTriggerPx"),
        (algo("oco", **NO_STOP, tpTriggerPx="52000", tpTriggerPxType="last"), "slTriggerPx"),
        (algo(sz=""), "sz"),
        (algo("chase"), "ordType"),
        (algo(state="sleeping"), "state"),
        (algo(tdMode="cash"), "tdMode"),
        (algo("trigger", **NO_STOP), "triggerPx"),
    ],
)
def test_an_order_that_cannot_be_read_is_no_read(order: dict[str, Any], field: str) -> None:
    """And the field is named."""
    with pytest.raises(PayloadError) as caught:
        stops(order)
    assert caught.value.field == f"orders-algo-pending[0].data[0].{field}"


def test_spot_orders_are_passed_over() -> None:
    """They are of markets that are not watched."""
    assert stops(algo(instType="SPOT", instId="BTC-USDT", tdMode="cash")) == ()
