"""Hyperliquid as the house reads it."""

from __future__ import annotations

from watchdog.venues.hyperliquid import wire
from watchdog.venues.hyperliquid.rules import read_account
from watchdog.venues.hyperliquid.trim import trim
from watchdog.venues.kind import Kind

FIELDS = {
    "size": "|clearinghouseState.assetPositions[].position.szi|",
    "entry": "position.entryPx (rounded by the venue)",
    "mark": "position.positionValue / |szi|",
    "isolated_wallet": "position.marginUsed − profit at mark: marginUsed is the equity, profit included",
    "venue_liquidation": "position.liquidationPx; null: none",
    "venue_maintenance": "none for a single position",
    "venue_ratio": "none for an isolated position",
    "wallet": "standard, each dex: crossMarginSummary.accountValue − profit of its cross positions; unified account, "
    "each collateral: the smaller of spotClearinghouseState.balances[].total − Σ marginUsed of isolated positions and "
    "tokenToAvailableAfterMaintenance + Σ crossMaintenanceMarginUsed, less profit; portfolio margin: unknown",
    "pool_maintenance": "crossMaintenanceMarginUsed, in a unified account summed over the dexes of a collateral",
    "pool_ratio": "standard: crossMaintenanceMarginUsed / crossMarginSummary.accountValue; unified account: "
    "Σ crossMaintenanceMarginUsed / (spot total − Σ isolated marginUsed); portfolio margin: portfolioMarginRatio / "
    "0.95 (Hyperliquid docs, account abstraction modes, portfolio margin)",
    "tiers": "allPerpMetas[].marginTables by universe[].marginTableId (below 50: one tier at that leverage): rate "
    "1 / (2 · maxLeverage), deduction rebuilt by deduction + lowerBound · (rate − rate before) (docs, margin tiers)",
    "fee": "none is added to the requirement",
    "ratio": "maintenance / equity, where maintenance = |szi| · mark · rate − deduction; isolated: / marginUsed "
    "(Hyperliquid docs, liquidations)",
    "liquidation": "mark − side · (equity − maintenance) / |szi| / (1 − side · rate), with the rate of the tier at "
    "that price (Hyperliquid docs, liquidations; reproduces 2,866.26936529 of the docs' clearinghouseState example)",
}

KIND = Kind(
    id="hyperliquid",
    name="Hyperliquid",
    origin="https://api.hyperliquid.xyz",
    listing=wire.listing,
    account=wire.account,
    read=read_account,
    trim=trim,
    power=wire.power,
    grown=wire.grown,
    # There is no key: an address that will not do is refused by `power` itself.
    refuses_key=lambda _http, _code: False,
    words=wire.words,
    fields=FIELDS,
    unwatched="spot, outcome markets, vault deposits, staking, lending, orders on a dex where nothing is held",
    asks=frozenset(),
    limit=1200,
    limits={429: 15.0},  # of a rolling minute; to stay blind for all of it would be worse than to ask once more
    weight=wire.weight,
    writes=wire.WRITES,
    reads=frozenset({"GET", "POST"}),
    bare=True,
    needs=("wallet",),
)
