"""Hyperliquid, pure: what it lists. Perp dexes, the coins each trades, their collateral and their margin tables.

The answers are those of `perpDexs`, `allPerpMetas` and `spotMeta` (Hyperliquid docs, for developers, info endpoint).
A dex is a pool of its own: the first one is Hyperliquid's and has no name, the others are built by others (HIP-3),
and their coins carry the dex's name: `xyz:TSLA`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from watchdog.domain.market import Market, Tier
from watchdog.risk import rebuild_cum
from watchdog.venues.fields import PayloadError, Row, UnlistedError, rows

MAIN = ""
"""The name of the first dex, Hyperliquid's own."""
TAKER_FEE = Decimal("0.00045")
"""Of the first fee tier on the main dex, the highest rate an account pays there (Hyperliquid docs, trading, fees)."""
BUILT_TAKER_FEE = 2 * TAKER_FEE
"""On a dex built by others: its deployer takes as much again."""
MIN_NOTIONAL = Decimal(10)
"""What an order must be worth at least, in the dex's collateral (Hyperliquid docs, error responses)."""
MOST_DECIMALS = 6
"""A price has at most this many decimals less the coin's `szDecimals` (Hyperliquid docs, tick and lot size)."""
LISTED_TABLES = 50
"""A margin table of a lower id is not listed: it is one tier at that leverage (Hyperliquid docs, margin tiers)."""
MOST_LEVERAGE = 1000
USDC = 0
"""The index of that token, on mainnet and on testnet."""
_OTHER_NAMES = {"XBT": "BTC", "BCHSV": "BSV"}
"""ccxt's, of every venue."""


def code_of(name: str) -> str:
    """The currency code ccxt makes of a name: `kPEPE` is KPEPE, `xyz:TSLA` is XYZ-TSLA."""
    code = name.upper()
    return _OTHER_NAMES.get(code, code).replace(":", "-")


class Dex:
    """One perp dex. Its markets are built when they are asked for: a few of hundreds are."""

    def __init__(self, name: str, meta: Row, tokens: Mapping[int, str]) -> None:
        self.name = name
        self._meta = meta
        self.token = whole(meta, "collateralToken")
        """The index of the coin its margin is in."""
        if self.token not in tokens:
            raise PayloadError(meta.path("collateralToken"), f"{self.token} is no token of spotMeta")
        self.collateral = code_of(tokens[self.token])
        """The code of that coin: USDC on the main dex."""
        prefix = f"{name}:" if name else ""
        self._coins: dict[str, Row] = {}
        for row in meta.rows("universe"):
            coin = row.text("name")
            if not coin.startswith(prefix) or (":" in coin) != bool(name):
                raise PayloadError(row.path("name"), f"{coin[:40]!r} is no coin of dex {name or 'main'}")
            if coin in self._coins:
                raise PayloadError(row.path("name"), f"{coin[:40]!r} is listed twice")
            self._coins[coin] = row
        if not self._coins and not name:
            raise PayloadError(meta.path("universe"), "is an empty list")

    def __contains__(self, coin: str) -> bool:
        return coin in self._coins

    def market(self, coin: str, where: str) -> Market:
        """The market of a coin; without tiers where its margin table cannot be read.

        Raises UnlistedError for a coin that is not listed, PayloadError for one that is listed without its size step.
        """
        row = self._coins.get(coin)
        if row is None:
            raise UnlistedError(where, f"{coin[:40]!r} is not in the listing of dex {self.name or 'main'}")
        decimals = whole(row, "szDecimals")
        if decimals > MOST_DECIMALS:
            raise PayloadError(row.path("szDecimals"), f"{decimals} is more than {MOST_DECIMALS}")
        step = Decimal(1).scaleb(-decimals)
        return Market(
            symbol=f"{code_of(coin)}/{self.collateral}:{self.collateral}",
            venue_id=coin,
            base=code_of(coin),
            margin_asset=self.collateral,
            # The finest a price may be. It has at most five digits besides, unless it is a whole number.
            tick=Decimal(1).scaleb(decimals - MOST_DECIMALS),
            step=step,
            min_size=step,
            max_size=None,
            min_notional=MIN_NOTIONAL,
            taker_fee=BUILT_TAKER_FEE if self.name else TAKER_FEE,
            tiers=self._tiers(row),
        )

    def _tiers(self, row: Row) -> tuple[Tier, ...]:
        """The coin's tiers; none when its table cannot be read or is not that of its greatest leverage."""
        try:
            most, table = _leverage(row), whole(row, "marginTableId")
            if table < LISTED_TABLES:
                tiers = tiers_of([(Decimal(0), table)], row.path("marginTableId"))
            else:
                tiers = read_tiers(self._table(table))
            return tiers if tiers[0].rate == rate_of(most) else ()
        except PayloadError:
            return ()

    def _table(self, number: int) -> Row:
        where = self._meta.path("marginTables")
        tables = self._meta.raw.get("marginTables")
        for index, pair in enumerate(tables if isinstance(tables, list) else ()):
            if isinstance(pair, list) and pair and pair[0] == number:
                return Row.of(pair[-1], f"{where}[{index}]")
        raise PayloadError(where, f"hold no table {number}")


