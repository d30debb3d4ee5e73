"""What goes wrong, to order: one request, some, or all until told otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["429", "403", "401", "500", "html", "hang", "drop", "lose", "slow", "markup", "refuse"]
"""429 with retry_after · 403 blocked · 401 · 500 as JSON · html: 502 with a page for a body · hang: no answer ·
drop: the connection is cut before the request counts · lose: it counts, then the connection is cut · slow ·
markup: 400, entities · refuse: 400 of another kind."""


@dataclass(slots=True)
class Fault:
    """Something that goes wrong. `times` counts down; None: until it is taken back."""

    kind: Kind
    method: str = ""
    """Empty: of every method."""
    chat: int | None = None
    """None: of every chat."""
    times: int | None = 1
    seconds: float = 1.0
    """429: what is asked for. slow: how slow."""
    says: str = "Bad Request: BUTTON_DATA_INVALID"
    """Of `refuse`."""
    holding: str = ""
    """Only requests whose text holds this."""


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.met = 0

    def add(self, fault: Fault) -> Fault:
        """Put one in force."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """All is well again."""
        self._faults.clear()

    def meet(self, method: str, chat: int | None, text: str) -> Fault | None:
        """The fault a request runs into; None: it goes through."""
        for fault in self._faults:
            if fault.method not in ("", method) or fault.chat not in (None, chat) or fault.holding not in text:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
            self.met += 1
            return fault
        return None
