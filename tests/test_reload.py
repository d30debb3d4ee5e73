"""The two files edited while the daemon runs: real files, every way an editor saves, on a clock that stands still."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.core.bench import Bench, account, foreign, position, shipped
from watchdog import reload
from watchdog.clock import SteppedClock
from watchdog.core.state import State
from watchdog.core.step import RulesChanged
from watchdog.domain.effects import Level, Message
from watchdog.reload import Reloader, Settling, load_rules
from watchdog.rules.listed import Listing
from watchdog.rules.schema import Mode, Ruleset
from watchdog.settings import load_settings
from watchdog.tomlfile import MAX_BYTES
from watchdog.unlisted import Unlisted

SHIPPED = (Path(__file__).parents[1] / "config" / "rules.toml").read_text(encoding="utf-8")
ACT = SHIPPED.replace('mode = "watch"', 'mode = "act"\nfirst_act_after = "0s"', 1)
SETTINGS = """
state_dir = "state"
[account.main]
venue        = "binanceusdm"
api_key_file = "main.key"
secret_file  = "main.secret"
[channel.console]
type = "console"
"""


@dataclass
class Account:
    """An account that remembers which rules it was given."""

    state: State
    given: list[Ruleset] = field(default_factory=list)

    def put(self, fact: RulesChanged) -> None:
        """New rules."""
        self.given.append(fact.rules)


class Desk:
    """The two files, two accounts, and what their owner heard."""

    def __init__(self, folder: Path, text: str = SHIPPED, settings_text: str = SETTINGS) -> None:
        self.rules = folder / "rules.toml"
        self.settings = folder / "watchdog.toml"
        self.rules.write_text(text)
        self.settings.write_text(settings_text)
        for name in ("main.key", "main.secret"):
            (folder / name).write_text(f"{name * 4}\n")
            (folder / name).chmod(0o600)
        self.clock = SteppedClock(1_760_129_340.0)
        self.heard: list[Message] = []
        bench = Bench.with_rules(shipped())
        self.accounts = {"main": Account(bench.state), "alt": Account(bench.state)}
        settings = load_settings(self.settings, os.environ)
        self.reloader = Reloader(settings, load_rules(settings), self.clock, self._hear, lambda: self.accounts)

    async def _hear(self, message: Message) -> None:
        self.heard.append(message)

    async def look(self, times: int = 1, *, asked: bool = False) -> list[str]:
        """So many looks; the first lines of what was said."""
        since = len(self.heard)
        for _ in range(times):
            await self.reloader.look(asked=asked)
            self.clock.advance(self.clock.now().mono + 1)
        return [message.lines[0] for message in self.heard[since:]]

    @property
    def taken(self) -> int:
        """How often rules were taken; all accounts at once."""
        counts = {len(one.given) for one in self.accounts.values()}
        assert len(counts) == 1
        return counts.pop()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The shipped files, in force."""
    return Desk(tmp_path)


def in_place(path: Path, text: str) -> None:
    """As `cat >` does."""
    path.write_text(text)


def by_rename(path: Path, text: str) -> None:
    """As vim and most others do: a new file in its place."""
    aside = path.with_name("rules.toml~new")
    aside.write_text(text)
    aside.replace(path)


def by_link(path: Path, text: str) -> None:
    """As Kubernetes does: rules.toml → ..data/rules.toml, and ..data is turned to another directory."""
    version = path.parent / f"..version-{abs(hash(text))}"
    version.mkdir(exist_ok=True)
    (version / "rules.toml").write_text(text)
    turned = path.parent / "..data_tmp"
    turned.symlink_to(version.name)
    turned.replace(path.parent / "..data")
    if not path.is_symlink():
        path.unlink()
        path.symlink_to("..data/rules.toml")


def by_recreating(path: Path, text: str) -> None:
    """Deleted, then made anew."""
    path.unlink()
    path.write_text(text)


