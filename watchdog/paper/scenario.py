"""Scenario files: which markets, which prices, what the account holds at the start."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from watchdog.paper.candles import Candle, CandleError, read_candles
from watchdog.paper.exchange import Exchange
from watchdog.paper.margin import check_tiers
from watchdog.paper.refusal import RefusedError
from watchdog.paper.slippage import Slippage
from watchdog.paper.tape import Tape
from watchdog.paper.values import MarginMode, Market, Price, Tier

DATA = Path(__file__).parent / "data"
CRASH = "crash-2025-10-10"
"""The scenario the package carries."""


class ScenarioError(ValueError):
    """A scenario that can't be used; the message names the file and the field."""


def _decimal(value: object) -> object:
    """TOML numbers come as int or Decimal; quoted ones as str. A bool is not a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Amount = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, allow_inf_nan=False)]


_Model = TypeVar("_Model", bound=BaseModel)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TierFile(_File):
    """A maintenance bracket."""

    floor: Amount
    cap: Positive | None = None
    rate: Positive
    cum: Amount
    max_leverage: int = Field(ge=1)


class MarketFile(_File):
    """A market's public facts."""

    base: str
    quote: str
    margin_asset: str
    tick: Positive
    step: Positive
    price_places: int = Field(ge=0)
    size_places: int = Field(ge=0)
    min_size: Positive
    max_size: Positive
    max_market_size: Positive
    min_notional: Amount
    taker_fee: Amount
    maker_fee: Amount
    liquidation_fee: Amount
    tiers: tuple[TierFile, ...] = Field(min_length=1)

    def market(self, symbol: str) -> Market:
        """The market it describes."""
        fields = self.model_dump() | {"tiers": tuple(Tier(**tier.model_dump()) for tier in self.tiers)}
        return Market(symbol=symbol, **fields)


class PositionFile(_File):
    """A position the account holds at the start."""

    symbol: str
    side: Literal["long", "short"]
    size: Positive
    leverage: int = Field(ge=1)
    margin: MarginMode
    entry: Positive | None = None
    """None: the first price."""


class SlippageFile(_File):
    """How much worse than the last price a market order fills."""

    base_bps: Amount = Slippage().base_bps
    range_share: Amount = Slippage().range_share


class ScenarioFile(_File):
    """The whole file."""

    name: str
    wallet: dict[str, Amount]
    candles: dict[str, str] = Field(min_length=1)
    """A file of one-minute candles per market, beside this file."""
    mark_candles: dict[str, str] = {}
    """Where the mark price has a file of its own; otherwise mark and last price are the same."""
    markets: dict[str, MarketFile] = {}
    """Markets the package does not know, or other facts of those it knows."""
    positions: tuple[PositionFile, ...] = ()
    slippage: SlippageFile = SlippageFile()


