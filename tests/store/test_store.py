"""What the store promises while nothing goes wrong, and when its callers do."""

from __future__ import annotations

import asyncio
import json
import stat
import tempfile
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from tests.messages import message
from watchdog.domain.effects import Button, Entry, Keep, Level, Message, Save
from watchdog.domain.facts import Instant
from watchdog.domain.verbs import Verb
from watchdog.store import Store, StoreError, open_journal
from watchdog.store import store as store_module
from watchdog.store.bodies import from_body, to_body
from watchdog.store.schema import OUTBOX
from watchdog.store.session import Session

NOW = Instant(5.0, 1_760_129_400.25)


def everyone(_: Message) -> tuple[str, ...]:
    """Two channels hear everything."""
    return ("phone", "console")


def url(folder: Path) -> str:
    """The url of a store in a folder."""
    return f"sqlite:///{folder / 'watchdog.db'}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(url(tmp_path))
    yield opened
    await opened.close()


async def test_a_new_file_is_private_and_its_directories_are_made(tmp_path: Path) -> None:
    """Missing directories are made, and only the owner reads the files."""
    folder = tmp_path / "state" / "deep"
    store = await Store.open(url(folder))
    await store.write("main", Save(entries=(Entry("start", "{}"),)), everyone, NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    await store.close()
    assert modes == {
        "watchdog.db": 0o600,
        "watchdog.db-wal": 0o600,
        "watchdog.db-shm": 0o600,
        "watchdog.db.lock": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_the_installation_id_is_made_once(tmp_path: Path) -> None:
    """Eight hex digits that stay the same over restarts and differ between files."""
    seen = []
    for folder in (tmp_path, tmp_path, tmp_path / "other"):
        store = await Store.open(url(folder))
        seen.append(store.installation)
        await store.close()
    assert seen[0] == seen[1] != seen[2]
    assert all(len(name) == 8 and int(name, 16) >= 0 for name in seen)


async def test_the_last_word_on_a_key_is_kept(store: Store) -> None:
    """A value is replaced, None forgets it, and accounts share nothing."""
    await store.write("main", Save(keeps=(Keep("alert", "a", "1"), Keep("alert", "b", "2"))), everyone, NOW)
    await store.write("alt", Save(keeps=(Keep("alert", "a", "9"),)), everyone, NOW)
    last = (Keep("alert", "a", None), Keep("alert", "b", "3"), Keep("block", "c", "4"), Keep("block", "c", "5"))
    await store.write("main", Save(keeps=last), everyone, NOW)
    assert await store.load("main") == {"alert": {"b": "3"}, "block": {"c": "5"}}
    assert await store.load("alt") == {"alert": {"a": "9"}}
    assert await store.load("nobody") == {}


async def test_owed_rows_come_worst_first_then_oldest(store: Store) -> None:
    """A row per channel that hears the message, priority before age, gone once the channel confirmed."""
    told = (
        message("old warn", Level.WARN, at=1.0),
        message("late critical", Level.CRITICAL, at=3.0),
        message("early critical", Level.CRITICAL, at=2.0),
    )

    def hears(told: Message) -> tuple[str, ...]:
        return ("phone", "console") if told.level >= Level.CRITICAL else ("console",)

    await store.write("main", Save(messages=told), hears, NOW)
    await store.delivered("late critical", "console", 9.0)
    owed = [(told.id, channel) for told, channel in await store.pending()]
    assert owed == [
        ("early critical", "console"),
        ("early critical", "phone"),
        ("late critical", "phone"),
        ("old warn", "console"),
    ]
    assert (await store.pending())[-1][0] == told[0]


async def test_the_same_save_again_keeps_what_was_confirmed(store: Store) -> None:
    """A Save tried a second time makes no second row, and a confirmed message stays confirmed."""
    save = Save(messages=(message("m1"),))
    await store.write("main", save, everyone, NOW)
    await store.delivered("m1", "phone", 9.0)
    await store.write("main", save, everyone, NOW)
    assert [channel for _, channel in await store.pending()] == ["console"]


async def test_a_save_is_whole_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure half-way through leaves nothing of the Save behind, and the store usable."""
    save = Save(keeps=(Keep("alert", "a", "1"),), messages=(message("m1"),), entries=(Entry("alert", "{}"),))

    def break_off(_: Message) -> str:
        raise UnicodeError("in the middle of the transaction")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "to_body", break_off)
        with pytest.raises(StoreError):
            await store.write("main", save, everyone, NOW)
    assert (await store.load("main"), await store.pending(), await store.read_journal()) == ({}, [], [])
    await store.write("main", save, everyone, NOW)
    assert (await store.load("main"), len(await store.pending())) == ({"alert": {"a": "1"}}, 2)


async def test_text_no_database_takes_is_a_store_error(store: Store) -> None:
    """Half a surrogate pair in a key is an error of the store, not a crash, and nothing of the Save stays."""
    with pytest.raises(StoreError, match="UnicodeEncodeError"):
        await store.write("main", Save(keeps=(Keep("alert", "ok", "1"), Keep("alert", "\ud800", "1"))), everyone, NOW)
    assert await store.load("main") == {}


async def test_the_journal_is_read_from_elsewhere_while_it_is_written(store: Store, tmp_path: Path) -> None:
    """A reader beside the daemon sees each line at once, can ask for an account and a time, and can't write."""
    with open_journal(url(tmp_path)) as journal:
        assert list(journal.read()) == []
        for number, account in enumerate(("main", "alt", "main")):
            await store.write(account, Save(entries=(Entry("placed", f'"{number}"'),)), everyone, Instant(0.0, number))
        assert [line.detail for line in journal.read()] == ['"0"', '"1"', '"2"']
        assert [line.detail for line in journal.read(since=1.0, account="main")] == ['"2"']
        with pytest.raises(Exception, match="readonly"):
            journal._raw.execute("DELETE FROM journal")
    assert [line.at for line in await store.read_journal(1.0)] == [1.0, 2.0]


async def test_the_journal_is_read_when_the_daemon_is_down(tmp_path: Path) -> None:
    """No daemon is needed to read what it wrote."""
    store = await Store.open(url(tmp_path))
    await store.write("main", Save(entries=(Entry("placed", "{}"),)), everyone, NOW)
    await store.close()
    with open_journal(url(tmp_path)) as journal:
        assert [(line.at, line.kind) for line in journal.read()] == [(NOW.wall, "placed")]


async def test_pruning_forgets_the_past_and_no_critical_debt(store: Store) -> None:
    """Old lines and confirmed rows go; an unconfirmed critical message never does."""
    told = (
        message("done", at=1.0),
        message("owed", at=1.0),
        message("mild", Level.WARN, at=1.0),
        message("new", at=9.0),
    )
    await store.write("main", Save(messages=told, entries=(Entry("old", "{}"),)), lambda _: ("phone",), Instant(0, 1.0))
    await store.write("main", Save(entries=(Entry("new", "{}"),)), everyone, Instant(0, 9.0))
    await store.delivered("done", "phone", 2.0)
    assert await store.prune(5.0) == (1, 2)
    assert [line.kind for line in await store.read_journal()] == ["new"]
    assert [told.id for told, _ in await store.pending()] == ["owed", "new"]


async def test_a_cancelled_caller_leaves_no_transaction_open(store: Store, tmp_path: Path) -> None:
    """A call cancelled while it runs is done whole; one cancelled in the queue is not done; the next one goes on."""
    entered, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO journal (at, account, kind, detail) VALUES (1, 'main', 'slow', '')")
        entered.set()
        release.wait()

    running = asyncio.create_task(store._call(slow))
    await asyncio.to_thread(entered.wait)
    queued = asyncio.create_task(store.write("main", Save(entries=(Entry("queued", ""),)), everyone, NOW))
    await asyncio.sleep(0)
    running.cancel()
    queued.cancel()
    await asyncio.wait({running, queued})
    release.set()
    await store.write("main", Save(entries=(Entry("next", ""),)), everyone, NOW)
    with open_journal(url(tmp_path)) as journal:
        assert [line.kind for line in journal.read()] == ["slow", "next"]


async def test_a_caller_cancelled_while_it_opens_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the thread opens after its caller has gone is let go again."""
    entered, release = threading.Event(), threading.Event()
    real = Session.open

    def slow(self: Session) -> None:
        entered.set()
        release.wait()
        real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "open", slow)
        opening = asyncio.create_task(Store.open(url(tmp_path)))
        await asyncio.to_thread(entered.wait)
        opening.cancel()
        await asyncio.wait({opening})
        release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("store"):
            await asyncio.to_thread(thread.join)
    store = await Store.open(url(tmp_path))
    await store.close()


async def test_a_hung_disk_is_an_error_and_piles_nothing_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that gives no answer fails its callers within the bound; once it answers, the store works again."""
    monkeypatch.setattr(store_module, "PATIENCE_S", 0.05)
    entered, release = threading.Event(), threading.Event()

    def hang(_: Connection) -> None:
        entered.set()
        release.wait()

    with pytest.raises(StoreError, match="gives no answer"):
        await store._call(hang)
    await asyncio.to_thread(entered.wait)
    monkeypatch.setattr(store_module, "PATIENCE_S", 0.0)  # the thread may have begun late: it has hung for longer now
    with pytest.raises(StoreError, match="gives no answer"):
        await store.load("main")
    assert store._thread._work_queue.qsize() == 0
    release.set()
    monkeypatch.setattr(store_module, "PATIENCE_S", 5.0)
    await asyncio.to_thread(store._thread.submit(int).result)  # its turn comes once the hung one is through
    assert await store.load("main") == {}


async def test_a_closed_store_says_so(store: Store) -> None:
    """After close every call is a StoreError, and closing again does nothing."""
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="is closed"):
        await store.load("main")


TEXT = st.text(st.characters(codec="utf-8"))
MESSAGES = st.builds(
    Message,
    id=TEXT,
    account=TEXT,
    level=st.sampled_from(Level),
    event=TEXT,
    alert=TEXT,
    lines=st.lists(TEXT).map(tuple),
    sound=st.booleans(),
    at=st.floats(allow_nan=False, allow_infinity=False),
)


@given(MESSAGES)
def test_a_message_survives_its_row(told: Message) -> None:
    """Nothing of a message is lost or changed on its way through the outbox."""
    assert from_body(to_body(told)) == told


async def _rewrite(store: Store, number: str, body: str) -> None:
    """Another program, or another version, has written a row."""
    change = update(OUTBOX).where(OUTBOX.c.id == number).values(body=body)
    await store._call(lambda connection: connection.execute(change))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "7",
        '"x"',
        "{}",
        {"level": "dire"},
        {"level": 3},
        {"at": None},
        {"at": "now"},
        {"lines": "CRITICAL"},
        {"lines": [1]},
        {"account": None},
        {"alert": {}},
        {"sound": "loud"},
        {"channels": [1]},
        {"channels": 3},
        {"id": 2},
    ],
)
async def test_a_row_nobody_can_read_is_named_and_keeps_back_no_other(
    store: Store, caplog: pytest.LogCaptureFixture, wrong: str | dict[str, object]
) -> None:
    """It stays in the outbox for a version that can; the others are told."""
    await store.write("main", Save(messages=(message("1"), message("2"))), everyone, NOW)
    await _rewrite(
        store, "2", wrong if isinstance(wrong, str) else json.dumps(json.loads(to_body(message("2"))) | wrong)
    )
    assert [(told.id, channel) for told, channel in await store.pending()] == [("1", "console"), ("1", "phone")]
    assert "message 2 for channel phone" in caplog.text
    assert [told.id for told in await store.said(since=-1.0)] == ["1"]