def same_size_and_time(path: Path, text: str) -> None:
    """A copy that keeps the old time stamp: only the text tells."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("save", [in_place, by_rename, by_link, by_recreating, same_size_and_time])
async def test_a_save_is_taken_at_the_second_look_that_sees_it(desk: Desk, save: Callable[[Path, str], None]) -> None:
    """However it was saved: whole, once, for all accounts at once; and again when it is saved again."""
    save(desk.rules, ACT)
    assert await desk.look() == []
    assert desk.taken == 0
    assert await desk.look() == ["INFO · rules.toml is in force: 4 rules"]
    assert desk.heard[-1].lines[1] == "mode watch → act: the stops these rules ask for ARE SENT"
    assert await desk.look(3) == []
    assert desk.taken == 1
    assert {one.given[0].mode for one in desk.accounts.values()} == {Mode.ACT}
    save(desk.rules, SHIPPED)
    assert await desk.look(2) == ["WARN · rules.toml is in force: 4 rules · IT PROTECTS LESS"]
    assert desk.heard[-1].lines[1] == "mode act → watch: NO STOP IS SENT ANY MORE"
    assert desk.taken == 2


async def test_a_file_that_is_still_being_written_is_left_alone(desk: Desk) -> None:
    """A new half at each look: nothing is taken and nothing said until it stands still."""
    step = len(ACT) // 6
    for end in range(step, len(ACT), step):
        desk.rules.write_text(ACT[:end])
        assert await desk.look() == []
    desk.rules.write_text(ACT)
    assert await desk.look(2) == ["INFO · rules.toml is in force: 4 rules"]
    assert desk.taken == 1


async def test_asked_for_it_is_taken_at_once(desk: Desk) -> None:
    """SIGHUP waits for no second look, and says nothing when nothing has changed."""
    assert await desk.look(asked=True) == []
    desk.rules.write_text(ACT)
    assert await desk.look(asked=True) == ["INFO · rules.toml is in force: 4 rules"]
    assert await desk.look(asked=True) == []
    assert desk.taken == 1


async def test_a_comment_is_no_change_and_said_quietly(desk: Desk) -> None:
    """The owner hears that the save arrived; nothing else."""
    desk.rules.write_text(f"# mine\n{SHIPPED}")
    assert await desk.look(2) == ["INFO · rules.toml was saved and says the same as before"]
    assert desk.heard[-1].level is Level.INFO
    assert not desk.heard[-1].sound


async def test_a_broken_file_changes_nothing_and_is_told_once(desk: Desk) -> None:
    """The first problems with their places, no word when it is saved with the same mistake, then what mends it."""
    desk.rules.write_text(SHIPPED.replace('"room_used"', '"room_use"').replace('"50%"', '"500%"', 1))
    assert await desk.look(2) == ["WARN · rules.toml was not taken: the old rules stay in force"]
    lines = desk.heard[-1].lines
    assert f'{desk.rules}:20:13: unknown metric "room_use", did you mean "room_used"?' in lines
    assert "Mend it: with this file I would not start again." in lines
    assert "room_use" in desk.reloader.trouble
    desk.rules.write_text(desk.rules.read_text() + "\n# the same mistake\n")
    assert await desk.look(3) == []
    assert await desk.look(asked=True) == []
    assert desk.taken == 0
    desk.rules.write_text(SHIPPED)
    assert await desk.look(2) == ["OK · rules.toml is whole again and says what is in force"]
    assert desk.heard[-1].level is Level.WARN, "whoever heard of the mistake hears that it is over"
    assert (desk.taken, desk.reloader.trouble) == (0, "")


async def test_another_mistake_is_told_and_what_mends_it_is_taken(desk: Desk) -> None:
    """From one mistake to another, to new rules; and the first mistake made again is told again."""
    broken = SHIPPED.replace('"room_used"', '"room_use"')
    desk.rules.write_text(broken)
    await desk.look(2)
    desk.rules.write_text(SHIPPED.replace('"85%"', '"8,5%"'))
    assert await desk.look(2) == ["WARN · rules.toml was not taken: the old rules stay in force"]
    desk.rules.write_text(ACT)
    assert await desk.look(2) == ["INFO · rules.toml is in force: 4 rules"]
    desk.rules.write_text(broken)
    assert await desk.look(2) == ["WARN · rules.toml was not taken: the old rules stay in force"]
    assert desk.taken == 1


async def test_a_file_full_of_mistakes_fits_a_message(desk: Desk) -> None:
    """Eight lines at most: the first problems, and how many there are besides."""
    desk.rules.write_text("\n".join(f"wrong{number} = 1" for number in range(40)))
    await desk.look(2)
    lines = desk.heard[-1].lines
    assert len(lines) == 8
    assert lines[5].startswith("… and 37 more") or lines[5].startswith("… and 36 more")


def gone(path: Path) -> None:
    """Deleted."""
    path.unlink()


def a_directory(path: Path) -> None:
    """A directory in its place."""
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    """A pipe nobody writes to: opening it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    """A link to itself."""
    path.unlink()
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    """A link to nowhere."""
    path.unlink()
    path.symlink_to("nowhere")


