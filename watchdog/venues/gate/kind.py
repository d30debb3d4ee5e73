"""What the house must know of Gate futures."""

from __future__ import annotations

from watchdog.venues.gate import rules, wire
from watchdog.venues.kind import Kind

KIND = Kind(
    id="gate",
    name="Gate",
    origin="https://api.gateio.ws",
    listing=wire.listing,
    account=wire.account,
    read=rules.read,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    fields={
        "size": "positions[].size · contracts[].quanto_multiplier (0: a face value of 1 USD)",
        "entry": "positions[].entry_price",
        "mark": "positions[].mark_price",
        "isolated_wallet": "positions[].margin",
        "venue_liquidation": "positions[].liq_price (0 and 99999999: none)",
        "venue_maintenance": "positions[].maintenance_margin",
        "venue_ratio": "isolated: positions[].maintenance_margin / (margin + unrealised_pnl)",
        "wallet": "accounts.cross_margin_balance − cross_unrealised_pnl; unified: not reckoned",
        "pool_maintenance": "accounts.cross_maintenance_margin; unified: total_maintenance_margin",
        "pool_ratio": "accounts.cross_maintenance_margin / cross_margin_balance; unified: total_maintenance_margin / "
        "total_margin_balance, which is 1 / total_maintenance_margin_rate (Gate shows it inverted)",
        "tiers": "risk_limit_tiers[]: risk_limit, maintenance_rate, deduction; without steps where "
        "accounts.enable_tiered_mm is false",
        "fee": "contracts[].taker_fee_rate, whatever the account's own fee",
        "ratio": "Σ (notional · maintenance_rate − deduction + notional · taker_fee_rate) / equity, at mark "
        "(Gate help, Maintenance Margin; Gate shows it inverted, as MMR). Both legs of a contract: Gate requires the "
        "larger leg's, which is left to Gate's own figure",
        "liquidation": "(entry − side · (margin + deduction / size …)) / (1 − side · (maintenance_rate + "
        "taker_fee_rate)) with the tier at that price; inverse: the same in 1 / price "
        "(ccxt PR 13130 and 15622: real positions, within a tick)",
    },
    unwatched="spot, margin, options, trailing stops, funding and earn",
    asks=wire.ASKS,
    limit=600,
    limits={"TOO_MANY_REQUESTS": 10.0, "TOO_FAST": 10.0},  # docs, Rate Limit: of 10 s for each endpoint
    first_class=False,
)
