"""A rules file that uses every key the grammar has, and a small writer of TOML for tests that change it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

from watchdog.tomlfile import KeyPath

FULL = """
[protection]
mode = "ask"
first_act_after = "5m"
accounts = { main = "ask", alt = "watch" }

[blind]
warn = "20s"
critical = "1m30s"

[limits]
replacements_per_hour = 7

[[rule]]
name = "night"
metric = "liquidation_distance"
warn = "15 %"
critical = { at = "below 8%", clear = "above 10%", hold = "10s", keep = "1m", confirm = 3, notify = "phone" }
emergency = { at = "2.5%", confirm = 1, notify = ["phone", "house"] }
between = "23:00-07:30 Europe/Berlin"
notify = ["house"]
repeat = "1h"

[[rule.escalate]]
after = "5m"
notify = ["phone"]

[[rule.escalate]]
after = "1h30m"
notify = "house"

[[rule]]
name = "stop"
metric = "stop_coverage"
critical = "95%"
mode = "act"
where = { account = "m*", venue = ["binanceusdm"], symbol = "BTCUSDT", side = "long", margin_mode = "cross" }
except = { account = ["alt"], symbol = ["ETH*"], min_notional = 1000 }
only_if = { any = { effective_leverage = 5, room_used = "above 30%" }, all = { shock_distance = "below 20%" } }

[rule.stop]
when = "critical"
trigger = "mark"
if_past = "alert"
may_loosen = true
no_answer = "stop after 3m"
clearance = { liquidation = "1%", mark = "0.7%" }

[rule.stop.place]
nearest = [
    { entry_to_liquidation = "60%" }, { before_liquidation = "5%" }, { from_entry = "4%" },
    { max_loss = "1.5% of equity" }, { max_loss = "500 USDT" }, { price = 90000.5 },
]

[[rule]]
name = "size"
metric = "notional"
warn = "above 250000 USDT"
where.min_notional = "2000 USDC"
"""


def full() -> dict[str, Any]:
    """The file's values, fresh; numbers with a point are Decimal."""
    return deepcopy(tomllib.loads(FULL, parse_float=Decimal))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def dump(values: dict[str, Any]) -> str:
    """The values as TOML, a line for each key of the file and for each rule."""
    lines = [f"{_key(key)} = {_dumped(value)}" for key, value in values.items() if key != "rule"]
    rules = values.get("rule")
    if isinstance(rules, list) and rules and all(isinstance(rule, dict) for rule in rules):
        for rule in rules:
            lines += ["[[rule]]", *(f"{_key(key)} = {_dumped(value)}" for key, value in rule.items())]
    elif rules is not None:
        lines.append(f"rule = {_dumped(rules)}")
    return "\n".join(lines) + "\n"


def _dumped(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_dumped(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumped, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def paths(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Every value of a file with its path, the file itself first."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*path, index))


def put(values: dict[str, Any], path: KeyPath, value: object) -> dict[str, Any]:
    """The values with another one at a path."""
    changed: Any = deepcopy(values)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return dict(changed)