def empty(path: Path) -> None:
    """Nothing in it."""
    path.write_text("")


def noise(path: Path) -> None:
    """No text."""
    path.write_bytes(b"\xff\xfe\x00mode")


def huge(path: Path) -> None:
    """Larger than anybody writes."""
    path.write_text("#" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (gone, "there is no such file"),
        (a_directory, "is a directory, not a file"),
        (a_pipe, "is not a file"),
        (a_loop, "cannot be read: Too many levels of symbolic links"),
        (dangling, "there is no such file"),
        (empty, "the file is empty"),
        (noise, "not UTF-8 text from here on"),
        (huge, "is larger than"),
    ],
)
async def test_what_cannot_be_read_changes_nothing(desk: Desk, spoil: Callable[[Path], None], said: str) -> None:
    """It is told once, with why; when the old file is back, that is told as well."""
    spoil(desk.rules)
    assert await desk.look(4) == ["WARN · rules.toml was not taken: the old rules stay in force"]
    assert said in desk.heard[-1].lines[1]
    assert desk.taken == 0
    if desk.rules.is_dir():
        desk.rules.rmdir()
    by_rename(desk.rules, SHIPPED)
    assert await desk.look(3) == ["OK · rules.toml is whole again and says what is in force"]
    assert desk.taken == 0


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's leave to read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


async def test_a_file_that_may_not_be_read_changes_nothing(desk: Desk) -> None:
    """Mode 0000: told, and the old rules stay."""
    desk.rules.chmod(0)
    with as_nobody():
        said = await desk.look(3)
    assert "WARN · rules.toml was not taken: the old rules stay in force" in said
    assert any("permission denied" in line for message in desk.heard for line in message.lines)
    desk.rules.chmod(0o644)
    assert "OK · rules.toml is whole again and says what is in force" in await desk.look(3)


async def test_gone_for_a_moment_is_no_news(desk: Desk) -> None:
    """Between two steps of an editor's save there may be no file at all."""
    desk.rules.unlink()
    assert await desk.look() == []
    desk.rules.write_text(SHIPPED)
    assert await desk.look(3) == []


