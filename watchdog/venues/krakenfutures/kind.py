"""What the house must know of Kraken Futures."""

from __future__ import annotations

from watchdog.venues.kind import Kind
from watchdog.venues.krakenfutures import rules, wire

KIND = Kind(
    id="krakenfutures",
    name="Kraken futures",
    origin="https://futures.kraken.com",
    listing=wire.listing,
    account=wire.account,
    read=rules.read,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    fields={
        "size": "openPositions[].size · instruments[].contractSize (inverse: USD)",
        "entry": "openPositions[].price",
        "mark": "tickers[].markPrice",
        "isolated_wallet": "not sent over REST: an isolated position has no ratio and no liquidation price here",
        "venue_liquidation": "inverse, alone in its wallet: accounts.fi_*.triggerEstimates.mm; else not sent",
        "venue_maintenance": "of a position alone in its wallet the wallet's; else not sent",
        "venue_ratio": "not sent",
        "wallet": "accounts.flex.marginEquity − pnl; inverse: accounts.fi_*.auxiliary.pv − pnl",
        "pool_maintenance": "accounts.flex.maintenanceMargin; inverse: accounts.fi_*.marginRequirements.mm. Ours is "
        "the same amount: at entry no price moves it, and what levels and netting leave is taken from Kraken",
        "pool_ratio": "maintenanceMargin / marginEquity; inverse: marginRequirements.mm / auxiliary.pv",
        "tiers": "instruments[].marginLevels: maintenanceMargin, from numNonContractUnits (USD) or contracts up",
        "fee": "none is required on top",
        "ratio": "maintenance margin at entry value / (wallet + Σ side · size · (mark − entry)) "
        "(Kraken, Multi-Collateral Margin Schedule: percentages are based on the value at entry)",
        "liquidation": "the first price at which the wallet's equity is down to its maintenance margin; inverse: the "
        "same along 1 / price (Kraken, Equity Protection Process)",
    },
    unwatched="spot, options, vanilla contracts, the holding wallet",
    asks=wire.ASKS,
    limit=wire.LIMIT,
    limits={"apiLimitExceeded": 10.0},  # docs, Rate Limits: of 10 s
    weight=wire.weight,
    first_class=False,
)
