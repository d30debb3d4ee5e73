"""`watchdog snapshot` and `watchdog explain` as they are typed: from a file, from the daemon, by their own read."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.core.bench import Bench, shipped
from tests.core.bench import account as held
from tests.venues.desk import KEY, SECRET, Desk, open_desk, refuses, says
from watchdog.cli.main import main
from watchdog.clock import LoopClock
from watchdog.control import ControlServer, Handlers
from watchdog.people import People
from watchdog.snapshots.document import read_file, write
from watchdog.venues.base import Unread
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

Captured = pytest.CaptureFixture[str]
ASIDE = "(__ stands for /; a folder does as well)"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A venue that answers well."""
    async with open_desk() as desk:
        yield desk


@pytest.fixture
def config(tmp_path: Path, desk: Desk) -> Path:
    """The settings of one account there; no daemon runs."""
    for name, secret in (("main.key", KEY), ("main.secret", SECRET)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "watchdog.toml"
    path.write_text(
        f'state_dir = "state"\nsocket = "s"\n[account.main]\nvenue = "binanceusdm"\nbase_url = "{desk.url}"\n'
        'api_key_file = "main.key"\nsecret_file = "main.secret"\n[channel.console]\ntype = "console"\n'
    )
    return path


async def run(*arguments: str) -> int:
    """One command, in a thread as it would be in a process."""
    return await asyncio.to_thread(main, list(arguments))


@pytest.fixture
async def payloads(desk: Desk) -> Any:
    """What a read of the account leaves behind."""
    venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, clock=LoopClock())
    try:
        await venue.open()
        await venue.read()
        return venue.payloads
    finally:
        await venue.close()


