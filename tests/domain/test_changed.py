"""`replace`: the same as the library's, on the values of this house."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.bench import Bench, account, position, shipped
from watchdog.domain.changed import replace


def test_it_is_the_librarys() -> None:
    """Equal in every field, the old one as it was, and hashed alike where the value is."""
    bench = Bench.with_rules(shipped())
    bench.read(account(position()))
    for value, changes in (
        (bench.state, {"wake": 1.0, "barred": "no"}),
        (bench.state.reads, {"owed": "a frame"}),
        (bench.guard(), {"generation": 7}),
        (position(), {}),
    ):
        before = dataclasses.replace(value)
        assert replace(value, **changes) == dataclasses.replace(value, **changes)
        assert value == before
        assert type(replace(value)) is type(value)
    assert hash(replace(position())) == hash(position())


def test_a_field_it_does_not_have_is_an_error() -> None:
    """As with the library's."""
    with pytest.raises(TypeError, match="has no colour"):
        replace(position(), colour="red")  # type: ignore[call-arg]


def test_what_is_more_than_its_slots_is_refused() -> None:
    """A value that does something when it is made would be copied without that."""

    @dataclasses.dataclass(frozen=True)
    class Loose:
        one: int
        two: int

    with pytest.raises(TypeError, match="not a value of slots alone"):
        replace(Loose(1, 2), one=3)
