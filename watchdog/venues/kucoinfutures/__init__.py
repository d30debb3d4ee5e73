"""KuCoin futures: perpetuals and dated futures of the classic account, read only."""
