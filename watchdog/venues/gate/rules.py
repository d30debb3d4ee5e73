"""Gate futures, pure: raw answers in, an account out. No I/O, no clock, no ccxt.

Field meanings are those of Gate's APIv4 pages ("Get user position list", "Get futures account", "Get unified account
information", "Query auto order list"). A cross pool is one settle currency of one product in the classic account, and
the account, or a currency of it, in the unified one. Whatever a payload does not say, or says impossibly, raises
PayloadError naming the field, or leaves that one reading Unknown where Gate may leave it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

from watchdog.domain.market import Market
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
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row, rows
from watchdog.venues.gate.listing import SETTLES, ZERO, Listed, Listing
from watchdog.venues.gate.stops import read_stop
from watchdog.venues.gate.unified import debts, look_for_cause, options_of, unwatched

SOURCE = "gate"
NO_SUCH_ACCOUNT = "USER_NOT_FOUND"
"""Gate's label for a settle currency in which nothing was ever held."""
UNIFIED = "unified"
"""The pool of a unified account."""
_LEGS = {"single": PositionSide.BOTH, "dual_long": PositionSide.LONG, "dual_short": PositionSide.SHORT}
_MARGIN_MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
_CLASSIC, _MULTI, _PORTFOLIO, _SINGLE = range(4)
_MODE_WORDS = {
    _CLASSIC: "classic",
    _MULTI: "unified, multi-currency margin",
    _PORTFOLIO: "unified, portfolio margin",
    _SINGLE: "unified, single-currency margin",
}
_NO_PRICE = Decimal(99_999_999)
"""What Gate sends as the liquidation price of what no price liquidates."""
_REQUIRED = (
    "position_margin",
    "position_initial_margin",
    "maintenance_margin",
    "cross_maintenance_margin",
    "isolated_position_margin",
)
"""Fields of the account endpoint that are 0 where no position is held."""
_DISAGREE = Decimal("0.01")


class Place(NamedTuple):
    """One product in one settle currency."""

    product: str
    settle: str

    def path(self, endpoint: str) -> str:
        """What the answer is called in messages."""
        return f"{self.product}/{endpoint}.{self.settle}"


@dataclass(frozen=True, slots=True)
class Part:
    """What one place holds."""

    place: Place
    account: Row | None
    """None where Gate says that there is no such account."""
    positions: tuple[Row, ...]
    orders: tuple[Row, ...]


def read(payloads: Mapping[str, Any], at: float) -> AccountRead:
    """One whole read. Raises PayloadError, MomentsDifferError, UnlistedError."""
    listing = Listing(payloads)
    parts = [_part(payloads, Place(*place)) for place in SETTLES]
    mode = _margin_mode(parts)
    modes = _modes(parts, mode)
    positions: list[Position] = []
    markets: dict[str, Market] = {}
    stops: list[Stop] = []
    for part in parts:
        shared = _pool(part.place, mode)
        why = _not_said(part)
        found: list[Position] = []
        for row in part.positions:
            listed = _listed(listing, part, row.text("contract"), row.path("contract"))
            markets[listed.market.symbol] = listed.market
            position = _position(row, listed, shared, at)
            found.append(_unreckoned(position, why) if why else position)
        for order in part.orders:
            initial = Row.of(order.raw.get("initial"), order.path("initial"))
            listed = _listed(listing, part, initial.text("contract"), initial.path("contract"))
            markets.setdefault(listed.market.symbol, listed.market)
            stops.append(read_stop(order, listed, found, hedge=_hedge(part)))
        _something_held(part, found)
        positions += found
    unified = Row.of(payloads.get("unified/accounts"), "unified/accounts") if mode != _CLASSIC else None
    if unified is not None and unified.raw.get("locked") is True:
        modes = replace(modes, can_trade=False)
    options = options_of(payloads) if unified is not None else ()
    if unified is not None and not options:
        look_for_cause(unified, positions, single=mode == _SINGLE)
    return AccountRead(
        modes=modes,
        positions=_both_legs(positions),
        balances=_balances(parts, positions, unified, mode, at),
        stops=tuple(stops),
        markets=tuple(markets.values()),
        venue_time_ms=max((row.time_ms("update_time") * 1000 for part in parts for row in part.positions), default=0),
        unwatched=unwatched(positions, unified, options),
        debts={} if unified is None else debts(unified),
    )


