"""Takes out of raw answers whatever says whose they are, or lets somebody in. Figures and names of markets stay.

The same thing becomes the same placeholder all through, of the kind it was (a number stays a number, digits stay
digits), so that what is cleaned can still be read by the venue's rules.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

REMOVED: Final = "removed"

_PERSON: Final = frozenset({
    "accesstoken", "accountid", "accountname", "accountno", "accountnumber", "accountuid", "address", "affiliateid",
    "agentaddress", "apikey",
    "apikeyid", "apikeyname", "channelcode", "email", "invitecode", "inviterid", "ip", "iplist", "ips",
    "ipwhitelist", "label", "listenkey", "mainuid", "masteraccountuid", "masteruid", "memberid", "memo", "mobile",
    "nickname", "note", "owner", "ownerid", "parentid", "parentuid", "passphrase", "password", "phone",
    "referralcode", "referralid", "referrerid", "refreshtoken", "remark", "remarks", "secret", "signature",
    "subaccount", "subaccountid", "subaccountname", "subname", "subuid", "systemname", "tradegroupid", "traderid",
    "uid", "user", "userid", "username", "usernumber", "walletaddress",
    "apiname", "clientstrategyid", "country", "customerid", "fullname", "keyname", "kycregion", "newclientstrategyid",
    "referrercode", "telegram", "userlabel",
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
_IP6: Final = re.compile(r"(?<![\w:.])(?=[0-9a-fA-F:]*:[0-9a-fA-F:]*:)[0-9a-fA-F:]{3,39}(?:(?:\.\d{1,3}){3})?(?![\w:])")
"""What may be an address of IPv6; `ipaddress` says whether it is: a time such as 03:09:46 is none."""
_WORD: Final = re.compile(r"[0-9A-Za-z_-]+")
_LONG: Final = 12
"""A text of so many letters that stands in a field of its own is that same thing wherever else it stands, inside other
texts too."""
_NOT_GIVEN: Final = frozenset({"", "0", "-1", "null", "none"})


def cleaned(payloads: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The same answers without `secrets`, and without what names a person, an account or an order."""
    return cleaned_all([payloads], secrets)[0]


def cleaned_all(parts: Sequence[Mapping[str, Any]], secrets: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The same of several sets of answers of one account: what is the same in two of them stays the same."""
    cleaner = _Cleaner([one for one in secrets if one])
    for part in parts:
        cleaner.look(part)
    return [cleaner.run(part) for part in parts]


class _Cleaner:
    """Remembers what became of what."""

    def __init__(self, secrets: list[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._became: dict[str, int] = {}

    def look(self, payloads: Mapping[str, Any]) -> None:
        """First all that has a field of its own: it may stand elsewhere before."""
        self._look(payloads, "")

    def run(self, payloads: Mapping[str, Any]) -> dict[str, Any]:
        """The same without what was seen."""
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
        if len(text) > _LONG:
            text = _WORD.sub(lambda found: self._known(found[0]), text)
        for secret in self._secrets:
            text = re.sub(re.escape(secret), REMOVED, text, flags=re.IGNORECASE)
        text = _ADDRESS.sub(lambda found: _address(self._number(found[0]), found[0]), text)
        text = _IP6.sub(lambda found: REMOVED if _is_ip6(found[0]) else found[0], text)
        return _IP.sub(REMOVED, _MAIL.sub(REMOVED, text))

    def _known(self, word: str) -> str:
        """A word of a text: its placeholder where it is known to be taken out."""
        return str(self._placeholder(word)) if len(word) >= _LONG and word.lower() in self._became else word


def _names(field: str, value: Any) -> bool:
    """Whether a value names a person, an account or an order."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or str(value).lower() in _NOT_GIVEN:
        return False
    plain = "".join(letter for letter in field.lower().removesuffix("_string") if letter.isalnum())
    if plain == "label" and _ERROR.fullmatch(str(value)):
        return False
    if plain in _PERSON or plain in _ORDER:
        return True
    return plain in _PERHAPS and not isinstance(value, Decimal) and bool(_OPAQUE.fullmatch(str(value)))


def _is_ip6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _address(number: int, like: str) -> str:
    return f"0x{number:0{len(like) - 2}x}"
