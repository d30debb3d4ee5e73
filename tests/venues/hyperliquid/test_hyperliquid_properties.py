"""Our prices against Hyperliquid's own rule written out plainly, and every recorded answer broken in every place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.hyperliquid.build import Leg, Steps, order, payloads, required, state
from tests.venues.risk_only import AT, fuzz, load, number
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import Book
from watchdog.risk.exact import CONTEXT
from watchdog.venues.hyperliquid.kind import KIND
from watchdog.venues.kind import Payloads

D = Decimal
FILES = sorted((Path(__file__).parent / "payloads").glob("*.json"))
POINTS = 40
EXAMPLES = settings(max_examples=30)
SIDES = st.sampled_from([1, -1])


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Numbers with so many decimals."""
    unit = D(1).scaleb(-places)
    return st.integers(int(low / unit), int(high / unit)).map(lambda whole: whole * unit)


@st.composite
def tables(draw: st.DrawFn) -> Steps:
    """One to three tiers, the greatest leverage falling."""
    leverages = sorted(draw(st.lists(st.integers(2, 50), min_size=1, max_size=3, unique=True)), reverse=True)
    floors = sorted(draw(st.lists(st.integers(100, 50_000), min_size=len(leverages) - 1,
                                  max_size=len(leverages) - 1, unique=True)))  # fmt: skip
    return tuple(zip([D(0), *map(D, floors)], leverages, strict=True))


@st.composite
def positions(draw: st.DrawFn, coin: str = "BTC") -> tuple[Leg, Steps]:
    """A position that is not yet liquidated where its equity is more than `maintenance`, and its table."""
    table = draw(tables())
    mark = draw(decimals(10, 500, 2))
    leg = Leg(coin, draw(decimals(1, 90, 2)) * draw(SIDES), mark + draw(decimals(-5, 5, 2)), mark)
    return Leg(leg.coin, leg.size, leg.entry, leg.mark, maintenance=required(table, abs(leg.signed))), table


def excess(legs: list[tuple[Leg, Steps]], equity: Decimal, prices: dict[str, Decimal]) -> Decimal:
    """What is required less what is there, at other prices: the docs' rule, position by position."""
    over = -equity
    for leg, table in legs:
        price = prices.get(leg.coin, leg.mark)
        over += required(table, abs(leg.size) * price) - leg.size * (price - leg.mark)
    return over


def first_crossing(legs: list[tuple[Leg, Steps]], equity: Decimal, one: Leg, found: Any) -> None:
    """The price found is the first at which the requirement is not below the equity."""
    with localcontext(CONTEXT):
        if isinstance(found, Known):
            end = found.value
            slack = (abs(one.size) * end + equity) * D("1e-7")
            assert abs(excess(legs, equity, {one.coin: end})) < slack
        else:
            assert isinstance(found, Never), found
            end = one.mark / 1000
        for step in range(POINTS):
            price = one.mark * (end / one.mark) ** (D(step) / POINTS)
            assert excess(legs, equity, {one.coin: price}) < D("0.001")


def moved_away(leg: Leg, near: Reading, far: Reading) -> bool:
    """Whether the second price is further from the position than the first."""
    if isinstance(near, Known) and isinstance(far, Known):
        return (near.value - far.value) * leg.size > 0
    return isinstance(far, Never)


@EXAMPLES
@given(held=positions(), more=decimals(1, 300, 1), extra=decimals(1, 50, 1))
def test_isolated_prices_are_the_first_where_the_venues_rule_is_met(
    held: tuple[Leg, Steps], more: Decimal, extra: Decimal
) -> None:
    """With all tiers; and more margin moves it away."""
    leg, table = held
    prices = []
    for margin in (leg.maintenance + more, leg.maintenance + more + extra):
        isolated = Leg(leg.coin, leg.size, leg.entry, leg.mark, margin)
        read = KIND.read(payloads({"": state([isolated])}, {"BTC": table}), AT)
        [risk] = Book.of(read, AT, {}).positions.values()
        assert abs(number(risk.margin_ratio) - leg.maintenance / margin) < D("1e-6")
        first_crossing([(leg, table)], margin, leg, risk.liquidation_ours)
        prices.append(risk.liquidation_ours)
    assert moved_away(leg, *prices)


