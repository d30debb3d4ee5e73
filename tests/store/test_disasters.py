"""The store when the process is killed, the disk refuses, and the file is not what it should be."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.store.child import phone, save
from watchdog.domain.facts import Instant
from watchdog.store import Store, StoreError, open_journal, schema, session

ROUNDS = 20
NOW = Instant(0.0, 1.0)
CHILD = [sys.executable, "-m", "tests.store.child"]
ROOT = Path(__file__).parents[2]


async def kept(url: str) -> tuple[str, set[str], set[str]]:
    """What a file holds: the last state, the outbox, the journal."""
    store = await Store.open(url)
    state = (await store.load("main")).get("alert", {}).get("last", "")
    owed = {told.id for told, _ in await store.pending()}
    lines = {line.detail for line in await store.read_journal()}
    await store.close()
    return state, owed, lines


def test_no_kill_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """Twenty SIGKILLs at random moments: each acknowledged Save is there, each is whole, the lock is free at once."""
    url = f"sqlite:///{tmp_path / 'watchdog.db'}"
    chance = random.Random(20251010)
    acknowledged: set[str] = set()
    with subprocess.Popen(
        [*CHILD, "killed", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for round_ in range(ROUNDS):
            child.stdin.write(f"{round_}\n")
            child.stdin.flush()
            writer = int(child.stdout.readline().removeprefix("pid "))
            for _ in range(chance.randint(0, 12)):
                acknowledged.add(child.stdout.readline().strip())
            time.sleep(chance.random() * 0.004)  # anywhere within a transaction, or in the making of the file
            os.kill(writer, signal.SIGKILL)
            while (line := child.stdout.readline().strip()) != "ended by SIGKILL":
                assert line.startswith(f"{round_}."), line
                acknowledged.add(line)
            if acknowledged:
                with open_journal(url) as journal:
                    assert acknowledged <= {line.detail for line in journal.read()}
            state, owed, lines = asyncio.run(kept(url))
            assert acknowledged <= owed
            assert owed == lines, "a Save that is only partly there"
            assert state in lines or not lines
        child.stdin.close()
    assert len(acknowledged) > ROUNDS


async def test_a_full_disk_is_an_error_and_no_loss(tmp_path: Path) -> None:
    """What the system refused is said and not kept in part; what was kept stays; with room again writing goes on."""
    url = f"sqlite:///{tmp_path / 'watchdog.db'}"
    run = await asyncio.to_thread(
        subprocess.run, [*CHILD, "full", url], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    said = [line.split(" ", 2) for line in run.stdout.splitlines()]
    acknowledged = {words[1] for words in said if words[0] == "kept"}
    refused = [words for words in said if words[0] == "refused"]
    last = max(int(number) for number in acknowledged if number.isdecimal())
    assert len(refused) == 3
    assert all(str(tmp_path) in words[2] and "the disk" in words[2] for words in refused)
    assert [words[1] for words in said if words[0] == "remembered"] == [str(last)]
    assert "after" in acknowledged
    assert len(acknowledged) > 5
    assert await kept(url) == ("after", acknowledged, acknowledged)


async def test_a_full_database_is_an_error_and_no_loss(tmp_path: Path) -> None:
    """SQLite's own refusal to grow names the full disk, and is over when there is room."""
    store = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")

    async def limit(pages: int) -> None:
        await store._call(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close())

    await limit(1)  # SQLite takes this as: not one page more than now

    async def grow() -> None:
        for number in range(1000):
            await store.write("main", save(str(number)), phone, NOW)

    with pytest.raises(StoreError, match="the disk is full"):
        await grow()
    before = len(await store.pending())
    await limit(1_000_000)
    await store.write("main", save("after"), phone, NOW)
    assert len(await store.pending()) == before + 1
    await store.close()


async def test_a_foreign_lock_is_an_error_that_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that holds the database is named as the trouble; when it lets go, writing goes on."""
    monkeypatch.setattr(session, "BUSY_S", 0.05)
    url = f"sqlite:///{tmp_path / 'watchdog.db'}"
    store = await Store.open(url)
    browser = sqlite3.connect(tmp_path / "watchdog.db", isolation_level=None)
    browser.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        await store.write("main", save("1"), phone, NOW)
    browser.execute("ROLLBACK")
    browser.close()
    await store.write("main", save("2"), phone, NOW)
    await store.close()
    assert await kept(url) == ("2", {"2"}, {"2"})


async def test_two_watchdogs_never_share_a_file(tmp_path: Path) -> None:
    """The second is refused and told who holds it, also by another name of the file; after a close it may."""
    url = f"sqlite:///{tmp_path / 'watchdog.db'}"
    (tmp_path / "link.db").symlink_to(tmp_path / "watchdog.db")
    store = await Store.open(url)
    for name in ("watchdog.db", "link.db"):
        with pytest.raises(StoreError, match=rf"in use by another watchdog \(process {os.getpid()}\)"):
            await Store.open(f"sqlite:///{tmp_path / name}")
    await store.write("main", save("1"), phone, NOW)
    await store.close()
    assert await kept(url) == ("1", {"1"}, {"1"})


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_taken_away_while_in_use_is_noticed(tmp_path: Path, *, replaced: bool) -> None:
    """A deleted or replaced file takes no more rows in silence."""
    path = tmp_path / "watchdog.db"
    store = await Store.open(f"sqlite:///{path}")
    path.rename(tmp_path / "moved.db")
    if replaced:
        shutil.copy(tmp_path / "moved.db", path)
    with pytest.raises(StoreError, match="replaced while in use" if replaced else "moved or deleted while in use"):
        await store.write("main", save("1"), phone, NOW)
    await store.close()


async def fill(path: Path) -> None:
    """A closed store that holds something."""
    store = await Store.open(f"sqlite:///{path}")
    for number in range(200):
        await store.write("main", save(str(number)), phone, NOW)
    await store.close()


@pytest.mark.parametrize("damage", ["text", "head", "middle", "cut"])
async def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, damage: str) -> None:
    """Garbage, a broken head, a broken page, a cut-off end: named, moving it aside advised, not a byte changed."""
    path = tmp_path / "watchdog.db"
    await fill(path)
    good = path.read_bytes()
    bad = {
        "text": b"these are my notes, and no database at all\n" * 100,
        "head": b"\0" * 100 + good[100:],
        "middle": good[:8192] + b"\xff" * 4096 + good[12288:],
        "cut": good[: len(good) // 2],
    }[damage]
    path.write_bytes(bad)
    with pytest.raises(StoreError, match="Move it aside") as caught:
        await Store.open(f"sqlite:///{path}")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == bad
    path.write_bytes(good)
    assert (await kept(f"sqlite:///{path}"))[0] == "199"


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A database that is not ours is refused, and not a byte of it changes."""
    path = tmp_path / "photos.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE photos (id INTEGER)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        await Store.open(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="another program"):
        open_journal(f"sqlite:///{path}")
    assert path.read_bytes() == before


