"""What the house must know of Bitget futures."""

from __future__ import annotations

from watchdog.venues.bitget import rules, wire
from watchdog.venues.kind import Kind

KIND = Kind(
    id="bitget",
    name="Bitget",
    origin="https://api.bitget.com",
    listing=wire.listing,
    account=wire.account,
    read=rules.read,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    fields={
        "size": "all-position[].total (base); coin-margined: total · openPriceAvg, its worth in USD at entry",
        "entry": "all-position[].openPriceAvg",
        "mark": "all-position[].markPrice",
        "isolated_wallet": "all-position[].marginSize",
        "venue_liquidation": "all-position[].liquidationPrice (0 and less: none). In cross mode Bitget freezes the "
        "maintenance at the mark of now, so its price is too near for a long and too far for a short: "
        "mark − side · (equity − maintenance now) / size",
        "venue_maintenance": "not given",
        "venue_ratio": "isolated: all-position[].marginRatio",
        "wallet": "accounts[].accountEquity − unrealizedPL − isolatedMargin; multi-assets and unified: not reckoned",
        "pool_maintenance": "not given",
        "pool_ratio": "the larger of accounts[].crossedRiskRate and all-position[].marginRatio; unified: not known",
        "tiers": "query-position-lever[]: startUnit, endUnit, keepMarginRate, whole positions; coin-margined: none",
        "fee": "contracts[].takerFeeRate (0.06 %), whatever the account's own fee",
        "ratio": "Σ notional · (keepMarginRate + takerFeeRate) / equity, at mark (two real readings in ccxt: "
        "equity moved by size · Δmark only with 0.06 %)",
        "liquidation": "(equity − side · size · mark) / (size · (keepMarginRate + takerFeeRate) − side · size), the "
        "tier at that price (Bitget help of 2025-09, isolated; cross the same with the pool's equity)",
    },
    unwatched="spot, margin, copy trading, earn; the margin ratio of a unified account",
    asks=wire.ASKS,
    limit=600,
    # ccxt's table of errors; the limits are of one second for each endpoint.
    limits={"429": 5.0, "1001": 5.0, "30014": 5.0, "30026": 5.0, "50009": 5.0},
    needs=("api_key_file", "secret_file", "passphrase_file"),
    first_class=False,
)
