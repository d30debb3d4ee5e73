"""Every bracket Binance published, against the rule by which `cum` is made; and ccxt's own keeping of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from tests.venues.risk_only import load
from watchdog.risk import rebuild_cum

D = Decimal
CASE: dict[str, Any] = load(Path(__file__).parent / "brackets.json")


def tiers_of(ladder: dict[str, Any]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Floor, rate and cum of each tier."""
    found = []
    for tier in ladder["tiers"]:
        floor, rate, cum = map(D, tier.split())
        found.append((floor, rate, cum))
    return found


def test_binance_usdm_cum_all() -> None:
    """binance-usdm-cum-all: of 7,276 tiers none has a cum that the recursion does not give, to 0.011."""
    contracts = tiers = 0
    for ladder in CASE["ladders"]:
        found = tiers_of(ladder)
        rebuilt = rebuild_cum([(floor, rate) for floor, rate, _ in found])
        for (floor, _, cum), ours in zip(found, rebuilt, strict=True):
            assert abs(cum - ours) <= D(CASE["tolerance"]["abs"]), (ladder["one"], floor)
        contracts += ladder["contracts"]
        tiers += ladder["contracts"] * len(found)
    assert (contracts, tiers) == (CASE["contracts"], CASE["tiers"])


@pytest.mark.parametrize("reload", [False, None])
def test_ccxt_binance_bracket_cache(reload: bool | None) -> None:
    """ccxt-binance-bracket-cache: one `ccxt.binance` that holds linear brackets never asks for the inverse ones.

    Why USDⓈ-M and COIN-M have a client each, and why brackets are read by our own requests.
    """
    exchange = ccxt.binance()
    exchange.set_markets([])
    linear = {"BTC/USDT:USDT": [["0", "0.004"]]}
    exchange.options["leverageBrackets"] = linear
    asked: list[Any] = []

    def answer(params: Any) -> list[Any]:
        asked.append(params)
        return []

    exchange.dapiPrivateV2GetLeverageBracket = exchange.fapiPrivateGetLeverageBracket = answer
    params = {"subType": "inverse"}
    found = exchange.load_leverage_brackets(**({} if reload is None else {"reload": reload}), params=params)
    assert found is linear
    assert asked == []
    exchange.load_leverage_brackets(reload=True, params=params)
    assert len(asked) == 1
