"""The units of both files, read and said. Every `read_…` raises WrongValueError with a sentence for the person."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from watchdog.domain.effects import Level
from watchdog.rules.schema import LEVELS, MODES, Metric, MetricUnit, Mode
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted, suggest

_DIGITS: Final = 15
NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
ASSETS: Final = ("USDT", "USDC", "USD")
"""What an amount of money may be in."""
SHARE: Final = rf"({NUMBER})\s*%"
TIMES: Final = rf"({NUMBER})\s*[xX×]?"
MONEY: Final = rf"({NUMBER})(?:\s*(?:{'|'.join(ASSETS)}))?"
"""The shapes of the units, as regular expressions of a whole text; the JSON Schemas use them too."""

_SHARE, _TIMES, _MONEY = (re.compile(shape) for shape in (SHARE, TIMES, MONEY))
_PLAIN = re.compile(NUMBER)
_DURATION = re.compile(r"(?:([0-9]{1,6})h)?\s*(?:([0-9]{1,6})m)?\s*(?:([0-9]{1,6})s)?")
_DIRECTION = re.compile(r"(above|below|over|under)\b\s*(.*)", re.DOTALL)
_ONE: Final = Decimal(1)
LONGEST: Final = 7 * 86400.0
"""No duration in either file is longer: seconds."""

_WANTED: Final[dict[MetricUnit, tuple[str, re.Pattern[str]]]] = {
    "share": ('a percentage such as "15%"', _SHARE),
    "times": ('a multiple such as "5x"', _TIMES),
    "money": ('an amount such as "1000 USDT"', _MONEY),
}


def read_duration(raw: object, *, zero: bool = False, longest: float = LONGEST) -> float:
    """`"10s"`, `"1m"`, `"1h30m"` in seconds. `zero` allows "0s"."""
    if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool):
        number = _bare(raw)
        if number < 0:
            raise WrongValueError(f"{quoted(raw)}: a time can't be negative")
        raise WrongValueError(f'a time needs its unit: write "{number:f}s" or "{number:f}m"')
    if not isinstance(raw, str):
        raise WrongValueError(f'a time such as "10s", "5m" or "1h30m" is wanted, not {quoted(raw)}')
    text = raw.strip()
    parts = _DURATION.fullmatch(text)
    if text.startswith("-"):
        raise WrongValueError(f"{quoted(raw)}: a time can't be negative")
    if _PLAIN.fullmatch(text):
        raise WrongValueError(f'{quoted(raw)} has no unit: write "{text}s" or "{text}m"')
    if parts is None or not text:
        raise WrongValueError(f'{quoted(raw)} is no time: write it as "10s", "5m" or "1h30m"')
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    total = hours * 3600.0 + minutes * 60.0 + seconds
    if total == 0 and not zero:
        raise WrongValueError(f"{quoted(raw)}: must be longer than nothing")
    if total > longest:
        raise WrongValueError(f"{quoted(raw)} is too long: at most {say_duration(longest)}")
    return total


def read_mode(raw: object) -> Mode:
    """`"watch"`, `"ask"` or `"act"`."""
    if isinstance(raw, str) and raw in MODES:
        return MODES[raw]
    near = did_you_mean(raw, MODES, cutoff=0.8) if isinstance(raw, str) else ""
    all_of_them = ': "watch", "ask" or "act"'
    raise WrongValueError(f"unknown mode {quoted(raw)}{near or all_of_them}")


def read_level(raw: object) -> Level:
    """`"warn"`, `"critical"` or `"emergency"`."""
    if isinstance(raw, str) and raw in LEVELS:
        return LEVELS[raw]
    raise WrongValueError(f"unknown level {quoted(raw)}{suggest(raw, LEVELS)}")


def read_at(raw: object, metric: Metric) -> Decimal:
    """The level of a metric at which it fires: `"15%"`, `"below 12%"`, `"5x"`, `"1000 USDT"`."""
    value = _read_value(raw, metric, direction="below" if metric.fires_below else "above")
    if value == 0:
        always = "never" if metric.fires_below else "always"
        raise WrongValueError(f"{metric} at {quoted(raw)} would {always} fire")
    _check_range(raw, metric, value)
    return value


def read_clear(raw: object, metric: Metric, at: Decimal | None, name: str = "clear") -> Decimal:
    """The level at which a metric counts as safe again: on the safe side of `at` (None: not known, not checked).

    `name` is the key it stands under.
    """
    value = _read_value(raw, metric, direction="above" if metric.fires_below else "below")
    _check_range(raw, metric, value)
    if at is not None and (value < at if metric.fires_below else value >= at):
        side = "at or above" if metric.fires_below else "below"
        raise WrongValueError(
            f"{name} must lie on the safe side, {side} {say_value(metric, at)}: {quoted(raw)} does not"
        )
    return value


def default_clear(metric: Metric, at: Decimal) -> Decimal:
    """A tenth back: fires below 12 %, clears at 13.2 %; fires at 50 %, clears at 45 %.

    A share that can't reach a tenth more (stop coverage below 95 %) clears halfway to 100 % instead.
    """
    if not metric.fires_below:
        return at * Decimal("0.9")
    return min(at * Decimal("1.1"), (at + _ONE) / 2)


def read_share(raw: object) -> Decimal:
    """A percentage, as a share of one."""
    return _read_number(raw, "share")


def read_money(raw: object) -> Decimal:
    """An amount of the quote asset; stable coins count as dollars."""
    return _read_number(raw, "money")


def read_price(raw: object) -> Decimal:
    """A price, with or without quotes."""
    price = _bare(raw) if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool) else None
    if isinstance(raw, str) and _PLAIN.fullmatch(raw.strip()):
        price = Decimal(raw.strip())
    if price is None:
        hint = ": write numbers without commas" if isinstance(raw, str) and "," in raw else ""
        raise WrongValueError(f'a price such as "98000.5" is wanted, not {quoted(raw)}{hint}')
    if price <= 0:
        raise WrongValueError(f"{quoted(raw)}: a price lies above zero")
    return price


def say_number(number: Decimal) -> str:
    """1500.50 as `1,500.5`."""
    return f"{number.normalize():,f}"


def say_share(share: Decimal) -> str:
    """0.132 as `13.2%`."""
    return f"{(share * 100).normalize():f}%"


def say_value(metric: Metric, value: Decimal) -> str:
    """A value of a metric in its unit."""
    if metric.unit == "share":
        return say_share(value)
    return f"{value.normalize():f}x" if metric.unit == "times" else f"{say_number(value)} USD"


def say_level(metric: Metric, at: Decimal) -> str:
    """A level in the direction that fires: `below 12%`, `50% or more`."""
    return f"below {say_value(metric, at)}" if metric.fires_below else f"{say_value(metric, at)} or more"


def say_duration(seconds: float) -> str:
    """5400 as `1h30m`."""
    whole = round(seconds)
    parts = ((whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _read_value(raw: object, metric: Metric, direction: str) -> Decimal:
    if isinstance(raw, str) and (match := _DIRECTION.match(raw.strip())):
        word, rest = match.groups()
        if word in ("over", "under"):
            right = "above" if word == "over" else "below"
            raise WrongValueError(f'write "{right}" for "{word}"')
        if word != direction:
            fires = "below" if metric.fires_below else "at or above"
            raise WrongValueError(
                f'{metric} fires {fires} a level: {quoted(raw)} must be "{direction} {rest}" or "{rest}"'
            )
        raw = rest
    return _read_number(raw, metric.unit, str(metric))


def _read_number(raw: object, unit: MetricUnit, name: str = "this") -> Decimal:
    wanted, shape = _WANTED[unit]
    if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool):
        number = _bare(raw)
        if number < 0:
            raise WrongValueError(f"{quoted(raw)}: {name} can't be negative")
        if unit == "share":
            raise WrongValueError(f"a bare number may mean two things: {_percentages(number)}")
        return number
    if not isinstance(raw, str):
        raise WrongValueError(f"{name} wants {wanted}, not {quoted(raw)}")
    text = raw.strip()
    match = shape.fullmatch(text)
    if match:
        number = Decimal(match[1])
        return number.scaleb(-2) if unit == "share" else number
    if text.startswith(("-", "−")):
        raise WrongValueError(f"{quoted(raw)}: {name} can't be negative")
    if unit == "share" and _PLAIN.fullmatch(text):
        raise WrongValueError(f"{quoted(raw)} has no unit: {_percentages(Decimal(text))}")
    if "," in text:
        raise WrongValueError(f'{quoted(raw)}: write numbers without commas, with "." before decimals')
    raise WrongValueError(f"{name} wants {wanted}, not {quoted(raw)}")


def _bare(raw: int | Decimal) -> Decimal:
    """A number written without quotes, if it has a size anybody could mean."""
    number = Decimal(raw)
    if not number.is_finite() or abs(number.adjusted()) >= _DIGITS:
        raise WrongValueError(f"{quoted(raw)} is not a usable number")
    return number


def _percentages(number: Decimal) -> str:
    """What to write for a number that may be a share or a percentage."""
    if 0 < number < 1:
        return f'write "{say_share(number)}" (or "{number:f}%")'
    return f'write "{number:f}%"'


def _check_range(raw: object, metric: Metric, value: Decimal) -> None:
    """Refuse what the metric can never be, or what could only be said too late."""
    if metric is Metric.STOP_COVERAGE:
        if value > _ONE:
            raise WrongValueError(f"{quoted(raw)}: stop_coverage is never above 100%")
    elif metric.fires_below:
        if value >= _ONE:
            raise WrongValueError(f"{quoted(raw)}: a {metric} must be less than 100%")
    elif metric.unit == "share" and value > _ONE:
        raise WrongValueError(f"{quoted(raw)}: {metric} is 100% at liquidation, more would come too late")
