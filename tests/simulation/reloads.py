"""Which rules are in force, and whether a broken file was told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulation.delivery import Delivery
from tests.simulation.peer import Peer
from tests.simulation.record import Record
from tests.simulation.rules_file import NOTICED_S, RulesFile
from watchdog.service import Service

_TOLD_S = 8.0
"""A broken file that stands for so long has to be told of."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """That every channel hears what is wrong with a file."""

    at: float
    problem: str


class Reloads:
    """Looks at every second of a daemon that runs."""

    def __init__(self, file: RulesFile, record: Record) -> None:
        self._file = file
        self._record = record
        self._since = 0.0
        """From when on the life that runs has been up, and its disk well."""
        self._owed: dict[float, _Owed] = {}

    def second(self, service: Service, delivery: Delivery, began: float, now: float) -> None:
        """A daemon that began at a moment runs, and has had the time to look."""
        file, well = self._file, max(began + NOTICED_S, delivery.disk_well_from)
        noticed = now - max(well, file.now.at)
        if noticed > NOTICED_S:
            file.settle()
        if noticed > _TOLD_S and file.now.rules is None and well < file.now.at:
            self._owed.setdefault(file.now.at, _Owed(file.now.at, file.now.problem))
        for runner in service.runners.values():
            digest = runner.state.rules.digest
            if now > well and digest not in file.sound:
                self._record.fail(f"rules are in force that no sound file holds: {digest[:8]}, not {[*file.sound]}")

    def final(self, service: Service, peers: Mapping[str, Peer]) -> None:
        """All is calm."""
        for name, runner in service.runners.items():
            digest = runner.state.rules.digest
            if digest not in self._file.sound:
                self._record.fail(
                    f"once quiet: {name} goes by {digest[:8]}, the last sound rules are {self._file.sound}"
                )
        for owed in self._owed.values():
            for peer in peers.values():
                if not any(owed.problem in one.text for one in (*peer.messages, *peer.declined)):
                    self._record.fail(f"{peer.name} never heard what is wrong with a file: {owed.problem}")
