"""Deribit, pure: raw answers in, an account out.

Field meanings: Deribit's API pages (private/get_positions, get_account_summaries, get_open_orders). Liquidation
begins when the maintenance margin reaches the margin balance, of a currency, or of all currencies under cross
collateral in USD. Profit is settled every day: what a margin balance holds beside the profit since entry, cash and
earlier settlements, is the pool's wallet here. `size` is in USD for inverse contracts, in coins for linear ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from watchdog.venues.deribit.listing import Listed, by_name, currency_of, is_future, read_listed, result_rows
from watchdog.venues.deribit.margin import MAINTENANCE, disagrees, inverse_tiers, linear_tiers, required
from watchdog.venues.deribit.stops import read_stop
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, UnlistedError

SOURCE = "deribit"
ANSWERS = ("get_positions", "get_account_summaries", "get_open_orders")
CROSS = "cross"
"""The name of the pool of all currencies under cross collateral."""
_MODELS = {
    "segregated_sm": (False, False),
    "segregated_pm": (False, True),
    "cross_sm": (True, False),
    "cross_pm": (True, True),
}
"""Margin models: whether collateral is shared, and whether it is portfolio margin."""
_KINDS = {"future": True, "option": False, "spot": False, "future_combo": False, "option_combo": False}
_DIRECTIONS = {"buy": Side.LONG, "sell": Side.SHORT}
_STILL = frozenset({"USD", "USDC", "USDT", "USDE", "BUIDL", "USYC", "EURR"})
"""Collateral that does not fall with the market."""
_CLOSE = Decimal("0.01")
"""Share by which a size in two units may differ: the venue rounds both."""
_WORTH = Decimal("0.001")
"""Share of a balance that counts as nothing, for haircuts and leftovers."""
_INFINITE, _ZERO, _ONE = Decimal("Infinity"), Decimal(0), Decimal(1)
_PORTFOLIO = "portfolio margin: Deribit requires for the positions together, by scenarios"


class _Summary(NamedTuple):
    """One currency of the account."""

    row: Row
    currency: str
    cross: bool
    portfolio: bool
    margin_balance: Decimal
    required: Decimal
    equity: Decimal
    balance: Decimal

    @property
    def pool(self) -> str:
        return CROSS if self.cross else self.currency


class _Total(NamedTuple):
    """What cross collateral adds up to, in USD."""

    required: Decimal
    margin_balance: Decimal
    equity: Decimal


class _Held(NamedTuple):
    position: Position
    listed: Listed
    required: Decimal
    total_profit: Decimal

    @property
    def rate(self) -> Decimal:
        """Money of its pool for one of its margin asset."""
        terms = self.position.terms
        cross = self.position.shared == CROSS
        return self.position.mark if self.position.inverse and cross else terms.rate


def read(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """An account of the answers of `get_instruments` and ANSWERS. `at`: the monotonic time the readings carry.

    Raises PayloadError naming the field, MomentsDifferError, UnlistedError.
    """
    listing = by_name(payloads.get("get_instruments"))
    answers = {name: Row.of(payloads.get(name), name) for name in ANSWERS}
    summaries = _summaries(answers["get_account_summaries"])
    total = _total(summaries.values())
    held, other = _positions(answers["get_positions"], listing, summaries, total, at)
    stops, ordered, concerned = _stops(answers["get_open_orders"], listing)
    for pool in {one.pool for one in summaries.values()}:
        _second_look(pool, summaries, total, held, {*concerned, *map(currency_of, other)})
    pools = dict.fromkeys(one.position.shared for one in held)
    markets = {one.market.symbol: one.market for one in (*(each.listed for each in held), *ordered)}
    return AccountRead(
        modes=AccountModes(
            hedge=False,
            multi_asset=False,
            can_trade=True,
            words=", ".join(sorted({one.row.text("margin_model") for one in summaries.values()})),
        ),
        positions=tuple(one.position for one in held),
        balances=tuple(_balance(pool, summaries, total, held, other, at) for pool in pools),
        stops=stops,
        markets=tuple(markets.values()),
        venue_time_ms=max(int(row.not_negative("usOut") / 1000) for row in answers.values()),
        unwatched=tuple(sorted(f"{name} (an option or another product)" for name in other)),
        debts={one.currency: -one.balance for one in summaries.values() if one.balance < 0},
    )


def _summaries(answer: Row) -> dict[str, _Summary]:
    result = Row.of(answer.raw.get("result"), answer.path("result"))
    found: dict[str, _Summary] = {}
    for row in result.rows("summaries"):
        cross, portfolio = row.choice("margin_model", _MODELS)
        if row.flag("cross_collateral_enabled") != cross:
            raise PayloadError(row.path("cross_collateral_enabled"), "does not agree with margin_model")
        one = _Summary(
            row,
            row.text("currency"),
            cross,
            portfolio,
            row.number("margin_balance"),
            row.not_negative("maintenance_margin"),
            row.number("equity"),
            row.number("balance"),
        )
        if one.currency in found:
            raise PayloadError(row.path("currency"), f"{one.currency} is listed twice")
        found[one.currency] = one
    if not found:
        raise PayloadError(result.path("summaries"), "is an empty list; Deribit always lists the currencies")
    return found


def _total(summaries: Any) -> _Total | None:
    """The figures all currencies of the shared pool carry alike; None when there is no such pool."""
    totals = {
        _Total(
            one.row.not_negative("total_maintenance_margin_usd"),
            one.row.number("total_margin_balance_usd"),
            one.row.number("total_equity_usd"),
        )
        for one in summaries
        if one.cross
    }
    if len(totals) > 1:
        raise PayloadError("get_account_summaries.result.summaries", "the currencies carry different totals in USD")
    return totals.pop() if totals else None


def _index(summary: _Summary, total: _Total | None) -> Decimal:
    """USD for one of a currency of the shared pool, by its balance in both. Raises PayloadError when that says none."""
    if total is None or summary.margin_balance == 0 or total.margin_balance / summary.margin_balance <= 0:
        raise PayloadError(summary.row.path("margin_balance"), "does not say what one of it is worth in USD")
    return total.margin_balance / summary.margin_balance


def _positions(
    answer: Row, listing: Mapping[str, Row], summaries: Mapping[str, _Summary], total: _Total | None, at: float
) -> tuple[list[_Held], list[str]]:
    """The futures that are held, and the names of what else is."""
    held: list[_Held] = []
    other: list[str] = []
    for row in result_rows(answer, "get_positions"):
        name = row.text("instrument_name")
        if row.number("size") == 0:
            row.nothing_else("size_currency", "maintenance_margin", "delta")
            continue
        if not row.choice("kind", _KINDS):
            other.append(name)
            continue
        if name not in listing:
            raise UnlistedError(row.path("instrument_name"), f"{name[:40]!r} is not in the venue's listing")
        listed = read_listed(listing[name])
        summary = summaries.get(listed.market.margin_asset)
        if summary is None:
            raise PayloadError("get_account_summaries.result.summaries", f"has no row of {listed.market.margin_asset}")
        held.append(_position(row, listed, summary, total, at))
    names = [one.listed.market.venue_id for one in held]
    for name in names:
        if names.count(name) > 1:
            raise PayloadError("get_positions.result", f"{name} is listed twice")
    return held, other


def _position(row: Row, listed: Listed, summary: _Summary, total: _Total | None, at: float) -> _Held:
    signed, side, mark = row.number("size"), row.choice("direction", _DIRECTIONS), row.positive("mark_price")
    if signed < 0 and side is Side.LONG:
        raise PayloadError(row.path("direction"), f"buy, with a size of {signed}")
    size, market = abs(signed), listed.market
    coins = size / mark if listed.inverse else size
    if abs(abs(row.number("size_currency")) - coins) > _CLOSE * coins:
        raise PayloadError(
            row.path("size_currency"),
            f"{row.number('size_currency')} coins are not {size} {'USD' if listed.inverse else market.base} at {mark}",
        )
    maintenance = row.not_negative("maintenance_margin") if summary.portfolio else row.positive("maintenance_margin")
    tiers, unreckoned = _tiers(listed, summary, maintenance, coins, mark)
    position = Position(
        symbol=market.symbol,
        side=side,
        position_side=PositionSide.BOTH,
        margin_mode=MarginMode.CROSS,
        margin_asset=market.margin_asset,
        size=size,
        entry=row.positive("average_price"),
        mark=mark,
        isolated_wallet=None,
        venue_maintenance=Known(maintenance, "money", SOURCE, at),
        venue_liquidation=_liquidation(row, at),
        terms=Terms(
            contract=Contract.INVERSE if listed.inverse else Contract.LINEAR,
            rate=_index(summary, total) if summary.cross and not listed.inverse else _ONE,
            tiers=tiers,
            unreckoned=unreckoned,
        ),
        shared=summary.pool,
    )
    return _Held(position, listed, maintenance, row.number("total_profit_loss"))


def _tiers(
    listed: Listed, summary: _Summary, maintenance: Decimal, coins: Decimal, mark: Decimal
) -> tuple[tuple[Tier, ...] | None, str]:
    """The position's own table, or why there is none."""
    if summary.portfolio:
        return None, _PORTFOLIO
    if not listed.inverse:
        tiers = linear_tiers(maintenance, coins * mark)
        return (tiers, "") if tiers[0].rate < 1 else (None, f"Deribit requires {maintenance}, more than it is worth")
    base = listed.market.base
    rate = MAINTENANCE.get(base)
    if rate is None:
        return None, f"Deribit's margin rate of {base} is not known here, and it sends none"
    if disagrees(maintenance, ours := required(coins, rate)):
        return None, f"Deribit requires {maintenance}, where its rule of {base} gives {ours:.10f}"
    return inverse_tiers(coins, rate), ""


