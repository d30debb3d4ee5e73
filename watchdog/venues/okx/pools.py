"""OKX, pure: what stands behind cross positions, a currency alone or the whole account, and what it owes.

Sources: OKX API v5 docs, Get balance; OKX help "Futures mode: cross margin trading" and "Multi-currency margin mode:
cross margin trading". In futures mode every currency is a pool of its own; in multi-currency margin the account is
one, in USD, each coin at its haircut (`disEq`), all together `adjEq`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from watchdog.domain.position import Balance, MarginMode, Position
from watchdog.domain.reading import Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row
from watchdog.venues.okx.figures import figure, money, turned
from watchdog.venues.okx.listing import given

ACCOUNT: Final = "account"
"""The name of the one pool of an account in multi-currency or portfolio margin."""
USD: Final = "USD"
SPOT, FUTURES, MULTI, PORTFOLIO = "1", "2", "3", "4"
_STILL: Final = frozenset(
    {"USD", "USDT", "USDC", "USDG", "USDE", "USDP", "DAI", "TUSD", "FDUSD", "PYUSD", "RLUSD"}
    | {"EUR", "EURC", "GBP", "AED", "BRL", "AUD", "SGD", "TRY"}
)
"""Currencies whose price does not move with the coins'."""
_ZERO: Final = Decimal(0)
_SAME: Final = Decimal("1.1")
"""How much more an account may require than its positions, with no order in it: the marks of two answers differ."""


class Held(NamedTuple):
    """A position, and what else its row says."""

    position: Position
    row: Row
    notional: Decimal
    """In its margin asset, at its mark."""
    required: Decimal | None
    """`mmr`, without the liquidation fee."""
    ratio: Decimal | None
    """`mgnRatio` as sent: of its pool, or its own in isolated mode."""
    upl: Decimal

    @property
    def crosses(self) -> bool:
        """Whether it shares a pool."""
        return self.position.margin_mode is MarginMode.CROSS

    @property
    def profit(self) -> Decimal:
        """At its mark, by its entry."""
        return self.position.profit(self.position.mark)

    @property
    def rate(self) -> Decimal:
        """Money of the pool for one unit of its margin asset, in the account's pool."""
        return self.position.mark if self.position.inverse else self.position.terms.rate

    def needs(self) -> Decimal | None:
        """What OKX requires of it, the liquidation fee in it; None where that is not known."""
        return None if not self.required else self.required + self.position.terms.fee * self.notional


class Account(NamedTuple):
    """The balance answer, and what decides how it is read."""

    level: str
    own_numbers: str
    """Why nothing of a pool can be reckoned; empty when it can."""
    row: Row
    details: Sequence[Row]
    foreign: Sequence[Row]
    """Open rows that are no contracts: margin trades, options."""
    at: float


def balances(account: Account, held: Sequence[Held]) -> tuple[Balance, ...]:
    """The pools that stand behind cross positions. Raises PayloadError, MomentsDifferError."""
    crosses = [one for one in held if one.crosses]
    if not crosses:
        return ()
    if account.level != FUTURES:
        return (_whole(account, crosses),)
    currencies = dict.fromkeys(one.position.margin_asset for one in crosses)
    return tuple(
        _currency(account, currency, [one for one in crosses if one.position.margin_asset == currency])
        for currency in currencies
    )


