"""Silences: what is not said for a while. They hold back words only; nothing that acts ever looks at them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from watchdog.alerts.view import POOL, key_words, rule_and_subject
from watchdog.domain.effects import Level
from watchdog.domain.ids import handle

SHORTEST = 1.0
LONGEST = 7 * 86400.0
"""Seconds. A silence always has an end."""

BLIND = "blind"
"""The key of the alert of an account that can't be read."""

UNKNOWN = "unknown|"
"""How the keys of alerts begin that say that readings stay unknown though the account is read."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence. Times are wall seconds."""

    subject: str
    """The handle of an alert, a part of the keys of alerts, or empty: the whole account."""
    began: float
    until: float
    by: str = ""
    """Who asked for it, in words."""
    what: str = ""
    """What it is about, in words."""

    @property
    def key(self) -> str:
        """Its name in the store: a subject has one silence, the last one asked for."""
        return handle(self.subject.casefold())


def alert_handle(account: str, key: str) -> str:
    """How buttons and commands name an alert: two accounts can have alerts of the same key."""
    return handle(f"{account}|{key}")


def means(subject: str, account: str, key: str) -> bool:
    """Whether a person's subject speaks of an alert: see `meaning`."""
    return bool(meaning(subject, account, key))


def meaning(subject: str, account: str, key: str) -> str:
    """As what a person's subject names an alert, in words; empty: it does not.

    The account (or nothing), the handle of the alert, a rule by its whole name, a coin, or a symbol in either form:
    always the whole word, or `OP` would be `no stop` too. A command of one word calls that rule `no-stop`.
    """
    asked = subject.casefold()
    if asked in {"", account.casefold()}:
        return f"all of {account}"
    if asked in {alert_handle(account, key), handle(key)}:
        return key_words(key)
    rule, about = rule_and_subject(key)
    if rule and asked in {rule.casefold(), *(rule.casefold().replace(" ", mark) for mark in "-_")}:
        return f'rule "{rule}"'
    kind, _, other = ("", "", about) if rule else key.partition("|")
    if kind and asked == kind.casefold():
        return kind
    return names_of(other or about).get(asked, "")


def names_of(subject: str) -> dict[str, str]:
    """What people call a position or a pool of alerts, casefolded, and each as it is said back to them.

    `BTC/USDT:USDT`: its base `BTC`, itself, `BTC/USDT`, and `BTCUSDT`. `pool USDT`: itself and `USDT`.
    """
    if subject.startswith(POOL):
        return {subject.casefold(): subject, subject.removeprefix(POOL).casefold(): subject}
    symbol, _, leg = subject.partition(" ")
    pair, _, settled = symbol.partition(":")
    base = pair.partition("/")[0]
    _, _, expiry = settled.partition("-")
    venue = pair.replace("/", "") + (f"-{expiry}" if expiry else "")
    names = {base: base, symbol: symbol, pair: symbol, venue: symbol}
    if leg:
        names |= {f"{name} {leg}": f"{said} {leg}" for name, said in list(names.items())}
    return {name.casefold(): said for name, said in names.items() if name}


def silent(silences: Iterable[Silence], account: str, key: str, wall: float) -> bool:
    """Whether an alert is under a silence at this time."""
    return any(one.until > wall and means(one.subject, account, key) for one in silences)


def always_said(key: str, level: Level) -> bool:
    """What no silence holds back: emergencies, and being blind for long."""
    return level >= Level.EMERGENCY or (unseeing(key) and level >= Level.CRITICAL)


def unseeing(key: str) -> bool:
    """Whether an alert says that something can't be seen: no rule speaks in its place."""
    return key == BLIND or key.startswith(UNKNOWN)


def to_json(silence: Silence) -> str:
    """As it is saved."""
    return json.dumps(asdict(silence), sort_keys=True)


def from_json(text: str) -> Silence:
    """As it was saved."""
    return Silence(**json.loads(text))
