"""The JSON Schemas beside the shipped files: what `check` takes is valid, what is plainly wrong is underlined."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tests.rules.broken import BROKEN
from tests.rules.broken_acts import BROKEN_ACTS
from tests.rules.full import FULL, dump, full, paths, put
from tests.rules.test_parse import parse
from watchdog.rules.json_schema import rules_schema
from watchdog.rules.schema import LEVELS, Metric
from watchdog.schemas import RULES_SCHEMA, SETTINGS_SCHEMA, settings_schema, write_schemas
from watchdog.settings_channels import TABLES
from watchdog.tomlfile import FileError

CONFIG = Path(__file__).parents[1] / "config"
RULES = Draft7Validator(rules_schema())
SETTINGS = Draft7Validator(settings_schema())

ACCOUNT = 'account.main = { venue = "binanceusdm", api_key_file = "k", secret_file = "s" }\n'
EVERY_KEY = (
    'rules = "r.toml"\nstate_dir = "/s"\nsocket = "/s/w.sock"\n'
    'account.main = { venue = "binanceusdm", api_key_file = "k", secret_file = "s", base_url = "http://127.0.0.1:1", '
    'mode = "ask", poll = "5s", allow_withdraw_key = true }\n'
    'channel.c = { type = "console", min_level = "info", format = "json" }\n'
    'channel.t = { type = "telegram", token_file = "t", chats = [-1], users = [], min_level = "warn" }\n'
    'channel.m = { type = "mqtt", host = "::1", port = 1883, version = 5, keepalive = "1m", min_level = "critical" }\n'
    'store = { url = "sqlite:///w.db", keep = "90d" }\ndigest = { at = "off", zone = "UTC" }\n'
)


def valid(validator: Draft7Validator, text: str) -> bool:
    """Whether the values of a TOML text are valid."""
    return bool(validator.is_valid(tomllib.loads(text, parse_float=Decimal)))


def test_the_committed_schemas_are_the_generated_ones(tmp_path: Path) -> None:
    """`watchdog check --write-schema config` would change nothing: run it after a change of either grammar."""
    for path in write_schemas(tmp_path):
        assert (CONFIG / path.name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize(("name", "schema"), [("rules.toml", RULES_SCHEMA), ("watchdog.toml", SETTINGS_SCHEMA)])
def test_the_shipped_files_name_their_schema(name: str, schema: str) -> None:
    """In the first line, where editors look for it; and each file is valid against it, comments taken in too."""
    text = (CONFIG / name).read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{schema}\n")
    validator = RULES if name == "rules.toml" else SETTINGS
    Draft7Validator.check_schema(validator.schema)
    assert json.loads((CONFIG / schema).read_text(encoding="utf-8")) == validator.schema
    assert not [error.message for error in validator.iter_errors(tomllib.loads(text))]


def test_a_file_with_every_key_is_valid() -> None:
    """No key of either grammar is unknown to its schema."""
    assert not [error.message for error in RULES.iter_errors(tomllib.loads(FULL))]
    assert not [error.message for error in SETTINGS.iter_errors(tomllib.loads(EVERY_KEY))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mode = "ask"', 'mode = "aks"'),
        ('warn = "20s"', "warn = 20"),
        ('first_act_after = "5m"', 'first_act_after = "5 minutes"'),
        ("[limits]", "[limit]"),
        ('"liquidation_distance"', '"liquidation_distanse"'),
        ('warn = "15 %"', 'wran = "15 %"'),
        ('at = "2.5%"', 'at = "2.5 percent"'),
        ("confirm = 1", "confirm = 0"),
        ('between = "23:00-07:30 Europe/Berlin"', 'between = "23:00-07:30"'),
        ('notify = ["house"]', "notify = []"),
        ('side = "long"', 'side = "lnog"'),
        ('trigger = "mark"', 'trigger = "last"'),
        ('no_answer = "stop after 3m"', 'no_answer = "close"'),
        ('max_loss = "500 USDT"', "max_loss = 500"),
        ('{ from_entry = "4%" }', '{ from_entry = "4%", price = 5 }'),
        ('name = "size"\n', ""),
        ('warn = "above 250000 USDT"', ""),
        ("may_loosen = true", 'may_loosen = "yes"'),
        ('repeat = "1h"', 'repeat = "1h"\nreduce = {}'),
    ],
)
def test_a_plain_mistake_in_the_rules_is_not_valid(old: str, new: str) -> None:
    """A word that is none, a bare number for a time, a key too many or too few, an act that is not built."""
    assert old in FULL
    assert not valid(RULES, FULL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"binanceusdm"', '"binance"'),
        ('api_key_file = "k", ', ""),
        ('mode = "ask"', 'mode = "aks"'),
        ('poll = "5s"', "poll = 5"),
        ('type = "console"', 'type = "consol"'),
        ('format = "json"', 'format = "xml"'),
        ("chats = [-1]", 'chats = ["me"]'),
        ('min_level = "critical"', "min_level = 2"),
        ('keep = "90d"', "keep = 90"),
        ('host = "::1"', 'hots = "::1"'),
        ('zone = "UTC"', 'zone = "UTC", digest = true'),
    ],
)
def test_a_plain_mistake_in_the_settings_is_not_valid(old: str, new: str) -> None:
    """A word that is none, a number where a unit belongs, a key too many or too few."""
    assert old in EVERY_KEY
    assert not valid(SETTINGS, EVERY_KEY.replace(old, new, 1))


def test_the_channel_types_are_those_that_work() -> None:
    """The schema follows the models: a new channel type is in it, a planned one is not."""
    kinds = {
        shape["properties"]["type"]["const"]
        for shape in settings_schema()["$defs"].values()
        if "type" in shape["properties"]
    }
    assert kinds == set(TABLES)
    assert set(rules_schema()["properties"]["rule"]["items"]["properties"]["metric"]["enum"]) == set(Metric)
    assert set(LEVELS) < set(rules_schema()["properties"]["rule"]["items"]["properties"])


LEAVES = [(path, value) for path, value in paths(full()) if not isinstance(value, (dict, list))]
VALUES: list[Any] = [value for _, value in LEAVES] + ["*", ["*", "?"], 5, Decimal("0.5"), "0s", "above 5x", "7", [], {}]


@given(st.sampled_from([path for path, _ in paths(full()) if path]), st.sampled_from(VALUES))
def test_what_the_parser_takes_is_valid(path: tuple[str | int, ...], value: Any) -> None:
    """Whatever is put wherever: a file that loads is never underlined as a whole, so the schema can be trusted."""
    changed = put(full(), path, value)
    try:
        parse(dump(changed))
    except FileError:
        return
    assert not [error.message for error in RULES.iter_errors(changed)]


def test_most_broken_rules_are_underlined() -> None:
    """Of the broken files that are TOML at all, more than half are seen by the schema alone."""
    texts = [text for text, _ in (*BROKEN, *BROKEN_ACTS)]
    seen = total = 0
    for text in texts:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        total += 1
        seen += not RULES.is_valid(values)
    assert seen > total * 0.6
