"""Binance COIN-M as a kind of venue."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.venues.binancecoinm import wire
from watchdog.venues.binancecoinm.rules import read_account
from watchdog.venues.binanceusdm.keys import refused_key
from watchdog.venues.binanceusdm.kind import LIMIT, is_empty, named_rows
from watchdog.venues.binanceusdm.listing import trimmed
from watchdog.venues.client import own_words
from watchdog.venues.kind import Kind, Payloads


def trim(payloads: Payloads) -> Payloads:
    """The same answers without the markets, brackets and empty rows that nothing held needs."""
    named = (*named_rows(payloads, "positionRisk"), *named_rows(payloads, "openAlgoOrders"))
    kept = trimmed(payloads, {row.get("symbol") for row in named if not is_empty(row)})
    if isinstance(kept.get("positionRisk"), list):
        rows = kept["positionRisk"]
        kept["positionRisk"] = [row for row in rows if not (isinstance(row, Mapping) and is_empty(row))]
    return kept


FIELDS = {
    "size": "positionRisk[].positionAmt (contracts) · exchangeInfo.symbols[].contractSize (USD)",
    "entry": "positionRisk[].entryPrice",
    "mark": "positionRisk[].markPrice",
    "isolated_wallet": "positionRisk[].isolatedWallet (coin)",
    "venue_liquidation": "positionRisk[].liquidationPrice; 0 or empty: none published",
    "venue_maintenance": "account.positions[].maintMargin (coin)",
    "venue_ratio": "isolated: account.positions[].maintMargin / positionRisk[].isolatedMargin; cross: the pool's",
    "wallet": "account.assets[].crossWalletBalance (coin)",
    "pool_maintenance": "Σ account.positions[].maintMargin of the coin's cross positions",
    "pool_ratio": "Σ account.positions[].maintMargin of the coin's cross positions / "
    "(account.assets[].crossWalletBalance + crossUnPnl)",
    "tiers": "leverageBracket[].brackets[]: qtyFloor, qtyCap (coin), maintMarginRatio, cum (coin); times "
    "leverageBracket[].notionalCoef where it is sent",
    "fee": "none: Binance adds no closing fee to its maintenance margin",
    "ratio": "maintenance / margin balance, both in the coin: Σ (Q / mark · rate − cum) / (wallet + unrealised "
    'profit), Q the face value in USD; 100 % is liquidation. Binance, FAQ "Leverage and Margin in COIN-M Futures"',
    "liquidation": "L = Q · (rate + side) / (WB − TMM + UPNL + cum + side·Q/E), in hedge mode with both legs of the "
    'symbol together; the bracket is the one at L. Binance, FAQ "How to Calculate Liquidation Price of COIN-M Futures '
    'Contracts"',
}

KIND = Kind(
    id="binancecoinm",
    name="Binance COIN-M",
    origin="https://dapi.binance.com",
    listing=wire.listing,
    account=wire.account,
    read=read_account,
    trim=trim,
    power=wire.power,
    refuses_key=refused_key,
    words=own_words,
    fields=FIELDS,
    unwatched="spot, margin, USD-M, options, earn and funding wallets",
    asks=wire.ASKS,
    limit=LIMIT,
    weight=wire.weight,
    used="x-mbx-used-weight-1m",
)
"""Binance COIN-M futures."""
