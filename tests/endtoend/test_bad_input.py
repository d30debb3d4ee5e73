"""Bad days of the real program: what it says, and that the rest goes on. Never a traceback (see `Program.ends`)."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import resource
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.daemon import Daemon, House, Paper, Program, comes, environment, house, rules, until
from watchdog.domain.effects import Keep, Save
from watchdog.domain.facts import Instant
from watchdog.store import Store

SOON = ("3s", "8s")
"""BLIND after a time no test has to wait long for."""

CONFIG = """
state_dir = "state"
colour    = "blue"

[account.main]
venue        = "binanceusd"
api_key_file = "missing.key"
secret_file  = "open.secret"
poll         = "10"

[account.alt]
venue        = "binanceusdm"
api_key_file = "folder"
secret_file  = "empty.secret"

[channel.console]
type = "consol"
"""

RULES = """
[protection]
mode = "acts"

[blind]
warn     = "45"
critical = "15s"

[[rule]]
name   = "room"
metric = "room_use"
warn   = "50%"

[[rule]]
name     = "ratio"
metric   = "margin_ratio"
warn     = "below 20%"
critical = "140%"
where    = { account = "mian" }

[[rule]]
name     = "no stop"
metric   = "stop_coverage"
critical = "95 USDT"
stop     = { when = "critical", place = { entry_to_liquidation = "160%" } }
"""


@pytest.fixture
async def home() -> AsyncIterator[House]:
    """A house that is empty again after the test."""
    async with house() as one:
        yield one


async def fails(folder: Path, *arguments: str, **env: str) -> tuple[int, str]:
    """`watchdog run` that can't start: its exit code and what it said."""
    program = await Program.start("run", *arguments, env=environment(**env), cwd=folder)
    try:
        code = await program.ends()
    finally:
        await program.kill()
    assert program.out == []
    return code, "\n".join(program.err)


async def test_every_mistake_in_both_files_is_told_at_once_with_its_place(home: House) -> None:
    """Unknown keys, wrong units, impossible levels, key files missing or open to others: exit 78, all in one go."""
    folder = home.folder
    (folder / "watchdog.toml").write_text(CONFIG)
    (folder / "rules.toml").write_text(RULES)
    (folder / "folder").mkdir()
    (folder / "open.secret").write_text("s3cr3t\n")
    (folder / "open.secret").chmod(0o640)
    (folder / "empty.secret").touch(0o600)
    empty = folder / "empty"
    empty.mkdir()
    (code, said), nowhere = await asyncio.gather(fails(folder), fails(empty))
    assert code == 78
    told = iter(said.splitlines())
    for place, words in (
        ("watchdog.toml:3:1", 'unknown key "colour"'),
        ("watchdog.toml:6:16", 'unknown venue "binanceusd", did you mean "binanceusdm"?'),
        ("watchdog.toml:7:16", f'the file "{folder}/missing.key" does not exist'),
        ("watchdog.toml:8:16", f'the file "{folder}/open.secret" may be read by others (mode 0640): chmod 600 it'),
        ("watchdog.toml:9:16", '"10" has no unit: write "10s" or "10m"'),
        ("watchdog.toml:13:16", f'the file "{folder}/folder" is no plain file'),
        ("watchdog.toml:14:16", f'the file "{folder}/empty.secret" is empty'),
        ("watchdog.toml:17:8", 'unknown channel type "consol", did you mean "console"?'),
        ("rules.toml:3:8", 'unknown mode "acts"'),
        ("rules.toml:6:12", '"45" has no unit: write "45s" or "45m"'),
        ("rules.toml:11:10", 'unknown metric "room_use", did you mean "room_used"?'),
        ("rules.toml:17:12", "margin_ratio fires at or above a level"),
        ("rules.toml:18:12", '"140%": margin_ratio is 100% at liquidation'),
        ("rules.toml:19:24", 'account "mian" is not in watchdog.toml, did you mean "main"?'),
        ("rules.toml:24:12", 'stop_coverage wants a percentage such as "15%", not "95 USDT"'),
        ("rules.toml:25:66", "a place lies between entry (0%) and liquidation (100%), 160% does not"),
    ):
        assert next(told, "").startswith(f"{place}: {words}"), (place, said)
    assert list(told) == []
    assert "s3cr3t" not in said
    assert not (folder / "state").exists()
    assert nowhere == (
        78,
        "watchdog.toml: there is no such file\nName yours with --config FILE; `watchdog demo` needs none.",
    )


