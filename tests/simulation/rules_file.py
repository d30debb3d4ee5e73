"""The rules file as its owner's editor leaves it, and which of its versions may be in force."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.acts import Edit, How
from tests.simulation.plan import Plan
from tests.simulation.record import Record
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Ruleset
from watchdog.tomlfile import FileError, read_text

_SHIPPED = Path(__file__).parents[2] / "config" / "rules.toml"
_ACCOUNTS = frozenset({"main"})
NOTICED_S = 4.0
"""A file that stays as it is for so long has been noticed by a daemon whose disk is well."""
_BRIEF_S = 0.9
"""A version that stood for less than this, and that nobody nudged the daemon to look at, is never taken."""


@dataclass(frozen=True, slots=True)
class Version:
    """What the file held from a moment on."""

    at: float
    rules: Ruleset | None
    """None: it is broken."""
    problem: str = ""
    """What is wrong with it: the first of the problems, as the daemon has to word it."""


class RulesFile:
    """Writes the file, and knows what it means."""

    def __init__(self, folder: Path, plan: Plan, record: Record) -> None:
        self.path = folder / "rules.toml"
        self._record = record
        self._written = 0
        self._nudged = False
        text = _SHIPPED.read_text(encoding="utf-8")
        text = text.replace('mode = "watch"', f'mode = "{plan.mode.name.lower()}"\nfirst_act_after = "0s"', 1)
        text = text.replace('hold = "60s"', f'hold = "{plan.hold}s"')
        if plan.no_answer:
            text = text.replace('"60%" } }', f'"60%" }}, no_answer = "stop after {plan.no_answer}s" }}')
        self._plain = text
        self.path.write_text(self._plain, encoding="utf-8")
        self.now = self._look(0.0)
        self.sound: dict[str, None] = {}
        """Digests of the versions of which one has to be in force."""
        self.settle()

    def write(self, edit: Edit, how: How, share: float, at: float) -> None:
        """Save another version."""
        self._written += 1
        text = self._text(edit, share)
        before, brief = self.now, not self._nudged and self.now.at >= at - _BRIEF_S
        self._save(text.encode("latin-1" if edit is Edit.BYTES else "utf-8"), edit, how)
        self.now, self._nudged = self._look(at), False
        if before.rules is not None and brief:
            self.sound.pop(before.rules.digest, None)
        if self.now.rules is not None:
            self.sound[self.now.rules.digest] = None
        self._record.say(f"rules.toml {edit} {how}: {self.now.problem or 'sound'}")

    def nudged(self) -> None:
        """The daemon was told to look, now."""
        self._nudged = True

    def mend(self, at: float) -> None:
        """Before a start: its owner sees to it that it is a file to start with."""
        if self.now.rules is None:
            self.write(Edit.PLAIN, How.RENAME, 0.0, at)
        self.settle()

    def settle(self) -> None:
        """The version that stands there now has been noticed, if it is one: no other may be in force."""
        if self.now.rules is not None:
            self.sound = {self.now.rules.digest: None}

    def _look(self, at: float) -> Version:
        try:
            return Version(at, parse_rules(read_text(self.path), str(self.path), _ACCOUNTS))
        except FileError as error:
            return Version(at, None, str(error.problems[0]))

    def _text(self, edit: Edit, share: float) -> str:  # noqa: C901  (a table of all that can be done to it)
        plain, mark = self._plain, f"\n# version {self._written}\n"
        blocks = re.split(r"(?m)^(?=\[\[rule\]\])", plain)
        match edit:
            case Edit.COMMENT:
                return plain + mark
            case Edit.LEVELS:
                warn, emergency = round(30 + share * 30), round(72 + share * 25)
                text = re.sub(r'(?m)^warn      = "50%"', f'warn      = "{warn}%"', plain)
                return re.sub(r'(?m)^emergency = "85%"', f'emergency = "{emergency}%"', text) + mark
            case Edit.SHUFFLED:
                return blocks[0] + "\n".join(reversed(blocks[1:])) + mark
            case Edit.RENAMED:
                return plain.replace('"no stop"', f'"cover {self._written}"') + mark
            case Edit.WATCH | Edit.ASK:
                mode = "ask" if edit is Edit.ASK else "watch"
                return re.sub(r'(?m)^mode = "\w+"', f'mode = "{mode}"', plain, count=1) + mark
            case Edit.TYPO:
                return plain.replace('metric    = "shock_distance"', 'metric    = "shock_distanec"') + mark
            case Edit.SYNTAX:
                return plain + mark + f"[[rule]\nname = {self._written}"
            case Edit.VALUE:
                return plain.replace('"20%"', f'"20 %% {self._written}"') + mark
            case Edit.HALF:
                return plain[: round(len(plain) * share)]
            case Edit.BYTES:
                return f"# \xe9 {self._written}\n{plain.encode('ascii', 'replace').decode()}"
            case Edit.EMPTY | Edit.GONE:
                return ""
            case Edit.PLAIN:
                return plain

    def _save(self, content: bytes, edit: Edit, how: How) -> None:
        folder = self.path.parent
        if edit is Edit.GONE:
            self.path.unlink(missing_ok=True)
        elif how is How.IN_PLACE:
            self.path.write_bytes(content)
        else:
            target = folder / f"rules-{self._written}.toml"
            target.write_bytes(content)
            if how is How.LINK:
                link = folder / "rules.link"
                with contextlib.suppress(FileNotFoundError):
                    link.unlink()
                link.symlink_to(target.name)
                target = link
            target.replace(self.path)
