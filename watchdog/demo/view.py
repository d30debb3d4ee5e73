"""The live view of the demo: the account as the daemon sees it, and each alert as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from watchdog.cli import tables
from watchdog.control import ControlError, ask

COLOURS = {"info": "green", "warn": "yellow", "critical": "bold red", "emergency": "bold white on red"}

LOOK_EVERY = 0.25
"""Seconds of machine time between two looks."""


class View:
    """Alerts scroll by; below them, on a terminal, the account stands still and changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def alert(self, alert: Mapping[str, Any]) -> None:
        """Print one alert."""
        level = "info" if alert["event"] == "resolved" else alert["level"]
        first, *rest = alert["lines"]
        self._console.print(Text(first, style=COLOURS[level]))
        for line in rest:
            self._console.print(Text(f"  {line}"))

    async def follow(self, url: str, socket: Path) -> None:
        """Look at the account again and again; until cancelled."""
        if self._live is None:
            return
        async with aiohttp.ClientSession(url) as http:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                try:
                    async with http.get("/paper/state") as response:
                        venue = await response.json()
                    status = await ask(socket, "GET", "/status")
                except (aiohttp.ClientError, ControlError, OSError):
                    continue
                self._live.update(_picture(venue, status))


def _picture(venue: Mapping[str, Any], status: object) -> RenderableType:
    at = datetime.fromtimestamp(venue["time_ms"] / 1000, UTC).strftime("%H:%M:%S UTC")
    table = tables.status(status) if isinstance(status, dict) else Text("")
    return Group(Text(f"── {at} " + "─" * 40, style="dim"), table)
