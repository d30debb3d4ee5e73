"""Binance USD-M, pure: raw payloads in, domain values out. No I/O, no clock, no ccxt.

The field meanings are those of Binance's API pages (developers.binance.com, USDⓈ-M futures: Position Information V3,
Account Information V3, Futures Account Configuration, Current All Algo Open Orders). Whatever a payload does not
say, or says impossibly, raises PayloadError naming the field: a read is whole or it is no read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from watchdog.domain.market import Market
from watchdog.domain.position import (
    NOT_GIVEN,
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
from watchdog.venues.binanceusdm import multiassets
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, UnlistedError, rows

SOURCE = "binance"
RESTING = "NEW"
"""The one algo status of an order that rests: accepted, not triggered."""
FINISHED = frozenset({"TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "EXPIRED", "REJECTED"})
"""The algo statuses of an order that no longer rests (Binance: Event Algo Order Update)."""

POSITION_SIDES = {"BOTH": PositionSide.BOTH, "LONG": PositionSide.LONG, "SHORT": PositionSide.SHORT}
ORDER_SIDES = {"BUY": OrderSide.BUY, "SELL": OrderSide.SELL}
_TRIGGERS = {"MARK_PRICE": TriggerKind.MARK, "CONTRACT_PRICE": TriggerKind.LAST}
_KINDS = {
    "STOP_MARKET": StopKind.STOP_MARKET,
    "STOP": StopKind.STOP_LIMIT,
    "TAKE_PROFIT": StopKind.TAKE_PROFIT,
    "TAKE_PROFIT_MARKET": StopKind.TAKE_PROFIT,
    "TRAILING_STOP_MARKET": StopKind.TRAILING,
}
_STOPS = frozenset({StopKind.STOP_MARKET, StopKind.STOP_LIMIT})


class Held(NamedTuple):
    """What both answers must agree on."""

    symbol: str
    position_side: str
    amount: Decimal


def read_account(
    positions: Any,
    account: Any,
    config: Any,
    algo_orders: Any,
    markets: Mapping[str, Market],
    at: float,
    asset_index: Any = None,
) -> AccountRead:
    """One whole read from the answers of v3 positionRisk, v3 account, accountConfig and openAlgoOrders.

    `markets` is keyed by the venue's own names; `at` is the monotonic time the readings carry; `asset_index` is the
    answer of assetIndex, which multi-assets mode needs. Raises PayloadError naming the field, MomentsDifferError when
    the answers do not belong together, UnlistedError for a symbol that `markets` does not hold.
    """
    modes = read_modes(config)
    risk_rows = rows(positions, "positionRisk")
    account_row = Row.of(account, "account")
    asset_rows = account_row.rows("assets")
    if not asset_rows:
        raise PayloadError("account.assets", "is an empty list; Binance always lists the margin assets")
    order_rows = rows(algo_orders, "openAlgoOrders")

    open_now = held(risk_rows)
    agree(open_now, held(account_row.rows("positions")))
    modes_agree(open_now, modes)
    if not open_now:
        nothing_required(account_row, asset_rows)

    open_rows = [row for row in risk_rows if row.number("positionAmt") != 0]
    found = tuple(_position(row, markets, at) for row in open_rows)
    stops = tuple(stop for row in order_rows if (stop := resting(row, markets)) is not None)
    symbols = dict.fromkeys(row.text("symbol") for row in open_rows)
    symbols |= dict.fromkeys(row.text("symbol") for row in order_rows)
    debts: Mapping[str, Decimal]
    unwatched: tuple[str, ...] = ()
    balances, debts = read_balances(asset_rows, found, at)
    if modes.multi_asset:
        pool = multiassets.read_pool(account_row, asset_rows, asset_index, found, at)
        found, balances, debts, unwatched = pool.positions, (pool.balance,), pool.debts, pool.unwatched
    return AccountRead(
        modes=modes,
        positions=found,
        balances=balances,
        stops=stops,
        markets=tuple(listed(symbol, markets, "markets") for symbol in symbols),
        venue_time_ms=max(row.time_ms("updateTime") for row in (*risk_rows, *asset_rows, *order_rows)),
        unwatched=unwatched,
        debts=debts,
    )


def read_modes(config: Any) -> AccountModes:
    """How the account is set, from accountConfig."""
    row = Row.of(config, "accountConfig")
    return AccountModes(
        hedge=row.flag("dualSidePosition"),
        multi_asset=row.flag("multiAssetsMargin"),
        can_trade=row.flag("canTrade"),
    )


def read_order(order: Any, markets: Mapping[str, Market], where: str = "algoOrder") -> tuple[str, Stop]:
    """One algo order with its status word."""
    row = Row.of(order, where)
    return row.text("algoStatus"), _stop(row, markets)


def held(found: Iterable[Row]) -> set[Held]:
    """What rows of positions say is held. Raises PayloadError for a leg that is listed twice."""
    held: set[Held] = set()
    for row in found:
        symbol, amount = row.text("symbol"), row.number("positionAmt")
        row.choice("positionSide", POSITION_SIDES)
        if amount == 0:
            continue
        one = Held(symbol, row.text("positionSide"), amount)
        if any(other[:2] == one[:2] for other in held):
            raise PayloadError(row.where, f"{symbol} {one.position_side} is listed twice")
        held.add(one)
    return held


def agree(risk: set[Held], account: set[Held]) -> None:
    """Raises MomentsDifferError unless both answers hold the same."""
    if risk != account:
        names = ", ".join(sorted({held.symbol for held in risk ^ account}))
        raise MomentsDifferError("account.positions", f"the two answers are of different moments: {names} differ")


def modes_agree(held: set[Held], modes: AccountModes, path: str = "accountConfig.dualSidePosition") -> None:
    """Raises MomentsDifferError for a leg in one-way mode, or none in hedge mode."""
    for one in held:
        if (one.position_side == "BOTH") == modes.hedge:
            mode = "hedge" if modes.hedge else "one-way"
            raise MomentsDifferError(
                path,
                f"the two answers are of different moments: {mode} mode, and {one.symbol} is {one.position_side}",
            )


def nothing_required(account: Row, assets: list[Row]) -> None:
    """An account that requires maintenance holds something, whatever the list of positions says."""
    for row, field in [(account, "totalMaintMargin"), *((asset, "maintMargin") for asset in assets)]:
        nothing_in(row, field)


def nothing_in(row: Row, field: str) -> None:
    """Raises PayloadError when maintenance is required though no position is listed."""
    required = row.not_negative(field)
    if required > 0:
        raise PayloadError(row.path(field), f"no position is listed, yet maintenance of {required} is required")


def listed(symbol: str, markets: Mapping[str, Market], path: str) -> Market:
    """The market of a venue's name. Raises UnlistedError."""
    market = markets.get(symbol)
    if market is None:
        raise UnlistedError(path, f"{symbol[:40]!r} is not in the venue's listing")
    return market


