"""At our liquidation price Binance's own rule, written out here, reaches a ratio of 1; and not before."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.binanceusdm.build import Held, Table, answers, index, required
from watchdog.domain.reading import Known, Never
from watchdog.risk import Book
from watchdog.risk.exact import CONTEXT
from watchdog.venues.binanceusdm.kind import KIND

D = Decimal
TABLES: dict[str, Table] = {
    "BTCUSDT": [("0", "0.004", "0"), ("300000", "0.005", "300"), ("800000", "0.0065", "1500")],
    "ETHUSDT": [("0", "0.005", "0"), ("100000", "0.0065", "150"), ("500000", "0.01", "1900")],
    "SOLUSDC": [("0", "0.01", "0"), ("10000", "0.02", "100")],
}  # fmt: skip
MARKS = {"BTCUSDT": "60000", "ETHUSDT": "3000", "SOLUSDC": "150"}
STEPS = 12


def decimals(low: str, high: str, places: int = 3) -> st.SearchStrategy[str]:
    """Numbers as text."""
    return st.decimals(D(low), D(high), places=places, allow_nan=False).map(str)


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """Answers of an account whose pools are above water now."""
    hedge, multi = draw(st.booleans()), draw(st.booleans())
    held = []
    for symbol in draw(st.lists(st.sampled_from(list(TABLES)), min_size=1, max_size=3, unique=True)):
        mark = D(MARKS[symbol])
        legs = draw(st.sampled_from([["LONG"], ["SHORT"], ["LONG", "SHORT"]])) if hedge else ["BOTH"]
        for leg in legs:
            size = (D(draw(decimals("0.5", "20"))) * 10_000 / mark).quantize(D("0.001"))
            short = leg == "SHORT" or (leg == "BOTH" and draw(st.booleans()))
            entry = (mark * D(draw(decimals("0.9", "1.1")))).quantize(D("0.01"))
            isolated = not multi and draw(st.booleans())
            loss = max(D(0), (entry - mark) * size * (-1 if short else 1))
            wallet = str(loss + size * mark * D(draw(decimals("0.05", "1")))) if isolated else None
            held.append(Held(symbol, str(-size if short else size), str(entry), str(mark), leg, wallet))
    notional = sum((abs(D(one.amount)) * D(one.mark) for one in held), D(0))
    wallets = {asset: str(notional * D(draw(decimals("0.2", "2")))) for asset in ("USDT", "USDC")}
    if multi:
        wallets["BTC"] = draw(decimals("-0.5", "2"))
        wallets["USDC"] = draw(decimals("-5000", "5000"))
    given_ = answers(held, wallets, TABLES, hedge=hedge, multi=multi)
    if multi:
        rows = [("USDT", "0.9998", "0.0001"), ("USDC", "1.0002", "0.0001"), ("BTC", "60000", "0.05")]
        given_["assetIndex"] = [index(*row) for row in rows]
    return given_


def over(payloads: Any, pool: str, prices: Mapping[str, Decimal]) -> Decimal:
    """What a pool requires, less its equity, at these prices, by Binance's pages; `pool` may be a row of positions."""
    multi = payloads["accountConfig"]["multiAssetsMargin"]
    rates = {row["symbol"][:-3]: row for row in payloads.get("assetIndex", ())}
    total = D(0)
    for asset in payloads["account"]["assets"]:
        name, wallet = asset["asset"], D(asset["crossWalletBalance"])
        if not multi and name != pool:
            continue
        side = "bidRate" if wallet + D(asset["crossUnPnl"]) >= 0 else "askRate"
        rate = D(rates[name][side]) if multi else D(1)
        moved = prices["BTCUSDT"] / D(MARKS["BTCUSDT"]) if multi and name == "BTC" else D(1)
        total -= wallet * rate * moved
        for row in payloads["positionRisk"]:
            if row["marginAsset"] == name and row["isolatedWallet"] == "0":
                total += over_of(row, prices[row["symbol"]]) * rate
    return total


def over_of(row: Any, price: Decimal) -> Decimal:
    """What one position requires, less its profit."""
    amount = D(row["positionAmt"])
    return required(TABLES[row["symbol"]], abs(amount) * price) - amount * (price - D(row["entryPrice"]))


@given(payloads=accounts())
@settings(max_examples=40)
def test_at_the_price_found_the_ratio_is_one_and_on_the_way_below(payloads: Any) -> None:
    """For every position, one-way and hedged, isolated and cross, alone and in one pool; Never: far off neither."""
    marks = {symbol: D(mark) for symbol, mark in MARKS.items()}
    read = KIND.read(payloads, 0.0)
    book = Book.of(read, 0.0, {})
    rows = {(row["symbol"], row["positionSide"].lower()): row for row in payloads["positionRisk"]}
    for key, risk in book.positions.items():
        symbol = key.symbol.partition(":")[0].replace("/", "")
        row, pool, mark = rows[symbol, key.position_side.value], risk.pool, marks[symbol]

        def excess(price: Decimal, row: Any = row, pool: str | None = pool) -> Decimal:
            if pool is None:
                return over_of(row, price) - D(row["isolatedWallet"])
            return over(payloads, pool, marks | {row["symbol"]: price})

        found = risk.liquidation_ours
        with localcontext(CONTEXT):
            if excess(mark) >= 0:
                assert found == Known(mark, "price", "ours", 0.0)
                continue
            assert isinstance(found, Known | Never), found
            if isinstance(found, Known):
                assert abs(excess(found.value)) < D("1e-15")
                assert (mark - found.value) * risk.position.side.sign > 0
                end = found.value
            else:
                end = mark / 1000 if risk.position.side.value == "long" else mark * 1000
            for step in range(1, STEPS):
                assert excess(mark + (end - mark) * step / STEPS) < D("1e-15")


@given(payloads=accounts(), more=decimals("1", "1000"))
@settings(max_examples=20)
def test_more_margin_moves_every_price_away(payloads: Any, more: str) -> None:
    """In the wallet of the pool, or the position's own."""
    before = Book.of(KIND.read(payloads, 0.0), 0.0, {})
    for asset in payloads["account"]["assets"]:
        if asset["asset"] in {"USDT", "USDC"}:
            # Not from below zero to above it: there the rate itself changes.
            if D(asset["crossWalletBalance"]) + D(asset["crossUnPnl"]) < 0:
                continue
            asset["crossWalletBalance"] = str(D(asset["crossWalletBalance"]) + D(more))
    for row in payloads["positionRisk"]:
        if row["isolatedWallet"] != "0":
            row["isolatedWallet"] = str(D(row["isolatedWallet"]) + D(more))
    after = Book.of(KIND.read(payloads, 0.0), 0.0, {})
    for key, risk in before.positions.items():
        near, far = risk.liquidation_ours, after.positions[key].liquidation_ours
        if isinstance(near, Known) and isinstance(far, Known):
            assert (near.value - far.value) * risk.position.side.sign >= 0
        else:
            assert not isinstance(near, Never) or isinstance(far, Never)
