"""OKX: perpetual and dated futures, linear and inverse, read over REST."""
