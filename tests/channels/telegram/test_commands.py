"""Commands as people write them: each is understood, or its mistake is explained; answers are short."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.telegram.support import Desk, idle_account
from watchdog.channels.telegram import commands, shown
from watchdog.domain.effects import Reply


async def say(text: str, desk: Desk | None = None) -> list[str]:
    """What comes back."""
    asked = commands.parse(text, "dog_bot")
    assert asked is not None
    return await commands.answer(desk or Desk(), asked, "Ann, by phone")


def test_only_commands_to_this_bot_are_commands() -> None:
    """With its name in any case; not in the middle of a sentence."""
    assert commands.parse("/Status@Dog_Bot", "dog_bot") == commands.Asked("status", ())
    assert commands.parse(" /silence  BTC\n1h ", "dog_bot") == commands.Asked("silence", ("BTC", "1h"))
    for text in ("/status@cat_bot", "status", "see /status", "/", "/ status", ""):
        assert commands.parse(text, "dog_bot") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/ack", ("ack", "main", "", 0.0)),
        ("/ack BTC", ("ack", "", "BTC", 0.0)),
        ("/silence BTC 1h", ("silence", "", "BTC", 3600.0)),
        ("/silence 1h30m 0123abcd", ("silence", "", "0123abcd", 5400.0)),
        ("/unsilence", ("unsilence", "main", "", 0.0)),
        ("/unsilence BTC", ("unsilence", "", "BTC", 0.0)),
        ("/disarm 2h", ("disarm", "", "", 7200.0)),
        ("/disarm main 2h", ("disarm", "main", "", 7200.0)),
        ("/disarm 2h main", ("disarm", "main", "", 7200.0)),
        ("/arm", ("arm", "", "", 0.0)),
        ("/arm main", ("arm", "main", "", 0.0)),
    ],
)
async def test_each_command_tells_the_daemon_what_it_means(text: str, told: tuple[str, str, str, float]) -> None:
    """Verb, account, subject, seconds; and the daemon's own words come back."""
    desk = Desk()
    assert await say(text, desk) == [f"{told[0]} done"]
    assert desk.told == [(*told, "Ann, by phone")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/disarm", "For how long?"),
        ("/disarm main", "For how long?"),
        ("/disarm 0s", '"0s": must be longer than nothing.'),
        ("/disarm 1,5h", '"1,5h" is no time: write it as "10s", "5m" or "1h30m".'),
        ("/silence 0123abcd", "For how long?"),
        ("/disarm 2", '"2" has no unit: write "2s" or "2m".'),
        ("/disarm 30d", '"30d" is no time: write it as "10s", "5m" or "1h30m".'),
        ("/disarm 200h", '"200h" is too long: at most 168h.'),
        ("/disarm a b 2h", "One account at a time."),
        ("/silence 1h", "Silence what? Name a coin, a symbol or an alert."),
        ("/silence BTC", "For how long?"),
        ("/silence BTC ETH 1h", "Silence what? Name a coin, a symbol or an alert."),
        ("/ack BTC ETH", "One thing at a time."),
        ("/unsilence BTC ETH", "One thing at a time."),
        ("/arm a b", "One account at a time."),
        ("/why", "Why what? Name a coin, a symbol or a pool."),
        ("/status now", "It needs no more words."),
    ],
)
async def test_a_command_that_can_not_be_meant_is_explained(text: str, why: str) -> None:
    """What is wrong, and how it is written; the daemon hears nothing."""
    desk = Desk()
    first, usage = await say(text, desk)
    assert first == why
    assert usage.startswith(text.split(" ", maxsplit=1)[0])
    assert desk.told == []


async def test_an_unknown_command_names_the_near_one() -> None:
    """And where the list is."""
    assert await say("/statsu") == ['I don\'t know /statsu, did you mean "/status"?', "/help lists what I know"]


async def test_a_refusal_is_no_success() -> None:
    """What the daemon did not do can't be read as done."""
    assert await say("/arm", Desk(reply=Reply("", "which account? a, b", ok=False))) == [
        "NOT DONE: which account? a, b"
    ]


async def test_an_ack_of_everything_goes_to_every_account() -> None:
    """Each answers for itself."""
    desk = Desk(accounts=("main", "alt"))
    assert await say("/ack", desk) == ["main: ack done", "alt: ack done"]
    assert [told[1] for told in desk.told] == ["main", "alt"]


async def test_help_lists_every_command() -> None:
    """All that the menu offers."""
    said = await say("/help")
    assert [line.split(" ")[0] for line in said[1:]] == [f"/{name}" for name, _ in commands.MENU]


# ── what /status and /positions show ──────────────────────────────────────────────────────────────────────────────────


def figure(value: str, unit: str) -> dict[str, str]:
    """A reading that is known."""
    return {"value": value, "unit": unit, "source": "venue"}