async def test_a_mistake_of_ours_keeps_the_old_rules(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that breaks refuses the file; words that break don't keep good rules from being in force."""

    def breaks(*_: object, **__: object) -> None:
        raise KeyError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(reload, "parse_rules", breaks)
        desk.rules.write_text(ACT)
        assert await desk.look(2) == ["WARN · rules.toml was not taken: the old rules stay in force"]
        assert "a mistake of mine (KeyError)" in desk.heard[-1].lines[1]
    with monkeypatch.context() as patch:
        patch.setattr(reload, "difference", breaks)
        desk.rules.write_text(f"{ACT}\n")
        assert await desk.look(2) == ["INFO · rules.toml is in force: 4 rules"]
        assert "I can't say" in desk.heard[-1].lines[1]
    assert desk.taken == 1


# ── what is lost by it ────────────────────────────────────────────────────────────────────────────────────────────────

HELD = position()


def weaker(*swaps: tuple[str, str]) -> str:
    """The file that may act, with these words swapped."""
    text = ACT
    for was, will in swaps:
        assert was in text
        text = text.replace(was, will, 1)
    return text


STOP = 'stop     = { when = "critical", place = { entry_to_liquidation = "60%" } }'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (SHIPPED, "I PLACE NO STOP any more"),
        (weaker((STOP, "")), "I PLACE NO STOP any more"),
        (weaker(("[[rule]]", "[[rule]]"), (STOP, f'{STOP}\nwhere = {{ symbol = "ETHUSDT" }}')), "I PLACE NO STOP"),
        (weaker((STOP, f'{STOP}\nexcept = {{ side = "long" }}')), "I PLACE NO STOP"),
        (weaker((STOP, f'{STOP}\nmode = "watch"')), "I PLACE NO STOP"),
        (weaker((STOP, f'{STOP}\nmode = "ask"')), "a stop is only proposed from now on"),
        (weaker(('mode = "act"', 'mode = "act"\naccounts = { main = "watch" }')), "I PLACE NO STOP"),
    ],
)
async def test_protection_that_is_lost_is_a_warning_that_says_what_stays(tmp_path: Path, text: str, what: str) -> None:
    """A mode, a rule, a selector: whatever takes a stop from a held position is named, with what rests and stays."""
    desk = Desk(tmp_path, ACT)
    bench = Bench.with_rules(shipped())
    bench.covered(HELD)
    desk.accounts["main"].state = bench.state
    stop = next(iter(bench.state.stops.values()))[0]
    desk.rules.write_text(text)
    assert await desk.look(2) == ["WARN · rules.toml is in force: 4 rules · IT PROTECTS LESS"]
    line = desk.heard[-1].lines[1]
    assert line.startswith(f"BTC long on main: {what}")
    assert line.endswith(f"mine at {stop.trigger_price:,.1f} rests and stays")
    for same_or_more in (ACT, ACT.replace('"70%"', '"71%"')):
        desk.rules.write_text(same_or_more)
        assert await desk.look(2) == ["INFO · rules.toml is in force: 4 rules"]


async def test_what_rests_without_us_is_said_too(tmp_path: Path) -> None:
    """The owner's own stop, or none; and nothing is lost where nothing was done."""
    desk = Desk(tmp_path, ACT)
    for name, stops in (("main", [foreign("95000")]), ("alt", [])):
        bench = Bench.with_rules(shipped())
        bench.read(account(HELD, stops=stops))
        desk.accounts[name].state = replace(bench.state, who=replace(bench.state.who, account=name))
    desk.rules.write_text(SHIPPED)
    await desk.look(2)
    assert desk.heard[-1].lines[1] == "BTC long on main: I PLACE NO STOP any more; yours rests"
    assert desk.heard[-1].lines[2] == "BTC long on alt: I PLACE NO STOP any more; NO STOP rests"


# ── watchdog.toml ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_changed_settings_are_not_taken_and_that_is_said_once(desk: Desk) -> None:
    """A restart takes them; a file that would not start again is said while there is time."""
    desk.settings.write_text(f"# a comment\n{SETTINGS}")
    assert await desk.look(3) == []
    desk.settings.write_text(SETTINGS.replace("[channel.console]", "[channel.desk]"))
    assert await desk.look(4) == ["INFO · watchdog.toml was changed: restart to take it"]
    desk.settings.write_text(SETTINGS.replace("binanceusdm", "binanceusdt"))
    assert await desk.look(4) == ["WARN · watchdog.toml is broken: I go on as I was started, but WOULD NOT START AGAIN"]
    assert f"{desk.settings}:4:16: unknown venue" in desk.heard[-1].lines[1]
    desk.settings.write_text(SETTINGS)
    assert await desk.look(4) == ["OK · watchdog.toml says again what is in force"]
    assert desk.taken == 0


