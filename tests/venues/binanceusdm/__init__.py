"""Binance USD-M as a kind: hedge mode, multi-assets mode, Portfolio Margin."""
