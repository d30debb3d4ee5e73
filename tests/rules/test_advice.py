"""What is allowed and will not do what it may seem to is said, with its line; what will do it is left in peace."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.broken import COVER, HEAD
from tests.rules.test_parse import SHIPPED, parse
from watchdog.domain.effects import Level
from watchdog.rules.advice import advise
from watchdog.rules.covering import globs_cover, selector_covers
from watchdog.rules.evaluate import Subject, selects
from watchdog.rules.schema import Metric, Rule, Selector

ACT = 'protection.mode = "act"\n'
ASK = 'protection.mode = "ask"\n'
STOP = 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'
SHOCK = HEAD.replace("room_used", "shock_distance")
B_COVER = COVER.replace('"r"', '"b"')
B_HEAD = HEAD.replace('"r"', '"b"')
B_SOONER = B_HEAD.replace("50%", "40%")
B_LATER = B_HEAD.replace("50%", "60%")


def place(text: str, rest: str = "") -> str:
    """A stop at a place."""
    return f'stop = {{ when = "critical", place = {{ {text} }}{rest} }}\n'


def notes(text: str, accounts: dict[str, str] | None = None, channels: dict[str, Level] | None = None) -> list[str]:
    """What is said of a rules file, without its name."""
    return [str(note).removeprefix("rules.toml:") for note in advise(parse(text), accounts, channels)]


def test_the_shipped_file_would_only_not_send() -> None:
    """Of the shipped file one thing is said, that its stop waits for another mode; under act and ask nothing."""
    assert notes(SHIPPED) == ['41:1: the stop of rule "no stop" will not be sent: mode is watch']
    assert notes(SHIPPED.replace('mode = "watch"', 'mode = "act"')) == []
    assert notes(SHIPPED.replace('mode = "watch"', 'mode = "ask"')) == []


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # modes
        (
            ASK + 'protection.accounts.main = "act"\n' + HEAD,
            ' account "main" is set to act without effect: the global mode is ask',
        ),
        (ASK + COVER + STOP + 'mode = "act"\n', '2:1: mode act of rule "r" has no effect: the global mode is ask'),
        (
            ACT + COVER + place('from_entry = "5%"', ', no_answer = "stop after 3m"'),
            (
                '2:1: no_answer of rule "r" is only for a place that mark has passed already: '
                "in mode act nothing else is asked about"
            ),
        ),
        (
            ACT + COVER + place('from_entry = "5%"', ', if_past = "alert", no_answer = "stop after 3m"'),
            (
                '2:1: no_answer of rule "r" has no effect: in mode act only a place that mark has passed already is '
                'asked about, and if_past = "alert" asks nothing'
            ),
        ),
        # what can never fire
        (
            SHOCK + 'where.margin_mode = "isolated"\n',
            '1:1: rule "r" never fires: shock_distance is measured on pools, and no isolated position is in one',
        ),
        (
            HEAD + 'where.symbol = "BTCUSDT"\nexcept.symbol = "BTC*"\n',
            '1:1: rule "r" never fires: its except leaves nothing of its where',
        ),
        (
            HEAD + 'except.side = ["long", "short"]\n',
            '1:1: rule "r" never fires: its except leaves nothing of its where',
        ),
        (
            SHOCK + 'except.margin_mode = "cross"\n',
            '1:1: rule "r" never fires: its except leaves nothing of its where',
        ),
        (
            HEAD.replace('"50%"', '{ at = "50%", hold = "30m" }') + 'between = "23:45-00:15 UTC"\n',
            '1:1: warn of rule "r" never fires: it must hold for 30m, and the rule counts for 30m at a time',
        ),
        (
            HEAD + 'where.symbol = ["BTCUSDT", "BTC-USDT"]\n',
            (
                '1:1: where of rule "r": no symbol is written "BTC-USDT"; '
                'write "BTCUSDT", "BTC/USDT:USDT" or, for all of a coin, "BTC*"'
            ),
        ),
        (
            HEAD + 'except.symbol = "BTC"\n',
            (
                '1:1: except of rule "r": no symbol is written "BTC"; '
                'write "BTCUSDT", "BTC/USDT:USDT" or, for all of a coin, "BTC*"'
            ),
        ),
        # levels and conditions
        (
            HEAD + 'critical = "70%"\nonly_if.all.room_used = "75%"\n',
            (
                '1:1: critical of rule "r" (70% or more) fires later than that: only_if asks for room used 75% or more',
                (
                    '1:1: warn of rule "r" (50% or more) never fires alone: '
                    "only_if asks for room used 75% or more, and there critical is reached"
                ),
            ),
        ),
        (
            COVER.replace("critical", "warn") + 'only_if.any.stop_coverage = "50%"\n',
            '1:1: warn of rule "r" (below 95%) fires later than that: only_if asks for stop coverage below 50%',
        ),
        (
            HEAD + 'only_if.any = { room_used = "50%", notional = 9 }\n',
            (
                '1:1: only_if of rule "r" asks for room used 50% or more: '
                'its whole "any" is always true where a level is reached'
            ),
        ),
        (
            HEAD + 'only_if.all = { room_used = "40%", notional = 9 }\n',
            '1:1: only_if of rule "r" asks for room used 40% or more: it is always true where a level is reached',
        ),
        (
            HEAD.replace("room_used", "margin_ratio") + 'critical = { at = "60%", clear = "0%" }\n',
            '1:1: critical of rule "r" is never over while anything is open: it clears at 0 only',
        ),
        # rules that add nothing
        (
            HEAD + B_HEAD + 'where.side = "long"\n',
            '5:1: rule "b" adds nothing: rule "r" in line 1 says as much of it all, no later',
        ),
        (
            HEAD + 'where.symbol = "ETHUSDT"\n' + B_SOONER + 'critical = "50%"\nwhere.symbol = "E*"\n',
            '1:1: rule "r" adds nothing: rule "b" in line 6 says as much of it all, no later',
        ),
        (
            ACT + COVER + STOP + B_COVER + place('entry_to_liquidation = "70%"'),
            (
                '7:1: rule "b" adds nothing: rule "r" in line 2 says as much of it all, no later',
                (
                    '7:1: the stop of rule "b" matters only where mark has passed that of rule "r" in line 2 '
                    "(at 60% of the way from entry to liquidation): the nearest wins"
                ),
            ),
        ),
        (
            ACT + COVER + STOP + B_COVER.replace("95%", "90%") + STOP + 'notify = "phone"\n',
            '7:1: the stop of rule "b" adds nothing: that of rule "r" in line 2 has the same place',
        ),
        (
            ACT + COVER + place('nearest = [{ from_entry = "4%" }, { max_loss = "9 USDT" }]')
            + B_COVER + place('from_entry = "5%"') + 'where.side = "long"\nnotify = "phone"\n',
            (
                '7:1: the stop of rule "b" matters only where mark has passed that of rule "r" in line 2 (at the '
                "nearest to mark of: 4% of the entry price away from entry; or where closing all of it loses 9 USDT, "
                "the exit's fee included): the nearest wins"
            ),
        ),
        # stops
        (
            ACT + COVER + STOP + 'between = "9:00-17:00 UTC"\n',
            '2:1: the stop of rule "r" is placed only from 09:00 to 17:00, UTC',
        ),
        (
            ACT + COVER + place('before_liquidation = "0.5%"'),
            (
                '2:1: the stop of rule "r" is kept further from liquidation than 0.5%: '
                "clearance asks for 0.5%, fee and tick"
            ),
        ),
        (
            ACT + COVER + 'where.symbol = "BTCUSDT"\n' + place("price = 90000"),
            (
                '2:1: rule "r" has a price and no side: a stop below mark closes a long, above mark a short; '
                'add where = { side = "long" } or "short"'
            ),
        ),
    ],
)  # fmt: skip
def test_what_may_surprise_is_said(text: str, said: str | tuple[str, ...]) -> None:
    """Each note, with the line of its rule, and nothing besides; the file loads all the same."""
    assert sorted(notes(text)) == sorted([said] if isinstance(said, str) else said)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + B_HEAD + "notify = 'phone'\n",
        HEAD + "where.side = 'long'\n" + B_HEAD + "where.side = 'short'\n",
        HEAD + B_HEAD.replace("50%", "40%") + "where.side = 'long'\n",
        HEAD + "except.symbol = 'ETH*'\n" + B_LATER,
        HEAD + "between = '9:00-17:00 UTC'\n" + B_LATER,
        HEAD + "only_if.all.notional = 9\n" + B_LATER,
        HEAD + B_LATER + "repeat = '5m'\n",
        HEAD + B_LATER + "escalate = [{ after = '5m', notify = 'phone' }]\n",
        HEAD.replace('"50%"', '{ at = "50%", hold = "1m" }') + B_LATER,
        HEAD + B_LATER.replace("warn", "emergency"),
        ACT + COVER + STOP + B_COVER + place('from_entry = "5%"') + "notify = 'phone'\n",
        ACT + COVER + STOP + B_COVER.replace("95%", "90%") + place('entry_to_liquidation = "50%"'),
        ACT + COVER + "mode = 'ask'\n" + STOP + B_COVER.replace("95%", "90%") + STOP + "notify = 'phone'\n",
        HEAD
        + "where.symbol = ['BTCUSDT', 'ETH/USDT:USDT', 'ETHBTC', 'BTC/USDT:USDT-260327', 'BTCUSDT_260327', 'DO*E']\n",
        HEAD + "except.side = 'long'\n",
        HEAD.replace('"50%"', '{ at = "50%", hold = "29m" }') + "between = '23:45-00:15 UTC'\n",
        ACT
        + COVER
        + STOP
        + B_COVER.replace("95%", "90%")
        + place('entry_to_liquidation = "60%"', ', clearance = { liquidation = "2%" }')
        + "notify = 'phone'\n",
        SHOCK + "where.symbol = 'BTCUSDT'\nexcept.symbol = 'BTCUSDT'\n",
        HEAD + "only_if.any = { room_used = '75%', notional = 9 }\n",
        ASK + COVER + place('from_entry = "5%"', ', no_answer = "stop after 3m"'),
        ACT + COVER + 'where = { symbol = "BTCUSDT", side = "long" }\n' + place("price = 90000"),
    ],
)
def test_what_will_work_is_left_in_peace(text: str) -> None:
    """A rule that tells others, sooner, of more or for longer is not shadowed; a good rule gets no note."""
    assert notes(text) == []


def test_accounts_and_venues_that_never_meet() -> None:
    """With the accounts known, a rule of an account at another venue is told to be dead."""
    text = HEAD + 'where = { account = "main", venue = "binanceusdm" }\n'
    assert notes(text, {"main": "binanceusdm"}) == []
    assert notes(text, {"main": "another", "alt": "binanceusdm"}) == [
        '1:1: rule "r" never fires: no account of watchdog.toml is both such an account and at such a venue'
    ]


@pytest.mark.parametrize(
    ("selectors", "dead"),
    [
        ("except.account = ['main', 'alt']", True),
        ("except.account = 'm*'", False),
        ("except.venue = 'binanceusdm'", True),
        ("where.account = 'main'\nexcept = { account = 'm*', venue = 'binanceusdm' }", True),
        ("where.side = 'long'\nexcept = { venue = 'binanceusdm', side = 'long' }", True),
        ("where.side = 'long'\nexcept = { account = 'alt', side = 'long' }", False),
        ("where.margin_mode = 'isolated'\nexcept = { venue = 'binanceusdm', side = 'long' }", False),
        ("except = { venue = 'binanceusdm', side = ['long', 'short'] }", True),
        ("except = { venue = 'binanceusdm', min_notional = 5 }", False),
    ],
)
def test_an_except_of_every_account_there_is(selectors: str, dead: bool) -> None:
    """Every account or venue of watchdog.toml is left out by its name: the rule is told to be dead."""
    said = ['1:1: rule "r" never fires: its except leaves no account of watchdog.toml'] if dead else []
    assert notes(HEAD + selectors + "\n", {"main": "binanceusdm", "alt": "binanceusdm"}) == said
    assert notes(HEAD + selectors + "\n") == []


def test_what_no_channel_would_hear() -> None:
    """Levels below every channel's minimum, of rules and of BLIND; a rule that names its channels is heard by them."""
    text = HEAD + 'critical = "70%"\n' + B_HEAD.replace("50%", "40%") + 'notify = "phone"\n'
    assert notes(text, channels={"phone": Level.INFO, "house": Level.EMERGENCY}) == []
    assert notes(text, channels={"phone": Level.CRITICAL}) == [
        " no channel hears the warn of an account that is blind: the lowest min_level of all channels is critical",
        '1:1: no channel hears warn of rule "r": the lowest min_level of all channels is critical',
    ]
    assert notes(text, channels={"phone": Level.EMERGENCY}) == [
        (
            " no channel hears the warn and critical of an account that is blind: "
            "the lowest min_level of all channels is emergency"
        ),
        '1:1: no channel hears warn and critical of rule "r": the lowest min_level of all channels is emergency',
    ]


