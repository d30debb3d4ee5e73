"""Bybit, pure: raw payloads in, an account out. No I/O, no clock, no ccxt.

Whatever a payload does not say, or says impossibly, raises PayloadError naming the field: a read is whole or it is
no read. The venue sends no price and no maintenance where it publishes none: those are Unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from watchdog.domain.position import AccountModes, AccountRead, Stop
from watchdog.venues.bybit.answers import (
    ACCOUNT,
    HAIRCUTS,
    INSTRUMENTS,
    INVERSE,
    LINEAR,
    OPTION,
    ORDERS,
    POSITIONS,
    RISK_LIMIT,
    WALLET,
    label,
    pages_of,
    result_of,
    rows_of,
    time_of,
)
from watchdog.venues.bybit.listing import ONE, Haircuts, Listing, settle_coins
from watchdog.venues.bybit.orders import read_stop
from watchdog.venues.bybit.positions import Held, Mode, open_rows, read_position, required_of
from watchdog.venues.bybit.wallet import Wallet
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row
from watchdog.venues.kind import Payloads

Lists: TypeAlias = tuple[tuple[str, str], ...]
"""Category and settle coin of the lists that positions and orders come in."""

WORDS: Final = {
    Mode.CROSS: "cross margin",
    Mode.ISOLATED: "isolated margin",
    Mode.PORTFOLIO: "portfolio margin",
}
_MODES: Final = {mode.value: mode for mode in Mode}
UPGRADED: Final = frozenset({5, 6})
"""`unifiedMarginStatus` of a unified account 2.0."""
_OLDER: Final = {
    1: "a classic account, which keeps each coin's margin apart",
    3: "a unified account 1.0, which keeps inverse contracts in a wallet of their own",
    4: "a unified account 1.0, which keeps inverse contracts in a wallet of their own",
}
WHAT_TO_DO: Final = "only unified accounts 2.0 are read here: upgrade it on Bybit (Assets, Upgrade to UTA), for good"


def position_lists(coins: Iterable[str]) -> Lists:
    """The lists positions and orders are asked in: category and settle coin, of linear contracts each coin."""
    return (*((LINEAR, coin) for coin in coins), (INVERSE, ""))


def why_refused(answer: Any) -> str | None:
    """Why an account of this kind is not read, and what to do; None for a unified account 2.0. Raises PayloadError."""
    row = result_of(answer, ACCOUNT)
    status = row.number("unifiedMarginStatus")
    if status in UPGRADED:
        return None
    if status not in _OLDER:
        raise PayloadError(row.path("unifiedMarginStatus"), f"{status} is none of 1, 3, 4, 5, 6")
    return f"this is {_OLDER[int(status)]}; {WHAT_TO_DO}"


def read_account(payloads: Payloads, at: float) -> AccountRead:
    """The account. `at` is the monotonic time the readings carry."""
    setting = payloads.get(ACCOUNT)
    refused = why_refused(setting)
    if refused:
        raise PayloadError(f"{ACCOUNT}.unifiedMarginStatus", refused)
    mode: Mode = result_of(setting, ACCOUNT).choice("marginMode", _MODES)
    listing = Listing(payloads)
    wallet = Wallet(payloads.get(WALLET))
    names = position_lists(settle_coins(payloads))
    held = tuple(_held(payloads, names, listing, wallet, mode, at))
    options = list(open_rows(rows_of(payloads.get(POSITIONS), POSITIONS, OPTION)))
    stops, orders = _stops(payloads, names, listing)
    debts = wallet.debts()
    if mode is not Mode.PORTFOLIO:
        wallet.agrees(held, required_of(options), mode)
    pooled = mode is not Mode.ISOLATED
    if pooled:
        wallet.gains(held)
    if pooled and not (held or options or orders or debts):
        wallet.nothing_required()
    return AccountRead(
        modes=AccountModes(hedge=False, multi_asset=False, can_trade=True, words=WORDS[mode], either_leg=True),
        positions=tuple(one.position for one in held),
        balances=(wallet.pool(held, mode, Haircuts(payloads), at, options=bool(options)),) if pooled else (),
        stops=stops,
        markets=listing.markets(),
        venue_time_ms=max(_times(payloads, names)),
        unwatched=(*_options_in_words(options), *(wallet.idle() if pooled else ())),
        debts=debts,
    )


def trim(payloads: Payloads) -> Payloads:
    """The same answers with nothing listed but what a position or an order is in."""
    named = {row.text("symbol") for name in (POSITIONS, ORDERS) for row in _all_rows(payloads.get(name), name)}
    coins = {row.text("coin") for row in Wallet(payloads.get(WALLET)).account.rows("coin")}
    return {
        **payloads,
        INSTRUMENTS: _only(payloads.get(INSTRUMENTS), "symbol", named),
        RISK_LIMIT: _only(payloads.get(RISK_LIMIT), "symbol", named),
        HAIRCUTS: _kept(payloads.get(HAIRCUTS), "currency", coins),
    }


def _held(payloads: Payloads, names: Lists, listing: Listing, wallet: Wallet, mode: Mode, at: float) -> Iterator[Held]:
    for category, coin in names:
        rows = rows_of(payloads.get(POSITIONS), POSITIONS, label(category, coin))
        for row in open_rows(rows):
            rate = ONE if mode is Mode.ISOLATED or category == INVERSE else wallet.rate(coin)
            one = read_position(row, listing, category, mode, rate, at)
            if coin and one.position.margin_asset != coin:
                raise PayloadError(row.path("symbol"), f"settles in {one.position.margin_asset}, asked was {coin}")
            yield one


def _stops(payloads: Payloads, names: Lists, listing: Listing) -> tuple[tuple[Stop, ...], int]:
    """The stops that rest, and how many orders were listed in all."""
    stops: list[Stop] = []
    seen: set[str] = set()
    for category, coin in names:
        for row in rows_of(payloads.get(ORDERS), ORDERS, label(category, coin)):
            number = row.text("orderId")
            if number in seen:
                raise MomentsDifferError(row.path("orderId"), "is listed twice: the pages moved meanwhile")
            seen.add(number)
            stop = read_stop(row, listing, category)
            if stop is not None:
                stops.append(stop)
    return tuple(stops), len(seen)


def _times(payloads: Payloads, names: Lists) -> Iterator[int]:
    for name in (ACCOUNT, WALLET):
        yield time_of(payloads.get(name), name)
    for name in (POSITIONS, ORDERS):
        for category, coin in names:
            for where, page in pages_of(payloads.get(name), name, label(category, coin)):
                yield time_of(page, where)


def _options_in_words(rows: list[Row]) -> tuple[str, ...]:
    return (f"options: {', '.join(row.text('symbol')[:40] for row in rows)}",) if rows else ()


def _all_rows(payload: Any, where: str) -> Iterator[Row]:
    for name in Row.of(payload, where).raw:
        yield from rows_of(payload, where, name)


def _only(payload: Any, field: str, wanted: set[str]) -> Any:
    return {name: [_kept(page, field, wanted) for page in pages] for name, pages in payload.items()}


def _kept(page: Any, field: str, wanted: set[str]) -> Any:
    result = page["result"]
    return {**page, "result": {**result, "list": [row for row in result["list"] if row[field] in wanted]}}
