"""Hyperliquid: an address read over POST /info. Nothing is signed, and no key is known here."""
