"""Answers of Hyperliquid made from a few figures, every sum in them right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

D = Decimal
ZERO = D(0)
Steps = Sequence[tuple[Decimal, int]]
"""A margin table: lower bounds and greatest leverages."""
ONE_STEP: Steps = ((D(0), 40),)
TABLE = 90
"""The id of the first listed table; each coin has one of its own."""


@dataclass(frozen=True)
class Leg:
    """A position: signed size, entry and mark, and its equity when it is isolated."""

    coin: str
    size: Decimal
    entry: Decimal
    mark: Decimal
    margin: Decimal | None = None
    liquidation: Decimal | None = None
    maintenance: Decimal = ZERO

    @property
    def signed(self) -> Decimal:
        """What it is worth, negative for a short."""
        return self.size * self.mark

    @property
    def gained(self) -> Decimal:
        """Its unrealised profit."""
        return self.size * (self.mark - self.entry)

    def row(self) -> dict[str, Any]:
        """As the venue lists it."""
        leverage: dict[str, Any] = {"type": "cross", "value": 5}
        margin = abs(self.signed) / 5
        if self.margin is not None:
            leverage, margin = {"type": "isolated", "value": 5, "rawUsd": str(self.margin - self.signed)}, self.margin
        return {
            "type": "oneWay",
            "position": {
                "coin": self.coin,
                "szi": str(self.size),
                "leverage": leverage,
                "entryPx": str(self.entry),
                "positionValue": str(abs(self.signed)),
                "unrealizedPnl": str(self.gained),
                "liquidationPx": None if self.liquidation is None else str(self.liquidation),
                "marginUsed": str(margin),
            },
        }


def state(legs: Iterable[Leg] = (), cross_value: Decimal = ZERO) -> dict[str, Any]:
    """One dex's clearinghouseState."""
    legs = tuple(legs)
    cross = [leg for leg in legs if leg.margin is None]
    isolated = sum((leg.margin for leg in legs if leg.margin is not None), D(0))
    return {
        "assetPositions": [leg.row() for leg in legs],
        "crossMaintenanceMarginUsed": str(sum((leg.maintenance for leg in cross), D(0))),
        "crossMarginSummary": _summary(cross_value, cross),
        "marginSummary": _summary(cross_value + isolated, legs),
        "time": 1_790_000_000_000,
    }


def _summary(value: Decimal, legs: Iterable[Leg]) -> dict[str, str]:
    legs = tuple(legs)
    return {
        "accountValue": str(value),
        "totalNtlPos": str(sum((abs(leg.signed) for leg in legs), D(0))),
        "totalRawUsd": str(value - sum((leg.signed for leg in legs), D(0))),
    }


def payloads(
    states: Mapping[str, dict[str, Any]],
    tables: Mapping[str, Steps],
    *,
    mode: str = "disabled",
    spot: Mapping[int, str] | None = None,
    tokens: Mapping[str, int] | None = None,
    orders: Mapping[str, list[Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A whole read. `tables` holds every coin there is; `tokens` the collateral of dexes that is not token 0."""
    names = {0: "USDC", 360: "USDH"}
    return {
        "perpDexs": [None, *({"name": dex} for dex in states if dex)],
        "allPerpMetas": [
            _meta({coin: steps for coin, steps in tables.items() if coin.rpartition(":")[0] == dex},
                  (tokens or {}).get(dex, 0))
            for dex in states
        ],
        "spotMeta": {"tokens": [{"index": index, "name": name} for index, name in names.items()]},
        "userAbstraction": mode,
        "spotClearinghouseState": {
            "balances": [
                {"coin": names[token], "token": token, "total": total, "hold": "0.0", "entryNtl": "0.0"}
                for token, total in (spot or {}).items()
            ],
            **more,
        },
        "clearinghouseState": dict(states),
        "frontendOpenOrders": {dex: (orders or {}).get(dex, []) for dex in states},
    }  # fmt: skip


def _meta(tables: Mapping[str, Steps], token: int) -> dict[str, Any]:
    numbered = list(enumerate(tables.items(), start=TABLE))
    return {
        "universe": [
            {"name": coin, "szDecimals": 2, "maxLeverage": steps[0][1], "marginTableId": number}
            for number, (coin, steps) in numbered
        ],
        "marginTables": [
            [number, {"description": "", "marginTiers": [
                {"lowerBound": str(floor), "maxLeverage": most} for floor, most in steps]}]
            for number, (_, steps) in numbered
        ],
        "collateralToken": token,
    }  # fmt: skip


def order(of: str, **changes: Any) -> dict[str, Any]:
    """A stop-market sell of 1 that only reduces, with changes."""
    return {
        "coin": of, "side": "A", "limitPx": "81.0", "sz": "1.0", "oid": 7, "isTrigger": True, "triggerPx": "90.0",
        "children": [], "isPositionTpsl": False, "reduceOnly": True, "orderType": "Stop Market", "cloid": None,
        **changes,
    }  # fmt: skip


def required(steps: Steps, notional: Decimal) -> Decimal:
    """Maintenance by the docs' own words: half of the initial margin at the tier's leverage, less the deduction."""
    deduction, rate = D(0), D(0)
    for floor, most in steps:
        if notional < floor:
            break
        deduction += floor * (D("0.5") / most - rate)
        rate = D("0.5") / most
    return notional * rate - deduction
