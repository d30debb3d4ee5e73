"""Looks at the two files while the daemon runs: new rules are taken whole, or refused and told why.

The rules file is looked at each second, and at once when asked (SIGHUP). A change counts when two looks in a row see
the same, so a file that an editor is still writing is left alone; asked for, it counts at once. watchdog.toml is only
looked at: a change of it is said, and needs a restart.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from watchdog import systemd
from watchdog.alerts.words import MOST_LINES, clock_time
from watchdog.clock import Clock
from watchdog.core.state import State
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Level, Message
from watchdog.exposure import exposed
from watchdog.rules.difference import difference
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset
from watchdog.settings import Settings, load_settings
from watchdog.tomlfile import FileError, Problem, read_text

LOOK_EVERY = 1.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


class Watched(Protocol):
    """An account's runner, as far as a reload needs it."""

    state: State

    def put(self, fact: RulesChanged) -> None:
        """Hand it the new rules."""
        ...


def load_rules(settings: Settings) -> Ruleset:
    """The rules file the settings name. Raises FileError."""
    return understand(read_text(settings.rules), settings)


def understand(text: str, settings: Settings) -> Ruleset:
    """The text of a rules file, for these accounts and channels. Raises FileError."""
    accounts, channels = frozenset(settings.accounts), frozenset(settings.channels)
    return parse_rules(text, str(settings.rules), accounts, channels=channels)


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it is at one moment: its text, or why there is none."""

    digest: str
    """sha256 of the text; where there is none, the reason."""
    text: str = ""
    error: FileError | None = None


def look_at(path: Path) -> Look:
    """Read a file once. Never raises, and never waits: what is no file (a pipe) is not opened."""
    try:
        text = read_text(path) if _may_be_opened(path) else None
    except FileError as problem:
        return Look(str(problem), error=problem)
    if text is None:
        error = FileError([Problem(str(path), 0, 0, "is not a file")])
        return Look(str(error), error=error)
    return Look(hashlib.sha256(text.encode()).hexdigest(), text)


def _may_be_opened(path: Path) -> bool:
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        return True  # reading it says what is wrong
    return stat.S_ISREG(kind) or stat.S_ISDIR(kind)


class Settling:
    """Decides when what a file holds is to be taken up. Pure; `digest` is what is in force."""

    def __init__(self, digest: str) -> None:
        self._taken_up = digest
        self._last = digest

    def ready(self, digest: str, *, asked: bool = False) -> bool:
        """One look: whether this is new and stands still (or is asked for). It is then taken up, once."""
        still = asked or digest == self._last
        self._last = digest
        if not still or digest == self._taken_up:
            return False
        self._taken_up = digest
        return True


class Reloader:
    """Swaps the rules of all accounts at once, and says what that changes.

    `tell` delivers a message, `accounts` gives the runners by name, `status` is a line for systemd after a reload.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Ruleset,
        clock: Clock,
        tell: Callable[[Message], Awaitable[None]],
        accounts: Callable[[], Mapping[str, Watched]],
        status: Callable[[], str] = str,
    ) -> None:
        self._settings = settings
        self.rules = rules
        """Those in force."""
        self._clock = clock
        self._tell = tell
        self._accounts = accounts
        self._status = status
        self._name = settings.rules.name
        self._settling = Settling(rules.digest)
        self._refused: tuple[str, ...] = ()
        """What is wrong with the file as it is; empty while it is in force."""
        self._own = Settling(look_at(settings.file).digest)
        self._own_told = False
        self._asked = asyncio.Event()

    @property
    def trouble(self) -> str:
        """One line for `systemctl status`; empty while the file is in force."""
        return f"{self._name} is not taken: {self._refused[0]}" if self._refused else ""

    def ask(self) -> None:
        """Look now, and take what is there without waiting for a second look (SIGHUP)."""
        self._asked.set()

    async def run(self) -> None:
        """Look for ever; systemd hears of a look that was asked for."""
        while True:
            asked = await self._pause()
            if asked:
                systemd.reloading()
            try:
                await self.look(asked=asked)
            except Exception:  # noqa: BLE001  (a mistake of ours here must not end the watch)
                _log.exception("looking at the rules file failed in a way nobody foresaw; the old rules stay in force")
            if asked:
                systemd.ready(self._status())

    async def _pause(self) -> bool:
        pause = asyncio.create_task(self._clock.sleep(LOOK_EVERY))
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait([pause, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            asked.cancel()
            await asyncio.gather(pause, asked, return_exceptions=True)
        was = self._asked.is_set()
        self._asked.clear()
        return was

    async def look(self, *, asked: bool = False) -> None:
        """One look at both files, and all that follows from it."""
        seen = look_at(self._settings.rules)
        if self._settling.ready(seen.digest, asked=asked) and (message := self._take(seen)) is not None:
            await self._tell(message)
        own = look_at(self._settings.file)
        if self._own.ready(own.digest, asked=asked) and (message := self._settings_changed()) is not None:
            await self._tell(message)

    # ── the rules ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, seen: Look) -> Message | None:
        """Take the file whole, or say what is wrong with it; None: nothing is new in that."""
        if seen.digest == self.rules.digest:
            return self._whole_again()
        if seen.error is not None:
            return self._refuse(tuple(str(problem) for problem in seen.error.problems))
        try:
            rules = understand(seen.text, self._settings)
        except FileError as error:
            return self._refuse(tuple(str(problem) for problem in error.problems))
        except Exception as error:  # noqa: BLE001  (the same as any other file that is not understood)
            _log.exception("%s could not be read by a mistake of mine", self._name)
            return self._refuse((f"{self._name}: a mistake of mine ({type(error).__name__}); the log has the rest",))
        self._refused = ()
        before, self.rules = self.rules, rules
        accounts = self._accounts()
        states = [one.state for one in accounts.values()]
        for one in accounts.values():
            one.put(RulesChanged(rules))
        return self._in_force(before, rules, states)

    def _refuse(self, problems: tuple[str, ...]) -> Message | None:
        if problems == self._refused:
            return None
        self._refused = problems
        _log.warning("%s was not taken: %s", self._name, "; ".join(problems))
        most = MOST_LINES - 4
        more = [f"… and {len(problems) - most} more: `watchdog check` has them all"] if len(problems) > most else []
        first = f"WARN · {self._name} was not taken: the old rules stay in force"
        return self._message(
            "rules", Level.WARN, (first, *problems[:most], *more, "Mend it: with this file I would not start again.")
        )

    def _whole_again(self) -> Message | None:
        if not self._refused:
            return None
        self._refused = ()
        first = f"OK · {self._name} is whole again and says what is in force"
        return self._message("rules", Level.WARN, (first,))

    def _in_force(self, before: Ruleset, rules: Ruleset, states: list[State]) -> Message:
        count = f"{len(rules.rules)} rule{'s' if len(rules.rules) != 1 else ''}"
        try:
            changes = difference(before, rules)
            lost = exposed(before, rules, states, self._clock.now())
        except Exception:  # noqa: BLE001  (the rules are in force; only the words are missing)
            _log.exception("what the new rules change could not be put into words")
            changes, lost = ("What that changes I can't say: see the log.",), ()
        if not changes:
            first = f"INFO · {self._name} was saved and says the same as before"
            return self._message("rules", Level.INFO, (first,))
        less = " · IT PROTECTS LESS" if lost else ""
        first = f"{'WARN' if lost else 'INFO'} · {self._name} is in force: {count}{less}"
        lines = _most([*lost, *changes], MOST_LINES - 2)
        _log.info("%s: %s", self._name, "; ".join(lines))
        return self._message("rules", Level.WARN, (first, *lines))

    # ── watchdog.toml ─────────────────────────────────────────────────────────────────────────────────────────────

    def _settings_changed(self) -> Message | None:
        """watchdog.toml is not taken while running; but its owner should know that, and whether it would do."""
        name = self._settings.file.name
        lines: tuple[str, ...] = (f"INFO · {name} was changed: restart to take it",)
        try:
            again = load_settings(self._settings.file, os.environ)
        except FileError as error:
            problems = [str(problem) for problem in error.problems]
            first = f"WARN · {name} is broken: I go on as I was started, but WOULD NOT START AGAIN"
            lines = (first, *_most(problems, MOST_LINES - 2))
        else:
            if again == self._settings:
                if not self._own_told:
                    return None  # a comment
                lines = (f"OK · {name} says again what is in force",)
        self._own_told = not lines[0].startswith("OK")
        return self._message("settings", Level.WARN, lines)

    def _message(self, about: str, level: Level, lines: tuple[str, ...]) -> Message:
        at = self._clock.now().wall
        stamped = (*lines, clock_time(at, None))
        return Message(f":{about}:{at * 1000:.0f}", "", level, "told", "", stamped, sound=False, at=at)


def _most(lines: list[str], most: int) -> list[str]:
    """The first of them, and how many there are besides."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"… and {len(lines) - most + 1} more"]