def _part(payloads: Mapping[str, Any], place: Place) -> Part:
    def of(endpoint: str) -> Any:
        name = f"{place.product}/{endpoint}"
        return Row.of(payloads.get(name), name).raw.get(place.settle)

    account = Row.of(of("accounts"), place.path("accounts"))
    if account.raw.get("label") == NO_SUCH_ACCOUNT:
        return Part(place, None, (), ())
    if account.text("currency").lower() != place.settle:
        raise PayloadError(account.path("currency"), f"{account.text('currency')[:20]!r} came, {place.settle} was due")
    held = [row for row in rows(of("positions"), place.path("positions")) if _is_held(row)]
    seen: set[tuple[str, str]] = set()
    for row in held:
        one = (row.text("contract"), row.text("mode"))
        if one in seen and _mode_word(account) not in _SPLIT:
            raise PayloadError(row.where, f"{one[0][:40]} {one[1][:20]} is listed twice")
        seen.add(one)
    orders = [row for row in rows(of("price_orders"), place.path("price_orders")) if _is_open(row)]
    return Part(place, account, tuple(held), tuple(orders))


def _is_held(row: Row) -> bool:
    if row.number("size") != 0:
        return True
    row.nothing_else("value", "maintenance_margin", "unrealised_pnl")
    return False


def _is_open(row: Row) -> bool:
    known = {"open": True, "inactive": False, "finished": False, "invalid": False}
    return bool(row.choice("status", known))


# -- how the account is set -------------------------------------------------------------------------------------------

_SPLIT = frozenset({"dual_plus", "split"})
_POSITION_MODES = {"single": False, "dual": True, **dict.fromkeys(_SPLIT, True)}


def _margin_mode(parts: Iterable[Part]) -> int:
    """The account's, from its futures accounts; a dated one says the same or nothing."""
    modes: dict[int, str] = {}
    for part in parts:
        if part.account is None or (part.place.product == "delivery" and "margin_mode" not in part.account.raw):
            continue
        mode = part.account.number("margin_mode")
        if mode not in _MODE_WORDS:
            raise PayloadError(
                part.account.path("margin_mode"), f"{mode} is none of {', '.join(map(str, _MODE_WORDS))}"
            )
        modes[int(mode)] = part.account.path("margin_mode")
    if len(modes) > 1:
        raise MomentsDifferError(next(reversed(modes.values())), "the accounts of one user are in different modes")
    return next(iter(modes), _CLASSIC)


def _mode_word(account: Row) -> str:
    """Gate's word for how the account holds both sides of a contract; `in_dual_mode` is the older field."""
    if "position_mode" in account.raw:
        account.choice("position_mode", _POSITION_MODES)
        return account.text("position_mode")
    return "dual" if account.flag("in_dual_mode") else "single"


def _hedge(part: Part) -> bool:
    """Dated futures are one-way only, and their account need not say so."""
    if part.account is None:
        return False
    if part.place.product == "delivery" and not {"position_mode", "in_dual_mode"} & set(part.account.raw):
        return False
    return bool(_POSITION_MODES[_mode_word(part.account)])


def _modes(parts: Iterable[Part], mode: int) -> AccountModes:
    hedge = [_hedge(part) for part in parts]
    split = any(part.account is not None and part.account.raw.get("position_mode") in _SPLIT for part in parts)
    return AccountModes(
        hedge=any(hedge),
        multi_asset=mode in {_MULTI, _PORTFOLIO},
        can_trade=True,
        words=_MODE_WORDS[mode],
        either_leg=True,
        no_numbers="split positions (dual_plus) are not supported: no numbers" if split else "",
    )


