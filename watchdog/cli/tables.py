"""Tables of `status` and `plan`, from the daemon's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text


def reading(figure: Mapping[str, str], places: int | None = None) -> Text:
    """A reading as it is shown: a number, "never", or UNKNOWN in red. Shares in percent, prices as they come."""
    if "unknown" in figure:
        return Text("UNKNOWN", style="bold red")
    if "never" in figure:
        return Text("never", style="green")
    if figure["value"] == "inf":
        return Text("∞", style="bold red")
    value = Decimal(figure["value"])
    match figure["unit"]:
        case "share":
            return Text(f"{value * 100:,.1f}%")
        case "times":
            return Text(f"{value:,.1f}×")
        case "money":
            return Text(f"{value:,.2f}")
        case _:
            return Text(f"{value:,.{places}f}" if places is not None else f"{value.normalize():,f}")


def places_of(price: str) -> int:
    """How many decimals a price is written with."""
    return len(price.partition(".")[2])


def status(answer: Mapping[str, Any]) -> RenderableType:
    """All accounts: what to hold beside the venue's own app; and the channels that reach nobody."""
    accounts = (part for account in answer["accounts"] for part in _account(account))
    return Group(*accounts, *(_silent(channel) for channel in answer.get("channels", ()) if channel["fails"]))


def _silent(channel: Mapping[str, Any]) -> Text:
    what = f"channel {channel['channel']} REACHES NOBODY for {channel['for']:.0f} s: {channel['fails']}"
    return Text(f"{what}; {channel['waiting']} messages wait", style="bold red")


def _account(account: Mapping[str, Any]) -> Iterator[RenderableType]:
    age = "never read" if account["age"] is None else f"read {account['read_at']}, {account['age']:.0f} s ago"
    sends = "may send orders" if account["sends"] == "yes" else f"sends nothing: {account['sends']}"
    yield Text(f"{account['account']} · {account['venue']} · {age} · mode {account['mode']}, {sends}", style="bold")
    yield from _troubles(account)
    if account["positions"]:
        yield _positions(account["positions"])
        for row in account["positions"]:
            for stop in row["stops"]:
                what = f"{stop['whose']} {stop['trigger']} on {stop['on']}, {stop['size']}: {stop['judged']}"
                yield Text(f"  stop on {row['symbol']} {row['side']}: {what}")
            yield from _asked(row)
    elif not account["vanished"]:
        yield Text("  no open position" if account["age"] is not None else "  nothing is known yet")
    for pool in account["pools"]:
        yield Text.assemble(
            f"  pool {pool['asset']}: equity ", reading(pool["equity"]), ", maintenance ", reading(pool["maintenance"]),
            ", ratio ", reading(pool["margin_ratio"]), ", all together ", reading(pool["shock_distance"]), " away",
        )  # fmt: skip
    for alert in account["alerts"]:
        yield Text(f"  {'; '.join(alert['says']) or alert['key']}{_aside(alert)}", style="yellow")
    for silence in account.get("silences", ()):
        by = f", by {silence['by']}" if silence["by"] else ""
        yield Text(f"  SILENCED until {silence['until']}: {silence['what']}{by}", style="bold")
    yield Text(f"  NOT watched: {account['not_watched']}", style="dim")


def _asked(row: Mapping[str, Any]) -> Iterator[Text]:
    """What waits for a yes, and how it is said here."""
    if row.get("proposal"):
        yield Text(f"    asked: {row['proposal']}; yes: watchdog confirm {row['confirm']}", style="bold")


def _troubles(account: Mapping[str, Any]) -> Iterator[Text]:
    """Why what follows is not all there is to know."""
    if account["barred"]:
        yield Text(f"  NOT WATCHED: {account['barred']}", style="bold red")
    if account["reads_fail"]:
        yield Text(f"  reads fail: {account['reads_fail']}", style="bold red")
    for gone in account["vanished"]:
        yield Text(f"  {gone['says']}", style="bold red")


def _aside(alert: Mapping[str, Any]) -> str:
    """Since when an alert fires, who has seen it, and that nothing of it is said now."""
    seen = "" if not alert["acknowledged"] else f"seen by {alert['seen_by']}" if alert.get("seen_by") else "seen"
    since = f"since {alert['since']}" if alert.get("since") else ""
    parts = [part for part in (since, seen, "silenced" if alert.get("silenced") else "") if part]
    return f" ({', '.join(parts)})" if parts else ""


def _positions(positions: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in (
        "position",
        "margin",
        "entry",
        "mark",
        "liq venue",
        "liq ours",
        "away",
        "room",
        "ratio",
        "uPnL",
        "covered",
    ):
        table.add_column(name, justify="left" if name in {"position", "margin"} else "right", no_wrap=True)
    for row in positions:
        places = places_of(row["entry"])
        table.add_row(
            f"  {row['symbol']} {row['side']} {row['size']}" + (" (vanished?)" if row["vanished"] else ""),
            row["margin"],
            row["entry"],
            reading(row["mark"], places),
            reading(row["liquidation_venue"], places),
            reading(row["liquidation_ours"], places),
            reading(row["liquidation_distance"]),
            reading(row["room_used"]),
            reading(row["margin_ratio"]),
            reading(row["unrealised"]),
            reading(row["stop_coverage"]),
        )
    return table


def plan(answer: Mapping[str, Any]) -> RenderableType:
    """All accounts: what would be sent now."""
    parts: list[RenderableType] = []
    for account in answer["accounts"]:
        sends = "and may send it" if account["sends"] == "yes" else f"and sends nothing: {account['sends']}"
        at = account["read_at"] or "never"
        parts.append(Text(f"{account['account']} · mode {account['mode']}, {sends} · read {at}", style="bold"))
        if not account["positions"]:
            parts.append(Text("  no open position"))
        for row in account["positions"]:
            who = f"  {row['symbol']} {row['side']} {row['size']}: "
            if row["would"] in ("place", "ask"):
                replaces = ", in place of the stop that rests" if row["replaces"] else ""
                would = "would place" if row["would"] == "place" else "would ask you to place"
                parts.append(Text(f"{who}{would} {row['order']}{replaces}", style="yellow"))
                away = f", {row['from_mark']} from mark" if row["from_mark"] else ""
                parts.append(Text(f"    why: {row['why']}; if it fills about {row['if_it_fills']}{away}"))
            elif row["would"] == "cancel":
                parts.append(Text(f"{who}would cancel {row['order']}: {row['why']}", style="yellow"))
            else:
                parts.append(Text(f"{who}nothing: {row['why']}"))
            parts.extend(_asked(row))
    return Group(*parts)


def show(table: RenderableType) -> None:
    """On standard output; as wide as it needs to be where that is no terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
