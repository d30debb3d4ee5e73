"""Kraken Futures, read only: the multi-collateral wallet (flex) and the single-collateral ones (fi_*)."""
