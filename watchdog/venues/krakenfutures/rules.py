"""Kraken Futures, pure: raw answers in, an account out.

Field meanings: Kraken's API pages (Get wallets, Get open positions, Get open orders, Get tickers, Get instruments),
its Futures Trading Glossary (margin equity = collateral value + unrealised as margin) and Margining & Liquidations:
liquidation begins when margin equity (single-collateral: portfolio value) falls to the maintenance margin, which is a
share of the value at entry, so that no price moves it. Longs and shorts of one coin in one wallet are netted: the
larger counts. What a whole wallet requires is therefore taken from Kraken itself; the levels only share it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from watchdog.domain.market import Tier
from watchdog.domain.position import (
    AccountModes,
    AccountRead,
    Balance,
    Contract,
    MarginMode,
    Position,
    PositionSide,
    Side,
    Stop,
    Terms,
)
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row
from watchdog.venues.krakenfutures.listing import FLEX, Listed, by_symbol, code, find, is_read, read_listed, read_time
from watchdog.venues.krakenfutures.stops import read_stop

SOURCE = "kraken"
ANSWERS = ("accounts", "openpositions", "openorders", "tickers")
_TYPES = {"cashAccount": "cash", "marginAccount": "single", "multiCollateralMarginAccount": "multi"}
_SIDES = {"long": Side.LONG, "short": Side.SHORT}
_STILL = frozenset({"USD", "USDT", "USDC", "EUR", "GBP", "CHF", "AUD", "CAD", "JPY", "PYUSD", "USDG", "USDQ", "EURQ"})
"""Collateral that does not fall with the market: currencies, and coins that stand for one."""
_INFINITE = Decimal("Infinity")
_ZERO = Decimal(0)
_NO_PRICE = Unknown("Kraken publishes none over REST for the multi-collateral wallet")
_NO_SHARE = Unknown("Kraken publishes none for one position over REST")
_ISOLATED = "Kraken's REST answer does not part isolated positions from the multi-collateral wallet"


class _Held(NamedTuple):
    position: Position
    listed: Listed
    row: Row

    @property
    def required(self) -> Decimal:
        """What its level requires, before netting."""
        return self.listed.margins(self.position.size, self.position.entry)[1]


class _Wallet(NamedTuple):
    """One margin account, as Kraken reckons it. Money in `money`."""

    name: str
    row: Row
    money: str
    equity: Decimal
    required: Decimal
    gained: Decimal
    collateral: Mapping[str, Decimal]
    estimate: Decimal
    """The price at which maintenance is reached; 0 for none."""


def read(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """An account of the answers of `instruments` and ANSWERS. `at`: the monotonic time the readings carry.

    Raises PayloadError naming the field, MomentsDifferError, UnlistedError.
    """
    listing = by_symbol(payloads.get("instruments"))
    answers = {name: _answer(payloads, name) for name in ANSWERS}
    accounts = _accounts(answers["accounts"])
    wallets = {name: wallet for name, row in accounts.items() if (wallet := _wallet(name, row)) is not None}
    marks = {row.text("symbol").upper(): row for row in answers["tickers"].rows("tickers")}
    held, other = _positions(answers["openpositions"], listing, marks)
    unread = {f"{name} (a contract of a type that is not read)" for name in other}
    for one in held:
        if one.listed.wallet not in wallets:
            raise PayloadError("accounts.accounts", f"has no {one.listed.wallet}, which {one.position.symbol} needs")
    by_wallet = {name: [one for one in held if one.listed.wallet == name] for name in wallets}
    for name, wallet in wallets.items():
        _second_look(wallet, by_wallet[name], others=bool(other))
    stops, ordered = _stops(answers["openorders"], listing)
    return AccountRead(
        modes=AccountModes(hedge=False, multi_asset=False, can_trade=True),
        positions=tuple(_with_venue(one, wallets[one.listed.wallet], by_wallet, at) for one in held),
        balances=tuple(
            _balance(wallet, by_wallet[name], other, at)
            for name, wallet in wallets.items()
            if by_wallet[name] or name == FLEX
        ),
        stops=stops,
        markets=tuple({one.market.symbol: one.market for one in (*(each.listed for each in held), *ordered)}.values()),
        venue_time_ms=max(int(read_time(row, "serverTime").timestamp() * 1000) for row in answers.values()),
        unwatched=(*_cash(accounts), *sorted(unread)),
        debts=_debts(accounts),
    )


def _answer(payloads: Mapping[str, Any], name: str) -> Row:
    row = Row.of(payloads.get(name), name)
    row.choice("result", {"success": True})
    return row


def _accounts(answer: Row) -> dict[str, Row]:
    accounts = Row.of(answer.raw.get("accounts"), answer.path("accounts"))
    return {name: Row.of(value, accounts.path(name)) for name, value in accounts.raw.items()}


def _wallet(name: str, row: Row) -> _Wallet | None:
    """A wallet that margins positions; None for cash."""
    kind = row.choice("type", _TYPES)
    if kind == "multi":
        return _Wallet(
            name,
            row,
            "USD",
            row.number("marginEquity"),
            row.not_negative("maintenanceMargin"),
            row.number("pnl"),
            {
                code(one): found
                for one, amounts in _currencies(row)
                if code(one) not in _STILL and (found := amounts.number("collateral"))
            },
            _ZERO,
        )
    if kind == "cash":
        return None
    auxiliary = Row.of(row.raw.get("auxiliary"), row.path("auxiliary"))
    required = Row.of(row.raw.get("marginRequirements"), row.path("marginRequirements"))
    estimates = Row.of(row.raw.get("triggerEstimates"), row.path("triggerEstimates"))
    return _Wallet(
        name,
        row,
        code(row.text("currency")),
        auxiliary.number("pv"),
        required.not_negative("mm"),
        auxiliary.number("pnl"),
        {},
        estimates.not_negative("mm"),
    )


def _currencies(row: Row) -> list[tuple[str, Row]]:
    """The currencies of the multi-collateral wallet of which there is any; an empty object when there is none."""
    value = row.raw.get("currencies")
    if value == {} and row.number("balanceValue") == 0:
        return []
    currencies = Row.of(value, row.path("currencies"))
    found = ((name, Row.of(one, currencies.path(name))) for name, one in currencies.raw.items())
    return [(name, one) for name, one in found if one.number("quantity") != 0]


def _positions(answer: Row, listing: Mapping[str, Row], marks: Mapping[str, Row]) -> tuple[list[_Held], list[str]]:
    """The positions that are read, and the names of the others."""
    held: list[_Held] = []
    other: list[str] = []
    for row in answer.rows("openPositions"):
        contract = find(listing, row)
        if is_read(contract):
            held.append(_position(row, read_listed(contract), marks))
        else:
            other.append(row.text("symbol"))
    symbols = [one.position.symbol for one in held]
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise PayloadError("openpositions.openPositions", f"{symbol} is listed twice")
    return held, other


def _position(row: Row, listed: Listed, marks: Mapping[str, Row]) -> _Held:
    market = listed.market
    ticker = marks.get(market.venue_id)
    if ticker is None:
        raise PayloadError("tickers.tickers", f"has no row of {market.venue_id}")
    size, entry = row.positive("size") * listed.unit, row.positive("price")
    isolated = row.raw.get("maxFixedLeverage") is not None
    if isolated:
        row.positive("maxFixedLeverage")
    level = listed.level(size, entry)
    position = Position(
        symbol=market.symbol,
        side=row.choice("side", _SIDES),
        position_side=PositionSide.BOTH,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin_asset=market.margin_asset,
        size=size,
        entry=entry,
        mark=ticker.positive("markPrice"),
        isolated_wallet=None,  # not in any REST answer
        venue_maintenance=_NO_SHARE,
        venue_liquidation=_NO_PRICE,
        terms=Terms(
            contract=Contract.INVERSE if listed.inverse else Contract.LINEAR,
            at_entry=True,
            tiers=(Tier(_ZERO, None, level.maintenance, _ZERO),) if listed.inverse else None,
        ),
        shared=listed.wallet,
    )
    return _Held(position, listed, row)


def _with_venue(one: _Held, wallet: _Wallet, by_wallet: Mapping[str, list[_Held]], at: float) -> Position:
    """The position with what its wallet says of it, which is all of one that is alone there."""
    position = one.position
    if len(by_wallet[wallet.name]) > 1 or position.margin_mode is MarginMode.ISOLATED:
        return position
    liquidation: Reading = position.venue_liquidation
    if one.listed.inverse:
        estimate = wallet.estimate
        liquidation = Known(estimate, "price", SOURCE, at) if estimate else Unknown("Kraken sends an estimate of 0")
    required = Known(wallet.required, "money", SOURCE, at)
    return replace(position, venue_maintenance=required, venue_liquidation=liquidation)


def _second_look(wallet: _Wallet, held: list[_Held], *, others: bool) -> None:
    """The wallet's own requirement against the list of positions. Raises PayloadError, MomentsDifferError."""
    if wallet.required > 0 and not held and not (others and wallet.name == FLEX):
        raise PayloadError(
            wallet.row.path("maintenanceMargin" if wallet.name == FLEX else "marginRequirements.mm"),
            f"no position is listed, yet maintenance of {wallet.required} is required",
        )
    crossed = any(one.position.margin_mode is MarginMode.CROSS for one in held)
    if crossed and wallet.required == 0:
        names = ", ".join(one.position.symbol for one in held)
        raise MomentsDifferError(
            wallet.row.where, f"the answers are of different moments: {names} is held, and nothing is required"
        )


