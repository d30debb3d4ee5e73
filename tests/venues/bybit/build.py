"""Answers in Bybit's shape: the recorded ones, and ones made to order by its published formulas."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.venues.risk_only import load
from watchdog.venues.bybit.kind import KIND

D = Decimal
ZERO = D(0)
HERE = Path(__file__).parent
PAYLOADS = HERE / "payloads"
LISTING: dict[str, Any] = load(PAYLOADS / "listing.json")["payloads"]
NAMES = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json") if path.stem != "listing"))
TAKER = D("0.00055")
CROSS, ISOLATED, PORTFOLIO = "REGULAR_MARGIN", "ISOLATED_MARGIN", "PORTFOLIO_MARGIN"


def recorded(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The payloads of a file, with the listing that they need and no more, and what is expected of them."""
    case = load(PAYLOADS / f"{name}.json")
    return copy.deepcopy(dict(KIND.trim({**LISTING, **case["payloads"]}))), case["expected"]


def answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """An answer that holds this."""
    return {"retCode": 0, "retMsg": "OK", "result": dict(result), "retExtInfo": {}, "time": 1766313370100}


def page(category: str, rows: Iterable[Mapping[str, Any]], cursor: str = "") -> dict[str, Any]:
    """One page of a list."""
    return answer({"category": category, "list": list(rows), "nextPageCursor": cursor})


def lists(rows: Mapping[str, Iterable[Mapping[str, Any]]], *, option: bool) -> dict[str, Any]:
    """Every list of positions or orders, those named with these rows."""
    names = ("linear USDT", "linear USDC", "inverse", *(("option",) if option else ()))
    return {name: [page(name.split()[0], rows.get(name, ()))] for name in names}


def setting(mode: str = CROSS, status: int = 6) -> dict[str, Any]:
    """The answer of account-info."""
    return answer({"marginMode": mode, "unifiedMarginStatus": status, "updatedTime": "1723481446000"})


def order(**fields: Any) -> dict[str, Any]:
    """A conditional order that rests: a stop-market that sells 0.1 ETHUSDT at a mark of 2,900."""
    return {
        "orderId": "f5f2d355-9a11-4af3-9b83-aa1d6ab6ddfe",
        "orderLinkId": "",
        "symbol": "ETHUSDT",
        "price": "0",
        "qty": "0.1",
        "side": "Sell",
        "positionIdx": 0,
        "orderStatus": "Untriggered",
        "orderType": "Market",
        "stopOrderType": "Stop",
        "triggerPrice": "2900",
        "triggerDirection": 2,
        "triggerBy": "MarkPrice",
        "tpslMode": "",
        "reduceOnly": True,
        "closeOnTrigger": False,
        "updatedTime": "1757837618909",
        **fields,
    }


def marginal(bands: Iterable[tuple[Decimal, Decimal]], value: Decimal) -> Decimal:
    """Maintenance of a value by marginal bands of cap and rate: each part at its own rate, the last without a cap."""
    bands = list(bands)
    total, floor = D(0), D(0)
    for number, (cap, rate) in enumerate(bands):
        top = value if number == len(bands) - 1 else min(value, cap)
        total += max(D(0), top - floor) * rate
        floor = cap
    return total


BANDS: dict[str, list[tuple[Decimal, Decimal]]] = {}
for _pages in LISTING["risk-limit"].values():
    for _page in _pages:
        for _row in _page["result"]["list"]:
            BANDS.setdefault(_row["symbol"], []).append((D(_row["riskLimitValue"]), D(_row["maintenanceMargin"])))


class Made:
    """A position made by the published formulas, and what the venue says of it."""

    def __init__(
        self,
        symbol: str,
        sign: int,
        size: Decimal,
        entry: Decimal,
        mark: Decimal,
        leverage: Decimal,
        *,
        taker: Decimal = TAKER,
        added: Decimal = ZERO,
        isolated: bool = False,
        leg: int = 0,
    ) -> None:
        self.symbol, self.sign, self.size, self.entry, self.mark = symbol, sign, size, entry, mark
        self.leverage, self.taker, self.added, self.isolated, self.leg = leverage, taker, added, isolated, leg
        self.inverse = symbol == "BTCUSD"
        self.coin = "BTC" if self.inverse else "USDC" if symbol == "BTCPERP" else "USDT"
        self.list = "inverse" if self.inverse else f"linear {self.coin}"

    def value(self, price: Decimal) -> Decimal:
        """In the settle coin."""
        return self.size / price if self.inverse else self.size * price

    def profit(self, price: Decimal) -> Decimal:
        """In the settle coin."""
        gained = (
            self.value(self.entry) - self.value(price) if self.inverse else self.value(price) - self.value(self.entry)
        )
        return self.sign * gained

    def closing(self, price: Decimal) -> Decimal:
        """The fee to close at the bankruptcy price: a long's is lower for a linear contract, higher for an inverse."""
        share = self.sign / self.leverage
        return self.value(price) * (1 + share if self.inverse else 1 - share) * self.taker

    def initial(self) -> Decimal:
        """Of the mark value in cross margin, of the entry value in isolated margin."""
        based = self.entry if self.isolated else self.mark
        return self.value(based) / self.leverage + self.closing(based)

    def required(self, price: Decimal) -> Decimal:
        """Maintenance: of the mark value; the closing fee stays at entry in isolated margin."""
        return marginal(BANDS[self.symbol], self.value(price)) + self.closing(self.entry if self.isolated else price)

    def margin(self) -> Decimal:
        """What stands behind it in isolated margin, without its profit."""
        return self.initial() + self.added

    def row(self) -> dict[str, Any]:
        """As position-list has it."""
        number = next(
            (index for index, (cap, _) in enumerate(BANDS[self.symbol]) if self.value(self.mark) < cap),
            len(BANDS[self.symbol]) - 1,
        )
        first = {"BTCUSDT": 1, "ETHUSDT": 11, "BTCPERP": 10001, "BTCUSD": 1}[self.symbol]
        return {
            "positionIdx": self.leg,
            "riskId": first + number,
            "symbol": self.symbol,
            "side": "Buy" if self.sign > 0 else "Sell",
            "size": str(self.size),
            "avgPrice": str(self.entry),
            "leverage": str(self.leverage),
            "markPrice": str(self.mark),
            "positionStatus": "Normal",
            "positionBalance": text(self.margin()) if self.isolated else "0",
            "positionIM": text(self.initial()),
            "positionMM": text(self.required(self.mark)),
            "unrealisedPnl": text(self.profit(self.mark)),
            "sessionAvgPrice": str(self.entry) if self.coin == "USDC" else "",
            "liqPrice": "",
        }


