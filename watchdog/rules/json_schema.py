"""The rules file as JSON Schema, so that an editor completes and underlines it while it is written.

It is wider than the parser, never narrower: what the parser takes is valid. Units against metrics, orders and names
are the parser's to judge.
"""

from __future__ import annotations

from watchdog.domain.position import MarginMode, Side
from watchdog.rules.hours import HOURS
from watchdog.rules.parse_stop import AMOUNT, OF_EQUITY
from watchdog.rules.schema import LEVELS, IfPast, Metric
from watchdog.rules.shapes import (
    AT_SHAPE,
    DURATION_SHAPE,
    LEVEL_SHAPE,
    MODE_SHAPE,
    MONEY_SHAPE,
    PRICE_SHAPE,
    SHARE_SHAPE,
    TIME,
    Shape,
    list_of,
    one_or_list,
    one_text,
    table,
)

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that TOML editors (Taplo, Tombi, Even Better TOML) read."""


def rules_schema() -> Shape:
    """The whole file."""
    rule = {"type": "array", "items": _rule(), "minItems": 1, "description": "What to watch for; one [[rule]] each."}
    return {
        "$schema": DRAFT,
        "title": "rules.toml of Position Watchdog",
        **table(
            {
                "protection": table(
                    {
                        "mode": MODE_SHAPE,
                        "accounts": {
                            "type": "object",
                            "additionalProperties": MODE_SHAPE,
                            "description": 'Modes of single accounts: { main = "ask" }.',
                        },
                        "first_act_after": _described(
                            DURATION_SHAPE, 'An account new to "act" shows its plan first and waits this long: "10m".'
                        ),
                    },
                    "What may be done at all.",
                ),
                "blind": table(
                    {"warn": DURATION_SHAPE, "critical": DURATION_SHAPE},
                    "No good read of an account for this long.",
                ),
                "limits": table(
                    {
                        "replacements_per_hour": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 3600,
                            "description": "Most moves of resting stops an hour; the first stop is never capped.",
                        }
                    },
                    "Caps.",
                ),
                "rule": rule,
            },
            "What to watch for, who hears of it, what may be done.",
            ("rule",),
        ),
    }


def _described(shape: Shape, words: str) -> Shape:
    return {**shape, "description": words}


def _rule() -> Shape:
    notify = _notify("Who hears of it, by name; without it every channel by its own min_level.")
    level = {"anyOf": [AT_SHAPE, _long_level()], "description": 'Short: "15%"; long: { at = "15%", hold = "10s", … }.'}
    keys: dict[str, Shape] = {
        "name": {"type": "string", "minLength": 1, "maxLength": 40, "description": "What messages call it; unique."},
        "metric": {
            "enum": list(Metric),
            "description": "Fire below a level: liquidation_distance, shock_distance, stop_coverage; all others at or "
            "above it.",
        },
        **dict.fromkeys(LEVELS, level),
        "where": _selector("Of what it speaks; without it, of all."),
        "except": _selector("What is left out."),
        "only_if": table(
            {"any": _comparisons("At least one is true."), "all": _comparisons("Every one is true.")},
            "Other metrics at a level.",
        ),
        "between": one_text(
            rf"{HOURS}\s+\S+", 'The hours at which the rule counts, with their time zone: "23:00-07:30 Europe/Berlin".'
        ),
        "mode": MODE_SHAPE,
        "notify": notify,
        "repeat": _described(
            DURATION_SHAPE, 'Critical and above: told again after "30m", at most 3 times, until acknowledged.'
        ),
        "escalate": list_of(
            table(
                {"after": DURATION_SHAPE, "notify": notify},
                "Who else hears when nobody has acknowledged an alert of critical or more.",
                ("after", "notify"),
            ),
            "Steps, in rising order of time.",
        ),
        "stop": _stop(),
    }
    return {
        **table(keys, "", ("name", "metric")),
        "anyOf": [{"required": [level]} for level in LEVELS],
        "description": "A rule: a metric, its levels, and what to do.",
    }


def _notify(words: str) -> Shape:
    return one_or_list({"type": "string", "minLength": 1}, words)


def _long_level() -> Shape:
    return table(
        {
            "at": AT_SHAPE,
            "clear": _described(AT_SHAPE, "The level at which it is over, on the safe side; default a tenth back."),
            "hold": _described(DURATION_SHAPE, "How long it must be true before it fires."),
            "keep": _described(DURATION_SHAPE, "How long it must be clear before it is over."),
            "confirm": {
                "type": "integer",
                "minimum": 1,
                "maximum": 10,
                "description": "Readings in a row that must agree; 2 for emergency, else 1.",
            },
            "notify": _notify("Who hears of this level, by name."),
        },
        "A level in its long form.",
        ("at",),
    )


def _selector(words: str) -> Shape:
    text: Shape = {"type": "string", "minLength": 1}
    keys = {
        "account": one_or_list(text, "Accounts of watchdog.toml; * and ? are understood."),
        "venue": one_or_list(text, 'Venues: "binanceusdm".'),
        "symbol": one_or_list(text, 'Symbols: "BTCUSDT", "BTC/USDT:USDT", "BTC*".'),
        "side": one_or_list({"anyOf": [{"enum": list(Side)}, _glob()]}, "long or short."),
        "margin_mode": one_or_list({"anyOf": [{"enum": list(MarginMode)}, _glob()]}, "cross or isolated."),
        "min_notional": _described(MONEY_SHAPE, 'Positions worth at least this much: "1000 USDT".'),
    }
    return table(keys, words)


def _glob() -> Shape:
    return {"type": "string", "pattern": r"[*?\[]"}


def _comparisons(words: str) -> Shape:
    return {**table({str(metric): AT_SHAPE for metric in Metric}, words), "minProperties": 1}


def _stop() -> Shape:
    places: dict[str, Shape] = {
        "entry_to_liquidation": _described(SHARE_SHAPE, 'Share of the way from entry to liquidation: "60%".'),
        "before_liquidation": _described(SHARE_SHAPE, 'Before liquidation, as a share of its price: "5%".'),
        "from_entry": _described(SHARE_SHAPE, 'From entry, as a share of the entry price: "4%".'),
        "max_loss": one_text(f"{OF_EQUITY}|{AMOUNT}", 'What it may lose: "1.5% of equity" or "500 USDT".'),
        "price": PRICE_SHAPE,
    }
    one = {"minProperties": 1, "maxProperties": 1}
    nearest = list_of({**table(places, "A place."), **one}, "Of several places the nearest to mark.", 2)
    return table(
        {
            "when": _described(LEVEL_SHAPE, "The level of this rule from which the stop is wanted."),
            "place": {**table({**places, "nearest": nearest}, "Exactly one place."), **one},
            "trigger": {"const": "mark", "description": "The price that sets it off; only mark."},
            "clearance": table(
                {
                    "liquidation": _described(SHARE_SHAPE, "Kept before liquidation, besides fee and tick."),
                    "mark": _described(SHARE_SHAPE, "Kept from mark."),
                },
                "If it can't hold on both sides there is no order, and an alert says so.",
            ),
            "if_past": {
                "enum": list(IfPast),
                "description": '"ask": where mark has passed the place, one halfway to liquidation is offered.',
            },
            "may_loosen": {"type": "boolean", "description": "May it follow a liquidation price that moved away?"},
            "no_answer": one_text(
                rf"nothing|stop\s+after\s+{TIME}",
                'When nobody answers what is asked (mode ask; a place passed already): "nothing", or "stop after 3m".',
            ),
        },
        "A stop-loss: reduce-only, stop-market, triggered on mark.",
        ("when", "place"),
    )