def test_an_escalation_to_who_knows_already() -> None:
    """A channel that hears each level at once, or an earlier step, is no escalation; one that hears some may be."""
    steps = 'escalate = [{ after = "5m", notify = "house" }, { after = "1h", notify = ["phone", "house"] }]\n'
    text = HEAD + 'critical = "70%"\nnotify = "phone"\n' + steps
    channels = {"phone": Level.INFO, "house": Level.CRITICAL}
    assert notes(text, channels=channels) == [
        '1:1: rule "r" escalates to phone after 1h, which hears of each level at once already',
        '1:1: rule "r" escalates to house after 1h, which was told after 5m already',
    ]
    by_level = HEAD + 'critical = "70%"\nescalate = [{ after = "5m", notify = "house" }]\n'
    assert notes(by_level, channels=channels) == []
    assert notes(by_level, channels={"house": Level.WARN}) == [
        '1:1: rule "r" escalates to house after 5m, which hears of each level at once already'
    ]


_GLOBS = st.lists(st.sampled_from(["a", "b", "ab", "a*", "*b", "*", "?", "a?", "[ab]", "[!a]"]), max_size=2)
_SYMBOLS = st.lists(st.sampled_from(["BTCUSDT", "btc/usdt:usdt", "BTC*", "*USDT", "*", "ETH?USDT", "E*"]), max_size=2)
_SELECTORS = st.builds(
    Selector,
    account=_GLOBS.map(tuple),
    symbol=_SYMBOLS.map(tuple),
    side=st.sampled_from([(), ("long",), ("short",), ("long", "short")]),
    min_notional=st.sampled_from([None, Decimal(5), Decimal(10)]),
)
_SUBJECTS = [
    Subject(account, "v", (symbol,), (side,), ("cross",), (notional,))
    for account, symbol, side, notional in product(
        ("a", "b", "ab", "ba", "c"),
        ("BTC/USDT:USDT", "ETH/USDT:USDT", "ETH/USDC:USDC"),
        ("long", "short"),
        (Decimal(4), Decimal(5), Decimal(10)),
    )
]