def text(number: Decimal) -> str:
    """A number as the wire has it, with all its digits."""
    return format(number, "f")


def coin_row(coin: str, wallet: Decimal, profit: Decimal, price: Decimal, required: Decimal) -> dict[str, Any]:
    """A coin of wallet-balance."""
    return {
        "coin": coin,
        "equity": text(wallet + profit),
        "usdValue": text((wallet + profit) * price),
        "walletBalance": text(wallet),
        "totalPositionMM": text(required),
        "borrowAmount": "0",
        "accruedInterest": "0",
        "spotBorrow": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
    }


PRICES = {"USDT": D("1.0005"), "USDC": D("0.9998")}
"""USD for one."""
HAIRCUT = D("0.95")
"""At what share of its worth a bitcoin counts."""


class Account:
    """A whole account of such positions.

    `dollars` and `coins` are its wallet, in USDT and BTC; USDC is there where it is needed.
    """

    def __init__(
        self, held: list[Made], dollars: Decimal, coins: Decimal = ZERO, others: Decimal = ZERO, haircut: Decimal = ZERO
    ) -> None:
        self.held, self.dollars, self.coins, self.others, self.haircut = held, dollars, coins, others, haircut
        self.other_dollars = D("70000.5") if any(one.coin == "USDC" for one in held) else D(0)
        self.isolated = any(one.isolated for one in held)
        self.bitcoin = next((one.mark for one in held if one.inverse), D(50_000))

    def price_of(self, coin: str, prices: Mapping[str, Decimal]) -> Decimal:
        """USD for one of a settle coin; a bitcoin is worth what its contract's mark says."""
        return PRICES.get(coin) or prices.get("BTCUSD", self.bitcoin)

    def equity(self, prices: Mapping[str, Decimal]) -> Decimal:
        """In USD, at some prices of its contracts: margin balance less haircut loss."""
        held = (
            self.dollars * PRICES["USDT"]
            + self.other_dollars * PRICES["USDC"]
            + self.coins * HAIRCUT * self.price_of("BTC", prices)
        )
        return (
            held
            - self.haircut
            + sum(one.profit(prices[one.symbol]) * self.price_of(one.coin, prices) for one in self.held)
        )

    def required(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Total maintenance in USD at some prices."""
        return self.others + sum(
            one.required(prices[one.symbol]) * self.price_of(one.coin, prices) for one in self.held
        )

    def marks(self) -> dict[str, Decimal]:
        """Of its contracts."""
        return {one.symbol: one.mark for one in self.held}

    def payloads(self, stops: Mapping[str, Iterable[Mapping[str, Any]]] | None = None) -> dict[str, Any]:
        """All a read needs."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for one in self.held:
            rows.setdefault(one.list, []).append(one.row())
        listed: dict[str, Any] = {
            **LISTING,
            "account-info": setting(ISOLATED if self.isolated else CROSS),
            "wallet-balance": self.wallet(),
            "position-list": lists(rows, option=True),
            "order-realtime": lists(stops or {}, option=False),
        }
        return dict(KIND.trim(listed))

    def wallet(self) -> dict[str, Any]:
        """The answer of wallet-balance."""
        marks = self.marks()
        coins = []
        for coin, wallet in (("USDT", self.dollars), ("USDC", self.other_dollars), ("BTC", self.coins)):
            of = [one for one in self.held if one.coin == coin]
            profit = sum((one.profit(one.mark) for one in of), D(0))
            required = sum((one.required(one.mark) for one in of), D(0))
            if wallet or of:
                coins.append(coin_row(coin, wallet, profit, self.price_of(coin, marks), required))
        row: dict[str, Any] = {"accountType": "UNIFIED", "coin": coins}
        if not self.isolated:
            margin, required = self.equity(marks) + self.haircut, self.required(marks)
            initial = sum((one.initial() * self.price_of(one.coin, marks) for one in self.held), D(0))
            gained = sum((one.profit(one.mark) * self.price_of(one.coin, marks) for one in self.held), D(0))
            ratio = required / (margin - self.haircut)
            row |= {
                "accountMMRate": format(ratio.quantize(D("0.0001"), "ROUND_DOWN"), "f"),
                "totalMarginBalance": text(margin),
                "totalPerpUPL": text(gained),
                "totalInitialMargin": text(initial),
                "totalAvailableBalance": text(margin - self.haircut - initial),
                "totalMaintenanceMargin": text(required),
            }
        return answer({"list": [row]})
