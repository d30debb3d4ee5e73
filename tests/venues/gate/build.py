"""Payloads of one Gate account, as its wire collects them."""

from __future__ import annotations

from typing import Any

CONTRACT: dict[str, Any] = {
    "name": "BTC_USDT", "type": "direct", "quanto_multiplier": "0.0001", "order_price_round": "0.1",
    "order_size_min": 1, "order_size_max": 12000000, "market_order_size_max": "300000", "enable_decimal": False,
    "taker_fee_rate": "0.00075", "maker_fee_rate": "-0.0001", "leverage_max": "200", "status": "trading",
}  # fmt: skip
POSITION: dict[str, Any] = {
    "contract": "BTC_USDT", "size": "10000", "leverage": "0", "lever": "20", "pos_margin_mode": "cross",
    "mode": "single", "entry_price": "50000", "mark_price": "50000", "margin": "0", "liq_price": "0",
    "maintenance_margin": "0", "unrealised_pnl": "0", "value": "50000", "update_time": 1705034246,
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "currency": "USDT", "total": "0", "margin_mode": 0, "position_mode": "single", "in_dual_mode": False,
    "enable_tiered_mm": True, "position_margin": "0", "isolated_position_margin": "0",
    "cross_margin_balance": "0", "cross_unrealised_pnl": "0", "cross_maintenance_margin": "0",
}  # fmt: skip
NONE = {"label": "USER_NOT_FOUND", "message": "please transfer funds first to create futures account"}


def tier(contract: str, *rates: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Rows of risk_limit_tiers from (risk_limit, maintenance_rate, deduction)."""
    return [
        {
            "contract": contract, "tier": number, "risk_limit": limit, "maintenance_rate": rate,
            "initial_rate": rate, "leverage_max": "1.5", "deduction": deduction,
        }
        for number, (limit, rate, deduction) in enumerate(rates, start=1)
    ]  # fmt: skip


def payloads(
    *,
    contracts: list[Any],
    tiers: list[Any],
    positions: list[Any],
    account: dict[str, Any],
    orders: list[Any] | None = None,
    unified: dict[str, Any] | None = None,
    settle: str = "usdt",
) -> dict[str, Any]:
    """All in one settle currency of the perpetuals; the other places are empty."""
    found: dict[str, Any] = {
        f"{product}/{endpoint}": {"usdt": [], "btc": []} if product == "futures" else {"usdt": []}
        for product in ("futures", "delivery")
        for endpoint in ("contracts", "risk_limit_tiers", "positions", "price_orders")
    }
    found["futures/accounts"] = {"usdt": NONE, "btc": NONE, settle: account}
    found["delivery/accounts"] = {"usdt": NONE}
    found["futures/contracts"][settle] = contracts
    found["futures/risk_limit_tiers"][settle] = tiers
    found["futures/positions"][settle] = positions
    found["futures/price_orders"][settle] = orders or []
    if unified is not None:
        found["unified/accounts"] = unified
        found["options/positions"] = []
    return found
