"""A paper venue on loopback: a margin and matching core, and a wire face per real venue.

It is an independent check of the daemon, so it imports nothing of it: no domain values, risk formulas or venue rules.
"""
