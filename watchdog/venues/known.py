"""The venues by name: what works, and what is planned and refused by name until it is built."""

from __future__ import annotations

from typing import Final

VENUES: Final = {"binanceusdm": "Binance USD-M futures"}
"""The venues that work, by ccxt's id."""
PLANNED_VENUES: Final = ("bybit", "okx", "hyperliquid", "binancecoinm")