def _liquidation(row: Row, at: float) -> Reading:
    if "estimated_liquidation_price" not in row.raw:
        raise PayloadError(row.path("estimated_liquidation_price"), "is missing")
    if row.raw["estimated_liquidation_price"] is None:
        return Unknown("Deribit estimates none")
    price = row.not_negative("estimated_liquidation_price")
    return Known(price, "price", SOURCE, at) if price else Unknown("Deribit estimates none")


def _second_look(
    pool: str,
    summaries: Mapping[str, _Summary],
    total: _Total | None,
    held: Sequence[_Held],
    concerned: set[str],
) -> None:
    """The account's own requirement against the list of positions. `concerned`: currencies of orders and options."""
    members = [one for one in summaries.values() if one.pool == pool]
    asked = total.required if pool == CROSS and total is not None else members[0].required
    inside = [one for one in held if one.position.shared == pool]
    if asked > 0 and not inside and not concerned.intersection(one.currency for one in members):
        raise PayloadError(
            members[0].row.path("maintenance_margin"), f"no position is listed, yet maintenance of {asked} is required"
        )
    if asked == 0 and inside and not members[0].portfolio:
        raise MomentsDifferError(
            members[0].row.path("maintenance_margin"),
            f"the answers are of different moments: {inside[0].position.symbol} is held, and nothing is required",
        )