@pytest.mark.parametrize(
    "strange",
    [["Chart", "chart", "x", 0, False], ["Ack", "ack", "x"], ["Ack", "ack", "x", 0.0, False, 1], 7, None,
     ["Ack", "ack", "x", "long", False], [1, "ack", "x", 0.0, False]],
)  # fmt: skip
async def test_a_button_of_another_version_is_left_out(store: Store, strange: object) -> None:
    """What it is under is told all the same, with the buttons that are known."""
    known = Button("Ack", Verb.ACK, "0123")
    told = replace(message("1"), buttons=(known,))
    await store.write("main", Save(messages=(told,)), everyone, NOW)
    body = json.loads(to_body(told))
    await _rewrite(store, "1", json.dumps(body | {"buttons": [strange, *body["buttons"]]}))
    assert [told for told, _ in await store.pending()] == [told, told]


KEYS = st.tuples(st.sampled_from(["alert", "block"]), st.sampled_from(["a", "b", "c"]))
SAVES = st.lists(st.lists(st.tuples(KEYS, st.none() | TEXT), max_size=5), max_size=6)


@settings(max_examples=25, deadline=None)
@given(SAVES)
async def test_the_state_is_what_the_saves_say(saves: list[list[tuple[tuple[str, str], str | None]]]) -> None:
    """Any run of Saves leaves exactly what a dictionary would hold after it."""
    expected: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(url(Path(folder)))
        for save in saves:
            for (kind, key), value in save:
                if value is None:
                    expected.get(kind, {}).pop(key, None)
                else:
                    expected.setdefault(kind, {})[key] = value
            keeps = tuple(Keep(kind, key, value) for (kind, key), value in save)
            await store.write("main", Save(keeps=keeps), everyone, NOW)
        loaded = await store.load("main")
        await store.close()
    assert loaded == {kind: keys for kind, keys in expected.items() if keys}
