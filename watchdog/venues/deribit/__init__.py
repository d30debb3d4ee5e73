"""Deribit futures and perpetuals, read only: a pool a currency, or one in USD under cross collateral."""
