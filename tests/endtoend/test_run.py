"""`watchdog run` as its user runs it: systemd, the small commands, rules edited while it runs, stops, restarts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import stat
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.endtoend.daemon import House, command, house, rules, until
from watchdog.domain.effects import Keep, Save
from watchdog.domain.facts import Instant
from watchdog.store import Store

NOWHERE = "http://127.0.0.1:9"
"""Discard: nobody listens there."""


@pytest.fixture
async def home() -> AsyncIterator[House]:
    """A house that is empty again after the test."""
    async with house() as one:
        yield one


async def test_systemd_hears_ready_alive_reloading_and_stopping(home: House) -> None:
    """READY once it serves, WATCHDOG again and again, RELOADING and READY around SIGHUP, STOPPING; then exit 0."""
    path = home.folder / "notify"
    home.keys("main")
    home.settings({"main": NOWHERE})
    home.rules(rules())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
        link.bind(str(path))
        told: list[str] = []

        async def hears(line: str, times: int = 1) -> None:
            def look() -> bool:
                with contextlib.suppress(BlockingIOError):
                    told.extend(link.recv(4096).decode().splitlines())
                return told.count(line) >= times

            await until(look, f"systemd never heard {line} {times} times, but {told}")

        daemon = await home.daemon(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="1000000")
        await hears("READY=1")
        assert "STATUS=watching main" in told
        await hears("WATCHDOG=1", 2)
        daemon.process.send_signal(signal.SIGHUP)
        await hears("RELOADING=1")
        await hears("READY=1", 2)
        home.rules("nothing = 1")
        daemon.process.send_signal(signal.SIGHUP)
        await hears("READY=1", 3)
        assert any(line.startswith("STATUS=watching main; rules.toml is not taken: ") for line in told)
        assert await daemon.stop() == 0
        await hears("STOPPING=1")


async def test_the_digest_that_was_due_while_it_was_down_is_told_once_it_is_back(home: House) -> None:
    """By the calendar of the real program, half an hour late, with the day before in mind; silent, and once."""
    half_an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)
    home.keys("main")
    path = home.settings({"main": NOWHERE})
    path.write_text(path.read_text() + f'[digest]\nat = "{half_an_hour_ago:%H:%M}"\nzone = "UTC"\n')
    home.rules(rules())
    yesterday = (half_an_hour_ago - timedelta(days=1)).timestamp()
    kept = json.dumps({"due": yesterday, "wall": yesterday, "equity": {"USDT": "1000"}})
    store = await Store.open(f"sqlite:///{home.folder / 'state' / 'watchdog.db'}")
    await store.write(":calendar", Save((Keep("digest", "last", kept),)), lambda _: (), Instant(0.0, yesterday))
    await store.close()
    daemon = await home.daemon()
    told = await daemon.tells("If it doesn't come, I'm down.")
    assert told["lines"][0].startswith("NOT ALL WELL ")
    assert (told["level"], told["event"]) == ("info", "told")
    assert told["lines"][-1].startswith(f"Next {half_an_hour_ago:%H:%M} ")
    assert await daemon.stop() == 0
    assert daemon.count("I'm down.") == 1


async def test_a_person_asks_it_and_tells_it(home: House) -> None:
    """Status, plan, ack, disarm and arm reach it through a socket only its owner may open, or say what to do."""
    main, alt = await asyncio.gather(home.paper("main"), home.paper("alt"))
    home.settings({"main": main, "alt": alt})
    home.rules(rules("act"))
    daemon = await home.daemon()
    await daemon.watches("main", "alt")
    await asyncio.gather(main.rests(2), alt.rests(2))
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600

    folder = home.folder
    (code, status, _), disarmed = await asyncio.gather(
        command(folder, "status"), command(folder, "disarm", "main", "2h")
    )
    assert code == 0
    for name in ("main", "alt"):
        assert f"{name} · binanceusdm · read " in status
    assert "BTC/USDT:USDT" in status
    assert "long 1.000 " in status
    assert "main: NOT watched: spot, " in status
    assert disarmed[0] == 0
    assert disarmed[1].startswith("disarmed until ")
    assert [account["sends"] for account in (await daemon.ask())["accounts"]] == [disarmed[1], "yes"]
    await daemon.tells("main is DISARMED until")

    for words, ok, said in (
        ({"verb": "arm", "account": "main"}, True, "armed"),
        ({"verb": "ack", "account": "alt", "subject": "blind"}, True, "already resolved: nothing fires there"),
        ({"verb": "ack"}, False, "which account? main, alt"),
        ({"verb": "disarm", "account": "nobody", "seconds": 60.0}, False, 'no account "nobody": there is main, alt'),
        (
            {"verb": "disarm", "account": "main", "seconds": 8 * 86400.0},
            False,
            "a disarming ends by itself: between 1 second and 7 days",
        ),
    ):
        assert await daemon.ask("POST", "/command", **words) == {"ok": ok, "text": said}
    assert (await daemon.account("main"))["sends"] == "yes"
    assert await daemon.stop() == 0
    code, out, complaint = await command(folder, "status")
    assert (code, out) == (69, "")
    assert complaint == f"watchdog: no daemon answers on {daemon.socket}: is it running?"


async def test_rules_edited_while_it_runs_take_effect_and_broken_ones_change_nothing(home: House) -> None:
    """In place, by rename, by a link that is turned: taken. A broken file is told with its place, and not taken."""
    home.keys("main")
    home.settings({"main": NOWHERE})
    path = home.rules(rules("watch"))
    daemon = await home.daemon()
    await daemon.shows("main", lambda account: account["mode"] == "watch", "is not in watch")

    async def becomes(mode: str, seconds: float = 5.0) -> None:
        await daemon.shows("main", lambda account: account["mode"] == mode, f"never came to {mode}", seconds)

    path.write_text(rules("act"))
    await becomes("act")
    told = await daemon.tells("rules.toml is in force: 1 rule")
    assert told["lines"][1] == "mode watch → act: the stops these rules ask for ARE SENT"

    aside = home.folder / "rules.toml.new"
    aside.write_text(rules("watch"))
    aside.replace(path)
    await becomes("watch")

    (home.folder / "elsewhere").write_text(rules("act"))
    aside.symlink_to("elsewhere")
    aside.replace(path)
    await becomes("act")

    text = rules("watch")
    half = text[: text.index('"60%"') + 2]
    path.write_text(half)
    daemon.process.send_signal(signal.SIGHUP)
    told = await daemon.tells("rules.toml was not taken: the old rules stay in force")
    line = half.count("\n") + 1
    assert f"rules.toml:{line}:" in told["lines"][1]
    assert 'this text is not closed: " is missing' in told["lines"][1]
    assert (await daemon.account("main"))["mode"] == "act"
    path.write_text(text)
    await becomes("watch")

    seen = len(daemon.messages)
    path.write_text(text.replace('"stop_coverage"', '"stop_cover"').replace("60%", "160%"))
    daemon.process.send_signal(signal.SIGHUP)
    told = await daemon.tells("was not taken", since=seen)
    wrong = "\n".join(told["lines"])
    for word, said in (('"stop_cover"', 'did you mean "stop_coverage"?'), ('"160%"', "")):
        number, line_text = next(
            (number, one) for number, one in enumerate(path.read_text().splitlines(), 1) if word in one
        )
        assert f"rules.toml:{number}:{line_text.index(word) + 1}: " in wrong
        assert said in wrong
    assert (await daemon.account("main"))["mode"] == "watch"

    path.write_text(rules("act"))
    daemon.process.send_signal(signal.SIGHUP)
    await becomes("act", 0.9)
    path.unlink()
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.tells("was not taken", "there is no such file")
    assert (await daemon.account("main"))["mode"] == "act"
    assert await daemon.stop(signal.SIGINT) == 0


@pytest.mark.long
async def test_leave_to_act_places_the_stop_and_a_hand_that_takes_it_away_wins(home: House) -> None:
    """From watch to act places it; taken away by hand it is placed once more, then left; SIGTERM leaves what rests.

    A second daemon is refused in a sentence, a restart repeats nothing.
    """
    main = await home.paper()
    home.settings({"main": main})
    home.rules(rules("watch"))
    daemon = await home.daemon()
    told = await daemon.tells("CRITICAL · AVAX long", "NO STOP")
    assert any(line.startswith('I send nothing: mode is "watch".') for line in told["lines"])
    assert await main.resting() == []
    second = await home.daemon()
    code, plan, _ = await command(home.folder, "plan")
    assert code == 0
    assert 'mode watch, and sends nothing: mode is "watch"' in plan
    assert "AVAX/USDT:USDT long 5,000: would place sell stop-market 5,000 at 23.513 on mark, reduce-only" in plan

    home.rules(rules("act"))
    daemon.process.send_signal(signal.SIGHUP)
    stops = {one["symbol"]: one for one in await main.rests(2)}
    stop = stops["AVAXUSDT"]
    assert (stop["side"], stop["quantity"], stop["trigger_price"]) == ("SELL", "5000", "23.5130")
    assert (stop["type"], stop["reduce_only"], stop["working"]) == ("STOP_MARKET", True, "MARK_PRICE")
    await daemon.tells("DONE · AVAX long · STOP 23.513 RESTS")

    await main.cancel(stop["client_id"])
    await daemon.tells("STOP GONE · AVAX", "I place it once more")
    again = next(one for one in await main.rests(2) if one["symbol"] == "AVAXUSDT")
    assert again["client_id"] != stop["client_id"]
    assert again["trigger_price"] == "23.5130"
    await until(lambda: daemon.count("DONE · AVAX long · STOP 23.513 RESTS") == 2, "the second one was never told")

    assert await second.ends() == 69
    assert second.said.count("another watchdog") == 1
    assert (await daemon.account("main"))["sends"] == "yes"

    await main.cancel(again["client_id"])
    await daemon.tells("It was taken away twice: from now on I only ask, until `watchdog arm`.")
    await daemon.tells("Proposed: stop 23.513 on mark", "(my stop was taken away twice: I place none here unasked)")
    assert [one["symbol"] for one in await main.resting()] == ["BTCUSDT"]

    first = Counter(message["id"] for message in daemon.messages)
    assert await daemon.stop() == 0
    assert "stopped; stops that rest on the venues stay" in daemon.said
    assert len(await main.rests(1)) == 1

    again_daemon = await home.daemon()
    await again_daemon.watches("main")
    await main.reads(1)
    assert not first & Counter(message["id"] for message in again_daemon.messages)
    assert again_daemon.heads == []
    assert len(await main.rests(1)) == 1

    code, out, _ = await command(home.folder, "arm")
    assert (code, out) == (0, "armed")
    await main.rests(2)
    assert await again_daemon.stop() == 0
