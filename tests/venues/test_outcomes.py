"""What an error answer to an order means. Codes and their words: Binance's error-code page, USDⓈ-M futures."""

from __future__ import annotations

import pytest

from watchdog.domain.facts import Rejected, RejectKind, Unresolved
from watchdog.venues.binanceusdm.outcomes import STATUS_UNKNOWN, classify

MAY_STAND = [
    (400, "-1000"),
    (400, "-1001"),
    (400, "-1006"),
    (408, "-1007"),
    (400, "-1007"),
    (503, "-1008"),
    (400, "-1016"),
    (400, "-5041"),
    (408, None),
    (408, "-2021"),
    (500, None),
    (502, None),
    (503, None),
    (504, None),
    (503, "-2021"),
    (400, None),
    (409, None),
    (200, "-1000"),
    (400, "odd"),
    (302, None),
]
DOES_NOT_STAND = [
    (400, "-1003"),
    (400, "-1015"),
    (400, "-1021"),
    (400, "-1022"),
    (400, "-1102"),
    (400, "-1106"),
    (400, "-1111"),
    (400, "-1121"),
    (400, "-2010"),
    (400, "-2011"),
    (400, "-2013"),
    (401, "-2014"),
    (401, "-2015"),
    (400, "-2021"),
    (400, "-2022"),
    (400, "-4014"),
    (400, "-4045"),
    (400, "-4116"),
    (400, "-4130"),
    (400, "-4164"),
    (400, "-20132"),
    (400, "-5028"),
    (429, "-1003"),
    (418, "-1003"),
    (200, "-2021"),
]


@pytest.mark.parametrize(("http", "code"), MAY_STAND)
def test_what_may_have_been_accepted_is_unresolved(http: int, code: str | None) -> None:
    """Every 5xx, every time-out, every code that says or allows "execution status unknown"."""
    assert isinstance(classify(http, code, "words"), Unresolved)


@pytest.mark.parametrize(("http", "code"), DOES_NOT_STAND)
def test_what_was_surely_refused_is_rejected_with_its_code(http: int, code: str) -> None:
    """Filters, limits, keys, clocks and duplicates: the core gets Binance's own code to go by."""
    answer = classify(http, code, "words")
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.message) == (code, "words")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("-4116", RejectKind.DUPLICATE),
        ("-20132", RejectKind.DUPLICATE),
        ("-2021", RejectKind.WOULD_TRIGGER),
        ("-4142", RejectKind.WOULD_TRIGGER),
        ("-2022", RejectKind.OTHER),
    ],
)
def test_a_refusal_says_what_it_means(code: str, kind: RejectKind) -> None:
    """A taken id is looked up, a stop past its trigger is told: the core needs no code of Binance's for either."""
    assert classify(400, code, "words") == Rejected(code, "words", kind)


@pytest.mark.parametrize("http", [401, 403, 404, 418, 429, 451])
def test_a_refusal_without_the_venue_s_words_carries_the_status(http: int) -> None:
    """A firewall or a limit refuses before anything is accepted."""
    assert classify(http, None, "words") == Rejected(str(http), "words")


@pytest.mark.parametrize("code", sorted(STATUS_UNKNOWN))
@pytest.mark.parametrize("http", [200, 400, 401, 408, 429, 503])
def test_an_unknown_status_stays_unknown_under_any_http_status(code: str, http: int) -> None:
    """The code decides, not the status it came with."""
    assert isinstance(classify(http, code, ""), Unresolved)
