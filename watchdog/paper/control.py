"""The control paths below `/paper/`: market time, state, faults, and the trader's own hand. They ask for no key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from watchdog.paper.binanceusdm.streams import Socket, Which
from watchdog.paper.exchange import Exchange
from watchdog.paper.faults import Fault, FaultKind
from watchdog.paper.refusal import RefusedError
from watchdog.paper.simulate import outcome
from watchdog.paper.values import MarginMode

if TYPE_CHECKING:
    from watchdog.paper.server import PaperServer

BAD_REQUEST = 400


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Advance(_Body):
    """Move market time on."""

    seconds: Annotated[int, Field(ge=0)] = 1
    hold: bool = False
    """Keep the account's frames back until the next call."""


class Trouble(_Body):
    """A fault of requests, of sockets, or of the key."""

    kind: FaultKind | Literal["freeze", "thaw", "close", "cut", "bad_json", "raw", "expire", "release", "clear", "key"]
    method: str = "*"
    path: str = "*"
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    seconds: Annotated[float, Field(ge=0)] = 1.0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    body: str | None = None
    sockets: Which = Which.ALL
    withdraw: bool | None = None
    trade: bool | None = None
    revoked: bool | None = None
    weight_limit: Annotated[int, Field(ge=0)] | None = None
    """Of kind `key`: 0 takes the limit away."""


class Trade(_Body):
    """Something the trader does by hand, or (`move`) the market."""

    action: Literal["market", "close", "deposit", "margin", "modes", "move"] = "market"
    symbol: str = ""
    amount: Annotated[Decimal, Field(allow_inf_nan=False)] = Decimal(0)
    """market: signed size · deposit, margin: money · move: the new price."""
    leverage: int | None = None
    mode: MarginMode | None = None
    asset: str = "USDT"
    hedge: bool | None = None
    multi_assets: bool | None = None

    @field_validator("amount")
    @classmethod
    def _price_above_zero(cls, amount: Decimal, info: ValidationInfo) -> Decimal:
        if info.data.get("action") == "move" and amount <= 0:
            raise ValueError("a price is above zero")
        return amount


Answer = Callable[[web.Request], Awaitable[dict[str, Any]]]


class Control:
    """The answers."""

    def __init__(self, server: PaperServer) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """What is added to the web application."""
        return [
            web.post("/paper/advance", _answers(self._advance)),
            web.get("/paper/state", _answers(self._state)),
            web.get("/paper/timings", _answers(self._timings)),
            web.post("/paper/fault", _answers(self._fault)),
            web.post("/paper/trade", _answers(self._trade)),
        ]

    async def _advance(self, request: web.Request) -> dict[str, Any]:
        asked = Advance.model_validate_json(await _body(request))
        await self._server.advance(asked.seconds, hold=asked.hold)
        return self._where()

    async def _state(self, _request: web.Request) -> dict[str, Any]:
        return self._where() | state(self._server)

    async def _timings(self, _request: web.Request) -> dict[str, Any]:
        return {"timings": self._server.hub.timings.take()}

    async def _fault(self, request: web.Request) -> dict[str, Any]:
        trouble = Trouble.model_validate_json(await _body(request))
        await make_trouble(self._server, trouble)
        return {"ok": True}

    async def _trade(self, request: web.Request) -> dict[str, Any]:
        trade = Trade.model_validate_json(await _body(request))
        hand = self._server.hand
        if trade.action == "move":
            self._server.exchange.market(trade.symbol)
            await self._server.move({trade.symbol: trade.amount}, alone=True)
        elif trade.action == "close":
            hand.close(trade.symbol)
        elif trade.action == "deposit":
            hand.deposit(trade.asset, trade.amount)
        elif trade.action == "margin":
            hand.move_margin(trade.symbol, trade.amount)
        elif trade.action == "modes":
            hand.set_modes(hedge=trade.hedge, multi_assets=trade.multi_assets)
        else:
            hand.market(trade.symbol, trade.amount, leverage=trade.leverage, mode=trade.mode)
        return self._where()

    def _where(self) -> dict[str, Any]:
        server = self._server
        return {
            "time_ms": server.exchange.time_ms,
            "marks": dict(server.hub.marks),
            "account_frames": server.hub.account_frames,
            "done": server.done,
        }


