"""Bitget futures: USDT-, USDC- and coin-margined contracts, read only."""
