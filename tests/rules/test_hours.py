"""The hours at which a rule counts: read with their time zone, said back in words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from watchdog.rules.hours import read_between, say_between, zones
from watchdog.rules.schema import Between
from watchdog.tomlfile import WrongValueError


def test_hours_are_read_in_their_zone() -> None:
    """Minutes after midnight, the zone by its name, the text as it was written; spaces don't count."""
    berlin = ZoneInfo("Europe/Berlin")
    assert read_between("23:00-07:30 Europe/Berlin") == Between(1380, 450, berlin, "23:00-07:30 Europe/Berlin")
    assert read_between(" 9:05 – 17:00  UTC ") == Between(545, 1020, ZoneInfo("UTC"), "9:05 – 17:00 UTC")
    assert read_between("00:00-23:59 Asia/Kolkata").end == 1439


def test_hours_in_words() -> None:
    """An end before the start is one of the next day; midnight needs no such words."""
    assert say_between(read_between("23:00-07:30 Europe/Berlin")) == "23:00 to 07:30 of the next day, Europe/Berlin"
    assert say_between(read_between("9:00-17:00 UTC")) == "09:00 to 17:00, UTC"
    assert say_between(read_between("22:00-00:00 UTC")) == "22:00 to 00:00, UTC"


@pytest.mark.parametrize("zone", ["Europe", "localtime", "Factory", "posixrules", "../etc/passwd", "CEST", "utc"])
def test_a_name_that_is_no_zone_everywhere_is_refused(zone: str) -> None:
    """A folder of the database, a name that each machine reads otherwise, a path, an abbreviation: no zone."""
    assert zone not in zones()
    with pytest.raises(WrongValueError, match="unknown time zone"):
        read_between(f"8:00-9:00 {zone}")
