"""KuCoin futures: figures that others published, and payloads in the venue's own shape."""
