"""What the house must know of Deribit."""

from __future__ import annotations

from watchdog.venues.deribit import rules, wire
from watchdog.venues.kind import Kind

KIND = Kind(
    id="deribit",
    name="Deribit",
    origin="https://www.deribit.com",
    listing=wire.listing,
    account=wire.account,
    read=rules.read,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    fields={
        "size": "get_positions[].size, in USD for inverse contracts and never multiplied by contract_size",
        "entry": "get_positions[].average_price",
        "mark": "get_positions[].mark_price",
        "isolated_wallet": "there are no isolated positions",
        "venue_liquidation": "get_positions[].estimated_liquidation_price (0 and null: none)",
        "venue_maintenance": "get_positions[].maintenance_margin",
        "venue_ratio": "there are no isolated positions",
        "wallet": "summaries[].margin_balance − Σ profit since entry; cross collateral: total_margin_balance_usd",
        "pool_maintenance": "summaries[].maintenance_margin; cross collateral: total_maintenance_margin_usd",
        "pool_ratio": "maintenance_margin / margin_balance; cross collateral: the same of the totals in USD",
        "tiers": "not sent. Linear: maintenance_margin / (size · mark_price), which the size alone decides. Inverse: "
        "BTC 1 % + 0.005 % a BTC, ETH 1 % + 0.0004 % an ETH, SOL 2 % + 0.0005 % a SOL, where that gives "
        "maintenance_margin within 1 %",
        "fee": "none is required on top",
        "ratio": "Σ size · (base + slope · size) at mark / (wallet + Σ profit) (Deribit, change of 2022-01-11, and "
        "Linear Perpetual); portfolio margin and options: only Deribit's own",
        "liquidation": "the first price at which the maintenance margin reaches the margin balance, along 1 / price "
        "for inverse contracts; the rule's parabola in pieces from above",
    },
    unwatched="options, combos, spot",
    asks=wire.ASKS,
    limit=wire.LIMIT,
    limits={"10028": 5.0},  # too_many_requests; docs, Rate Limits: credits come back within seconds
    first_class=False,
)