def _currency(account: Account, currency: str, members: Sequence[Held]) -> Balance:
    """The pool of a currency in futures mode.

    What stands behind it is known twice: the cash balance, and what OKX's own ratio says when it is multiplied by what
    it is a ratio of. The second is less by what resting orders, options and isolated orders hold back. The smaller
    of the two is taken.
    """
    detail = next((row for row in account.details if row.text("ccy") == currency), None)
    if detail is None:
        raise MomentsDifferError("balance.details", f"has no row of {currency}, which positions need")
    others = _others(account, detail, members, sum((one.required or _ZERO for one in members), _ZERO))
    ratios = [ratio for ratio in (figure(detail, "mgnRatio"), *(one.ratio for one in members)) if ratio]
    ratio = min(ratios, default=None)
    wallet: Decimal | Unknown
    if reason := _not_ours(account, currency):
        wallet = Unknown(reason)
    elif ratio is None:
        wallet = Unknown(f"{detail.path('mgnRatio')}: OKX sends none")
    elif unknown := next((one for one in members if one.needs() is None), None):
        wallet = Unknown(f"{unknown.row.path('mmr')}: OKX sends none")
    else:
        needs = sum((one.needs() or _ZERO for one in members), others)
        by_ratio = ratio * needs - sum((one.profit for one in members), _ZERO)
        wallet = min(by_ratio, detail.number("cashBal"))
    return Balance(
        asset=currency,
        wallet=wallet,
        venue_unrealised=sum((one.upl for one in members), _ZERO),
        venue_maintenance=money(detail, "mmr", account.at),
        venue_ratio=turned(ratio, detail.path("mgnRatio"), account.at),
        others=others,
    )


def _others(account: Account, row: Row, members: Sequence[Held], listed: Decimal) -> Decimal:
    """What a pool's `mmr` is for beside the positions that are listed: resting orders, loans, what is not watched.

    With positions in it it is above zero; with none of the others it is what they require: or it is of another moment.
    """
    required = figure(row, "mmr")
    if required is None or required == 0:
        raise MomentsDifferError(row.path("mmr"), f"nothing is required, yet {members[0].position.symbol} is held")
    row.not_negative("mmr")
    whole = account.level != FUTURES
    causes = ("ordFroz", "notionalUsdForBorrow") if whole else ("ordFrozen",)
    known = any(given(row, cause) and row.number(cause) != 0 for cause in causes) or any(
        foreign.text("mgnMode") == "cross" for foreign in account.foreign
    )
    if not known and all(one.required for one in members) and required > listed * _SAME:
        raise MomentsDifferError(
            row.path("mmr"), f"{required:.6g} is required, the positions listed need {listed:.6g}, and no order rests"
        )
    return max(_ZERO, required - listed)


def _whole(account: Account, members: Sequence[Held]) -> Balance:
    """The pool of the whole account, in USD."""
    row, at = account.row, account.at
    reason = _not_ours(account, None)
    worth = figure(row, "adjEq")
    wallet: Decimal | Unknown
    others = _ZERO
    if reason:
        wallet = Unknown(reason)
    elif worth is None:
        wallet = Unknown(f"{row.path('adjEq')}: OKX sends none")
    else:
        wallet = worth - sum((one.profit * one.rate for one in members), _ZERO)
        listed = sum(((one.required or _ZERO) * one.rate for one in members), _ZERO)
        others = _others(account, row, members, listed)
    return Balance(
        asset=ACCOUNT,
        wallet=wallet,
        venue_unrealised=sum((one.upl * one.rate for one in members), _ZERO),
        venue_maintenance=money(row, "mmr", at),
        money=USD,
        venue_ratio=turned(figure(row, "mgnRatio"), row.path("mgnRatio"), at),
        others=others,
        collateral={} if isinstance(wallet, Unknown) else _coins(account, members),
    )


def _coins(account: Account, members: Sequence[Held]) -> dict[str, Decimal]:
    """What is held in coins that move, in USD at OKX's haircut; profit of open positions and isolated margin not."""
    coins: dict[str, Decimal] = {}
    for row in account.details:
        coin, equity = row.text("ccy"), row.number("eq")
        if coin in _STILL or not equity:
            continue
        profit = sum((one.profit for one in members if one.position.margin_asset == coin), _ZERO)
        own = equity - profit - (row.number("isoEq") if given(row, "isoEq") else _ZERO)
        coins[coin] = row.number("disEq") * own / equity
    return coins