def _pool(place: Place, mode: int) -> str:
    """What the cross positions of a place share."""
    if mode in {_MULTI, _PORTFOLIO}:
        return UNIFIED
    currency = place.settle.upper()
    return f"{currency} {place.product}" if mode == _CLASSIC and place.product == "delivery" else currency


# -- positions --------------------------------------------------------------------------------------------------------


def _listed(listing: Listing, part: Part, contract: str, path: str) -> Listed:
    tiered = part.account is not None and part.account.raw.get("enable_tiered_mm") is not False
    return listing.get(part.place.product, part.place.settle, contract, path, tiered=tiered)


def _not_said(part: Part) -> str:
    """Why tiers can't be used: the account does not say whether they are marginal for it."""
    if part.account is not None and not isinstance(part.account.raw.get("enable_tiered_mm"), bool):
        return f"{part.account.path('enable_tiered_mm')} does not say how tiers count"
    return ""


def _position(row: Row, listed: Listed, shared: str, at: float) -> Position:
    size = row.number("size")
    side = Side.LONG if size > 0 else Side.SHORT
    leg: PositionSide = row.choice("mode", _LEGS)
    if leg.value not in {PositionSide.BOTH.value, side.value}:
        raise PayloadError(row.path("size"), f"{size} on the {leg.value} leg")
    mode = _mode_of(row)
    isolated = mode is MarginMode.ISOLATED
    required = _reading(row, "maintenance_margin", "money", at)
    contract = Contract.INVERSE if listed.inverse else Contract.LINEAR
    return Position(
        symbol=listed.market.symbol,
        side=side,
        position_side=leg,
        margin_mode=mode,
        margin_asset=listed.market.margin_asset,
        size=abs(size) * listed.unit,
        entry=row.positive("entry_price"),
        mark=row.positive("mark_price"),
        isolated_wallet=row.number("margin") if isolated else None,
        venue_maintenance=required,
        venue_liquidation=_liquidation(row, at),
        terms=Terms(contract, fee=listed.market.taker_fee),
        venue_ratio=_isolated_ratio(row, required, at) if isolated else Unknown("it shares its pool's"),
        shared="" if isolated or shared == listed.market.margin_asset else shared,
    )


def _mode_of(row: Row) -> MarginMode:
    """`pos_margin_mode`; an older answer has only `leverage`, of which 0 means cross."""
    if "pos_margin_mode" in row.raw:
        mode: MarginMode = row.choice("pos_margin_mode", _MARGIN_MODES)
        return mode
    return MarginMode.CROSS if row.not_negative("leverage") == 0 else MarginMode.ISOLATED


def _reading(row: Row, field: str, unit: Any, at: float) -> Reading:
    """A figure that Gate leaves out, or sends as 0, where it has none."""
    if row.raw.get(field) is None or row.raw[field] == "":
        return Unknown(f"{row.path(field)} is missing")
    value = row.not_negative(field)
    return Known(value, unit, SOURCE, at) if value else Unknown(f"{row.path(field)} is 0 for an open position")


def _liquidation(row: Row, at: float) -> Reading:
    price = _reading(row, "liq_price", "price", at)
    return Unknown("Gate publishes none") if isinstance(price, Known) and price.value >= _NO_PRICE else price


def _isolated_ratio(row: Row, required: Reading, at: float) -> Reading:
    """Gate's MMR turned round: maintenance / (margin + unrealised profit), all its own figures."""
    if not isinstance(required, Known):
        return required
    return _ratio(required.value, row.number("margin") + row.number("unrealised_pnl"), at)


def _ratio(required: Decimal, equity: Decimal, at: float) -> Reading:
    return Known(required / equity if equity > 0 else Decimal("Infinity"), "share", SOURCE, at)


def _both_legs(positions: list[Position]) -> tuple[Position, ...]:
    """Not reckoned where both legs of a contract are held: Gate then requires the larger leg's, not the sum."""
    held = Counter(position.symbol for position in positions)
    return tuple(
        _unreckoned(one, "both legs are held, of which Gate requires the larger one's") if held[one.symbol] > 1 else one
        for one in positions
    )


def _unreckoned(position: Position, why: str) -> Position:
    return replace(position, terms=replace(position.terms, unreckoned=why))