async def test_without_a_daemon_the_account_is_read(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """And that is said; the file is its owner's alone, holds the figures, and neither key nor the account's name."""
    out = tmp_path / "it.json"
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 0
    said, aside = capsys.readouterr()
    assert said.startswith(f"wrote {out}: ")
    assert "no daemon answers" in aside
    assert "watchdog: reading myself\n" in aside
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_text()
    assert "116892.7" in text
    assert KEY not in text
    assert SECRET not in text
    assert '"main"' not in text
    assert "0a1b2c3d00112233445566770000000f" not in text, "the id of an order"


async def test_a_file_that_exists_is_left_as_it_is(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """Exit 73; nothing is asked of anybody."""
    out = tmp_path / "it.json"
    out.write_text("mine")
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 73
    assert out.read_text() == "mine"
    assert capsys.readouterr().err == f"watchdog: {out} exists and is left as it is: name another file\n"


async def test_a_snapshot_explains_what_the_account_does(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """Offline from the file, and live: the same readings, but for the account's name and the time."""
    out = tmp_path / "it.json"
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 0
    capsys.readouterr()
    assert await run("explain", "--from", str(out), "--json") == 0
    (offline,) = json.loads(capsys.readouterr().out)["accounts"]
    assert await run("explain", "--account", "main", "--config", str(config), "--json") == 0
    (live,) = json.loads(capsys.readouterr().out)["accounts"]
    assert (offline["account"], live["account"], offline["venue"]) == ("a", "main", "binanceusdm")
    btc = next(one for one in offline["positions"] if one["symbol"] == "BTC/USDT:USDT")
    assert btc["readings"]["mark"] | {"time": ""} == {
        "value": "115000.00000000", "unit": "price", "source": "snapshot", "time": "",
        "field": "positionRisk[].markPrice",
    }  # fmt: skip
    ratio = btc["readings"]["margin_ratio"]
    assert ratio["value"].startswith("0.1119")

    def untimed(account: Any) -> Any:
        return json.loads(json.dumps(account).replace(account["taken"], "")) | {"account": ""}

    assert untimed(offline) == untimed(live)


async def test_the_text_is_for_a_person(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """Positions by name, figures in the market's precision, where each came from."""
    out = tmp_path / "it.json"
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 0
    capsys.readouterr()
    assert await run("explain", "--from", str(out)) == 0
    shown = capsys.readouterr().out
    assert "BTC/USDT:USDT long 0.500 · cross, in pool USDT · linear\n" in shown
    assert "  liquidation, venue               111,441.2  from positionRisk[].liquidationPrice" in shown
    assert "  margin ratio, venue                  11.2%  from multi-assets mode:" in shown
    assert max(map(len, shown.splitlines())) <= 100


async def test_a_folder_of_raw_answers_is_explained(payloads: Any, tmp_path: Path, capsys: Captured) -> None:
    """Each in a file named by its endpoint, of the venue that is said."""
    file = tmp_path / "it.json"
    file.write_text(write("binanceusdm", 0.0, payloads, (), "1"))
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, answer in json.loads(file.read_text())["payloads"].items():
        (folder / f"{name}.json").write_text(json.dumps(answer))
    assert await run("explain", "--from", str(folder), "--venue", "binanceusdm") == 0
    assert "WLD/USDT:USDT short 849 · isolated" in capsys.readouterr().out
    (folder / "account.json").unlink()
    assert await run("explain", "--from", str(folder), "--venue", "binanceusdm") == 65
    assert capsys.readouterr() == ("", f"watchdog: {folder}: account: is missing; missing: account.json {ASIDE}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no snapshot: one holds venue, account, taken, payloads"),
        ("\x1b[2J", "is no JSON: line 1, column 1: Expecting value"),
        (
            '{"venue": "binanceusdm", "account": "a", "taken": "", "payloads": {"exchangeInfo": 1}}',
            "exchangeInfo: an object was due, a number came",
        ),
    ],
)
async def test_a_bad_file_is_a_sentence(text: str, said: str, tmp_path: Path, capsys: Captured) -> None:
    """Exit 65, which file and what is wrong with it."""
    path = tmp_path / "s.json"
    path.write_text(text)
    assert await run("explain", "--from", str(path)) == 65
    assert capsys.readouterr() == ("", f"watchdog: {path}: {said}\n")


async def test_words_that_don_t_go_together(tmp_path: Path, capsys: Captured) -> None:
    """A venue without a folder; a file that is not there; an account nobody has."""
    assert await run("explain", "--venue", "binanceusdm") == 64
    assert capsys.readouterr().err == "watchdog: --venue goes with --from and a folder\n"
    assert await run("explain", "--from", str(tmp_path / "no.json")) == 66
    assert capsys.readouterr().err == f"watchdog: {tmp_path / 'no.json'}: there is no such file\n"


async def test_an_account_that_is_not_there_is_named(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """Before anybody is asked."""
    assert await run("snapshot", "--config", str(config), "--account", "x", "--out", str(tmp_path / "o")) == 64
    assert capsys.readouterr().err == 'watchdog: no account "x": there is main\n'


async def test_a_read_that_fails_is_a_sentence(config: Path, desk: Desk, tmp_path: Path, capsys: Captured) -> None:
    """In the venue's words; no file is left behind."""
    desk.fail("/fapi/v3/account", refuses(503, -1000, "down for a moment"))
    assert await run("snapshot", "--config", str(config), "--out", str(tmp_path / "o")) == 69
    assert "down for a moment" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


async def test_a_running_daemon_is_asked(payloads: Any, tmp_path: Path, capsys: Captured) -> None:
    """What it has read last, of the account that is named; of several, one must be."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(held())
    runner = SimpleNamespace(state=bench.state, payloads={**payloads, "words": f"of {SECRET}"}, unread=None)
    fresh = SimpleNamespace(state=Bench.with_rules(shipped("watch")).state, payloads={}, unread=None)
    clock = cast("Any", SimpleNamespace(now=lambda: bench.now))
    people = People(
        cast("Any", {"main": runner, "alt": runner, "new": fresh}), cast("Any", None), clock, {"main": [SECRET]}
    )
    path = tmp_path / "s"
    asked = cast("Any", None)
    out = tmp_path / "it.json"
    async with ControlServer(path, Handlers(asked, asked, asked, people.snapshot, asked)):
        assert await run("snapshot", "--socket", str(path), "--account", "main", "--out", str(out)) == 0
        assert capsys.readouterr().err == ""
        assert read_file(out).taken == "2025-10-10T20:49:00+00:00"
        assert read_file(out).payloads["words"] == "of removed"
        assert await run("snapshot", "--socket", str(path), "--account", "new", "--out", str(tmp_path / "o")) == 69
        assert capsys.readouterr().err == "watchdog: account new: no good read so far: nothing has been read yet\n"
        assert await run("snapshot", "--socket", str(path), "--out", str(tmp_path / "o")) == 64
        assert "watchdog: which account? --account main or alt\n" in capsys.readouterr().err
        assert await run("explain", "--socket", str(path)) == 0
        shown, aside = capsys.readouterr()
        assert (shown.count("account main"), shown.count("account alt"), "account new" in aside) == (1, 1, True)
        assert await run("explain", "--socket", str(path), "--account", "who") == 69
        assert capsys.readouterr().err == 'watchdog: no account "who": there is main, alt, new\n'
        assert await run("explain", "--socket", str(path), "--account", "alt") == 0
        assert capsys.readouterr().out.startswith("Binance · account alt · taken 2025-10-10T20:49:00+00:00")
    assert await run("explain", "--socket", str(path)) == 69
    assert capsys.readouterr().err == f"watchdog: no daemon answers on {path}: is it running?\n"


async def test_a_file_that_can_t_be_made_is_73(config: Path, tmp_path: Path, capsys: Captured) -> None:
    """As one that exists: in a folder that is not there."""
    out = tmp_path / "no" / "it.json"
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 73
    assert f"watchdog: {out}: No such file or directory\n" in capsys.readouterr().err


def another(config: Path, url: str, elsewhere: str) -> None:
    """Before the account in the settings one called alt, at another address."""
    text = config.read_text()
    table = text[text.index("[account.main]") : text.index("[channel")]
    alt = table.replace("[account.main]", "[account.alt]").replace(url, elsewhere)
    config.write_text(text.replace(table, f"{alt}{table}"))


async def test_an_account_that_fails_hides_no_other(config: Path, desk: Desk, tmp_path: Path, capsys: Captured) -> None:
    """Each by itself; the one that can't be read is named."""
    async with open_desk() as other:
        other.fail("/fapi/v3/account", refuses(503, -1000, "down for a moment"))
        another(config, desk.url, other.url)
        assert await run("explain", "--config", str(config)) == 0
        shown, aside = capsys.readouterr()
        assert shown.startswith("Binance · account main")
        assert "watchdog: account alt: " in aside
        assert "down for a moment" in aside
        out = tmp_path / "it.json"
        assert await run("snapshot", "--config", str(config), "--account", "alt", "--out", str(out)) == 69


async def test_answers_that_can_t_be_read_are_saved(config: Path, desk: Desk, tmp_path: Path, capsys: Captured) -> None:
    """With the error: a wrong number can be reported, and so can one that could not be read at all."""
    desk.fail("/fapi/v3/account", says({"totalMarginBalance": "x"}))
    out = tmp_path / "it.json"
    assert await run("snapshot", "--config", str(config), "--out", str(out)) == 0
    (why,) = [line for line in capsys.readouterr().err.splitlines() if "account main: " in line]
    found = read_file(out)
    assert (found.payloads, found.unread["account"]) == ({}, {"totalMarginBalance": "x"})
    assert why.endswith(found.unread_why)
    assert await run("explain", "--from", str(out)) == 65
    assert capsys.readouterr().err == f"watchdog: {out}: {found.unread_why}\n"


async def test_old_figures_are_not_shown_as_of_now(payloads: Any, tmp_path: Path, capsys: Captured) -> None:
    """How old, and why no read is good since: on top of the page, aside, and in the file."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(held())
    bench.after(94).fail("HTTP 503")
    unread = Unread("account: is empty", {"account": ""}, bench.now.wall)
    runner = SimpleNamespace(state=bench.state, payloads=payloads, unread=unread)
    clock = cast("Any", SimpleNamespace(now=lambda: bench.now))
    people = People(cast("Any", {"main": runner}), cast("Any", None), clock)
    path, asked, out = tmp_path / "s", cast("Any", None), tmp_path / "it.json"
    async with ControlServer(path, Handlers(asked, asked, asked, people.snapshot, asked)):
        assert await run("explain", "--socket", str(path)) == 0
        shown, aside = capsys.readouterr()
        old = "last good read 94 s ago; reads fail: HTTP 503"
        assert " ".join(shown.split()).startswith(
            f"NOT AS IT IS NOW: {old}; the answers of 2025-10-10T20:50:34+00:00 could"
        )
        assert aside == f"watchdog: account main: {old}\n"
        assert await run("snapshot", "--socket", str(path), "--out", str(out)) == 0
        capsys.readouterr()
        assert (read_file(out).trouble, read_file(out).unread_why) == (old, "account: is empty")
        assert await run("explain", "--from", str(out), "--json") == 0
        (told,) = json.loads(capsys.readouterr().out)["accounts"]
        assert told["trouble"].endswith(": account: is empty")
