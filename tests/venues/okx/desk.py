"""An OKX on loopback: it answers with what was recorded, and only what is signed as OKX wants it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.venues.okx.build import FILES, said, saved

KEY, SECRET, PHRASE = "K" * 30, "S" * 30, "passphrase of the test"
HEDGE = next(path for path in FILES if path.stem == "futures_hedge")
V5 = "/api/v5/"
PUBLIC = {"public/instruments", "public/position-tiers"}


class Desk:
    """What it was asked, and what it answers: recorded answers by path, until told otherwise."""

    def __init__(self) -> None:
        self.answers = saved(HEDGE)["answers"]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.other: dict[str, Callable[[], web.Response]] = {}
        self.url = ""

    def paths(self) -> list[str]:
        """What was asked, in order of name."""
        return sorted(path for path, _ in self.asked)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request, if it is signed as OKX wants it."""
        path, query = request.path.removeprefix(V5), dict(request.query)
        self.asked.append((path, query))
        assert request.method == "GET"
        if path not in PUBLIC:
            signed(request)
        if path in self.other:
            return self.other[path]()
        return web.json_response(self._answer(path, query), dumps=_dumps)

    def _answer(self, path: str, query: dict[str, str]) -> Any:
        kinds = {"SWAP": 0, "FUTURES": 1}
        if path == "public/instruments":
            return self.answers["instruments"][kinds[query["instType"]]]
        if path == "account/trade-fee":
            return self.answers["trade-fee"][query["instType"]]
        if path == "public/position-tiers":
            return self.answers["position-tiers"][f"{query['instType']} {query['tdMode']} {query['instFamily']}"]
        if path == "trade/orders-algo-pending":
            kind = query["ordType"].split(",")
            rows = [
                row for page in self.answers["orders-algo-pending"] for row in page["data"] if row["ordType"] in kind
            ]
            past = [int(row["algoId"]) for row in rows]
            start = past.index(int(query["after"])) + 1 if "after" in query else 0
            return said(*rows[start : start + int(query["limit"])])
        return self.answers[path.removeprefix("account/")]


def _dumps(value: Any) -> str:
    return json.dumps(value, default=str)


def signed(request: web.Request) -> None:
    """Raises AssertionError for a request that OKX would refuse."""
    text = f"{request.headers['OK-ACCESS-TIMESTAMP']}GET{request.raw_path}"
    made = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
    assert request.headers["OK-ACCESS-SIGN"] == made
    assert (request.headers["OK-ACCESS-KEY"], request.headers["OK-ACCESS-PASSPHRASE"]) == (KEY, PHRASE)