async def with_version(path: Path, version: str) -> str:
    """A store of a certain version; returns its url."""
    await fill(path)
    raw = sqlite3.connect(path)
    with raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'version'", (version,))
    raw.close()
    return f"sqlite:///{path}"


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A file of a newer watchdog is refused, with both versions named, by the daemon and by the journal's reader."""
    url = await with_version(tmp_path / "watchdog.db", "7")
    with pytest.raises(StoreError, match="newer watchdog \\(schema 7; this one knows 1\\)"):
        await Store.open(url)
    with pytest.raises(StoreError, match="newer watchdog"):
        open_journal(url)


@pytest.mark.parametrize("version", ["", "0", "-1", "one", "²"])
async def test_a_senseless_version_is_refused(tmp_path: Path, version: str) -> None:
    """A version that is no number is damage, not version 0."""
    url = await with_version(tmp_path / "watchdog.db", version)
    with pytest.raises(StoreError, match="does not say which version"):
        await Store.open(url)


async def test_an_older_schema_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails leaves the old file as it was; one that succeeds keeps its rows."""
    path = tmp_path / "watchdog.db"
    url = await with_version(path, "1")

    def add_column(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE journal ADD COLUMN rule TEXT")

    def break_off(connection: Connection) -> None:
        add_column(connection)
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: break_off})
    with pytest.raises(StoreError, match="no such table: nowhere"):
        await Store.open(url)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: add_column})
    store = await Store.open(url)
    assert len(await store.pending()) == 200
    await store.close()
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() == ("2",)
    assert raw.execute("SELECT count(rule), count(*) FROM journal").fetchone() == (0, 200)
    raw.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("watchdog.db", "is no database url"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://me:hush@db/watchdog", "is not supported yet"),
        ("sqlite:////proc/version/watchdog.db", "/proc/version: File exists"),
        ("sqlite:////proc/nowhere/watchdog.db", "No such file or directory"),
        (f"sqlite:///{ROOT}", "is a directory"),
    ],
)
async def test_a_url_that_can_not_be_used_says_why(url: str, said: str) -> None:
    """Each names what was asked for and why not; a password in it is not repeated."""
    with pytest.raises(StoreError, match=said) as caught:
        await Store.open(url)
    assert "hush" not in str(caught.value)


def test_a_journal_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Reading makes no file; an empty one is said to hold no journal."""
    with pytest.raises(StoreError, match="does not exist"):
        open_journal(f"sqlite:///{tmp_path / 'watchdog.db'}")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "watchdog.db").touch()
    with pytest.raises(StoreError, match="holds no journal yet"):
        open_journal(f"sqlite:///{tmp_path / 'watchdog.db'}")


@pytest.fixture
def plain_user() -> Iterator[Path]:
    """A directory of a user whom the system's permissions bind, as whom the test runs: root passes them all."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(dir="/tmp" if root else None) as name:  # noqa: S108  # a path nobody else may enter
        folder = Path(name)
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        try:
            yield folder
        finally:
            folder.chmod(0o700)
            if root:
                os.seteuid(0)


def allow(path: Path, mode: int) -> None:
    """Set what may be done with a file."""
    path.chmod(mode)


async def test_a_read_only_file_or_directory_is_said(plain_user: Path) -> None:
    """No leave to write the file, or to make files beside it: named, with what to do; the journal can still be read."""
    path = plain_user / "watchdog.db"
    url = f"sqlite:///{path}"
    await fill(path)
    allow(path, 0o400)
    with pytest.raises(StoreError, match=r"read-only.*leave to write"):
        await Store.open(url)
    with open_journal(url) as journal:
        assert len(list(journal.read())) == 200
    allow(path, 0o600)
    allow(plain_user, 0o500)
    with pytest.raises(StoreError, match="leave to write"):
        await Store.open(url)
    allow(path, 0)
    with pytest.raises(StoreError, match="can't be opened"):
        open_journal(url)
    with pytest.raises(StoreError, match="can't be opened"):
        await Store.open(f"sqlite:///{plain_user / 'new' / 'watchdog.db'}")