def _balance(wallet: _Wallet, held: Iterable[_Held], other: list[str], at: float) -> Balance:
    held = list(held)
    reason = ""
    if wallet.name == FLEX and other:
        reason = f"the multi-collateral wallet also margins {', '.join(sorted(other))}, which is not reckoned"
    elif any(one.position.margin_mode is MarginMode.ISOLATED for one in held):
        reason = _ISOLATED
    if reason:
        unknown = Unknown(reason)
        return Balance(wallet.name, unknown, wallet.gained, unknown, money=wallet.money, venue_ratio=unknown)
    for one in held:
        if one.position.margin_asset != wallet.money:
            raise PayloadError(
                wallet.row.path("currency"), f"{wallet.money}, where {one.position.symbol} is margined in another coin"
            )
    return Balance(
        asset=wallet.name,
        wallet=wallet.equity - wallet.gained,
        venue_unrealised=wallet.gained,
        venue_maintenance=Known(wallet.required, "money", SOURCE, at),
        money=wallet.money,
        venue_ratio=_ratio(wallet, at),
        others=wallet.required - sum((one.required for one in held), _ZERO),
        collateral=wallet.collateral,
    )


def _ratio(wallet: _Wallet, at: float) -> Reading:
    if wallet.required == 0:
        return Unknown("Kraken requires nothing of this wallet")
    return Known(wallet.required / wallet.equity if wallet.equity > 0 else _INFINITE, "share", SOURCE, at)


