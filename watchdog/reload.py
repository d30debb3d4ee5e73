"""Looks at the two files while the daemon runs: new rules are taken whole, or refused and told why.

The rules file is looked at each second, and at once when asked (SIGHUP). A change counts when two looks in a row see
the same, so a file that an editor is still writing is left alone; asked for, it counts at once. watchdog.toml is only
looked at: a change of it is said, needs a restart, and is tried with the rules file: both must be good for that.
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
from watchdog.rules.difference import difference, stops_lost
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset
from watchdog.settings import Settings, load_settings
from watchdog.tomlfile import FileError, Problem, read_text

LOOK_EVERY = 1.0
"""Seconds between two looks."""

MEND = "Mend it: with this file I would not start again."

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

    `tell` delivers a message, `accounts` gives the runners by name, `status` is a line for systemd after a reload,
    `unlisted` what is to be told of symbols that no venue lists.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Ruleset,
        clock: Clock,
        tell: Callable[[Message], Awaitable[None]],
        accounts: Callable[[], Mapping[str, Watched]],
        status: Callable[[], str] = str,
        unlisted: Callable[[Ruleset], Message | None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self.rules = rules
        """Those in force."""
        self._clock = clock
        self._tell = tell
        self._accounts = accounts
        self._status = status
        self._unlisted = unlisted
        self._name = settings.rules.name
        self._settling = Settling(rules.digest)
        self._refused: tuple[str, ...] = ()
        """What is wrong with the file as it is; empty while it is in force."""
        self._own = Settling(look_at(settings.file).digest)
        self._own_told: tuple[str, ...] = ()
        """What was last said of watchdog.toml; empty while it says what is in force."""
        self._seen = Look(rules.digest)
        """The rules file as it was last taken up, whether or not it was understood."""
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
        messages: list[Message | None] = []
        seen = look_at(self._settings.rules)
        new_rules = self._settling.ready(seen.digest, asked=asked)
        new_settings = self._own.ready(look_at(self._settings.file).digest, asked=asked)
        if new_rules:
            self._seen = seen
        if new_rules or (new_settings and self._refused):  # what is wrong with the rules may be another thing by now
            messages.append(self._take(self._seen))
        if new_settings or (new_rules and self._own_told):  # and so may be whether both go together
            messages.append(self._settings_changed(again=not new_settings))
        messages.append(self._unlisted(self.rules))
        for message in messages:
            if message is not None:
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
            if self._good_after_restart(seen.text):
                needs = f"it needs the {self._settings.file.name} you changed: restart, and both are taken"
                return self._refuse((needs,), "With both files as they are I would start again.")
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

    def _refuse(self, problems: tuple[str, ...], mend: str = MEND) -> Message | None:
        if problems == self._refused:
            return None
        self._refused = problems
        _log.warning("%s was not taken: %s", self._name, "; ".join(problems))
        most = MOST_LINES - 4
        more = [f"… and {len(problems) - most} more: `watchdog check` has them all"] if len(problems) > most else []
        first = f"WARN · {self._name} was not taken: the old rules stay in force"
        return self._message("rules", Level.WARN, (first, *problems[:most], *more, mend))

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
            less = bool(lost) or stops_lost(before, rules)
        except Exception:  # noqa: BLE001  (the rules are in force; only the words are missing)
            _log.exception("what the new rules change could not be put into words")
            changes, lost, less = ("What that changes I can't say: see the log.",), (), False
        if not changes:
            first = f"INFO · {self._name} was saved and says the same as before"
            return self._message("rules", Level.INFO, (first,))
        head = f"{self._name} is in force: {count}"
        first = f"WARN · {head} · IT PROTECTS LESS" if less else f"INFO · {head}"
        _log.log(logging.WARNING if less else logging.INFO, "%s: %s", self._name, "; ".join((*lost, *changes)))
        return self._message("rules", Level.WARN, (first, *_most([*lost, *changes], MOST_LINES - 2)))

    # ── watchdog.toml ─────────────────────────────────────────────────────────────────────────────────────────────

    def _settings_changed(self, *, again: bool = False) -> Message | None:
        """watchdog.toml is not taken while running; but its owner should know that, and whether it would do.

        `again`: it has not changed since that was said; only what is new is said.
        """
        name = self._settings.file.name
        lines: tuple[str, ...] = (f"INFO · {name} was changed: restart to take it",)
        broken = "I go on as I was started, but WOULD NOT START AGAIN"
        try:
            settings = load_settings(self._settings.file, os.environ)
        except FileError as error:
            lines = (f"WARN · {name} is broken: {broken}", *_problems(error))
        else:
            if settings == self._settings:
                if not self._own_told:
                    return None  # a comment
                self._own_told = ()
                return self._message("settings", Level.WARN, (f"OK · {name} says again what is in force",))
            try:
                load_rules(settings)
            except FileError as error:
                first = f"WARN · {name} was changed, and {settings.rules.name} does not go with it: {broken}"
                lines = (first, *_problems(error))
        if again and lines == self._own_told:
            return None
        self._own_told = lines
        return self._message("settings", Level.WARN, lines)

    def _good_after_restart(self, text: str) -> bool:
        """Whether a rules file that is refused now goes with the watchdog.toml on the disk, which was changed."""
        try:
            settings = load_settings(self._settings.file, os.environ)
            if settings.rules != self._settings.rules or settings == self._settings:
                return False
            understand(text, settings)
        except FileError:
            return False
        return True

    def _message(self, about: str, level: Level, lines: tuple[str, ...]) -> Message:
        at = self._clock.now().wall
        stamped = (*lines, clock_time(at, None))
        return Message(f":{about}:{at * 1000:.0f}", "", level, "told", "", stamped, sound=False, at=at)


def _problems(error: FileError) -> list[str]:
    return _most([str(problem) for problem in error.problems], MOST_LINES - 2, "`watchdog check` has them all")


def _most(lines: list[str], most: int, where: str = "the log has them all") -> list[str]:
    """The first of them, and how many there are besides."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"… and {len(lines) - most + 1} more: {where}"]
