"""TOML files a person edits: values with exact positions, and every mistake said at once as file:line:column.

Values come from `tomllib`, positions from tree-sitter's TOML grammar; `FileError` carries all problems, sorted.
"""

from watchdog.tomlfile.document import MAX_BYTES, TomlDocument, parse_toml, read_text
from watchdog.tomlfile.models import model_problems
from watchdog.tomlfile.positions import KeyPath, LineColumn
from watchdog.tomlfile.problem import FileError, Problem, WrongValueError, did_you_mean, quoted, suggest

__all__ = [
    "MAX_BYTES",
    "FileError",
    "KeyPath",
    "LineColumn",
    "Problem",
    "TomlDocument",
    "WrongValueError",
    "did_you_mean",
    "model_problems",
    "parse_toml",
    "quoted",
    "read_text",
    "suggest",
]
