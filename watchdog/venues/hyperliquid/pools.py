"""Hyperliquid, pure: what stands behind cross positions, which its account mode decides.

- standard (`disabled`, `default`): every dex keeps its own money; a dex is a pool.
- unified account: one balance for each coin, in spot; all dexes with that collateral are one pool.
- portfolio margin: one pool of all eligible coins, some lent and borrowed. The venue publishes its ratio; how a price
  moves it we do not reckon.
- DEX abstraction (discontinued): the docs say that cross margin on built dexes "does not behave intuitively". Unknown.

Source: Hyperliquid docs, trading, account abstraction modes; its `computeUnifiedAccountRatio` is the unified ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from watchdog.domain.market import Market
from watchdog.domain.position import Balance, MarginMode, Position
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.venues.fields import MomentsDifferError, PayloadError, Row
from watchdog.venues.hyperliquid.listing import MAIN, Dex, code_of, whole

SOURCE = "hyperliquid"
SPOT = "spotClearinghouseState"
PORTFOLIO = "portfolio margin"
"""The name of the one pool there is in that mode."""
PORTFOLIO_LIQUIDATION: Final = Decimal("0.95")
"""The `portfolioMarginRatio` above which a portfolio margin account is liquidated (Hyperliquid docs, portfolio
margin)."""
_INFINITE = Decimal("Infinity")
_MOST_NAMED = 8


class Mode(StrEnum):
    """An account mode, as people say it."""

    STANDARD = "standard"
    UNIFIED = "unified account"
    PORTFOLIO = "portfolio margin"
    ABSTRACTION = "DEX abstraction"


MODES = {
    "disabled": Mode.STANDARD,
    "default": Mode.STANDARD,
    "unifiedAccount": Mode.UNIFIED,
    "portfolioMargin": Mode.PORTFOLIO,
    "dexAbstraction": Mode.ABSTRACTION,
}
"""By the venue's word in `userAbstraction`; `default` is an account that never chose."""


@dataclass(frozen=True, slots=True)
class State:
    """What one dex holds for the account, from its clearinghouseState."""

    dex: Dex
    positions: tuple[Position, ...]
    markets: tuple[Market, ...]
    """Of each position."""
    cross_value: Decimal
    """`crossMarginSummary.accountValue`: profit included, isolated margin not."""
    cross_unrealised: Decimal
    isolated_margin: Decimal
    """`marginUsed` of its isolated positions: their equity."""
    maintenance: Decimal
    """`crossMaintenanceMarginUsed`."""
    time_ms: int

    @property
    def cross(self) -> tuple[Position, ...]:
        """Its positions that share a pool."""
        return tuple(one for one in self.positions if one.margin_mode is MarginMode.CROSS)

    @property
    def gained(self) -> Decimal:
        """Profit of its cross positions by their marks and rounded entries: what the risk room will add up."""
        return sum((one.profit(one.mark) for one in self.cross), Decimal(0))


@dataclass(frozen=True, slots=True)
class Spot:
    """The spot state: balances by token, and what the venue says of the account as a whole."""

    totals: Mapping[int, Decimal]
    held: tuple[tuple[str, int | None], ...]
    """Coins there is something of, with their token; an outcome has none."""
    free: Mapping[int, Decimal] = field(default_factory=dict)
    """`tokenToAvailableAfterMaintenance`: the balance less isolated margin and what cross positions require."""
    portfolio: bool = False
    ratio: Decimal | None = None
    """`portfolioMarginRatio`."""
    debts: Mapping[str, Decimal] = field(default_factory=dict)


def pool_of(mode: Mode, dex: Dex) -> str:
    """The name of the pool a cross position of this dex shares; empty: its margin asset's."""
    if mode is Mode.PORTFOLIO:
        return PORTFOLIO
    return "" if mode is Mode.UNIFIED else dex.name


def read_spot(answer: Any) -> Spot:
    """The spot state. Raises PayloadError."""
    row = Row.of(answer, SPOT)
    totals: dict[int, Decimal] = {}
    held: list[tuple[str, int | None]] = []
    debts: dict[str, Decimal] = {}
    for item in row.rows("balances"):
        coin, total = item.text("coin"), item.number("total")
        token = whole(item, "token") if item.raw.get("token") is not None else None
        borrowed = item.not_negative("borrowed") if item.raw.get("borrowed") is not None else Decimal(0)
        if token is not None:
            if token in totals:
                raise PayloadError(item.path("token"), f"{token} is listed twice")
            totals[token] = total
        if total != 0:
            held.append((coin, token))
        if (owed := max(borrowed, -total)) > 0:
            debts[code_of(coin)] = owed
    portfolio = row.raw.get("portfolioMarginEnabled") is not None and row.flag("portfolioMarginEnabled")
    ratio = row.not_negative("portfolioMarginRatio") if row.raw.get("portfolioMarginRatio") is not None else None
    return Spot(totals, tuple(held), _free(row), portfolio, ratio, debts)