class Listing:
    """Every perp dex by its name; the first is the main one, whose name is empty. Raises PayloadError."""

    def __init__(self, payloads: Mapping[str, Any]) -> None:
        tokens = tokens_of(payloads.get("spotMeta"))
        names = dex_names(payloads.get("perpDexs"))
        metas = rows(payloads.get("allPerpMetas"), "allPerpMetas")
        if len(names) != len(metas):
            raise PayloadError("allPerpMetas", f"holds {len(metas)} dexes, perpDexs {len(names)}")
        self.tokens = tokens
        """The name of every token by its index."""
        self.dexes = {name: Dex(name, meta, tokens) for name, meta in zip(names, metas, strict=True)}

    def __iter__(self) -> Iterator[Dex]:
        return iter(self.dexes.values())


def dex_names(answer: Any) -> list[str]:
    """The names of perpDexs in their order: the main one, which is null there, first. Raises PayloadError."""
    if not isinstance(answer, list) or not answer or answer[0] is not None:
        raise PayloadError("perpDexs", "a list was due that begins with null, the main dex")
    names = [MAIN, *(Row.of(item, f"perpDexs[{number}]").text("name") for number, item in enumerate(answer) if number)]
    if len(set(names)) != len(names):
        raise PayloadError("perpDexs", "names a dex twice")
    return names


def tokens_of(answer: Any) -> dict[int, str]:
    """The names of spotMeta's tokens by index."""
    found = {whole(row, "index"): row.text("name") for row in Row.of(answer, "spotMeta").rows("tokens")}
    if found.get(USDC) != "USDC":
        raise PayloadError("spotMeta.tokens", f"token {USDC} is {found.get(USDC)!r}, not USDC")
    return found


def read_tiers(table: Row) -> tuple[Tier, ...]:
    """A margin table as tiers in rising order; the last has no cap.

    Maintenance is half of the initial margin at the tier's greatest leverage, and continuous: the venue's deduction
    is rebuilt by its rule, deduction_n = deduction_{n-1} + lower bound_n · (rate_n - rate_{n-1}) (Hyperliquid docs,
    margin tiers). Raises PayloadError for a table that does not begin at 0 or does not rise.
    """
    found = table.rows("marginTiers")
    return tiers_of([(row.not_negative("lowerBound"), _leverage(row)) for row in found], table.path("marginTiers"))


def tiers_of(steps: list[tuple[Decimal, int]], where: str) -> tuple[Tier, ...]:
    """Tiers from lower bounds and greatest leverages."""
    if not steps or steps[0][0] != 0:
        raise PayloadError(where, "does not begin at 0")
    for (floor, most), (above, less) in pairwise(steps):
        if above <= floor or less > most:
            raise PayloadError(where, f"does not rise from {floor} at {most}x to {above} at {less}x")
    if min(most for _, most in steps) < 1:
        raise PayloadError(where, "has a leverage below 1")
    rates = [(floor, rate_of(most)) for floor, most in steps]
    caps = [*(floor for floor, _ in rates[1:]), None]
    return tuple(
        Tier(floor, cap, rate, cum) for (floor, rate), cap, cum in zip(rates, caps, rebuild_cum(rates), strict=True)
    )


def rate_of(leverage: int) -> Decimal:
    """The share of the notional that is required where this leverage is the greatest: half of the initial margin."""
    return 1 / (2 * Decimal(leverage))


def whole(row: Row, field: str) -> int:
    """A whole number of zero or more. Raises PayloadError."""
    number = row.not_negative(field)
    if number != number.to_integral_value():
        raise PayloadError(row.path(field), f"{number} is not a whole number")
    return int(number)


def _leverage(row: Row) -> int:
    most = whole(row, "maxLeverage")
    if not 1 <= most <= MOST_LEVERAGE:
        raise PayloadError(row.path("maxLeverage"), f"{most} is no leverage")
    return most
