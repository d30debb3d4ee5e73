"""What leaves this machine in a snapshot: figures and markets, never who it was, never what lets somebody in."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.explain.recorded import IDS, RECORDED, Recorded
from watchdog.explain.account import to_json
from watchdog.snapshots.cleaning import cleaned

SECRET = "s3cr3tOfTheTest"  # noqa: S105 - of no account
WALLET = "0xAbCd000000000000000000000000000000001234"


@pytest.mark.parametrize("one", RECORDED, ids=IDS)
def test_what_is_cleaned_reads_the_same(one: Recorded) -> None:
    """Every reading of every recorded account comes out of its cleaned answers, to the last digit."""
    assert to_json(one.explained(cleaned(one.payloads, [SECRET, WALLET]))) == to_json(one.explained())


@pytest.mark.parametrize("one", RECORDED, ids=IDS)
def test_what_is_trimmed_and_cleaned_reads_the_same(one: Recorded) -> None:
    """As a snapshot is made: without the markets that nothing held needs."""
    assert to_json(one.explained(cleaned(one.kind.trim(one.payloads)))) == to_json(one.explained())


def test_names_of_people_accounts_and_orders_go() -> None:
    """By the name of their field, however it is spelt; the same thing becomes the same placeholder everywhere."""
    told = cleaned(
        {
            "config": {
                "uid": "44705892343619584",
                "mainUid": 44705892343619584,
                "label": "my key",
                "ip": "10.1.2.3, ::1",
            },
            "orders": [
                {"ordId": "2510789768709120", "algoClOrdId": "0a1b2c3d00112233", "sz": "1", "px": "2510789768709120"},
                {"orderId": "2510789768709120", "order_link_id": "", "clOrdId": "0", "linked": "0a1b2c3d00112233"},
            ],
            "state": {"user": WALLET, "vault": WALLET.lower(), "oid": 77738308, "note": "write to ann@example.org"},
        }
    )
    assert told == {
        "config": {"uid": "1", "mainUid": 1, "label": "id-2", "ip": "id-3"},
        "orders": [
            {"ordId": "4", "algoClOrdId": "id-5", "sz": "1", "px": "4"},
            {"orderId": "4", "order_link_id": "", "clOrdId": "0", "linked": "id-5"},
        ],
        "state": {"user": f"0x{6:040x}", "vault": f"0x{6:040x}", "oid": 7, "note": "id-8"},
    }


def test_a_position_is_no_longer_somebodys() -> None:
    """OKX names each position of each person; the name says nothing a reading needs."""
    told = cleaned({"positions": {"data": [{"posId": "2994537105471762432", "tradeId": "7", "pos": "3"}]}})
    assert told == {"positions": {"data": [{"posId": "1", "tradeId": "2", "pos": "3"}]}}


def test_an_id_of_a_machine_goes_a_name_of_a_market_stays() -> None:
    """`id` is an order here and a market there."""
    raw = {"a": [{"id": "vs9o4rpd8kjqv9n2000q"}, {"id": 5178923}, {"id": "BTC_USDT"}, {"id": 7}, {"id": "ETH"}]}
    assert [row["id"] for row in cleaned(raw)["a"]] == ["id-1", 2, "BTC_USDT", 7, "ETH"]


def test_secrets_go_wherever_they_stand() -> None:
    """In texts, in names of fields, in any spelling; addresses and mail too, though nobody named them."""
    raw = {"x": {f"of {SECRET}": [f"sig={SECRET.upper()}&", f"to {WALLET}", "at 10.0.0.1 by ann@example.org"]}}
    said = json.dumps(cleaned(raw, [SECRET]))
    assert SECRET.lower() not in said.lower()
    assert WALLET.lower() not in said.lower()
    assert "ann@" not in said
    assert "10.0.0.1" not in said


def test_figures_stay_as_they_are() -> None:
    """Numbers, zeros, empty texts, flags, nothing: of the same kind and the same digits."""
    raw = {
        "p": [{"entry": "0.00012300", "size": Decimal("1.50"), "n": 3, "no": None, "yes": True, "cum": "", "pct": 0.5}]
    }
    assert cleaned(raw) == raw
    assert str(cleaned(raw)["p"][0]["size"]) == "1.50"


def test_a_word_of_an_error_stays() -> None:
    """Gate says in `label` what went wrong; where others keep a name of the owner's, it goes."""
    assert cleaned({"a": {"label": "USER_NOT_FOUND"}, "b": {"label": "Ann"}}) == {
        "a": {"label": "USER_NOT_FOUND"},
        "b": {"label": "id-1"},
    }


def test_the_same_name_in_other_spellings_goes() -> None:
    """Gate repeats its long ids as `id_string`; names of accounts, traders, affiliates and notes of the owner's."""
    raw = {
        "a": {
            "order_id_string": "58828270140601928", "id_string": "58828270140601929", "order_id": 58828270140601928,
            "traderId": "77881", "accountName": "anna", "memo": "for Anna", "affiliateID": "x1",
        }
    }  # fmt: skip
    assert cleaned(raw)["a"] == {
        "order_id_string": "1", "id_string": "2", "order_id": 1, "traderId": "3", "accountName": "id-4",
        "memo": "id-5", "affiliateID": "id-6",
    }  # fmt: skip


def test_a_long_id_goes_inside_texts_too() -> None:
    """An error repeats whose account it is; a short one may be any number and stays."""
    raw = {
        "a": {"uid": "44705892343619584", "msg": "user 44705892343619584 of group 44705 has none", "subUid": "44705"}
    }
    assert cleaned(raw)["a"]["msg"] == "user 1 of group 44705 has none"


def test_addresses_of_both_kinds_go_and_times_stay() -> None:
    """IPv6 in all its spellings; a time of day and a market's name are none."""
    raw = {
        "a": ["from 2001:db8::1, not listed", "2001:db8:0:0:1::5", "::ffff:10.1.2.3", "at 03:09:46", "BTC/USDT:USDT"]
    }
    assert cleaned(raw)["a"] == ["from removed, not listed", "removed", "removed", "at 03:09:46", "BTC/USDT:USDT"]