@EXAMPLES
@given(
    first=positions(), second=positions("xyz:TSLA"), more=decimals(1, 300, 1),
    extra=decimals(1, 50, 1), unified=st.booleans(),
)  # fmt: skip
def test_cross_prices_are_the_first_where_the_venues_rule_is_met(
    first: tuple[Leg, Steps], second: tuple[Leg, Steps], more: Decimal, extra: Decimal, *, unified: bool
) -> None:
    """On two dexes: apart in standard mode, one pool in a unified account; and more money moves them away."""
    both = [first, second]
    groups = [both] if unified else [[first], [second]]
    found: list[dict[str, Any]] = []
    for money in (more, more + extra):
        equities = [sum(leg.maintenance for leg, _ in group) + money for group in groups]
        states = {
            leg.coin.rpartition(":")[0]: state([leg], equities[min(index, len(equities) - 1)])
            for index, (leg, _) in enumerate(both)
        }
        given_ = payloads(
            states, {leg.coin: table for leg, table in both}, mode="unifiedAccount" if unified else "default",
            spot={0: str(equities[0])},
        )  # fmt: skip
        book = Book.of(KIND.read(given_, AT), AT, {})
        risks = {key.symbol.partition("/")[0].replace("XYZ-", "xyz:"): risk for key, risk in book.positions.items()}
        for group, equity in zip(groups, equities, strict=True):
            for leg, _ in group:
                first_crossing(group, equity, leg, risks[leg.coin].liquidation_ours)
            common(group, equity, book.pools[risks[group[0][0].coin].pool or ""])
        found.append({coin: risk.liquidation_ours for coin, risk in risks.items()})
    assert all(moved_away(leg, *(prices[leg.coin] for prices in found)) for leg, _ in both)


def common(group: list[tuple[Leg, Steps]], equity: Decimal, pool: Any) -> None:
    """At the pool's shock the requirement meets the equity, and at no smaller move."""
    for reading, sign in ((pool.shock_down, -1), (pool.shock_up, 1)):
        if not isinstance(reading, Known):
            assert isinstance(reading, Never), reading
            continue
        with localcontext(CONTEXT):
            for step in range(POINTS + 1):
                factor = 1 + sign * reading.value * D(step) / POINTS
                over = excess(group, equity, {leg.coin: leg.mark * factor for leg, _ in group})
                slack = (equity + sum(abs(leg.signed) for leg, _ in group) * factor) * D("1e-7")
                assert over < slack
            assert abs(over) < slack


def made_up() -> dict[str, Any]:
    """Three dexes, both margin modes, both sides, stops."""
    legs = [
        Leg("BTC", D(2), D(100), D(110), maintenance=D("2.75"), liquidation=D(60)),
        Leg("ETH", D(-3), D(50), D(49), maintenance=D("3.675")),
        Leg("SOL", D(10), D(20), D(21), D(45), liquidation=D("16.8")),
    ]
    states = {
        "": state(legs, D(120)),
        "xyz": state([Leg("xyz:TSLA", D(-1), D(200), D(200), maintenance=D(5))], D(20)),
        "km": state(),
    }
    tables = {
        "BTC": ((D(0), 40), (D(1000), 20)), "ETH": ((D(0), 20),), "SOL": ((D(0), 20),), "xyz:TSLA": ((D(0), 20),),
        "km:US500": ((D(0), 20),),
    }  # fmt: skip
    return payloads(
        states, tables, tokens={"km": 360}, spot={0: "5"},
        orders={"": [order("BTC"), order("SOL", triggerPx="18.0", limitPx="16.0", sz="0.0", isPositionTpsl=True)]},
    )  # fmt: skip


def unified() -> dict[str, Any]:
    """A cross and an isolated position of a unified account."""
    legs = [Leg("BTC", D(2), D(100), D(110), maintenance=D("2.75")), Leg("SOL", D(10), D(20), D(21), D(45))]
    return payloads(
        {"": state(legs, D(20))}, {"BTC": ((D(0), 40),), "SOL": ((D(0), 20),)}, mode="unifiedAccount",
        spot={0: "190"}, tokenToAvailableAfterMaintenance=[[0, "142.25"]],
    )  # fmt: skip


RECORDED = [load(file)["payloads"] for file in FILES]


def read_twice(answers: Payloads, at: float) -> AccountRead:
    """The account of some answers, which their trimmed form must make too."""
    found = KIND.read(answers, at)
    assert KIND.read(KIND.trim(answers), at) == found
    return found


@pytest.mark.parametrize(
    "answers", [*RECORDED, made_up(), unified()], ids=[*(file.stem for file in FILES), "made up", "unified"]
)
def test_a_broken_value_is_an_error_that_names_it_or_makes_no_risk_smaller(answers: dict[str, Any]) -> None:
    """Nothing but a PayloadError comes out, no position goes missing, no ratio falls when its field is gone."""
    assert list(fuzz(replace(KIND, read=read_twice), answers)) == []


@pytest.mark.parametrize("name", sorted(made_up()))
@pytest.mark.parametrize("junk", [None, "", "0", 0, [], {}, [None], ["x"], [[]], [{}], True, "<html>"], ids=repr)
def test_an_answer_of_another_shape_is_never_an_account(name: str, junk: Any) -> None:
    """Whichever of the answers it is."""
    found = list(fuzz_whole({**made_up(), name: junk}))
    assert found == ["PayloadError"]


def fuzz_whole(answers: dict[str, Any]) -> list[str]:
    """What reading comes to: the error's name, or `read`."""
    try:
        KIND.read(answers, AT)
    except Exception as error:  # noqa: BLE001  (any other is the finding)
        return [type(error).__name__]
    return ["read"]
