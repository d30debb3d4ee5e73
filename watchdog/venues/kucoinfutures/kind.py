"""What the house must know of KuCoin futures."""

from __future__ import annotations

from watchdog.venues.kind import Kind
from watchdog.venues.kucoinfutures import rules, wire

KIND = Kind(
    id="kucoinfutures",
    name="KuCoin futures",
    origin="https://api-futures.kucoin.com",
    listing=wire.listing,
    account=wire.account,
    read=rules.read,
    trim=wire.trim,
    power=wire.power,
    refuses_key=wire.refuses_key,
    words=wire.words,
    weight=wire.weight,
    fields={
        "size": "positions[].currentQty · contracts[].multiplier",
        "entry": "positions[].avgEntryPrice",
        "mark": "positions[].markPrice",
        "isolated_wallet": "positions[].posMargin",
        "venue_liquidation": "positions[].liquidationPrice (0: none); in cross mode a reference only, says KuCoin",
        "venue_maintenance": "isolated: positions[].posMaint",
        "venue_ratio": "isolated: positions[].posMaint / maintMargin (which is the equity, despite its name)",
        "wallet": "cross: not reckoned",
        "pool_maintenance": "not given",
        "pool_ratio": "account-overview.riskRatio",
        "tiers": "none: isolated by posMaint over the value at entry; cross: not told",
        "fee": "in posMaint: value · (1 + 1 / leverage) · 0.06 %, and a funding",
        "ratio": "isolated: posMaint / (posMargin + unrealised profit); cross: riskRatio, which is (maintenance of "
        "positions and open orders + closing fees) / (total margin − opening fees) (KuCoin help 35233217061785)",
        "liquidation": "isolated: entry − side · (posMargin − posMaint) / size; inverse: the same in 1 / price "
        "(ccxt PR 17908 and 19277: real positions, within a tick)",
    },
    unwatched="spot, margin, lending, copy trading; a unified account is refused",
    asks=wire.ASKS,
    limit=2000,
    # docs, Rate Limit: of 30 s; 429000 says that KuCoin is overloaded, whoever asks; 200002 is of its older pages.
    limits={"429000": 5.0, "200002": 10.0, "429": 10.0},
    needs=("api_key_file", "secret_file", "passphrase_file"),
    first_class=False,
)
