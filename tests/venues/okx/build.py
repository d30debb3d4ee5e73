"""Answers in the shape OKX gives them, made anew for each caller so that a test may spoil them.

Shapes: the response examples of OKX's API v5 docs (Get instruments, Get position tiers, Get fee rates, Get account
configuration, Get balance, Get positions, Algo order list).
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from watchdog.domain.position import AccountRead
from watchdog.risk import Book
from watchdog.venues.okx.kind import KIND

HERE = Path(__file__).parent
FILES = sorted((HERE / "payloads").glob("*.json"))
Answers = dict[str, Any]
TIMES = {"cTime": "1773111514250", "uTime": "1773111514250"}


def saved(path: Path) -> dict[str, Any]:
    """A recorded file: its source, its answers, what they must give. Numbers as the client reads them."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def said(*rows: Any) -> dict[str, Any]:
    """An answer of OKX's with these rows."""
    return {"code": "0", "data": list(rows), "msg": ""}


def instrument(inst_id: str, **fields: Any) -> dict[str, Any]:
    """A row of public/instruments; linear in USDT or inverse, by its name."""
    base, quote, *rest = inst_id.split("-")
    inverse = quote == "USD"
    return {
        "alias": "",
        "baseCcy": "",
        "category": "1",
        "ctMult": "1",
        "ctType": "inverse" if inverse else "linear",
        "ctVal": "100" if inverse else "0.01",
        "ctValCcy": "USD" if inverse else base,
        "expTime": "",
        "groupId": "1",
        "instFamily": f"{base}-{quote}",
        "instId": inst_id,
        "instType": "SWAP" if rest == ["SWAP"] else "FUTURES",
        "lever": "100",
        "lotSz": "0.01",
        "maxMktSz": "12000",
        "maxStopSz": "12000",
        "minSz": "0.01",
        "quoteCcy": "",
        "settleCcy": base if inverse else quote,
        "state": "live",
        "tickSz": "0.1",
        "uly": f"{base}-{quote}",
        **fields,
    }


def tier(number: int, least: str, most: str, rate: str, family: str = "BTC-USDT") -> dict[str, Any]:
    """A row of public/position-tiers."""
    return {
        "baseMaxLoan": "",
        "imr": "0.01",
        "instFamily": family,
        "instId": "",
        "maxLever": "100",
        "maxSz": most,
        "minSz": least,
        "mmr": rate,
        "optMgnFactor": "0",
        "quoteMaxLoan": "",
        "tier": str(number),
        "uly": family,
    }


def fee(kind: str, linear: str = "-0.0005", inverse: str = "-0.0005", **fields: Any) -> dict[str, Any]:
    """The row of account/trade-fee."""
    return {
        "category": "1",
        "delivery": "",
        "exercise": "",
        "feeGroup": [],
        "instType": kind,
        "level": "Lv1",
        "maker": "-0.0002",
        "makerU": "-0.0002",
        "makerUSDC": "-0.0002",
        "ruleType": "normal",
        "taker": inverse,
        "takerU": linear,
        "takerUSDC": linear,
        "ts": "1763979985847",
        **fields,
    }


def config(level: str = "2", mode: str = "net_mode", **fields: Any) -> dict[str, Any]:
    """The row of account/config."""
    return {
        "acctLv": level,
        "acctStpMode": "cancel_maker",
        "autoLoan": False,
        "ctIsoMode": "automatic",
        "ip": "203.0.113.7",
        "label": "watchdog",
        "level": "Lv1",
        "perm": "read_only",
        "posMode": mode,
        "roleType": "0",
        "stgyType": "0",
        "type": "0",
        **fields,
    }


def detail(currency: str = "USDT", **fields: Any) -> dict[str, Any]:
    """A row of account/balance `details[]`."""
    return {
        "ccy": currency,
        "availBal": "0",
        "cashBal": "1000",
        "disEq": "1000",
        "eq": "1000",
        "eqUsd": "1000",
        "frozenBal": "0",
        "imr": "",
        "isoEq": "0",
        "isoUpl": "0",
        "liab": "",
        "mgnRatio": "",
        "mmr": "",
        "notionalLever": "0",
        "ordFrozen": "0",
        "stgyEq": "0",
        "uTime": "1773111514250",
        "upl": "0",
        **fields,
    }


