"""Binance USD-M futures: what its payloads mean, what its wire looks like, and the account on it."""