async def test_a_place_where_nothing_can_be_kept_is_named_at_the_start(home: House) -> None:
    """A store that is no database, one of another form, a state directory that can't be made: 69, and a sentence."""
    home.keys("main")
    home.settings({"main": "http://127.0.0.1:9"})
    home.rules(rules())
    folder = home.folder
    (folder / "garbled").mkdir()
    (folder / "garbled" / "watchdog.db").write_bytes(b"no database " * 400)
    (folder / "file").touch()
    store = await Store.open(f"sqlite:///{folder}/odd/watchdog.db")
    await store.write("main", Save(keeps=(Keep("guard", "x", "{}"),)), lambda _: (), Instant(0.0, 0.0))
    await store.close()
    ends = await asyncio.gather(*(fails(folder, WATCHDOG_STATE_DIR=name) for name in ("garbled", "file/state", "odd")))
    for (code, said), words in zip(
        ends,
        (
            "garbled/watchdog.db is not a SQLite database, or its beginning is damaged. Move it aside",
            f"file/state/watchdog.db can't be used: {folder}/file/state: Not a directory",
            "odd/watchdog.db holds what was remembered of account main in a form nobody can read",
        ),
        strict=True,
    ):
        assert code == 69
        assert any(line.startswith(f"watchdog: {folder}/{words}") for line in said.splitlines()), said


def figures(account: dict[str, Any]) -> list[dict[str, str]]:
    """Every reading of an account's positions and pools."""
    return [
        value for row in [*account["positions"], *account["pools"]] for value in row.values() if isinstance(value, dict)
    ]


@pytest.mark.long
async def test_wrong_keys_and_modes_concern_one_account_only(home: House) -> None:
    """A wrong secret, an unknown key, one that can withdraw: refused in words, the others are watched and protected.

    A key revoked while it runs makes the account blind; hedge and multi-assets mode give numbers, an alert, no order.
    """
    good, other, rich = await asyncio.gather(home.paper("good"), home.paper("other"), home.paper("rich"))
    await rich.fault("key", withdraw=True)
    home.keys("stranger")
    home.keys("secret", key=(other.keys / "paper.key").read_text().strip())
    home.keys("allowed", *((rich.keys / name).read_text().strip() for name in ("paper.key", "paper.secret")))
    again = rich.url.replace("127.0.0.1", "localhost")  # another name, so that it is no second account of one key
    home.settings(
        {"good": good, "secret": other.url, "stranger": other.url, "rich": rich, "allowed": again},
        {"allowed": 'allow_withdraw_key = true\nmode = "watch"'},
        poll="1s",
    )
    home.rules(rules("act", SOON))
    await good.trade("modes", hedge=True)
    daemon = await home.daemon()

    told = await daemon.tells("EMERGENCY · secret IS NOT WATCHED")
    assert "HTTP 400, -1022: Signature for this request is not valid." in told["lines"][1]
    told = await daemon.tells("EMERGENCY · stranger IS NOT WATCHED")
    assert "HTTP 401, -2015: Invalid API-key, IP, or permissions for action." in told["lines"][1]
    told = await daemon.tells("EMERGENCY · rich IS NOT WATCHED")
    assert "this API key can withdraw" in told["lines"][1]
    assert "allow_withdraw_key = true" in told["lines"][1]
    await daemon.tells("CRITICAL · AVAX long", "NO STOP", "allowed")
    assert (await daemon.account("rich"))["positions"] == []

    await daemon.tells("CRITICAL · I place NO STOPS on good", "stops in hedge mode are not built yet")
    seen = len(daemon.messages)
    account = await daemon.account("good")
    assert len(account["positions"]) == 2
    for row in account["positions"]:
        for name in ("liquidation_ours", "liquidation_distance", "room_used", "margin_ratio", "stop_coverage"):
            assert "unknown" not in row[name], (name, row[name])
    assert await good.resting() == []

    await rich.fault("key", revoked=True)
    await good.trade("modes", hedge=False)
    await daemon.tells("OK · stops can be placed on good")
    stops = await good.rests(2)
    told = await daemon.tells("BLIND · Binance allowed", "-2015: Invalid API-key, IP, or permissions")
    assert any("AVAX long 19% from liq, NO STOP" in line for line in told["lines"])
    await rich.fault("key", revoked=False)

    await good.trade("modes", multi_assets=True)
    await daemon.tells("CRITICAL · I place NO STOPS on good", "stops in multi-assets mode are not built yet")
    await good.cancel(stops[0]["client_id"])
    await daemon.tells("STOP GONE · ")
    await good.reads(1)
    assert len(await good.resting()) == 1
    await daemon.tells("OK · Binance allowed · I see again")
    await good.trade("modes", multi_assets=False)
    await good.rests(2)
    assert daemon.count("BLIND · Binance good · 8", since=seen) == 0
    assert await daemon.stop() == 0


UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "before 401": (
        {"kind": "before", "status": 401, "body": '{"code": -2015, "msg": "Invalid API-key."}'},
        "HTTP 401, -2015",
    ),
    "before 503": ({"kind": "before", "status": 503}, "HTTP 503"),
    "lost": ({"kind": "lost"}, "no connection"),
    "rate": ({"kind": "rate", "seconds": 3}, "HTTP 429"),
    "html": ({"kind": "html"}, "HTTP 200 with a body that is no JSON"),
    "truncated": ({"kind": "truncated"}, "HTTP 200 with a body that is no JSON"),
    "ban": ({"kind": "ban", "seconds": 3}, "HTTP 418"),
    "empty": ({"kind": "empty"}, "HTTP 200 with an empty body"),
    "hang": ({"kind": "hang"}, "no answer within 5 s"),
}
"""What a venue answers on a bad day, and what its owner hears of it."""


async def goes_blind(daemon: Daemon, name: str, paper: Paper, troubles: list[str]) -> None:
    """One trouble after the other: BLIND with its reason, nothing called safe meanwhile, then sight again."""
    for trouble in troubles:
        fault, words = UNREADABLE[trouble]
        seen = len(daemon.messages)
        await paper.fault(path="/fapi/*", times=10_000, **fault)
        level = await daemon.tells(f"BLIND · Binance {name}", words, since=seen)
        assert any("AVAX long 19% from liq, NO STOP" in line for line in level["lines"]), level
        assert "Resting stops work without me. I send nothing on old numbers." in level["lines"]
        account = await daemon.account(name)
        assert words in account["reads_fail"]
        assert {alert["key"] for alert in account["alerts"]} >= {"blind", "rule:no stop|AVAX/USDT:USDT"}
        await paper.fault("clear")
        await paper.fault("release")
        await daemon.tells(f"OK · Binance {name} · I see again", since=seen)


async def hears_again(paper: Paper, name: str, seconds: float = 10.0) -> None:
    """Wait until a mark and an account frame have been sent that were not lost: both streams are there."""
    began = await paper.state()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        await paper.trade("deposit", amount="1")
        state = await paper.state()
        marks = state["marks"].get("BTCUSDT", 0) > began["time_ms"]
        if marks and state["account_frames"] > began["account_frames"]:
            return
        assert loop.time() < end, (
            f"{name}: {state['sockets']}, marks {state['marks']}, {state['account_frames']} frames"
        )
        await asyncio.sleep(0.5)


async def socket_troubles(paper: Paper) -> None:
    """Cut, closed, junk, and a listenKey that expires."""
    await hears_again(paper, "at first")
    for kind in ("cut", "close", "bad_json", "expire"):
        await paper.fault(kind)
        await hears_again(paper, kind)


async def frozen(daemon: Daemon, paper: Paper) -> None:
    """Streams on which nothing comes any more, not even a pong, are noticed in 15 s; reads go on meanwhile."""
    await hears_again(paper, "before it froze")
    seen = len(daemon.messages)
    await paper.fault("freeze")
    await hears_again(paper, "frozen", 15.0 + 4.0)
    assert daemon.count("BLIND · Binance frozen · 8", since=seen) == 0


async def comes_late(home: House, daemon: Daemon, port: int) -> None:
    """A venue that is down when the daemon starts, and is there a few seconds later."""
    told = await daemon.tells("BLIND · Binance late", "no connection")
    assert "Nothing was read since I started." in told["lines"]
    paper = await home.paper("late", "--port", str(port))
    assert paper.url.endswith(f":{port}")
    await daemon.tells("OK · Binance late · I see again")
    await daemon.watches("late")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.long
async def test_a_venue_s_bad_days_make_one_account_blind_and_no_other(home: House) -> None:
    """401, 418, 429, 503, HTML, nothing, half an answer, none, a cut line; streams frozen, cut, closed, full of junk.

    Whatever it is: its owner hears what and where, no alert is resolved on it, it ends when it ends, and the account on
    the healthy venue is read on.
    """
    names = ("one", "two", "three", "good", "frozen")
    one, two, three, good, cold = await asyncio.gather(*(home.paper(name) for name in names))
    home.keys("late")
    port = free_port()
    venues: dict[str, Paper | str] = dict(zip(names, (one, two, three, good, cold), strict=True))
    home.settings(
        venues | {"late": f"http://127.0.0.1:{port}"}, poll=dict.fromkeys(("one", "two", "three", "late"), "1s")
    )
    home.rules(rules("watch", SOON))
    daemon = await home.daemon()
    await daemon.watches(*names)
    await until(lambda: daemon.count("CRITICAL · AVAX long", "NO STOP") == len(names), daemon.said)
    seen = len(daemon.messages)
    async with asyncio.TaskGroup() as group:
        group.create_task(goes_blind(daemon, "one", one, ["before 401", "before 503", "lost"]))
        group.create_task(goes_blind(daemon, "two", two, ["rate", "html", "truncated"]))
        group.create_task(goes_blind(daemon, "three", three, ["ban", "empty", "hang"]))
        group.create_task(socket_troubles(good))
        group.create_task(frozen(daemon, cold))
        group.create_task(comes_late(home, daemon, port))
    assert daemon.count("BLIND · Binance good · 8", since=seen) == 0
    assert [one for one in daemon.messages if one["event"] == "resolved" and one["alert"].startswith("rule:")] == []
    assert await daemon.stop() == 0


