"""What the account owes its venue, or may: equity or a coin below zero, a loan. Loud when a position was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.tiers import READS
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import AccountRead, Balance, PositionKey
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book
from watchdog.venues.known import VENUES

KEY = "debt"

DUST: Final = Decimal("0.000001")
"""Of any coin: less is the rounding of a venue."""

GROWN: Final = Decimal("1.25")
"""A debt is told again when it is more than so many times what was last told: interest alone is no news."""

CONFIRM = 2
"""Reads in a row that must show a debt before a word of it: equity can be negative for one bad price."""

LOST_FOR = 900.0
"""Seconds after a position went, or got smaller, in which a new debt is taken to come of that."""

_DIGITS: Final = Context(prec=4, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Lost:
    """What was last seen to be gone, or smaller than before."""

    name: str
    """`AVAX long 5,000`."""
    at: float
    """Wall seconds."""


@dataclass(frozen=True, slots=True)
class Debts:
    """What is known of an account's debts. `told` and `lost` outlive the process."""

    told: Mapping[str, Decimal] = field(default_factory=dict)
    """By currency, what was last told to be owed."""
    lost: Lost | None = None
    above: int = 0
    """In how many reads in a row more was owed than was told."""
    clear: int = 0
    """In how many reads in a row nothing of what was told was owed any more."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a read says, and what is known beside it."""

    read: AccountRead
    book: Book
    venue: str
    zone: tzinfo | None
    read_wall: float


@dataclass(frozen=True, slots=True)
class _Owed:
    amounts: Mapping[str, Decimal]
    """By currency, above zero: a debt, or equity below zero."""
    below_zero: frozenset[str]
    """The currencies in which a pool's equity is below zero."""
    unknown: frozenset[str]
    """The currencies of pools whose equity is not known."""


def look(before: Debts | None, lost: Lost | None, seen: Now, desk: Desk, now: Instant) -> Debts:
    """Hold what is owed against what was told; `before` None: nothing is known of earlier.

    A debt that is there at first, or comes without a position having gone, is told once: a loan is no accident. One
    that comes with equity below zero, or after a position went or got smaller, is an emergency and stands until nothing
    is owed in `READS` reads in a row. `lost`: what this read shows to be gone.
    """
    owed = _owed(seen)
    at_first = before is None
    debts = before or Debts()
    if lost is not None:
        debts = replace(debts, lost=lost)
    elif debts.lost is not None and now.wall - debts.lost.at > LOST_FOR:
        debts = replace(debts, lost=None)
    grown = {coin: much for coin, much in owed.amounts.items() if much > debts.told.get(coin, Decimal(0)) * GROWN}
    debts = replace(debts, above=debts.above + 1 if grown else 0)
    if grown and (at_first or debts.above >= CONFIRM):
        accident = not at_first and (debts.lost is not None or not owed.below_zero.isdisjoint(grown))
        _say(grown, owed, debts.lost, seen, desk, accident=accident)
        debts = replace(debts, told={**debts.told, **grown}, above=0)
    gone = bool(debts.told) and all(coin not in owed.amounts and coin not in owed.unknown for coin in debts.told)
    debts = replace(debts, clear=debts.clear + 1 if gone else 0)
    if debts.clear >= READS:
        desk.fall(KEY, (f"OK · nothing is owed to {words.venue_name(seen.venue)} any more · {desk.account}",))
        debts = replace(debts, told={}, clear=0)
    return debts


def _owed(seen: Now) -> _Owed:
    amounts = {coin: much for coin, much in seen.read.debts.items() if much > DUST}
    below: set[str] = set()
    unknown: set[str] = set()
    for balance in seen.read.balances:
        equity = _equity(balance, seen.book)
        if equity is None:
            unknown.add(balance.unit)
        elif equity < -DUST:
            below.add(balance.unit)
            amounts[balance.unit] = max(amounts.get(balance.unit, Decimal(0)), -equity)
    return _Owed(amounts, frozenset(below), frozenset(unknown))


def _equity(balance: Balance, book: Book) -> Decimal | None:
    """Of a pool, with or without positions; None: not known."""
    pool = book.pools.get(balance.asset)
    if pool is not None:
        return pool.equity.value if isinstance(pool.equity, Known) and pool.equity.value.is_finite() else None
    if isinstance(balance.wallet, Unknown):
        return None
    equity = balance.wallet + balance.venue_unrealised
    return equity if equity.is_finite() else None


