"""What several tests of the paper venue need: exchanges at a price, a server, an unmodified ccxt pointed at it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt.pro
from yarl import URL

from watchdog.paper.exchange import Exchange
from watchdog.paper.scenario import flat_scenario
from watchdog.paper.server import PaperServer, machine_ms
from watchdog.paper.slippage import Slippage
from watchdog.paper.values import MarginMode, Price

BTC = "BTCUSDT"
AVAX = "AVAXUSDT"
ETH = "ETHUSDT"
PRICES = {BTC: Decimal(100_000), AVAX: Decimal(20), ETH: Decimal(4_000)}
NO_SLIPPAGE = Slippage(Decimal(0), Decimal(0))


def D(text: str | int) -> Decimal:  # noqa: N802 (a number's own name)
    """A decimal."""
    return Decimal(text)


def an_exchange(wallet: str = "50000", slippage: Slippage = NO_SLIPPAGE) -> Exchange:
    """Three markets at round prices, USDT in the wallet, market orders at the last price."""
    exchange = flat_scenario(PRICES, {"USDT": D(wallet)}).exchange()
    exchange.slippage = slippage
    return exchange


def move(exchange: Exchange, symbol: str, price: str | int, last: str | int | None = None) -> None:
    """One second on, with a new mark (and last) price of one market."""
    value = Price(D(price), D(price if last is None else last))
    exchange.tick(exchange.time_ms + 1_000, {symbol: value})


def hold(exchange: Exchange, symbol: str, amount: str, leverage: int, mode: MarginMode, entry: str = "") -> None:
    """Open a position at an exact price, without a fee."""
    if exchange.account.position(symbol).mode is not mode:
        exchange.set_margin_mode(symbol, mode)
    exchange.set_leverage(symbol, leverage)
    exchange.open_free(symbol, D(amount), D(entry) if entry else None)


@asynccontextmanager
async def serving(exchange: Exchange | None = None, **options: Any) -> AsyncIterator[PaperServer]:
    """A paper venue on a free port, its market in lockstep."""
    server = PaperServer(exchange or an_exchange(), **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def ccxt_at(server: PaperServer, **options: Any) -> AsyncIterator[Any]:
    """An unmodified ccxt.pro binanceusdm with the paper venue's keys: only scheme and host of its urls are replaced."""
    keys = {"apiKey": server.api_key.key, "secret": server.api_key.secret}
    exchange = ccxt.pro.binanceusdm({**keys, **options})
    exchange.urls["api"] = _redirect(exchange.urls["api"], server.port)
    try:
        yield exchange
    finally:
        await exchange.close()


async def until(true: Callable[[], object]) -> None:
    """Let the loop run until something is true; the test's own time-out ends a wait in vain."""
    while not true():  # noqa: ASYNC110 (what is waited for has no event of its own)
        await asyncio.sleep(0)


def _redirect(value: Any, port: int) -> Any:
    if isinstance(value, dict):
        return {key: _redirect(inner, port) for key, inner in value.items()}
    if isinstance(value, str):
        return re.sub(r"^(http|ws)s?://[^/]+", rf"\1://127.0.0.1:{port}", value)
    return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any

    @property
    def code(self) -> int:
        """Binance's code."""
        return int(self.body["code"])


class Raw:
    """A bare client that signs as Binance asks."""

    def __init__(self, server: PaperServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def send(self, method: str, path: str, key: str | None = None, payload: str | None = None) -> Answer:
        """Send one request: the payload is the query of a read or a delete, the body of a write."""
        headers = {} if key is None else {"X-MBX-APIKEY": key}
        url = self.server.url + path
        if payload and method in {"GET", "DELETE"}:
            url += "?" + payload
        elif payload:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        data = payload if method in {"POST", "PUT"} else None
        async with self.session.request(method, URL(url, encoded=True), headers=headers, data=data) as answer:
            text = await answer.text()
            body = (
                await answer.json() if answer.content_type == "application/json" and text[-1:] in {"}", "]"} else None
            )
            return Answer(answer.status, dict(answer.headers), text, body)

    async def signed(self, method: str, path: str, /, **params: object) -> Answer:
        """Send a signed request. `timestamp` and `signature` may be given to be wrong."""
        api_key = self.server.api_key
        given = dict(params)
        signature = given.pop("signature", None)
        key = given.pop("key", api_key.key)
        payload = urlencode({"timestamp": machine_ms(), "recvWindow": 5000} | given)
        if signature is None:
            signature = hmac.new(api_key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return await self.send(method, path, None if key is None else str(key), f"{payload}&signature={signature}")


@asynccontextmanager
async def raw_at(server: PaperServer) -> AsyncIterator[Raw]:
    """A bare client of a server."""
    async with aiohttp.ClientSession() as session:
        yield Raw(server, session)