def _balance(
    pool: str,
    summaries: Mapping[str, _Summary],
    total: _Total | None,
    held: Sequence[_Held],
    other: Sequence[str],
    at: float,
) -> Balance:
    inside = [one for one in held if one.position.shared == pool]
    members = {one.currency: one for one in summaries.values() if one.pool == pool}
    sums = total if pool == CROSS and total is not None else _own(members[pool])
    money = "USD" if pool == CROSS else pool
    gained = sum((one.total_profit * one.rate for one in inside), _ZERO)
    profit = sum((one.position.profit(one.position.mark) * one.rate for one in inside), _ZERO)
    wallet: Decimal | Unknown = sums.margin_balance - profit
    collateral: Mapping[str, Decimal] = {}
    others = sorted(name for name in other if currency_of(name) in members)
    if others:
        wallet = Unknown(f"the pool also margins {', '.join(others)}, which is not reckoned")
    elif pool == CROSS:
        found = _coins(members, sums, inside)
        if isinstance(found, Unknown):
            wallet = found
        else:
            collateral = found
    return Balance(
        asset=pool,
        wallet=wallet,
        venue_unrealised=gained,
        venue_maintenance=Known(sums.required, "money", SOURCE, at),
        money=money,
        venue_ratio=_ratio(sums, at),
        others=max(_ZERO, sums.required - sum((one.required * one.rate for one in inside), _ZERO)),
        collateral=collateral,
        more=bool(others),
    )


def _own(summary: _Summary) -> _Total:
    return _Total(summary.required, summary.margin_balance, summary.equity)


def _coins(members: Mapping[str, _Summary], total: _Total, inside: Sequence[_Held]) -> Mapping[str, Decimal] | Unknown:
    """What the shared pool holds in coins beside the profit of its positions, in USD; Unknown under a haircut."""
    worth: dict[str, Decimal] = {}
    for currency, one in members.items():
        profit = sum(
            (
                each.position.profit(each.position.mark)
                for each in inside
                if each.position.inverse and each.position.margin_asset == currency
            ),
            _ZERO,
        )
        coins = one.equity - profit
        if currency not in _STILL and coins:
            worth[currency] = coins * _index(one, total)
    least = _WORTH * abs(total.equity)
    if abs(total.equity - total.margin_balance) > least and any(abs(value) > least for value in worth.values()):
        return Unknown(
            f"Deribit takes a haircut off the coins behind it ({', '.join(sorted(worth))}) and does not say which"
        )
    return worth


def _ratio(sums: _Total, at: float) -> Reading:
    if sums.required == 0:
        return Unknown("Deribit requires nothing of this pool")
    return Known(sums.required / sums.margin_balance if sums.margin_balance > 0 else _INFINITE, "share", SOURCE, at)


def _stops(answer: Row, listing: Mapping[str, Row]) -> tuple[tuple[Stop, ...], list[Listed], set[str]]:
    """The stops that rest on futures, their contracts, and the currencies in which any order is open."""
    stops, ordered, concerned = [], [], set()
    for row in result_rows(answer, "get_open_orders"):
        name = row.text("instrument_name")
        concerned.add(currency_of(name))
        if not is_future(name):
            continue
        if name not in listing:
            raise UnlistedError(row.path("instrument_name"), f"{name[:40]!r} is not in the venue's listing")
        listed = read_listed(listing[name])
        stop = read_stop(row, listed)
        if stop is not None:
            stops.append(stop)
            ordered.append(listed)
    return tuple(stops), ordered, concerned
