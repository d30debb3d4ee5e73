"""What happened in the demo: with the watchdog beside without, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeAlias

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Json: TypeAlias = dict[str, Any]

CENT = Decimal("0.01")


def result(with_watchdog: Mapping[str, Any], without: Mapping[str, Any], alerts: Sequence[Json]) -> Json:
    """The demo's JSON. `with_watchdog` and `without` are the paper venue's states at the end of the scenario."""
    return {
        "with": {symbol: _end(with_watchdog, symbol) for symbol in with_watchdog["outcome"]},
        "without": {symbol: _end(without, symbol) for symbol in without["outcome"]},
        "alerts": sorted(alerts, key=_order_of_alerts),
        "orders": [_order(order) for order in with_watchdog["algos"]],
    }


RANKS = {"info": 0, "warn": 1, "critical": 2, "emergency": 3}


def _order_of_alerts(alert: Json) -> tuple[float, int, str]:
    """By market time, the worst of one second first: a channel may say two of a second either way round."""
    return (alert["at"], -RANKS[alert["level"]], alert["lines"][0])


def _end(state: Mapping[str, Any], symbol: str) -> Json:
    """What became of a position. One that is still open is valued at the last mark."""
    ended = state["outcome"][symbol]
    mark = Decimal(state["prices"][symbol]["mark"])
    unrealised = sum(
        (Decimal(position["unrealised"]) for position in state["positions"] if position["symbol"] == symbol), Decimal(0)
    )
    exit_price = mark if ended["open"] or ended["exit_price"] is None else Decimal(ended["exit_price"])
    return {
        "liquidated": bool(ended["liquidated"]),
        "open": bool(ended["open"]),
        "exit_price": _text(exit_price.quantize(Decimal("0.0001"))),
        "loss": _text((Decimal(ended["loss"]) - unrealised).quantize(CENT, ROUND_HALF_EVEN)),
        "owed": _text(Decimal(ended["owed"]).quantize(CENT, ROUND_HALF_EVEN)),
        "at": None if ended["at_ms"] is None else _time(ended["at_ms"]),
    }


def _order(algo: Mapping[str, Any]) -> Json:
    """A conditional order as the venue keeps it, times in words."""
    named = {key: str(value) for key, value in algo.items() if value is not None and not key.endswith("_ms")}
    return named | {"placed": _time(algo["created_ms"]), "changed": _time(algo["updated_ms"])}


def _text(value: Decimal) -> str:
    return f"{value:f}"


def _time(at_ms: int | str) -> str:
    return datetime.fromtimestamp(int(at_ms) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def table(answer: Json) -> RenderableType:
    """The outcome for a person: what happened with the watchdog, beside what would have happened without."""
    rows = Table(title="2025-10-10, 20:49 to 21:49 UTC: how it ended", title_style="bold", title_justify="left")
    for name in ("position", "watchdog", "liquidated", "out at", "price", "lost USDT", "owed beyond it"):
        rows.add_column(name, justify="left" if name in {"position", "watchdog"} else "right", no_wrap=True)
    for symbol in answer["without"]:
        for how in ("without", "with"):
            end = answer[how].get(symbol)
            if end is None:
                continue
            at = "still open" if end["open"] else (end["at"] or "")[11:19]
            rows.add_row(
                symbol if how == "without" else "",
                how,
                Text("LIQUIDATED", style="bold red") if end["liquidated"] else Text("no", style="green"),
                at,
                f"{Decimal(end['exit_price']):,f}",
                f"{Decimal(end['loss']):,f}",
                f"{Decimal(end['owed']):,f}",
                end_section=how == "with",
            )
    lost = {how: sum((Decimal(end["loss"]) for end in answer[how].values()), Decimal(0)) for how in ("without", "with")}
    saved = lost["without"] - lost["with"]
    return Group(
        rows,
        Text(f"Lost without the watchdog {lost['without']:,f} USDT, with it {lost['with']:,f}: {saved:,f} USDT kept."),
        Text(
            "Paper money, real prices. A stop can also cost: it sells what might have come back.",
            style="dim",
        ),
    )
