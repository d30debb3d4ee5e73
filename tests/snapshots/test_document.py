"""The file of a snapshot: what is written is read back digit for digit; what is none is a sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.explain.recorded import IDS, RECORDED, Recorded
from watchdog.snapshots.document import Snapshot, SnapshotError, read_file, read_text, write
from watchdog.snapshots.reading import account_of
from watchdog.venues.answers import missing
from watchdog.venues.base import Unread

TAKEN = 1760126400.0
GOOD = {
    "watchdog": "1",
    "venue": "binanceusdm",
    "account": "a",
    "taken": "2025-10-10T20:00:00+00:00",
    "payloads": {"x": 1},
}

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def refused(path: Path, venue: str | None = None) -> str:
    """What is said of a file that is no snapshot."""
    with pytest.raises(SnapshotError) as caught:
        read_file(path, venue)
    return str(caught.value)


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1, max_size=5), _VALUES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(payloads: dict[str, Any]) -> None:
    """Numbers with all their digits; only NUL characters, which no JSON of a venue's holds, are dropped."""
    plain = json.loads(json.dumps({"x": payloads}, default=lambda number: f"a number: {number}").replace("\\u0000", ""))

    def number(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("a number: "):
            return Decimal(value.removeprefix("a number: "))
        if isinstance(value, dict):
            return {name: number(inner) for name, inner in value.items()}
        return [number(inner) for inner in value] if isinstance(value, list) else value

    text = write("binanceusdm", TAKEN, {"x": payloads}, (), "0.1.0")
    assert read_text(text, "it").payloads == number(plain)


def test_the_document_says_of_what_and_when() -> None:
    """Version, venue, time; the account goes by a letter."""
    document = json.loads(write("okx", TAKEN, {"balance": {"eq": Decimal("1.10")}}, (), "0.1.0"))
    assert list(document) == ["watchdog", "venue", "account", "taken", "payloads"]
    assert document["watchdog"] == "0.1.0"
    assert (document["venue"], document["account"], document["taken"]) == ("okx", "a", "2025-10-10T20:00:00+00:00")
    assert '"eq": 1.10' in write("okx", TAKEN, {"balance": {"eq": Decimal("1.10")}}, (), "0.1.0")


def test_a_folder_holds_one_answer_a_file(tmp_path: Path) -> None:
    """Named by endpoint; other files don't matter."""
    (tmp_path / "account.json").write_text('{"a": 1.50}')
    (tmp_path / "notes.txt").write_text("mine")
    assert read_file(tmp_path, "binanceusdm") == Snapshot("binanceusdm", "a", "", {"account": {"a": Decimal("1.50")}})
    assert refused(tmp_path) == f"{tmp_path}: is a folder of raw answers: say of which venue with --venue"
    (tmp_path / "account.json").rename(tmp_path / "account.txt")
    assert "holds no file such as account.json" in refused(tmp_path, "binanceusdm")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON: line 1, column 1"),
        ("{", "is no JSON: line 1, column 2"),
        ("[]", "is no snapshot: one holds venue, account, taken, payloads"),
        ("[" * 100_000, "is nested too deep"),
        ('{"x": NaN}', "is no JSON: NaN is no number"),
        ('{"x": ' + "9" * 5000 + "}", "is no JSON: a number is past all bounds"),
        ("\xff", "is not UTF-8 text"),
        (json.dumps({**GOOD, "taken": 5}), "taken is no text"),
        (json.dumps({**GOOD, "payloads": []}), "payloads is no object of answers by name"),
        (json.dumps({**GOOD, "payloads": {}}), "payloads is no object of answers by name"),
        (json.dumps({**GOOD, "venue": "phemex"}), 'unknown venue "phemex"'),
    ],
)
def test_what_is_no_snapshot_is_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    """Which file, and what is wrong with it."""
    path = tmp_path / "s.json"
    path.write_bytes(text.encode("latin-1"))
    assert refused(path).startswith(f"{path}: ")
    assert said in refused(path)


