"""Reads who hears: `notify` and `escalate`."""

from __future__ import annotations

from itertools import pairwise

from watchdog.rules.names import Names
from watchdog.rules.schema import Escalation
from watchdog.rules.table import Table
from watchdog.rules.units import read_duration, say_duration
from watchdog.tomlfile import did_you_mean, quoted

_ESCALATE = 'escalate wants a list: [{ after = "5m", notify = ["NAME"] }]'


def read_notify(table: Table, names: Names) -> tuple[str, ...]:
    """The channels under `notify`: a name or a list of them; empty when it is not written."""
    raw = table.take("notify")
    if "notify" not in table:
        return ()
    if isinstance(raw, list) and not raw:
        table.problem(
            "an empty list tells nobody: leave notify out, and each channel hears by its own minimum level", "notify"
        )
    told: list[str] = []
    for index, name in enumerate(raw if isinstance(raw, list) else [raw]):
        path: tuple[str | int, ...] = ("notify", index) if isinstance(raw, list) else ("notify",)
        if not isinstance(name, str) or not name.strip():
            table.problem(f"notify wants the name of a channel, or a list of them, not {quoted(name)}", *path)
        elif names.channels is not None and name not in names.channels:
            table.problem(f"channel {quoted(name)} is not in watchdog.toml{did_you_mean(name, names.channels)}", *path)
        elif name in told:
            table.problem(f"channel {quoted(name)} stands twice in this list", *path)
        else:
            told.append(name)
    return tuple(told)


def read_escalate(table: Table, names: Names) -> tuple[Escalation, ...]:
    """The steps under `escalate`, in rising order of time; empty when it is not written."""
    steps = table.tables("escalate", wanted=_ESCALATE)
    if table.take("escalate") == []:
        table.problem(f"an empty list is no escalation: {_ESCALATE}", "escalate")
    times: list[tuple[float, Table]] = []
    found = []
    for step in steps:
        after = step.read("after", read_duration)
        if "after" not in step:
            step.problem('this step has no after: how long nobody has acknowledged, such as after = "5m"')
        told = read_notify(step, names)
        if "notify" not in step:
            step.problem('this step has no notify: who hears then, such as notify = ["NAME"]')
        step.finish(of="escalate")
        if after is not None:
            times.append((after, step))
            found.append(Escalation(after=after, notify=told))
    for (earlier, _), (later, step) in pairwise(times):
        if later <= earlier:
            step.problem(
                f"steps go up in time: {say_duration(later)} does not come after {say_duration(earlier)}", "after"
            )
    return tuple(found)