def _free(row: Row) -> dict[int, Decimal]:
    name = "tokenToAvailableAfterMaintenance"
    pairs = row.raw.get(name)
    if pairs is None:
        return {}
    if not isinstance(pairs, list):
        raise PayloadError(row.path(name), "a list was due")
    found: dict[int, Decimal] = {}
    for index, pair in enumerate(pairs):
        where = row.path(f"{name}[{index}]")
        if not isinstance(pair, list) or len(pair) != len(("token", "amount")):
            raise PayloadError(where, "a pair of token and amount was due")
        item = Row(where, {"token": pair[0], "amount": pair[1]})
        found[whole(item, "token")] = item.number("amount")
    return found


def balances(mode: Mode, states: list[State], spot: Spot, at: float) -> tuple[Balance, ...]:
    """A balance for each pool there is. Raises PayloadError, MomentsDifferError."""
    if spot.portfolio != (mode is Mode.PORTFOLIO) and (spot.portfolio or spot.ratio is not None):
        raise MomentsDifferError(f"{SPOT}.portfolioMarginEnabled", f"does not go with userAbstraction ({mode})")
    if mode is Mode.UNIFIED:
        return _unified(states, spot, at)
    if mode is Mode.PORTFOLIO:
        return _portfolio(states, spot, at)
    found = [one for one in states if one.dex.name == MAIN or one.cross or one.cross_value]
    return tuple(_apart(one, at, known=mode is Mode.STANDARD) for one in found)


def _apart(state: State, at: float, *, known: bool) -> Balance:
    """A dex by itself."""
    unclear = Unknown("DEX abstraction, which Hyperliquid discontinued: what stands behind cross positions is not said")
    wallet = state.cross_value - state.gained
    return Balance(
        asset=state.dex.name or state.dex.collateral,
        wallet=wallet if known else unclear,
        venue_unrealised=state.cross_unrealised,
        venue_maintenance=Known(state.maintenance, "money", SOURCE, at),
        money=state.dex.collateral,
        venue_ratio=_ratio(state.maintenance, state.cross_value, at) if known else unclear,
    )


def _unified(states: list[State], spot: Spot, at: float) -> tuple[Balance, ...]:
    """One pool for each collateral. The venue's ratio: Σ cross maintenance / (spot total − Σ isolated margin).

    The total moves with the profit of cross positions. Both answers are of nearly one moment: where the venue also
    says what is free after maintenance, the smaller of the two equities counts.
    """
    by_token: dict[int, list[State]] = {}
    for state in states:
        by_token.setdefault(state.dex.token, []).append(state)
    found: list[Balance] = []
    for token, group in by_token.items():
        total, asset = spot.totals.get(token), group[0].dex.collateral
        if total is None:
            if any(state.positions for state in group):
                raise PayloadError(f"{SPOT}.balances", f"has no row of {asset} (token {token}), which positions need")
            continue
        required = sum((state.maintenance for state in group), Decimal(0))
        equity = total - sum((state.isolated_margin for state in group), Decimal(0))
        nearer = min(equity, spot.free[token] + required) if token in spot.free else equity
        found.append(
            Balance(
                asset=asset,
                wallet=nearer - sum((state.gained for state in group), Decimal(0)),
                venue_unrealised=sum((state.cross_unrealised for state in group), Decimal(0)),
                venue_maintenance=Known(required, "money", SOURCE, at),
                venue_ratio=_ratio(required, equity, at),
            )
        )
    return tuple(found)


def _portfolio(states: list[State], spot: Spot, at: float) -> tuple[Balance, ...]:
    """The one pool. Its coins, their loan values and what is borrowed are not reckoned: its ratio is the venue's."""
    required = sum((state.maintenance for state in states), Decimal(0))
    ratio: Reading
    if spot.ratio is None:
        ratio = Unknown(f"{SPOT}.portfolioMarginRatio is missing")
    elif spot.ratio == 0 and required > 0:
        ratio = Unknown(f"{SPOT}.portfolioMarginRatio is 0, and maintenance of {required} is required")
    else:
        ratio = Known(spot.ratio / PORTFOLIO_LIQUIDATION, "share", SOURCE, at)
    return (
        Balance(
            asset=PORTFOLIO,
            wallet=Unknown("portfolio margin: what its coins are worth as collateral is not reckoned here"),
            venue_unrealised=sum((state.cross_unrealised for state in states), Decimal(0)),
            venue_maintenance=Known(required, "money", SOURCE, at),
            money="USD",
            venue_ratio=ratio,
        ),
    )


def _ratio(required: Decimal, equity: Decimal, at: float) -> Reading:
    if required == 0:
        return Known(Decimal(0), "share", SOURCE, at)
    return Known(required / equity if equity > 0 else _INFINITE, "share", SOURCE, at)


def unwatched(mode: Mode, spot: Spot, states: list[State]) -> tuple[str, ...]:
    """The spot coins that were seen and stand behind nothing here."""
    collateral = {state.dex.token for state in states} if mode is Mode.UNIFIED else set()
    coins = [coin for coin, token in spot.held if token not in collateral]
    if not coins:
        return ()
    more = f" and {len(coins) - _MOST_NAMED} more" if len(coins) > _MOST_NAMED else ""
    return (f"spot {', '.join(coins[:_MOST_NAMED])}{more}",)