def _not_ours(account: Account, currency: str | None) -> str:
    """Why the money of a pool cannot be told from what we read."""
    if account.own_numbers:
        return account.own_numbers
    for row in account.foreign:
        if row.text("mgnMode") == "cross" and (currency is None or row.raw.get("ccy") in (currency, "", None)):
            return f"{row.text('instId')} shares this pool and is not watched: OKX's ratio alone"
    return ""


def second_look(account: Account, held: Sequence[Held]) -> None:
    """An account that requires maintenance holds something, whatever the list of positions says.

    `mmr` counts resting orders too, so where some rest it proves nothing. Raises MomentsDifferError, PayloadError.
    """
    for row in account.details:
        currency = row.text("ccy")
        isolated, crosses = _listed(account, held, currency)
        if given(row, "isoUpl") and row.number("isoUpl") != 0 and not isolated:
            raise MomentsDifferError(row.path("isoUpl"), "no isolated position is listed, yet one gains or loses")
        required = figure(row, "mmr") if account.level == FUTURES else None
        if required and not crosses and not _rests(row, "ordFrozen", "notionalLever"):
            raise MomentsDifferError(row.path("mmr"), f"no position is listed, yet {required} {currency} is required")
    if account.level in {MULTI, PORTFOLIO}:
        _whole_look(account, held)


def _whole_look(account: Account, held: Sequence[Held]) -> None:
    row = account.row
    for field in ("notionalUsdForSwap", "notionalUsdForFutures"):
        if given(row, field) and row.number(field) != 0 and not held:
            raise MomentsDifferError(row.path(field), "no position is listed, yet contracts are worth something")
    required = figure(row, "mmr")
    some = held or account.foreign or (given(row, "notionalUsdForBorrow") and row.number("notionalUsdForBorrow") != 0)
    if required and not some and not _rests(row, "ordFroz", "notionalUsd"):
        raise MomentsDifferError(row.path("mmr"), f"no position is listed, yet {required} USD is required")


def _rests(row: Row, orders: str, positions: str) -> bool:
    """Whether resting orders, and no positions, may be what maintenance is required for."""
    frozen = given(row, orders) and row.number(orders) != 0
    return frozen and not (given(row, positions) and row.number(positions) != 0)


def _listed(account: Account, held: Iterable[Held], currency: str) -> tuple[bool, bool]:
    """Whether an isolated and a cross position in a currency is among the rows."""
    modes = {one.position.margin_mode.value for one in held if one.position.margin_asset == currency}
    modes |= {row.text("mgnMode") for row in account.foreign if row.raw.get("ccy") in (currency, "", None)}
    return "isolated" in modes, "cross" in modes


def debts(account: Account) -> dict[str, Decimal]:
    """What the account owes OKX, by coin: loans, and a currency below zero."""
    owed: dict[str, Decimal] = {}
    for row in account.details:
        loan = abs(row.number("liab")) if given(row, "liab") else _ZERO
        owes = max(loan, -row.number("eq"))
        if owes > 0:
            owed[row.text("ccy")] = owes
    return owed


def holdings(account: Account, held: Sequence[Held]) -> tuple[str, ...]:
    """What is in the account and stands behind no position: coins, trading bots."""
    behind = {one.position.margin_asset for one in held}
    words: list[str] = []
    for row in account.details:
        coin = row.text("ccy")
        idle = account.level == SPOT or (account.level == FUTURES and coin not in behind | _STILL)
        if idle and row.number("eq") > 0:
            words.append(f"spot {coin}")
        if given(row, "stgyEq") and row.number("stgyEq") > 0:
            words.append(f"trading bots in {coin}")
    return tuple(words)


def once(details: Iterable[Row]) -> None:
    """Raises PayloadError for a currency that is listed twice."""
    seen: set[str] = set()
    for row in details:
        if (currency := row.text("ccy")) in seen:
            raise PayloadError(row.path("ccy"), f"{currency} is listed twice")
        seen.add(currency)
