"""Small makers of Kraken's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.venues.risk_only import load

HERE = Path(__file__).parent
PAYLOADS = {path.stem: load(path) for path in sorted((HERE / "payloads").glob("*.json"))}
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}
TIME = "2026-09-25T17:43:59.000Z"


def contract(symbol: str, levels: Sequence[tuple[str, str, str]], **other: Any) -> dict[str, Any]:
    """A row of `instruments`: levels of floor, initial and maintenance margin."""
    inverse = symbol.startswith(("PI_", "FI_"))
    floor = "contracts" if inverse else "numNonContractUnits"
    return {
        "symbol": symbol,
        "type": "futures_inverse" if inverse else "flexible_futures",
        "tickSize": Decimal("0.5"),
        "contractSize": 1,
        "marginLevels": [{floor: at, "initialMargin": im, "maintenanceMargin": mm} for at, im, mm in levels],
        "contractValueTradePrecision": 4,
        **other,
    }


def held(symbol: str, side: str, size: str | Decimal, entry: str | Decimal) -> dict[str, Any]:
    """A row of `openPositions`."""
    return {"side": side, "symbol": symbol, "price": str(entry), "fillTime": TIME, "size": str(size)}


def flex(equity: Decimal, required: Decimal, pnl: Decimal, coins: Mapping[str, Decimal] | None = None) -> Any:
    """The multi-collateral wallet."""
    currencies = {
        coin: {"quantity": "1", "value": str(worth), "collateral": str(worth)} for coin, worth in (coins or {}).items()
    }
    return {
        "type": "multiCollateralMarginAccount",
        "currencies": currencies,
        "balanceValue": "0" if not currencies else "1",
        "marginEquity": str(equity),
        "maintenanceMargin": str(required),
        "pnl": str(pnl),
    }


def single(coin: str, equity: Decimal, required: Decimal, pnl: Decimal) -> Any:
    """A single-collateral wallet."""
    return {
        "type": "marginAccount",
        "currency": coin,
        "auxiliary": {"pv": str(equity), "pnl": str(pnl)},
        "marginRequirements": {"mm": str(required)},
        "triggerEstimates": {"mm": "0"},
    }


def answers(
    contracts: Sequence[Any],
    positions: Sequence[Any],
    marks: Mapping[str, str | Decimal],
    accounts: Mapping[str, Any],
    orders: Sequence[Any] = (),
) -> dict[str, Any]:
    """All answers of a read."""
    found: dict[str, dict[str, Any]] = {
        "instruments": {"instruments": list(contracts)},
        "accounts": {"accounts": dict(accounts)},
        "openpositions": {"openPositions": list(positions)},
        "openorders": {"openOrders": list(orders)},
        "tickers": {"tickers": [{"symbol": name, "markPrice": str(mark)} for name, mark in marks.items()]},
    }
    return {name: {"result": "success", **answer, "serverTime": TIME} for name, answer in found.items()}
