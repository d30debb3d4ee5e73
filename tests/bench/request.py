"""From the mark frame that crosses a rule to the order request: the daemon against a bare ccxt.pro script.

Both run side by side on one paper venue and are timed by it, so by one clock: from handing the frame to their own
socket to the arrival of their own request. Each has a market of its own with the same facts, so that a crossing wakes
only one of them; they take turns. Then the daemon's position is closed by hand, its stop goes, and a new one is opened.

The daemon's clock runs twenty times as fast, so that its pauses between reads don't take all the time; nothing between
frame and request waits on a clock. A crossing is put right behind a read: at one read in ten seconds less than one in
five hundred falls on one, at twenty times that many it would be the measure.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.bench.figures import compared
from tests.bench.stage import PRICE, SYMBOL, Moment, Stage, line_of, stage, until

RULES = """
[protection]
mode = "act"
first_act_after = "0s"

[[rule]]
name     = "room"
metric   = "room_used"
critical = "70%"
stop     = { when = "critical", place = { entry_to_liquidation = "90%" } }
"""
"""The tick that crosses is the one that places: a critical level needs one reading, and no time is held."""

FALLEN = 85_000
"""Of a 5x isolated long from 100,000, liquidated at 80,321: 76 % of its room is used, its stop goes to 82,289."""
LEVEL, TRIGGER = 86_000, 82_000
"""The script's."""
OTHER = "A0USDT"
SPEED = 20.0
SETTLED = 0.05
"""Seconds in which what was sent has been answered and judged."""
OURS, BARE = "127.0.0.1", "localhost"
ORDER = "POST /fapi/v1/algoOrder"
CANCEL = "DELETE /fapi/v1/algoOrder"
READ = "GET /fapi/v3/positionRisk"


async def measure(rounds: int) -> dict[str, Any]:
    """So many crossings each, in seconds."""
    async with stage() as one:
        await one.venue("--speed", "4")
        config = one.files(RULES)
        bare = await one.bare("orders", "--level", str(LEVEL), "--trigger", str(TRIGGER))
        await line_of(bare, "ready")
        daemon = await one.daemon(config, "--speed", str(SPEED))
        await line_of(daemon, "resident_kb")
        crossings = _Crossings(one)
        for number in range(-3, rounds):  # the first warm both up
            await crossings.round(ours_first=number % 2 == 0, counted=number >= 0)
        return compared(crossings.ours, crossings.bare)


class _Crossings:
    """Round after round."""

    def __init__(self, one: Stage) -> None:
        self._stage = one
        self._log: list[Moment] = []
        self.ours: list[float] = []
        self.bare: list[float] = []

    async def round(self, *, ours_first: bool, counted: bool) -> None:
        """One crossing each, and everything as before."""
        await self._armed()
        for turn in (OURS, BARE) if ours_first else (BARE, OURS):
            seconds = await self._cross(turn)
            if counted:
                (self.ours if turn == OURS else self.bare).append(seconds)
        await self._cleared()

    async def _armed(self) -> None:
        """A new position, read, and marks of it."""
        await self._stage.post("/paper/trade", symbol=SYMBOL, amount="0.1", leverage=5, mode="isolated")
        self._log = []
        await until(self._saw(lambda: self._count(READ, OURS) >= 2), "the new position was not read twice")
        await until(self._saw(lambda: self._frames(OURS, PRICE)), "the daemon does not stream the mark")

    async def _cross(self, turn: str) -> float:
        """Seconds from the frame that crosses to the order of whose turn it is."""
        for what, who in ((READ, OURS), ("frame", turn)):  # behind a read, and between two ticks of the venue's own
            self._log = []
            await until(self._saw(lambda what=what, who=who: self._count(what, who)), f"{who}: there was no {what}")
        await asyncio.sleep(SETTLED)
        await self._hear()
        self._log = []
        symbol = SYMBOL if turn == OURS else OTHER
        await self._move(symbol, FALLEN)
        await asyncio.sleep(SETTLED)  # asking the venue meanwhile would cost it time
        await until(self._saw(lambda: self._count(ORDER, turn)), f"{turn} sent no order")
        sent = next(one.at for one in self._log if _is_frame(one, turn, FALLEN))
        came = next(one.at for one in self._log if one.what == ORDER and _at(one, turn))
        await self._move(symbol, PRICE)
        await asyncio.sleep(SETTLED)  # the script is armed again
        return came - sent

    async def _cleared(self) -> None:
        """The position is closed, its stop gone, and that of the script."""
        assert self._stage.paper is not None
        self._log = []
        await self._stage.post("/paper/trade", action="close", symbol=SYMBOL)
        await until(self._saw(lambda: self._count(CANCEL, OURS)), "the daemon's stop did not go with its position")
        for algo in await self._stage.paper.resting():
            await self._stage.paper.cancel(algo["client_id"])
        self._log = []
        await until(self._saw(lambda: self._count(READ, OURS)), "the empty account was not read")
        await asyncio.sleep(SETTLED)

    async def _move(self, symbol: str, price: int) -> None:
        await self._stage.post("/paper/trade", action="move", symbol=symbol, amount=str(price))

    async def _hear(self) -> None:
        self._log += await self._stage.timings()

    def _saw(self, look: Any) -> Any:
        async def again() -> Any:
            await self._hear()
            return look()

        return again

    def _count(self, what: str, who: str) -> int:
        return sum(what in {one.what, one.kind} and _at(one, who) for one in self._log)

    def _frames(self, who: str, price: int) -> list[Moment]:
        return [one for one in self._log if _is_frame(one, who, price)]


def _at(moment: Moment, who: str) -> bool:
    return moment.host.startswith(who)


def _is_frame(moment: Moment, who: str, price: int) -> bool:
    """Whether this is the mark at this price, on its way to them."""
    if moment.kind != "frame" or not _at(moment, who) or "markPriceUpdate" not in moment.what:
        return False
    return float(json.loads(moment.what)["p"]) == price