@pytest.mark.long
async def test_a_full_disk_stops_neither_watching_nor_acting(home: House) -> None:
    """NOTHING CAN BE SAVED is told and the stop is placed; with room again all is saved, and a restart repeats nothing.

    The disk is full for this process alone: a limit on the size of the files it may write.
    """
    paper = await home.paper()
    home.settings({"main": paper}, poll="1s")
    home.rules(rules("watch"))
    daemon = await home.daemon()
    await daemon.tells("CRITICAL · AVAX long", "NO STOP")
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    home.rules(rules("act"))
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.tells("rules.toml is in force", "mode watch → act")
    await paper.rests(2)
    await daemon.tells("DONE · AVAX long · STOP 23.513 RESTS")
    await daemon.tells("DONE · BTC long · STOP 108,684.5 RESTS")
    told = await daemon.tells("EMERGENCY · NOTHING CAN BE SAVED")
    assert "watchdog.db" in told["lines"][1]
    assert "I go on watching and acting from memory." in told["lines"][2]
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await daemon.tells("OK · the store can be written again")
    account = await daemon.account("main")
    assert account["sends"] == "yes"
    assert account["alerts"] == []
    assert await daemon.stop() == 0
    assert max(Counter(message["id"] for message in daemon.messages).values()) == 1

    restarted = await home.daemon()
    await restarted.watches("main")
    await paper.reads(1)
    assert restarted.heads == []
    assert len(await paper.resting()) == 2
    assert await restarted.stop() == 0


def full_pipe() -> tuple[int, int]:
    """A pipe into which nothing goes any more; its reading and its writing end."""
    out, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(into, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(into, b" ")
    os.set_blocking(into, True)
    return out, into


async def drain(out: int, *words: str) -> None:
    """Read a pipe until it says one of these."""
    os.set_blocking(out, False)
    said = b""

    def look() -> bool:
        nonlocal said
        with contextlib.suppress(BlockingIOError):
            said += os.read(out, 65536)
        return any(one.encode() in said for one in words)

    await until(look, f"never said {words}", 120)  # by then the channel pauses for up to a minute between two tries


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_a_console_nobody_reads_holds_up_nothing(home: House) -> None:
    """Its reader gone, or not reading, its log too: the account is watched and protected, and it ends when told to."""
    paper = await home.paper()
    home.settings({"main": paper})
    home.rules(rules("act"))
    out, into = os.pipe()
    os.close(out)
    unread, stuck = full_pipe()
    log, no_log = full_pipe()
    start = [sys.executable, "-m", "watchdog", "run", "--config", str(home.folder / "watchdog.toml")]
    both = []
    try:
        for name, console in (("gone", into), ("stuck", stuck)):
            env = environment(WATCHDOG_STATE_DIR=name)
            process = await asyncio.create_subprocess_exec(*start, stdout=console, stderr=no_log, env=env)
            both.append(Daemon(process, folder=home.folder, state=name))
        for end in (into, stuck, no_log):
            os.close(end)
        gone, waits = both
        await asyncio.gather(gone.watches("main"), waits.watches("main"))
        await paper.rests(2)

        async def why(daemon: Daemon) -> str:
            async def fails() -> str:
                return str((await daemon.ask())["channels"][0]["fails"])

            return await comes(fails, "the channel never failed")

        assert await why(gone) == "it is closed at the other end"
        assert await why(waits) == "nobody has read the message from it for 5 s"
        assert (await waits.account("main"))["age"] < 5
        await drain(unread, "CRITICAL · AVAX long", "ANOTHER WATCHDOG")  # the two share an account: who was first?
        for daemon in both:
            daemon.process.send_signal(signal.SIGTERM)
        assert [await asyncio.wait_for(daemon.process.wait(), 15) for daemon in both] == [0, 0]
    finally:
        for daemon in both:
            await daemon.kill()
        os.close(unread)
        os.close(log)
    assert len(await paper.resting()) == 2
