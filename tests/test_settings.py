"""watchdog.toml and the environment: understood whole, or refused with every mistake; secrets stay secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.broken_settings import ACCOUNT, BROKEN, CONSOLE, GOOD
from watchdog.domain.effects import Level
from watchdog.rules.parse import parse_rules
from watchdog.rules.schema import Mode
from watchdog.settings import ConsoleSettings, Settings, account_names, channel_names, load_settings
from watchdog.tomlfile import FileError

CONFIG = Path(__file__).parents[1] / "config"
SHIPPED = (CONFIG / "watchdog.toml").read_text()
KEY = "k3y0000000000000000000000000000000000000000000000"
SECRET = "s3cr3t" + "0" * 35
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"  # noqa: S105 - of no bot


def key_file(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Write a secret's file."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the key files of account main, and of the shipped file's paper account."""
    for name in ("main", "paper"):
        key_file(tmp_path / f"{name}.key", f"{KEY}\n")
        key_file(tmp_path / f"{name}.secret", SECRET)
    key_file(tmp_path / "phone.token", TOKEN)
    return tmp_path


def load(home: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Load a settings text written into a folder."""
    path = home / "watchdog.toml"
    path.write_text(text)
    return load_settings(path, {"HOME": "/home/ann"} if environ is None else environ)


def refused(home: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The problems a settings text is refused with, file names without their folder."""
    with pytest.raises(FileError) as caught:
        load(home, text, environ)
    said = str(caught.value)
    assert KEY not in said
    assert SECRET not in said
    return said.replace(f"{home}/", "").split("\n")


def test_the_shipped_files_work_as_they_stand(home: Path) -> None:
    """Both files of config/ load together once the paper venue has written its keys."""
    loaded = load(home, SHIPPED)
    (paper,) = loaded.accounts.values()
    assert (paper.name, paper.venue, paper.base_url, paper.mode) == (
        "paper",
        "binanceusdm",
        "http://127.0.0.1:8081",
        Mode.ACT,
    )
    assert (paper.poll, paper.allow_withdraw_key) == (10, False)
    assert (paper.api_key.get_secret_value(), paper.secret.get_secret_value()) == (KEY, SECRET)
    assert list(loaded.channels.values()) == [ConsoleSettings("console", Level.INFO, "text")]
    assert loaded.rules == home / "rules.toml"
    assert loaded.state_dir == Path("/home/ann/.local/state/position-watchdog")
    assert loaded.store.url == "sqlite:////home/ann/.local/state/position-watchdog/watchdog.db"
    assert loaded.socket == loaded.state_dir / "watchdog.sock"
    assert parse_rules((CONFIG / "rules.toml").read_text(), "rules.toml", frozenset(loaded.accounts)).rules


def test_the_comments_of_the_shipped_file_are_true(home: Path) -> None:
    """What the shipped file offers in comments is understood when uncommented."""
    lines = [line.removeprefix("# ") for line in SHIPPED.split("\n")]
    keys = (
        "rules ",
        "state_dir",
        "socket",
        "[",
        "venue",
        "base_url",
        "api_key",
        "secret",
        "mode",
        "poll",
        "allow",
        "type",
        "token_file",
        "chats",
        "users",
        "host",
        "port",
        "topic",
        "client_id",
        "username",
        "password_file",
        "passphrase_file",
        "wallet",
        "tls",
        "ca_file",
        "version",
        "keepalive",
        "keep ",
        "at ",
        "zone",
    )
    text = "\n".join(line for line in lines if line.startswith((*keys, "min_level", "format", "url")))
    text = text.replace("/run/position-watchdog.sock", "w.sock").replace('"paper.key"', '"main.key"')
    text = text.replace("https://…", "https://example.org", 1)
    text = text.replace('ca_file       = "ca.pem"', "")
    (home / "rules.toml").touch()
    key_file(home / "telegram.token", "1:abc")
    key_file(home / "mqtt.password", "of mine")
    for name in ("key", "secret", "passphrase"):
        key_file(home / f"okx.{name}", f"{name} of okx".replace(" ", "-"))
    loaded = load(home, text)
    assert set(loaded.accounts) == {"paper", "main", "alt", "chain"}
    assert set(loaded.channels) == {"console", "phone", "house"}
    assert loaded.accounts["main"].mode is Mode.WATCH
    assert loaded.state_dir == Path("/var/lib/position-watchdog")


def test_everything_can_be_set(home: Path) -> None:
    """Every key of the file lands where it belongs; relative paths are relative to the file."""
    (home / "r.toml").touch()
    loaded = load(
        home,
        'rules = "r.toml"\nstate_dir = "state"\nsocket = "s.sock"\n'
        + ACCOUNT
        + 'base_url = "https://example.org:8443/"\nmode = "watch"\npoll = "5s"\nallow_withdraw_key = true\n'
        + CONSOLE
        + 'min_level = "critical"\nformat = "json"\n[store]\nurl = "sqlite:////elsewhere/x.db"\n',
    )
    main = loaded.accounts["main"]
    assert (main.base_url, main.mode, main.poll, main.allow_withdraw_key) == (
        "https://example.org:8443",
        Mode.WATCH,
        5,
        True,
    )
    assert loaded.channels["console"] == ConsoleSettings("console", Level.CRITICAL, "json")
    assert (loaded.rules, loaded.state_dir, loaded.socket) == (home / "r.toml", home / "state", home / "s.sock")
    assert loaded.store.url == "sqlite:////elsewhere/x.db"


def test_systemds_directories_come_first(home: Path) -> None:
    """$STATE_DIRECTORY, $RUNTIME_DIRECTORY and $CREDENTIALS_DIRECTORY are used where systemd sets them."""
    credentials = home / "credentials"
    credentials.mkdir()
    key_file(credentials / "main.key", "granted", mode=0o440)  # the group bits are the mask of systemd's access list
    loaded = load(
        home,
        'state_dir = "state"\n' + GOOD,
        {
            "STATE_DIRECTORY": "/var/lib/a:/var/lib/b",
            "RUNTIME_DIRECTORY": "/run/w",
            "CREDENTIALS_DIRECTORY": str(credentials),
            "WATCHDOG_USEC": "30000000",
            "WATCHDOG_PID": "1",
        },
    )
    assert loaded.state_dir == Path("/var/lib/a")
    assert loaded.socket == Path("/run/w/watchdog.sock")
    assert loaded.store.url == "sqlite:////var/lib/a/watchdog.db"
    assert loaded.accounts["main"].api_key.get_secret_value() == "granted"
    assert loaded.accounts["main"].secret.get_secret_value() == SECRET
    assert load(home, GOOD, {"XDG_STATE_HOME": "/x"}).state_dir == Path("/x/position-watchdog")


def test_the_environment_lies_over_the_file(home: Path) -> None:
    """`WATCHDOG_…` replaces single values, and can make an account and a channel of its own."""
    environ = {
        "WATCHDOG_ACCOUNT__MAIN__MODE": "watch",
        "WATCHDOG_ACCOUNT__MAIN__POLL": "5s",
        "WATCHDOG_ACCOUNT__MAIN__ALLOW_WITHDRAW_KEY": "true",
        "WATCHDOG_CHANNEL__ALSO__TYPE": "console",
        "WATCHDOG_STATE_DIR": "/env",
        "OTHER": "x",
    }
    loaded = load(home, GOOD, environ)
    main = loaded.accounts["main"]
    assert (main.mode, main.poll, main.allow_withdraw_key, main.venue) == (Mode.WATCH, 5, True, "binanceusdm")
    assert set(loaded.channels) == {"console", "also"}
    assert loaded.state_dir == Path("/env")
    assert account_names(home / "watchdog.toml", environ) == {"main"}
    assert channel_names(home / "watchdog.toml", environ) == {"console", "also"}


@pytest.mark.parametrize(
    ("environ", "problems"),
    [
        ({"WATCHDOG_RULEZ": "x"}, ['WATCHDOG_RULEZ: no such setting, did you mean "WATCHDOG_RULES"?']),
        ({"WATCHDOG_ZZZ__A": "x"}, ["WATCHDOG_ZZZ__A: no such setting"]),
        (
            {"WATCHDOG_ACCOUNT__MAIN__MODE": "wtch"},
            ['WATCHDOG_ACCOUNT__MAIN__MODE: unknown mode "wtch", did you mean "watch"?'],
        ),
        ({"WATCHDOG_STORE__URI": "x"}, ['WATCHDOG_STORE__URI: unknown key "uri", did you mean "url"?']),
        (
            {"WATCHDOG_ACCOUNT__B__VENUE": "binanceusdm"},
            [
                'WATCHDOG_ACCOUNT__B__VENUE: "api_key_file" is missing',
                'WATCHDOG_ACCOUNT__B__VENUE: "secret_file" is missing',
            ],
        ),
        ({"WATCHDOG_CHANNEL": "x"}, ["WATCHDOG_CHANNEL: a table: write WATCHDOG_CHANNEL__NAME__KEY=value, or JSON"]),
        (
            {"WATCHDOG_ACCOUNT__MAIN__API_KEY_FILE": KEY},
            [
                (
                    "WATCHDOG_ACCOUNT__MAIN__API_KEY_FILE: this looks like the key itself: put it in a file "
                    "(chmod 600) and write the file's name"
                ),
            ],
        ),
    ],
)
def test_a_wrong_variable_is_named(home: Path, environ: dict[str, str], problems: list[str]) -> None:
    """A mistake in the environment is told by the variable's name, an unknown variable too."""
    assert refused(home, GOOD, environ) == problems


@pytest.mark.parametrize(("text", "problems"), BROKEN)
def test_each_mistake_is_told_where_and_what(home: Path, text: str, problems: list[str]) -> None:
    """Line, column and sentence of every problem of the file, sorted, all at once; no password among them."""
    assert refused(home, text) == [f"watchdog.toml:{problem}".replace("{home}", str(home)) for problem in problems]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """No settings file is a problem, not the defaults."""
    with pytest.raises(FileError) as caught:
        load_settings(tmp_path / "watchdog.toml", {})
    assert str(caught.value) == f"{tmp_path}/watchdog.toml: there is no such file"


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (KEY, 0o640, "may be read by others (mode 0640): chmod 600 it"),
        (KEY, 0o604, "may be read by others (mode 0604): chmod 600 it"),
        (" \n", 0o600, "is empty"),
        (f"{KEY}\n{KEY}\n", 0o600, "holds more than one line"),
        (f"{KEY} x", 0o600, "holds characters no key has"),
        (f"{KEY}\u20ac", 0o600, "holds characters no key has"),
        (b"\xff\xfe" + KEY.encode(), 0o600, "holds characters no key has"),
        (KEY * 200, 0o600, "is larger than 4096 bytes: no key is"),
    ],
)
def test_a_bad_secret_file_is_named_and_not_shown(home: Path, content: str | bytes, mode: int, problem: str) -> None:
    """Readable by others, empty, several lines, strange or too long: the file is named, nothing of it is repeated."""
    key_file(home / "main.secret", content, mode)
    assert refused(home, GOOD) == [f'watchdog.toml:4:15: the file "main.secret" {problem}']