TWO = SETTINGS.replace("[channel.console]", '[channel.desk]\ntype = "console"\n[channel.console]')
TOLD = SHIPPED.replace('metric    = "room_used"', 'metric    = "room_used"\nnotify    = ["desk"]')
WOULD_NOT = (
    "WARN · watchdog.toml was changed, and rules.toml does not go with it: "
    "I go on as I was started, but WOULD NOT START AGAIN"
)


async def test_settings_that_the_rules_do_not_go_with_are_told(tmp_path: Path) -> None:
    """A channel that a rule names is taken from watchdog.toml: the next start would end there.

    The same when the rules come later; and what mends it is told as well.
    """
    desk = Desk(tmp_path, TOLD, TWO)
    desk.settings.write_text(SETTINGS)
    assert await desk.look(3) == [WOULD_NOT]
    assert 'channel "desk" is not in watchdog.toml' in desk.heard[-1].lines[1]
    desk.rules.write_text(SHIPPED)
    assert await desk.look(3) == [
        "INFO · rules.toml is in force: 4 rules",
        "INFO · watchdog.toml was changed: restart to take it",
    ]
    desk.rules.write_text(TOLD)
    assert await desk.look(3) == ["INFO · rules.toml is in force: 4 rules", WOULD_NOT]
    desk.rules.write_text(f"{TOLD}\n# mine\n")
    assert await desk.look(3) == ["INFO · rules.toml was saved and says the same as before"]
    desk.settings.write_text(TWO)
    assert await desk.look(3) == ["OK · watchdog.toml says again what is in force"]


@pytest.mark.parametrize("settings_first", [True, False])
async def test_rules_for_settings_that_wait_for_a_restart_say_so(desk: Desk, settings_first: bool) -> None:
    """A channel is added to both files: nothing is wrong, and a restart takes both."""
    needs = "it needs the watchdog.toml you changed: restart, and both are taken"
    if settings_first:
        desk.settings.write_text(TWO)
        await desk.look(3)
        desk.rules.write_text(TOLD)
    else:
        desk.rules.write_text(TOLD)
        await desk.look(3)
        assert 'channel "desk" is not in watchdog.toml' in desk.heard[-1].lines[1]
        desk.settings.write_text(TWO)
    said = await desk.look(3)
    assert "WARN · rules.toml was not taken: the old rules stay in force" in said
    told = next(one.lines for one in desk.heard[::-1] if "was not taken" in one.lines[0])
    assert told[1:3] == (needs, "With both files as they are I would start again.")
    assert desk.reloader.trouble == f"rules.toml is not taken: {needs}"
    assert await desk.look(3) == []
    desk.settings.write_text(SETTINGS)
    assert await desk.look(3) == [
        "WARN · rules.toml was not taken: the old rules stay in force",
        "OK · watchdog.toml says again what is in force",
    ]
    assert desk.taken == 0


async def test_symbols_that_no_venue_lists_are_told_once(tmp_path: Path) -> None:
    """After the first listing and after a reload; what was mended is no word, and told again when it comes back."""

    def about(symbol: str) -> str:
        return SHIPPED.replace(
            'metric    = "room_used"', f'metric    = "room_used"\nwhere     = {{ symbol = "{symbol}" }}'
        )

    listed: dict[str, Listing] = {"main": Listing("binanceusdm", ())}
    desk = Desk(tmp_path, about("BCTUSDT"))
    desk.reloader._unlisted = Unlisted(lambda: listed, desk.clock).look
    assert await desk.look(3) == []
    listed["main"] = Listing("binanceusdm", ("BTC/USDT:USDT", "ETH/USDT:USDT"))
    head = "WARN · the rules name what no venue lists"
    assert await desk.look(3) == [head]
    assert desk.heard[-1].lines[1] == (
        f'{desk.rules}:18:1: where of rule "room": binanceusdm lists no "BCTUSDT", did you mean "BTCUSDT"?'
    )
    desk.rules.write_text("# a line above it\n" + about("BCTUSDT"))
    assert await desk.look(3) == ["INFO · rules.toml was saved and says the same as before"]
    desk.rules.write_text(about("BTCUSDT"))
    assert await desk.look(3) == ["INFO · rules.toml is in force: 4 rules"]
    desk.rules.write_text(about("BCTUSDT"))
    assert await desk.look(3) == ["INFO · rules.toml is in force: 4 rules", head]