def _position(row: Row, markets: Mapping[str, Market], at: float) -> Position:
    market = listed(row.text("symbol"), markets, row.path("symbol"))
    side, position_side, size = side_of(row)
    margin_asset = row.text("marginAsset")
    if margin_asset != market.margin_asset:
        raise PayloadError(row.path("marginAsset"), f"{margin_asset[:20]!r}, where {market.margin_asset} is listed")
    wallet, margin = row.number("isolatedWallet"), row.number("isolatedMargin")
    isolated, required = is_isolated(wallet, margin), required_of(row, at)
    return Position(
        symbol=market.symbol,
        side=side,
        position_side=position_side,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin_asset=margin_asset,
        size=size,
        entry=row.positive("entryPrice"),
        mark=row.positive("markPrice"),
        isolated_wallet=wallet if isolated else None,
        venue_maintenance=required,
        venue_liquidation=published_price(row, at),
        venue_ratio=isolated_ratio(required, margin, at) if isolated else NOT_GIVEN,
    )


def is_isolated(wallet: Decimal, margin: Decimal) -> bool:
    """Whether an open position is isolated, by its `isolatedWallet` and `isolatedMargin`.

    v3 has no `marginType`. A cross position carries 0 in both fields. An isolated one carries its own margin in
    `isolatedWallet`, which funding can eat down to 0 or below while profit keeps it alive, and the same plus
    unrealised profit in `isolatedMargin`, which is its equity. Both 0 would be an isolated position without equity,
    and that one has been liquidated already. So either field not 0 means isolated, and no further request
    (symbolConfig, weight 5 and of another moment) is needed.
    """
    return wallet != 0 or margin != 0


def side_of(row: Row) -> tuple[Side, PositionSide, Decimal]:
    """Side, leg and size of an open position. Raises PayloadError for an amount of the other leg's sign."""
    position_side: PositionSide = row.choice("positionSide", POSITION_SIDES)
    amount = row.number("positionAmt")
    side = Side.LONG if amount > 0 else Side.SHORT
    if position_side.value not in {PositionSide.BOTH.value, side.value}:
        raise PayloadError(row.path("positionAmt"), f"{amount} on the {position_side.value} leg")
    return side, position_side, abs(amount)


