"""JSON Schemas of the two files a user edits, for editors that know `#:schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from watchdog.rules.json_schema import DRAFT, rules_schema
from watchdog.settings_file import Written

RULES_SCHEMA: Final = "rules.schema.json"
SETTINGS_SCHEMA: Final = "watchdog.schema.json"


class _Plain(GenerateJsonSchema):
    """pydantic's, as the file is written.

    Without a title for each key, without null, which TOML does not have, and without defaults, which are not in the
    file's own units. A value with a reader of its own may be written in another form than the model holds: unless it
    is text, or its form is given (`WithJsonSchema`), anything is let through.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        return inner if inner.get("type") == "string" else {}


def settings_schema() -> dict[str, Any]:
    """That of watchdog.toml, from the models that read it. It doesn't know what the environment adds."""
    return {
        "$schema": DRAFT,
        **Written.model_json_schema(schema_generator=_Plain),
        "title": "watchdog.toml of Position Watchdog",
    }


def write_schemas(folder: Path) -> tuple[Path, Path]:
    """Write both into a folder. Raises OSError."""
    rules, settings = folder / RULES_SCHEMA, folder / SETTINGS_SCHEMA
    for path, schema in ((rules, rules_schema()), (settings, settings_schema())):
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return rules, settings
