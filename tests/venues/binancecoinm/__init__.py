"""Binance COIN-M."""
