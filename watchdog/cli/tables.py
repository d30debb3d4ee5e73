"""Tables of `status` and `plan`, from the daemon's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from watchdog.explain.text import amount
from watchdog.venues.known import VENUES


def reading(figure: Mapping[str, str], places: int | None = None, money: str = "") -> Text:
    """A reading as it is shown: a number, "never", or UNKNOWN in red. Shares in percent, prices as they come.

    `money`: the currency of an amount, which goes by its own number of places and is named behind it.
    """
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
            return Text(f"{amount(value, money)} {money}".rstrip())
        case _:
            text = f"{value:,.{places}f}" if places is not None else f"{value.normalize():,f}"
            return Text(text if text.strip("-0.") else text.lstrip("-"))  # rounded away: no sign is left


def places_of(price: str) -> int:
    """How many decimals a price is written with."""
    return len(price.partition(".")[2])


def status(answer: Mapping[str, Any]) -> RenderableType:
    """All accounts in one table to hold beside the venues' own apps, what else there is to each; and dead channels."""
    accounts: list[Mapping[str, Any]] = answer["accounts"]
    held = [(account, row) for account in accounts for row in account["positions"]]
    return Group(
        *(part for account in accounts for part in _head(account)),
        *([_positions(held)] if held else []),
        *(part for account in accounts for part in _details(account, named=len(accounts) > 1)),
        *(_silent(channel) for channel in answer.get("channels", ()) if channel["fails"]),
    )


def _silent(channel: Mapping[str, Any]) -> Text:
    what = f"channel {channel['channel']} REACHES NOBODY for {channel['for']:.0f} s: {channel['fails']}"
    return Text(f"{what}; {channel['waiting']} messages wait", style="bold red")


def _head(account: Mapping[str, Any]) -> Iterator[RenderableType]:
    age = "never read" if account["age"] is None else f"read {account['read_at']}, {account['age']:.0f} s ago"
    sends = "may send orders" if account["sends"] == "yes" else f"sends nothing: {account['sends']}"
    modes = f" · {account['modes']}" if account.get("modes") else ""
    yield Text(
        f"{account['account']} · {account['venue']}{modes} · {age} · mode {account['mode']}, {sends}", style="bold"
    )
    yield from _troubles(account)
    if account.get("key"):
        yield Text(f"  key: {account['key']}", style="dim")
    if not account["positions"] and not account["vanished"]:
        yield Text("  no open position" if account["age"] is not None else "  nothing is known yet")


def _details(account: Mapping[str, Any], *, named: bool) -> Iterator[RenderableType]:
    """Stops, pools, debts, alerts, silences, what is not watched; with its name where there are several."""
    who = f"{account['account']}: " if named else ""
    for row in account["positions"]:
        for stop in row["stops"]:
            what = f"{stop['whose']} {stop['trigger']} on {stop['on']}, {stop['size']}: {stop['judged']}"
            yield Text(f"  {who}stop on {row['symbol']} {row['side']}: {what}")
    for pool in account["pools"]:
        yield _pool(pool, who, account["venue"])
    for name, equity in account.get("below_zero", {}).items():
        yield Text(f"  {who}{name}: EQUITY BELOW ZERO, {Decimal(equity):,f}", style="bold red")
    for coin, owed in account.get("debts", {}).items():
        yield Text(f"  {who}OWES the venue {Decimal(owed):,f} {coin}", style="bold red")
    for alert in account["alerts"]:
        yield Text(f"  {who}{'; '.join(alert['says']) or alert['key']}{_aside(alert)}", style="yellow")
    for silence in account.get("silences", ()):
        by = f", by {silence['by']}" if silence["by"] else ""
        yield Text(f"  {who}SILENCED until {silence['until']}: {silence['what']}{by}", style="bold")
    yield Text(f"  {who}NOT watched: {account['not_watched']}", style="dim")


def _pool(pool: Mapping[str, Any], who: str, venue: str) -> Text:
    money = pool.get("money", "")
    ours = reading(pool["maintenance"], money=money)
    theirs = pool.get("venue_maintenance", {"unknown": ""})
    required = (
        [ours] if "unknown" in theirs else [reading(theirs, money=money), Text(" (venue) / "), ours, Text(" (ours)")]
    )
    of = f"theirs alone, read {pool['margin_ratio_read_at']}" if pool.get("margin_ratio_read_at") else ""
    app = f"{VENUES[venue].name} shows {pool['margin_ratio_app']}" if pool.get("margin_ratio_app") else ""
    aside = f" ({'; '.join(part for part in (of, app) if part)})" if of or app else ""
    return Text.assemble(
        f"  {who}pool {pool['asset']}: equity ", reading(pool["equity"], money=money), ", maintenance ", *required,
        ", ratio ", reading(pool["margin_ratio"]), f"{aside}, ", *_together(pool["shock_distance"]),
        ("; IN DOUBT: a position is missing from the last answer", "bold red") if pool.get("doubted") else "",
    )  # fmt: skip


def _together(shock: Mapping[str, str]) -> tuple[str | Text, ...]:
    """How far all prices of a pool may move against it together."""
    if "never" in shock:
        return ("no common move of its prices liquidates it",)
    if "unknown" in shock:
        return ("how far all its prices may move together is ", reading(shock))
    return ("a common move of ", reading(shock), " liquidates it")


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


def _positions(held: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Table:
    """Two figures a cell, so that it fits a terminal of 100 columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if number <= 1 else "right", no_wrap=True)
    for account, row in held:
        places = places_of(row["entry"])
        gone = " (vanished?)" if row["vanished"] else ""
        stop = next((one for one in row["stops"] if one["counts"]), None)
        stands = Text("NONE", style="bold red") if stop is None else Text(str(stop["trigger"]))
        table.add_row(
            f"{account['account']}\n{str(account['read_at']).partition(' ')[0]}",  # its zone is in the head
            f"{row['symbol']}\n{row['side']} {row['size']} {row['margin']}{gone}",
            _both(Text(row["entry"]), reading(row["mark"], places)),
            _both(reading(row["liquidation_venue"], places), reading(row["liquidation_ours"], places)),
            _both(reading(row["gap"], places), reading(row["liquidation_distance"])),
            _both(reading(row["equity"], money=row["money"]), reading(row["margin_ratio"])),
            _both(reading(row["unrealised"], money=row["margin_asset"]), reading(row["room_used"])),
            _both(stands, reading(row["stop_coverage"])),
        )
    return table


COLUMNS = (
    "account\nread",
    "position\nmargin",
    "entry\nmark",
    "liq venue\nliq ours",
    "difference\naway",
    "equity\nratio",
    "uPnL\nroom used",
    "stop\ncovered",
)


def _both(upper: Text, lower: Text) -> Text:
    """Two figures, one above the other."""
    return Text("\n").join((upper, lower))


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


def show(table: RenderableType, console: Console | None = None) -> None:
    """On standard output; as wide as it needs to be where that is no terminal, and where a figure would be cut."""
    console = Console() if console is None else console
    wide = max(map(_width, table.renderables), default=0) if isinstance(table, Group) else _width(table)
    if not console.is_terminal:
        wide = max(wide, 200)
    console.width = max(console.width, wide)
    console.print(table)


def _width(part: RenderableType) -> int:
    """What a table needs; words can be wrapped."""
    return Measurement.get(_ROOMY, _ROOMY.options, part).maximum if isinstance(part, Table) else 0


_ROOMY: Final = Console(width=1000)