def lost_between(before: AccountRead | None, read: AccountRead, wall: float) -> Lost | None:
    """What of the positions of an earlier read is gone, or smaller, in a later one."""
    if before is None:
        return None
    held = {position.key: position.size for position in read.positions}
    markets = {market.symbol: market for market in before.markets}
    names = [
        f"{words.name(one)} {words.size(one.size - held.get(one.key, Decimal(0)), markets.get(one.symbol))}"
        for one in before.positions
        if held.get(one.key, Decimal(0)) < one.size
    ]
    return Lost(words.listed(names), wall) if names else None


def lost_since(remembered: Mapping[PositionKey, str], read: AccountRead, wall: float) -> Lost | None:
    """The same after a restart, when only the keys of what was held are known."""
    held = {position.key for position in read.positions}
    gone = sorted({key.symbol.split("/", maxsplit=1)[0] for key in remembered if key not in held})
    return Lost(words.listed(gone), wall) if gone else None


def _say(
    grown: Mapping[str, Decimal], owed: _Owed, lost: Lost | None, seen: Now, desk: Desk, *, accident: bool
) -> None:
    entry = VENUES.get(seen.venue)
    who, at = words.venue_name(seen.venue), words.clock_time(seen.read_wall, seen.zone).split()[0]
    much = words.listed([amount(value, coin) for coin, value in sorted(owed.amounts.items())])
    read = f"({who}, read {at})"
    may = "BELOW ZERO" if entry is not None and not entry.may_owe else "YOU MAY OWE IT"
    owe = words.owe(seen.venue, seen.read.modes)
    proof = f"Keep proof: watchdog snapshot --account {desk.account} --out FILE"
    if not accident:
        below = words.listed([amount(-grown[one], one) for one in sorted(owed.below_zero.intersection(grown))])
        told = (
            f"WARN · EQUITY {below}: {may} · {desk.account}"
            if below
            else f"WARN · {desk.account} OWES {who} {much} · {desk.account}",
            f"Borrowed, or a balance below zero {read}",
            f"{owe}. It costs interest, and may be repaid out of what protects your positions.",
            f"You: look into the {who} app if you did not borrow it.",
        )
        desk.tell(KEY, Level.WARN, told)
        return
    what = "Equity now" if not owed.below_zero.isdisjoint(grown) else "Owed now"
    much = much if what == "Owed now" else words.listed([amount(-grown[one], one) for one in sorted(grown)])
    lines = [
        f"EMERGENCY · {what.upper().removesuffix(' NOW')} {much}: {may} · {desk.account}",
        f"{what} {much} {read}",
        *([f"After {lost.name}: gone or smaller at {words.clock_time(lost.at, seen.zone).split()[0]}"] if lost else []),
        owe,
        f"Still open in this account: {_open(seen.read)}",
        f"Do: check the balance in {who}, then ask its support before paying",
        proof,
    ]
    said = [line for line in lines if line]
    if desk.get(KEY).firing:
        desk.again(KEY, said, ())
    else:
        desk.stand(KEY, Level.EMERGENCY, said)


def _open(read: AccountRead) -> str:
    return words.listed([words.name(position) for position in read.positions]) or "nothing in this read"


def amount(value: Decimal, coin: str) -> str:
    """`−3,113 USDT`; what would be rounded away keeps four digits: `0.004213 BTC`."""
    if abs(value) >= 1:
        return words.money(value, coin)
    sign = "−" if value < 0 else ""
    return f"{sign}{_DIGITS.plus(abs(value)):f} {coin}"


def to_json(debts: Debts) -> str:
    """As it is saved."""
    lost = None if debts.lost is None else [debts.lost.name, debts.lost.at]
    told = {coin: str(much) for coin, much in sorted(debts.told.items())}
    return json.dumps({"told": told, "lost": lost}, sort_keys=True)


def from_json(text: str) -> Debts:
    """As it was saved."""
    raw = json.loads(text)
    lost = None if raw["lost"] is None else Lost(*raw["lost"])
    return Debts({coin: Decimal(much) for coin, much in raw["told"].items()}, lost)


def below_zero(read: AccountRead, book: Book) -> Iterator[tuple[str, Decimal]]:
    """The pools whose equity is below zero, with or without positions: name and the figure, in the pool's money."""
    for balance in read.balances:
        equity = _equity(balance, book)
        if equity is not None and equity < -DUST:
            yield f"{balance.asset} pool", equity
