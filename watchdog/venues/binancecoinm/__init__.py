"""Binance COIN-M futures: inverse contracts, dated and perpetual, each coin its own pool. Read over REST."""
