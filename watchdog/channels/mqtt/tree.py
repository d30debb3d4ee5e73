"""What lies on which topic, and how it is written. Pure.

Figures are plain JSON numbers: shares in percent, prices in quote per base, money in the margin asset, leverage as a
multiple. What is not known is `null`, and `why` holds the reason under the same name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from watchdog.channels.base import LiveAlert, View
from watchdog.core.state import FRESH
from watchdog.domain.effects import Level, Message
from watchdog.domain.ids import handle

State: TypeAlias = Mapping[str, Any]
"""One retained message before it is written as JSON."""

MOMENTARY: Final = frozenset({"at", "age"})
"""What changes by itself and makes no state a new one."""

_UNFIT = re.compile(r"[/+#\x00-\x1f\x7f]")
"""What has a meaning of its own in a topic, or none at all."""
_DIGITS: Final = {"share": Context(prec=6), "times": Context(prec=6)}
_MORE_DIGITS: Final = Context(prec=12)
_MOST_DIGITS: Final = 40
"""Before or after the point. Written out, `1e999999999` would fill the memory."""
_STALE: Final = f"the last good read is more than {FRESH:.0f} s old"
_VANISHED: Final = "missing from the last read: not known to be closed"
_DOUBTED: Final = "a position that may be in it is missing from the last read: not known to be closed"
_OF_A_POSITION: Final = (
    *("size", "entry", "mark", "liquidation_venue", "liquidation_ours", "gap", "liquidation_near"),
    *(
        "liquidation_distance",
        "room_used",
        "margin_ratio",
        "effective_leverage",
        "unrealised",
        "stop_coverage",
        "stops",
    ),
)
"""What is said of a position, and unknown of one that has vanished."""


def availability(topic: str) -> str:
    """Where `online` and `offline` are said, the last will among them."""
    return f"{topic}/availability"


def alerts(topic: str) -> str:
    """Where each message is told, not retained."""
    return f"{topic}/alert"


def itself(topic: str) -> str:
    """Where the channel talks to itself, to know that it is heard."""
    return f"{topic}/self"


def everything(topic: str) -> str:
    """All retained states of all accounts, to subscribe to."""
    return f"{topic}/account/#"


def account_of(topic: str, name: str) -> str | None:
    """The account whose state lies at `name`; None where none of ours does."""
    parts = name.removeprefix(f"{topic}/account/").split("/")
    return parts[0] if name.startswith(f"{topic}/account/") and parts[0] else None


def states(topic: str, view: View) -> dict[str, State]:
    """Every retained state of an account by its topic, the account itself first, then the worst."""
    base = f"{topic}/account/{_part(view.account)}"
    at = moment(view.at)
    status = view.status
    stale = status["age"] is None or status["age"] > FRESH
    made: dict[str, State] = {base: _account(view, at)}
    for alert in view.alerts:
        made[f"{base}/alert/{handle(alert.key)}"] = _alert(view.account, alert, at)
    for one in status["positions"]:
        why = _VANISHED if one["vanished"] else _STALE if stale else ""
        made[f"{base}/position/{_position_name(one)}"] = {
            "account": view.account,
            **_figures(one, why, ("size", "entry")),
            "at": at,
        }
    for one in status["vanished"]:
        made.setdefault(f"{base}/position/{_position_name(one)}", _vanished(view.account, one, at))
    for one in status["pools"]:
        made[f"{base}/pool/{_part(one['asset'])}"] = {
            "account": view.account,
            **_figures(one, _STALE if stale else _DOUBTED if one["doubted"] else "", ()),
            "at": at,
        }
    return made


def told(message: Message) -> bytes:
    """A message as it is published."""
    return encode(
        {
            "id": message.id,
            "account": message.account,
            "level": message.level.name.lower(),
            "event": message.event,
            "alert": message.alert,
            "handle": handle(message.alert) if message.alert else None,
            "lines": message.lines,
            "sound": message.sound,
            "earlier": message.earlier,
            "at": moment(message.at),
        }
    )


def encode(value: object) -> bytes:
    """As JSON; a Decimal becomes a number with exactly its digits, which the json module can't do."""
    return _json(value).encode()


def moment(wall: float) -> str:
    """Wall seconds as ISO 8601, in UTC."""
    return datetime.fromtimestamp(round(wall), UTC).isoformat()