def test_a_glob_that_covers_another_matches_all_of_it() -> None:
    """Every pair of patterns against every short name: a yes is always right, and the plain ones are seen."""
    globs = ["a", "b", "ab", "a*", "*b", "*", "?", "a?", "?*", "[ab]", "[!a]", "*]", "[[]*", "a*b", "**"]
    names = ["".join(name) for size in range(4) for name in product("ab[]", repeat=size)]
    for wide, narrow in product(globs, repeat=2):
        if globs_cover((wide,), (narrow,)):
            assert all(fnmatchcase(name, wide) for name in names if fnmatchcase(name, narrow)), (wide, narrow)
    assert globs_cover(("a*",), ("ab", "a?", "a*b"))
    assert not globs_cover(("a*",), ())
    assert globs_cover(("long", "short"), (), ("long", "short"))


@given(_SELECTORS, _SELECTORS)
def test_a_selector_that_covers_another_selects_all_of_it(wide: Selector, narrow: Selector) -> None:
    """Whatever the globs: a subject of the narrow one is one of the wide one. So no rule is called shadowed wrongly."""

    def of(where: Selector) -> Rule:
        return Rule("r", Metric.ROOM_USED, {}, where, None, None, None, None, 0, 1)

    if selector_covers(wide, narrow):
        assert all(selects(of(wide), subject) for subject in _SUBJECTS if selects(of(narrow), subject))