def held(**more: Any) -> dict[str, Any]:
    """A position as `watchdog status` has it."""
    return {
        "symbol": "BTC/USDT:USDT",
        "side": "long",
        "margin": "isolated",
        "size": "0.5",
        "entry": "116,832.1",
        "mark": figure("112952.00000000", "price"),
        "liquidation_venue": figure("111441.2", "price"),
        "liquidation_near": figure("111441.2", "price"),
        "liquidation_distance": figure("0.01337", "share"),
        "room_used": figure("0.72", "share"),
        "margin_ratio": figure("0.4", "share"),
        "effective_leverage": figure("18.44", "times"),
        "unrealised": figure("-1940.06", "money"),
        "stop_coverage": figure("1", "share"),
        "stops": [
            {
                "whose": "mine",
                "trigger": "112,500.0",
                "on": "mark",
                "size": "all",
                "judged": "closes all of it",
                "id": "x",
            }
        ],
        "vanished": False,
    } | more


POOL = {
    "asset": "USDT",
    "equity": figure("41210.5", "money"),
    "margin_ratio": figure("0.12", "share"),
    "shock_distance": figure("0.077", "share"),
    "doubted": False,
}


def test_status_says_first_whether_all_is_well() -> None:
    """One account, its read, its nearest position, its pool."""
    account = idle_account("main") | {"positions": [held()], "pools": [POOL], "mode": "act", "sends": "yes"}
    assert shown.status({"accounts": [account], "channels": []}) == [
        "ALL WELL · 1 account, 1 position",
        "",
        "main · binanceusdm · mode act, may send orders",
        "Read 03:12:04 CEST, 2 s ago",
        "Nearest: BTC long 1.3% from liquidation, stop covers 100%",
        "Pool USDT: equity 41,210, ratio 12%, all together 7.7% away",
    ]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            {"alerts": [{"key": "k", "level": "warn", "acknowledged": True, "says": ["WARN · BTC"]}]},
            "Fires: WARN · BTC (acknowledged)",
        ),
        ({"alerts": [{"key": "k", "level": "warn", "acknowledged": False, "says": []}]}, "Fires: k"),
        ({"barred": "the key can withdraw"}, "NOT WATCHED: the key can withdraw"),
        ({"age": None, "read_at": None}, "Never read: nothing is known"),
        ({"age": 94.0}, "NO GOOD READ for 94 s, last at 03:12:04 CEST"),
        ({"reads_fail": "HTTP 503"}, "Reads fail: HTTP 503"),
    ],
)
def test_anything_wrong_is_no_all_well(more: dict[str, Any], line: str) -> None:
    """An alert, an account that can't be read, or one never read."""
    said = shown.status({"accounts": [idle_account("main") | more], "channels": []})
    assert said[0].startswith("NOT ALL WELL · ")
    assert line in said


def test_a_channel_that_reaches_nobody_is_no_all_well() -> None:
    """Told where another channel still works."""
    dead = {"channel": "phone/8", "waiting": 3, "fails": "the chat takes nothing from the bot", "for": 40.2}
    said = shown.status({"accounts": [idle_account("main")], "channels": [dead]})
    assert (said[0][:12], said[-1]) == (
        "NOT ALL WELL",
        "phone/8 REACHES NOBODY for 40 s: the chat takes nothing from the bot; 3 wait",
    )


def test_positions_show_what_each_stands_on() -> None:
    """In the venue's precision, with every stop and what it is worth."""
    account = idle_account("main") | {"positions": [held()]}
    assert shown.positions({"accounts": [account]}) == [
        "main · read 03:12:04 CEST, 2 s ago",
        "",
        "BTC/USDT:USDT long 0.5 · isolated",
        "Mark 112,952.0 · liq 111,441.2 · 1.3% from liquidation, stop covers 100%",
        "Entry 116,832.1 · uPnL −1,940 · room used 72% · 18.4×",
        "Stop: mine 112,500.0 on mark, all: closes all of it",
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"stops": []}, "NO STOP"),
        ({"stop_coverage": figure("0", "share")}, "STOP DOES NOT COVER"),
        ({"stop_coverage": {"unknown": "no size"}}, "stop rests, cover UNKNOWN"),
        ({"liquidation_distance": {"unknown": "no mark"}}, "distance UNKNOWN"),
        (
            {"liquidation_distance": {"never": "ours"}, "liquidation_near": {"never": "ours"}},
            "can't be liquidated by any price",
        ),
        ({"mark": {"unknown": "stale"}}, "Mark UNKNOWN"),
        ({"margin_ratio": figure("inf", "share"), "room_used": figure("inf", "share")}, "room used ∞"),
        ({"vanished": True}, "GONE? waiting for a second read"),
    ],
)
def test_what_is_not_known_or_not_safe_is_said_in_capitals(more: dict[str, Any], words: str) -> None:
    """Unknown never looks like a number, nor a stop that does not cover like one that does."""
    account = idle_account("main") | {"positions": [held(**more)]}
    assert words in "\n".join(shown.positions({"accounts": [account]}))


def test_an_account_without_positions_says_so() -> None:
    """Empty, or not read at all."""
    accounts = [idle_account("main"), idle_account("alt") | {"age": None, "read_at": None}]
    assert shown.positions({"accounts": accounts}) == [
        "main · read 03:12:04 CEST, 2 s ago",
        "No open position",
        "",
        "alt · never read",
        "Nothing is known yet",
    ]