def _account(view: View, at: str) -> State:
    status = view.status
    held = {(one["symbol"], one["position_side"]) for one in (*status["positions"], *status["vanished"])}
    firing = [alert.level for alert in view.alerts]
    return {
        "account": view.account,
        "venue": status["venue"],
        "mode": status["mode"],
        "sends": status["sends"],
        "barred": status["barred"],
        "level": max(firing).name.lower() if firing else "ok",
        "alerts": len(firing),
        "acknowledged": sum(alert.acknowledged for alert in view.alerts),
        "blind": any(alert["key"] == "blind" for alert in status["alerts"]),
        "read_at": None if status["age"] is None else moment(view.at - status["age"]),
        "age": status["age"],
        "reads_fail": status["reads_fail"],
        "positions": len(held) if status["read_at"] is not None else None,
        "at": at,
    }


def _alert(account: str, alert: LiveAlert, at: str) -> State:
    return {
        "account": account,
        "alert": alert.key,
        "handle": handle(alert.key),
        "level": Level(alert.level).name.lower(),
        "acknowledged": alert.acknowledged,
        "lines": alert.lines,
        "at": at,
    }


def _vanished(account: str, position: Mapping[str, Any], at: str) -> State:
    """A position that the last read did not show: it stays until it is known to be closed."""
    unknown = dict.fromkeys(_OF_A_POSITION)
    return {
        "account": account,
        **position,
        **unknown,
        "vanished": True,
        "why": dict.fromkeys(unknown, _VANISHED),
        "at": at,
    }


def _position_name(position: Mapping[str, Any]) -> str:
    """`BTCUSDT`; in hedge mode `BTCUSDT-LONG`; a contract with a date keeps it."""
    pair, _, settled = str(position["symbol"]).partition(":")
    _, _, expiry = settled.partition("-")
    leg = str(position["position_side"]).upper()
    parts = (pair.replace("/", ""), expiry, "" if leg == "BOTH" else leg)
    return _part("-".join(part for part in parts if part))


def _part(name: str) -> str:
    """One level of a topic."""
    return _UNFIT.sub("_", name)


def _figures(row: Mapping[str, Any], unknown: str, written: tuple[str, ...]) -> State:
    """A row of `status` with its readings as numbers; `written` are numbers that stand in it as words."""
    why: dict[str, str] = {}

    def reading(name: str, given: Mapping[str, str]) -> Decimal | None:
        value, reason = _figure(given)
        if unknown or value is None:
            why[name] = unknown or reason
            return None
        return value

    def value(name: str, given: object) -> object:
        if name in written:
            return reading(name, {"value": str(given), "unit": ""})
        if isinstance(given, Mapping):
            return reading(name, given)
        if name == "stops" and isinstance(given, list):
            if unknown:
                why[name] = unknown
                return None
            return [_stop(stop) for stop in given]
        return given

    made = {name: value(name, given) for name, given in row.items()}
    return {**made, "why": why}


def _stop(stop: Mapping[str, Any]) -> State:
    size = _number(stop["size"])
    return {**stop, "trigger": _number(stop["trigger"]), "size": stop["size"] if size is None else size}


def _figure(given: Mapping[str, str]) -> tuple[Decimal | None, str]:
    """A reading as `report.figure` has it: its number, else why there is none."""
    if "never" in given:
        return None, "never: no price liquidates it"
    if "value" not in given:
        return None, given.get("unknown", "unknown")
    value = _number(given["value"])
    if value is None:
        return None, "infinite" if given["value"] == "inf" else f"no number: {given['value']}"
    context = _DIGITS.get(given["unit"], _MORE_DIGITS)
    return context.create_decimal(value * 100 if given["unit"] == "share" else value), ""


def _number(text: object) -> Decimal | None:
    """A number as people write it (`114,031.5`); None when it is none, or none of this world."""
    try:
        value = Decimal(str(text).replace(",", ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() and (not value or abs(value.adjusted()) < _MOST_DIGITS) else None


def _json(value: object) -> str:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case Mapping():
            return "{" + ", ".join(_pairs(value)) + "}"
        case list() | tuple():
            return "[" + ", ".join(_json(one) for one in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{json.dumps(name, ensure_ascii=False)}: {_json(value)}"