def test_a_credential_others_can_read_is_refused(home: Path) -> None:
    """In $CREDENTIALS_DIRECTORY the group bits may be set, the others' may not."""
    key_file(home / "main.key", KEY, 0o444)
    assert refused(home, GOOD, {"CREDENTIALS_DIRECTORY": str(home)}) == [
        'watchdog.toml:3:16: the file "main.key" may be read by others (mode 0444): chmod 600 it'
    ]


def test_secrets_are_in_no_words(home: Path) -> None:
    """Neither repr nor str of anything loaded shows a key."""
    loaded = load(home, GOOD)
    for shown in (repr(loaded), str(loaded), repr(loaded.accounts), f"{loaded.accounts['main']}"):
        assert KEY not in shown
        assert SECRET not in shown
        assert "**********" in shown


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A settings file with a few pieces cut, doubled or put in."""
    text = GOOD + 'mode = "watch"\npoll = "5s"\n[store]\nurl = "sqlite:///x.db"\n'
    pieces = [
        "",
        '"',
        "[",
        "]",
        "{",
        "}",
        "=",
        "\n",
        "[[account]]\n",
        "account",
        "channel.a = ",
        "nan",
        "1",
        "\x00",
        "{}",
    ]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(st.sampled_from([*pieces, text[start:end] * 2]) | st.text(max_size=4)) + text[end:]
    return text


_VARIABLES = st.dictionaries(
    st.sampled_from(
        [
            "WATCHDOG_ACCOUNT",
            "WATCHDOG_ACCOUNT__MAIN",
            "WATCHDOG_ACCOUNT__MAIN__POLL",
            "WATCHDOG_STORE",
            "WATCHDOG_CHANNEL__A__TYPE__X",
            "WATCHDOG___",
            "WATCHDOG_RULES",
            "WATCHDOG_",
        ]
    ),
    st.sampled_from(["", "{}", "[]", "x", "{", "1", "null", '{"main": 1}', "5s"]),
    max_size=2,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | _mutated(), _VARIABLES)
def test_any_text_gives_settings_or_problems(home: Path, text: str, environ: dict[str, str]) -> None:
    """Whatever is in the file and the environment: settings, or problems; never a traceback, never a secret."""
    path = home / "watchdog.toml"
    path.write_bytes(text.encode(errors="replace"))
    said = "settings"
    try:
        load_settings(path, environ)
    except FileError as error:
        said = str(error)
    assert said
    assert KEY not in said