def state(server: PaperServer) -> dict[str, Any]:
    """Everything on the account and of the server, as JSON: numbers are text."""
    return exchange_state(server.exchange) | {
        "sockets": {which.value: len(server.hub.chosen(which)) for which in Which},
        "requests": len(server.face.requests),
        "faults_taken": [[method, path, kind.value] for method, path, kind in server.faults.taken],
    }


def exchange_state(exchange: Exchange) -> dict[str, Any]:
    """Everything on the account, as JSON: numbers are text."""
    account = exchange.account
    ended = outcome(exchange)
    return {
        "prices": {s: {"mark": str(p.mark), "last": str(p.last)} for s, p in account.prices.items()},
        "wallet": {asset: str(amount) for asset, amount in account.wallets.items()},
        "positions": [
            {
                "symbol": p.symbol,
                "amount": str(p.amount),
                "entry": str(p.entry),
                "mode": p.mode.value,
                "leverage": p.leverage,
                "isolated_wallet": str(p.isolated_wallet),
                "unrealised": str(account.unrealised(p)),
                "maintenance": str(account.maintenance(p)),
                "ratio": str(account.ratio(p)),
                "liquidation_price": _text(account.liquidation_price(p)),
            }
            for p in account.open_positions()
        ],
        "orders": [{k: _text(v) for k, v in _fields(o).items()} for o in exchange.open_orders()],
        "algos": [{k: _text(v) for k, v in _fields(a).items()} for a in exchange.algos.values()],
        "fills": [{k: _text(v) for k, v in _fields(f).items()} for f in exchange.fills],
        "liquidations": [{k: _text(v) for k, v in _fields(r).items()} for r in exchange.liquidations],
        "outcome": {symbol: {k: _text(v) for k, v in _fields(o).items()} for symbol, o in ended.positions.items()},
    }


async def make_trouble(server: PaperServer, trouble: Trouble) -> None:
    """Do what a trouble says."""
    if isinstance(trouble.kind, FaultKind):
        fields = trouble.model_dump(include={"method", "path", "times", "skip", "seconds", "status", "body"})
        server.faults.add(Fault(trouble.kind, **fields))
    elif trouble.kind == "key":
        _change_key(server, trouble)
    elif trouble.kind == "expire":
        server.hub.expire_key(server.exchange.time_ms)
    elif trouble.kind == "release":
        server.face.release()
    elif trouble.kind == "clear":
        server.faults.clear()
    else:
        for socket in server.hub.chosen(trouble.sockets):
            await _trouble_socket(socket, trouble)
    await asyncio.sleep(0)


async def _trouble_socket(socket: Socket, trouble: Trouble) -> None:
    if trouble.kind == "freeze":
        socket.freeze()
    elif trouble.kind == "thaw":
        socket.thaw()
    elif trouble.kind == "close":
        await socket.close()
    elif trouble.kind == "cut":
        socket.cut()
    else:
        socket.send_text(trouble.body or '{"e": "oops')


def _change_key(server: PaperServer, trouble: Trouble) -> None:
    for name in ("withdraw", "trade", "revoked"):
        value = getattr(trouble, name)
        if value is not None:
            setattr(server.api_key, name, value)
    if trouble.weight_limit is not None:
        server.face.weight_limit = trouble.weight_limit or None


def _fields(value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}  # type: ignore[attr-defined]


def _text(value: object) -> Any:
    return value if value is None or isinstance(value, bool | int) else str(value)


async def _body(request: web.Request) -> str:
    return await request.text() or "{}"


def _answers(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Turn a wrong body or a refusal into 400 with words."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await answer(request))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "body"
            return web.json_response({"error": f"{field}: {first['msg']}"}, status=BAD_REQUEST)
        except RefusedError as error:
            return web.json_response({"error": str(error)}, status=BAD_REQUEST)

    return handle
