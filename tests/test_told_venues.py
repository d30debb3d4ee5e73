"""What README and the shipped watchdog.toml say of venues: what a stranger pastes from them works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watchdog.settings import load_settings
from watchdog.venues.known import VENUES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = (ROOT / "config" / "watchdog.toml").read_text(encoding="utf-8")
CONSOLE = '[channel.console]\ntype = "console"\n'


def pasted(text: str, account: str, mark: str) -> str:
    """The table of an account, its lines taken out of a text in which each begins with `mark`."""
    begin = text.index(f"{mark}[account.{account}]")
    lines: list[str] = []
    for line in text[begin:].splitlines():
        if not line.startswith(mark):
            break
        lines.append(line.removeprefix(mark))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("account", "venue"), [("alt", "okx"), ("chain", "hyperliquid")])
@pytest.mark.parametrize(("text", "mark"), [(README, "    "), (SHIPPED, "# ")], ids=["README", "watchdog.toml"])
def test_an_account_is_added_by_pasting(tmp_path: Path, text: str, mark: str, account: str, venue: str) -> None:
    """The lines as they stand, with the files they name, are settings of that venue."""
    table = pasted(text, account, mark)
    for number, name in enumerate(re.findall(r'_file += "(.+?)"', table)):
        (tmp_path / name).write_text(f"{'k' * 20}{number}\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "rules.toml").write_text("")
    path = tmp_path / "watchdog.toml"
    path.write_text(f'socket = "w.sock"\n{table}{CONSOLE}')
    settings = load_settings(path, {"HOME": str(tmp_path)})
    assert settings.accounts[account].venue == venue
    assert bool(settings.accounts[account].passphrase) == ("passphrase_file" in VENUES[venue].needs)


def test_the_table_of_venues_is_whole() -> None:
    """A row for each that works, in the order in which `watchdog check` names them, and in each all columns."""
    rows = [line for line in README.splitlines() if re.match(r"\| `[a-z]+` \| .*\|", line)]
    rows = [row for row in rows if row.split("`")[1] in VENUES]
    assert [row.split("`")[1] for row in rows] == list(VENUES)
    assert {len(row.strip("| ").split(" | ")) for row in rows} == {6}
