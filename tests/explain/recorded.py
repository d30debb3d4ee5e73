"""Every recorded account of every venue, as its rules read it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from watchdog.explain.account import Explained, explain
from watchdog.venues.kind import Kind

VENUES = Path(__file__).parents[1] / "venues"

_EXPLAINED: dict[tuple[str, str], Explained] = {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Raw answers of one account."""

    venue: str
    name: str
    payloads: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        """The venue."""
        found: Kind = importlib.import_module(f"watchdog.venues.{self.venue}.kind").KIND
        return found

    def explained(self, payloads: Mapping[str, Any] | None = None) -> Explained:
        """The account's readings, laid out; those of the recorded answers are reckoned once."""
        if payloads is None and (self.venue, self.name) in _EXPLAINED:
            return _EXPLAINED[self.venue, self.name]
        kind = self.kind
        made = explain(
            kind.read(self.payloads if payloads is None else payloads, 0.0),
            0.0,
            kind.fields,
            venue=kind.id,
            name=kind.name,
            account="a",
            taken="2025-10-10T20:00:00+00:00",
            unwatched=kind.unwatched,
            owes=kind.owes,
        )
        if payloads is None:
            _EXPLAINED[self.venue, self.name] = made
        return made


def _all() -> Iterator[Recorded]:
    for folder in sorted(VENUES.glob("*/payloads")):
        files = {path.stem: json.loads(path.read_text(), parse_float=Decimal) for path in sorted(folder.glob("*.json"))}
        listing = files.pop("listing", {}).get("payloads", {})
        for name, file in files.items():
            own = file.get("payloads") or file.get("answers") or {}
            yield Recorded(folder.parent.name, name, {**listing, **own})


RECORDED = list(_all())
IDS = [f"{one.venue}-{one.name}" for one in RECORDED]