@dataclass(frozen=True, slots=True)
class StartPosition:
    """A position to open at the start. `amount` is signed; `entry` None is the first price."""

    symbol: str
    amount: Decimal
    leverage: int
    mode: MarginMode
    entry: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Markets, prices, and what the account holds at the start."""

    name: str
    markets: dict[str, Market]
    wallet: dict[str, Decimal]
    positions: tuple[StartPosition, ...]
    tape: Tape
    slippage: Slippage

    def exchange(self) -> Exchange:
        """A fresh exchange at the first tick, with the positions open at exact prices and without fees.

        Raises RefusedError when the venue would not have such a position (leverage, wallet).
        """
        exchange = Exchange(self.markets, self.slippage, self.tape.start_ms)
        for asset, amount in self.wallet.items():
            exchange.deposit(asset, amount)
        exchange.tick(self.tape.start_ms, self.tape.prices(0))
        for start in self.positions:
            if exchange.account.position(start.symbol).mode is not start.mode:
                exchange.set_margin_mode(start.symbol, start.mode)
            exchange.set_leverage(start.symbol, start.leverage)
            exchange.open_free(start.symbol, start.amount, start.entry)
        exchange.drain()
        return exchange


def known_markets() -> dict[str, Market]:
    """The markets whose public facts the package carries."""
    return dict(_known())


@cache
def _known() -> dict[str, Market]:
    path = DATA / "markets.toml"
    rows = _toml(path)
    return {symbol: _check(MarketFile, row, path, symbol).market(symbol) for symbol, row in rows.items()}


def load_scenario(name: str) -> Scenario:
    """Load a scenario by the name of one the package carries, or by the path of a TOML file. Raises ScenarioError."""
    inside = DATA / f"{name}.toml"
    path = inside if "/" not in name and inside.is_file() and name != "markets" else Path(name)
    file = _check(ScenarioFile, _toml(path), path)
    known = known_markets() | {symbol: row.market(symbol) for symbol, row in file.markets.items()}
    markets: dict[str, Market] = {}
    for symbol in file.candles:
        if symbol not in known:
            raise ScenarioError(f"{path}: candles.{symbol}: this market is unknown; describe it under markets.{symbol}")
        markets[symbol] = known[symbol]
        if wrong := check_tiers(markets[symbol].tiers):
            raise ScenarioError(f"{path}: markets.{symbol}.tiers: {wrong}")
    for symbol in file.mark_candles:
        if symbol not in markets:
            raise ScenarioError(f"{path}: mark_candles.{symbol}: there is no candles.{symbol}")
    last = {symbol: _candles(path, f"candles.{symbol}", name) for symbol, name in file.candles.items()}
    marks = {symbol: _candles(path, f"mark_candles.{symbol}", name) for symbol, name in file.mark_candles.items()}
    if len({candles[0].open_ms for candles in [*last.values(), *marks.values()]}) > 1:
        raise ScenarioError(f"{path}: candles: the files do not all start in the same minute")
    scenario = Scenario(
        name=file.name,
        markets=markets,
        wallet=dict(file.wallet),
        positions=tuple(_position(path, number, row, markets) for number, row in enumerate(file.positions)),
        tape=Tape.of_candles(markets, last, marks),
        slippage=Slippage(file.slippage.base_bps, file.slippage.range_share),
    )
    try:
        scenario.exchange()
    except RefusedError as error:
        raise ScenarioError(f"{path}: positions: the venue would refuse them ({error})") from error
    return scenario


def flat_scenario(
    prices: dict[str, Decimal], wallet: dict[str, Decimal], start_ms: int = 1_760_129_340_000
) -> Scenario:
    """Known markets whose prices stand still until they are moved by hand: for tests and try-outs."""
    known = known_markets()
    return Scenario(
        name="flat",
        markets={symbol: known[symbol] for symbol in prices},
        wallet=wallet,
        positions=(),
        tape=Tape(start_ms, (({symbol: Price(price, price) for symbol, price in prices.items()}),)),
        slippage=Slippage(),
    )


def with_positions(scenario: Scenario, *positions: StartPosition) -> Scenario:
    """The same scenario with these positions at the start."""
    return replace(scenario, positions=positions)


def _position(path: Path, number: int, row: PositionFile, markets: dict[str, Market]) -> StartPosition:
    where = f"{path}: positions.{number}"
    market = markets.get(row.symbol)
    if market is None:
        raise ScenarioError(f"{where}.symbol: there is no candles.{row.symbol}")
    if row.size % market.step:
        raise ScenarioError(f"{where}.size: {row.size} is not a multiple of {market.step}")
    amount = row.size if row.side == "long" else -row.size
    return StartPosition(row.symbol, amount, row.leverage, row.margin, row.entry)


def _candles(path: Path, field: str, name: str) -> tuple[Candle, ...]:
    try:
        return read_candles(path.parent / name)
    except CandleError as error:
        raise ScenarioError(f"{path}: {field}: {error}") from error


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise ScenarioError(f"{path}: there is no such scenario or file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error.__class__.__name__})") from error
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: {error}") from error


def _check(model: type[_Model], data: object, path: Path, prefix: str = "") -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in ([prefix] if prefix else []) + list(first["loc"]))
        raise ScenarioError(f"{path}: {field}: {first['msg']}") from error
