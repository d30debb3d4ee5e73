"""`watchdog check`: says what is wrong, or every rule back in words."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from watchdog.cli import check
from watchdog.venues.known import VENUES, Entry

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped config with its paper account's keys, as the working directory."""
    for name in ("rules.toml", "watchdog.toml"):
        shutil.copy(CONFIG / name, tmp_path / name)
    for name in ("paper.key", "paper.secret"):
        (tmp_path / name).write_text(f"s3cr3t-{name}\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.chdir(tmp_path)
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(*arguments: str) -> int:
    """Run the command as its user types it."""
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    return check.run(parser.parse_args(arguments))


@pytest.mark.parametrize("arguments", [(), ("rules.toml",), ("--config", "watchdog.toml"), ("./rules.toml",)])
def test_the_shipped_config_is_good(home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    """With both files good: every rule in words, the account, the channel, what will not be sent; exit 0."""
    assert run(*arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("rules.toml is good: 4 rules, mode watch\n\nmode watch: alerts only, no order is ever sent\n")
    for name in ("room", "pool", "ratio", "no stop"):
        assert f'\nrule "{name}": ' in out
    assert "account paper: binanceusdm at http://127.0.0.1:8081, read every 10s" in out
    assert "channel console: console, hears info and above" in out
    assert 'Mind:\n  rules.toml:41:1: the stop of rule "no stop" will not be sent: mode is watch\n' in out
    assert "s3cr3t" not in out
    assert home.is_dir()


def test_without_settings_it_says_what_was_not_checked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No watchdog.toml beside the rules: they are checked alone, and that is said."""
    (home / "watchdog.toml").unlink()
    assert run() == 0
    assert (
        "channels and accounts were not checked: there is no watchdog.toml beside the rules" in capsys.readouterr().out
    )


def test_every_problem_of_both_files_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Problems of both files on standard error, one a line with file:line:column; exit 78; nothing on standard out."""
    rules = home / "rules.toml"
    rules.write_text(
        rules.read_text()
        .replace('"room_used" ', '"rom_used" ')
        .replace("{ margin_mode", "{ account = 'x', margin_mode")
    )
    settings = home / "watchdog.toml"
    settings.write_text(settings.read_text().replace('"console"', '"consol"', 1))
    assert run() == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split("\n") == [
        'watchdog.toml:46:13: unknown channel type "consol", did you mean "console"?',
        'rules.toml:20:13: unknown metric "rom_used", did you mean "room_used"?',
        'rules.toml:28:25: account "x" is not in watchdog.toml',
        'rules.toml:36:25: account "x" is not in watchdog.toml',
        "",
        "4 problems. A running watchdog keeps its old rules.",
        "",
    ]


def test_a_bad_settings_file_does_not_blame_the_rules(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the settings are wrong: 78, and the rules are called good and said back in words all the same."""
    (home / "paper.key").unlink()
    assert run("rules.toml") == 78
    out, err = capsys.readouterr()
    assert out.startswith("rules.toml is good: 4 rules, mode watch\n\nmode watch: ")
    assert '\nrule "no stop": stop coverage of each position\n' in out
    assert "watchdog.toml is good" not in out
    assert err.endswith('paper.key" does not exist\n\n1 problem. rules.toml itself is good.\n')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.toml",), "none.toml: there is no such file\n"),
        ((".",), ".: is a directory, not a file\n"),
        (("--config", "none.toml"), "none.toml: there is no such file\n"),
    ],
)
def test_a_missing_file_is_told(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """A file that is not there, or is none, is a problem with exit 78, never a traceback."""
    assert run(*arguments) == 78
    assert said in capsys.readouterr().err
    assert home.is_dir()


def test_the_settings_name_the_rules(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without RULES, the rules file the settings name is read, from any directory."""
    (home / "rules.toml").rename(home / "mine.toml")
    settings = home / "watchdog.toml"
    settings.write_text('rules = "mine.toml"\n' + settings.read_text())
    assert run("--config", "watchdog.toml") == 0
    assert capsys.readouterr().out.startswith("mine.toml is good: ")


def test_what_only_both_files_show(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An account read more seldom than it is called blind, and one capped to watch, are named."""
    rules, settings = home / "rules.toml", home / "watchdog.toml"
    rules.write_text(rules.read_text().replace('mode = "watch" ', 'mode = "act" ').replace('"15s"', '"4s"'))
    settings.write_text(
        settings.read_text().replace("[account.paper]\n", '[account.paper]\nmode = "watch"\npoll = "5s"\n')
    )
    assert run() == 0
    out = capsys.readouterr().out
    assert "  watchdog.toml: account paper is read every 5s, and called blind after 4s" in out
    assert "  watchdog.toml: account paper is capped to watch: no stop is sent for it" in out
    assert "will not be sent" not in out


def test_when_the_digest_comes_and_who_hears_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its time, its zone, every channel; or that there is none."""
    settings = home / "watchdog.toml"
    text = settings.read_text()
    for written, said in (
        (
            'at = "08:00"',
            "  digest each day at 08:00, this machine's time, without a sound: console, whatever min_level",
        ),
        (
            'zone = "Europe/Berlin"\nat = "07:30"',
            "  digest each day at 07:30, Europe/Berlin, without a sound: console, whatever min_level",
        ),
        ('at = "off"', "  no digest: then nobody can tell a quiet day from a daemon that is down"),
    ):
        settings.write_text(text.replace('at = "08:00"', written))
        assert run() == 0
        assert said in capsys.readouterr().out.split("\n")


def test_channels_are_checked_and_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule may only tell channels of watchdog.toml, even one that is wrong elsewhere; what none hears is noted."""
    rules, settings = home / "rules.toml", home / "watchdog.toml"
    text = rules.read_text()
    rules.write_text(text.replace('metric    = "room_used" ', 'notify = "consol"\nmetric = "room_used" '))
    wrong = 'rules.toml:20:10: channel "consol" is not in watchdog.toml, did you mean "console"?\n'
    assert run() == 78
    assert capsys.readouterr().err.startswith(wrong)
    shutil.move(home / "paper.key", home / "elsewhere")
    assert run() == 78
    assert wrong in capsys.readouterr().err
    shutil.move(home / "elsewhere", home / "paper.key")
    rules.write_text(text)
    settings.write_text(
        settings.read_text().replace('type      = "console"', 'type = "console"\nmin_level = "critical"')
    )
    assert run() == 0
    out = capsys.readouterr().out
    assert (
        '  rules.toml:18:1: no channel hears warn of rule "room": the lowest min_level of all channels is critical'
        in out
    )


def test_proposals_that_nobody_can_answer(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In mode ask, of the rules or by an account's own cap, without a channel that has buttons: said."""
    rules, settings = home / "rules.toml", home / "watchdog.toml"
    watching, uncapped = rules.read_text(), settings.read_text()
    unheard = (
        "  watchdog.toml: stops are proposed (mode ask), "
        "and no channel here can be answered (one of type telegram can): only `watchdog confirm` can answer\n"
    )
    past = (
        "  watchdog.toml: a stop whose place mark has passed already is proposed halfway to liquidation "
        '(if_past = "ask"), and no channel here can be answered (one of type telegram can): '
        "only `watchdog confirm` can answer\n"
    )
    rules.write_text(watching.replace('mode = "watch" ', 'mode = "ask" '))
    assert run() == 0
    out = capsys.readouterr().out
    assert unheard in out
    assert "in mode ask it is proposed, you confirm; without an answer nothing is sent" in out
    rules.write_text(watching.replace('mode = "watch" ', 'mode = "act" '))
    assert run() == 0
    assert capsys.readouterr().out.endswith(f"\nMind:\n{past}"), "in mode act a question may come as well"
    acting = rules.read_text()
    rules.write_text(acting.replace('"60%" } }', '"60%" }, if_past = "alert" }'))
    assert run() == 0
    assert "Mind:" not in capsys.readouterr().out
    rules.write_text(acting)
    settings.write_text(uncapped.replace("[account.paper]\n", '[account.paper]\nmode = "ask"\n'))
    assert run() == 0
    out = capsys.readouterr().out
    assert unheard in out
    assert "account paper: binanceusdm at http://127.0.0.1:8081, read every 10s, capped to ask\n" in out
    assert "  watchdog.toml: account paper is capped to ask: stops are proposed for it, you confirm each\n" in out


def test_the_schemas_are_written_for_editors(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--write-schema DIR` writes both and checks nothing, so that `#:schema` finds them beside the user's files."""
    (home / "watchdog.toml").write_text("broken")
    assert run("--write-schema", ".") == 0
    assert capsys.readouterr().out == "wrote rules.schema.json\nwrote watchdog.schema.json\n"
    for name in ("rules.schema.json", "watchdog.schema.json"):
        assert (home / name).read_text() == (CONFIG / name).read_text()


def test_an_account_where_no_stop_can_be_placed_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With rules that act: it is watched and no more, and why. With rules that only watch nothing is lost by it."""
    monkeypatch.setitem(VENUES, "gate", Entry("Gate"))
    settings, rules = home / "watchdog.toml", home / "rules.toml"
    settings.write_text(settings.read_text().replace('= "binanceusdm"', '= "gate"', 1))
    assert run() == 0
    out = capsys.readouterr().out
    assert "account paper: gate at http://127.0.0.1:8081, read every 10s, only watched: no stop can be placed" in out
    assert "no stop is sent for it" not in out
    rules.write_text(rules.read_text().replace('mode = "watch" ', 'mode = "act" ', 1))
    assert run() == 0
    assert (
        "account paper is only watched, no stop is sent for it: no stop can be placed on Gate yet"
        in capsys.readouterr().out
    )


def test_accounts_that_ask_too_much_together_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where one address can't read all of a venue's accounts before they are called blind; two are well."""
    settings = home / "watchdog.toml"
    before = settings.read_text()

    def crowd(count: int) -> str:
        chains = (f'[account.c{i}]\nvenue = "hyperliquid"\nwallet = "0x{i:040x}"\n' for i in range(count))
        settings.write_text(before + "".join(chains))
        assert run() == 0
        return capsys.readouterr().out

    assert "share one request budget" not in crowd(2)
    assert (
        "watchdog.toml: 3 accounts on Hyperliquid share one request budget: to read all of them takes up to 16 s, "
        "longer than the 15s after which they are called blind"
    ) in crowd(3)
