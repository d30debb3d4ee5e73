"""Takes out of raw answers whatever says whose they are, or lets somebody in. Figures and names of markets stay.

The same thing becomes the same placeholder all through, of the kind it was (a number stays a number, digits stay
digits), so that what is cleaned can still be read by the venue's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

REMOVED: Final = "removed"

_PERSON: Final = frozenset({
    "accesstoken", "accountid", "accountno", "accountnumber", "accountuid", "address", "agentaddress", "apikey",
    "apikeyid", "apikeyname", "channelcode", "email", "invitecode", "inviterid", "ip", "iplist", "ips",
    "ipwhitelist", "label", "listenkey", "mainuid", "masteraccountuid", "masteruid", "memberid", "mobile",
    "nickname", "note", "owner", "ownerid", "parentid", "parentuid", "passphrase", "password", "phone",
    "referralcode", "referralid", "referrerid", "refreshtoken", "remark", "remarks", "secret", "signature",
    "subaccount", "subaccountid", "subaccountname", "subname", "subuid", "systemname", "tradegroupid", "uid",
    "user", "userid", "username", "usernumber", "walletaddress",
})  # fmt: skip
"""Fields that name a person, an account or a key, letters alone and in lower case."""
_ORDER: Final = frozenset({
    "algoclordid", "algoid", "attachalgoclordid", "attachalgoid", "clientalgoid", "clientid", "clientoid",
    "clientorderid", "clientorderindex", "cliordid", "cloid", "clordid", "fillid", "linkedorderid",
    "newclientorderid", "oid", "orderid", "orderids", "orderlinkid", "ordernumber", "ordid", "origclientorderid",
    "parentorderid", "planid", "planorderid", "posid", "positionid", "stoporderid",
    "strategyid", "stratid", "text", "tid", "tpslorderid", "tradeid", "triggerorderid",
})  # fmt: skip
"""Fields that name an order, or one position of one person."""
_PERHAPS: Final = frozenset({"id"})
"""Fields that name an order here and a market there: what looks like a number drawn by a machine is taken out."""
_OPAQUE: Final = re.compile(r"\d{5,}|(?=[^\d]*\d)[0-9A-Za-z]{16,}|[0-9a-fA-F-]{32,}")
_ERROR: Final = re.compile(r"[A-Z]+(_[A-Z]+)+")
"""Gate's errors carry their word in `label`, where others keep the owner's."""
_ADDRESS: Final = re.compile(r"0[xX](?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})(?![0-9a-fA-F])")
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_IP: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_LONG: Final = 12
"""A text of so many letters that stands in a field of its own is that same thing wherever else it stands."""
_NOT_GIVEN: Final = frozenset({"", "0", "-1", "null", "none"})


def cleaned(payloads: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The same answers without `secrets`, and without what names a person, an account or an order."""
    return _Cleaner([one for one in secrets if one]).run(payloads)


class _Cleaner:
    """Remembers what became of what."""

    def __init__(self, secrets: list[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._became: dict[str, int] = {}

    def run(self, payloads: Mapping[str, Any]) -> dict[str, Any]:
        self._look(payloads, "")  # first all that has a field of its own: it may stand elsewhere before
        return {str(name): self._clean(value, "") for name, value in payloads.items()}

    def _look(self, value: Any, field: str) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self._look(inner, str(name))
        elif isinstance(value, list | tuple):
            for inner in value:
                self._look(inner, field)
        elif _names(field, value):
            self._number(value)

    def _number(self, value: Any) -> int:
        return self._became.setdefault(str(value).lower(), len(self._became) + 1)

    def _clean(self, value: Any, field: str) -> Any:
        if isinstance(value, Mapping):
            return {self._text(str(name)): self._clean(inner, str(name)) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner, field) for inner in value]
        if _names(field, value):
            return self._placeholder(value)
        return self._text(value) if isinstance(value, str) else value

    def _placeholder(self, value: Any) -> Any:
        number = self._number(value)
        if not isinstance(value, str):
            return number
        if value.isdecimal():
            return str(number)
        return _address(number, value) if _ADDRESS.fullmatch(value) else f"id-{number}"

    def _text(self, text: str) -> str:
        """A text that is no field of its own, without what is known to be taken out."""
        text = text.replace("\x00", "")
        if len(text) >= _LONG and text.lower() in self._became:
            return str(self._placeholder(text))
        for secret in self._secrets:
            text = re.sub(re.escape(secret), REMOVED, text, flags=re.IGNORECASE)
        text = _ADDRESS.sub(lambda found: _address(self._number(found[0]), found[0]), text)
        return _IP.sub(REMOVED, _MAIL.sub(REMOVED, text))


def _names(field: str, value: Any) -> bool:
    """Whether a value names a person, an account or an order."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or str(value).lower() in _NOT_GIVEN:
        return False
    plain = "".join(letter for letter in field.lower() if letter.isalnum())
    if plain == "label" and _ERROR.fullmatch(str(value)):
        return False
    if plain in _PERSON or plain in _ORDER:
        return True
    return plain in _PERHAPS and not isinstance(value, Decimal) and bool(_OPAQUE.fullmatch(str(value)))


def _address(number: int, like: str) -> str:
    return f"0x{number:0{len(like) - 2}x}"
