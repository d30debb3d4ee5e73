"""`watchdog paper`: the paper venue's own command, under our name."""

from __future__ import annotations

from watchdog.paper.command import add_arguments, run

__all__ = ["add_arguments", "run"]
