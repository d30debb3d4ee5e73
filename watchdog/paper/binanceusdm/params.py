"""The parameters of a request, read as Binance reads them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from watchdog.paper.binanceusdm.errors import ApiError, missing
from watchdog.paper.values import Market

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_CLIENT_ID_LENGTH = 36
_Choice = TypeVar("_Choice", bound=StrEnum)


class Params(dict[str, str]):
    """What was sent, query and body together."""

    def text(self, name: str) -> str:
        """A mandatory text. Raises ApiError."""
        value = self.get(name)
        if not value:
            raise missing(name)
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, or None when absent. Raises ApiError."""
        value = self.get(name)
        if not value:
            return None
        if not value.isdecimal():
            raise ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """`true` or `false`, or None when absent. Raises ApiError."""
        value = self.get(name)
        if value is None:
            return None
        if value.lower() not in {"true", "false"}:
            raise missing(name)
        return value.lower() == "true"

    def choice(self, name: str, kinds: type[_Choice], code: int, message: str) -> _Choice:
        """A mandatory word of a list. Raises ApiError with the list's own code."""
        value = self.text(name)
        try:
            return kinds(value)
        except ValueError as error:
            raise ApiError(code, message) from error

    def amount(self, name: str) -> Decimal | None:
        """A decimal number, or None when absent. Raises ApiError."""
        value = self.get(name)
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise missing(name) from error
        if not number.is_finite():
            raise missing(name)
        return number

    def price(self, name: str, market: Market) -> Decimal | None:
        """A price with no more decimals than the market has, or None when absent. Raises ApiError."""
        return _within(self.amount(name), market.price_places)

    def size(self, name: str, market: Market) -> Decimal | None:
        """A size with no more decimals than the market has, or None when absent. Raises ApiError."""
        return _within(self.amount(name), market.size_places)

    def client_id(self, name: str) -> str:
        """A client order id, or "" when absent. Raises ApiError."""
        value = self.get(name) or ""
        if len(value) > _CLIENT_ID_LENGTH:
            raise ApiError(-4015, "Client order id length should not be more than 36 chars")
        if value and not _CLIENT_ID.fullmatch(value):
            raise ApiError(-4015, "Client order id is not valid.")
        return value


def _within(number: Decimal | None, places: int) -> Decimal | None:
    if number is None:
        return None
    if number != round(number, places):
        raise ApiError(-1111, "Precision is over the maximum defined for this asset.")
    return number
