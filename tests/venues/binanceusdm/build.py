"""Whole answers of a Binance USD-M account, made of the few figures that matter to a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from watchdog.domain.market import Tier

D = Decimal
Table = Sequence[tuple[str, str, str]]
"""Rows of floor, rate, cum."""


@dataclass(frozen=True)
class Held:
    """A position as a test names it. `wallet`: its isolated wallet; None: cross."""

    symbol: str
    amount: str
    entry: str
    mark: str
    leg: str = "BOTH"
    wallet: str | None = None

    @property
    def asset(self) -> str:
        """Its margin asset."""
        return self.symbol[-4:]


def listed(symbol: str) -> dict[str, Any]:
    """A row of exchangeInfo."""
    base, quote = symbol[:-4], symbol[-4:]
    return {
        "symbol": symbol, "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
        "baseAsset": base, "quoteAsset": quote, "marginAsset": quote,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
    }  # fmt: skip


def brackets(symbol: str, table: Table) -> dict[str, Any]:
    """A row of leverageBracket; the last bracket ends far off."""
    caps = [*(floor for floor, _, _ in table[1:]), "1000000000000"]
    rows = [
        {"notionalFloor": D(floor), "notionalCap": D(cap), "maintMarginRatio": D(rate), "cum": D(cum)}
        for (floor, rate, cum), cap in zip(table, caps, strict=True)
    ]
    return {"symbol": symbol, "brackets": rows}


def as_table(tiers: Iterable[Tier]) -> Table:
    """A table of tiers as rows of floor, rate, cum."""
    return [(str(tier.floor), str(tier.rate), str(tier.cum)) for tier in tiers]


def required(table: Table, notional: Decimal) -> Decimal:
    """Binance's maintenance margin: notional · rate − cum of the bracket it lies in."""
    _, rate, cum = [row for row in table if D(row[0]) <= notional][-1]
    return notional * D(rate) - D(cum)


def position_row(held: Held, table: Table) -> dict[str, Any]:
    """A row of v3 positionRisk."""
    amount, mark = D(held.amount), D(held.mark)
    profit = amount * (mark - D(held.entry))
    return {
        "symbol": held.symbol, "positionSide": held.leg, "positionAmt": held.amount, "entryPrice": held.entry,
        "markPrice": held.mark, "unRealizedProfit": str(profit), "liquidationPrice": "0",
        "isolatedMargin": "0" if held.wallet is None else str(D(held.wallet) + profit),
        "isolatedWallet": held.wallet or "0", "marginAsset": held.asset,
        "maintMargin": str(required(table, abs(amount) * mark)), "updateTime": 1760126399000,
    }  # fmt: skip


def answers(
    held: Sequence[Held], wallets: dict[str, str], tables: dict[str, Table], *, hedge: bool = False, multi: bool = False
) -> dict[str, Any]:
    """The payloads of one read. `wallets`: the cross wallet of each asset."""
    rows = [position_row(one, tables[one.symbol]) for one in held]
    crossed = [one for one in held if one.wallet is None]
    profits = {
        asset: sum((D(one.amount) * (D(one.mark) - D(one.entry)) for one in crossed if one.asset == asset), D(0))
        for asset in wallets
    }
    total = sum((D(row["maintMargin"]) for row in rows), D(0))
    return {
        "exchangeInfo": {"symbols": [listed(symbol) for symbol in tables]},
        "leverageBracket": [brackets(symbol, table) for symbol, table in tables.items()],
        "positionRisk": rows,
        "account": {
            "totalMaintMargin": str(total),
            "totalMarginBalance": str(sum(profits.values(), D(0)) + sum(map(D, wallets.values()), D(0))),
            "assets": [
                {"asset": asset, "crossWalletBalance": wallet, "crossUnPnl": str(profits[asset]), "maintMargin": "0"}
                for asset, wallet in wallets.items()
            ],
            "positions": rows,
        },
        "accountConfig": {"canTrade": True, "dualSidePosition": hedge, "multiAssetsMargin": multi},
        "openAlgoOrders": [],
    }


def index(asset: str, price: str, buffer: str) -> dict[str, Any]:
    """A row of assetIndex."""
    return {
        "symbol": f"{asset}USD",
        "index": price,
        "bidRate": str(D(price) * (1 - D(buffer))),
        "askRate": str(D(price) * (1 + D(buffer))),
    }
