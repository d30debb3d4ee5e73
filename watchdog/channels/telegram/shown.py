"""`/status` and `/positions` as they read on a phone, from what `watchdog status` has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from watchdog.alerts.words import covered

Json: TypeAlias = Mapping[str, Any]

_LATE_S = 30.0
"""A read older than that is said in capitals: accounts are read each 10 s at the latest."""


def figure(reading: Json | None, places: int | None = None) -> str:
    """A reading: a number with its unit, `never`, or `UNKNOWN`. `places`: of a price."""
    if reading is None or "unknown" in reading:
        return "UNKNOWN"
    if "never" in reading:
        return "never"
    try:
        value = Decimal(reading["value"])
    except (InvalidOperation, KeyError):
        return "UNKNOWN"
    if not value.is_finite():
        return "∞"
    match reading.get("unit"):
        case "share":
            text = f"{value * 100:,.{_places(value * 100)}f}%"
        case "times":
            text = f"{value:,.1f}×"
        case "money":
            text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"  # noqa: PLR2004  (cents of small sums)
        case _:
            text = f"{value:,.{places}f}" if places is not None else f"{value.normalize():,f}"
    return text.replace("-", "−")


def _places(percent: Decimal) -> int:
    return 1 if abs(percent) < 10 else 0  # noqa: PLR2004  (as in every message)


def status(answer: Json) -> list[str]:
    """How everything stands: the first line says whether all is well."""
    accounts, channels = answer["accounts"], answer.get("channels", ())
    dead = [channel for channel in channels if channel["fails"]]
    wrong = sum(len(account["alerts"]) for account in accounts)
    ill = (
        wrong or dead or any(account["barred"] or account["reads_fail"] or not _fresh(account) for account in accounts)
    )
    ill = ill or any(account["vanished"] or _unknown(account) for account in accounts)
    held = sum(len(account["positions"]) + len(account["vanished"]) for account in accounts)
    lines = [
        f"{'NOT ALL WELL' if ill else 'ALL WELL'} · {_count(len(accounts), 'account')}, {_count(held, 'position')}"
    ]
    for account in accounts:
        lines += ["", *_account(account)]
    if dead:
        lines.append("")
    lines += [
        f"{channel['channel']} REACHES NOBODY for {channel['for']:.0f} s: {channel['fails']}; {channel['waiting']} wait"
        for channel in dead
    ]
    return lines


def _fresh(account: Json) -> bool:
    return account["age"] is not None and account["age"] < _LATE_S


def _unknown(account: Json) -> list[str]:
    """The positions of which the distance from liquidation or the margin ratio is not known."""
    return [
        f"{row['symbol'].split('/')[0]} {row['side']}"
        for row in account["positions"]
        if "unknown" in row["liquidation_distance"] or "unknown" in row["margin_ratio"]
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"


def _account(account: Json) -> Iterator[str]:
    sends = "may send orders" if account["sends"] == "yes" else f"sends nothing: {account['sends']}"
    yield f"{account['account']} · {account['venue']} · mode {account['mode']}, {sends}"
    if account["barred"]:
        yield f"NOT WATCHED: {account['barred']}"
    if account["age"] is None:
        yield "Never read: nothing is known"
    elif _fresh(account):
        yield f"Read {account['read_at']}, {account['age']:.0f} s ago"
    else:
        yield f"NO GOOD READ for {account['age']:.0f} s, last at {account['read_at']}"
    if account["reads_fail"]:
        yield f"Reads fail: {account['reads_fail']}"
    yield from _held(account)
    for pool in account["pools"]:
        ratio, shock = figure(pool["margin_ratio"]), figure(pool["shock_distance"])
        far = "no common move liquidates it" if shock == "never" else f"all together {shock} away"
        yield f"Pool {pool['asset']}: equity {figure(pool['equity'])}, ratio {ratio}, {far}"
        if pool["doubted"]:
            yield f"Pool {pool['asset']} is IN DOUBT: a position is missing from the last answer"
    for pool, equity in account.get("below_zero", {}).items():
        yield f"{pool}: EQUITY BELOW ZERO, {Decimal(equity):,f}"
    for coin, owed in account.get("debts", {}).items():
        yield f"OWES the venue {Decimal(owed):,f} {coin}"
    for alert in account["alerts"]:
        seen = " (acknowledged)" if alert["acknowledged"] else ""
        yield f"Fires: {'; '.join(alert['says']) or alert['key']}{seen}"


def _held(account: Json) -> Iterator[str]:
    """What is open: what is missing or can't be judged before the nearest to liquidation."""
    for gone in account["vanished"]:
        yield gone["says"]
    unknown = _unknown(account)
    if unknown:
        yield f"Distance or margin ratio UNKNOWN: {', '.join(unknown)}"
    if account["positions"]:  # worst first
        nearest = account["positions"][0]
        yield f"Nearest: {nearest['symbol'].split('/')[0]} {nearest['side']} {_nearness(nearest)}"
    elif account["age"] is not None and not account["vanished"]:
        yield "No open position"


def _nearness(row: Json) -> str:
    distance = row["liquidation_distance"]
    if "never" in distance:
        return "can't be liquidated by any price"
    away = "distance UNKNOWN" if "unknown" in distance else f"{figure(distance)} from liquidation"
    return f"{away}, {_cover(row)}"


def _cover(row: Json) -> str:
    if not row["stops"]:
        return "NO STOP"
    coverage = row["stop_coverage"]
    if "value" in coverage and Decimal(coverage["value"]) == 0:
        return "STOP DOES NOT COVER"
    if "unknown" in coverage:
        return "stop rests, cover UNKNOWN"
    if "value" in coverage:
        return f"stop covers {covered(Decimal(coverage['value']))}"
    return "stop rests"  # no price liquidates it


def positions(answer: Json) -> list[str]:
    """Every position with what it stands on, worst first within its account."""
    lines: list[str] = []
    for account in answer["accounts"]:
        read = "never read" if account["age"] is None else f"read {account['read_at']}, {account['age']:.0f} s ago"
        lines += [*([""] if lines else []), f"{account['account']} · {read}"]
        lines += [gone["says"] for gone in account["vanished"]]
        if not account["positions"] and not account["vanished"]:
            lines.append("No open position" if account["age"] is not None else "Nothing is known yet")
        for row in account["positions"]:
            lines += ["", *_position(row)]
    return lines


def _position(row: Json) -> Iterator[str]:
    places = len(row["entry"].partition(".")[2])
    gone = " · GONE? waiting for a second read" if row["vanished"] else ""
    yield f"{row['symbol']} {row['side']} {row['size']} · {row['margin']}{gone}"
    near = row.get("liquidation_near") or row["liquidation_venue"]
    yield f"Mark {figure(row['mark'], places)} · liq {figure(near, places)} · {_nearness(row)}"
    yield (
        f"Entry {row['entry']} · uPnL {figure(row['unrealised'])} · "
        f"room used {figure(row['room_used'])} · {figure(row['effective_leverage'])}"
    )
    for stop in row["stops"]:
        yield f"Stop: {stop['whose']} {stop['trigger']} on {stop['on']}, {stop['size']}: {stop['judged']}"
