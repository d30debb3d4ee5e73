"""Hyperliquid: its rules, its wire, and figures others published."""