@pytest.mark.parametrize("name", ["watchdog.toml", "main.key", "ca.pem"])
async def test_a_pipe_among_the_settings_does_not_stop_the_daemon(desk: Desk, name: str) -> None:
    """In place of watchdog.toml, of a key, of a certificate: told, not waited for."""
    path = desk.settings.parent / name
    text = SETTINGS
    if name == "ca.pem":
        text += '[channel.house]\ntype = "mqtt"\nhost = "127.0.0.1"\ntls = true\nca_file = "ca.pem"\n'
    desk.settings.write_text(f'{text}\n[store]\nkeep = "9d"\n')
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    async with asyncio.timeout(5):
        said = await asyncio.to_thread(asyncio.run, desk.look(3))
    assert said == ["WARN · watchdog.toml is broken: I go on as I was started, but WOULD NOT START AGAIN"]


async def test_a_stop_that_is_lost_stands_before_all_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Eleven rules change and the last loses its stop: that stands just below the head, and the log has them all."""
    caplog.set_level("INFO")
    more = "".join(
        f'[[rule]]\nname = "r{number}"\nmetric = "notional"\nwarn = "{number + 1} USDT"\n' for number in range(10)
    )
    desk = Desk(tmp_path, ACT.replace("[[rule]]", f"{more}[[rule]]", 1))
    desk.rules.write_text(desk.rules.read_text().replace(STOP, "").replace(" USDT", "0 USDT"))
    assert await desk.look(2) == ["WARN · rules.toml is in force: 14 rules · IT PROTECTS LESS"]
    lines = desk.heard[-1].lines
    assert lines[1].startswith('rule "no stop": NO STOP ANY MORE')
    assert lines[-2] == "… and 6 more: the log has them all"
    assert 'rule "r9": warn 10 USD → 100 USD' in caplog.text


# ── when ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_is_ready_once_and_only_when_it_stands_still() -> None:
    """The pure decision, look by look: digest, asked for, whether it is taken up."""
    settling = Settling("a")
    for digest, asked, ready in (
        ("a", False, False),
        ("b", False, False),
        ("c", False, False),
        ("c", False, True),
        ("c", False, False),
        ("c", True, False),
        ("d", True, True),
        ("d", False, False),
        ("a", False, False),
        ("d", False, False),
        ("a", False, False),
        ("a", False, True),
    ):
        assert settling.ready(digest, asked=asked) is ready, (digest, asked)


async def test_it_looks_each_second_and_at_once_when_asked(desk: Desk) -> None:
    """On its own clock; a look that breaks is not the last."""
    task = asyncio.create_task(desk.reloader.run())

    async def turn() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def second() -> None:
        await turn()
        desk.clock.advance(desk.clock.now().mono + reload.LOOK_EVERY)
        await turn()

    await second()
    desk.rules.write_text(ACT)
    await second()
    assert desk.taken == 0
    await second()
    assert desk.taken == 1
    desk.rules.write_text(SHIPPED)
    desk.reloader.ask()
    await turn()
    assert desk.taken == 2

    hear, desk.reloader._tell = desk.reloader._tell, breaks_off
    desk.rules.write_text(ACT)
    desk.reloader.ask()
    await turn()
    desk.reloader._tell = hear
    desk.rules.write_text(SHIPPED)
    desk.reloader.ask()
    await turn()
    assert desk.taken == 4
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def breaks_off(message: Message) -> None:
    """A mistake on the way out."""
    raise RuntimeError(message.id)
