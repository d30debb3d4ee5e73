"""A Hyperliquid on loopback: it answers POST /info with recorded and built answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.venues.hyperliquid.build import ONE_STEP, Leg, order, payloads, state

D = Decimal
WALLET = "0x" + "5e" * 20


def answers() -> dict[str, Any]:
    """An account on the main dex and on xyz; km holds nothing."""
    states = {
        "": state([Leg("BTC", D(2), D(100), D(110), maintenance=D("2.75"))], D(120)),
        "xyz": state([Leg("xyz:TSLA", D(-1), D(200), D(200), D(30))]),
        "km": state(),
    }
    tables = {"BTC": ONE_STEP, "xyz:TSLA": ONE_STEP, "km:US500": ONE_STEP}
    stop = order("xyz:TSLA", side="B", triggerPx="220.0", limitPx="240.0")
    given = payloads(states, tables, tokens={"km": 360}, orders={"": [order("BTC")], "xyz": [stop]}, spot={0: "9"})
    return {**given, "userRole": {"role": "user"}}


@dataclass
class Shop:
    """Answers POST /info by the type and dex asked for."""

    answers: dict[str, Any]
    instead: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and body to answer with instead, by type."""
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What was recorded for this read."""
        body = await request.json()
        self.asked.append((request.method, request.path, body))
        if body["type"] in self.instead:
            status, text = self.instead[body["type"]]
            return web.Response(status=status, text=text, content_type="application/json")
        found = self.answers[body["type"]]
        if body["type"] in {"clearinghouseState", "frontendOpenOrders"}:
            found = found[body.get("dex", "")]
        return web.json_response(found)

    def types(self) -> list[tuple[str, str]]:
        """Type and dex of every read so far, in order of name."""
        return sorted((body["type"], body.get("dex", "")) for _, _, body in self.asked)