def balance(*details: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The row of account/balance; account figures are empty, as in futures mode."""
    return {
        "adjEq": "",
        "details": list(details),
        "imr": "",
        "isoEq": "0",
        "mgnRatio": "",
        "mmr": "",
        "notionalUsd": "",
        "notionalUsdForBorrow": "",
        "notionalUsdForFutures": "",
        "notionalUsdForSwap": "",
        "ordFroz": "",
        "totalEq": "1000",
        "uTime": "1773111514250",
        "upl": "",
        **fields,
    }


def position(inst_id: str = "BTC-USDT-SWAP", mode: str = "cross", **fields: Any) -> dict[str, Any]:
    """A row of account/positions: one contract of 0.01 BTC at 50,000, 0.4 % required."""
    swap = inst_id.endswith("-SWAP")
    base, quote, *_ = inst_id.split("-")
    return {
        "adl": "1",
        "avgPx": "50000",
        "ccy": base if quote == "USD" else quote,
        "imr": "50" if mode == "cross" else "",
        "instId": inst_id,
        "instType": "SWAP" if swap else "FUTURES",
        "lever": "10",
        "liqPx": "",
        "margin": "" if mode == "cross" else "50",
        "markPx": "50000",
        "mgnMode": mode,
        "mgnRatio": "100",
        "mmr": "2",
        "notionalUsd": "500",
        "pos": "1",
        "posId": "616057041198907393",
        "posSide": "net",
        "upl": "0",
        "usdPx": "",
        **TIMES,
        **fields,
    }


def algo(kind: str = "conditional", **fields: Any) -> dict[str, Any]:
    """A row of trade/orders-algo-pending: a stop-loss at market by mark that closes one contract of a long."""
    return {
        "activePx": "",
        "algoClOrdId": "",
        "algoId": "1753184812254216192",
        "clOrdId": "",
        "closeFraction": "",
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "last": "50000",
        "moveTriggerPx": "",
        "ordPx": "",
        "ordType": kind,
        "posSide": "net",
        "reduceOnly": "true",
        "side": "sell",
        "slOrdPx": "-1",
        "slTriggerPx": "49000",
        "slTriggerPxType": "mark",
        "state": "live",
        "sz": "1",
        "tdMode": "cross",
        "tpOrdPx": "",
        "tpTriggerPx": "",
        "tpTriggerPxType": "",
        "triggerPx": "",
        "triggerPxType": "",
        **TIMES,
        **fields,
    }


BTC_TIERS = [tier(1, "0", "1000", "0.004"), tier(2, "1001", "5000", "0.005"), tier(3, "5001", "20000", "0.01")]


def answers(
    *positions: dict[str, Any],
    account: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    orders: list[dict[str, Any]] | None = None,
    listed: list[dict[str, Any]] | None = None,
    tables: dict[str, Any] | None = None,
    fees: dict[str, Any] | None = None,
) -> Answers:
    """All answers of a read."""
    listed = [instrument("BTC-USDT-SWAP")] if listed is None else listed
    if account is None:
        account = balance(detail(mmr="2", mgnRatio="100") if positions else detail())
    known = {f"SWAP {mode} BTC-USDT": said(*BTC_TIERS) for mode in ("cross", "isolated")}
    return {
        "instruments": [said(*(row for row in listed if row["instType"] == kind)) for kind in ("SWAP", "FUTURES")],
        "trade-fee": {kind: said(fees or fee(kind)) for kind in ("SWAP", "FUTURES")},
        "position-tiers": known if tables is None else tables,
        "positions": said(*positions),
        "balance": said(account),
        "config": said(settings or config()),
        "orders-algo-pending": [said(*(orders or [])), said(), said()],
    }


def read(payloads: Answers) -> AccountRead:
    """The rules' account of them."""
    return KIND.read(payloads, 0.0)


def book(payloads: Answers) -> Book:
    """What the risk room makes of them."""
    return Book.of(read(payloads), 0.0, {})
