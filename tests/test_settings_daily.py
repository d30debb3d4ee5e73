"""`[digest]` and `[store] keep`: what is understood of them, and what is refused in words."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.broken_settings import GOOD
from tests.test_settings import home, load, refused
from watchdog.settings import DigestSettings

__all__ = ["home"]  # a fixture


def test_there_is_a_digest_at_eight_and_ninety_days_are_kept(home: Path) -> None:
    """Unless told otherwise, by this machine's clock."""
    settings = load(home, GOOD)
    assert settings.digest == DigestSettings(time(8), None)
    assert settings.store.keep == 90


def test_time_zone_and_days_can_be_set(home: Path) -> None:
    """In the file or by the environment."""
    text = GOOD + '[digest]\nat = "7:05"\nzone = "Europe/Berlin"\n[store]\nkeep = "365d"\n'
    settings = load(home, text)
    assert settings.digest == DigestSettings(time(7, 5), ZoneInfo("Europe/Berlin"))
    assert settings.store.keep == 365
    assert load(home, GOOD, {"WATCHDOG_DIGEST__AT": "23:59"}).digest.at == time(23, 59)


def test_the_digest_can_be_off(home: Path) -> None:
    """By that word."""
    assert load(home, GOOD + '[digest]\nat = "off"\n').digest.at is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('at = "24:00"', '8:6: at wants a time of day such as "08:00", or "off", not "24:00"'),
        ("at = 8", '8:6: at wants a time of day such as "08:00", or "off", not 8'),
        ("at = 08:00:00", '8:6: at wants a time of day such as "08:00", or "off", not 08:00:00'),
        ('zone = "Europe/Berln"', '8:8: unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?'),
        ("zone = 1", '8:8: unknown time zone 1: one such as "Europe/Berlin" or "UTC"'),
        ('tone = "loud"', '8:1: unknown key "tone"'),
    ],
)
def test_a_digest_that_cannot_be_is_refused(home: Path, line: str, problem: str) -> None:
    """With its place."""
    (told,) = refused(home, f"{GOOD}[digest]\n{line}\n")
    assert problem in told


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('"90"', 'keep wants a number of days such as "90d", not "90"'),
        ("90", 'keep wants a number of days such as "90d", not 90'),
        ('"0d"', 'keep must lie within 1d and 3650d, not "0d"'),
        ('"99999d"', 'keep must lie within 1d and 3650d, not "99999d"'),
        ('"12h"', 'keep wants a number of days such as "90d", not "12h"'),
    ],
)
def test_days_that_cannot_be_are_refused(home: Path, value: str, problem: str) -> None:
    """With what would do."""
    (told,) = refused(home, f"{GOOD}[store]\nkeep = {value}\n")
    assert f"8:8: {problem}" in told
