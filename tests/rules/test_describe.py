"""Rules are said back in plain words, and what would surprise is said too."""

from __future__ import annotations

from tests.rules.broken import COVER, HEAD
from tests.rules.test_parse import SHIPPED, parse
from watchdog.rules.describe import advise, describe


def test_the_shipped_file_said_back() -> None:
    """Mode, blind times, every level with its clear, the condition and the stop are in the words."""
    lines = describe(parse(SHIPPED))
    assert lines[:2] == [
        "mode watch: alerts only, no order is ever sent",
        "blind: an account without a good read for 15s is a warning, for 45s critical",
    ]
    assert lines[lines.index('rule "no stop": stop coverage of each position') :] == [
        'rule "no stop": stop coverage of each position',
        "  (how much of the position resting stops close before liquidation)",
        (
            "  only if    at least one of: effective leverage 5x or more, room used 30% or more, "
            "liquidation distance below 15%"
        ),
        "  critical   below 95% for 1m; over at 97.5% or more",
        "  stop       from critical on: stop-market, reduce-only, triggered on mark,",
        "             at 60% of the way from entry to liquidation;",
        "             at least 0.5% (and fee and tick) before liquidation, 0.5% from mark, else no order and an alert",
        "             mark already past that place: nothing is sent, halfway to liquidation is proposed",
        "             only ever tightened by itself",
        "             will not be sent: mode is watch",
        "  repeated   every 30m while it lasts",
    ]
    assert "  emergency  85% or more, in 2 readings in a row; over at 76.5% or less" in lines


def test_act_says_what_it_waits_for() -> None:
    """In mode act the words name the accounts, the first wait and the cap on moves, and no stop is called unsent."""
    text = 'protection = { mode = "act", accounts = { alt = "watch" } }\n' + COVER
    lines = describe(parse(text + 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'))
    assert "     account alt: watch: alerts only, no order is ever sent" in lines
    assert "     an account new to act shows its plan first and waits 10m" in lines
    assert "     a resting stop is moved at most 20 times an hour; the first stop never waits" in lines
    assert not any("will not be sent" in line for line in lines)


def test_selectors_in_words() -> None:
    """Where, except and a condition of both kinds read as a sentence."""
    text = HEAD + 'where = { symbol = ["BTC*", "ETH*"], min_notional = 1500 }\nexcept.side = "short"\n'
    lines = describe(parse(text + 'only_if = { all = { notional = 10 }, any = { room_used = "5%" } }\n'))
    first = 'rule "r": room used of each position with symbol BTC* or ETH*, notional 1,500 USD or more, except with side short'  # noqa: E501 - one line of output
    assert first in lines
    assert "  only if    notional 10 USD or more, and room used 5% or more" in lines


def test_advice_names_what_will_not_be_sent() -> None:
    """A stop under watch, a mode without effect: told with the line of the rule, and loaded all the same."""
    stop = 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'
    watching = parse(
        'protection.accounts = { main = "act" }\n' + COVER + stop + HEAD.replace('"r"', '"b"') + 'mode = "act"\n'
    )
    assert list(map(str, advise(watching))) == [
        'rules.toml: account "main" is set to act without effect: the global mode is watch',
        'rules.toml:2:1: the stop of rule "r" will not be sent: mode is watch',
        'rules.toml:7:1: the mode of rule "b" has no effect: the rule does nothing but alert',
    ]
    capped = parse('protection.mode = "act"\n' + COVER + stop + 'mode = "watch"\n')
    assert [note.text for note in advise(capped)] == [
        'the stop of rule "r" will not be sent: the rule\'s own mode is watch'
    ]
    assert advise(parse('protection.mode = "act"\n' + COVER + stop)) == ()
