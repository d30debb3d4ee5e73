"""Makes foreign text fit for a log line or a message: secrets, URLs and markup taken out, and kept short."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 200
_URL = re.compile(r"\b(?:https?|wss?)://[^\s'\"<>]*", re.IGNORECASE)
_QUERY = re.compile(r"\b(signature|timestamp|recvWindow|listenKey|apiKey|secret)=[^\s&'\"<>]*", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SHORTEST_SECRET = 4
"""A shorter "secret" would be a common syllable, and no venue issues one."""


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, URLs, signed query parts and markup; on one line, at most 200 characters.

    A secret is known in capitals or not: venues write a wallet either way.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
    text = _URL.sub("(address)", text)
    text = _QUERY.sub(r"\1=…", text)
    text = " ".join(_TAG.sub(" ", text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
