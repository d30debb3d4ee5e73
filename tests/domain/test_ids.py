"""Order ids: whose, for which position, which generation, all in 32 digits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.domain.ids import OrderId, order_id, position_digits, read_order_id
from watchdog.domain.position import PositionKey, PositionSide

KEY = PositionKey("BTC/USDT:USDT", PositionSide.BOTH)


@given(
    installation=st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    account=st.text(max_size=40),
    symbol=st.text(max_size=40),
    side=st.sampled_from(PositionSide),
    generation=st.integers(0, 2**32 - 1),
)
def test_an_id_is_read_back_as_it_was_made(
    installation: str, account: str, symbol: str, side: PositionSide, generation: int
) -> None:
    """32 lower-case hex digits, whatever the names: every venue's client id takes that."""
    made = order_id(installation, account, PositionKey(symbol, side), generation)
    assert re.fullmatch(r"[0-9a-f]{32}", str(made))
    assert read_order_id(str(made)) == made


def test_the_position_is_named_alike_by_every_installation() -> None:
    """So another watchdog's stop on the same position can be told."""
    one, other = order_id("0" * 8, "main", KEY, 1), order_id("f" * 8, "main", KEY, 1)
    assert (one.position, one.generation) == (other.position, other.generation)
    assert one.installation != other.installation


def test_names_that_run_together_do_not_collide() -> None:
    """`a` + `bc` is not `ab` + `c`."""
    digits = {
        position_digits(account, PositionKey(symbol, side))
        for account in ("main", "mainB", "")
        for symbol in ("BTC/USDT:USDT", "TC/USDT:USDT", "")
        for side in PositionSide
    }
    assert len(digits) == 27


def test_it_stays_the_same_from_version_to_version() -> None:
    """A restart after an upgrade still knows its own stops."""
    assert str(order_id("0123abcd", "main", KEY, 10)) == "0123abcda5dd1a7faca115820000000a"


@pytest.mark.parametrize(
    "text",
    ["", "by-hand", "x" * 32, "0123ABCD" * 4, "0123abcd" * 4 + "0", "0123abcd" * 3, "0123abcd" * 3 + "0123abc\n"],
)
def test_anything_else_is_nobodys(text: str) -> None:
    """Upper case, another length, other characters."""
    assert read_order_id(text) is None


def test_an_id_of_our_shape_is_only_taken_apart() -> None:
    """Whether it is ours is for others to compare."""
    assert read_order_id("0123abcd" * 4) == OrderId("0123abcd", "0123abcd0123abcd", 0x0123ABCD)
