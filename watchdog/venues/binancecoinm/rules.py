"""Binance COIN-M, pure: raw payloads in, domain values out.

The field meanings are those of Binance's API pages (developers.binance.com, COIN-M Futures: Position Information,
Account Information, Get Current Position Mode, Current All Algo Open Orders). Whatever a payload does not say, or says
impossibly, raises PayloadError naming the field: a read is whole or it is no read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from watchdog.domain.market import Market
from watchdog.domain.position import (
    NOT_GIVEN,
    AccountModes,
    AccountRead,
    Contract,
    MarginMode,
    Position,
    Stop,
    Terms,
)
from watchdog.venues.binancecoinm.listing import Listed, Listing
from watchdog.venues.binanceusdm import rules as usdm
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, UnlistedError, rows

INVERSE: Final = Terms(contract=Contract.INVERSE)
_MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


def read_account(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read from the answers, by the names that `wire.LISTING` and `wire.ACCOUNT` give them.

    `at` is the monotonic time the readings carry. Raises PayloadError naming the field, MomentsDifferError when the
    answers do not belong together, UnlistedError for a symbol that the listing does not hold.
    """
    listing = Listing(_part(payloads, "exchangeInfo"), _part(payloads, "leverageBracket"))
    risk_rows = rows(_part(payloads, "positionRisk"), "positionRisk")
    account = Row.of(_part(payloads, "account"), "account")
    assets, account_rows = account.rows("assets"), account.rows("positions")
    if not assets:
        raise PayloadError("account.assets", "is an empty list; Binance always lists the margin assets")
    mode = Row.of(_part(payloads, "positionSide"), "positionSide")
    order_rows = rows(_part(payloads, "openAlgoOrders"), "openAlgoOrders")
    modes = AccountModes(mode.flag("dualSidePosition"), multi_asset=False, can_trade=account.flag("canTrade"))

    held = usdm.held(risk_rows)
    required = _required(held, account_rows)
    usdm.modes_agree(held, modes, "positionSide.dualSidePosition")
    if not held:
        for asset in assets:
            usdm.nothing_in(asset, "maintMargin")
    open_rows = [row for row in risk_rows if row.number("positionAmt") != 0]
    found = tuple(_position(row, required, listing, at) for row in open_rows)
    balances, debts = usdm.read_balances(assets, found, at)
    listed = _Markets(listing)
    symbols = dict.fromkeys(row.text("symbol") for row in (*open_rows, *order_rows))
    return AccountRead(
        modes=modes,
        positions=found,
        balances=balances,
        stops=tuple(
            _in_face_value(stop, _listed(row, listing))
            for row in order_rows
            if (stop := usdm.resting(row, listed)) is not None
        ),
        markets=tuple(listed[symbol] for symbol in symbols),
        venue_time_ms=max(row.time_ms("updateTime") for row in (account, *risk_rows, *order_rows)),
        debts=debts,
    )


def _part(payloads: Mapping[str, Any], name: str) -> Any:
    if name not in payloads:
        raise PayloadError(name, "is missing")
    return payloads[name]


class _Markets(Mapping[str, Market]):
    """The listing as the rules of USD-M look at one."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def __getitem__(self, venue_id: str) -> Market:
        return self._listing[venue_id].market

    def __iter__(self) -> Any:
        return iter(self._listing)

    def __len__(self) -> int:
        return len(self._listing)


def _required(held: set[usdm.Held], account_rows: list[Row]) -> dict[tuple[str, str], Row]:
    """Of what is held the rows that carry its maintenance. Raises MomentsDifferError when the answers disagree.

    Older answers of the account have no `positionAmt`: there a position is what requires maintenance.
    """
    found: dict[tuple[str, str], Row] = {}
    account: set[usdm.Held] = set()
    known = {(one.symbol, one.position_side): one for one in held}
    for row in account_rows:
        symbol, leg = row.text("symbol"), row.text("positionSide")
        required, here = row.not_negative("maintMargin"), known.get((symbol, leg))
        if row.raw.get("positionAmt") is not None:
            amount = row.number("positionAmt")
        else:
            amount = required if here is None else here.amount
        if amount == 0 and required == 0:
            continue
        if (symbol, leg) in found:
            raise PayloadError(row.path("symbol"), f"{symbol} {leg} is listed twice")
        found[symbol, leg] = row
        account.add(usdm.Held(symbol, leg, amount))
    if held != account:
        names = ", ".join(sorted({one.symbol for one in held ^ account}))
        raise MomentsDifferError("account.positions", f"the two answers are of different moments: {names} differ")
    return found


def _listed(row: Row, listing: Listing) -> Listed:
    symbol = row.text("symbol")
    if symbol not in listing:
        raise UnlistedError(row.path("symbol"), f"{symbol[:40]!r} is not in the venue's listing")
    return listing[symbol]


def _position(row: Row, required: Mapping[tuple[str, str], Row], listing: Listing, at: float) -> Position:
    listed = _listed(row, listing)
    side, position_side, contracts = usdm.side_of(row)
    mode: MarginMode = row.choice("marginType", _MODES)
    wallet, margin = row.number("isolatedWallet"), row.number("isolatedMargin")
    if mode is MarginMode.CROSS and usdm.is_isolated(wallet, margin):
        raise PayloadError(row.path("isolatedWallet"), f"{wallet} and isolatedMargin {margin} of a cross position")
    if mode is MarginMode.ISOLATED and not usdm.is_isolated(wallet, margin):
        raise PayloadError(row.path("isolatedWallet"), "0, and isolatedMargin 0, of an isolated position")
    needs = usdm.required_of(required[row.text("symbol"), row.text("positionSide")], at)
    return Position(
        symbol=listed.market.symbol,
        side=side,
        position_side=position_side,
        margin_mode=mode,
        margin_asset=listed.market.margin_asset,
        size=contracts * listed.contract,
        entry=row.positive("entryPrice"),
        mark=row.positive("markPrice"),
        isolated_wallet=wallet if mode is MarginMode.ISOLATED else None,
        venue_maintenance=needs,
        venue_liquidation=usdm.published_price(row, at),
        terms=INVERSE,
        venue_ratio=usdm.isolated_ratio(needs, margin, at) if mode is MarginMode.ISOLATED else NOT_GIVEN,
    )


def _in_face_value(stop: Stop, listed: Listed) -> Stop:
    """A stop with its size in USD instead of contracts."""
    return stop if stop.size is None else replace(stop, size=stop.size * listed.contract)
