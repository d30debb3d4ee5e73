"""The venues: one folder each, and one hardened client. ccxt is known to this room alone."""
