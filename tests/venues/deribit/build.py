"""Small makers of Deribit's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.venues.risk_only import load

HERE = Path(__file__).parent
PAYLOADS = {path.stem: load(path) for path in sorted((HERE / "payloads").glob("*.json"))}
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in load(HERE / "cases.json")["cases"]}


def future(name: str, base: str, quote: str, settle: str) -> dict[str, Any]:
    """A row of `get_instruments`."""
    return {
        "instrument_name": name,
        "kind": "future",
        "base_currency": base,
        "counter_currency": quote,
        "settlement_currency": settle,
        "settlement_period": "perpetual",
        "tick_size": Decimal("0.5"),
        "contract_size": 10,
        "min_trade_amount": 10,
        "taker_commission": Decimal("0.0005"),
    }


def held(
    name: str, size: Decimal, entry: Decimal, mark: Decimal, maintenance: Decimal, liquidation: Any = 0
) -> dict[str, Any]:
    """A row of `get_positions`; `size` is signed, in USD for an inverse contract and in coins for a linear one."""
    return {
        "instrument_name": name,
        "kind": "future",
        "direction": "buy" if size > 0 else "sell",
        "size": size,
        "size_currency": size if "_" in name else size / mark,
        "average_price": entry,
        "mark_price": mark,
        "maintenance_margin": maintenance,
        "estimated_liquidation_price": liquidation,
        "total_profit_loss": 0,
    }


def summary(currency: str, balance: Decimal, maintenance: Decimal, model: str = "segregated_sm", **more: Any) -> Any:
    """A row of `get_account_summaries`."""
    return {
        "currency": currency,
        "margin_model": model,
        "cross_collateral_enabled": model.startswith("cross"),
        "margin_balance": balance,
        "maintenance_margin": maintenance,
        "equity": balance,
        "balance": balance,
        **more,
    }


def answers(
    instruments: Sequence[Any], positions: Sequence[Any], summaries: Sequence[Any], orders: Sequence[Any] = ()
) -> dict[str, Any]:
    """All answers of a read."""
    found: Mapping[str, Any] = {
        "get_instruments": list(instruments),
        "get_positions": list(positions),
        "get_account_summaries": {"summaries": list(summaries)},
        "get_open_orders": list(orders),
    }
    return {name: {"jsonrpc": "2.0", "result": value, "usOut": 1771205647230213} for name, value in found.items()}
