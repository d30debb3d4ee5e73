"""A snapshot as a file: the raw answers behind one read of one account, in JSON, every number as the venue sent it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from watchdog.snapshots.cleaning import cleaned_all
from watchdog.tomlfile import quoted
from watchdog.venues.base import Unread
from watchdog.venues.known import VENUES

ACCOUNT: Final = "a"
"""What an account is called in a file: its owner's name of it is nobody else's business."""
MOST_BYTES: Final = 64_000_000
"""Of a file that is read."""

_NUMBER: Final = re.compile(r'"\\u0000([^"\\]*)"')
_FIELDS: Final = ("venue", "account", "taken", "payloads")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)")


class SnapshotError(Exception):
    """A file or folder that holds no snapshot: one sentence, beginning with its name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Raw answers, and of what."""

    venue: str
    """ccxt's id."""
    account: str
    taken: str
    """ISO 8601; empty where that is not known."""
    payloads: Mapping[str, Any]
    """Empty where nothing was read well."""
    trouble: str = ""
    """Why the figures in it may be old ones; empty where nothing is known against them."""
    unread: Mapping[str, Any] = field(default_factory=dict)
    """The last answers that could not be read."""
    unread_why: str = ""
    unread_taken: str = ""
    folder: bool = field(default=False, compare=False)
    """Whether a person put the answers together: some may be missing."""


def write(
    venue: str,
    taken: float,
    payloads: Mapping[str, Any],
    secrets: Iterable[str],
    version: str,
    *,
    trouble: str = "",
    unread: Unread | None = None,
) -> str:
    """The text of the file. `taken`: wall time in seconds; `secrets`: what may stand nowhere in it.

    `trouble`: why the figures may be old ones; `unread`: the last answers that could not be read.
    """
    words = {"trouble": trouble, "error": "" if unread is None else unread.why}
    good, bad, said = cleaned_all([payloads, {} if unread is None else unread.payloads, {"words": words}], secrets)
    words = said["words"]
    document: dict[str, Any] = {
        "watchdog": version,
        "venue": venue,
        "account": ACCOUNT,
        "taken": _iso(taken),
        "payloads": good,
    }
    if trouble:
        document["trouble"] = words["trouble"]
    if unread is not None:
        document["unread"] = {"error": words["error"], "taken": _iso(unread.wall), "payloads": bad}
    # A Decimal goes through as a text that no answer can hold, and is a number again afterwards: all its digits stay.
    text = json.dumps(document, indent=1, ensure_ascii=True, default=_marked, allow_nan=False)
    return _NUMBER.sub(r"\1", text) + "\n"


def _iso(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")


def _marked(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"\x00{value}"
    raise TypeError(f"{type(value).__name__} is not fit for JSON")


def read_file(path: Path, venue: str | None = None) -> Snapshot:
    """A file that `write` made, or a folder of raw answers, each in a file named by its endpoint (`account.json`).

    `venue` is wanted of a folder; of a file it must agree. Raises SnapshotError; OSError for what can't be read.
    """
    if path.is_dir():
        return _folder(path, venue)
    return _snapshot(_json(_bytes(path), str(path)), str(path), venue)


def read_text(text: str, named: str) -> Snapshot:
    """The same of the text of such a file; `named` is what it is called in errors. Raises SnapshotError."""
    return _snapshot(_json(text.encode(), named), named, None)


def _snapshot(document: Any, named: str, venue: str | None) -> Snapshot:
    if not isinstance(document, dict) or not document.keys() >= set(_FIELDS):
        raise SnapshotError(f"{named}: is no snapshot: one holds {', '.join(_FIELDS)}")
    for name in ("venue", "account", "taken"):
        if not isinstance(document[name], str):
            raise SnapshotError(f"{named}: {name} is no text")
    unread = document.get("unread", {"error": "", "taken": "", "payloads": {}})
    if not isinstance(unread, dict) or not isinstance(unread.get("payloads"), dict):
        raise SnapshotError(f"{named}: unread holds no object of answers by name")
    if not isinstance(document["payloads"], dict) or not (document["payloads"] or unread["payloads"]):
        raise SnapshotError(f"{named}: payloads is no object of answers by name")
    said = document["venue"]
    if venue is not None and venue != said:
        raise SnapshotError(f"{named}: is of {quoted(said)}, not of {quoted(venue)}")
    return Snapshot(
        _known(named, said),
        _name(document["account"]),
        _time(document["taken"]),
        document["payloads"],
        str(document.get("trouble", "")),
        unread["payloads"],
        str(unread.get("error", "")),
        _time(unread.get("taken")),
    )


def _time(text: object) -> str:
    """A time as it can be shown."""
    return text if isinstance(text, str) and _ISO.fullmatch(text) else ""


def _folder(path: Path, venue: str | None) -> Snapshot:
    files = sorted(path.rglob("*.json"))
    if not files:
        raise SnapshotError(f"{path}: holds no file such as account.json: each is named by its endpoint")
    if venue is None:
        raise SnapshotError(f"{path}: is a folder of raw answers: say of which venue with --venue")
    answers = {_endpoint(file, path): _json(_bytes(file), str(file)) for file in files}
    return Snapshot(_known(str(path), venue), ACCOUNT, "", answers, folder=True)


def _endpoint(file: Path, folder: Path) -> str:
    """`mix/account/accounts` of that file in folders of that name, and of `mix__account__accounts.json`."""
    return file.relative_to(folder).with_suffix("").as_posix().replace("__", "/")


def _known(named: str, venue: str) -> str:
    if venue not in VENUES:
        raise SnapshotError(f"{named}: unknown venue {quoted(venue)}; what works: {', '.join(VENUES)}")
    return venue


def _name(text: str) -> str:
    """An account's name as it can be shown."""
    return quoted(text)[1:-1]


def _bytes(path: Path) -> bytes:
    """At most so many that `_json` sees there are too many."""
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _json(data: bytes, named: str) -> Any:
    if len(data) > MOST_BYTES:
        raise SnapshotError(f"{named}: is larger than {MOST_BYTES:,} bytes")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise SnapshotError(f"{named}: is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise SnapshotError(f"{named}: is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise SnapshotError(f"{named}: is nested too deep") from None
    except (
        ValueError,
        ArithmeticError,
    ) as error:  # NaN; a whole number of thousands of digits; an exponent past bounds
        reason = str(error) if isinstance(error, _NotJsonError) else "a number is past all bounds"
        raise SnapshotError(f"{named}: is no JSON: {reason}") from None


class _NotJsonError(ValueError):
    """NaN or Infinity."""


def _refuse(name: str) -> Any:
    raise _NotJsonError(f"{name} is no number")
