"""Rules are said back in plain words, and what would surprise is said too."""

from __future__ import annotations

from tests.rules.broken import COVER, HEAD
from tests.rules.full import FULL
from tests.rules.test_parse import SHIPPED, parse
from watchdog.rules.describe import describe


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
        "  repeated   critical and above: again after 30m, at most 3 times, until acknowledged",
    ]
    assert "  emergency  85% or more, in 2 readings in a row; over at 76.5% or less" in lines


def test_act_says_what_it_waits_for() -> None:
    """In mode act the words name the accounts, the first wait and the cap on moves, and no stop is called unsent."""
    text = 'protection = { mode = "act", accounts = { alt = "watch" } }\n' + COVER
    lines = describe(parse(text + 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'))
    assert "     account alt: watch: alerts only, no order is ever sent" in lines
    assert "     an account new to act shows its plan first, and for 10m only asks" in lines
    assert "     a resting stop is moved at most 20 times an hour; the first stop never waits" in lines
    assert not any("will not be sent" in line for line in lines)


def test_selectors_in_words() -> None:
    """Where, except and a condition of both kinds read as a sentence."""
    text = HEAD + 'where = { symbol = ["BTC*", "ETH*"], min_notional = 1500 }\nexcept.side = "short"\n'
    lines = describe(parse(text + 'only_if = { all = { notional = 10 }, any = { room_used = "5%" } }\n'))
    first = 'rule "r": room used of each position with symbol BTC* or ETH*, notional 1,500 USD or more, except with side short'  # noqa: E501 - one line of output
    assert first in lines
    assert "  only if    notional 10 USD or more, and room used 5% or more" in lines


def test_everything_the_grammar_has_is_said_back() -> None:
    """Hours, channels, steps, every place, what an unanswered question leads to."""
    lines = describe(parse(FULL))
    assert lines[:5] == [
        "mode ask: alerts, and the stops these rules ask for are proposed; you confirm each",
        "     account alt: watch: alerts only, no order is ever sent",
        "     account main: ask: alerts, and the stops these rules ask for are proposed; you confirm each",
        "     a resting stop is moved at most 7 times an hour; the first stop never waits",
        "blind: an account without a good read for 20s is a warning, for 1m30s critical",
    ]
    night, stop, size = (lines.index(line) for line in lines if line.startswith("rule "))
    assert lines[night : stop - 1] == [
        'rule "night": liquidation distance of each position',
        "  (how far mark is from the liquidation price)",
        "  only from  23:00 to 07:30 of the next day, Europe/Berlin",
        "  warn       below 15%; over at 16.5% or more",
        (
            "  critical   below 8% for 10s, in 3 readings in a row; over at 10% or more for 1m; "
            "told to phone, whatever its minimum level"
        ),
        "  emergency  below 2.5%; over at 2.75% or more; told to phone and house, whatever their minimum level",
        "  told       house, whatever its minimum level",
        "  repeated   critical and above: again after 1h, at most 3 times, until acknowledged",
        "  escalated  from critical on, 5m without an ack: phone too",
        "             from critical on, 1h30m without an ack: house too",
    ]
    assert lines[stop : size - 1] == [
        (
            'rule "stop": stop coverage of each position with account m*, venue binanceusdm, symbol BTCUSDT, '
            "side long, margin mode cross, except with account alt, symbol ETH*, notional 1,000 USD or more"
        ),
        "  (how much of the position resting stops close before liquidation)",
        (
            "  only if    shock distance below 20%, and at least one of: effective leverage 5x or more, "
            "room used 30% or more"
        ),
        "  critical   below 95%; over at 97.5% or more",
        "  stop       from critical on: stop-market, reduce-only, triggered on mark,",
        "             at the one of these that is nearest to mark:",
        "               at 60% of the way from entry to liquidation;",
        "               5% of the liquidation price before liquidation;",
        "               4% of the entry price away from entry;",
        "               where closing all of it loses 1.5% of equity, the exit's fee included;",
        "               where closing all of it loses 500 USDT, the exit's fee included;",
        "               at the price 90,000.5;",
        "             at least 1% (and fee and tick) before liquidation, 0.7% from mark, else no order and an alert",
        "             mark already past that place: nothing is sent, an alert says so",
        "             may be loosened by itself when liquidation moves away",
        "             in mode ask it is proposed, you confirm; without an answer it is sent after 3m",
        "  repeated   critical and above: again after 30m, at most 3 times, until acknowledged",
    ]


def test_a_question_without_an_answer_is_said() -> None:
    """In mode ask, of the file, of one account or of the rule, what silence leads to is in the words; else not."""
    stop = 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'
    asked = "             in mode ask it is proposed, you confirm; without an answer nothing is sent"
    act = 'protection.mode = "act"\n'
    for text in (
        'protection.mode = "ask"\n' + COVER + stop,
        act + 'protection.accounts.alt = "ask"\n' + COVER + stop,
        act + COVER + stop + 'mode = "ask"\n',
    ):
        assert asked in describe(parse(text))
    assert asked not in describe(parse(act + COVER + stop))
    assert asked not in describe(parse(COVER + stop + 'mode = "ask"\n'))


def test_what_act_sends_unanswered_is_said() -> None:
    """In mode act too a place already passed is asked about, and `no_answer` answers it."""
    stop = 'stop = { when = "critical", place = { from_entry = "4%" }, no_answer = "stop after 3m" }\n'
    passed = "             mark already past that place: nothing is sent, halfway to liquidation is proposed"
    said = describe(parse('protection.mode = "act"\n' + COVER + stop))
    assert f"{passed}; without an answer it is sent after 3m" in said
    assert passed in describe(parse(COVER + stop)), "in watch nothing is sent whatever the answer"


def test_what_a_rule_is_measured_on() -> None:
    """Room and leverage on pools as well, unless the rule picks positions or asks for what only they have."""
    both = 'rule "r": room used of each position and each pool of several'
    alone = 'rule "r": room used of each position'
    for rest, said in (
        ("", both),
        ('where.margin_mode = "cross"\n', f"{both} with margin mode cross"),
        ('except.account = "alt"\n', f"{both}, except with account alt"),
        ('only_if.all.margin_ratio = "20%"\nwhere.margin_mode = "cross"\n', f"{both} with margin mode cross"),
        ('where.margin_mode = "isolated"\n', f"{alone} with margin mode isolated"),
        ('where.side = "long"\n', f"{alone} with side long"),
        ("except.min_notional = 5\n", f"{alone}, except with notional 5 USD or more"),
        ("only_if.all.notional = 9\n", alone),
        ('critical = "70%"\nstop = { when = "critical", place = { from_entry = "5%" } }\n', both),
    ):
        lines = describe(parse(HEAD + rest))
        assert said in lines, lines


def test_a_rule_of_warnings_is_not_repeated() -> None:
    """Nothing is promised that is not done: a warning is said once, and escalates where a rule has nothing worse."""
    lines = describe(parse(HEAD + 'escalate = [{ after = "5m", notify = "phone" }]\n'))
    assert not any("repeated" in line for line in lines)
    assert "  escalated  from warn on, 5m without an ack: phone too" in lines
