"""OKX as the house needs it: the value that says how its accounts are read."""

from __future__ import annotations

from typing import Final

from watchdog.venues.kind import Kind
from watchdog.venues.okx import wire
from watchdog.venues.okx.rules import read_account

KIND: Final = Kind(
    id="okx",
    name=wire.NAME,
    origin="https://www.okx.com",
    listing=wire.listing,
    account=wire.account,
    read=read_account,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    fields={
        "size": "account/positions pos · public/instruments ctVal · ctMult",
        "entry": "account/positions avgPx",
        "mark": "account/positions markPx",
        "isolated_wallet": "account/positions margin",
        "venue_liquidation": "account/positions liqPx",
        "venue_maintenance": "account/positions mmr",
        "venue_ratio": "1 / account/positions mgnRatio (OKX sends equity / requirement)",
        "wallet": "futures mode: the smaller of account/balance details[].cashBal and "
        "mgnRatio · Σ(mmr + fee · notional) − Σ unrealised; multi-currency: adjEq − Σ unrealised, in USD",
        "pool_maintenance": "account/balance details[].mmr; multi-currency and portfolio margin: mmr, in USD",
        "pool_ratio": "1 / account/balance details[].mgnRatio; multi-currency and portfolio margin: 1 / mgnRatio",
        "tiers": "public/position-tiers mmr of the row whose maxSz holds pos (contracts, so no price moves it), or "
        "account/positions mmr / notional where that is higher",
        "fee": "account/trade-fee feeGroup[groupId].taker, else takerU, takerUSDC, taker; else 0.05 %",
        "ratio": "Σ(tier rate + taker fee) · notional at mark / equity, liquidation at 1 (OKX help, Futures mode: "
        "cross margin trading; Multi-currency margin mode; API docs, Get balance: mgnRatio)",
        "liquidation": "the price at which that ratio is 1, other prices standing still; linear isolated "
        "(E − side · margin / q) / (1 − side · (mmr + fee)), inverse Q · (side + mmr + fee) / (margin + side · Q / E); "
        "isolated: then one tick toward the market (checked on positions in ccxt issue 28121 and ccxt's okx.py)",
    },
    unwatched="spot, margin trading, options, event contracts, trading bots, copy trading, funding account, earn",
    asks=wire.ASKS,
    limit=600,
    limits={"50011": 5.0, 429: 15.0},  # docs, Rate Limits: of 2 s for each endpoint. 50061 counts orders only
    refused_hint='An account opened in Europe (my.okx.com) wants base_url = "https://eea.okx.com" under it, one of '
    'okx.com in the USA "https://us.okx.com"; keys of one region, or of demo trading, are unknown in another.',
    weight=wire.weight,
    needs=("api_key_file", "secret_file", "passphrase_file"),
)