def _something_held(part: Part, held: list[Position]) -> None:
    """An account that requires margin holds something, whatever the list of positions says."""
    if part.account is None:
        return
    crossed = any(position.margin_mode is MarginMode.CROSS for position in held)
    for field in ("cross_maintenance_margin",) if held and not crossed else () if held else _REQUIRED:
        if field in part.account.raw and (required := part.account.not_negative(field)) > 0:
            what = "cross position" if held else "position"
            raise MomentsDifferError(part.account.path(field), f"no {what} is listed, yet it is {required}")


# -- what stands behind them ------------------------------------------------------------------------------------------


def _balances(
    parts: list[Part], positions: list[Position], unified: Row | None, mode: int, at: float
) -> tuple[Balance, ...]:
    if unified is None:
        return tuple(
            _classic(part.account, _pool(part.place, mode), part.place.settle.upper(), positions, at)
            for part in parts
            if part.account is not None
        )
    if mode == _SINGLE:
        pools = dict.fromkeys(one.pool for one in positions if one.pool is not None)
        return tuple(_single(unified, pool, at) for pool in pools)
    figures = ("total_maintenance_margin", "total_margin_balance", "total_maintenance_margin_rate")
    required, equity, inverted = (unified.number(field) for field in figures)
    ratio: Reading = _ratio(required, equity, at)
    if not required:
        ratio = Unknown(f"{unified.path(figures[0])} is 0")
    elif inverted > 0 and equity > 0 and abs(inverted * required / equity - 1) > _DISAGREE:
        ratio = Unknown(f"{unified.path(figures[2])}: {inverted} is not {equity} / {required}")
    return (_unsolved(UNIFIED, "USD", required, ratio, at),)


def _classic(account: Row, pool: str, money: str, positions: Iterable[Position], at: float) -> Balance:
    """Of the classic account: `cross_margin_balance` is the cross wallet and its unrealised profit."""
    try:
        equity, gained = account.number("cross_margin_balance"), account.number("cross_unrealised_pnl")
        required = account.not_negative("cross_maintenance_margin")
    except PayloadError as error:
        lost = Unknown(str(error))
        return Balance(pool, lost, ZERO, lost, money=money, venue_ratio=lost)
    maintenance, ratio = _known(required, account.path("cross_maintenance_margin"), equity, at)
    others = _others(required, [one for one in positions if one.pool == pool])
    return Balance(pool, equity - gained, gained, maintenance, money=money, venue_ratio=ratio, others=others)


def _others(required: Decimal, inside: Iterable[Position]) -> Decimal:
    """What a pool requires beside its positions, open orders; nothing where Gate does not say what one requires."""
    own = ZERO
    for position in inside:
        if not isinstance(position.venue_maintenance, Known):
            return ZERO
        own += position.venue_maintenance.value
    return max(ZERO, required - own)


def _single(unified: Row, currency: str, at: float) -> Balance:
    """One currency of a unified account in which each stands alone: its own `mm` and `margin_balance`."""
    balances = Row.of(unified.raw.get("balances"), unified.path("balances"))
    row = Row.of(balances.raw.get(currency), balances.path(currency))
    required, equity = row.not_negative("mm"), row.number("margin_balance")
    _, ratio = _known(required, row.path("mm"), equity, at)
    return _unsolved(currency, currency, required, ratio, at)


def _known(required: Decimal, path: str, equity: Decimal, at: float) -> tuple[Reading, Reading]:
    if required:
        return Known(required, "money", SOURCE, at), _ratio(required, equity, at)
    return Known(required, "money", SOURCE, at), Unknown(f"{path} is 0")


def _unsolved(pool: str, money: str, required: Decimal, ratio: Reading, at: float) -> Balance:
    """A pool whose collateral moves by haircuts that no answer gives: Gate's ratio stands, ours is unknown."""
    why = Unknown("what stands behind a unified account is not reckoned: Gate's own ratio stands alone")
    return Balance(pool, why, ZERO, Known(required, "money", SOURCE, at), money=money, venue_ratio=ratio)
