"""Whole answers of a Binance COIN-M account, made of the few figures that matter to a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

D = Decimal
Table = Sequence[tuple[str, str, str]]
"""Rows of floor, rate, cum, in the coin."""
SIZES = {"BTC": 100, "ETH": 10}
DATED = 1798185600000


@dataclass(frozen=True)
class Held:
    """A position as a test names it. `wallet`: its isolated wallet; None: cross."""

    symbol: str
    contracts: str
    entry: str
    mark: str
    leg: str = "BOTH"
    wallet: str | None = None

    @property
    def coin(self) -> str:
        """Its margin asset."""
        return self.symbol[:3]

    @property
    def face(self) -> Decimal:
        """Its face value in USD, below zero for a short."""
        return D(self.contracts) * SIZES[self.coin]

    @property
    def profit(self) -> Decimal:
        """In the coin."""
        return self.face / D(self.entry) - self.face / D(self.mark)


def listed(symbol: str) -> dict[str, Any]:
    """A row of exchangeInfo."""
    dated = not symbol.endswith("_PERP")
    return {
        "symbol": symbol, "contractType": "CURRENT_QUARTER" if dated else "PERPETUAL",
        "deliveryDate": DATED if dated else 4133404800000, "contractSize": SIZES[symbol[:3]],
        "marginAsset": symbol[:3], "baseAsset": symbol[:3], "quoteAsset": "USD",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
            {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "60000", "stepSize": "0"},
        ],
    }  # fmt: skip


def brackets(symbol: str, table: Table) -> dict[str, Any]:
    """A row of leverageBracket; the last bracket ends far off."""
    caps = [*(floor for floor, _, _ in table[1:]), "1000000000"]
    rows = [
        {"qtyFloor": D(floor), "qtyCap": D(cap), "maintMarginRatio": D(rate), "cum": D(cum)}
        for (floor, rate, cum), cap in zip(table, caps, strict=True)
    ]
    return {"symbol": symbol, "brackets": rows}


def required(table: Table, notional: Decimal) -> Decimal:
    """Binance's maintenance margin in the coin: notional · rate − cum of the bracket it lies in."""
    _, rate, cum = [row for row in table if D(row[0]) <= notional][-1]
    return notional * D(rate) - D(cum)


def row_of(held: Held, table: Table) -> dict[str, Any]:
    """A row of positionRisk, and of the account's positions."""
    return {
        "symbol": held.symbol, "positionSide": held.leg, "positionAmt": held.contracts, "entryPrice": held.entry,
        "markPrice": held.mark, "liquidationPrice": "0", "marginType": "cross" if held.wallet is None else "isolated",
        "isolatedWallet": held.wallet or "0",
        "isolatedMargin": "0.00000000" if held.wallet is None else str(D(held.wallet) + held.profit),
        "maintMargin": str(required(table, abs(held.face) / D(held.mark))), "updateTime": 1760126399000,
    }  # fmt: skip


def answers(
    held: Sequence[Held], wallets: Mapping[str, str], tables: Mapping[str, Table], *, hedge: bool = False
) -> dict[str, Any]:
    """The payloads of one read. `wallets`: the cross wallet of each coin."""
    rows = [row_of(one, tables[one.symbol]) for one in held]
    profits = {
        coin: sum((one.profit for one in held if one.coin == coin and one.wallet is None), D(0)) for coin in wallets
    }
    return {
        "exchangeInfo": {"symbols": [listed(symbol) for symbol in tables]},
        "leverageBracket": [brackets(symbol, table) for symbol, table in tables.items()],
        "positionRisk": rows,
        "account": {
            "canTrade": True,
            "assets": [
                {"asset": coin, "crossWalletBalance": wallet, "crossUnPnl": str(profits[coin]), "maintMargin": "0"}
                for coin, wallet in wallets.items()
            ],
            "positions": rows,
        },
        "positionSide": {"dualSidePosition": hedge},
        "openAlgoOrders": [],
    }
