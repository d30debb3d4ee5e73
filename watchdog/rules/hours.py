"""The hours of the day at which a rule counts: `"23:00-07:30 Europe/Berlin"`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from watchdog.rules.schema import Between
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted

HOURS: Final = r"([01]?[0-9]|2[0-3]):([0-5][0-9])\s*[-–]\s*([01]?[0-9]|2[0-3]):([0-5][0-9])"
"""The shape of `from-to`, without its zone."""

_HOURS = re.compile(rf"{HOURS}(?:\s+(\S+))?")
_EXAMPLE: Final = '"23:00-07:30 Europe/Berlin"'
_NO_PLACE: Final = frozenset({"localtime", "Factory", "posixrules"})
"""Names of the zone database that mean something else on each machine, or nothing."""


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """The names of all time zones, as the IANA database has them."""
    return frozenset(available_timezones() - _NO_PLACE)


def read_between(raw: object) -> Between:
    """Hours with their zone. Raises WrongValueError with a sentence for the person."""
    if not isinstance(raw, str):
        raise WrongValueError(f"between wants hours and a time zone, such as {_EXAMPLE}, not {quoted(raw)}")
    written = _HOURS.fullmatch(raw.strip())
    if written is None:
        raise WrongValueError(f"{quoted(raw)} is not understood: write hours and a time zone, such as {_EXAMPLE}")
    from_hour, from_minute, to_hour, to_minute, zone = written.groups()
    if zone is None:
        raise WrongValueError(f"{quoted(raw)} has no time zone: add one, such as {_EXAMPLE}")
    if zone not in zones():
        near = did_you_mean(zone, zones()) or ', write one such as "Europe/Berlin" or "UTC"'
        raise WrongValueError(f"unknown time zone {quoted(zone)}{near}")
    start, end = int(from_hour) * 60 + int(from_minute), int(to_hour) * 60 + int(to_minute)
    if start == end:
        raise WrongValueError(f"{quoted(raw)} begins and ends at once: leave between out for the whole day")
    return Between(start=start, end=end, zone=ZoneInfo(zone), text=" ".join(raw.split()))


def say_between(hours: Between) -> str:
    """`23:00 to 07:30 of the next day, Europe/Berlin`."""
    begin, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.start, hours.end))
    next_day = " of the next day" if 0 < hours.end < hours.start else ""
    return f"{begin} to {end}{next_day}, {hours.zone}"
