"""pydantic's errors in this program's sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from watchdog.tomlfile.positions import KeyPath
from watchdog.tomlfile.problem import did_you_mean, quoted

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_SENTENCES = {
    "string_type": 'must be text: write it in quotes, "…"',
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "list_type": "must be a list",
}


def model_problems(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[KeyPath, bool, str]]:
    """Each mistake as (path, whether the key itself is meant, sentence).

    A missing key points at its table. No value is repeated: it may be a secret put in the wrong place.
    """
    for detail in error.errors(include_url=False, include_input=False):
        path: KeyPath = tuple(part for part in detail["loc"] if part != "[key]")
        if detail["type"] == "extra_forbidden":
            known = _known_keys(model, path[:-1])
            yield path, True, f"unknown key {quoted(str(path[-1]))}{did_you_mean(str(path[-1]), known)}"
        elif detail["type"] == "missing":
            yield path[:-1], False, f"{quoted(str(path[-1]))} is missing"
        else:
            yield path, detail["loc"] != path, _sentence(detail, path)


def _sentence(detail: ErrorDetails, path: KeyPath) -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    name = quoted(str(path[-1])) if path else "this"
    said = _SENTENCES.get(detail["type"])
    return f"{name} {said}" if said else f"{name}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys the table at `path` may have."""
    here: Any = model
    for part in path:
        fields = getattr(here, "model_fields", None)
        if fields is not None:
            here = fields[part].annotation if part in fields else None
        else:  # dict[str, Model]
            here = (get_args(here) or (None,))[-1]
    return list(getattr(here, "model_fields", ()))