def required_of(row: Row, at: float) -> Reading:
    """The maintenance the venue requires of an open position; 0 cannot be true."""
    required = row.not_negative("maintMargin")
    if required == 0:
        return Unknown("Binance sends a maintenance margin of 0 for an open position")
    return Known(required, "money", SOURCE, at)


def isolated_ratio(required: Reading, margin: Decimal, at: float) -> Reading:
    """The venue's margin ratio of an isolated position: maintMargin / isolatedMargin, which is its equity."""
    return _ratio(required, margin, at)


def _ratio(required: Reading, equity: Decimal, at: float) -> Reading:
    """1 is liquidation; infinite where something is required and there is no equity."""
    if not isinstance(required, Known) or required.value == 0:
        return required if isinstance(required, Unknown) else Known(Decimal(0), "share", SOURCE, at)
    return Known(required.value / equity if equity > 0 else Decimal("Infinity"), "share", SOURCE, at)


def published_price(row: Row, at: float) -> Reading:
    """The venue's liquidation price; Unknown where it publishes none (`""`, `"0"`)."""
    if "liquidationPrice" not in row.raw:
        raise PayloadError(row.path("liquidationPrice"), "is missing")
    if row.raw["liquidationPrice"] == "":
        return Unknown("Binance publishes none")
    price = row.not_negative("liquidationPrice")
    if price == 0:
        return Unknown("Binance publishes none")
    return Known(price, "price", SOURCE, at)


def read_balances(
    assets: list[Row], positions: tuple[Position, ...], at: float
) -> tuple[tuple[Balance, ...], dict[str, Decimal]]:
    """A pool for each margin asset, and what is owed in those whose equity is below zero.

    The venue's ratio of each: Σ maintMargin of the asset's cross positions / (crossWalletBalance + crossUnPnl).
    """
    found: dict[str, Balance] = {}
    for row in assets:
        asset = row.text("asset")
        if asset in found:
            raise PayloadError(row.path("asset"), f"{asset} is listed twice")
        row.not_negative("maintMargin")
        wallet, unrealised = row.number("crossWalletBalance"), row.number("crossUnPnl")
        required = _pool_maintenance(asset, positions, at)
        found[asset] = Balance(
            asset=asset,
            wallet=wallet,
            venue_unrealised=unrealised,
            venue_maintenance=required,
            venue_ratio=_ratio(required, wallet + unrealised, at),
        )
    for position in positions:
        if position.margin_asset not in found:
            raise PayloadError(
                "account.assets", f"has no row of {position.margin_asset}, which {position.symbol} needs"
            )
    debts = {one.asset: -owed for one in found.values() if (owed := _equity(one)) < 0}
    return tuple(found.values()), debts


def _equity(balance: Balance) -> Decimal:
    assert isinstance(balance.wallet, Decimal)  # noqa: S101  (made above, of a number)
    return balance.wallet + balance.venue_unrealised


def _pool_maintenance(asset: str, positions: tuple[Position, ...], at: float) -> Reading:
    """The sum over the asset's cross positions; `assets[].maintMargin` also counts the isolated ones."""
    total = Decimal(0)
    for position in positions:
        if position.margin_asset != asset or position.margin_mode is MarginMode.ISOLATED:
            continue
        if not isinstance(position.venue_maintenance, Known):
            return Unknown(f"the maintenance margin of {position.symbol} is unknown")
        total += position.venue_maintenance.value
    return Known(total, "money", SOURCE, at)


def resting(row: Row, markets: Mapping[str, Market]) -> Stop | None:
    """The order, if it rests; every field is read all the same."""
    stop = _stop(row, markets)
    return stop if row.text("algoStatus") == RESTING else None


def _stop(row: Row, markets: Mapping[str, Market]) -> Stop:
    market = listed(row.text("symbol"), markets, row.path("symbol"))
    conditional = row.text("algoType") == "CONDITIONAL"
    word = row.text("orderType")
    kind = _KINDS.get(word, StopKind.UNKNOWN) if conditional else StopKind.UNKNOWN
    closes = row.flag("closePosition")
    return Stop(
        symbol=market.symbol,
        order_side=row.choice("side", ORDER_SIDES),
        position_side=row.choice("positionSide", POSITION_SIDES),
        kind=kind,
        trigger=_TRIGGERS.get(row.text("workingType"), TriggerKind.UNKNOWN),
        # A trailing stop that is not yet active has no trigger price; a stop without one would be no stop.
        trigger_price=row.positive("triggerPrice") if kind in _STOPS else row.not_negative("triggerPrice"),
        size=None if closes else row.positive("quantity"),
        close_position=closes,
        reduce_only=row.flag("reduceOnly"),
        client_id=row.text("clientAlgoId"),
        venue_id=str(int(row.positive("algoId"))),
    )
