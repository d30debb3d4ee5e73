"""Bybit, as the house reads it."""

from __future__ import annotations

from typing import Final

from watchdog.venues.bybit.keys import refused_key, words
from watchdog.venues.bybit.rules import read_account, trim
from watchdog.venues.bybit.wire import ASKS, account, listing, power
from watchdog.venues.kind import Kind

KIND: Final = Kind(
    id="bybit",
    name="Bybit",
    origin="https://api.bybit.com",
    listing=listing,
    account=account,
    read=read_account,
    trim=trim,
    power=power,
    refuses_key=refused_key,
    words=words,
    fields={
        "size": "position-list size (inverse: face value in USD)",
        "entry": "position-list avgPrice",
        "mark": "position-list markPrice",
        "isolated_wallet": "position-list positionBalance, or positionIM where that is empty",
        "venue_liquidation": "position-list liqPrice; empty outside the allowed prices and in portfolio margin; in "
        "cross margin Bybit calls it an estimate",
        "venue_maintenance": "position-list positionMM",
        "venue_ratio": "none for an isolated position",
        "wallet": "wallet-balance totalMarginBalance − haircut loss − totalPerpUPL, in USD; haircut loss = "
        "totalMarginBalance − totalInitialMargin − totalAvailableBalance",
        "pool_maintenance": "wallet-balance totalMaintenanceMargin, in USD",
        "pool_ratio": "wallet-balance accountMMRate (4 digits, cut), or totalMaintenanceMargin / (totalMarginBalance − "
        "haircut loss), the greater; infinite without equity",
        "tiers": "risk-limit riskLimitValue, maintenanceMargin, mmDeduction",
        "fee": "the closing fee: (1 ∓ 1/leverage) · taker rate, the rate as positionIM and positionMM hold it",
        "ratio": "cross: Σ(mark value · rate − mmDeduction + mark value · (1 ∓ 1/leverage) · taker) + others, over "
        "wallet + Σ unrealised profit, all in USD; isolated: (mark value · rate − mmDeduction + closing fee at entry) "
        "over margin + unrealised profit (bybit.com help centre, The New Margin Calculation, in force since "
        "2025-09-02; Trading Terms and Formulas in Unified Trading Account)",
        "liquidation": "the first mark price at which that ratio is 1, other prices standing still; isolated linear "
        "long: [entry · (1 − 1/leverage) − (added margin + mmDeduction)/size] / (1 − rate); isolated inverse long: "
        "size · (1 + rate) / (size/entry · (1 + 1/leverage) + added margin + mmDeduction) (bybit.com help centre, "
        "Liquidation Price Calculation under Isolated Mode)",
    },
    unwatched="spot, options, the funding wallet, Earn, copy trading, trading bots",
    asks=ASKS,
    limit=3600,
    # Docs v5, Rate Limit Rules: 10006 is of a rolling second; after 403 "wait for at least 10 minutes".
    limits={"10006": 3.0, "10018": 60.0, 403: 600.0},
    refused_hint="An account of a local Bybit is read at that site's address: base_url = "
    '"https://api.bybit.eu" for bybit.eu.',
)