def _stops(answer: Row, listing: Mapping[str, Row]) -> tuple[tuple[Stop, ...], list[Listed]]:
    stops, ordered = [], []
    for row in answer.rows("openOrders"):
        contract = find(listing, row)
        if not is_read(contract):
            continue
        listed = read_listed(contract)
        stop = read_stop(row, listed)
        if stop is not None:
            stops.append(stop)
            ordered.append(listed)
    return tuple(stops), ordered


def _cash(accounts: Mapping[str, Row]) -> list[str]:
    """What lies in the wallet that margins nothing."""
    found = []
    for row in accounts.values():
        if row.choice("type", _TYPES) == "cash":
            balances = row.raw.get("balances")
            held = Row.of(balances, row.path("balances")) if balances != {} else None
            coins = [code(coin) for coin in held.raw if held.number(coin) > 0] if held else []
            if coins:
                found.append(f"holding wallet: {', '.join(sorted(coins))}")
    return found


def _debts(accounts: Mapping[str, Row]) -> dict[str, Decimal]:
    """Negative balances of the multi-collateral wallet, by coin."""
    debts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in accounts.values():
        if row.choice("type", _TYPES) == "multi":
            for name, amounts in _currencies(row):
                quantity = amounts.number("quantity")
                if quantity < 0:
                    debts[code(name)] -= quantity
    return dict(debts)
