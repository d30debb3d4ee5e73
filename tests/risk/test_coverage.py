"""Stop coverage: what each resting order is worth, and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.risk.build import ETH, SELL_STOP, known, position, stop
from watchdog.domain.position import OrderSide, PositionSide, Side, Stop, StopKind, TriggerKind
from watchdog.domain.reading import Known, Never, Reading, Unknown
from watchdog.risk import judge_stops

D = Decimal
LONG = position(size="1", mark="10000")
MARK = Known(D(10_000), "price", "stream", 5.0)
NEAR = Known(D(9000), "price", "ours", 5.0)


def share(resting: Stop, near: Reading = NEAR) -> tuple[Decimal, str]:
    """What one stop is worth to the long, and the words."""
    coverage = judge_stops(LONG, MARK, near, [resting])
    (judgement,) = coverage.judgements
    assert known(coverage.share) == judgement.share
    return judgement.share, judgement.words


@pytest.mark.parametrize(
    ("resting", "worth", "words"),
    [
        (stop(), "1", "closes the whole position"),
        (stop(size=D("0.4")), "0.4", "closes 0.4 of 1"),
        (stop(size=D(7)), "1", "closes the whole position"),
        (stop(size=None, close_position=True, reduce_only=False), "1", "closes the whole position"),
        (stop(size=None), "0", "its size is not known"),
        (stop(size=D(0)), "0", "its size is not known"),
        (stop(reduce_only=False), "0", "not reduce-only"),
        (stop(order_side=OrderSide.BUY), "0", "a buy order adds to a long"),
        (stop(position_side=PositionSide.SHORT), "0", "belongs to the short leg"),
        (stop(kind=StopKind.STOP_LIMIT), "0", "stop limit"),
        (stop(kind=StopKind.TRAILING), "0", "trailing"),
        (stop(kind=StopKind.TAKE_PROFIT, trigger_price=D(11_000)), "0", "take profit"),
        (stop(kind=StopKind.UNKNOWN), "0", "a kind we do not know"),
        (stop(trigger=TriggerKind.LAST), "0", "triggers on last price"),
        (stop(trigger=TriggerKind.INDEX), "0", "triggers on index price"),
        (stop(trigger=TriggerKind.UNKNOWN), "0", "what price triggers it is not known"),
        (stop(trigger_price=D(9000)), "0", "beyond liquidation"),
        (stop(trigger_price=D("8999.9")), "0", "beyond liquidation"),
        (stop(trigger_price=D("9000.1")), "1", "closes the whole position"),
        (stop(trigger_price=D(10_000)), "0", "on the wrong side of mark"),
        (stop(trigger_price=D("9999.9")), "1", "closes the whole position"),
        (stop(trigger_price=D(0)), "0", "its trigger price is not known"),
        (stop(trigger_price=D("NaN")), "0", "its trigger price is not known"),
    ],
)
def test_what_a_resting_order_is_worth(resting: Stop, worth: str, words: str) -> None:
    """Only a reduce-only stop-market on mark, between mark and liquidation, counts; each other says why not."""
    value, said = share(resting)
    assert value == D(worth)
    assert words in said


def test_a_short_is_covered_from_above() -> None:
    """For a short it is a buy stop above mark and below liquidation that counts."""
    short = position(side=Side.SHORT, size="2")
    near = replace(NEAR, value=D(11_000))
    buys = [stop(order_side=OrderSide.BUY, trigger_price=D(price)) for price in ("10500", "11000", "9500")]
    coverage = judge_stops(short, MARK, near, buys)
    assert [judgement.share for judgement in coverage.judgements] == [D("0.5"), 0, 0]
    assert known(coverage.share) == D("0.5")


def test_a_hedge_leg_needs_no_reduce_only() -> None:
    """An order of the position's own hedge leg can only reduce it; one of BOTH does not belong to it."""
    leg = position(position_side=PositionSide.LONG)
    own = stop(position_side=PositionSide.LONG, reduce_only=False)
    coverage = judge_stops(leg, MARK, NEAR, [own, SELL_STOP])
    assert [judgement.share for judgement in coverage.judgements] == [1, 0]


def test_shares_add_up_to_the_whole_at_most() -> None:
    """Two stops of 0.6 cover 100 %, not 120 %; stops of other symbols are not looked at."""
    others = stop(symbol=ETH)
    coverage = judge_stops(LONG, MARK, NEAR, [stop(size=D("0.6")), others, stop(size=D("0.6"))])
    assert known(coverage.share) == 1
    assert len(coverage.judgements) == 2


def test_no_stop_covers_nothing() -> None:
    """No resting order is a known 0."""
    assert judge_stops(LONG, MARK, NEAR, []).share == Known(D(0), "share", "resting stops", 5.0)


def test_a_position_no_price_liquidates_needs_no_cover() -> None:
    """Never stays Never, with or without stops: not applicable."""
    never = Never("ours", 5.0)
    for stops in ([], [SELL_STOP]):
        coverage = judge_stops(LONG, MARK, never, stops)
        assert isinstance(coverage.share, Never)
        assert "not applicable" in coverage.share.source


@pytest.mark.parametrize(
    ("mark", "near", "reason"),
    [
        (MARK, Unknown("no tiers"), "no tiers"),
        (Unknown("no mark"), NEAR, "no mark"),
        (Unknown("no mark"), Never("ours", 5.0), "no mark"),
    ],
)
def test_unknown_is_not_covered(mark: Reading, near: Reading, reason: str) -> None:
    """With mark or liquidation unknown the coverage is Unknown, and no stop is counted."""
    coverage = judge_stops(LONG, mark, near, [SELL_STOP])
    assert coverage.share == Unknown(reason)
    assert coverage.judgements[0].share == 0
    assert "not judged" in coverage.judgements[0].words
