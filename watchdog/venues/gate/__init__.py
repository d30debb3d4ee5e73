"""Gate futures: USDT- and BTC-settled perpetuals and dated futures, read only."""
