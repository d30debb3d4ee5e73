"""Small makers of what the risk room reads, and the plain arithmetic its answers are held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    MarginMode,
    OrderSide,
    Position,
    PositionSide,
    Side,
    Stop,
    StopKind,
    TriggerKind,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.risk import maintenance, rebuild_cum

D = Decimal
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
NOT_GIVEN = Unknown("not given")
ONE_WAY = AccountModes(hedge=False, multi_asset=False, can_trade=True)

_DATA = json.loads((Path(__file__).parent / "binance_cases.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in _DATA["cases"]}
TABLES: dict[str, list[list[str]]] = {table["id"]: table["tiers"] for table in _DATA["tables"]}


def tiers_of(rows: Iterable[Sequence[str | Decimal]]) -> tuple[Tier, ...]:
    """A tier table from rows of floor, rate, cum; each tier ends where the next begins."""
    figures = [[D(figure) for figure in row] for row in rows]
    caps = [*(floor for floor, _, _ in figures[1:]), None]
    return tuple(Tier(floor, cap, rate, cum) for (floor, rate, cum), cap in zip(figures, caps, strict=True))


def continuous(floors_and_rates: Sequence[tuple[Decimal, Decimal]]) -> tuple[Tier, ...]:
    """A tier table whose `cum` is rebuilt from floors and rates."""
    cums = rebuild_cum(floors_and_rates)
    return tiers_of([(floor, rate, cum) for (floor, rate), cum in zip(floors_and_rates, cums, strict=True)])


ONE_TIER = tiers_of([("0", "0.004", "0")])
BTC_2021 = tiers_of(TABLES["BTCUSDT 2021-03-18"])
ETH_2021 = tiers_of(TABLES["ETHUSDT 2021"])


def market(symbol: str, tiers: tuple[Tier, ...] = ONE_TIER, asset: str = "USDT") -> Market:
    """A market of which only symbol, margin asset and tiers matter here."""
    base = symbol.partition("/")[0]
    return Market(symbol, f"{base}{asset}", base, asset, D("0.1"), D("0.001"), D("0.001"), None, D(5), D(0), tiers)


def position(
    symbol: str = BTC,
    side: Side = Side.LONG,
    *,
    size: str | Decimal = "1",
    entry: str | Decimal = "10000",
    mark: str | Decimal = "10000",
    wallet: str | Decimal | None = None,
    asset: str = "USDT",
    venue: str | Decimal | Reading = NOT_GIVEN,
    position_side: PositionSide = PositionSide.BOTH,
) -> Position:
    """A position: isolated when a wallet is given, else cross."""
    return Position(
        symbol=symbol,
        side=side,
        position_side=position_side,
        margin_mode=MarginMode.CROSS if wallet is None else MarginMode.ISOLATED,
        margin_asset=asset,
        size=D(size),
        entry=D(entry),
        mark=D(mark),
        isolated_wallet=None if wallet is None else D(wallet),
        venue_maintenance=NOT_GIVEN,
        venue_liquidation=Known(D(venue), "price", "binanceusdm", 0.0) if isinstance(venue, str | Decimal) else venue,
    )


def balance(wallet: str | Decimal, asset: str = "USDT") -> Balance:
    """A balance row of which only the wallet matters here."""
    return Balance(asset, D(wallet), D(0), NOT_GIVEN)


def account(
    positions: Iterable[Position],
    balances: Iterable[Balance] = (),
    *,
    markets: Iterable[Market] | None = None,
    stops: Iterable[Stop] = (),
    modes: AccountModes = ONE_WAY,
) -> AccountRead:
    """A read; every symbol has one tier of 0.4 % unless markets are given."""
    positions = tuple(positions)
    listed = {each.symbol: market(each.symbol, asset=each.margin_asset) for each in positions}
    return AccountRead(
        modes,
        positions,
        tuple(balances),
        tuple(stops),
        tuple(listed.values() if markets is None else markets),
        venue_time_ms=0,
    )


def faq_account(*, btc_venue: str | Reading = NOT_GIVEN, eth_venue: str | Reading = NOT_GIVEN) -> AccountRead:
    """The cross account of Binance's FAQ example, with the whole tier tables of its time."""
    btc, eth = CASES["binance-usdm-faq-cross-btc"]["inputs"], CASES["binance-usdm-faq-cross-eth"]["inputs"]
    return account(
        [
            position(BTC, size=btc["qty"], entry=btc["entry"], mark=eth["other"][0]["mark"], venue=btc_venue),
            position(ETH, size=eth["qty"], entry=eth["entry"], mark=btc["other"][0]["mark"], venue=eth_venue),
        ],
        [balance(btc["wallet_balance"])],
        markets=[market(BTC, BTC_2021), market(ETH, ETH_2021)],
    )


SELL_STOP = Stop(
    symbol=BTC,
    order_side=OrderSide.SELL,
    position_side=PositionSide.BOTH,
    kind=StopKind.STOP_MARKET,
    trigger=TriggerKind.MARK,
    trigger_price=D(9500),
    size=D(1),
    close_position=False,
    reduce_only=True,
    client_id="",
    venue_id="1",
)
"""A stop that closes all of the standard position."""


def stop(**changes: Any) -> Stop:
    """SELL_STOP with changes."""
    return replace(SELL_STOP, **changes)


def known(reading: Reading) -> Decimal:
    """The number of a reading that must be one."""
    assert isinstance(reading, Known), reading
    return reading.value


def excess(
    price: Decimal, side: Side, size: Decimal, mark: Decimal, equity: Decimal, tiers: tuple[Tier, ...]
) -> Decimal:
    """Requirement less equity of one position at a price, by the definition: at and above zero is liquidation."""
    return maintenance(tiers, size * price) - (equity + side.sign * size * (price - mark))


def close_to(value: Decimal, expected: Decimal, relative: str = "1e-20") -> bool:
    """Equal within a share of the expected value."""
    return abs(value - expected) <= abs(expected) * D(relative)
