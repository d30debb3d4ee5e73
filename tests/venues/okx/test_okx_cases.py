"""The figures OKX publishes, and those other projects hold for it, one test a case; and what ccxt makes of some."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.risk.build import known
from tests.venues.okx.build import (
    HERE,
    Answers,
    answers,
    balance,
    book,
    config,
    detail,
    fee,
    instrument,
    position,
    said,
    tier,
)
from watchdog.risk import PositionRisk

D = Decimal
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads((HERE / "cases.json").read_text(encoding="utf-8"))["cases"]
}
VERIFIED = [name for name, case in CASES.items() if case["status"] == "verified"]
RECORDED = [name for name, case in CASES.items() if case["status"] == "ccxt_behaviour"]
FINEST = "0.000000000001"
"""The tick of a case that knows none: too small to be seen."""


def agrees(case: dict[str, Any], value: Decimal) -> bool:
    """Whether a figure is the published one, within the case's own tolerance."""
    expected, tolerance = D(case["expected"]), case["tolerance"]
    return abs(value - expected) <= (D(tolerance["abs"]) if "abs" in tolerance else D(tolerance["rel"]) * expected)


def answers_of(case: dict[str, Any]) -> Answers:
    """A read in which the position of a case is the only one, in OKX's units; what the case leaves out fits in."""
    given = case["inputs"]
    inverse, sign = given.get("contract") == "inverse", 1 if given["side"] == "long" else -1
    isolated = given.get("margin_mode", "isolated") == "isolated"
    contracts, face = D(given.get("contracts") or given["qty"]), D(given.get("contract_size", 1))
    mark = D(given.get("mark") or given["entry"])
    entry = D(given.get("entry") or mark)
    size, rate = contracts * face, D(given.get("mmr_rate") or given["mmr"])
    notional = size / mark if inverse else size * mark
    upl = sign * (size / entry - size / mark if inverse else size * (mark - entry))
    inst_id, family = ("X-USD-SWAP", "X-USD") if inverse else ("X-USDT-SWAP", "X-USDT")
    mode = "isolated" if isolated else "cross"
    ratio = given.get("mgnRatio") or case["expected"]
    row = position(
        inst_id,
        mode,
        avgPx=str(entry),
        markPx=str(mark),
        pos=str(sign * contracts),
        margin=given.get("margin", ""),
        mgnRatio=ratio if not isolated or case["kind"] == "margin_ratio" else "",
        mmr=given["mmr"] if "mmr_rate" in given and "mmr" in given else str(notional * rate),
        notionalUsd=str(size if inverse else notional),
        upl=given.get("upl", str(upl)),
    )
    money = "X" if inverse else "USDT"
    one = detail(money, cashBal="1000000", isoUpl=given.get("upl", str(upl)) if isolated else "0")
    if not isolated:
        one |= {"mmr": row["mmr"], "mgnRatio": ratio}
    taker = str(-D(given.get("fee") or given["taker"]))
    return answers(
        row,
        account=balance(one),
        listed=[instrument(inst_id, ctVal=str(face), tickSz=given.get("tick", FINEST))],
        tables={f"SWAP {mode} {family}": said(tier(1, "0", "100000", str(rate), family))},
        fees=fee("SWAP", taker, taker),
    )


def risk_of(case: dict[str, Any]) -> PositionRisk:
    """The readings of the one position of a case."""
    (risk,) = book(answers_of(case)).positions.values()
    return risk


def account_ratio(case: dict[str, Any]) -> Decimal:
    """OKX's account ratio from ours: a position of the case's notional in an account of its equity, in USD."""
    given = case["inputs"]
    notional = D(given["notionalUsd"])
    row = position(
        avgPx=str(notional), markPx=str(notional), pos="100", mmr=given["mmr"], mgnRatio="", usdPx="1", notionalUsd=""
    )
    account = balance(detail(), adjEq=given["adjEq"], mmr=given["mmr"], mgnRatio="")
    (pool,) = book(answers(row, account=account, settings=config("3"))).pools.values()
    return 1 / known(pool.ratio_ours)


FIGURES: dict[str, Callable[[dict[str, Any]], Decimal]] = {
    "liquidation_price": lambda case: known(risk_of(case).liquidation_ours),
    "unrealized_pnl": lambda case: known(risk_of(case).unrealised),
    "margin_ratio": lambda case: 1 / known(risk_of(case).margin_ratio),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_the_figure_is_the_published_one(name: str) -> None:
    """Each published figure comes out of the rules and the risk room."""
    case = CASES[name]
    if "margin_mode" not in case["inputs"] and "qty" not in case["inputs"] and case["kind"] == "margin_ratio":
        assert agrees(case, account_ratio(case))
    else:
        if case["kind"] == "unrealized_pnl":
            case = {**case, "inputs": {**CASES["okx-iso-inverse-eth-short-liq"]["inputs"], **case["inputs"]}}
        assert agrees(case, FIGURES[case["kind"]](case))


def test_our_ratio_is_the_published_one_without_the_venues() -> None:
    """Not taken over: with no ratio in the row ours is the same."""
    case = CASES["okx-iso-linear-bigtime-long-mgnRatio"]
    payloads = answers_of(case)
    payloads["positions"]["data"][0]["mgnRatio"] = ""
    (risk,) = book(payloads).positions.values()
    assert agrees(case, 1 / known(risk.margin_ratio))


@pytest.mark.parametrize(("name", "unified"), [("ccxt-okx-cross", 0.0079), ("ccxt-okx-cross-false-alarm", 4.4),
                                               ("ccxt-okx-isolated", 0.1608)])  # fmt: skip
def test_ccxt_still_makes_its_own_ratio(name: str, unified: float) -> None:
    """Why its unified figure is not used: a change of it in an upgrade is to be looked at."""
    case = CASES[name]
    raw = case["inputs"]["raw"]
    exchange = ccxt.okx()
    row = instrument(raw["instId"], ctVal="0.01" if raw["instId"].startswith("BTC") else "10")
    exchange.set_markets([exchange.parse_market(row)])
    parsed = exchange.parse_position(raw)
    assert parsed["marginRatio"] == unified
    assert abs(1 / D(raw["mgnRatio"]) - D(case["expected"]["true_risk"])) < D("1e-15")
    assert parsed["contracts"] == float(raw["pos"])


def test_every_case_is_run() -> None:
    """None of the file is left out."""
    assert set(VERIFIED) | set(RECORDED) == set(CASES)
    assert len(VERIFIED) == 11
