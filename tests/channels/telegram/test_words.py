"""What fits into a message and a button, and that nothing in it steers a screen."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st

from tests.botapi import markup
from watchdog.channels.telegram import words
from watchdog.domain.effects import Button
from watchdog.domain.verbs import Verb

LINES = st.lists(st.text(st.characters(codec="utf-8"), max_size=200), min_size=1, max_size=8)


@given(LINES)
def test_any_words_are_markup_the_server_reads(lines: list[str]) -> None:
    """Whatever a venue says: what is shown is those words, without control characters, the first in bold."""
    shown = words.as_html(lines)
    assert markup.read(shown) == words.as_plain(lines)
    assert not any(
        ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for line in words.as_plain(lines).split("\n") for c in line if c != "\t"
    )
    assert html.unescape(markup.bold(shown)) in ("", words.clean(lines[0]))


@given(LINES, st.integers(10, 60))
def test_a_split_loses_nothing_and_fits(lines: list[str], longest: int) -> None:
    """Every part is short enough as Telegram counts, and together they are what was meant, blanks at cuts aside."""
    parts = words.split(lines, longest)
    assert all(words.units("\n".join(part)) <= longest for part in parts)
    meant = "".join(words.as_plain(lines).split())
    assert "".join("".join("".join(part) for part in parts).split()) == meant


def test_a_split_is_made_at_line_ends_where_it_can_be() -> None:
    """Whole lines go together; only a line too long for one message is cut, at a blank near its end."""
    assert words.split(["aaaa", "bbbb", "cccc"], 9) == [["aaaa", "bbbb"], ["cccc"]]
    assert words.split(["one two three four five"], 12) == [["one two"], ["three four"], ["five"]]
    assert words.split(["x" * 25], 10) == [["x" * 10], ["x" * 10], ["x" * 5]]
    assert words.split(["\N{DOG FACE}" * 6], 10) == [["\N{DOG FACE}" * 5], ["\N{DOG FACE}"]]
    assert words.split([]) == [[""]]


def test_a_button_carries_all_it_needs() -> None:
    """And is understood again as it was meant."""
    button = Button("Silence 1h", Verb.SILENCE, "0123abcd", 3600.0)
    data = words.to_data(button, "main")
    assert data == "silence main 0123abcd 3600"
    assert words.from_data(data) == words.Tap(Verb.SILENCE, "main", "0123abcd", 3600.0)
    bare = words.to_data(Button("Arm", Verb.ARM, ""), "")
    assert bare == "arm - - 0"
    assert words.from_data(bare) == words.Tap(Verb.ARM, "", "", 0.0)


@given(
    st.sampled_from(Verb),
    st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True),
    st.integers(0, 604800),
)
def test_a_buttons_data_always_fits_or_the_button_is_left_out(
    verb: Verb, account: str, subject: str, seconds: int
) -> None:
    """64 bytes is all there is; the account may go where the subject alone says whose it is."""
    data = words.to_data(Button("x", verb, subject, float(seconds)), account)
    if data is None:
        assert verb in (Verb.DISARM, Verb.ARM)
        return
    assert len(data.encode()) <= 64
    tap = words.from_data(data)
    assert tap is not None
    assert (tap.verb, tap.subject, tap.seconds) == (verb, subject, seconds)
    assert tap.account in (account, "") or account == "-"


def test_what_sends_an_order_stands_alone() -> None:
    """The others share a row below it."""
    place = Button("Place stop", Verb.CONFIRM, "a", own_row=True)
    ack, quiet = Button("Ack", Verb.ACK, "b"), Button("Silence", Verb.SILENCE, "b", 60.0)
    rows = words.rows((ack, place, quiet), "main")
    assert [[label for label, _ in row] for row in rows] == [["Place stop"], ["Ack", "Silence"]]
    assert words.rows((), "main") == []
    assert words.rows((Button("odd", Verb.ACK, "two words"),), "main") == []


def test_a_messages_time_is_found_at_its_end() -> None:
    """In any zone's words; nothing else is taken for it."""
    assert words.stamp_of(("a", "03:12:04 CEST")) == "03:12 CEST"
    assert words.stamp_of(("a", "03:12:04")) == "03:12"
    assert words.stamp_of(("a", "read 03:12:04 CEST")) is None
    assert words.without_stamp(("a", "03:12:04 CEST")) == ("a",)
    for seen in ("seen", "seen by Ann · B, by phone"):
        for time in ("03:12:04 CEST", "03:12:04"):
            assert words.stamp_of(("a", f"{time} · {seen}")) == f"03:12{time[8:]}"
            assert words.without_stamp(("a", f"{time} · {seen}")) == ("a",)
            assert words.seen_in(("a", f"{time} · {seen}")) == seen
    assert words.seen_in(("a", "03:12:04 CEST")) == ""
    assert words.seen_in(()) == ""
    assert words.stamp_of(("a", "03:12:04 CEST · seen it")) is None
    assert words.without_stamp(("a", "b")) == ("a", "b")


def test_a_name_is_made_harmless() -> None:
    """People choose their own: no line breaks, nothing unprintable, not long, never empty."""
    assert words.who("Ann", "phone") == "Ann, by phone"
    assert words.who("A\n\u202enn\x00", "phone") == "A nn, by phone"
    assert words.who("\u200b\n", "phone") == "somebody, by phone"
    assert words.who("x" * 99, "phone") == f"{'x' * 32}, by phone"


def test_a_toast_is_one_short_line() -> None:
    """And tells whether it is all of the reply."""
    assert words.toast("2 acknowledged") == ("2 acknowledged", True)
    assert words.toast("a\nb") == ("a b", False)
    short, whole = words.toast("x" * 300)
    assert (len(short), whole) == (200, False)
