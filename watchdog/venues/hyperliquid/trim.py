"""Hyperliquid, pure: a read's answers without the coins, margin tables and tokens that nothing held needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.hyperliquid.listing import USDC, whole
from watchdog.venues.hyperliquid.orders import NAME as ORDERS
from watchdog.venues.hyperliquid.rules import STATES
from watchdog.venues.kind import Payloads


def trim(payloads: Payloads) -> Payloads:
    """The same read, smaller. Of answers that were read: they are whole."""
    held = {item["position"]["coin"] for state in payloads[STATES].values() for item in state["assetPositions"]}
    coins = held | {order["coin"] for orders in payloads[ORDERS].values() for order in orders}
    metas = payloads["allPerpMetas"]
    tokens = {USDC, *(_number(meta, "collateralToken") for meta in metas)}
    return {
        **payloads,
        "perpDexs": [None, *({"name": dex["name"]} for dex in payloads["perpDexs"][1:])],
        "allPerpMetas": [_meta(meta, coins) for meta in metas],
        "spotMeta": {"tokens": [one for one in payloads["spotMeta"]["tokens"] if _number(one, "index") in tokens]},
    }


def _meta(meta: Mapping[str, Any], coins: set[str]) -> dict[str, Any]:
    """One dex; of its coins one at least, as a main dex without any is none."""
    universe = meta["universe"]
    kept = [row for row in universe if row["name"] in coins] or universe[:1]
    wanted = [_number(row, "marginTableId") for row in kept]
    tables = meta.get("marginTables")
    return {
        "collateralToken": meta["collateralToken"],
        "universe": kept,
        # What is no table is kept: it can say why there are no tiers.
        "marginTables": [one for one in tables if not isinstance(one, list) or not one or one[0] in wanted]
        if isinstance(tables, list)
        else tables,
    }


def _number(row: Mapping[str, Any], field: str) -> int | None:
    """As the listing reads it; None for what it can't read."""
    try:
        return whole(Row("", row), field)
    except PayloadError:
        return None