def test_the_venue_said_must_be_the_file_s(tmp_path: Path) -> None:
    """Else figures would be read by the wrong rules."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(GOOD))
    assert read_file(path, "binanceusdm").venue == "binanceusdm"
    assert refused(path, "okx") == f'{path}: is of "binanceusdm", not of "okx"'


def test_a_time_that_is_none_is_not_shown(tmp_path: Path) -> None:
    """Whatever stands there goes to no terminal."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps({**GOOD, "taken": "\x1b[2Jnow", "account": "\x1b[2J"}))
    assert (read_file(path).taken, "\x1b" in read_file(path).account) == ("", False)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["positionRisk", "account", "accountConfig", "exchangeInfo", "x"]), _VALUES))
def test_answers_no_venue_sends_are_a_sentence(payloads: dict[str, Any]) -> None:
    """Whatever the file holds: named, and never anything but SnapshotError."""
    with pytest.raises(SnapshotError, match=r"^it: "):
        account_of(Snapshot("binanceusdm", "a", "", payloads), "it")


def digits(value: Any) -> Any:
    """Numbers for JSON; a float of the same digits."""
    return float(value) if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("one", RECORDED, ids=IDS)
def test_a_folder_of_every_venue_s_answers_is_read(one: Recorded, tmp_path: Path) -> None:
    """Bitget, Gate and KuCoin have `/` in the names of their endpoints: `__` in a file's name, or folders."""
    for number, (name, answer) in enumerate(one.payloads.items()):
        file = tmp_path / f"{name if number % 2 else name.replace('/', '__')}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(answer, default=digits))
    found = read_file(tmp_path, one.venue)
    assert set(found.payloads) == set(one.payloads)
    assert len(account_of(found, "it")[1].positions) == len(one.kind.read(one.payloads, 0.0).positions)


@pytest.mark.parametrize("one", RECORDED, ids=IDS)
def test_nothing_is_missing_of_a_whole_read(one: Recorded) -> None:
    """The names of a venue's answers are those that its recorded accounts have."""
    assert missing(one.venue, one.payloads) == []


def test_a_folder_says_all_that_is_missing() -> None:
    """Not one file after the other."""
    folder = Snapshot("kucoinfutures", "a", "", {"positions": {}, "stopOrders": []}, folder=True)
    with pytest.raises(SnapshotError) as caught:
        account_of(folder, "it")
    assert "; missing: contracts__active.json, account__mode.json, account-overview.json (" in str(caught.value)


def test_a_page_that_stands_alone_is_the_only_page() -> None:
    """As a person saves it; in a file of `watchdog snapshot` it is a flaw."""
    one = next(one for one in RECORDED if one.venue == "kucoinfutures" and len(one.payloads["stopOrders"]) == 1)
    bare = {**one.payloads, "stopOrders": one.payloads["stopOrders"][0]}
    account_of(Snapshot(one.venue, "a", "", bare, folder=True), "it")
    with pytest.raises(SnapshotError, match="stopOrders: a list was due"):
        account_of(Snapshot(one.venue, "a", "", bare), "it")


def test_what_could_not_be_read_goes_along_with_its_error() -> None:
    """Cleaned with the rest, and named; alone it is a snapshot too, which says the error again."""
    flawed = {"positionRisk": [{"symbol": "X", "orderId": "123456789012345"}]}
    text = write(
        "binanceusdm", TAKEN, {}, (), "1", trouble="of ann@example.org",
        unread=Unread("positionRisk[0].markPrice: is missing", flawed, TAKEN + 60),
    )  # fmt: skip
    found = read_text(text, "it")
    assert (found.trouble, found.unread_why) == ("of removed", "positionRisk[0].markPrice: is missing")
    assert (found.unread_taken, found.unread["positionRisk"][0]["orderId"]) == ("2025-10-10T20:01:00+00:00", "1")
    with pytest.raises(SnapshotError, match=r"^it: exchangeInfo: "):
        account_of(found, "it")
