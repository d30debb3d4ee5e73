"""Liquidation: who is due, and what is left when a position, or a whole cross pool, is closed for its owner.

Source: Binance, "Liquidation Protocols" and "Insurance Fund": open orders are cancelled first; the position is closed
at the market for a fee to the insurance fund; a loss beyond the margin is the fund's on a classic account, not the
trader's. Here the whole position, or the whole pool, goes at once (the venue may close a large one in steps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from watchdog.paper import margin
from watchdog.paper.account import LIQUIDATION_FEE, Account, Fee, Position
from watchdog.paper.events import Liquidated
from watchdog.paper.values import ZERO, MarginMode


def due(account: Account) -> list[Position]:
    """The next positions to close together: one isolated position, or every cross position of one asset."""
    held = account.open_positions()
    for position in held:
        if account.ratio(position) >= 1:
            if position.mode is MarginMode.ISOLATED:
                return [position]
            asset = account.asset_of(position.symbol)
            return [p for p in held if p.mode is MarginMode.CROSS and account.asset_of(p.symbol) == asset]
    return []


def close(
    account: Account, positions: Sequence[Position], prices: Mapping[str, Decimal], at_ms: int
) -> list[Liquidated]:
    """Close them at these exit prices and say what it cost. A shortfall is spread over the losers by their loss."""
    before = {p.symbol: _before(account, p) for p in positions}
    owed = ZERO
    for position in positions:
        price = prices[position.symbol]
        fee = abs(position.amount) * price * account.markets[position.symbol].liquidation_fee
        applied = account.apply(position.symbol, -position.amount, price, Fee(fee, LIQUIDATION_FEE), at_ms)
        owed += applied.covered
        before[position.symbol] |= {
            "exit_price": price,
            "fee": fee,
            "gross_loss": fee - applied.realised,
        }
    losses = sum((max(row["gross_loss"], ZERO) for row in before.values()), ZERO)
    records = []
    for position in positions:
        row = before[position.symbol]
        part = owed * max(row["gross_loss"], ZERO) / losses if owed else ZERO
        records.append(
            Liquidated(
                symbol=position.symbol,
                mode=position.mode,
                amount=position.amount,
                entry=position.entry,
                mark=row["mark"],
                ratio=row["ratio"],
                exit_price=row["exit_price"],
                bankruptcy_price=row["bankruptcy_price"],
                fee=row["fee"],
                gross_loss=row["gross_loss"],
                loss=row["gross_loss"] - part,
                owed=part,
                at_ms=at_ms,
            )
        )
    return records


def _before(account: Account, position: Position) -> dict[str, Decimal]:
    wallet, _ = account.backing(position)
    if position.mode is MarginMode.CROSS:
        asset = account.asset_of(position.symbol)
        wallet += account.pool(asset).cross_unrealised - account.unrealised(position)
    return {
        "mark": account.mark(position.symbol),
        "ratio": account.ratio(position),
        "bankruptcy_price": margin.bankruptcy_price(position.amount, position.entry, wallet),
    }
